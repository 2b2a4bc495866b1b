"""What the exchange's answer about one order of ours proves, and by which clock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ccxt
import pytest
from exchange_script import (
    BTC,
    HOUR_MS,
    INSTRUMENT,
    NOW,
    Clock,
    Script,
    fill,
    intent,
    order,
)

from prometheus_persist.exchange import OkxReader, ViewRequest
from prometheus_persist.exchange.okx.order_lookup import CONTRACT_FRESH_S, DAY_MS
from prometheus_persist.reconcile.views import SOURCES, IntentLookup
from prometheus_persist.state import OrderIntent, contracts

NAME = "As0id000010000001"
LAG = 25_000


class Ahead(Clock):
    """A machine whose clock is wrong."""

    def __init__(self, ahead_ms: int) -> None:
        super().__init__()
        self.ahead_ms = ahead_ms

    def now_ms(self) -> int:
        return NOW + self.ahead_ms + round(self.monotonic_s() * 1000)


def looked(script: Script, *intents: OrderIntent, clock: Clock | None = None,
           **fields: Any) -> tuple[IntentLookup, ...]:  # fmt: skip
    asked = {"since_ms": NOW - HOUR_MS, "now_ms": NOW, "intents": intents, **fields}
    view = OkxReader(script, clock or Clock()).read_view(ViewRequest(**asked))
    assert view.complete(*SOURCES), view.problems()
    lookups: tuple[IntentLookup, ...] = view.lookups
    return lookups


def timed(until_ms: int, **fields: Any) -> OrderIntent:
    return intent(HOUR_MS, **fields).model_copy(update={"valid_until_ms": until_ms})


def test_a_question_that_fails_fails_for_its_order_only() -> None:
    other = intent(HOUR_MS).model_copy(update={"cl_ord_id": "other"})

    def answer(params: dict[str, str]) -> Any:
        if params["clOrdId"] == NAME:
            return ccxt.RequestTimeout("slow")
        return [order(5, clOrdId="other")]

    failed, found = looked(Script(trade__order=answer), intent(HOUR_MS), other)
    assert (failed.found, failed.wait_ms, failed.forgotten) == (None, 0, False)
    assert "RequestTimeout" in failed.problem
    assert (found.found, found.problem) == (True, "")


# The contract


def test_a_settlement_asks_for_the_contract_once_in_a_while_and_a_recovery_always() -> None:
    """Order and fills each time; what it is booked with is never older than the limit."""
    script, clock = Script(trade__order=[order(1, clOrdId=NAME)], trade__fills=[fill(1)]), Clock()
    reader = OkxReader(script, clock)

    def settled() -> list[str]:
        script.asked.clear()
        seen = reader.read_order(intent(HOUR_MS), NOW)
        assert seen.complete
        assert seen.instrument is not None
        assert seen.instrument.ct_val == Decimal(script.answers["public/instruments"][0]["ctVal"])
        return [endpoint for endpoint, _ in script.asked]

    whole = ["trade/order", "public/instruments", "trade/fills"]
    kept = ["trade/order", "trade/fills"]
    assert settled() == whole
    assert settled() == kept
    clock.sleep(CONTRACT_FRESH_S - 0.01)
    assert settled() == kept
    clock.sleep(0.01)
    script.answers["public/instruments"] = [INSTRUMENT | {"ctVal": "0.1"}]
    assert settled() == whole
    script.answers["public/instruments"] = [INSTRUMENT | {"ctVal": "0.001"}]
    reader.read_view(ViewRequest(since_ms=NOW - HOUR_MS, now_ms=NOW))
    assert settled() == whole
    assert settled() == kept


def test_no_such_order_of_a_contract_that_was_listed_a_moment_ago_proves_nothing() -> None:
    """Rule 4 is about now: what is remembered of the contract does not answer it."""
    script = Script(trade__order=[order(1, clOrdId=NAME)], trade__fills=[fill(1)])
    reader = OkxReader(script, Clock())
    assert reader.read_order(intent(HOUR_MS), NOW).complete
    script.answers |= {"trade/order": ccxt.OrderNotFound("51603"), "public/instruments": []}
    seen = reader.read_order(intent(HOUR_MS), NOW)
    assert (seen.lookup.found, seen.lookup.unlisted) == (None, True)


# Waiting


def test_an_order_that_may_be_on_its_way_is_waited_for_and_no_longer() -> None:
    (lookup,) = looked(Script(), intent(HOUR_MS), waits_ms={NAME: 1_500})
    assert (lookup.found, lookup.wait_ms, lookup.forgotten) == (None, 1_500, False)
    assert lookup.problem
    (lookup,) = looked(Script(), intent(HOUR_MS), waits_ms={NAME: 0, "another": 9_000})
    assert (lookup.found, lookup.wait_ms) == (False, 0)


def test_an_order_is_looked_up_before_it_is_waited_for() -> None:
    script = Script(trade__order=[order(5, clOrdId=NAME)])
    (lookup,) = looked(script, timed(NOW + 9_000), waits_ms={NAME: 9_000})
    assert (lookup.found, lookup.wait_ms) == (True, 0)


@pytest.mark.parametrize("ahead_ms", [0, 26 * HOUR_MS, -26 * HOUR_MS])
@pytest.mark.parametrize(
    ("until_ms", "wait_ms", "found", "forgotten"),
    [
        (NOW + 4_000, 4_000 + LAG, None, False),
        (NOW - LAG + 1, 1, None, False),
        (NOW - LAG, 0, False, False),
        (NOW - HOUR_MS, 0, False, False),
        (NOW - 2 * HOUR_MS, 0, None, True),
    ],
)
def test_an_orders_own_end_proves_by_the_exchanges_clock_whatever_ours_says(
    until_ms: int, wait_ms: int, found: bool | None, forgotten: bool, ahead_ms: int
) -> None:
    (lookup,) = looked(
        Script(), timed(until_ms), clock=Ahead(ahead_ms), now_ms=NOW + ahead_ms,
        waits_ms={NAME: 999_999}, index_lag_ms=LAG,
    )  # fmt: skip
    assert (lookup.found, lookup.wait_ms, lookup.forgotten) == (found, wait_ms, forgotten)
    assert bool(lookup.problem) == (found is None)


def test_an_algo_order_has_no_end_of_its_own() -> None:
    (lookup,) = looked(Script(), timed(NOW - 60_000, kind="algo"), waits_ms={NAME: 700})
    assert (lookup.found, lookup.wait_ms) == (None, 700)


def test_an_age_below_zero_proves_nothing() -> None:
    (lookup,) = looked(Script(), intent(-26 * HOUR_MS))
    assert (lookup.found, lookup.forgotten, lookup.wait_ms) == (None, True, 0)


def test_one_order_by_its_own_end_is_asked_with_the_exchanges_time() -> None:
    script, ours = Script(), timed(NOW - 1)
    one = OkxReader(script, Ahead(26 * HOUR_MS)).read_order(ours, NOW + 26 * HOUR_MS)
    assert (one.complete, one.lookup.found) == (True, False)
    one = OkxReader(script, Clock()).read_order(timed(NOW + 5), NOW)
    assert (one.complete, one.lookup.found, one.lookup.wait_ms) == (True, None, 5)
    script.answers["public/time"] = ccxt.NetworkError("reset")
    one = OkxReader(script, Clock()).read_order(ours, NOW)
    assert (one.complete, one.lookup.found) == (False, None)


# Clocks


class Slow(Script):
    """Every answer takes two seconds."""

    def __init__(self, clock: Clock, **answers: Any) -> None:
        super().__init__(**answers)
        self._clock = clock

    def __getattr__(self, method: str) -> Any:
        ask = super().__getattr__(method)

        def later(params: dict[str, str]) -> Any:
            self._clock.sleep(2)
            return ask(params)

        return later


@pytest.mark.parametrize("ahead_ms", [0, 26 * HOUR_MS, -9_000])
def test_the_offset_of_our_clock_is_measured_at_the_middle_of_the_question(ahead_ms: int) -> None:
    clock = Ahead(ahead_ms - 1_000)
    view = OkxReader(Slow(clock), clock).read_view(ViewRequest(since_ms=NOW, now_ms=NOW))
    assert view.offset_ms == -ahead_ms


def algo(number: int, created_ms: int, **fields: Any) -> dict[str, Any]:
    return {
        "instId": BTC, "algoId": str(number), "algoClOrdId": NAME, "tag": "", "side": "sell",
        "posSide": "net", "tdMode": "cross", "ordType": "conditional", "state": "effective",
        "ordId": "7", "sz": "2", "slTriggerPx": "90", "cTime": str(created_ms), **fields,
    }  # fmt: skip


def test_fired_algo_orders_are_walked_back_to_the_exchanges_own_time_of_ours() -> None:
    """The order was sent by a clock that was 26 hours ahead; the window starts after it."""
    rows = [algo(1_000 - n, NOW - n * HOUR_MS, algoClOrdId="") for n in range(500)]
    ours = algo(850, NOW - 150 * HOUR_MS)

    def page(params: dict[str, str]) -> list[dict[str, str]]:
        if params["ordType"] != "conditional,oco":
            return []
        after = int(params.get("after", "9999"))
        return [row for row in rows if int(row["algoId"]) < after][:100]

    script = Script(trade__orders_algo_history=page, trade__order_algo=[ours],
                    trade__order=[order(7)])  # fmt: skip
    asked = ViewRequest(NOW - HOUR_MS, NOW, (intent(-26 * HOUR_MS, kind="algo"),))
    view = OkxReader(script, Clock()).read_view(asked)
    assert "850" in {one.algo_id for one in view.algo_orders}


def test_executions_are_looked_for_from_the_exchanges_own_time_of_the_order() -> None:
    """Sent by a clock 26 hours ahead, five days ago: only the archive has its executions."""
    old = NOW - 5 * DAY_MS
    row = order(5, clOrdId=NAME, sz="2", accFillSz="2", cTime=str(old), uTime=str(old))
    rows = [fill(2, ordId="5", ts=str(old)), fill(1, ordId="5", ts=str(old))]
    script = Script(trade__order=[row], trade__fills_history=rows)
    ours = intent(5 * DAY_MS - 26 * HOUR_MS)
    one = OkxReader(script, Ahead(-4 * DAY_MS)).read_order(ours, NOW - 4 * DAY_MS)
    assert (one.complete, len(one.fills)) == (True, 2)


@pytest.mark.parametrize(("booked", "due"), [(0, {"1", "2"}), (1, {"1", "2"}), (2, set())])
def test_what_an_order_executed_beyond_the_window_is_read_until_it_is_booked(
    booked: int, due: set[str]
) -> None:
    """It came late, and the window has passed it: the order's own word says that it is missing."""
    old = str(NOW - 5 * HOUR_MS)
    row = order(5, clOrdId=NAME, sz="2", accFillSz="2", cTime=old, uTime=old)
    rows = [fill(2, ordId="5", ts=old), fill(1, ordId="5", ts=old)]
    asked: list[dict[str, str]] = []

    def told(params: dict[str, str]) -> list[dict[str, str]]:
        asked.append(params)
        return rows if params.get("ordId") == "5" else []

    script = Script(trade__order=[row], trade__fills=told)
    ours = intent(5 * HOUR_MS).model_copy(update={"booked_contracts": contracts(booked)})
    view = OkxReader(script, Clock()).read_view(ViewRequest(NOW - HOUR_MS, NOW, (ours,)))
    assert {one.trade_id for one in view.fills} == due
    assert any("ordId" in params for params in asked) is bool(due)
    assert view.complete(*SOURCES)


