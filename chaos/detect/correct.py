"""Corrections and holdings against the oracle's."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import Final

from chaos.detect.world import NOBODY, World
from chaos.oracle.attribution import Attribution
from prometheus_persist.reconcile import Finding, Plan, Resolution
from prometheus_persist.reconcile.plan import BookFill, BookOrphan, SettleIntent
from prometheus_persist.state import Position, SystemState

TOLD_MAX: Final = 5
_END_OF: Final = {"filled": "FILLED", "canceled": "CANCELED", "effective": "FILLED"}

Key = tuple[str, str, str]
Holdings = dict[Key, dict[str, Fraction]]


def held_by(state: SystemState) -> Holdings:
    """What the books say; an owner whose ledgers differ holds what neither says."""
    found: Holdings = {}
    for name in sorted(state.private_ledgers.keys() | state.public_accounts.keys()):
        books = (state.private_ledgers.get(name), state.public_accounts.get(name))
        private, public = ([] if book is None else book.positions for book in books)
        for rows in (private,) if private == public else (private, public):
            owner = name if private == public else f"{name}?"
            for row in rows:
                found.setdefault(_key(row), {})[owner] = Fraction(row.qty_contracts.value)
    for row in state.unattributed.positions:
        found.setdefault(_key(row), {})[NOBODY] = Fraction(row.qty_contracts.value)
    return {key: owners for key, owners in found.items() if owners}


def _key(row: Position) -> Key:
    return (row.inst_id, row.mgn_mode, row.pos_side)


def wrong_holdings(held: Holdings, truth: Attribution) -> dict[Key, str]:
    """Keys whose owners can be proven, and hold something else; what, and what is due."""
    return {
        key: f"{' '.join(key)}: {_plain(held.get(key, {}))}, due {_plain(truth.held.get(key, {}))}"
        for key in sorted(held.keys() | truth.held.keys())
        if key not in truth.unprovable and held.get(key, {}) != truth.held.get(key, {})
    }


def moved(before: Holdings, after: Holdings, waits: AbstractSet[str]) -> dict[Key, str]:
    """Keys of these instruments that are not what they were."""
    return {
        key: f"{' '.join(key)} moved"
        for key in sorted(before.keys() | after.keys())
        if key[0] in waits and before.get(key) != after.get(key)
    }


def false_attributions(world: World, plan: Plan, truth: Attribution) -> list[str]:
    """Corrections that ask nobody and that the exchange does not bear out."""
    ends = {row["clOrdId"]: row["state"] for row in world.venue.orders()}
    wrong = []
    for one in plan.findings:
        if one.resolution not in (Resolution.AUTO, Resolution.ORPHAN):
            continue
        booked: dict[tuple[str, str], Fraction] = {}
        for step in one.corrections:
            if isinstance(step, BookFill | BookOrphan):
                owner = step.agent_id if isinstance(step, BookFill) else NOBODY
                mark = (step.execution.fill_id, owner)
                more = Fraction(step.execution.qty_contracts.value)
                booked[mark] = booked.get(mark, Fraction(0)) + more
            elif isinstance(step, SettleIntent) and step.outcome in ("REJECTED", "FILLED"):
                state = ends.get(step.cl_ord_id)
                known = {"REJECTED": state is None, "FILLED": state == "filled"}
                is_algo = state is None and step.outcome == "FILLED"
                if not known[step.outcome] and not is_algo:
                    wrong.append(f"{step.cl_ord_id} is called {step.outcome}, it is {state}")
        for (fill_id, owner), quantity in booked.items():
            due = truth.borne.get(fill_id, {}).get(owner, Fraction(0))
            if due != quantity:
                wrong.append(f"{fill_id} to {owner or 'nobody'}: {quantity}, due {due}")
    return wrong


def told_of(one: Finding) -> str:
    """A finding in a line."""
    return f"{one.case} {one.resolution} {one.agent_id or ''} {one.key or ''} {one.what}"


def _plain(owners: Mapping[str, Fraction]) -> dict[str, str]:
    return {name or "nobody": str(float(quantity)) for name, quantity in sorted(owners.items())}
