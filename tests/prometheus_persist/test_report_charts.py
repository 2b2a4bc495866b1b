"""What pages are drawn and made of: scales, ticks, elements, tables."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prometheus_persist.report.pages.charts import (
    AxisScale,
    Curve,
    chart,
    round_ticks,
    time_ticks,
)
from prometheus_persist.report.pages.making import Drawn, element
from prometheus_persist.report.pages.tables import Column, Toned, table

DAY_MS = 86_400_000
numbers = st.floats(-1e12, 1e12, allow_subnormal=False)


@given(numbers, numbers, numbers)
def test_a_scale_stays_within_its_picture_and_in_order(low: float, high: float, at: float) -> None:
    scale = AxisScale(min(low, high), max(low, high))
    assert 0.0 <= scale.share(at) <= 1.0
    assert scale.share(scale.low) <= scale.share(at) <= scale.share(scale.high)


@given(numbers, st.floats(1e-3, 1e12))
def test_ticks_are_round_few_and_inside(low: float, span: float) -> None:
    ticks = round_ticks(low, low + span)
    assert len(ticks) <= 5
    slack = span * 1e-6 + 4 * math.ulp(abs(low) + span)  # far from 0 floats are that far apart
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)


@given(st.integers(0, 4_000_000_000_000), st.integers(1_000, 3_000 * DAY_MS))
def test_ticks_of_time_are_few_equally_far_apart_and_inside(low: int, span: int) -> None:
    ticks = [int(tick.value) for tick in time_ticks(low, low + span)]
    assert len(ticks) <= 6
    assert all(low <= tick <= low + span for tick in ticks)
    assert len({b - a for a, b in pairwise(ticks)}) <= 1


def test_the_day_is_told_where_it_changes() -> None:
    ticks = time_ticks(1_764_724_364_000, 1_764_724_364_000 + DAY_MS)
    assert [(tick.label, tick.below) for tick in ticks] == [
        ("06:00", "12-03"), ("12:00", ""), ("18:00", ""), ("00:00", "12-04"),
    ]  # fmt: skip


def test_what_an_element_is_given_is_data() -> None:
    evil = '"><script>\u202e'
    made = element("text", evil, class_=evil, stroke_width=1.50, x=None)
    assert made == (
        '<text class="&quot;&gt;&lt;script&gt;\\u202e" stroke-width="1.5">'
        "&quot;&gt;&lt;script&gt;\\u202e</text>"
    )
    assert element("g", Drawn("<path/>")) == "<g><path/></g>"


def test_a_cell_of_a_narrow_screen_has_its_columns_name_and_an_empty_one_takes_no_line() -> None:
    made = table(
        [Column(), Column("a", "n"), Column("b")], [("x", 1, None), ("y", 0, Toned("z", "ok"))]
    )
    assert made.count("<th") == made.count("</th>") + made.count("<thead") == 4
    assert (
        '<td>x</td><td class="n" data-head="a">1</td><td class="none" data-head="b"></td>' in made
    )
    assert '<td class="n" data-head="a">0</td><td class="ok" data-head="b">z</td>' in made


@pytest.mark.parametrize(
    ("in_steps", "path"), [(False, "M0.0 1000.0L1000.0 0.0"), (True, "M0.0 1000.0H1000.0V0.0")]
)
def test_a_curve_fills_its_box(in_steps: bool, path: str) -> None:
    line = Curve("a", "var(--s0)", [(0, 0), (10, 5)], in_steps=in_steps)
    made = chart("t", AxisScale(0, 10), AxisScale(0, 5), [line], x_ticks=[], y_ticks=[])
    assert f'd="{path}"' in made
