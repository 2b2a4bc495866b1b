"""Time and ids as things that are handed in.

- ``Clock.now_ms()`` is Unix time in whole milliseconds. It is written down and shown to people; it
  never orders anything (sequence numbers and epochs do that).
- ``Clock.sleep(seconds)`` waits; a test's clock returns at once.
- ``IdSource.token(n)`` gives ``n`` characters of ``[a-z0-9]``; used once, for a store's own id.

This is the only module that reads the machine's clock or its randomness.
"""

from __future__ import annotations

import time
from typing import Protocol

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class Clock(Protocol):
    """Where the time comes from."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that never goes back; for durations only."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class IdSource(Protocol):
    """Where fresh ids come from."""

    def token(self, length: int) -> str:
        """``length`` characters of ``[a-z0-9]``."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds on the machine's monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait in this thread."""
        time.sleep(seconds)


class SystemIds:
    """The machine's own source of randomness."""

    def token(self, length: int) -> str:
        """``length`` characters of ``[a-z0-9]``."""
        import secrets  # needed once in the life of a store

        return "".join(secrets.choice(_ALPHABET) for _ in range(length))
