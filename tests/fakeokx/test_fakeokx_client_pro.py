"""Unmodified ccxt.pro against the public side, and when something goes wrong on the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fakeokx_traders import SYMBOL, ccxt_options

from fakeokx import FakeOkx, launch

ccxt = pytest.importorskip("ccxt.pro")
BTC = "BTC-USDT-SWAP"
BOOK = {
    "bids": [("49990", "3"), ("49980", "5")],
    "asks": [("50010", "2"), ("50020", "7")],
}
Body = Callable[[FakeOkx, Any], Awaitable[None]]


@asynccontextmanager
async def client(venue: FakeOkx) -> AsyncIterator[Any]:
    async with ccxt.okx(ccxt_options(venue)) as market:
        await market.load_markets()
        yield market


def play(tmp_path: Path, body: Body) -> None:
    async def session(venue: FakeOkx) -> None:
        async with client(venue) as market:
            await asyncio.wait_for(body(venue, market), 30)

    with launch(tmp_path) as venue:
        asyncio.run(session(venue))


def levels(side: Any) -> list[tuple[float, float]]:
    return [(px, sz) for px, sz in side]


def test_book_trades_candles_mark_price_and_funding(tmp_path: Path) -> None:
    async def body(venue: FakeOkx, market: Any) -> None:
        venue.book(BTC, **BOOK)
        book = await market.watch_order_book(SYMBOL)
        assert levels(book["bids"]) == [(49990.0, 3.0), (49980.0, 5.0)]
        ours = asyncio.create_task(market.watch_trades(SYMBOL))
        await market.watch_ticker(SYMBOL)
        venue.trade_by_hand(BTC, "buy", "3")
        trades = [(each["price"], each["amount"]) for each in await ours]
        assert trades[0] == (50010.0, 2.0)
        while levels(market.orderbooks[SYMBOL]["asks"]) != [(50020.0, 6.0)]:
            await asyncio.sleep(0.01)
        (candle,) = await market.watch_ohlcv(SYMBOL, "1m")
        assert candle[4] == 50020.0
        venue.mark(BTC, "50015.5")
        assert (await market.watch_mark_price(SYMBOL))["markPrice"] == 50015.5
        venue.set_funding_rate(BTC, "0.00042")
        assert (await market.watch_funding_rate(SYMBOL))["fundingRate"] == 0.00042

    play(tmp_path, body)


def test_a_gap_in_the_book_is_noticed_and_mended_by_the_client(tmp_path: Path) -> None:
    async def body(venue: FakeOkx, market: Any) -> None:
        venue.book(BTC, **BOOK)
        await market.watch_order_book(SYMBOL)
        venue.set_faults([{"action": "ws_gap", "path": "books"}])
        watching = asyncio.create_task(market.watch_order_book(SYMBOL))
        await asyncio.sleep(0)
        venue.book(BTC, bids=[("49991", "1")], asks=[("50011", "1")])
        venue.book(BTC, bids=[("49992", "1")], asks=[("50012", "1")])
        with pytest.raises(ccxt.InvalidNonce):
            await watching
        assert venue.faults()[0]["fired"] == 1
        book = await market.watch_order_book(SYMBOL)
        assert (levels(book["bids"]), levels(book["asks"])) == ([(49992.0, 1.0)], [(50012.0, 1.0)])

    play(tmp_path, body)


def test_after_a_disconnect_the_client_comes_back_by_itself(tmp_path: Path) -> None:
    async def body(venue: FakeOkx, market: Any) -> None:
        await market.watch_ticker(SYMBOL)
        venue.set_faults([{"action": "ws_disconnect", "path": "tickers"}])
        watching = asyncio.create_task(market.watch_ticker(SYMBOL))
        await asyncio.sleep(0)
        venue.price(BTC, "50100")
        with pytest.raises(ccxt.NetworkError):
            await watching
        assert (await market.watch_ticker(SYMBOL))["last"] == 50100.0

    play(tmp_path, body)


def test_stops_are_watched_on_a_connection_with_its_own_login(tmp_path: Path) -> None:
    async def body(venue: FakeOkx, market: Any) -> None:
        watching = asyncio.create_task(market.watch_orders(SYMBOL, params={"trigger": True}))
        while not venue.streams()["connections"] or not _listens(venue, "orders-algo"):
            await asyncio.sleep(0.01)
        await market.create_order(SYMBOL, "market", "buy", 1)
        made = await market.create_order(
            SYMBOL, "market", "sell", 1, None, {"stopLossPrice": 48_000, "reduceOnly": True}
        )
        (stop,) = await watching
        assert (stop["id"], stop["status"]) == (made["id"], "open")
        watching = asyncio.create_task(market.watch_orders(SYMBOL, params={"trigger": True}))
        await asyncio.sleep(0)
        venue.price(BTC, "47999")
        (fired,) = await watching
        assert fired["info"]["state"] == "effective"

    play(tmp_path, body)


def test_the_fault_answer_lost_is_survived_by_asking_for_the_client_id(tmp_path: Path) -> None:
    async def body(venue: FakeOkx, market: Any) -> None:
        await market.watch_balance()
        venue.set_faults([{"action": "drop_answer", "operation": "place"}])
        with pytest.raises(ccxt.NetworkError):
            await market.create_order_ws(SYMBOL, "market", "buy", 1, None, {"clOrdId": "lost1"})
        found = await market.fetch_order(None, SYMBOL, {"clOrdId": "lost1"})
        assert (found["status"], found["filled"]) == ("closed", 1.0)

    play(tmp_path, body)


def _listens(venue: FakeOkx, channel: str) -> bool:
    args = [arg for each in venue.streams()["connections"] for arg in each["args"]]
    return any(arg["channel"] == channel for arg in args)
