"""Unmodified clients as traders of the scripted session.

ccxt's synchronous and asynchronous classes have the same methods, so one trader serves both;
``info`` of whatever ccxt returns is the row as it came. python-okx returns rows anyway. Beside
the raw rows the ccxt trader also compares what ccxt made of them.
"""

import asyncio
import inspect
import json
from decimal import Decimal
from typing import Any

from fakeokx_session import BTC, PAGE, Row

from fakeokx import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET, Control

SYMBOL = "BTC/USDT:USDT"
CROSS = {"marginMode": "cross"}


def ccxt_options(server: Any, **options: Any) -> dict[str, Any]:
    urls = {"rest": server.url, "ws": server.ws_url}
    return {
        "apiKey": DEFAULT_KEY,
        "secret": DEFAULT_SECRET,
        "password": DEFAULT_PASSPHRASE,
        "urls": {"api": urls, "test": urls},
        "enableRateLimit": False,
        **options,
    }


async def done(result: Any) -> Any:
    """The result of a call that may or may not be asynchronous."""
    return await result if inspect.isawaitable(result) else result


class CcxtTrader:
    """ccxt.okx, or ccxt.async_support.okx."""

    def __init__(self, market: Any) -> None:
        self.market = market

    async def contract_sizes(self) -> dict[str, str]:
        found = await done(self.market.load_markets())
        return {
            each["id"]: f"{each['contractSize']:f}".rstrip("0")
            for each in found.values()
            if each["swap"]
        }

    async def set_leverage(self, lever: int) -> None:
        await done(self.market.set_leverage(lever, SYMBOL, CROSS))
        found = await done(self.market.fetch_leverage(SYMBOL, CROSS))
        assert found["longLeverage"] == lever

    async def place(self, side: str, sz: str, px: str | None, name: str) -> str:
        kind = "market" if px is None else "limit"
        price = None if px is None else float(px)
        made = await done(
            self.market.create_order(SYMBOL, kind, side, float(sz), price, {"clOrdId": name})
        )
        return str(made["id"])

    async def amend(self, ord_id: str, side: str, sz: str, px: str) -> None:
        await done(self.market.edit_order(ord_id, SYMBOL, "limit", side, float(sz), float(px)))

    async def cancel(self, ord_id: str) -> None:
        await done(self.market.cancel_order(ord_id, SYMBOL))

    async def stop(self, side: str, sz: str, trigger_px: str) -> str:
        params = {"stopLossPrice": float(trigger_px), "reduceOnly": True}
        made = await done(self.market.create_order(SYMBOL, "market", side, float(sz), None, params))
        return str(made["id"])

    async def trigger(self, side: str, sz: str, trigger_px: str) -> str:
        params = {"triggerPrice": float(trigger_px)}
        made = await done(self.market.create_order(SYMBOL, "market", side, float(sz), None, params))
        return str(made["id"])

    async def cancel_algo(self, algo_id: str) -> None:
        await done(self.market.cancel_order(algo_id, SYMBOL, {"trigger": True}))

    async def close(self) -> None:
        await done(self.market.close_position(SYMBOL))

    async def order(self, ord_id: str) -> Row:
        found = await done(self.market.fetch_order(ord_id, SYMBOL))
        row: Row = found["info"]
        if not row["algoId"]:
            assert found["id"] == row["ordId"]
        number(found["amount"], row["sz"])
        number(found["filled"], row["accFillSz"])
        number(found["average"], row["avgPx"])
        number(found["price"], row["px"] or row["avgPx"])
        number(found["fee"]["cost"], str(-Decimal(row["fee"] or "0")))
        return row

    async def positions(self) -> list[Row]:
        found = await done(self.market.fetch_positions())
        for each in found:
            row = each["info"]
            number(each["contracts"], row["pos"].lstrip("-"))
            number(each["entryPrice"], row["avgPx"])
            number(each["unrealizedPnl"], row["upl"])
            number(each["realizedPnl"], row["realizedPnl"])
        return [each["info"] for each in found]

    async def balance(self) -> Row:
        found = await done(self.market.fetch_balance())
        (row,) = found["info"]["data"]
        for detail in row["details"]:
            number(found[detail["ccy"]]["total"], detail["eq"])
            number(found[detail["ccy"]]["free"], detail["availEq"])
        return dict(row)

    async def orders_page(self, state: str, after: str) -> list[Row]:
        call = {
            "filled": self.market.fetch_closed_orders,
            "canceled": self.market.fetch_canceled_orders,
        }[state]
        return newest_first(await done(call(SYMBOL, None, PAGE, paged(after))), "ordId")

    async def fills_page(self, after: str) -> list[Row]:
        found = await done(self.market.fetch_my_trades(SYMBOL, None, PAGE, paged(after)))
        for each in found:
            row = each["info"]
            number(each["price"], row["fillPx"])
            number(each["amount"], row["fillSz"])
            number(each["fee"]["cost"], str(-Decimal(row["fee"])))
        return newest_first(found, "billId")

    async def bills_page(self, after: str) -> list[Row]:
        params = {"type": "swap", **paged(after)}
        found = await done(self.market.fetch_ledger(None, None, PAGE, params))
        return newest_first(found, "billId")

    async def funding(self) -> list[Row]:
        found = await done(self.market.fetch_funding_history(SYMBOL))
        for each in found:
            number(each["amount"], each["info"]["balChg"])
        return newest_first(found, "billId")

    async def positions_history(self) -> list[Row]:
        return [each["info"] for each in await done(self.market.fetch_positions_history([SYMBOL]))]


