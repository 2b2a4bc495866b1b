"""Who bears it: funding, fees and penalties, by what each held when it happened (case K)."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from reconcile_money_kit import (
    cash_findings,
    flows,
    healed,
    judged,
    settled_down,
    unreconciled,
    world_bill,
)
from reconcile_world import BTC, CAPITAL, ETH, World

from prometheus_persist.reconcile.plan import BookFill, Item, Resolution, Verdict
from prometheus_persist.state import PositionKey

NET = PositionKey(BTC, "cross", "net")
D = Decimal


# funding --------------------------------------------------------------------------------------


def test_funding_is_shared_by_what_each_held_and_adds_up_exactly() -> None:
    world = World("A", "B", "C")
    world.trade("A", "buy", 5)
    world.trade("B", "sell", 3)
    world.trade("C", "buy", 1)
    world.trade(None, "buy", 4)  # nobody's count too
    paid = world.fund("0.0007", px="101.3")[NET]
    plan = healed(world)
    (one,) = cash_findings(plan)
    assert (one.resolution, one.key, one.what) == (Resolution.AUTO, NET, "what.funding")
    assert not plan.needs_human
    found = flows(plan)
    assert sum(found.values()) == paid
    assert found["A"] < 0 < found["B"]  # the long pays, the short receives
    each = paid / 7
    for name, held in (("A", 5), ("B", -3), ("C", 1), ("", 4)):
        assert abs(found[name] - each * held) < D("1e-11")
    assert world.capital("B") == CAPITAL - D("0.05") + found["B"]
    touched = {i.agent_id for i in plan.items if i.item is Item.CAPITAL and i.verdict != "MATCH"}
    assert touched == {"A", "B", "C"}


def test_what_does_not_divide_goes_to_the_lowest_id() -> None:
    world = World("A", "B", "C")
    for name in "CBA":
        world.trade(name, "buy", 1)
    world.fund("0.000001", px="100.1")
    plan = healed(world)
    found = flows(plan)
    assert sum(found.values()) == D("-0.000003003")
    world = World("A", "B", "C")
    for name in "CBA":
        world.trade(name, "buy", 1)
    world.bills.append(
        dataclasses.replace(world_bill(world), bal_chg=D("-0.00000000001"), bill_id="99999")
    )
    world.cash -= D("0.00000000001")
    assert flows(judged(world)) == {
        "A": D("-0.000000000004"), "B": D("-0.000000000003"), "C": D("-0.000000000003"),
    }  # fmt: skip


def test_funding_is_shared_by_what_was_held_then_not_by_what_is_held_now() -> None:
    """Moves booked since, by the live system and by this plan, do not count."""
    world = World("A", "B", "C")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 1, booked=False)
    world.fund("0.001")  # A 5, B 1
    world.trade("A", "sell", 5)
    world.trade("C", "buy", 2, booked=False)
    world.fund("0.001")  # B 1, C 2
    world.trade("B", "sell", 1, booked=False)
    plan = healed(world)
    assert flows(plan) == {"A": D("-0.005"), "B": D("-0.002"), "C": D("-0.002")}
    assert len(cash_findings(plan)) == 1


def test_in_the_same_millisecond_the_bill_id_and_the_size_say_who_held() -> None:
    for unbooked in (True, False):
        world = World("A", "B")
        world.trade("A", "buy", 5)
        at_ms = world.now_ms + 500
        world.fund("0.001", at_ms=at_ms)
        world.trade("B", "buy", 2, booked=not unbooked, at_ms=at_ms)
        world.now_ms = at_ms
        assert flows(healed(world)) == {"A": D("-0.005")}
        world = World("A", "B")
        world.trade("A", "buy", 5)
        at_ms = world.now_ms + 500
        world.trade("B", "buy", 5, booked=not unbooked, at_ms=at_ms)
        world.fund("0.001", at_ms=at_ms)
        world.now_ms = at_ms
        assert flows(healed(world)) == {"A": D("-0.005"), "B": D("-0.005")}


def test_what_the_bill_ids_put_after_the_funding_does_not_count_even_if_it_fits() -> None:
    """A hands its five to B in the millisecond of the funding, after it."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    at_ms = world.now_ms + 500
    world.fund("0.001", at_ms=at_ms)
    world.trade("A", "sell", 5, booked=False, at_ms=at_ms)
    world.trade("B", "buy", 5, booked=False, at_ms=at_ms)
    world.now_ms = at_ms
    assert flows(healed(world)) == {"A": D("-0.005")}


