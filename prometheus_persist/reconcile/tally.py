"""What booked executions come to: money by owner, contracts by owner and position.

A long ledger is millions of executions. So they are taken in by portions: a field of all of a
portion's records at a time, each step a single one of Python's C functions where there is one, and
what is alike (few owners, few quantities) is counted before it is added up. Where records have the
same fields, these are read without making objects of the rest (``journal/alike.py``). What comes
out is exact and does not depend on the portions, the exponents of sums included.

What money and positions ``recent`` executions moved, one by one, is worked out when somebody asks
(``Lately``): of books that were never compared with an exchange all are recent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, DecimalException
from functools import cached_property, lru_cache
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, overload

from prometheus_persist.errors import BadValue
from prometheus_persist.journal.alike import Columns
from prometheus_persist.journal.records import Block, Held
from prometheus_persist.state import Contracts, PositionKey, contracts
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.money import EXACT, ZERO, add, exact

if TYPE_CHECKING:
    from prometheus_persist.reconcile.views import Move

NOBODY = ""
KEPT_APART_MAX = 50_000  # quantities that are counted before they are added up
_CLOSING_SIDE = {"long": "sell", "short": "buy", "net": "sell"}
_PLACE = "agent_id", "inst_id", "mgn_mode", "pos_side", "side", "qty_contracts"
_OWN = "agent_id", "pnl", "fee"
_SIZE = "ts_ms", "inst_id", "ct_val", "ct_mult"
_PLACED, _OWNED, _QUANTITY = itemgetter(*_PLACE), itemgetter(*_OWN), itemgetter("qty_contracts")
_TOLD = tuple(dict.fromkeys((*_PLACE, *_OWN, *_SIZE, "fill_id", "category")))
_KINDS = [
    {name: int if name == "ts_ms" else str for name in _TOLD if name not in without}
    for without in ((), ("ct_val", "ct_mult"))
]
_TEXT = frozenset({str})
_plus, _number = EXACT.add, EXACT.create_decimal  # the thread's own context is its host's
_quantity = lru_cache(maxsize=4096)(exact)  # few texts, met a million times

Recent = tuple[int, int, str, JsonObject]
"""An execution's time, the place of its stream in ``SUMMED``, its owner, and its record."""
Place = tuple[str, str, str, str]


class ExecutionSums:
    """Sums of executions. Raises BadValue where there is no exact result."""

    __slots__ = ("_counted", "_moved", "_paid")

    def __init__(self) -> None:
        self._paid: dict[str, list[Decimal]] = {}
        self._moved: dict[Place, Decimal] = {}
        self._counted: Counter[tuple[str, ...]] = Counter()

    def take(self, rows: Sequence[JsonObject]) -> None:
        """Add up some more; raises KeyError for a record that is no execution."""
        try:
            told: Iterable[tuple[str, Any, Any]] = list(map(_OWNED, rows))
        except KeyError:  # nobody's has no owner, and an orphan of old no PnL
            told = [(r.get("agent_id", NOBODY), r.get("pnl", "0"), r.get("fee", "0")) for r in rows]
        self._pay(told)
        owned = [row for row in rows if row.get("agent_id", NOBODY) != NOBODY]
        if not _TEXT.issuperset(map(type, map(_QUANTITY, owned))):
            owned = [{**row, "qty_contracts": _text(row["qty_contracts"])} for row in owned]
        self._count(map(_PLACED, owned))

    def take_alike(self, told: Columns) -> None:
        """Add up some more, all of somebody's and all with text in each of these fields."""
        self._pay(zip(*map(told.__getitem__, _OWN), strict=True))
        self._count(zip(*map(told.__getitem__, _PLACE), strict=True))

    def _pay(self, told: Iterable[tuple[str, Any, Any]]) -> None:
        paid = self._paid
        try:
            for owner, pnl, fee in told:
                mine = paid.get(owner)
                if mine is None:
                    mine = paid[owner] = [ZERO, ZERO]
                mine[0] = _plus(mine[0], _number(pnl))
                mine[1] = _plus(mine[1], _number(fee))
        except DecimalException as problem:
            raise BadValue(f"no exact result: {type(problem).__name__}") from None

    def _count(self, placed: Iterable[tuple[str, ...]]) -> None:
        self._counted.update(placed)
        if len(self._counted) > KEPT_APART_MAX:
            self._add_up()

    def _add_up(self) -> None:
        """What was counted, added to what it moved."""
        moved, counted = self._moved, self._counted
        try:
            for (*place, side, text), times in counted.items():
                owner, inst_id, mgn_mode, pos_side = place
                change = EXACT.multiply(_quantity(text), times)
                key = owner, inst_id, mgn_mode, pos_side
                step = EXACT.subtract if closes(pos_side, side) else _plus
                moved[key] = step(moved.get(key, ZERO), change)
        except DecimalException as problem:
            raise BadValue(f"no exact result: {type(problem).__name__}") from None
        self._counted = Counter()

    def paid(self) -> Iterator[tuple[str, Decimal, Decimal]]:
        """Every owner with his PnL and fees."""
        for owner, (pnl, fee) in self._paid.items():
            yield owner, exact(pnl), exact(fee)

    def moved(self) -> Iterator[tuple[str, PositionKey, Contracts]]:
        """Every owner's positions, and by how much they were moved."""
        self._add_up()
        for (owner, *place), change in self._moved.items():
            yield owner, PositionKey(*place), contracts(change)


