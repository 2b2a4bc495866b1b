"""The seeded book: price levels, partial fills, trades between accounts, and who goes first."""

import pytest
from fakeokx_tools import BTC, T0, D, answers, held, move, new_venue, place, refused

from fakeokx.engine.commands import (
    Deposit,
    OpenAccount,
    OrderRequest,
    PlaceOrders,
    SetBook,
    SetPartial,
)
from fakeokx.engine.events import BookChanged, Traded
from fakeokx.engine.model import Order
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.resting import RestingSide
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

ASKS = (("50010", "2"), ("50020", "3"), ("50050", "10"))
BIDS = (("49990", "1"), ("49980", "4"))


def booked(**more: object) -> Venue:
    venue = new_venue()
    step(venue, OpenAccount(account="sub1"), T0)
    step(venue, Deposit(ccy="USDT", amt="1000000", account="sub1"), T0)
    step(venue, SetBook(inst_id=BTC, bids=BIDS, asks=ASKS), T0)
    return venue


def other(venue: Venue, **fields: str) -> Order:
    given = {"inst_id": BTC, "td_mode": "cross", "side": "sell", "ord_type": "limit", "sz": "1"}
    request = OrderRequest(**{**given, **fields})
    (answered,) = answers(venue, PlaceOrders(orders=(request,), account="sub1"))
    assert answered.reason is None, answered.reason
    return venue.orders[int(answered.id)]


def prices(venue: Venue) -> list[tuple[str, str, str]]:
    return [(str(f.px_quote), str(f.qty_contracts), f.exec_type) for f in venue.fills]


def test_a_market_order_eats_level_by_level_and_moves_the_last_price() -> None:
    venue = booked()
    order = place(venue, sz="4")
    assert prices(venue) == [("50010", "2", "T"), ("50020", "2", "T")]
    assert order.avg_px_quote == D(50015)
    assert (venue.prices[BTC], venue.marks[BTC]) == (D(50020), D(50000))
    assert venue.depth(BTC)[1] == [(D(50020), D(1), 1), (D(50050), D(10), 1)]


def test_each_level_is_a_public_trade_of_the_takers_side() -> None:
    venue = booked()
    request = OrderRequest(inst_id=BTC, td_mode="cross", side="buy", ord_type="market", sz="3")
    events = step(venue, PlaceOrders(orders=(request,)), T0)
    trades = [each.trade for each in events if isinstance(each, Traded)]
    assert [(each.px_quote, each.qty_contracts, each.side) for each in trades] == [
        (D(50010), D(2), "buy"),
        (D(50020), D(1), "buy"),
    ]
    assert list(venue.markets[BTC].tape.trades) == trades
    assert BookChanged(BTC) in events


def test_what_the_book_cannot_fill_of_a_market_order_is_canceled() -> None:
    venue = booked()
    order = place(venue, sz="20")
    assert (order.state, order.cancel_source, order.filled_contracts) == ("canceled", "14", D(15))
    again = place(venue, sz="1")
    assert (again.state, again.cancel_source, again.filled_contracts) == ("canceled", "14", 0)


def test_a_limit_order_takes_up_to_its_price_and_rests_with_the_rest() -> None:
    venue = booked()
    order = place(venue, ord_type="limit", px="50020", sz="7")
    assert (order.state, order.filled_contracts) == ("partially_filled", D(5))
    assert venue.depth(BTC)[0][0] == (D(50020), D(2), 1)


@pytest.mark.parametrize(
    ("kind", "px", "sz", "state", "source", "filled"),
    [
        ("fok", "50020", "5", "filled", "", "5"),
        ("fok", "50020", "5.01", "canceled", "13", "0"),
        ("ioc", "50020", "6", "canceled", "14", "5"),
        ("ioc", "50000", "6", "canceled", "14", "0"),
        ("post_only", "50010", "1", "canceled", "31", "0"),
        ("post_only", "50009.9", "1", "live", "", "0"),
    ],
)
def test_time_in_force_in_a_book(
    kind: str, px: str, sz: str, state: str, source: str, filled: str
) -> None:
    order = place(booked(), ord_type=kind, px=px, sz=sz)
    assert (order.state, order.cancel_source, order.filled_contracts) == (state, source, D(filled))


