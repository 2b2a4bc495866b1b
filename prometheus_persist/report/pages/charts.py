"""Charts as SVG: scales, ticks, curves, drawn in shares of the width they are given.

A chart fills its place, and its text has the size of the page's: what is across is in per cent,
what is up is in pixels. Curves are in a box of their own of ``BOX`` by ``BOX``, stretched; their
strokes are not.

- A ``AxisScale`` maps values onto 0 to 1, clamped: what lies outside stands at the edge.
- Ticks are round: 1, 2 or 5 times a power of ten; of time, steps that a clock or a calendar has.
- Pure arithmetic of floats: these are pictures, and no amount is read from them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_persist.report.pages.making import Drawn, element

BOX = 1000
SERIES_COLOURS = 8
LABEL_ROOM = 38  # below a chart, for two lines of its ticks
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_TIME_STEPS = (
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 28, 91, 182, 365)),
)


@dataclass(frozen=True, slots=True)
class AxisScale:
    """From ``low`` to ``high``; ``is_log``: by their logarithms."""

    low: float
    high: float
    is_log: bool = False

    def share(self, value: float) -> float:
        """Where a value stands, from 0 to 1; in the middle where there is no span."""
        low, high, at = self.low, self.high, value
        if self.is_log:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, low / 10))
        if high <= low:
            return 0.5
        return min(max((at - low) / (high - low), 0.0), 1.0)

    def percent(self, value: float) -> str:
        """The same across a picture."""
        return f"{self.share(value) * 100:.3f}%"


@dataclass(frozen=True, slots=True)
class AxisTick:
    """A place on an axis, and what is written there, a line or two."""

    value: float
    label: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points; ``colour`` is a variable of the style. ``in_steps``: each value holds
    until the next."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]
    in_steps: bool = False


def series_colour(number: int) -> str:
    """The colour of a chart's series; after ``SERIES_COLOURS`` they come again."""
    return f"var(--s{number % SERIES_COLOURS})"


def round_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """At most ``count`` + 1 round values from ``low`` to ``high``."""
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999_999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def time_ticks(low_ms: int, high_ms: int, count: int = 5) -> list[AxisTick]:
    """At most ``count`` moments (UTC) from ``low_ms`` to ``high_ms``; the day where it changes."""
    span = max(high_ms - low_ms, 1)
    step = next((each for each in _TIME_STEPS if span / each <= count), span)
    found: list[AxisTick] = []
    day = ""
    for at_ms in range(-(-low_ms // step) * step, high_ms + 1, step):
        moment = datetime.fromtimestamp(at_ms / 1000, UTC)
        text = moment.strftime("%H:%M:%S" if step < _MINUTE else "%H:%M")
        below = moment.strftime("%m-%d")
        if step >= _DAY:
            found.append(AxisTick(at_ms, below, moment.strftime("%Y") if not found else ""))
            continue
        found.append(AxisTick(at_ms, text, below if below != day else ""))
        day = below
    return found


def across(
    x: AxisScale, ticks: Iterable[AxisTick], y: int, *, top: int | None = None
) -> list[Drawn]:
    """The ticks of an axis that lies at ``y``; with ``top``, rules from there down to it."""
    drawn = []
    for tick in ticks:
        at = x.percent(tick.value)
        begin = y if top is None else top
        drawn += [
            element("line", class_="rule", x1=at, x2=at, y1=begin, y2=y + 5),
            element("text", tick.label, class_="edge", x=at, y=y + 18, text_anchor="middle"),
        ]
        if tick.below:
            told = {"class_": "edge", "x": at, "y": y + 32, "text_anchor": "middle"}
            drawn.append(element("text", tick.below, **told))
    return drawn


def curves(x: AxisScale, y: AxisScale, lines: Iterable[Curve], height: int) -> Drawn:
    """The box of a chart's curves."""
    return element(
        "svg",
        *(_curve(x, y, line) for line in lines),
        viewBox=f"0 0 {BOX} {BOX}",
        preserveAspectRatio="none",
        width="100%",
        height=height,
    )


def chart(
    title: str,
    x: AxisScale,
    y: AxisScale,
    lines: Sequence[Curve],
    *,
    x_ticks: Sequence[AxisTick],
    y_ticks: Sequence[AxisTick],
    height: int = 200,
    over: Iterable[Drawn] = (),
    x_title: str = "",
    plot: Mapping[str, str] | None = None,
) -> Drawn:
    """Axes with rules, curves, and what is drawn ``over`` them; the scale stands beside it.
    ``plot``: attributes of the picture without the scale."""

    def up(value: float) -> float:
        return height * (1 - y.share(value))

    rules = [
        element("line", class_="rule", x1="0", x2="100%", y1=up(tick.value), y2=up(tick.value))
        for tick in y_ticks
    ]
    scale = [
        element(
            "text", tick.label, class_="edge", x="100%", y=up(tick.value) + 4, text_anchor="end"
        )
        for tick in y_ticks
    ]
    room = LABEL_ROOM if any(tick.below for tick in x_ticks) else LABEL_ROOM - 14
    room = room if x_ticks else 4
    picture = element(
        "svg",
        *rules,
        *across(x, x_ticks, height, top=0),
        element("line", class_="axis", x1="0", x2="100%", y1=height, y2=height),
        curves(x, y, lines, height),
        *over,
        role="img",
        aria_label=title,
        height=height + room,
        **(plot or {}),
    )
    beside = element("svg", *scale, height=height + room, aria_hidden="true")
    below = [element("small", x_title, class_="below")] if x_title else []
    return element(
        "div",
        element("div", beside, class_="scale"),
        element("div", picture),
        *below,
        class_="chart",
    )


def legend(lines: Iterable[Curve]) -> Drawn:
    """Which colour is what."""
    rows = [element("li", line.name, style=f"--mine: {line.colour}") for line in lines]
    return element("ul", *rows, class_="legend")


def _curve(x: AxisScale, y: AxisScale, line: Curve) -> Drawn:
    parts: list[str] = []
    for value, height in line.points:
        across_, down = f"{x.share(value) * BOX:.1f}", f"{(1 - y.share(height)) * BOX:.1f}"
        if not parts:
            parts.append(f"M{across_} {down}")
        else:
            parts.append(f"H{across_}V{down}" if line.in_steps else f"L{across_} {down}")
    return element(
        "path",
        element("title", line.name),
        class_="curve",
        d="".join(parts),
        style=f"stroke: {line.colour}",
    )
