"""Whose is a funding fee? No agent is on its bill, so a declared rule says it, and reports it.

1. Linear in what each owner held of that position when it was charged: signed, so that in net mode
   longs pay where shorts receive. Nobody is an owner too.
2. Shares are rounded towards zero at 12 decimals, the lowest agent id takes what is left over; they
   add up to the bill exactly.
3. What was held then: what the books hold now, less what was booked with a later time, plus what
   this plan books with an earlier one.
4. It stands only if that adds up to the bill's own size, for exactly one position of that
   instrument and margin mode, nobody disputes that position, and the bill is not older than what
   is accounted for: executions are known by their time from there on only. If not, nobody is
   charged by a guess: the whole amount goes to the account's own entry, and the finding says so.

A bill carries no posSide. Under long and short the size tells which; where both sides held as much
(one pays what the other receives) nothing does, and 4 applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.match.replay import Holdings
from prometheus_persist.reconcile.match.split import NOBODY, bearing_order, money_shares
from prometheus_persist.reconcile.money.bill_evidence import bill_evidence
from prometheus_persist.reconcile.outcome import ProjectedBooks
from prometheus_persist.reconcile.plan import BookCash, Case, Finding, Resolution
from prometheus_persist.reconcile.views import Books, VenueBill, VenueView
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey
from prometheus_persist.state.money import ZERO, add, exact, plain

FUNDING = "funding"
Held = Mapping[str, Contracts]


@dataclass(frozen=True, slots=True)
class _Event:
    """A change of what is held. ``number`` is its bill's, None where that is not known."""

    ts_ms: int
    owner: str
    signed: Contracts
    number: int | None


@dataclass(slots=True)
class _Timeline:
    """Who held one position, walked forward in time once."""

    held: dict[str, Contracts]
    events: list[_Event]
    _next: int = field(default=0)

    def at(self, bill: VenueBill) -> Held | None:
        """The holders when this bill was written; None where they do not add up to its size.

        Of the events in the same millisecond those count that bring it there: what a bill id puts
        after the bill does not. Bills have to be asked for in the order of time.
        """
        while self._next < len(self.events) and self.events[self._next].ts_ms < bill.ts_ms:
            _move(self.held, self.events[self._next])
            self._next += 1
        now = dict(self.held)
        found = dict(now) if _fits(now, bill) else None
        for event in self.events[self._next :]:
            if event.ts_ms > bill.ts_ms:
                break
            if event.number is None or event.number < bill.number:
                _move(now, event)
                found = dict(now) if _fits(now, bill) else found
        return found


def funding_findings(
    books: Books,
    view: VenueView,
    before: Holdings,
    after: ProjectedBooks,
    bills: Iterable[VenueBill],
    disputed: AbstractSet[PositionKey],
) -> list[Finding]:
    """One finding per position for what has owners, one per instrument for what has none.

    ``bills`` are unbooked ones of type 8 in the order of time.
    """
    timelines = _Timelines(books, view, before, after)
    shared: dict[PositionKey, list[tuple[VenueBill, Held]]] = {}
    unshared: dict[str, list[VenueBill]] = {}
    for bill in bills:
        fitting = [
            (key, held)
            for key in timelines.keys(bill.inst_id, bill.mgn_mode)
            if (held := timelines.of(key).at(bill)) is not None
        ]
        known = bill.ts_ms >= books.state.account_cash.bills_ms
        if known and len(fitting) == 1 and fitting[0][0] not in disputed:
            shared.setdefault(fitting[0][0], []).append((bill, fitting[0][1]))
        else:
            unshared.setdefault(bill.inst_id, []).append(bill)
    found = [_shared(key, rows, before.agents) for key, rows in sorted(shared.items())]
    return found + [_unshared(inst_id, rows) for inst_id, rows in sorted(unshared.items())]


