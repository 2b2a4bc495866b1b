"""The real port: connections, order ops, who gets which push when, faults, ends."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fakeokx_stream_tools import Stream, credentials, order
from fakeokx_tools import BTC, VIEWER, RawClient
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fakeokx import ControlRefused, FakeOkx, launch
from fakeokx.stream.codes import MESSAGES

ETH = "ETH-USDT-SWAP"


@pytest.fixture
def venue(server: FakeOkx) -> Iterator[FakeOkx]:
    """The module's server, flat, at 50000, without faults."""
    _clean(server)
    yield server
    _clean(server)


def _clean(server: FakeOkx) -> None:
    server.set_faults([])
    raw = RawClient(server.url)
    for row in server.truth()["orders"]:
        if row["state"] in ("live", "partially_filled"):
            raw.call("POST", "trade/cancel-order", {"instId": row["instId"], "ordId": row["ordId"]})
    truth = server.truth()
    for row in truth["positions"]:
        server.liquidate(row["instId"], account=truth["owners"].get(row["posId"], "main"))
    server.price(BTC, "50000")


def test_a_path_that_is_none_of_the_three_is_http_404(venue: FakeOkx) -> None:
    for path in ("other", "public/x", ""):
        with pytest.raises(InvalidStatus, match="404"):
            Stream(venue, path)


def test_a_query_behind_the_path_is_ignored(venue: FakeOkx) -> None:
    with Stream(venue, "private?brokerId=9999", login=True) as stream:
        assert stream.subscribe("account")["event"] == "subscribe"


