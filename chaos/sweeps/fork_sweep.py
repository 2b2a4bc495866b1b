"""I13: a process forked off its parent's session owns nothing of it: the sweep ``fork``.

A parent opens a store and forks a child at a ``MOMENT``: nobody does anything; its writer thread is
busy; another thread holds every lock there is. The child does one ``DEED`` with the session that it
inherited. Then the parent saves on and closes; or it is killed while the child lives on.

What must hold
- the child comes to its end: no deed hangs;
- nothing is acknowledged to it, and it is told whose session it is; ``close`` does nothing;
- the store stays locked while the parent lives, and is free once it is gone, whoever lives on;
- the disk holds what the parent was told, nothing of the child's, and nothing is damaged.

Every process is real; parents are forked off as well, so that nothing is left of them.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NoReturn

from chaos.sweeps.lock_races import SETTINGS
from chaos.sweeps.reference_workload import Yard, yard
from chaos.sweeps.tally import Tally
from chaos.workers import end_with
from prometheus_persist.errors import ForkedChild, PersistError, StoreLocked
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent, contracts
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.interrupts import Turn

AGENT = "A"
CHILDS = 666
SAVES = 5
SECONDS_MAX = 20
RETRY_S = 0.001
_FORKING = multiprocessing.get_context("fork")


@contextlib.contextmanager
def idle(_session: Session) -> Iterator[None]:
    """Nobody does anything."""
    yield


@contextlib.contextmanager
def writing(session: Session) -> Iterator[None]:
    """The writer thread has work."""
    _count(session, 1)
    session.save_soon("fork")
    yield


@contextlib.contextmanager
def held(session: Session) -> Iterator[None]:
    """Another thread is in the middle of everything."""
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with all_of(session._store.latches._locks):
            inside.set()
            done.wait()

    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    inside.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextlib.contextmanager
def all_of(locks: Sequence[threading.RLock | Turn]) -> Iterator[None]:
    """Hold every lock; waiting for one holds none, since the session's threads have their order."""
    while True:
        with contextlib.ExitStack() as taken:
            if all(lock.acquire(blocking=False) and taken.push(_releasing(lock)) for lock in locks):
                yield
                return
        time.sleep(RETRY_S)


def _releasing(lock: threading.RLock | Turn) -> Callable[..., None]:
    return lambda *_: lock.release()


MOMENTS: Final = {"idle": idle, "writing": writing, "every lock held": held}


def _forget(session: Session) -> None:
    """Let everything go that has a finaliser."""
    vars(session).clear()
    gc.collect()


Deed = Callable[[Session], object]
REFUSED: Final[dict[str, Deed]] = {
    "save": lambda session: session.save("child"),
    "save soon": lambda session: session.save_soon("child"),
    "on_trade": lambda session: session.on_trade(AGENT),
    "on_cycle": lambda session: session.on_cycle(5),
    "checkpoint": lambda session: session.checkpoint(),
    "snapshot": lambda session: session.snapshot(),
    "freeze": lambda session: session.freeze(None, "child"),
    "order": lambda session: session.order_intent(
        AGENT, "BTC-USDT-SWAP", "buy", contracts("1"), reduce_only=True
    ),
    "add_agent": lambda session: session.add_agent(Agent(agent_id="C")),
    "below the session": lambda session: session._store.flush(),
}
"""What has to raise ForkedChild."""
HARMLESS: Final[dict[str, Deed]] = {
    "close": lambda session: session.close(),
    "close without saving": lambda session: session.close(save=False),
    "forget": _forget,
    "open it again": lambda session: _refused_as_locked(session.directory),
}
"""What has to do nothing, and say nothing."""
DEEDS: Final = REFUSED | HARMLESS


@dataclass(frozen=True, slots=True)
class Said:
    """What came back from a child: an answer, an error's type and words."""

    answer: str = ""
    error: str = ""
    words: str = ""


def sweep_fork(seed: int, *, full: bool) -> Tally:
    """Every deed at every moment, and every moment's parent killed; ``full`` changes nothing."""
    tally = Tally("fork", seed, full)
    with yard() as grounds:
        for moment in MOMENTS:
            for deed in DEEDS:
                forked(tally, grounds, moment, deed)
            orphaned(tally, grounds, moment)
    return tally


def forked(tally: Tally, grounds: Yard, moment: str, deed: str) -> None:
    """The child does something; the parent goes on."""
    store, where = grounds.plot(), f"{moment}, {deed}"
    with _parent(_lives, store, moment, deed) as (pipe, _pid):
        if not pipe.poll(2 * SECONDS_MAX):
            tally.wrong("the parent hangs", where)
            return
        said: Said | None = pipe.recv()
        tally.struck(f"deeds of a child, {moment}")
        _judge_child(tally, deed, said, where)
        if not _is_locked(store):
            tally.wrong("the lock was lost to a child", where)
        pipe.send("close")
        acked = pipe.recv() if pipe.poll(SECONDS_MAX) else None
        if acked is None:
            tally.wrong("the parent could not go on", where)
            return
    _judge_disk(tally, store, acked, where)


