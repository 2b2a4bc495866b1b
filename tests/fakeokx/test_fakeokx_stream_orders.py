"""Order ops over the port: what they answer, what is pushed of them and to whom."""

import time
from typing import Any

import pytest
from fakeokx_stream_tools import Stream, credentials, order
from fakeokx_tools import BTC, VIEWER, RawClient

from fakeokx import FakeOkx, launch


def test_a_market_order_answers_first_and_then_pushes_live_and_filled(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("orders", instType="ANY")
        answer = stream.ask("order", [order(clOrdId="ws1", tag="t1")], "q1")
        assert stream.heard[-1]["event"] == "channel-conn-count", "the answer comes first"
        row = answer["data"][0]
        assert list(answer) == ["id", "op", "data", "code", "msg", "inTime", "outTime"]
        assert (answer["id"], answer["op"], answer["code"], answer["msg"]) == (
            "q1",
            "order",
            "0",
            "",
        )
        assert (row["clOrdId"], row["tag"], row["sCode"], row["sMsg"]) == (
            "ws1",
            "t1",
            "0",
            "Order placed",
        )
        live, filled = stream.rows("orders", 2)
    assert [live["state"], filled["state"]] == ["live", "filled"]
    assert {live["ordId"], filled["ordId"]} == {row["ordId"]}
    (truth,) = [each for each in venue.truth()["orders"] if each["ordId"] == row["ordId"]]
    (fill,) = [each for each in venue.truth()["fills"] if each["ordId"] == row["ordId"]]
    assert (live["avgPx"], live["fillPx"], live["fillSz"], live["tradeId"], live["fillTime"]) == (
        "0",
        "",
        "0",
        "",
        "",
    )
    for name in set(truth) & set(filled) - {"ccy"}:
        assert filled[name] == truth[name], name
    assert (filled["fillFee"], filled["execType"], filled["tradeId"]) == (
        fill["fee"],
        "T",
        fill["tradeId"],
    )
    assert "cancelSourceReason" not in filled
    assert filled["ccy"] == ""


def test_an_order_over_rest_is_pushed_too_and_to_every_connection(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as one, Stream(venue, "private", login=True) as two:
        one.subscribe("orders", instType="ANY")
        two.subscribe("orders", instType="SWAP", instId=BTC)
        RawClient(venue.url).call("POST", "trade/order", order())
        for stream in (one, two):
            assert [row["state"] for row in stream.rows("orders", 2)] == ["live", "filled"]


def test_overlapping_subscriptions_of_one_connection_each_get_the_push(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("orders", instType="ANY")
        stream.subscribe("orders", instType="SWAP")
        stream.subscribe("orders", instType="SPOT")
        stream.ask("order", [order()], "q")
        args = [stream.push("orders")["arg"]["instType"] for _ in range(4)]
        assert sorted(args) == ["ANY", "ANY", "SWAP", "SWAP"]
        assert stream.silence("orders")


def test_the_life_of_a_limit_order(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("orders", instType="ANY")
        placed = stream.ask("order", [order(ordType="limit", px="40000", sz="2")], "a")
        named = {"instId": BTC, "ordId": placed["data"][0]["ordId"]}
        amended = stream.ask("amend-order", [{**named, "newPx": "41000", "reqId": "r1"}], "b")
        assert amended["data"][0]["reqId"] == "r1"
        venue.partial(BTC, "0.5")
        venue.price(BTC, "40900")
        venue.price(BTC, "50000")
        canceled = stream.ask("cancel-order", [named], "c")
        assert canceled["data"][0]["sCode"] == "0"
        live, changed, part, gone = stream.rows("orders", 4)
        again = stream.ask("cancel-order", [named], "d")
    assert (live["px"], live["reqId"], live["amendResult"]) == ("40000", "", "")
    assert (changed["px"], changed["reqId"], changed["amendResult"]) == ("41000", "r1", "0")
    assert (part["state"], part["fillSz"], part["accFillSz"]) == ("partially_filled", "0.5", "0.5")
    assert (gone["state"], gone["fillSz"], gone["accFillSz"], gone["cancelSource"]) == (
        "canceled",
        "0",
        "0.5",
        "1",
    )
    assert (again["code"], again["msg"], again["data"][0]["sCode"]) == ("1", "", "51400")


def test_batches_take_instruments_by_code_and_answer_row_by_row(venue: FakeOkx) -> None:
    code = 10459
    with Stream(venue, "private", login=True) as stream:
        limit: dict[str, Any] = order(ordType="limit", px="40000") | {"instIdCode": code}
        limit.pop("instId")
        bad = {**limit, "sz": "0.001"}
        answer = stream.ask("batch-orders", [limit, bad], "b1")
        assert answer["code"] == "2"
        assert [row["sCode"] for row in answer["data"]] == ["0", "51020"]
        ids = [{"instIdCode": code, "ordId": answer["data"][0]["ordId"]}]
        changed = stream.ask("batch-amend-orders", [{**ids[0], "newSz": "3"}], "b2")
        assert changed["data"][0]["sCode"] == "0"
        gone = stream.ask("batch-cancel-orders", ids, "b3")
        assert (gone["code"], gone["data"][0]["ordId"]) == ("0", ids[0]["ordId"])
        many = stream.ask("batch-orders", [limit] * 21, "b4")
        assert (many["code"], many["data"]) == ("51111", [])
        wins = stream.ask("order", [{**order(), "instIdCode": 1, "instId": BTC}], "b5")
        assert wins["code"] != "0", "the code wins over the name, and 1 is a spot pair"


@pytest.mark.parametrize("args", [None, {}, [], "x", [1], [[]]])
def test_an_op_that_cannot_be_read_is_answered_60013_with_its_id(venue: FakeOkx, args: Any) -> None:
    with Stream(venue, "private", login=True) as stream:
        answer = stream.ask("order", args, "m1")
    assert (answer["id"], answer["op"], answer["data"]) == ("m1", "order", [])
    assert (answer["code"], answer["msg"]) == ("60013", "Invalid args")


def test_a_single_op_takes_one_element_and_a_row_says_what_is_missing(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        assert stream.ask("order", [order(), order()], "m1")["code"] == "60013"
        missing = stream.ask("order", [order(sz="")], "m2")
        assert (missing["code"], missing["data"][0]["sCode"]) == ("1", "51000")
        nowhere = stream.ask("batch-orders", [order(instId=""), order(px="40000")], "m3")
        assert (nowhere["code"], nowhere["data"][0]["sCode"]) == ("2", "50014")
        assert nowhere["data"][1]["sCode"] == "0"


def test_an_order_that_is_past_its_time_is_not_executed(venue: FakeOkx) -> None:
    count = len(venue.truth()["orders"])
    past, future = str(int(time.time() * 1000) - 1), str(int(time.time() * 1000) + 60_000)
    with Stream(venue, "private", login=True) as stream:
        assert stream.ask("order", [order()], "e1", expTime=past)["code"] == "50036"
        assert stream.ask("order", [order()], "e2", expTime="soon")["code"] == "51000"
        assert len(venue.truth()["orders"]) == count
        assert stream.ask("order", [order()], "e3", expTime=future)["code"] == "0"


def test_a_key_that_may_only_read_is_refused(venue: FakeOkx) -> None:
    with Stream(venue, "private") as stream:
        stream.ask("login", [credentials(*VIEWER)])
        answer = stream.ask("order", [order()], "r1")
        assert (answer["code"], answer["data"]) == ("50030", [])
        assert stream.subscribe("account")["event"] == "subscribe"


def test_stops_are_pushed_before_the_orders_that_they_become(venue: FakeOkx) -> None:
    stop = {
        "instId": BTC, "tdMode": "cross", "side": "sell", "ordType": "conditional", "sz": "1",
        "slTriggerPx": "48000", "slOrdPx": "-1", "algoClOrdId": "st1", "reduceOnly": "true",
    }  # fmt: skip
    venue.trade_by_hand(BTC, "buy", "1")
    with (
        Stream(venue, "business", login=True) as business,
        Stream(venue, "private", login=True) as private,
    ):
        business.subscribe("orders-algo", instType="SWAP")
        private.subscribe("orders", instType="SWAP")
        RawClient(venue.url).call("POST", "trade/order-algo", stop)
        venue.price(BTC, "47900")
        live, fired = business.rows("orders-algo", 2)
        orders = private.rows("orders", 2)
    assert (live["state"], fired["state"], live["algoClOrdId"]) == ("live", "effective", "st1")
    assert fired["ordId"] == orders[0]["ordId"]
    assert [row["algoId"] for row in orders] == [live["algoId"]] * 2
    assert "callbackRatio" not in live


def test_orders_over_both_ways_share_one_bucket(tmp_path: Any) -> None:
    with launch(tmp_path, extra_args=["--rate-limits"]) as venue:
        raw = RawClient(venue.url)
        with Stream(venue, "private", login=True) as stream:
            for number in range(60):
                if number % 2:
                    assert raw.call("POST", "trade/order", order(sz="0.01"))[0] == 200
                else:
                    assert stream.ask("order", [order(sz="0.01")], "b")["code"] == "0"
            full = stream.ask("order", [order()], "b61")
            assert (full["code"], full["data"][0]["sCode"]) == ("1", "50011")
            assert raw.call("POST", "trade/order", order())[0] == 429
            venue.set_switch("ws.rate_limit_form", "op_60014")
            assert stream.ask("order", [order()], "b62")["code"] == "60014"


def test_the_pushes_can_come_before_the_answer(tmp_path: Any) -> None:
    with launch(tmp_path) as venue:
        venue.set_switch("ws.ack_vs_push", "push_first")
        with Stream(venue, "private", login=True) as stream:
            stream.subscribe("orders", instType="ANY")
            stream.ask("order", [order()], "a")
            kept = [each["data"][0]["state"] for each in stream.heard if "data" in each]
            assert kept == ["live", "filled"]


def test_an_account_of_its_own_hears_and_trades_for_itself(venue: FakeOkx) -> None:
    venue.open_account("sub1")
    venue.deposit("USDT", "5000", account="sub1")
    venue.add_key("sub", "sub-secret", "sub-pass", account="sub1")
    with Stream(venue, "private") as sub, Stream(venue, "private", login=True) as main:
        sub.ask("login", [credentials("sub", "sub-secret", "sub-pass")])
        for stream in (sub, main):
            stream.subscribe("orders", instType="ANY")
            stream.subscribe("account")
        theirs, ours = sub.push("account"), main.push("account")
        assert theirs["data"][0]["details"][0]["cashBal"] == "5000"
        assert theirs["arg"]["uid"] != ours["arg"]["uid"]
        assert sub.ask("order", [order(sz="0.1")], "s1")["code"] == "0"
        assert [row["state"] for row in sub.rows("orders", 2)] == ["live", "filled"]
        assert main.silence("orders")
        named = {"instId": BTC, "ordId": venue.truth()["orders"][-1]["ordId"]}
        assert main.ask("cancel-order", [named], "m1")["data"][0]["sCode"] == "51400"
    assert venue.truth()["owners"][named["ordId"]] == "sub1"
