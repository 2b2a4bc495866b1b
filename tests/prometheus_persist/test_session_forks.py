"""A process that was forked off owns nothing of its parent's session (S6)."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sessionkit import opened, trading
from storekit import BTC

from chaos.sweeps.fork_sweep import all_of
from prometheus_persist.errors import StoreLocked
from prometheus_persist.recovery import restore
from prometheus_persist.saving.intents import IntentHandle
from prometheus_persist.session import Session
from prometheus_persist.state import Agent, contracts
from prometheus_persist.storage import lock
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.lock import StoreLock

SECONDS_MAX = 20


def in_child(work: Callable[[], Any]) -> Any:
    """What ``work`` gives in a forked process; raises TimeoutError where it hangs."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            found = json.dumps(work())
        except BaseException as problem:  # noqa: BLE001
            found = json.dumps(f"{type(problem).__name__}: {problem}")
        os.write(writing, found.encode())
        os._exit(0)
    os.close(writing)
    killer = threading.Timer(SECONDS_MAX, os.kill, (pid, signal.SIGKILL))
    killer.start()
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    killer.cancel()
    if not said:
        raise TimeoutError("the child hangs")
    return json.loads(said)


def said_by(call: Callable[[], Any]) -> str:
    try:
        return f"did it: {call()}"
    except BaseException as problem:  # noqa: BLE001
        return f"{type(problem).__name__}: {problem}"


