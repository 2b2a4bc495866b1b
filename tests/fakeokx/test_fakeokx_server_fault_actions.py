"""Every fault action over a real port: what the client gets, what the venue did, what counted."""

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fakeokx_tools import BTC, RawClient, iso

from fakeokx import FakeOkx
from fakeokx.faults import ACTIONS


@pytest.fixture(scope="module")
def raw(server: FakeOkx) -> RawClient:
    return RawClient(server.url)


@pytest.fixture(autouse=True)
def _clean(server: FakeOkx) -> Iterator[None]:
    server.set_faults([])
    yield
    server.set_faults([])


def buy(raw: RawClient, name: str, **fields: str) -> tuple[int, dict[str, Any]]:
    order = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "0.1"}
    return raw.call("POST", "trade/order", {**order, "clOrdId": name, **fields})


def known(server: FakeOkx, name: str) -> bool:
    return name in [row["clOrdId"] for row in server.truth()["orders"]]


def look_up(raw: RawClient, name: str) -> str:
    """Code of GET order by that clOrdId."""
    return str(raw.call("GET", f"trade/order?instId={BTC}&clOrdId={name}")[1]["code"])


def one(server: FakeOkx) -> dict[str, Any]:
    (rule,) = server.faults()
    return rule


LOST = (http.client.RemoteDisconnected, ConnectionResetError)


def delay(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "delay", "operation": "place", "ms": 200}])
    started = time.monotonic()
    assert buy(raw, name)[1]["code"] == "0"
    assert time.monotonic() - started >= 0.2


def delay_answer(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "delay_answer", "operation": "place", "ms": 200}])
    before_ms = int(raw.call("GET", "public/time")[1]["data"][0]["ts"])
    started = time.monotonic()
    answer = buy(raw, name)[1]
    assert time.monotonic() - started >= 0.2
    assert int(answer["outTime"]) // 1000 - before_ms < 150, "it was executed before the wait"


def refuse(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "refuse", "operation": "place"}])
    with pytest.raises(LOST):
        buy(raw, name)
    assert not known(server, name)


def error_before(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "error_before", "operation": "place", "code": "50013"}])
    status, body = buy(raw, name)
    assert (status, body["code"], body["data"]) == (429, "50013", [])
    assert not known(server, name)


def error_after(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "error_after", "operation": "place", "status": 502}])
    status, body = buy(raw, name)
    assert (status, body["code"]) == (502, "50004")
    assert known(server, name)


def drop_answer(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "drop_answer", "operation": "place"}])
    with pytest.raises(LOST):
        buy(raw, name)
    assert look_up(raw, name) == "0", "accepted, the answer lost, and found by its clOrdId"


def reject(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "reject", "operation": "place", "code": "51008"}])
    status, body = buy(raw, name)
    (row,) = body["data"]
    assert (status, body["code"], row["sCode"], row["ordId"]) == (200, "1", "51008", "")
    assert row["clOrdId"] == name
    assert not known(server, name)


def rate_limit(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "rate_limit", "operation": "place"}])
    assert buy(raw, name) == (429, {"msg": "Too Many Requests", "code": "50011"})
    assert not known(server, name)


def maintenance(server: FakeOkx, raw: RawClient, name: str) -> None:
    assert raw.call("GET", "system/status")[1]["data"] == []
    server.set_faults([{"action": "maintenance"}])
    status, body = buy(raw, name)
    assert (status, body["code"]) == (503, "50001")
    assert raw.call("GET", "market/tickers?instType=SWAP")[1]["code"] == "50001"
    (notice,) = raw.call("GET", "system/status")[1]["data"]
    assert (notice["state"], len(notice)) == ("ongoing", 11)
    assert not known(server, name)


