"""The speed table for a terminal: the values of the report, nothing computed anew."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from chaos.bench.machine import MEMORY_FILE_SYSTEMS
from chaos.bench.table import BenchRow, Report, RequiredBar, TableLine
from chaos.bench.words import CHECKS, LINES, ROWS, TALK, say, say_note

UNITS = {"us": "µs"}
SIGNS = {"<=": "≤", "<": "<", ">=": "≥"}
COLOURS = {"met": "green", "missed": "red", "untold": "yellow"}


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
            yield Text(f"→ {verdict(row, check, lang)}", style=COLOURS[check.verdict])
        for reason in reasons(row, lang):
            yield Text(reason)


def reasons(row: BenchRow, lang: str) -> list[str]:
    """Why this tree was not measured, and why the other one was not."""
    found = []
    if row.why_not:
        found.append(say(TALK, "not_measured", lang, reason=say_note(row.why_not, lang)))
    if row.before is not None and row.before.why_not:
        reason = say_note(row.before.why_not, lang)
        found.append(say(TALK, "before_unknown", lang, reason=reason))
    return found


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
    found += noises(report, lang)
    notes = dict.fromkeys(note for row in report.rows for note in row.notes)
    found += [say_note(note, lang) for note in notes]
    found.append(say(TALK, "took", lang, seconds=f"{report.took_s:.0f}"))
    return found


def noises(report: Report, lang: str) -> list[str]:
    """How restless the machine was: its load, and what was probed between the rounds."""
    noise = report.noise
    found: list[str] = []
    if not noise:
        return found
    load = {"begin": noise["load_begin"], "end": noise["load_end"]}
    found.append(say(TALK, "noise_load", lang, **load))
    for name in ("sync_us", "loop_us"):
        if name in noise:
            probe = {key: quantity(value, "us") for key, value in noise[name].items()}
            found.append(say(TALK, f"noise_{name}", lang, **probe))
    rounds, long = report.settings.get("rounds", (1, 1))
    untold = sum(check.verdict == "untold" for row in report.rows for check in row.checks)
    numbers = {"rounds": str(rounds), "long": str(long), "untold": str(untold)}
    found.append(say(TALK, "noise_rounds", lang, **numbers))
    return found


def headings(row: BenchRow, lang: str) -> list[str]:
    """What the columns of a row's table are, behind the contestant."""
    names = ["N", say(TALK, "median", lang), *(() if row.before else ("p99", "p99.9"))]
    names += [say(TALK, "max", lang), say(TALK, "ratio", lang), say(TALK, "spread", lang)]
    return names + ([say(TALK, "before", lang), say(TALK, "over", lang)] if row.before else [])


def _row_table(row: BenchRow, lang: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(say(TALK, "line", lang), min_width=30)
    for name in headings(row, lang):
        table.add_column(name, justify="right", no_wrap=True)
    for line in row.lines:
        table.add_row(say(LINES, line.name, lang), *cells(row, line, lang))
    return table


def cells(row: BenchRow, line: TableLine, lang: str) -> list[str]:
    """A line below its row's headings."""
    more = _before(row, line) if row.before else []
    if line.why_not:
        found = ["", say_note(line.why_not, lang)]
        return [*found, *[""] * (len(headings(row, lang)) - len(found) - len(more)), *more]
    times, ratio = line.times, row.ratio_of(line)
    star = "*" if times and times.thin else ""
    tails = [duration(times.p99_ns), duration(times.p999_ns) + star] if times else ["", ""]
    return [
        f"{times.count:,}" if times else "",
        middle(line),
        *([] if row.before else tails),
        duration(times.max_ns) if times else "",
        "" if ratio is None else f"{ratio:.2f}×",
        "" if line.spread is None else f"{line.spread * 100:.0f}%",
        *more,
    ]


def middle(line: TableLine) -> str:
    """A line's median or value, in a unit."""
    if line.times is not None:
        return duration(line.times.median_ns)
    return quantity(line.value or 0.0, line.unit)


def _before(row: BenchRow, line: TableLine) -> list[str]:
    before, over = row.before_of(line), row.over_before(line)
    return [
        "" if before is None else middle(before),
        "" if over is None else f"{over:.2f}×",
    ]


def verdict(row: BenchRow, check: RequiredBar, lang: str) -> str:
    """A check in words: name, value, bar, met or not, the rounds, and what it was before."""
    word = say(TALK, check.verdict, lang)
    name, value = say(CHECKS, check.name, lang), quantity(check.value, check.unit)
    told = f"{name}: {value} ({say(TALK, 'bar', lang)} {bar(check)}) {word}"
    if len(check.rounds) > 1:
        told += say(TALK, "of_rounds", lang, number=str(len(check.rounds)), range=spanned(check))
    then = before_check(row, check)
    if then is not None:
        told += say(TALK, "it_was", lang, value=quantity(then.value, then.unit))
    return told


def before_check(row: BenchRow, check: RequiredBar) -> RequiredBar | None:
    """The same check of the other tree."""
    checks = row.before.checks if row.before else ()
    return next((each for each in checks if each.name == check.name), None)


def bar(check: RequiredBar) -> str:
    """What had to be reached."""
    return f"{SIGNS[check.sense]} {quantity(check.limit, check.unit)}"


def spanned(check: RequiredBar) -> str:
    """From the least to the most of the rounds."""
    return "–".join(quantity(each, check.unit) for each in (min(check.rounds), max(check.rounds)))


def quantity(value: float, unit: str) -> str:
    """A value with its unit, three digits."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    if unit == "x":
        return f"{value:.2f}×"
    return f"{text}/s" if unit == "per_s" else f"{text} {UNITS.get(unit, unit)}".rstrip()


def duration(ns: int) -> str:
    """Nanoseconds in the unit a person would choose."""
    size = abs(ns)
    if size < 1_000_000:
        return f"{ns / 1e3:.1f} µs"
    return f"{ns / 1e6:.2f} ms" if size < 1_000_000_000 else f"{ns / 1e9:.2f} s"
