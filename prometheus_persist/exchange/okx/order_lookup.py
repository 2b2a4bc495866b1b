"""One order of ours: what the exchange says of its clOrdId, and what that proves.

1. "No such order" (51603) counts only when it was said twice: an index may be late.
2. It proves that an order never arrived only once it cannot be on its way any more, nor be hidden
   by an index that lags: not before ``valid_until_ms`` and ``index_lag_ms`` have passed on the
   exchange's clock, or, for an order without that, while it is in ``waits_ms``. Until then the
   answer is that it may be on its way, and for how long.
3. Nor does it prove anything once an order canceled without a fill would no longer be shown (2 h;
   an algo order 90 d): that is ``forgotten``. The age of an order is counted on the exchange's
   clock from ``valid_until_ms`` on, and otherwise on ours at both ends; an age below zero is of a
   clock that was set back, and says nothing.
4. Nor does it of a contract that is not listed any more: the exchange tells none of its orders.
5. An answer about another order is a problem, and no answer.
6. An algo order that has fired is what its children are: the exchange splits one that is too large.
   A child that it does not tell any more has no state.
7. Executions are looked for from the exchange's own time of the order on, never from ours.

8. What a contract is like does not change from one order to the next: it is remembered for
   ``CONTRACT_FRESH_S``; asked anew by every reading of the account, and where an answer hangs on
   whether it is listed at all.

An algo order has no expTime: ``valid_until_ms`` says nothing of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.exchange.okx import fields as okx_fields
from prometheus_persist.exchange.okx import listed as okx_listed
from prometheus_persist.exchange.okx import pages as okx_pages
from prometheus_persist.exchange.okx import rows as okx_rows
from prometheus_persist.exchange.okx.fields import BadRow
from prometheus_persist.exchange.okx.listed import Listed
from prometheus_persist.exchange.okx.pages import Span
from prometheus_persist.exchange.okx.query import NOT_LISTED, NotRead, NotThere, Row
from prometheus_persist.exchange.okx.scheduler import Question, ReadLimits, Walk
from prometheus_persist.exchange.reader import OrderSeen, ViewRequest
from prometheus_persist.reconcile.views import IntentLookup, VenueFill
from prometheus_persist.state import Contracts, OrderIntent
from prometheus_persist.state.money import ZERO, add

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FILLS_KEPT_MS = 3 * DAY_MS
ARCHIVE_KEPT_MS = 90 * DAY_MS
CANCELED_KEPT_MS = 2 * HOUR_MS
CONTRACT_FRESH_S = 300.0
AGE_EDGE_MS = 60_000  # our clock and the exchange's need not agree
ALGO_FIRED = "effective"
ORDER_ENDED = frozenset({"filled", "canceled", "mmp_canceled"})
ON_ITS_WAY = "it may still be on its way, or not be shown yet"
FORGOTTEN = "older than what the exchange keeps of orders without a fill"
UNKNOWN_AGE = "the clock was set back: its age is not known"
UNLISTED = "the exchange lists this contract no more, and answers for none of its orders"


@dataclass(frozen=True, slots=True)
class Looked:
    """One answer: what it comes to, its row, and whether there was an answer at all.

    ``created_ms`` is when it was created by the exchange's clock; 0 where there is no row.
    """

    lookup: IntentLookup
    row: Row | None
    answered: bool
    created_ms: int = 0


class KnownContracts:
    """The contracts that one reader was told of, by name, and when (monotonic seconds)."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[float, Listed]] = {}

    def fresh(self, inst_id: str, now_s: float) -> Listed | None:
        """What was told of it, if that is not too long ago."""
        told_s, listed = self._told.get(inst_id, (0.0, None))
        return listed if now_s - told_s < CONTRACT_FRESH_S else None

    def told(self, inst_id: str, now_s: float, listed: Listed) -> None:
        """Remember it, where it is one to trade."""
        if inst_id in listed.fit:
            self._told[inst_id] = now_s, listed

    def forget(self) -> None:
        """Ask for all of them anew."""
        self._told.clear()


