"""The rules of the house that no linter knows: one meaning a class name, files of a size."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("chaos", "fakeokx", "prometheus_persist")
LINES_MAX, MEDIAN_MAX = 500, 150

# The exchange has its own idea of what OKX calls by these names, and may not share the library's:
# the two never import each other, so that neither hides a mistake of the other.
OKX_TERMS = {
    "Attached",
    "Execution",
    "Help",  # likewise: one text, held to be the same
    "IllegalTransition",
    "Instrument",
    "LazyGroup",  # of the same text as Help
    "Steps",  # likewise
    "Position",
    "PositionKey",
    "Rescale",
    "Stopped",  # the two commands end alike, and share no code either
}


@cache
def modules() -> dict[Path, str]:
    return {
        path: path.read_text("utf-8")
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }


def test_a_class_name_means_one_thing() -> None:
    """In all three packages; but for OKX's own terms, once in the exchange, once in the library."""
    where = defaultdict(list)
    for path, text in modules().items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(path.relative_to(ROOT).parts[0])
    several = {name: places for name, places in where.items() if len(places) > 1}
    assert several.keys() == OKX_TERMS
    for places in several.values():
        assert sorted(places) == ["fakeokx", "prometheus_persist"]


def test_files_are_named_in_snake_case() -> None:
    for path in modules():
        assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*|__init__|__main__", path.stem), path


def test_files_can_be_read_in_one_sitting() -> None:
    """At most 500 lines each, those of the tests too; half of the packages' 150 at most."""
    lines = {path: text.count("\n") for path, text in modules().items()}
    tests = {path: path.read_text("utf-8").count("\n") for path in (ROOT / "tests").rglob("*.py")}
    assert {path: count for path, count in (lines | tests).items() if count > LINES_MAX} == {}
    assert sorted(lines.values())[len(lines) // 2] <= MEDIAN_MAX


# Cuts of strings that are neither paths, document keys nor lines: each has to have a reason.
CUT_APART = {
    "state/models.py": "a freeze's findings: a store of any schema keeps them as one text",
    "graph/classes.py": "a class by module and name, as a store keeps it",
    "journal/host_files.py": "the same, for a file's name",
    "journal/projection.py": "a readable file's head and what is below it",
    "reconcile/books.py": "an adoption's record: a store has the finding in its fill id alone",
    "reconcile/given.py": "what a human wrote",
    "reconcile/money/residual_money.py": "a stored flow: its ref is all a store has of the gap",
    "report/in_chinese.py": "sentences",
    "report/sections/findings.py": "lists of names, to be said in the reader's language",
    "session/host_views.py": "an execution as it was booked, given to a host",
}
CUTS = {"split", "rsplit", "partition", "rpartition"}
BETWEEN = {"'/'", "'.'", "b'\\n'", "LINE_END"}
CORE = ("state", "graph", "journal", "reconcile", "report", "saving", "recovery", "session")


def cut_apart(text: str) -> list[str]:
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CUTS
        and node.args
        and ast.unparse(node.args[0]) not in BETWEEN
    ]


def test_no_amount_or_id_is_put_into_a_string_and_parsed_back() -> None:
    """What one part of the library tells another has fields."""
    found = {
        str(path.relative_to(ROOT / "prometheus_persist"))
        for path, text in modules().items()
        if path.is_relative_to(ROOT / "prometheus_persist")
        and path.relative_to(ROOT / "prometheus_persist").parts[0] in CORE
        and cut_apart(text)
    }
    assert found == CUT_APART.keys()
    assert cut_apart("finding_id = name.rpartition(':')[2]")
    assert not cut_apart("folder, _, name = path.rpartition('/')")