def test_another_account_trades_with_a_resting_order_in_part() -> None:
    venue = booked()
    bid = place(venue, ord_type="limit", px="49995", sz="3")
    ask = other(venue, px="49990", sz="1.2")
    waiting = venue.orders[bid.ord_id]
    assert (waiting.state, waiting.filled_contracts) == ("partially_filled", D("1.2"))
    maker, taker = venue.fills
    assert maker.trade_id == taker.trade_id
    assert (maker.account, maker.exec_type, taker.account, taker.exec_type) == (
        "main",
        "M",
        "sub1",
        "T",
    )
    assert maker.px_quote == taker.px_quote == D(49995)
    assert venue.orders[ask.ord_id].state == "filled"
    assert held(venue).qty_contracts == D("1.2")
    assert venue.accounts["sub1"].positions[held(venue).key].qty_contracts == D("-1.2")


def test_the_seeded_level_was_there_first_then_the_older_order() -> None:
    venue = booked()
    first = place(venue, ord_type="limit", px="49990", sz="1")
    second = place(venue, ord_type="limit", px="49990", sz="1")
    other(venue, px="49990", sz="1.5")
    assert venue.orders[first.ord_id].filled_contracts == D("0.5")
    other(venue, px="49990", sz="1")
    assert venue.orders[first.ord_id].state == "filled"
    assert venue.orders[second.ord_id].filled_contracts == D("0.5")


@pytest.mark.parametrize(
    ("mode", "resting", "taker", "filled"),
    [
        ("", "canceled", "filled", "1"),
        ("cancel_maker", "canceled", "filled", "1"),
        ("cancel_taker", "live", "canceled", "0"),
        ("cancel_both", "canceled", "canceled", "0"),
    ],
)
def test_an_account_does_not_trade_with_itself(
    mode: str, resting: str, taker: str, filled: str
) -> None:
    venue = booked()
    mine = place(venue, ord_type="limit", px="50005", side="sell")
    order = place(venue, sz="1", stp_mode=mode)
    assert (venue.orders[mine.ord_id].state, order.state) == (resting, taker)
    assert order.filled_contracts == D(filled)
    sources = {venue.orders[each].cancel_source for each in (mine.ord_id, order.ord_id)}
    assert "32" in sources


def test_a_fok_does_not_count_what_self_trade_prevention_would_take_away() -> None:
    venue = booked()
    place(venue, ord_type="limit", px="50005", side="sell", sz="9")
    order = place(venue, ord_type="fok", px="50010", sz="3")
    assert (order.state, order.cancel_source) == ("canceled", "13")
    blocked = place(venue, ord_type="fok", px="50010", sz="2", stp_mode="cancel_taker")
    assert (blocked.state, blocked.filled_contracts) == ("canceled", 0)


def test_a_new_book_fills_the_resting_orders_that_it_crosses() -> None:
    venue = booked()
    high = place(venue, ord_type="limit", px="49999", sz="2")
    low = place(venue, ord_type="limit", px="49995", sz="2")
    step(venue, SetBook(inst_id=BTC, asks=(("49990", "3"), ("50100", "1"))), T0)
    assert venue.orders[high.ord_id].state == "filled"
    part = venue.orders[low.ord_id]
    assert (part.state, part.filled_contracts) == ("partially_filled", D(1))
    assert prices(venue) == [("49999", "2", "M"), ("49995", "1", "M")]
    assert venue.prices[BTC] == D(49995)


