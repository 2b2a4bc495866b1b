"""What judges must not share code with what is judged, and every module keeps its size."""

import ast
from pathlib import Path

import pytest

import chaos

ROOT = Path(chaos.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
LINES_HARD_MAX = 600
FUNCTION_LINES_MAX = 70


def imported(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize(
    "path",
    [path for name in ("oracle", "invariants") for path in sorted((ROOT / name).glob("*.py"))]
    + [ROOT / f"{name}.py" for name in ("judge", "criteria", "record", "digest", "verdict")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_judges_import_nothing_of_the_library(path):
    assert not [name for name in imported(path) if name.startswith("prometheus_persist")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_readable(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module's header is its specification"
    assert len(text.splitlines()) <= LINES_HARD_MAX
    long = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES_MAX
    ]
    assert not long
