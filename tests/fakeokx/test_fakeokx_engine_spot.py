"""Coins change hands: sizes in either currency, fees in the currency received, two bills a fill."""

import pytest
from fakeokx_tools import T0, D, answers, ask, move, new_venue, place, place_algo, refused

from fakeokx.engine.account import wealth
from fakeokx.engine.commands import (
    Amendment,
    AmendOrders,
    Deposit,
    PlaceAlgo,
    PlaceOrders,
    SetBook,
    SetPartial,
)
from fakeokx.engine.model import Order
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

COIN = "BTC-USDT"


def spot(venue: Venue, **fields: str) -> Order:
    return place(venue, **{"inst_id": COIN, "td_mode": "cash", **fields})


def no_spot(venue: Venue, **fields: str) -> tuple[str, tuple[str, ...]]:
    return refused(venue, **{"inst_id": COIN, "td_mode": "cash", **fields})


def test_a_market_buy_names_quote_currency_and_pays_its_fee_in_coins() -> None:
    venue = new_venue(cash="1000")
    order = spot(venue, sz="500")
    assert (order.state, order.quote_sz, order.tgt_ccy) == ("filled", D(500), "quote_ccy")
    assert (order.filled_contracts, order.avg_px_quote) == (D("0.01"), D(50000))
    assert (order.fee, order.fee_ccy) == (D("-0.00001"), "BTC")
    assert venue.main.cash == {"USDT": D(500), "BTC": D("0.00999")}
    got, gave = venue.bills
    assert (got.ccy, got.cash_change, got.fee) == ("BTC", D("0.00999"), D("-0.00001"))
    assert (gave.ccy, gave.cash_change, gave.fee) == ("USDT", D(-500), 0)
    assert (got.type, got.sub_type, got.mgn_mode) == ("2", "1", "cash")
    assert venue.main.positions == {}


def test_a_market_sell_names_coins_and_pays_its_fee_in_quote_currency() -> None:
    venue = new_venue(cash="0")
    step(venue, Deposit(ccy="BTC", amt="1"), T0)
    order = spot(venue, side="sell", sz="0.2")
    assert (order.fee, order.fee_ccy, order.quote_sz) == (D(-10), "USDT", None)
    assert venue.main.cash == {"USDT": D(9990), "BTC": D("0.8")}
    assert [(bill.ccy, bill.sub_type) for bill in venue.bills[1:]] == [("USDT", "2"), ("BTC", "2")]


@pytest.mark.parametrize(
    ("side", "tgt", "sz", "filled"),
    [
        ("buy", "base_ccy", "0.5", "0.5"),
        ("buy", "quote_ccy", "777.77", "0.0155554"),
        ("sell", "quote_ccy", "33333", "0.66666"),
        ("sell", "base_ccy", "0.5", "0.5"),
    ],
)
def test_tgt_ccy_says_what_the_size_is_in(side: str, tgt: str, sz: str, filled: str) -> None:
    venue = new_venue()
    step(venue, Deposit(ccy="BTC", amt="1"), T0)
    assert spot(venue, side=side, tgt_ccy=tgt, sz=sz).filled_contracts == D(filled)


def test_a_quote_size_buys_whole_lots_only_and_leaves_the_rest() -> None:
    venue = new_venue(cash="1000")
    move(venue, "30000.7", inst_id=COIN)
    order = spot(venue, sz="1000")
    assert order.filled_contracts == D("0.03333255")  # 1000 / 30000.7 cut to 1e-8
    left = venue.main.cash["USDT"]
    assert 0 <= left < D("30000.7") * D("0.00000001")


def test_a_limit_order_rests_and_fills_as_maker_at_its_own_price() -> None:
    venue = new_venue(cash="1000")
    order = spot(venue, ord_type="limit", px="40000", sz="0.01")
    assert wealth(venue).order_margin == 400
    move(venue, "39000", inst_id=COIN)
    done = venue.orders[order.ord_id]
    assert (done.state, done.avg_px_quote, done.fee) == ("filled", D(40000), D("-0.000008"))
    assert venue.main.cash == {"USDT": D(600), "BTC": D("0.009992")}
    assert wealth(venue).order_margin == 0


