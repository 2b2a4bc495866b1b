"""Rows on coming back: a small store from process start, a long ledger, many agents."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from chaos.bench import children
from chaos.bench.children import from_start, run_child
from chaos.bench.context import Options
from chaos.bench.host import RECORDS_PER_COMMIT, Host, record
from chaos.bench.table import BenchRow, RequiredBar, TableLine, ratio, timed_line
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.state.exact_json import dumps

AGENTS = 10
RECORDS = 3_450
RESTART_S_MAX = 0.5
RESTORE_S_MAX = 30.0
MEMORY_TIMES_MAX = 3.0
TO_SQLITE_MAX = 0.5
RESIDENT_MIB_MAX = 400.0


def restart_row(options: Options) -> BenchRow:
    """Process start to state in hand: 10 agents, 3,450 records, each saved as a trade of its own.

    The peer is a Python that only starts.
    """
    folder = options.place("restart")
    host = Host(folder, AGENTS)
    try:
        for _ in range(min(RECORDS, options.scale.records)):
            host.save_soon(host.trade())
    finally:
        host.session.close()
    found: dict[str, list[int]] = {"restart": [], "python_start": []}
    for _ in range(options.scale.restarts):
        found["restart"].append(from_start(children.RESTART, folder))
        found["python_start"].append(from_start(children.NOTHING, folder))
    lines = [timed_line(name, samples) for name, samples in found.items()]
    checks = []
    if lines[0].times is not None:
        seconds = lines[0].times.median_ns / 1e9
        checks = [RequiredBar("restart_s", seconds, "<", RESTART_S_MAX, "s")]
    params = {"agents": str(AGENTS), "records": f"{min(RECORDS, options.scale.records):,}"}
    return BenchRow("restart", params=params, lines=lines, checks=checks)


def ledger_row(options: Options) -> BenchRow:
    """A long ledger, beside SQLite and orjson on the same rows; each in processes of its own.

    The store has a snapshot, as one has that a session looked after; it has a bar. Without one, the
    whole journal is replayed: printed beside it. SQLite ends with every record decoded. The store
    has checked every byte by then, opened for writing, and decodes a record when it is read.
    """
    count = options.scale.records
    params = {"records": f"{count:,}"}
    folder, bare = options.place("ledger"), options.place("ledger_journal")
    for place in (bare, folder):
        host = Host(place, AGENTS)
        try:
            host.add_records(count)
            if place == folder:
                host.session.snapshot()
        finally:
            host.session.close()
    base = _sqlite_of(folder.with_name("ledger.sqlite"), count, host.names)
    contestants = {
        "restore": (children.RESTORE, folder),
        "sqlite_orjson": (children.SQLITE, base),
        "restore_journal": (children.RESTORE, bare),
    }
    found: dict[str, list[int]] = {name: [] for name in contestants}
    resident = 0
    for _ in range(options.scale.restores):
        for name, (code, target) in contestants.items():
            took, grown = run_child(code, target)
            found[name].append(took)
            if name == "restore":
                resident = max(resident, grown)
    lines = [timed_line(name, samples) for name, samples in found.items()]
    checks = ratio("to_sqlite", lines[0], lines[1], "<=", TO_SQLITE_MAX)
    mib = resident / 2**20
    lines.append(TableLine("resident", value=mib, unit="MiB"))
    checks = (*checks, RequiredBar("resident", mib, "<=", RESIDENT_MIB_MAX, "MiB"))
    return BenchRow(
        "restore_ledger", params=params, lines=lines, checks=checks, base="sqlite_orjson"
    )


def _sqlite_of(path: Path, count: int, names: tuple[str, ...]) -> Path:
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, stream TEXT, record BLOB)")
    for start in range(0, count, RECORDS_PER_COMMIT):
        numbers = range(start, min(start + RECORDS_PER_COMMIT, count))
        rows = ((PUBLIC_TRADES, dumps(record(number, names))) for number in numbers)
        base.executemany("INSERT INTO records (stream, record) VALUES (?, ?)", rows)
    base.commit()
    base.close()
    return path


def agents_row(options: Options) -> BenchRow:
    """Many agents: seconds, and the peak of memory beside what is alive afterwards.

    Memory is traced by Python itself, in a run of its own because tracing is slow. ``resident`` is
    what the operating system saw at the peak of an untraced run, beyond interpreter and imports.
    """
    folder = options.place("agents")
    Host(folder, options.scale.agents).session.close()
    found, resident = [], 0
    for _ in range(options.scale.restores):
        took, grown = run_child(children.RESTORE, folder)
        found.append(took)
        resident = max(resident, grown)
    alive, peak = run_child(children.MEMORY, folder)
    line = timed_line("restore", found)
    checks = [RequiredBar("memory", peak / max(alive, 1), "<", MEMORY_TIMES_MAX, "x")]
    if line.times is not None:
        seconds = line.times.median_ns / 1e9
        checks.insert(0, RequiredBar("restore_s", seconds, "<", RESTORE_S_MAX, "s"))
    lines = [
        line,
        TableLine("alive", value=alive / 2**20, unit="MiB"),
        TableLine("peak", value=peak / 2**20, unit="MiB"),
        TableLine("resident", value=resident / 2**20, unit="MiB"),
    ]
    params = {"agents": f"{options.scale.agents:,}"}
    return BenchRow("restore_agents", params=params, lines=lines, checks=checks)
