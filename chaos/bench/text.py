"""The speed table for a terminal: the values of the report, nothing computed anew."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from chaos.bench.machine import MEMORY_FILE_SYSTEMS
from chaos.bench.table import BenchRow, Report, RequiredBar, TableLine
from chaos.bench.words import CHECKS, LINES, ROWS, TALK, say, say_note

UNITS = {"per_s": "/s", "us": "µs", "x": "×"}


def tables(report: Report, lang: str) -> Iterator[Table | Text]:
    """The machine, then for each row a title, a table and the verdicts."""
    head = Table(title=say(TALK, "title", lang), title_justify="left", show_header=False, box=None)
    head.add_column(style="cyan", no_wrap=True)
    head.add_column(overflow="fold")
    for name, value in report.machine.items():
        head.add_row(say(TALK, name, lang), value)
    yield head
    for row in report.rows:
        yield Text(f"\n{say(ROWS, row.row_id, lang, **row.params)}", style="bold")
        if row.lines:
            yield _row_table(row, lang)
        for check in row.checks:
            yield Text(f"→ {verdict(check, lang)}", style="green" if check.met else "red")
        if row.why_not:
            yield Text(say(TALK, "not_measured", lang, reason=say_note(row.why_not, lang)))


def remarks(report: Report, lang: str) -> list[str]:
    """What has to be said once: how it was measured, and what to distrust."""
    found = [say(TALK, "how", lang)]
    kind = report.machine.get("file_system", "")
    if kind in MEMORY_FILE_SYSTEMS:
        found.append(say(TALK, "memory_disk", lang, name=kind))
    if report.settings.get("machine_busy"):
        found.append(say(TALK, "busy", lang))
    if any(line.times and line.times.thin for row in report.rows for line in row.lines):
        found.append(say(TALK, "thin", lang))
    notes = dict.fromkeys(note for row in report.rows for note in row.notes)
    found += [say_note(note, lang) for note in notes]
    found.append(say(TALK, "took", lang, seconds=f"{report.took_s:.0f}"))
    return found


def _row_table(row: BenchRow, lang: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(say(TALK, "line", lang), min_width=40)
    for name in ("N", say(TALK, "median", lang), "p99", "p99.9", say(TALK, "max", lang)):
        table.add_column(name, justify="right")
    table.add_column(say(TALK, "ratio", lang), justify="right")
    for line in row.lines:
        table.add_row(say(LINES, line.name, lang), *cells(line, row.ratio_of(line), lang))
    return table


def cells(line: TableLine, ratio: float | None, lang: str) -> list[str]:
    """N, median, p99, p99.9, max and ratio of a line."""
    shown = "" if ratio is None else f"{ratio:.2f}×"
    if line.why_not:
        return ["", say_note(line.why_not, lang), "", "", "", ""]
    if line.times is None:
        return ["", quantity(line.value or 0.0, line.unit), "", "", "", shown]
    times = line.times
    star = "*" if times.thin else ""
    return [
        f"{times.count:,}",
        duration(times.median_ns),
        duration(times.p99_ns),
        duration(times.p999_ns) + star,
        duration(times.max_ns),
        shown,
    ]


def verdict(check: RequiredBar, lang: str) -> str:
    """A check in words: name, value, bar, met or not."""
    sign = {"<=": "≤", "<": "<", ">=": "≥"}[check.sense]
    word = say(TALK, "met" if check.met else "missed", lang)
    name = say(CHECKS, check.name, lang)
    value, limit = quantity(check.value, check.unit), quantity(check.limit, check.unit)
    return f"{name}: {value} ({say(TALK, 'bar', lang)} {sign} {limit}) {word}"


def quantity(value: float, unit: str) -> str:
    """A value with its unit, three digits."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    if unit == "x":
        return f"{value:.2f}×"
    return (
        f"{text}{UNITS.get(unit, f' {unit}')}"
        if unit == "per_s"
        else (f"{text} {UNITS.get(unit, unit)}")
    )


def duration(ns: int) -> str:
    """Nanoseconds in the unit a person would choose."""
    size = abs(ns)
    if size < 1_000_000:
        return f"{ns / 1e3:.1f} µs"
    return f"{ns / 1e6:.2f} ms" if size < 1_000_000_000 else f"{ns / 1e9:.2f} s"
