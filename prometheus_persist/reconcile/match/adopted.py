"""P8: what was written without an execution is given back once the execution turns up.

A difference that nothing explained was made nobody's, or written for its holders, on approval. If
the exchange later shows executions for it (a lagging index, an archive that was read at last), both
would be in the books. So, per key, where such an adoption stands and executions are not booked yet:

1. The executions alone leave the key off the exchange's figure, and without some of the standing
   adoptions it comes out exactly: those are undone in the same plan, before the executions are
   booked. The fewest that do it, the newest first; at most ``TRIED_MAX`` are looked at.
2. Under posSide long and short no owner can be left with less than nothing: not given back then.
   The entry price of what is nobody's after that is what it was, else that of the adoption.
3. If the books agreed with the exchange without the executions, these are a part of what stands,
   and a part of one adoption on their side is given back for them.
4. Where it does not come out exactly, nothing is undone; what is left over is for a human, as ever.
5. ``kept`` takes an undoing back that the walk did not bear out.

An adoption is undone once: what stands is what was adopted and has not been given back. Adoptions
under one finding's id and for one owner are one; those of one finding are given back together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from itertools import combinations

from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.match.attribute import Claim
from prometheus_persist.reconcile.match.replay import Holdings, Walk
from prometheus_persist.reconcile.plan import AdoptDifference, Case, Evidence, Finding, Resolution
from prometheus_persist.reconcile.views import Adoption, Books
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey

TRIED_MAX = 8
"""Standing adoptions of one key that are tried in combination."""

Undone = tuple[Adoption, ...]


def undone(
    books: Books,
    before: Holdings,
    claims: Iterable[Claim],
    venue: Mapping[PositionKey, Contracts],
) -> Undone:
    """The standing adoptions that the unbooked executions replace."""
    standing: dict[PositionKey, list[Adoption]] = {}
    for adoption in books.adopted:
        standing.setdefault(adoption.key, []).append(adoption)
    late: dict[PositionKey, Contracts] = {}
    for claim in claims:
        if claim.execution is not None:
            key = claim.execution.key
            late[key] = late.get(key, NO_CONTRACTS) + claim.execution.signed
    gone: list[Adoption] = []
    for key in sorted(standing.keys() & late.keys()):
        shown = venue.get(key, NO_CONTRACTS)
        over = before.total(key) + late[key] - shown
        if over:
            whole = _fewest(standing[key], over)
            agreed = before.total(key) == shown
            some = whole or (_part(standing[key], over) if agreed else ())
            gone += some if _possible(before, key, some) else ()
    return tuple(gone)


def _possible(before: Holdings, key: PositionKey, some: Undone) -> bool:
    """Whether everybody is left with what the side allows."""
    left = {one.owner: before.held(one.owner, key) for one in some}
    for one in some:
        left[one.owner] -= one.qty_contracts
    known = all(not owner or owner in before.agents for owner in left)
    return known and (key.pos_side == "net" or all(each.sign >= 0 for each in left.values()))


def _part(standing: list[Adoption], over: Contracts) -> Undone:
    for one in standing[::-1]:
        if one.qty_contracts.sign == over.sign and abs(over) < abs(one.qty_contracts):
            return (dataclasses.replace(one, qty_contracts=over),)
    return ()


def _fewest(standing: list[Adoption], over: Contracts) -> Undone:
    together: dict[str, list[Adoption]] = {}
    for one in standing[::-1]:
        together.setdefault(one.finding_id, []).append(one)
    newest = list(together.values())[:TRIED_MAX]
    for count in range(1, len(newest) + 1):
        for some in combinations(newest, count):
            every = tuple(one for group in some for one in group)
            if sum((one.qty_contracts for one in every), NO_CONTRACTS) == over:
                return every
    return ()


def without(holdings: Holdings, gone: Undone) -> Holdings:
    """What is held once these adoptions are given back."""
    left = holdings.copy()
    for adoption in gone:
        left.adopt(_step(adoption))
    return left


def kept(gone: Undone, walked: Walk, venue: Mapping[PositionKey, Contracts]) -> Undone:
    """Those after which the walk leads to what the exchange shows."""
    disputed: dict[PositionKey, Contracts] = {}  # what nobody could hold is decided all the same
    for step in walked.steps:
        key = step.execution.key
        if not step.booked:
            disputed[key] = disputed.get(key, NO_CONTRACTS) + step.execution.signed
    return tuple(
        one
        for one in gone
        if walked.after.total(one.key) + disputed.get(one.key, NO_CONTRACTS)
        == venue.get(one.key, NO_CONTRACTS)
    )


def undone_findings(gone: Undone, walked: Walk) -> list[Finding]:
    """One finding per adoption that is given back."""
    return [_finding(one, walked) for one in gone]


def _step(one: Adoption) -> AdoptDifference:
    ts_ms = one.since_ms
    return AdoptDifference(
        one.key, -one.qty_contracts, one.entry_px, ts_ms, "", one.finding_id, one.owner
    )


def _finding(one: Adoption, walked: Walk) -> Finding:
    key = one.key
    fills = sorted({s.execution.fill_id for s in walked.steps if s.execution.key == key})
    return finding(
        "adoption_replaced",
        Case.A,
        Resolution.AUTO,
        key=key,
        params={
            "key": str(key),
            "inst_id": key.inst_id,
            "contracts": str(one.qty_contracts),
            "adopted": one.finding_id,
            "fills": str(len(fills)),
            **({"owner": one.owner} if one.owner else {}),
        },
        evidence=[Evidence("fill", fill_id) for fill_id in fills],
        corrections=lambda finding_id: (dataclasses.replace(_step(one), finding_id=finding_id),),
    )