def number(seen: float | None, known: str) -> None:
    """What ccxt made of a number is that number, to the last digit a float has."""
    if known == "":
        assert seen in (None, 0), seen
    else:
        assert seen == float(known), (seen, known)


def paged(after: str) -> dict[str, str]:
    return {"after": after} if after else {}


def newest_first(found: list[Any], cursor: str) -> list[Row]:
    rows = [each["info"] for each in found]
    return sorted(rows, key=lambda row: int(row[cursor]), reverse=True)


class PythonOkxTrader:
    """python-okx over REST."""

    def __init__(self, url: str) -> None:
        import okx.Account
        import okx.PublicData
        import okx.Trade

        keys = (DEFAULT_KEY, DEFAULT_SECRET, DEFAULT_PASSPHRASE, False, "1")
        self.trade = okx.Trade.TradeAPI(*keys, domain=url, debug=False)
        self.account = okx.Account.AccountAPI(*keys, domain=url, debug=False)
        self.public = okx.PublicData.PublicAPI(flag="1", domain=url, debug=False)

    async def contract_sizes(self) -> dict[str, str]:
        rows = _rows(self.public.get_instruments(instType="SWAP"))
        return {row["instId"]: row["ctVal"] for row in rows}

    async def set_leverage(self, lever: int) -> None:
        _rows(self.account.set_leverage(lever=str(lever), mgnMode="cross", instId=BTC))
        (row,) = _rows(self.account.get_leverage(mgnMode="cross", instId=BTC))
        assert row["lever"] == str(lever)

    async def place(self, side: str, sz: str, px: str | None, name: str) -> str:
        kind = "market" if px is None else "limit"
        (row,) = _rows(
            self.trade.place_order(
                instId=BTC, tdMode="cross", side=side, ordType=kind, sz=sz, px=px or "",
                clOrdId=name,
            )
        )  # fmt: skip
        return str(row["ordId"])

    async def amend(self, ord_id: str, side: str, sz: str, px: str) -> None:
        _rows(self.trade.amend_order(instId=BTC, ordId=ord_id, newSz=sz, newPx=px, reqId="r1"))

    async def cancel(self, ord_id: str) -> None:
        _rows(self.trade.cancel_order(instId=BTC, ordId=ord_id))

    async def stop(self, side: str, sz: str, trigger_px: str) -> str:
        (row,) = _rows(
            self.trade.place_algo_order(
                instId=BTC, tdMode="cross", side=side, ordType="conditional", sz=sz,
                slTriggerPx=trigger_px, slOrdPx="-1", reduceOnly="true",
            )
        )  # fmt: skip
        return str(row["algoId"])

    async def trigger(self, side: str, sz: str, trigger_px: str) -> str:
        (row,) = _rows(
            self.trade.place_algo_order(
                instId=BTC, tdMode="cross", side=side, ordType="trigger", sz=sz,
                triggerPx=trigger_px, orderPx="-1",
            )
        )  # fmt: skip
        return str(row["algoId"])

    async def cancel_algo(self, algo_id: str) -> None:
        _rows(self.trade.cancel_algo_order([{"instId": BTC, "algoId": algo_id}]))

    async def close(self) -> None:
        _rows(self.trade.close_positions(instId=BTC, mgnMode="cross"))

    async def order(self, ord_id: str) -> Row:
        (row,) = _rows(self.trade.get_order(instId=BTC, ordId=ord_id))
        return row

    async def positions(self) -> list[Row]:
        return _rows(self.account.get_positions(instType="SWAP"))

    async def balance(self) -> Row:
        (row,) = _rows(self.account.get_account_balance())
        return row

    async def orders_page(self, state: str, after: str) -> list[Row]:
        return _rows(
            self.trade.get_orders_history(
                instType="SWAP", state=state, after=after, limit=str(PAGE)
            )
        )

    async def fills_page(self, after: str) -> list[Row]:
        return _rows(self.trade.get_fills(instType="SWAP", after=after, limit=str(PAGE)))

    async def bills_page(self, after: str) -> list[Row]:
        return _rows(self.account.get_account_bills(instType="SWAP", after=after, limit=str(PAGE)))

    async def funding(self) -> list[Row]:
        return _rows(self.account.get_account_bills(type="8"))

    async def positions_history(self) -> list[Row]:
        return _rows(self.account.get_positions_history(instType="SWAP"))


