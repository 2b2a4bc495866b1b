"""Orders: admitted or refused, canceled, amended; positions closed on request.

Admission looks at everything before anything changes. Reducing in net mode cuts the size to
the position (51169 when there is none, 51170 when it points the same way); closing in
long_short mode refuses a size beyond what the position and its waiting closers leave (51112).
An opening order needs margin for the part that adds to the position (51008).

clOrdId is unique among the account's pending orders and inside one request (51016); it may be
used again once its order is done.
"""

from collections.abc import Set
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fakeokx.engine import checks, matching
from fakeokx.engine.account import order_margin_quote, wealth
from fakeokx.engine.commands import (
    Amendment,
    AmendOrders,
    CancelOrders,
    ClosePosition,
    OrderRef,
    OrderRequest,
    PlaceOrders,
)
from fakeokx.engine.decimals import ZERO, plain, ratio
from fakeokx.engine.events import Answered
from fakeokx.engine.instruments import INSTRUMENTS, Instrument
from fakeokx.engine.lifecycle import OrdEvent, OrdState, next_order_state
from fakeokx.engine.model import (
    BUY,
    LONG,
    NET,
    SELL,
    Algo,
    Order,
    PositionKey,
    sign_of,
)
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import SETTLE_CCY, Venue

MARKET: Final = "market"
_SOURCES: Final = MappingProxyType({"sl": "7", "tp": "7", "trigger": "6"})
_PRICED: Final = ("limit", "post_only", "fok", "ioc")
_UNPRICED: Final = (MARKET, "optimal_limit_ioc")
_ID_DIGITS_MAX: Final = 20
ORDER_TYPES: Final = (*_UNPRICED, *_PRICED)


def place_orders(venue: Venue, command: PlaceOrders) -> None:
    """Place each order in turn; each gets exactly one answer."""
    seen: set[str] = set()
    for request in command.orders:
        try:
            if request.cl_ord_id and request.cl_ord_id in seen:
                raise Refusal("51016")
            order = admit(venue, request)
        except Refusal as refusal:
            answer = Answered(
                id="", cl_ord_id=request.cl_ord_id, tag=request.tag, reason=refusal.reason
            )
            venue.events.append(answer)
            continue
        seen.add(request.cl_ord_id)
        answer = Answered(id=str(order.ord_id), cl_ord_id=order.cl_ord_id, tag=order.tag)
        venue.events.append(answer)
        matching.enter(venue, order)


def admit(
    venue: Venue,
    request: OrderRequest,
    *,
    parent: Algo | None = None,
    leaving: Set[int] = frozenset(),
) -> Order:
    """The order that this request makes, not yet in the market; raises Refusal.

    ``parent`` is the algo order that fired it; ``leaving`` are ordIds about to be canceled.
    """
    instrument = checks.tradable(request.inst_id, request.td_mode)
    side = checks.side(request.side)
    ord_type = checks.one_of("ordType", request.ord_type, ORDER_TYPES)
    pos_side = checks.pos_side(venue, request.pos_side)
    cl_ord_id = checks.client_id("clOrdId", request.cl_ord_id)
    tag = checks.tag(request.tag)
    # A stop that is asked for and not placed would be a silent loss of protection.
    checks.one_of("attachAlgoOrds", request.attach_algo_ords, ("",))
    reduce_only = checks.flag("reduceOnly", request.reduce_only) and pos_side == NET
    at_market = ord_type in _UNPRICED
    qty = checks.size("sz", request.sz, instrument, at_market=at_market)
    px = None if at_market else _limit_price(request.px, instrument)
    if _is_pending(venue, cl_ord_id, leaving):
        raise Refusal("51016")
    key = PositionKey(request.inst_id, request.td_mode, pos_side)
    lever = venue.lever(key)
    if reduce_only:
        qty = min(qty, _net_reducible(venue, key, side))
    elif pos_side != NET and (pos_side == LONG) == (side == SELL):
        _check_closable(venue, key, side, qty, leaving)
    else:
        _check_margin(venue, key, sign_of(side) * qty, px)
    return Order(
        ord_id=venue.next_id(),
        inst_id=request.inst_id,
        td_mode=request.td_mode,
        side=side,
        pos_side=pos_side,
        ord_type=ord_type,
        qty_contracts=qty,
        px_quote=px,
        reduce_only=reduce_only,
        cl_ord_id=cl_ord_id,
        tag=tag,
        lever=lever,
        state=OrdState.LIVE,
        c_time_ms=venue.now_ms,
        u_time_ms=venue.now_ms,
        source="" if parent is None else _SOURCES[parent.fired_leg],
        algo_id=None if parent is None else parent.algo_id,
        algo_cl_ord_id="" if parent is None else parent.algo_cl_ord_id,
    )


