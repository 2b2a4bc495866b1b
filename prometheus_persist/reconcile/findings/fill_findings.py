"""From the walked fills to findings: one per order and owner, one per key for what nobody owns.

1. An owner's fill that opens or adds, from an order of its own: case A, booked.
2. An owner's fill that closes, or that a stop made: case B, a close outside the system, booked with
   its real PnL and fee. Likewise a liquidation, an ADL or a close by hand with a sole owner.
   A forced execution that several bore is booked to each by the declared rule (``split.py``).
   A fill of an order that was executed in part: case M, booked likewise.
3. Nobody's fill: case J, an orphan. It is booked to nobody and its instrument takes no new entries.
   What the system itself sent for nobody is booked to nobody, and freezes nothing.
4. A disputed key: a human chooses (``alternatives.py``), and every way leads to what the exchange
   holds. It is case D where the exchange shows the other direction, case I where an order carries
   another one's clOrdId, case A where its owner has no ledger, else case B.
5. A fill that nobody can have made is set aside, and what the exchange holds is written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping

from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.findings.alternatives import FROZEN, of_executions, of_gap
from prometheus_persist.reconcile.match.attribute import Claim, fill_evidence
from prometheus_persist.reconcile.match.replay import DISPUTED, Holdings, How, ReplayStep, Walk
from prometheus_persist.reconcile.plan import (
    Alternative,
    BookFill,
    BookOrphan,
    Case,
    Correction,
    Effect,
    Evidence,
    Finding,
    FreezeInstrument,
    Grade,
    Resolution,
    SetAside,
)
from prometheus_persist.reconcile.views import VenueFill, VenuePosition
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey
from prometheus_persist.state.money import ZERO, add, plain

PASSING = frozenset({"why.positions_stale", "why.contradicting_rows", "why.other_mode"})
Groups = dict[tuple[str, ...], list[ReplayStep]]


def fill_findings(
    walked: Walk,
    venue: Mapping[PositionKey, Contracts],
    rows: Mapping[PositionKey, VenuePosition],
) -> list[Finding]:
    """Every walked fill in exactly one finding. What none explains: ``residual_positions.py``."""
    groups: Groups = {}
    for step in walked.steps:
        groups.setdefault(_group(step), []).append(step)
    findings = []
    for (how, *_), steps in sorted(groups.items()):
        key = steps[0].execution.key
        shown, row = venue.get(key, NO_CONTRACTS), rows.get(key)
        if how in (How.OWN, How.CLOSED, How.SPLIT):
            findings.append(_booked(steps, walked))
        elif how == How.ORPHAN:
            findings.append(_orphan(steps))
        elif how == How.IMPOSSIBLE:
            findings.append(_impossible(steps, walked, shown, row))
        else:
            findings.append(_disputed(key, steps, walked, shown, row))
    return findings


def unjudged_findings(
    claims: tuple[Claim, ...],
    doubts: Mapping[str, str],
    before: Holdings,
    rows: Mapping[PositionKey, VenuePosition],
) -> list[Finding]:
    """One UNKNOWN finding per instrument that cannot be judged: because of its unbooked fills, or
    for the reason in ``doubts``. A human may set the fills aside and take the exchange's word;
    not for a reading that contradicts itself, which passes."""
    by_inst: dict[str, list[Claim]] = {name: [] for name in doubts}
    for claim in claims:
        by_inst.setdefault(claim.fill.inst_id, []).append(claim)
    found = []
    for inst_id, unjudged in sorted(by_inst.items()):
        why = next((one.problem for one in unjudged if one.problem), doubts.get(inst_id, ""))
        keys = sorted(key for key in before.held_keys() | rows.keys() if key.inst_id == inst_id)
        found.append(
            finding(
                "fill_unjudged" if unjudged else "position_unjudged",
                Case.A,
                Resolution.UNKNOWN,
                params={
                    "inst_id": inst_id,
                    "fills": str(len(unjudged)),
                    "why": why,
                    "detail": "",
                },
                evidence=[
                    *(proof for one in unjudged for proof in one.evidence),
                    *(Evidence("position", str(key)) for key in keys if not unjudged),
                ],
                alternatives=(
                    _nothing
                    if doubts.get(inst_id) in PASSING
                    else _taken_as_shown(unjudged, keys, before, rows)
                ),
            )
        )
    return found


def _aside(fill: VenueFill, finding_id: str) -> SetAside:
    """An execution that is not looked at again; its order has it all the same."""
    quantity = fill.qty_contracts
    place = (fill.fill_id, fill.inst_id, fill.ts_ms, finding_id)
    return SetAside(*place, fill.cl_ord_id, quantity)


def _nothing(_finding_id: str) -> tuple[Alternative, ...]:
    """No way but to read again."""
    return ()


def _taken_as_shown(
    unjudged: list[Claim],
    keys: list[PositionKey],
    before: Holdings,
    rows: Mapping[PositionKey, VenuePosition],
) -> Callable[[str], tuple[Alternative, ...]]:
    """The fills are not looked at again, and what the exchange holds is written."""

    def ways(finding_id: str) -> tuple[Alternative, ...]:
        steps: list[Correction] = [_aside(one.fill, finding_id) for one in unjudged]
        effects: list[Effect] = []
        for key in keys:
            row = rows.get(key)
            shown = NO_CONTRACTS if row is None else row.qty_contracts
            if before.total(key) != shown:
                best = of_gap(before, key, shown, row, {}, ZERO, finding_id, always=True)[0]
                steps += best.corrections
                effects += best.effects
        return (Alternative("as_shown", Grade.ASSUMED, tuple(effects), tuple(steps)),)

    return ways


def _group(step: ReplayStep) -> tuple[str, ...]:
    key, category = str(step.execution.key), step.execution.category
    if step.how is How.OWN:
        return (step.how, step.owner, key, step.execution.ord_id, _booked_kind(step))
    if step.how is How.CLOSED:
        return (step.how, step.owner, key, category)
    if step.how is How.SPLIT:
        return (step.how, step.owner, key, category)
    if step.how in DISPUTED:
        return (How.CONTESTED, key)
    return (step.how, key, step.owner)


def _booked_kind(step: ReplayStep) -> str:
    if step.how is How.CLOSED:
        return f"closed_{step.execution.category}"
    if step.how is How.SPLIT:
        return f"split_{step.execution.category}"
    if step.execution.category == "stop" and step.closes:
        return "closed_by_stop"
    if step.claim.partial:
        return "fill_partial"
    return "closed_by_order" if step.closes else "fill_unrecorded"


def _booked(steps: list[ReplayStep], walked: Walk) -> Finding:
    kind = _booked_kind(steps[0])
    corrections = tuple(
        BookFill(step.owner, step.execution, step.part)
        if step.owner
        else BookOrphan(step.execution, step.part)
        for step in steps
    )
    return finding(
        kind,
        {"fill_unrecorded": Case.A, "fill_partial": Case.M}.get(kind, Case.B),
        Resolution.AUTO,
        agent_id=steps[0].owner or None,
        key=steps[0].execution.key,
        params=_params(steps) | _extent(steps[0], walked),
        evidence=_evidence(steps),
        corrections=lambda _: corrections,
    )


def _extent(one: ReplayStep, walked: Walk) -> dict[str, str]:
    """What the books show of this owner's position, and what is left of it in the end."""
    owner, key = one.owner, one.execution.key
    left = walked.after.held(owner, key)
    moved = (
        step.execution.signed
        for step in walked.steps
        if step.owner == owner and step.execution.key == key and step.how is not How.IMPOSSIBLE
    )
    return {"held": str(abs(left - sum(moved, NO_CONTRACTS))), "left": str(abs(left))}


