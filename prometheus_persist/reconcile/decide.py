"""``reconcile(books, view)``: everything that differs, what proves it, and what is to be done.

1. Pure and total: the same books and view, in whatever order the rows came, give the same plan.
2. Nothing is corrected from a view that is not whole. If any source that positions depend on
   (``CORE``) is incomplete, every item that needs the exchange is UNKNOWN and no correction of any
   kind is offered: an empty list from a failed read is never "flat".
3. Findings come from five places: the two ledgers (C), the unbooked fills (A, B, D, J), open
   intents (F), resting orders (G), and what is left over when all of that is booked (A, B, D, L).
4. What is left over has no execution that explains it, so a human decides. The suggestion, where
   the books can express it: nobody owns the difference, and the exchange wins. A leg that the
   exchange shows on the other side (long for short) is a flip, not two differences.
5. One fill that cannot be judged leaves every unbooked fill of its instrument unjudged: bookings
   are in order or not at all. The watermark passes only fills that the plan books.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_persist.reconcile.attribute import claims
from prometheus_persist.reconcile.canonical import canonical, source_problems
from prometheus_persist.reconcile.compare import LedgerPair, compare_ledgers
from prometheus_persist.reconcile.fillfindings import fill_findings, unjudged_findings
from prometheus_persist.reconcile.findings import finding, in_order
from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    Case,
    Correction,
    Evidence,
    Finding,
    FreezeInstrument,
    Item,
    Plan,
    RebuildLedger,
    Resolution,
)
from prometheus_persist.reconcile.planjson import hashed
from prometheus_persist.reconcile.settle import intent_findings, resting_findings
from prometheus_persist.reconcile.verdicts import balances, item_verdicts
from prometheus_persist.reconcile.views import (
    ALGO_ORDERS,
    CONFIG,
    FILLS,
    INSTRUMENTS,
    ORDERS_HISTORY,
    ORDERS_OPEN,
    POSITIONS,
    Books,
    VenuePosition,
    VenueView,
)
from prometheus_persist.reconcile.walk import NOBODY, Holdings, How, Walk, walk
from prometheus_persist.state import (
    NO_CONTRACTS,
    Contracts,
    PositionKey,
    PrivateLedger,
    PublicAccount,
)
from prometheus_persist.state.money import plain

CORE = (CONFIG, INSTRUMENTS, POSITIONS, FILLS, ORDERS_OPEN, ORDERS_HISTORY, ALGO_ORDERS)
NET_MODE, HEDGE_MODE = "net_mode", "long_short_mode"


def reconcile(books: Books, view: VenueView) -> Plan:
    """The plan that brings the books to what the exchange proves; total, deterministic."""
    view = canonical(view)
    pairs = compare_ledgers(books.state)
    before = Holdings.of(pairs, books.state.unattributed.positions)
    if not view.complete(*CORE):
        return _unread(books, view, pairs, before)
    venue = {row.key: row.qty_contracts for row in view.positions}
    found = claims(books, view, before.held_keys() | venue.keys())
    murky = frozenset(claim.fill.inst_id for claim in found if claim.execution is None)
    clear = tuple(claim for claim in found if claim.fill.inst_id not in murky)
    walked = walk(before, clear, venue)
    findings = in_order(
        (
            *_ledger_findings(pairs, withheld=False),
            *unjudged_findings(tuple(c for c in found if c.fill.inst_id in murky)),
            *fill_findings(walked, venue),
            *intent_findings(books, view, _booked_by_intent(walked)),
            *resting_findings(books, view),
            *_left_over(walked, view, venue, murky),
        )
    )
    return hashed(
        Plan(
            read_ms=view.read_ms,
            items=item_verdicts(pairs, findings, before, walked.after, venue_read=True),
            balances=balances(before, walked.after, venue),
            findings=findings,
            source_problems=source_problems(view),
            fills_seen_ms=_fills_seen(books, view, walked, murky),
            plan_hash="",
        )
    )


def _unread(books: Books, view: VenueView, pairs: tuple[LedgerPair, ...], before: Holdings) -> Plan:
    """The plan of a view that is not whole: verdicts, and nothing to do."""
    findings = in_order(_ledger_findings(pairs, withheld=True))
    return hashed(
        Plan(
            read_ms=view.read_ms,
            items=item_verdicts(pairs, findings, before, before, venue_read=False),
            balances=balances(before, before, None),
            findings=findings,
            source_problems=source_problems(view),
            fills_seen_ms=books.state.watermark.fills_ms,
            plan_hash="",
        )
    )


def _ledger_findings(pairs: tuple[LedgerPair, ...], *, withheld: bool) -> list[Finding]:
    return [
        _ledger_finding(pair, withheld)
        for pair in pairs
        if pair.conflict or pair.newer or pair.differing
    ]


def _ledger_finding(pair: LedgerPair, withheld: bool) -> Finding:
    private, public = pair.versions
    params = {
        "items": ",".join(item.value for item in Item if item in pair.differing),
        "private_version": private,
        "public_version": public,
        "source": pair.source,
    }
    evidence = [
        Evidence("ledger", f"{name}/{pair.agent_id}", _ledger_fields(ledger))
        for name, ledger in (("private", pair.private), ("public", pair.public))
        if ledger is not None
    ]
    if not pair.known or pair.absent:
        kind, resolution = "agent_missing", Resolution.HUMAN
    elif withheld:
        kind, resolution = "ledger_withheld", Resolution.UNKNOWN
    elif not pair.newer:
        kind, resolution = "ledger_conflict", Resolution.HUMAN
    else:
        kind, resolution = "ledger_older", Resolution.AUTO
    steps = (
        (RebuildLedger(pair.agent_id, pair.source),)
        if kind in ("ledger_older", "ledger_conflict")
        else ()
    )
    return finding(
        kind,
        Case.C,
        resolution,
        agent_id=pair.agent_id,
        params=params,
        evidence=evidence,
        corrections=lambda _: steps,
    )


def _ledger_fields(ledger: PrivateLedger | PublicAccount) -> dict[str, str]:
    fields = {"version": str(ledger.version), "capital": plain(ledger.capital)}
    for position in ledger.positions:
        fields[str(position.key)] = (
            f"{position.qty_contracts} @ {plain(position.entry_px)} since {position.opened_ms}"
        )
    return fields


def _booked_by_intent(walked: Walk) -> dict[str, Contracts]:
    booked: dict[str, Contracts] = {}
    for step in walked.steps:
        if step.how is How.OWN:
            name = step.execution.cl_ord_id
            booked[name] = booked.get(name, NO_CONTRACTS) + step.execution.qty_contracts
    return booked


def _fills_seen(books: Books, view: VenueView, walked: Walk, murky: frozenset[str]) -> int:
    stuck = bool(murky) or any(step.how is How.IMPOSSIBLE for step in walked.steps)
    old = books.state.watermark.fills_ms
    return old if stuck else max([old, *(fill.ts_ms for fill in view.fills)])


@dataclass(frozen=True, slots=True)
class _Gap:
    """A key whose books, once everything provable is booked, are still not the exchange's."""

    key: PositionKey
    books: Contracts
    venue: Contracts


