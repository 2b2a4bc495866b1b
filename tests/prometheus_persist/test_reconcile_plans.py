"""Every plan of the case tables, word for word: what is found, by which rows, and what is done.

A plan's hash is what a human approves, so what a plan says may not change by accident. The tables
say what has to be found; this file says how it is told: parameters, evidence, corrections, money.
A change that is meant is written down by running this file with Python, and read in the diff of
``tests/golden/plans.jsonl``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal, Inexact, localcontext
from pathlib import Path
from typing import Any

import pytest
import test_reconcile_cases
import test_reconcile_shared_cases
from reconcile_acts import OPEN5, Row, dead, steps, trade, unbooked
from reconcile_world import BTC, World, replaced

from prometheus_persist.reconcile import apply_plan, plan_to_json, reconcile
from prometheus_persist.reconcile.match.split import money_shares, shares
from prometheus_persist.reconcile.money.residual_money import rounded
from prometheus_persist.reconcile.tally import ExecutionSums
from prometheus_persist.reconcile.views import SOURCES
from prometheus_persist.report.values import money
from prometheus_persist.state import AccountCash, contracts
from prometheus_persist.state.documents import to_documents

GOLDEN = Path(__file__).parents[1] / "golden" / "plans.jsonl"


def settled(world: World) -> None:
    """Reconciled and applied; a human says yes."""
    world.adopt(reconcile(world.books(), world.view()))


def fund(rate: str, **kw: Any) -> Callable[[World], object]:
    return lambda world: world.fund(rate, **kw)


def deposit(amount: str, kind: str = "1") -> Callable[[World], object]:
    return lambda world: world.deposit(amount, kind=kind)


def late_bill(world: World) -> None:
    """A deposit whose bill shows only once its money was booked as unexplained."""
    world.deposit("100")
    bill = world.bills.pop()
    settled(world)
    world.bills.append(bill)


def late_fills(world: World) -> None:
    """A difference adopted on approval, and then the executions that it stood for."""
    world.trade("B", "buy", 3, booked=False, px=120)
    fill, order, bill = world.fills.pop(), world.orders.pop(), world.bills.pop()
    settled(world)
    world.fills.append(fill)
    world.orders.append(order)
    world.bills.append(bill)


def exchanged(world: World) -> None:
    """Both ledgers of A hold what B traded, and the other way round."""
    for family in (world.state.private_ledgers, world.state.public_accounts):
        mine, theirs = family["A"].positions, family["B"].positions
        family["A"] = family["A"].model_copy(update={"positions": theirs})
        family["B"] = family["B"].model_copy(update={"positions": mine})


def behind(world: World) -> None:
    world.trade("A", "sell", 1, px=120, booked=False)
    world.fills.pop()
    world.orders.pop()


LIQUIDATED = {"category": "partial_liquidation", "booked": False}
OPEN2 = trade("B", "buy", 2, px=110)
MONEY = tuple(
    Row(name, steps(*acts), agents="A B C", hedged=name.startswith("hedged"))
    for name, *acts in (
        ("funding, shared", OPEN5, OPEN2, trade("C", "sell", 3), fund("0.001")),
        ("funding, twice", OPEN5, fund("0.001"), OPEN2, fund("-0.0003", px=90)),
        ("funding, isolated", trade("A", "buy", 3, mgn="isolated"), OPEN5, fund("0.001")),
        ("funding, and nobody has a part", OPEN5, trade(None, "buy", 1), fund("0.0001234567")),
        (
            "funding of what nobody held",
            OPEN5,
            lambda world: world.shift(1),
            fund("0.001"),
            lambda world: world.shift(-1),
        ),
        ("funding of a disputed position", OPEN5, OPEN2, fund("0.001"), unbooked(None, "sell", 3)),
        ("hedged funding", OPEN5, trade("B", "sell", 2), fund("0.001")),
        ("fee billed differently", trade("A", "buy", 3, billed_fee="-0.07")),
        ("fee of an unbooked fill", unbooked("A", "buy", 3, billed_fee="-0.07", by="tag")),
        ("fee of a close from outside", OPEN5, trade(None, "sell", 1, billed_fee="-0.07")),
        (
            "fee of a shared liquidation",
            OPEN5,
            OPEN2,
            trade(None, "sell", 2, billed_fee="-0.06", **LIQUIDATED),
        ),
        ("penalty, shared", OPEN5, OPEN2, trade(None, "sell", 3, penalty="-1.5", **LIQUIDATED)),
        (
            "penalty of an ended life",
            OPEN5,
            trade(None, "sell", 5, penalty="-2", **LIQUIDATED),
            trade("A", "buy", 1),
        ),
        (
            "penalty, and the life goes on",
            OPEN5,
            trade(None, "sell", 1, penalty="-1.5", **LIQUIDATED),
            settled,
            trade(None, "sell", 1, penalty="-0.6", **LIQUIDATED),
        ),
        ("penalty of what was booked live", OPEN5, trade(None, "sell", 2, penalty="-2",
                                                         category="partial_liquidation")),
        ("deposits", OPEN5, deposit("250.5"), deposit("-50")),
        ("interest and more", deposit("-1", "7"), deposit("-2", "10"), deposit("3", "14")),
        ("a late bill", OPEN5, late_bill),
        ("late executions", OPEN5, late_fills),
        ("a bill that is missing", OPEN5, deposit("100"), lambda world: world.bills.pop()),
        ("money without a trace", OPEN5, lambda world: setattr(world, "cash", world.cash + 7)),
        ("executions behind their bills", OPEN5, behind),
        ("owners exchanged", OPEN5, OPEN2, exchanged),
        ("a dead agent pays its funding", OPEN5, fund("0.001"), dead),
        ("adopted at another price", OPEN5, lambda world: world.shift(2, px=130)),
        ("another currency", OPEN5, lambda world: world.instruments.update(
            {BTC: replaced(world.instruments[BTC], settle_ccy="USDC")})),
        ("first reconciliation", OPEN5, lambda world: setattr(
            world.state, "account_cash", AccountCash())),
    )
)  # fmt: skip
TABLES = (
    ("cases", test_reconcile_cases.ROWS),
    ("shared", test_reconcile_shared_cases.ROWS),
    ("money", MONEY),
)


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


@pytest.mark.parametrize("name", list(rows()))
def test_a_plan_is_the_same_whatever_decimal_context_its_host_has(name: str) -> None:
    """A host's own may round early or raise; this one raises wherever anything is rounded in it."""
    with localcontext() as hosts:
        hosts.traps[Inexact] = True
        assert json.loads(json.dumps(told(rows()[name]))) == golden()[name]