def _rows(answer: dict[str, Any]) -> list[Row]:
    assert answer["code"] == "0", answer
    rows: list[Row] = answer["data"]
    return rows


class Watched:
    """What came over WebSocket: every order update, and the last of everything else."""

    def __init__(self) -> None:
        self.orders: list[Row] = []
        self.positions: dict[str, Row] = {}
        self.cash: dict[str, str] = {}
        self.trades: dict[str, Row] = {}

    def take(self, channel: str, rows: list[Row]) -> None:
        if channel == "orders":
            self.orders += rows
        for row in rows:
            if channel == "positions":
                self.positions[row["posId"]] = row
            elif channel == "account":
                self.cash |= {each["ccy"]: each["cashBal"] for each in row["details"]}
            elif channel == "trades":
                self.trades[row["tradeId"]] = row

    def agrees(self, truth: dict[str, Any], *, every_update: bool) -> str:
        """Empty if everything was seen as the venue knows it, else what is missing."""
        last = {row["ordId"]: row for row in self.orders}
        for known in truth["orders"]:
            seen = last.get(known["ordId"])
            if seen is None or seen["state"] != known["state"]:
                return f"order {known['ordId']}: {known['state']}"
            for name in ("accFillSz", "avgPx", "fee", "pnl", "sz", "px", "clOrdId", "uTime"):
                if seen[name] != known[name] and not (name == "avgPx" and known[name] == ""):
                    return f"{name} of order {known['ordId']}: {seen[name]}, not {known[name]}"
        fills = {row["tradeId"]: row for row in truth["fills"]}
        trades = self.trades or {row["tradeId"]: row for row in self.orders if row["tradeId"]}
        if trades.keys() != fills.keys():
            return f"fills: {sorted(set(fills) ^ set(trades))}"
        for trade_id, known in fills.items():
            seen = trades[trade_id]
            pairs = (("fillSz", "fillSz"), ("fillPx", "fillPx"), ("fillFee", "fee"),
                     ("fillPnl", "fillPnl"), ("ordId", "ordId"), ("execType", "execType"),
                     ("fillTime", "fillTime"))  # fmt: skip
            for ours, theirs in pairs:
                if seen[ours] != known[theirs]:
                    return f"{ours} of trade {trade_id}: {seen[ours]}, not {known[theirs]}"
        if every_update:
            states = [row["state"] for row in self.orders]
            if states.count("live") < len(truth["orders"]):
                return "an order that was never live"
        cash = {each["ccy"]: each["cashBal"] for each in truth["balance"]["details"]}
        if self.cash != cash:
            return f"cash: {self.cash}, not {cash}"
        held = {row["posId"]: row["pos"] for row in truth["positions"]}
        seen_held = {name: row["pos"] for name, row in self.positions.items() if row["pos"] != "0"}
        return "" if seen_held == held else f"positions: {seen_held}, not {held}"


async def until_agreed(watched: Watched, control: Control, *, every_update: bool) -> None:
    """Pushes take a moment; what they add up to has to be the truth."""
    for _ in range(100):
        if not watched.agrees(control.truth(), every_update=every_update):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(watched.agrees(control.truth(), every_update=every_update))


