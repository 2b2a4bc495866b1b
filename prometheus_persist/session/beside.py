"""Work beside the trading loop: readable files, snapshots, clean-up.

One thread, there only while there is something to do. One piece at a time, in the order in which
they were asked for; what is asked for again before it has begun is done once.

A failure is never lost and never only logged: it is kept until somebody asks for it, and whoever
owns this asks at every call (``raise_failed``). Inline (``inline=True``) everything is done at
once, on the caller's thread, and raises there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from prometheus_persist.saving.triggers import Action

THREAD = "persist-beside"


class Beside:
    """Does each action's ``work``, beside its caller; thread-safe."""

    def __init__(self, work: Mapping[Action, Callable[[], object]], *, inline: bool) -> None:
        self._work = work
        self._inline = inline
        self._changed = threading.Condition()
        self._due: dict[Action, None] = {}
        self._doing: Action | None = None
        self._running = False
        self._failed: list[BaseException] = []

    def ask(self, action: Action) -> None:
        """Have it done; returns at once, unless everything is done inline."""
        if self._inline:
            self._work[action]()
            return
        with self._changed:
            self._due[action] = None
            if not self._running:
                threading.Thread(target=self._run, name=THREAD, daemon=True).start()
                self._running = True

    def busy(self, action: Action) -> bool:
        """Whether it is being done or will be."""
        with self._changed:
            return action in self._due or action is self._doing

    def wait(self) -> None:
        """Until nothing is left to do."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running)

    def raise_failed(self) -> None:
        """Raise what failed since the last time; several failures are one, with notes."""
        failed = self.take_failed()
        if failed:
            for other in failed[1:]:
                failed[0].add_note(f"and {other!r}")
            raise failed[0]

    def take_failed(self) -> list[BaseException]:
        """What failed since the last time, for who has something of his own to raise."""
        with self._changed:
            failed, self._failed = self._failed, []
        return failed

    def _run(self) -> None:
        while True:
            with self._changed:
                self._doing = next(iter(self._due), None)
                if self._doing is None:
                    self._running = False
                    self._changed.notify_all()
                    return
                del self._due[self._doing]
                action = self._doing
            try:
                self._work[action]()
            except BaseException as problem:  # noqa: BLE001 the owner's next call raises it
                problem.add_note(f"in the {action} beside the loop")
                with self._changed:
                    self._failed.append(problem)
