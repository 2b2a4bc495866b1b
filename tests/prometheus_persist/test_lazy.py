"""What is offered is there when asked for, and what nobody asked for is not imported."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = [
    "prometheus_persist",
    "prometheus_persist.exchange",
    "prometheus_persist.reconcile",
    "prometheus_persist.saving",
    "prometheus_persist.session",
]
NOT_FOR_OPENING = ("ccxt", "jinja2", "lmdb", "rich", "typer", "sqlite3", "prometheus_persist.cli",
                   "prometheus_persist.exchange", "prometheus_persist.report.text")  # fmt: skip
BOOKS = {"prometheus_persist.reconcile", "prometheus_persist.reconcile.books"}  # kept while open
OPENING = """
import sys
from prometheus_persist import Agent, Session
with_agent = Session.open(sys.argv[1])
with_agent.add_agent(Agent(agent_id="a"))
with_agent.close()
again = Session.open(sys.argv[1])
assert list(again.state.agents) == ["a"]
again.close(save=False)
print("\\n".join(sys.modules))
"""

LISTING = """
import atexit, sys
from importlib import import_module
atexit.register(lambda: print("\\n".join(sys.modules), file=sys.stderr))
program, function, sys.argv = sys.argv[1], sys.argv[2], [sys.argv[1], "--help"]
getattr(import_module(program), function)()
"""
NOT_FOR_A_LIST = {"asyncio", "ccxt", "http.client", "orjson", "pydantic", "rich", "ssl",
                  "prometheus_persist.state", "fakeokx.engine", "chaos.runner"}  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_lazy_offers_everything_it_names(package: str) -> None:
    """Every name in ``__all__`` is there, is the same each time, and no other is."""
    found = importlib.import_module(package)
    assert len(set(found.__all__)) == len(found.__all__)
    for name in found.__all__:
        assert getattr(found, name) is getattr(found, name)
    with pytest.raises(AttributeError, match="no_such_name"):
        found.no_such_name  # noqa: B018 asking is the test


def test_lazy_opening_imports_what_opening_needs(tmp_path: Path) -> None:
    """A store that is opened, saved and opened again needs no exchange, terminal or reconciliation.

    Each of them costs a restart tens of milliseconds.
    """
    command = [sys.executable, "-c", OPENING, str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    modules = set(said.stdout.split())
    assert "prometheus_persist.recovery.ladder" in modules
    assert modules.isdisjoint(NOT_FOR_OPENING)
    assert {each for each in modules if each.startswith("prometheus_persist.reconcile")} == BOOKS


@pytest.mark.parametrize(
    ("program", "function", "commands"),
    [
        ("prometheus_persist.cli", "main", "status reconciling restoring orders harnessed"),
        ("fakeokx.cli", "main", "serving ctl"),
        ("chaos.cli", "console", "playing sweeping detecting lasting"),
    ],
)
def test_lazy_the_list_of_commands_imports_none_of_them(
    program: str, function: str, commands: str
) -> None:
    """``--help`` comes at once: it is made of a table, a command is imported when it is called."""
    command = [sys.executable, "-c", LISTING, program, function]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--version" in done.stdout
    modules = set(done.stderr.split())
    assert f"{program}.app" in modules
    assert modules.isdisjoint({f"{program}.{name}" for name in commands.split()})
    assert modules.isdisjoint(NOT_FOR_A_LIST)
