"""Rows on agreeing with the exchange: a long ledger's first recovery, and one far away.

The far exchange is a fakeokx of its own, each of whose answers is ``ROUND_TRIP_MS`` late, asked by
a client as the README makes it: ccxt's throttle is on.
"""

from __future__ import annotations

import time

from chaos.bench import children
from chaos.bench.children import run_child
from chaos.bench.context import FULL, Options
from chaos.bench.host import Host
from chaos.bench.peers import missing
from chaos.bench.table import BenchRow, RequiredBar, TableLine, timed_line
from prometheus_persist.session import Session

AGENTS = 10
ROUND_TRIP_MS = 137
FAR_S_MAX = 2.5
FIRST_S_MAX = 5.0
SUMMED_S_MAX = 2.0
WINDOW_S = 2.1
"""OKX's longest window: no reading waits for what the one before it asked."""
NEEDED = ("ccxt", "starlette", "uvicorn")


def first_recover_row(options: Options) -> BenchRow:
    """Open a long ledger and recover for the first time, of the books alone; a process each.

    First every record is read, then the newest snapshot has what they come to, as one has that was
    taken after a recovery.
    """
    count = options.scale.records
    folder = options.place("first_recover")
    host = Host(folder, AGENTS)
    try:
        host.add_records(count)
        host.session.snapshot()
    finally:
        host.session.close()
    lines: list[TableLine] = []
    checks: list[RequiredBar] = []
    for name, bar, limit in (
        ("first_recover", "recover_s", FIRST_S_MAX),
        ("summed_recover", "summed_s", SUMMED_S_MAX),
    ):
        if lines:
            run_child(children.SUM_UP, folder)
        found = [run_child(children.RECOVER, folder)[0] for _ in range(options.scale.restores)]
        lines.append(timed_line(name, found))
        times = lines[-1].times
        if times is not None and options.scale == FULL:
            checks.append(RequiredBar(bar, times.median_ns / 1e9, "<=", limit, "s"))
    return BenchRow("first_recover", {"records": f"{count:,}"}, lines, checks)


def far_row(options: Options) -> BenchRow:
    """Recover where every answer is on its way for so long."""
    params = {"ms": str(ROUND_TRIP_MS)}
    absent = next((name for name in NEEDED if missing(name)), "")
    if absent:
        return BenchRow("far", params, why_not=f"not_installed:{absent}")
    import fakeokx
    from chaos.workload.clients import host_options
    from prometheus_persist.exchange import OkxReader
    from prometheus_persist.exchange.okx.query import import_ccxt

    found: list[int] = []
    with fakeokx.launch(options.place("far_venue")) as venue:
        client = import_ccxt().okx({**host_options(venue.url), "enableRateLimit": True})
        session = Session.open(options.place("far"))
        try:
            session.recover(OkxReader(client))
            venue.set_faults([{"action": "delay", "ms": ROUND_TRIP_MS, "path": "", "times": 0}])
            for _ in range(options.scale.restarts):
                time.sleep(WINDOW_S)
                started = time.perf_counter_ns()
                session.recover(OkxReader(client))
                found.append(time.perf_counter_ns() - started)
        finally:
            session.close(save=False)
    line = timed_line("far", found)
    checks = []
    if line.times is not None:
        seconds = line.times.median_ns / 1e9
        checks = [RequiredBar("recover_s", seconds, "<=", FAR_S_MAX, "s")]
    return BenchRow(
        "far", params, [line, TableLine("round_trip", value=ROUND_TRIP_MS, unit="ms")], checks
    )