def test_ping_is_answered_pong_and_a_protocol_ping_too(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.send("ping")
        assert stream.next() == "pong"
        assert stream.socket.ping().wait(5)


def test_what_is_no_request_is_answered_and_the_connection_stays(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.send('{"op": 1, ')
        event = stream.next()
        assert (event["code"], event["msg"]) == ("60012", 'Invalid request: {"op": 1, ')
        assert len(event["connId"]) == 8
        assert int(event["connId"], 16) >= 0
        stream.send("ping")
        assert stream.next() == "pong"


def test_bytes_instead_of_text_end_the_connection(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.send(b"\x00")
        assert stream.closed() == (4002, "Invalid request")


def test_a_message_that_is_too_long_ends_the_connection(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.send("x" * 65_537)
        assert stream.closed()[0] == 1009


def test_a_refused_login_ends_the_connection(venue: FakeOkx) -> None:
    with Stream(venue, "private") as stream:
        event = stream.ask("login", [credentials(secret="wrong")])
        assert (event["event"], event["code"]) == ("error", "60007")
        assert stream.closed() == (4001, "Login failed.")


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


def test_a_single_op_takes_one_element_and_all_that_is_required(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        assert stream.ask("order", [order(), order()], "m1")["code"] == "60013"
        missing = stream.ask("order", [order(sz="")], "m2")
        assert (missing["code"], missing["msg"]) == ("60027", "Parameter sz can not be empty")


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


def test_account_and_positions_show_a_snapshot_then_updates_then_the_close(
    venue: FakeOkx,
) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("account")
        stream.subscribe("positions", instType="ANY")
        first, none = stream.push("account"), stream.push("positions")
        assert (first["eventType"], first["curPage"], first["lastPage"]) == ("snapshot", 1, True)
        assert first["arg"] == {"channel": "account", "uid": first["arg"]["uid"]}
        assert none["data"] == []
        venue.trade_by_hand(BTC, "buy", "2")
        opened, money = stream.push("positions"), stream.push("account")
        truth = venue.truth()
        assert (opened["eventType"], "curPage" in opened) == ("event_update", False)
        (row,) = opened["data"]
        assert {**row, "pTime": ""} == {**truth["positions"][0], "pTime": ""}
        (detail,) = money["data"][0]["details"]
        assert detail["cashBal"] == truth["balance"]["details"][0]["cashBal"]
        assert (detail["coinUsdPrice"], "maxSpotInUse" in detail) == ("1", False)
        venue.trade_by_hand(BTC, "sell", "2")
        (flat,) = stream.push("positions")["data"]
        assert (flat["pos"], flat["posId"]) == ("0", row["posId"])


def test_a_position_closed_and_reopened_in_one_moment_shows_both(venue: FakeOkx) -> None:
    venue.streams(gather_ms=400)
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("positions", instType="SWAP", instId=BTC)
        stream.push("positions")
        for side in ("buy", "sell", "buy"):
            venue.trade_by_hand(BTC, side, "1")
        shown = [row["pos"] for row in stream.push("positions")["data"]]
        assert shown == ["0", "1"]
        assert stream.silence("positions", 0.5)
    venue.streams(gather_ms=50)


def test_regular_values_come_without_an_event_unless_the_client_wants_none(
    venue: FakeOkx,
) -> None:
    venue.streams(regular_ms=300)
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("account")
        assert [stream.push("account")["eventType"] for _ in range(3)] == ["snapshot"] * 3
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("account", extraParams='{"updateInterval": "0"}')
        stream.push("account")
        assert stream.silence("account", 0.8)
    venue.streams(regular_ms=5000)


def test_the_account_is_filtered_by_currency(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("account", ccy="BTC")
        assert stream.silence("account")
        stream.subscribe("account", ccy="USDT")
        (row,) = stream.push("account")["data"]
        assert [each["ccy"] for each in row["details"]] == ["USDT"]


def test_balance_and_position_tells_each_fill_once(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("balance_and_position")
        (first,) = stream.push("balance_and_position")["data"]
        assert (first["eventType"], first["posData"], first["trades"]) == ("snapshot", [], [])
        assert [each["ccy"] for each in first["balData"]] == ["USDT"]
        venue.trade_by_hand(BTC, "buy", "1")
        (row,) = stream.push("balance_and_position")["data"]
        truth = venue.truth()
        assert row["eventType"] == "filled"
        assert row["trades"] == [{"instId": BTC, "tradeId": truth["fills"][-1]["tradeId"]}]
        assert [(each["pos"], each["avgPx"]) for each in row["posData"]] == [("1", "50000")]
        cash = truth["balance"]["details"][0]["cashBal"]
        assert [each["cashBal"] for each in row["balData"]] == [cash]
        venue.liquidate(BTC)
        (row,) = stream.push("balance_and_position")["data"]
        assert (row["eventType"], row["posData"][0]["pos"]) == ("liquidation", "0")


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


def test_public_channels_give_a_first_value_and_then_what_changes(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        for channel in ("tickers", "mark-price", "bbo-tbt", "books5", "books"):
            stream.subscribe(channel, instId=BTC)
        assert stream.rows("tickers", 1)[0]["last"] == "50000"
        assert stream.rows("mark-price", 1)[0]["markPx"] == "50000"
        first = stream.push("books")
        assert (first["action"], first["data"][0]["prevSeqId"]) == ("snapshot", -1)
        assert "action" not in stream.push("bbo-tbt")
        stream.push("books5")
        venue.price(BTC, "50100.5")
        venue.price(ETH, "3100")
        assert stream.rows("tickers", 1)[0]["last"] == "50100.5"
        assert stream.rows("mark-price", 1)[0]["markPx"] == "50100.5"
        update = stream.push("books")
        assert update["action"] == "update"
        assert update["data"][0]["prevSeqId"] == first["data"][0]["seqId"]
        assert stream.rows("bbo-tbt", 1)[0]["asks"][0][0] == "50100.5"
        assert stream.rows("books5", 1)[0]["bids"][0][0] == "50100.5"
        assert stream.silence("tickers"), "another instrument's price is nobody's business here"


def test_instruments_come_as_a_whole(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("instruments", instType="SPOT")
        assert {row["instType"] for row in stream.push("instruments")["data"]} == {"SPOT"}


def test_unsubscribing_ends_the_pushes(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("tickers", instId=BTC)
        stream.push("tickers")
        arg = {"channel": "tickers", "instId": BTC}
        assert stream.ask("unsubscribe", [arg])["event"] == "unsubscribe"
        venue.price(BTC, "50010")
        assert stream.silence("tickers")


def test_a_quiet_connection_is_closed_and_a_ping_keeps_it(venue: FakeOkx) -> None:
    venue.streams(idle_ms=900)
    with Stream(venue, "public") as quiet, Stream(venue, "public") as lively:
        for _ in range(8):
            lively.send("ping")
            assert lively.next() == "pong"
            time.sleep(0.2)
        assert quiet.closed() == (4004, "No data received in 30s.")
        lively.send("ping")
        assert lively.next() == "pong"
    venue.streams(idle_ms=30_000)


def test_a_protocol_ping_keeps_a_connection_only_if_the_switch_says_so(tmp_path: Any) -> None:
    def ends(venue: FakeOkx) -> bool:
        with Stream(venue, "public") as stream:
            for _ in range(6):
                if not _pings(stream):
                    return True
                time.sleep(0.2)
        return False

    with launch(tmp_path) as venue:
        venue.streams(idle_ms=600)
        assert ends(venue)
        venue.set_switch("ws.idle_protocol_ping", "counts")
        assert not ends(venue)


def _pings(stream: Stream) -> bool:
    try:
        return stream.socket.ping().wait(1)
    except ConnectionClosed:
        return False


def test_a_notice_comes_before_the_close(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        assert venue.notice(300) == 1
        event = stream.next()
        assert (event["event"], event["code"], event["msg"]) == (
            "notice",
            "64008",
            MESSAGES["64008"],
        )
        stream.send("ping")
        assert stream.next() == "pong"
        assert stream.closed()[0] == 1000


def test_settings_of_the_streams_are_checked(venue: FakeOkx) -> None:
    for changes in ({"idle_ms": "-1"}, {"other": "1"}, {"has_tier": "2"}, {"idle_ms": "9" * 9}):
        with pytest.raises(ControlRefused, match="51000"):
            venue.streams(**changes)


def test_gated_fills_come_once_the_account_has_the_tier(venue: FakeOkx) -> None:
    venue.streams(has_tier="true")
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("fills")
        stream.ask("order", [order(clOrdId="77")], "f1")
        stream.ask("order", [order(clOrdId="x7")], "f2")
        one, two = stream.rows("fills", 2)
    venue.streams(has_tier="false")
    truth = venue.truth()["fills"][-2]
    assert (one["clOrdId"], two["clOrdId"], one["count"]) == ("77", "0", "1")
    assert (one["tradeId"], one["fillSz"], one["fillPx"]) == (truth["tradeId"], "1", "50000")


def test_deep_books_come_once_the_account_has_the_tier(venue: FakeOkx) -> None:
    venue.streams(has_tier="true")
    with Stream(venue, "public", login=True) as stream:
        for channel in ("books-l2-tbt", "books50-l2-tbt"):
            stream.subscribe(channel, instId=BTC if channel == "books-l2-tbt" else ETH)
            first = stream.push(channel)
            assert first["action"] == "snapshot"
        venue.price(ETH, "3010")
        update = stream.push("books50-l2-tbt")
        assert update["data"][0]["prevSeqId"] == first["data"][0]["seqId"]
    venue.price(ETH, "3000")
    venue.streams(has_tier="false")


def test_a_gap_a_duplicate_and_another_order_of_pushes(venue: FakeOkx) -> None:
    def prices(action: str) -> list[str]:
        with Stream(venue, "public") as stream:
            stream.subscribe("tickers", instId=BTC)
            stream.push("tickers")
            rule = {"action": action, "path": "tickers", "nth": 2}
            venue.set_faults([rule])
            for px in ("50001", "50002", "50003", "50004"):
                venue.price(BTC, px)
            found = []
            while not found or found[-1] != "50004":
                found.append(stream.rows("tickers", 1)[0]["last"])
            (report,) = venue.faults()
            assert (report["fired"], report["matched"]) == (1, 4)
            return [px[-1] for px in found]

    assert prices("ws_gap") == ["1", "3", "4"]
    assert prices("ws_duplicate") == ["1", "2", "2", "3", "4"]
    assert prices("ws_reorder") == ["1", "3", "2", "4"]


def test_a_gap_in_the_book_can_be_seen_by_its_sequence(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("books", instId=BTC)
        seq = stream.rows("books", 1)[0]["seqId"]
        venue.set_faults([{"action": "ws_gap", "path": "books"}])
        venue.price(BTC, "50001")
        venue.price(BTC, "50002")
        assert stream.rows("books", 1)[0]["prevSeqId"] == seq + 1


@pytest.mark.parametrize(("code", "closed"), [("", 1006), ("4006", 4006)])
def test_a_disconnect_in_the_middle_of_the_pushes(venue: FakeOkx, code: str, closed: int) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("tickers", instId=BTC)
        venue.set_faults([{"action": "ws_disconnect", "path": "tickers", "nth": 2, "code": code}])
        venue.price(BTC, "50001")
        venue.price(BTC, "50002")
        assert stream.closed()[0] == closed


def test_an_answer_that_is_lost_after_executing(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        venue.set_faults([{"action": "drop_answer", "operation": "place"}])
        stream.send({"id": "z1", "op": "order", "args": [order(clOrdId="lost1")]})
        assert stream.closed()[0] == 1006
    assert [row["state"] for row in venue.truth()["orders"] if row["clOrdId"] == "lost1"] == [
        "filled"
    ]


@pytest.mark.parametrize(
    ("rule", "code", "is_executed"),
    [
        ({"action": "error_before", "code": "64007"}, "64007", False),
        ({"action": "error_after", "code": "50004"}, "50004", True),
        ({"action": "reject", "code": "51149"}, "1", False),
        ({"action": "rate_limit"}, "1", False),
        ({"action": "empty"}, "0", False),
        ({"action": "maintenance", "times": 1}, "50001", False),
        ({"action": "delay", "ms": 200}, "0", True),
        ({"action": "delay_answer", "ms": 200}, "0", True),
    ],
)
def test_faults_of_an_order_op(
    venue: FakeOkx, rule: dict[str, Any], code: str, is_executed: bool
) -> None:
    name = f"f{rule['action'].replace('_', '')}"
    with Stream(venue, "private", login=True) as stream:
        venue.set_faults([{"path": "order", **rule}])
        start = time.monotonic()
        answer = stream.ask("order", [order(clOrdId=name)], "y1")
        took_s = time.monotonic() - start
    assert (answer["id"], answer["code"]) == ("y1", code)
    assert (name in [row["clOrdId"] for row in venue.truth()["orders"]]) == is_executed
    assert took_s >= rule.get("ms", 0) / 1000
    assert venue.faults()[0]["fired"] == 1


def test_faults_of_a_login(venue: FakeOkx) -> None:
    venue.set_faults([{"action": "error_before", "path": "login"}])
    with Stream(venue, "private") as stream:
        assert stream.ask("login", [credentials()], "n1") == {
            "id": "n1", "event": "error", "code": "63999", "msg": MESSAGES["63999"],
            "connId": stream_id(stream),
        }  # fmt: skip
    venue.set_faults([{"action": "clock_skew", "ms": 60_000, "path": "login"}])
    with Stream(venue, "private") as stream:
        assert stream.ask("login", [credentials()])["code"] == "60006"
    venue.set_faults([{"action": "refuse", "path": "subscribe"}])
    with Stream(venue, "public") as stream:
        stream.send({"op": "subscribe", "args": [{"channel": "status"}]})
        assert stream.closed()[0] == 1006


def stream_id(stream: Stream) -> str:
    stream.send("{")
    return str(stream.next()["connId"])


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


def test_who_is_connected_is_known(venue: FakeOkx) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("orders", instType="ANY")
        (shown,) = venue.streams()["connections"]
        assert (shown["path"], shown["account"]) == ("private", "main")
        assert shown["args"] == [{"channel": "orders", "instType": "ANY"}]
    deadline = time.monotonic() + 5
    while venue.streams()["connections"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert venue.streams()["connections"] == []


def test_a_key_that_is_dropped_ends_its_connections(venue: FakeOkx) -> None:
    venue.add_key("gone", "gone-secret", "gone-pass")
    with Stream(venue, "private") as stream, Stream(venue, "private", login=True) as other:
        stream.ask("login", [credentials("gone", "gone-secret", "gone-pass")])
        venue.drop_key("gone")
        assert stream.closed() == (
            4007,
            "API key has been updated or deleted. Please reconnect.",
        )
        other.send("ping")
        assert other.next() == "pong"


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


def test_a_maintenance_notice_is_told_to_whoever_listens(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.subscribe("status")
        venue.set_status([{"state": "scheduled", "title": "upgrade"}])
        (row,) = stream.push("status")["data"]
        assert (row["state"], row["title"]) == ("scheduled", "upgrade")
    venue.set_status([])


def test_candles_and_funding_rates_over_the_port(venue: FakeOkx) -> None:
    with Stream(venue, "business") as business, Stream(venue, "public") as public:
        business.subscribe("candle1D", instId=BTC)
        business.subscribe("index-candle1m", instId="BTC-USDT")
        public.subscribe("funding-rate", instId=BTC)
        public.subscribe("trades", instId=BTC)
        (candle,) = business.push("candle1D")["data"]
        assert len(candle) == 9
        venue.set_funding_rate(BTC, "0.0002")
        rates = [row["fundingRate"] for row in public.rows("funding-rate", 2)]
        assert rates[-1] == "0.0002"
        venue.trade_by_hand(BTC, "buy", "3")
        (trade,) = public.rows("trades", 1)
        assert (trade["px"], trade["sz"], trade["side"]) == ("50000", "3", "buy")
        after = business.rows("candle1D", 1)[0]
        assert float(after[5]) == float(candle[5]) + 3
    venue.set_funding_rate(BTC, "0.0001")


def test_time_that_was_run_ahead_ends_no_connection_and_wakes_what_is_due(
    venue: FakeOkx,
) -> None:
    with Stream(venue, "private", login=True) as stream:
        stream.subscribe("orders", instType="ANY")
        raw = RawClient(venue.url)
        stream.ask("order", [order(ordType="limit", px="40000")], "w1")
        raw.call("POST", "trade/cancel-all-after", {"timeOut": "10"})
        venue.advance(11_000)
        live, gone = stream.rows("orders", 2)
        assert (live["state"], gone["state"], gone["cancelSource"]) == ("live", "canceled", "20")


def test_with_rate_limits_the_fourth_connection_in_a_second_is_http_429(tmp_path: Any) -> None:
    with launch(tmp_path, extra_args=["--rate-limits"]) as venue:
        with ExitStack() as streams:
            for _ in range(3):
                streams.enter_context(Stream(venue, "public"))
            with pytest.raises(InvalidStatus, match="429"):
                Stream(venue, "public")
        time.sleep(1.1)
        Stream(venue, "public").__exit__(None, None, None)


def test_a_text_in_pieces_is_one_text(venue: FakeOkx) -> None:
    with Stream(venue, "public") as stream:
        stream.socket.send(['{"op":"subscribe","args":[{"chan', 'nel":"status"', "}]}"])
        assert stream.next()["event"] == "subscribe"


def test_whoever_does_not_read_is_left(tmp_path: Any) -> None:
    with launch(tmp_path) as venue:
        address = ("127.0.0.1", int(venue.url.rsplit(":", 1)[1]))
        with socket.create_connection(address) as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.sendall(
                b"GET /ws/v5/public HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                b"Sec-WebSocket-Version: 13\r\n\r\n"
            )
            assert lazy.recv(20).startswith(b"HTTP/1.1 101")
            arg = '{"channel":"instruments","instType":"SWAP"}'
            text = ('{"op":"subscribe","args":[' + ",".join([arg] * 400) + "]}").encode()
            head = bytes((0x81, 0xFE)) + len(text).to_bytes(2, "big") + bytes(4)
            for _ in range(60):
                lazy.sendall(head + text)
                if not venue.streams()["connections"]:
                    break
            by = time.monotonic() + 20  # it may still be working off what it was sent
            while venue.streams()["connections"] and time.monotonic() < by:
                time.sleep(0.05)
            assert venue.streams()["connections"] == [], "its buffer grew without end"
        assert venue.health()


def test_it_stops_at_once_with_connections_open(tmp_path: Any) -> None:
    with launch(tmp_path) as venue, Stream(venue, "public") as stream:
        stream.subscribe("tickers", instId=BTC)
        start = time.monotonic()
        venue.stop()
        assert time.monotonic() - start < 2
        assert stream.closed()[0] in (1001, 1006)


def test_a_rewind_ends_the_connections_of_accounts_that_never_were(tmp_path: Any) -> None:
    with launch(tmp_path) as venue:
        venue.streams(regular_ms=200)
        venue.checkpoint("before")
        venue.trade_by_hand(BTC, "buy", "1")
        venue.open_account("sub1")
        venue.add_key("sub", "sub-secret", "sub-pass", account="sub1")
        with Stream(venue, "private") as sub, Stream(venue, "private", login=True) as main:
            sub.ask("login", [credentials("sub", "sub-secret", "sub-pass")])
            sub.subscribe("account")
            main.subscribe("positions", instType="ANY")
            assert [row["pos"] for row in main.push("positions")["data"]] == ["1"]
            venue.rewind("before")
            assert sub.closed()[0] == 1006
            while main.push("positions")["data"]:
                pass  # a snapshot that was under way
            venue.trade_by_hand(BTC, "sell", "2")
            while [row["pos"] for row in main.push("positions")["data"]] != ["-2"]:
                pass  # regular snapshots from before the trade
