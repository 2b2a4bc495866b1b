"""R3 inside the books: does every agent hold what was booked to it?

Two ledgers of one agent that agree, and a sum over all agents that agrees with the exchange, prove
nothing about who owns what: a position moved from one agent to another in both of its ledgers
leaves all of that right. The executions booked to each agent tell.

1. Per key, every agent's contracts are laid beside the sum of its booked executions.
2. A finding where at least two agents are off, and by what adds up to zero: owners were exchanged.
   Anything else off shows against the exchange, or was written on approval (``SetQuantity``).
3. A host that books without executions has no records here; a key of which no agent that is off
   has any is not judged.
4. A human decides, for each agent: as its executions say, or as its ledgers say.
"""

from __future__ import annotations

from decimal import Decimal

from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.match.replay import Holdings
from prometheus_persist.reconcile.plan import (
    Alternative,
    Case,
    Effect,
    Evidence,
    Finding,
    Grade,
    Item,
    Resolution,
    SetQuantity,
)
from prometheus_persist.reconcile.views import Books
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey
from prometheus_persist.state.money import ZERO

_ITEMS = (Item.SIZE, Item.OWNER)


def owner_findings(books: Books, before: Holdings) -> list[Finding]:
    """One finding per agent and key that another agent's ledgers have."""
    keys = before.held_keys().union(*(booked.keys() for booked in books.recorded.values()))
    return [one for key in sorted(keys) for one in _of_key(books, before, key)]


def _of_key(books: Books, before: Holdings, key: PositionKey) -> list[Finding]:
    booked = {
        name: books.recorded.get(name, {}).get(key, NO_CONTRACTS)
        for name in sorted({*before.holders(key), *books.recorded})
    }
    off = {
        name: before.held(name, key) - quantity
        for name, quantity in booked.items()
        if before.held(name, key) != quantity
    }
    if (
        len(off) < 2
        or sum(off.values(), NO_CONTRACTS)
        or not any(booked[name] for name in off)
        or not off.keys() <= before.agents
    ):
        return []
    held = [one for name in off if (one := before.position(name, key)) is not None]
    px, ts_ms = (held[0].entry_px, held[0].updated_ms) if held else (ZERO, 0)
    return [
        _finding(name, key, before.held(name, key), booked[name], off, px, ts_ms) for name in off
    ]


def _finding(
    name: str,
    key: PositionKey,
    held: Contracts,
    booked: Contracts,
    off: dict[str, Contracts],
    px: Decimal,
    ts_ms: int,
) -> Finding:
    def ways(finding_id: str) -> tuple[Alternative, ...]:
        return tuple(
            Alternative(
                way,
                grade,
                (Effect(name, str(key), str(quantity - held)),),
                (SetQuantity(name, key, quantity, px, ts_ms, finding_id),),
            )
            for way, grade, quantity in (
                ("as_booked", Grade.PROVEN, booked),
                ("as_written", Grade.ASSUMED, held),
            )
            if key.allows(quantity)
        )

    return finding(
        "owner_swapped",
        Case.C,
        Resolution.HUMAN,
        agent_id=name,
        key=key,
        params={
            "key": str(key),
            "items": ",".join(_ITEMS),
            "held": str(held),
            "booked": str(booked),
            "others": ", ".join(each for each in off if each != name),
        },
        evidence=[
            Evidence("ledger", f"{each} {key}", {"off": str(quantity)})
            for each, quantity in off.items()
        ],
        alternatives=ways,
        items=_ITEMS,
    )
