"""Contestants in one race: taken in turns, block by block, on the same disk at the same time.

- Each block gives every contestant the same time; the order turns by one from block to block, so
  nobody always runs first. The first block is the warm-up and is thrown away, whole.
- Before every timed operation the same untimed preparation runs (a trade is booked), so that a raw
  write meets the same caches as a save does.
- The garbage collector stays on, as in a host; it is emptied once, before the race. Its full
  passes are counted and the longest is kept: they are in the samples, as they are in a host's life.
- What a contestant does behind its own back (a mirror synced later) happens in its own blocks, and
  ``after`` each one it is waited for, so that no other pays for it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

BLOCK_S = 0.1
Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A name, what is prepared before the clock runs, what is timed, what ends a block."""

    name: str
    prepare: Step
    timed: Step
    after: Step = lambda: None


@dataclass(slots=True)
class Race:
    """Samples in nanoseconds by contestant, and what the collector did meanwhile."""

    samples: dict[str, list[int]] = field(default_factory=dict)
    blocks: int = 0
    pauses: int = 0
    longest_pause_ns: int = 0


def run_race(contestants: Sequence[Contestant], seconds: float) -> Race:
    """Give each contestant ``seconds`` in all, in interleaved blocks after one for warming up."""
    race = Race({each.name: [] for each in contestants})
    race.blocks = max(2, round(seconds / BLOCK_S))
    block_s = min(BLOCK_S, seconds / race.blocks)
    gc.collect()
    with _collector_watched(race):
        for number in range(race.blocks + 1):
            turn = number % max(len(contestants), 1)
            for each in (*contestants[turn:], *contestants[:turn]):
                found = run_block(each, block_s)
                each.after()
                if number:
                    race.samples[each.name] += found
    return race


def run_block(each: Contestant, block_s: float) -> list[int]:
    """One contestant's samples in nanoseconds; at least one."""
    found: list[int] = []
    until = time.perf_counter() + block_s
    while not found or time.perf_counter() < until:
        each.prepare()
        started = time.perf_counter_ns()
        each.timed()
        found.append(time.perf_counter_ns() - started)
    return found


@contextmanager
def _collector_watched(race: Race) -> Iterator[None]:
    started = 0

    def watch(phase: str, info: dict[str, int]) -> None:
        nonlocal started
        if phase == "start":
            started = time.perf_counter_ns()
        elif info["generation"] == 2 and started:
            race.pauses += 1
            race.longest_pause_ns = max(race.longest_pause_ns, time.perf_counter_ns() - started)

    gc.callbacks.append(watch)
    try:
        yield
    finally:
        gc.callbacks.remove(watch)
