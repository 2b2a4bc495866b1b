"""An account that holds everything OKX trades: what is ours is whole, the rest fails nothing.

Rows in OKX's own shapes go through a real ccxt client (``exchange_script.served``).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import exchange_products as products
import pytest
from exchange_script import BTC, HOUR_MS, NOW, Script, fill, intent, order, read, served, told

from prometheus_persist.exchange import ViewRequest
from prometheus_persist.exchange.okx.order_lookup import DAY_MS
from prometheus_persist.reconcile.views import SOURCES, VenueView
from prometheus_persist.state import contracts

ASKED = ViewRequest(since_ms=NOW - HOUR_MS, now_ms=NOW)


def seen(**answers: Any) -> VenueView:
    changed = {name.replace("__", "/").replace("_", "-"): each for name, each in answers.items()}
    with served(products.used() | changed) as reader:
        return reader.read_view(ASKED)


@pytest.fixture(scope="module")
def view() -> VenueView:
    return seen()


def test_no_other_product_makes_anything_incomplete(view: VenueView) -> None:
    assert view.complete(*SOURCES), view.problems()


def test_positions_of_other_products_are_told_as_text_two_of_one_instrument_too(
    view: VenueView,
) -> None:
    found = {(one.inst_id, one.ccy): (one.why, one.quantity, one.avg_px) for one in view.unmanaged}
    assert found == {
        ("BTC-USD-240329-60000-C", "BTC"): ("why.option", "-2", "0.034"),
        ("ETH-USDT", "USDT"): ("why.margin", "0.5", "2500"),
        ("ETH-USDT", "ETH"): ("why.margin", "0.7", ""),
    }
    assert [one.key.inst_id for one in view.positions] == ["BTC-USD-SWAP", "BTC-USDC-SWAP", BTC]


def test_contracts_are_fit_or_it_is_said_why_not(view: VenueView) -> None:
    assert {name: one.settle_ccy for name, one in view.instruments.items()} == {
        BTC: "USDT",
        "BTC-USDC-SWAP": "USDC",
    }
    assert view.unfit == {
        "BTC-USD-SWAP": "why.inverse",
        "BTC-USD-240329": "why.inverse",
        "NEW-USDT-SWAP": "why.no_size",
    }


def test_executions_orders_and_lives_are_those_of_contracts(view: VenueView) -> None:
    assert [one.inst_id for one in view.fills] == ["BTC-USD-SWAP", BTC, "BTC-USDT-231229"]
    assert {one.inst_id for one in view.orders} == {"BTC-USD-SWAP", BTC}
    assert view.algo_orders == ()
    lives = {one.key.inst_id: one.realized_pnl for one in view.lives}
    assert lives == {BTC: 0, "BTC-USDT-231229": Decimal("1.4")}


def test_the_money_of_every_product_is_in_the_bills(view: VenueView) -> None:
    assert [(one.bill_id, str(one.change), one.qty_contracts) for one in view.bills] == [
        ("51", "0.5", None),
        ("52", "0.067", None),
        ("53", "-250", None),
        ("54", "0", None),
        ("55", "-0.75", contracts(3)),
    ]
    assert {name: str(one.settled) for name, one in view.balances.items()} == {
        "USDT": "1000.0",
        "USDC": "700",
    }


def test_whose_account_it_is(view: VenueView) -> None:
    assert (view.uid, view.acct_lv, view.pos_mode, view.demo) == ("7001", "3", "net_mode", False)


@pytest.mark.parametrize(
    ("source", "answers"),
    [
        ("positions", {"account__positions": [products.POSITIONS[5] | {"avgPx": ""}]}),
        ("positions_history", {"account__positions_history": [products.LIVES[4] | {"type": ""}]}),
        ("bills", {"account__bills": [products.BILLS[4] | {"balChg": ""}]}),
        ("bills", {"account__bills": [products.BILLS[4] | {"sz": "-3"}]}),
        ("fills", {"trade__fills": [products.FILLS[4] | {"fillPx": ""}]}),
        ("orders_open", {"trade__orders_pending": [products.ORDERS[4] | {"sz": ""}]}),
        ("balance", {"account__balance": [{"totalEq": "1", "details": [{"ccy": "USDT",
                                                                        "eq": ""}]}]}),
    ],
)  # fmt: skip
def test_a_row_of_ours_that_makes_no_sense_still_fails_its_source(
    source: str, answers: dict[str, Any]
) -> None:
    assert [each.name for each in seen(**answers).problems()] == [source]


def test_a_row_of_an_unfit_contract_that_makes_no_sense_is_told_or_left_out() -> None:
    odd = products.POSITIONS[3] | {"avgPx": "", "uTime": ""}
    twice = [products.POSITIONS[3], products.POSITIONS[3] | {"posId": "99", "ccy": "ETH"}]
    view = seen(account__positions=[odd], trade__fills=[products.FILLS[3] | {"fillPx": ""}],
                trade__orders_pending=[products.ORDERS[3] | {"tdMode": "other"}])  # fmt: skip
    assert view.complete(*SOURCES), view.problems()
    assert [(one.inst_id, one.quantity, one.why) for one in view.unmanaged] == [
        ("BTC-USD-SWAP", "40", "why.inverse")
    ]
    assert (view.positions, view.fills) == ((), ())
    view = seen(account__positions=twice)
    assert view.complete("positions"), view.problems()
    assert (len(view.positions), [one.pos_id for one in view.unmanaged]) == (1, ["99"])


def test_a_position_of_a_product_nobody_knows_is_told() -> None:
    (one,) = seen(account__positions=[products.position("EVENTS", "X-Y", pos="1")]).unmanaged
    assert (one.why, one.inst_type, one.quantity) == ("why.other_product", "EVENTS", "1")


def test_options_that_are_traded_meanwhile_do_not_unsettle_our_positions() -> None:
    sizes = iter(range(1, 1_000))
    moving = lambda _: [products.POSITIONS[0] | {"pos": str(next(sizes))}]  # noqa: E731
    view = seen(account__positions=moving)
    assert view.complete("positions"), view.problems()


@pytest.mark.parametrize(
    ("inst_type", "quiet"), [("OPTION", True), ("SPOT", True), ("SWAP", False)]
)
def test_only_contracts_that_are_traded_meanwhile_unsettle_the_account(
    inst_type: str, quiet: bool
) -> None:
    numbers = iter(range(100, 1_000))
    traded: list[dict[str, Any]] = []

    def one_more(asked: dict[str, str]) -> list[dict[str, Any]]:
        if not asked.get("after"):
            traded.insert(0, products.FILLS[4] | {"instType": inst_type, "billId": (
                number := str(next(numbers))), "tradeId": number})  # fmt: skip
        return [row for row in traded if int(row["billId"]) < int(asked.get("after", "9999"))]

    assert seen(trade__fills=one_more).complete(*SOURCES) is quiet


@pytest.mark.parametrize("code", ["51001", "51603"])
def test_an_order_of_a_contract_that_is_gone_is_left_out(code: str) -> None:
    view = seen(trade__fills=[products.FILLS[5]], trade__order=told(code, "gone"))
    assert view.complete(*SOURCES), view.problems()
    assert [one.inst_id for one in view.fills] == ["BTC-USDT-231229"]


@pytest.mark.parametrize("code", ["51001", "51603"])
def test_an_intent_of_a_contract_that_is_gone_is_not_proven_absent(code: str) -> None:
    ours = intent(HOUR_MS).model_copy(update={"inst_id": "BTC-USDT-231229"})
    gone = {"trade/order": told(code, "gone"), "public/instruments": products.INSTRUMENTS["SWAP"]}
    with served(products.used() | gone) as reader:
        (lookup,) = reader.read_view(
            ViewRequest(since_ms=NOW - HOUR_MS, now_ms=NOW, intents=(ours,))
        ).lookups
    assert (lookup.found, lookup.unlisted, lookup.forgotten) == (None, True, False)
    assert lookup.problem
    absent = {"public/instruments": told("51001") if code == "51001" else []}
    with served(products.used() | gone | absent) as reader:
        one = reader.read_order(ours, NOW)
    assert (one.lookup.found, one.lookup.unlisted, one.complete) == (None, True, True)
    assert one.instrument is None


def test_an_order_carries_its_stops_its_flag_and_its_price() -> None:
    stops = [{"attachAlgoClOrdId": "s1"}, {"attachAlgoClOrdId": ""}, {"attachAlgoClOrdId": "s2"}]
    rows = [order(1, attachAlgoOrds=stops, reduceOnly="true", px="12.5"), order(2, px="")]  # type: ignore[arg-type]
    view = read(Script(trade__orders_pending=rows))
    found = {one.ord_id: (one.attached, one.reduce_only, one.px) for one in view.orders}
    assert found == {"1": (("s1", "s2"), True, Decimal("12.5")), "2": ((), False, None)}


def test_an_algo_order_says_that_it_closes_everything() -> None:
    row = products.ALGOS[0] | {"instType": "SWAP", "instId": BTC, "closeFraction": "1",
                               "reduceOnly": "true"}  # fmt: skip
    (one,) = seen(trade__orders_algo_pending=[row]).algo_orders
    assert (one.close_fraction, one.reduce_only, one.qty_contracts) == (True, True, contracts(0))


@pytest.mark.parametrize(
    ("age_ms", "broken", "cut"),
    [(91 * DAY_MS, False, True), (HOUR_MS, False, False), (91 * DAY_MS, True, False)],
)
def test_a_window_that_starts_too_early_is_cut_if_nothing_else_is_wrong(
    age_ms: int, broken: bool, cut: bool
) -> None:
    script = Script(trade__fills=[fill(1, fillPx="") if broken else fill(1)])
    view = read(script, since_ms=NOW - age_ms)
    status = view.sources["fills"]
    assert status.cut is cut
    assert status.complete is (age_ms == HOUR_MS)
    assert len(view.fills) == (0 if broken else 1)
    assert view.sources["positions_history"].cut is (age_ms != HOUR_MS)
