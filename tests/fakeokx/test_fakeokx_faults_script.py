"""Rules fire on the calls they name, as often as they say, and count both."""

import pytest

from fakeokx.faults import ACTIONS, BadScript, Call, Script

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
    assert [script.take(call).action for call in (PLACE, POSITIONS)] == ["", "stale_positions"]


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
    ],
)
def test_a_rule_that_cannot_be_understood_is_refused(rule: object) -> None:
    with pytest.raises(BadScript):
        Script([rule])


def test_a_report_can_be_loaded_again_and_starts_at_zero() -> None:
    script = Script([{"action": action} for action in ACTIONS])
    script.take(POSITIONS)
    again = Script(script.report())
    assert counts(again) == [(0, 0)] * len(ACTIONS)
