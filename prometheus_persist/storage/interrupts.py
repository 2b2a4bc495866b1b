"""What holds when a signal's handler raises in the middle of a call: nothing is done by halves.

Ctrl+C, an alarm's time-out, whatever a handler raises: it comes up between any two steps of the
main thread. A call that it ends has done nothing, or is finished, or the store is shut and every
later call raises StoreFailed and says so. How that is kept, at every single step:

- Before its first change and after its last a call can be left anywhere. What lies between is
  done by ``Committer.whole``, which shuts the store whatever ends it; only an error of this library
  is an answer, and whoever raises one has put things back.
- ``Latches`` are a store's locks. A ``with`` that is left on its last steps keeps its lock, and
  another thread would wait for it for ever. So every call from outside is an ``edge``: left by an
  exception, the outermost one gives back whatever its thread still holds. All are re-entrant.
  What goes on after such an exception, and waits for other threads, gives them back first (close).
  Who presses Ctrl+C twice may meet the giving back itself: it is done again (``given_back``).
- Threads are woken by a ``Bell``, and begun by ``spawn``. An ``Event``, a ``Condition`` and the
  start of a ``Thread`` are Python code with locks of their own, which no edge gives back.

In a process that was forked off an ``edge`` refuses (``forks.py``) before any latch is touched: a
thread of the parent may have held it. What only gives back does nothing there.

An ``edge`` and ``whole`` do nothing before their ``try`` and nothing after it, so that there is no
step at which they could be left themselves; and what ``whole`` does first is one store into one
attribute, so that a second signal finds it done.
"""

from __future__ import annotations

import _thread
import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import CodeType, FrameType, FunctionType
from typing import Any, ParamSpec, TypeVar

from prometheus_persist.storage.forks import in_child, refuse_child

INTERRUPTED = "a call was interrupted halfway; open the store anew"
LEFT_HALFWAY = f"{INTERRUPTED} (it was being closed)"  # and stays the reason, whatever fails then
_GIVE_BACK = ("close", "__exit__")
_Kind = TypeVar("_Kind", bound=type)
_P = ParamSpec("_P")


class Latches:
    """The locks of one store, remembered."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._locks: list[threading.RLock | Turn] = []

    def new(self) -> threading.RLock:
        """One more lock."""
        lock = threading.RLock()
        self._locks.append(lock)
        return lock

    def turn(self, given_back: Callable[[], None]) -> Turn:
        """One more, that says so each time that it is given back."""
        lock = Turn(given_back)
        self._locks.append(lock)
        return lock

    def let_go(self) -> None:
        """Release every lock that the calling thread still holds."""
        for lock in self._locks:
            with contextlib.suppress(RuntimeError):  # nobody's, or another thread's
                while True:
                    lock.release()


class Turn:
    """A lock; ``given_back`` is called after each release. Where an exception of a handler comes
    between the two it is not: whoever waits to be told asks now and then all the same."""

    def __init__(self, given_back: Callable[[], None]) -> None:
        self._lock = threading.RLock()
        self._given_back = given_back
        self.acquire = self._lock.acquire

    def release(self) -> None:
        """Give it back once; raises RuntimeError where another thread or nobody has it."""
        self._lock.release()
        self._given_back()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class Bell:
    """Wakes one thread; what rings before the thread waits ends that wait."""

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """From anywhere; one step."""
        self._rings.put(None)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Until it rings; whether it did."""
        try:
            self._rings.get(timeout=timeout_s)
            while not self._rings.empty():
                self._rings.get_nowait()
        except Empty:
            return False
        return True


def of_the_disk(problem: BaseException) -> bool:
    """Whether the system raised it, and not a handler: a TimeoutError is an OSError, too."""
    return isinstance(problem, OSError) and problem.errno is not None


def only_of_the_disk(problem: OSError) -> None:
    """Raise it on, unless the system raised it: whoever answers for the disk answers for no
    handler's time-out."""
    if not of_the_disk(problem):
        raise problem


def spawn(name: str, run: Callable[[], None], made: Callable[[threading.Thread], object]) -> None:
    """Have a thread of this name run; ``made`` is told of it before it does.

    It is begun on a thread, where no handler raises in the middle of it; to begin that is one step.
    """

    def begin() -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        made(thread)
        thread.start()

    _thread.start_new_thread(begin, ())


def edge(method: Callable[..., Any]) -> Callable[..., Any]:
    """A call from outside, on an object with ``latches``: left by an exception, it holds none."""
    gives_back = method.__name__ in _GIVE_BACK

    @functools.wraps(method)
    def entered(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            if gives_back and in_child(self.latches.pid):
                return None
            refuse_child(self.latches.pid)
            return method(self, *args, **kwargs)
        except BaseException:
            given_back(_leave, self.latches, sys._getframe())
            raise

    return entered


def edges(kind: _Kind) -> _Kind:
    """Every public method and property of a class is an edge, and so is its ``with`` block."""
    for name, found in list(vars(kind).items()):
        if name.startswith("_") and name not in ("__enter__", "__exit__"):
            continue
        if isinstance(found, FunctionType):
            setattr(kind, name, edge(found))
        elif isinstance(found, property) and found.fget is not None:
            setattr(kind, name, property(edge(found.fget), doc=found.__doc__))
    return kind


def given_back(give_back: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> None:
    """Do what gives something back, and does nothing the second time: a second signal that strikes
    it has it done again, and goes on then."""
    try:
        give_back(*args, **kwargs)
    except BaseException:
        give_back(*args, **kwargs)
        raise


def _leave(latches: Latches, edge_frame: FrameType) -> None:
    """Give back what is held, where this edge is the outermost one."""
    if not _is_within(edge_frame.f_code, latches, edge_frame.f_back):
        latches.let_go()


def _is_within(code: CodeType, latches: Latches, frame: FrameType | None) -> bool:
    """Whether a call on the same store stands further out: its locks are still in use there."""
    while frame is not None:
        if frame.f_code is code and frame.f_locals["self"].latches is latches:
            return True
        frame = frame.f_back
    return False
