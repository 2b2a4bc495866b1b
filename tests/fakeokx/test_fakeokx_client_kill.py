"""SIGKILL while ccxt trades: what a client was told has happened, and is still there afterwards.

A few kills by default; with FAKEOKX_KILLS=50 in the environment as many as that says. REST and
WebSocket take turns. The moments of death come from a seed that is printed with a failure.
"""

import asyncio
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fakeokx_traders import SYMBOL, ccxt_options

from fakeokx import FakeOkx, launch

KILLS = int(os.environ.get("FAKEOKX_KILLS", "4"))
SEED = 20_261_123


@dataclass
class Told:
    """What the client was told before the connection broke."""

    orders: set[str] = field(default_factory=set)
    canceled: set[str] = field(default_factory=set)
    fills: dict[str, tuple[str, str]] = field(default_factory=dict)
    attempted: set[str] = field(default_factory=set)

    def missing(self, truth: dict[str, Any]) -> list[str]:
        """What the venue does not know any more."""
        orders = {row["ordId"]: row for row in truth["orders"]}
        fills = {row["tradeId"]: (row["ordId"], row["fillSz"]) for row in truth["fills"]}
        lost = [f"order {each}" for each in sorted(self.orders - orders.keys())]
        lost += [
            f"cancel of {each}"
            for each in sorted(self.canceled)
            if orders.get(each, {}).get("state") != "canceled"
        ]
        lost += [f"fill {name}" for name, fill in self.fills.items() if fills.get(name) != fill]
        names = {row["clOrdId"] for row in truth["orders"]}
        return lost + [f"nobody asked for {each}" for each in sorted(names - self.attempted)]


def over_rest(venue: FakeOkx, told: Told, name: str, is_trading: threading.Event) -> None:
    ccxt = pytest.importorskip("ccxt")
    market = ccxt.okx(ccxt_options(venue))
    market.load_markets()
    for number in range(1_000_000):
        try:
            kind = "limit" if number % 4 == 3 else "market"
            cl_ord_id = f"{name}n{number}"
            told.attempted.add(cl_ord_id)
            px = 40_000 if kind == "limit" else None
            side = "buy" if number % 2 else "sell"
            params = {"clOrdId": cl_ord_id}
            if kind == "limit":
                side = "buy"
            made = market.create_order(SYMBOL, kind, side, 0.02, px, params)
            told.orders.add(made["id"])
            if kind == "limit":
                market.cancel_order(made["id"], SYMBOL)
                told.canceled.add(made["id"])
            else:
                row = market.fetch_order(made["id"], SYMBOL)["info"]
                told.fills[row["tradeId"]] = (row["ordId"], row["fillSz"])
            if kind == "limit":  # by then each kind of answer was given once
                is_trading.set()
        except ccxt.NetworkError:
            return


def over_websocket(venue: FakeOkx, told: Told, name: str, is_trading: threading.Event) -> None:
    ccxt = pytest.importorskip("ccxt.pro")

    async def trade() -> None:
        async with ccxt.okx(ccxt_options(venue)) as market:
            for number in range(1_000_000):
                cl_ord_id = f"{name}n{number}"
                told.attempted.add(cl_ord_id)
                try:
                    made = await asyncio.wait_for(
                        market.create_order_ws(
                            SYMBOL, "market", "buy", 0.02, None, {"clOrdId": cl_ord_id}
                        ),
                        5,
                    )
                except (ccxt.NetworkError, TimeoutError, ConnectionError):
                    return  # the last one is aiohttp's own: it died before the order was sent
                told.orders.add(made["id"])
                is_trading.set()

    asyncio.run(trade())


WAYS: tuple[Callable[..., None], ...] = (over_rest, over_websocket)


class Trader(threading.Thread):
    """One way of trading until the connection breaks; ``odd`` is what else ended it."""

    def __init__(self, way: Callable[..., None], *args: Any) -> None:
        super().__init__(daemon=True)
        self._way, self._args = way, args
        self.odd: BaseException | None = None

    def run(self) -> None:
        try:
            self._way(*self._args)
        except BaseException as problem:  # noqa: BLE001 whoever joins it is told
            self.odd = problem


def test_nothing_that_was_acknowledged_is_missing_after_a_kill(tmp_path: Path) -> None:
    pytest.importorskip("ccxt")
    chance, told = random.Random(SEED), Told()
    with launch(tmp_path) as venue:
        for kill in range(KILLS):
            is_trading = threading.Event()
            trader = Trader(WAYS[kill % 2], venue, told, f"k{kill}", is_trading)
            before = len(told.orders)
            trader.start()
            assert is_trading.wait(60), f"kill {kill}: no order was acknowledged"
            time.sleep(chance.uniform(0.0, 0.25))
            venue.kill()
            trader.join(30)
            assert not trader.is_alive(), f"kill {kill}: the client hangs"
            assert trader.odd is None, f"kill {kill}: {trader.odd!r}"
            assert len(told.orders) > before
            venue.restart()
            truth = venue.truth()
            assert told.missing(truth) == [], f"kill {kill} with seed {SEED}"
            unknown = {row["ordId"] for row in truth["orders"]} - told.orders
            # Each kill leaves at most the one order whose answer was under way.
            assert len(unknown) <= kill + 1
    assert told.fills
    assert told.canceled


def test_a_ledger_that_lost_a_line_would_be_noticed(tmp_path: Path) -> None:
    pytest.importorskip("ccxt")
    told, is_trading = Told(), threading.Event()
    with launch(tmp_path) as venue:
        trader = Trader(over_rest, venue, told, "m", is_trading)
        trader.start()
        assert is_trading.wait(60)
        time.sleep(0.2)
        venue.kill()
        trader.join(30)
        assert trader.odd is None, repr(trader.odd)
        ledger = tmp_path / "venue.ledger"
        lines = ledger.read_bytes().splitlines(keepends=True)
        ledger.write_bytes(b"".join(lines[:-3]))
        venue.restart()
        assert told.missing(venue.truth()) != []