def executions_told(held: Held) -> Columns | None:
    """The fields of executions that are alike, all with a time, and text in every other one; their
    sizes where they have them. None where they are not known to be."""
    told = held.columns(_TOLD) if isinstance(held, Block) else None
    if told is None or {name: type(found[0]) for name, found in told.items()} not in _KINDS:
        return None
    return told


def newest_sizes(told: Columns) -> list[JsonObject]:
    """Of each contract the record with its size as it was last booked, as far as there are any; in
    the order in which the contracts come."""
    if "ct_val" not in told:
        return []
    rows = sorted(zip(*map(told.__getitem__, _SIZE), strict=True), key=itemgetter(0))
    newest = dict.fromkeys(told["inst_id"], rows[0]) | {row[1]: row for row in rows}
    return [dict(zip(_SIZE, row, strict=True)) for row in newest.values()]


def _text(quantity: object) -> str:
    """A quantity as text that means the same number."""
    return quantity if isinstance(quantity, str) else str(exact(quantity))


def closes(pos_side: str, side: str) -> bool:
    """Whether an execution on this side takes from the signed quantity of such a position."""
    return side == _CLOSING_SIDE[pos_side]


def moved_by(record: JsonObject) -> tuple[PositionKey, Contracts]:
    """The key that a booked execution moved, and by how much."""
    key = PositionKey(record["inst_id"], record["mgn_mode"], record["pos_side"])
    quantity = contracts(record["qty_contracts"])
    return key, -quantity if closes(key.pos_side, record["side"]) else quantity


def in_order(recent: Iterable[Recent]) -> list[Recent]:
    """Oldest first; of one time as the streams have them, one stream after the other."""
    return sorted(recent, key=itemgetter(0, 1))


class Lately:
    """What the first ``count`` of the recent executions were, worked out once it is asked for."""

    def __init__(self, recent: list[Recent]) -> None:
        self._recent, self._count = recent, len(recent)

    def still(self, recent: list[Recent]) -> bool:
        """Whether these are the same ones, and no more."""
        return recent is self._recent and len(recent) == self._count

    @cached_property
    def fees(self) -> dict[str, Decimal]:
        """The fee under which each was booked, by its id."""
        found: dict[str, Decimal] = {}
        for *_, record in islice(self._recent, self._count):
            name = record["fill_id"]
            found[name] = add(found.get(name, ZERO), Decimal(record["fee"]))
        return found

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """What each moved, oldest first."""
        from prometheus_persist.reconcile.views import Move

        rows = in_order(islice(self._recent, self._count))
        return tuple(Move(ts_ms, owner, *moved_by(record)) for ts_ms, _, owner, record in rows)


class Moves(Sequence["Move"]):
    """``Lately.moves``, looked at only by whoever needs them."""

    __slots__ = ("_lately",)

    def __init__(self, lately: Lately) -> None:
        self._lately = lately

    def __len__(self) -> int:
        return len(self._lately.moves)

    def __iter__(self) -> Iterator[Move]:
        return iter(self._lately.moves)

    @overload
    def __getitem__(self, at: int) -> Move: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Move, ...]: ...
    def __getitem__(self, at: int | slice) -> Move | tuple[Move, ...]:
        return self._lately.moves[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Moves, tuple)) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # nobody keeps them as a key

    def __repr__(self) -> str:
        return repr(self._lately.moves)


class Fees(Mapping[str, Decimal]):
    """``Lately.fees``, likewise."""

    __slots__ = ("_lately",)

    def __init__(self, lately: Lately) -> None:
        self._lately = lately

    def __getitem__(self, name: str) -> Decimal:
        return self._lately.fees[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lately.fees)

    def __len__(self) -> int:
        return len(self._lately.fees)
