"""How a session ends when it is told to: the step is finished, all is saved, one line is said.

With ``Session.open(..., signals=True)`` SIGINT (Ctrl+C) and SIGTERM are noted, from before the lock
is taken until the session is closed. They take effect where no step is half done: as ``recover``
begins and when it has ended, at the end of ``on_cycle``, in ``pause``, and as the ``with`` block
ends. There the session is closed, which saves everything, and ``StopRequested`` leaves with 130 or
143. A second signal is the system's: it ends the process at once, as a crash would, and what was
acknowledged is there.

A ``with`` block that is left by an exception saves nothing more: what it was in the middle of is
not in the store, as after a crash. ``SystemExit`` is no accident, and saves.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import Protocol

from prometheus_persist.clock import Clock
from prometheus_persist.errors import EXIT_SIGINT, BadConfig, PersistError
from prometheus_persist.language import default_language
from prometheus_persist.saving.signals import StopRequest, stop_on_signals

LOOK_S = 0.1


class StopRequested(SystemExit):
    """A signal asked for an end, and everything is saved; ``code`` is 130 or 143."""


class _Close(Protocol):
    def __call__(self, *, save: bool = True) -> None: ...


class Stops:
    """Of one session; ``over`` once it is closed."""

    def __init__(self, *, signals: bool) -> None:
        """Take note from now on, if ``signals``; raises BadConfig outside the main thread."""
        self._handlers = contextlib.ExitStack()
        self._request = StopRequest()
        self.over = False
        if signals:
            try:
                self._request = self._handlers.enter_context(stop_on_signals())
            except ValueError:
                raise BadConfig(
                    "signals=True belongs into the main thread: Python gives signals to no other"
                ) from None

    def end(self) -> None:
        """The session is closed: the handlers of before are back."""
        self.over = True
        with contextlib.suppress(ValueError):  # in another thread they stay, and take note
            self._handlers.close()

    def rest(self, close: Callable[[], None], seq: Callable[[], int]) -> None:
        """No step is half done: if an end was asked for, close, say so, and raise Stopped."""
        if not self._request.requested:
            return
        if not self.over:
            close()
        self._leave(seq())

    def _leave(self, seq: int) -> None:
        from prometheus_persist.report.messages import message

        code = self._request.exit_code
        name = "SIGINT" if code == EXIT_SIGINT else "SIGTERM"
        lang = default_language(os.environ)
        print(message("session.stopped", lang, signal=name, seq=str(seq)), file=sys.stderr)
        raise StopRequested(code)

    def pause(self, clock: Clock, seconds: float) -> None:
        """Wait so long, or until an end is asked for."""
        left_s = seconds
        while left_s > 0 and not self._request.requested:
            clock.sleep(min(left_s, LOOK_S))
            left_s -= LOOK_S

    def left(self, problem: BaseException | None, close: _Close, seq: Callable[[], int]) -> None:
        """The ``with`` block has ended, by this exception or by none."""
        if problem is None or isinstance(problem, SystemExit):
            if not self.over:
                close()
            if problem is None:
                self.rest(close, seq)
        elif not self.over:
            with contextlib.suppress(PersistError):  # the one on its way says what went wrong
                close(save=False)
