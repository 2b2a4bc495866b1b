"""Clients of a fakeokx with its own keys: the library's, and an unmodified one of ccxt.

None waits for a rate limit by itself: the exchange is our own, and refuses where OKX would. A
``near`` client asks without ``requests``: for what asks often, and does not try the wire.
"""

from __future__ import annotations

from typing import Any

import fakeokx
from chaos.workload.loopback import LoopbackSession
from prometheus_persist.exchange.okx.client import okx_client
from prometheus_persist.exchange.okx.query import import_ccxt

TIMEOUT_MS = 10_000
_KEYS = (fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE)


def client_of(url: str, timeout_ms: int = TIMEOUT_MS, *, sandbox: bool = True) -> Any:
    """The client that the library makes."""
    return okx_client(url, *_KEYS, sandbox, timeout_ms)


def near(client: Any) -> Any:
    """The same client, which asks an exchange on this machine at a quarter of the cost."""
    client.session = LoopbackSession()
    return client


def host_options(url: str, keys: tuple[str, str, str] = _KEYS) -> dict[str, Any]:
    """What ``ccxt.okx`` of a host that knows nothing of the library is made with."""
    names = dict(zip(("apiKey", "secret", "password"), keys, strict=True))
    place = {"rest": url}
    return {**names, "urls": {"api": place, "test": place}, "enableRateLimit": False}


def host_client(url: str) -> Any:
    """A ``ccxt.okx`` of its own making."""
    return import_ccxt().okx(host_options(url))
