"""``reconcile(books, view)``: everything that differs, what proves it, and what is to be done.

1. Pure and total: the same books, view and choices, in whatever order the rows came, give the same
   plan.
2. The books are kept for one account. A view of another one, or of the other environment, is not
   judged at all (``account.py``).
3. Nothing is corrected from a view that is not whole. If any source that all positions depend on
   (``CORE``) is incomplete, every item that needs the exchange is UNKNOWN and no correction of any
   kind is offered: an empty list from a failed read is never "flat". Where only the past is cut,
   because the exchange keeps it no longer, a human may take what is left for the whole.
4. What depends on one contract is judged by contract. Contracts in doubt (contradicting rows,
   executions that cannot be judged) are UNKNOWN, and what is not managed is nobody's
   (``scope.py``).
5. Findings come from the two ledgers (C), from what was booked to whom (C: ``ownership.py``), from
   orders that the books lack (F, I: ``recognise.py``), from differences adopted before their
   executions turned up (A: ``adopted.py``), the unbooked fills (A, B, D, I, J, M), open intents
   (F), resting orders (G), orders under one clOrdId (I), what is left over when all of that is
   booked (A, B, D, E, L: ``residual_positions.py``), and from who holds it then (H:
   ``dead_agents.py``). Last, a host's own books are held beside what these come to (N:
   ``host_books.py``).
6. One fill that cannot be judged leaves every unbooked fill of its instrument unjudged: bookings
   are in order or not at all. The watermark passes only fills that the plan books.
7. What a human chose among a finding's alternatives (``choices``) is part of the plan, and of what
   is judged after it: intents and money.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from prometheus_persist.reconcile.account import (
    as_kept,
    bound,
    changed,
    history_findings,
    other_account,
)
from prometheus_persist.reconcile.canonical import canonical, source_problems
from prometheus_persist.reconcile.compare import LedgerPair, compare_ledgers
from prometheus_persist.reconcile.finding import (
    EVERYTHING,
    Choices,
    chosen_by,
    finding,
    in_order,
)
from prometheus_persist.reconcile.findings.dead_agents import dead_holders
from prometheus_persist.reconcile.findings.fill_findings import fill_findings, unjudged_findings
from prometheus_persist.reconcile.findings.host_books import host_findings
from prometheus_persist.reconcile.findings.intents import (
    duplicate_findings,
    intent_findings,
    resting_findings,
    stops_alone,
)
from prometheus_persist.reconcile.findings.ownership import owner_findings
from prometheus_persist.reconcile.findings.residual_positions import fits, left_over
from prometheus_persist.reconcile.match.adopted import kept, undone, undone_findings, without
from prometheus_persist.reconcile.match.attribute import Claim, Namesakes, claims, namesakes
from prometheus_persist.reconcile.match.contract_resize import rescaled, resized
from prometheus_persist.reconcile.match.recognise import recognised
from prometheus_persist.reconcile.match.replay import Holdings, Walk, walk
from prometheus_persist.reconcile.money.explained import judge_money, unread_money
from prometheus_persist.reconcile.outcome import outcome
from prometheus_persist.reconcile.plan import (
    Alternative,
    BookFill,
    BookOrphan,
    Case,
    Evidence,
    Finding,
    FollowLedgers,
    Grade,
    Item,
    Plan,
    RebuildLedger,
    Resolution,
    RestoreAgent,
    SetAside,
    SettleIntent,
)
from prometheus_persist.reconcile.plan_json import hashed
from prometheus_persist.reconcile.scope import in_scope, unfit_positions
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
from prometheus_persist.state import (
    NO_CONTRACTS,
    Contracts,
    PositionKey,
    PrivateLedger,
    PublicAccount,
)
from prometheus_persist.state.intents import TERMINAL
from prometheus_persist.state.money import plain

NO_CHOICES: Choices = MappingProxyType({})
CORE = (CONFIG, INSTRUMENTS, POSITIONS, FILLS, ORDERS_OPEN, ORDERS_HISTORY, ALGO_ORDERS)


def reconcile(books: Books, view: VenueView, choices: Choices = NO_CHOICES) -> Plan:
    """The plan that brings the books to what the exchange proves; total, deterministic.

    ``choices``: alternatives by finding id; what the view does not offer is passed over.
    """
    view, doubts = canonical(view)
    pairs = compare_ledgers(books.state)
    before = Holdings.of(pairs, books.state.unattributed.positions)
    if (stranger := other_account(books, view)) is not None:
        return _unread(books, view, pairs, before, (stranger,))
    lost = chosen_by(choices, history_findings(view))
    accepted = any(one.chosen for one in lost)
    if accepted:
        view = as_kept(view)
    if (lost and not accepted) or not view.complete(*CORE):
        return _unread(books, view, pairs, before, lost)
    books, orders = recognised(books, view)
    view, outside, foreign = in_scope(books, view, before.held_keys())
    doubts = {name: why for name, why in doubts.items() if name not in outside}
    venue = {row.key: row.qty_contracts for row in view.positions}
    sized = resized(books, view, before)
    old = {name: one.before for name, one in sized.items() if not one.fills_are_new}
    twins = namesakes(books, view)
    found = claims(books, view, before.held_keys() | venue.keys(), old, twins)
    start = rescaled(before, sized)
    odd = _odd(books, view, before.held_keys(), venue.keys())
    murky = frozenset({*doubts, *odd, *(c.fill.inst_id for c in found if c.execution is None)})
    clear = tuple(claim for claim in found if claim.fill.inst_id not in murky)
    gone = undone(books, start, clear, venue)
    walked = walk(without(start, gone), clear, venue, books.moves)
    if (proven := kept(gone, walked, venue)) != gone:
        gone = proven
        walked = walk(without(start, gone), clear, venue, books.moves)
    rows = {row.key: row for row in view.positions}
    settled = chosen_by(
        choices,
        (
            *lost,
            *changed(books, view),
            *_ledger_findings(pairs, withheld=False),
            *owner_findings(books, before),
            *orders,
            *foreign,
            *undone_findings(gone, walked),
            *unjudged_findings(_murky(found, murky), doubts | odd, before, rows),
            *fill_findings(walked, venue, rows),
            *left_over(books, walked, view, venue, murky, sized),
        ),
    )
    after = _after_these(books, view, pairs, before, settled, choices, twins)
    findings = in_order((*settled, *after))
    cash, money = judge_money(books, view, before, findings)
    findings = in_order((*findings, *chosen_by(choices, cash)))
    own = host_findings(books, view, outcome(before, findings), findings)
    findings = in_order((*findings, *chosen_by(choices, own.findings)))
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
            unmanaged=view.unmanaged,
            bound=bound(books, view),
            host_items=own.items,
        )
    )


def _odd(
    books: Books, view: VenueView, held: AbstractSet[PositionKey], shown: AbstractSet[PositionKey]
) -> dict[str, str]:
    """Instruments of which positions cannot be judged, and why."""
    other = {key.inst_id: "why.other_mode" for key in shown if not fits(key, view.pos_mode)}
    return unfit_positions(books, view, frozenset(held | shown)) | other


def _murky(found: Iterable[Claim], instruments: frozenset[str]) -> tuple[Claim, ...]:
    return tuple(claim for claim in found if claim.fill.inst_id in instruments)


def _after_these(
    books: Books,
    view: VenueView,
    pairs: tuple[LedgerPair, ...],
    before: Holdings,
    settled: tuple[Finding, ...],
    choices: Choices,
    twins: Namesakes,
) -> tuple[Finding, ...]:
    """What is judged once these corrections are carried out: orders, and who holds what then."""
    booked = _booked_by_intent(settled)
    intents = chosen_by(choices, intent_findings(books, view, booked, twins))
    ended, then = _ended(intents), outcome(before, settled)
    asked = {one.key for one in settled if one.alternatives}
    return (
        *intents,
        *resting_findings(books, view),
        *stops_alone(books, view, then, ended, asked),
        *duplicate_findings(books, view, twins),
        *dead_holders(books, pairs, then, ended),
    )


def _ended(findings: tuple[Finding, ...]) -> frozenset[str]:
    """The intents that these corrections end."""
    return frozenset(
        step.cl_ord_id
        for one in findings
        for step in one.corrections
        if isinstance(step, SettleIntent) and step.outcome in TERMINAL
    )


def _unread(
    books: Books,
    view: VenueView,
    pairs: tuple[LedgerPair, ...],
    before: Holdings,
    more: Iterable[Finding],
) -> Plan:
    """The plan of a view that is not whole, or not ours: verdicts, and nothing to do."""
    findings = in_order((*_ledger_findings(pairs, withheld=True), *more))
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
            bound=bound(books, view),
        )
    )


def _ledger_findings(pairs: tuple[LedgerPair, ...], *, withheld: bool) -> list[Finding]:
    return [
        _ledger_finding(pair, withheld)
        for pair in pairs
        if pair.conflict or pair.newer or pair.differing
    ] + [_stray_finding(pair, withheld) for pair in pairs if pair.strays is not None]


def _ledger_finding(pair: LedgerPair, withheld: bool) -> Finding:
    private, public = pair.versions
    items = tuple(item for item in Item if item in pair.differing)
    params = {
        "items": ",".join(items),
        "private_version": private,
        "public_version": public,
        "source": pair.source,
    }
    evidence = [
        Evidence("ledger", f"{name}/{pair.agent_id}", _ledger_fields(ledger))
        for name, ledger in (("private", pair.private), ("public", pair.public))
        if ledger is not None
    ]
    name = pair.agent_id
    ways: tuple[Alternative, ...] = ()
    if not pair.known or pair.absent:
        kind, resolution = "agent_missing", Resolution.HUMAN
        ways = (
            Alternative("restore", Grade.ASSUMED, (), (RestoreAgent(name, alive=True),)),
            Alternative("restore_dead", Grade.ASSUMED, (), (RestoreAgent(name, alive=False),)),
        )
    elif withheld:
        kind, resolution = "ledger_withheld", Resolution.UNKNOWN
    elif not pair.newer:
        kind, resolution = "ledger_conflict", Resolution.HUMAN
        sources = (pair.source, "public" if pair.source == "private" else "private")
        ways = tuple(
            Alternative(f"{source}_ledger", Grade.ASSUMED, (), (RebuildLedger(name, source),))
            for source in sources
        )
    else:
        kind, resolution = "ledger_older", Resolution.AUTO
    steps = (RebuildLedger(name, pair.source),) if kind == "ledger_older" else ()
    held = {p.key.inst_id for book in (pair.private, pair.public) if book for p in book.positions}
    return finding(
        kind,
        Case.C,
        resolution,
        agent_id=name,
        params=params,
        evidence=evidence,
        corrections=lambda _: steps,
        alternatives=lambda _: ways,
        about=EVERYTHING if withheld else tuple(sorted(held)),
        items=items,
    )


def _stray_finding(pair: LedgerPair, withheld: bool) -> Finding:
    """The agent's own document says another capital than both its ledgers."""
    name, private = pair.agent_id, pair.private
    assert private is not None
    assert pair.strays is not None
    return finding(
        "agent_strays",
        Case.C,
        Resolution.UNKNOWN if withheld else Resolution.AUTO,
        agent_id=name,
        params={
            "items": Item.CAPITAL.value,
            "said": plain(pair.strays),
            "capital": plain(private.capital),
        },
        evidence=[
            Evidence("ledger", f"{kind}/{name}", {"capital": plain(private.capital)})
            for kind in ("private", "public")
        ],
        corrections=lambda _: () if withheld else (FollowLedgers(name),),
        about=EVERYTHING if withheld else (),
        items=(Item.CAPITAL,),
    )


