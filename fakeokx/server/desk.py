"""What one request is, and what the handlers share."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fakeokx.engine.model import Position
from fakeokx.faults import Script
from fakeokx.server.exchange import Exchange
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


@dataclass(slots=True, kw_only=True)
class Desk:
    """The running exchange and everything that is not part of its truth.

    ``requests`` and ``script`` live as long as the process; ``stale`` are the positions as
    they were when the script was loaded, ``status`` the notices of system/status.
    """

    exchange: Exchange
    keys: Mapping[str, ApiKey]
    limiter: Limiter | None = None
    script: Script = field(default_factory=Script)
    stale: tuple[Position, ...] = ()
    status: tuple[dict[str, Any], ...] = ()
    requests: Counter[str] = field(default_factory=Counter)
