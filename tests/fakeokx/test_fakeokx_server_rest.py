"""REST over a real port: refusals, lists, filters, and the shapes that clients meet."""

from typing import Any

import pytest
from fakeokx_tools import BTC, VIEWER, RawClient, iso

from fakeokx import Control, ControlRefused, FakeOkx


@pytest.fixture(scope="module")
def raw(server: FakeOkx) -> RawClient:
    return RawClient(server.url)


def order(**fields: str) -> dict[str, str]:
    given = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "0.1"}
    return {**given, **fields}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"OK-ACCESS-KEY": None}, 401, "50103"),
        ({"OK-ACCESS-SIGN": None}, 401, "50106"),
        ({"OK-ACCESS-TIMESTAMP": ""}, 401, "50107"),
        ({"OK-ACCESS-PASSPHRASE": None}, 401, "50104"),
        ({"OK-ACCESS-TIMESTAMP": "1700000000"}, 401, "50112"),
        ({"OK-ACCESS-TIMESTAMP": iso(1_600_000_000_000)}, 401, "50102"),
        ({"OK-ACCESS-KEY": "nobody"}, 401, "50119"),
        ({"OK-ACCESS-PASSPHRASE": "wrong"}, 401, "50105"),
        ({"OK-ACCESS-SIGN": "AAAA"}, 401, "50113"),
    ],
)
def test_signature_refusals_over_http(
    raw: RawClient, headers: dict[str, str | None], status: int, code: str
) -> None:
    got_status, body = raw.call("GET", "account/balance", headers=headers)
    assert (got_status, body["code"]) == (status, code)
    assert "data" not in body


def test_public_endpoints_need_no_signature(raw: RawClient) -> None:
    status, body = raw.call("GET", "public/time", headers={"OK-ACCESS-SIGN": None})
    assert (status, body["code"]) == (200, "0")
    assert int(body["data"][0]["ts"]) > 0


def test_demo_and_live_headers_open_the_same_account(raw: RawClient) -> None:
    for demo in ("0", "1"):
        _, body = raw.call("GET", "account/config", headers={"x-simulated-trading": demo})
        assert body["data"][0]["posMode"] == "net_mode"


def test_what_is_signed_is_what_was_sent_with_a_bare_question_mark_too(raw: RawClient) -> None:
    for path in ("account/balance", "account/balance?", "account/balance?ccy=", "trade/fills?&"):
        assert raw.call("GET", path)[1]["code"] == "0", path


