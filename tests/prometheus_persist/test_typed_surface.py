"""What a user's type checker sees of the packages: his program passes, his mistakes do not."""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from languagekit import ROOT

from prometheus_persist.saving.gate import IntentGate, OrderTerms

PROGRAM = """
from decimal import Decimal

import fakeokx
from prometheus_persist import (
    Agent, OkxReader, RecoveryReport, Session, Settings, contracts, report_to_log,
)
from prometheus_persist.errors import Frozen, PersistError


def run(reader: OkxReader) -> bool:
    with Session.open("store", settings=Settings(snapshots_kept=5)) as session:
        session.on_report = report_to_log()
        report: RecoveryReport = session.recover(reader)
        capital: Decimal = session.state.agents["A"].current_capital
        session.add_agent(Agent(agent_id="B", current_capital=capital))
        try:
            with session.order_intent("A", "BTC-USDT-SWAP", "buy", contracts("1")) as intent:
                intent.ack({"info": {}})
            session.settle(reader, intent.cl_ord_id)
        except Frozen as problem:
            print(problem.command, problem.exit_code)
        except PersistError as problem:
            print(problem.detail)
        held: dict[str, list[Decimal]] = {
            name: [position.qty_contracts.value for position in book.positions]
            for name, book in session.state.private_ledgers.items()
        }
        session.on_cycle(len(held), reader)
        session.pause(1.5)
        return session.may_trade and report.decision == "go"


def at_home() -> str:
    with fakeokx.launch("venue") as venue:
        return venue.url
"""
MISTAKES = """
from prometheus_persist import Session, Settings, contracts


def run(session: Session) -> None:
    session.order_intent("A", "BTC-USDT-SWAP", "buy", 1.5)  # not contracts
    session.order_intent("A", "BTC-USDT-SWAP", "bye", contracts("1"))  # no side
    Settings(snapshots_kept="three")  # no number
    session.recover(None).dicision  # no such name
    session.pause()  # how long
"""
LINES = [i for i, line in enumerate(MISTAKES.splitlines(), 1) if line.startswith("    ")]


def checked(checker: str, program: str, folder: Path) -> tuple[str, set[int]]:
    """What a checker says of a program, and the lines where it sees an error."""
    (folder / "bot.py").write_text(program, encoding="utf-8")
    if checker == "mypy":
        command = ["mypy", "--strict", "--config-file", "", "bot.py"]
    else:
        if importlib.util.find_spec("pyright") is None or shutil.which("node") is None:
            pytest.skip("pyright runs on node, and one of the two is not here")
        (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}))
        command = ["pyright", "--pythonpath", sys.executable, "--outputjson", "bot.py"]
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, timeout=280,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
    )  # fmt: skip
    if checker == "mypy":
        told = [line.split(":") for line in done.stdout.splitlines() if ": error:" in line]
        assert done.returncode in (0, 1), done.stderr
        return done.stdout, {int(line[1]) for line in told}
    if not done.stdout.startswith("{"):
        pytest.skip(f"pyright cannot be had here: {(done.stderr or done.stdout)[-300:]}")
    found = json.loads(done.stdout)["generalDiagnostics"]
    errors = [each for each in found if each["severity"] == "error"]
    return done.stdout, {each["range"]["start"]["line"] + 1 for each in errors}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_users_program_passes_in_strict_mode(checker: str, tmp_path: Path) -> None:
    """Against what is installed: nothing of it is unknown, nothing untyped."""
    said, wrong = checked(checker, PROGRAM, tmp_path)
    assert wrong == set(), said


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_users_mistakes_are_seen(checker: str, tmp_path: Path) -> None:
    """Each in its line: a surface of ``Any`` would pass everything."""
    said, wrong = checked(checker, MISTAKES, tmp_path)
    assert wrong == set(LINES), said


def test_what_a_session_passes_on_is_what_the_gate_takes() -> None:
    """By name and by type: the terms are written down twice."""
    gate = get_type_hints(IntentGate.order_intent)
    named = inspect.signature(IntentGate.order_intent).parameters.values()
    due = {one.name: gate[one.name] for one in named if one.kind is one.KEYWORD_ONLY}
    assert get_type_hints(OrderTerms) == due


def test_every_package_says_that_it_is_typed() -> None:
    assert all((ROOT / name / "py.typed").is_file() for name in ("prometheus_persist", "fakeokx"))
