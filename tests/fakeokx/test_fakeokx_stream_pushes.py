"""What a step pushes, without a socket: a venue, its events, and the feed."""

from typing import Any

import pytest
from fakeokx_tools import BTC, T0, ask, move, new_venue, place, place_algo

from fakeokx.engine.commands import (
    Amendment,
    AmendOrders,
    CancelOrders,
    Deposit,
    Fund,
    Liquidate,
    MovePrice,
    OpenAccount,
    OrderRef,
    PlaceAlgo,
    PlaceOrders,
    SetBook,
    SetFundingRate,
    SetLeverage,
    SetMark,
    SetPartial,
    SetSwitch,
    Settle,
)
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue
from fakeokx.stream.channels import CHANNELS, Arg, parse
from fakeokx.stream.feed import (
    CANDLE_MS,
    FUNDING_RATE_MS,
    MARK_PRICE_MS,
    Feed,
    interval_ms,
)
from fakeokx.stream.pushes import Push, message

ALL = {*CHANNELS, "candle1m"}
ETH = "ETH-USDT-SWAP"
MAIN = "main"


class Watcher:
    """A venue whose every step is pushed."""

    def __init__(self, **settings: str) -> None:
        self.venue: Venue = new_venue(**settings)
        self.feed = Feed()
        self.now_ms = T0

    def do(self, command: Any, wanted: set[str] = ALL) -> list[Push]:
        self.now_ms += 1
        events = step(self.venue, command, self.now_ms)
        return self.feed.at_once(self.venue, events, self.now_ms, wanted)

    def gathered(self) -> list[Push]:
        return self.feed.take_gathered(self.venue, self.now_ms)

    def first(self, account: str = MAIN, **arg: str) -> list[Any]:
        found = self.feed.first(self.venue, parse(arg), account, self.now_ms)
        return [row for push in found for row in push.data_for(parse(arg))]


def rows(pushes: list[Push], channel: str, account: str | None = None) -> list[Any]:
    return [
        row
        for push in pushes
        if push.channel == channel and account in (None, push.account)
        for _, row in push.rows
    ]


def arg_of(**words: str) -> Arg:
    return parse(words)


def buy(**changed: str) -> PlaceOrders:
    return PlaceOrders(orders=(ask(**changed),))


def test_nothing_is_rendered_for_channels_that_nobody_wants() -> None:
    watcher = Watcher()
    assert watcher.do(buy(), set()) == []
    assert watcher.gathered() == []


def test_an_order_that_was_refused_pushes_nothing() -> None:
    watcher = Watcher()
    assert watcher.do(buy(sz="0.001")) == []


@pytest.mark.parametrize(("kind", "source"), [("fok", "13"), ("ioc", "14"), ("post_only", "31")])
def test_an_order_that_the_venue_ends_at_once_is_live_first(kind: str, source: str) -> None:
    watcher = Watcher()
    px = "51000" if kind == "post_only" else "40000"
    live, gone = rows(watcher.do(buy(ord_type=kind, px=px)), "orders")
    assert (live["state"], gone["state"], gone["cancelSource"]) == ("live", "canceled", source)


def test_each_fill_of_an_order_is_an_update_of_its_own() -> None:
    watcher = Watcher()
    asks = (("50000", "1"), ("50010", "2"))
    watcher.do(SetBook(inst_id=BTC, bids=(("49990", "5"),), asks=asks))
    live, one, two = rows(watcher.do(buy(sz="3")), "orders")
    assert [row["state"] for row in (live, one, two)] == ["live", "partially_filled", "filled"]
    assert [(row["fillSz"], row["fillPx"], row["accFillSz"]) for row in (live, one, two)] == [
        ("0", "", "0"),
        ("1", "50000", "1"),
        ("2", "50010", "3"),
    ]
    assert one["tradeId"] != two["tradeId"]
    total = float(one["fillFee"]) + float(two["fillFee"])
    assert total == pytest.approx(float(two["fee"]))


def test_public_trades_are_one_per_taker_and_price() -> None:
    watcher = Watcher()
    book = SetBook(inst_id=BTC, bids=(("49990", "5"),), asks=(("50000", "1"), ("50010", "9")))
    watcher.do(book)
    found = rows(watcher.do(buy(sz="3")), "trades")
    assert [(row["px"], row["sz"], row["side"], row["count"]) for row in found] == [
        ("50000", "1", "buy", "1"),
        ("50010", "2", "buy", "1"),
    ]
    assert [row["seqId"] for row in found] == [int(row["tradeId"]) for row in found]
    both = PlaceOrders(orders=(ask(sz="1"), ask(sz="1")))
    found = rows(watcher.do(both), "trades")
    assert [row["count"] for row in found] == ["1", "1"], "two takers are two trades"


