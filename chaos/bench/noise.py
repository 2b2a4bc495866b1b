"""What the machine did while a run lasted: syncs and a fixed piece of work, probed between rounds.

Nothing is measured while a probe runs, and the probe is the same each time: a preallocated file
that is written to and synced, and a loop of Python. Where its times are far apart, or the last
third of them differs from the first, so did what was measured meanwhile.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from chaos.bench.machine import load
from chaos.bench.stats import percentile

SYNCS, LOOPS, LOOP = 50, 5, 20_000
BYTES = 2_048
ROOM = 4 * 2**20


class Probe:
    """Made at the begin of a run, asked at its end."""

    def __init__(self, folder: Path) -> None:
        self._begin = load()
        self._syncs: list[int] = []
        self._loops: list[int] = []
        self._file = os.open(folder / "probe", os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._file, bytes(ROOM), 0)
        os.fsync(self._file)

    def take(self) -> None:
        """A few syncs and loops, some ten milliseconds in all."""
        data, sync = bytes(BYTES), getattr(os, "fdatasync", os.fsync)
        for number in range(SYNCS):
            started = time.perf_counter_ns()
            os.pwrite(self._file, data, number * BYTES)
            sync(self._file)
            self._syncs.append(time.perf_counter_ns() - started)
        for _ in range(LOOPS):
            started, total = time.perf_counter_ns(), 0
            for number in range(LOOP):
                total += number
            self._loops.append(time.perf_counter_ns() - started)

    def close(self) -> None:
        """No probe any more."""
        os.close(self._file)

    def told(self) -> dict[str, Any]:
        """Load at begin and end, and for both probes p10, p50, p90, the longest and the medians of
        the first and the last third, in microseconds."""
        found: dict[str, Any] = {"load_begin": self._begin, "load_end": load()}
        for name, samples in (("sync_us", self._syncs), ("loop_us", self._loops)):
            if samples:
                found[name] = _spread(samples)
        return found


def _spread(samples: list[int]) -> dict[str, float]:
    third = max(1, len(samples) // 3)
    parts = {
        "p10": (samples, 100), "p50": (samples, 500), "p90": (samples, 900),
        "longest": (samples, 1000),
        "first_third": (samples[:third], 500), "last_third": (samples[-third:], 500),
    }  # fmt: skip
    return {name: percentile(sorted(part), rank) / 1000 for name, (part, rank) in parts.items()}
