"""What time does: fundings, deliveries, dead man's switches, and that nothing overtakes them."""

import pytest
from fakeokx_tools import BTC, T0, D, answers, held, move, new_venue, place, place_algo, refused

from fakeokx.engine import due
from fakeokx.engine.commands import (
    AdvanceClock,
    CancelAllAfter,
    Deliver,
    Fund,
    MovePrice,
    SetFundingRate,
    SetMark,
    Tick,
)
from fakeokx.engine.events import BalanceChanged, Delivered, FundingPaid, FundingSettled
from fakeokx.engine.funding import FUNDING_MS
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

FUTURE = "BTC-USDT-301227"


def fund(venue: Venue, rate: str, now_ms: int = T0) -> list[object]:
    return list(step(venue, Fund(inst_id=BTC, rate=rate), now_ms))


@pytest.mark.parametrize(
    ("side", "rate", "amount", "sub_type"),
    [
        ("buy", "0.0001", "-0.15", "173"),
        ("sell", "0.0001", "0.15", "174"),
        ("buy", "-0.0001", "0.15", "174"),
        ("sell", "-0.0001", "-0.15", "173"),
    ],
)
def test_longs_pay_a_positive_rate_and_shorts_receive_it(
    side: str, rate: str, amount: str, sub_type: str
) -> None:
    venue = new_venue()
    place(venue, side=side, sz="3", tag="mine")
    cash = venue.main.cash["USDT"]
    events = fund(venue, rate)
    (bill,) = (each.bill for each in events if isinstance(each, FundingPaid))
    assert (bill.type, bill.sub_type, bill.pnl, bill.fee) == ("8", sub_type, D(amount), 0)
    assert (bill.cash_change, bill.margin_change, bill.fill) == (D(amount), 0, None)
    assert (bill.px_quote, bill.qty_contracts, bill.mgn_mode) == (D(50000), D(3), "cross")
    assert venue.main.cash["USDT"] == cash + D(amount)
    assert held(venue).funding_fee == D(amount)
    assert held(venue).realized_pnl == held(venue).fee + D(amount)
    assert BalanceChanged("USDT", "main") in events


def test_isolated_funding_moves_the_margin_and_leaves_the_cash() -> None:
    venue = new_venue()
    place(venue, td_mode="isolated", sz="3")
    cash = venue.main.cash["USDT"]
    fund(venue, "0.001")
    bill = venue.bills[-1]
    assert (bill.cash_change, bill.margin_change, bill.margin) == (0, D("-1.5"), D("148.5"))
    assert venue.main.cash["USDT"] == cash
    assert held(venue, mode="isolated").margin == D("148.5")
    place(venue, td_mode="isolated", side="sell", sz="3", reduce_only="true")
    assert venue.main.cash["USDT"] == 1_000_000 - D("1.5") - 2 * D("0.75")


def test_the_funding_is_worth_the_mark_not_the_last_price() -> None:
    venue = new_venue()
    place(venue)
    step(venue, SetMark(inst_id=BTC, px="40000"), T0)
    fund(venue, "0.001")
    assert venue.bills[-1].pnl == D("-0.4")
    (point,) = venue.markets[BTC].fundings
    assert (point.rate, point.mark_px_quote) == (D("0.001"), D(40000))


def test_without_a_position_a_funding_is_only_history() -> None:
    venue = new_venue()
    events = fund(venue, "0.001")
    assert [type(each) for each in events] == [FundingSettled]
    assert venue.bills == []


def test_a_rate_is_charged_every_eight_hours_and_the_clock_shows_when() -> None:
    venue = new_venue()
    place(venue)
    step(venue, SetFundingRate(inst_id=BTC, rate="0.0001"), T0)
    first = T0 - T0 % FUNDING_MS + FUNDING_MS
    assert due.due_ms(venue) == first
    step(venue, Tick(), first + 2 * FUNDING_MS + 5)
    times = [each.time_ms for each in venue.bills if each.type == "8"]
    assert times == [first, first + FUNDING_MS, first + 2 * FUNDING_MS]
    assert venue.now_ms == first + 2 * FUNDING_MS + 5
    step(venue, SetFundingRate(inst_id=BTC, rate="0"), venue.now_ms)
    step(venue, Tick(), first + 9 * FUNDING_MS)
    assert len([each for each in venue.bills if each.type == "8"]) == 3


def test_a_clock_that_jumps_far_does_not_fund_for_ever() -> None:
    venue = new_venue()
    step(venue, SetFundingRate(inst_id=BTC, rate="0.0001"), T0)
    far = T0 + 2000 * FUNDING_MS
    step(venue, Tick(), far)
    assert (due.due_ms(venue) or 0) > far


@pytest.mark.parametrize("rate", ["0.051", "-0.051", "x", "--1", "1e-4", ""])
def test_a_rate_beyond_reason_is_refused(rate: str) -> None:
    with pytest.raises(Refusal, match="51000"):
        step(new_venue(), SetFundingRate(inst_id=BTC, rate=rate), T0)
    with pytest.raises(Refusal, match="51000"):
        step(new_venue(), Fund(inst_id=FUTURE, rate="0.0001"), T0)


def test_funding_can_ruin_an_isolated_position() -> None:
    venue = new_venue()
    place(venue, td_mode="isolated", sz="1")
    for _ in range(2):
        fund(venue, "0.05")
    assert held(venue, mode="isolated").qty_contracts == 0
    assert venue.fills[-1].category == "full_liquidation"