def clock_skew(server: FakeOkx, raw: RawClient, name: str) -> None:
    now_ms = int(raw.call("GET", "public/time")[1]["data"][0]["ts"])
    server.set_faults([{"action": "clock_skew", "ms": -60_000, "times": 0}])
    seen_ms = int(raw.call("GET", "public/time")[1]["data"][0]["ts"])
    assert 50_000 < now_ms - seen_ms < 61_000
    status, body = buy(raw, name)
    assert (status, body) == (401, {"msg": "Timestamp request expired.", "code": "50102"})
    skewed = {"OK-ACCESS-TIMESTAMP": iso(seen_ms)}
    assert raw.call("GET", "account/config", headers=skewed)[1]["code"] == "0"
    rule = {"action": "clock_skew", "ms": -60_000, "path": "account/balance"}
    server.set_faults([rule])
    assert raw.call("GET", "account/config", headers=skewed)[1]["code"] == "50102"
    assert raw.call("GET", "account/balance", headers=skewed)[1]["code"] == "0"


def empty(server: FakeOkx, raw: RawClient, name: str) -> None:
    buy(raw, name)
    server.set_faults([{"action": "empty", "path": "trade/fills"}])
    assert raw.call("GET", "trade/fills")[1] == {"code": "0", "msg": "", "data": []}


def stale(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "stale", "times": 0, "method": "GET"}])
    assert buy(raw, name)[1]["code"] == "0"
    assert look_up(raw, name) == "51603"
    before = raw.call("GET", "public/time")[1]
    assert raw.call("GET", "public/time")[1] == before, "time stands still there"
    assert known(server, name)
    matched = one(server)
    server.set_faults([])
    assert look_up(raw, name) == "0"
    assert matched["fired"] == 3
    server.set_faults([{"action": "stale", "path": "public/time"}])
    raw.call("GET", "public/time")


def stale_positions(server: FakeOkx, raw: RawClient, name: str) -> None:
    buy(raw, f"{name}a")
    before = raw.call("GET", "account/positions")[1]["data"][0]["pos"]
    server.set_faults([{"action": "stale_positions"}])
    buy(raw, name)
    assert raw.call("GET", "account/positions")[1]["data"][0]["pos"] == before
    assert raw.call("GET", "account/positions")[1]["data"][0]["pos"] != before


def late_index(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "late_index", "ms": 60_000, "times": 2}])
    buy(raw, name)
    assert look_up(raw, name) == "51603"
    listed = raw.call("GET", "trade/orders-history?instType=SWAP")[1]["data"]
    assert name not in [row["clOrdId"] for row in listed]
    assert look_up(raw, name) == "0"


def index_lag(server: FakeOkx, raw: RawClient, name: str) -> None:
    buy(raw, f"{name}a", ordType="limit", px="40000")
    rules = [{"action": "index_lag", "ms": ms, "times": 0, "method": "GET"} for ms in (700, 0)]
    server.set_faults([{**rules[0], "path": "trade/order"}, {**rules[0], "path": "trade/fills"}])
    change = {"instId": BTC, "clOrdId": f"{name}a", "newPx": "41000"}
    assert raw.call("POST", "trade/amend-order", change)[1]["code"] == "0"
    buy(raw, name)

    def seen() -> tuple[str, str, bool]:
        path = f"trade/order?instId={BTC}&clOrdId={name}a"
        fills = raw.call("GET", "trade/fills")[1]["data"]
        px = raw.call("GET", path)[1]["data"][0]["px"]
        return px, look_up(raw, name), name in [row["clOrdId"] for row in fills]

    assert seen() == ("40000", "51603", False)
    pending = raw.call("GET", "trade/orders-pending")[1]["data"]
    assert "41000" in [row["px"] for row in pending], "only what the rule names lags"
    time.sleep(0.8)
    assert seen() == ("41000", "0", True)
    assert buy(raw, f"{name}b")[1]["code"] == "0"
    assert look_up(raw, f"{name}b") == "51603"
    server.advance(800)
    assert look_up(raw, f"{name}b") == "0"
    matched = server.faults()
    server.set_faults([rules[1]])
    assert matched[0]["fired"] > 3
    assert look_up(raw, name) == "0"


