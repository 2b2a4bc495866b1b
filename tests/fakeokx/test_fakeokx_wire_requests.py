"""Bodies: lenient about form, exact about digits."""

import pytest

from fakeokx.engine.commands import Amendment, ClosePosition, OrderRequest, PlaceAlgo
from fakeokx.engine.refusals import Refusal
from fakeokx.wire.requests import body_list, body_object, build, camel


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"lever":3}', {"lever": "3"}),
        (b'{"lever":3.0}', {"lever": "3.0"}),
        (b'{"px":0.10000000000000000000001}', {"px": "0.10000000000000000000001"}),
        (b'{"sz":1e5}', {"sz": "1e5"}),
        (b'{"reduceOnly":true}', {"reduceOnly": "true"}),
        (b'{"a":null,"b":[],"c":""}', {"c": ""}),
        (b'[{"a":"1"}]', {"a": "1"}),
        (b"{}", {}),
    ],
)
def test_one_object(body: bytes, wanted: dict[str, str]) -> None:
    assert body_object(body, "trade/order") == wanted


@pytest.mark.parametrize(
    "body", [b"", b"  ", b"{", b"1", b'"x"', b"[1]", b"NaN", b'{"a":NaN}', b"\xff"]
)
def test_what_is_no_object(body: bytes) -> None:
    with pytest.raises(Refusal, match="50002"):
        body_object(body, "trade/order")


def test_no_body_has_its_own_code_on_one_path() -> None:
    with pytest.raises(Refusal, match="50000"):
        body_list(b"", "trade/cancel-batch-orders")


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"a":1}'])
def test_where_an_array_is_due(body: bytes) -> None:
    with pytest.raises(Refusal, match="50002"):
        body_list(body, "trade/batch-orders")


def test_nesting_bombs_are_bad_json() -> None:
    with pytest.raises(Refusal, match="50002"):
        body_object(b"[" * 100_000, "trade/order")


def test_names_are_translated_and_unknown_ones_ignored() -> None:
    assert camel("sl_trigger_px_type") == "slTriggerPxType"
    given = {
        "instId": "A",
        "tdMode": "cross",
        "side": "buy",
        "ordType": "market",
        "sz": "1",
        "x": "y",
    }
    assert build(OrderRequest, given).inst_id == "A"


def test_whose_a_command_is_cannot_be_said_in_a_body() -> None:
    params = {"instId": "A", "mgnMode": "cross", "account": "somebody"}
    assert build(ClosePosition, params).account == "main"
    assert build(ClosePosition, params, account="sub").account == "sub"


def test_the_first_missing_name_is_reported() -> None:
    with pytest.raises(Refusal, match="tdMode"):
        build(OrderRequest, {"instId": "A"}, ("instId", "tdMode", "side"))


@pytest.mark.parametrize(
    ("kind", "words", "code"),
    [
        (OrderRequest, {"slTriggerPx": "40000", "slOrdPx": "-1"}, "51000"),
        (OrderRequest, {"tpTriggerPx": "60000"}, "51000"),
        (OrderRequest, {"isElpTakerAccess": "true"}, "51000"),
        (PlaceAlgo, {"advanceOrdType": "fok"}, "51000"),
        (PlaceAlgo, {"slTriggerRatio": "0.1"}, "51000"),
        (Amendment, {"newSlTriggerPx": "40000"}, "51538"),
        (Amendment, {"newTpOrdPx": "-1"}, "51538"),
    ],
)
def test_a_word_that_is_not_followed_is_refused_and_no_order_says_it_was(
    kind: type[object], words: dict[str, str], code: str
) -> None:
    given = {"instId": "A", "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "1"}
    with pytest.raises(Refusal, match=code):
        build(kind, {**given, **words})
    quiet = {**dict.fromkeys(words, ""), "isElpTakerAccess": "false"}
    assert build(kind, {**given, **quiet}) == build(kind, given)