def orphaned(tally: Tally, grounds: Yard, moment: str) -> None:
    """The parent is killed, the child lives."""
    store, where = grounds.plot(), f"{moment}, the parent killed"
    with _parent(_dies, store, moment, "") as (pipe, pid):
        child, acked = pipe.recv()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        tally.struck("parents killed while a child lives")
        if _is_locked(store):
            tally.wrong("a child keeps the lock of its dead parent", where)
        os.kill(child, signal.SIGKILL)
    _judge_disk(tally, store, acked, where)


def _judge_child(tally: Tally, deed: str, said: Said | None, where: str) -> None:
    if said is None:
        tally.wrong("a child hangs", where)
    elif deed in HARMLESS and said.error:
        tally.wrong("a child was not let go", f"{where}: {said.error}: {said.words}")
    elif deed in REFUSED and not said.error:
        tally.wrong("acknowledged to a child", f"{where}: {said.answer}")
    elif deed in REFUSED and said.error != ForkedChild.__name__:
        tally.wrong("a child was not told", f"{where}: {said.error}: {said.words}")


def _judge_disk(tally: Tally, store: Path, acked: int, where: str) -> None:
    found = restore(LocalFs(store), thorough=True)
    there = found.documents[f"agents/{AGENT}"]["trade_count"]
    if there != acked:
        tally.wrong("another's state", f"{where}: {there}, {acked} was acknowledged")
    if any(damage.outcome == "lost" for damage in found.facts.damages):
        tally.wrong("damaged", f"{where}: {found.facts.damages}")
    try:
        Session.open(store, settings=SETTINGS).close()
    except PersistError as problem:
        tally.wrong("the store does not open", f"{where}: {problem}")


@contextlib.contextmanager
def _parent(
    life: Callable[[Connection, Path, str, str], None], store: Path, moment: str, deed: str
) -> Iterator[tuple[Connection, int]]:
    """A process of its own that leads this life, at the other end of a pipe."""
    ours, theirs = _FORKING.Pipe()
    sweeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        with _the_end():
            end_with(sweeper)
            ours.close()
            life(theirs, store, moment, deed)
    theirs.close()
    try:
        yield ours, pid
    finally:
        ours.close()
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@contextlib.contextmanager
def _the_end() -> Iterator[None]:
    """Whatever ends the block ends this process, and nothing of the one before it runs here."""
    try:
        yield
    finally:
        os._exit(0)


def _opened(store: Path) -> Session:
    session = Session.open(store, settings=Settings())
    session.add_agent(Agent(agent_id=AGENT))
    session._gate.open()
    return session


def _count(session: Session, by: int) -> int:
    agent = session.state.agents[AGENT]
    agent.trade_count += by
    return agent.trade_count


def _lives(pipe: Connection, store: Path, moment: str, deed: str) -> None:
    session = _opened(store)
    with MOMENTS[moment](session):
        said = _child_of(session, deed)
    pipe.send(said)
    for _ in range(SAVES):
        acked = _count(session, 1)
        session.save("parent")
    pipe.recv()
    session.close()
    pipe.send(acked)


def _dies(pipe: Connection, store: Path, moment: str, _deed: str) -> None:
    session = _opened(store)
    acked = _count(session, 1)
    session.save("parent")
    with MOMENTS[moment](session):
        reading, writing_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing_end, b"x")
            _sleep_on()
        os.read(reading, 1)
    session.save("parent")
    pipe.send((child, session.state.agents[AGENT].trade_count or acked))
    _sleep_on()


def _sleep_on() -> NoReturn:
    """Until somebody kills it; whoever wants to does so within this time."""
    time.sleep(2 * SECONDS_MAX)
    os._exit(0)


def _child_of(session: Session, deed: str) -> Said | None:
    """What a child is told that does this; None where it hangs."""
    ours, theirs = _FORKING.Pipe()
    pid = os.fork()
    if pid == 0:
        with _the_end():
            _count(session, CHILDS)
            theirs.send(_done(session, DEEDS[deed]))
    said = ours.recv() if ours.poll(SECONDS_MAX) else None
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return said


def _done(session: Session, deed: Deed) -> Said:
    try:
        return Said(repr(deed(session)))
    except Exception as problem:  # noqa: BLE001 it is what the child is told
        return Said(error=type(problem).__name__, words=str(problem))


def _refused_as_locked(store: Path) -> None:
    with contextlib.suppress(StoreLocked):
        Session.open(store, settings=SETTINGS)
        raise AssertionError("a child opened its parent's store")


def _is_locked(store: Path) -> bool:
    try:
        Session.open(store, settings=SETTINGS).close(save=False)
    except StoreLocked:
        return True
    return False