def truncate(server: FakeOkx, raw: RawClient, name: str) -> None:
    whole = rows_of_three(raw, name)
    server.set_faults([{"action": "truncate", "path": "trade/fills", "keep": 2}])
    assert raw.call("GET", "trade/fills?limit=3")[1]["data"] == whole[:2]


def duplicate(server: FakeOkx, raw: RawClient, name: str) -> None:
    whole = rows_of_three(raw, name)
    server.set_faults([{"action": "duplicate", "path": "trade/fills"}])
    assert raw.call("GET", "trade/fills?limit=3")[1]["data"] == [r for r in whole for _ in "xx"]


def reorder(server: FakeOkx, raw: RawClient, name: str) -> None:
    whole = rows_of_three(raw, name)
    server.set_faults([{"action": "reorder", "path": "trade/fills", "seed": 5}])
    got = raw.call("GET", "trade/fills?limit=3")[1]["data"]
    assert got != whole
    assert sorted(got, key=lambda row: -int(row["billId"])) == whole


def cut_body(server: FakeOkx, raw: RawClient, name: str) -> None:
    server.set_faults([{"action": "cut_body", "operation": "place"}])
    with pytest.raises(json.JSONDecodeError):
        buy(raw, name)
    assert look_up(raw, name) == "0"


def rows_of_three(raw: RawClient, name: str) -> list[dict[str, Any]]:
    for number in range(3):
        buy(raw, f"{name}x{number}")
    rows: list[dict[str, Any]] = raw.call("GET", "trade/fills?limit=3")[1]["data"]
    assert len(rows) == 3
    return rows


CASES = (
    delay, delay_answer, refuse, error_before, error_after, drop_answer, reject, rate_limit,
    maintenance, clock_skew, empty, stale, stale_positions, late_index, index_lag, truncate,
    duplicate, reorder, cut_body,
)  # fmt: skip


def test_every_action_of_rest_has_a_case() -> None:
    rest = {name for name in ACTIONS if not name.startswith("ws_")}
    assert {case.__name__ for case in CASES} == rest


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_action_strikes_and_is_counted(server: FakeOkx, raw: RawClient, case: Any) -> None:
    case(server, raw, f"f{case.__name__.replace('_', '')}")
    assert one(server)["fired"] > 0
    assert one(server)["matched"] >= one(server)["fired"]


@pytest.mark.parametrize(
    ("form", "status", "begins"),
    [
        ("gateway", 500, b'{"code":500,"data":{}'),
        ("html", 502, b"<html>"),
        ("okx", 503, b'{"code":"5'),
    ],
)
@pytest.mark.parametrize("action", ["error_before", "error_after"])
def test_errors_come_in_the_form_of_whoever_made_them(
    server: FakeOkx, action: str, form: str, status: int, begins: bytes
) -> None:
    rule = {"action": action, "path": "public/time", "form": form, "code": "50001"}
    server.set_faults([rule])
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", "/api/v5/public/time")
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    assert response.status == status
    assert body.startswith(begins)
    wanted = "text/html" if form == "html" else "application/json"
    assert (response.getheader("content-type") or "").startswith(wanted)


def test_a_chance_over_the_wire_is_the_same_chance_again(server: FakeOkx, raw: RawClient) -> None:
    def struck() -> list[bool]:
        rule = {"action": "error_before", "path": "public/time", "probability": 0.3, "seed": 11}
        server.set_faults([rule])
        return [raw.call("GET", "public/time")[0] != 200 for _ in range(30)]

    first = struck()
    assert one(server)["fired"] == sum(first) > 0
    assert struck() == first


def test_an_order_that_waits_too_long_is_not_executed(server: FakeOkx, raw: RawClient) -> None:
    # A second to arrive in: a busy machine must not make this the refusal on arrival, 50036.
    server.set_faults([{"action": "delay", "operation": "place", "ms": 2_000}])
    soon = str(int(time.time() * 1000) + 1_000)
    order = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "0.1"}
    body = raw.call("POST", "trade/order", {**order, "clOrdId": "tooslow"}, {"expTime": soon})[1]
    assert body["code"] == "50037"
    assert not known(server, "tooslow")
