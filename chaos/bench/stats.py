"""What a row of samples comes to. Pure arithmetic; nothing is dropped, smoothed or clamped.

- A percentile is the nearest rank: the smallest sample that at least that share does not exceed.
  It is always a sample that was measured, never something in between.
- The median of an even number of samples is the lower of the two in the middle, by the same rule.
- p99.9 of fewer than 1,000 samples is the maximum; ``thin`` says so.
- A histogram has one bin per eighth of a power of ten, from 1 µs up, shown by its lower edge.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_persist.errors import BadValue

THIN_SAMPLES_MAX = 999
BINS_PER_DECADE = 8
NS_PER_US = 1_000


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """Samples in nanoseconds, counted and ranked."""

    count: int
    median_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int

    @property
    def thin(self) -> bool:
        """Whether there are too few samples for p99.9 to differ from the maximum."""
        return self.count <= THIN_SAMPLES_MAX


def percentile(ranked: Sequence[int], per_mille: int) -> int:
    """The nearest-rank percentile of samples in ascending order; raises BadValue without any."""
    if not ranked:
        raise BadValue("no sample, no percentile")
    return ranked[max(0, -(-len(ranked) * per_mille // 1000) - 1)]


def summary(samples: Sequence[int]) -> LatencySummary:
    """All of a row's numbers; raises BadValue without a sample."""
    ranked = sorted(samples)
    return LatencySummary(
        count=len(ranked),
        median_ns=percentile(ranked, 500),
        p99_ns=percentile(ranked, 990),
        p999_ns=percentile(ranked, 999),
        max_ns=ranked[-1] if ranked else 0,
    )


def histogram(samples: Sequence[int]) -> dict[int, int]:
    """How many samples fall into each bin, by bin number; bin 0 begins at 1 µs and takes less."""
    counts = Counter(bin_of(sample) for sample in samples)
    return {number: counts[number] for number in sorted(counts)}


def bin_of(sample_ns: int) -> int:
    """The bin a sample belongs to."""
    if sample_ns <= NS_PER_US:
        return 0
    return math.floor(math.log10(sample_ns / NS_PER_US) * BINS_PER_DECADE + 1e-9)


def bin_edge_us(number: int) -> float:
    """The lower edge of a bin, in microseconds."""
    return float(10 ** (number / BINS_PER_DECADE))
