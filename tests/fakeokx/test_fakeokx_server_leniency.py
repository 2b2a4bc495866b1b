"""Lenient about form, strict about meaning: one request in every shape a client may give it."""

import http.client
from typing import Any

import pytest
from fakeokx_tools import BTC, RawClient
from test_fakeokx_server_errors import World, algo, limit, order

from fakeokx import FakeOkx


@pytest.fixture(scope="module")
def world(server: FakeOkx) -> World:
    return World(server, "lenient")


def row_of(world: World, path: str, body: Any) -> dict[str, Any]:
    answer = world.raw.call("POST", path, body)[1]
    row: dict[str, Any] = answer["data"][0]
    return row


def placed(world: World, raw: bytes) -> dict[str, Any]:
    """The order that came of a body that was sent as these bytes."""
    answer = world.raw.call("POST", "trade/order", raw=raw)[1]
    assert answer["code"] == "0", answer
    path = f"trade/order?instId={BTC}&ordId={answer['data'][0]['ordId']}"
    row: dict[str, Any] = world.raw.call("GET", path)[1]["data"][0]
    return row


HEAD = b'{"instId":"BTC-USDT-SWAP","tdMode":"cross","side":"buy","ordType":"limit",'


@pytest.mark.parametrize(
    ("fields", "sz", "px"),
    [
        (b'"sz":"1","px":"40000"', "1", "40000"),
        (b'"sz":1,"px":40000', "1", "40000"),
        (b'"sz":1.00,"px":40000.0', "1", "40000"),
        (b'"sz":"1.00","px":"40000.10"', "1", "40000.1"),
        (b'"sz":0.10,"px":4e4', "0.1", "refused"),
        (b'"sz":1e0,"px":40000', "refused", ""),
        (b'"sz":-1,"px":40000', "refused", ""),
        (b'"sz":"+1","px":40000', "refused", ""),
        (b'"sz":"1","px":" 40000"', "refused", ""),
        (b'"sz":"1","px":"40000,0"', "refused", ""),
        (b'"sz":"1","px":1e999', "refused", ""),
        ('"sz":"\u0661","px":40000'.encode(), "refused", ""),
    ],
)
def test_numbers_are_read_digit_by_digit(world: World, fields: bytes, sz: str, px: str) -> None:
    if "refused" in (sz, px):
        answer = world.raw.call("POST", "trade/order", raw=HEAD + fields + b"}")[1]
        assert answer["data"][0]["sCode"] == "51000"
        return
    row = placed(world, HEAD + fields + b"}")
    assert (row["sz"], row["px"]) == (sz, px)


def test_more_digits_than_a_float_has_are_seen(world: World) -> None:
    raw = HEAD + b'"sz":1.00000000000000000001,"px":40000}'
    answer = world.raw.call("POST", "trade/order", raw=raw)[1]
    assert answer["data"][0]["sCode"] == "51121", "a float would have made it 1"


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_is_no_json_number_is_no_json(world: World, literal: bytes) -> None:
    got = world.top("POST", "trade/order", raw=HEAD + b'"sz":' + literal + b"}")
    assert got == (400, "50002")


@pytest.mark.parametrize("blank", ["", None, [], "absent"])
def test_four_ways_to_leave_out_what_is_optional(world: World, blank: Any) -> None:
    optional = ("posSide", "reduceOnly", "clOrdId", "tag", "ccy", "px", "tgtCcy", "stpMode")
    fields = {} if blank == "absent" else dict.fromkeys((*optional, "attachAlgoOrds"), blank)
    assert row_of(world, "trade/order", {**order(), **fields})["sCode"] == "0"
    exits = {"slTriggerPx": "40000", "slOrdPx": "-1"}
    fields = (
        {} if blank == "absent" else dict.fromkeys(("algoClOrdId", "tag", "tpTriggerPx"), blank)
    )
    assert row_of(world, "trade/order-algo", {**algo(**exits), **fields})["sCode"] == "0"


