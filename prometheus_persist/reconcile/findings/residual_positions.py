"""What is left over: keys whose books, once all that is proven is booked, are not the exchange's.

No execution explains a gap, so a human decides every one of them, among the ways that
``alternatives.py`` offers. What it is called:

1. The account is in the other position mode than the books: case L, for all its keys together. OKX
   changes the mode of a flat account only, so everything held in the old mode is closed.
2. The contract's size is not what the books were kept in: case E, every holding is rescaled
   (``contract_resize.py``). Agents who stand against each other in a contract that is delivered:
   case B.
3. The same contracts, on the same side, under the other margin mode: case L, they are moved there.
4. The books' figure is the exchange's times or through the contract's size: case E, written in
   contracts where that comes out exactly.
5. The other side (opposite signs, or contracts missing under long and over under short): case D.
6. More at the exchange: case A. Less: case B, where something says so: a life of the position, a
   bill, an execution, or the books' own record of what was booked.
7. Where an order's row, the answer about it or a bill tells of executions that are not shown yet,
   the reading is behind: UNKNOWN, read again.
8. Less at the exchange, and nothing anywhere that says why: the list of positions is not believed.
   UNKNOWN, read again; only a human's explicit word takes it for true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.errors import BadValue
from prometheus_persist.reconcile.canonical import CLOCKS_APART_MS
from prometheus_persist.reconcile.finding import EVERYTHING, finding
from prometheus_persist.reconcile.findings.alternatives import of_gap
from prometheus_persist.reconcile.match.contract_resize import Resized
from prometheus_persist.reconcile.match.replay import DISPUTED, NOBODY, How, Walk
from prometheus_persist.reconcile.money.bills import MUST_HAVE_FILL
from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    Alternative,
    Case,
    Correction,
    Effect,
    Evidence,
    Finding,
    Grade,
    Rescale,
    Resolution,
    SetQuantity,
)
from prometheus_persist.reconcile.views import FILLS, Books, VenueView
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey
from prometheus_persist.state.money import ZERO, div, mul, plain, times

NET_MODE = "net_mode"
ONE = Decimal(1)
WHOLE = frozenset({"2", "3", "6"})
"""Kinds of a life that has ended: what the books still hold was closed with it."""
MOVING_BILLS = frozenset({"2", "3", "5", "9"})
Ways = Callable[[str], tuple[Alternative, ...]]


@dataclass(frozen=True, slots=True)
class _Gap:
    """A key whose books, once everything provable is booked, are still not the exchange's."""

    key: PositionKey
    books: Contracts
    venue: Contracts


def left_over(
    books: Books,
    walked: Walk,
    view: VenueView,
    venue: Mapping[PositionKey, Contracts],
    murky: frozenset[str],
    sized: Mapping[str, Resized],
) -> list[Finding]:
    """One finding per gap; ``murky`` instruments cannot be judged, ``sized`` changed their size."""
    return _LeftOver(books, walked, view, venue, murky, sized).findings()


