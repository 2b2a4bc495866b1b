"""What a human may choose from: every way to settle what the ids do not settle, graded.

Executions without a provable owner are replayed in the order in which they happened, among those
that are proven, by each of these rules. A rule that cannot be booked is not offered.

    close_all     PROVEN    everything on the side that was reduced is gone: each holder closed
                            whole, what went beyond is nobody's
    pro_rata      DECLARED  each holder bears the share that it held (``split.py``); an order's own
                            agent first, as far as it holds
    agent:NAME    ASSUMED   all of it to one agent
    nobody        OPEN      all of it to nobody, in sight, instrument frozen; the agents keep what
                            the books say. Where the account is flat, only if what was nobody's gets
                            less: what the agents keep could not be closed otherwise

A difference without executions is settled by writing quantities; the money that belongs to it is
then what the account has beyond the books (``explained.py``).

    as_booked     PROVEN    every agent holds what was booked to it: the ledgers were written
    close_all     PROVEN    as above; DECLARED where agents stand against each other
    pro_rata, agent:NAME, nobody                                                         as above

Pure. Sizes are contracts in the key's coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from prometheus_persist.errors import BadValue
from prometheus_persist.reconcile.match.replay import Holdings, ReplayStep
from prometheus_persist.reconcile.match.split import NOBODY, portions, shares
from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    Alternative,
    BookFill,
    BookOrphan,
    Correction,
    Effect,
    FreezeInstrument,
    Grade,
    SetQuantity,
    trade_number,
)
from prometheus_persist.reconcile.views import VenuePosition
from prometheus_persist.state import NO_CONTRACTS, Contracts, Execution, PositionKey
from prometheus_persist.state.money import ZERO, add, plain

AGENTS_OFFERED_MAX = 8
FROZEN = "the exchange holds what no agent owns"
_ORDER = (Grade.PROVEN, Grade.OPEN, Grade.DECLARED, Grade.ASSUMED)

_AS_SHOWN = (Alternative("as_shown", Grade.PROVEN, (), ()),)

Part = tuple[str, str, Execution]  # owner, name of the part, the part
Rule = Callable[[Holdings, ReplayStep], list[Part]]


@dataclass(slots=True)
class _Replay:
    """One rule carried out: what it books, to whom, and what is held in the end."""

    holdings: Holdings
    parts: list[Part] = field(default_factory=list)
    contracts: dict[str, Contracts] = field(default_factory=dict)
    money: dict[str, Decimal] = field(default_factory=dict)
    opposed: bool = False
    """Somebody stood against the others: what everybody then holds is not proven by the sum."""

    def book(self, part: Part) -> None:
        owner, _, execution = part
        pnl = self.holdings.book(owner, execution)
        self.parts.append(part)
        self.contracts[owner] = self.contracts.get(owner, NO_CONTRACTS) + execution.signed
        self.money[owner] = add(self.money.get(owner, ZERO), pnl, execution.fee)


def of_executions(
    start: Holdings,
    kept: Iterable[ReplayStep],
    disputed: Sequence[ReplayStep],
    venue: Contracts,
    finding_id: str,
) -> tuple[Alternative, ...]:
    """The ways to book ``disputed``, all of one key, among the ``kept`` steps of that key."""
    key = disputed[0].execution.key
    steps = [(step, False) for step in kept] + [(step, True) for step in disputed]
    steps.sort(key=lambda each: _place(each[0].execution))
    shared = _replay(start, steps, _shared)
    found = []
    if shared is not None and any(owner != NOBODY for owner, _, _ in shared.parts):
        found.append(_booked(*_graded(shared, key, venue), shared, key, finding_id))
    for name in _agents(start, steps, key)[:AGENTS_OFFERED_MAX]:
        whole = _replay(start, steps, _to(name))
        if whole is not None:
            way = _booked("agent", Grade.ASSUMED, whole, key, finding_id)
            found.append(replace(way, agent_id=name))
    nobody = _replay(start, steps, _to(NOBODY))
    if nobody is not None and (venue or _may_be_nobodys(nobody, key)):
        found.append(_booked("nobody", Grade.OPEN, nobody, key, finding_id))
    return _best_first(found)


def of_gap(
    after: Holdings,
    key: PositionKey,
    venue: Contracts,
    row: VenuePosition | None,
    recorded: Mapping[str, Contracts],
    lot_sz: Decimal,
    finding_id: str,
    *,
    always: bool = False,
    owners_settled: bool = True,
) -> tuple[Alternative, ...]:
    """The ways to write a difference that no execution explains; ``recorded`` per agent.

    ``always``: one of them may be to write nothing. ``owners_settled`` False: another finding
    decides who holds what, and the difference can only be nobody's.
    """
    held = {name: after.held(name, key) for name in after.holders(key)}
    nobodys, total = after.held(NOBODY, key), after.total(key)
    place = _Place(key, after, row, finding_id)
    found = place.offered
    if not owners_settled:
        place.offer("nobody", Grade.OPEN, {}, nobodys + (venue - total))
        return tuple(found) or _AS_SHOWN
    booked = {
        n: q for n in {**recorded, **held} if (q := recorded.get(n, NO_CONTRACTS)) or n in held
    }
    if any(recorded.values()) and booked != held and _sum(booked) + nobodys == venue:
        place.offer("as_booked", Grade.PROVEN, booked, nobodys)
    sides = {quantity.sign for quantity in (*held.values(), nobodys) if quantity}
    if held and venue.sign * total.sign <= 0:
        grade = Grade.PROVEN if len(sides) == 1 else Grade.DECLARED
        gone = dict.fromkeys(held, NO_CONTRACTS)
        place.offer("close_all", grade, gone, venue)
    elif held and abs(venue) < abs(total) and len(sides) == 1:
        everyone = {**held, **({NOBODY: nobodys} if nobodys else {})}
        sizes = {name: abs(quantity) for name, quantity in everyone.items()}
        names = sorted(sizes, key=lambda name: (name == NOBODY, name))
        parts = shares(abs(total) - abs(venue), sizes, lot_sz)
        left = {n: _toward(everyone[n], part) for n, part in zip(names, parts, strict=True)}
        place.offer("pro_rata", Grade.DECLARED, left, left.pop(NOBODY, NO_CONTRACTS))
    for name in list(held)[:AGENTS_OFFERED_MAX]:
        most = {name: held[name] + (venue - total)}
        place.offer("agent", Grade.ASSUMED, most, nobodys, name)
    nobody = nobodys + (venue - total)
    if venue or not held or _nearer_to_zero(nobodys, nobody):
        place.offer("nobody", Grade.OPEN, {}, nobody)
    if always and not any(one.corrections for one in found):
        return _AS_SHOWN
    return _best_first(found)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a difference is written, and the ways of it that no book refuses."""

    key: PositionKey
    after: Holdings
    row: VenuePosition | None
    finding_id: str
    offered: list[Alternative] = field(default_factory=list)

    def offer(
        self,
        kind: str,
        grade: Grade,
        agents: dict[str, Contracts],
        nobody: Contracts,
        agent_id: str = "",
    ) -> None:
        """These agents hold that much then, nobody the rest; not where one cannot hold it."""
        key, after = self.key, self.after
        if not all(map(key.allows, (*agents.values(), nobody))):
            return
        px, ts_ms = self._entry()
        steps: list[Correction] = []
        effects = []
        for owner, quantity in sorted(agents.items()):
            change = quantity - after.held(owner, key)
            if change:
                steps.append(SetQuantity(owner, key, quantity, px, ts_ms, self.finding_id))
                effects.append(Effect(owner, str(key), _signed(change)))
        if change := nobody - after.held(NOBODY, key):
            steps.append(AdoptDifference(key, change, px, ts_ms, self.finding_id))
            steps.append(FreezeInstrument(key.inst_id, FROZEN, self.finding_id))
            effects.append(Effect(NOBODY, str(key), _signed(change)))
        way = Alternative(kind, grade, tuple(effects), tuple(steps), agent_id)
        self.offered.append(way)

    def _entry(self) -> tuple[Decimal, int]:
        if self.row is not None:
            return self.row.avg_px, self.row.updated_ms
        names = (*self.after.holders(self.key), NOBODY)
        held = (self.after.position(name, self.key) for name in names)
        return next(((one.entry_px, one.updated_ms) for one in held if one), (ZERO, 0))


