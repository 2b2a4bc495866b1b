"""Work beside the trading loop: readable files, snapshots, clean-up.

One thread, there only while there is something to do. One piece at a time, in the order in which
they were asked for; what is asked for again before it has begun is done once.

A failure is never lost and never only logged: it is kept until somebody asks for it, and whoever
owns this asks at every call (``raise_failed``). Inline (``inline=True``) everything is done at
once, on the caller's thread, and raises there.

What was asked for is done, whatever interrupts the asking: ``wait`` and the next ``ask`` see to it
that there is a thread. One too many finds somebody at work, or nothing to do, and ends. Who is at
work enters and leaves himself: ``Thread.is_alive``, once an exception of a signal's handler has
ended it, takes a thread for ended that goes on, and two would work at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_persist.saving.triggers import SaveAction
from prometheus_persist.storage.interrupts import Bell, Latches, spawn

THREAD = "persist-beside"
LOOK_S = 0.05  # so often whoever waits sees to it that somebody works


class Beside:
    """Does each action's ``work``, beside its caller; thread-safe."""

    def __init__(
        self, work: Mapping[SaveAction, Callable[[], object]], latches: Latches, *, inline: bool
    ) -> None:
        self._work = work
        self._inline = inline
        self._guard = latches.new()
        self._due: dict[SaveAction, None] = {}
        self._doing: SaveAction | None = None
        self._at_work: object = None  # one run of ``_run``
        self._ended = Bell()
        self._failed: list[BaseException] = []

    def ask(self, action: SaveAction) -> None:
        """Have it done; returns at once, unless everything is done inline."""
        if self._inline:
            self._work[action]()
            return
        with self._guard:
            self._due[action] = None
        self._is_idle()

    def busy(self, action: SaveAction) -> bool:
        """Whether it is being done or will be."""
        with self._guard:
            return action in self._due or action is self._doing

    def wait(self) -> None:
        """Until nothing is left to do."""
        while not self._is_idle():
            self._ended.wait(LOOK_S)

    def raise_failed(self) -> None:
        """Raise what failed since the last time; several failures are one, with notes."""
        if not self._failed:
            return
        failed = self.take_failed()
        if failed:
            for other in failed[1:]:
                failed[0].add_note(f"and {other!r}")
            raise failed[0]

    def take_failed(self) -> list[BaseException]:
        """What failed since the last time, for who has something of his own to raise."""
        with self._guard:
            failed, self._failed = self._failed, []
        return failed

    def _is_idle(self) -> bool:
        """Whether nothing is left to do; else somebody is at it."""
        with self._guard:
            if not self._due and self._doing is None:
                return True
            if self._at_work is None:
                spawn(THREAD, self._run, lambda _thread: None)
            return False

    def _run(self) -> None:
        own = object()
        try:
            with self._guard:
                if self._at_work is not None:
                    return
                self._at_work = own
                action = self._next()
            while action is not None:
                self._do(action)
                with self._guard:
                    action = self._next()
        finally:
            with self._guard:
                if self._at_work is own:  # it ends too early: without memory, say
                    self._at_work = self._doing = None

    def _do(self, action: SaveAction) -> None:
        try:
            self._work[action]()
        except BaseException as problem:  # noqa: BLE001 the owner's next call raises it
            problem.add_note(f"in the {action} beside the loop")
            with self._guard:
                self._failed.append(problem)

    def _next(self) -> SaveAction | None:
        """What is to be done now; None: nothing, and the next one needs a new thread."""
        self._doing = next(iter(self._due), None)
        if self._doing is None:
            self._at_work = None
            self._ended.ring()
        else:
            del self._due[self._doing]
        return self._doing