@pytest.mark.parametrize("flag", [True, "true", False, "false", ""])
def test_flags_may_be_bools_or_words(world: World, flag: Any) -> None:
    world.done(sz="5")
    body = order(side="sell", sz="0.01", reduceOnly=flag)
    ord_id = row_of(world, "trade/order", body)["ordId"]
    row = world.raw.call("GET", f"trade/order?instId={BTC}&ordId={ord_id}")[1]["data"][0]
    assert row["reduceOnly"] == str(flag in (True, "true")).lower()


def test_a_flag_that_is_neither_is_refused(world: World) -> None:
    for flag in ("yes", "1", 1, "True"):
        assert world.place(reduceOnly=flag) == (200, "51000")


@pytest.mark.parametrize("lever", [3, 3.0, "3", "3.0", "3.00"])
def test_a_lever_may_be_written_in_many_ways(server: FakeOkx, lever: Any) -> None:
    world = World(server, f"lev{type(lever).__name__}{str(lever).replace('.', '')}")
    body = {"instId": BTC, "mgnMode": "cross", "lever": lever}
    assert world.top("POST", "account/set-leverage", body) == (200, "0")
    path = f"account/leverage-info?instId={BTC}&mgnMode=cross"
    assert world.raw.call("GET", path)[1]["data"][0]["lever"] == "3"


@pytest.mark.parametrize("time_out", [10, "10", 0, "0"])
def test_time_out_may_be_a_number(world: World, time_out: Any) -> None:
    body = {"timeOut": time_out, "tag": f"n{time_out}"}
    assert world.top("POST", "trade/cancel-all-after", body) == (200, "0")


def test_times_in_bodies_and_queries_are_digits(world: World) -> None:
    world.done()
    ts = world.raw.call("GET", "trade/fills")[1]["data"][0]["ts"]
    (row,) = world.raw.call("GET", f"trade/fills?begin={ts}&end={ts}&limit=1")[1]["data"]
    assert row["ts"] == ts


def test_net_is_a_pos_side_in_net_mode_everywhere(world: World) -> None:
    assert row_of(world, "trade/order", order(posSide="net", ccy="USDT"))["sCode"] == "0"
    lever = {"instId": BTC, "mgnMode": "cross", "lever": "10", "posSide": "net"}
    assert world.top("POST", "account/set-leverage", lever) == (200, "0")
    close = {"instId": BTC, "mgnMode": "cross", "posSide": "net", "autoCxl": True}
    assert world.top("POST", "trade/close-position", close) == (200, "0")


def test_unknown_keys_are_ignored_and_an_account_cannot_be_named(
    server: FakeOkx, world: World
) -> None:
    body = {**order(clOrdId="whose"), "brokerId": "x", "account": "main", "nested": {"a": [1]}}
    assert row_of(world, "trade/order", body)["sCode"] == "0"
    close = {"instId": BTC, "mgnMode": "cross", "account": "main", "autoCxl": "true"}
    assert world.top("POST", "trade/close-position", close) == (200, "0")
    owners = server.truth()["owners"]
    (row,) = [each for each in server.truth()["orders"] if each["clOrdId"] == "whose"]
    assert owners[row["ordId"]] == "lenient"


def test_query_keys_come_in_any_order_and_unknown_ones_are_ignored(world: World) -> None:
    one = world.raw.call("GET", f"trade/orders-pending?instType=SWAP&x=1&instId={BTC}")
    other = world.raw.call("GET", f"trade/orders-pending?instId={BTC}&instType=SWAP&y=")
    assert one == other
    assert one[0] == 200


def test_uly_is_the_family_and_both_have_to_agree(world: World) -> None:
    path = "public/instruments?instType=SWAP"
    by_uly = world.raw.call("GET", f"{path}&uly=BTC-USDT")
    assert by_uly == world.raw.call("GET", f"{path}&instFamily=BTC-USDT")
    assert by_uly == world.raw.call("GET", f"{path}&instFamily=BTC-USDT&uly=BTC-USDT")
    assert world.top("GET", f"{path}&instFamily=BTC-USDT&uly=ETH-USDT") == (400, "50016")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_a_content_type_may_have_a_suffix_and_any_case(world: World, content_type: str) -> None:
    got = world.top("POST", "trade/order", order(), headers={"Content-Type": content_type})
    assert got == (200, "0")


