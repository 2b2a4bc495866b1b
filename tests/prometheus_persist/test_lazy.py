"""What is offered is there when asked for, and what nobody asked for is not imported."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

import chaos.cli.app as chaos
import fakeokx.cli.app as fakeokx
import prometheus_persist.cli.app as persist
from prometheus_persist.session import Session

PACKAGES = [
    "prometheus_persist",
    "prometheus_persist.exchange",
    "prometheus_persist.reconcile",
    "prometheus_persist.recovery",
    "prometheus_persist.saving",
    "prometheus_persist.session",
    "prometheus_persist.state",
]
NOT_FOR_OPENING = {
    "ccxt", "difflib", "html", "jinja2", "lmdb", "rich", "typer", "sqlite3",
    *(f"prometheus_persist.{name}" for name in (
        "cli", "exchange", "graph", "report", "words", "recovery.in_short", "recovery.verifying",
        "session.report", "state.store_facts", "state.system_facts",
    )),
}  # fmt: skip
BOOKS = {"prometheus_persist.reconcile"} | {
    f"prometheus_persist.reconcile.{name}" for name in ("books", "tally")
}  # kept while open
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

HELPING = """
import json, os, sys
from importlib import import_module
program, function, lines = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
said = {}
sys.stdout = sys.stderr = open(os.devnull, "w")
for line in lines:
    had, sys.argv = set(sys.modules), [program, *line.split()]
    try:
        getattr(import_module(program), function)()
    except SystemExit as ended:
        code = ended.code
    said[line] = code, sorted(set(sys.modules) - had)
print(json.dumps(said), file=sys.__stdout__)
"""
NOT_FOR_A_HELP = {"asyncio", "ccxt", "http.client", "orjson", "pydantic", "rich", "ssl",
                  "prometheus_persist.recovery", "prometheus_persist.session", "fakeokx.process",
                  "prometheus_persist.state", "fakeokx.engine.model", "fakeokx.runtime.exchange",
                  "chaos.runner", "chaos.sweeps.tally"}  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_lazy_offers_everything_it_names(package: str) -> None:
    """Every name in ``__all__`` is there, is the same each time, and no other is."""
    found = importlib.import_module(package)
    assert len(set(found.__all__)) == len(found.__all__)
    for name in found.__all__:
        assert getattr(found, name) is getattr(found, name)
        assert find_spec(f"{package}.{name}") is None, f"once imported, {name} is the module"
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
    assert modules & NOT_FOR_OPENING == set()
    assert {each for each in modules if each.startswith("prometheus_persist.reconcile")} == BOOKS


def _commands(found: Any, path: str = "") -> Iterator[str]:
    """A program's commands, and those of its groups."""
    for name, one in getattr(found, "commands", {}).items():
        yield f"{path} {name}".strip()
        yield from _commands(one, f"{path} {name}")


PROGRAMS = {
    "prometheus_persist.cli": ("main", list(_commands(typer.main.get_command(persist.app)))),
    "fakeokx.cli": ("main", list(_commands(typer.main.get_command(fakeokx.app)))),
    "chaos.cli": ("console", list(chaos.COMMANDS)),
}
PASSED_ON = {"demo", "wrap"}  # its words go to another program, of demo the help as well


@pytest.mark.parametrize("program", PROGRAMS)
def test_lazy_a_help_imports_nothing_that_works(program: str) -> None:
    """``--help`` comes at once, of the list and of each command, and so do the version and an error
    of usage: what a command does is imported when it is called, and no validator for words that
    nobody wrote.
    """
    function, commands = PROGRAMS[program]
    helps = ["--help", *(f"{each} --help" for each in commands if each != "demo")]
    wrong = ["no-such", *(f"{each} --no-such" for each in commands if each not in PASSED_ON)]
    lines = [*helps, "--version", f"{commands[1]} --help --lang zh", *wrong]
    command = [sys.executable, "-c", HELPING, program, function, json.dumps(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [line for line in lines if said[line][0] != (2 if line in wrong else 0)] == []
    imported = {line: NOT_FOR_A_HELP.intersection(modules) for line, (_, modules) in said.items()}
    assert {line: modules for line, modules in imported.items() if modules} == {}
    assert f"{program}.app" in said["--help"][1]


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("prometheus_persist.cli", "status --dir {}"),
        ("prometheus_persist.cli", "snapshots --dir {} --json"),
        ("prometheus_persist.cli", "tail --once --dir {}"),
        ("fakeokx.cli", "coverage"),
    ],
)
def test_lazy_a_command_that_makes_no_model_imports_no_validator(
    program: str, line: str, tmp_path: Path
) -> None:
    """Not for the words behind it, either."""
    Session.open(tmp_path).close()
    line = line.format(tmp_path)
    command = [sys.executable, "-c", HELPING, program, "main", json.dumps([line])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code, modules = json.loads(done.stdout)[line]
    assert (code, {"pydantic", "prometheus_persist.state.models"} & set(modules)) == (0, set())