# Algo orders that fired


def children(*rows: dict[str, str], gone: str = "51603") -> Any:
    known = {row["ordId"]: row for row in rows}

    def answer(params: dict[str, str]) -> Any:
        row = known.get(params["ordId"])
        if row:
            return [row]
        text = '{"code":"' + gone + '"}'
        return ccxt.OrderNotFound(text) if gone == "51603" else ccxt.BadSymbol(text)

    return answer


def fired(*rows: dict[str, str], gone: str = "51603", **fields: Any) -> IntentLookup:
    told = children(*rows, gone=gone)
    script = Script(trade__order_algo=[algo(1, NOW, **fields)], trade__order=told)
    (lookup,) = looked(script, intent(HOUR_MS, kind="algo"))
    return lookup


def test_a_fired_algo_order_is_what_its_child_is() -> None:
    lookup = fired(order(7, state="filled", sz="2", accFillSz="2"))
    assert (lookup.found, lookup.state, lookup.ord_id) == (True, "effective", "1")
    assert (lookup.child_ord_id, lookup.child_state) == ("7", "filled")
    assert lookup.filled_contracts == contracts(2)
    lookup = fired(order(7, state="live", sz="2", accFillSz="0"))
    assert (lookup.child_state, lookup.filled_contracts) == ("live", contracts(0))