def _left_over(
    walked: Walk,
    view: VenueView,
    venue: Mapping[PositionKey, Contracts],
    murky: frozenset[str],
) -> list[Finding]:
    after = walked.after
    wrong_mode = sorted(key for key in after.held_keys() if not _fits(key, view.pos_mode))
    findings = [_mode_finding(view.pos_mode, wrong_mode)] if wrong_mode else []
    told = {*wrong_mode, *(s.execution.key for s in walked.steps if s.how is How.IMPOSSIBLE)}
    gaps = {
        key: _Gap(key, after.total(key), venue.get(key, NO_CONTRACTS))
        for key in sorted(after.held_keys() | venue.keys())
        if after.total(key) != venue.get(key, NO_CONTRACTS)
        and key.inst_id not in murky
        and key not in told
    }
    rows = {row.key: row for row in view.positions}
    for key, gap in gaps.items():
        row = rows.get(key)
        shown = {"contracts": str(gap.venue)} | (
            {"avg_px": plain(row.avg_px), "updated_ms": str(row.updated_ms)} if row else {}
        )
        step = _adoption(gap, after, row)
        evidence = Evidence("position", str(key), shown)
        findings.append(_gap_finding(gap, _flipped(gap, gaps), evidence, step))
    return findings


def _fits(key: PositionKey, pos_mode: str) -> bool:
    return (key.pos_side == "net") == (pos_mode == NET_MODE)


def _mode_finding(pos_mode: str, keys: list[PositionKey]) -> Finding:
    return finding(
        "pos_mode",
        Case.L,
        Resolution.HUMAN,
        params={"pos_mode": pos_mode, "keys": ", ".join(str(key) for key in keys)},
        evidence=[Evidence("position", str(key), {"pos_side": key.pos_side}) for key in keys],
    )


def _flipped(gap: _Gap, gaps: Mapping[PositionKey, _Gap]) -> bool:
    """Opposite signs on one key, or contracts missing on one side and over on the other."""
    if gap.books.sign * gap.venue.sign < 0:
        return True
    twin_side = {"long": "short", "short": "long"}.get(gap.key.pos_side)
    if twin_side is None:
        return False
    twin = gaps.get(gap.key._replace(pos_side=twin_side))
    return twin is not None and (gap.books < gap.venue) != (twin.books < twin.venue)


def _adoption(gap: _Gap, after: Holdings, row: VenuePosition | None) -> AdoptDifference | None:
    """The difference as nobody's; None where long or short would have to be held negatively."""
    missing = gap.venue - gap.books
    if gap.key.pos_side != "net" and (after.held(NOBODY, gap.key) + missing).sign < 0:
        return None
    names = (*after.holders(gap.key), NOBODY)
    held = next((p for name in names if (p := after.position(name, gap.key)) is not None), None)
    if row is not None:
        return AdoptDifference(gap.key, missing, row.avg_px, row.updated_ms, "")
    assert held is not None, "a gap without a venue row has a holder"
    return AdoptDifference(gap.key, missing, held.entry_px, held.updated_ms, "")


def _gap_finding(
    gap: _Gap, flipped: bool, evidence: Evidence, step: AdoptDifference | None
) -> Finding:
    if flipped:
        kind, case = ("direction_unexplained" if step else "direction_by_hand"), Case.D
    elif abs(gap.venue) > abs(gap.books):
        kind, case = "venue_more", Case.A
    else:
        kind, case = ("books_more" if step else "books_more_by_hand"), Case.B
    reason = "the exchange holds what no agent owns"

    def corrections(finding_id: str) -> tuple[Correction, ...]:
        if step is None:
            return ()
        freeze = FreezeInstrument(gap.key.inst_id, reason, finding_id)
        return (dataclasses.replace(step, finding_id=finding_id), freeze)

    return finding(
        kind,
        case,
        Resolution.HUMAN,
        key=gap.key,
        params={"key": str(gap.key), "books": str(gap.books), "venue": str(gap.venue)},
        evidence=[evidence],
        corrections=corrections,
    )