def cancel_orders(venue: Venue, command: CancelOrders) -> None:
    """Cancel each order in turn; a dead or unknown one is 51400."""
    for ref in command.orders:
        try:
            order = find_open(venue, ref, dead_code="51400")
        except Refusal as refusal:
            answer = Answered(id="", cl_ord_id=ref.cl_ord_id, tag="", reason=refusal.reason)
            venue.events.append(answer)
            continue
        venue.events.append(
            Answered(id=str(order.ord_id), cl_ord_id=order.cl_ord_id, tag=order.tag)
        )
        matching.cancel(venue, order, matching.CANCELED_BY_USER)


def amend_orders(venue: Venue, command: AmendOrders) -> None:
    """Amend each order in turn; ``cxlOnFail`` turns a refused amendment into a cancel."""
    for wanted in command.orders:
        found: Order | None = None
        try:
            ref = OrderRef(inst_id=wanted.inst_id, ord_id=wanted.ord_id, cl_ord_id=wanted.cl_ord_id)
            checks.client_id("reqId", wanted.req_id)
            found = find_open(venue, ref, dead_code="51503")
            amended = _amended(venue, found, wanted)
        except Refusal as refusal:
            venue.events.append(
                Answered(
                    id="",
                    cl_ord_id=wanted.cl_ord_id,
                    tag="",
                    req_id=wanted.req_id,
                    reason=refusal.reason,
                )
            )
            if found is not None and wanted.cxl_on_fail == "true":
                matching.cancel(venue, found, matching.CANCELED_BY_USER)
            continue
        venue.events.append(
            Answered(
                id=str(found.ord_id),
                cl_ord_id=found.cl_ord_id,
                tag=found.tag,
                req_id=wanted.req_id,
            )
        )
        if amended.is_open:
            matching.enter(venue, amended)
        else:
            venue.put_order(amended)


def close_position(venue: Venue, command: ClosePosition) -> None:
    """Close the whole position at market; 51023 when flat, 51115 when closers wait."""
    checks.tradable(command.inst_id, command.mgn_mode, "mgnMode")
    pos_side = checks.pos_side(venue, command.pos_side)
    key = PositionKey(command.inst_id, command.mgn_mode, pos_side)
    held = venue.position(key).qty_contracts
    if held == 0:
        raise Refusal("51023")
    waiting = [each for each in _waiting(venue, key) if each.is_closing]
    if waiting and not checks.flag("autoCxl", command.auto_cxl):
        raise Refusal("51115")
    request = OrderRequest(
        inst_id=command.inst_id,
        td_mode=command.mgn_mode,
        side=SELL if held > 0 else BUY,
        pos_side=pos_side,
        ord_type=MARKET,
        sz=plain(abs(held)),
        reduce_only="true",
        cl_ord_id=command.cl_ord_id,
        tag=command.tag,
    )
    order = admit(venue, request, leaving={each.ord_id for each in waiting})
    for each in waiting:
        matching.cancel(venue, each, matching.CANCELED_BY_USER)
    venue.events.append(Answered(id=str(order.ord_id), cl_ord_id=order.cl_ord_id, tag=order.tag))
    matching.enter(venue, order)