@pytest.mark.parametrize("gone", ["51603", "51001"])
def test_a_child_that_is_not_told_any_more_has_no_state(gone: str) -> None:
    lookup = fired(gone=gone)
    assert (lookup.found, lookup.child_ord_id, lookup.child_state) == (True, "7", "")
    assert lookup.filled_contracts is None


def test_a_child_that_cannot_be_asked_for_leaves_the_question_open() -> None:
    script = Script(trade__order_algo=[algo(1, NOW)], trade__order=ccxt.RequestTimeout("slow"))
    (lookup,) = looked(script, intent(HOUR_MS, kind="algo"))
    assert lookup.found is None
    assert "RequestTimeout" in lookup.problem
    script = Script(trade__order_algo=[algo(1, NOW)], trade__order=[order(8)])
    (lookup,) = looked(script, intent(HOUR_MS, kind="algo"))
    assert "another order" in lookup.problem


def test_an_algo_order_that_waits_has_no_child() -> None:
    script = Script(trade__order_algo=[algo(1, NOW, state="live", ordId="")])
    (lookup,) = looked(script, intent(HOUR_MS, kind="algo"))
    assert (lookup.state, lookup.child_ord_id, lookup.filled_contracts) == ("live", "", None)
    assert "trade/order" not in {endpoint for endpoint, _ in script.asked}