def test_a_read_only_key_reads_and_does_not_trade(server: FakeOkx) -> None:
    viewer = RawClient(server.url, *VIEWER)
    assert viewer.call("GET", "account/config")[1]["data"][0]["perm"] == "read_only"
    before = len(server.truth()["orders"])
    assert viewer.call("POST", "trade/order", order())[1]["code"] == "50030"
    assert len(server.truth()["orders"]) == before


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "nothing/here", None, 404, "404"),
        ("DELETE", "trade/order", None, 405, "50115"),
        ("POST", "trade/order", None, 400, "50002"),
        ("POST", "trade/cancel-batch-orders", None, 400, "50000"),
        ("POST", "trade/batch-orders", {}, 400, "50002"),
        ("POST", "trade/batch-orders", [order()] * 21, 200, "51111"),
        ("POST", "trade/cancel-algos", [{"instId": BTC, "algoId": "1"}] * 11, 200, "51111"),
        ("POST", "trade/close-position", {"instId": BTC, "mgnMode": "isolated"}, 200, "51023"),
        ("POST", "account/set-position-mode", {"posMode": "x"}, 400, "51000"),
        ("GET", "trade/order?instId=" + BTC, None, 400, "50015"),
        ("GET", "trade/order?ordId=1", None, 200, "50014"),
        ("GET", "trade/order?ordId=1&instId=" + BTC, None, 200, "51603"),
        ("GET", "trade/order?clOrdId=zz&instId=" + BTC, None, 200, "51603"),
        ("GET", "trade/order-algo?algoId=1", None, 200, "51603"),
        ("GET", "trade/order-algo", None, 400, "50015"),
        ("GET", "trade/orders-history", None, 200, "50014"),
        ("GET", "trade/orders-history?instType=FRUIT", None, 400, "51000"),
        ("GET", "trade/fills-history", None, 200, "50014"),
        ("GET", "trade/orders-algo-pending", None, 200, "50014"),
        ("GET", "trade/orders-algo-pending?ordType=conditional,trigger", None, 400, "51000"),
        ("GET", "trade/orders-algo-history?ordType=oco", None, 400, "50015"),
        ("GET", "trade/orders-algo-history?ordType=oco&state=live", None, 400, "51000"),
        (
            "GET",
            "trade/orders-algo-history?ordType=oco&state=canceled&algoId=1",
            None,
            200,
            "50024",
        ),
        ("GET", "account/positions?instId=" + ",".join("ABCDEFGHIJK"), None, 200, "50025"),
        ("GET", "account/leverage-info?instId=" + BTC, None, 200, "50014"),
        ("GET", "market/ticker?instId=NOPE", None, 200, "51001"),
        ("GET", "account/positions?instId=" + BTC + ",NOPE", None, 200, "51001"),
        ("GET", "trade/orders-pending?instId=NOPE", None, 200, "51001"),
        ("GET", "public/instruments?instType=SWAP&instId=NOPE", None, 200, "51001"),
        ("GET", "account/positions-history?mgnMode=cash", None, 400, "51000"),
        ("GET", "account/positions-history?type=7", None, 400, "51000"),
        ("GET", "account/bills?instType=FRUIT", None, 400, "51000"),
        ("GET", "account/bills-archive?mgnMode=both", None, 400, "51000"),
        ("GET", "trade/orders-pending?after=x", None, 400, "51000"),
    ],
)
def test_requests_that_fail_as_a_whole(
    raw: RawClient, method: str, path: str, body: Any, status: int, code: str
) -> None:
    got_status, answer = raw.call(method, path, body)
    assert (got_status, answer["code"]) == (status, code)
    assert answer["data"] == []


def test_currencies_exist_live_and_not_in_demo(raw: RawClient) -> None:
    assert raw.call("GET", "asset/currencies")[1] == {"code": "0", "msg": "", "data": []}
    demo = raw.call("GET", "asset/currencies", headers={"x-simulated-trading": "1"})
    assert demo[1]["code"] == "50038"


def test_a_post_without_json_content_type(raw: RawClient) -> None:
    got = raw.call("POST", "trade/order", order(), {"Content-Type": "text/plain"})
    assert (got[0], got[1]["code"]) == (400, "50006")


def test_an_order_that_arrives_too_late_is_not_executed(raw: RawClient, server: FakeOkx) -> None:
    body = order(clOrdId="late")
    _, answer = raw.call("POST", "trade/order", body, {"expTime": "1600000000000"})
    assert answer["code"] == "50036"
    assert all(each["clOrdId"] != "late" for each in server.truth()["orders"])
    _, answer = raw.call("POST", "trade/order", body, {"expTime": "9999999999999"})
    assert answer["code"] == "0"
    soon = int(raw.call("GET", "public/time")[1]["data"][0]["ts"]) + 5_000
    server.advance(6_000)  # the exchange's clock counts, not the machine's
    body = order(clOrdId="later")
    _, answer = raw.call("POST", "trade/order", body, {"expTime": str(soon)})
    assert answer["code"] == "50036"


@pytest.mark.parametrize(
    "path", ["trade/batch-orders", "trade/amend-order", "trade/amend-batch-orders"]
)
def test_batches_and_amendments_expire_too(raw: RawClient, server: FakeOkx, path: str) -> None:
    name = path.replace("/", "").replace("-", "")
    if "amend" in path:
        raw.call("POST", "trade/order", order(clOrdId=name, ordType="limit", px="40000"))
        body: Any = {"instId": order()["instId"], "clOrdId": name, "newPx": "41000"}
    else:
        body = order(clOrdId=name, ordType="limit", px="41000")
    body = [body] if "batch" in path else body

    def prices() -> list[str]:
        return [each["px"] for each in server.truth()["orders"] if each["clOrdId"] == name]

    before = prices()
    answer = raw.call("POST", path, body, {"expTime": "1600000000000"})[1]
    assert (answer["code"], answer["data"], prices()) == ("50036", [], before)
    server.set_faults([{"action": "delay", "path": path, "ms": 600}])
    soon = str(int(raw.call("GET", "public/time")[1]["data"][0]["ts"]) + 300)
    answer = raw.call("POST", path, body, {"expTime": soon})[1]
    assert (answer["code"], prices()) == ("50037", before)
    answer = raw.call("POST", path, body, {"expTime": "9999999999999"})[1]
    assert (answer["code"], prices()) == ("0", ["41000"])