class CcxtProTrader(CcxtTrader):
    """ccxt.pro.okx: orders over WebSocket, and everything that it can watch."""

    def __init__(self, market: Any) -> None:
        super().__init__(market)
        self.watched = Watched()
        self.last_px = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.market.load_markets()
        market = self.market
        first = asyncio.Event()
        watches = (
            ("orders", market.watch_orders),
            ("trades", market.watch_my_trades),
            ("positions", market.watch_positions),
            ("account", market.watch_balance),
        )
        for channel, watch in watches:
            self._tasks.append(asyncio.create_task(self._watch(channel, watch, first)))
        self._tasks.append(asyncio.create_task(self._watch_ticker()))
        await asyncio.wait_for(first.wait(), 10)

    async def stop_watching(self) -> None:
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert isinstance(result, asyncio.CancelledError), result

    async def _watch(self, channel: str, watch: Any, first: asyncio.Event) -> None:
        while True:
            found = await watch()
            if channel == "account":
                rows = [] if "info" not in found else found["info"]["data"]
                first.set()
            else:
                rows = [each["info"] for each in found]
            self.watched.take(channel, rows)

    async def _watch_ticker(self) -> None:
        while True:
            self.last_px = (await self.market.watch_ticker(SYMBOL))["last"]

    async def place(self, side: str, sz: str, px: str | None, name: str) -> str:
        kind = "market" if px is None else "limit"
        price = None if px is None else float(px)
        params = {"clOrdId": name}
        made = await self.market.create_order_ws(SYMBOL, kind, side, float(sz), price, params)
        assert made["clientOrderId"] == name
        return str(made["id"])

    async def amend(self, ord_id: str, side: str, sz: str, px: str) -> None:
        await self.market.edit_order_ws(ord_id, SYMBOL, "limit", side, float(sz), float(px))

    async def cancel(self, ord_id: str) -> None:
        await self.market.cancel_order_ws(ord_id, SYMBOL)


class PythonOkxStreamTrader(PythonOkxTrader):
    """python-okx: orders over its private WebSocket, pushes from both of its WebSockets."""

    def __init__(self, url: str, ws_url: str) -> None:
        from okx.websocket.WsPrivateAsync import WsPrivateAsync
        from okx.websocket.WsPublicAsync import WsPublicAsync

        super().__init__(url)
        keys = (DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET)
        self.private = WsPrivateAsync(*keys, f"{ws_url}/private")
        self.public = WsPublicAsync(f"{ws_url}/public")
        self.rest_public = PythonOkxTrader(url).public
        self.watched = Watched()
        self.prices: list[str] = []
        self.events: list[Row] = []
        self._answers: dict[str, Row] = {}
        self._asked = 0

    async def start(self) -> None:
        await self.public.start()
        await self.private.start()
        await self.public.subscribe([{"channel": "tickers", "instId": BTC}], self._heard)
        args = [
            {"channel": "orders", "instType": "ANY"},
            {"channel": "account"},
            {"channel": "positions", "instType": "SWAP"},
        ]
        await self.private.subscribe(args, self._heard)

    async def stop_watching(self) -> None:
        await self.private.stop()
        await self.public.stop()

    async def contract_sizes(self) -> dict[str, str]:
        rows = _rows(self.rest_public.get_instruments(instType="SWAP"))
        return {row["instId"]: row["ctVal"] for row in rows}

    def _heard(self, text: str) -> None:
        found = json.loads(text)
        if "op" in found:
            self._answers[found["id"]] = found
        elif "event" in found:
            self.events.append(found)
        elif found["arg"]["channel"] == "tickers":
            self.prices += [row["last"] for row in found["data"]]
        else:
            self.watched.take(found["arg"]["channel"], found["data"])

    async def _answer(self, call: Any, args: list[Row]) -> Row:
        self._asked += 1
        name = f"q{self._asked}"
        await call(args, id=name)
        for _ in range(200):
            if name in self._answers:
                answer = self._answers[name]
                assert answer["code"] == "0", answer
                return dict(answer["data"][0])
            await asyncio.sleep(0.01)
        raise AssertionError(f"no answer to {name}")

    async def place(self, side: str, sz: str, px: str | None, name: str) -> str:
        args = {
            "instId": BTC, "tdMode": "cross", "side": side, "sz": sz, "clOrdId": name,
            "ordType": "market" if px is None else "limit", "px": px or "",
        }  # fmt: skip
        return str((await self._answer(self.private.place_order, [args]))["ordId"])

    async def amend(self, ord_id: str, side: str, sz: str, px: str) -> None:
        args = {"instId": BTC, "ordId": ord_id, "newSz": sz, "newPx": px}
        await self._answer(self.private.amend_order, [args])

    async def cancel(self, ord_id: str) -> None:
        await self._answer(self.private.cancel_order, [{"instId": BTC, "ordId": ord_id}])