def test_an_amendment_is_pushed_with_its_request_and_result() -> None:
    watcher = Watcher()
    order = place(watcher.venue, ord_type="limit", px="40000")
    named = {"inst_id": BTC, "ord_id": str(order.ord_id)}
    good = Amendment(**named, new_px="41000", req_id="r1")
    (row,) = rows(watcher.do(AmendOrders(orders=(good,))), "orders")
    assert (row["px"], row["reqId"], row["amendResult"], row["amendSource"]) == (
        "41000",
        "r1",
        "0",
        "1",
    )
    bad = Amendment(**named, new_px="0.01x", req_id="r2", cxl_on_fail="true")
    (row,) = rows(watcher.do(AmendOrders(orders=(bad,))), "orders")
    assert (row["state"], row["reqId"], row["amendResult"]) == ("canceled", "r2", "1")


def test_switches_change_the_fields_that_sources_disagree_about() -> None:
    watcher = Watcher()
    (live, _) = rows(watcher.do(buy()), "orders")
    assert (live["ccy"], live["avgPx"]) == ("", "0")
    watcher.do(SetSwitch(name="order.ws_ccy", value="settleCcy"))
    watcher.do(SetSwitch(name="order.ws_avgpx_none", value=""))
    (live, _) = rows(watcher.do(buy()), "orders")
    assert (live["ccy"], live["avgPx"]) == ("USDT", "")


@pytest.mark.parametrize(("visible", "count"), [("orders", 1), ("silent", 0)])
def test_a_liquidation_shows_as_the_switch_says_but_the_position_always_goes(
    visible: str, count: int
) -> None:
    watcher = Watcher()
    watcher.do(buy(sz="2"))
    watcher.do(SetSwitch(name="liquidation.visible_as", value=visible))
    watcher.gathered()
    found = watcher.do(Liquidate(inst_id=BTC, mgn_mode="cross"))
    orders = rows(found, "orders")
    assert {row["category"] for row in orders} == ({"full_liquidation"} if count else set())
    assert [row["eventType"] for row in rows(found, "balance_and_position")] == ["liquidation"]
    (flat,) = rows(watcher.gathered(), "positions")
    assert flat["pos"] == "0"
    assert rows(found, "fills") == []


def test_a_funding_moves_money_and_says_so() -> None:
    watcher = Watcher()
    watcher.do(buy(sz="2"))
    watcher.gathered()
    found = watcher.do(Fund(inst_id=BTC, rate="0.0001"))
    (row,) = rows(found, "balance_and_position")
    assert (row["eventType"], row["trades"]) == ("funding_fee", [])
    assert [each["ccy"] for each in row["balData"]] == ["USDT"]
    (detail,) = rows(watcher.gathered(), "account")[0]["details"]
    assert detail["cashBal"] == row["balData"][0]["cashBal"]


def test_a_settlement_moves_money_and_says_so() -> None:
    watcher = Watcher()
    watcher.do(buy(inst_id="BTC-USDT-301227", sz="2"))
    found = watcher.do(Settle(inst_id="BTC-USDT-301227", px="51000"))
    (row,) = rows(found, "balance_and_position")
    assert (row["eventType"], row["trades"], len(row["balData"])) == ("settlement", [], 1)
    (position,) = row["posData"]
    assert [position[name] for name in ("avgPx", "nonSettleAvgPx", "settledPnl")] == [
        "51000", "50000", "20",
    ]  # fmt: skip


def test_a_transfer_shows_only_the_currency_that_moved() -> None:
    watcher = Watcher()
    watcher.feed.first(watcher.venue, arg_of(channel="account"), MAIN, T0)
    found = watcher.do(Deposit(ccy="BTC", amt="1.5"))
    (row,) = rows(found, "balance_and_position")
    assert (row["eventType"], [each["ccy"] for each in row["balData"]]) == ("transferred", ["BTC"])
    (update,) = rows(watcher.gathered(), "account")
    assert [(each["ccy"], each["cashBal"]) for each in update["details"]] == [("BTC", "1.5")]
    assert float(update["details"][0]["coinUsdPrice"]) == 50_000
    assert watcher.gathered() == [], "and only once"


def test_a_leverage_is_told_to_balance_and_position() -> None:
    watcher = Watcher()
    watcher.do(buy())
    found = watcher.do(SetLeverage(inst_id=BTC, lever="5", mgn_mode="cross"))
    (row,) = rows(found, "balance_and_position")
    assert (row["eventType"], row["balData"]) == ("set_leverage", [])
    assert [each["pos"] for each in row["posData"]] == ["1"]


