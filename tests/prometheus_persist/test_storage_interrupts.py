"""A signal's handler raises in the middle of a call: locks, and the store beneath a session."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from sessionkit import opened
from storekit import HookFs, StillClock, Struck, open_store, struck

from chaos.faults.bytecodes import at_each_bytecode
from prometheus_persist.errors import BadValue, StoreFailed
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.recovery import restore
from prometheus_persist.session import Settings
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.interrupts import Bell, Latches, edges, of_the_disk
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()
LONG_S = 20.0


def note(number: int) -> Change:
    return Change("note", {f"agents/{number}": {"agent_id": str(number), "n": number}})


def held_by_others(lock: Any) -> bool:
    """Whether another thread would have to wait for it."""
    free = []

    def ask() -> None:
        free.append(lock.acquire(blocking=False))
        if free[0]:
            lock.release()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return not free[0]


# -- the mechanism


@edges
class Room:
    """Two doors, one within the other."""

    def __init__(self) -> None:
        self.latches = Latches()
        self.lock = self.latches.new()

    def leave(self) -> None:
        self.lock.acquire()
        raise Struck

    def leave_within(self) -> None:
        with self.lock:
            try:
                self.leave()
            finally:
                assert held_by_others(self.lock), "the outer call still needs it"

    @property
    def left(self) -> int:
        self.lock.acquire()
        raise Struck


@pytest.mark.parametrize("leave", [Room.leave, Room.leave_within, lambda room: room.left])
def test_interrupted_calls_leave_no_lock_behind(leave: Callable[[Room], object]) -> None:
    """The outermost call gives back what its thread holds, and no other."""
    room, other = Room(), Room()
    other.lock.acquire()
    with pytest.raises(Struck):
        leave(room)
    assert not held_by_others(room.lock)
    assert held_by_others(other.lock)


def test_a_second_signal_while_locks_are_given_back_leaves_none_behind() -> None:
    """Ctrl+C twice: at each bytecode of the giving back."""
    steps = ("_leave", "_is_within", "let_go")
    for nth in itertools.count(1):
        room = Room()
        left = itertools.count(nth - 1, -1)

        def strike(_frame: FrameType, left: Any = left) -> None:
            if next(left) == 0:
                raise KeyboardInterrupt

        with pytest.raises((Struck, KeyboardInterrupt)) as raised:
            at_each_bytecode(room.leave, strike, lambda frame: frame.f_code.co_name in steps)
        assert not held_by_others(room.lock), f"bytecode {nth}"
        if raised.type is Struck:
            break
    assert nth > 40


def test_a_bell_that_rang_before_is_heard_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    assert bell.wait(LONG_S)
    assert not bell.wait(0.001)


def test_an_alarm_is_not_the_disks_error() -> None:
    assert of_the_disk(OSError(5, "input/output error"))
    assert not of_the_disk(TimeoutError("a handler's"))
    assert not of_the_disk(KeyboardInterrupt())


# -- the store


@pytest.mark.parametrize("kind", [KeyboardInterrupt, TimeoutError, SystemExit, ValueError])
@pytest.mark.parametrize("place", ["fence", "observer", "apply"])
def test_a_commit_that_is_interrupted_halfway_shuts_the_store(
    kind: type[BaseException], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S7: every later call says why; what is on the disk is whole, and nothing that was lost was
    acknowledged."""
    armed = [False]

    def strike(*_: object) -> None:
        if armed[0]:
            armed[0] = False
            raise kind("a signal")

    class Watch:
        begin = durable = strike

    inner = MemoryFs()
    store = open_store(
        inner,
        CLOCK,
        observer=Watch() if place == "observer" else None,  # type: ignore[arg-type]
    )
    store.commit(note(1))
    if place == "fence":
        monkeypatch.setattr(store._committer, "_fence", strike)
    if place == "apply":
        honest = Image.apply
        monkeypatch.setattr(Image, "apply", lambda image, *args: (strike(), honest(image, *args)))
    armed[0] = True
    with pytest.raises(kind):
        store.commit(note(2))
    for call in (store.flush, store.checkpoint, lambda: store.commit(note(3)), store.refuse_fenced):
        with pytest.raises(StoreFailed, match=r"interrupted halfway; open the store anew.*signal"):
            call()
    store.close()
    begun = place == "apply"  # the disk had begun with it, and nobody was told that it is there
    due = {"agents/1", "agents/2"} if begun else {"agents/1"}
    assert set(restore(inner, clock=CLOCK).documents) == due


def test_what_a_call_answers_shuts_nothing() -> None:
    """An error of this library is no interruption."""
    store = open_store(MemoryFs(), CLOCK)

    def refuse() -> None:
        raise BadValue("no")

    with pytest.raises(BadValue):
        store.whole(refuse)
    store.commit(note(1))
    store.close()


def test_whoever_waits_for_a_group_that_was_interrupted_is_told() -> None:
    store = open_store(MemoryFs(), CLOCK, options=StoreOptions(mirror="off"))
    ticket, other = store.enqueue(note(1)), store.enqueue(note(2))
    store._committer._fence = struck
    with pytest.raises(Struck):
        ticket.wait()
    for each in (ticket, other):
        with pytest.raises(StoreFailed, match="interrupted"):
            each.wait()


def test_a_checkpoint_that_was_interrupted_is_made_up_for(tmp_path: Path) -> None:
    """A readable file that was replaced, and not noted, is not taken for what it was before."""
    armed = [False]

    def strike(operation: str, path: str, _data: bytes) -> None:
        if armed[0] and operation == "fsync_dir":
            raise Struck

    inline = Settings(background=False)
    session = opened(tmp_path, fs=HookFs(LocalFs(tmp_path), strike), settings=inline)
    session.save("first")
    session.checkpoint()
    path, before = tmp_path / "incremental/supervisor_state.json", 0
    for number in (7, before):
        session.state.supervisor.system_cycle_count = number
        session.save("x")
        armed[0] = number == 7
        if armed[0]:
            with pytest.raises(Struck):
                session.checkpoint()
            assert json.loads(path.read_text())["data"]["system_cycle_count"] == 7
        else:
            session.checkpoint()
    assert json.loads(path.read_text())["data"]["system_cycle_count"] == before
    session.close()
