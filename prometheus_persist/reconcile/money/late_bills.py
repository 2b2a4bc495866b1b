"""Bills that turn up behind newer ones that are accounted for already.

A number at most ``bill_seen`` does not say that a bill was seen: lists of several services come
together, and one may be behind. What of it is booked has a flow with its id; a trade's is told by
its fill. What is left, a funding or what is the account's own, is new if the exchange's own sum
says so: with it the bills add up where they did not, or they miss just what was booked in its place
as unexplained. Bills from before the first reconciliation are not booked either, and never due: the
money of then is in the reserve.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from prometheus_persist.reconcile.money.bills import BILL_FUNDING, BILL_SETTLEMENT, EXECUTED
from prometheus_persist.reconcile.money.residual_money import CENT, standing
from prometheus_persist.reconcile.views import Books, VenueBill, VenueView
from prometheus_persist.state.money import add, magnitude, sub


def with_late(
    books: Books, view: VenueView, bills: tuple[VenueBill, ...], settled: Decimal
) -> tuple[VenueBill, ...]:
    """``bills``, the new ones, and those behind them that have to be; in the order of the view."""
    late = [bill for bill in view.bills if _may_be_late(books, bill)]
    if not late:
        return bills
    before = books.state.account_cash.settled

    def gap(some: Iterable[VenueBill]) -> Decimal:
        return sub(settled, add(before, *(bill.change for bill in (*bills, *some))))

    missing = [one.gap for one in standing(books.booked_flows)]
    for some in (late, *([bill] for bill in late)):
        off = gap(some)
        closes = magnitude(off) < CENT <= magnitude(gap(()))
        if closes or any(magnitude(add(off, each)) < CENT <= magnitude(each) for each in missing):
            found = {bill.bill_id for bill in (*bills, *some)}
            return tuple(bill for bill in view.bills if bill.bill_id in found)
    return bills


def _may_be_late(books: Books, bill: VenueBill) -> bool:
    cash, flows = books.state.account_cash, books.booked_flows
    told = bill.type in EXECUTED or bill.type == BILL_SETTLEMENT
    if told or not bill.change or bill.ccy != cash.ccy or bill.number > cash.bill_seen:
        return False
    if bill.ts_ms < cash.baseline_ms:
        return False
    if bill.type != BILL_FUNDING:
        return bill.bill_id not in flows
    names = {"", *books.state.agents, *books.state.registry.rows}
    return not any(f"{bill.bill_id}:{name}" in flows for name in names)
