"""What one request is, and what the handlers share."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from fakeokx.engine.commands import Command
from fakeokx.engine.events import Event
from fakeokx.faults import Script
from fakeokx.runtime.access import Access
from fakeokx.runtime.exchange import Exchange
from fakeokx.runtime.price_scripts import PriceScript
from fakeokx.runtime.snapshot import Lagging, Past
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.rate_limits import Limiter

RECENT_MAX: Final = 200


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
    """What the control API may do to the WebSockets of a runtime."""

    def notice(self, close_after_ms: int) -> int:
        """Tell every connection that it will be closed, and do it; returns how many."""

    def key_changed(self, name: str) -> None:
        """End the connections of a key that is not what it was."""

    def rewound(self) -> None:
        """The exchange is what it was: nothing of later is to be told any more."""

    def connections(self) -> list[dict[str, object]]:
        """Who is connected, and to what."""

    def book_seq(self, inst_id: str) -> int:
        """Number of the last change of a book, as its subscribers were told."""

    def status_changed(self, notices: Sequence[Mapping[str, object]]) -> None:
        """Tell whoever listens what system/status shows now."""

    def configure(self, changes: Mapping[str, str]) -> dict[str, object]:
        """Change how long things take; returns what is in force."""


@dataclass(slots=True, kw_only=True)
class ExchangeRuntime:
    """The running exchange and everything that is not part of its truth.

    ``requests``, ``script`` and ``status`` (the notices of system/status) live as long as
    the process; ``past`` is the exchange as it was when a script with stale data was loaded, and
    ``lagging`` those that a rule lets lag, by how far.
    ``streams`` is there once the port is open, ``access`` says who is let in. ``recent`` holds the
    newest events with their number and time, for whoever watches.
    """

    exchange: Exchange
    keys: dict[str, ApiKey]
    limiter: Limiter | None = None
    script: Script = field(default_factory=Script)
    past: Past | None = None
    lagging: dict[int, Lagging] = field(default_factory=dict)
    status: tuple[dict[str, Any], ...] = ()
    requests: Counter[str] = field(default_factory=Counter)
    streams: Streams | None = None
    access: Access = field(default_factory=Access)
    recent: deque[tuple[int, int, Event]] = field(default_factory=lambda: deque(maxlen=RECENT_MAX))
    price_scripts: dict[str, PriceScript] = field(default_factory=dict)
    _heard: int = 0

    def __post_init__(self) -> None:
        self.exchange.listeners.append(self._on_step)

    def _on_step(self, _command: Command, events: tuple[Event, ...]) -> None:
        at_ms = self.exchange.venue.now_ms
        for event in events:
            self._heard += 1
            self.recent.append((self._heard, at_ms, event))

    def follow(self, lags_ms: Iterable[int]) -> None:
        """Have these lagging views of the exchange, beginning as it is now, and no others."""
        for each in self.lagging.values():
            each.stop()
        self.lagging = {ms: Lagging(self.exchange, ms) for ms in lags_ms}

    def book_seq(self, inst_id: str) -> int:
        """Number of the last change of a book, as the WebSocket counts them."""
        return 1 if self.streams is None else self.streams.book_seq(inst_id)
