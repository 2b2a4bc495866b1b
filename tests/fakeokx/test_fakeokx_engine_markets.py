"""Rules of instruments and of the venue: states, limits, tiers, and what the switches change."""

from itertools import pairwise

import pytest
from fakeokx_tools import BTC, T0, D, answers, held, move, new_venue, place, place_algo, refused

from fakeokx.engine.account import closable
from fakeokx.engine.commands import (
    Amendment,
    AmendOrders,
    ClosePosition,
    MovePrice,
    PlaceAlgo,
    SetInstrument,
    SetLeverage,
    SetMark,
    SetPendingMax,
    SetSwitch,
)
from fakeokx.engine.decimals import exact
from fakeokx.engine.events import MarkMoved, PriceMoved
from fakeokx.engine.instruments import INSTRUMENTS, Instrument
from fakeokx.engine.model import Order, Position, PositionKey
from fakeokx.engine.positions import Execution, apply
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

SWAP = INSTRUMENTS[BTC]


def coin_margined() -> Instrument:
    """As BTC-USD-SWAP is: a contract is 100 dollars, settled in coins."""
    fields = {name: getattr(SWAP, name) for name in SWAP.__dataclass_fields__}
    fields |= {
        "inst_id": "BTC-USD-SWAP",
        "quote_ccy": "USD",
        "settle_ccy": "BTC",
        "ct_val_base": D(100),
        "is_inverse": True,
    }
    return Instrument(**fields)


@pytest.mark.parametrize(
    ("state", "code"), [("suspend", "51022"), ("preopen", "51021"), ("live", "")]
)
def test_an_instrument_that_is_not_live_takes_no_orders(state: str, code: str) -> None:
    venue = new_venue()
    place(venue)
    step(venue, SetInstrument(inst_id=BTC, state=state), T0)
    if not code:
        assert place(venue).state == "filled"
        return
    assert refused(venue) == (code, ())
    with pytest.raises(Refusal, match=code):
        step(venue, ClosePosition(inst_id=BTC, mgn_mode="cross"), T0)
    move(venue, "51000")
    step(venue, SetInstrument(inst_id=BTC, state="live"), T0)
    assert place(venue, side="sell").pnl == 10


def test_a_contract_does_not_expire_by_setting_its_state() -> None:
    with pytest.raises(Refusal, match="state"):
        step(new_venue(), SetInstrument(inst_id=BTC, state="expired"), T0)
    assert step(new_venue(), SetInstrument(inst_id=BTC), T0) == ()


def test_price_limits_bind_limit_orders_only_and_can_be_lifted() -> None:
    venue = new_venue()
    limits = SetInstrument(inst_id=BTC, buy_px_max="51000", sell_px_min="49000")
    step(venue, limits, T0)
    words = ("51000", "49000")
    assert refused(venue, ord_type="limit", px="51000.1") == ("51006", words)
    assert refused(venue, ord_type="limit", px="48999.9", side="sell") == ("51006", words)
    assert place(venue, ord_type="limit", px="51000").state == "filled"
    low = place(venue, ord_type="limit", px="48000")
    assert low.state == "live"
    ref = {"inst_id": BTC, "ord_id": str(low.ord_id)}
    (answered,) = answers(venue, AmendOrders(orders=(Amendment(**ref, new_px="51000.1"),)))
    assert answered.reason is not None
    assert answered.reason.code == "51006"
    moved = {"ord_type": "limit", "px_amend_type": "1"}
    assert place(venue, px="52000", side="buy", **moved).px_quote == D(51000)
    assert place(venue, px="48000", side="sell", **moved).px_quote == D(49000)
    step(venue, AmendOrders(orders=(Amendment(**ref, new_px="52000", px_amend_type="1"),)), T0)
    assert venue.orders[low.ord_id].px_quote == D(51000)
    assert place(venue).state == "filled"
    step(venue, SetInstrument(inst_id=BTC, no_px_limits="true"), T0)
    assert place(venue, ord_type="limit", px="51000.1").state == "filled"


def amended(venue: Venue, order: Order, new_sz: str) -> str:
    change = Amendment(inst_id=BTC, ord_id=str(order.ord_id), new_sz=new_sz)
    (answered,) = answers(venue, AmendOrders(orders=(change,)))
    return answered.reason.code if answered.reason else "0"


