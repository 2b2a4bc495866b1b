"""Ctrl+C at random moments in ``prometheus-chaos`` and the demo: one line, and no process left."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from signalkit import CODES, TIMES, Kit, judged, removed
from test_chaos_cli import saved_run

from chaos.cli.app import parser
from chaos.scenarios.online import Stage

IDLES = "import time; time.sleep(60)"
COMMANDS: dict[str, tuple[str, ...]] = {
    "list": ("list",),
    "run": ("run", "sigkill-mid-save", "--quick", "--out", "{WORK}/run"),
    "gate": ("gate", "SAVED"),
    "sweep files": ("sweep", "files"),
    "sweep bits": ("sweep", "bits"),
    "sweep bits --full": ("sweep", "bits", "--full"),
    "detect": ("detect", "stop-fired", "--instances", "400"),
    "detect --jobs": ("detect", "--instances", "40", "--jobs", "2"),
    "ways-out": ("ways-out", "--histories", "400", "--commands", "0"),
    "ways-out --jobs": ("ways-out", "--histories", "400", "--commands", "20", "--jobs", "2"),
    "ways-out commands": ("ways-out", "--histories", "0", "--commands", "20"),
    "outage": ("outage", "--quick"),
    "bot": ("bot", "--out", "{WORK}/bot", sys.executable, "-c", IDLES, "{WORK}"),
}
ENDS = {"list", "gate"}
"""What ends by itself soon; all else is stopped within so many seconds, and so many at a time."""
ENDLESS_S = 1.2
WIDE = 3


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    imports = ("chaos.cli.app", "chaos.demo.story", "chaos.demo.running", "prometheus_persist.cli")
    with Kit(tmp_path_factory.mktemp("forks"), *imports) as running:
        yield running


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A run to judge again."""
    return saved_run(tmp_path_factory.mktemp("saved"))


def test_every_command_is_stopped() -> None:
    """A command that is added without a row is seen here."""
    choices = next(one.choices for one in parser()._actions if one.dest == "command")
    assert {name.partition(" ")[0] for name in COMMANDS} == set(choices or ())


@pytest.mark.parametrize("command", COMMANDS)
def test_twenty_ctrl_c_at_random_moments(command: str, kit: Kit, saved: str) -> None:
    """One line and 130, its own lines of progress apart; its children end with it."""
    words = [saved if word == "SAVED" else word for word in COMMANDS[command]]
    how = {} if command in ENDS else {"endless_s": ENDLESS_S, "wide": WIDE}
    found = kit.stopped(*words, program="chaos.cli", function="console", seed=4, **how)
    assert judged(found, signal.SIGINT, "stopped by Ctrl+C") >= TIMES // 4
    removed(found)


@pytest.mark.parametrize("sig", CODES)
def test_the_demo_ends_in_one_line_and_leaves_no_process(sig: int, kit: Kit) -> None:
    """In the middle of the story: the exchange and the trader end with it."""
    words = ("--dir", "{WORK}/demo", "--json")
    times = TIMES if sig == signal.SIGINT else 6
    how = {"program": "chaos.demo.__main__", "function": "console", "endless_s": 3.0, "wide": WIDE}
    found = kit.stopped(*words, seed=5, times=times, sig=sig, **how)
    assert judged(found, sig, "stopped by") >= times // 4
    for one in found:
        assert json.loads(one["out"])["exit_code"] == one["code"]
    removed(found)


def test_who_looks_at_a_store_hears_no_ctrl_c_of_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a session of its own, and is ended by who began it: it says nothing of its own."""
    told = tmp_path / "told"
    looks = tmp_path / "looks"
    looks.write_text(f"#!/bin/sh\nps -o sid= -p $$ > {told}\n", encoding="utf-8")
    looks.chmod(0o700)
    monkeypatch.setattr("chaos.scenarios.online.sys.executable", str(looks))
    scenario = SimpleNamespace(store=tmp_path, record=tmp_path / "record", saboteur="")
    Stage._look(scenario, "a look", settled=False)  # type: ignore[arg-type]
    assert int(told.read_text()) not in (0, os.getsid(0))
