"""Work beside the trading loop: readable files, snapshots, clean-up.

One thread, there only while there is something to do. One piece at a time, in the order in which
they were asked for; what is asked for again before it has begun is done once.

A failure is never lost and never only logged: it is kept until somebody asks for it, and whoever
owns this asks at every call (``raise_failed``). Inline (``inline=True``) everything is done at
once, on the caller's thread, and raises there.

What was asked for is done, whatever interrupts the asking: ``wait`` and the next ``ask`` see to it
that there is a thread. One too many finds somebody at work, and ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from prometheus_persist.saving.triggers import Action
from prometheus_persist.storage.interrupts import Latches

THREAD = "persist-beside"


class Beside:
    """Does each action's ``work``, beside its caller; thread-safe."""

    def __init__(
        self, work: Mapping[Action, Callable[[], object]], latches: Latches, *, inline: bool
    ) -> None:
        self._work = work
        self._inline = inline
        self._guard = latches.new()
        self._due: dict[Action, None] = {}
        self._doing: Action | None = None
        self._thread: threading.Thread | None = None  # at work, or about to be
        self._failed: list[BaseException] = []

    def ask(self, action: Action) -> None:
        """Have it done; returns at once, unless everything is done inline."""
        if self._inline:
            self._work[action]()
            return
        with self._guard:
            self._due[action] = None
        self._at_work()

    def busy(self, action: Action) -> bool:
        """Whether it is being done or will be."""
        with self._guard:
            return action in self._due or action is self._doing

    def wait(self) -> None:
        """Until nothing is left to do."""
        while (thread := self._at_work()) is not None:
            thread.join()

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

    def _at_work(self) -> threading.Thread | None:
        """The thread, there if it is needed; None where nothing is left to do."""
        with self._guard:
            if not self._due and self._doing is None:
                return None
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
                self._thread.start()
            return self._thread

    def _run(self) -> None:
        with self._guard:
            if self._doing is not None:
                return
            self._thread = threading.current_thread()
            action = self._next()
        while action is not None:
            try:
                self._work[action]()
            except BaseException as problem:  # noqa: BLE001 the owner's next call raises it
                problem.add_note(f"in the {action} beside the loop")
                with self._guard:
                    self._failed.append(problem)
            with self._guard:
                action = self._next()

    def _next(self) -> Action | None:
        """What is to be done now; None: nothing, and the next one needs a new thread."""
        self._doing = next(iter(self._due), None)
        if self._doing is None:
            self._thread = None
        else:
            del self._due[self._doing]
        return self._doing
