"""Closing everything, through the same gate and the same intents as any other order.

``send(intent, inst_id, side, contracts)`` is the host's: it sends a reduce-only market order with
``intent.params`` and returns the exchange's answer (ccxt's order, or OKX's row), or raises:
VenueRefused for an answer that is an error, anything else for one that was not seen.

1. Each owner's position is closed by an order of its own, in the order of keys and owners, and what
   nobody owns under ``SYSTEM_OWNER``. Every order only reduces, and at most what is held.
2. Under posSide ``net`` an order can only reduce the account's net position. What two owners hold
   against each other is flat at the exchange, cannot be closed there, and is left in the books.
3. Every order is settled; one without an answer once it cannot be on its way any more. What could
   not be sent, was refused, or was filled in part is left, with the reason.
4. Orders that rest are left alone, and named.

Raises Frozen where the gate is shut; what ``send`` raises is kept as the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from prometheus_persist.errors import Frozen, PersistError, StoreFailed, VenueError, VenueRefused
from prometheus_persist.exchange.reader import ExchangeReader
from prometheus_persist.recovery.facts import FlattenFacts, LeftFacts
from prometheus_persist.report.audit_lines import flatten_lines
from prometheus_persist.saving import IntentHandle
from prometheus_persist.saving.admission import helped
from prometheus_persist.session.context import SessionContext
from prometheus_persist.session.live_booking import settle_one
from prometheus_persist.session.reconciling import wait_for_arrivals
from prometheus_persist.state import NO_CONTRACTS, Contracts, Position, PositionKey
from prometheus_persist.state.models import MgnMode, PosSide, Side
from prometheus_persist.state.redacted import redacted
from prometheus_persist.state.registry import SYSTEM_OWNER

Send = Callable[[IntentHandle, str, str, Contracts], Mapping[str, Any]]
ASK_AGAIN_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
OFFSET = "held against each other in the books, flat at the exchange"


@dataclass(frozen=True, slots=True)
class _Order:
    """One closing order to be."""

    owner: str
    key: PositionKey
    side: Side
    quantity: Contracts


def flatten(context: SessionContext, reader: ExchangeReader, send: Send) -> FlattenFacts:
    """Close every position there is in the books; returns what is left of them."""
    if not context.gate.is_open:
        shut = Frozen("nothing is closed while the gate is shut; recover first")
        raise helped(shut, ("reconcile",), context.gate.options)
    why: dict[tuple[str, PositionKey], str] = {}
    orders = _orders(_held(context))
    for order in orders:
        why[order.owner, order.key] = _close(context, reader, send, order)
    left = tuple(
        LeftFacts(owner, str(key), str(quantity), why.get((owner, key)) or OFFSET)
        for key, owners in sorted(_held(context).items())
        for owner, quantity in sorted(owners.items())
    )
    facts = FlattenFacts(len(orders), left, tuple(sorted(context.state.intents)))
    context.audit(flatten_lines(facts))
    return facts


def _held(context: SessionContext) -> dict[PositionKey, dict[str, Contracts]]:
    """What every owner holds, by the private ledgers, which a recovery has found to be right."""
    found: dict[PositionKey, dict[str, Contracts]] = {}
    books: list[tuple[str, list[Position]]] = [
        (name, ledger.positions) for name, ledger in sorted(context.state.private_ledgers.items())
    ]
    for owner, positions in (*books, (SYSTEM_OWNER, context.state.unattributed.positions)):
        for position in positions:
            if position.qty_contracts:
                found.setdefault(position.key, {})[owner] = position.qty_contracts
    return found


def _orders(held: Mapping[PositionKey, Mapping[str, Contracts]]) -> list[_Order]:
    return [order for key in sorted(held) for order in _orders_of(key, held[key])]


def _orders_of(key: PositionKey, owners: Mapping[str, Contracts]) -> Iterator[_Order]:
    """Orders that together close the key's total, owner by owner on its own side."""
    total = sum(owners.values(), NO_CONTRACTS)
    room = abs(total)
    closes_long = total.sign > 0 and key.pos_side != "short"
    side: Side = "sell" if closes_long else "buy"
    for owner in sorted(owners):
        quantity = owners[owner]
        if quantity.sign != total.sign or not room:
            continue
        part = abs(quantity) if abs(quantity) < room else room
        room -= part
        yield _Order(owner, key, side, part)


def _close(context: SessionContext, reader: ExchangeReader, send: Send, order: _Order) -> str:
    """Send one order and see it end; why something of it may be left, empty where nothing is."""
    try:
        handle = context.gate.order_intent(
            order.owner,
            order.key.inst_id,
            order.side,
            order.quantity,
            mgn_mode=cast(MgnMode, order.key.mgn_mode),
            pos_side=cast(PosSide, order.key.pos_side),
            reduce_only=True,
        )
    except StoreFailed:
        raise
    except PersistError as problem:
        return problem.detail
    said = ""
    try:
        with handle as intent:
            try:
                answer = send(intent, order.key.inst_id, order.side, order.quantity)
                code = str(answer.get("sCode") or "0")
                said = "" if code == "0" else f"{code} {answer.get('sMsg', '')}".strip()
            except VenueRefused as problem:
                said = problem.detail
            if said:
                intent.reject(said)
            else:
                intent.ack(answer)
    except StoreFailed:
        raise
    except Exception as problem:  # noqa: BLE001 whatever the host's way of sending raises is told
        said = redacted(f"{type(problem).__name__}: {problem}")
    end = _end_of(context, reader, handle.cl_ord_id)
    return f"{end} ({said})" if end and said else end


def _end_of(context: SessionContext, reader: ExchangeReader, cl_ord_id: str) -> str:
    """Settle one order for good; what is said of one that is not filled."""
    intent = context.state.intents.get(cl_ord_id)
    for pause_s in (0.0, *ASK_AGAIN_S):
        if intent is None or cl_ord_id not in context.state.intents:
            break
        context.clock.sleep(pause_s) if pause_s else None
        try:
            intent = settle_one(context, reader, cl_ord_id)[0]
        except VenueError as problem:
            return problem.detail
        if intent.outcome == "UNKNOWN":
            wait_for_arrivals(context, context.on_their_way())
    intent = context.state.intents.get(cl_ord_id) or context.ended(cl_ord_id)
    if intent is None or intent.outcome == "FILLED":
        return ""
    return f"{intent.outcome}: {intent.reason}"
