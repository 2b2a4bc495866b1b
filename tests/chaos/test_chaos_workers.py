"""Processes that play parts of a run end with it, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import pytest

from chaos import workers
from chaos.detect import run as detect
from chaos.detect import ways_out
from chaos.detect.kinds import KINDS
from chaos.sweeps.tally import Tally
from prometheus_persist.cli import ending

GONE_S_MAX = 10.0
PARENT = """
import os, sys, time
from chaos.workers import workers

def busy(kind):
    os.write(1, b"%d\\n" % os.getpid())  # in one piece, beside the other's
    if kind == "computes":
        while True:
            pass
    time.sleep(600)

with workers(3) as pool:
    pool.map(busy, [sys.argv[1]] * 2, 1)
"""

STRUCK_ELSEWHERE = """
import signal, threading, time
from chaos.workers import in_order, workers

def struck():
    time.sleep(0.5)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)  # as the kernel may give it

with workers(1) as pool:
    threading.Thread(target=struck).start()
    try:
        for _ in in_order(pool, time.sleep, [600]):
            pass
    except KeyboardInterrupt:
        print("stopped")
"""


def living(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        found += [pid] if state != "Z" else []
    return found


def children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pids: list[int]) -> bool:
    patience = time.monotonic() + GONE_S_MAX
    while living(pids) and time.monotonic() < patience:
        time.sleep(0.02)
    left = living(pids)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return not left


@pytest.mark.parametrize("kind", ["computes", "waits"])
def test_workers_end_with_a_parent_that_is_killed(kind: str) -> None:
    """The two that are busy, and the one that waits for work."""
    command = [sys.executable, "-c", PARENT, kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        begun = {int(parent.stdout.readline()) for _ in range(2)}
        found = children_of(parent.pid)
        assert (len(found), begun <= set(found)) == (3, True)
        parent.kill()
        assert gone(found)


def test_a_second_ctrl_c_leaves_no_worker() -> None:
    """It ends the program at once, as a crash would."""
    words = ("detect", "--instances", "500", "--jobs", "2")
    command = [sys.executable, "-m", "chaos.cli", *words]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as parent:
        while len(children_of(parent.pid)) < 2:
            time.sleep(0.01)
        found = children_of(parent.pid)
        os.killpg(parent.pid, signal.SIGINT)
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.wait(20) == 130
        assert gone(found)


def test_a_signal_while_workers_are_started_waits_until_all_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that was forked off and not known yet would be nobody's."""
    found: list[int] = []
    context = workers.multiprocessing.get_context("fork")
    really = context.Process.start

    def start(process: object) -> None:
        really(process)  # type: ignore[arg-type]
        found.append(process.pid)  # type: ignore[attr-defined]
        if len(found) == 1:
            ending._stop(signal.SIGINT, None)

    monkeypatch.setattr(context.Process, "start", start)
    monkeypatch.setattr(ending._Process, "pid", os.getpid())
    monkeypatch.setattr(ending._Process, "signal", 0)
    with pytest.raises(ending.Stopped), workers.workers(3):
        pytest.fail("nothing is begun")
    assert len(found) == 3
    assert living(found) == []


def test_an_end_that_looked_like_a_failure_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a signal's exception brought about is void, and the loop goes no further."""
    tried: list[int] = []

    def broken(*_: object, **__: object) -> object:
        tried.append(1)
        monkeypatch.setattr(ending._Process, "signal", int(signal.SIGINT))
        raise ValueError("brought about on the way out")

    monkeypatch.setattr(detect, "attempt", broken)
    monkeypatch.setattr(ways_out, "history", broken)
    for run in (
        lambda: detect.run(KINDS[:2], 3, 1),
        lambda: ways_out.run(3, 0, 1),
        lambda: ways_out.run(0, 3, 1),
    ):
        monkeypatch.setattr(ending._Process, "signal", 0)
        tried.clear()
        with pytest.raises(ending.Stopped):
            run()
        assert len(tried) == 1
    with pytest.raises(ending.Stopped):
        Tally("x", 1, full=False).struck("x")


def test_the_thread_that_looks_for_the_parent_takes_no_signal() -> None:
    """One that it was given would wake nobody: the worker goes on, and its parent waits for it."""
    pid = os.fork()
    if pid == 0:
        workers.end_with(os.getppid())
        time.sleep(600)
        os._exit(0)
    try:
        time.sleep(0.3)
        blocked = {}
        for task in Path(f"/proc/{pid}/task").iterdir():
            line = next(
                one for one in (task / "status").read_text().splitlines() if "SigBlk" in one
            )
            blocked[int(task.name)] = int(line.split()[1], 16)
        term = 1 << (signal.SIGTERM - 1)
        assert len(blocked) == 2
        assert not blocked.pop(pid) & term
        assert all(mask & term for mask in blocked.values())
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_signal_that_another_thread_was_given_ends_the_wait_for_a_result() -> None:
    """Only the main thread handles it, and it waits: seen at Ctrl+C, once in many runs."""
    command = [sys.executable, "-c", STRUCK_ELSEWHERE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == "stopped\n"


def test_a_pool_that_would_never_end_is_left_and_its_workers_are_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that was stopped within a result: its pool waits for the rest of it."""
    monkeypatch.setattr(workers, "ENDS_S", 0.2)
    at_work = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    at_work.start()
    pids = [at_work.pid or 0]
    workers._end(types.SimpleNamespace(terminate=threading.Event().wait))
    at_work.join(10)
    deadline = time.monotonic() + 10
    while living(pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert living(pids) == []