def test_funding_of_a_size_that_nobody_held_is_nobodys_and_told() -> None:
    """Near miss: one contract moved in between and left no trace."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.shift(1)
    world.fund("0.001")
    world.shift(-1)
    plan = settled_down(world)
    (one,) = cash_findings(plan)
    assert one.cause == "cause.funding_unprovable"
    assert flows(plan) == {"": D("-0.006")}
    assert world.capital("A") == CAPITAL - D("0.05")
    assert {i.verdict for i in plan.items} == {Verdict.MATCH}  # it is no agent's


def test_funding_of_a_disputed_position_leaves_its_holders_alone() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 5)
    world.trade("B", "buy", 2, inst=ETH)
    world.fund("0.001")
    world.fund("0.001", inst=ETH)
    world.trade(None, "sell", 3, booked=False)  # whose? nobody can say
    plan = judged(world)
    assert plan.needs_human
    assert flows(plan) == {"": D("-0.01"), "B": D("-0.02")}
    settled_down(world)


def test_isolated_and_cross_are_charged_apart() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 5, mgn="isolated")
    world.fund("0.001")
    assert {bill.bal_chg for bill in world.bills if bill.type == "8"} == {D(0), D("-0.005")}
    plan = healed(world)
    assert flows(plan) == {"A": D("-0.005"), "B": D("-0.005")}
    assert len(cash_findings(plan)) == 2


def test_long_and_short_legs_are_told_apart_by_size_or_not_at_all() -> None:
    world = World("A", "B", hedged=True)
    world.trade("A", "buy", 5, pos_side="long")
    world.trade("B", "sell", 3, pos_side="short")
    world.fund("0.001")
    assert flows(healed(world)) == {"A": D("-0.005"), "B": D("0.003")}
    world.trade("B", "sell", 2, pos_side="short")
    world.fund("0.001")  # 5 pay what 5 receive: no bill says which is which
    plan = healed(world)
    assert flows(plan) == {"": D(0)}
    assert [one.cause for one in cash_findings(plan)] == ["cause.funding_unprovable"]


def test_months_of_funding_are_one_finding_per_position() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("B", "sell", 2)
    for _ in range(270):
        world.now_ms += 8 * 3_600_000
        world.fund("0.0001")
    plan = healed(world)
    (one,) = cash_findings(plan)
    assert one.params["bills"] == "270"
    assert len(one.corrections) == 540


# fees -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("booked", [True, False])
def test_a_fee_that_was_billed_differently_is_corrected(booked: bool) -> None:
    world = World("A")
    world.trade("A", "buy", 3, fee="-0.05", billed_fee="-0.07", booked=booked)
    plan = healed(world)
    (one,) = cash_findings(plan)
    assert (one.what, one.agent_id, one.resolution) == ("what.fee_differs", "A", Resolution.AUTO)
    assert [row.kind for row in one.evidence] == ["bill", "fill"]
    assert flows(plan) == {"A": D("-0.02")}
    assert world.capital("A") == CAPITAL - D("0.07")


def test_a_fee_of_a_shared_liquidation_that_differs_is_the_accounts_own() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 3)
    world.trade("B", "buy", 3)
    world.trade(None, "sell", 2, category="full_liquidation", billed_fee="-0.06", booked=False)
    assert flows(healed(world)) == {"": D("-0.01")}


# penalties ------------------------------------------------------------------------------------


def test_a_penalty_is_borne_by_whose_contracts_were_liquidated() -> None:
    world = World("A", "B", "C")
    world.trade("A", "buy", 4)
    world.trade("B", "buy", 2)
    world.trade("C", "sell", 1)
    world.trade(None, "sell", 3, px=70, category="partial_liquidation", penalty="-1.5",
                booked=False)  # fmt: skip
    plan = healed(world)
    (one,) = cash_findings(plan)
    assert (one.what, one.resolution) == ("what.penalty", Resolution.AUTO)
    assert flows(plan) == {"A": D(-1), "B": D("-0.5")}  # C was short
    assert not plan.needs_human
    # The life goes on and costs more: only what is added is booked.
    world.trade(None, "sell", 1, px=60, category="partial_liquidation", penalty="-0.6",
                booked=False)  # fmt: skip
    held = {name: world.position(name) for name in "AB"}
    assert held == {"A": D(2), "B": D(1)}
    assert flows(healed(world)) == {"A": D("-0.402"), "B": D("-0.198")}
    world.trade("A", "buy", 1)
    assert cash_findings(healed(world)) == []


def test_a_penalty_of_a_life_that_has_ended_is_found_in_the_positions_history() -> None:
    world = World("A")
    world.trade("A", "buy", 4)
    world.trade(None, "sell", 4, px=50, category="full_liquidation", penalty="-2", booked=False)
    world.trade("A", "buy", 1, px=51)
    world.trade(None, "sell", 1, px=40, category="full_liquidation", penalty="-3", booked=False)
    plan = healed(world)
    assert flows(plan) == {"A": D(-5)}
    assert len(cash_findings(plan)) == 2


def test_each_liquidation_is_paid_by_its_own_life_and_position() -> None:
    world = World("A", "B", "C")
    world.trade("A", "buy", 3)
    world.trade("B", "buy", 1)
    world.trade("C", "buy", 2, inst=ETH)
    forced = {"category": "full_liquidation", "booked": False}
    world.trade(None, "sell", 4, penalty="-2", **forced)  # type: ignore[arg-type]
    world.now_ms += 10_000
    world.trade("A", "buy", 1, booked=False)
    world.trade("B", "buy", 1, booked=False)
    world.trade(None, "sell", 2, penalty="-3", **forced)  # type: ignore[arg-type]
    world.trade(None, "sell", 2, inst=ETH, penalty="-0.5", **forced)  # type: ignore[arg-type]
    assert flows(healed(world)) == {"A": D(-3), "B": D(-2), "C": D("-0.5")}


def test_a_penalty_without_an_owner_is_the_accounts_own() -> None:
    world = World("A")
    world.trade("A", "buy", 4)
    world.trade(None, "sell", 2, category="full_liquidation", penalty="-2")  # booked live
    assert flows(healed(world)) == {"": D(-2)}


def test_a_penalty_from_before_the_first_reconciliation_is_not_booked_again() -> None:
    world = World("A")
    world.trade("A", "buy", 6)
    world.trade(None, "sell", 1, category="partial_liquidation", penalty="-2", booked=False)
    unreconciled(world)
    healed(world)
    world.trade("A", "buy", 1)
    assert judged(world).clean
    # The same life is liquidated further, at a cost that the account's money tells.
    world.trade(None, "sell", 1, category="partial_liquidation", penalty="0", booked=False)
    assert cash_findings(healed(world)) == []


def test_the_positions_history_is_needed_where_something_was_liquidated_and_only_there() -> None:
    for forced in (True, False):
        world = World("A")
        world.trade("A", "buy", 4)
        category = "full_liquidation" if forced else "normal"
        world.trade(None, "sell", 4, category=category, booked=False)
        world.fail("positions_history")
        money = judged(world).money
        assert money is not None
        assert (money.verdict is Verdict.UNKNOWN) == forced


# what was held then ---------------------------------------------------------------------------


def test_who_came_later_bears_nothing_of_a_liquidation() -> None:
    """B opened, live and booked, before the liquidation of what A held was known."""
    world = World("A", "B")
    world.trade("A", "buy", 4)
    world.trade(None, "sell", 4, category="full_liquidation", penalty="-2", booked=False)
    world.trade("B", "buy", 1)
    plan = judged(world)
    assert plan.needs_human
    assert not [step for step in plan.corrections if isinstance(step, BookFill)]
    assert set(flows(plan)) == {""}
    settled_down(world)
    assert world.position("B") == 1


def test_a_sole_owner_is_closed_from_outside_only_if_it_was_the_sole_owner_then() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 4)
    world.trade("B", "buy", 2)
    world.trade(None, "sell", 3, booked=False)  # of A's or of B's?
    world.trade("B", "sell", 2)  # B went home since
    plan = judged(world)
    assert plan.needs_human
    assert not [step for step in plan.corrections if isinstance(step, BookFill)]
    world = World("A", "B")  # near miss: only the owner itself moved since
    world.trade("A", "buy", 4)
    world.trade(None, "sell", 3, booked=False)
    world.trade("A", "buy", 2)
    plan = healed(world)
    assert [step.agent_id for step in plan.corrections if isinstance(step, BookFill)] == ["A"]
    assert world.position("A") == 3