def public(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_") and name != "open"]


@contextlib.contextmanager
def every_latch_held(session: Session) -> Iterator[None]:
    """By another thread, as in the middle of everything."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with all_of(session._store.latches._locks):
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_forked_child_is_refused_by_every_public_call_and_hangs_in_none(tmp_path: Path) -> None:
    """Before any lock: a thread of the parent holds them all. ``close`` does nothing."""
    session = trading(tmp_path)
    session.state.agents["A"].trade_count = 1
    ticket = session.save_soon("soon")
    assert ticket is not None
    handle = session.order_intent("A", BTC, "buy", contracts("1"))

    def each() -> dict[str, str]:
        session.state.agents["A"].trade_count = 666
        found = {"wait": said_by(ticket.wait)} if not ticket.done else {}
        for owner, kind in ((session, Session), (handle, IntentHandle)):
            for name in public(kind):
                if name in ("close", "intent"):
                    continue
                found[f"{kind.__name__}.{name}"] = said_by(lambda: getattr(owner, name)())  # noqa: B023
        found["close"] = said_by(session.close)
        found["close again"] = said_by(lambda: session.close(save=False))
        found["block"] = said_by(lambda: handle.__exit__(None, None, None))
        return found

    with every_latch_held(session):
        said = in_child(each)
    left = {said.pop(name) for name in ("close", "close again", "block")}
    assert left == {"did it: None"}
    assert len(said) > 30
    for name, words in said.items():
        assert words.startswith(f"ForkedChild: this session belongs to process {os.getpid()};"), (
            name
        )
    session.state.agents["A"].trade_count = 2
    session.save("parent")
    with pytest.raises(StoreLocked):
        Session.open(tmp_path)
    session.close()
    found = restore(LocalFs(tmp_path))
    assert found.documents["agents/A"]["trade_count"] == 2
    assert found.facts.damages == ()


def test_forked_child_below_the_session_acknowledges_nothing_either(tmp_path: Path) -> None:
    """The fence itself knows its process, for whoever holds a store without a session."""
    session = opened(tmp_path)
    session.add_agent(Agent(agent_id="A"))
    session.wait()
    parts = [session._store.flush, session._store.refuse_fenced, session._lock.fence]

    def each() -> list[str]:
        session.state.agents["A"].trade_count = 666
        return [said_by(lambda: session._saver.save("x")), *map(said_by, parts[1:])]

    said = in_child(each)
    assert all("belongs to process" in words for words in said), said
    session.close()
    assert restore(LocalFs(tmp_path)).documents["agents/A"]["trade_count"] == 0


def test_forked_child_opens_a_store_of_its_own(tmp_path: Path) -> None:
    """Its parent's is in use; another directory is free, and its own lock works there."""

    def each() -> list[str]:
        refused = said_by(lambda: Session.open(tmp_path / "parent"))
        own = opened(tmp_path / "own")
        own.add_agent(Agent(agent_id="C"))
        locked = said_by(lambda: Session.open(tmp_path / "own"))
        own.close()
        return [refused, locked]

    session = opened(tmp_path / "parent")
    refused, locked = in_child(each)
    assert refused.startswith("StoreLocked")
    assert locked.startswith("StoreLocked")
    assert "C" in opened(tmp_path / "own").state.agents
    session.close()


def test_forked_while_threads_open_and_close_locks_keeps_none_of_them(tmp_path: Path) -> None:
    """However a fork falls into an opening, the child holds no lock, and the parent's next one is
    free."""
    stop = threading.Event()
    refused: list[StoreLocked] = []

    def churn(number: int) -> None:
        while not stop.is_set():
            try:
                StoreLock(tmp_path / str(number)).release()
            except StoreLocked as problem:
                refused.append(problem)

    threads = [threading.Thread(target=churn, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(60):
            held = in_child(lambda: lock_files(tmp_path))
            assert held == [], held
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert refused == []


def test_forked_while_the_collector_ends_a_lock_that_nobody_let_go_keeps_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing refers to it any more, weakly neither; its descriptor is there all the same."""
    dropped = StoreLock(tmp_path)
    dropped.itself = dropped  # type: ignore[attr-defined] # a ring, as a session's parts are
    ending, go_on, honest = threading.Event(), threading.Event(), fcntl.flock

    def slow(file: int, how: int) -> None:
        ending.set()
        assert go_on.wait(10)
        honest(file, how)

    gc.disable()
    try:
        del dropped
        with monkeypatch.context() as patch:
            patch.setattr(lock.fcntl, "flock", slow)
            collector = threading.Thread(target=gc.collect)
            collector.start()
            assert ending.wait(10)
            found = in_child(lambda: lock_files(tmp_path))
            go_on.set()
            collector.join()
    finally:
        gc.enable()
    assert found == []
    StoreLock(tmp_path).release()


def test_what_an_exception_left_held_keeps_nobody_waiting_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forks are held off while a lock is opened; whoever was struck just there never ends that."""
    monkeypatch.setattr(lock, "FORK_S", 0.05)
    monkeypatch.setattr(lock, "_FORK", threading.RLock())  # this one is never given back
    struck = threading.Thread(target=lock._hold_off_forks)
    struck.start()
    struck.join()
    StoreLock(tmp_path).release()
    assert in_child(lambda: lock_files(tmp_path)) == []


def lock_files(below: Path) -> list[str]:
    """What this process has open of the locks of stores in there."""
    found = []
    for path in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(FileNotFoundError):  # the one that listed them
            found.append(str(path.readlink()))
    return [name for name in found if "store.lock" in name and name.startswith(str(below))]


ENDS = """
import os, signal, sys, time, multiprocessing
from pathlib import Path
from prometheus_persist import Agent, Session

def work(session):
    session.state.agents["A"].trade_count = 666
    session.save("worker")

how, root, ready = sys.argv[1], sys.argv[2], Path(sys.argv[3])
session = Session.open(root)
session.add_agent(Agent(agent_id="A"))
if how == "multiprocessing":
    worker = multiprocessing.get_context("fork").Process(target=work, args=(session,))
    worker.start()
    worker.join()
    assert worker.exitcode == 1
elif os.fork() == 0:
    if how == "killed parent":
        ready.with_suffix(".new").write_text(str(os.getpid()))
        ready.with_suffix(".new").rename(ready)  # whole as soon as it is there
        time.sleep(60)
    sys.exit(0)
elif how == "killed parent":
    while not ready.exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
else:
    os.wait()
for count in range(20):
    session.state.agents["A"].trade_count = count
    session.save_soon("x")
print("ready", flush=True)
sys.stdin.readline()
session.close()
"""


@pytest.mark.parametrize("how", ["sys.exit", "multiprocessing"])
def test_forked_child_that_ends_takes_nothing_with_it(tmp_path: Path, how: str) -> None:
    """Its interpreter finalises, or its worker's save is refused: the parent keeps its lock."""
    root = tmp_path / "store"
    parent = subprocess.Popen(
        [sys.executable, "-c", ENDS, how, str(root), str(tmp_path / "ready")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        with pytest.raises(StoreLocked):
            Session.open(root)
        parent.communicate("go\n", timeout=SECONDS_MAX)
    finally:
        parent.kill()
        parent.wait()
    assert parent.returncode == 0
    session = opened(root)
    assert (session.state.agents["A"].trade_count, session.restored.damages) == (19, ())
    session.close()


def test_forked_child_that_outlives_its_killed_parent_keeps_no_lock(tmp_path: Path) -> None:
    """The worker lives on; the store opens at once, without a take-over."""
    root, ready = tmp_path / "store", tmp_path / "ready"
    subprocess.run(
        [sys.executable, "-c", ENDS, "killed parent", str(root), str(ready)], check=False
    )
    worker = int(ready.read_text())
    try:
        session = opened(root)
        os.kill(worker, 0)
        assert "A" in session.state.agents
        session.close()
    finally:
        os.kill(worker, signal.SIGKILL)
