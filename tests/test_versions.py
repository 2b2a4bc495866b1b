"""The three programs say which version they are, and help under ``-h`` as under ``--help``."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

PROGRAMS = {
    "prometheus-persist": "prometheus_persist.cli",
    "fakeokx": "fakeokx.cli",
    "prometheus-chaos": "chaos.cli",
}


def said(module: str, *words: str) -> str:
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_says_its_version_and_leaves(program: str) -> None:
    assert said(PROGRAMS[program], "--version") == f"{program} {version('prometheus-persist')}\n"


@pytest.mark.parametrize(
    "words",
    [
        *([name] for name in PROGRAMS),
        ["prometheus-persist", "restore"],
        ["prometheus-persist", "orders", "settle"],
        ["prometheus-persist", "demo"],
        ["fakeokx", "serve"],
        ["fakeokx", "ctl", "price"],
        ["prometheus-chaos", "sweep"],
    ],
    ids=" ".join,
)
def test_help_is_the_same_by_its_short_name(words: list[str]) -> None:
    program, *command = words
    told = said(PROGRAMS[program], *command, "-h")
    assert "sage: " in told
    assert told == said(PROGRAMS[program], *command, "--help")


def test_every_dependency_has_a_lowest_version_for_ci_to_run_with() -> None:
    root = Path(__file__).parent.parent
    command = [sys.executable, ".ci/lowest.py"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout
    lines = told.splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w-]+==[\d.]+(; .*)?", line)] == []
    assert {"pydantic", "ccxt", "starlette", "pytest"} <= {
        line.partition("==")[0] for line in lines
    }
