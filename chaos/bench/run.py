"""A run of the bench: every row in turn, each on stores of its own, all cleared away afterwards.

A row that cannot be measured says why and the others go on; what it raised is its reason. The
folder that the run works in is made under the one that was asked for, and only that is removed.
Each row is played in rounds, by processes of its own (``turns.py``).
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chaos.bench.context import FULL, SECONDS_MIN, Options
from chaos.bench.machine import busy, commit_of, machine
from chaos.bench.noise import Probe
from chaos.bench.rows_aged import aged_rows
from chaos.bench.rows_async import grouped_row, snapshot_row, stolen_row, threads_row
from chaos.bench.rows_commands import help_row
from chaos.bench.rows_exchange import far_row, settle_row
from chaos.bench.rows_hosts import host_rows
from chaos.bench.rows_restore import agents_row, ledger_rows, restart_row
from chaos.bench.rows_saving import load_row, saving_rows
from chaos.bench.table import BenchRow, Report
from chaos.bench.turns import Measure, overlay, play_turns
from prometheus_persist.errors import PersistError


@dataclass(frozen=True, slots=True)
class Row:
    """A measure, which yields the rows of one round each time; ``long`` ones take fewer rounds."""

    name: str
    measure: Measure
    long: bool = False


ROWS: tuple[Row, ...] = (
    Row("save", saving_rows),
    Row("load", load_row),
    Row("stolen", stolen_row),
    Row("aged", aged_rows),
    Row("grouped", grouped_row),
    Row("threads", threads_row),
    Row("restart", restart_row),
    Row("help", help_row),
    Row("restore_ledger", ledger_rows, long=True),
    Row("restore_agents", agents_row, long=True),
    Row("far", far_row),
    Row("settle", settle_row),
    Row("snapshot", snapshot_row),
    Row("hosts", host_rows, long=True),
)
Play = Callable[[Row, Options], list[BenchRow]]


def run_bench(options: Options, against: Path | None = None) -> Report:
    """Measure every row, ``against`` another tree; raises BadConfig for options that cannot be
    carried out."""
    started, noisy = time.perf_counter(), busy()
    began = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    folder = Path(tempfile.mkdtemp(prefix="prometheus-bench-", dir=options.folder))
    try:
        imports = overlay(folder, against) if against else folder
        found, probe = machine(folder), Probe(folder)

        def play(row: Row, options: Options) -> list[BenchRow]:
            scale = options.scale
            rounds = scale.long_rounds if row.long else scale.rounds
            each = max(options.seconds / rounds, SECONDS_MIN)
            mine = replace(options, folder=options.place(f"{row.name}/now"), seconds=each)
            other = None
            if against:
                place = options.place(f"{row.name}/before")
                other = replace(mine, folder=place, home=against.resolve())
            rows = play_turns(row.name, rounds, mine, other, imports, probe.take)
            shutil.rmtree(folder / row.name)
            return rows

        try:
            rows = list(_rows(replace(options, folder=folder), ROWS, play))
            noise = probe.told()
        finally:
            probe.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    scale = options.scale
    settings = {
        "seconds_per_contestant": options.seconds,
        "rounds": [scale.rounds, scale.long_rounds],
        "agents": scale.agents,
        "records": scale.records,
        "full": scale == FULL,
        "machine_busy": noisy,
        "against": str(against or ""),
        "trees": [commit_of(options.home), commit_of(against) if against else ""],
        "began": began,
    }
    return Report(found, settings, rows, time.perf_counter() - started, noise)


def _rows(options: Options, rows: Sequence[Row], play: Play) -> Iterator[BenchRow]:
    for row in rows:
        options.tell(row.name)
        try:
            yield from play(row, options)
        except (PersistError, OSError) as problem:
            yield BenchRow(row.name, why_not=f"failed:{type(problem).__name__}: {problem}")
