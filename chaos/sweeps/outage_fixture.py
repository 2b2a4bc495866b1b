"""The situation that every struck recovery begins in: ten agents, a crash, a bad hour, one account.

``Crisis.set`` plays it once, through the real session, an unmodified ccxt and a fakeokx of its own:

- ten agents trade on three instruments of one account and three of them place stops;
- the trader dies with open intents: one that was sent and never answered (PENDING), one that was
  written down and never sent (PENDING), two whose connection broke, one before and one after the
  exchange took the order (UNKNOWN), a resting order and stops (ACCEPTED);
- within the hour in which nobody looks the resting order is filled, a stop fires, somebody trades
  by hand with the account's direction, funding is charged and a shared position is liquidated.

``again`` brings the hour about once more, from the moment of death: what a fault rule loaded in
between shows as stale is then the exchange of before the hour. Ids repeat, times do not.

A recovery runs by a ``VenueClock``: the exchange's time, and pauses that pass at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import fakeokx
from chaos.digest import JsonObject, canonical
from chaos.sweeps.reference_workload import Yard
from chaos.workload.broker import CcxtBroker
from chaos.workload.clients import client_of, near
from chaos.workload.clocks import VenueClock
from chaos.workload.narrator import Narrator
from chaos.workload.population import AGENTS, newborn
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Contracts
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

BTC, ETH, SOL = "BTC-USDT-SWAP", "ETH-USDT-SWAP", "SOL-USDT-SWAP"
HOUR_MS = 3_600_000
LATE_MS = 300_000
"""How long before the recovery the hour's events happen."""
CRASH = "crash"
SETTINGS = Settings(in_flight_ms=20, index_lag_ms=0)
TIMEOUT_MS = 2_000
_BOUGHT = ((BTC, "buy"), (ETH, "buy"), (SOL, "sell"))
_STOPS = {1: "49000", 4: "40000", 2: "2500"}
_TIMES = ("_ms", "_time")


class OutageAckLog:
    """Hears whose each order is."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    def say(self, event: str, **fields: Any) -> None:
        """Remember clOrdId and agent."""
        if event == "order":
            self.said[fields["cl_ord_id"]] = fields["agent_id"]


@dataclass(slots=True)
class Crisis:
    """An exchange after the hour, and the files that the dead trader left."""

    venue: fakeokx.FakeOkx
    grounds: Yard
    seed: int
    files: dict[str, bytes] = field(default_factory=dict)
    ahead_ms: int = 0
    ears: OutageAckLog = field(default_factory=OutageAckLog)

    @property
    def clock(self) -> VenueClock:
        """A new one, of the exchange's time."""
        return VenueClock(self.ahead_ms)

    def set(self) -> None:
        """Trade, die, let the hour pass."""
        disk = MemoryFs()
        session = self.session(disk)
        client = near(client_of(self.venue.url, TIMEOUT_MS))
        broker = CcxtBroker(session, client, OkxReader(client, self.clock), Narrator(self.ears))
        try:
            facts = session.recover(broker.reader)
            assert facts.decision == "go", facts.decision
            self._trade(session, broker)
            self._leave_open(session, client)
        finally:
            session.close(save=False)
        self.files = disk.contents()
        self.venue.checkpoint(CRASH)
        self._hour()

    def again(self, prepare: Callable[[], None]) -> None:
        """Back to the death, ``prepare``, and the hour once more."""
        self.venue.rewind(CRASH)
        prepare()
        self._hour()

    def session(self, fs: Fs, clock: VenueClock | None = None) -> Session:
        """The store opened for writing."""
        plot = self.grounds.plot()
        return Session.open(plot, fs=fs, clock=clock or self.clock, settings=SETTINGS)

    def orders(self) -> JsonObject:
        """What the exchange holds of orders; no clOrdId stands there twice."""
        truth = self.venue.truth()
        names = [row["clOrdId"] for row in truth["orders"] if row["clOrdId"]]
        names += [row["algoClOrdId"] for row in truth["algos"] if row["algoClOrdId"]]
        assert len(names) == len(set(names)), "a clOrdId was sent twice"
        return {"orders": truth["orders"], "algos": truth["algos"]}

    def _trade(self, session: Session, broker: CcxtBroker) -> None:
        clock = self.clock
        session.add_agents([newborn(self.seed, n, clock.now_ms()) for n in range(1, AGENTS + 1)])
        for number, who in enumerate(sorted(session.state.agents), start=1):
            inst_id, side = _BOUGHT[(number - 1) % len(_BOUGHT)]
            assert broker.market(who, inst_id, side, Decimal(number), reduce=False)
            if number in _STOPS:
                (position,) = session.state.private_ledgers[who].positions
                broker.protect(who, position, Decimal(_STOPS[number]))
        session.save("crisis")

    def _leave_open(self, session: Session, client: Any) -> None:
        import ccxt

        names = sorted(session.state.agents)

        def intent(number: int, side: Any, sz: str, **more: Any) -> Any:
            made = session.order_intent(names[number], BTC, side, Contracts(Decimal(sz)), **more)
            self.ears.say("order", cl_ord_id=made.cl_ord_id, agent_id=names[number])
            return made

        def send(handle: Any, **more: str) -> Any:
            asked = handle.intent
            row = {"instId": BTC, "tdMode": "cross", "side": asked.side, "ordType": asked.ord_type}
            row |= {"sz": str(asked.qty_contracts), "clOrdId": asked.cl_ord_id, "tag": asked.tag}
            return client.private_post_trade_order(row | more)["data"][0]

        with intent(4, "buy", "2", ord_type="limit", px="49800") as resting:
            resting.ack(send(resting, px="49800"))
        for number, arrives in ((5, True), (6, False)):
            with contextlib.suppress(ccxt.NetworkError), intent(number, "sell", "1") as broken:
                if arrives:
                    send(broken)
                raise ccxt.RequestTimeout("the answer never came")
        send(intent(7, "buy", "3"))
        intent(8, "buy", "1")

    def _hour(self) -> None:
        self.venue.advance(HOUR_MS - LATE_MS)
        self.venue.price(BTC, "48900")
        self.venue.trade_by_hand(ETH, "buy", "2")
        self.venue.fund(ETH, "0.0001")
        self.venue.liquidate(SOL)
        self.venue.advance(LATE_MS)
        self.ahead_ms = VenueClock.ahead_of(self.venue.truth()["now_ms"])