def _replay(
    start: Holdings, steps: Iterable[tuple[ReplayStep, bool]], rule: Rule
) -> _Replay | None:
    """The steps in order, the disputed ones by the rule; None where it cannot be booked."""
    done = _Replay(start.copy())
    try:
        for step, disputed in steps:
            if not disputed:
                done.holdings.book(step.owner, step.execution)
                continue
            key = step.execution.key
            signs = {q.sign for n in (*done.holdings.holders(key), NOBODY)
                     if (q := done.holdings.held(n, key))}  # fmt: skip
            done.opposed |= len(signs) > 1
            for part in rule(done.holdings, step):
                done.book(part)
    except BadValue:
        return None
    return done


def _shared(holdings: Holdings, step: ReplayStep) -> list[Part]:
    """Those on the side that is reduced bear it: the order's own agent first, then pro rata."""
    execution, key = step.execution, step.execution.key
    against = -execution.signed.sign
    held = {
        name: abs(quantity)
        for name in (*holdings.holders(key), NOBODY)
        if (quantity := holdings.held(name, key)).sign == against
    }
    left = execution.qty_contracts
    borne: dict[str, Contracts] = {}
    own = step.claim.owner or ""
    if own in held:
        borne[own] = min(held.pop(own), left)
        left -= borne[own]
    common = min(left, _sum(held))
    names = sorted(held, key=lambda name: (name == NOBODY, name))
    for name, part in zip(
        names, shares(common, held, step.claim.lot_sz) if held else [], strict=True
    ):
        borne[name] = part
    if left - common:
        borne[NOBODY] = borne.get(NOBODY, NO_CONTRACTS) + (left - common)
    return portions(execution, borne)


