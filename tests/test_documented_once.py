"""Whatever a user can name is documented once, in each language; every other page links there.

What a page documents is what begins a row of one of its tables, or a heading, as code: a command,
an option, a setting, a variable, a public name. What is merely mentioned does not count.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import make_api
import make_options
import pytest
from languagekit import ROOT

from prometheus_persist import Settings

PACKAGES = ("prometheus_persist", "fakeokx", "chaos")
EVERY = [ROOT / "README.md", *(path for name in PACKAGES for path in (ROOT / name).rglob("*.md"))]
PAGES = {
    "en": [path for path in EVERY if "zh" not in path.parts],
    "zh": [path for path in EVERY if "zh" in path.parts],
}
COMMANDS = make_options.commands()
PROGRAMS = make_options.PROGRAMS
SETTINGS = [each.name for each in fields(Settings)]
EXIT_HEADS = {"en": "exit", "zh": "退出码"}


def texts(lang: str) -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES[lang]}


def first_cells(text: str) -> list[list[str]]:
    """The pieces of code in the first cell of each row."""
    rows = re.findall(r"^\| ((?:`[^`]*`[^|`]*)+) \|", text, re.MULTILINE)
    return [re.findall(r"`([^`]*)`", row) for row in rows]


def commands_of(pages: dict[str, str]) -> Counter[str]:
    """How often each command begins a row, on all pages."""
    named = (cell for text in pages.values() for cells in first_cells(text) for cell in cells)
    return Counter(cell for cell in named if cell.split(" ")[0] in PROGRAMS)


def options_of(pages: dict[str, str]) -> Counter[tuple[str, str]]:
    """How often each option of each command begins a row: of the program whose section it is."""
    found: Counter[tuple[str, str]] = Counter()
    for text in pages.values():
        for section in text.split("\n## ")[1:]:
            head, _, body = section.partition("\n")
            for row in re.findall(r"^\| (`-.*) \|$", body, re.MULTILINE):
                cells = re.split(r"(?<!\\) \| ", row)
                assert len(cells) == 4, f"{head}: an option is documented here: {row}"
                every = cells[3] in make_options.EVERY.values()
                of = [each.path for each in COMMANDS if each.path.split()[0] == head]
                if not every:
                    short = re.findall(r"`([^`]*)`", cells[3])
                    of = [head if each == head else f"{head} {each}" for each in short]
                names = ", ".join(re.findall(r"`([^`]*)`", cells[0]))
                found.update((path, names) for path in of)
    return found


def of_programs() -> Counter[tuple[str, str]]:
    return Counter(
        (one.command, ", ".join(one.names))
        for command in COMMANDS
        for one in command.takes
        if one.names[0].startswith("-")
    )


def settings_of(pages: dict[str, str]) -> Counter[str]:
    cells = (cells for text in pages.values() for cells in first_cells(text))
    return Counter(found[0] for found in cells if len(found) == 1 and found[0] in SETTINGS)


def exits_of(pages: dict[str, str], lang: str) -> int:
    """How many tables say what an exit code means."""
    return sum(
        len(re.findall(rf"^\| {EXIT_HEADS[lang]} \|", text, re.MULTILINE))
        for text in pages.values()
    )


def names_of(pages: dict[str, str]) -> Counter[str]:
    """How often a public name is a heading; the reference has one language."""
    heads = (re.findall(r"^#+ `(\w+)", text, re.MULTILINE) for text in pages.values())
    return Counter(name for found in heads for name in found)


def due_names() -> Counter[str]:
    due = {name for module in make_api.MODULES for name, _ in make_api.public(module)}
    due |= {name for name, _ in make_api.errors()}
    return Counter(due | {name for each in make_api.PLUGINS for name, _ in make_api.fixtures(each)})


def wrong(pages: dict[str, str], lang: str) -> list[str]:
    """What is missing, twice, or documented and not there."""
    pairs: list[tuple[str, Counter[str], Counter[str]]] = [
        (
            "command",
            commands_of(pages),
            Counter(each.path for each in COMMANDS if " " in each.path),
        ),
        ("setting", settings_of(pages), Counter(SETTINGS)),
        (
            "option",
            Counter({" ".join(pair): n for pair, n in options_of(pages).items()}),
            Counter({" ".join(pair): n for pair, n in of_programs().items()}),
        ),
    ]
    if lang == "en":
        pairs.append(("name", names_of(pages), due_names()))
    found = []
    for kind, there, due in pairs:
        found += [f"{kind} missing: {name}" for name in sorted(due - there)]
        found += [f"{kind} twice, or not there: {name}" for name in sorted(there - due)]
    if exits_of(pages, lang) != 1:
        found.append("exit codes: not in one table")
    return found


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_all_that_has_a_name_is_documented_once(lang: str) -> None:
    assert wrong(texts(lang), lang) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_of_options_is_what_the_programs_say(lang: str) -> None:
    path = make_options.PAGES[lang]
    assert make_options.page(lang) == path.read_text(encoding="utf-8"), (
        "run: python tests/make_options.py"
    )


def test_every_option_has_words() -> None:
    silent = [one for command in COMMANDS for one in command.takes if not one.help]
    assert silent == []


ROWS = {
    "command": "| `prometheus-persist verify` |",
    "option": "| `--accept-loss` |",
    "setting": "| `snapshots_kept` |",
    "exit": "| {exit} |",
    "name": "### `Session",
}


OF_BOTH = [(kind, lang) for kind in ROWS for lang in PAGES if (kind, lang) != ("name", "zh")]


@pytest.mark.parametrize(("kind", "lang"), OF_BOTH)
def test_what_is_missing_or_twice_is_seen(kind: str, lang: str) -> None:
    pages = texts(lang)
    start = ROWS[kind].format(exit=EXIT_HEADS[lang])
    (place,) = (name for name, text in pages.items() if f"\n{start}" in text)
    row = next(line for line in pages[place].splitlines() if line.startswith(start))
    assert wrong(pages | {place: pages[place].replace(row, "", 1)}, lang) != []
    other = next(name for name in pages if name.endswith("restart.md"))
    assert wrong(pages | {other: f"{pages[other]}\n## More\n\n{row}\n"}, lang) != []


def test_every_page_of_the_list_is_there() -> None:
    assert {path.name for path in PAGES["zh"]} <= {path.name for path in PAGES["en"]}
    assert all(isinstance(path, Path) and path.is_file() for path in EVERY)
