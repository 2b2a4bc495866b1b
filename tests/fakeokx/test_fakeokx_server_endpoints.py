"""Every GET endpoint over a real port: it answers, and each row has exactly its fields."""

from typing import Any

import pytest
from fakeokx_tools import BTC, RawClient
from test_fakeokx_wire_rows import FIELDS

from fakeokx import FakeOkx
from fakeokx.rest.reads import READS

ACCOUNT_INSTRUMENT = [
    *(name for name in FIELDS["swap"].split() if name not in ("alias", "category")),
]
ACCOUNT_INSTRUMENT.insert(ACCOUNT_INSTRUMENT.index("expTime"), "elp")
INDEX = "instId idxPx high24h sodUtc0 open24h low24h sodUtc8 ts"
TIER = (
    "baseMaxLoan imr instFamily instId maxLever maxSz minSz mmr optMgnFactor quoteMaxLoan tier uly"
)
FEE = """category delivery exercise feeGroup fiat instType level maker makerU makerUSDC ruleType
    taker takerU takerUSDC ts"""
FUNDING = """formulaType fundingRate fundingTime impactValue instId instType interestRate
    maxFundingRate method minFundingRate nextFundingRate nextFundingTime premium settFundingRate
    settState ts"""
# path with query -> fields of its rows, or the length of its arrays; None: the list is empty.
CASES: dict[str, str | list[str] | int | None] = {
    "public/time": "ts",
    "public/instruments?instType=SWAP": FIELDS["swap"],
    "public/instruments?instType=SPOT": FIELDS["swap"],
    "public/mark-price?instType=SWAP": FIELDS["mark"],
    f"public/mark-price?instId={BTC}": FIELDS["mark"],
    "public/position-tiers?instType=SWAP&tdMode=cross&instFamily=BTC-USDT,ETH-USDT": TIER,
    "market/ticker?instId=BTC-USDT-SWAP": FIELDS["ticker"],
    "market/tickers?instType=SPOT": FIELDS["ticker"],
    "market/index-tickers?quoteCcy=USDT": INDEX,
    "market/index-tickers?instId=BTC-USDT": INDEX,
    "public/instruments?instType=FUTURES": FIELDS["swap"],
    "public/funding-rate?instId=ANY": FUNDING,
    f"public/funding-rate?instId={BTC}": FUNDING,
    f"public/funding-rate-history?instId={BTC}": (
        "formulaType fundingRate fundingTime instId instType method realizedRate"
    ),
    f"market/books?instId={BTC}&sz=5": "asks bids ts seqId",
    f"market/trades?instId={BTC}": "instId side sz source px tradeId ts",
    f"market/candles?instId={BTC}": 9,
    f"market/history-candles?instId={BTC}&bar=1m": 9,
    f"market/mark-price-candles?instId={BTC}&bar=1Dutc": 6,
    f"market/history-mark-price-candles?instId={BTC}": 6,
    "account/balance?ccy=USDT,BTC": FIELDS["balance"],
    "system/status": None,
    "asset/currencies": None,
    "account/config": FIELDS["config"],
    "account/balance": FIELDS["balance"],
    "account/instruments?instType=SWAP": ACCOUNT_INSTRUMENT,
    "account/subtypes": "type typeDesc subTypeDetails",
    "account/trade-fee?instType=SWAP": FEE,
    "account/positions": FIELDS["position"],
    "account/positions-history": FIELDS["life"],
    "account/bills": FIELDS["bill"],
    "account/bills-archive": FIELDS["bill"],
    f"account/leverage-info?instId={BTC},ETH-USDT-SWAP&mgnMode=cross": FIELDS["leverage"],
    f"trade/order?instId={BTC}&clOrdId=first": FIELDS["order"],
    "trade/orders-pending": FIELDS["order"],
    "trade/orders-history?instType=SWAP": FIELDS["order"],
    "trade/orders-history-archive?instType=SWAP": FIELDS["order"],
    "trade/fills": FIELDS["fill"],
    "trade/fills-history?instType=SWAP": FIELDS["fill"],
    "trade/order-algo?algoClOrdId=stop1": FIELDS["algo"],
    "trade/orders-algo-pending?ordType=conditional": FIELDS["algo"],
    "trade/orders-algo-history?ordType=conditional&state=canceled": FIELDS["algo"],
}


@pytest.fixture(scope="module")
def raw(server: FakeOkx) -> RawClient:
    """A client whose account has one of everything."""
    client = RawClient(server.url)
    order = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "2"}
    stop = {"instId": BTC, "tdMode": "cross", "side": "sell", "ordType": "conditional"}
    stop |= {"sz": "1", "slTriggerPx": "40000", "slOrdPx": "-1", "reduceOnly": "true"}
    for path, body in (
        ("trade/order", {**order, "clOrdId": "first"}),
        ("trade/order", {**order, "side": "sell", "sz": "1"}),
        ("trade/order", {**order, "ordType": "limit", "px": "30000"}),
        ("trade/order-algo", {**stop, "algoClOrdId": "stop1"}),
        ("trade/order-algo", {**stop, "algoClOrdId": "stop2"}),
        ("trade/cancel-algos", [{"instId": BTC, "algoClOrdId": "stop2"}]),
    ):
        answer = client.call("POST", path, body)[1]
        assert answer["data"][0]["sCode"] == "0", answer
    server.fund(BTC, "0.0001")
    server.price(BTC, "50000.1")
    server.advance(120_000)
    server.price(BTC, "50000.5")
    return client