def test_a_partial_setting_stops_a_taker_and_its_rest_meets_the_next_book() -> None:
    venue = booked()
    step(venue, SetPartial(inst_id=BTC, sz="0.5"), T0)
    order = place(venue, sz="3")
    assert (order.state, order.filled_contracts) == ("partially_filled", D("0.5"))
    step(venue, SetBook(inst_id=BTC, asks=(("51000", "9"),)), T0)
    done = venue.orders[order.ord_id]
    assert (done.state, done.last_px_quote) == ("filled", D(51000))


def test_a_moved_price_has_eaten_what_lay_on_its_way() -> None:
    venue = booked()
    move(venue, "50020")
    assert [row[0] for row in venue.depth(BTC)[1]] == [D(50020), D(50050)]
    assert [row[0] for row in venue.depth(BTC)[0]] == [D(49990), D(49980)]


def test_an_empty_book_means_one_price_again() -> None:
    venue = booked()
    step(venue, SetBook(inst_id=BTC), T0)
    assert place(venue, sz="1000").avg_px_quote == D(50000)


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        ((("49980", "1"), ("49990", "1")), ()),
        ((), (("50020", "1"), ("50010", "1"))),
        ((), (("50010", "1"), ("50010", "2"))),
        ((("50010", "1"),), (("50010", "1"),)),
        ((("50010", "0"),), ()),
        ((("50010.05", "1"),), ()),
        (tuple((str(n), "1") for n in range(500, 99, -1)), ()),
    ],
)
def test_a_book_out_of_order_is_refused(
    bids: tuple[tuple[str, str], ...], asks: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(Refusal, match="51000"):
        step(booked(), SetBook(inst_id=BTC, bids=bids, asks=asks), T0)


def test_a_closing_maker_fills_at_most_its_position() -> None:
    venue = booked()
    place(venue, sz="2")
    close = place(venue, side="sell", ord_type="limit", px="50015", sz="2", reduce_only="true")
    place(venue, side="sell", sz="1")
    other(venue, side="buy", px="50015", sz="5")
    done = venue.orders[close.ord_id]
    assert (done.filled_contracts, done.state, done.cancel_source) == (D(1), "canceled", "17")
    assert held(venue).qty_contracts == 0


def test_bars_hold_the_minutes_extremes_and_what_was_traded() -> None:
    venue = booked()
    place(venue, sz="4", now_ms=T0 + 1)
    move(venue, "50500", T0 + 2)
    move(venue, "49000", T0 + 60_000)
    first, second = venue.markets[BTC].tape.last_bars
    assert (first.open, first.high, first.low, first.close) == (
        D(50000),
        D(50500),
        D(50000),
        D(50500),
    )
    assert (first.contracts, first.base, first.quote) == (D(4), D("0.04"), D("2000.6"))
    assert (second.open, second.close, second.contracts) == (D(50500), D(49000), 0)
    assert second.start_ms - first.start_ms == 60_000


def test_resting_orders_are_found_best_price_first_even_when_levels_come_back() -> None:
    venue = new_venue()
    side = RestingSide("buy")
    made = {
        px: place(venue, ord_type="limit", px=px) for px in ("40000", "42000", "41000", "39000")
    }
    for _ in range(2):
        for px, order in made.items():
            side.put(order, D(px))
        side.drop(made["42000"].ord_id, D(42000))
    side.put(made["42000"], D(42000))
    found = side.reached(D(40000))
    assert found == [made[px].ord_id for px in ("42000", "41000", "40000")]
    assert side.best() == D(42000)
    assert side.reached(D(40000)) == found


def test_margin_is_still_needed_in_a_book() -> None:
    venue = booked()
    assert refused(venue, ord_type="limit", px="49990", sz="100000000")[0] in ("51004", "51008")


def test_a_maker_behind_the_price_does_not_pull_its_bar_back() -> None:
    venue = new_venue()
    place(venue, ord_type="limit", px="49000")
    move(venue, "48000")
    (bar,) = venue.markets[BTC].tape.last_bars
    assert (bar.low, bar.close, bar.contracts) == (D(48000), D(48000), D(1))
