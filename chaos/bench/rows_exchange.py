"""Rows on agreeing with the exchange: a recovery far away, and what is asked to settle a trade.

The exchange is a fakeokx of its own, asked by a client as the README makes it: ccxt's throttle is
on. The far one answers each request ``ROUND_TRIP_MS`` late.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chaos.bench.context import Options
from chaos.bench.host import INSTRUMENT
from chaos.bench.peers import missing
from chaos.bench.table import BenchRow, RequiredBar, TableLine, timed_line
from prometheus_persist.session import Session
from prometheus_persist.state import Agent, contracts

ROUND_TRIP_MS = 137
FAR_S_MAX = 2.5
REQUESTS_MAX = 2.0
WINDOW_S = 2.1
"""OKX's longest window: no reading waits for what the one before it asked."""
NEEDED = ("ccxt", "starlette", "uvicorn")
AGENT = "LiveAgent1"


@contextmanager
def _recovered(options: Options) -> Iterator[tuple[Any, Any, Session]]:
    """A venue, a client of it and a session that has been recovered once; NEEDED are there."""
    import fakeokx
    from chaos.workload.clients import host_options
    from prometheus_persist.exchange import OkxReader
    from prometheus_persist.exchange.okx.query import import_ccxt

    with fakeokx.launch(options.place("venue")) as venue:
        client = import_ccxt().okx({**host_options(venue.url), "enableRateLimit": True})
        session = Session.open(options.place("store"))
        try:
            session.recover(OkxReader(client))
            yield venue, client, session
        finally:
            session.close(save=False)


def _absent() -> str:
    name = next((name for name in NEEDED if missing(name)), "")
    return name and f"not_installed:{name}"


def far_row(options: Options) -> Iterator[list[BenchRow]]:
    """Recover where every answer is on its way for so long."""
    params = {"ms": str(ROUND_TRIP_MS)}
    while absent := _absent():
        yield [BenchRow("far", params, why_not=absent)]
    from prometheus_persist.exchange import OkxReader

    with _recovered(options) as (venue, client, session):
        venue.set_faults([{"action": "delay", "ms": ROUND_TRIP_MS, "path": "", "times": 0}])
        while True:
            time.sleep(WINDOW_S)
            started = time.perf_counter_ns()
            session.recover(OkxReader(client))
            took = time.perf_counter_ns() - started
            check = RequiredBar("recover_s", took / 1e9, "<=", FAR_S_MAX, "s")
            trip = TableLine("round_trip", value=ROUND_TRIP_MS, unit="ms")
            yield [BenchRow("far", params, [timed_line("far", [took]), trip], [check])]


def settle_row(options: Options) -> Iterator[list[BenchRow]]:
    """A trade is sent and filled; counted is what goes over the wire until it is booked.

    The first trade of a contract is not counted: what the contract is like may be remembered.
    """
    while absent := _absent():
        yield [BenchRow("settle", why_not=absent)]
    from prometheus_persist.exchange import OkxReader

    with _recovered(options) as (_, client, session):
        reader, asked, fetch = OkxReader(client), [0], client.fetch

        def counted(*args: Any, **words: Any) -> Any:
            asked[0] += 1
            return fetch(*args, **words)

        client.fetch = counted
        session.add_agent(Agent(agent_id=AGENT, initial_capital="1000", current_capital="1000"))
        _settled(session, client, reader)
        while True:
            before, took = asked[0], _settled(session, client, reader)
            requests = asked[0] - before - 1  # the order itself
            lines = [TableLine("requests", value=requests, unit=""), timed_line("settled", [took])]
            check = RequiredBar("requests", requests, "<=", REQUESTS_MAX, "")
            yield [BenchRow("settle", lines=lines, checks=[check])]


def _settled(session: Session, client: Any, reader: Any) -> int:
    """Send an order that is filled at once, then settle it: nanoseconds of settling."""
    with session.order_intent(AGENT, INSTRUMENT, "buy", contracts("1")) as intent:
        intent.ack(
            client.create_order("BTC/USDT:USDT", "market", "buy", 1, params=dict(intent.params))
        )
    started = time.perf_counter_ns()
    session.settle(reader, intent.cl_ord_id)
    return time.perf_counter_ns() - started
