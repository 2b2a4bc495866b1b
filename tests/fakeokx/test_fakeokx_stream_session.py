"""One connection without a socket: login, subscriptions, every 6xxxx code, close codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakeokx_tools import T0

from fakeokx.stream import codes, frames, ops
from fakeokx.stream.channels import PATHS, parse
from fakeokx.stream.codes import MESSAGES, StreamRefusal
from fakeokx.stream.login import signature
from fakeokx.stream.session import (
    CHANNELS_MAX,
    CONNECTIONS_PER_CHANNEL_MAX,
    KEY_SUBSCRIPTIONS_MAX,
    REQUESTS_MAX,
    REQUESTS_WINDOW_MS,
    RequestOutcome,
    StreamSession,
    StreamWorld,
)
from fakeokx.wire.auth import ApiKey

KEY = ApiKey("k", "s", "p")
SWAP = "BTC-USDT-SWAP"
SECONDS = str(T0 // 1000)


def world(**changed: Any) -> StreamWorld:
    given: dict[str, Any] = {
        "keys": {"k": KEY, "bound": ApiKey("bound", "s", "p", ips=("10.0.0.1",))},
        "clocks_ms": (T0,),
        "now_ms": T0,
        "address": "127.0.0.1",
        "has_tier": False,
        "is_limited": False,
        "connections_of": lambda key, channel: 0,
        "subscriptions_of": lambda key: 0,
    }
    return StreamWorld(**{**given, **changed})


def session(path: str = "private") -> StreamSession:
    return StreamSession(path=path, conn_id="a4d3ae55", now_ms=T0)


def credentials(**changed: Any) -> dict[str, Any]:
    given = {"apiKey": "k", "passphrase": "p", "timestamp": SECONDS}
    given |= {"sign": signature("s", str(changed.get("timestamp", SECONDS)))}
    return {**given, **changed}


def hear(one: StreamSession, data: Any, **changed: Any) -> RequestOutcome:
    text = data if isinstance(data, str) else json.dumps(data)
    return one.hear(frames.read(text), world(**changed))


def logged_in(path: str = "private") -> StreamSession:
    one = session(path)
    (event,) = hear(one, {"op": "login", "args": [credentials()]}).events
    assert event == {"event": "login", "msg": "", "code": "0", "connId": "a4d3ae55"}
    return one


def subscribe(
    one: StreamSession, *args: Any, request_id: str = "", **changed: Any
) -> RequestOutcome:
    data = {"op": "subscribe", "args": list(args)}
    return hear(one, {**data, **({"id": request_id} if request_id else {})}, **changed)


def code_of(outcome: RequestOutcome) -> str:
    (event,) = outcome.events
    assert event["event"] == "error", event
    return str(event["code"])


@pytest.mark.parametrize("timestamp", [SECONDS, int(SECONDS)])
def test_a_login_takes_its_timestamp_as_text_or_number(timestamp: Any) -> None:
    one = session()
    outcome = hear(one, {"id": "L1", "op": "login", "args": [credentials(timestamp=timestamp)]})
    assert outcome.events[0]["id"] == "L1"
    assert (one.key, outcome.close) == (KEY, None)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ([credentials(timestamp="soon")], "60004"),
        ([credentials(timestamp="1" * 30)], "60004"),
        ([credentials(apiKey="nobody")], "60005"),
        ([credentials(timestamp=str(T0 // 1000 - 31))], "60006"),
        ([credentials(timestamp=str(T0 // 1000 + 31))], "60006"),
        ([credentials(sign="bm8=")], "60007"),
        ([credentials(apiKey="bound")], "60009"),
        ([], "60009"),
        (["k"], "60009"),
        ("k", "60009"),
        (None, "60009"),
        ([credentials(), credentials()], "60023"),
        ([credentials(passphrase="no")], "60024"),
        ([credentials(sign="")], "60027"),
        ([{}], "60027"),
    ],
)
def test_a_refused_login_says_why_and_closes(args: Any, code: str) -> None:
    one = session()
    outcome = hear(one, {"op": "login", "args": args})
    assert (code_of(outcome), outcome.close) == (code, codes.CLOSE_LOGIN_FAILED)
    assert one.key is None


def test_a_timestamp_just_inside_the_window_is_let_in() -> None:
    one = session()
    hear(one, {"op": "login", "args": [credentials(timestamp=str(T0 // 1000 - 30))]})
    assert one.key == KEY


def test_a_second_login_is_refused_and_the_first_one_stays() -> None:
    one = logged_in()
    outcome = hear(one, {"op": "login", "args": [credentials()]})
    assert (code_of(outcome), outcome.close, one.key) == ("60031", None, KEY)


@pytest.mark.parametrize(
    ("path", "arg", "code"),
    [
        ("private", {"channel": "tickers", "instId": SWAP}, "60008"),
        ("public", {"channel": "account"}, "60008"),
        ("private", {"channel": "account"}, "60011"),
        ("business", {"channel": "orders-algo", "instType": "ANY"}, "60011"),
        ("public", "tickers", "60013"),
        ("public", {"channel": "nothing"}, "60018"),
        ("public", {"channel": "tickers"}, "60018"),
        ("public", {"channel": "tickers", "instId": "NO-USDT"}, "60018"),
        ("public", {"channel": "tickers", "instId": SWAP, "instType": "SPOT"}, "60018"),
        ("public", {"channel": "funding-rate", "instId": "BTC-USDT"}, "60018"),
        ("business", {"channel": "candle7m", "instId": SWAP}, "60018"),
        ("public", {"instId": SWAP}, "60027"),
        ("private", {"channel": "orders", "instType": "STOCKS"}, "60033"),
        ("private", {"channel": "account", "extraParams": "{"}, "60033"),
        ("private", {"channel": "account", "extraParams": '{"updateInterval": "1"}'}, "60033"),
        ("private", {"channel": "orders", "instType": "ANY", "uly": "BTC-USDT"}, "64000"),
        ("public", {"channel": "candle1m", "instId": SWAP}, "64001"),
        ("private", {"channel": "orders-algo", "instType": "ANY"}, "64001"),
        ("business", {"channel": "tickers", "instId": SWAP}, "64002"),
        ("business", {"channel": "account"}, "64002"),
    ],
)
def test_a_refused_subscription_says_why_and_does_not_begin(path: str, arg: Any, code: str) -> None:
    one = session(path)
    outcome = subscribe(one, arg, request_id="7")
    assert code_of(outcome) == code
    assert outcome.events[0]["id"] == "7"
    assert (outcome.added, one.args, outcome.close) == ([], {}, None)


def test_gated_channels_need_the_tier() -> None:
    fills = {"channel": "fills"}
    assert code_of(subscribe(logged_in(), fills)) == "64003"
    assert subscribe(logged_in(), fills, has_tier=True).added
    deep = {"channel": "books-l2-tbt", "instId": SWAP}
    assert code_of(subscribe(logged_in("public"), deep)) == "64003"


def test_two_full_books_of_one_instrument_are_refused() -> None:
    one = logged_in("public")
    subscribe(one, {"channel": "books", "instId": SWAP})
    deep = {"channel": "books-l2-tbt", "instId": SWAP}
    assert code_of(subscribe(one, deep, has_tier=True)) == "64004"
    assert subscribe(one, {**deep, "instId": "ETH-USDT-SWAP"}, has_tier=True).added


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"ping"', "{}", '{"op": ["x"]}', '{"op": "x", "n": NaN}', "[" * 50_000]
)
def test_what_is_no_request_is_60012_with_the_text_behind_the_prefix(text: str) -> None:
    with pytest.raises(StreamRefusal) as caught:
        frames.read(text)
    assert frames.error(caught.value, "", "c", "Illegal request: ") == {
        "event": "error",
        "code": "60012",
        "msg": f"Illegal request: {text}",
        "connId": "c",
    }


@pytest.mark.parametrize("bad", ["a_b", "x" * 33, "é", ["1"]])
def test_an_id_that_cannot_be_one_is_60033(bad: Any) -> None:
    with pytest.raises(StreamRefusal, match="60033"):
        frames.read(json.dumps({"id": bad, "op": "subscribe", "args": []}))


@pytest.mark.parametrize("args", [None, {}, [], "tickers", 1])
def test_arguments_that_are_no_list_are_60013(args: Any) -> None:
    for op in ("subscribe", "unsubscribe"):
        assert code_of(hear(session("public"), {"op": op, "args": args})) == "60013"


def test_an_op_that_does_not_exist_is_60019() -> None:
    assert code_of(hear(session(), {"op": "mass-cancel", "args": [{}]})) == "60019"


@pytest.mark.parametrize("op", sorted(ops.OPS))
def test_order_ops_need_the_private_path_a_login_and_a_key_in_force(op: str) -> None:
    ask = {"id": "1", "op": op, "args": [{"instId": SWAP}]}
    for path in ("public", "business"):
        assert code_of(hear(logged_in(path), ask)) == "60028"
    assert code_of(hear(session(), ask)) == "60011"
    assert code_of(hear(logged_in(), ask, keys={})) == "60032"
    outcome = hear(logged_in(), ask)
    assert outcome.op is not None
    assert (outcome.op.id, outcome.events) == ("1", [])


def test_every_code_is_produced_by_a_test() -> None:
    here = Path(__file__)
    text = here.read_text(encoding="utf-8")
    for subject in ("server", "orders", "channels", "faults"):
        beside = here.with_name(f"test_fakeokx_stream_{subject}.py")
        text += beside.read_text(encoding="utf-8")
    assert [code for code in MESSAGES if f'"{code}"' not in text] == []


def test_an_argument_is_acknowledged_without_its_empty_values_and_private_ones_are_counted() -> (
    None
):
    one = logged_in()
    arg = {"channel": "orders", "instType": "ANY", "instFamily": None, "instId": ""}
    outcome = subscribe(one, arg, request_id="9", connections_of=lambda key, channel: 2)
    shown = {"channel": "orders", "instType": "ANY"}
    assert outcome.events == [
        {"id": "9", "event": "subscribe", "arg": shown, "connId": "a4d3ae55"},
        {
            "event": "channel-conn-count",
            "channel": "orders",
            "connCount": "3",
            "connId": "a4d3ae55",
        },
    ]
    assert [dict(each.shown) for each in outcome.added] == [shown]


def test_one_bad_argument_does_not_stop_the_others() -> None:
    one = session("public")
    good = {"channel": "tickers", "instId": SWAP}
    outcome = subscribe(one, {"channel": "nothing"}, good)
    assert [each["event"] for each in outcome.events] == ["error", "subscribe"]
    assert len(outcome.added) == 1


def test_the_same_argument_in_another_order_is_the_same_subscription() -> None:
    one = session("public")
    subscribe(one, {"channel": "tickers", "instId": SWAP})
    outcome = subscribe(one, {"instId": SWAP, "channel": "tickers"})
    assert len(one.args) == 1
    assert outcome.events[0]["event"] == "subscribe"


def test_unsubscribing_ends_the_subscription_and_counts_down() -> None:
    one = logged_in()
    arg = {"channel": "account"}
    subscribe(one, arg)
    outcome = hear(one, {"op": "unsubscribe", "args": [arg]})
    assert [each.get("connCount") for each in outcome.events] == [None, "0"]
    assert (one.args, [dict(each.shown) for each in outcome.removed]) == ({}, [arg])


def test_the_connection_after_the_thirtieth_of_a_channel_is_told_so() -> None:
    one = logged_in()

    def held(count: int) -> Callable[[ApiKey, str], int]:
        return lambda key, channel: count

    most = CONNECTIONS_PER_CHANNEL_MAX
    outcome = subscribe(one, {"channel": "account"}, connections_of=held(most))
    assert [each["event"] for each in outcome.events] == ["channel-conn-count-error"]
    assert outcome.added == []
    assert subscribe(one, {"channel": "account"}, connections_of=held(most - 1)).added


def test_too_many_subscriptions_of_a_key_end_the_connection() -> None:
    one = logged_in()
    full = {"subscriptions_of": lambda key: KEY_SUBSCRIPTIONS_MAX}
    assert subscribe(one, {"channel": "account"}, **full).close == codes.CLOSE_KEY_SUBSCRIPTIONS
    assert subscribe(session("public"), {"channel": "status"}, **full).close is None


def test_too_many_channels_end_the_connection() -> None:
    one = session("public")
    for number in range(CHANNELS_MAX):
        one.args[parse({"channel": "status", "n": str(number)})] = None
    assert subscribe(one, {"channel": "status"}).close == codes.CLOSE_CHANNELS


def test_a_session_is_idle_when_nothing_went_either_way_for_longer_than_thirty_seconds() -> None:
    one = session()
    assert not one.is_idle(T0 + 30_000)
    assert one.is_idle(T0 + 30_001)


@pytest.mark.parametrize("path", PATHS)
def test_a_login_is_possible_on_every_path(path: str) -> None:
    assert logged_in(path).key == KEY


def test_with_rate_limits_a_connection_has_480_requests_an_hour() -> None:
    one, arg = session("public"), {"channel": "status"}
    subscribe(one, *[arg] * (REQUESTS_MAX - 1), is_limited=True, now_ms=T0)
    last = subscribe(one, arg, arg, is_limited=True, now_ms=T0 + 1)
    assert [each.get("code") for each in last.events] == [None, "60014"]
    login = {"op": "login", "args": [credentials()]}
    assert code_of(hear(one, login, is_limited=True, now_ms=T0 + 2)) == "60014"
    assert one.key is None
    later = T0 + REQUESTS_WINDOW_MS
    assert subscribe(one, arg, is_limited=True, now_ms=later).added
    assert subscribe(one, *[arg] * REQUESTS_MAX, is_limited=False).added
