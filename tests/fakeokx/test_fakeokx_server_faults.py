"""Faults over a real port: what the client sees, what the venue did, and what was counted."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakeokx_tools import BTC, RawClient

from fakeokx import ControlRefused, FakeOkx

ccxt = pytest.importorskip("ccxt")
SYMBOL = "BTC/USDT:USDT"


@pytest.fixture(scope="module")
def market(server: FakeOkx, ccxt_of: Callable[..., Any]) -> Any:
    client = ccxt_of(server)
    client.load_markets()
    return client


@pytest.fixture(autouse=True)
def _no_faults_afterwards(server: FakeOkx) -> Iterator[None]:
    yield
    server.set_faults([])


def buy(market: Any, name: str) -> Any:
    return market.create_order(SYMBOL, "market", "buy", 0.1, None, {"clOrdId": name})


def at_venue(server: FakeOkx, name: str) -> list[dict[str, Any]]:
    return [row for row in server.truth()["orders"] if row["clOrdId"] == name]


def fired(server: FakeOkx) -> list[int]:
    return [rule["fired"] for rule in server.faults()]


def test_a_dropped_answer_is_an_error_to_the_client_and_an_order_at_the_venue(
    server: FakeOkx, market: Any
) -> None:
    server.set_faults([{"action": "drop_answer", "operation": "place"}])
    with pytest.raises(ccxt.NetworkError):
        buy(market, "dropped")
    assert fired(server) == [1]
    found = market.fetch_order(None, SYMBOL, {"clOrdId": "dropped"})
    assert (found["status"], found["clientOrderId"]) == ("closed", "dropped")
    assert len(at_venue(server, "dropped")) == 1


def test_a_refused_connection_executes_nothing(server: FakeOkx, market: Any) -> None:
    server.set_faults([{"action": "refuse", "path": "trade/batch-orders", "nth": 2}])
    buy(market, "first")
    with pytest.raises(ccxt.NetworkError):
        buy(market, "second")
    assert fired(server) == [1]
    assert (len(at_venue(server, "first")), at_venue(server, "second")) == (1, [])
    with pytest.raises(ccxt.OrderNotFound):
        market.fetch_order(None, SYMBOL, {"clOrdId": "second"})


def test_an_error_before_executes_nothing(server: FakeOkx, market: Any) -> None:
    server.set_faults([{"action": "error_before", "operation": "place", "instId": BTC}])
    with pytest.raises(ccxt.OnMaintenance):
        buy(market, "before")
    assert fired(server) == [1]
    assert at_venue(server, "before") == []


def test_an_error_after_executes_and_says_timeout(server: FakeOkx, market: Any) -> None:
    server.set_faults([{"action": "error_after", "operation": "place"}])
    with pytest.raises(ccxt.RequestTimeout):
        buy(market, "after")
    assert fired(server) == [1]
    assert len(at_venue(server, "after")) == 1


def test_a_delay_delays(server: FakeOkx, market: Any) -> None:
    server.set_faults([{"action": "delay", "operation": "read_balance", "ms": 300}])
    start = time.monotonic()
    market.fetch_balance()
    assert time.monotonic() - start >= 0.3
    assert fired(server) == [1]


def test_empty_answers_and_stale_positions(server: FakeOkx, market: Any) -> None:
    buy(market, "stale1")
    (before,) = market.fetch_positions([SYMBOL])
    server.set_faults(
        [
            {"action": "stale_positions", "path": "account/positions"},
            {"action": "empty", "path": "account/positions"},
        ]
    )
    buy(market, "stale2")
    (stale,) = market.fetch_positions([SYMBOL])
    assert stale["contracts"] == before["contracts"]
    assert market.fetch_positions([SYMBOL]) == []
    (now,) = market.fetch_positions([SYMBOL])
    assert now["contracts"] == pytest.approx(before["contracts"] + 0.1)
    assert fired(server) == [1, 1]


def test_a_delayed_request_does_not_hold_up_others(server: FakeOkx) -> None:
    eth = "ETH-USDT-SWAP"
    server.set_faults([{"action": "delay", "instId": eth, "ms": 5000}])
    answered: list[Any] = []

    def ask() -> None:
        answered.append(RawClient(server.url).call("GET", f"account/positions?instId={eth}"))

    slow = threading.Thread(target=ask, daemon=True)
    slow.start()
    while fired(server) != [1]:
        time.sleep(0.01)
    RawClient(server.url).call("GET", f"account/positions?instId={BTC}")
    assert not answered
    slow.join(60)
    assert len(answered) == 1


def test_a_script_that_cannot_be_understood_leaves_the_old_one(server: FakeOkx) -> None:
    server.set_faults([{"action": "refuse", "path": "trade/fills"}])
    with pytest.raises(ControlRefused, match="explode"):
        server.set_faults([{"action": "explode"}])
    assert [rule["path"] for rule in server.faults()] == ["trade/fills"]


def test_a_rule_that_never_fired_says_so(server: FakeOkx, market: Any) -> None:
    server.set_faults([{"action": "refuse", "path": "trade/fills", "nth": 3}])
    RawClient(server.url).call("GET", "trade/fills")
    assert [(rule["matched"], rule["fired"]) for rule in server.faults()] == [(1, 0)]