def test_nobody_spends_what_he_does_not_have_or_has_promised_already() -> None:
    venue = new_venue(cash="1000")
    assert no_spot(venue, side="sell", sz="0.1") == ("51008", ("BTC", "balance"))
    assert no_spot(venue, tgt_ccy="base_ccy", sz="0.03") == ("51008", ("USDT", "balance"))
    spot(venue, ord_type="limit", px="40000", sz="0.02")
    assert no_spot(venue, sz="201") == ("51008", ("USDT", "balance"))
    assert spot(venue, sz="200").state == "filled"
    step(venue, Deposit(ccy="BTC", amt="1"), T0)
    spot(venue, side="sell", ord_type="limit", px="60000", sz="0.9")
    assert no_spot(venue, side="sell", sz="0.2") == ("51008", ("BTC", "balance"))


def test_unrealised_profit_does_not_buy_coins_but_loss_takes_them_away() -> None:
    venue = new_venue(cash="1000")
    place(venue, sz="10")
    move(venue, "60000")
    free = 1000 - D("2.5") - 600
    assert wealth(venue).spendable == free
    assert wealth(venue).available == free + 1000
    move(venue, "46000")
    assert wealth(venue).spendable == 1000 - D("2.5") - 400 - 460


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"td_mode": "cross"}, "51010"),
        ({"td_mode": "isolated"}, "51010"),
        ({"pos_side": "long"}, "51000"),
        ({"reduce_only": "true"}, "51205"),
        ({"tgt_ccy": "coins"}, "51000"),
        ({"sz": "0.1"}, "51020"),
        ({"tgt_ccy": "base_ccy", "sz": "0.000010001"}, "51121"),
        ({"sz": "99999999999"}, "51202"),
    ],
)
def test_what_is_refused_on_spot(fields: dict[str, str], code: str) -> None:
    assert no_spot(new_venue(), **{"sz": "100", **fields})[0] == code


def test_contracts_are_not_for_cash() -> None:
    assert refused(new_venue(), td_mode="cash") == ("51010", ())


def test_what_is_left_of_a_market_order_is_canceled_not_kept() -> None:
    venue = new_venue()
    step(venue, SetPartial(inst_id=COIN, sz="0.004"), T0)
    order = spot(venue, sz="500")
    assert (order.state, order.cancel_source) == ("canceled", "14")
    assert order.filled_contracts == D("0.004")


def test_a_quote_sized_buy_walks_the_book_within_its_money() -> None:
    venue = new_venue(cash="1000")
    asks = (("50000", "0.004"), ("50100", "0.004"), ("60000", "5"))
    step(venue, SetBook(inst_id=COIN, asks=asks), T0)
    order = spot(venue, sz="500")
    # 200 at 50000, 200.4 at 50100, and what 99.6 buys at 60000.
    assert order.filled_contracts == D("0.004") + D("0.004") + D("0.00166")
    assert venue.main.cash["USDT"] == D("500")


def test_a_base_sized_buy_has_to_afford_every_level_it_meets() -> None:
    venue = new_venue(cash="1000")
    step(venue, SetBook(inst_id=COIN, asks=(("50000", "0.01"), ("70000", "1"))), T0)
    assert no_spot(venue, tgt_ccy="base_ccy", sz="0.02") == ("51008", ("USDT", "balance"))
    assert spot(venue, tgt_ccy="base_ccy", sz="0.017").state == "filled"
    assert venue.main.cash["USDT"] == 1000 - 500 - 490


def test_an_amendment_must_be_affordable() -> None:
    venue = new_venue(cash="1000")
    order = spot(venue, ord_type="limit", px="40000", sz="0.02")
    more = Amendment(inst_id=COIN, ord_id=str(order.ord_id), new_sz="0.026")
    (answered,) = answers(venue, AmendOrders(orders=(more,)))
    assert answered.reason is not None
    assert answered.reason.code == "51008"


