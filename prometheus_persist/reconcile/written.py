"""Corrections that no execution stands behind: quantities written, given back, rescaled.

1. Both ledgers of an agent hold what is written, as one booking; entry prices stay.
2. What is written is recorded like an execution without money, by how much the agent's records miss
   it: its records then add up to what it holds. So it can be given back, once, when the executions
   turn up (``adopted.py``).
3. Where a contract's size changed, everything that is counted in contracts is counted in the new
   ones: holdings, what nobody owns, open orders.
4. What is held already keeps its price and its beginning; what is new has those of the correction.
   ``adopted``, ``written``, ``resized`` are this for one position, of any copy of the books.

``Work`` is the copy that a plan is carried out on. Models are replaced in it, never changed.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from prometheus_persist.errors import PlanStale
from prometheus_persist.reconcile.plan import AdoptDifference, Rescale, SetQuantity
from prometheus_persist.reconcile.views import Books
from prometheus_persist.state import (
    NO_CONTRACTS,
    Agent,
    Contracts,
    Position,
    PositionKey,
    PrivateLedger,
    PublicAccount,
    SystemState,
)
from prometheus_persist.state.documents import ORPHAN_FILLS, PUBLIC_TRADES, private_trades
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.money import ZERO, times


@dataclass(slots=True)
class Work:
    """A plan under way; ``booked`` and ``flows`` are what the books held before it."""

    books: Books
    state: SystemState
    now_ms: int
    booked: AbstractSet[str]  # fills, before
    flows: AbstractSet[str]  # the same of cash flows
    fresh: set[str] = field(default_factory=set)
    moved: dict[tuple[str, PositionKey], Contracts] = field(default_factory=dict)
    written: dict[tuple[str, PositionKey], Contracts] = field(default_factory=dict)
    records: dict[str, list[JsonObject]] = field(default_factory=dict)

    entries: dict[tuple[str, PositionKey], Decimal] = field(default_factory=dict)

    def note_entry(self, step: SetQuantity) -> None:
        """Remember at what price a position was held before it is written."""
        ledger = self.state.private_ledgers.get(step.agent_id)
        held = [one for one in ledger.positions if one.key == step.key] if ledger else []
        self.entries[step.agent_id, step.key] = held[0].entry_px if held else step.entry_px

    def entry_px(self, name: str, key: PositionKey) -> Decimal:
        """That price; zero where nothing was noted."""
        return self.entries.get((name, key), ZERO)

    def append(self, stream: str, record: JsonObject) -> None:
        """One more record for a stream."""
        self.records.setdefault(stream, []).append(record)


def books_of(state: SystemState, name: str) -> tuple[Agent, PrivateLedger, PublicAccount]:
    """An agent's three books; raises PlanStale where one is missing."""
    try:
        return state.agents[name], state.private_ledgers[name], state.public_accounts[name]
    except KeyError:
        raise PlanStale(f"agent {name!r} lacks a book that the plan moves") from None


def set_quantity(work: Work, step: SetQuantity) -> None:
    """What an agent holds is written."""
    work.note_entry(step)
    _write(work, step.agent_id, step.key, written(_held(work, step.agent_id, step.key), step))
    size = work.books.sizes.get(step.key.inst_id)
    _record_written(work, step.agent_id, step.key, step.qty_contracts, step.finding_id, size)


def adopted(before: Position | None, step: AdoptDifference) -> Position:
    """What is held once a difference is made somebody's, or taken back from him (rule 4)."""
    held = NO_CONTRACTS if before is None else before.qty_contracts
    fields = {
        **step.key._asdict(),
        "qty_contracts": held + step.qty_contracts,
        "entry_px": step.entry_px if before is None else before.entry_px,
        "opened_ms": step.ts_ms if before is None else before.opened_ms,
        "updated_ms": step.ts_ms,
    }
    return Position.model_validate(fields)


def written(before: Position | None, step: SetQuantity) -> Position:
    """What is held once a quantity is written."""
    if before is not None:
        return before.model_copy(update={"qty_contracts": step.qty_contracts})
    times = {"opened_ms": step.ts_ms, "updated_ms": step.ts_ms}
    prices = {"qty_contracts": step.qty_contracts, "entry_px": step.entry_px}
    return Position.model_validate({**step.key._asdict(), **prices, **times})


def resized(before: Position, factor: Decimal) -> Position:
    """The same in contracts of another size."""
    return before.model_copy(update={"qty_contracts": times(before.qty_contracts, factor)})


def _held(work: Work, name: str, key: PositionKey) -> Position | None:
    _, private, account = books_of(work.state, name)
    held = (one for one in (*private.positions, *account.positions) if one.key == key)
    return next(held, None)


def _write(work: Work, name: str, key: PositionKey, after: Position) -> None:
    """Both ledgers of an agent hold just this under the key, as one booking."""
    state = work.state
    _, private, account = books_of(state, name)
    version = max(private.version, account.version) + 1
    positions = [after] if after.qty_contracts else []
    state.private_ledgers[name] = private.model_copy(
        update={"version": version, "positions": _among(private.positions, key, positions)}
    )
    state.public_accounts[name] = account.model_copy(
        update={"version": version, "positions": _among(account.positions, key, positions)}
    )


