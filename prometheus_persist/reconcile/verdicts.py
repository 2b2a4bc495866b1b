"""R2 and the verdicts: every key balanced, every item of every agent told.

1. Keys are the union of what any book and the exchange know. ``verdict`` is that of the books as
   they were; ``after`` is where the plan leads.
2. What the exchange's side cannot be read for is UNKNOWN: never flat, never a pass. That holds for
   an agent without positions too.
3. Entry price, holding time and capital are compared between the two ledgers only: the exchange has
   no agent on its positions. Size, direction and owner need all three books.
4. A verdict that is not MATCH names the finding it comes from. MISMATCH outranks UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_persist.reconcile.compare import LedgerPair
from prometheus_persist.reconcile.match.replay import NOBODY, Holdings
from prometheus_persist.reconcile.plan import (
    Case,
    Finding,
    Item,
    ItemVerdict,
    KeyBalance,
    Resolution,
    Verdict,
)
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey

_VENUE_ITEMS = frozenset({Item.SIZE, Item.DIRECTION, Item.OWNER})
_ITEMS_OF_CASE: Mapping[Case, frozenset[Item]] = {
    Case.A: frozenset({Item.SIZE, Item.OWNER}),
    Case.B: frozenset({Item.SIZE, Item.OWNER}),
    Case.C: frozenset(),
    Case.D: frozenset({Item.SIZE, Item.DIRECTION, Item.OWNER}),
    Case.E: frozenset({Item.SIZE}),
    Case.F: frozenset({Item.OWNER}),
    Case.G: frozenset(),
    Case.H: frozenset({Item.OWNER}),
    Case.I: frozenset({Item.SIZE, Item.OWNER}),
    Case.J: frozenset(),
    Case.K: frozenset({Item.CAPITAL}),
    Case.L: _VENUE_ITEMS,
    Case.M: frozenset({Item.SIZE, Item.OWNER}),
    Case.N: frozenset(),
}


def balances(
    before: Holdings, after: Holdings, venue: Mapping[PositionKey, Contracts] | None
) -> tuple[KeyBalance, ...]:
    """One balance per key of the union; ``venue`` is None where it could not be read."""
    keys = before.held_keys() | after.held_keys() | (venue or {}).keys()
    return tuple(_balance(key, before, after, venue) for key in sorted(keys))


def _balance(
    key: PositionKey,
    before: Holdings,
    after: Holdings,
    venue: Mapping[PositionKey, Contracts] | None,
) -> KeyBalance:
    shown = None if venue is None else venue.get(key, NO_CONTRACTS)
    verdict = (
        Verdict.UNKNOWN
        if shown is None
        else Verdict.MATCH
        if before.total(key) == shown
        else Verdict.MISMATCH
    )
    return KeyBalance(
        key=key,
        owners=str(before.owned(key)),
        unattributed=str(before.held(NOBODY, key)),
        venue=None if shown is None else str(shown),
        after=str(after.total(key)),
        verdict=verdict,
    )


def item_verdicts(
    pairs: Iterable[LedgerPair],
    findings: tuple[Finding, ...],
    before: Holdings,
    after: Holdings,
    *,
    venue_read: bool,
) -> tuple[ItemVerdict, ...]:
    """Every item of every agent, in the order of agents and of the report."""
    found = []
    for pair in pairs:
        name = pair.agent_id
        held = frozenset(
            key
            for key in before.held_keys() | after.held_keys()
            if before.held(name, key) or after.held(name, key)
        )
        touching = tuple(one for one in findings if _touches(one, name, held))
        found += [_verdict(pair, item, touching, venue_read) for item in Item]
    return tuple(found)


def _touches(one: Finding, agent_id: str, held: frozenset[PositionKey]) -> bool:
    if one.agent_id is not None:
        return one.agent_id == agent_id
    if one.key is not None:
        return one.key in held
    inst_id = one.params.get("inst_id")
    return inst_id is None or any(key.inst_id == inst_id for key in held)


def _verdict(
    pair: LedgerPair, item: Item, touching: tuple[Finding, ...], venue_read: bool
) -> ItemVerdict:
    if item in pair.differing or pair.absent or not pair.known:
        note = next((one.finding_id for one in touching if one.case is Case.C), "")
        return ItemVerdict(pair.agent_id, item, Verdict.MISMATCH, note)
    notes = [one for one in touching if item in _ITEMS_OF_CASE[one.case] or item in one.items]
    proven = [one for one in notes if one.resolution is not Resolution.UNKNOWN]
    if proven:
        return ItemVerdict(pair.agent_id, item, Verdict.MISMATCH, proven[0].finding_id)
    if notes:
        return ItemVerdict(pair.agent_id, item, Verdict.UNKNOWN, notes[0].finding_id)
    if item in _VENUE_ITEMS and not venue_read:
        return ItemVerdict(pair.agent_id, item, Verdict.UNKNOWN, "the exchange was not fully read")
    return ItemVerdict(pair.agent_id, item, Verdict.MATCH)