def look(
    intent: OrderIntent, request: ViewRequest, venue_now_ms: int, listed: Listed | None
) -> Walk[Looked]:
    """Ask for one clOrdId; never raises. ``listed`` None: not known what is listed."""
    name = intent.cl_ord_id
    endpoint, id_field, params = (
        ("trade/order", "clOrdId", {"instId": intent.inst_id, "clOrdId": name})
        if intent.kind == "order"
        else ("trade/order-algo", "algoClOrdId", {"algoClOrdId": name})
    )
    try:
        row = yield from okx_pages.one(endpoint, params)
        told = {okx_fields.text(row, id_field, ""), okx_fields.text(row, "clOrdId", "")}
        if name not in told or okx_fields.required(row, "instId") != intent.inst_id:
            raise BadRow(f"{endpoint}: the answer is about another order")
        created_ms = okx_fields.moment(row, "cTime")
        found = IntentLookup(
            name,
            True,
            okx_fields.required(row, "state"),
            okx_fields.required(row, "ordId" if intent.kind == "order" else "algoId"),
            okx_rows.filled_contracts(row) if intent.kind == "order" else None,
        )
        if intent.kind == "algo" and found.state == ALGO_FIRED:
            found = yield from _with_children(intent.inst_id, row, found)
        return Looked(found, row, True, created_ms)
    except NotThere:
        return Looked(_absent(intent, request, venue_now_ms, listed), None, True)
    except (NotRead, BadRow) as problem:
        if isinstance(problem, NotRead) and problem.code == NOT_LISTED:
            return Looked(_unlisted(name), None, True)
        return Looked(IntentLookup(name, None, problem=str(problem)), None, False)


def is_no(seen: Looked) -> bool:
    """Whether the exchange said that it has no such order."""
    return seen.answered and seen.row is None


def _unlisted(name: str) -> IntentLookup:
    return IntentLookup(name, None, problem=UNLISTED, unlisted=True)


def _absent(
    intent: OrderIntent, request: ViewRequest, venue_now_ms: int, listed: Listed | None
) -> IntentLookup:
    """What "no such order" is worth now."""
    name, until_ms = intent.cl_ord_id, intent.valid_until_ms
    is_timed = intent.kind == "order" and until_ms > 0
    if listed is not None and intent.inst_id not in listed:
        return _unlisted(name)
    if is_timed:
        wait_ms = max(0, until_ms + request.index_lag_ms - venue_now_ms)
        age_ms = venue_now_ms - until_ms
    else:
        wait_ms = request.waits_ms.get(name, 0)
        age_ms = request.now_ms - intent.created_ms
    kept_ms = CANCELED_KEPT_MS if intent.kind == "order" else ARCHIVE_KEPT_MS
    if wait_ms > 0:
        return IntentLookup(name, None, problem=ON_ITS_WAY, wait_ms=wait_ms)
    if age_ms < 0 or age_ms > kept_ms - okx_pages.KEPT_EDGE_MS:
        problem = UNKNOWN_AGE if age_ms < 0 else FORGOTTEN
        return IntentLookup(name, None, problem=problem, forgotten=True)
    return IntentLookup(name, False, expired=is_timed)


def _with_children(inst_id: str, row: Row, found: IntentLookup) -> Walk[IntentLookup]:
    """A fired algo order with what it became: the state of a child that is not ended, if any."""
    states: list[str] = []
    filled: list[Contracts | None] = []
    names = okx_rows.child_ord_ids(row)
    for ord_id in names:
        try:
            child = yield from okx_pages.one("trade/order", {"instId": inst_id, "ordId": ord_id})
            if okx_fields.required(child, "ordId") != ord_id:
                raise BadRow("trade/order: the answer is about another order")
            states.append(okx_fields.required(child, "state"))
            filled.append(okx_rows.filled_contracts(child))
        except NotThere:  # canceled without a fill, or older than what is kept: its fills tell
            states.append("")
            filled.append(None)
        except NotRead as problem:
            if problem.code != NOT_LISTED:
                raise
            states.append("")
            filled.append(None)
    if not names:
        return found
    known = [each.value for each in filled if each is not None]
    return dataclasses.replace(
        found,
        child_ord_id=names[0],
        child_state=min(states, key=_openness),
        filled_contracts=Contracts(add(ZERO, *known)) if len(known) == len(names) else None,
    )


def _openness(state: str) -> int:
    """0 for a state that goes on, 1 for none, 2 for an end."""
    return 2 if state in ORDER_ENDED else 1 if not state else 0