def _among(held: list[Position], key: PositionKey, now: list[Position]) -> list[Position]:
    kept = [one for one in held if one.key != key]
    return sorted([*kept, *now], key=lambda one: one.key)


def _record_written(
    work: Work,
    name: str,
    key: PositionKey,
    quantity: Contracts,
    finding_id: str,
    size: tuple[Decimal, Decimal] | None,
    category: str = "written",
) -> None:
    """In both streams, by how much the records miss what is written; no money moves."""
    booked = work.written.get((name, key))
    if booked is None:
        booked = work.books.recorded.get(name, {}).get(key, NO_CONTRACTS)
        booked += work.moved.get((name, key), NO_CONTRACTS)
    work.written[name, key] = quantity
    if quantity == booked:
        return
    record = _written_record(work, name, key, quantity - booked, work.entry_px(name, key))
    record |= {
        "fill_id": f"{key.inst_id}:{category}:{finding_id}:{name}:{key}",
        "category": category,
        "finding_id": finding_id,
    }
    if size is not None:
        record |= {"ct_val": str(size[0]), "ct_mult": str(size[1])}
    work.append(PUBLIC_TRADES, record)
    work.append(private_trades(name), record)


def _written_record(
    work: Work, name: str, key: PositionKey, change: Contracts, px: Decimal
) -> JsonObject:
    """A change of what an agent holds, as its streams tell executions."""
    opening = "sell" if key.pos_side == "short" else "buy"
    closing = "buy" if key.pos_side == "short" else "sell"
    return {
        "agent_id": name,
        **key._asdict(),
        "side": opening if change.sign > 0 else closing,
        "qty_contracts": str(abs(change).value),
        "px": str(px),
        "fee": "0",
        "pnl": "0",
        "ord_id": "",
        "cl_ord_id": "",
        "ts_ms": work.now_ms,
        "source": "reconcile",
        "version": work.state.private_ledgers[name].version,
        "found_ms": work.now_ms,
        "since_ms": work.state.watermark.fills_ms,
    }


def _not_before(state: SystemState, now_ms: int) -> int:
    """A time that is later than every execution in the books, however wrong our clock is."""
    held = [one for ledger in state.private_ledgers.values() for one in ledger.positions]
    moved = [one.updated_ms for one in (*held, *state.unattributed.positions)]
    return max([now_ms, state.watermark.fills_ms, *moved]) + 1


def rescale(work: Work, step: Rescale) -> None:
    """Everything of the contract that is counted in contracts, in the new ones."""
    state, size = work.state, (step.ct_val, step.ct_mult)
    work.append(
        ORPHAN_FILLS,
        {
            "fill_id": f"{step.inst_id}:resized:{step.finding_id}",
            "inst_id": step.inst_id,
            "category": "resized",
            "ct_val": str(step.ct_val),
            "ct_mult": str(step.ct_mult),
            "ts_ms": _not_before(state, work.now_ms),
            "source": "reconcile",
            "found_ms": work.now_ms,
        },
    )
    for name in sorted(state.private_ledgers.keys() & state.public_accounts.keys()):
        ledger = state.private_ledgers[name]
        for position in [one for one in ledger.positions if one.key.inst_id == step.inst_id]:
            after = resized(position, step.factor)
            _write(work, name, position.key, after)
            place = (name, position.key, after.qty_contracts, step.finding_id, size)
            _record_written(work, *place, category="rescaled")
    nobodys = [
        resized(one, step.factor) if one.key.inst_id == step.inst_id else one
        for one in state.unattributed.positions
    ]
    state.unattributed = state.unattributed.model_copy(update={"positions": nobodys})
    for cl_ord_id, intent in state.intents.items():
        if intent.inst_id == step.inst_id:
            sizes = {
                field: times(getattr(intent, field), step.factor)
                for field in ("qty_contracts", "booked_contracts")
            }
            state.intents[cl_ord_id] = intent.model_copy(update=sizes)


def give_back(work: Work, step: AdoptDifference) -> None:
    """What was written for an agent is taken back, and its records with it."""
    name = step.agent_id
    held = _held(work, name, step.key)
    quantity = step.qty_contracts + (NO_CONTRACTS if held is None else held.qty_contracts)
    back = SetQuantity(name, step.key, quantity, step.entry_px, step.ts_ms, step.finding_id)
    _write(work, name, step.key, written(held, back))
    work.moved[name, step.key] = work.moved.get((name, step.key), NO_CONTRACTS) + step.qty_contracts
    change = _written_record(work, name, step.key, step.qty_contracts, step.entry_px)
    change |= {
        "fill_id": f"{step.key.inst_id}:unwritten:{step.undoes}:{name}:{step.key}",
        "category": "unwritten",
        "undoes": step.undoes,
    }
    work.append(PUBLIC_TRADES, change)
    work.append(private_trades(name), change)
