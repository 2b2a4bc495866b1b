"""What one request is, and what the handlers share."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fakeokx.faults import Script
from fakeokx.server.exchange import Exchange
from fakeokx.server.past import Past
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.ratelimits import Limiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. Header names are lower case; ``target`` is path and query as sent."""

    method: str
    path: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    address: str


class Streams(Protocol):
    """What the control API may do to the WebSockets of a desk."""

    def notice(self, close_after_ms: int) -> int:
        """Tell every connection that it will be closed, and do it; returns how many."""

    def key_changed(self, name: str) -> None:
        """End the connections of a key that is not what it was."""

    def connections(self) -> list[dict[str, object]]:
        """Who is connected, and to what."""

    def configure(self, changes: Mapping[str, str]) -> dict[str, object]:
        """Change how long things take; returns what is in force."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """The running exchange and everything that is not part of its truth.

    ``requests``, ``script`` and ``status`` (the notices of system/status) live as long as
    the process; ``past`` is the exchange as it was when a script with stale data was loaded.
    ``streams`` is there once the port is open.
    """

    exchange: Exchange
    keys: Mapping[str, ApiKey]
    limiter: Limiter | None = None
    script: Script = field(default_factory=Script)
    past: Past | None = None
    status: tuple[dict[str, Any], ...] = ()
    requests: Counter[str] = field(default_factory=Counter)
    streams: Streams | None = None
