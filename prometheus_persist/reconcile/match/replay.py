"""Walking the unbooked fills through the books, one by one, in the order in which they happened.

1. A fill with an owner moves that owner's position.
   One that is only meant to reduce, and executes more than its owner then holds against it, closed
   somebody else's contracts (``EXCESS``): who bears that is not proven.
2. A fill without one, at its moment:
   - opens or adds to what is held in total: nobody's (``ORPHAN``);
   - reduces while no agent holds the key: nobody's, it closes what nobody owned (``ORPHAN``);
   - reduces while exactly one agent holds the key, nothing there is nobody's, and the position is
     older than the fill and large enough: that agent was closed from outside (``CLOSED``);
   - reduces what several hold, and was forced (liquidation, ADL): every bearer's part of it, by
     the declared rule of ``split.py`` (``SPLIT``);
   - is a delivery of all that is held: everybody is closed whole (``SPLIT``);
   - reduces anything else: who was closed cannot be proven (``CONTESTED``).
3. ``CLOSED`` stands only if it also holds at the end: after all owned fills alone the same agent is
   the only holder, what was closed lies between zero and that, and the exchange shows the result.
   ``SPLIT`` stands only if the exchange shows the result.
4. A key with one contested fill is contested as a whole; so is a key whose owned fills lead to the
   opposite side of what the exchange shows. All its unowned fills are taken for nobody's until a
   human has chosen (``alternatives.py``). So is the fill of an order that only carries the clOrdId
   of another one.
5. A fill that cannot be booked is ``IMPOSSIBLE``, and books nothing.
6. What is held now is not what was held then where something later is booked already: a fill
   without an owner that another agent's later execution follows proves nothing (``CONTESTED``).
7. What the system itself sent (``SYSTEM_OWNER``: closing what nobody owns) is nobody's, proven.

Nothing is changed but the walk's own copy of the positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from prometheus_persist.errors import BadValue
from prometheus_persist.reconcile.compare import LedgerPair
from prometheus_persist.reconcile.match.attribute import DELIVERY, FORCED, Claim
from prometheus_persist.reconcile.match.split import NOBODY, delivered, split
from prometheus_persist.reconcile.plan import AdoptDifference, SetQuantity
from prometheus_persist.reconcile.views import Move
from prometheus_persist.reconcile.written import adopted, resized, written
from prometheus_persist.state import NO_CONTRACTS, Contracts, Execution, Position, PositionKey
from prometheus_persist.state.booking import applied
from prometheus_persist.state.money import ZERO, Money
from prometheus_persist.state.registry import SYSTEM_OWNER

__all__ = ["NOBODY", "Holdings", "How", "ReplayStep", "Walk", "walk"]


class How(StrEnum):
    """What a fill turned out to be."""

    OWN = "own"
    CLOSED = "closed"
    SPLIT = "split"
    ORPHAN = "orphan"
    CONTESTED = "contested"
    EXCESS = "excess"
    IMPOSSIBLE = "impossible"


DISPUTED = frozenset({How.CONTESTED, How.EXCESS})


class Holdings:
    """Who holds what: one position per owner and key; ``NOBODY`` is an owner too."""

    def __init__(self, agents: Iterable[str]) -> None:
        self.agents = frozenset(agents)
        self._by_key: dict[PositionKey, dict[str, Position]] = {}
        self._moved_ms: dict[PositionKey, dict[str, int]] = {}

    @classmethod
    def of(cls, pairs: Iterable[LedgerPair], unattributed: Iterable[Position]) -> Holdings:
        """What the books hold, by the newer of every agent's ledgers."""
        pairs = tuple(pairs)
        found = cls(pair.agent_id for pair in pairs if pair.known and not pair.absent)
        for pair in pairs:
            for position in pair.positions:
                found._put(pair.agent_id, position.key, position)
        for position in unattributed:
            found._put(NOBODY, position.key, position)
        return found

    def copy(self) -> Holdings:
        """An independent copy; positions themselves are never changed in place."""
        twin = Holdings(self.agents)
        twin._by_key = {key: dict(owners) for key, owners in self._by_key.items()}
        twin._moved_ms = {key: dict(owners) for key, owners in self._moved_ms.items()}
        return twin

    def note(self, move: Move) -> None:
        """Remember when an owner's position was last moved by what is booked already."""
        moved = self._moved_ms.setdefault(move.key, {})
        moved[move.owner] = max(move.ts_ms, moved.get(move.owner, 0))

    def moved_since(self, key: PositionKey, ts_ms: int) -> frozenset[str]:
        """Whose holdings under the key are not those of that moment any more."""
        moved = self._moved_ms.get(key, {})
        return frozenset(owner for owner, at_ms in moved.items() if at_ms > ts_ms)

    def held_keys(self) -> frozenset[PositionKey]:
        """Every key that somebody holds."""
        return frozenset(key for key, owners in self._by_key.items() if owners)

    def holders(self, key: PositionKey) -> tuple[str, ...]:
        """The agents that hold the key, in order."""
        return tuple(sorted(name for name in self._by_key.get(key, {}) if name != NOBODY))

    def position(self, owner: str, key: PositionKey) -> Position | None:
        """An owner's position under the key."""
        return self._by_key.get(key, {}).get(owner)

    def positions(self, key: PositionKey) -> tuple[Position, ...]:
        """Everybody's positions under the key."""
        return tuple(self._by_key.get(key, {}).values())

    def held(self, owner: str, key: PositionKey) -> Contracts:
        """An owner's signed contracts under the key."""
        position = self.position(owner, key)
        return NO_CONTRACTS if position is None else position.qty_contracts

    def owned(self, key: PositionKey) -> Contracts:
        """Σ agents."""
        return sum((self.held(name, key) for name in self.holders(key)), NO_CONTRACTS)

    def total(self, key: PositionKey) -> Contracts:
        """Σ agents + unattributed."""
        return self.owned(key) + self.held(NOBODY, key)

    def book(self, owner: str, execution: Execution) -> Money:
        """Move the owner's position and return the realised PnL; raises BadValue, unchanged."""
        before = self.position(owner, execution.key)
        after, pnl = applied([] if before is None else [before], execution)
        self._put(owner, execution.key, after[0] if after else None)
        return pnl

    def rescale(self, inst_id: str, factor: Decimal) -> None:
        """Everything that is held of a contract, counted in contracts of another size."""
        for key, owners in self._by_key.items():
            if key.inst_id == inst_id:
                for owner, one in owners.items():
                    owners[owner] = resized(one, factor)

    def adopt(self, step: AdoptDifference) -> None:
        """Make a difference somebody's, or take it back; ValueError where nobody can hold it."""
        before = self.position(step.agent_id, step.key)
        self._put(step.agent_id, step.key, adopted(before, step))

    def write(self, step: SetQuantity) -> None:
        """An owner holds just this."""
        before = self.position(step.agent_id, step.key)
        self._put(step.agent_id, step.key, written(before, step))

    def _put(self, owner: str, key: PositionKey, position: Position | None) -> None:
        owners = self._by_key.setdefault(key, {})
        if position is None or not position.qty_contracts:
            owners.pop(owner, None)
        else:
            owners[owner] = position


