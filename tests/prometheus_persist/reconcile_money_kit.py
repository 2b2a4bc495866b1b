"""What the tests of money share: a plan's flows by owner, and R4 computed by hand."""

from __future__ import annotations

from decimal import Decimal

from reconcile_world import World

from prometheus_persist.reconcile import reconcile
from prometheus_persist.reconcile.plan import BookCash, Case, Finding, Plan, Verdict
from prometheus_persist.state import AccountCash
from prometheus_persist.state.money import add, mul, sub

CENT = Decimal("0.01")
D = Decimal


def judged(world: World) -> Plan:
    return reconcile(world.books(), world.view())


def cash_findings(plan: Plan) -> list[Finding]:
    return [one for one in plan.findings if one.case is Case.K]


def flows(plan: Plan) -> dict[str, Decimal]:
    """What case K books, by owner."""
    found: dict[str, Decimal] = {}
    for step in plan.corrections:
        if isinstance(step, BookCash):
            found[step.agent_id] = found.get(step.agent_id, D(0)) + step.amount
    return found


def explained(world: World, plan: Plan) -> None:
    """R4 by hand: reserve + everything booked + basis is the account's settled money."""
    booked = sum((sum(kinds.values(), D(0)) for kinds in world.money.values()), D(0))
    basis = D(0)
    for key, rows in world.held.items():
        sign = -1 if key.pos_side == "short" else 1
        unit = world.instruments[key.inst_id].ct_val * sign
        basis = add(basis, *(mul(unit, row.qty_contracts.value, row.entry_px) for row in rows))
        owned = [p for ledger in world.state.private_ledgers.values() for p in ledger.positions]
        for p in (*owned, *world.state.unattributed.positions):
            if p.key == key:
                basis = sub(basis, mul(unit, p.qty_contracts.value, p.entry_px))
    assert plan.money is not None
    reserve = world.state.account_cash.reserve
    assert abs(world.cash - reserve - booked - basis) < CENT


def settled_down(world: World) -> Plan:
    """Reconciled, applied (a human says yes), and again: nothing is left, R4 holds by hand."""
    plan = judged(world)
    assert not plan.incomplete, plan.findings
    world.adopt(plan)
    explained(world, plan)
    again = judged(world)
    assert again.clean, again.findings
    assert again.money is not None
    assert again.money.verdict is Verdict.MATCH
    assert again.money.residual is not None
    assert abs(again.money.residual) < CENT
    return plan


def healed(world: World) -> Plan:
    """The same, and no human was needed: nothing is papered over as unexplained."""
    plan = settled_down(world)
    assert not plan.needs_human, plan.findings
    return plan


def kinds(plan: Plan) -> list[str]:
    """What the findings of case K say, sorted."""
    return sorted(one.what.removeprefix("what.") for one in cash_findings(plan))


def unreconciled(world: World) -> World:
    """A store that has never looked at the money: of old, it has not even the document."""
    world.state.account_cash = AccountCash()
    return world


def world_bill(world: World) -> object:
    """A funding bill of what is held now, taken out of the world again."""
    before = world.cash
    world.fund("0.001")
    world.cash = before
    return world.bills.pop()
