"""What the streams already hold, by id: booked fills and cash flows, ended orders and whose they
were, how much money was booked to whom, and the executions that a coming bill may still concern.

An index is a function of its streams: the same, in whatever portions they were taken in. A snapshot
may keep one (``sums.py``); what has been appended since is then taken in on top.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, DecimalException
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

from prometheus_persist.errors import BadValue
from prometheus_persist.journal.records import Records
from prometheus_persist.state import (
    NO_CONTRACTS,
    Contracts,
    OrderIntent,
    PositionKey,
    SystemState,
    contracts,
)
from prometheus_persist.state.documents import (
    CASH_FLOWS,
    INTENT_LOG,
    ORPHAN_FILLS,
    PUBLIC_TRADES,
)
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.money import ZERO, add, exact, minus, plus

if TYPE_CHECKING:
    from prometheus_persist.reconcile.views import Adoption, Books, Move

NOBODY, PENALTY = "", "liquidation_penalty"
_CLOSING_SIDE = {"long": "sell", "short": "buy", "net": "sell"}
_ADOPTIONS = ("adopted", "released")
_WITHOUT_MONEY = ("set_aside", "resized")
_WRITTEN = ("written", "unwritten")
_NEVER = (0, 0)
SUMMED = (PUBLIC_TRADES, ORPHAN_FILLS, CASH_FLOWS, INTENT_LOG)
Recent = tuple[int, int, str, JsonObject]
"""An execution's time, the place of its stream in ``SUMMED``, its owner, and its record."""
_quantity = lru_cache(maxsize=4096, typed=True)(exact)  # few texts, met a million times
_number = lru_cache(maxsize=4096, typed=True)(Decimal)


class EndedOrders(Mapping[str, OrderIntent]):
    """Ended orders by clOrdId. Those that a snapshot named are read where they stand, by the number
    of their record, once they are asked for."""

    __slots__ = ("_at", "_count", "_read", "_rows")

    def __init__(
        self, rows: Sequence[JsonObject] = (), at: Mapping[str, int] | None = None
    ) -> None:
        self._rows, self._at = rows, at or {}
        self._read: dict[str, OrderIntent] = {}
        self._count = len(self._at)

    def add(self, intent: OrderIntent) -> None:
        """One more, or another state of one that is there."""
        self._count += intent.cl_ord_id not in self
        self._read[intent.cl_ord_id] = intent

    def __getitem__(self, name: str) -> OrderIntent:
        found = self._read.get(name)
        if found is None:
            found = OrderIntent.model_validate(self._rows[self._at[name]])
            self._read[name] = found
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._read or name in self._at

    def __iter__(self) -> Iterator[str]:
        return iter([*self._at, *(name for name in self._read if name not in self._at)])

    def __len__(self) -> int:
        return self._count


