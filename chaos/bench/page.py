"""The speed table as one self-contained HTML page: table, verdicts, and the latencies drawn.

No script, no font, no picture from anywhere else; light and dark follow the reader's system. The
drawing is SVG: for each contestant a step line over a logarithmic axis of time, as the share of its
own samples in each bin, with the line at 100 ms that no save may cross.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from chaos.bench.stats import BINS_PER_DECADE, bin_edge_us
from chaos.bench.table import BenchRow, Report, TableLine
from chaos.bench.text import cells, duration, remarks, verdict
from chaos.bench.words import LINES, ROWS, TALK, say, say_note

WIDTH, HEIGHT, LEFT, TOP, LOW = 900, 320, 20, 20, 40
DECADES = (1, 6)  # 10 µs to 1 s, in powers of ten of a microsecond
LINE_US = 100_000.0
DRAWN = ("trade_off", "trade_behind", "trade_ack", "trade_load", "raw_given", "sqlite", "lmdb")
COLOURS = ("#0969da", "#1a7f37", "#8250df", "#c93c37", "#888888", "#bf8700", "#1b7c83")


def render_page(report: Report, lang: str) -> str:
    """The page."""
    machine = " · ".join(f"{say(TALK, key, lang)} {text}" for key, text in report.machine.items())
    rows = "".join(_row(row, lang) for row in report.rows)
    notes = "".join(f"<li>{escape(text)}</li>" for text in remarks(report, lang))
    title = escape(say(TALK, "title", lang))
    return (
        f'<!doctype html>\n<html lang="{escape(lang)}"><head><meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style></head><body>\n<h1>{title}</h1>\n"
        f'<p class="dim">{escape(machine)}</p>\n'
        f"<h2>{escape(say(TALK, 'histogram', lang))}</h2>\n{drawing(report, lang)}\n"
        f'{rows}\n<ul class="dim">{notes}</ul>\n</body></html>\n'
    )


def _row(row: BenchRow, lang: str) -> str:
    head = "".join(
        f'<th class="n">{escape(name)}</th>'
        for name in (
            "N",
            say(TALK, "median", lang),
            "p99",
            "p99.9",
            say(TALK, "max", lang),
            say(TALK, "ratio", lang),
        )
    )
    lines = "".join(
        f"<tr><td>{escape(say(LINES, line.name, lang))}</td>"
        + "".join(f'<td class="n">{escape(text)}</td>' for text in _cells(row, line, lang))
        + "</tr>\n"
        for line in row.lines
    )
    checks = "".join(
        f'<p class="{"good" if check.met else "bad"}">'
        f"{'✓' if check.met else '✗'} {escape(verdict(check, lang))}</p>\n"
        for check in row.checks
    )
    why = ""
    if row.why_not:
        reason = say(TALK, "not_measured", lang, reason=say_note(row.why_not, lang))
        why = f"<p>{escape(reason)}</p>\n"
    table = f'<div class="scroll"><table><tr><th></th>{head}</tr>\n{lines}</table></div>\n'
    title = escape(say(ROWS, row.row_id, lang, **row.params))
    return f"<h2>{title}</h2>\n{table if row.lines else ''}{checks}{why}"


def _cells(row: BenchRow, line: TableLine, lang: str) -> list[str]:
    return cells(line, row.ratio_of(line), lang)


def drawing(report: Report, lang: str) -> str:
    """The latencies as SVG."""
    drawn: dict[str, Mapping[int, int]] = {}
    for row in report.rows:
        for line in row.lines:
            if line.name in DRAWN and line.bins:
                drawn.setdefault(line.name, line.bins)
    names = [name for name in DRAWN if name in drawn]
    top = max((max(_shares(drawn[name]).values()) for name in names), default=1.0)
    parts = [_axis(), _limit(lang)]
    for name in names:
        colour = COLOURS[DRAWN.index(name)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _steps(_shares(drawn[name]), top))
        label = escape(say(LINES, name, lang))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2">'
            f"<title>{label}</title></polyline>"
        )
    parts += [
        f'<text x="{LEFT + 8}" y="{TOP + 16 * (place + 1)}" '
        f'style="fill: {COLOURS[DRAWN.index(name)]}">{escape(say(LINES, name, lang))}</text>'
        for place, name in enumerate(names)
    ]
    label = escape(say(TALK, "histogram", lang))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">\n'
        + "\n".join(parts)
        + "\n</svg>"
    )


def _shares(bins: Mapping[int, int]) -> dict[int, float]:
    total = sum(bins.values())
    return {number: count / total for number, count in bins.items()}


def _steps(shares: Mapping[int, float], top: float) -> Sequence[tuple[float, float]]:
    first, last = (power * BINS_PER_DECADE for power in DECADES)
    points = []
    for number in range(first, last):
        inside = [number]
        if number == first:
            inside = [each for each in shares if each <= first]
        if number == last - 1:
            inside = [each for each in shares if each >= last - 1]
        height = sum(shares.get(each, 0.0) for each in inside) / top
        y = HEIGHT - LOW - height * (HEIGHT - LOW - TOP)
        points += [(_x(bin_edge_us(number)), y), (_x(bin_edge_us(number + 1)), y)]
    return points


def _x(us: float) -> float:
    low, high = DECADES
    return LEFT + (math.log10(us) - low) / (high - low) * (WIDTH - 2 * LEFT)


def _axis() -> str:
    bottom = HEIGHT - LOW
    parts = [f'<line x1="{LEFT}" y1="{bottom}" x2="{WIDTH - LEFT}" y2="{bottom}" class="axis"/>']
    for power in range(DECADES[0], DECADES[1] + 1):
        x, text = _x(10.0**power), duration(10**power * 1000).replace(".00", "").replace(".0", "")
        parts.append(
            f'<line x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 6}" class="axis"/>'
            f'<text x="{x:.1f}" y="{bottom + 22}" text-anchor="middle">{text}</text>'
        )
    return "".join(parts)


def _limit(lang: str) -> str:
    x = _x(LINE_US)
    return (
        f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - LOW}" class="limit"/>'
        f'<text x="{x - 6:.1f}" y="{HEIGHT - LOW - 8}" text-anchor="end" class="bad">'
        f"{escape(say(TALK, 'line100', lang))}</text>"
    )


_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c93c37 }
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto;
       max-width: 62rem; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
.scroll { overflow-x: auto } .dim { opacity: .75 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid var(--line) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.good { color: var(--good) } .bad { color: var(--bad) } p.good, p.bad { margin: .3rem 0 }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif }
svg text { fill: currentColor }
.axis { stroke: currentColor; opacity: .6 }
.limit { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 6 4 }
svg text.bad { fill: var(--bad) }
"""
