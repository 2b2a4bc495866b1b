"""A clock that somebody winds, for a day that passes in seconds.

``now_ms`` moves by one millisecond a call, so that no two commits share a moment by accident, and
``advance`` moves it by hand. Durations come from the machine's own clock.
"""

from __future__ import annotations

import time


class WoundClock:
    """Starts at ``start_ms``."""

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms

    def now_ms(self) -> int:
        """The time, one millisecond later than at the last call."""
        self._now_ms += 1
        return self._now_ms

    def peek_ms(self) -> int:
        """The time of the last call, without moving on."""
        return self._now_ms

    def advance(self, ms: int) -> None:
        """Move on."""
        self._now_ms += ms

    def monotonic_s(self) -> float:
        """The machine's own."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Returns at once; the time has passed."""
        self.advance(round(seconds * 1000))