def test_header_names_come_in_any_case(server: FakeOkx) -> None:
    sent: dict[str, str] = {}

    class Shouting(RawClient):
        def call(self, *args: Any, **more: Any) -> Any:  # type: ignore[override]
            return super().call(*args, **more)

    original = http.client.HTTPConnection.request

    def shout(self: Any, method: str, url: str, body: Any, headers: dict[str, str]) -> None:
        sent.update({name.upper(): value for name, value in headers.items()})
        original(self, method, url, body, dict(sent))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http.client.HTTPConnection, "request", shout)
        assert Shouting(server.url).call("GET", "account/config")[1]["code"] == "0"
    assert "OK-ACCESS-SIGN" in sent


def test_percent_encoding_is_signed_as_it_was_sent(world: World) -> None:
    for comma in (",", "%2C", "%2c"):
        path = f"account/positions?instId={BTC}{comma}ETH-USDT-SWAP"
        assert world.top("GET", path) == (200, "0")


def test_no_body_is_not_the_same_as_an_empty_object(world: World) -> None:
    assert world.top("POST", "account/set-position-mode") == (400, "50002")
    assert world.top("POST", "account/set-position-mode", {}) == (200, "50014")
    assert world.top("POST", "trade/batch-orders", {}) == (400, "50002")
    assert world.top("POST", "trade/cancel-batch-orders") == (400, "50000")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"clOrdId": "has_underscore"}, "51000"),
        ({"clOrdId": "has-hyphen"}, "51000"),
        ({"clOrdId": "x" * 33}, "51000"),
        ({"clOrdId": "ümlaut"}, "51000"),
        ({"tag": "x" * 17}, "51000"),
        ({"side": "BUY"}, "51000"),
        ({"ordType": "Limit"}, "51000"),
        ({"tdMode": "Cross"}, "51000"),
        ({"posSide": "long"}, "51000"),
        ({"stpMode": "never"}, "51000"),
        ({"sz": "0"}, "51000"),
        ({"sz": "0.015"}, "51121"),
        ({"ordType": "limit", "px": "40000.05"}, "51000"),
        ({"ordType": "twap"}, "51000"),
    ],
)
def test_meaning_is_checked(world: World, fields: dict[str, str], code: str) -> None:
    assert world.place(**fields) == (200, code)


@pytest.mark.parametrize("field", ["instId", "tdMode", "side", "ordType", "sz"])
def test_required_fields_are_required_and_the_row_says_so(world: World, field: str) -> None:
    body = limit("40000", clOrdId="lacks", tag="t")
    del body[field]
    status, answer = world.raw.call("POST", "trade/order", body)
    assert (status, answer["code"]) == (200, "1")
    (row,) = answer["data"]
    assert (row["clOrdId"], row["tag"], row["ordId"]) == ("lacks", "t", "")
    assert row["sCode"] == ("50014" if field == "instId" else "51000")
    assert field in row["sMsg"]


def test_an_element_that_lacks_something_keeps_no_other_from_being_executed(world: World) -> None:
    lacking = {"instId": BTC, "clOrdId": "b"}
    batch = [limit("40000", clOrdId="a"), lacking, limit("40001", clOrdId="c")]
    answer = world.raw.call("POST", "trade/batch-orders", batch)[1]
    assert answer["code"] == "2"
    assert [row["sCode"] for row in answer["data"]] == ["0", "51000", "0"]
    assert [row["clOrdId"] for row in answer["data"]] == ["a", "b", "c"]
    named = [{"instId": BTC, "clOrdId": "a"}, {"clOrdId": "c"}]
    amended = [{**named[0], "newSz": "2"}, {**named[1], "newSz": "2"}]
    for path, rows in (("amend-batch-orders", amended), ("cancel-batch-orders", named)):
        answer = world.raw.call("POST", f"trade/{path}", rows)[1]
        assert [row["sCode"] for row in answer["data"]] == ["0", "50014"], path
    waiting = world.raw.call("GET", "trade/orders-pending")[1]["data"]
    ours = {"a", "b", "c"}  # other tests leave orders, too
    assert [row["clOrdId"] for row in waiting if row["clOrdId"] in ours] == ["c"]
