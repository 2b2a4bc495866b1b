"""SIGINT and SIGTERM: asked to stop, the loop ends its step, saves, and leaves with 130 or 143.

The handler only takes note. Nothing is saved inside a signal handler, where any lock may be held;
the loop looks at ``requested`` between two steps. A second signal is left to the system's default,
for a loop that does not look.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from prometheus_persist.errors import EXIT_SIGINT, EXIT_SIGTERM

_EXIT_CODES = {signal.SIGINT: EXIT_SIGINT, signal.SIGTERM: EXIT_SIGTERM}


@dataclass(slots=True)
class StopRequest:
    """Whether somebody asked for an end; ``exit_code`` is what the process then leaves with."""

    requested: bool = False
    exit_code: int = 0


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Take note of SIGINT and SIGTERM inside the block; the old handlers return after it.

    Main thread only (as Python's ``signal``).
    """
    request = StopRequest()

    def note(number: int, _frame: FrameType | None) -> None:
        request.requested = True
        request.exit_code = _EXIT_CODES[signal.Signals(number)]
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, note) for number in _EXIT_CODES}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