class _Timelines:
    """The timelines of the positions that bills ask for."""

    def __init__(
        self, books: Books, view: VenueView, before: Holdings, after: ProjectedBooks
    ) -> None:
        self._before = before
        self._moves: dict[PositionKey, list[_Event]] = {}
        self._steps: dict[PositionKey, list[_Event]] = {}
        numbers = {fill.fill_id: _number(fill.bill_id) for fill in view.fills}
        for move in books.moves:
            event = _Event(move.ts_ms, move.owner, move.signed, None)
            self._moves.setdefault(move.key, []).append(event)
        for owner, one in after.executions:
            event = _Event(one.ts_ms, owner, one.signed, numbers.get(one.fill_id))
            self._steps.setdefault(one.key, []).append(event)
        self._known = before.held_keys() | self._moves.keys() | self._steps.keys()
        self._made: dict[PositionKey, _Timeline] = {}

    def keys(self, inst_id: str, mgn_mode: str) -> list[PositionKey]:
        """Every position of that instrument and margin mode that the books know of."""
        return sorted(
            key for key in self._known if (key.inst_id, key.mgn_mode) == (inst_id, mgn_mode)
        )

    def of(self, key: PositionKey) -> _Timeline:
        """The timeline of one position, made at the first question."""
        if key not in self._made:
            moves = self._moves.get(key, [])
            names = (*self._before.holders(key), NOBODY)
            held = {name: self._before.held(name, key) for name in names}
            for event in moves:
                held[event.owner] = held.get(event.owner, NO_CONTRACTS) - event.signed
            events = sorted([*moves, *self._steps.get(key, [])], key=lambda one: one.ts_ms)
            self._made[key] = _Timeline(held, events)
        return self._made[key]


def _number(bill_id: str) -> int | None:
    return int(bill_id) if bill_id.isascii() and bill_id.isdigit() else None


def _move(held: dict[str, Contracts], event: _Event) -> None:
    held[event.owner] = held.get(event.owner, NO_CONTRACTS) + event.signed


def _fits(held: Held, bill: VenueBill) -> bool:
    size = bill.qty_contracts
    return size is not None and bool(size) and abs(sum(held.values(), NO_CONTRACTS)) == size


def _shared(
    key: PositionKey, rows: list[tuple[VenueBill, Held]], agents: AbstractSet[str]
) -> Finding:
    steps = [step for bill, held in rows for step in _shares(bill, held, agents)]
    sums = {
        name: plain(add(ZERO, *(step.amount for step in steps if step.agent_id == name)))
        for name in sorted({step.agent_id for step in steps}, key=bearing_order)
    }
    return _finding(
        "funding_unbooked",
        [bill for bill, _ in rows],
        tuple(steps),
        key=key,
        owners=", ".join(f"{name or '-'} {amount}" for name, amount in sums.items()),
    )


def _shares(bill: VenueBill, held: Held, agents: AbstractSet[str]) -> list[BookCash]:
    """The owners' shares; that of an owner without books is the account's own."""
    names = sorted((name for name in held if held[name]), key=bearing_order)
    amounts = money_shares(bill.change, [held[name].value for name in names])
    return [
        BookCash(
            agent_id=name if name in agents else NOBODY,
            ref=f"{bill.bill_id}:{name}",
            kind=FUNDING,
            amount=exact(plain(amount)),
            inst_id=bill.inst_id,
            ts_ms=bill.ts_ms,
        )
        for name, amount in zip(names, amounts, strict=True)
        if amount
    ]


def _unshared(inst_id: str, bills: list[VenueBill]) -> Finding:
    steps = tuple(
        BookCash(NOBODY, f"{bill.bill_id}:", FUNDING, bill.change, inst_id, bill.ts_ms)
        for bill in bills
    )
    return _finding("funding_unassigned", bills, steps, key=None, owners="-")


def _finding(
    kind: str,
    bills: list[VenueBill],
    steps: tuple[BookCash, ...],
    *,
    key: PositionKey | None,
    owners: str,
) -> Finding:
    return finding(
        kind,
        Case.K,
        Resolution.AUTO,
        agent_id=None if key is not None else NOBODY,
        key=key,
        params={
            "inst_id": bills[0].inst_id,
            "key": str(key or bills[0].inst_id),
            "bills": str(len(bills)),
            "amount": plain(add(ZERO, *(bill.change for bill in bills))),
            "ccy": bills[0].ccy,
            "owners": owners,
        },
        evidence=[bill_evidence(bill) for bill in bills],
        corrections=lambda _: steps,
    )
