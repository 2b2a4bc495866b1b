"""The house: sizes, pure folders, light imports, names that are found."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import prometheus_persist

LIBRARY = Path(prometheus_persist.__file__).parent
TESTS = Path(__file__).parent.parent
MODULES = sorted(LIBRARY.rglob("*.py"))
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
PURE = ("state", "journal", "reconcile", "report")
HEAVY = ("ccxt", "starlette", "uvicorn", "httptools", "pytest", "hypothesis", "jinja2", "psutil")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_architecture_modules_can_be_read_in_one_sitting() -> None:
    """No module is longer than its bound, and each opens with its specification."""
    assert len(MODULES) > 40
    for path in MODULES:
        text = path.read_text("utf-8")
        assert text.count("\n") <= MODULE_LINES_MAX, path
        assert ast.get_docstring(tree_of(path)), path


def test_architecture_functions_fit_on_a_screen() -> None:
    """No function is longer than its bound."""
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= FUNCTION_LINES_MAX, f"{path}:{node.lineno} {node.name}"


@pytest.mark.parametrize("folder", PURE)
def test_architecture_pure_folders_say_so_and_open_nothing(folder: str) -> None:
    """The first word of a pure package is Pure; nothing in it opens, prints or asks."""
    doc = ast.get_docstring(tree_of(LIBRARY / folder / "__init__.py")) or ""
    assert doc.startswith("Pure.")
    for path in sorted((LIBRARY / folder).rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                assert name not in ("open", "print", "input", "exec", "eval"), (
                    f"{path}:{node.lineno}"
                )


def test_architecture_test_files_have_names_of_their_own() -> None:
    """A test's file is found by its name; no folder of tests is a package."""
    names = Counter(path.name for path in TESTS.rglob("*.py") if path.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []
    assert not list(TESTS.rglob("__init__.py"))


@pytest.mark.parametrize("module", ["session", "recovery", "saving", "storage.store", "state"])
def test_architecture_a_restart_imports_nothing_heavy(module: str) -> None:
    """Coming back after a crash does not wait for an exchange client or a web server."""
    code = f"import sys, prometheus_persist.{module}; print(*sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(LIBRARY.parent)}
    said = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in said.stdout.split()}
    assert "prometheus_persist" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_architecture_assertions_stay_on() -> None:
    """Half of every pair of checks is an assertion: this suite must not run without them."""
    with pytest.raises(AssertionError):
        assert not LIBRARY
