"""What liquidations cost beyond their fees: the penalty, which no fill and no bill names.

1. The exchange tells it per life of a position (posId and when it began) as a sum that only grows.
   The refs of their cash flows name the life; only what was added to what they come to is new.
2. There is nothing new without a liquidation: a bill of type 5 since the last reconciliation, or
   one among this plan's executions.
3. It is borne by those whose contracts were liquidated, by their contracts in this plan: the
   shares add up exactly, the lowest agent id takes what is left over. Where this plan liquidates
   nobody it is the account's own.
4. A life that was under way at the first reconciliation may have cost something before it. Its
   penalty is new only if the account's money says so: the residual is then what was added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.reconcile.books import PENALTY
from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.match.attribute import LIQUIDATION
from prometheus_persist.reconcile.match.split import NOBODY, bearing_order, money_shares
from prometheus_persist.reconcile.outcome import ProjectedBooks
from prometheus_persist.reconcile.plan import BookCash, Case, Evidence, Finding, Resolution
from prometheus_persist.reconcile.views import (
    Books,
    VenueBill,
    VenueLife,
    VenuePosition,
    VenueView,
)
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey
from prometheus_persist.state.money import ZERO, add, exact, magnitude, plain, sub

BILL_LIQUIDATION = "5"
CENT = Decimal("0.01")
_MARK = ":penalty:"
_CLOCKS_APART_MS = 2_000


@dataclass(frozen=True, slots=True)
class _Life:
    """One life of a position that has cost a penalty. ``added`` is what the books do not have."""

    key: PositionKey
    name: str
    penalty: Decimal
    added: Decimal
    opened_ms: int
    updated_ms: int
    certain: bool


def penalty_findings(
    books: Books,
    view: VenueView,
    after: ProjectedBooks,
    bills: Iterable[VenueBill],
    agents: AbstractSet[str],
    residual: Decimal,
) -> list[Finding]:
    """One finding per life; ``bills`` are the new ones, ``residual`` what is unexplained so far."""
    places = {(b.inst_id, b.mgn_mode): b.ts_ms for b in bills if b.type == BILL_LIQUIDATION}
    for _, one in after.executions:
        if one.category == LIQUIDATION:
            places.setdefault((one.inst_id, one.mgn_mode), one.ts_ms)
    if not places:
        return []
    lives = [
        life
        for life in _lives(books, view)
        if life.added and (life.key.inst_id, life.key.mgn_mode) in places
    ]
    explained = magnitude(sub(residual, add(ZERO, *(life.added for life in lives)))) < CENT
    return [
        _finding(life, _weights(life, after), agents, books.state.account_cash.ccy)
        for life in lives
        if life.certain or explained
    ]


def _lives(books: Books, view: VenueView) -> list[_Life]:
    """Every life with a penalty, the larger telling of it, in a fixed order."""
    rows: dict[tuple[str, int], VenueLife | VenuePosition] = {}
    told: tuple[VenueLife | VenuePosition, ...] = (*view.lives, *view.positions)
    for row in told:
        place = (row.pos_id, row.opened_ms)
        if row.liq_penalty and (place not in rows or row.liq_penalty < rows[place].liq_penalty):
            rows[place] = row
    found = []
    for (pos_id, opened_ms), row in sorted(rows.items(), key=lambda each: each[0]):
        name = f"{pos_id}:{opened_ms}"
        known = _booked(books.penalties, name)
        found.append(
            _Life(
                key=row.key,
                name=name,
                penalty=row.liq_penalty,
                added=sub(row.liq_penalty, ZERO if known is None else known),
                opened_ms=opened_ms,
                updated_ms=row.updated_ms,
                certain=known is not None or opened_ms >= books.state.account_cash.baseline_ms,
            )
        )
    return found


def _booked(penalties: Mapping[str, Decimal], name: str) -> Decimal | None:
    """How much of a life's penalty is booked; None for a life that none was booked of."""
    of_it = [amount for ref, amount in penalties.items() if ref.startswith(f"{name}{_MARK}")]
    return add(*of_it) if of_it else None


def _weights(life: _Life, after: ProjectedBooks) -> Mapping[str, Contracts]:
    """The contracts of each owner that this plan liquidates in that life."""
    found: dict[str, Contracts] = {}
    for owner, one in after.executions:
        if (
            one.category == LIQUIDATION
            and one.key == life.key
            and life.opened_ms <= one.ts_ms <= life.updated_ms + _CLOCKS_APART_MS
        ):
            found[owner] = found.get(owner, NO_CONTRACTS) + one.qty_contracts
    return found


def _finding(
    life: _Life, weights: Mapping[str, Contracts], agents: AbstractSet[str], ccy: str
) -> Finding:
    names = sorted(weights, key=bearing_order) or [NOBODY]
    parts = [weights[name].value for name in names] if weights else [Decimal(1)]
    steps = tuple(
        BookCash(
            agent_id=name if name in agents else NOBODY,
            ref=f"{life.name}{_MARK}{plain(life.penalty)}:{name}",
            kind=PENALTY,
            amount=exact(plain(amount)),
            inst_id=life.key.inst_id,
            ts_ms=life.updated_ms,
        )
        for name, amount in zip(names, money_shares(life.added, parts), strict=True)
        if amount
    )
    shown = {"liq_penalty": plain(life.penalty), "opened_ms": str(life.opened_ms)}
    return finding(
        "penalty_unbooked",
        Case.K,
        Resolution.AUTO,
        agent_id=None if weights else NOBODY,
        key=life.key,
        params={
            "key": str(life.key),
            "inst_id": life.key.inst_id,
            "amount": plain(life.added),
            "ccy": ccy,
            "owners": ", ".join(f"{step.agent_id or '-'} {plain(step.amount)}" for step in steps),
        },
        evidence=[Evidence("life", life.name, shown)],
        corrections=lambda _: steps,
    )