def seen(
    intent: OrderIntent,
    request: ViewRequest,
    limits: ReadLimits,
    known: KnownContracts,
    now_s: float,
) -> Walk[OrderSeen]:
    """One order and its executions; never raises, an unanswered part is not complete.

    The exchange's clock is asked only where something hangs on it.
    """
    first = yield from look(intent, request, 0, None)
    listed = known.fresh(intent.inst_id, now_s)
    if listed is None or is_no(first):
        listed = yield from _listed(intent.inst_id)
        if listed is not None:
            known.told(intent.inst_id, now_s, listed)
    looked = first
    if is_no(first):
        try:
            venue_now_ms = (yield from _venue_now_ms()) if intent.valid_until_ms else 0
        except (NotRead, NotThere, BadRow) as problem:
            told = IntentLookup(intent.cl_ord_id, None, problem=str(problem))
            return OrderSeen(told, (), None, complete=False)
        looked = yield from look(intent, request, venue_now_ms, listed)
    instrument = listed.fit.get(intent.inst_id) if listed else None
    if looked.row is None:
        return OrderSeen(looked.lookup, (), instrument, complete=looked.answered)
    try:
        fills, whole = yield from executions(intent, looked, limits)
    except (NotRead, NotThere, BadRow) as problem:
        told = dataclasses.replace(looked.lookup, problem=str(problem) or "no such order")
        return OrderSeen(told, (), instrument, complete=False)
    complete = whole and instrument is not None
    return OrderSeen(looked.lookup, tuple(fills), instrument, complete=complete)


def _venue_now_ms() -> Walk[int]:
    return okx_fields.moment((yield from okx_pages.one("public/time")), "ts")


def ord_ids(intent: OrderIntent, looked: Looked) -> tuple[str, ...]:
    """The orders that it is, or that it became."""
    if intent.kind == "algo":
        return okx_rows.child_ord_ids(looked.row or {})
    return (looked.lookup.ord_id,)


def executions(
    intent: OrderIntent, looked: Looked, limits: ReadLimits
) -> Walk[tuple[list[VenueFill], bool]]:
    """What an order executed, or the children of an algo order, and whether that is all of it."""
    names = ord_ids(intent, looked)
    if not names:
        return [], looked.lookup.state != ALGO_FIRED
    filled = looked.lookup.filled_contracts
    fills: list[VenueFill] = []
    for ord_id in names:
        rows = yield Question(okx_pages.FILLS.endpoint, _asked(intent, ord_id))
        fills += _of_order(rows, ord_id)
    if filled is not None and filled.value == _executed(fills):
        return fills, True  # the orders' own word proves the list whole
    venue_now_ms = yield from _venue_now_ms()
    span = Span(looked.created_ms - AGE_EDGE_MS, venue_now_ms - FILLS_KEPT_MS)
    fills = []
    for ord_id in names:
        asked = _asked(intent, ord_id)
        found = yield from okx_pages.window(
            okx_pages.FILLS,
            okx_pages.FILLS_HISTORY,
            asked,
            span,
            limits.pages_max,
            [asked | {"instType": okx_listed.inst_type(intent.inst_id)}],
        )
        fills += _of_order(found.values(), ord_id)
    return fills, filled is None or filled.value == _executed(fills)


def _asked(intent: OrderIntent, ord_id: str) -> dict[str, str]:
    return {"instId": intent.inst_id, "ordId": ord_id}


def _of_order(rows: Iterable[Row], ord_id: str) -> list[VenueFill]:
    fills = okx_rows.fills(rows)
    if any(each.ord_id != ord_id for each in fills):
        raise BadRow("trade/fills: the answer is about another order")
    if len({each.fill_id for each in fills}) != len(fills):
        raise BadRow("trade/fills: two executions are called alike")
    return fills


def _executed(fills: Iterable[VenueFill]) -> Decimal:
    return add(ZERO, *(each.qty_contracts.value for each in fills))


def _listed(inst_id: str) -> Walk[Listed | None]:
    """The contract if it is listed; None if nobody can tell."""
    asked = {"instType": okx_listed.inst_type(inst_id), "instId": inst_id}
    try:
        return okx_listed.instruments((yield from okx_pages.confirmed("public/instruments", asked)))
    except NotRead as problem:
        return okx_listed.instruments([]) if problem.code == NOT_LISTED else None
    except NotThere:
        return None
