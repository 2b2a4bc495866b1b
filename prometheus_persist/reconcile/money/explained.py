"""R4: does the money that was booked explain the money that is there, to the cent?

    residual = settled − reserve − booked − basis

``settled`` is the account's equity without unrealised PnL; ``reserve`` what it held beyond the
books at the first reconciliation; ``booked`` all that is booked once this plan is applied;
``basis`` what realising at the exchange's average prices comes to beyond realising at the owners'
entry prices (``outcome.py``).

1. The first reconciliation sets ``reserve`` and finds nothing. From then on the exchange's own sum
   has to hold, too: what was settled then and the bills since are what is settled now.
2. Money that moved without an execution is booked from its bills (case K), to its owners where a
   rule or an exact id says so, else to the account's own entry, in sight.
3. What then remains unexplained needs a human. Suggested: into the account's own entry.
4. Where a plan adopts a difference that no execution explains, the money that belongs to it is what
   remains: it goes the same way, on the same approval (``residual_money.py``), and comes back when
   the executions turn up.
5. Positions that do not agree even once the plan is applied say nothing about the money: it is left
   where it is, and so is how far bills are accounted for.
6. One currency: the books'. Other currencies are listed with the account, and not judged. What was
   not read in full is UNKNOWN.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from decimal import Decimal

from prometheus_persist.reconcile.match.attribute import LIQUIDATION
from prometheus_persist.reconcile.match.replay import Holdings
from prometheus_persist.reconcile.money.bills import (
    Sorted,
    behind_finding,
    fee_findings,
    new_bills,
    own_findings,
    sort_bills,
)
from prometheus_persist.reconcile.money.funding import funding_findings
from prometheus_persist.reconcile.money.late_bills import with_late
from prometheus_persist.reconcile.money.penalty import BILL_LIQUIDATION, penalty_findings
from prometheus_persist.reconcile.money.residual_money import rounded, unexplained
from prometheus_persist.reconcile.outcome import ProjectedBooks, basis, outcome, positions_agree
from prometheus_persist.reconcile.plan import (
    BookCash,
    Case,
    Finding,
    MoneyCheck,
    Resolution,
    Verdict,
)
from prometheus_persist.reconcile.views import (
    BALANCE,
    BILLS,
    POSITIONS_HISTORY,
    Books,
    VenueBill,
    VenueView,
)
from prometheus_persist.state import AccountCash, PositionKey
from prometheus_persist.state.money import ZERO, add, sub

UNBOOKED = frozenset({Case.A, Case.B, Case.F})
SETTLED_STEP = Decimal("1e-8")
"""Equity and unrealised PnL move with the price; their difference must not, in its last digits."""


def judge_money(
    books: Books, view: VenueView, before: Holdings, findings: Sequence[Finding]
) -> tuple[list[Finding], MoneyCheck]:
    """The findings of case K, and R4 once they and ``findings`` are applied."""
    cash = books.state.account_cash
    after = outcome(before, findings)
    first = not cash.baseline_ms
    bills = (
        () if first else with_late(books, view, new_bills(books, view), _settled(view, cash.ccy))
    )
    problem = _unreadable(view, cash.ccy, before, after, bills)
    if problem:
        return [], _unjudged(cash, Verdict.UNKNOWN, problem)
    by_kind = sort_bills(books, view, bills)
    if by_kind.without_fill:
        found = [behind_finding(by_kind.without_fill)]
        return found, _unjudged(cash, Verdict.UNKNOWN, "why.fills_behind")
    if not positions_agree(after, view) or _unjudged_positions(findings):
        return [], _unjudged(cash, Verdict.MISMATCH, "why.money_positions")
    check = _check(books, view, after)
    if first:
        reserve = sub(check.settled or ZERO, add(check.booked, check.basis))
        return [], dataclasses.replace(check, reserve=reserve, residual=ZERO)
    moved = _moved(books, view, before, after, findings, by_kind)
    check = _less(check, moved)
    penalties = penalty_findings(books, view, after, bills, before.agents, check.residual or ZERO)
    check = _less(check, penalties)
    judged, check = unexplained(books, bills, check, adopted=after.adopted)
    return [*moved, *penalties, *judged], check


def unread_money(books: Books) -> MoneyCheck:
    """R4 of a view that is not whole."""
    return _unjudged(books.state.account_cash, Verdict.UNKNOWN, "why.money_unread")


def _unjudged_positions(findings: Iterable[Finding]) -> bool:
    """Whether a position or an execution could not be judged: its money may be there already."""
    return any(
        one.resolution is Resolution.UNKNOWN and one.about and one.case in UNBOOKED
        for one in findings
    )


def _unreadable(
    view: VenueView,
    ccy: str,
    before: Holdings,
    after: ProjectedBooks,
    bills: Iterable[VenueBill],
) -> str:
    """Why nothing can be said; "" where something can."""
    forced = any(one.category == LIQUIDATION for _, one in after.executions) or any(
        bill.type == BILL_LIQUIDATION for bill in bills
    )
    if not view.complete(BILLS, BALANCE) or (forced and not view.complete(POSITIONS_HISTORY)):
        return "why.money_unread"
    keys = before.held_keys() | after.held_keys() | {row.key for row in view.positions}
    names = {key.inst_id for key in keys} | {one.inst_id for _, one in after.executions}
    known = [view.instruments.get(name) for name in names]
    if any(one is None for one in known):
        return "why.no_instrument"
    other = any(one is not None and one.settle_ccy != ccy for one in known)
    return "why.money_other_ccy" if other else ""


def _unjudged(cash: AccountCash, verdict: Verdict, problem: str) -> MoneyCheck:
    """``settled`` None: nothing is remembered of this reading."""
    return MoneyCheck(
        ccy=cash.ccy,
        verdict=verdict,
        first=not cash.baseline_ms,
        settled=None,
        reserve=cash.reserve,
        booked=ZERO,
        basis=ZERO,
        residual=None,
        bill_seen=cash.bill_seen,
        bills_ms=cash.bills_ms,
        problem=problem,
    )


def _settled(view: VenueView, ccy: str) -> Decimal:
    row = view.balances.get(ccy)
    return ZERO if row is None else rounded(row.settled, SETTLED_STEP)


def _check(books: Books, view: VenueView, after: ProjectedBooks) -> MoneyCheck:
    """R4 before anything of case K is booked."""
    cash = books.state.account_cash
    settled = _settled(view, cash.ccy)
    paid = [amount for kinds in books.money.values() for amount in kinds.values()]
    booked, owed = add(after.paid, *paid), basis(after, view)
    covered = [bill for bill in view.bills if bill.ccy == cash.ccy]
    return MoneyCheck(
        ccy=cash.ccy,
        verdict=Verdict.MATCH,
        first=not cash.baseline_ms,
        settled=settled,
        reserve=cash.reserve,
        booked=booked,
        basis=owed,
        residual=sub(settled, add(cash.reserve, booked, owed)),
        bill_seen=max([cash.bill_seen, *(bill.number for bill in covered)]),
        bills_ms=max([cash.bills_ms, *(bill.ts_ms for bill in covered)]),
    )


def _moved(
    books: Books,
    view: VenueView,
    before: Holdings,
    after: ProjectedBooks,
    findings: Iterable[Finding],
    by_kind: Sorted,
) -> list[Finding]:
    """What the new bills say and the books do not have."""
    return [
        *fee_findings(books, view, after, by_kind.executed),
        *funding_findings(books, view, before, after, by_kind.funding, _disputed(findings)),
        *own_findings(books, by_kind.own),
    ]


def _disputed(findings: Iterable[Finding]) -> frozenset[PositionKey]:
    """The positions that a human has to settle: nothing is charged to who may not hold them."""
    return frozenset(
        one.key
        for one in findings
        if one.key is not None and one.resolution in (Resolution.HUMAN, Resolution.UNKNOWN)
    )


def _less(check: MoneyCheck, findings: Iterable[Finding]) -> MoneyCheck:
    """``check`` once the flows of these findings are booked."""
    flows = add(
        ZERO,
        *(
            step.amount
            for one in findings
            for step in one.corrections
            if isinstance(step, BookCash)
        ),
    )
    residual = sub(check.residual or ZERO, flows)
    return dataclasses.replace(check, booked=add(check.booked, flows), residual=residual)