class _LeftOver:
    """The gaps of one plan."""

    def __init__(
        self,
        books: Books,
        walked: Walk,
        view: VenueView,
        venue: Mapping[PositionKey, Contracts],
        murky: frozenset[str],
        sized: Mapping[str, Resized],
    ) -> None:
        self._sized, self._murky = sized, murky
        self._books, self._walked, self._view = books, walked, view
        self._after, self._venue = walked.after, venue
        self._rows = {row.key: row for row in view.positions}
        self._disputed = {s.execution.key for s in walked.steps if s.how in DISPUTED}
        told = {s.execution.key for s in walked.steps if s.how is How.IMPOSSIBLE or not s.booked}
        self._keys = [
            key
            for key in sorted(self._after.held_keys() | venue.keys())
            if key.inst_id not in murky and key not in told
        ]

    def findings(self) -> list[Finding]:
        """Every gap in one finding, the first name that fits."""
        wrong = [k for k in self._keys if self._after.total(k) and not fits(k, self._view.pos_mode)]
        found = [self._other_mode(wrong)] if wrong else []
        rescaled = {name for name in self._sized if name not in self._murky}
        found += [self._rescaled(self._sized[inst_id]) for inst_id in sorted(rescaled)]
        found += [self._expired(key) for key in self._keys if self._is_expired(key)]
        gaps = {
            key: _Gap(key, self._after.total(key), shown)
            for key in self._keys
            if self._after.total(key) != (shown := self._venue.get(key, NO_CONTRACTS))
            and key not in wrong
            and key.inst_id not in rescaled
        }
        moved = _margin_moved(gaps)
        found += [self._moved(old, new) for old, new in moved]
        told = {gap.key for pair in moved for gap in pair}
        return found + [self._of(gap, gaps) for key, gap in gaps.items() if key not in told]

    def _is_expired(self, key: PositionKey) -> bool:
        one, shown = self._view.instruments.get(key.inst_id), self._venue.get(key, NO_CONTRACTS)
        holds = bool(self._after.holders(key))
        return (
            holds
            and not shown
            and not self._after.total(key)
            and one is not None
            and not one.listed
        )

    # one gap --------------------------------------------------------------------------------

    def _of(self, gap: _Gap, gaps: Mapping[PositionKey, _Gap]) -> Finding:
        units = self._units(gap)
        if units is not None:
            return units
        if self._behind(gap.key):
            return self._finding("reading_behind", Case.A, gap, resolution=Resolution.UNKNOWN)
        if _flipped(gap, gaps):
            return self._finding("direction_unexplained", Case.D, gap)
        if abs(gap.venue) > abs(gap.books):
            return self._finding("venue_more", Case.A, gap)
        if self._written(gap):
            return self._finding("books_written", Case.B, gap)
        says = self._says(gap.key)
        if not says and not _elsewhere(gap, gaps):
            return self._finding("not_believed", Case.B, gap, resolution=Resolution.UNKNOWN)
        closed = any(row.kind == "life" for row in says)
        return self._finding("books_more_closed" if closed else "books_more", Case.B, gap, says)

    def _finding(
        self,
        kind: str,
        case: Case,
        gap: _Gap,
        more: list[Evidence] | None = None,
        resolution: Resolution = Resolution.HUMAN,
    ) -> Finding:
        return finding(
            kind,
            case,
            resolution,
            key=gap.key,
            params={"key": str(gap.key), "books": str(gap.books), "venue": str(gap.venue)},
            evidence=[self._shown(gap), *(more or [])],
            alternatives=self._ways(gap),
        )

    def _ways(self, gap: _Gap) -> Ways:
        one = self._view.instruments.get(gap.key.inst_id)
        return lambda finding_id: of_gap(
            self._after,
            gap.key,
            gap.venue,
            self._rows.get(gap.key),
            self._recorded(gap.key),
            ZERO if one is None else one.lot_sz,
            finding_id,
            owners_settled=gap.key not in self._disputed,
        )

    def _shown(self, gap: _Gap) -> Evidence:
        row = self._rows.get(gap.key)
        shown = {"contracts": str(gap.venue)} | (
            {"avg_px": plain(row.avg_px), "updated_ms": str(row.updated_ms)} if row else {}
        )
        return Evidence("position", str(gap.key), shown)

    def _recorded(self, key: PositionKey) -> dict[str, Contracts]:
        """What every agent's executions add up to, with those that the plan books."""
        found = {name: held[key] for name, held in self._books.recorded.items() if key in held}
        for step in self._walked.steps:
            if step.execution.key == key and step.booked and step.owner != NOBODY:
                found[step.owner] = found.get(step.owner, NO_CONTRACTS) + step.execution.signed
        agents = self._books.state.agents  # one whose ledgers are lost is restored beside this
        return {name: quantity for name, quantity in found.items() if name in agents}

    def _behind(self, key: PositionKey) -> bool:
        """Whether the exchange itself tells of executions on the key that it does not show."""
        shown = {fill.fill_id for fill in self._view.fills}
        source = self._view.sources.get(FILLS)
        since_ms = 0 if source is None else source.window_from_ms
        seen = self._books.state.account_cash.bill_seen
        if any(
            bill.number > seen
            and bill.ts_ms >= since_ms
            and (bill.inst_id, bill.mgn_mode) == (key.inst_id, key.mgn_mode)
            and bill.type in MUST_HAVE_FILL
            and (name := f"{bill.inst_id}:{bill.trade_id}") not in shown
            and name not in self._books.booked_fills
            for bill in self._view.bills
        ):
            return True
        booked: dict[str, Contracts] = {}
        for step in self._walked.steps:
            one = step.execution
            booked[one.cl_ord_id] = booked.get(one.cl_ord_id, NO_CONTRACTS) + one.qty_contracts
        told = [(row.cl_ord_id, row.filled_contracts) for row in self._view.orders]
        told += [
            (one.cl_ord_id, one.filled_contracts)
            for one in self._view.lookups
            if one.filled_contracts is not None
        ]
        intents = self._books.state.intents
        return any(
            (mine := intents.get(name)) is not None
            and (mine.inst_id, mine.mgn_mode, mine.pos_side) == key
            and filled > mine.booked_contracts + booked.get(name, NO_CONTRACTS)
            for name, filled in told
        )

    def _written(self, gap: _Gap) -> bool:
        """Whether the ledgers hold what was never booked, and what was booked is the exchange's."""
        booked = {name: q for name, q in self._recorded(gap.key).items() if q}
        total = sum(booked.values(), self._after.held(NOBODY, gap.key))
        return bool(booked) and total == gap.venue

    def _says(self, key: PositionKey) -> list[Evidence]:
        """What explains that contracts are gone since they were last moved by what is booked."""
        names = (*self._after.holders(key), NOBODY)
        held = (self._after.position(name, key) for name in names)
        times = [one.updated_ms for one in held if one]
        since_ms = max([*times, *(m.ts_ms for m in self._books.moves if m.key == key)], default=0)
        lives = [
            Evidence("life", f"{row.pos_id}:{row.opened_ms}", {"kind": row.kind})
            for row in self._view.lives
            if row.key == key
            and row.updated_ms >= since_ms + (0 if row.kind in WHOLE else CLOCKS_APART_MS)
        ]
        seen = self._books.state.account_cash.bill_seen
        bills = [
            Evidence("bill", bill.bill_id, {"type": bill.type})
            for bill in self._view.bills
            if bill.inst_id == key.inst_id and bill.type in MOVING_BILLS and bill.number > seen
            if f"{bill.inst_id}:{bill.trade_id}" not in self._books.booked_fills
        ]
        steps = [
            Evidence("fill", step.execution.fill_id)
            for step in self._walked.steps
            if step.execution.key == key
        ]
        one = self._view.instruments.get(key.inst_id)
        gone = [] if one is not None and one.listed else [Evidence("instrument", key.inst_id)]
        kept = self._books.state.account_cash.identity
        if kept is not None and kept.adopted:
            gone.append(Evidence("account", self._view.uid))
        return [*lives, *bills, *steps, *gone]

    # the account, the contract, the margin, the unit ------------------------------------------

    def _other_mode(self, keys: list[PositionKey]) -> Finding:
        def closed(finding_id: str) -> tuple[Alternative, ...]:
            ways = [self._emptied(key, finding_id) for key in keys]
            effects = tuple(effect for way, _ in ways for effect in way)
            steps = tuple(step for _, each in ways for step in each)
            return (Alternative("mode_closed", Grade.PROVEN, effects, steps),)

        return finding(
            "pos_mode",
            Case.L,
            Resolution.HUMAN,
            params={
                "pos_mode": self._view.pos_mode,
                "keys": ", ".join(str(key) for key in keys),
            },
            evidence=[Evidence("position", str(key), {"pos_side": key.pos_side}) for key in keys],
            alternatives=closed,
            about=EVERYTHING,
        )

    def _emptied(
        self, key: PositionKey, finding_id: str
    ) -> tuple[tuple[Effect, ...], tuple[Correction, ...]]:
        """Nobody holds anything under the key any more."""
        held = {name: self._after.held(name, key) for name in self._after.holders(key)}
        steps: list[Correction] = [
            SetQuantity(name, key, NO_CONTRACTS, finding_id=finding_id) for name in held
        ]
        nobodys = self._after.position(NOBODY, key)
        if nobodys is not None:
            px, ts_ms = nobodys.entry_px, nobodys.updated_ms
            steps.append(AdoptDifference(key, -nobodys.qty_contracts, px, ts_ms, finding_id))
            held[NOBODY] = nobodys.qty_contracts
        effects = tuple(Effect(name, str(key), str(-quantity)) for name, quantity in held.items())
        return effects, tuple(steps)

    def _rescaled(self, one: Resized) -> Finding:
        """Everything of the contract by its factor; the executions as they are told."""
        known = self._walked.start.held_keys() | self._after.held_keys() | self._venue.keys()
        keys = sorted(key for key in known if key.inst_id == one.inst_id)
        held = self._walked.start if one.fills_are_new else self._after
        back = div(ONE, one.factor) if one.fills_are_new else ONE
        grade = Grade.PROVEN if one.fits else Grade.DECLARED

        def ways(finding_id: str) -> tuple[Alternative, ...]:
            step = Rescale(one.inst_id, one.factor, *one.now, finding_id, first=one.fills_are_new)
            effects = []
            for key in keys:
                for name in (*held.holders(key), NOBODY):
                    before = times(held.held(name, key), back)
                    change = times(before, one.factor) - before
                    if change:
                        effects.append(Effect(name, str(key), str(change), "0"))
            return (Alternative("rescale", grade, tuple(effects), (step,)),)

        return finding(
            "rescaled",
            Case.E,
            Resolution.HUMAN,
            params={
                "inst_id": one.inst_id,
                "before": plain(mul(*one.before)),
                "now": plain(mul(*one.now)),
                "factor": plain(one.factor),
                "keys": ", ".join(str(key) for key in keys),
            },
            evidence=[
                Evidence("position", str(key), {"contracts": str(self._venue.get(key, "0"))})
                for key in keys
            ],
            alternatives=ways,
        )

    def _expired(self, key: PositionKey) -> Finding:
        """Agents who stand against each other in a contract that is no more: none can close."""
        after = self._after

        def ways(finding_id: str) -> tuple[Alternative, ...]:
            effects, steps = self._emptied(key, finding_id)
            return (Alternative("expired", Grade.DECLARED, effects, steps),)

        return finding(
            "expired_offset",
            Case.B,
            Resolution.HUMAN,
            key=key,
            params={"key": str(key), "holders": ", ".join(after.holders(key))},
            evidence=[Evidence("instrument", key.inst_id)],
            alternatives=ways,
        )

    def _moved(self, old: _Gap, new: _Gap) -> Finding:
        after, row = self._after, self._rows.get(new.key)

        def ways(finding_id: str) -> tuple[Alternative, ...]:
            gone, steps = self._emptied(old.key, finding_id)
            more: list[Correction] = list(steps)
            there = []
            for name in (*after.holders(old.key), NOBODY):
                one = after.position(name, old.key)
                if one is None:
                    continue
                place = (new.key, one.qty_contracts, one.entry_px, one.updated_ms, finding_id)
                more.append(SetQuantity(name, *place) if name else AdoptDifference(*place))
                there.append(Effect(name, str(new.key), str(one.qty_contracts)))
            return (Alternative("moved", Grade.PROVEN, (*gone, *there), tuple(more)),)

        shown = {"contracts": str(new.venue)} | ({"avg_px": plain(row.avg_px)} if row else {})
        return finding(
            "mgn_mode",
            Case.L,
            Resolution.HUMAN,
            key=old.key,
            params={
                "inst_id": old.key.inst_id,
                "contracts": str(old.books),
                "books_mode": old.key.mgn_mode,
                "venue_mode": new.key.mgn_mode,
            },
            evidence=[Evidence("position", str(new.key), shown)],
            alternatives=ways,
        )

    def _units(self, gap: _Gap) -> Finding | None:
        """Case E, where the two figures differ by exactly the contract's size."""
        one = self._view.instruments.get(gap.key.inst_id)
        if one is None or not gap.books or not gap.venue:
            return None
        factor = mul(one.ct_val, one.ct_mult)
        in_base = gap.books.value == mul(gap.venue.value, factor)
        in_parts = gap.venue.value == mul(gap.books.value, factor)
        if factor == ONE or not (in_base or in_parts):
            return None

        def ways(finding_id: str) -> tuple[Alternative, ...]:
            exact = self._in_contracts(gap.key, factor, in_base, finding_id)
            first = () if exact is None else (exact,)
            return (*first, *self._ways(gap)(finding_id))

        return finding(
            "units",
            Case.E,
            Resolution.HUMAN,
            key=gap.key,
            params={
                "key": str(gap.key),
                "books": str(gap.books),
                "venue": str(gap.venue),
                "factor": plain(factor),
            },
            evidence=[self._shown(gap)],
            alternatives=ways,
        )

    def _in_contracts(
        self, key: PositionKey, factor: Decimal, in_base: bool, finding_id: str
    ) -> Alternative | None:
        """Every agent's position in contracts; None where a part is nobody's or is not exact."""
        if self._after.held(NOBODY, key):
            return None
        steps: list[Correction] = []
        effects = []
        for name in self._after.holders(key):
            held = self._after.held(name, key)
            try:
                quantity = div(held.value, factor) if in_base else mul(held.value, factor)
                exact = not in_base or mul(quantity, factor) == held.value
            except BadValue:
                return None
            if not exact:
                return None
            written = Contracts(quantity)
            steps.append(SetQuantity(name, key, written, finding_id=finding_id))
            effects.append(Effect(name, str(key), str(written - held)))
        return Alternative("in_contracts", Grade.PROVEN, tuple(effects), tuple(steps))


