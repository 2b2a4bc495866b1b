"""Bad input over the wire: an OKX-shaped answer each time, never a 500, never a hang.

Requests are signed, so that they get past the door; paths, queries and bodies are made of what
clients send and of what nobody should. ``FAKEOKX_FUZZ`` says how many there are (20000 is the
full run); the suite takes a sample. Control requests are fuzzed too: they may refuse, not break.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import time
from collections.abc import Iterator
from dataclasses import fields
from typing import Any
from urllib.parse import quote

import pytest
from fakeokx_tools import BTC, iso
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fakeokx import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET, FakeOkx, launch
from fakeokx.control import api as control_api
from fakeokx.engine import client_commands, control_commands
from fakeokx.wire.endpoints import ENDPOINTS
from fakeokx.wire.errors import ERRORS
from fakeokx.wire.requests import camel

REQUESTS = int(os.environ.get("FAKEOKX_FUZZ", "400"))
ANSWER_S_MAX = 5.0
NO_DATA = (401, 429)
JSON = {"Content-Type": "application/json"}

WORDS = [
    "", "0", "1", "-1", "1.5", "0.01", "1e5", "NaN", "9" * 30, "0.0000000000000000000001",
    "50000", "49000", "51000", BTC, "ETH-USDT-SWAP", "BTC-USDT", "BTC-USDT-301227", "NO-SUCH",
    "SWAP", "SPOT", "FUTURES", "OPTION", "ANY", "cross", "isolated", "cash", "buy", "sell", "net",
    "long", "short", "market", "limit", "post_only", "fok", "ioc", "optimal_limit_ioc",
    "conditional", "oco", "trigger", "move_order_stop", "net_mode", "long_short_mode", "true",
    "false", "live", "canceled", "effective", "base_ccy", "quote_ccy", "last", "mark", "index",
    "USDT", "BTC", "abc123", "under_score", "x" * 40, "ünïcode", "\x00", "a,b,c", ",", "1m",
    "1Dutc", "%", "null", "[]", "{}", '[{"tpTriggerPx":"60000","tpOrdPx":"-1"}]',
    "2000000000000000001", "main", "cancel_taker",
]  # fmt: skip
KEYS = sorted(
    {
        camel(field.name)
        for module in (client_commands, control_commands)
        for kind in vars(module).values()
        if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__")
        for field in fields(kind)
    }
    | {"timeOut", "uly", "instFamily", "instType", "limit", "after", "before", "begin", "end"}
    | {
        "bids",
        "asks",
        "rows",
        "rules",
        "prices",
        "ccy",
        "state",
        "category",
        "bar",
        "type",
        "subType",
        "ctType",
        "quoteCcy",
        "tdMode",
        "x",
    }
)
GIANTS = ["7" * 5_000, "[" * 3_000, '[["1"]]']
words = st.sampled_from([*WORDS, *GIANTS]) | st.text(max_size=12)
scalars = words | st.none() | st.booleans() | st.integers() | st.floats()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
CONTROLS = ["bids", "asks", "rows", "rules", "prices"]
loose = st.dictionaries(
    st.sampled_from([*KEYS, *CONTROLS]) | st.text(max_size=6), values, max_size=8
)
SANE = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "0.01"}
SANE |= {"mgnMode": "cross", "lever": "5", "timeOut": "10", "posMode": "net_mode", "px": "49000"}
SANE |= {"slTriggerPx": "40000", "slOrdPx": "-1", "newSz": "0.02", "ordId": "1", "algoId": "1"}
nearly = loose.map(lambda extra: {**SANE, **extra})
objects = nearly | loose
bodies = (
    objects | st.lists(objects, max_size=4) | st.lists(objects, min_size=19, max_size=22) | values
)
encoded = bodies.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=60) | st.just(b"")
queries = st.lists(st.tuples(st.sampled_from(KEYS), words), max_size=5)
routes = st.sampled_from([(each.method, each.path) for each in ENDPOINTS])
requests = st.one_of(
    st.tuples(routes, queries, encoded),
    st.tuples(
        st.tuples(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), words), queries, encoded
    ),
)
fuzzing = settings(
    max_examples=REQUESTS,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class Wire:
    """One connection that is kept, as a client would."""

    def __init__(self, server: FakeOkx) -> None:
        self.server = server
        self._connection = http.client.HTTPConnection(
            server.url.removeprefix("http://"), timeout=ANSWER_S_MAX
        )

    def send(
        self, method: str, target: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        started = time.monotonic()
        self._connection.request(method, target, body or None, headers)
        response = self._connection.getresponse()
        answer = response.read()
        assert time.monotonic() - started < ANSWER_S_MAX
        return response.status, answer


def signed(method: str, target: str, body: bytes) -> dict[str, str]:
    timestamp = iso()
    text = f"{timestamp}{method}{target}".encode() + body
    digest = hmac.new(DEFAULT_SECRET.encode(), text, hashlib.sha256).digest()
    return {
        "OK-ACCESS-KEY": DEFAULT_KEY,
        "OK-ACCESS-SIGN": base64.b64encode(digest).decode(),
        "OK-ACCESS-TIMESTAMP": timestamp,
        "OK-ACCESS-PASSPHRASE": DEFAULT_PASSPHRASE,
        "Content-Type": "application/json",
    }


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with launch() as server:
        yield Wire(server)


@fuzzing
@given(request=requests)
def test_every_request_gets_an_answer_in_the_shape_of_okx(wire: Wire, request: Any) -> None:
    (method, path), query, body = request
    words_of = "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
    target = f"/api/v5/{quote(path)}" + (f"?{words_of}" if words_of else "")
    if method == "GET":
        body = b""
    status, answer = wire.send(method, target, body, signed(method, target, body))
    shown = json.loads(answer)
    assert status in (200, 400, 401, 404, 405, 429), shown
    assert isinstance(shown["msg"], str)
    assert shown["code"] in ("0", "1", "2", "404", *ERRORS)
    assert ("data" in shown) == (status not in NO_DATA)
    for row in shown.get("data", ()):
        assert isinstance(row, dict | list)
        if isinstance(row, dict) and "sCode" in row:
            assert row["sCode"] in ("0", *ERRORS)


# The clock is left alone, so that the sample stays in the same day as the keys it is signed with.
STEERING = sorted(route for route in control_api.HANDLERS if route != ("POST", "clock"))


@settings(fuzzing, max_examples=max(200, REQUESTS // 10))
@given(route=st.sampled_from(STEERING), body=encoded)
def test_control_refuses_what_it_cannot_do(wire: Wire, route: tuple[str, str], body: bytes) -> None:
    method, path = route
    status, answer = wire.send(method, f"/control/{path}", body, JSON)
    assert status in (200, 400), answer
    shown = json.loads(answer)
    assert ("error" in shown) == (status == 400)
    if path == "faults":
        wire.server.set_faults([])


def test_afterwards_the_ledger_tells_the_same_truth() -> None:
    with launch() as server:
        wire = Wire(server)

        @settings(fuzzing, max_examples=min(REQUESTS, 2000))
        @given(body=nearly, path=st.sampled_from(["trade/order", "trade/order-algo"]))
        def play(body: Any, path: str) -> None:
            raw = json.dumps(body).encode()
            wire.send("POST", f"/api/v5/{path}", raw, signed("POST", f"/api/v5/{path}", raw))

        play()
        before = server.truth()
        server.kill()
        server.restart()
        after = server.truth()
        for name in before:
            if name not in ("now_ms", "requests"):
                assert after[name] == before[name]
