"""Prices that move by themselves: a list of prices for an instrument, one every so often.

One script per instrument; a new one replaces the old one, and one without prices only ends it.
Each price is a command of its own, in the ledger like one that was given by hand. The first
price comes at once. Scripts end with the process.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fakeokx.engine.checks import listed, price
from fakeokx.engine.commands import MovePrice
from fakeokx.engine.decimals import whole
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime.exchange import Exchange

PRICES_MAX: Final = 100_000
EVERY_MS_MAX: Final = 86_400_000


@dataclass(slots=True)
class PriceScript:
    """One instrument's prices to come."""

    exchange: Exchange
    inst_id: str
    prices: list[str]
    every_ms: int
    is_loop: bool
    done: int = 0
    error: str = ""
    timer: asyncio.TimerHandle | None = field(default=None)

    def step(self) -> None:
        """Set the next price and wait for the one after it."""
        try:
            px = self.prices[self.done % len(self.prices)]
            self.exchange.do(MovePrice(inst_id=self.inst_id, px=px))
        except Refusal as refusal:
            self.error = refusal.reason.code
            self.timer = None
            return
        self.done += 1
        if not self.is_loop and self.done == len(self.prices):
            self.timer = None
            return
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(self.every_ms / 1000, self.step)

    def stop(self) -> None:
        """No more prices."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


def start(
    exchange: Exchange, scripts: dict[str, PriceScript], params: Mapping[str, str]
) -> dict[str, Any]:
    """Begin ``prices`` of ``instId`` every ``every_ms``, over and over with ``loop``."""
    instrument = listed(exchange.venue, params.get("instId", ""))
    prices = _prices(params.get("prices", ""))
    for each in prices:
        price("prices", each, instrument)
    every_ms = whole(params.get("every_ms", "1000"))
    if every_ms is None or not 1 <= every_ms <= EVERY_MS_MAX:
        raise Refusal("51000", "every_ms")
    old = scripts.pop(instrument.inst_id, None)
    if old is not None:
        old.stop()
    if prices:
        is_loop = params.get("loop") == "true"
        fresh = PriceScript(exchange, instrument.inst_id, prices, every_ms, is_loop)
        scripts[instrument.inst_id] = fresh
        fresh.step()
    return running(scripts)


def running(scripts: Mapping[str, PriceScript]) -> dict[str, Any]:
    """Every script of this process: how far it is, and what stopped it."""
    return {
        "scripts": [
            {
                "instId": each.inst_id,
                "done": each.done,
                "prices": len(each.prices),
                "every_ms": each.every_ms,
                "loop": each.is_loop,
                "running": each.timer is not None,
                "error": each.error,
            }
            for each in scripts.values()
        ]
    }


def _prices(text: str) -> list[str]:
    try:
        found = json.loads(text or "[]", parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise Refusal("51000", "prices") from None
    if not isinstance(found, list) or len(found) > PRICES_MAX:
        raise Refusal("51000", "prices")
    return [str(each) for each in found]
