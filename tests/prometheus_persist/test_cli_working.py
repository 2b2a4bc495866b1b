"""The line that says how far a command is: for who sits at a terminal, and nobody else."""

from __future__ import annotations

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ptykit import AT_ONCE, HIDES_CURSOR, at_terminal, python

from prometheus_persist import terminal
from prometheus_persist.cli.working import Working
from prometheus_persist.clock import SystemClock
from prometheus_persist.recovery import restore
from prometheus_persist.recovery.repair import repair
from prometheus_persist.recovery.verifying import stored_images, verify
from prometheus_persist.session import Session
from prometheus_persist.session.settings_sources import visited
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.heard import heard, hearing
from prometheus_persist.terminal import WorkLine

READS = ("reading", "读取")
WRITES = ("writing", "写入")
LOOKING = (["verify"], ["repair", "--dry-run"], ["snapshots"], ["restore", "--dry-run"], ["status"])
MAKING = (["save"], ["restore"], ["restore", "--into", "NEW"], ["freeze", "--all", "--reason", "r"])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two agents, and a snapshot after each of two cycles."""
    root = tmp_path / "persistence"
    with Session.open(root) as session:
        for name in ("A_1", "A_2"):
            session.add_agent(Agent(agent_id=name, current_capital=Decimal("12.5")))
        for cycle in (1, 2):
            session.state.supervisor.system_cycle_count = cycle
            session.save("cycle")
            session.snapshot()
    return root


def words(command: list[str], store: Path, *more: str) -> list[str]:
    into = str(store.with_name("new"))
    return [into if word == "NEW" else word for word in command] + ["--dir", str(store), *more]


@pytest.mark.parametrize(
    ("command", "lang"), [(LOOKING[0], 1), *((each, 0) for each in (*LOOKING, *MAKING))]
)
def test_who_waits_at_a_terminal_sees_what_is_worked_at(
    command: list[str], lang: int, store: Path
) -> None:
    """In his language; it is gone when the command has ended, and the cursor was never hidden."""
    shown = at_terminal("prometheus-persist", *words(command, store, "--lang", ("en", "zh")[lang]))
    assert READS[lang] in shown.terminal
    assert READS[1 - lang] not in shown.terminal
    assert any(f"{name}/" in shown.terminal for name in ("incremental", "snapshots", "mirror"))
    if command in MAKING:
        assert WRITES[lang] in shown.terminal
    assert shown.stays == []
    assert HIDES_CURSOR not in shown.terminal
    assert (shown.code, bool(shown.stdout)) == (0, True)


def test_an_error_stands_in_the_place_of_the_line(store: Path) -> None:
    for segment in [*store.rglob("*.wal"), *store.rglob("*.zip")]:
        segment.write_bytes(b"\0" * 64)
    shown = at_terminal("prometheus-persist", *words(["verify"], store, "--lang", "en"))
    assert "reading" in shown.terminal
    assert [line.split(":")[0] for line in shown.stays[:2]] == ["error", "next"]
    assert shown.code == 4


@pytest.mark.parametrize("command", [["verify"], ["save"]], ids=" ".join)
def test_with_json_there_is_none(command: list[str], store: Path) -> None:
    shown = at_terminal("prometheus-persist", *words(command, store, "--json"))
    assert "reading" not in shown.terminal
    assert "\x1b" not in shown.terminal
    assert json.loads(shown.stdout)


def test_without_a_terminal_there_is_none_even_where_colour_is_forced(store: Path) -> None:
    """A pipe that is told to take colours, and a terminal that cannot go back in a line."""
    command = python("prometheus-persist", words(["verify"], store))
    piped = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "FORCE_COLOR": "1"}, check=True
    )
    dumb = at_terminal("prometheus-persist", *words(["verify"], store), env={"TERM": "dumb"})
    assert (piped.stderr, dumb.terminal) == ("", "")


def test_what_is_quick_shows_nothing(store: Path) -> None:
    """By its own measure, which nothing here reaches: an hour."""
    slow = "import prometheus_persist.terminal as t; t.AFTER_S = 3600.0; "
    shown = at_terminal("prometheus-persist", *words(["verify"], store), first=slow)
    assert shown.terminal == ""


@pytest.mark.parametrize("command", [["tail", "--once"], ["status", "--watch", "--every", "99"]])
def test_who_only_waits_for_others_shows_none(command: list[str], store: Path) -> None:
    """Following and watching read again and again: that is no work to wait for."""
    stop = (
        "import prometheus_persist.clock as c, os, signal; "
        "c.SystemClock.sleep = lambda *_: os.kill(os.getpid(), signal.SIGINT); "
    )
    shown = at_terminal(
        "prometheus-persist", *words(command, store, "--lang", "en"),
        first=AT_ONCE + stop,
    )  # fmt: skip
    assert "reading" not in shown.terminal


def test_questions_to_the_exchange_are_counted() -> None:
    """Which, and the how-manieth."""
    line = Line()
    working = Working(line, lambda name: name.rpartition(".")[2])
    for endpoint in ("public/time", "account/positions"):
        working.hear("asks", endpoint, 0)
    assert line.said == [("asks", "public/time (1)", None), ("asks", "account/positions (2)", None)]


def test_the_readers_of_the_commands_tell_of_each_question(monkeypatch: Any) -> None:
    from prometheus_persist.cli import venue
    from prometheus_persist.exchange.okx.query import ReadOnlyClient

    asked = []
    monkeypatch.setattr(ReadOnlyClient, "get", lambda *words: asked.append(words[1]) or [])
    keys = dict.fromkeys(venue.KEY_NAMES, "k")
    told: list[tuple[str, str]] = []
    with hearing(lambda work, what, _size: told.append((work, what))):
        venue.venue_positions("http://127.0.0.1:1", sandbox=True, environ=keys)
        reader = venue.venue_reader("http://127.0.0.1:1", sandbox=True, environ=keys)
        reader.whose()
    assert [("asks", name) for name in asked] == told
    assert told[0] == ("asks", "account/positions")
    assert len(told) > 1


class Line(WorkLine):
    """Somebody who sees it, and writes it down."""

    def __init__(self) -> None:
        super().__init__(wanted=False)
        self.said: list[tuple[str, str, float | None]] = []

    def __bool__(self) -> bool:
        return True

    def says(self, what: str, note: str = "", done: float | None = None) -> None:
        self.said.append((what, note, done))


@pytest.mark.parametrize("command", ["verify", "repair", "snapshots"])
def test_the_bar_of_what_reads_everything_grows_to_its_end(command: str, store: Path) -> None:
    """Never back, never beyond; the last files that are begun are nearly all there is."""
    line = Line()
    working = Working(line, str)
    with hearing(working.hear):
        fs = visited(store)
        if command == "verify":
            working.expect(fs)
            verify(fs)
        elif command == "repair":
            working.expect(fs)
            repair(fs, SystemClock(), dry_run=True)
        else:
            from prometheus_persist.cli.working import BASES

            working.expect(fs, only=BASES)
            stored_images(fs)
    read = [part for work, _, part in line.said if work == "cli.work.reads"]
    done = [part for part in read if part is not None]
    assert done == sorted(done)
    assert done[0] == 0.0
    assert 0.4 < done[-1] <= 1.0
    again = len(read) - len(done)  # what is read once more, after all that was expected
    assert read == [*done, *[None] * again]
    assert again < len(done)


def test_which_commit_is_replayed_is_told(tmp_path: Path) -> None:
    """Reading is the shorter part: the first of them, and then some."""
    with Session.open(tmp_path) as session:
        session.add_agent(Agent(agent_id="A_1"))
        for count in range(1, 200):
            session.state.agents["A_1"].trade_count = count
            session.on_trade("A_1")
    line = Line()
    with hearing(Working(line, str).hear):
        restore(visited(tmp_path))
    told = [note for work, note, _ in line.said if work == "cli.work.replays"]
    assert told[0] == "1"
    assert 3 <= len(told) <= 6


def test_nothing_is_wrapped_where_nobody_listens(store: Path) -> None:
    fs = LocalFs(store)
    assert heard(fs) is fs
    with hearing(lambda *_: None):
        assert heard(fs) is not fs
        assert restore(heard(fs)).seq == restore(fs).seq


def test_only_the_thread_that_works_is_heard() -> None:
    """Neither another thread nor a process that was forked off draws anything."""
    told = (
        "import os, sys, threading\n"
        "from prometheus_persist import terminal\n"
        "terminal.AFTER_S = 0.0\n"
        "line = terminal.WorkLine()\n"
        "other = threading.Thread(target=line.says, args=('thread',))\n"
        "other.start(); other.join()\n"
        "pid = os.fork()\n"
        "if not pid:\n"
        "    line.says('child'); line.close(); os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "line.says('mine'); line.hide(); print(line._live is None); line.close()\n"
        "line.says('late')\n"
    )
    shown = at_terminal("prometheus-persist", first=f"exec({told!r}); sys.exit(0); ")
    assert "mine" in shown.terminal
    assert not {"thread", "child", "late"} & set(shown.terminal.split())
    assert (shown.stdout, shown.stays, shown.code) == ("True\n", [], 0)


def test_the_thread_that_draws_takes_no_signal(monkeypatch: Any) -> None:
    """What is started while it is made has every signal blocked."""
    import signal

    blocked: list[set[int]] = []

    def start() -> None:
        blocked.append({int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, [])})

    terminal._without_signals(start)
    assert {signal.SIGINT, signal.SIGTERM} <= blocked[0]
    assert not {signal.SIGINT, signal.SIGTERM} & signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_ctrl_c_takes_the_line_away(store: Path) -> None:
    """And says its one line instead."""
    stop = (
        "import prometheus_persist.recovery.ladder as l, os, signal; before = l.segment_copies; "
        "l.segment_copies = lambda fs: (os.kill(os.getpid(), signal.SIGINT), before(fs))[1]; "
    )
    shown = at_terminal(
        "prometheus-persist", *words(["verify"], store, "--lang", "en"),
        first=AT_ONCE + stop,
    )  # fmt: skip
    assert "reading" in shown.terminal
    assert [line.partition(":")[0] for line in shown.stays] == ["prometheus-persist"]
    assert shown.code == 130
