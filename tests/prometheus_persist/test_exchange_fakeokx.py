"""``OkxReader`` through the real ccxt client, against an exchange in a process of its own."""

from __future__ import annotations

import dataclasses
import time
from decimal import Decimal
from typing import Any

import pytest
from exchange_account import market, trader, venue_now_ms, whole_view
from exchange_account import reader as hurried
from reconcile_world import BTC, ETH, World

from prometheus_persist.errors import VenueRefused, VenueUnreachable
from prometheus_persist.exchange import OkxSettings, ViewRequest, connect
from prometheus_persist.reconcile import reconcile
from prometheus_persist.reconcile.views import SOURCES
from prometheus_persist.state import OrderIntent, Watermark, contracts
from prometheus_persist.words import okx_refusals

fakeokx = pytest.importorskip("fakeokx")


def settings(url: str, **fields: Any) -> OkxSettings:
    return OkxSettings(
        fakeokx.DEFAULT_KEY,
        fakeokx.DEFAULT_SECRET,
        fakeokx.DEFAULT_PASSPHRASE,
        url=url,
        **fields,
    )


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def place(client: Any, cl_ord_id: str, side: str, sz: str, **more: str) -> str:
    row = {"instId": BTC, "tdMode": "cross", "side": side, "ordType": "market", "sz": sz}
    answer = client.privatePostTradeOrder({**row, "clOrdId": cl_ord_id, **more})
    return str(answer["data"][0]["ordId"])


def test_a_crash_with_everything_in_it_is_read_and_settled(exchange: Any) -> None:
    """An open order, an unbooked entry, a stop that fired, a hand in the account."""
    reader, client = connect(settings(exchange.url)), trader(exchange.url)
    world = World("LiveAgent_01", "LiveAgent_02")
    world.state.watermark = Watermark(since_ms=now_ms() - 60_000)
    ids = world.state.registry
    entry, resting, lost = (ids.cl_ord_id("LiveAgent_01", 1, n) for n in (1, 2, 3))
    stop = ids.cl_ord_id("LiveAgent_01", 1, 4)
    other = ids.cl_ord_id("LiveAgent_02", 1, 5)
    for name, kind, side, owner in (
        (entry, "order", "buy", "LiveAgent_01"),
        (resting, "order", "buy", "LiveAgent_01"),
        (lost, "order", "buy", "LiveAgent_01"),
        (stop, "algo", "sell", "LiveAgent_01"),
        (other, "order", "buy", "LiveAgent_02"),
    ):
        world.owners[name] = owner
        world.state.intents[name] = OrderIntent(
            cl_ord_id=name, agent_id=owner, inst_id=BTC, mgn_mode="cross", pos_side="net",
            side=side, qty_contracts=contracts(3), kind=kind, created_ms=now_ms() - 10_000,
        )  # type: ignore[arg-type]  # fmt: skip
    place(client, entry, "buy", "3")
    place(client, resting, "buy", "3", ordType="limit", px="1000")
    client.privatePostTradeOrderAlgo(
        {"instId": BTC, "tdMode": "cross", "side": "sell", "ordType": "conditional", "sz": "3",
         "slTriggerPx": "49000", "slOrdPx": "-1", "reduceOnly": "true", "algoClOrdId": stop}
    )  # fmt: skip
    exchange.price(BTC, "48000")
    place(client, other, "buy", "3")
    exchange.trade_by_hand(BTC, "sell", "1")

    def view() -> Any:
        intents = tuple(world.state.intents.values())
        request = ViewRequest(
            since_ms=world.state.watermark.since_ms, now_ms=now_ms(), intents=intents
        )
        return reader.read_view(request)

    seen = view()
    assert seen.complete(*SOURCES), seen.problems()
    plan = reconcile(world.books(), seen)
    found = sorted((f.case.value, f.resolution.value, f.agent_id or "") for f in plan.findings)
    assert found == [
        ("A", "AUTO", "LiveAgent_01"),
        ("A", "AUTO", "LiveAgent_02"),
        ("B", "AUTO", "LiveAgent_01"),
        ("B", "AUTO", "LiveAgent_02"),
        *[("F", "AUTO", "LiveAgent_01")] * 4,
        ("F", "AUTO", "LiveAgent_02"),
    ]
    world.adopt(plan)
    assert world.position("LiveAgent_01") == 0
    assert world.position("LiveAgent_02") == 2
    assert list(world.state.intents) == [resting]
    assert reconcile(world.books(), view()).clean


