"""Rows on saving beside others: time stolen from a loop, groups, threads, a snapshot meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from chaos.bench.context import Options
from chaos.bench.host import Host
from chaos.bench.race import BLOCK_S
from chaos.bench.stats import percentile
from chaos.bench.table import BenchRow, RequiredBar, TableLine, timed_line
from prometheus_persist.errors import PersistError
from prometheus_persist.journal.change import Change
from prometheus_persist.storage.store import Store

if TYPE_CHECKING:  # older libraries have it elsewhere
    from prometheus_persist.storage.tickets import Ticket

AGENTS = 10
CONCURRENT = 64
STOLEN_MEDIAN_US_MAX = 60.0
STOLEN_TAIL_MS_MAX = 5.0
FRAMES_A_SYNC_MIN = 25.0
ONE_THREAD_MAX = 1.03
SNAPSHOT_WAIT_MS_MAX = 5.0
WORK_US = 200
IDLE_S = 0.001
SNAPSHOTS = 2
SNAPSHOTS_MAX = 50
SAVES_BETWEEN = 5
Span = tuple[int, int]


def stolen_row(options: Options) -> Iterator[list[BenchRow]]:
    """What a loop of fixed work loses to an async save of one trade in each round.

    A round is: a trade is booked, [the save is submitted,] about 200 µs of Python, 1 ms of idling.
    Timed are submission and work, and once more up to the end of the idling, in which the writer
    thread makes and writes what was submitted: where it is not done by then, the loop wakes late.
    Rounds with and without a save alternate, block by block; a save has stolen what its round took
    beyond the median round without one, which can be negative.
    """
    host = Host(options.place("stolen"), AGENTS)
    try:
        work = _work(WORK_US)
        while True:
            yield [_stolen(host, work, options.seconds)]
    finally:
        host.close()


def _stolen(host: Host, work: Callable[[], None], seconds: float) -> BenchRow:
    calls: list[int] = []
    rounds: dict[bool, list[int]] = {True: [], False: []}
    whole: dict[bool, list[int]] = {True: [], False: []}
    block_s = min(BLOCK_S, seconds)
    for block in range(2 * max(2, round(seconds / block_s)) + 2):
        saves = block % 2 == 1
        found, idled, made = _rounds(host, work, block_s, saves=saves)
        if block > 1:
            rounds[saves] += found
            whole[saves] += idled
            calls += made
    base = percentile(sorted(rounds[False]), 500)
    stolen = timed_line("stolen", [each - base for each in rounds[True]])
    idle = percentile(sorted(whole[False]), 500)
    checks: list[RequiredBar] = []
    if stolen.times is not None:
        checks = [
            RequiredBar(
                "median_us", stolen.times.median_ns / 1e3, "<=", STOLEN_MEDIAN_US_MAX, "us"
            ),
            RequiredBar("p999_ms", stolen.times.p999_ns / 1e6, "<=", STOLEN_TAIL_MS_MAX, "ms"),
        ]
    lines = [
        stolen,
        timed_line("stolen_call", calls),
        timed_line("stolen_whole", [each - idle for each in whole[True]]),
        timed_line("stolen_nothing", [each - base for each in rounds[False]]),
    ]
    return BenchRow("stolen", lines=lines, checks=checks)


def _rounds(
    host: Host, work: Callable[[], None], block_s: float, *, saves: bool
) -> tuple[list[int], list[int], list[int]]:
    """The rounds of one block, the same with their idling, and the calls alone; nanoseconds."""
    rounds: list[int] = []
    whole: list[int] = []
    calls: list[int] = []
    last: Ticket | None = None
    until = time.perf_counter() + block_s
    while not rounds or time.perf_counter() < until:
        trade = host.trade()
        started = time.perf_counter_ns()
        if saves:
            last = host.save_soon(trade)
            calls.append(time.perf_counter_ns() - started)
        work()
        rounds.append(time.perf_counter_ns() - started)
        time.sleep(IDLE_S)
        whole.append(time.perf_counter_ns() - started)
    if last is not None:
        last.wait()
    return rounds, whole, calls


def _work(us: int) -> Callable[[], None]:
    """A loop of about this many microseconds, by trial."""

    def work() -> None:
        total = 0
        for number in range(count):
            total += number

    count = 10_000
    took = []
    for _ in range(50):
        started = time.perf_counter_ns()
        work()
        took.append(time.perf_counter_ns() - started)
    count = max(1, round(count * us * 1000 / max(percentile(sorted(took), 500), 1)))
    return work


def grouped_row(options: Options) -> Iterator[list[BenchRow]]:
    """Durable commits a second: 64 submitted at once and awaited together, and one by one."""
    host = Host(options.place("grouped"), AGENTS)
    try:
        while True:
            yield [_grouped(host, max(2, options.scale.requests // CONCURRENT))]
    finally:
        host.close()


def _grouped(host: Host, turns: int) -> BenchRow:
    spent = {"grouped": 0, "one_by_one": 0}
    done = {"grouped": 0, "one_by_one": 0}
    for turn in range(turns):
        for name, write in (("grouped", _together), ("one_by_one", _one_by_one)):
            batch = [host.change_of(host.trade()) for _ in range(CONCURRENT)]
            started = time.perf_counter_ns()
            write(host.store, batch)
            if turn:
                spent[name] += time.perf_counter_ns() - started
                done[name] += CONCURRENT
    rate = {name: done[name] * 1e9 / max(spent[name], 1) for name in spent}
    lines = [TableLine(name, value=rate[name], unit="per_s") for name in ("grouped", "one_by_one")]
    return BenchRow("grouped", lines=lines)


def threads_row(options: Options) -> Iterator[list[BenchRow]]:
    """Sixty-four threads that commit and wait, each for itself: how many frames share a sync; and
    one thread that does: what handing over costs him who has nobody to hand over to.

    They begin together, and take their changes from one heap, so that there are sixty-four of them
    until it is used up: how few the last ones are says nothing of the store.
    """
    host = Host(options.place("threads"), AGENTS, "off")
    each = max(2, options.scale.requests // CONCURRENT)
    try:
        while True:
            yield [_threads(host, each)]
    finally:
        host.close()


def _threads(host: Host, each: int) -> BenchRow:
    alone: list[int] = []
    for _ in range(4 * each):
        change = host.change_of(host.trade())
        started = time.perf_counter_ns()
        host.store.commit(change)
        alone.append(time.perf_counter_ns() - started)
    inner, line = _Syncs(), threading.Barrier(CONCURRENT + 1)
    heap = [host.change_of(host.trade()) for _ in range(each * CONCURRENT)]
    heap.reverse()

    def life() -> None:
        line.wait()
        with suppress(IndexError):
            while True:
                host.store.commit(heap.pop())

    threads = [threading.Thread(target=life) for _ in range(CONCURRENT)]
    for thread in threads:
        thread.start()
    with inner.counted():
        started = time.perf_counter_ns()
        line.wait()
        for thread in threads:
            thread.join()
        took_ns = time.perf_counter_ns() - started
    frames = CONCURRENT * each
    shared = frames / max(inner.count, 1)
    lines = [
        TableLine("frames", value=shared, unit="frames"),
        TableLine("threads", value=frames * 1e9 / took_ns, unit="per_s"),
        timed_line("one_thread", alone),
    ]
    check = RequiredBar("frames_a_sync", shared, ">=", FRAMES_A_SYNC_MIN, "frames")
    return BenchRow(
        "threads", lines=lines, checks=[check], no_slower={"one_thread": ONE_THREAD_MAX}
    )


class _Syncs:
    """Counts what this process asks of the disk."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """While this lasts."""
        name = "fdatasync" if hasattr(os, "fdatasync") else "fsync"
        sync = getattr(os, name)

        def counting(descriptor: int) -> None:
            self.count += 1
            sync(descriptor)

        setattr(os, name, counting)
        try:
            yield
        finally:
            setattr(os, name, sync)


def _together(store: Store, batch: list[Change]) -> None:
    for ticket in [store.submit(change) for change in batch]:
        ticket.wait()


def _one_by_one(store: Store, batch: list[Change]) -> None:
    for change in batch:
        store.commit(change)


def snapshot_row(options: Options) -> Iterator[list[BenchRow]]:
    """The longest durable save while a full snapshot is taken, and while none is.

    A save is counted as made during the snapshot when the two overlap at all. What it waited is its
    time less the median of the saves outside. Snapshots are repeated until some save overlapped.
    """
    host = Host(options.place("snapshot"), AGENTS)
    params = {"records": f"{options.scale.snapshot_records:,}"}
    try:
        host.add_records(options.scale.snapshot_records)
        while True:
            saves, spans = _saves_meanwhile(host, options.seconds)
            yield [_snapshot_row(params, saves, spans)]
    finally:
        host.close()


def _saves_meanwhile(host: Host, seconds: float) -> tuple[list[Span], list[Span]]:
    """When saves and snapshots began and ended; raises StoreFailed where a snapshot fails."""
    saves: list[Span] = []
    spans: list[Span] = []
    problems: list[PersistError] = []
    left = threading.Event()

    def take() -> None:
        try:
            while len(spans) < SNAPSHOTS_MAX and not left.is_set():
                time.sleep(seconds)
                _await_saves(saves, left)
                started = time.perf_counter_ns()
                host.session.snapshot()
                spans.append((started, time.perf_counter_ns()))
                _await_saves(saves, left)
                if len(spans) >= SNAPSHOTS and any(_overlaps(save, spans) for save in saves):
                    return
        except PersistError as problem:
            problems.append(problem)

    taker = threading.Thread(target=take, name="bench-snapshot")
    try:
        taker.start()
        while taker.is_alive():
            trade = host.trade()
            started = time.perf_counter_ns()
            host.save(trade)
            saves.append((started, time.perf_counter_ns()))
    finally:
        left.set()
        if taker.ident is not None:
            taker.join()
    if problems:
        raise problems[0]
    return saves, spans


def _await_saves(saves: list[Span], left: threading.Event) -> None:
    """Until a few more saves have ended, or nobody saves any more."""
    due = len(saves) + SAVES_BETWEEN
    while len(saves) < due and not left.wait(0.001):
        pass


def _overlaps(save: Span, spans: list[Span]) -> bool:
    begun, ended = save
    return any(begun < until and ended > since for since, until in spans)


def _snapshot_row(params: dict[str, str], saves: list[Span], spans: list[Span]) -> BenchRow:
    during: list[int] = []
    outside: list[int] = []
    for save in saves:
        (during if _overlaps(save, spans) else outside).append(save[1] - save[0])
    lines = [
        timed_line("save_during", during),
        timed_line("save_outside", outside),
        TableLine("snapshot_took", value=max(b - a for a, b in spans) / 1e9, unit="s"),
    ]
    first, second = lines[0].times, lines[1].times
    if first is None or second is None:
        return BenchRow("snapshot", params=params, lines=lines, why_not="no.samples")
    waited_ms = (first.max_ns - second.median_ns) / 1e6
    check = RequiredBar("waited_ms", waited_ms, "<=", SNAPSHOT_WAIT_MS_MAX, "ms", worst=True)
    return BenchRow("snapshot", params=params, lines=lines, checks=[check], base="save_outside")
