"""Leverage, position mode, liquidation, and what the account can afford."""

import pytest
from fakeokx_tools import BTC, T0, D, answers, held, move, new_venue, place, place_algo, refused

from fakeokx.engine.commands import (
    AdvanceClock,
    Liquidate,
    SetLeverage,
    SetPartial,
    SetPositionMode,
)
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.wire.render_account import balance_row, position_history_row
from fakeokx.wire.render_orders import bill_row, fill_row, order_row


def lever(value: str, mode: str = "cross", pos_side: str = "") -> SetLeverage:
    return SetLeverage(inst_id=BTC, lever=value, mgn_mode=mode, pos_side=pos_side)


def test_leverage_decides_the_margin_of_a_position() -> None:
    venue = new_venue()
    step(venue, lever("25"), T0)
    place(venue, sz="10")
    (detail,) = balance_row(venue)["details"]
    assert (detail["imr"], detail["eq"], detail["frozenBal"]) == ("200", "999997.5", "200")
    assert detail["availEq"] == "999797.5"


@pytest.mark.parametrize(("value", "code"), [("101", "59102"), ("0", "51000"), ("x", "51000")])
def test_leverage_out_of_range(value: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        step(new_venue(), lever(value), T0)


def test_leverage_may_not_change_under_waiting_orders_but_may_be_repeated() -> None:
    venue = new_venue()
    place(venue, ord_type="limit", px="40000")
    with pytest.raises(Refusal, match="59000"):
        step(venue, lever("5"), T0)
    assert step(venue, lever("10.0"), T0) == ()


def test_leverage_may_not_ask_for_margin_that_is_not_there() -> None:
    venue = new_venue(cash="1000")
    place(venue, sz="10")
    with pytest.raises(Refusal, match="59108"):
        step(venue, lever("4"), T0)
    assert held(venue).lever == 10
    step(venue, lever("6"), T0)
    assert held(venue).lever == 6
    step(venue, lever("20"), T0)
    assert held(venue).lever == 20


def test_isolated_leverage_is_per_side_in_long_short_mode() -> None:
    venue = new_venue("long_short_mode")
    with pytest.raises(Refusal, match="posSide"):
        step(venue, lever("5", "isolated"), T0)
    step(venue, lever("5", "isolated", "long"), T0)
    assert held(venue, "long", "isolated").lever == 5
    assert held(venue, "short", "isolated").lever == 10


def test_position_mode_changes_only_when_nothing_is_open() -> None:
    venue = new_venue()
    algo_stop = {"sl_trigger_px": "48000", "sl_ord_px": "-1"}
    place_algo(venue, **algo_stop)
    with pytest.raises(Refusal, match="59000"):
        step(venue, SetPositionMode(pos_mode="long_short_mode"), T0)
    assert step(venue, SetPositionMode(pos_mode="net_mode"), T0) == ()
    with pytest.raises(Refusal, match="posMode"):
        step(venue, SetPositionMode(pos_mode="hedged"), T0)
    fresh = new_venue()
    step(fresh, SetPositionMode(pos_mode="long_short_mode"), T0)
    assert fresh.main.pos_mode == "long_short_mode"


def test_a_liquidation_closes_all_at_mark_and_shows_its_marks() -> None:
    venue = new_venue()
    place(venue, sz="3", tag="mine")
    trade_id = held(venue).trade_id
    waiting = place(venue, ord_type="limit", px="40000")
    move(venue, "45000")
    (answered,) = answers(venue, Liquidate(inst_id=BTC))
    order = order_row(venue.orders[int(answered.id)])
    fill, bill = fill_row(venue.fills[-1]), bill_row(venue.bills[-1])
    assert (order["category"], order["state"]) == ("full_liquidation", "filled")
    assert (order["clOrdId"], order["tag"], order["tradeId"]) == ("", "", "0")
    assert (fill["execType"], fill["subType"], fill["fillPx"]) == ("", "107", "45000")
    assert int(fill["tradeId"]) < 0
    assert (bill["type"], bill["pnl"]) == ("5", "-150")
    assert held(venue).trade_id == trade_id
    assert held(venue).qty_contracts == 0
    dead = venue.orders[waiting.ord_id]
    assert (dead.state, dead.cancel_source) == ("canceled", "3")
    (life,) = venue.main.lives.values()
    row = position_history_row(venue, life)
    assert (row["type"], row["triggerPx"]) == ("3", "45000")
    with pytest.raises(Refusal, match="51023"):
        step(venue, Liquidate(inst_id=BTC), T0)


def test_a_liquidation_is_not_stopped_by_a_partial_setting() -> None:
    venue = new_venue()
    place(venue, sz="3")
    step(venue, SetPartial(inst_id=BTC, sz="1"), T0)
    step(venue, Liquidate(inst_id=BTC), T0)
    assert held(venue).qty_contracts == 0


def test_margin_is_needed_only_for_what_adds_to_the_position() -> None:
    venue = new_venue(cash="1000")
    place(venue, sz="10")
    assert refused(venue, sz="11") == ("51008", ("USDT",))
    assert place(venue, side="sell", sz="10").state == "filled"


def test_waiting_orders_tie_up_margin() -> None:
    venue = new_venue(cash="1000")
    place(venue, ord_type="limit", px="40000", sz="20")
    (detail,) = balance_row(venue)["details"]
    assert (detail["ordFrozen"], detail["availEq"]) == ("800", "200")
    assert refused(venue, sz="10") == ("51008", ("USDT",))


def test_isolated_margin_leaves_the_cash_and_stays_in_the_equity() -> None:
    venue = new_venue()
    place(venue, td_mode="isolated", sz="1")
    assert venue.main.cash["USDT"] == D("999949.75")
    move(venue, "50100")
    row = balance_row(venue)
    assert (row["isoEq"], row["totalEq"]) == ("51", "1000000.75")
    bill = bill_row(venue.bills[0])
    assert (bill["balChg"], bill["posBalChg"]) == ("-50.25", "50")


@pytest.mark.parametrize("text", ["", "-1", "x", "1.5", "9" * 30])
def test_the_clock_advances_by_a_whole_number_only(text: str) -> None:
    venue = new_venue()
    with pytest.raises(Refusal, match="advance_ms"):
        step(venue, AdvanceClock(advance_ms=text), T0)
    step(venue, AdvanceClock(advance_ms="1000"), T0)
    assert venue.clock_ahead_ms == 1000