@pytest.mark.parametrize("digits", [3, 28])
def test_shares_sums_and_shown_money_are_the_same_in_any_decimal_context(digits: int) -> None:
    with localcontext(prec=digits):
        assert money("-123456.785") == "-$123,456.78"
        assert money("0.00012345") == "$0.00012345"
        assert rounded(Decimal("-9876543.21499"), Decimal("0.01")) == Decimal("-9876543.21")
        parts = money_shares(Decimal("1234567.89"), [Decimal("123.4567"), Decimal("-23.4567")])
        assert parts == [Decimal("1524156.77625363"), Decimal("-289588.88625363")]
        lots = shares(contracts(54_321), {"a": contracts(98_765), "b": contracts(1)}, Decimal(1))
        assert [each.value for each in lots] == [54_321, 0]
        taken = ExecutionSums()
        taken.take([booked(f"{number}123.456789", "1234.5678") for number in range(1, 4)])
        ((owner, pnl, fee),) = taken.paid()
        assert (owner, pnl, fee) == ("a", Decimal("6370.370367"), Decimal("-3.000003"))
        ((_, _, moved),) = taken.moved()
        assert moved.value == Decimal("3703.7034")


def booked(pnl: str, quantity: str) -> dict[str, Any]:
    return {
        "agent_id": "a", "inst_id": BTC, "mgn_mode": "cross", "pos_side": "net", "side": "buy",
        "qty_contracts": quantity, "pnl": pnl, "fee": "-1.000001",
    }  # fmt: skip


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
