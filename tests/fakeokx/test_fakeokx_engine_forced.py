"""Margin, the price of danger, liquidation by itself, deleveraging; and what they leave behind."""

from decimal import Decimal
from fractions import Fraction

import pytest
from fakeokx_tools import BTC, T0, D, answers, held, move, new_venue, place, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from fakeokx.engine.account import (
    bankruptcy_px,
    isolated_ratio,
    liquidation_px,
    upl_quote,
    wealth,
)
from fakeokx.engine.commands import Adl, Liquidate, SetBook, SetLeverage, SetMark
from fakeokx.engine.decimals import exact, plain
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.model import Position
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

ETH = "ETH-USDT-SWAP"
TICK = INSTRUMENTS[BTC].tick_sz


def lever(venue: Venue, value: str, mode: str) -> None:
    step(venue, SetLeverage(inst_id=BTC, lever=value, mgn_mode=mode), T0)


def priced(venue: Venue, position: Position) -> tuple[Decimal, Decimal]:
    with exact():
        danger, broke = liquidation_px(venue, position), bankruptcy_px(venue, position)
    assert danger is not None
    assert broke is not None
    return danger, broke


def near(found: Decimal, dividend: object, divisor: str, off: str) -> bool:
    """Whether it is the quotient, but for so much."""
    return abs(Fraction(found) - Fraction(str(dividend)) / Fraction(divisor)) < Fraction(off)


def test_the_price_of_danger_by_hand() -> None:
    """Long 1 at 50000 with 50 margin: 50 + 0.01 (P - 50000) = 0.01 P (0.004 + 0.0005)."""
    venue = new_venue()
    place(venue, td_mode="isolated")
    danger, broke = priced(venue, held(venue, mode="isolated"))
    assert near(danger, 45000, "0.9955", "1e-9")
    assert near(broke, 45000, "0.9995", "1e-9")


@given(
    st.sampled_from(["buy", "sell"]),
    st.sampled_from(["cross", "isolated"]),
    st.integers(5, 60),
    st.integers(1, 3000),
)
@settings(max_examples=40, deadline=None)
def test_one_tick_before_the_price_of_danger_nothing_happens_and_there_it_does(
    side: str, mode: str, leverage: int, lots: int
) -> None:
    venue = new_venue(cash="1300")
    lever(venue, str(leverage), mode)
    qty = min(Decimal(lots) / 100, Decimal(2 * leverage))
    place(venue, td_mode=mode, side=side, sz=plain(qty))
    position = held(venue, mode=mode)
    with exact():
        danger = liquidation_px(venue, position)
    if danger is None or danger > 10_000_000:
        return  # so much money that no price is dangerous
    steps = (danger / TICK).to_integral_value("ROUND_FLOOR")
    below, above = steps * TICK, (steps + 1) * TICK
    safe, fatal = (above, below) if side == "buy" else (below, above)
    if below <= 0:
        return
    move(venue, plain(safe))
    assert held(venue, mode=mode).qty_contracts == position.qty_contracts
    move(venue, plain(fatal))
    assert held(venue, mode=mode).qty_contracts == 0
    assert venue.fills[-1].category == "full_liquidation"
    assert venue.main.cash["USDT"] >= 0


def test_a_liquidation_leaves_its_marks() -> None:
    venue = new_venue()
    place(venue, td_mode="isolated", sz="2", tag="mine")
    waiting = place(venue, td_mode="isolated", ord_type="limit", px="40000")
    elsewhere = place(venue, ord_type="limit", px="40000")
    trade_id = held(venue, mode="isolated").trade_id
    cash = venue.main.cash["USDT"]
    move(venue, "45200")
    fill, bill = venue.fills[-1], venue.bills[-1]
    order = venue.orders[fill.ord_id]
    assert (order.category, order.cl_ord_id, order.tag) == ("full_liquidation", "", "")
    assert (fill.trade_id < 0, fill.exec_type, fill.sub_type) == (True, "", "107")
    assert (bill.type, bill.sub_type) == ("5", "107")
    assert venue.orders[waiting.ord_id].cancel_source == "3"
    assert venue.orders[elsewhere.ord_id].state == "live"
    flat = held(venue, mode="isolated")
    assert (flat.trade_id, flat.close_kind, flat.close_mark_px_quote) == (trade_id, "3", D(45200))
    # 100 margin - 96 loss - 0.452 fee leaves 3.548; half the maintenance margin is 1.808.
    assert flat.liq_penalty == D("-1.808")
    assert fill.pnl == flat.pnl + flat.liq_penalty == D("-97.808")
    assert flat.realized_pnl == flat.pnl + flat.fee + flat.liq_penalty
    assert venue.main.cash["USDT"] == cash + D("1.74")


