"""An order's own end travels as a header, is signed for, and is kept by the exchange."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import ccxt
import ccxt.async_support
import ccxt.pro
import pytest
import responses
from exchange_script import BTC, KEYS

from prometheus_persist.errors import BadValue, VenueError, VenueRefused, VenueUnreachable
from prometheus_persist.exchange import expiring, okx_client
from prometheus_persist.exchange.okx.sender import Sender

fakeokx = pytest.importorskip("fakeokx")

ROW = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "1",
       "clOrdId": "mine1"}  # fmt: skip
OURS = (fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def plain(url: str, kind: Any = ccxt.okx) -> Any:
    """A ccxt client as anybody makes one."""
    key, secret, passphrase = OURS
    return kind({"apiKey": key, "secret": secret, "password": passphrase,
                 "urls": {"api": {"rest": url}}})  # fmt: skip


@pytest.mark.parametrize(
    ("send", "body"),
    [
        ("privatePostTradeOrder", {**ROW, "expTime": "123"}),
        ("privatePostTradeAmendOrder", {"instId": BTC, "ordId": "1", "newSz": "2", "expTime": 123}),
        ("privatePostTradeBatchOrders", [{**ROW, "expTime": 456}, {**ROW, "expTime": "123"}]),
        ("privatePostTradeAmendBatchOrders", [{"instId": BTC, "ordId": "1", "expTime": "123"}]),
    ],
)
def test_it_leaves_the_body_for_the_header_and_the_callers_params_alone(
    send: str, body: Any
) -> None:
    client = okx_client(None, *KEYS, False, 1_000)
    asked = json.dumps(body)
    with responses.RequestsMock() as okx:
        okx.add("POST", re.compile(r".*"), json={"code": "0", "data": [{"sCode": "0"}]})
        getattr(expiring(expiring(client)), send)(body)
        request = okx.calls[0].request
    assert request.headers["expTime"] == "123"
    assert "expTime" not in str(request.body)
    assert json.dumps(body) == asked


def test_what_has_none_is_sent_as_ever() -> None:
    client = okx_client(None, *KEYS, False, 1_000)
    client.nonce = lambda: 1_700_000_000_000
    sent = client.sign("trade/order", ["private"], "POST", dict(ROW))
    bare = ccxt.okx({"apiKey": KEYS[0], "secret": KEYS[1], "password": KEYS[2]})
    bare.nonce = lambda: 1_700_000_000_000
    assert sent == bare.sign("trade/order", ["private"], "POST", dict(ROW))
    assert sent == client.sign("trade/order", ["private"], "POST", {**ROW, "expTime": ""})
    with pytest.raises(BadValue, match="expTime"):
        client.sign("trade/order", ["private"], "POST", {**ROW, "expTime": "soon"})


@pytest.mark.parametrize("kind", [ccxt.okx, ccxt.async_support.okx, ccxt.pro.okx])
def test_it_is_the_same_client_once_and_twice(kind: Any) -> None:
    client = kind({})
    assert expiring(client) is client
    sign = client.sign
    assert expiring(client) is client
    assert client.sign is sign


@pytest.mark.parametrize("market", [True, False], ids=["raw", "create_order"])
def test_an_order_that_comes_too_late_executes_nothing(exchange: Any, market: bool) -> None:
    client = expiring(plain(exchange.url))
    client.load_markets()

    def order(until_ms: int) -> Any:
        if market:
            return client.privatePostTradeOrder({**ROW, "expTime": until_ms})
        more = {"expTime": until_ms, "clientOrderId": "mine1"}
        return client.create_order("BTC/USDT:USDT", "market", "buy", 1, None, more)

    with pytest.raises(ccxt.ExchangeError, match="50036"):
        order(now_ms() - 1_000)
    assert exchange.truth()["positions"] == []
    with pytest.raises(ccxt.OrderNotFound):
        client.privateGetTradeOrder({"instId": BTC, "clOrdId": "mine1"})
    order(now_ms() + 30_000)
    (row,) = client.privateGetTradeOrder({"instId": BTC, "clOrdId": "mine1"})["data"]
    assert (row["state"], row["accFillSz"]) == ("filled", "1")


def test_an_async_client_does_so_too(exchange: Any) -> None:
    async def both() -> None:
        client = expiring(plain(exchange.url, ccxt.async_support.okx))
        try:
            with pytest.raises(ccxt.ExchangeError, match="50036"):
                await client.privatePostTradeOrder({**ROW, "expTime": now_ms() - 1_000})
            await client.privatePostTradeOrder({**ROW, "expTime": now_ms() + 30_000})
        finally:
            await client.close()

    asyncio.run(both())
    assert [row["pos"] for row in exchange.truth()["positions"]] == ["1"]


# Cancels


def rests(client: Any, name: str) -> str:
    row = ROW | {"ordType": "limit", "px": "1000", "clOrdId": name}
    return str(client.privatePostTradeOrder(row)["data"][0]["ordId"])


def test_one_order_is_canceled_by_either_id_and_a_dead_one_is_refused(exchange: Any) -> None:
    client = plain(exchange.url)
    sender = Sender(client)
    ord_id = rests(client, "a1")
    assert sender.cancel(BTC, ord_id=ord_id)["ordId"] == ord_id
    other = rests(client, "a2")
    assert sender.cancel(BTC, cl_ord_id="a2")["ordId"] == other
    assert client.privateGetTradeOrdersPending({})["data"] == []
    with pytest.raises(VenueRefused) as refused:
        sender.cancel(BTC, ord_id=ord_id)
    assert refused.value.code == "51400"
    with pytest.raises(BadValue):
        sender.cancel(BTC)


def test_a_dead_order_is_refused_where_the_top_code_says_nothing() -> None:
    row = {"clOrdId": "", "ordId": "1", "sCode": "51400", "sMsg": "canceled", "ts": "1"}
    with responses.RequestsMock() as okx:
        okx.add("POST", re.compile(r".*"), json={"code": "0", "data": [row], "msg": ""})
        with pytest.raises(VenueRefused, match="51400"):
            Sender(okx_client(None, *KEYS, False, 1_000)).cancel(BTC, "1")


def test_an_algo_order_is_canceled_by_either_id(exchange: Any) -> None:
    client = plain(exchange.url)
    stop = {"instId": BTC, "tdMode": "cross", "side": "sell", "ordType": "conditional", "sz": "1",
            "slTriggerPx": "100", "slOrdPx": "-1"}  # fmt: skip
    sender = Sender(client)
    for name in ("s1", "s2"):
        row = client.privatePostTradeOrderAlgo({**stop, "algoClOrdId": name})["data"][0]
        ids = {"ord_id": row["algoId"]} if name == "s1" else {"cl_ord_id": name}
        assert sender.cancel(BTC, **ids, algo=True)["algoId"] == row["algoId"]
    assert client.privateGetTradeOrdersAlgoPending({"ordType": "conditional"})["data"] == []
    with pytest.raises(VenueRefused) as refused:
        sender.cancel(BTC, cl_ord_id="s1", algo=True)
    assert len(refused.value.code) == 5


@pytest.mark.parametrize(
    ("code", "kind"),
    [("51149", VenueRefused), ("50004", VenueUnreachable), ("50013", VenueUnreachable)],
)
def test_a_cancel_fails_as_an_order_does(code: str, kind: type[VenueError]) -> None:
    body = {"code": "1", "data": [{"sCode": code, "sMsg": "timed out", "ordId": ""}], "msg": ""}
    with responses.RequestsMock() as okx:
        okx.add("POST", re.compile(r".*"), json=body)
        with pytest.raises(kind) as raised:
            Sender(okx_client(None, *KEYS, False, 1_000)).cancel(BTC, "1")
    assert getattr(raised.value, "code", code) == code


def test_no_credential_is_in_a_refusal() -> None:
    with responses.RequestsMock() as okx:
        okx.add("POST", re.compile(r".*"), json={"code": "50113", "msg": " ".join(KEYS)})
        with pytest.raises(VenueRefused) as refused:
            Sender(okx_client(None, *KEYS, False, 1_000)).cancel(BTC, "1")
    assert refused.value.code == "50113"
    assert not any(secret in refused.value.detail for secret in KEYS)
