"""A call that hangs: on another thread, or on this one; and where each thread stood then.

A lock that somebody left behind is a wait that never ends, and only another thread waits for it:
whoever left it may enter again. What hangs is told with the last steps of every thread, so that one
look shows whether it is a lock, and whose, or a disk that is slow. ``watched`` gets the main thread
out of a wait by a signal, whose handler raises ``Hung``.

Time in which the kernel let other processes run, though a thread of this one could have, is none in
which a call hangs (Linux tells; elsewhere it counts).
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

HANG_S = 60.0
AGAIN_S = 2.0
STEPS_TOLD = 8


class Hangs:
    """It neither returned nor raised within ``HANG_S``; its text says where the threads stood."""

    def __init__(self, caller: threading.Thread) -> None:
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        names[caller.ident] = "it"
        self._stood = [
            f"{names.get(ident, 'a thread')} stood at {_steps(frame)}"
            for ident, frame in sys._current_frames().items()
            if ident != threading.get_ident() or ident == caller.ident
        ]

    def __str__(self) -> str:
        return "; ".join(self._stood)


def elsewhere(call: Callable[[], Any]) -> Any:
    """What a call answers or raises on another thread; ``Hangs`` where it does neither."""
    answer: list[Any] = []

    def run() -> None:
        try:
            answer.append(call())
        except BaseException as problem:  # noqa: BLE001 it is what is judged
            answer.append(problem)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    patience = Patience()
    while thread.is_alive() and (left_s := patience.left_s()) > 0:
        thread.join(left_s)
    return answer[0] if answer else Hangs(thread)


class Patience:
    """``HANG_S`` from now on, and what this process has to wait for the processor meanwhile."""

    def __init__(self) -> None:
        self._began_s, self._starved_s = time.monotonic(), starved_s()

    def left_s(self) -> float:
        """Seconds; none are left once it is 0 or less."""
        starved = max(
            (waited - self._starved_s.get(task, 0.0) for task, waited in starved_s().items()),
            default=0.0,
        )
        return HANG_S + starved - (time.monotonic() - self._began_s)


def starved_s() -> dict[str, float]:
    """By each thread's number: how long it could have run, and did not, in seconds."""
    found = {}
    for told in Path("/proc/self/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # it has just ended
            found[told.parent.name] = int(told.read_text("ascii").split()[1]) / 1e9
    return found


def _steps(frame: FrameType) -> str:
    """The last ones, the innermost last."""
    steps = traceback.extract_stack(frame)[-STEPS_TOLD:]
    return " > ".join(f"{Path(step.filename).name}:{step.lineno} {step.name}" for step in steps)


class Hung(BaseException):
    """A call on the main thread did not come back within ``HANG_S``."""


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Raise ``Hung`` where the block, on the main thread, takes longer than ``HANG_S``; and again
    each ``AGAIN_S``, if what it does then hangs as well."""
    over, caller = threading.Event(), threading.current_thread()

    def watch() -> None:
        patience = Patience()
        while (left_s := patience.left_s()) > 0:
            if over.wait(left_s):
                return
        while not over.wait(AGAIN_S):
            signal.pthread_kill(caller.ident or 0, signal.SIGUSR1)

    def strike(_number: int, _frame: FrameType | None) -> None:
        if not over.is_set():
            raise Hung(str(Hangs(caller)))

    before = signal.signal(signal.SIGUSR1, strike)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR1, before)