def _ledger_fields(ledger: PrivateLedger | PublicAccount) -> dict[str, str]:
    fields = {"version": str(ledger.version), "capital": plain(ledger.capital)}
    for position in ledger.positions:
        fields[str(position.key)] = (
            f"{position.qty_contracts} @ {plain(position.entry_px)} since {position.opened_ms}"
        )
    return fields


def _booked_by_intent(findings: Iterable[Finding]) -> dict[str, Contracts]:
    """What these corrections book of every order, to whomever."""
    booked: dict[str, Contracts] = {}
    for one in findings:
        for step in one.corrections:
            if isinstance(step, (BookFill, BookOrphan)) and step.execution.cl_ord_id:
                name = step.execution.cl_ord_id
                booked[name] = booked.get(name, NO_CONTRACTS) + step.execution.qty_contracts
            elif isinstance(step, SetAside) and step.cl_ord_id:
                name = step.cl_ord_id
                booked[name] = booked.get(name, NO_CONTRACTS) + step.qty_contracts
    return booked


def _fills_seen(books: Books, view: VenueView, walked: Walk, murky: frozenset[str]) -> int:
    stuck = bool(murky) or any(not step.booked for step in walked.steps)
    old = books.state.watermark.fills_ms
    return old if stuck else max([old, *(fill.ts_ms for fill in view.fills)])