def test_an_amendment_grows_no_further_than_a_new_order_may() -> None:
    venue = new_venue()
    step(venue, SetLeverage(inst_id=BTC, lever="100", mgn_mode="cross"), T0)
    order = place(venue, ord_type="limit", px="100")
    assert (amended(venue, order, "10001"), amended(venue, order, "10000")) == ("51004", "0")
    place(venue, sz="2")
    closer = place(venue, side="sell", ord_type="limit", px="60000", reduce_only="true")
    assert amended(venue, closer, "50") == "0"
    assert venue.orders[closer.ord_id].qty_contracts == 2


def test_a_closer_of_a_two_sided_account_is_amended_within_the_position() -> None:
    venue = new_venue("long_short_mode")
    place(venue, sz="3", pos_side="long")
    exit_at = {"side": "sell", "ord_type": "limit", "px": "60000", "pos_side": "long"}
    place(venue, **exit_at)
    closer = place(venue, **exit_at)
    assert (amended(venue, closer, "2.5"), amended(venue, closer, "2")) == ("51112", "0")
    assert closable(venue, closer.position_key) == 0


def test_too_many_waiting_orders() -> None:
    venue = new_venue()
    step(venue, SetPendingMax(count="2"), T0)
    for _ in range(2):
        place(venue, ord_type="limit", px="40000")
    assert refused(venue, ord_type="limit", px="40000") == ("51102", ())
    step(venue, SetPendingMax(count="0"), T0)
    assert place(venue, ord_type="limit", px="40000").state == "live"
    with pytest.raises(Refusal, match="count"):
        step(venue, SetPendingMax(count="-1"), T0)


def test_last_and_mark_are_two_prices() -> None:
    venue = new_venue()
    (moved, *_) = step(venue, MovePrice(inst_id=BTC, px="51000"), T0)
    assert moved == PriceMoved(BTC, D(51000), moves_mark=True)
    (marked,) = step(venue, SetMark(inst_id=BTC, px="50500"), T0)
    assert marked == MarkMoved(BTC, D(50500))
    assert (venue.prices[BTC], venue.marks[BTC]) == (D(51000), D(50500))


def test_tiers_follow_each_other_and_end_with_the_largest_order() -> None:
    for instrument in INSTRUMENTS.values():
        if instrument.is_spot:
            assert instrument.tiers == ()
            continue
        tiers = instrument.tiers
        assert [each.number for each in tiers] == [1, 2, 3, 4]
        assert tiers[-1].contracts_max == instrument.limit_sz_max
        for lower, upper in pairwise(tiers):
            assert lower.contracts_max < upper.contracts_max
            assert lower.maintenance_rate < upper.maintenance_rate < upper.initial_rate
            assert lower.lever_max > upper.lever_max
        assert instrument.tier(tiers[1].contracts_max) == tiers[1]
        assert instrument.tier(tiers[1].contracts_max + 1) == tiers[2]
        assert instrument.contracts_max(D(100)) == tiers[0].contracts_max
        assert instrument.contracts_max(D(101)) == 0


def test_a_coin_margined_contract_earns_coins() -> None:
    """100 contracts of 100 dollars from 50000 to 40000: 10000 (1/50000 - 1/40000) = -0.05."""
    with exact():
        inverse = coin_margined()
        assert inverse.value(D(100), D(50000)) == D("0.2")
        assert inverse.notional_quote(D(100), D(50000)) == D(10000)
        assert inverse.pnl(D(100), D(50000), D(40000)) == D("-0.05")
        assert inverse.pnl(D(-100), D(50000), D(40000)) == D("0.05")
        assert inverse.average(D(1), D(40000), D(1), D(60000)) == D(48000)
        assert inverse.average(D(0), D(0), D(7), D(40000)) == D(40000)