def test_more_than_a_page_of_fills_comes_whole(exchange: Any) -> None:
    reader, client = connect(settings(exchange.url)), trader(exchange.url)
    started = now_ms() - 1_000
    for number in range(6):
        rows = [
            {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "0.01",
             "clOrdId": f"a{number}x{index}", "tag": "a"}
            for index in range(20)
        ]  # fmt: skip
        client.privatePostTradeBatchOrders(rows)
    view = reader.read_view(ViewRequest(since_ms=started, now_ms=now_ms()))
    assert view.complete(*SOURCES), view.problems()
    assert len(view.fills) == len({f.fill_id for f in view.fills}) == 120
    assert len(view.orders) == 120
    assert [str(p.qty_contracts) for p in view.positions] == ["1.2"]


def test_one_order_is_read_with_its_fills(exchange: Any) -> None:
    reader, client = connect(settings(exchange.url)), trader(exchange.url)
    ord_id = place(client, "mine1", "buy", "2")
    one = OrderIntent(
        cl_ord_id="mine1", agent_id="A", inst_id=BTC, mgn_mode="cross", pos_side="net",
        side="buy", qty_contracts=contracts(2), created_ms=now_ms() - 5_000,
    )  # fmt: skip
    seen = reader.read_order(one, now_ms())
    assert seen.complete
    assert (seen.lookup.found, seen.lookup.ord_id, seen.lookup.state) == (True, ord_id, "filled")
    assert sum(f.qty_contracts.value for f in seen.fills) == 2
    absent = reader.read_order(one.model_copy(update={"cl_ord_id": "never"}), now_ms())
    assert absent.lookup.found is False
    assert absent.complete


def test_a_liquidation_is_told_from_a_hand(exchange: Any) -> None:
    reader, client = connect(settings(exchange.url)), trader(exchange.url)
    place(client, "mine1", "buy", "2", tag="a")
    exchange.liquidate(BTC)
    view = reader.read_view(ViewRequest(since_ms=now_ms() - 60_000, now_ms=now_ms()))
    assert view.complete(*SOURCES), view.problems()
    forced = [f for f in view.fills if f.trade_id.startswith("-")]
    assert len(forced) == 1
    categories = {o.category for o in view.orders if o.ord_id == forced[0].ord_id}
    assert categories <= {"full_liquidation", "partial_liquidation"}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"key": "no-such-key"}, "50119"),
        ({"secret": "no-such-secret"}, "50113"),
        ({"passphrase": "no-such-phrase"}, "50105"),
    ],
)
def test_wrong_credentials_are_said_once_and_no_secret_in_the_text(
    exchange: Any, wrong: dict[str, str], code: str
) -> None:
    bad = dataclasses.replace(settings(exchange.url), **wrong)
    with pytest.raises(VenueRefused) as refused:
        connect(bad).read_view(ViewRequest(since_ms=now_ms(), now_ms=now_ms()))
    assert refused.value.code == code
    assert refused.value.detail == okx_refusals.sentence(code)
    assert "no-such" not in refused.value.detail


def test_an_exchange_that_is_gone_raises(exchange: Any) -> None:
    exchange.stop()
    reader = connect(settings(exchange.url, timeout_ms=500))
    with pytest.raises(VenueUnreachable):
        reader.read_view(ViewRequest(since_ms=now_ms(), now_ms=now_ms()))


# Money, lives and what no agent trades


def test_every_cent_of_the_account_is_in_the_bills(exchange: Any) -> None:
    """What the account began with and every bill's change are what it now has, exactly."""
    client, since_ms = trader(exchange.url), venue_now_ms(exchange) - 1_000
    begin = whole_view(exchange, since_ms).balances["USDT"]
    assert begin.settled == 1_000_000
    market(client, "buy", "3")
    market(client, "buy", "2", ETH, tdMode="isolated")
    exchange.price(BTC, "50123.4")
    exchange.price(ETH, "2990.1")
    exchange.fund(BTC, "0.0003")
    exchange.fund(ETH, "-0.0001")
    market(client, "sell", "1")
    exchange.deposit("USDT", "12.345")
    exchange.adl(BTC, "0.5")
    exchange.liquidate(ETH, mgn_mode="isolated")
    view = whole_view(exchange, since_ms)
    usdt = view.balances["USDT"]
    assert begin.settled + sum(bill.change for bill in view.bills) == usdt.settled
    assert usdt.upl != 0
    assert {bill.type for bill in view.bills} >= {"1", "2", "5", "8", "9"}
    numbers = [bill.number for bill in view.bills]
    assert numbers == sorted(set(numbers))
    traded = {bill.bill_id: bill for bill in view.bills if bill.type in ("2", "5", "9")}
    assert set(traded) == {fill.bill_id for fill in view.fills}
    for fill in view.fills:
        bill = traded[fill.bill_id]
        assert (bill.trade_id, bill.ord_id) == (fill.trade_id, fill.ord_id)
        assert (bill.fee, bill.qty_contracts) == (fill.fee, fill.qty_contracts)
    assert all(bill.qty_contracts is None for bill in view.bills if bill.type == "1")
    assert view.equity == usdt.equity


