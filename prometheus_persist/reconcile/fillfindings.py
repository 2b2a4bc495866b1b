"""From the walked fills to findings: one per order and owner, one per key for what nobody owns.

1. An owner's fill that opens or adds, from an order of its own: case A, booked.
2. An owner's fill that closes, or that a stop made: case B, a close outside the system, booked with
   its real PnL and fee. Likewise a liquidation, an ADL or a close by hand with a sole owner.
   A forced execution that several bore is booked to each by the declared rule (``split.py``).
   A fill of an order that was executed in part: case M, booked likewise.
3. Nobody's fill: case J, an orphan. It is booked to nobody and its instrument takes no new entries.
   What the system itself sent for nobody is booked to nobody, and freezes nothing.
4. A contested key: a human decides. The suggestion attached lets the exchange win: every unowned
   fill goes to nobody, so that owners + unattributed = exchange. It is case D where the exchange
   shows the other direction, case I where an order carries another one's clOrdId, else case B.
5. A fill that cannot be booked at all is told, and carries no suggestion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_persist.reconcile.attribute import Claim, fill_evidence
from prometheus_persist.reconcile.findings import finding
from prometheus_persist.reconcile.plan import (
    BookFill,
    BookOrphan,
    Case,
    Correction,
    Evidence,
    Finding,
    FreezeInstrument,
    Resolution,
)
from prometheus_persist.reconcile.walk import How, Step, Walk
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey
from prometheus_persist.state.money import add, plain

Groups = dict[tuple[str, ...], list[Step]]


def fill_findings(walked: Walk, venue: Mapping[PositionKey, Contracts]) -> list[Finding]:
    """Every walked fill in exactly one finding. What no fill explains is told in ``gaps.py``."""
    groups: Groups = {}
    for step in walked.steps:
        groups.setdefault(_group(step), []).append(step)
    findings = []
    for (how, *_), steps in sorted(groups.items()):
        if how in (How.OWN, How.CLOSED, How.SPLIT):
            findings.append(_booked(steps, walked))
        elif how == How.ORPHAN:
            findings.append(_orphan(steps))
        elif how == How.IMPOSSIBLE:
            findings.append(_impossible(steps))
        else:
            findings.append(_contested(steps, walked, venue))
    return findings


def unjudged_findings(claims: tuple[Claim, ...]) -> list[Finding]:
    """One UNKNOWN finding per instrument whose unbooked fills cannot all be judged."""
    by_inst: dict[str, list[Claim]] = {}
    for claim in claims:
        by_inst.setdefault(claim.fill.inst_id, []).append(claim)
    return [
        finding(
            "fill_unjudged",
            Case.A,
            Resolution.UNKNOWN,
            params={
                "inst_id": inst_id,
                "fills": str(len(rows)),
                "why": next(row.problem for row in rows if row.problem),
                "detail": "",
            },
            evidence=[proof for row in rows for proof in row.evidence],
        )
        for inst_id, rows in sorted(by_inst.items())
    ]


def _group(step: Step) -> tuple[str, ...]:
    key, category = str(step.execution.key), step.execution.category
    if step.how is How.OWN:
        return (step.how, step.owner, key, step.execution.ord_id, _booked_kind(step))
    if step.how is How.CLOSED:
        return (step.how, step.owner, key, category)
    if step.how is How.SPLIT:
        return (step.how, step.owner, key, category)
    if step.how is How.CONTESTED:
        return (step.how, key, step.claim.owner or "", step.claim.duplicate)
    return (step.how, key, step.owner)


def _booked_kind(step: Step) -> str:
    if step.how is How.CLOSED:
        return f"closed_{step.execution.category}"
    if step.how is How.SPLIT:
        return f"split_{step.execution.category}"
    if step.execution.category == "stop" and step.closes:
        return "closed_by_stop"
    if step.claim.partial:
        return "fill_partial"
    return "closed_by_order" if step.closes else "fill_unrecorded"


def _booked(steps: list[Step], walked: Walk) -> Finding:
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


def _extent(one: Step, walked: Walk) -> dict[str, str]:
    """What the books show of this owner's position, and what is left of it in the end."""
    owner, key = one.owner, one.execution.key
    left = walked.after.held(owner, key)
    moved = (
        step.execution.signed
        for step in walked.steps
        if step.owner == owner and step.execution.key == key and step.how is not How.IMPOSSIBLE
    )
    return {"held": str(abs(left - sum(moved, NO_CONTRACTS))), "left": str(abs(left))}


def _orphan(steps: list[Step]) -> Finding:
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


def _impossible(steps: list[Step]) -> Finding:
    return finding(
        "impossible",
        Case.B,
        Resolution.HUMAN,
        agent_id=steps[0].owner or None,
        key=steps[0].execution.key,
        params=_params(steps),
        evidence=_evidence(steps),
    )


def _contested(steps: list[Step], walked: Walk, venue: Mapping[PositionKey, Contracts]) -> Finding:
    key = steps[0].execution.key
    claimed, duplicate = steps[0].claim.owner, steps[0].claim.duplicate
    if duplicate:
        return finding(
            "duplicate_fills",
            Case.I,
            Resolution.HUMAN,
            key=key,
            params=_params(steps) | {"cl_ord_id": duplicate},
            evidence=_evidence(steps),
            corrections=lambda finding_id: _to_nobody(key, steps, finding_id),
        )
    if claimed is None and key in walked.opposed:
        return _direction(key, steps, walked, venue)
    return finding(
        "shared_close" if claimed is None else "owner_gone",
        Case.B if claimed is None else Case.A,
        Resolution.HUMAN,
        agent_id=claimed,
        key=key,
        params=_params(steps) | {"holders": ", ".join(walked.after.holders(key)) or "-"},
        evidence=_evidence(steps),
        corrections=lambda finding_id: _to_nobody(key, steps, finding_id),
    )


def _direction(
    key: PositionKey, steps: list[Step], walked: Walk, venue: Mapping[PositionKey, Contracts]
) -> Finding:
    shown = venue.get(key, NO_CONTRACTS)
    unowned = sum((step.execution.signed for step in steps), NO_CONTRACTS)
    return finding(
        "direction",
        Case.D,
        Resolution.HUMAN,
        key=key,
        params={
            "key": str(key),
            "books": str(walked.after.total(key) - unowned),
            "venue": str(shown),
        },
        evidence=[*_evidence(steps), Evidence("position", str(key), {"contracts": str(shown)})],
        corrections=lambda finding_id: _to_nobody(key, steps, finding_id),
    )


def _to_nobody(key: PositionKey, steps: Iterable[Step], finding_id: str) -> tuple[Correction, ...]:
    booked: tuple[Correction, ...] = tuple(BookOrphan(step.execution, step.part) for step in steps)
    freeze = FreezeInstrument(key.inst_id, "the exchange holds what no agent owns", finding_id)
    return (*booked, freeze)


def _params(steps: list[Step]) -> dict[str, str]:
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


def _evidence(steps: Iterable[Step]) -> list[Evidence]:
    return [
        proof for step in steps for proof in (fill_evidence(step.claim.fill), *step.claim.evidence)
    ]
