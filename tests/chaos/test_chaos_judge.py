"""The harness judges itself first: what proves nothing is void, never green."""

import json

import pytest

from chaos.judge import judge
from chaos.record import Record
from chaos.scenarios.model import Scenario
from chaos.verdict import Outcome

ONLINE = Scenario("x", "", "")
SWEEP = Scenario("s", "", "", course="sweep")
TRUTH = {"orders": [], "algos": [], "fills": [], "positions": []}
ORDER = {"ordId": "1", "clOrdId": "a1", "algoClOrdId": "", "tag": "A", "state": "live"}


def event(name, run=0, **fields):
    return {"event": name, "by": "x", "run": run, "t": 0.0, **fields}


def course(*, fired=1, code=-9, played=True, orders=(ORDER,), overdue=False):
    events = [
        event("order", 1, phase="answered", cl_ord_id="a1", agent_id="A"),
        *[event("fired", 1, operation="write", number=3)] * fired,
        event("exit", child=1, code=code, due=-9, fault="kill:op=3", overdue=overdue),
        event("truth", label="after child 1", truth={**TRUTH, "orders": list(orders)}),
        event("dump", label="after child 1", settled=False, seq=0, documents={}, streams={}),
    ]
    return Record(tuple(events + [event("played")] * played))


def test_a_run_as_planned_is_judged():
    assert judge(ONLINE, course(), 1).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    "change",
    [
        {"fired": 0, "code": 0},
        {"fired": 2},
        {"code": 1},
        {"played": False},
        {"overdue": True},
        {"orders": ()},
        {"orders": (ORDER, dict(ORDER, ordId="2", clOrdId="never said"))},
        {"orders": (ORDER, dict(ORDER, ordId="3", clOrdId=""))},
    ],
    ids=json.dumps,
)
def test_what_was_not_as_planned_is_void(change):
    assert judge(ONLINE, course(**change), 1).outcome is Outcome.VOID


def test_a_sweep_without_points_is_void():
    swept = [event("swept", kind=kind) for kind in ("kill", "tear", "errno")]
    assert judge(SWEEP, Record(tuple(swept)), 1).outcome is Outcome.VOID


def test_an_empty_record_is_void():
    for scenario in (ONLINE, SWEEP, Scenario("d", "", "", course="day")):
        assert judge(scenario, Record(()), 1).outcome is Outcome.VOID