def test_bills_have_a_window_of_their_own_its_first_moment_included(exchange: Any) -> None:
    client, since_ms = trader(exchange.url), venue_now_ms(exchange) - 1_000
    market(client, "buy", "1")
    exchange.advance(3_600_000)
    market(client, "buy", "1")
    first, second = whole_view(exchange, since_ms).bills
    after_ms = first.ts_ms + 1_800_000
    narrow = whole_view(exchange, since_ms, bills_since_ms=after_ms)
    assert [bill.bill_id for bill in narrow.bills] == [second.bill_id]
    assert narrow.sources["bills"].window_from_ms == after_ms
    assert len(narrow.fills) == 2
    wide = whole_view(exchange, after_ms, bills_since_ms=first.ts_ms)
    assert [bill.bill_id for bill in wide.bills] == [first.bill_id, second.bill_id]
    assert len(wide.fills) == 1


def test_a_life_says_how_it_ended_and_a_position_what_it_cost(exchange: Any) -> None:
    client, since_ms = trader(exchange.url), venue_now_ms(exchange) - 1_000
    market(client, "buy", "2")
    market(client, "sell", "2")
    market(client, "buy", "4", ETH)
    exchange.price(ETH, "2900")
    exchange.adl(ETH, "1")
    exchange.liquidate(ETH)
    market(client, "buy", "3")
    market(client, "sell", "1")
    view = whole_view(exchange, since_ms)
    lives = {(life.key.inst_id, life.kind): life for life in view.lives}
    assert set(lives) == {(BTC, "2"), (ETH, "3"), (BTC, "1")}
    assert lives[BTC, "2"].closed_contracts == contracts(2)
    assert lives[ETH, "3"].closed_contracts == contracts(4)
    assert lives[ETH, "3"].direction == "long"
    assert lives[ETH, "3"].realized_pnl < 0
    (position,) = view.positions
    assert position.pos_id == lives[BTC, "1"].pos_id == lives[BTC, "2"].pos_id
    assert position.opened_ms == lives[BTC, "1"].opened_ms > lives[BTC, "2"].opened_ms - 1
    assert position.liq_penalty == 0


def test_contracts_that_nobody_here_trades_are_seen_and_spot_is_money(exchange: Any) -> None:
    client, since_ms = trader(exchange.url), venue_now_ms(exchange) - 1_000
    rows = client.publicGetPublicInstruments({"instType": "FUTURES"})["data"]
    future = next(row["instId"] for row in rows)
    market(client, "buy", "1", future)
    market(client, "buy", "1", future, ordType="limit", px="1000")
    client.privatePostTradeOrder({"instId": "BTC-USDT", "tdMode": "cash", "side": "buy",
                                  "ordType": "market", "sz": "1000"})  # fmt: skip
    client.privatePostTradeOrder({"instId": "BTC-USDT", "tdMode": "cash", "side": "buy",
                                  "ordType": "limit", "px": "1000", "sz": "1"})  # fmt: skip
    view = whole_view(exchange, since_ms)
    assert future in view.instruments
    assert {one.key.inst_id for one in view.positions} == {future}
    assert {one.inst_id for one in view.fills} == {future}
    assert [(one.inst_id, one.state) for one in view.orders if one.state == "live"] == [
        (future, "live")
    ]
    assert {one.inst_id for one in view.orders} == {future}
    assert {one.ccy for one in view.bills} == {"USDT", "BTC"}
    assert set(view.balances) == {"USDT", "BTC"}
    coin = view.balances["BTC"]
    assert coin.settled == sum(bill.change for bill in view.bills if bill.ccy == "BTC")


KINDS = {
    "option": "why.option",
    "margin_cross": "why.margin",
    "margin_isolated": "why.margin",
    "margin_life": "",
    "inverse": "why.inverse",
    "usdc": "",
    "coin_future": "why.inverse",
    "copy_trading": "",
}


@pytest.mark.parametrize("kinds", [*((kind,) for kind in KINDS), tuple(KINDS)], ids="+".join)
def test_what_else_an_account_holds_fails_nothing(exchange: Any, kinds: tuple[str, ...]) -> None:
    client, since_ms = trader(exchange.url), venue_now_ms(exchange) - 1_000
    market(client, "buy", "1")
    for kind in kinds:
        exchange.foreign(kind)
    view = whole_view(exchange, since_ms)
    told = {one.why for one in view.unmanaged}
    held = {view.unfit.get(one.key.inst_id, "") for one in view.positions} - {""}
    assert told | held == {KINDS[kind] for kind in kinds} - {""}
    assert held <= {"why.inverse"}
    assert len(view.unmanaged) == sum({"option": 1, "margin_cross": 2, "margin_isolated": 1}.get(
        kind, 0) for kind in kinds)  # fmt: skip
    assert BTC in {one.key.inst_id for one in view.positions}
    assert BTC in {one.inst_id for one in view.fills}
    types = {name.rpartition("-")[2] for name in {one.inst_id for one in view.orders}}
    assert types <= {"SWAP", "301227"}