def fits(key: PositionKey, pos_mode: str) -> bool:
    """Whether a position can be one of an account in this mode."""
    return (key.pos_side == "net") == (pos_mode == NET_MODE)


def _elsewhere(gap: _Gap, gaps: Mapping[PositionKey, _Gap]) -> bool:
    """Whether the exchange shows more of the same contract in another place."""
    return any(
        abs(other.venue) > abs(other.books)
        for key, other in gaps.items()
        if key.inst_id == gap.key.inst_id and key != gap.key
    )


def _margin_moved(gaps: Mapping[PositionKey, _Gap]) -> list[tuple[_Gap, _Gap]]:
    """Pairs of gaps: what one margin mode lacks at the exchange, the other one has."""
    found = []
    for key, gap in gaps.items():
        for other in gaps.values():
            same_place = other.key._replace(mgn_mode=key.mgn_mode) == key and other.key != key
            if same_place and not gap.venue and not other.books and gap.books == other.venue:
                found.append((gap, other))
    return found


def _flipped(gap: _Gap, gaps: Mapping[PositionKey, _Gap]) -> bool:
    """Opposite signs on one key, or contracts missing on one side and over on the other."""
    if gap.books.sign * gap.venue.sign < 0:
        return True
    twin_side = {"long": "short", "short": "long"}.get(gap.key.pos_side)
    if twin_side is None:
        return False
    twin = gaps.get(gap.key._replace(pos_side=twin_side))
    return twin is not None and (gap.books < gap.venue) != (twin.books < twin.venue)
