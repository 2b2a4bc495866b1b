"""The tree of errors: whose turn it is, which exit code, and what to do next."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import prometheus_persist
from prometheus_persist import errors
from prometheus_persist.errors import (
    CallerError,
    DiskError,
    InternalError,
    PersistError,
    PlanStale,
    StoreDamaged,
    VenueError,
    VenueRefused,
)

FORKS = {"apart.py"}  # a fork ends without what is due at the end of its parent
EXIT_CODES = {
    "BadValue": 2,
    "BadConfig": 2,
    "NoStore": 2,
    "MirrorOfAnother": 2,
    "ForkedChild": 2,
    "IllegalTransition": 2,
    "PlanStale": 3,
    "BooksMoved": 3,
    "Frozen": 3,
    "VenueUnreachable": 5,
    "VenueRefused": 5,
    "StoreDamaged": 4,
    "StoreFailed": 7,
    "StoreNewer": 4,
    "StoreLocked": 6,
    "InternalError": 1,
}


def below(kind: type[PersistError]) -> Iterator[type[PersistError]]:
    """Its kinds; what a module raises for itself alone (``_Withheld``) is no part of the tree."""
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from below(child)


LEAVES = [one for one in below(PersistError) if not any(below(one)) or one is PlanStale]


def test_errors_the_tree_is_the_one_that_is_drawn() -> None:
    """Every leaf is in the table and in the drawing, and there are no others; ``PlanStale`` is one
    that has a kind of its own below it."""
    assert {kind.__name__ for kind in LEAVES} == set(EXIT_CODES)
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in below(PersistError))
    assert set(PersistError.__subclasses__()) == {
        CallerError,
        VenueError,
        DiskError,
        InternalError,
    }


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_errors_every_leaf_says_what_to_do_next(kind: type[PersistError]) -> None:
    """An exit code, a next step, a detail that is kept, and a docstring."""
    problem = kind("the detail")
    assert problem.exit_code == EXIT_CODES[kind.__name__]
    assert problem.next_step.startswith("next.")
    assert problem.detail == str(problem) == "the detail"
    assert kind.__doc__


def test_errors_damage_names_its_place() -> None:
    """File and offset stand in the text and as values."""
    problem = StoreDamaged("torn", file="a/b", offset=7)
    assert (str(problem), problem.file, problem.offset) == ("a/b at byte 7: torn", "a/b", 7)
    assert str(StoreDamaged("torn", file="a/b")) == "a/b: torn"
    assert VenueRefused("no", "51008").code == "51008"


def test_errors_only_leaves_are_raised() -> None:
    """No module raises the root or a branch, and none but the command line exits the process."""
    branches = {"PersistError", "CallerError", "VenueError", "DiskError"}
    root = Path(prometheus_persist.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = node.exc.func.id if isinstance(node.exc.func, ast.Name) else ""
                assert name not in branches, f"{path}:{node.lineno}"
            if isinstance(node, ast.Attribute) and "cli" not in path.parts:
                text = ast.unparse(node)
                ends = text in ("sys.exit", "os._exit")
                assert not ends or path.name in FORKS, f"{path}:{node.lineno}"