def test_an_order_of_a_contract_that_is_gone_cannot_be_proven_absent(exchange: Any) -> None:
    now = venue_now_ms(exchange)
    ours = OrderIntent(
        cl_ord_id="mine1", agent_id="A", inst_id="LUNA-USDT-SWAP", mgn_mode="cross",
        pos_side="net", side="buy", qty_contracts=contracts(2), created_ms=now - 10_000,
    )  # fmt: skip
    (lookup,) = whole_view(exchange, now - 60_000, intents=(ours,)).lookups
    assert (lookup.found, lookup.unlisted, lookup.forgotten) == (None, True, False)
    one = hurried(exchange.url).read_order(ours, now)
    assert (one.lookup.unlisted, one.complete, one.instrument) == (True, True, None)


def test_two_orders_of_one_cl_ord_id_are_two_rows(exchange: Any) -> None:
    client, since_ms = trader(exchange.url), venue_now_ms(exchange) - 1_000
    ids = {market(client, "buy", "1", clOrdId="twice"), market(client, "buy", "2", clOrdId="twice")}
    rows = [one for one in whole_view(exchange, since_ms).orders if one.cl_ord_id == "twice"]
    assert {one.ord_id for one in rows} == ids
    assert len(rows) == 2


def test_bills_that_come_while_the_money_is_read_make_it_read_again(exchange: Any) -> None:
    """The balance is asked for; before the answer counts, money arrives: nothing was traded."""
    client, since_ms = trader(exchange.url), venue_now_ms(exchange) - 1_000
    market(client, "buy", "1")
    reads = hurried(exchange.url)
    asking, struck = reads._reads.get, []

    class Between:
        at_once = True

        def get(self, endpoint: str, params: Any) -> Any:
            rows = asking(endpoint, params)
            if endpoint == "account/balance" and len(struck) < 2:
                struck.append(exchange.deposit("USDT", "7.5"))
            return rows

    reads._reads = Between()  # type: ignore[assignment]
    view = reads.read_view(ViewRequest(since_ms=since_ms, now_ms=venue_now_ms(exchange)))
    assert view.complete("bills", "balance"), view.problems()
    assert len(struck) == 2
    assert len(view.bills) == 3
    settled = view.balances["USDT"].settled
    assert settled == 1_000_000 + sum((bill.change for bill in view.bills), Decimal(0))


@pytest.mark.parametrize("path", ["account/balance", "trade/orders-pending", "account/bills"])
def test_a_trade_while_the_view_is_read_is_in_all_of_it_or_in_none(
    exchange: Any, path: str
) -> None:
    client, since_ms = trader(exchange.url), venue_now_ms(exchange) - 1_000
    market(client, "buy", "1")
    reads = hurried(exchange.url)
    asking, struck = reads._reads.get, []

    class Between:
        at_once = True

        def get(self, endpoint: str, params: Any) -> Any:
            rows = asking(endpoint, params)
            if endpoint == path and not struck:
                struck.append(market(client, "buy", "2"))
            return rows

    reads._reads = Between()  # type: ignore[assignment]
    view = reads.read_view(ViewRequest(since_ms=since_ms, now_ms=venue_now_ms(exchange)))
    assert view.complete(*SOURCES), view.problems()
    assert struck
    assert view.positions[0].qty_contracts == contracts(3)
    assert len(view.fills) == len(view.bills) == len(view.orders) == 2
    settled = view.balances["USDT"].settled
    assert settled == 1_000_000 + sum((bill.change for bill in view.bills), Decimal(0))


def test_an_account_that_is_never_quiet_has_no_balance_to_compare(exchange: Any) -> None:
    client, since_ms = trader(exchange.url), venue_now_ms(exchange) - 1_000
    reads = hurried(exchange.url)
    asking = reads._reads.get

    class Always:
        at_once = True

        def get(self, endpoint: str, params: Any) -> Any:
            if endpoint == "account/positions-history":
                market(client, "buy", "1")
            return asking(endpoint, params)

    reads._reads = Always()  # type: ignore[assignment]
    view = reads.read_view(ViewRequest(since_ms=since_ms, now_ms=venue_now_ms(exchange)))
    assert [(one.name, one.problem) for one in view.problems()] == [
        ("balance", "not stable while it was read")
    ]
