"""A trading session with unmodified ccxt, in live and in sandbox mode."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fakeokx import FakeOkx, launch

ccxt = pytest.importorskip("ccxt")
SYMBOL = "BTC/USDT:USDT"


@pytest.fixture(scope="module", params=["live", "sandbox"])
def venue(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    with launch(tmp_path_factory.mktemp(request.param)) as running:
        yield running, request.param


@pytest.fixture(scope="module")
def market(venue: tuple[FakeOkx, str], ccxt_of: Callable[..., Any]) -> Any:
    server, mode = venue
    client = ccxt_of(server)
    if mode == "sandbox":
        client.set_sandbox_mode(True)
    client.load_markets()
    return client


@pytest.fixture
def server(venue: tuple[FakeOkx, str]) -> Iterator[FakeOkx]:
    running, _ = venue
    running.price("BTC-USDT-SWAP", "50000")
    yield running
    running.price("BTC-USDT-SWAP", "50000")
    if running.truth()["positions"]:
        running.liquidate("BTC-USDT-SWAP")


def test_markets_have_the_contract_sizes(market: Any) -> None:
    swaps = [name for name in market.symbols if name.endswith(":USDT")]
    sizes = {name: market.market(name)["contractSize"] for name in swaps}
    assert sizes == {
        "BTC/USDT:USDT": 0.01,
        "ETH/USDT:USDT": 0.1,
        "SOL/USDT:USDT": 1.0,
        "XRP/USDT:USDT": 100.0,
        "DOGE/USDT:USDT": 1000.0,
    }
    assert market.market("BTC/USDT")["spot"]


def test_market_order_position_fill_and_balance_agree(server: FakeOkx, market: Any) -> None:
    before = market.fetch_balance()["USDT"]["total"]
    made = market.create_order(
        SYMBOL, "market", "buy", 1.5, None, {"clOrdId": "m1", "tag": "LiveAgent01"}
    )
    found = market.fetch_order(made["id"], SYMBOL)
    assert (found["status"], found["filled"], found["average"]) == ("closed", 1.5, 50000.0)
    assert found["info"]["tag"] == "LiveAgent01"
    assert market.fetch_order(None, SYMBOL, {"clOrdId": "m1"})["id"] == made["id"]
    (position,) = market.fetch_positions()
    assert (position["side"], position["contracts"], position["entryPrice"]) == (
        "long",
        1.5,
        50000.0,
    )
    trade = market.fetch_my_trades(SYMBOL)[-1]
    assert (trade["order"], trade["amount"], trade["fee"]["cost"]) == (made["id"], 1.5, 0.375)
    assert market.fetch_balance()["USDT"]["total"] == pytest.approx(before - 0.375)


def test_limit_order_rests_is_listed_and_canceled(server: FakeOkx, market: Any) -> None:
    made = market.create_order(SYMBOL, "limit", "buy", 1, 40000.5, {"clOrdId": "l1"})
    (waiting,) = market.fetch_open_orders(SYMBOL)
    assert (waiting["id"], waiting["price"]) == (made["id"], 40000.5)
    edited = market.edit_order(made["id"], SYMBOL, "limit", "buy", 2, 41000)
    assert edited["id"] == made["id"]
    assert market.cancel_order(made["id"], SYMBOL)["id"] == made["id"]
    assert market.fetch_open_orders(SYMBOL) == []
    with pytest.raises(ccxt.OrderNotFound):
        market.cancel_order(made["id"], SYMBOL)
    assert made["id"] in [row["id"] for row in market.fetch_canceled_orders(SYMBOL)]


def test_a_stop_fires_and_its_child_is_found(server: FakeOkx, market: Any) -> None:
    market.create_order(SYMBOL, "market", "buy", 1)
    stop = market.create_order(
        SYMBOL, "market", "sell", 1, None,
        {"stopLossPrice": 48000, "clOrdId": "stop1", "reduceOnly": True, "tag": "LiveAgent01"},
    )  # fmt: skip
    query = {"trigger": True, "ordType": "conditional"}
    assert [row["id"] for row in market.fetch_open_orders(SYMBOL, params=query)] == [stop["id"]]
    pending = market.privateGetTradeOrdersAlgoPending({"ordType": "conditional"})["data"]
    assert [row["algoClOrdId"] for row in pending] == ["stop1"]
    events = server.price("BTC-USDT-SWAP", "47900")
    assert [each["event"] for each in events][:3] == ["price", "algo", "order"]
    done = market.privateGetTradeOrdersAlgoHistory({"ordType": "conditional", "state": "effective"})
    parent = done["data"][0]
    child = market.privateGetTradeOrder({"instId": "BTC-USDT-SWAP", "ordId": parent["ordId"]})
    row = child["data"][0]
    assert (parent["algoId"], row["algoId"], row["algoClOrdId"]) == (
        stop["id"],
        stop["id"],
        "stop1",
    )
    assert (row["clOrdId"], row["source"], row["state"]) == ("", "7", "filled")
    assert market.fetch_positions() == []


def test_a_stop_is_canceled(server: FakeOkx, market: Any) -> None:
    stop = market.create_order(SYMBOL, "market", "sell", 1, None, {"stopLossPrice": 45000})
    market.cancel_order(stop["id"], SYMBOL, {"trigger": True})
    done = market.privateGetTradeOrdersAlgoHistory({"ordType": "conditional", "state": "canceled"})
    assert done["data"][0]["algoId"] == stop["id"]


def test_bad_ids_raise_bad_request(server: FakeOkx, market: Any) -> None:
    for params in ({"clOrdId": "LiveAgent_01"}, {"clOrdId": "ok1", "tag": "LiveAgent_01"}):
        with pytest.raises(ccxt.BadRequest, match="error"):
            market.create_order(SYMBOL, "market", "buy", 1, None, params)


def test_an_attached_stop_waits_for_its_order_and_then_protects_it(
    server: FakeOkx, market: Any
) -> None:
    made = market.create_order(
        SYMBOL, "limit", "buy", 1, 49000, {"stopLoss": {"triggerPrice": 40_000}}
    )
    query = {"ordType": "conditional"}
    attached = market.fetch_order(made["id"], SYMBOL)["info"]["attachAlgoOrds"]
    assert [each["slTriggerPx"] for each in attached] == ["40000"]
    assert market.privateGetTradeOrdersAlgoPending(query)["data"] == []
    server.price("BTC-USDT-SWAP", "49000")
    (stop,) = market.privateGetTradeOrdersAlgoPending(query)["data"]
    assert (stop["slTriggerPx"], stop["side"]) == ("40000", "sell")
    assert stop["algoId"] != attached[0]["attachAlgoId"]
    server.price("BTC-USDT-SWAP", "39999")
    assert market.fetch_positions() == []


def test_a_duplicate_client_id_raises_invalid_order(server: FakeOkx, market: Any) -> None:
    made = market.create_order(SYMBOL, "limit", "buy", 1, 40000, {"clOrdId": "dup"})
    with pytest.raises(ccxt.InvalidOrder):
        market.create_order(SYMBOL, "limit", "buy", 1, 40000, {"clOrdId": "dup"})
    market.cancel_order(made["id"], SYMBOL)


def test_too_little_margin_raises_insufficient_funds(server: FakeOkx, market: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        market.create_order(SYMBOL, "market", "buy", 90000)


def test_an_unknown_order_raises_order_not_found(server: FakeOkx, market: Any) -> None:
    with pytest.raises(ccxt.OrderNotFound):
        market.fetch_order("1234567890", SYMBOL)


def test_wrong_keys_raise_authentication_error(
    server: FakeOkx, ccxt_of: Callable[..., Any]
) -> None:
    for wrong in ({"secret": "no"}, {"password": "no"}):
        with pytest.raises(ccxt.AuthenticationError):
            ccxt_of(server, **wrong).fetch_balance()


def test_account_settings(server: FakeOkx, market: Any) -> None:
    market.set_leverage(7, SYMBOL, {"marginMode": "cross"})
    assert market.fetch_leverage(SYMBOL, {"marginMode": "cross"})["longLeverage"] == 7
    market.set_position_mode(True)
    made = market.create_order(SYMBOL, "market", "sell", 1, None, {"positionSide": "short"})
    (position,) = market.fetch_positions()
    assert (position["side"], position["contracts"], position["hedged"]) == ("short", 1.0, True)
    assert made["id"]
    market.close_position(SYMBOL, "short")
    market.set_position_mode(False)
    assert market.privateGetAccountConfig()["data"][0]["posMode"] == "net_mode"


def test_raw_calls_and_ledger(server: FakeOkx, market: Any) -> None:
    made = market.create_order(SYMBOL, "market", "buy", 0.5)
    market.close_position(SYMBOL)
    fills = market.privateGetTradeFills({"ordId": made["id"]})["data"]
    assert [row["fillSz"] for row in fills] == ["0.5"]
    bills = market.privateGetAccountBills({"instType": "SWAP"})["data"]
    assert bills[0]["type"] == "2"
    assert {row["billId"] for row in fills} <= {row["billId"] for row in bills}
    history = market.privateGetTradeOrdersHistory({"instType": "SWAP"})["data"]
    assert history[0]["reduceOnly"] == "true"
    assert [row["status"] for row in market.fetch_closed_orders(SYMBOL)][-1] == "closed"
    assert market.fetch_ledger(params={"type": "swap"})
    assert market.fetch_ticker(SYMBOL)["last"] == 50000.0