def find_open(venue: Venue, ref: OrderRef, *, dead_code: str) -> Order:
    """The pending order of that name; 51003 without a name, ``dead_code`` if none is pending."""
    if not ref.ord_id and not ref.cl_ord_id:
        raise Refusal("51003")
    found = find(venue, ref)
    if found is None or not found.is_open or found.inst_id != ref.inst_id:
        raise Refusal(dead_code)
    return found


def find(venue: Venue, ref: OrderRef) -> Order | None:
    """The order of that ordId, or else the latest one that carried that clOrdId."""
    if ref.ord_id:
        return venue.orders.get(int(ref.ord_id)) if is_id(ref.ord_id) else None
    return venue.orders.get(venue.by_cl_ord_id.get(ref.cl_ord_id, 0))


def is_id(text: str) -> bool:
    """Whether the text could be an id of the venue."""
    return text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX


def _limit_price(text: str, instrument: Instrument) -> Decimal:
    if not text:
        raise Refusal("51204")
    return checks.price("px", text, instrument)


def _is_pending(venue: Venue, cl_ord_id: str, leaving: Set[int]) -> bool:
    latest = venue.by_cl_ord_id.get(cl_ord_id, 0)
    return latest in venue.open_orders and latest not in leaving


def _waiting(venue: Venue, key: PositionKey) -> list[Order]:
    return [each for each in venue.open_orders.values() if each.position_key == key]


def _net_reducible(venue: Venue, key: PositionKey, side: str) -> Decimal:
    held = venue.position(key).qty_contracts
    if held == 0:
        raise Refusal("51169")
    if held * sign_of(side) > 0:
        raise Refusal("51170")
    return abs(held)


def _check_closable(
    venue: Venue, key: PositionKey, side: str, qty: Decimal, leaving: Set[int]
) -> None:
    held = abs(venue.position(key).qty_contracts)
    if held == 0:
        raise Refusal("51169")
    waiting = (
        each.rest_contracts
        for each in _waiting(venue, key)
        if each.side == side and each.ord_id not in leaving
    )
    if qty > held - sum(waiting, ZERO):
        raise Refusal("51112")


def _check_margin(venue: Venue, key: PositionKey, signed: Decimal, px: Decimal | None) -> None:
    held = venue.position(key).qty_contracts
    adds = abs(signed) if held * signed >= 0 else max(ZERO, abs(signed) - abs(held))
    if adds == 0:
        return
    at = venue.prices[key.inst_id] if px is None else px
    needed = ratio(INSTRUMENTS[key.inst_id].notional_quote(adds, at), venue.lever(key))
    if needed > wealth(venue).available:
        raise Refusal("51008", SETTLE_CCY)


def _amended(venue: Venue, order: Order, wanted: Amendment) -> Order:
    if order.px_quote is None:
        raise Refusal("51000", "ordType")
    if not wanted.new_sz and not wanted.new_px:
        raise Refusal("51500")
    instrument = INSTRUMENTS[order.inst_id]
    qty, px = order.qty_contracts, order.px_quote
    if wanted.new_sz:
        qty = checks.size("newSz", wanted.new_sz, instrument, at_market=False)
    if wanted.new_px:
        px = checks.price("newPx", wanted.new_px, instrument)
    event = OrdEvent.FULL_FILL if qty <= order.filled_contracts else OrdEvent.AMEND
    after = replace(
        order,
        qty_contracts=max(qty, order.filled_contracts),
        px_quote=px,
        state=next_order_state(order.state, event),
        u_time_ms=venue.now_ms,
    )
    more = order_margin_quote(venue, after) - order_margin_quote(venue, order)
    if more > 0 and more > wealth(venue).available:
        raise Refusal("51008", SETTLE_CCY)
    return after
