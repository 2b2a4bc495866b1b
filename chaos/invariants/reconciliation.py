"""P6 and recall: nothing is corrected that was right, and nothing that is wrong stays unseen.

A correction is false when the exchange's own books do not bear it out: a fill that does not exist,
or that belongs to somebody else, a ledger rebuilt that nobody touched, or any correction at all
where nothing was injected. A deviation is found when the findings of the next recovery name it:
the clOrdId of a stop that fired or of an order in flight, the instrument of a trade by hand.

The share of settled items (the user's criterion) counts items that match, and items that were
corrected in that same recovery, with evidence or because a human approved it. What rightly waits
for a human is counted apart; the rest of that start is judged like any other. Recoveries without a
view of the exchange are left out: there was no reconciliation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from chaos.digest import JsonObject
from chaos.record import Record
from chaos.verdict import RunVerdict

SIGKILLED = -9


def check(verdict: RunVerdict, record: Record, *, clean: bool) -> None:
    """Every recovery of the record; ``clean`` where nothing was injected."""
    figures = verdict.figures
    wrong: list[str] = []
    for event in record.decisions():
        facts = event["facts"]
        approved = event["event"] == "approved" and facts["applied"]
        plan = facts["plan"]
        if plan is None or facts["restore"]["fresh"] or facts["decision"] == "incomplete":
            continue
        done = _applied(facts)
        settled = {one["agent_id"] for one in done if one["resolution"] == "AUTO"}
        figures.reconciliations += 1
        fine = sum(
            item["verdict"] == "MATCH"
            or (item["verdict"] == "MISMATCH" and (approved or item["agent_id"] in settled))
            for item in plan["items"]
        )
        waiting = len(plan["items"]) - fine if facts["decision"] == "human" else 0
        figures.items_waiting += waiting
        figures.items += len(plan["items"]) - waiting
        figures.items_settled += fine
        wrong += list(_false_corrections(record, done, clean=clean))
    figures.false_corrections += len(wrong)
    verdict.check("P6", "no false correction", figures.reconciliations, wrong)
    missed = []
    for what, found in _deviations(record):
        figures.deviations += 1
        figures.deviations_found += found
        if not found:
            missed.append(what)
    verdict.check("recall", "every injected deviation was found", figures.deviations, missed)


def _applied(facts: Mapping[str, Any]) -> list[JsonObject]:
    """The findings whose corrections were carried out."""
    findings = _found(facts) if facts["applied"] else []
    ids = facts.get("applied_ids")
    return [one for one in findings if ids is None or one["finding_id"] in ids]


def _found(facts: Mapping[str, Any]) -> list[JsonObject]:
    """What any look at the view found, each once."""
    plans = (facts["plan"], *facts.get("later", ()))
    return list({one["finding_id"]: one for each in plans for one in each["findings"]}.values())


def _false_corrections(record: Record, findings: list[JsonObject], *, clean: bool) -> Iterator[str]:
    """Corrections that the exchange's own books do not bear out."""
    said = {event["cl_ord_id"]: event["agent_id"] for event in record.of("order")}
    last = record.last("truth")
    truth = last["truth"] if last else {"orders": [], "fills": []}
    owner = {
        row["ordId"]: said.get(row["clOrdId"] or row["algoClOrdId"]) for row in truth["orders"]
    }
    fills = {(row["instId"], row["tradeId"]): owner.get(row["ordId"]) for row in truth["fills"]}
    for finding in findings:
        for step in finding["corrections"]:
            if clean:
                yield f"{step['is']} where nothing was injected"
            elif step["is"] in ("BookFill", "BookOrphan"):
                fill = step["execution"]
                mark = (fill["inst_id"], fill["trade_id"])
                if mark not in fills:
                    yield f"{step['is']} of a fill that does not exist: {mark}"
                elif fills[mark] != step.get("agent_id"):
                    yield f"{mark} belongs to {fills[mark]}, booked to {step.get('agent_id')}"
            elif step["is"] == "RebuildLedger":
                yield f"ledger of {step['agent_id']} rebuilt, nobody touched it"


def _deviations(record: Record) -> Iterator[tuple[str, bool]]:
    """What was injected between two children, and whether the next recovery named it."""
    pending: list[tuple[str, str]] = []
    for event in record.events:
        if event["event"] == "inject":
            pending += _injected(event)
        elif event["event"] == "exit" and event["code"] == SIGKILLED:
            pending += [(f"order {mark} in flight", mark) for mark in _in_flight(record, event)]
        elif event["event"] == "recovered" and event["facts"]["plan"] is not None:
            words = json.dumps(_found(event["facts"]), ensure_ascii=False)
            for what, mark in pending:
                yield what, mark in words
            pending = []
    for what, _ in pending:
        yield what, False


def _injected(event: JsonObject) -> list[tuple[str, str]]:
    if event["kind"] == "stop_out":
        return [(f"stop {stop['cl_ord_id']} fired", stop["cl_ord_id"]) for stop in event["stops"]]
    if event["kind"] in ("hand_with", "hand_flip"):
        return [(f"{event['kind']} on {event['inst_id']}", event["inst_id"])]
    return []


def _in_flight(record: Record, exit_event: JsonObject) -> list[str]:
    """Orders that the exchange has executed and that no acknowledged commit had booked."""
    label = f"after child {exit_event['child']}"
    dump = next((each for each in record.of("dump") if each["label"] == label), None)
    truth = next((each["truth"] for each in record.of("truth") if each["label"] == label), None)
    if dump is None or truth is None or dump.get("problem"):
        return []
    booked = {row["fill_id"] for row in dump["streams"].get("public_trades", ())}
    return sorted(
        {
            row["clOrdId"]
            for row in truth["fills"]
            if row["clOrdId"] and f"{row['instId']}:{row['tradeId']}" not in booked
        }
    )
