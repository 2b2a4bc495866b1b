"""python-okx, unmodified, trades and reads the same state as the control API."""

from typing import Any

import pytest
from fakeokx_session import truth_of
from fakeokx_tools import BTC

from fakeokx import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET, FakeOkx

account_module = pytest.importorskip("okx.Account")
public_module = pytest.importorskip("okx.PublicData")
trade_module = pytest.importorskip("okx.Trade")


def api(kind: Any, server: FakeOkx, flag: str = "1", **changed: str) -> Any:
    keys = {"secret": DEFAULT_SECRET, **changed}
    return kind(
        DEFAULT_KEY, keys["secret"], DEFAULT_PASSPHRASE, False, flag, domain=server.url, debug=False
    )


@pytest.mark.parametrize("flag", ["0", "1"])
def test_a_session(server: FakeOkx, flag: str) -> None:
    trade = api(trade_module.TradeAPI, server, flag)
    account = api(account_module.AccountAPI, server, flag)
    name = f"pyokx{flag}"
    placed = trade.place_order(
        instId=BTC, tdMode="cross", side="buy", ordType="market", sz="1", clOrdId=name, tag="py1"
    )
    assert placed["data"][0]["sCode"] == "0"
    found = trade.get_order(instId=BTC, clOrdId=name)["data"][0]
    truth = truth_of(server)
    assert found == next(row for row in truth["orders"] if row["clOrdId"] == name)
    assert account.get_positions(instType="SWAP")["data"] == truth["positions"]
    assert account.get_account_balance()["data"] == [truth["balance"]]
    assert trade.get_fills(instType="SWAP")["data"][0]["ordId"] == found["ordId"]
    assert account.get_account_bills()["data"] == truth["bills"][::-1]
    assert trade.get_orders_history(instType="SWAP")["data"][0]["ordId"] == found["ordId"]
    assert account.get_account_config()["data"][0]["acctLv"] == "2"
    assert trade.close_positions(instId=BTC, mgnMode="cross")["code"] == "0"


def test_stops(server: FakeOkx) -> None:
    trade = api(trade_module.TradeAPI, server)
    placed = trade.place_algo_order(
        instId=BTC, tdMode="cross", side="sell", ordType="conditional", sz="1",
        slTriggerPx="30000", slOrdPx="-1", algoClOrdId="pystop",
    )["data"][0]  # fmt: skip
    assert placed["sCode"] == "0"
    pending = trade.order_algos_list(ordType="conditional")["data"]
    assert [row["algoId"] for row in pending] == [placed["algoId"]]
    canceled = trade.cancel_algo_order([{"instId": BTC, "algoId": placed["algoId"]}])
    assert canceled["data"][0]["sCode"] == "0"


def test_lists_of_instruments_with_plain_commas_are_signed_as_sent(server: FakeOkx) -> None:
    account = api(account_module.AccountAPI, server)
    assert account.get_positions(instId=f"{BTC},ETH-USDT-SWAP")["code"] == "0"


def test_public_data_without_a_key(server: FakeOkx) -> None:
    public = public_module.PublicAPI(flag="1", domain=server.url, debug=False)
    rows = public.get_instruments(instType="SWAP")["data"]
    assert {row["instId"]: row["ctVal"] for row in rows}[BTC] == "0.01"
    assert int(public.get_system_time()["data"][0]["ts"]) > 0


def test_a_wrong_secret_is_answered_not_raised(server: FakeOkx) -> None:
    account = api(account_module.AccountAPI, server, secret="wrong")
    assert account.get_account_balance()["code"] == "50113"
