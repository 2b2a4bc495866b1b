"""What the streams already hold, by id: booked fills and cash flows, ended orders and whose they
were, how much money was booked to whom, and the executions that a coming bill may still concern.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

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
from prometheus_persist.state.money import ZERO, add

if TYPE_CHECKING:
    from prometheus_persist.reconcile.views import Adoption, Books, Move

NOBODY = ""
_CLOSING_SIDE = {"long": "sell", "short": "buy", "net": "sell"}


@dataclass(slots=True)
class StreamIndex:
    """An index that keeps up with the growth of the streams."""

    booked: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)
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
        )

    def take(self, streams: Mapping[str, Sequence[JsonObject]], since_ms: int = 0) -> None:
        """Read what has been appended since the last time; from ``since_ms`` on it is recent."""
        for name in (PUBLIC_TRADES, ORPHAN_FILLS, CASH_FLOWS, INTENT_LOG):
            records = streams.get(name, [])
            for record in _since(records, self._seen.get(name, 0)):
                if name == INTENT_LOG:
                    intent = OrderIntent.model_validate(record)
                    self.owners[intent.cl_ord_id] = intent.agent_id
                    self.ended[intent.cl_ord_id] = intent
                elif name == CASH_FLOWS:
                    self.flows.add(record["ref"])
                    self._pay(record["agent_id"], record["kind"], record["amount"])
                elif record.get("category") in ("adopted", "released"):
                    self._adoption(record)
                elif record.get("category") in ("set_aside", "resized"):
                    self.booked.add(record["fill_id"])
                    self._size(record)
                else:
                    self._execution(record, since_ms)
            self._seen[name] = len(records)

    def _execution(self, record: JsonObject, since_ms: int) -> None:
        self.booked.add(record["fill_id"])
        if record.get("category") in ("written", "unwritten"):
            self._written(record)
        self._size(record)
        owner = record.get("agent_id", NOBODY)
        for kind in ("pnl", "fee"):  # an orphan of old has none
            self._pay(owner, kind, record.get(kind, "0"))
        if owner != NOBODY:
            key, signed = _moved(record)
            held = self.recorded.setdefault(owner, {})
            held[key] = held.get(key, NO_CONTRACTS) + signed
        if record["ts_ms"] >= since_ms and "side" in record:
            self._recent.append((record["ts_ms"], owner, record))

    def _size(self, record: JsonObject) -> None:
        """The contract's size as it was last booked, in whatever stream."""
        name, ts_ms = record["inst_id"], record["ts_ms"]
        if "ct_val" in record and ts_ms >= self._sized.get(name, 0):
            self.sizes[name] = Decimal(record["ct_val"]), Decimal(record["ct_mult"])
            self._sized[name] = ts_ms

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
        finding_id = record.get("undoes") or record["fill_id"].rpartition(":")[2]
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

    def _pay(self, owner: str, kind: str, amount: str) -> None:
        paid = self.money.setdefault(owner, {})
        paid[kind] = add(paid.get(kind, ZERO), Decimal(amount))


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
