"""What remains of the account's money when everything known is booked; and when it turns up.

0. Money that belongs to a difference which the plan writes waits with that, and shuts nothing more.
1. ``gap``: the exchange's own sum, bills against balance, does not hold. ``residual``: what the
   books do not explain. A cent of either needs a human. Suggested: the account's own entry, so that
   the next reconciliation starts from there.
2. The ref of such a flow tells both amounts. If the missing bill, or the executions of an adopted
   difference, turn up later, gap and residual come back with the opposite sign, to the cent: what
   was booked in their place is then given back, once, and nobody has to be asked (P8).
3. Without a bill or an adoption behind it nothing is given back: two equal sums prove nothing.
4. Such a bill may turn up behind newer ones. For ``LOOKED_FOR_MS`` bills are read from where they
   were read when its money was booked: what was read once can be read again, and no list grows
   with the age of a flow.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Self

from prometheus_persist.reconcile.finding import EVERYTHING, finding
from prometheus_persist.reconcile.match.replay import NOBODY
from prometheus_persist.reconcile.plan import (
    Alternative,
    BookCash,
    Case,
    Effect,
    Evidence,
    Finding,
    Grade,
    MoneyCheck,
    Resolution,
    Verdict,
)
from prometheus_persist.reconcile.views import Books, VenueBill
from prometheus_persist.state.exact_json import dumps
from prometheus_persist.state.money import ZERO, add, exact, in_steps, magnitude, plain, sub

UNEXPLAINED, RETURNED = "unexplained", "returned"
CENT = Decimal("0.01")
LOOKED_FOR_MS = 6 * 3_600_000
_LOOKED_BACK_MS = 6 * 24 * 3_600_000  # further back it would be the archive, list by list
TOGETHER_MAX, TRIED_MAX = 3, 12
"""How many standing flows may turn up at once, and of how many this is tried."""
_BOOK_STEP = Decimal("1e-12")
_REF_HEX_CHARS = 16


@dataclass(frozen=True, slots=True)
class _Standing:
    """A flow that was booked as unexplained and has not been given back.

    A stored flow has room for one amount only, so its ``ref`` tells the gap as well, and from when
    to when bills were known where it was judged; what is written there and what is read of it
    stands here and nowhere else. Older stores have refs without the times: 0.
    """

    digest: str
    amount: Decimal
    gap: Decimal
    since_ms: int = 0
    bills_ms: int = 0

    @property
    def ref(self) -> str:
        told = plain(self.amount), plain(self.gap), str(self.since_ms), str(self.bills_ms)
        return ":".join((UNEXPLAINED, self.digest, *told))

    @property
    def returned(self) -> str:
        """The ref of the flow that gives it back."""
        return f"{RETURNED}:{self.digest}"

    @classmethod
    def of(cls, ref: str) -> Self | None:
        """The flow with this ref; None for a flow of another kind."""
        name, *parts = ref.split(":")
        if name != UNEXPLAINED or len(parts) not in (3, len(dataclasses.fields(cls))):
            return None
        digest, amount, gap, *times = parts
        return cls(digest, exact(amount), exact(gap), *map(int, times))


def unexplained(
    books: Books, bills: Iterable[VenueBill], check: MoneyCheck, *, adopted: bool
) -> tuple[list[Finding], MoneyCheck]:
    """At most one finding for whatever is left; a suggestion is not part of ``check``.

    ``adopted``: the plan adopts a difference, or gives one back.
    """
    cash, residual = books.state.account_cash, check.residual or ZERO
    gap = sub(check.settled or ZERO, add(cash.settled, *(bill.change for bill in bills)))
    if magnitude(gap) < CENT and magnitude(residual) < CENT:
        return [], check
    back = _returned(books.booked_flows, gap, residual, adopted=adopted)
    if back:
        return _give_back(back, check)
    shown = {
        "settled": plain(check.settled or ZERO),
        "settled_before": plain(cash.settled),
        "bill_seen": str(check.bill_seen),
        "reserve": plain(check.reserve),
        "booked": plain(rounded(check.booked, _BOOK_STEP)),
        "basis": plain(rounded(check.basis, _BOOK_STEP)),
    }
    amount, off = (rounded(each, _BOOK_STEP) for each in (residual, gap))
    before = sum(ref.startswith(f"{UNEXPLAINED}:") for ref in books.booked_flows)
    # The same figures may come back once more: another flow, and not the one booked already.
    again = {"before": str(before)} if before else {}
    digest = hashlib.sha256(dumps({**shown, **again, "amount": plain(amount)})).hexdigest()
    since_ms = cash.bills_ms or cash.baseline_ms
    until_ms = max(since_ms, check.bills_ms)
    flow = _Standing(digest[:_REF_HEX_CHARS], amount, off, since_ms, until_ms)
    step = BookCash(NOBODY, flow.ref, UNEXPLAINED, amount, "", check.bills_ms)
    effects = (Effect(NOBODY, "", "", plain(amount)),)
    kind = "money_adopted" if adopted else "money_unexplained"
    found = finding(
        kind if magnitude(gap) < CENT else "bills_do_not_add_up",
        Case.K,
        Resolution.HUMAN,
        agent_id=NOBODY,
        params={
            "ccy": check.ccy,
            "settled": plain(check.settled or ZERO),
            "gap": plain(off),
            "amount": plain(amount),
        },
        evidence=[Evidence("balance", check.ccy, shown)],
        alternatives=lambda _: (Alternative("account", Grade.OPEN, effects, (step,)),),
        about=() if adopted and magnitude(gap) < CENT else EVERYTHING,
    )
    return [found], dataclasses.replace(check, verdict=Verdict.MISMATCH)


def _returned(
    flows: AbstractSet[str], gap: Decimal, residual: Decimal, *, adopted: bool
) -> tuple[_Standing, ...]:
    """The fewest standing flows that gap and residual take back exactly; none without evidence."""
    tried = standing(flows)[:TRIED_MAX]
    for count in range(1, min(TOGETHER_MAX, len(tried)) + 1):
        for some in combinations(tried, count):
            if (
                magnitude(add(gap, *(one.gap for one in some))) < CENT
                and magnitude(add(residual, *(one.amount for one in some))) < CENT
                and (adopted or any(magnitude(one.gap) >= CENT for one in some))
            ):
                return some
    return ()


def standing(flows: AbstractSet[str]) -> list[_Standing]:
    """What was booked as unexplained and has not been given back."""
    booked = sorted(ref for ref in flows if ref.startswith(f"{UNEXPLAINED}:"))
    return [one for one in filter(None, map(_Standing.of, booked)) if one.returned not in flows]


def bills_from_ms(books: Books, now_ms: int) -> int:
    """From when on bills have to be read: from the last one accounted for, or from where one may
    be that is still looked for."""
    seen_ms = books.state.account_cash.bills_ms
    if UNEXPLAINED not in books.money.get(NOBODY, {}):  # the usual case, without a look at flows
        return seen_ms
    awaited = [
        max(one.since_ms, now_ms - _LOOKED_BACK_MS)
        for one in standing(books.booked_flows)
        if magnitude(one.gap) >= CENT and now_ms < one.bills_ms + LOOKED_FOR_MS
    ]
    return min([seen_ms, *awaited])


def _give_back(back: tuple[_Standing, ...], check: MoneyCheck) -> tuple[list[Finding], MoneyCheck]:
    steps = tuple(
        BookCash(
            NOBODY,
            one.returned,
            UNEXPLAINED,
            sub(ZERO, one.amount),
            "",
            check.bills_ms,
        )
        for one in back
    )
    amount = add(ZERO, *(step.amount for step in steps))
    found = finding(
        "unexplained_returned",
        Case.K,
        Resolution.AUTO,
        agent_id=NOBODY,
        params={"ccy": check.ccy, "amount": plain(amount), "flows": str(len(back))},
        evidence=[
            Evidence("flow", one.digest, {"amount": plain(one.amount), "gap": plain(one.gap)})
            for one in back
        ],
        corrections=lambda _: steps,
    )
    residual = sub(check.residual or ZERO, amount)
    return [found], dataclasses.replace(check, booked=add(check.booked, amount), residual=residual)


def rounded(amount: Decimal, step: Decimal) -> Decimal:
    """``amount`` in whole steps, half even."""
    return exact(plain(in_steps(amount, step)))
