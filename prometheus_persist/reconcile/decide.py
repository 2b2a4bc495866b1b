"""``reconcile(books, view)``: everything that differs, what proves it, and what is to be done.

1. Pure and total: the same books and view, in whatever order the rows came, give the same plan.
2. Nothing is corrected from a view that is not whole. If any source that positions depend on
   (``CORE``) is incomplete, every item that needs the exchange is UNKNOWN and no correction of any
   kind is offered: an empty list from a failed read is never "flat".
3. Findings come from the two ledgers (C), from what was booked to whom (C: ``records.py``), from
   differences adopted before their executions turned up (A: ``adopted.py``), the unbooked fills (A,
   B, D, I, J, M), open intents (F), resting orders (G), orders under one clOrdId (I), what is left
   over when all of that is booked (A, B, D, E, L: ``gaps.py``), and from who holds it then (H:
   ``standing.py``).
4. One fill that cannot be judged leaves every unbooked fill of its instrument unjudged: bookings
   are in order or not at all. The watermark passes only fills that the plan books.
"""

from __future__ import annotations

from prometheus_persist.reconcile.adopted import kept, undone, undone_findings, without
from prometheus_persist.reconcile.attribute import claims
from prometheus_persist.reconcile.canonical import canonical, source_problems
from prometheus_persist.reconcile.compare import LedgerPair, compare_ledgers
from prometheus_persist.reconcile.fillfindings import fill_findings, unjudged_findings
from prometheus_persist.reconcile.findings import finding, in_order
from prometheus_persist.reconcile.gaps import left_over
from prometheus_persist.reconcile.money import judge_money, unread_money
from prometheus_persist.reconcile.plan import (
    Case,
    Evidence,
    Finding,
    Item,
    Plan,
    RebuildLedger,
    Resolution,
    SettleIntent,
)
from prometheus_persist.reconcile.planjson import hashed
from prometheus_persist.reconcile.records import owner_findings
from prometheus_persist.reconcile.settle import (
    duplicate_findings,
    intent_findings,
    resting_findings,
)
from prometheus_persist.reconcile.standing import dead_holders
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
    VenueView,
)
from prometheus_persist.reconcile.walk import Holdings, How, Walk, walk
from prometheus_persist.state import (
    NO_CONTRACTS,
    Contracts,
    PrivateLedger,
    PublicAccount,
)
from prometheus_persist.state.intents import TERMINAL
from prometheus_persist.state.money import plain

CORE = (CONFIG, INSTRUMENTS, POSITIONS, FILLS, ORDERS_OPEN, ORDERS_HISTORY, ALGO_ORDERS)


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
    gone = undone(books, before, clear, venue)
    walked = walk(without(before, gone), clear, venue, books.moves)
    if (proven := kept(gone, walked, venue)) != gone:
        gone = proven
        walked = walk(without(before, gone), clear, venue, books.moves)
    intents = intent_findings(books, view, _booked_by_intent(walked))
    findings = in_order(
        (
            *_ledger_findings(pairs, withheld=False),
            *owner_findings(books, before),
            *undone_findings(gone, walked),
            *unjudged_findings(tuple(c for c in found if c.fill.inst_id in murky)),
            *fill_findings(walked, venue),
            *intents,
            *resting_findings(books, view),
            *duplicate_findings(books, view),
            *left_over(walked, view, venue, murky),
            *dead_holders(books, pairs, walked.after, _ended(intents)),
        )
    )
    cash, money = judge_money(books, view, before, findings)
    findings = in_order((*findings, *cash))
    return hashed(
        Plan(
            read_ms=view.read_ms,
            items=item_verdicts(pairs, findings, before, walked.after, venue_read=True),
            balances=balances(before, walked.after, venue),
            findings=findings,
            source_problems=source_problems(view),
            fills_seen_ms=_fills_seen(books, view, walked, murky),
            plan_hash="",
            money=money,
        )
    )


def _ended(findings: tuple[Finding, ...]) -> frozenset[str]:
    """The intents that these corrections end."""
    return frozenset(
        step.cl_ord_id
        for one in findings
        for step in one.corrections
        if isinstance(step, SettleIntent) and step.outcome in TERMINAL
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
            money=unread_money(books),
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
