"""A run of the bench: every row in turn, each on stores of its own, all cleared away afterwards.

A row that cannot be measured says why and the others go on; what it raised is its reason. The
folder that the run works in is made under the one that was asked for, and only that is removed.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from chaos.bench.context import FULL, Options
from chaos.bench.machine import busy, machine
from chaos.bench.rows_aged import aged_rows
from chaos.bench.rows_async import grouped_row, snapshot_row, stolen_row, threads_row
from chaos.bench.rows_exchange import far_row, first_recover_row
from chaos.bench.rows_hosts import host_rows
from chaos.bench.rows_restore import agents_row, ledger_row, restart_row
from chaos.bench.rows_saving import load_row, saving_rows
from chaos.bench.table import BenchRow, Report
from prometheus_persist.errors import PersistError

FAILURES = (PersistError, OSError, RuntimeError, sqlite3.Error, subprocess.SubprocessError)
Measure = Callable[[Options], BenchRow | list[BenchRow]]
ROWS: tuple[tuple[str, Measure], ...] = (
    ("save", saving_rows),
    ("load", load_row),
    ("stolen", stolen_row),
    ("aged", aged_rows),
    ("grouped", grouped_row),
    ("threads", threads_row),
    ("restart", restart_row),
    ("restore_ledger", ledger_row),
    ("restore_agents", agents_row),
    ("first_recover", first_recover_row),
    ("far", far_row),
    ("snapshot", snapshot_row),
    ("hosts", host_rows),
)


def run_bench(options: Options) -> Report:
    """Measure every row; raises BadConfig for options that cannot be carried out."""
    started, noisy = time.perf_counter(), busy()
    folder = Path(tempfile.mkdtemp(prefix="prometheus-bench-", dir=options.folder))
    try:
        found = machine(folder)
        rows = list(_rows(replace(options, folder=folder), ROWS))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    scale = options.scale
    settings = {
        "seconds_per_contestant": options.seconds,
        "agents": scale.agents,
        "records": scale.records,
        "full": scale == FULL,
        "machine_busy": noisy,
    }
    return Report(found, settings, rows, time.perf_counter() - started)


def _rows(options: Options, measures: Sequence[tuple[str, Measure]]) -> Iterator[BenchRow]:
    for name, measure in measures:
        options.tell(name)
        try:
            found = measure(options)
        except FAILURES as problem:
            yield BenchRow(name, why_not=f"failed:{type(problem).__name__}: {problem}")
            continue
        yield from found if isinstance(found, list) else [found]