def test_every_get_endpoint_has_a_case() -> None:
    assert {case.split("?")[0] for case in CASES} == set(READS)


@pytest.mark.parametrize("case", sorted(CASES))
def test_rows_have_their_fields(raw: RawClient, case: str) -> None:
    status, body = raw.call("GET", case)
    assert (status, body["code"], body["msg"]) == (200, "0", "")
    fields = CASES[case]
    assert bool(body["data"]) == (fields is not None), "an endpoint without a row tests nothing"
    for row in body["data"]:
        if isinstance(fields, int):
            assert [type(each) for each in row] == [str] * fields
            continue
        assert list(row) == (fields.split() if isinstance(fields, str) else fields)
        assert None not in row.values()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("public/instruments?instType=OPTION", 400, "50015"),
        ("public/instruments", 200, "50014"),
        ("public/position-tiers?instType=SWAP", 200, "50014"),
        ("public/position-tiers?instType=SWAP&tdMode=cross", 400, "50015"),
        ("public/position-tiers?instType=SPOT&tdMode=cross", 400, "51000"),
        ("public/position-tiers?instType=SWAP&tdMode=cash&uly=BTC-USDT", 400, "51000"),
        ("public/position-tiers?instType=SWAP&tdMode=cross&instFamily=A,B,C,D,E,F", 200, "50025"),
        ("market/index-tickers", 400, "50015"),
        ("market/index-tickers?instId=NO-USDT", 200, "51001"),
        ("system/status?state=broken", 400, "51000"),
        ("account/instruments", 200, "50014"),
        ("account/subtypes?type=99", 400, "51000"),
        ("account/trade-fee", 200, "50014"),
        (f"account/trade-fee?instType=SPOT&instId={BTC}", 200, "51015"),
        ("account/bills?ctType=round", 400, "51000"),
        ("account/positions?instType=FRUIT", 400, "51000"),
        ("market/books", 200, "50014"),
        (f"market/books?instId={BTC}&sz=0", 400, "51000"),
        ("market/trades?instId=NO", 200, "51001"),
        (f"market/candles?instId={BTC}&bar=7m", 400, "51000"),
        (f"market/candles?instId={BTC}&after=x", 400, "51000"),
        ("public/funding-rate", 200, "50014"),
        ("public/funding-rate?instId=BTC-USDT", 400, "51000"),
        ("public/funding-rate-history?instId=BTC-USDT-301227", 400, "51000"),
    ],
)
def test_what_the_new_endpoints_refuse(raw: RawClient, path: str, status: int, code: str) -> None:
    got, body = raw.call("GET", path)
    assert (got, body["code"], body["data"]) == (status, code, [])


def test_rules_agree_with_each_other(raw: RawClient) -> None:
    def first(path: str) -> dict[str, Any]:
        return dict(raw.call("GET", path)[1]["data"][0])

    instrument = first(f"public/instruments?instType=SWAP&instId={BTC}")
    mine = first(f"account/instruments?instType=SWAP&instId={BTC}")
    assert {name: mine[name] for name in mine if name != "elp"}.items() <= instrument.items()
    tier = first("public/position-tiers?instType=SWAP&tdMode=isolated&uly=BTC-USDT")
    assert tier["maxLever"] == instrument["lever"]
    fee = first("account/trade-fee?instType=SWAP")
    paid = first("trade/fills")
    notional = float(paid["fillSz"]) * float(instrument["ctVal"]) * float(paid["fillPx"])
    assert float(paid["fee"]) == pytest.approx(float(fee["takerU"]) * notional)


def test_bills_know_their_contract_type(raw: RawClient) -> None:
    everything = raw.call("GET", "account/bills")[1]["data"]
    assert raw.call("GET", "account/bills?ctType=linear")[1]["data"] == everything
    assert raw.call("GET", "account/bills?ctType=inverse")[1]["data"] == []


def test_a_batch_of_amendments_is_answered_one_by_one(raw: RawClient) -> None:
    order = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "limit"}
    placed = [{**order, "sz": "1", "px": px, "clOrdId": f"am{px}"} for px in ("20000", "21000")]
    raw.call("POST", "trade/batch-orders", placed)
    wanted = [
        {"instId": BTC, "clOrdId": "am20000", "newSz": "3", "reqId": "a"},
        {"instId": BTC, "clOrdId": "nobody", "newSz": "3", "reqId": "b"},
        {"instId": BTC, "clOrdId": "am21000", "newPx": "21000.5", "reqId": "c"},
    ]
    body = raw.call("POST", "trade/amend-batch-orders", wanted)[1]
    assert [row["sCode"] for row in body["data"]] == ["0", "51503", "0"]
    assert [row["reqId"] for row in body["data"]] == ["a", "b", "c"]
    assert body["code"] == "2"
    changed = raw.call("GET", f"trade/order?instId={BTC}&clOrdId=am21000")[1]["data"][0]
    assert changed["px"] == "21000.5"
