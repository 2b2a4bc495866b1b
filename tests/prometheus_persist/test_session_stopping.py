"""A session is left in one line: by a signal with all saved, by an accident as by a crash."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from sessionkit import Venue, opened
from storekit import StillClock

from prometheus_persist.errors import BadConfig, PersistError
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}


def saved(root: Path) -> Any:
    return restore(LocalFs(root)).documents["agents/A"]["trade_count"]


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


def newborn(root: Path, **more: Any) -> Session:
    session = opened(root, **more)
    session.add_agent(Agent(agent_id="A"))
    return session


PLACES = {
    "a cycle": lambda session: session.on_cycle(1),
    "a pause": lambda session: session.pause(3600),
    "a recovery": lambda session: session.recover(None),
    "the block's end": lambda session: None,
}


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: signal.Signals(number).name)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("block", [True, False])
def test_a_signal_takes_effect_where_no_step_is_half_done(
    place: str, number: signal.Signals, block: bool, tmp_path: Path, capfd: Any
) -> None:
    """The step it came in is finished; then all is saved, one line said, the store given back, and
    the code is the signal's: with a ``with`` block and without."""
    before = handlers()
    session = newborn(tmp_path, signals=True)

    def step() -> None:
        os.kill(os.getpid(), number)
        session.state.agents["A"].trade_count = 7  # the step goes on
        PLACES[place](session)

    def in_a_block() -> None:
        with session:
            step()

    with pytest.raises(SystemExit) as ended:
        in_a_block() if block or place == "the block's end" else step()
    assert ended.value.code == SIGNALS[number]
    name = signal.Signals(number).name
    assert (
        capfd.readouterr().err == f"stopped by {name}; everything is saved (commit {session.seq})\n"
    )
    assert (saved(tmp_path), handlers()) == (7, before)
    opened(tmp_path).close()


def test_a_second_signal_is_the_systems(tmp_path: Path) -> None:
    """It ends the process at once; what was acknowledged is there, the rest is not."""
    session = newborn(tmp_path, signals=True)
    session.state.agents["A"].trade_count = 1
    session.save("acknowledged")
    child = os.fork()
    if not child:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGINT
    session.close()
    assert saved(tmp_path) == 1


@pytest.mark.parametrize("accident", [ValueError, KeyboardInterrupt])
def test_a_block_left_by_an_accident_saves_no_half_step(
    accident: type[BaseException], tmp_path: Path
) -> None:
    """What was acknowledged is there, what the step was in the middle of is not; the store is given
    back, and the exception goes on."""

    def block() -> None:
        with newborn(tmp_path) as session:
            session.state.agents["A"].trade_count = 1
            session.save("acknowledged")
            session.state.agents["A"].trade_count = 2
            raise accident

    with pytest.raises(accident):
        block()
    assert saved(tmp_path) == 1
    opened(tmp_path).close()


def test_a_block_left_on_purpose_saves(tmp_path: Path) -> None:
    """At its end, by SystemExit, or closed within: everything is there, once."""
    with newborn(tmp_path) as session:
        session.state.agents["A"].trade_count = 1

    def block() -> None:
        with opened(tmp_path) as session:
            session.state.agents["A"].trade_count = 2
            raise SystemExit("human")

    with pytest.raises(SystemExit) as ended:
        block()
    assert (ended.value.code, saved(tmp_path)) == ("human", 2)
    with opened(tmp_path) as session:
        session.state.agents["A"].trade_count = 3
        session.close()
    assert saved(tmp_path) == 3


def test_signals_are_for_the_main_thread_and_only_where_asked_for(tmp_path: Path) -> None:
    """Another thread is told so and leaves no lock; without ``signals`` nothing is touched; an
    opening that failed puts the handlers back."""
    before, said = handlers(), []

    def elsewhere() -> None:
        try:
            opened(tmp_path, signals=True)
        except PersistError as problem:
            said.append(problem)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert isinstance(said[0], BadConfig)
    assert "main thread" in said[0].detail
    with opened(tmp_path) as session:
        assert handlers() == before
        with pytest.raises(PersistError):
            opened(tmp_path, signals=True)
        assert handlers() == before
        session.recover(Venue())


def test_a_pause_is_as_long_as_it_says(tmp_path: Path) -> None:
    """By the session's own clock."""
    clock = StillClock(step_ms=1)
    with opened(tmp_path, clock) as session:
        session.pause(2.5)
    assert sum(clock.slept) == pytest.approx(2.5)
