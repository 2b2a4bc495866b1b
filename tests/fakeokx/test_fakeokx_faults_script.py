"""Rules fire on the calls they name, as often as they say, and count both."""

import pytest

from fakeokx.faults import ACTIONS, BadScript, Call, Script
from fakeokx.faults.pages import bent

PLACE = Call(path="trade/order", method="POST", operation="place", inst_ids=("BTC-USDT-SWAP",))
READ = Call(path="trade/order", method="GET", operation="read_order", inst_ids=("BTC-USDT-SWAP",))
POSITIONS = Call(path="account/positions", method="GET", operation="read_positions")


def counts(script: Script) -> list[tuple[int, int]]:
    return [(rule["matched"], rule["fired"]) for rule in script.report()]


def test_a_rule_fires_once_by_default_and_counts_what_it_saw() -> None:
    script = Script([{"action": "refuse", "path": "trade/order", "method": "POST"}])
    assert [script.take(call).action for call in (READ, PLACE, PLACE)] == ["", "refuse", ""]
    assert counts(script) == [(2, 1)]


@pytest.mark.parametrize(
    ("nth", "times", "wanted"),
    [(1, 1, "x...."), (3, 1, "..x.."), (2, 2, ".xx.."), (4, 0, "...xx"), (9, 1, ".....")],
)
def test_nth_and_times(nth: int, times: int, wanted: str) -> None:
    script = Script([{"action": "drop_answer", "operation": "place", "nth": nth, "times": times}])
    got = "".join("x" if script.take(PLACE).action else "." for _ in range(5))
    assert got == wanted
    assert counts(script) == [(5, wanted.count("x"))]


@pytest.mark.parametrize(
    ("rule", "fires"),
    [
        ({"instId": "BTC-USDT-SWAP"}, True),
        ({"instId": "ETH-USDT-SWAP"}, False),
        ({"operation": "cancel"}, False),
        ({"path": "/trade/order/"}, True),
        ({"method": "get"}, False),
        ({}, True),
    ],
)
def test_every_given_word_has_to_agree(rule: dict[str, str], fires: bool) -> None:
    assert bool(Script([{"action": "refuse", **rule}]).take(PLACE).action) == fires


def test_delays_add_up_and_the_first_other_action_wins() -> None:
    script = Script(
        [
            {"action": "delay", "ms": 5},
            {"action": "error_before", "ms": 10},
            {"action": "refuse"},
            {"action": "delay", "ms": 7},
        ]
    )
    fault = script.take(PLACE)
    assert (fault.delay_ms, fault.action, fault.code) == (22, "error_before", "50001")
    assert counts(script) == [(1, 1), (1, 1), (1, 0), (1, 1)]
    assert script.take(PLACE).action == "refuse"


def test_default_codes() -> None:
    assert Script([{"action": "error_after"}]).take(PLACE).code == "50004"
    fault = Script([{"action": "error_before", "code": "50013", "status": 502}]).take(PLACE)
    assert (fault.code, fault.status) == ("50013", 502)


def test_stale_positions_only_hits_positions() -> None:
    script = Script([{"action": "stale_positions"}])
    assert [script.take(call).action for call in (PLACE, READ, POSITIONS)] == ["", "", "stale"]
    assert script.needs_past


@pytest.mark.parametrize(
    "rule",
    [
        "refuse",
        {},
        {"action": "explode"},
        {"action": "refuse", "nht": 2},
        {"action": "refuse", "nth": "2"},
        {"action": "refuse", "nth": -1},
        {"action": "refuse", "times": True},
        {"action": "refuse", "path": 1},
        {"action": "delay", "ms": 600_001},
        {"action": "delay", "ms": -1},
        {"action": "truncate", "keep": -2},
        {"action": "refuse", "probability": 1.5},
        {"action": "refuse", "probability": "0.5"},
        {"action": "refuse", "seed": 0.5},
        {"action": "error_before", "form": "xml"},
        {"action": "clock_skew", "ms": 864_000_001},
    ],
)
def test_a_rule_that_cannot_be_understood_is_refused(rule: object) -> None:
    with pytest.raises(BadScript):
        Script([rule])


