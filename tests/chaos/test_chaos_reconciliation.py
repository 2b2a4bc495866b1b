"""False corrections and missed deviations are seen; items are settled, waiting or neither."""

from itertools import count

import pytest

from chaos.invariants import reconciliation
from chaos.record import Record
from chaos.verdict import RunVerdict

INST = "ETH-USDT-SWAP"
NUMBERS = count(1)
TRUTH = {
    "orders": [
        {"ordId": "1", "clOrdId": "a1", "algoClOrdId": ""},
        {"ordId": "2", "clOrdId": "", "algoClOrdId": ""},
    ],
    "fills": [
        {"instId": INST, "tradeId": "1", "ordId": "1", "clOrdId": "a1"},
        {"instId": INST, "tradeId": "2", "ordId": "2", "clOrdId": ""},
    ],
}


def fill(trade_id):
    return {"inst_id": INST, "trade_id": trade_id}


def finding(*steps, agent="A", resolution="AUTO"):
    return {
        "finding_id": f"A-{next(NUMBERS)}",
        "agent_id": agent,
        "resolution": resolution,
        "case": "A",
        "what": "",
        "corrections": list(steps),
    }


def recovered(*findings, decision="go", items=("MATCH",), applied=True, name="recovered", run=2):
    return {
        "event": name,
        "run": run,
        "facts": {
            "restore": {"fresh": False},
            "decision": decision,
            "applied": applied,
            "plan": {
                "items": [{"agent_id": "A", "verdict": verdict} for verdict in items],
                "findings": list(findings),
            },
        },
    }


def judged(*events, clean=False):
    order = {"event": "order", "run": 1, "cl_ord_id": "a1", "agent_id": "A"}
    truth = {"event": "truth", "run": 0, "label": "after child 1", "truth": TRUTH}
    verdict = RunVerdict("x", 1)
    reconciliation.check(verdict, Record((order, *events, truth)), clean=clean)
    return verdict


BOOK = {"is": "BookFill", "agent_id": "A", "execution": fill("1")}
ORPHAN = {"is": "BookOrphan", "execution": fill("2")}


@pytest.mark.parametrize(
    ("step", "false"),
    [
        (BOOK, 0),
        (ORPHAN, 0),
        ({**BOOK, "agent_id": "B"}, 1),
        ({**BOOK, "execution": fill("2")}, 1),
        ({**BOOK, "execution": fill("9")}, 1),
        ({**ORPHAN, "execution": fill("1")}, 1),
        ({"is": "RebuildLedger", "agent_id": "A"}, 1),
        ({"is": "SettleIntent"}, 0),
    ],
)
def test_a_correction_that_the_exchange_does_not_bear_out_is_false(step, false):
    assert judged(recovered(finding(step))).figures.false_corrections == false


def test_where_nothing_was_injected_every_correction_is_false():
    assert judged(recovered(finding(BOOK)), clean=True).figures.false_corrections == 1
    assert judged(recovered(), clean=True).figures.false_corrections == 0


@pytest.mark.parametrize(
    ("inject", "mark"),
    [
        ({"kind": "stop_out", "stops": [{"cl_ord_id": "a9"}]}, "a9"),
        ({"kind": "hand_with", "inst_id": INST}, INST),
        ({"kind": "hand_flip", "inst_id": INST}, INST),
    ],
)
def test_a_deviation_is_found_when_a_finding_names_it(inject, mark):
    event = {"event": "inject", "run": 0, **inject}
    named = {**finding(), "evidence": [{"ref": mark}]}
    for findings, found in (((named,), 1), ((finding(),), 0), ((), 0)):
        figures = judged(event, recovered(*findings)).figures
        assert (figures.deviations, figures.deviations_found) == (1, found)


def test_a_deviation_that_nobody_looked_for_is_missed():
    event = {"event": "inject", "run": 0, "kind": "hand_with", "inst_id": INST}
    assert judged(event).figures.deviations_found == 0
    assert not judged(event).checks[-1].ok


def test_an_order_in_flight_at_the_kill_has_to_be_named():
    exit_event = {"event": "exit", "run": 0, "child": 1, "code": -9}
    dump = {"event": "dump", "run": 0, "label": "after child 1", "streams": {}}
    missed = judged(dump, exit_event, recovered()).figures
    assert (missed.deviations, missed.deviations_found) == (1, 0)
    named = judged(dump, exit_event, recovered({**finding(), "evidence": ["a1"]})).figures
    assert (named.deviations, named.deviations_found) == (1, 1)


@pytest.mark.parametrize(
    ("event", "counted"),
    [
        (recovered(items=("MATCH", "MATCH")), (2, 2, 0)),
        (recovered(finding(BOOK), items=("MATCH", "MISMATCH")), (2, 2, 0)),
        (recovered(items=("MATCH", "MISMATCH")), (2, 1, 0)),
        (recovered(finding(BOOK), items=("MATCH", "UNKNOWN")), (2, 1, 0)),
        (recovered(finding(BOOK), items=("MISMATCH",), applied=False), (1, 0, 0)),
        (recovered(items=("MATCH", "MISMATCH"), decision="human", applied=False), (1, 1, 1)),
        (recovered(items=("MISMATCH",), decision="incomplete", applied=False), (0, 0, 0)),
    ],
)
def test_items_are_settled_waiting_or_neither(event, counted):
    figures = judged(event).figures
    assert (figures.items, figures.items_settled, figures.items_waiting) == counted


def test_of_a_start_that_waits_only_what_was_applied_is_judged():
    done = {**finding(BOOK), "finding_id": "B-1"}
    asked = {**finding({"is": "SetQuantity"}, agent="C", resolution="HUMAN"), "finding_id": "D-2"}
    event = recovered(done, asked, items=("MISMATCH",), decision="human")
    event["facts"]["applied_ids"] = ["B-1"]
    event["facts"]["plan"]["items"].append({"agent_id": "C", "verdict": "MISMATCH"})
    figures = judged(event).figures
    assert (figures.items, figures.items_settled, figures.items_waiting) == (1, 1, 1)
    assert figures.false_corrections == 0
    assert judged(event, clean=True).figures.false_corrections == 1


def test_an_approval_takes_the_place_of_the_stop_before_it():
    stopped = recovered(items=("MISMATCH",), decision="human", applied=False)
    approved = recovered(items=("MISMATCH",), decision="go_restricted", name="approved")
    figures = judged(stopped, approved).figures
    assert (figures.items, figures.items_settled, figures.items_waiting) == (1, 1, 0)
