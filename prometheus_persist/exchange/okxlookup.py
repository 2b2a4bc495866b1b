"""One order of ours: what the exchange says of its clOrdId, and what that proves.

1. "No such order" (51603) counts only when it was said twice: an index may be late.
2. It proves that an order never arrived only once the order cannot be on its way any more
   (``in_flight_ms``), and while an order canceled without a fill would still be shown (2 h; an algo
   order 90 d). After that it is ``forgotten``: answered, and proof of less.
3. An answer about another order is a problem, and no answer.
4. Ages of our orders are measured on our clock.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.exchange import okxpages, okxrows
from prometheus_persist.exchange.okxask import NotRead, NotThere, Row
from prometheus_persist.exchange.okxdrive import Limits, Question, Walk
from prometheus_persist.exchange.okxpages import Span
from prometheus_persist.exchange.okxrows import BadRow
from prometheus_persist.exchange.reader import OrderSeen, ViewRequest
from prometheus_persist.reconcile.views import Instrument, IntentLookup, VenueFill
from prometheus_persist.state import Contracts, OrderIntent
from prometheus_persist.state.money import add

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FILLS_KEPT_MS = 3 * DAY_MS
ARCHIVE_KEPT_MS = 90 * DAY_MS
CANCELED_KEPT_MS = 2 * HOUR_MS
AGE_EDGE_MS = 60_000  # our clock and the exchange's need not agree
ALGO_FIRED = "effective"


@dataclass(frozen=True, slots=True)
class Looked:
    """One answer: what it comes to, its row, and whether there was an answer at all."""

    lookup: IntentLookup
    row: Row | None
    answered: bool


def look(intent: OrderIntent, request: ViewRequest) -> Walk[Looked]:
    """Ask for one clOrdId; never raises."""
    name = intent.cl_ord_id
    endpoint, id_field, params = (
        ("trade/order", "clOrdId", {"instId": intent.inst_id, "clOrdId": name})
        if intent.kind == "order"
        else ("trade/order-algo", "algoClOrdId", {"algoClOrdId": name})
    )
    try:
        row = yield from okxpages.one(endpoint, params)
        told = {okxrows.text(row, id_field, ""), okxrows.text(row, "clOrdId", "")}
        if name not in told or okxrows.required(row, "instId") != intent.inst_id:
            raise BadRow(f"{endpoint}: the answer is about another order")
        ord_id = okxrows.required(row, "ordId" if intent.kind == "order" else "algoId")
        filled = okxrows.filled_contracts(row) if intent.kind == "order" else None
        found = IntentLookup(name, True, okxrows.required(row, "state"), ord_id, filled)
        return Looked(found, row, True)
    except NotThere:
        return Looked(_absent(intent, request), None, True)
    except (NotRead, BadRow) as problem:
        return Looked(IntentLookup(name, None, problem=str(problem)), None, False)


def is_no(seen: Looked) -> bool:
    """Whether the exchange said that it has no such order."""
    return seen.answered and seen.row is None


def _absent(intent: OrderIntent, request: ViewRequest) -> IntentLookup:
    """What "no such order" is worth at this age."""
    age_ms = request.now_ms - intent.created_ms
    kept_ms = CANCELED_KEPT_MS if intent.kind == "order" else ARCHIVE_KEPT_MS
    if age_ms < request.in_flight_ms:
        return IntentLookup(intent.cl_ord_id, None, problem="it may still be on its way")
    if age_ms > kept_ms - okxpages.KEPT_EDGE_MS:
        problem = "older than what the exchange keeps of orders without a fill"
        return IntentLookup(intent.cl_ord_id, None, problem=problem, forgotten=True)
    return IntentLookup(intent.cl_ord_id, False)


def seen(
    intent: OrderIntent, request: ViewRequest, venue_now_ms: int, limits: Limits
) -> Walk[OrderSeen]:
    """One order and its executions; never raises, an unanswered part is not complete."""
    first = yield from look(intent, request)
    try:
        instrument = yield from _instrument(intent.inst_id)
    except (NotRead, NotThere, BadRow):
        instrument = None
    looked = (yield from look(intent, request)) if is_no(first) else first
    if looked.row is None:
        return OrderSeen(looked.lookup, (), instrument, complete=looked.answered)
    try:
        fills, whole = yield from _executions(intent, looked, venue_now_ms, limits)
    except (NotRead, NotThere, BadRow) as problem:
        told = dataclasses.replace(looked.lookup, problem=str(problem) or "no such order")
        return OrderSeen(told, (), instrument, complete=False)
    complete = whole and instrument is not None
    return OrderSeen(looked.lookup, tuple(fills), instrument, complete=complete)


def _executions(
    intent: OrderIntent, looked: Looked, venue_now_ms: int, limits: Limits
) -> Walk[tuple[list[VenueFill], bool]]:
    """What an order executed, or the child of an algo order, and whether that is all of it."""
    ord_id, filled = looked.lookup.ord_id, looked.lookup.filled_contracts
    if intent.kind == "algo":
        ord_id = okxrows.child_ord_id(looked.row or {})
        if not ord_id:
            return [], looked.lookup.state != ALGO_FIRED
        filled = yield from _child_filled(intent.inst_id, ord_id)
    asked = {"instId": intent.inst_id, "ordId": ord_id}
    rows = yield Question(okxpages.FILLS.endpoint, asked)
    fills = _of_order(rows, ord_id)
    if filled is not None and filled.value == _executed(fills):
        return fills, True  # the order's own word proves the list whole
    found = yield from okxpages.window(
        okxpages.FILLS,
        okxpages.FILLS_HISTORY,
        asked,
        Span(intent.created_ms - AGE_EDGE_MS, venue_now_ms - FILLS_KEPT_MS),
        limits.pages_max,
        [asked | {"instType": okxrows.inst_type(intent.inst_id)}],
    )
    fills = _of_order(found.values(), ord_id)
    return fills, filled is None or filled.value == _executed(fills)


def _of_order(rows: Iterable[Row], ord_id: str) -> list[VenueFill]:
    fills = okxrows.fills(rows)
    if any(each.ord_id != ord_id for each in fills):
        raise BadRow("trade/fills: the answer is about another order")
    return fills


def _executed(fills: Iterable[VenueFill]) -> Decimal:
    return add(Decimal(0), *(each.qty_contracts.value for each in fills))


def _child_filled(inst_id: str, ord_id: str) -> Walk[Contracts | None]:
    """How much the order was executed that an algo order became; nothing if it is forgotten."""
    try:
        row = yield from okxpages.one("trade/order", {"instId": inst_id, "ordId": ord_id})
    except NotThere:  # canceled without a fill, or older than what is kept: its fills tell
        return None
    if okxrows.required(row, "ordId") != ord_id:
        raise BadRow("trade/order: the answer is about another order")
    return okxrows.filled_contracts(row)


def _instrument(inst_id: str) -> Walk[Instrument | None]:
    asked = {"instType": okxrows.inst_type(inst_id), "instId": inst_id}
    rows = yield from okxpages.confirmed("public/instruments", asked)
    return okxrows.instruments(rows).get(inst_id)