def test_accounts_hear_of_themselves_only() -> None:
    watcher = Watcher()
    watcher.do(OpenAccount(account="second"))
    watcher.do(Deposit(ccy="USDT", amt="1000", account="second"))
    watcher.gathered()
    found = watcher.do(PlaceOrders(orders=(ask(sz="0.1"),), account="second"))
    assert len(rows(found, "orders", "second")) == 2
    assert rows(found, "orders", MAIN) == []
    assert {push.account for push in watcher.gathered()} == {"second"}
    assert watcher.first(channel="positions", instType="ANY") == []
    (held,) = watcher.first("second", channel="positions", instType="ANY")
    assert held["pos"] == "0.1"


def test_trailing_orders_live_on_a_channel_of_their_own() -> None:
    watcher = Watcher()
    watcher.do(buy())
    trailing = PlaceAlgo(
        inst_id=BTC, td_mode="cross", side="sell", ord_type="move_order_stop", sz="1",
        callback_ratio="0.01", reduce_only="true",
    )  # fmt: skip
    found = watcher.do(trailing)
    (row,) = rows(found, "algo-advance")
    assert (row["callbackRatio"], row["count"], row["isTradeBorrowMode"]) == ("0.01", "1", False)
    assert rows(found, "orders-algo") == []
    (waiting,) = watcher.first(channel="algo-advance", instType="ANY")
    assert waiting["algoId"] == row["algoId"]
    fired = watcher.do(MovePrice(inst_id=BTC, px="49000"))
    assert [row["state"] for row in rows(fired, "algo-advance")][-1] == "effective"
    assert watcher.first(channel="algo-advance", instType="ANY") == []


def test_a_stop_lacks_the_fields_of_trailing_orders() -> None:
    watcher = Watcher()
    place_algo(watcher.venue, sl_trigger_px="45000", sl_ord_px="-1")
    found = watcher.do(MovePrice(inst_id=BTC, px="44000"))
    (row,) = rows(found, "orders-algo")
    assert row["state"] in ("effective", "order_failed")
    assert not {"callbackRatio", "activePx", "moveTriggerPx", "timeInterval"} & row.keys()
    assert {"amendResult", "reqId", "notionalUsd"} <= row.keys()


def test_coins_push_their_balances_and_no_positions() -> None:
    watcher = Watcher()
    watcher.gathered()
    spot = buy(inst_id="BTC-USDT", td_mode="cash", sz="100", ord_type="market", tgt_ccy="quote_ccy")
    found = watcher.do(spot)
    assert [row["state"] for row in rows(found, "orders")][-1] == "filled"
    (row,) = rows(found, "balance_and_position")
    assert sorted(each["ccy"] for each in row["balData"]) == ["BTC", "USDT"]
    gathered = watcher.gathered()
    assert rows(gathered, "positions") == []
    (account,) = rows(gathered, "account")
    assert sorted(each["ccy"] for each in account["details"]) == ["BTC", "USDT"]


def test_a_waiting_order_moves_the_account_because_it_ties_up_margin() -> None:
    watcher = Watcher()
    watcher.first(channel="account")
    order = place(watcher.venue, ord_type="limit", px="40000")
    watcher.first(channel="account")
    ref = OrderRef(inst_id=BTC, ord_id=str(order.ord_id))
    watcher.do(CancelOrders(orders=(ref,)))
    (update,) = rows(watcher.gathered(), "account")
    assert update["details"][0]["ordFrozen"] == "0"


def test_a_moved_mark_price_is_no_ticker_and_a_moved_last_price_is_both() -> None:
    watcher = Watcher()
    found = watcher.do(SetMark(inst_id=BTC, px="50123"))
    assert [row["markPx"] for row in rows(found, "mark-price")] == ["50123"]
    assert rows(found, "tickers") == []
    found = watcher.do(MovePrice(inst_id=BTC, px="50200"))
    assert [row["markPx"] for row in rows(found, "mark-price")] == ["50200"]
    assert [row["last"] for row in rows(found, "tickers")] == ["50200"]


def test_the_funding_rate_is_pushed_when_it_changes() -> None:
    watcher = Watcher()
    found = watcher.do(SetFundingRate(inst_id=ETH, rate="-0.0003"))
    (row,) = rows(found, "funding-rate")
    assert (row["instId"], row["fundingRate"]) == (ETH, "-0.0003")
    (first,) = watcher.first(channel="funding-rate", instId=ETH)
    assert first["fundingRate"] == "-0.0003"


