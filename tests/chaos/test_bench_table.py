"""Rows, checks and what is made of them: terminal, JSON and page say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from chaos.bench import page, words
from chaos.bench.machine import file_system, machine
from chaos.bench.table import BenchRow, Report, RequiredBar, TableLine, ratio, timed_line
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
    text, html = console.export_text(), page.render_page(found, lang)
    for row in json.loads(json.dumps(found.to_json()))["rows"]:
        for line in row["lines"]:
            shown = [words.say(words.LINES, line["name"], lang)]
            if "median_us" in line:
                shown += [duration(round(line["median_us"] * 1000)), f"{line['n']:,}"]
            if line["ratio"] is not None:
                shown.append(f"{line['ratio']:.2f}×")
            assert all(each in text and each in html for each in shown), shown
        for check in row["checks"]:
            shown = [
                quantity(check["value"], check["unit"]),
                words.say(words.TALK, "met" if check["met"] else "missed", lang),
            ]
            assert all(each in text for each in shown), shown
    assert "1.50×" in text
    assert words.say_note("not_installed:lmdb", lang) in html


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
    ticks = [text.text for text in tree.iter("text") if text.get("class") == "edge"]
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
    assert any("tmpfs" in text for text in remarks(report(file_system="tmpfs"), "en"))
    assert not any("no disk" in text for text in remarks(report(), "en"))


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