def _to(owner: str) -> Rule:
    return lambda _, step: [(owner, "", step.execution)]


def _graded(done: _Replay, key: PositionKey, venue: Contracts) -> tuple[str, Grade]:
    flat = not _held_by_agents(done.holdings, key) and done.holdings.total(key) == venue
    if not flat:
        return "pro_rata", Grade.DECLARED
    return "close_all", Grade.DECLARED if done.opposed else Grade.PROVEN


def _booked(
    kind: str, grade: Grade, done: _Replay, key: PositionKey, finding_id: str
) -> Alternative:
    steps: list[Correction] = [
        BookFill(owner, execution, part) if owner else BookOrphan(execution, part)
        for owner, part, execution in done.parts
    ]
    if NOBODY in done.contracts and done.holdings.held(NOBODY, key):
        steps.append(FreezeInstrument(key.inst_id, FROZEN, finding_id))
    effects = tuple(
        Effect(owner, str(key), _signed(quantity), plain(done.money[owner]))
        for owner, quantity in sorted(done.contracts.items())
    )
    return Alternative(kind, grade, effects, tuple(steps))


def _agents(
    start: Holdings, steps: Iterable[tuple[ReplayStep, bool]], key: PositionKey
) -> list[str]:
    """Who may have been meant: who holds the key, or comes to hold it; an order's own agent
    first."""
    steps = list(steps)
    named = [step.claim.owner or step.claim.named for step, disputed in steps if disputed]
    moved = [step.owner for step, disputed in steps if not disputed]
    names = dict.fromkeys([*named, *start.holders(key), *sorted(moved)])
    return [name for name in names if name and name in start.agents]


def _held_by_agents(holdings: Holdings, key: PositionKey) -> bool:
    return bool(holdings.holders(key))


def _may_be_nobodys(done: _Replay, key: PositionKey) -> bool:
    """In a flat account: no agent holds anything, or only what was nobody's was closed."""
    left, moved = done.holdings.held(NOBODY, key), done.contracts.get(NOBODY, NO_CONTRACTS)
    return not _held_by_agents(done.holdings, key) or _nearer_to_zero(left - moved, left)


def _nearer_to_zero(before: Contracts, after: Contracts) -> bool:
    return before.sign * after.sign >= 0 and abs(after) < abs(before)


def _best_first(found: Iterable[Alternative]) -> tuple[Alternative, ...]:
    """Each outcome once, under its best name. Without a proof the first charges nobody (R3)."""
    kept: list[Alternative] = []
    for one in sorted(found, key=lambda each: _ORDER.index(each.grade)):
        if one.corrections and all(one.effects != other.effects for other in kept):
            kept.append(one)
    return tuple(kept)


def _sum(held: dict[str, Contracts]) -> Contracts:
    return sum(held.values(), NO_CONTRACTS)


def _toward(quantity: Contracts, part: Contracts) -> Contracts:
    """``quantity``, nearer to zero by ``part``."""
    return quantity - part if quantity.sign > 0 else quantity + part


def _signed(quantity: Contracts) -> str:
    return f"+{quantity}" if quantity.sign > 0 else str(quantity)


def _place(execution: Execution) -> tuple[int, int, str]:
    return (execution.ts_ms, trade_number(execution.trade_id), execution.trade_id)