def test_a_stop_sells_the_coins() -> None:
    venue = new_venue()
    step(venue, Deposit(ccy="BTC", amt="1"), T0)
    stop = PlaceAlgo(
        inst_id=COIN,
        td_mode="cash",
        side="sell",
        ord_type="conditional",
        sz="0.3",
        sl_trigger_px="48000",
        sl_ord_px="-1",
    )
    (answered,) = answers(venue, stop)
    assert answered.reason is None
    move(venue, "47000", inst_id=COIN)
    assert venue.main.cash["BTC"] == D("0.7")


def test_a_stop_that_came_with_a_buy_sells_what_the_fee_left() -> None:
    venue = new_venue()
    exits = '[{"slTriggerPx":"48000","slOrdPx":"-1"}]'
    spot(venue, sz="0.5", tgt_ccy="base_ccy", attach_algo_ords=exits)
    assert venue.main.cash["BTC"] == D("0.4995")
    move(venue, "47000", inst_id=COIN)
    (algo,) = venue.algos.values()
    assert (algo.state, algo.qty_contracts, algo.actual_contracts) == (
        "effective",
        D("0.5"),
        D("0.4995"),
    )
    assert venue.main.cash["BTC"] == 0


@pytest.mark.parametrize(
    ("order_px", "sz", "done"), [("-1", "5000", D("0.02")), ("50000", "0.5", D("0.02"))]
)
def test_a_trigger_buys_for_the_money_that_is_there(order_px: str, sz: str, done: D) -> None:
    venue = new_venue(cash="1000")
    fields = {"inst_id": COIN, "td_mode": "cash", "side": "buy", "ord_type": "trigger"}
    algo = place_algo(venue, sz=sz, trigger_px="50000.1", order_px=order_px, **fields)
    move(venue, "50000.1", inst_id=COIN)
    move(venue, "50000", inst_id=COIN)
    child = venue.orders[venue.algos[algo.algo_id].child_ord_id or 0]
    assert (child.state, child.filled_contracts.quantize(D("0.0001"))) == ("filled", done)


def test_who_has_nothing_has_nothing_triggered() -> None:
    venue = new_venue()
    words = {"inst_id": COIN, "td_mode": "cash", "sl_trigger_px": "48000", "sl_ord_px": "-1"}
    algo = place_algo(venue, **words)
    move(venue, "47000", inst_id=COIN)
    failed = venue.algos[algo.algo_id]
    assert (failed.state, failed.fail_code) == ("order_failed", "51008")
    odd = PlaceAlgo(side="sell", ord_type="conditional", sz="1", tgt_ccy="base_ccy", **words)
    (answered,) = answers(venue, odd)
    assert answered.reason is not None
    assert answered.reason.words == ("tgtCcy",)


def test_a_deposit_is_a_transfer_and_a_withdrawal_needs_free_money() -> None:
    venue = new_venue(cash="100")
    step(venue, Deposit(ccy="ETH", amt="2.5"), T0)
    step(venue, Deposit(ccy="ETH", amt="1", out="true"), T0)
    assert venue.main.cash["ETH"] == D("1.5")
    assert [(b.type, b.sub_type, b.sender, b.receiver) for b in venue.bills] == [
        ("1", "11", "6", "18"),
        ("1", "12", "18", "6"),
    ]
    from fakeokx.engine.refusals import Refusal

    with pytest.raises(Refusal, match="51008"):
        step(venue, Deposit(ccy="ETH", amt="1.6", out="true"), T0)
    with pytest.raises(Refusal, match="ccy"):
        step(venue, Deposit(ccy="EUR", amt="1"), T0)


def test_batches_may_mix_coins_and_contracts() -> None:
    venue = new_venue()
    batch = PlaceOrders(orders=(ask(), ask(inst_id=COIN, td_mode="cash", sz="100")))
    assert all(each.reason is None for each in answers(venue, batch))