def test_a_rows_instrument_decides_who_gets_it() -> None:
    watcher = Watcher()
    pushes = watcher.do(buy()) + watcher.do(buy(inst_id=ETH))
    orders = [push for push in pushes if push.channel == "orders"]

    def count(**arg: str) -> int:
        wanted = arg_of(channel="orders", **arg)
        return sum(len(push.data_for(wanted)) for push in orders)

    assert count(instType="ANY") == 4
    assert count(instType="SWAP", instId=ETH) == 2
    assert count(instType="ANY", instFamily="BTC-USDT") == 2
    assert count(instType="FUTURES") == 0


def test_a_message_shows_the_argument_as_subscribed_and_whose_it_is() -> None:
    arg = arg_of(channel="orders", instType="ANY")
    push = Push(channel="orders", account=MAIN, rows=())
    assert message(arg, push, [], "7") == {
        "arg": {"channel": "orders", "instType": "ANY", "uid": "7"},
        "data": [],
    }


@pytest.mark.parametrize(
    ("arg", "every_ms"),
    [
        ({"channel": "account"}, 5_000),
        ({"channel": "account", "extraParams": '{"updateInterval": "0"}'}, None),
        ({"channel": "positions", "instType": "ANY", "extraParams": '{"updateInterval": 2000}'},
         2_000),
        ({"channel": "mark-price", "instId": BTC}, MARK_PRICE_MS),
        ({"channel": "funding-rate", "instId": BTC}, FUNDING_RATE_MS),
        ({"channel": "candle1m", "instId": BTC}, CANDLE_MS),
        ({"channel": "tickers", "instId": BTC}, None),
    ],
)  # fmt: skip
def test_what_comes_at_intervals(arg: dict[str, str], every_ms: int | None) -> None:
    assert interval_ms(parse(arg), 5_000) == every_ms


def test_candles_come_when_they_moved_and_once_more_when_they_are_over() -> None:
    watcher = Watcher()
    minute = T0 - T0 % 60_000
    arg = arg_of(channel="candle1m", instId=BTC)

    def since(now_ms: int) -> list[Any]:
        found = watcher.feed.regular(watcher.venue, arg, "", now_ms)
        return [row for push in found for row in push.data_for(arg)]

    (first,) = watcher.first(channel="candle1m", instId=BTC)
    assert (first[0], first[4], first[-1], len(first)) == (str(minute), "50000", "0", 9)
    assert since(T0 + 10) == []
    move(watcher.venue, "50500", T0 + 20)
    (row,) = since(T0 + 30)
    assert row[1:5] == ["50000", "50500", "50000", "50500"]
    assert since(T0 + 40) == []
    over, fresh = since(minute + 60_000)
    assert (over[0], over[-1]) == (str(minute), "1")
    assert (fresh[0], fresh[-1], fresh[1]) == (str(minute + 60_000), "0", "50500")
    assert since(minute + 60_001) == []
    assert len(since(minute + 60_000 * 4)) == 4, "the one that ended, and all since"


def test_candles_of_the_mark_and_the_index_follow_the_mark_price() -> None:
    watcher = Watcher()
    step(watcher.venue, SetMark(inst_id=BTC, px="49000"), T0)
    for channel, inst_id in (("mark-price-candle1H", BTC), ("index-candle1H", "BTC-USDT")):
        (row,) = watcher.first(channel=channel, instId=inst_id)
        assert (row[4], len(row)) == ("49000", 6)
    (row,) = watcher.first(channel="candle1H", instId=BTC)
    assert row[4] == "50000"


def test_the_book_shows_seeded_levels_and_the_accounts_own_orders() -> None:
    watcher = Watcher()
    watcher.do(SetBook(inst_id=BTC, bids=(("49990", "5"),), asks=(("50010", "5"),)))
    watcher.first(channel="books", instId=BTC)
    found = watcher.do(buy(ord_type="limit", px="49995", sz="2"))
    (update,) = rows(found, "books")
    assert (update["bids"], update["asks"]) == ([["49995", "2", "0", "1"]], [])
    (best,) = rows(found, "bbo-tbt")
    assert best["bids"] == [["49995", "2", "0", "1"]]


def test_fills_of_one_taker_at_one_price_are_one_row() -> None:
    watcher = Watcher()
    watcher.do(SetPartial(inst_id=BTC, sz="0.4"))
    found = watcher.do(buy(cl_ord_id="42"))
    (row,) = rows(found, "fills")
    assert (row["fillSz"], row["count"], row["clOrdId"], row["execType"]) == ("0.4", "1", "42", "T")
