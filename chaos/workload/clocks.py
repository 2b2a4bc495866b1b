"""A clock that somebody winds, for a day that passes in seconds.

``now_ms`` moves by one millisecond a call, so that no two commits share a moment by accident, and
``advance`` moves it by hand. Durations come from the machine's own clock.
"""

from __future__ import annotations

import time

from prometheus_persist.clock import SystemClock


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


class VenueClock:
    """An exchange's time: the machine's, so many milliseconds ahead.

    A short pause lasts. A longer one passes at once on the dial that durations are read from, and
    not on the other: whoever waits uses up his patience, and the exchange's clock and this agree.
    """

    def __init__(self, ahead_ms: int = 0, lasts_s_max: float = 0.05) -> None:
        self.ahead_ms = ahead_ms
        self._lasts_s_max = lasts_s_max
        self._slept_s = 0.0

    @classmethod
    def ahead_of(cls, now_ms: int) -> int:
        """How far a clock that shows ``now_ms`` is ahead of the machine's."""
        return now_ms - SystemClock().now_ms()

    def now_ms(self) -> int:
        """Unix time in milliseconds, by the exchange's clock."""
        return SystemClock().now_ms() + self.ahead_ms

    def monotonic_s(self) -> float:
        """The machine's own, and what was slept."""
        return time.monotonic() + self._slept_s

    def sleep(self, seconds: float) -> None:
        """Returns at once from all but a short one."""
        if seconds <= self._lasts_s_max:
            time.sleep(seconds)
        else:
            self._slept_s += seconds
