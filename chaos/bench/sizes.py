"""``bench --sizes``: what each command costs on one large store, in seconds and in memory.

One store with many agents and many trades is built, and every command then runs on it in a process
of its own. A trade is a record on the public ledger and the same one on its agent's private ledger.

    save          the command, on a store of which no readable file and no snapshot was ever written
    first close   ``Session.close``, likewise: every readable file is written for the first time
    snapshot      ``Session.snapshot``
    open          ``Session.open``
    recover       ``Session.open`` and the first ``recover``, of the books alone: no exchange is
                  asked, and all that was ever booked is indexed
    one save      ``Session.on_trade`` of one agent, the median of many, in the process that opened
    status, verify, repair --dry-run    the commands, on the store as it then is

Seconds of a command are those of its whole process, interpreter and imports included; of a method,
those of the call. Beside the seconds that passed stand those that processors worked for it, which
depend less on what else the machine does. Memory is the peak that the operating system saw of the
whole process (VmHWM).

With ``against``, the tree of another version, every row is measured with its code as well, on a
store of its own making, the two right after one another: what else the machine does falls on both.

**Live data** is what the newest snapshot unpacks to: every document and every record that the store
holds now, as canonical JSON. It depends on what was saved, and not on how this library holds it.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.table import Table

from chaos.bench.children import run_child
from chaos.bench.context import Options
from chaos.bench.machine import busy, machine
from chaos.bench.sizes_children import CLOSE, COMMAND, GROWN, OPEN, RECOVER, SNAPSHOT
from chaos.bench.table import RequiredBar
from chaos.bench.text import quantity
from chaos.bench.words import CHECKS, LINES, TALK, say
from prometheus_persist.errors import BadConfig
from prometheus_persist.storage.layout import SNAPSHOTS

AGENTS = 10_000
TRADES = 1_000_000
MEMORY_TIMES_MAX = 1.5
SECONDS_MAX = {
    "size_first_close": 10.0,
    "size_snapshot": 10.0,
    "size_recover": 5.0,
    "size_one_save": 0.001,
    "size_status": 1.0,
    "size_verify": 10.0,
}
Numbers = list[int]
Taken = dict[str, Numbers]


@dataclass(frozen=True, slots=True)
class Sized:
    """One command: the seconds of each round, passed and worked, and the highest peak in bytes.

    ``before`` is the same command by the code of another tree.
    """

    name: str
    seconds: tuple[float, ...]
    cpu: tuple[float, ...]
    peak: int
    before: Sized | None = None

    @property
    def median_s(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.seconds)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        found = {
            "row": self.name,
            "seconds": list(self.seconds),
            "median_s": self.median_s,
            "cpu_s": list(self.cpu),
            "peak_bytes": self.peak,
        }
        return found | ({"before": self.before.to_json()} if self.before else {})


@dataclass(frozen=True, slots=True)
class Sizes:
    """The table of one run."""

    machine: dict[str, str]
    agents: int
    trades: int
    live: int
    rows: tuple[Sized, ...]
    machine_busy: bool

    def checks(self, row: Sized) -> list[RequiredBar]:
        """The bars of one row: its seconds where there is one, and its memory."""
        limit = SECONDS_MAX.get(row.name)
        found = [] if limit is None else [RequiredBar("size_s", row.median_s, "<=", limit, "s")]
        if row.peak:
            times = row.peak / max(self.live, 1)
            found.append(RequiredBar("size_memory", times, "<=", MEMORY_TIMES_MAX, "x"))
        return found

    @property
    def missed(self) -> bool:
        """Whether any bar was missed."""
        return any(not check.met for row in self.rows for check in self.checks(row))

    def to_json(self) -> dict[str, Any]:
        """One JSON object: what ``--json`` prints."""
        return {
            "machine": self.machine,
            "machine_busy": self.machine_busy,
            "agents": self.agents,
            "trades": self.trades,
            "live_bytes": self.live,
            "missed": self.missed,
            "rows": [
                row.to_json() | {"checks": [check.to_json() for check in self.checks(row)]}
                for row in self.rows
            ],
        }


def run_sizes(
    options: Options, agents: int, trades: int, rounds: int, against: Path | None = None
) -> Sizes:
    """Build, measure, clear away; raises BadConfig, and StoreFailed where a command fails."""
    if min(agents, trades, rounds) < 1:
        raise BadConfig("--agents, --trades and --rounds are 1 or more")
    if against is not None and not (against / "prometheus_persist").is_dir():
        raise BadConfig(
            f"--against {against}: no prometheus_persist there; give a checked out tree"
        )
    noisy = busy()
    folder = Path(tempfile.mkdtemp(prefix="prometheus-sizes-", dir=options.folder))
    trees = [None] if against is None else [None, against]
    taken: list[list[Taken]] = [[] for _ in trees]
    try:
        found = machine(folder)
        for _ in range(rounds):
            for each in taken:
                each.append({})
            running = [_round(options, folder, agents, trades, tree) for tree in trees]
            for step in zip(*running, strict=True):
                for each, (name, numbers) in zip(taken, step, strict=True):
                    each[-1][name] = numbers
        live = max(each.pop("live")[0] for rows in reversed(taken) for each in rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = [_sized(name, taken[0]) for name in taken[0][0]]
    if against is not None:
        rows = [replace(row, before=_sized(row.name, taken[1])) for row in rows]
    return Sizes(found, agents, trades, live, tuple(rows), noisy)


def _sized(name: str, taken: list[Taken]) -> Sized:
    return Sized(
        name,
        tuple(each[name][0] / 1e9 for each in taken),
        tuple(each[name][1] / 1e9 for each in taken),
        max(each[name][2] for each in taken),
    )


def _round(
    options: Options, folder: Path, agents: int, trades: int, tree: Path | None
) -> Iterator[tuple[str, Numbers]]:
    """Nanoseconds and peak of every command, on stores built for this round."""

    def child(code: str, *words: str) -> Numbers:
        return run_child(code, store, *words, tree=tree)

    def command(*words: str) -> Numbers:
        started = time.monotonic_ns()
        ended, cpu, peak = child(COMMAND, *words)
        return [ended - started, cpu, peak]

    def told(name: str, measure: Callable[[], Numbers]) -> tuple[str, Numbers]:
        options.tell(name)
        return name, measure()

    store = folder / ("before" if tree else "store")
    for place in ("save", "close"):
        told("size_building", lambda: child(GROWN, str(agents), str(trades)))
        if place == "save":
            yield told("size_save", lambda: command("save"))
            shutil.rmtree(store)
    yield told("size_first_close", lambda: child(CLOSE))
    yield told("size_snapshot", lambda: child(SNAPSHOT))
    yield "live", [_live(store)]
    name, found = told("size_open", lambda: child(OPEN))
    yield name, found[:3]
    yield "size_one_save", [*found[3:], 0]
    yield told("size_recover", lambda: child(RECOVER))
    yield told("size_status", lambda: command("status"))
    yield told("size_verify", lambda: command("verify"))
    yield told("size_repair", lambda: command("repair", "--dry-run"))
    shutil.rmtree(store)


def _live(store: Path) -> int:
    """What the newest snapshot unpacks to, in bytes."""
    newest = max((store / SNAPSHOTS).glob("snapshot_*.zip"))
    with zipfile.ZipFile(newest) as archive:
        infos = archive.infolist()
        return sum(info.file_size for info in infos if info.filename != "manifest.json")


def sizes_table(sizes: Sizes, lang: str) -> Table:
    """The table for a terminal."""
    title = say(
        TALK, "sizes", lang, agents=f"{sizes.agents:,}", trades=f"{sizes.trades:,}",
        live=f"{sizes.live / 2**20:,.0f}",
    )  # fmt: skip
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column(say(TALK, "command", lang), min_width=24)
    compared = any(row.before for row in sizes.rows)
    heads = ("seconds", "cpu", "peak", "of_live")
    for name in (*heads, *(("cpu_before", "peak_before") if compared else ())):
        table.add_column(say(TALK, name, lang), justify="right")
    table.add_column(say(TALK, "missed", lang))
    for row in sizes.rows:
        memory = f"{row.peak / 2**20:,.0f} MiB" if row.peak else ""
        times = f"{row.peak / max(sizes.live, 1):.2f}×" if row.peak else ""
        missed = [
            f"{say(CHECKS, check.name, lang)} > {quantity(check.limit, check.unit)}"
            for check in sizes.checks(row)
            if not check.met
        ]
        table.add_row(
            say(LINES, row.name, lang), quantity(row.median_s, "s"),
            quantity(statistics.median(row.cpu), "s"), memory, times,
            *(_before(row.before) if compared else ()), "; ".join(missed),
        )  # fmt: skip
    return table


def _before(row: Sized | None) -> tuple[str, str]:
    if row is None:
        return "", ""
    cpu = quantity(statistics.median(row.cpu), "s")
    return cpu, f"{row.peak / 2**20:,.0f} MiB" if row.peak else ""
