"""The page of figures: what a run said, between two marks, and nothing else of the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.bench import figures
from chaos.bench.figures import BEGIN, END, PAGE, main
from chaos.bench.table import BenchRow, Report, RequiredBar, TableLine, beside, merged, timed_line

MACHINE = dict.fromkeys(("processor", "cores", "memory", "file_system", "kernel", "python"), "7")
SPREAD = {
    "p10": 90.0,
    "p50": 100.0,
    "p90": 300.0,
    "longest": 4_700.0,
    "first_third": 95.0,
    "last_third": 120.0,
}


def a_round(ns: int) -> BenchRow:
    checks = [RequiredBar("to_raw", ns / 100_000, "<=", 1.6, "x")]
    return BenchRow("save", lines=[timed_line("trade_off", [ns])], checks=checks)


def a_report() -> Report:
    now, then = merged([a_round(150_000), a_round(170_000)]), merged([a_round(320_000)])
    wait = RequiredBar("waited_ms", 7.0, "<=", 5.0, "ms", worst=True)
    took = TableLine("snapshot_took", value=1.0, unit="s")
    rows = [
        beside(now, then),
        beside(
            BenchRow("snapshot", {"records": "9"}, [took], [wait]),
            BenchRow("snapshot", why_not="failed:no such call"),
        ),
        BenchRow("ack", why_not="failed:broken"),
    ]
    settings = {"rounds": [2, 1], "trees": ["abc", "def"], "against": "/old"}
    settings |= {"began": "today", "full": True}
    noise = {"load_begin": "1", "load_end": "2", "sync_us": SPREAD, "loop_us": SPREAD}
    return Report(MACHINE, settings, rows, 61.0, noise)


def test_each_bar_has_its_line_before_now_and_verdict(tmp_path: Path) -> None:
    """What cannot be told is said; what the other tree cannot play has its reason."""
    run, page = tmp_path / "run.json", tmp_path / "page.md"
    run.write_text(json.dumps(a_report().to_json()))
    page.write_text(f"above\n{BEGIN}\nold figures\n{END}\nbelow\n")
    main(str(run), page)
    text = page.read_text()
    assert text.startswith(
        f"above\n{BEGIN}\nThe tree of abc, beside the tree of def, `bench --full`, today, 61 s."
    )
    assert text.endswith(f"{END}\nbelow\n")
    assert "old figures" not in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1
    save, bar, wait, ack = lines[2:]
    assert "| 320.0 µs | 150.0 µs | 0.47 × | 150.0 µs–170.0 µs |" in save
    assert "| 3.20× | 1.60× | 0.50 × | 1.50×–1.70× | ≤ 1.60× | cannot be told" in bar
    assert "UNKNOWN: no such call | 7 ms |" in wait
    assert wait.endswith("| ≤ 5 ms | not met |")
    assert "not measured: failed:broken" in ack
    assert "2 rounds of each row, 1 of long ones" in text
    assert "p90 300 µs, the longest 4,700 µs" in text
    main(str(run), page)
    assert page.read_text() == text


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    """Nobody knows where the figures belong."""
    run, page = tmp_path / "run.json", tmp_path / "page.md"
    run.write_text(json.dumps(a_report().to_json()))
    page.write_text("no marks")
    with pytest.raises(ValueError, match="figures: begin"):
        main(str(run), page)
    assert page.read_text() == "no marks"


def test_the_page_of_the_project_has_its_marks_and_figures() -> None:
    """Each row of the bench that measures something has a line in it."""
    text = PAGE.read_text(encoding="utf-8")
    between = text.partition(BEGIN)[2].partition(END)[0]
    assert "| what | before | now |" in between
    assert between.count("\n| ") > 30
    assert figures.PAGE.name == "README.md"