@pytest.mark.parametrize(
    ("states", "state", "filled"),
    [
        (("filled", "filled"), "filled", 2),
        (("filled", "live"), "live", 2),
        (("filled", ""), "", None),
    ],
)
def test_an_algo_order_that_was_split_is_all_of_its_children(
    states: tuple[str, str], state: str, filled: int | None
) -> None:
    rows = [order(7 + n, state=each) for n, each in enumerate(states) if each]
    lookup = fired(*rows, ordId="7", ordIdList=["7", "8"])
    assert (lookup.child_ord_id, lookup.child_state) == ("7", state)
    assert lookup.filled_contracts == (None if filled is None else contracts(filled))


def test_a_fired_algo_order_is_read_with_the_executions_of_every_child() -> None:
    by_order = {"7": fill(1, ordId="7"), "8": fill(2, ordId="8")}
    script = Script(
        trade__order_algo=[algo(1, NOW, ordIdList=["7", "8"])],
        trade__order=children(order(7), order(8)),
        trade__fills=lambda params: [by_order[params["ordId"]]],
    )
    one = OkxReader(script, Clock()).read_order(intent(HOUR_MS, kind="algo"), NOW)
    assert (one.complete, one.lookup.child_ord_id, one.lookup.child_state) == (True, "7", "filled")
    assert {each.ord_id for each in one.fills} == {"7", "8"}
    assert one.lookup.filled_contracts == contracts(2)
