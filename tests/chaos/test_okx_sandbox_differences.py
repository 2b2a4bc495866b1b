"""The check of OKX demo trading: what is a difference, and what a fault leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sandboxkit import BTC, MODES, client_of, nothing_left, run, unknown

from chaos.sandbox.check import run_sandbox
from chaos.sandbox.differences import Difference, Line, differences, read_back, reference
from chaos.sandbox.shape import Names, shape_of, shapes_of
from prometheus_persist.clock import SystemClock, SystemIds
from prometheus_persist.errors import BadConfig

fakeokx = pytest.importorskip("fakeokx")


@pytest.fixture(scope="module")
def houses() -> Iterator[dict[str, Any]]:
    """One exchange of each mode for many tests: a check that takes all back leaves it as it was."""
    with ExitStack() as running:
        yield {mode: running.enter_context(fakeokx.launch(pos_mode=mode)) for mode in MODES}


@pytest.fixture
def shared(houses: dict[str, Any], request: Any) -> Iterator[Any]:
    """That exchange as it behaves by default, without an order, a stop or a position."""
    running = houses[request.param]
    default = running.switches()
    assert nothing_left(running)
    yield running
    running.set_faults([])
    for name, value in default.items():
        running.set_switch(name, value)


# A difference shows


SWITCHED = [
    ("net_mode", "msg.place_ok", "", {"limit.place", "market.place", "close.place"}, "sMsg"),
    ("net_mode", "msg.all_failed", "Operation failed.", {"limit.cancel_again"}, "msg"),
    ("net_mode", "order.cancel_dead_top_code", "0", {"limit.cancel_again"}, "code"),
    ("net_mode", "order.rest_ccy", "",
     {"limit.look_up", "limit.pending", "limit.canceled", "limit.history", "market.look_up",
      "close.look_up", "close.orders", "close.orders_archive"}, "ccy"),
    ("net_mode", "bill.net_subtype", "open_close",
     {"market.fills", "market.fills_history", "market.bill", "close.fills", "close.bill",
      "close.bill_archive"}, "subType"),
    ("net_mode", "algo.fail_code_idle", "0_1",
     {"stop.look_up", "stop.pending"}, "failCode"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("shared", "switch", "value", "steps", "field"), SWITCHED, indirect=["shared"]
)
def test_an_exchange_that_answers_otherwise_is_told_field_by_field(
    shared: Any, switch: str, value: str, steps: set[str], field: str, request: Any
) -> None:
    shared.set_switch(switch, value)
    lines = run(shared)
    assert nothing_left(shared)
    found = unknown(reference(request.node.callspec.params["shared"]), lines)
    assert {one.step for one in found} == steps
    assert field in {one.place.rpartition(".")[2] for one in found}
    assert lines[-1]["did"] == []


FAULTS = [
    *[
        pytest.param({"action": action, "operation": "place", "nth": nth}, id=f"{action} {nth}")
        for action in ("drop_answer", "error_after", "cut_body", "error_before", "reject")
        for nth in (1, 2, 3)
    ],
    *[
        pytest.param({"action": action, "operation": operation}, id=f"{action} {operation}")
        for action in ("drop_answer", "error_after", "error_before", "empty")
        for operation in ("place_algo", "cancel_algo", "cancel")
    ],
    pytest.param({"action": "error_before", "operation": "read_order", "times": 8}, id="no order"),
    pytest.param({"action": "stale_positions", "times": 0}, id="old positions"),
    pytest.param({"action": "empty", "operation": "read_fills", "nth": 3, "times": 0}, id="fills"),
]


@pytest.mark.parametrize("rule", FAULTS)
@pytest.mark.parametrize("shared", MODES, indirect=True)
def test_a_fault_is_red_and_nothing_is_left_of_it(
    shared: Any, rule: dict[str, Any], request: Any
) -> None:
    shared.set_faults([rule])
    lines = run(shared)
    assert shared.faults()[0]["fired"] > 0
    assert unknown(reference(request.node.callspec.params["shared"]), lines)
    assert lines[-1]["step"] == "cleanup"
    assert lines[-1]["left"] == []
    assert nothing_left(shared)


def test_a_lost_answer_to_the_close_is_looked_up_before_anything_is_sent_again(venue: Any) -> None:
    venue.set_faults([{"action": "drop_answer", "operation": "place", "nth": 3}])
    lines = run(venue)
    assert next(line for line in lines if line["step"] == "close.place")["code"] == "no answer"
    assert lines[-1]["did"] == []
    assert [row["side"] for row in venue.truth()["fills"]] == ["buy", "sell"]


def test_an_order_that_shows_late_is_waited_for_before_it_is_believed_absent(venue: Any) -> None:
    venue.set_faults(
        [
            {"action": "drop_answer", "operation": "place", "nth": 2},
            {"action": "late_index", "operation": "read_order", "ms": 1_500, "times": 0},
        ]
    )
    lines = run_sandbox(client_of(venue), SystemClock(), SystemIds())
    assert [rule["fired"] > 0 for rule in venue.faults()] == [True, True]
    assert lines[-1]["left"] == []
    assert f"closed 0.01 contracts of {BTC}" in lines[-1]["did"]
    assert nothing_left(venue)


def test_only_what_was_opened_is_closed(venue: Any) -> None:
    """Somebody buys on the same instrument meanwhile: theirs stays."""

    def meanwhile(line: Line) -> None:
        if line["step"] == "market.place":
            venue.trade_by_hand(BTC, "buy", "2")

    venue.set_faults([{"action": "drop_answer", "operation": "place", "nth": 2}])
    lines = run(venue, meanwhile)
    assert lines[-1]["did"] == [f"closed 0.01 contracts of {BTC}"]
    assert [row["pos"] for row in venue.truth()["positions"]] == ["2"]


def test_what_cannot_be_made_sure_of_is_left_to_a_human_and_not_guessed(venue: Any) -> None:
    told: list[Line] = []

    def go_deaf(line: Line) -> None:
        told.append(line)
        if line["step"] == "market.place":
            venue.set_faults([{"action": "error_before", "operation": "read_order", "times": 0}])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(venue, go_deaf)
    left = told[-1]["left"]
    assert len(left) == 2
    assert all("trade/order answered 50001" in each for each in left)
    assert [row["side"] for row in venue.truth()["fills"]] == ["buy"]


@pytest.mark.parametrize(
    "step", ["limit.place", "limit.pending", "market.place", "stop.place", "close.place"]
)
@pytest.mark.parametrize("shared", MODES, indirect=True)
def test_ctrl_c_takes_everything_back(shared: Any, step: str) -> None:
    told: list[Line] = []

    def tell(line: Line) -> None:
        told.append(line)
        if line["step"] == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(shared, tell)
    assert [line["step"] for line in told[-2:]] == [step, "cleanup"]
    assert told[-1]["left"] == []
    assert bool(told[-1]["did"]) == (step != "close.place")
    assert nothing_left(shared)


# Shapes and differences


def test_each_value_is_its_class() -> None:
    row = {
        "px": "1.5", "a": "", "ts": "1795697356807", "inTime": "1795697356807123", "uid": "4" * 18,
        "state": "live", "instFamily": "BTC-USDT", "flag": True, "code": 3, "none": None,
        "list": [], "fee": "-0.01", "sz": "2", "accFillSz": "0.00", "liqPx": "", "mgnRatio": "9",
        "details": [{"eq": "1"}, {"eq": "2"}, {"eq": ""}],
    }  # fmt: skip
    assert shape_of(row, Names()) == {
        "px": "decimal", "a": "empty", "ts": "unix-ms", "inTime": "unix-us", "uid": "integer-id",
        "state": "live", "instFamily": "text", "flag": "bool", "code": "int", "none": "null",
        "list": "empty list", "fee": "decimal<0", "sz": "decimal>0", "accFillSz": "decimal=0",
        "liqPx": "decimal or empty", "mgnRatio": "decimal or empty",
        "details": [{"eq": "decimal"}, {"eq": "empty"}],
    }  # fmt: skip


def test_an_id_has_one_name_wherever_it_comes_back() -> None:
    names = Names("BTC-USDT-SWAP")
    names.give("cl", "abc00001", "cl.limit")
    rows = [{"ordId": "9", "clOrdId": "abc00001"}, {"ordId": "8", "clOrdId": "strange"}]
    first = [shape_of(row, names) for row in rows]
    assert [row["ordId"] for row in first] == ["ord1", "ord2"]
    assert [row["clOrdId"] for row in first] == ["cl.limit", "cl2"]
    assert shape_of({"ordId": "9", "tradeId": "9", "instId": "BTC-USDT-SWAP"}, names) == {
        "instId": "the instrument", "ordId": "ord1", "tradeId": "trade1",
    }  # fmt: skip
    assert names.in_text("order abc00001 of 12.5 on BTC-USDT-SWAP ") == (
        "order cl.limit of #.# on the instrument"
    )


def test_neither_order_nor_number_of_rows_matters() -> None:
    rows = [{"px": "1"}, {"px": ""}, {"px": "2"}]
    assert shapes_of(rows, Names()) == shapes_of([*rows[::-1], *rows], Names())


def test_each_kind_of_difference_is_told_once_at_its_place() -> None:
    row = {"sCode": "0", "px": "decimal", "tag": "our tag"}
    expected = [
        {"step": "a", "code": "0", "rows": [row]},
        {"step": "b", "code": "0"},
        {"step": "c", "code": "0", "rows": [row]},
    ]
    found = [
        {"step": "a", "code": "1", "rows": [{"sCode": "51000", "px": "empty", "new": "text"}]},
        {"step": "c", "code": "0", "rows": []},
        {"step": "d", "code": "0"},
    ]
    whole = json.dumps(row)[:59] + "…"
    assert differences(expected, found) == [
        Difference("a", "code", "code", "0", "1"),
        Difference("a", "extra", "rows[0].new", "", "text"),
        Difference("a", "class", "rows[0].px", "decimal", "empty"),
        Difference("a", "code", "rows[0].sCode", "0", "51000"),
        Difference("a", "missing", "rows[0].tag", "our tag", ""),
        Difference("b", "missing_step"),
        Difference("c", "missing", "rows[0]", whole if len(json.dumps(row)) > 60 else
                   json.dumps(row), ""),
        Difference("d", "extra_step"),
    ]  # fmt: skip
    assert differences(expected, expected) == []


@pytest.mark.parametrize("text", ["{", "[1]", '{"ask": "GET"}'])
def test_something_else_is_no_transcript(text: str) -> None:
    with pytest.raises(BadConfig, match="no transcript"):
        read_back(text)