@contextlib.contextmanager
def crisis(directory: Path, grounds: Yard, seed: int) -> Iterator[Crisis]:
    """A crisis in a directory of its own, and its exchange running."""
    with fakeokx.launch(directory, seed=seed) as venue:
        made = Crisis(venue, grounds, seed)
        made.set()
        yield made


def books_on(disk: Fs) -> JsonObject:
    """What a restore of this disk gives: documents and streams, as they are."""
    found = restore(disk, clock=VenueClock(0))
    return {"documents": found.documents, "streams": found.streams}


def timeless(books: JsonObject) -> JsonObject:
    """The same without the times at which things were noticed, streams in no order but their ids'.

    How far the exchange's history was read is a time, too. Everything else has to repeat exactly.
    """
    documents = {key: _bare(item) for key, item in books["documents"].items()}
    documents.pop("watermark", None)
    streams = {
        name: sorted((_bare(row) for row in rows), key=canonical)
        for name, rows in books["streams"].items()
    }
    return {"documents": documents, "streams": streams}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items() if not key.endswith(_TIMES)}
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return value


def differences(found: object, due: object, at: str = "") -> list[str]:
    """Where two plain values differ, as paths with both values."""
    if isinstance(found, dict) and isinstance(due, dict):
        return [
            line
            for key in sorted({*found, *due})
            for line in differences(found.get(key), due.get(key), f"{at}/{key}")
        ]
    return [] if found == due else [f"{at}: {str(found)[:200]} is not {str(due)[:200]}"]


def booked_twice(books: JsonObject) -> list[str]:
    """Fills and flows that stand more than once in the streams that book them."""
    seen: set[str] = set()
    twice = []
    for name, field_ in (
        ("public_trades", "fill_id"),
        ("orphan_fills", "fill_id"),
        ("cash_flows", "ref"),
    ):
        for row in books["streams"].get(name, []):
            key = f"{row.get('agent_id', '') if name != 'cash_flows' else ''}{row[field_]}"
            if row.get("part"):
                key += str(row["part"])
            if key in seen:
                twice.append(f"{name}: {row[field_]}")
            seen.add(key)
    return twice
