"""Rows on an attached host: a save after a trade, the first of a cycle, a look at everything, a
restore, memory; beside what would write everything each time.

Then a host of many more objects (``crowd_host.py``). A save there may take 1.5 times what it takes
on the first host, in the same run: so much does the size of a host cost, on whatever machine. A
look at everything goes through all of it, and has a bar of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, repeat
from typing import Final

import prometheus_persist
from chaos.bench.children import run_child
from chaos.bench.context import FULL, Options
from chaos.bench.crowd_host import AGENTS
from chaos.bench.hosting import PEERS, SUBJECT, absent
from chaos.bench.table import BenchRow, RequiredBar, TableLine, timed_line
from prometheus_persist.errors import StoreFailed

TRADE_MS_MAX, FIRST_MS_MAX, LOOK_MS_MAX = 5.0, 10.0, 60.0
RESTORE_S_MAX, MEMORY_TIMES_MAX = 2.0, 1.5
CROWD_TIMES_MAX, CROWD_LOOK_MS_MAX = 1.5, 225.0
_NAMES: Final = ("host_trade", "host_first", "host_look", "host_restore", "host_memory")
_PEERED: Final = tuple(name for name in _NAMES if name != "host_look")
_CHILD = "import sys\nfrom chaos.bench.hosting import main\nmain(*sys.argv[1:])"


def host_rows(options: Options) -> Iterator[list[BenchRow]]:
    """Every contestant in turn, in processes of its own; the peers, which have no bar, once.
    Raises StoreFailed where the library cannot attach."""
    if not hasattr(prometheus_persist, "attach"):
        raise StoreFailed("this library attaches no host")
    for names in chain([(SUBJECT, *PEERS)], repeat((SUBJECT,))):
        scratch = options.place("hosts")
        yield _host_rows(replace(options, folder=scratch), names)
        shutil.rmtree(scratch)


def _host_rows(options: Options, names: tuple[str, ...]) -> list[BenchRow]:
    lines: dict[str, list[TableLine]] = {name: [] for name in _NAMES}
    for name in names:
        line = f"host_{name.lower()}"
        try:
            found = _measured(options, name, line)
        except StoreFailed as problem:
            found = dict.fromkeys(_PEERED, TableLine(line, why_not=f"failed:{problem.detail}"))
        for row, one in found.items():
            lines[row].append(one)
    checks = {
        "host_trade": _bar(lines, "host_trade", "host_p99_ms", TRADE_MS_MAX),
        "host_first": _bar(lines, "host_first", "host_p99_ms", FIRST_MS_MAX),
        "host_look": _bar(lines, "host_look", "host_median_ms", LOOK_MS_MAX),
        "host_restore": _bar(lines, "host_restore", "restore_s", RESTORE_S_MAX),
        "host_memory": _bar(lines, "host_memory", "host_memory", MEMORY_TIMES_MAX),
    }
    params = {"cycles": f"{options.scale.host_cycles:,}"}
    base = f"host_{SUBJECT}"
    rows = [BenchRow(name, params, lines[name], checks[name], base=base) for name in _NAMES]
    return [*rows, *_crowd_rows(options, lines["host_trade"][0])]


def _crowd_rows(options: Options, small: TableLine) -> list[BenchRow]:
    """The host of many objects, beside the saves after a trade of the other one."""
    entries, rounds = options.scale.crowd_entries, options.scale.host_rounds
    params = {"agents": f"{AGENTS}", "entries": f"{entries:,}"}
    words = (SUBJECT, str(entries), str(rounds))
    try:
        found = run_child(_CHILD, options.place("host_crowd"), "crowd", *words)
    except StoreFailed as problem:
        line = TableLine("host_crowd", why_not=f"failed:{problem.detail}")
        return [BenchRow(name, params, [line]) for name in ("host_crowd", "host_crowd_look")]
    trades, samples = found[0], found[2:]
    line = timed_line("host_crowd", samples[:trades])
    looks = timed_line("host_crowd", samples[trades:])
    shown = replace(small, name="host_small")
    checks: list[RequiredBar] = []
    if small.times is not None and line.times is not None:
        half = line.times.median_ns / small.times.median_ns
        most = line.times.p99_ns / small.times.p99_ns
        checks = [
            RequiredBar("crowd_median", half, "<=", CROWD_TIMES_MAX, "x"),
            RequiredBar("crowd_p99", most, "<=", CROWD_TIMES_MAX, "x"),
        ]
    bar = _bar({"host_crowd_look": [looks]}, "host_crowd_look", "host_median_ms", CROWD_LOOK_MS_MAX)
    return [
        BenchRow("host_crowd", params, [line, shown], checks, base="host_small"),
        BenchRow("host_crowd_look", params, [looks], bar if options.scale == FULL else ()),
    ]


def _measured(options: Options, name: str, line: str) -> dict[str, TableLine]:
    """A contestant's line for each row; raises StoreFailed."""
    if absent(name):
        return dict.fromkeys(_PEERED, TableLine(line, why_not=f"not_installed:{name}"))
    scale, place = options.scale, options.place(line)
    rounds = scale.host_rounds if name == SUBJECT else 1  # each takes a hundred times as long
    words = (name, str(scale.host_cycles), str(rounds))
    numbers = run_child(_CHILD, place, "saved", *words)
    counts, cycle, samples = numbers[:3], numbers[3], iter(numbers[4:])
    trades, firsts, looks = (list(islice(samples, count)) for count in counts)
    took, came_back = run_child(_CHILD, place, "restored", *words)
    if came_back != cycle:
        raise StoreFailed(f"a host of cycle {came_back} came back, not {cycle}")
    own, now = run_child(_CHILD, options.place(f"{line}_memory"), "memory", *words)
    found = {
        "host_trade": timed_line(line, trades),
        "host_first": timed_line(line, firsts),
        "host_restore": timed_line(line, [took]),
        "host_memory": TableLine(line, value=now / own, unit="x"),
    }
    return found | ({"host_look": timed_line(line, looks)} if looks else {})


def _bar(
    lines: dict[str, list[TableLine]], row: str, name: str, limit: float
) -> Sequence[RequiredBar]:
    """The subject's bar, where it was measured."""
    line = next(iter(lines[row]), None)
    if line is None or line.why_not:
        return ()
    if line.times is None:
        return (RequiredBar(name, line.value or 0.0, "<=", limit, line.unit),)
    if name == "restore_s":
        return (RequiredBar(name, line.times.median_ns / 1e9, "<", limit, "s"),)
    taken = line.times.p99_ns if name == "host_p99_ms" else line.times.median_ns
    return (RequiredBar(name, taken / 1e6, "<", limit, "ms"),)
