"""``promises.md`` and the tree say the same: numbers, modules, tests, sweeps, saboteurs.

A name that moved or went is told with the line of the page to mend; a file that cites a promise and
is not named under it, likewise. So ``promises.md`` is what a search for the number would find.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from chaos.saboteurs import DECIDERS, RECONCILERS, SABOTEURS
from chaos.saboteurs.host_books import HOST_BOOKS
from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import LATE, SHARED, SWEPT
from chaos.saboteurs.struck import STRUCK
from chaos.scenarios.table import BY_NAME as SCENARIOS
from chaos.sweeps.catalogue import SWEEPS

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PACKAGES = ("prometheus_persist", "fakeokx", "chaos")
NUMBERS = {
    *(f"S{number}" for number in range(1, 12)),
    *(f"R{number}" for number in range(1, 6)),
    *(f"P{number}" for number in range(1, 9)),
    *(f"I{number}" for number in range(1, 15)),
}
PROPERTIES = ("safe", "live")
CATALOGUES = {
    "sweeps": set(SWEEPS),
    "scenarios": set(SCENARIOS),
    "saboteurs": {
        *SABOTEURS,
        *RECONCILERS,
        *DECIDERS,
        *SWEPT,
        *LATE,
        *SHARED,
        *STRUCK,
        *HOSTED,
        *HOST_BOOKS,
    },
}
FIELDS = ("kept by", "judged by", "tests", *CATALOGUES)
# P0, P1 and P2 of a report are priorities of compared items: a key in quotes, or before a colon.
CITED = re.compile(r"""\b(?:[SRI][1-9]\d?\b|P[1-9]\b(?!["':]))""")
HERE = {"test_promises.py"}


class Promise(NamedTuple):
    """One entry of the page: its sentence, and what each of its fields names."""

    sentence: str
    named: dict[str, list[str]]


def promises_of(page: str) -> dict[str, Promise]:
    """The entries by number."""
    found = {}
    for entry in re.split(r"^### ", page, flags=re.MULTILINE)[1:]:
        head, _, rest = entry.partition("\n")
        sentence, *fields = re.split(r"^- ", rest.partition("\n## ")[0], flags=re.MULTILINE)
        named = {}
        for each in fields:
            label, _, names = each.partition(":")
            named[label] = re.findall(r"`([^`]+)`", names)
        found[head.split()[0]] = Promise(" ".join(sentence.split()), named)
    return found


PAGE = (TESTS / "promises.md").read_text("utf-8")
PROMISES = promises_of(PAGE)


def cited_in(path: Path) -> set[str]:
    """The numbers that a file cites."""
    return set(CITED.findall(path.read_text("utf-8")))


@cache
def citing() -> dict[str, set[str]]:
    """By number, every file that cites it: modules by path, files of tests by name."""
    files = [(path, str(path.relative_to(ROOT))) for each in PACKAGES for path in sources(each)]
    files += [(path, path.name) for path in sources("tests") if path.name not in HERE]
    found: dict[str, set[str]] = {}
    for path, name in files:
        for number in cited_in(path):
            found.setdefault(number, set()).add(name)
    return found


def sources(folder: str) -> Iterator[Path]:
    return (path for path in (ROOT / folder).rglob("*.py") if "golden" not in path.parts)


@cache
def names_in(path: Path) -> set[str]:
    """The names of the tests of a file, those of classes among them."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in nodes if isinstance(node, kinds) if node.name.startswith("test_")}


def missing_tests(names: list[str]) -> list[str]:
    """Those of ``file::test`` that are not there."""
    files = {path.name: path for path in TESTS.rglob("test_*.py")}
    return [
        name
        for name in names
        if (place := files.get(name.partition("::")[0])) is None
        or name.partition("::")[2] not in names_in(place)
    ]


def missing(field: str, names: list[str]) -> list[str]:
    """What a field names and the tree does not have."""
    if field == "tests":
        return missing_tests(names)
    if field in CATALOGUES:
        return [name for name in names if name not in CATALOGUES[field]]
    return [name for name in names if not (ROOT / name).is_file()]


def unlisted(number: str, promise: Promise, files: set[str]) -> set[str]:
    """Files that cite a number and are not named under it; helpers of tests need not be."""
    named = {name for field in ("kept by", "judged by") for name in promise.named.get(field, ())}
    named |= {name.partition("::")[0] for name in promise.named["tests"]}
    return {name for name in files - named if "/" in name or name.startswith("test_")}


def test_the_page_has_every_number_and_nothing_else() -> None:
    assert set(PROMISES) == {*NUMBERS, *PROPERTIES}


def test_no_file_cites_a_number_that_the_page_does_not_have() -> None:
    strangers = {number: files for number, files in citing().items() if number not in PROMISES}
    assert strangers == {}


def test_readmes_cite_no_other_numbers() -> None:
    for path in [
        ROOT / "README.md",
        *(each for name in PACKAGES for each in (ROOT / name).rglob("*.md")),
    ]:
        assert cited_in(path) <= set(PROMISES), path


@pytest.mark.parametrize("number", [*sorted(NUMBERS), *PROPERTIES])
def test_everything_that_a_promise_names_is_there(number: str) -> None:
    promise = PROMISES[number]
    assert promise.sentence.endswith((".", ".)")), f"{number} has no sentence"
    assert set(promise.named) <= set(FIELDS), f"{number} has a field that nobody reads"
    assert promise.named["tests"], f"{number} has no test"
    assert promise.named.keys() & {"kept by", "judged by"}, f"{number} is kept by nobody"
    gone = {
        field: names for field, all_ in promise.named.items() if (names := missing(field, all_))
    }
    assert gone == {}, f"promises.md, {number}: not there (any more)"


@pytest.mark.parametrize("number", sorted(NUMBERS))
def test_every_file_that_cites_a_promise_is_named_under_it(number: str) -> None:
    files = citing().get(number, set())
    assert any("/" in name for name in files), f"no module cites {number}"
    assert unlisted(number, PROMISES[number], files) == set(), f"promises.md, {number}"


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_nothing_of_a_catalogue_is_left_out(catalogue: str) -> None:
    """What no promise would miss has no reason to be there."""
    named = {name for each in PROMISES.values() for name in each.named.get(catalogue, ())}
    assert CATALOGUES[catalogue] - named == set()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("storage/committer.py", "storage/committing.py", "kept by"),
        ("::test_store_syncs_before_it_says_durable", "::test_store_syncs", "tests"),
        ("test_recovery_power.py", "test_recovery_might.py", "tests"),
        ("`strace`", "`ptrace`", "sweeps"),
        ("`ctrl-c`", "`ctrl-d`", "scenarios"),
        ("`ack-before-write`", "`ack-before-anything`", "saboteurs"),
    ],
)
def test_a_name_that_is_not_there_would_be_told(old: str, new: str, field: str) -> None:
    renamed = promises_of(PAGE.replace(old, new))["S1"].named[field]
    strange = [name for name in renamed if name not in PROMISES["S1"].named[field]]
    assert strange
    assert set(strange) <= set(missing(field, renamed))


def test_a_file_that_is_not_named_would_be_told() -> None:
    page = promises_of(PAGE.replace("`prometheus_persist/storage/mark.py`", ""))
    gone = {"prometheus_persist/storage/mark.py"}
    assert unlisted("S1", page["S1"], citing()["S1"]) == gone


def test_citations_are_told_from_priorities(tmp_path: Path) -> None:
    text = 'P1 holds (S10, R2)\n"I4", f"R1 {x}"\nItem.SIZE: "P1"\nP2: 6 items\nX1 S1x aS2 P0'
    (tmp_path / "x.py").write_text(text)
    assert cited_in(tmp_path / "x.py") == {"P1", "S10", "R2", "I4", "R1"}


def test_the_readme_counts_the_saboteurs_that_there_are() -> None:
    planted = len(SWEPT) + len(LATE) + len(SHARED) + len(STRUCK) + len(HOSTED) + len(HOST_BOOKS)
    whole = len(SABOTEURS) + len(RECONCILERS) + len(DECIDERS)
    readme = (ROOT / "chaos" / "README.md").read_text("utf-8")
    told = " ".join(readme.split())
    assert f" {whole} saboteurs (" in told
    assert f" {planted} planted mistakes" in told