@pytest.mark.parametrize(("field", "message"), [("tag", "tag"), ("clOrdId", "clOrdId")])
def test_an_underscore_is_refused_in_a_row_with_http_200(
    raw: RawClient, field: str, message: str
) -> None:
    status, body = raw.call("POST", "trade/order", order(**{field: "LiveAgent_01"}))
    (row,) = body["data"]
    assert (status, body["code"], body["msg"]) == (200, "1", "All operations failed")
    assert (row["sCode"], row["sMsg"], row["ordId"]) == ("51000", f"Parameter {message} error ", "")
    assert row[field] == "LiveAgent_01"


def test_a_batch_that_half_succeeds(raw: RawClient) -> None:
    _, body = raw.call("POST", "trade/batch-orders", [order(), order(sz="0.001")])
    assert [row["sCode"] for row in body["data"]] == ["0", "51020"]
    assert body["code"] == "2"


def test_numbers_may_come_as_json_numbers_and_blanks_as_anything(raw: RawClient) -> None:
    given = {**order(), "sz": 0.1, "reduceOnly": False, "px": "", "tag": None, "attachAlgoOrds": []}
    _, body = raw.call("POST", "trade/order", given)
    assert body["data"][0]["sCode"] == "0"


def test_the_life_of_an_order_over_rest(raw: RawClient) -> None:
    given = order(ordType="limit", px="30000", clOrdId="rest1", tag="t1")
    ord_id = raw.call("POST", "trade/order", given)[1]["data"][0]["ordId"]
    pending = raw.call("GET", f"trade/orders-pending?instType=SWAP&instId={BTC}")[1]["data"]
    assert ord_id in [row["ordId"] for row in pending]
    amended = raw.call(
        "POST",
        "trade/amend-order",
        {"instId": BTC, "clOrdId": "rest1", "newSz": "0.2", "reqId": "r1"},
    )[1]["data"][0]
    assert (amended["sCode"], amended["reqId"]) == ("0", "r1")
    found = raw.call("GET", f"trade/order?instId={BTC}&clOrdId=rest1")[1]["data"][0]
    assert (found["ordId"], found["sz"], found["tag"], found["state"]) == (
        ord_id,
        "0.2",
        "t1",
        "live",
    )
    ref = {"instId": BTC, "ordId": ord_id}
    canceled = raw.call("POST", "trade/cancel-batch-orders", [ref, ref])[1]
    assert [row["sCode"] for row in canceled["data"]] == ["0", "51400"]
    assert raw.call("POST", "trade/cancel-order", ref)[1]["data"][0]["sCode"] == "51400"
    history = raw.call("GET", "trade/orders-history?instType=SWAP&state=canceled")[1]["data"]
    assert ord_id in [row["ordId"] for row in history]
    archive = raw.call("GET", "trade/orders-history-archive?instType=SWAP")[1]["data"]
    assert ord_id not in [row["ordId"] for row in archive]


def test_lists_page_with_their_own_cursor(raw: RawClient) -> None:
    for _ in range(5):
        raw.call("POST", "trade/order", order())
    for path, cursor in (
        ("trade/fills", "billId"),
        ("trade/fills-history?instType=SWAP", "billId"),
        ("account/bills", "billId"),
        ("account/bills-archive", "billId"),
        ("trade/orders-history?instType=SWAP", "ordId"),
    ):
        glue = "&" if "?" in path else "?"
        everything = [row[cursor] for row in raw.call("GET", path)[1]["data"]]
        assert everything == sorted(everything, key=int, reverse=True)
        page = raw.call("GET", f"{path}{glue}after={everything[1]}&limit=2")[1]["data"]
        assert [row[cursor] for row in page] == everything[2:4]


