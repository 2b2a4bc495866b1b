"""Several accounts on one venue: nothing of one is the other's, except the market."""

import pytest
from fakeokx_tools import BTC, T0, D, answers, ask, held, move, new_venue, place

from fakeokx.engine import history
from fakeokx.engine.account import wealth
from fakeokx.engine.commands import (
    AlgoRef,
    CancelAlgos,
    CancelAllAfter,
    CancelOrders,
    ClosePosition,
    Deposit,
    Fund,
    OpenAccount,
    OrderRef,
    PlaceAlgo,
    PlaceOrders,
    SetLeverage,
    SetPositionMode,
    Tick,
)
from fakeokx.engine.events import BalanceChanged, SettingChanged
from fakeokx.engine.model import Order, PositionKey
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

KEY = PositionKey(BTC, "cross", "net")


def two(cash: str = "5000") -> Venue:
    venue = new_venue()
    step(venue, OpenAccount(account="sub1"), T0)
    step(venue, Deposit(ccy="USDT", amt=cash, account="sub1"), T0)
    return venue


def sub(venue: Venue, **fields: str) -> Order:
    (answered,) = answers(venue, PlaceOrders(orders=(ask(**fields),), account="sub1"))
    assert answered.reason is None, answered.reason
    return venue.orders[int(answered.id)]


def test_money_positions_fills_and_bills_are_each_accounts_own() -> None:
    venue = two()
    place(venue, sz="3")
    order = sub(venue, side="sell", sz="1")
    assert (held(venue).qty_contracts, order.account) == (D(3), "sub1")
    assert venue.position(KEY, "sub1").qty_contracts == -1
    assert venue.accounts["sub1"].cash == {"USDT": D("4999.75")}
    assert wealth(venue, "sub1").equity == D("4999.75")
    assert [each.account for each in venue.fills] == ["main", "sub1"]
    assert [each.ord_id for each in history.fills(venue, T0, 1, "sub1")] == [order.ord_id]
    assert [each.ccy for each in history.bills(venue, T0, 1, "sub1")] == ["USDT", "USDT"]
    assert len(history.orders_history(venue, T0, "sub1")) == 1
    assert held(venue).pos_id != venue.position(KEY, "sub1").pos_id


def test_ids_are_unique_across_accounts_and_names_are_not() -> None:
    venue = two()
    mine = place(venue, ord_type="limit", px="40000", cl_ord_id="same")
    yours = sub(venue, ord_type="limit", px="40000", cl_ord_id="same")
    assert mine.ord_id != yours.ord_id
    ref = OrderRef(inst_id=BTC, cl_ord_id="same")
    assert history.order(venue, ref, T0) == mine
    assert history.order(venue, ref, T0, "sub1") == yours


def test_nobody_sees_or_cancels_what_is_somebody_elses() -> None:
    venue = two()
    mine = place(venue, ord_type="limit", px="40000")
    ref = OrderRef(inst_id=BTC, ord_id=str(mine.ord_id))
    assert history.order(venue, ref, T0, "sub1") is None
    (answered,) = answers(venue, CancelOrders(orders=(ref,), account="sub1"))
    assert answered.reason is not None
    assert answered.reason.code == "51400"
    stop = PlaceAlgo(
        inst_id=BTC,
        td_mode="cross",
        side="sell",
        ord_type="conditional",
        sz="1",
        sl_trigger_px="45000",
        sl_ord_px="-1",
    )
    (placed,) = answers(venue, stop)
    algo_ref = AlgoRef(inst_id=BTC, algo_id=placed.id)
    assert history.algo(venue, algo_ref, T0, "sub1") is None
    (answered,) = answers(venue, CancelAlgos(algos=(algo_ref,), account="sub1"))
    assert answered.reason is not None
    with pytest.raises(Refusal, match="51023"):
        step(venue, ClosePosition(inst_id=BTC, mgn_mode="cross", account="sub1"), T0)


def test_each_account_has_its_own_mode_leverage_and_switch() -> None:
    venue = two()
    step(venue, SetPositionMode(pos_mode="long_short_mode", account="sub1"), T0)
    step(venue, SetLeverage(inst_id=BTC, lever="50", mgn_mode="cross"), T0)
    assert (venue.main.pos_mode, venue.accounts["sub1"].pos_mode) == ("net_mode", "long_short_mode")
    assert venue.lever(KEY) == 50
    assert venue.lever(PositionKey(BTC, "cross", "long"), "sub1") == 10
    mine = place(venue, ord_type="limit", px="40000")
    yours = sub(venue, ord_type="limit", px="40000", pos_side="long")
    step(venue, CancelAllAfter(time_out_s="10", account="sub1"), T0)
    step(venue, Tick(), T0 + 10_000)
    assert venue.orders[mine.ord_id].state == "live"
    assert venue.orders[yours.ord_id].state == "canceled"


def test_one_accounts_poverty_is_not_the_others() -> None:
    venue = two(cash="60")
    place(venue, sz="1")
    sub(venue, sz="1")
    (answered,) = answers(venue, PlaceOrders(orders=(ask(),), account="sub1"))
    assert answered.reason is not None
    assert answered.reason.code == "51008"
    move(venue, "44100")
    assert held(venue).qty_contracts == 1
    assert venue.position(KEY, "sub1").qty_contracts == 0
    assert venue.accounts["sub1"].cash["USDT"] >= 0


def test_a_funding_between_two_accounts_takes_from_one_what_it_gives_the_other() -> None:
    venue = two()
    place(venue, sz="1")
    sub(venue, side="sell", sz="1")
    before = {name: each.cash["USDT"] for name, each in venue.accounts.items()}
    events = step(venue, Fund(inst_id=BTC, rate="0.001"), T0)
    paid = {name: each.cash["USDT"] - before[name] for name, each in venue.accounts.items()}
    assert paid == {"main": D("-0.5"), "sub1": D("0.5")}
    assert events[-2:] == (BalanceChanged("USDT", "main"), BalanceChanged("USDT", "sub1"))


def test_opening_an_account_twice_changes_nothing() -> None:
    venue = two()
    assert step(venue, OpenAccount(account="sub1"), T0) == ()
    assert step(venue, OpenAccount(account="main"), T0) == ()
    (said,) = step(venue, OpenAccount(account="sub2", pos_mode="long_short_mode"), T0)
    assert said == SettingChanged("account", "sub2", "sub2")


@pytest.mark.parametrize("name", ["", "a b", "x" * 21, "é"])
def test_names_of_accounts(name: str) -> None:
    with pytest.raises(Refusal, match="account"):
        step(new_venue(), OpenAccount(account=name), T0)


def test_an_account_that_does_not_exist_can_do_nothing() -> None:
    with pytest.raises(Refusal, match="account"):
        step(new_venue(), PlaceOrders(orders=(ask(),), account="nobody"), T0)