@dataclass(frozen=True, slots=True)
class ReplayStep:
    """One fill, or one owner's part of it, and where it went.

    ``closes`` when it reduced its owner's position; ``booked`` False where that cannot be.
    """

    claim: Claim
    execution: Execution
    how: How
    owner: str
    pnl: Money = ZERO
    closes: bool = False
    part: str = ""
    booked: bool = True


@dataclass(frozen=True, slots=True)
class Walk:
    """All steps, what was held before them (``start``) and after them, and the keys that only a
    human can settle. What is disputed counts as nobody's, as far as nobody can hold it."""

    steps: tuple[ReplayStep, ...]
    after: Holdings
    start: Holdings
    contested: frozenset[PositionKey] = field(default_factory=frozenset)
    opposed: frozenset[PositionKey] = field(default_factory=frozenset)


def walk(
    start: Holdings,
    claims: tuple[Claim, ...],
    venue: Mapping[PositionKey, Contracts],
    moves: Iterable[Move] = (),
) -> Walk:
    """Every judged claim, taken to where it belongs; total. ``moves`` are booked already."""
    judged = tuple(claim for claim in claims if claim.execution is not None)
    start = start.copy()
    for move in moves:
        start.note(move)
    owned_only = _pass(start, tuple(c for c in judged if c.owner is not None), frozenset()).after
    opposed = frozenset(
        key
        for key in owned_only.held_keys() & venue.keys()
        if owned_only.total(key).sign * venue[key].sign < 0
    )
    contested = opposed
    while True:  # grows within a finite set of keys
        done = _pass(start, judged, contested)
        more = _contested(done, owned_only, venue) - contested
        if not more:
            return Walk(done.steps, done.after, start, contested, opposed)
        contested |= more


def _pass(start: Holdings, claims: tuple[Claim, ...], contested: frozenset[PositionKey]) -> Walk:
    holdings = start.copy()
    steps = tuple(step for claim in claims for step in _steps(holdings, claim, contested))
    return Walk(steps, holdings, start)


