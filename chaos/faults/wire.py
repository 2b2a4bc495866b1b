"""Death at the seam to the exchange: before a request leaves, or after its answer has come.

``WireSwitch.onto(client)`` puts itself between a ccxt client and its transport (``fetch``), which
every request of every method goes through. Requests are numbered from 1. At request ``at`` the
process dies: ``before`` it leaves, or ``after`` its answer was received and before anybody has seen
it. How it dies is the caller's: by a ``FaultSwitch``, so that the disk is gone as well, or by
SIGKILL.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

Moment = Literal["before", "after"]


def _nobody(_where: str) -> None:
    return None


@dataclass(slots=True)
class WireSwitch:
    """Counts requests, and dies at one of them. ``at`` 0 only counts."""

    at: int = 0
    moment: Moment = "before"
    die: Callable[[str], object] = _nobody
    count: int = 0
    log: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def onto(self, client: Any) -> Any:
        """The same client, its transport watched, on whatever thread and by whichever copy."""
        kind = type(client)

        def watched(
            one: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
        ) -> Any:
            number, path = self._next(url, method)
            self._strike("before", number, path)
            try:
                return kind.fetch(one, url, method, headers, body)
            finally:  # a refusal is an answer, too
                self._strike("after", number, path)

        client.__class__ = type(kind.__name__, (kind,), {"fetch": watched})
        return client

    def _next(self, url: str, method: str) -> tuple[int, str]:
        path = urlsplit(url).path.removeprefix("/api/v5/")
        with self._lock:
            self.count += 1
            self.log.append(f"{method} {path}")
            return self.count, path

    def _strike(self, moment: Moment, number: int, path: str) -> None:
        if number == self.at and moment == self.moment:
            self.die(f"{moment} request {number} ({path})")