def test_delivery_closes_everything_at_its_price_and_ends_the_contract() -> None:
    venue = new_venue()
    place(venue, inst_id=FUTURE, sz="2")
    waiting = place(venue, inst_id=FUTURE, ord_type="limit", px="40000")
    stop = place_algo(venue, inst_id=FUTURE, sl_trigger_px="45000", sl_ord_px="-1")
    events = step(venue, Deliver(inst_id=FUTURE, px="50500.5"), T0)
    bill, fill = venue.bills[-1], venue.fills[-1]
    assert (bill.type, bill.sub_type, bill.pnl, bill.fee) == ("3", "112", D("10.01"), 0)
    assert (fill.exec_type, fill.category, fill.trade_id > 0) == ("", "delivery", True)
    assert venue.orders[fill.ord_id].category == "delivery"
    assert held(venue, inst_id=FUTURE).qty_contracts == 0
    assert venue.orders[waiting.ord_id].cancel_source == "7"
    assert venue.algos[stop.algo_id].state == "canceled"
    assert Delivered(FUTURE, D("50500.5")) in events
    assert refused(venue, inst_id=FUTURE) == ("51001", ())
    with pytest.raises(Refusal, match="51027"):
        step(venue, Deliver(inst_id=FUTURE), T0)
    with pytest.raises(Refusal, match="instId"):
        step(venue, Deliver(inst_id="BTC-USDT"), T0)


def test_a_contract_ends_by_itself_at_its_expiry_at_the_mark_price() -> None:
    venue = new_venue()
    place(venue, side="sell", inst_id=FUTURE, sz="2")
    step(venue, SetMark(inst_id=FUTURE, px="49000"), T0)
    expiry = INSTRUMENTS[FUTURE].exp_ms or 0
    step(venue, Tick(), expiry - 1)
    assert held(venue, inst_id=FUTURE).qty_contracts == -2
    step(venue, Tick(), expiry)
    assert held(venue, inst_id=FUTURE).qty_contracts == 0
    bill = venue.bills[-1]
    assert (bill.px_quote, bill.sub_type, bill.time_ms) == (D(49000), "113", expiry)


def arm(venue: Venue, seconds: str, tag: str = "", now_ms: int = T0) -> None:
    step(venue, CancelAllAfter(time_out_s=seconds, tag=tag), now_ms)


def test_the_dead_mans_switch_cancels_what_waits_when_nobody_rearms_it() -> None:
    venue = new_venue()
    order = place(venue, ord_type="limit", px="40000", tag="a")
    arm(venue, "10")
    arm(venue, "10", now_ms=T0 + 9_000)
    step(venue, Tick(), T0 + 18_999)
    assert venue.orders[order.ord_id].state == "live"
    step(venue, Tick(), T0 + 19_000)
    dead = venue.orders[order.ord_id]
    assert (dead.state, dead.cancel_source, dead.u_time_ms) == ("canceled", "20", T0 + 19_000)
    assert venue.main.timers == {}


@pytest.mark.parametrize(
    ("tag", "left"), [("", set()), ("a", {"", "b"}), ("b", {"", "a"}), ("c", {"", "a", "b"})]
)
def test_a_switch_cancels_the_orders_of_its_tag_and_without_one_all(
    tag: str, left: set[str]
) -> None:
    """Of a tag, of another one, of one that no order has, of none."""
    venue = new_venue()
    for each in ("", "a", "b"):
        place(venue, ord_type="limit", px="40000", tag=each)
    arm(venue, "10", tag)
    step(venue, Tick(), T0 + 10_000)
    assert {one.tag for one in venue.orders.values() if one.state == "live"} == left
    assert venue.main.timers == {}


def test_a_tag_has_a_switch_of_its_own_and_zero_disarms_it() -> None:
    venue = new_venue()
    mine = place(venue, ord_type="limit", px="40000", tag="a")
    yours = place(venue, ord_type="limit", px="40000", tag="b")
    arm(venue, "10", "a")
    arm(venue, "20", "b")
    arm(venue, "0", "b")
    step(venue, Tick(), T0 + 60_000)
    assert venue.orders[mine.ord_id].state == "canceled"
    assert venue.orders[yours.ord_id].state == "live"


@pytest.mark.parametrize("seconds", ["9", "121", "-1", "x", "", "1.5"])
def test_a_time_out_of_range_is_refused(seconds: str) -> None:
    with pytest.raises(Refusal, match="timeOut"):
        arm(new_venue(), seconds)


def test_only_twenty_tags_have_a_switch() -> None:
    venue = new_venue()
    for n in range(20):
        arm(venue, "10", f"t{n}")
    arm(venue, "20", "t3")
    arm(venue, "10")
    with pytest.raises(Refusal, match="51071"):
        arm(venue, "10", "t20")


def test_a_stop_that_waits_outlives_the_switch() -> None:
    venue = new_venue()
    algo = place_algo(venue, sl_trigger_px="45000", sl_ord_px="-1")
    arm(venue, "10")
    step(venue, Tick(), T0 + 10_000)
    assert venue.algos[algo.algo_id].state == "live"


def test_no_command_overtakes_what_is_due() -> None:
    venue = new_venue()
    arm(venue, "10")
    with pytest.raises(AssertionError, match="something is due"):
        step(venue, MovePrice(inst_id=BTC, px="51000"), T0 + 10_000)


def test_a_tick_with_nothing_due_changes_nothing() -> None:
    venue = new_venue()
    move(venue, "51000")
    assert step(venue, Tick(), T0 + 5) == ()
    assert venue.now_ms == T0
    (_,) = step(venue, AdvanceClock(advance_ms="5"), T0)
    assert answers(venue, Tick(), T0 + 6) == []
