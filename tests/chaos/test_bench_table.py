"""Rows, checks and what is made of them: terminal, JSON and page say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from chaos.bench import page, text, words
from chaos.bench.machine import file_system, machine
from chaos.bench.table import (
    BenchRow,
    Report,
    RequiredBar,
    TableLine,
    beside,
    merged,
    ratio,
    timed_line,
)
from chaos.bench.text import duration, quantity, remarks, tables

HEADINGS = words.ROWS | words.LINES | words.CHECKS | words.TALK


def report(*rows: BenchRow, **machine: str) -> Report:
    return Report({"file_system": "ext4", **machine}, {"full": False}, rows, 1.0)


def measured() -> Report:
    save, raw = timed_line("trade_off", [150_000] * 1000), timed_line("raw_given", [100_000] * 1000)
    rows = (
        BenchRow(
            "save",
            lines=[save, raw, TableLine("lmdb", why_not="not_installed:lmdb")],
            checks=[
                *ratio("to_raw", save, raw, "<=", 1.25),
                RequiredBar("tail_ms", 3.0, "<", 100.0, "ms"),
            ],
            notes=["gc:2:13.5"],
            base="raw_given",
        ),
        BenchRow("restart", params={"agents": "10", "records": "3"}, why_not="failed:<it> broke"),
    )
    return report(*rows)


@pytest.mark.parametrize(
    ("value", "sense", "limit", "met"),
    [
        (1.25, "<=", 1.25, True),
        (1.26, "<=", 1.25, False),
        (1.0, "<", 1.0, False),
        (0.99, "<", 1.0, True),
        (20.0, ">=", 20.0, True),
        (19.9, ">=", 20.0, False),
    ],
)
def test_a_check_is_met_by_its_sense_alone(value, sense, limit, met) -> None:
    """At the limit, above it, below it."""
    assert RequiredBar("to_raw", value, sense, limit, "x").met is met


@pytest.mark.parametrize(
    ("rounds", "limit", "verdict"),
    [
        ((1.0, 1.1, 1.2), 1.6, "met"),
        ((1.0, 1.1, 1.8), 1.6, "untold"),  # the middle is below, by less than the rounds differ
        ((1.5, 1.6, 1.9), 1.5, "untold"),
        ((1.9, 2.0, 2.2), 1.6, "missed"),
        ((2.0,), 1.6, "missed"),
    ],
)
def test_a_verdict_within_the_noise_is_none(
    rounds: tuple[float, ...], limit: float, verdict: str
) -> None:
    """Neither met nor missed: JSON says null, nothing fails for it, and the sentence says so."""
    checks = [RequiredBar("to_raw", value, "<=", limit, "x") for value in rounds]
    (check,) = merged([BenchRow("save", checks=[check]) for check in checks]).checks
    assert (check.verdict, check.met) == (verdict, verdict == "met")
    assert check.to_json()["met"] is {"met": True, "missed": False, "untold": None}[verdict]
    row = BenchRow("save", checks=[check])
    assert report(row).missed is (verdict == "missed")
    said = "cannot be told on this machine now" in text.verdict(row, check, "en")
    assert said is (verdict == "untold")


def test_rounds_are_one_row_and_the_longest_is_the_longest_of_all() -> None:
    """Samples together, the middle of figures, the worst round where the longest is asked for."""

    def a_round(ns: int, figure: float, wait: float) -> BenchRow:
        lines = [timed_line("restore", [ns, 3 * ns]), TableLine("frames", value=figure, unit="x")]
        bars = [RequiredBar("waited_ms", wait, "<=", 90.0, "ms", worst=True)]
        return BenchRow("save", lines=lines, checks=bars, notes=[f"gc:{ns}:1"])

    row = merged([a_round(100, 1.0, 4.0), a_round(120, 3.0, 8.0), a_round(140, 2.0, 6.0)])
    restore, frames = row.lines
    assert restore.times is not None
    assert (restore.times.count, restore.times.median_ns, restore.times.max_ns) == (6, 140, 420)
    assert (restore.rounds, frames.value, frames.rounds) == ([100, 120, 140], 2.0, [1.0, 3.0, 2.0])
    assert (restore.spread, frames.spread) == (40 / 140, 1.0)
    assert (row.checks[0].value, row.checks[0].rounds) == (8.0, (4.0, 8.0, 6.0))
    assert row.notes == ["gc:100:1", "gc:120:1", "gc:140:1"]
    assert (
        merged([BenchRow("ack", lines=[TableLine("restore", why_not="no.samples")])])
        .lines[0]
        .why_not
    )


def test_what_may_be_no_slower_is_compared_round_by_round() -> None:
    """The middle of the rounds' ratios; without the other tree's figure there is no bar."""

    def tree(*medians: int) -> BenchRow:
        rounds = [BenchRow("threads", lines=[timed_line("one_thread", [ns])],
                           no_slower={"one_thread": 1.03}) for ns in medians]  # fmt: skip
        return merged(rounds)

    row = beside(tree(100, 220, 300), tree(100, 200, 100))
    (check,) = row.checks
    assert (check.name, check.value, check.rounds) == ("one_thread_before", 1.1, (1.0, 1.1, 3.0))
    assert row.over_before(row.lines[0]) == 2.2
    lacks = beside(tree(100), BenchRow("threads", why_not="failed:too old"))
    assert (lacks.checks, lacks.over_before(lacks.lines[0])) == ([], None)
    assert text.reasons(lacks, "en") == ["other tree: UNKNOWN (failed: too old)"]


def test_a_ratio_is_median_over_median() -> None:
    """And there is none where either side was not measured."""
    one, other = timed_line("restore", [300, 200, 900]), timed_line("sqlite", [100, 150, 200])
    (check,) = ratio("to_sqlite", one, other, "<", 1.0)
    assert (check.value, check.met) == (2.0, False)
    assert ratio("to_sqlite", one, TableLine("sqlite", why_not="no.samples"), "<", 1.0) == ()


def test_a_row_that_was_not_measured_is_neither_met_nor_missed() -> None:
    """It has a reason, and no verdict."""
    assert not report(BenchRow("ack", why_not="no.samples")).missed
    assert measured().missed


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_table_json_and_page_hold_the_same_values(lang: str) -> None:
    """Every value of the JSON is found in the text and on the page."""
    found = measured()
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    for table in tables(found, lang):
        console.print(table)
    shown_text, html = console.export_text(), page.render_page(found, lang)
    for row in json.loads(json.dumps(found.to_json()))["rows"]:
        for line in row["lines"]:
            shown = [words.say(words.LINES, line["name"], lang)]
            if "median_us" in line:
                shown += [duration(round(line["median_us"] * 1000)), f"{line['n']:,}"]
            if line["ratio"] is not None:
                shown.append(f"{line['ratio']:.2f}×")
            assert all(each in shown_text and each in html for each in shown), shown
        for check in row["checks"]:
            shown = [
                quantity(check["value"], check["unit"]),
                words.say(words.TALK, "met" if check["met"] else "missed", lang),
            ]
            assert all(each in shown_text for each in shown), shown
    assert "1.50×" in shown_text
    assert words.say_note("not_installed:lmdb", lang) in html


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_other_tree_stands_beside_in_table_and_page(lang: str) -> None:
    """Its figure, the ratio, how far rounds are apart, and why it has none; noise is said once."""
    now, then = (merged([BenchRow("settle", lines=[timed_line("settled", [ns * one])],
                                  checks=[RequiredBar("requests", number, "<=", 2.0, "")])
                         for one in (1, 2)])
                 for ns, number in ((30_000, 2.0), (90_000, 3.0)))  # fmt: skip
    probe = dict.fromkeys(("p10", "p50", "p90", "longest", "first_third", "last_third"), 7.0)
    noise = {"load_begin": "0.10", "load_end": "9.99", "sync_us": probe}
    rows = [beside(now, then), beside(now, BenchRow("settle", why_not="failed:too old"))]
    found = Report({"file_system": "ext4"}, {"rounds": [5, 3]}, rows, 1.0, noise)
    console = Console(width=140, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    for table in tables(found, lang):
        console.print(table)
    shown, html = console.export_text(), page.render_page(found, lang)
    for each in ("30.0 µs", "90.0 µs", "0.33×", "100%", "too old"):
        assert each in shown, each
        assert each in html, each
    assert text.verdict(rows[0], rows[0].checks[0], lang).endswith("3")
    said = " ".join(remarks(found, lang))
    assert all(each in said for each in ("0.10", "9.99", "7 µs", "5", "3"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_self_contained_and_draws_the_line_at_100_ms(lang: str) -> None:
    """No script, nothing fetched, nothing unescaped; the SVG is well-formed."""
    html = page.render_page(measured(), lang)
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://|javascript:", html)
    assert "color-scheme: light dark" in html
    assert "&lt;it&gt; broke" in html
    svg = re.findall(r"<svg.*</svg>", html, re.DOTALL)[0]
    tree = ElementTree.fromstring(f"<div>{svg.partition('</div>')[2].partition('<div>')[2]}</div>")
    assert len(tree.findall(".//path")) == 2
    assert words.say(words.TALK, "line100", lang) in svg
    (limit,) = [line for line in tree.iter("line") if line.get("class") == "limit"]
    assert limit.get("x1") == "80.000%", "four of five powers of ten"
    assert all(path.get("d", "").endswith("H1000.0V1000.0") for path in tree.iter("path"))
    ticks = [each.text for each in tree.iter("text") if each.get("class") == "edge"]
    assert ticks == ["10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]


def test_a_colour_of_the_page_is_one_contestant_and_no_verdict() -> None:
    """Green and red are met and missed; every contestant has a colour of its own."""
    colours = [page.series_colour(place) for place in range(len(page.DRAWN))]
    assert len(set(colours)) == len(page.DRAWN)
    style = page.render_page(measured(), "en")
    for scheme in re.findall(r":root {.*?}", style, re.DOTALL)[:2]:
        value = dict(re.findall(r"--(\w+): (#\w+)", scheme))
        said = {value[name] for name in ("good", "warn", "bad")}
        series = [value[colour[6:-1]] for colour in colours]
        assert len(set(series)) == len(series)
        assert said.isdisjoint(series)


def test_a_file_system_in_memory_is_named_as_no_disk() -> None:
    """A sync that costs nothing proves nothing."""
    assert any("tmpfs" in each for each in remarks(report(file_system="tmpfs"), "en"))
    assert not any("no disk" in each for each in remarks(report(), "en"))


def test_every_sentence_has_the_same_placeholders_in_both_languages() -> None:
    """And neither is empty."""
    for key, (zh, en) in HEADINGS.items():
        assert zh, key
        assert en, key
        assert set(re.findall(r"{\w+}", zh)) == set(re.findall(r"{\w+}", en)), key


def test_the_machine_is_described(tmp_path: Path) -> None:
    """What cannot be found out is a question mark, never missing."""
    found = machine(tmp_path)
    assert all(found.values())
    assert found["file_system"] == file_system(tmp_path)[0]
    assert {f"{key}" for key in found} <= words.TALK.keys()


def test_durations_and_quantities_are_in_units_a_person_would_choose() -> None:
    """Microseconds, milliseconds, seconds; a negative one keeps its sign."""
    assert [duration(ns) for ns in (1500, 2_500_000, 3 * 10**9, -1500)] == [
        "1.5 µs",
        "2.50 ms",
        "3.00 s",
        "-1.5 µs",
    ]
    assert [quantity(1.254, "x"), quantity(12345.6, "per_s")] == ["1.25×", "12,346/s"]
