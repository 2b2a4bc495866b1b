"""The account's new bills, sorted by what they are: of executions, fundings, and everything else.

1. Bills of the books' currency with a higher number than the last one accounted for are new, and
   such as turn up behind it (``late_bills.py``).
2. The bill of a trade, a delivery, a liquidation or an ADL (types 2, 3, 5, 9) is the money of one
   fill, which has its (instId, tradeId) or its billId. PnL at the account's average price is not an
   owner's, so only its fee is compared with what the books have for that fill.
3. A trade's bill without a fill, in the view or booked, means that the fills are behind: nothing is
   judged. A liquidation may leave no fill at all; its bill counts as behind for a minute only.
4. The daily settlement of an expiry future (type 34) pays out what its average price moved by. The
   owners' entry prices stay: the difference is in R4's basis, and nothing is booked.
5. Everything else is the account's own: transfers, interest, what was traded in instruments that
   the books do not keep, by kind. A margin transfer moves nothing in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.match.replay import NOBODY
from prometheus_persist.reconcile.money.bill_evidence import bill_evidence
from prometheus_persist.reconcile.outcome import ProjectedBooks
from prometheus_persist.reconcile.plan import BookCash, Case, Evidence, Finding, Resolution
from prometheus_persist.reconcile.views import Books, VenueBill, VenueFill, VenueView
from prometheus_persist.state.money import ZERO, add, magnitude, plain, sub

BILL_TRADE, BILL_DELIVERY, BILL_FUNDING, BILL_SETTLEMENT = "2", "3", "8", "34"
EXECUTED = frozenset({BILL_TRADE, BILL_DELIVERY, "5", "9"})
MUST_HAVE_FILL = frozenset({BILL_TRADE, BILL_DELIVERY})
BEHIND_MS = 60_000
FEE_STEP = Decimal("1e-8")
_OWN_KINDS: Mapping[str, str] = {"1": "transfer", "7": "interest", BILL_TRADE: "foreign_trade"}


def new_bills(books: Books, view: VenueView) -> tuple[VenueBill, ...]:
    """What is not accounted for yet, in the order of a canonical view."""
    cash = books.state.account_cash
    return tuple(b for b in view.bills if b.ccy == cash.ccy and b.number > cash.bill_seen)


@dataclass(frozen=True, slots=True)
class Sorted:
    """The new bills by what becomes of them; ``executed`` with their fills' ids."""

    executed: tuple[tuple[VenueBill, str], ...]
    without_fill: tuple[VenueBill, ...]
    funding: tuple[VenueBill, ...]
    own: tuple[VenueBill, ...]


def sort_bills(books: Books, view: VenueView, bills: Iterable[VenueBill]) -> Sorted:
    """Every bill in at most one place; a liquidation that left no fill is in none."""
    by_bill = {fill.bill_id: fill.fill_id for fill in view.fills}
    seen = {fill.fill_id for fill in view.fills}
    newest_ms = max([view.read_ms, *(f.ts_ms for f in view.fills), *(b.ts_ms for b in view.bills)])
    executed, without, funding, own = [], [], [], []
    for bill in bills:
        if bill.type == BILL_FUNDING:
            funding.append(bill)
        elif bill.type in EXECUTED and bill.inst_id in view.instruments:
            told = f"{bill.inst_id}:{bill.trade_id}"
            name = told if told in seen or told in books.booked_fills else by_bill.get(bill.bill_id)
            if name is not None:
                executed.append((bill, name))
            elif bill.type in MUST_HAVE_FILL or bill.ts_ms > newest_ms - BEHIND_MS:
                without.append(bill)
        elif bill.change and not (
            bill.type == BILL_SETTLEMENT and bill.inst_id in view.instruments
        ):
            own.append(bill)
    return Sorted(tuple(executed), tuple(without), tuple(funding), tuple(own))


