"""Differences adopted before their executions turned up, and owners exchanged in both ledgers."""

from __future__ import annotations

import dataclasses

import pytest
from reconcile_world import BTC, World, replaced

from prometheus_persist.errors import PlanStale
from prometheus_persist.reconcile import (
    Case,
    Item,
    Plan,
    Resolution,
    Verdict,
    apply_plan,
    reconcile,
)
from prometheus_persist.reconcile.plan import AdoptDifference, BookFill
from prometheus_persist.state import PositionKey, contracts

NET = PositionKey(BTC, "cross", "net")


def undoings(plan: Plan) -> list[AdoptDifference]:
    return [s for s in plan.corrections if isinstance(s, AdoptDifference) and s.undoes]


def adopted(hedged: bool = False) -> World:
    """A's second order is not listed yet, and what it did was adopted."""
    world = World("A", "B", hedged=hedged)
    world.trade("A", "buy", 5)
    world.trade("A", "buy", 3, booked=False)
    world.hidden.add(world.orders[-1].ord_id)
    world.adopt(reconcile(world.books(), world.view()))
    assert [one.qty_contracts for one in world.books().adopted] == [contracts(3)]
    return world


@pytest.mark.parametrize("hedged", [False, True])
def test_what_turns_up_replaces_what_was_adopted(hedged: bool) -> None:
    world = adopted(hedged)
    world.hidden.clear()
    plan = reconcile(world.books(), world.view())
    (step,) = undoings(plan)
    (found,) = [one for one in plan.findings if step in one.corrections]
    assert (found.case, found.resolution) == (Case.A, Resolution.AUTO)
    assert not plan.needs_human
    assert isinstance(plan.corrections[0], AdoptDifference), "before the execution is booked"
    assert isinstance(plan.corrections[1], BookFill)
    world.adopt(plan)
    key = NET._replace(pos_side="long") if hedged else NET
    assert world.position("A", key) == 8
    assert not world.state.unattributed.positions
    assert not world.books().adopted
    with pytest.raises(PlanStale):
        apply_plan(world.books(), plan, world.now_ms)


def test_nothing_is_given_back_while_nothing_turns_up() -> None:
    world = adopted()
    assert not undoings(reconcile(world.books(), world.view()))


def test_a_new_execution_gives_nothing_back() -> None:
    world = adopted()
    world.trade("B", "buy", 3, booked=False)
    plan = reconcile(world.books(), world.view())
    assert not undoings(plan)
    world.adopt(plan)
    assert world.position("B") == 3
    assert [one.qty_contracts for one in world.books().adopted] == [contracts(3)]


def test_a_new_execution_beside_the_late_one_does_not_hide_it() -> None:
    world = adopted()
    world.hidden.clear()
    world.trade("B", "sell", 2, booked=False)
    plan = reconcile(world.books(), world.view())
    assert [step.qty_contracts for step in undoings(plan)] == [contracts(-3)]
    world.adopt(plan)
    assert (world.position("A"), world.position("B")) == (8, -2)


def test_a_part_that_turns_up_gives_a_part_back() -> None:
    world = World("A", "B")
    for owner, size in (("A", 2), ("B", 5)):
        world.trade(owner, "buy", size, booked=False)
        world.hidden.add(world.orders[-1].ord_id)
    world.adopt(reconcile(world.books(), world.view()))
    world.hidden.remove(world.orders[0].ord_id)
    plan = reconcile(world.books(), world.view())
    assert [step.qty_contracts for step in undoings(plan)] == [contracts(-2)]
    world.adopt(plan)
    assert [one.qty_contracts for one in world.books().adopted] == [contracts(5)]
    world.hidden.clear()
    world.adopt(reconcile(world.books(), world.view()))
    assert (world.position("A"), world.position("B")) == (2, 5)
    assert not world.books().adopted


def test_more_than_was_adopted_is_for_a_human() -> None:
    """The executions do not come out with what stands: something else is missing."""
    world = adopted()
    world.hidden.clear()
    world.shift(-1)
    plan = reconcile(world.books(), world.view())
    assert not undoings(plan)
    assert plan.needs_human


def test_what_nobody_has_any_more_is_not_given_back_under_long_and_short() -> None:
    world = adopted(hedged=True)
    world.trade(None, "sell", 3, pos_side="long")  # what was nobody's was closed
    world.hidden.clear()
    assert not undoings(reconcile(world.books(), world.view()))


# owners ------------------------------------------------------------------------------------------


def swapped() -> World:
    """A's position stands in both ledgers of B."""
    world = World("A", "B", "C")
    world.trade("A", "buy", 5)
    world.trade("C", "buy", 2)
    for book, ledgers in (
        ("private", world.state.private_ledgers),
        ("public", world.state.public_accounts),
    ):
        moved = ledgers["A"].positions
        world.edit("A", book, positions=[])
        world.edit("B", book, positions=moved)
    return world


def test_a_position_moved_to_another_agent_in_both_ledgers_is_seen() -> None:
    world = swapped()
    plan = reconcile(world.books(), world.view())
    found = [(one.case, one.resolution, one.agent_id, one.key) for one in plan.findings]
    assert found == [
        (Case.C, Resolution.HUMAN, "A", NET),
        (Case.C, Resolution.HUMAN, "B", NET),
    ]
    assert [[way.name for way in one.alternatives] for one in plan.findings] == [
        ["as_booked", "as_written"],
        ["as_booked", "as_written"],
    ]
    verdicts = {(item.agent_id, item.item): item.verdict for item in plan.items}
    for name in ("A", "B"):
        assert verdicts[name, Item.OWNER] is Verdict.MISMATCH
        assert verdicts[name, Item.SIZE] is Verdict.MISMATCH
        assert verdicts[name, Item.CAPITAL] is Verdict.MATCH
    assert verdicts["C", Item.OWNER] is Verdict.MATCH
    world.adopt(plan)
    assert reconcile(world.books(), world.view()).clean


def test_books_without_records_are_not_judged_by_them() -> None:
    """A host that books by itself; and what one agent alone is off by shows elsewhere."""
    world = swapped()
    books = dataclasses.replace(world.books(), recorded={})
    assert reconcile(books, world.view()).clean
    alone = World("A", "B")
    alone.trade("A", "buy", 5)
    for book in ("private", "public"):
        alone.edit("A", book, positions=[])
    kinds = {one.case for one in reconcile(alone.books(), alone.view()).findings}
    assert kinds == {Case.A}


def test_unread_books_say_nothing_of_owners() -> None:
    world = swapped()
    world.fail("positions")
    assert not reconcile(world.books(), replaced(world.view(), positions=())).findings