@dataclass(slots=True)
class StreamIndex:
    """An index that keeps up with the growth of the streams.

    ``ids`` has the id of every record of each of the ``SUMMED`` streams, in their order: a fill's,
    a flow's ref, an order's clOrdId; ``agents`` whose each of the orders was. ``recent`` are the
    executions with a time from ``since_ms`` on.
    """

    booked: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)
    penalties: dict[str, Decimal] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    ended: EndedOrders = field(default_factory=EndedOrders)
    money: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    recorded: dict[str, dict[PositionKey, Contracts]] = field(default_factory=dict)
    written: dict[str, Adoption] = field(default_factory=dict)
    nobodys: dict[str, Adoption] = field(default_factory=dict)
    sizes: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    sized: dict[str, tuple[int, int]] = field(default_factory=dict)
    recent: list[Recent] = field(default_factory=list)
    since_ms: int = 0
    ids: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in SUMMED})
    agents: list[str] = field(default_factory=list)

    @property
    def adopted(self) -> dict[str, Adoption]:
        """The differences that were written without an execution, and stand."""
        return self.written | self.nobodys

    def books(
        self, state: SystemState, streams: Mapping[str, Sequence[JsonObject]], epoch: int = 0
    ) -> Books:
        """The three-book comparison's own side, as it stands until something is saved.

        Costs what is open and new, not what has ever been booked: nothing old is copied.
        """
        from prometheus_persist.reconcile.views import Books

        since_ms = state.account_cash.bills_ms
        self.take(streams, since_ms)
        self.recent = [each for each in self.recent if each[0] >= since_ms]
        waiting = {key: item.agent_id for key, item in state.intents.items()}
        return Books(
            state,
            self.booked,
            ChainMap(waiting, self.owners),
            self.ended,
            self.flows,
            _fees(self.recent),
            self.money,
            _moves(self.recent),
            self.recorded,
            tuple(self.adopted.values()),
            self.sizes,
            epoch,
            penalties=self.penalties,
        )

    def take(self, streams: Mapping[str, Sequence[JsonObject]], since_ms: int = 0) -> None:
        """Read what has been appended since the last time; from ``since_ms`` on it is recent.

        Where that fails, nothing is taken, and the next time begins anew.
        """
        try:
            self._take(streams, since_ms)
        except BaseException:  # halfway: what was taken would be taken twice
            for each in fields(self):
                setattr(self, each.name, getattr(StreamIndex(), each.name))
            raise

    def _take(self, streams: Mapping[str, Sequence[JsonObject]], since_ms: int) -> None:
        self.since_ms = max(self.since_ms, since_ms)
        for name in SUMMED:
            ids = self.ids[name]
            fresh = _since(streams.get(name, ()), len(ids))
            if name == INTENT_LOG:
                for record in fresh:
                    intent = OrderIntent.model_validate(record)
                    self.owners[intent.cl_ord_id] = intent.agent_id
                    self.ended.add(intent)
                    ids.append(intent.cl_ord_id)
                    self.agents.append(intent.agent_id)
            elif name == CASH_FLOWS:
                for record in fresh:
                    self.flows.add(record["ref"])
                    amount = Decimal(record["amount"])
                    if record["kind"] == PENALTY:
                        self.penalties[record["ref"]] = amount
                    self._pay(record["agent_id"], record["kind"], amount)
                    ids.append(record["ref"])
            else:
                self._executions(fresh, since_ms, name)

    def _executions(self, records: Iterable[JsonObject], since_ms: int, stream: str) -> None:
        """Take in what was booked; a long ledger is millions of them, and every step here counts.

        What they come to is added up first, and only the sums are looked at.
        """
        paid: dict[str, list[Decimal]] = {}
        moved: dict[tuple[str, str, str, str], Decimal] = {}
        ids, rank, first = self.ids[stream], SUMMED.index(stream), len(self.ids[stream])
        sized, recent, closing = self.sized, self.recent, _CLOSING_SIDE
        try:
            for record in records:
                category = record.get("category")
                ids.append(record["fill_id"])
                if category in _ADOPTIONS:
                    self._adoption(record)
                    continue
                inst_id, ts_ms = record["inst_id"], record["ts_ms"]
                if "ct_val" in record and (ts_ms, rank) >= sized.get(inst_id, _NEVER):
                    self._size(record, rank)
                if category in _WITHOUT_MONEY:
                    continue
                if category in _WRITTEN:
                    self._written(record)
                owner = record.get("agent_id", NOBODY)
                mine = paid.get(owner)
                if mine is None:
                    mine = paid[owner] = [ZERO, ZERO]
                mine[0] = plus(
                    mine[0], Decimal(record.get("pnl", "0"))
                )  # an orphan of old has none
                mine[1] = plus(mine[1], Decimal(record.get("fee", "0")))
                if owner != NOBODY:
                    pos_side, quantity = record["pos_side"], _quantity(record["qty_contracts"])
                    key = owner, inst_id, record["mgn_mode"], pos_side
                    step = minus if record["side"] == closing[pos_side] else plus
                    moved[key] = step(moved.get(key, ZERO), quantity)
                if ts_ms >= since_ms and "side" in record:
                    recent.append((ts_ms, rank, owner, record))
        except DecimalException as problem:
            raise BadValue(f"no exact result: {type(problem).__name__}") from None
        self.booked.update(islice(ids, first, None))
        for owner, (pnl, fee) in paid.items():
            self._pay(owner, "pnl", exact(pnl))
            self._pay(owner, "fee", exact(fee))
        for (owner, *place), change in moved.items():
            held, at = self.recorded.setdefault(owner, {}), PositionKey(*place)
            held[at] = held.get(at, NO_CONTRACTS) + contracts(change)

    def _size(self, record: JsonObject, rank: int) -> None:
        """The contract's size as it was last booked, in whatever stream."""
        name = record["inst_id"]
        self.sizes[name] = _number(record["ct_val"]), _number(record["ct_mult"])
        self.sized[name] = record["ts_ms"], rank

    def _written(self, record: JsonObject) -> None:
        """A quantity that was written for an agent, or is given back."""
        from prometheus_persist.reconcile.views import Adoption

        key, change = _moved(record)
        owner, finding_id = record["agent_id"], record.get("undoes") or record["finding_id"]
        name = f"{finding_id} {owner} {key}"
        before = self.written.pop(name, None)
        quantity = change if before is None else change + before.qty_contracts
        if quantity and (before is not None or record["category"] == "written"):
            px, since_ms = Decimal(record["px"]), record["since_ms"]
            made = before or Adoption(
                key, quantity, finding_id, px, since_ms, record["found_ms"], owner
            )
            self.written[name] = replace(made, qty_contracts=quantity)

    def _adoption(self, record: JsonObject) -> None:
        """A difference that was made nobody's, or is given back."""
        from prometheus_persist.reconcile.views import Adoption

        finding_id = record.get("undoes") or finding_of(record)
        before = self.nobodys.pop(finding_id, None)
        quantity = contracts(record["qty_contracts"])
        if before is not None:
            quantity += before.qty_contracts
        if quantity and (before is not None or record["category"] == "adopted"):
            key = PositionKey(record["inst_id"], record["mgn_mode"], record["pos_side"])
            made = before or Adoption(
                key,
                quantity,
                finding_id,
                Decimal(record["px"]),
                record.get("since_ms") or record["ts_ms"],
                record["found_ms"],
            )
            self.nobodys[finding_id] = replace(made, qty_contracts=quantity)

    def _pay(self, owner: str, kind: str, amount: Decimal) -> None:
        paid = self.money.setdefault(owner, {})
        paid[kind] = add(paid.get(kind, ZERO), amount)


