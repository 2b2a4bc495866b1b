"""Clocks and clients of the stage: the library's reader, and unmodified ccxt."""

from __future__ import annotations

import copy
from typing import Any

import ccxt

from chaos.workload.clients import host_options, near
from prometheus_persist.clock import SystemClock
from prometheus_persist.exchange import OkxReader
from prometheus_persist.exchange.okx.client import okx_client

_CLIENTS: dict[tuple[str, ...], Any] = {}
_MARKETS: dict[str, Any] = {}


class StageClock(SystemClock):
    """The machine's clock, as far ahead as the exchange's; waiting takes no time.

    ``passed_ms`` is the time that has passed for everybody, whatever the wall clock says.
    """

    ahead_ms = passed_ms = 0

    def monotonic_s(self) -> float:
        """The machine's, and what was made to pass."""
        return super().monotonic_s() + self.passed_ms / 1000

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms

    def sleep(self, seconds: float) -> None:
        """The exchange of these scenarios does nothing by itself that would have to be awaited."""


def client(url: str, key: str, secret: str, passphrase: str, *, demo: bool = False) -> Any:
    """An unmodified ccxt client; what one has learnt of the markets serves all of them."""
    found = _CLIENTS.get((url, key, str(demo)))
    if found is not None:
        return found
    found = near(ccxt.okx({**host_options(url, (key, secret, passphrase)), "timeout": 5_000}))
    if demo:
        found.set_sandbox_mode(True)
    if url not in _MARKETS:
        _MARKETS[url] = found.load_markets(), found.currencies
    found.set_markets(copy.deepcopy(list(_MARKETS[url][0].values())), _MARKETS[url][1])
    _CLIENTS[url, key, str(demo)] = found
    return found


def reader(
    url: str, key: str, secret: str, passphrase: str, clock: StageClock, *, demo: bool = False
) -> OkxReader:
    """The library's own reader, with the account's full key: nothing but itself holds it back."""
    asking = okx_client(url, key, secret, passphrase, demo, 10_000)
    return OkxReader(near(asking), clock)
