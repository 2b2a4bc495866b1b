"""Every plan of the case tables, word for word: what is found, by which rows, and what is done.

A plan's hash is what a human approves, so what a plan says may not change by accident. The tables
say what has to be found; this file says how it is told: parameters, evidence, corrections, money.
A change that is meant is written down by running this file with Python, and read in the diff of
``tests/golden/plans.jsonl``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import test_reconcile_cases
import test_reconcile_shared_cases
from reconcile_world import BTC, World, replaced
from test_reconcile_cases import Row

from prometheus_persist.reconcile import apply_plan, plan_to_json, reconcile
from prometheus_persist.reconcile.views import SOURCES
from prometheus_persist.state.documents import to_documents

GOLDEN = Path(__file__).parents[1] / "golden" / "plans.jsonl"
TABLES = (("cases", test_reconcile_cases.ROWS), ("shared", test_reconcile_shared_cases.ROWS))


def told(row: Row) -> dict[str, object]:
    """The plan of a row, and every record and document that carrying it out leaves behind."""
    world = World(*row.agents.split(), hedged=row.hedged)
    row.happen(world)
    before = to_documents(world.state)
    plan = reconcile(world.books(), world.view())
    form = plan_to_json(plan)
    done = apply_plan(world.books(), plan, world.now_ms + 5)
    after = to_documents(done.state)
    return {
        "findings": form["findings"],
        "money": form["money"],
        "not_match": [one for one in form["items"] if one["verdict"] != "MATCH"],
        "fills_seen_ms": form["fills_seen_ms"],
        "records": done.records,
        "changed": {key: after[key] for key in after if after[key] != before.get(key)},
        "gone": sorted(before.keys() - after.keys()),
    }


def rows() -> dict[str, Row]:
    return {f"{table}: {row.name}": row for table, entries in TABLES for row in entries}


def golden() -> dict[str, object]:
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    return {entry["row"]: entry["told"] for entry in map(json.loads, lines)}


def write() -> None:
    lines = [
        json.dumps({"row": name, "told": told(row)}, ensure_ascii=False, sort_keys=True)
        for name, row in rows().items()
    ]
    GOLDEN.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_golden_file_has_every_row_and_no_other() -> None:
    assert list(golden()) == list(rows())


@pytest.mark.parametrize("name", list(rows()))
def test_a_plan_says_and_does_exactly_this(name: str) -> None:
    assert json.loads(json.dumps(told(rows()[name]))) == golden()[name]


def test_a_view_that_is_not_whole_names_every_source_and_gives_no_verdict() -> None:
    """What is said of a reading in which everything failed, word for word."""
    world = World("A")
    world.trade("A", "buy", 5)
    world.edit("A", "public", version=9)
    for source in SOURCES:
        world.fail(source, f"{source} said no")
    form = plan_to_json(reconcile(world.books(), world.view()))
    assert form["source_problems"] == [f"{source}: {source} said no" for source in SOURCES]
    assert form["balances"] == [
        {
            "key": {"inst_id": BTC, "mgn_mode": "cross", "pos_side": "net"},
            "owners": "5",
            "unattributed": "0",
            "venue": None,
            "after": "5",
            "verdict": "UNKNOWN",
        }
    ]
    (one,) = form["findings"]
    assert (one["case"], one["resolution"], one["corrections"]) == ("C", "UNKNOWN", [])
    assert one["what"] == "what.ledgers_differ"
    assert {item["item"]: item["verdict"] for item in form["items"]} == {
        "size": "UNKNOWN",
        "direction": "UNKNOWN",
        "entry_px": "MATCH",
        "holding_time": "MATCH",
        "capital": "MATCH",
        "owner": "UNKNOWN",
    }
    assert form["money"]["verdict"] == "UNKNOWN"
    assert form["money"]["problem"] == "why.money_unread"


def test_a_source_that_was_never_read_is_named() -> None:
    world = World("A")
    view = world.view()
    kept = {name: status for name, status in view.sources.items() if name != "bills"}
    plan = reconcile(world.books(), replaced(view, sources=kept))
    assert plan.source_problems == ("bills: not read",)
    assert plan.incomplete


if __name__ == "__main__":
    write()