def _orphan(steps: list[ReplayStep]) -> Finding:
    key = steps[0].execution.key
    return finding(
        "orphan",
        Case.J,
        Resolution.ORPHAN,
        key=key,
        params=_params(steps),
        evidence=_evidence(steps),
        corrections=lambda finding_id: _to_nobody(key, steps, finding_id),
    )


def _disputed(
    key: PositionKey,
    steps: list[ReplayStep],
    walked: Walk,
    venue: Contracts,
    row: VenuePosition | None,
) -> Finding:
    """All that is disputed of one key, with every way to settle it."""
    kind, case = _disputed_kind(key, steps, walked)
    claimed = {step.claim.owner for step in steps}
    duplicates = sorted({step.claim.duplicate for step in steps} - {""})
    unowned = sum((step.execution.signed for step in steps if step.booked), NO_CONTRACTS)
    params = _params(steps) | {
        "holders": ", ".join(walked.after.holders(key)) or "-",
        "books": str(walked.after.total(key) - unowned),
        "venue": str(venue),
    }
    if kind == "closes_beyond":
        params["agents"] = ", ".join(sorted(name for name in claimed if name))
    if duplicates:
        params["cl_ord_id"] = ", ".join(duplicates)
    kept = [
        s for s in walked.steps if s.execution.key == key and s.booked and s.how not in DISPUTED
    ]

    def alternatives(finding_id: str) -> tuple[Alternative, ...]:
        found = of_executions(walked.start, kept, steps, venue, finding_id)
        return found or _without(key, steps, kept, walked, venue, row, finding_id)

    shown = Evidence("position", str(key), {"contracts": str(venue)})
    return finding(
        kind,
        case,
        Resolution.HUMAN,
        agent_id=next(iter(claimed)) if kind == "owner_gone" and len(claimed) == 1 else None,
        key=key,
        params=params,
        evidence=[*_evidence(steps), shown],
        alternatives=alternatives,
    )


