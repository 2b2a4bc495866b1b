"""The page of figures, from the JSON of one run: ``python -m chaos.bench.figures run.json``.

Writes what stands between the two marks of ``README.md`` in this folder anew: what the run was made
on, a line for each bar and each figure without one, and what it says of noise. Nothing is computed
that is not in the JSON; nothing outside the marks is touched.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chaos.bench.text import SIGNS, duration, quantity
from chaos.bench.words import CHECKS, LINES, ROWS, TALK, say

PAGE = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
Json = dict[str, Any]


def main(run: str, page: Path = PAGE) -> None:
    """Write the figures of ``run`` into the page; raises ValueError where it has no marks."""
    report = json.loads(Path(run).read_text(encoding="utf-8"))
    text = page.read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no {BEGIN} and {END}")
    page.write_text(f"{head}{BEGIN}\n{figures(report)}{END}{tail}", encoding="utf-8")


def figures(report: Json) -> str:
    """All of it, as Markdown."""
    return "\n".join([*_run(report), "", *_table(report), "", *_noise(report), ""])


def _run(report: Json) -> Iterator[str]:
    machine, settings = report["machine"], report["settings"]
    names = ("processor", "cores", "memory", "file_system", "kernel", "python")
    told = ", ".join(f"{say(TALK, name, 'en')} {machine[name]}" for name in names)
    trees = settings["trees"]
    against = f", beside the tree of {trees[1]}" if settings.get("against") else ""
    kind = "`bench --full`" if settings["full"] else "`bench`"
    when = f"{kind}, {settings['began']}, {report['took_s']:.0f} s"
    yield f"The tree of {trees[0]}{against}, {when}."
    yield f"Machine: {told}."


def _table(report: Json) -> Iterator[str]:
    yield "| what | before | now | now / before | rounds | bar | |"
    yield "|---|---|---|---|---|---|---|"
    for row in report["rows"]:
        title = say(ROWS, row["row"], "en", **row["params"])
        for cells in _row(row):
            yield f"| {title}{' | '.join(cells)} |"
            title = "⋯"
        if row["not_measured"]:
            yield f"| {title} | | not measured: {row['not_measured']} | | | | |"


def _row(row: Json) -> Iterator[list[str]]:
    """What a bar is on, then each bar; where a bar is on the figure itself, once."""
    checks, before = row["checks"], row.get("before") or {}
    lacks = _reason(before)
    line = row["lines"][0] if row["lines"] else None
    if line and line.get("unit") != "x" and (not checks or checks[0]["unit"] == "x"):
        then = _named(before.get("lines", ()), line["name"])
        yield [
            f": {say(LINES, line['name'], 'en')}", lacks or _middle(then), _middle(line),
            _times(line.get("over_before")), _span([_shown(line, each) for each in _ends(line)]),
            "", "",
        ]  # fmt: skip
    for check in checks:
        then = _named(before.get("checks", ()), check["name"])
        unit, value = check["unit"], check["value"]
        over = value / then["value"] if then and then["value"] else None
        verdict = {True: "met", False: "missed", None: "untold"}[check["met"]]
        yield [
            f", {say(CHECKS, check['name'], 'en')}",
            lacks or (quantity(then["value"], unit) if then else ""), quantity(value, unit),
            _times(over), _span([quantity(each, unit) for each in _ends(check)]),
            f"{SIGNS[check['sense']]} {quantity(check['limit'], unit)}", say(TALK, verdict, "en"),
        ]  # fmt: skip


def _reason(before: Json) -> str:
    why = before.get("not_measured", "")
    return f"UNKNOWN: {why.removeprefix('failed:')}" if why else ""


def _named(rows: Any, name: str) -> Json | None:
    return next((row for row in rows if row["name"] == name), None)


def _ends(measured: Json) -> list[float]:
    rounds = measured.get("rounds", ())
    return [min(rounds), max(rounds)] if len(rounds) > 1 else []


def _span(ends: list[str]) -> str:
    return "–".join(dict.fromkeys(ends))


def _middle(line: Json | None) -> str:
    if line is None:
        return ""
    found = line.get("median_us", line.get("value"))
    return line.get("not_measured", "") if found is None else _shown(line, found)


def _shown(line: Json, value: float) -> str:
    return duration(round(value * 1000)) if "median_us" in line else quantity(value, line["unit"])


def _times(over: float | None) -> str:
    return "" if over is None else f"{over:.2f} ×"


def _noise(report: Json) -> Iterator[str]:
    noise = report["noise"]
    load = say(TALK, "noise_load", "en", begin=noise["load_begin"], end=noise["load_end"])
    yield f"- {load}"
    for name in ("sync_us", "loop_us"):
        if name in noise:
            probe = {key: quantity(value, "us") for key, value in noise[name].items()}
            yield f"- {say(TALK, f'noise_{name}', 'en', **probe)}"
    rounds, long = report["settings"]["rounds"]
    untold = sum(check["met"] is None for row in report["rows"] for check in row["checks"])
    numbers = {"rounds": str(rounds), "long": str(long), "untold": str(untold)}
    yield f"- {say(TALK, 'noise_rounds', 'en', **numbers)}"


if __name__ == "__main__":
    main(sys.argv[1])
