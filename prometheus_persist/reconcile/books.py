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
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING

from prometheus_persist.errors import BadValue
from prometheus_persist.journal.alike import Columns
from prometheus_persist.journal.records import Held, Records, objects_in
from prometheus_persist.reconcile.tally import (
    NOBODY,
    ExecutionSums,
    Fees,
    Lately,
    Moves,
    Recent,
    executions_told,
    moved_by,
    newest_sizes,
)
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
from prometheus_persist.state.money import ZERO, add

if TYPE_CHECKING:
    from prometheus_persist.reconcile.views import Adoption, Books

PENALTY = "liquidation_penalty"
_ADOPTIONS = ("adopted", "released")
_WRITTEN = ("written", "unwritten")
_NOT_BOOKED = frozenset({*_ADOPTIONS, "set_aside", "resized"})
_SPECIAL = _NOT_BOOKED.union(_WRITTEN)
_NEVER = (0, 0)
IN_VAIN = 16  # portions that are not read by fields, behind one that took a look all the same
SUMMED = (PUBLIC_TRADES, ORPHAN_FILLS, CASH_FLOWS, INTENT_LOG)
_FILL_ID, _TS_MS = itemgetter("fill_id"), itemgetter("ts_ms")


@lru_cache(maxsize=4096, typed=True)
def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except DecimalException as problem:
        raise BadValue(f"no exact result: {type(problem).__name__}") from None


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
    lately: Lately = field(default_factory=lambda: Lately([]), compare=False)

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
        kept = [each for each in self.recent if each[0] >= since_ms]
        if len(kept) < len(self.recent):
            self.recent = kept
        if not self.lately.still(self.recent):
            self.lately = Lately(self.recent)
        waiting = {key: item.agent_id for key, item in state.intents.items()}
        return Books(
            state,
            self.booked,
            ChainMap(waiting, self.owners),
            self.ended,
            self.flows,
            Fees(self.lately),
            self.money,
            Moves(self.lately),
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
            records = chain.from_iterable(map(objects_in, fresh))
            if name == INTENT_LOG:
                for record in records:
                    intent = OrderIntent.model_validate(record)
                    self.owners[intent.cl_ord_id] = intent.agent_id
                    self.ended.add(intent)
                    ids.append(intent.cl_ord_id)
                    self.agents.append(intent.agent_id)
            elif name == CASH_FLOWS:
                for record in records:
                    self.flows.add(record["ref"])
                    amount = Decimal(record["amount"])
                    if record["kind"] == PENALTY:
                        self.penalties[record["ref"]] = amount
                    self._pay(record["agent_id"], record["kind"], amount)
                    ids.append(record["ref"])
            else:
                self._executions(fresh, since_ms, name)

    def _executions(self, fresh: Iterable[Held], since_ms: int, stream: str) -> None:
        """Take in what was booked; a long ledger is millions of them, and every step here counts.

        What they come to is added up first, and only the sums are looked at.
        """
        tally, ids, rank = ExecutionSums(), self.ids[stream], SUMMED.index(stream)
        first, wait = len(ids), 0
        for some in fresh:
            told = None if wait else executions_told(some)
            if told is not None and _ordinary(told, since_ms):
                ids.extend(told["fill_id"])
                self._sizes(newest_sizes(told), rank)
                tally.take_alike(told)
                continue
            wait = max(wait - 1, 0) if told is None else IN_VAIN
            rows = objects_in(some)
            ids.extend(map(_FILL_ID, rows))
            booked = rows
            if not _SPECIAL.isdisjoint([row.get("category") for row in rows]):
                booked = [row for row in rows if self._is_booked(row)]
            self._sizes(rows, rank)
            tally.take(booked)
            if booked and max(map(_TS_MS, booked)) >= since_ms:
                self.recent.extend(
                    (row["ts_ms"], rank, row.get("agent_id", NOBODY), row)
                    for row in booked
                    if row["ts_ms"] >= since_ms and "side" in row
                )
        self.booked.update(islice(ids, first, None))
        for owner, pnl, fee in tally.paid():
            self._pay(owner, "pnl", pnl)
            self._pay(owner, "fee", fee)
        for owner, key, change in tally.moved():
            held = self.recorded.setdefault(owner, {})
            held[key] = held.get(key, NO_CONTRACTS) + change

    def _is_booked(self, record: JsonObject) -> bool:
        """Whether money and contracts of an execution are in it; else what it says is taken in."""
        category = record.get("category")
        if category in _ADOPTIONS:
            self._adoption(record)
        elif category in _WRITTEN:
            self._written(record)
        return category not in _NOT_BOOKED

    def _sizes(self, rows: Sequence[JsonObject], rank: int) -> None:
        """The contracts' sizes as they were last booked, in whatever stream."""
        newest: dict[str, JsonObject] = {}
        for row in rows:
            if "ct_val" in row and row.get("category") not in _ADOPTIONS:
                seen = newest.get(row["inst_id"])
                if seen is None or row["ts_ms"] >= seen["ts_ms"]:
                    newest[row["inst_id"]] = row
        for name, row in newest.items():
            if (row["ts_ms"], rank) >= self.sized.get(name, _NEVER):
                self.sizes[name] = _number(row["ct_val"]), _number(row["ct_mult"])
                self.sized[name] = row["ts_ms"], rank

    def _written(self, record: JsonObject) -> None:
        """A quantity that was written for an agent, or is given back."""
        from prometheus_persist.reconcile.views import Adoption

        key, change = moved_by(record)
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


def _since(records: Sequence[JsonObject], start: int) -> Iterator[Held]:
    """The records from ``start`` on as they are held, some at a time."""
    return records.held(start) if isinstance(records, Records) else iter([records[start:]])


def _ordinary(told: Columns, since_ms: int) -> bool:
    """Whether none of these takes a look at more of it: all are somebody's executions from before
    ``since_ms``."""
    somebodys = NOBODY not in told["agent_id"] and _SPECIAL.isdisjoint(told["category"])
    return somebodys and max(told["ts_ms"]) < since_ms