def _disputed_kind(key: PositionKey, steps: list[ReplayStep], walked: Walk) -> tuple[str, Case]:
    if any(step.claim.duplicate for step in steps):
        return "duplicate_fills", Case.I
    if any(step.how is How.EXCESS for step in steps):
        return "closes_beyond", Case.B
    if key in walked.opposed:
        return "direction", Case.D
    if any(step.claim.owner is not None for step in steps):
        return "owner_gone", Case.A
    return "shared_close", Case.B


def _without(
    key: PositionKey,
    steps: list[ReplayStep],
    kept: list[ReplayStep],
    walked: Walk,
    venue: Contracts,
    row: VenuePosition | None,
    finding_id: str,
) -> tuple[Alternative, ...]:
    """Where nobody can have closed that much: what the exchange holds is written, and the
    executions are set aside."""
    held = walked.start.copy()
    for step in kept:
        held.book(step.owner, step.execution)
    aside = tuple(_aside(one.claim.fill, finding_id) for one in steps)
    return tuple(
        dataclasses.replace(one, corrections=(*aside, *one.corrections))
        for one in of_gap(held, key, venue, row, {}, ZERO, finding_id, always=True)
    )


def _impossible(
    steps: list[ReplayStep], walked: Walk, venue: Contracts, row: VenuePosition | None
) -> Finding:
    key = steps[0].execution.key
    kept = [
        s for s in walked.steps if s.execution.key == key and s.booked and s.how not in DISPUTED
    ]
    return finding(
        "impossible",
        Case.B,
        Resolution.HUMAN,
        agent_id=steps[0].owner or None,
        key=key,
        params=_params(steps),
        evidence=_evidence(steps),
        alternatives=lambda finding_id: _without(key, steps, kept, walked, venue, row, finding_id),
    )


def _to_nobody(
    key: PositionKey, steps: Iterable[ReplayStep], finding_id: str
) -> tuple[Correction, ...]:
    booked: tuple[Correction, ...] = tuple(BookOrphan(step.execution, step.part) for step in steps)
    freeze = FreezeInstrument(key.inst_id, FROZEN, finding_id)
    return (*booked, freeze)


def _params(steps: list[ReplayStep]) -> dict[str, str]:
    first = steps[0].execution
    signed = sum((step.execution.signed for step in steps), NO_CONTRACTS)
    return {
        "key": str(first.key),
        "inst_id": first.inst_id,
        "ord_id": first.ord_id,
        "side": first.side,
        "fills": str(len(steps)),
        "contracts": str(abs(signed)),
        "pnl": plain(add(*(step.pnl for step in steps))),
        "fee": plain(add(*(step.execution.fee for step in steps))),
    }


def _evidence(steps: Iterable[ReplayStep]) -> list[Evidence]:
    return [
        proof for step in steps for proof in (fill_evidence(step.claim.fill), *step.claim.evidence)
    ]