def strikes(rule: dict[str, object], calls: int) -> list[bool]:
    script = Script([rule])
    return [bool(script.take(PLACE).action) for _ in range(calls)]


def test_a_probability_strikes_about_as_often_as_it_says_and_the_same_calls_again() -> None:
    rule = {"action": "refuse", "probability": 0.25, "seed": 3}
    struck = strikes(rule, 2000)
    assert 400 < sum(struck) < 600
    assert strikes(rule, 2000) == struck
    assert strikes({**rule, "seed": 4}, 2000) != struck
    assert sum(strikes({**rule, "probability": 0}, 100)) == 0
    assert sum(strikes({**rule, "times": 2}, 100)) == 2


def test_maintenance_lasts_until_it_is_told_otherwise_and_spares_the_notice() -> None:
    script = Script([{"action": "maintenance"}])
    status = Call(path="system/status", method="GET", operation="read_status")
    calls = (PLACE, status, READ, PLACE)
    assert [script.take(call).action for call in calls] == [
        "maintenance", "", "maintenance", "maintenance",
    ]  # fmt: skip
    assert script.is_maintenance
    limited = Script([{"action": "maintenance", "times": 1}])
    limited.take(PLACE)
    assert not limited.is_maintenance


@pytest.mark.parametrize(
    "action", ["stale", "late_index", "index_lag", "truncate", "duplicate", "reorder"]
)
def test_what_is_for_reading_leaves_writing_alone(action: str) -> None:
    script = Script([{"action": action, "times": 0}])
    assert [bool(script.take(call).action) for call in (PLACE, READ)] == [False, True]


def test_orders_are_rejected_and_nothing_else_is() -> None:
    script = Script([{"action": "reject", "times": 0}])
    assert [bool(script.take(call).action) for call in (READ, POSITIONS, PLACE)] == [0, 0, 1]


PUSH = Call(path="orders", method="WS", operation="push")


def test_pushes_are_struck_by_rules_for_pushes_only() -> None:
    for action in ACTIONS:
        hit = Script([{"action": action, "times": 0, "ms": 1}]).take(PUSH)
        assert bool(hit.action or hit.delay_ms) == action.startswith("ws_"), action
    held_up = Script([{"action": "delay", "operation": "push", "ms": 7}])
    assert (held_up.take(PLACE).delay_ms, held_up.take(PUSH).delay_ms) == (0, 7)


def page(action: str, **fields: int) -> list[str]:
    rows = [{"ordId": str(n), "cTime": str(n)} for n in range(6, 0, -1)]
    fault = Script([{"action": action, **fields}]).take(READ)
    return [row["ordId"] for row in bent(rows, fault, now_ms=7)]


def test_pages_are_bent_as_said() -> None:
    assert page("truncate") == ["6", "5", "4"]
    assert page("truncate", keep=1) == ["6"]
    assert page("duplicate") == [n for n in "654321" for _ in range(2)]
    assert page("late_index", ms=3) == ["3", "2", "1"]
    assert page("empty") == []
    assert page("delay", ms=1) == list("654321")


@pytest.mark.parametrize("seed", range(20))
def test_another_order_is_another_order_of_the_same_rows(seed: int) -> None:
    got = page("reorder", seed=seed)
    assert got != list("654321")
    assert sorted(got, reverse=True) == list("654321")
    assert page("reorder", seed=seed) == got


def test_two_rows_always_swap() -> None:
    for seed in range(20):
        fault = Script([{"action": "reorder", "seed": seed}]).take(READ)
        assert bent([1, 2], fault, now_ms=0) == [2, 1]
        assert bent([1], fault, now_ms=0) == [1]


def test_a_report_can_be_loaded_again_and_starts_at_zero() -> None:
    script = Script([{"action": action} for action in ACTIONS])
    script.take(POSITIONS)
    again = Script(script.report())
    assert counts(again) == [(0, 0)] * len(ACTIONS)
