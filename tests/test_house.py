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
