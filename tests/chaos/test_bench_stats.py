"""The statistics of the speed table, on inputs whose answers are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.bench.stats import (
    BINS_PER_DECADE,
    bin_edge_us,
    bin_of,
    histogram,
    percentile,
    summary,
)
from prometheus_persist.errors import BadValue


def test_a_thousand_known_samples_have_the_known_ranks() -> None:
    """1 to 1,000: the nearest rank is the number itself."""
    found = summary(list(range(1000, 0, -1)))
    assert (found.count, found.median_ns, found.p99_ns) == (1000, 500, 990)
    assert (found.p999_ns, found.max_ns, found.thin) == (999, 1000, False)


def test_one_outlier_in_a_thousand_is_the_maximum_and_nothing_else() -> None:
    """It is kept as it is, and does not reach down to p99.9."""
    found = summary([7] * 999 + [10**9])
    assert (found.median_ns, found.p99_ns, found.p999_ns, found.max_ns) == (7, 7, 7, 10**9)


def test_two_outliers_in_a_thousand_are_the_p999() -> None:
    """The 999th of 1,000 is one of them."""
    assert summary([7] * 998 + [10**9] * 2).p999_ns == 10**9


def test_few_samples_say_so_and_their_p999_is_the_maximum() -> None:
    """Below 1,000 there is no rank between."""
    found = summary([1, 2, 3])
    assert (found.median_ns, found.p999_ns, found.max_ns, found.thin) == (2, 3, 3, True)


def test_no_sample_is_refused() -> None:
    """A median of nothing is not zero."""
    with pytest.raises(BadValue):
        percentile([], 500)
    with pytest.raises(BadValue):
        summary([])


def test_a_negative_sample_stays_negative() -> None:
    """Time stolen can be less than nothing; nothing is clamped."""
    assert summary([-5, -3, 4]).median_ns == -3
    assert histogram([-5]) == {0: 1}


@given(st.lists(st.integers(-(10**6), 10**12), min_size=1, max_size=300))
def test_ranks_are_samples_in_order_and_the_histogram_loses_none(samples: list[int]) -> None:
    """Every number shown was measured; they never decrease; each sample is in one bin."""
    found = summary(samples)
    shown = [found.median_ns, found.p99_ns, found.p999_ns, found.max_ns]
    assert set(shown) <= set(samples)
    assert shown == sorted(shown)
    assert sum(histogram(samples).values()) == found.count == len(samples)


@given(st.integers(1_001, 10**12))
def test_a_sample_lies_between_the_edges_of_its_bin(sample: int) -> None:
    """At its lower edge or above, below the next; but for the last digit of a double."""
    number = bin_of(sample)
    assert bin_edge_us(number) * 1000 <= sample * (1 + 1e-6)
    assert sample <= bin_edge_us(number + 1) * 1000 * (1 + 1e-6)


def test_bins_are_eight_to_a_power_of_ten() -> None:
    """1 ms is three powers above 1 µs."""
    assert bin_of(1_000_000) == 3 * BINS_PER_DECADE
    assert bin_edge_us(5 * BINS_PER_DECADE) == 100_000.0