def adoption_id(inst_id: str, category: str, finding_id: str) -> str:
    """The fill id of a record that no execution is behind, unlike any that an exchange gives."""
    return f"{inst_id}:{category}:{finding_id}"


def finding_of(record: JsonObject) -> str:
    """The finding that a record without an execution was written for."""
    return str(record.get("finding_id") or record["fill_id"].rpartition(":")[2])


def _since(records: Sequence[JsonObject], start: int) -> Iterable[JsonObject]:
    """The records from ``start`` on; of a stream, without having all of them at once."""
    return records.since(start) if isinstance(records, Records) else records[start:]


def _fees(recent: list[Recent]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for *_, record in recent:
        name = record["fill_id"]
        found[name] = add(found.get(name, ZERO), Decimal(record["fee"]))
    return found


def _moves(recent: list[Recent]) -> tuple[Move, ...]:
    from prometheus_persist.reconcile.views import Move

    return tuple(
        Move(ts_ms, owner, *_moved(record)) for ts_ms, _, owner, record in in_order(recent)
    )


def in_order(recent: Iterable[Recent]) -> list[Recent]:
    """Oldest first; of one time as the streams have them, one stream after the other."""
    return sorted(recent, key=itemgetter(0, 1))


def _moved(record: JsonObject) -> tuple[PositionKey, Contracts]:
    """The key that a booked execution moved, and by how much."""
    key = PositionKey(record["inst_id"], record["mgn_mode"], record["pos_side"])
    quantity = contracts(record["qty_contracts"])
    closes = record["side"] == _CLOSING_SIDE[key.pos_side]
    return key, -quantity if closes else quantity