def test_beyond_bankruptcy_the_loss_is_not_the_accounts() -> None:
    venue = new_venue()
    place(venue, td_mode="isolated", sz="2")
    cash = venue.main.cash["USDT"]
    move(venue, "30000")
    fill = venue.fills[-1]
    assert fill.px_quote == D("45022.6")
    assert cash <= venue.main.cash["USDT"] < cash + 2 * D("0.01") * TICK
    short = new_venue(cash="60")
    place(short, side="sell")
    move(short, "90000")
    assert short.fills[-1].px_quote == D("55947.0")
    assert 0 <= short.main.cash["USDT"] < D("0.01")


def test_cross_positions_stand_for_each_other_until_they_cannot() -> None:
    venue = new_venue(cash="150")
    place(venue, sz="1")
    place(venue, inst_id=ETH, side="sell", sz="0.1")
    waiting = place(venue, inst_id="XRP-USDT-SWAP", ord_type="limit", px="0.4", sz="0.1")
    move(venue, "2700", inst_id=ETH)
    # 152.735 + 0.01 (P - 50000) = 0.01 P x 0.0045 + 27 x 0.0045, ETH's own need included.
    danger, broke = priced(venue, held(venue))
    assert near(danger, "347.3865", "0.009955", "1e-9")
    assert near(broke, "347.265", "0.009995", "1e-9")
    # Without the 3 that ETH has earned 35000 would be fatal: 149.735 - 150 is nothing at all.
    move(venue, "35000")
    assert held(venue).qty_contracts == 1
    # 149.735 + 3 - 151.1 = 1.635 against (348.9 + 27) x 0.0045 = 1.69.
    move(venue, "34890")
    assert held(venue).qty_contracts == 0
    assert held(venue, inst_id=ETH).qty_contracts == D("-0.1")
    assert venue.orders[waiting.ord_id].cancel_source == "3"


def test_the_largest_danger_goes_first_and_only_as_long_as_it_lasts() -> None:
    venue = new_venue(cash="150")
    place(venue, sz="1")
    place(venue, inst_id=ETH, sz="2")
    move(venue, "2600", inst_id=ETH)
    move(venue, "43500")  # 4.45 against 955 x 0.0045 = 4.2975
    assert [each.category for each in venue.fills] == ["normal", "normal"]
    move(venue, "43400")  # 3.45 against 4.293; ETH is the larger one
    assert [each.inst_id for each in venue.fills if each.category != "normal"] == [ETH]
    assert held(venue).qty_contracts == 1
    assert wealth(venue).cash == D("149.45") - 80 - D("0.26") - D("1.04")


def test_a_large_position_is_led_two_tiers_down_first() -> None:
    venue = new_venue(cash="10000000")
    lever(venue, "50", "isolated")
    place(venue, td_mode="isolated", sz="30000")
    first_max = INSTRUMENTS[BTC].tiers[0].contracts_max
    assert INSTRUMENTS[BTC].tier(D(30000)).number == 3
    move(venue, "49550")  # 165000 is left, and 300 x 49550 x 0.0105 = 156082 is needed
    assert held(venue, mode="isolated").qty_contracts == 30000
    move(venue, "49500")  # 150000 against 155925
    (part,) = (each for each in venue.fills if each.category != "normal")
    assert (part.category, part.sub_type) == ("partial_liquidation", "103")
    assert part.qty_contracts == 30000 - first_max
    left = held(venue, mode="isolated")
    assert (left.qty_contracts, left.close_kind, left.margin) == (first_max, "4", D(100000))
    assert left.liq_penalty == -200 * D(49500) * D("0.01") / 2


@pytest.mark.parametrize(("pos_side", "side"), [("long", "buy"), ("short", "sell")])
def test_sub_types_of_two_sided_positions(pos_side: str, side: str) -> None:
    venue = new_venue("long_short_mode")
    place(venue, td_mode="isolated", pos_side=pos_side, side=side)
    step(venue, Adl(inst_id=BTC, pos_side=pos_side, mgn_mode="isolated", sz="0.4"), T0)
    move(venue, "45000" if pos_side == "long" else "55000")
    wanted = ["125", "104"] if pos_side == "long" else ["126", "105"]
    assert [each.sub_type for each in venue.fills[1:]] == wanted