def behind_finding(bills: tuple[VenueBill, ...]) -> Finding:
    """The fills are behind these bills."""
    return finding(
        "bill_without_fill",
        Case.K,
        Resolution.UNKNOWN,
        agent_id=NOBODY,
        params={
            "bills": str(len(bills)),
            "inst_ids": ", ".join(sorted({bill.inst_id for bill in bills})),
        },
        evidence=[bill_evidence(bill) for bill in bills],
        about=tuple(sorted({bill.inst_id for bill in bills})),
    )


def fee_findings(
    books: Books,
    view: VenueView,
    after: ProjectedBooks,
    executed: Iterable[tuple[VenueBill, str]],
) -> list[Finding]:
    """One finding per bill whose fee is not what the books have, or will have, for its fill."""
    fees, owners = _fees(books, after)
    fills = {fill.fill_id: fill for fill in view.fills}
    found = []
    for bill, name in executed:
        booked = fees.get(name)
        ref = f"{bill.bill_id}:fee"
        if booked is None or ref in books.booked_flows:
            continue
        amount = sub(bill.fee, booked)
        if magnitude(amount) >= FEE_STEP:
            owner = owners.get(name) or _owner(books, fills.get(name))
            found.append(_fee_finding(bill, name, booked, owner))
    return found


def _fees(books: Books, after: ProjectedBooks) -> tuple[dict[str, Decimal], dict[str, str]]:
    """Every fill's fee with this plan's; and whose it is, where this plan books it whole."""
    fees = dict(books.booked_fees)
    owners: dict[str, set[str]] = {}
    for owner, one in after.executions:
        fees[one.fill_id] = add(fees.get(one.fill_id, ZERO), one.fee)
        owners.setdefault(one.fill_id, set()).add(owner)
    return fees, {name: next(iter(who)) for name, who in owners.items() if len(who) == 1}


def _owner(books: Books, fill: VenueFill | None) -> str:
    """Whose a booked fill is by its exact ids; nobody's where they do not say."""
    if fill is None:
        return NOBODY
    owner = books.order_owners.get(fill.cl_ord_id) or books.state.registry.owner_of_tag(fill.tag)
    return owner if owner in books.state.agents else NOBODY


def _fee_finding(bill: VenueBill, name: str, booked: Decimal, owner: str) -> Finding:
    amount = sub(bill.fee, booked)
    step = BookCash(owner, f"{bill.bill_id}:fee", "fee", amount, bill.inst_id, bill.ts_ms)
    return finding(
        "fee_differs",
        Case.K,
        Resolution.AUTO,
        agent_id=owner,
        params={
            "inst_id": bill.inst_id,
            "fill": name,
            "booked": plain(booked),
            "billed": plain(bill.fee),
            "amount": plain(amount),
            "ccy": bill.ccy,
        },
        evidence=[bill_evidence(bill), Evidence("fill", name, {"fee": plain(booked)})],
        corrections=lambda _: (step,),
    )


def own_findings(books: Books, bills: Iterable[VenueBill]) -> list[Finding]:
    """One finding per kind of what is the account's own."""
    kinds: dict[str, list[VenueBill]] = {}
    for bill in bills:
        if bill.bill_id not in books.booked_flows:
            kinds.setdefault(_OWN_KINDS.get(bill.type, "other"), []).append(bill)
    return [_own_finding(kind, rows) for kind, rows in sorted(kinds.items())]


def _own_finding(kind: str, bills: list[VenueBill]) -> Finding:
    steps = tuple(
        BookCash(NOBODY, bill.bill_id, kind, bill.change, bill.inst_id, bill.ts_ms)
        for bill in bills
    )
    return finding(
        f"{kind}_unbooked",
        Case.K,
        Resolution.AUTO,
        agent_id=NOBODY,
        params={
            "bills": str(len(bills)),
            "amount": plain(add(ZERO, *(bill.change for bill in bills))),
            "ccy": bills[0].ccy,
        },
        evidence=[bill_evidence(bill) for bill in bills],
        corrections=lambda _: steps,
    )
