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
    swept = [event("swept", kind=kind, shard="0/1") for kind in ("kill", "tear", "errno")]
    assert judge(SWEEP, Record(tuple(swept)), 1).outcome is Outcome.VOID


def test_an_empty_record_is_void():
    for scenario in (ONLINE, SWEEP, Scenario("d", "", "", course="day")):
        assert judge(scenario, Record(()), 1).outcome is Outcome.VOID


def test_a_store_that_nobody_looked_at_is_void():
    """The look is a process of its own: where it breaks down it says nothing."""
    seen = course()
    blind = Record(tuple(each for each in seen.events if each["event"] != "dump"))
    verdict = judge(ONLINE, blind, 1)
    assert verdict.outcome is Outcome.VOID
    assert "after child 1" in {each.detail for each in verdict.assumptions if not each.holds}


def test_a_damaged_store_that_nobody_looked_at_is_void():
    spoilt = event("damage", path="a", what={"before": "1", "after": "2"})
    verdict = judge(ONLINE, Record((*course().events, spoilt)), 1)
    assert verdict.outcome is Outcome.VOID


def point(number, kind):
    return event(
        "point",
        kind=kind,
        number=number,
        operation="write",
        fired=1,
        died=-9 if kind != "errno" else 0,
        raised="x",
        typed=True,
        base=[0, "d"],
        acked=0,
        begun=[],
        restored=[0, "d", 10, ""],
        nested_fired=True,
        after_nested=[0, "d", ""],
        again=[0, "d", ""],
    )


@pytest.mark.parametrize("lost", [None, ("kill", "1/2"), ("errno", "0/2")], ids=str)
def test_a_sweep_whose_process_broke_down_is_void(lost):
    kinds = ("kill", "tear", "errno")
    shares = [(kind, f"{n}/2") for kind in kinds for n in range(2)]
    events = [point(n, kind) for n, kind in enumerate(kinds)]
    events += [event("swept", kind=k, shard=s) for k, s in shares if (k, s) != lost]
    verdict = judge(SWEEP, Record(tuple(events)), 1)
    assert verdict.outcome is (Outcome.VOID if lost else Outcome.PASSED)


DAY = (
    event("stretch", age="fresh"),
    event("begin", 1, seq=1, digest="d"),
    event("durable", 1, seq=1),
    event("stretch", age="aged"),
    event("begin", 1, seq=2, digest="d"),
    event("durable", 1, seq=2),
    event("lived", died=-9, cycles=288),
    *(
        event("moment", how=how, asked=1, due=[1, "d"], restored=[1, "d"], problem="")
        for how in ("seq", "time")
    ),
    event("looked_back"),
)


@pytest.mark.parametrize("lost", [None, "looked_back", "stretch", "lived"])
def test_a_day_that_was_not_gone_through_to_its_end_is_void(lost):
    """A restore that breaks down ends the process that samples; saves nobody timed are not fast."""
    events = tuple(each for each in DAY if each["event"] != lost)
    verdict = judge(Scenario("d", "", "", course="day"), Record(events), 1)
    assert verdict.outcome is (Outcome.VOID if lost else Outcome.PASSED)


def test_a_start_that_nobody_timed_is_void():
    opened = event("opened", 2, restore={"fresh": False, "seq": 0})
    spawned = event("spawn", child=2)
    verdict = judge(ONLINE, Record((spawned, opened, *course().events)), 1)
    assert verdict.outcome is Outcome.VOID
    told = (spawned, opened, event("reported", 2), *course().events)
    assert judge(ONLINE, Record(told), 1).outcome is Outcome.PASSED