def _steps(holdings: Holdings, claim: Claim, contested: frozenset[PositionKey]) -> list[ReplayStep]:
    execution = claim.execution
    assert execution is not None
    if claim.owner == SYSTEM_OWNER:
        return [_step(holdings, claim, execution, How.OWN, NOBODY)]
    if claim.owner is not None and claim.owner in holdings.agents:
        how = How.EXCESS if _exceeds(holdings, claim.owner, claim, execution) else How.OWN
        return [_step(holdings, claim, execution, how, claim.owner if how is How.OWN else NOBODY)]
    if claim.owner is not None or claim.duplicate or execution.key in contested:
        return [_step(holdings, claim, execution, How.CONTESTED, NOBODY)]
    if execution.category == DELIVERY and (everyone := _delivered(holdings, execution)):
        return [
            _step(holdings, claim, piece, How.SPLIT, owner, part)
            for owner, part, piece in delivered(execution, everyone)
        ]
    bearers = _bearers(holdings, execution)
    if bearers and _shared(holdings, execution.key):
        return [
            _step(holdings, claim, piece, How.SPLIT, owner, part)
            for owner, part, piece in split(execution, bearers, claim.lot_sz)
        ]
    return [_step(holdings, claim, execution, *_unowned(holdings, execution))]


def _exceeds(holdings: Holdings, owner: str, claim: Claim, execution: Execution) -> bool:
    """Whether an order that is only meant to reduce goes beyond what its owner holds."""
    held = holdings.held(owner, execution.key)
    against = held.sign * execution.signed.sign < 0
    return claim.reduces and not (against and not execution.qty_contracts > abs(held))


def _delivered(holdings: Holdings, execution: Execution) -> dict[str, Contracts]:
    """Everybody's contracts, where the delivery closes just these; empty where it does not."""
    key = execution.key
    held = {name: holdings.held(name, key) for name in (*holdings.holders(key), NOBODY)}
    fits = holdings.total(key) == -execution.signed
    return {n: quantity for n, quantity in held.items() if quantity} if fits else {}


def _step(
    holdings: Holdings, claim: Claim, execution: Execution, how: How, owner: str, part: str = ""
) -> ReplayStep:
    before = holdings.held(owner, execution.key)
    try:
        pnl = holdings.book(owner, execution)
    except BadValue:
        disputed = how in DISPUTED
        return ReplayStep(
            claim, execution, how if disputed else How.IMPOSSIBLE, owner, booked=False
        )
    closes = before.sign * execution.signed.sign < 0
    return ReplayStep(claim, execution, how, owner, pnl, closes, part)


def _bearers(holdings: Holdings, execution: Execution) -> dict[str, Contracts]:
    """Who bears a forced execution, and what each holds; empty where the rule does not reach."""
    if execution.category not in FORCED or holdings.moved_since(execution.key, execution.ts_ms):
        return {}
    against = -execution.signed.sign
    held = {
        owner: abs(quantity)
        for owner in (*holdings.holders(execution.key), NOBODY)
        if (quantity := holdings.held(owner, execution.key)).sign == against
    }
    enough = not sum(held.values(), NO_CONTRACTS) < execution.qty_contracts
    reduces = holdings.total(execution.key).sign == against
    return held if enough and reduces else {}


def _shared(holdings: Holdings, key: PositionKey) -> bool:
    """Whether more than one owner, nobody included, holds the key, on whatever side."""
    return len(holdings.holders(key)) + bool(holdings.held(NOBODY, key)) > 1


def _unowned(holdings: Holdings, execution: Execution) -> tuple[How, str]:
    key = execution.key
    total = holdings.total(key)
    holders = holdings.holders(key)
    if not total or total.sign == execution.signed.sign or not holders:
        return How.ORPHAN, NOBODY
    position = holdings.position(holders[0], key)
    sole = len(holders) == 1 and not holdings.held(NOBODY, key) and position is not None
    if (
        sole
        and position is not None
        and position.opened_ms <= execution.ts_ms
        and not execution.qty_contracts > abs(position.qty_contracts)
        and holdings.moved_since(key, execution.ts_ms) <= {holders[0]}
    ):
        return How.CLOSED, holders[0]
    return How.CONTESTED, NOBODY


def _contested(
    done: Walk, owned_only: Holdings, venue: Mapping[PositionKey, Contracts]
) -> frozenset[PositionKey]:
    found = set()
    for step in done.steps:
        key = step.execution.key
        if (
            step.how in DISPUTED
            or step.how is How.IMPOSSIBLE
            or (
                step.how is How.CLOSED
                and not _stands(step.owner, key, done.after, owned_only, venue)
            )
            or (step.how is How.SPLIT and done.after.total(key) != venue.get(key, NO_CONTRACTS))
        ):
            found.add(key)
    return frozenset(found)


def _stands(
    owner: str,
    key: PositionKey,
    after: Holdings,
    owned_only: Holdings,
    venue: Mapping[PositionKey, Contracts],
) -> bool:
    full, left = owned_only.held(owner, key), after.held(owner, key)
    return (
        owned_only.holders(key) == (owner,)
        and left.sign * full.sign >= 0
        and abs(left) < abs(full)
        and after.total(key) == venue.get(key, NO_CONTRACTS)
    )