def test_its_positions_add_up_in_coins() -> None:
    key = PositionKey("BTC-USD-SWAP", "isolated", "net")
    flat = Position(key=key, pos_id=1, life=0, lever=D(10), c_time_ms=0, u_time_ms=0)

    def run(before: Position, qty: str, px: str) -> tuple[Position, object]:
        execution = Execution(
            instrument=coin_margined(),
            qty_contracts=D(qty),
            px_quote=D(px),
            fee=D("-0.0001"),
            lever=D(10),
            trade_id="1",
            now_ms=1,
        )
        effect = apply(before, execution)
        assert effect.cash_change + effect.margin_change == effect.pnl + D("-0.0001")
        return effect.after, effect.pnl

    with exact():
        opened, _ = run(flat, "100", "50000")
        assert opened.margin == D("0.02")
        half, pnl = run(opened, "-50", "40000")
        assert pnl == D("-0.025")
        assert (half.margin, half.avg_px_quote) == (D("0.01"), D(50000))


def switch(venue: Venue, name: str, value: str) -> None:
    step(venue, SetSwitch(name=name, value=value), T0)


def test_switch_closing_beyond_the_position() -> None:
    venue = new_venue()
    place(venue, sz="2")
    switch(venue, "order.reduce_oversize", "reject_51112")
    assert refused(venue, side="sell", sz="3", reduce_only="true") == ("51112", ())
    hedged = new_venue("long_short_mode")
    place(hedged, pos_side="long", sz="2")
    assert refused(hedged, side="sell", pos_side="long", sz="3") == ("51112", ())
    switch(hedged, "order.reduce_oversize", "shrink")
    assert place(hedged, side="sell", pos_side="long", sz="3").qty_contracts == 2


def test_switch_alphabet_of_tags() -> None:
    venue = new_venue()
    assert refused(venue, tag="Agent_1") == ("51000", ("tag",))
    switch(venue, "id.tag_charset", "off")
    assert place(venue, tag="Agent_1").tag == "Agent_1"
    assert refused(venue, cl_ord_id="Agent_1") == ("51000", ("clOrdId",))


def test_switch_code_of_closing_nothing() -> None:
    venue = new_venue()
    switch(venue, "position.flat_close_code", "51169")
    with pytest.raises(Refusal, match="51169"):
        step(venue, ClosePosition(inst_id=BTC, mgn_mode="cross"), T0)


def test_switch_sub_types_of_net_bills() -> None:
    venue = new_venue()
    switch(venue, "bill.net_subtype", "open_close")
    for side in ("buy", "sell", "sell", "buy"):
        place(venue, side=side)
    assert [bill.sub_type for bill in venue.bills] == ["3", "5", "4", "6"]


def lever(venue: Venue, mode: str) -> None:
    step(venue, SetLeverage(inst_id=BTC, lever="20", mgn_mode=mode), T0)


@pytest.mark.parametrize(("mode", "code"), [("isolated", "59101"), ("cross", "59107")])
def test_switch_code_of_leverage_under_waiting_orders(mode: str, code: str) -> None:
    venue = new_venue()
    place(venue, td_mode=mode, ord_type="limit", px="40000")
    with pytest.raises(Refusal, match="59000"):
        lever(venue, mode)
    switch(venue, "account.leverage_busy_code", "59101_59107")
    with pytest.raises(Refusal, match=code):
        lever(venue, mode)


def test_switch_reach_of_cross_leverage() -> None:
    venue = new_venue()
    switch(venue, "account.leverage_scope", "inst_family")
    lever(venue, "cross")
    assert held(venue).lever == 20
    assert held(venue, inst_id="BTC-USDT-301227").lever == 20
    assert held(venue, inst_id="ETH-USDT-SWAP").lever == 10
    assert held(venue, mode="isolated").lever == 10


def test_a_second_order_that_closes_a_whole_position_is_refused() -> None:
    venue = new_venue()
    place(venue)
    whole = {
        "sl_trigger_px": "48000",
        "sl_ord_px": "-1",
        "close_fraction": "1",
        "reduce_only": "true",
    }
    place_algo(venue, sz="", **whole)
    command = PlaceAlgo(inst_id=BTC, td_mode="cross", side="sell", ord_type="conditional", **whole)
    (answered,) = answers(venue, command)
    assert answered.reason is not None
    assert answered.reason.code == "51088"
    at_limit = PlaceAlgo(
        inst_id=BTC,
        td_mode="isolated",
        side="sell",
        ord_type="conditional",
        **{**whole, "sl_ord_px": "47000"},
    )
    (answered,) = answers(venue, at_limit)
    assert answered.reason is not None
    assert answered.reason.code == "51330"
