"""Rows on coming back: a small store from process start, a long ledger, many agents."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from chaos.bench import children
from chaos.bench.children import from_start, run_child
from chaos.bench.context import FULL, Options
from chaos.bench.host import RECORDS_PER_COMMIT, Host, record
from chaos.bench.table import BenchRow, RequiredBar, Sense, TableLine, timed_line
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.state.exact_json import dumps

AGENTS = 10
RECORDS = 3_450
RESTART_S_MAX = 0.5
RESTORE_S_MAX = 30.0
MEMORY_TIMES_MAX = 3.0
TO_SQLITE_MAX = 0.5
RESIDENT_MIB_MAX = 400.0
FIRST_S_MAX = 5.0
SUMMED_S_MAX = 2.0
PAUSE_MS_MAX = 10.0


def restart_row(options: Options) -> Iterator[list[BenchRow]]:
    """Process start to state in hand: 10 agents, 3,450 records, each saved as a trade of its own.

    The peer is a Python that only starts.
    """
    folder = options.place("restart")
    count = min(RECORDS, options.scale.records)
    host = Host(folder, AGENTS)
    try:
        for _ in range(count):
            host.save_soon(host.trade())
    finally:
        host.session.close()
    params = {"agents": str(AGENTS), "records": f"{count:,}"}
    while True:
        found: dict[str, list[int]] = {"restart": [], "python_start": []}
        for _ in range(options.scale.restarts):
            found["restart"].append(from_start(children.RESTART, folder))
            found["python_start"].append(from_start(children.NOTHING, folder))
        lines = [timed_line(name, samples) for name, samples in found.items()]
        checks = _seconds(lines[0], "restart_s", "<", RESTART_S_MAX)
        yield [BenchRow("restart", params=params, lines=lines, checks=checks)]


def ledger_rows(options: Options) -> Iterator[list[BenchRow]]:
    """A long ledger, each contestant in processes of its own; processor time, of all their threads.

    Restored, beside SQLite and orjson on the same rows: the store has a snapshot, as one has that a
    session looked after. Without one, the whole journal is replayed: printed beside it. SQLite ends
    with every record decoded. The store has checked every byte by then, opened for writing, and
    decodes a record when it is read.

    Opened and recovered for the first time, of the books alone, the exchange having been asked a
    while ago: first every record is read, then the newest snapshot has what they come to, as one
    has that was taken after a recovery.

    The collector's passes in that, in saves behind it, and in one pass more; the longest counts.
    """
    count, full = options.scale.records, options.scale == FULL
    bare, plain, summed = (options.place(name) for name in ("journal", "plain", "summed"))
    host = Host(bare, AGENTS)
    try:
        host.add_records(count)
        host.reconciled(count)
    finally:
        host.session.close()
    for source, target, code in (
        (bare, plain, children.SNAPSHOT),
        (plain, summed, children.SUM_UP),
    ):
        shutil.copytree(source, target, dirs_exist_ok=True)
        run_child(code, target)
    base = _sqlite_of(options.folder / "ledger.sqlite", count, host.names)
    params = {"records": f"{count:,}"}
    while True:
        own, beside = run_child(children.RESTORE, plain), run_child(children.SQLITE, base)
        replayed = run_child(children.RESTORE, bare)
        first, second = (run_child(children.RECOVER, folder) for folder in (plain, summed))
        yield [
            _restored(params, own, beside, replayed),
            _first_recovered(params, first, second, full=full),
            _collected(params, first, second, full=full),
        ]


def _restored(
    params: dict[str, str], own: list[int], beside: list[int], replayed: list[int]
) -> BenchRow:
    lines = [
        timed_line("restore", own[1:2]),
        timed_line("sqlite_orjson", beside[1:2]),
        timed_line("restore_journal", replayed[1:2]),
        TableLine("resident", value=own[2] / 2**20, unit="MiB"),
        timed_line("restore_passed", own[:1]),
    ]
    times, mib = own[1] / max(beside[1], 1), own[2] / 2**20
    checks = [
        RequiredBar("to_sqlite", times, "<=", TO_SQLITE_MAX, "x"),
        RequiredBar("resident", mib, "<=", RESIDENT_MIB_MAX, "MiB"),
    ]
    return BenchRow("restore_ledger", params, lines, checks, base="sqlite_orjson")


def _first_recovered(
    params: dict[str, str], first: list[int], second: list[int], *, full: bool
) -> BenchRow:
    lines = [timed_line("first_recover", first[1:2]), timed_line("summed_recover", second[1:2])]
    checks = [
        *_seconds(lines[0], "recover_s", "<=", FIRST_S_MAX),
        *_seconds(lines[1], "summed_s", "<=", SUMMED_S_MAX),
    ]
    passed = [timed_line("first_passed", first[:1]), timed_line("summed_passed", second[:1])]
    return BenchRow("first_recover", params, [*lines, *passed], checks if full else ())


def _collected(
    params: dict[str, str], first: list[int], second: list[int], *, full: bool
) -> BenchRow:
    longest = max(*first[2:], *second[2:]) / 1e6
    lines = [
        timed_line(name, [max(found)])
        for name, found in zip(
            ("pass_opening", "pass_saving", "pass_full"),
            zip(first[2:], second[2:], strict=True),
            strict=True,
        )
    ]
    check = RequiredBar("pause_ms", longest, "<=", PAUSE_MS_MAX, "ms", worst=True)
    return BenchRow("collector", params, lines, [check] if full else ())


def _seconds(line: TableLine, name: str, sense: Sense, limit: float) -> list[RequiredBar]:
    """The bar on a line's median."""
    if line.times is None:
        return []
    return [RequiredBar(name, line.times.median_ns / 1e9, sense, limit, "s")]


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


def agents_row(options: Options) -> Iterator[list[BenchRow]]:
    """Many agents: seconds, and the peak of memory beside what is alive afterwards.

    Memory is traced by Python itself, in a run of its own because tracing is slow, and once.
    ``resident`` is what the operating system saw at the peak of an untraced run, beyond interpreter
    and imports.
    """
    folder = options.place("agents")
    Host(folder, options.scale.agents).session.close()
    alive, peak = run_child(children.MEMORY, folder)
    traced = [
        TableLine("alive", value=alive / 2**20, unit="MiB"),
        TableLine("peak", value=peak / 2**20, unit="MiB"),
    ]
    memory = RequiredBar("memory", peak / max(alive, 1), "<", MEMORY_TIMES_MAX, "x")
    params = {"agents": f"{options.scale.agents:,}"}
    while True:
        took, _, grown = run_child(children.RESTORE, folder)
        line = timed_line("restore", [took])
        resident = TableLine("resident", value=grown / 2**20, unit="MiB")
        checks = [*_seconds(line, "restore_s", "<", RESTORE_S_MAX), memory]
        yield [BenchRow("restore_agents", params, [line, *traced, resident], checks)]