def test_positions_show_flat_ones_only_when_asked_by_name(raw: RawClient) -> None:
    given = {"instId": "XRP-USDT-SWAP", "sz": "5"}
    raw.call("POST", "trade/order", order(**given))
    raw.call("POST", "trade/order", order(**given, side="sell"))
    everything = raw.call("GET", "account/positions")[1]["data"]
    assert "XRP-USDT-SWAP" not in [row["instId"] for row in everything]
    (named,) = raw.call("GET", "account/positions?instId=XRP-USDT-SWAP")[1]["data"]
    assert named["pos"] == "0"
    by_id = raw.call("GET", f"account/positions?posId={named['posId']}")[1]["data"]
    assert [row["instId"] for row in by_id] == ["XRP-USDT-SWAP"]
    lives = raw.call("GET", "account/positions-history?instId=XRP-USDT-SWAP")[1]["data"]
    assert [row["type"] for row in lives] == ["2"]


def test_leverage_is_set_and_shown(raw: RawClient) -> None:
    body = {"instId": "SOL-USDT-SWAP", "mgnMode": "cross", "lever": 12, "posSide": "net"}
    assert raw.call("POST", "account/set-leverage", body)[1]["data"][0]["lever"] == "12"
    info = raw.call("GET", "account/leverage-info?instId=SOL-USDT-SWAP&mgnMode=cross")
    assert [(row["lever"], row["posSide"]) for row in info[1]["data"]] == [("12", "net")]


def test_market_data_follow_the_price(raw: RawClient, server: FakeOkx) -> None:
    server.price("DOGE-USDT-SWAP", "0.12345")
    ticker = raw.call("GET", "market/ticker?instId=DOGE-USDT-SWAP")[1]["data"][0]
    mark = raw.call("GET", "public/mark-price?instType=SWAP&instId=DOGE-USDT-SWAP")[1]["data"][0]
    assert (ticker["last"], mark["markPx"]) == ("0.12345", "0.12345")
    assert len(raw.call("GET", "market/tickers?instType=SWAP")[1]["data"]) == 5
    family = raw.call("GET", "public/instruments?instType=SWAP&uly=BTC-USDT")[1]["data"]
    assert [row["instId"] for row in family] == [BTC]
    assert raw.call("GET", "public/instruments?instType=OPTION&uly=BTC-USD")[1]["data"] == []


def test_control_shapes(server: FakeOkx) -> None:
    control = Control(server.url)
    assert control.health()
    events = control.price("ETH-USDT-SWAP", "3100")
    assert events == [{"event": "price", "row": {"instId": "ETH-USDT-SWAP", "px": "3100"}}]
    ord_id = control.trade_by_hand("ETH-USDT-SWAP", "buy", "1.5")
    truth = control.truth()
    (mine,) = [row for row in truth["orders"] if row["ordId"] == ord_id]
    assert (mine["clOrdId"], mine["tag"], mine["state"]) == ("", "", "filled")
    assert list(truth) == [
        "now_ms", "orders", "algos", "fills", "positions", "bills", "foreign", "balance", "owners",
        "balances", "prices", "marks", "switches", "requests",
    ]  # fmt: skip
    assert all("mgnMode" in row for row in truth["fills"])
    assert truth["prices"]["ETH-USDT-SWAP"] == "3100"
    control.partial("ETH-USDT-SWAP", "0.5")
    control.trade_by_hand("ETH-USDT-SWAP", "buy", "1", tag="byhand", cl_ord_id="hand1")
    assert control.truth()["orders"][-1]["state"] == "partially_filled"
    control.price("ETH-USDT-SWAP", "3101")
    liquidated = control.liquidate("ETH-USDT-SWAP")
    assert control.truth()["orders"][-1]["ordId"] == liquidated
    with pytest.raises(ControlRefused, match="51023"):
        control.liquidate("ETH-USDT-SWAP")
    with pytest.raises(ControlRefused, match="px"):
        control.price("ETH-USDT-SWAP", "abc")


def test_requests_are_counted_by_path(server: FakeOkx, raw: RawClient) -> None:
    before = server.truth()["requests"].get("account/balance", 0)
    raw.call("GET", "account/balance")
    raw.call("GET", "account/balance", headers={"OK-ACCESS-SIGN": "no"})
    assert server.truth()["requests"]["account/balance"] == before + 2
