"""One order, asked for through the real ccxt client: found, gone, or not known."""

from __future__ import annotations

from typing import Any

import pytest
from exchange_account import market, stop, trader, venue_now_ms, whole_view
from exchange_account import reader as hurried
from reconcile_world import BTC

from prometheus_persist.exchange import ViewRequest
from prometheus_persist.state import OrderIntent, contracts


def settled_order(exchange: Any, **fields: Any) -> Any:
    one = OrderIntent(
        cl_ord_id="mine1", agent_id="A", inst_id=BTC, mgn_mode="cross", pos_side="net",
        side="buy", qty_contracts=contracts(2), created_ms=venue_now_ms(exchange) - 5_000,
    ).model_copy(update=fields)  # fmt: skip
    return hurried(exchange.url).read_order(one, venue_now_ms(exchange))


UNANSWERED = (
    {"action": "refuse"}, {"action": "drop_answer"}, {"action": "rate_limit"},
    {"action": "cut_body"}, {"action": "error_after", "code": "50004"},
    {"action": "error_before", "code": "50026"}, {"action": "error_before", "form": "html"},
    {"action": "error_before", "form": "gateway"}, {"action": "empty"}, {"action": "maintenance"},
)  # fmt: skip


@pytest.mark.parametrize("rule", UNANSWERED, ids=lambda rule: "-".join(rule.values()))
def test_an_order_that_is_not_answered_for_is_not_gone(exchange: Any, rule: dict[str, str]) -> None:
    market(trader(exchange.url), "buy", "2", clOrdId="mine1")
    exchange.set_faults([{"path": "trade/order", "method": "GET", "times": 0, **rule}])
    seen = settled_order(exchange)
    assert not seen.complete
    assert seen.lookup.found is None
    assert not seen.lookup.forgotten
    assert seen.lookup.problem


@pytest.mark.parametrize("action", ["truncate", "empty", "duplicate", "reorder", "refuse"])
@pytest.mark.parametrize("path", ["trade/order", "trade/fills", "public/instruments"])
def test_an_order_is_read_whole_when_a_page_is_wrong_once(
    exchange: Any, path: str, action: str
) -> None:
    client = trader(exchange.url)
    exchange.book(BTC, asks=[("50000", "0.5"), ("50001", "0.5"), ("50002", "5")])
    market(client, "buy", "2", clOrdId="mine1")
    exchange.set_faults([{"path": path, "method": "GET", "action": action, "times": 1}])
    seen = settled_order(exchange)
    assert exchange.faults()[0]["fired"] == 1
    assert seen.complete
    assert len(seen.fills) == 3


def test_no_such_order_counts_when_it_was_said_twice(exchange: Any) -> None:
    market(trader(exchange.url), "buy", "2", clOrdId="mine1")
    rule = {"path": "trade/order", "method": "GET", "action": "error_before", "code": "51603"}
    exchange.set_faults([rule | {"times": 1}])
    seen = settled_order(exchange)
    assert exchange.faults()[0]["fired"] == 1
    assert (seen.complete, seen.lookup.found) == (True, True)
    exchange.set_faults([rule | {"times": 0}])
    assert settled_order(exchange).lookup.found is False


def test_a_stop_that_fired_has_the_fills_of_its_child(exchange: Any) -> None:
    client = trader(exchange.url)
    market(client, "buy", "3")
    stop(client, "stop1", sz="3", slTriggerPx="49000")
    waiting = settled_order(exchange, cl_ord_id="stop1", kind="algo")
    assert (waiting.complete, waiting.lookup.state, waiting.fills) == (True, "live", ())
    exchange.price(BTC, "48000")
    seen = settled_order(exchange, cl_ord_id="stop1", kind="algo")
    assert (seen.complete, seen.lookup.state) == (True, "effective")
    assert sum(fill.qty_contracts.value for fill in seen.fills) == 3
    exchange.set_faults([{"path": "trade/fills", "action": "empty", "times": 0, "method": "GET"}])
    assert not settled_order(exchange, cl_ord_id="stop1", kind="algo").complete


def test_a_lookup_that_was_late_is_found_at_the_end_of_the_view(exchange: Any) -> None:
    market(trader(exchange.url), "buy", "2", clOrdId="mine1")
    now = venue_now_ms(exchange)
    one = OrderIntent(
        cl_ord_id="mine1", agent_id="A", inst_id=BTC, mgn_mode="cross", pos_side="net",
        side="buy", qty_contracts=contracts(2), created_ms=now - 10_000,
    )  # fmt: skip
    rule = {"path": "trade/order", "method": "GET", "action": "error_before", "code": "51603"}
    exchange.set_faults([rule | {"times": 1}])
    view = whole_view(exchange, now - 60_000, intents=(one,))
    assert exchange.faults()[0]["fired"] == 1
    assert [lookup.found for lookup in view.lookups] == [True]


@pytest.mark.parametrize("path", ["trade/fills", "account/bills", "trade/orders-history"])
def test_what_takes_too_long_is_not_read(exchange: Any, path: str) -> None:
    market(trader(exchange.url), "buy", "2")
    exchange.set_faults([{"path": path, "action": "delay", "ms": 700, "times": 0}])
    now = venue_now_ms(exchange)
    view = hurried(exchange.url).read_view(ViewRequest(since_ms=now - 9_000, now_ms=now,
                                                       budget_s=1.0))  # fmt: skip
    problems = {status.name: status.problem for status in view.problems()}
    assert "not read within 1 s" in problems.values()
    name = {"trade/fills": "fills", "account/bills": "bills"}.get(path, "orders_history")
    assert not view.complete(name)
    assert not getattr(view, {"orders_history": "orders"}.get(name, name))
