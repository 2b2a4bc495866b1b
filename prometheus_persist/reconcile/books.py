"""What the streams already hold, by id: booked fills and cash flows, ended orders and whose they
were, how much money was booked to whom, and the executions that a coming bill may still concern.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, DecimalException
from functools import lru_cache
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
_quantity = lru_cache(maxsize=4096, typed=True)(exact)  # few texts, met a million times
_number = lru_cache(maxsize=4096, typed=True)(Decimal)


@dataclass(slots=True)
class StreamIndex:
    """An index that keeps up with the growth of the streams."""

    booked: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)
    penalties: dict[str, Decimal] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    ended: dict[str, OrderIntent] = field(default_factory=dict)
    money: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    recorded: dict[str, dict[PositionKey, Contracts]] = field(default_factory=dict)
    adopted: dict[str, Adoption] = field(default_factory=dict)
    sizes: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    _sized: dict[str, int] = field(default_factory=dict)
    _recent: list[tuple[int, str, JsonObject]] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)

    def books(
        self, state: SystemState, streams: Mapping[str, Sequence[JsonObject]], epoch: int = 0
    ) -> Books:
        """The three-book comparison's own side, as it stands until something is saved.

        Costs what is open and new, not what has ever been booked: nothing old is copied.
        """
        from prometheus_persist.reconcile.views import Books

        since_ms = state.account_cash.bills_ms
        self.take(streams, since_ms)
        self._recent = [each for each in self._recent if each[0] >= since_ms]
        waiting = {key: item.agent_id for key, item in state.intents.items()}
        return Books(
            state,
            self.booked,
            ChainMap(waiting, self.owners),
            self.ended,
            self.flows,
            _fees(self._recent),
            self.money,
            _moves(self._recent),
            self.recorded,
            tuple(self.adopted.values()),
            self.sizes,
            epoch,
            penalties=self.penalties,
        )

    def take(self, streams: Mapping[str, Sequence[JsonObject]], since_ms: int = 0) -> None:
        """Read what has been appended since the last time; from ``since_ms`` on it is recent."""
        for name in (PUBLIC_TRADES, ORPHAN_FILLS, CASH_FLOWS, INTENT_LOG):
            records = streams.get(name, [])
            fresh = _since(records, self._seen.get(name, 0))
            if name == INTENT_LOG:
                for record in fresh:
                    intent = OrderIntent.model_validate(record)
                    self.owners[intent.cl_ord_id] = intent.agent_id
                    self.ended[intent.cl_ord_id] = intent
            elif name == CASH_FLOWS:
                for record in fresh:
                    self.flows.add(record["ref"])
                    amount = Decimal(record["amount"])
                    if record["kind"] == PENALTY:
                        self.penalties[record["ref"]] = amount
                    self._pay(record["agent_id"], record["kind"], amount)
            else:
                self._executions(fresh, since_ms)
            self._seen[name] = len(records)

    def _executions(self, records: Iterable[JsonObject], since_ms: int) -> None:
        """Take in what was booked; a long ledger is millions of them, and every step here counts.

        What they come to is added up first, and only the sums are looked at.
        """
        paid: dict[str, list[Decimal]] = {}
        moved: dict[tuple[str, str, str, str], Decimal] = {}
        booked, sized, recent, closing = self.booked, self._sized, self._recent, _CLOSING_SIDE
        try:
            for record in records:
                category = record.get("category")
                if category in _ADOPTIONS:
                    self._adoption(record)
                    continue
                booked.add(record["fill_id"])
                inst_id, ts_ms = record["inst_id"], record["ts_ms"]
                if ts_ms >= sized.get(inst_id, 0):
                    self._size(record)
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
                    recent.append((ts_ms, owner, record))
        except DecimalException as problem:
            raise BadValue(f"no exact result: {type(problem).__name__}") from None
        for owner, (pnl, fee) in paid.items():
            self._pay(owner, "pnl", exact(pnl))
            self._pay(owner, "fee", exact(fee))
        for (owner, *place), change in moved.items():
            held, at = self.recorded.setdefault(owner, {}), PositionKey(*place)
            held[at] = held.get(at, NO_CONTRACTS) + contracts(change)

    def _size(self, record: JsonObject) -> None:
        """The contract's size as it was last booked, in whatever stream."""
        if "ct_val" in record:
            name = record["inst_id"]
            self.sizes[name] = _number(record["ct_val"]), _number(record["ct_mult"])
            self._sized[name] = record["ts_ms"]

    def _written(self, record: JsonObject) -> None:
        """A quantity that was written for an agent, or is given back."""
        from prometheus_persist.reconcile.views import Adoption

        key, change = _moved(record)
        owner, finding_id = record["agent_id"], record.get("undoes") or record["finding_id"]
        name = f"{finding_id} {owner} {key}"
        before = self.adopted.pop(name, None)
        quantity = change if before is None else change + before.qty_contracts
        if quantity and (before is not None or record["category"] == "written"):
            px, since_ms = Decimal(record["px"]), record["since_ms"]
            made = before or Adoption(
                key, quantity, finding_id, px, since_ms, record["found_ms"], owner
            )
            self.adopted[name] = replace(made, qty_contracts=quantity)

    def _adoption(self, record: JsonObject) -> None:
        """A difference that was made nobody's, or is given back."""
        from prometheus_persist.reconcile.views import Adoption

        self.booked.add(record["fill_id"])
        finding_id = record.get("undoes") or finding_of(record)
        before = self.adopted.pop(finding_id, None)
        quantity = contracts(record["qty_contracts"])
        if before is not None:
            quantity += before.qty_contracts
        if quantity and (before is not None or record["category"] == "adopted"):
            key = PositionKey(record["inst_id"], record["mgn_mode"], record["pos_side"])
            self.adopted[finding_id] = before or Adoption(
                key,
                quantity,
                finding_id,
                Decimal(record["px"]),
                record.get("since_ms") or record["ts_ms"],
                record["found_ms"],
            )
            self.adopted[finding_id] = replace(self.adopted[finding_id], qty_contracts=quantity)

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


def _fees(recent: list[tuple[int, str, JsonObject]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for _, _, record in recent:
        name = record["fill_id"]
        found[name] = add(found.get(name, ZERO), Decimal(record["fee"]))
    return found


def _moves(recent: list[tuple[int, str, JsonObject]]) -> tuple[Move, ...]:
    from prometheus_persist.reconcile.views import Move

    moves = []
    for ts_ms, owner, record in recent:
        moves.append(Move(ts_ms, owner, *_moved(record)))
    return tuple(sorted(moves, key=lambda move: move.ts_ms))


def _moved(record: JsonObject) -> tuple[PositionKey, Contracts]:
    """The key that a booked execution moved, and by how much."""
    key = PositionKey(record["inst_id"], record["mgn_mode"], record["pos_side"])
    quantity = contracts(record["qty_contracts"])
    closes = record["side"] == _CLOSING_SIDE[key.pos_side]
    return key, -quantity if closes else quantity
