"""The speed table as a page: table, verdicts, and the latencies drawn.

The drawing has for each contestant a step line over a logarithmic axis of time, as the share of its
own samples in each bin, with the line at 100 ms that no save may cross. Red is that line and what
missed its bar, green what met it; contestants have the colours of series. Needs jinja2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaos.bench.stats import BINS_PER_DECADE, bin_edge_us
from chaos.bench.table import BenchRow, Report, Verdict
from chaos.bench.text import cells, duration, headings, reasons, remarks, verdict
from chaos.bench.words import LINES, ROWS, TALK, say
from prometheus_persist.report.pages.charts import (
    AxisScale,
    AxisTick,
    Curve,
    chart,
    legend,
    round_ticks,
    series_colour,
)
from prometheus_persist.report.pages.making import Drawn, element, html_page
from prometheus_persist.report.pages.tables import Cell, Column, table

DECADES = (1, 6)  # 10 µs to 1 s, in powers of ten of a microsecond
LINE_US = 100_000.0
DRAWN = ("trade_off", "trade_behind", "trade_ack", "trade_load", "raw_given", "sqlite", "lmdb")
HEIGHT = 260
MARKS = {"met": ("ok", "✓"), "missed": ("off", "✗"), "untold": ("dim", "?")}

BENCH = """\
{% extends "page" %}
{% block main %}
<h1>{{ title }}</h1>
<p class="dim">{{ machine }}</p>
<h2>{{ histogram }}</h2>
{{ drawing }}
{% for row in rows %}
<h2>{{ row.title }}</h2>
{{ row.table }}
{% for text, verdict in row.checks %}
<p class="{{ marks[verdict][0] }}">{{ marks[verdict][1] }} {{ text }}</p>
{% endfor %}
{% for text in row.whys %}<p>{{ text }}</p>{% endfor %}
{% endfor %}
<ul class="dim">{% for text in notes %}<li>{{ text }}</li>{% endfor %}</ul>
{% endblock %}
"""


def render_page(report: Report, lang: str) -> str:
    """The page; raises BadConfig without jinja2."""
    machine = " · ".join(f"{say(TALK, key, lang)} {text}" for key, text in report.machine.items())
    return html_page(
        BENCH,
        lang,
        title=say(TALK, "title", lang),
        machine=machine,
        histogram=say(TALK, "histogram", lang),
        drawing=drawing(report, lang),
        rows=[_row(row, lang) for row in report.rows],
        marks=MARKS,
        notes=remarks(report, lang),
    )


@dataclass(frozen=True, slots=True)
class BenchSection:
    """One row of the report on the page; ``checks`` with their verdicts."""

    title: str
    table: str
    checks: list[tuple[str, Verdict]]
    whys: list[str]


def _row(row: BenchRow, lang: str) -> BenchSection:
    columns = [Column(), *(Column(name, "n") for name in headings(row, lang))]
    lines: list[list[Cell]] = [
        [say(LINES, line.name, lang), *cells(row, line, lang)] for line in row.lines
    ]
    checks = [(verdict(row, check, lang), check.verdict) for check in row.checks]
    title = say(ROWS, row.row_id, lang, **row.params)
    drawn = table(columns, lines) if lines else ""
    return BenchSection(title, drawn, checks, reasons(row, lang))


def drawing(report: Report, lang: str) -> Drawn:
    """The latencies, with both axes, the line at 100 ms, and what each colour is."""
    drawn: dict[str, Mapping[int, int]] = {}
    for row in report.rows:
        for line in row.lines:
            if line.name in DRAWN and line.bins:
                drawn.setdefault(line.name, line.bins)
    shares = {name: _shares(drawn[name]) for name in DRAWN if name in drawn}
    top = max((max(each.values()) for each in shares.values()), default=1.0)
    low, high = DECADES
    x, y = AxisScale(10.0**low, 10.0**high, is_log=True), AxisScale(0.0, top * 1.05)
    lines = [
        Curve(say(LINES, name, lang), series_colour(DRAWN.index(name)), _steps(each), in_steps=True)
        for name, each in shares.items()
    ]
    picture = chart(
        say(TALK, "histogram", lang),
        x,
        y,
        lines,
        x_ticks=[AxisTick(10.0**power, _round(power)) for power in range(low, high + 1)],
        y_ticks=[AxisTick(share, f"{share * 100:.3g}%") for share in round_ticks(0.0, top)],
        height=HEIGHT,
        over=_limit(x, lang),
        x_title=say(TALK, "axis_time", lang),
    )
    upward = element("small", say(TALK, "axis_share", lang))
    return Drawn(legend(lines) + upward + picture)


def _shares(bins: Mapping[int, int]) -> dict[int, float]:
    """The share of samples in each drawn bin; the first and the last take what lies outside."""
    first, last = (power * BINS_PER_DECADE for power in DECADES)
    total = sum(bins.values())
    found: dict[int, float] = {}
    for number, count in bins.items():
        inside = min(max(number, first), last - 1)
        found[inside] = found.get(inside, 0.0) + count / total
    return found


def _steps(shares: Mapping[int, float]) -> list[tuple[float, float]]:
    first, last = (power * BINS_PER_DECADE for power in DECADES)
    points = [(bin_edge_us(number), shares.get(number, 0.0)) for number in range(first, last)]
    return [*points, (bin_edge_us(last), 0.0)]


def _round(power: int) -> str:
    return duration(10**power * 1000).replace(".00", "").replace(".0", "")


def _limit(x: AxisScale, lang: str) -> list[Drawn]:
    at = x.percent(LINE_US)
    told = {"class_": "limit", "x": at, "y": 14, "dx": -6, "text_anchor": "end"}
    return [
        element("line", class_="limit", x1=at, x2=at, y1=0, y2=HEIGHT),
        element("text", say(TALK, "line100", lang), **told),
    ]