def test_deleveraging_closes_at_the_mark_without_a_fee() -> None:
    venue = new_venue()
    place(venue, sz="3")
    waiting = place(venue, ord_type="limit", px="40000")
    step(venue, SetMark(inst_id=BTC, px="51000"), T0)
    (answered,) = answers(venue, Adl(inst_id=BTC, sz="1"))
    order, fill, bill = venue.orders[int(answered.id)], venue.fills[-1], venue.bills[-1]
    assert (order.category, order.state, order.last_trade_id) == ("adl", "filled", "0")
    assert (fill.sub_type, fill.exec_type, fill.trade_id < 0) == ("128", "", True)
    assert (bill.type, bill.pnl, bill.fee, fill.px_quote) == ("9", D(10), 0, D(51000))
    assert venue.orders[waiting.ord_id].cancel_source == "6"
    assert (held(venue).qty_contracts, held(venue).close_kind) == (D(2), "5")
    step(venue, Adl(inst_id=BTC), T0)
    assert (held(venue).qty_contracts, held(venue).close_kind) == (0, "6")


@pytest.mark.parametrize(("sz", "code"), [("4", "51112"), ("0.005", "51121"), ("0", "51000")])
def test_deleveraging_has_limits(sz: str, code: str) -> None:
    venue = new_venue()
    with pytest.raises(Refusal, match="51023"):
        step(venue, Adl(inst_id=BTC), T0)
    place(venue, sz="3")
    with pytest.raises(Refusal, match=code):
        step(venue, Adl(inst_id=BTC, sz=sz), T0)
    with pytest.raises(Refusal, match="51010"):
        step(venue, Liquidate(inst_id="BTC-USDT"), T0)


def test_a_liquidation_is_no_public_trade_and_leaves_the_book_alone() -> None:
    venue = new_venue()
    step(venue, SetBook(inst_id=BTC, bids=(("49990", "5"),), asks=(("50000", "5"),)), T0)
    place(venue, td_mode="isolated")
    trades = len(venue.markets[BTC].tape.trades)
    step(venue, SetMark(inst_id=BTC, px="45000"), T0)
    assert held(venue, mode="isolated").qty_contracts == 0
    assert len(venue.markets[BTC].tape.trades) == trades
    assert venue.depth(BTC)[0] == [(D(49990), D(5), 1)]


def test_the_last_price_alone_ruins_nobody() -> None:
    venue = new_venue()
    place(venue, td_mode="isolated")
    step(venue, SetBook(inst_id=BTC, bids=(("30000", "5"),)), T0)
    place(venue, side="sell", sz="0.5")
    assert venue.prices[BTC] == D(30000)
    assert held(venue, mode="isolated").qty_contracts == 1


def test_tiers_limit_what_a_leverage_may_open_and_a_position_what_leverage_may_be() -> None:
    venue = new_venue(cash="100000000")
    lever(venue, "100", "cross")
    assert refused(venue, sz="10000.01") == ("51004", ())
    place(venue, sz="10000")
    assert refused(venue, ord_type="limit", px="40000", sz="1") == ("51004", ())
    assert place(venue, side="sell", sz="5000").state == "filled"
    lever(venue, "10", "cross")
    place(venue, sz="20000")
    with pytest.raises(Refusal, match="59102"):
        lever(venue, "81", "cross")


def test_the_ratios_say_how_near_danger_is() -> None:
    venue = new_venue(cash="100")
    place(venue)
    with exact():
        cross = wealth(venue).margin_ratio
        assert wealth(new_venue()).margin_ratio is None
    assert cross is not None
    assert near(cross, "99.75", "2.25", "1e-12")
    place(venue, td_mode="isolated", sz="0.5", side="sell")
    with exact():
        isolated = isolated_ratio(venue, held(venue, mode="isolated"), D(50000))
    assert near(isolated, 25, "1.125", "1e-12")


def test_nothing_is_in_danger_when_the_price_cannot_hurt() -> None:
    venue = new_venue()
    place(venue, sz="0.01")
    with exact():
        assert liquidation_px(venue, held(venue)) is None
        assert liquidation_px(venue, held(venue, mode="isolated")) is None
        assert upl_quote(venue, held(venue), D(50000)) == 0
