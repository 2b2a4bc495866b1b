"""Orders: placed, canceled, amended; positions closed on request; the dead man's switch.

Whether an order is let in is ``admission``'s to say. clOrdId is unique among the account's
pending orders and inside one request (51016); it may be used again once its order is done.

An amendment's size counts what is filled. What it costs more has to be affordable, or it is
refused; ``cxlOnFail`` turns a refused amendment into a cancel.
"""

from decimal import Decimal
from typing import Final

from fakeokx.engine import attached, attached_amending, checks, price_matching
from fakeokx.engine.account import order_margin_quote, wealth
from fakeokx.engine.accounts import Account
from fakeokx.engine.admission import MARKET, ORDER_TYPES, admit, resized, within_px_limits
from fakeokx.engine.commands import (
    Amendment,
    AmendOrders,
    CancelAllAfter,
    CancelOrders,
    ClosePosition,
    OrderRef,
    OrderRequest,
    PlaceOrders,
)
from fakeokx.engine.decimals import plain
from fakeokx.engine.events import Answered
from fakeokx.engine.evolve import evolve
from fakeokx.engine.holds import hold
from fakeokx.engine.lifecycle import OrdEvent, next_order_state
from fakeokx.engine.model import BUY, MAIN, SELL, Order, PositionKey
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Amended, Venue

__all__ = ["MARKET", "ORDER_TYPES", "admit", "find", "find_open", "is_id"]

_ID_DIGITS_MAX: Final = 20
_CANCELED_BY_TIMER: Final = "20"
_BY_USER: Final = "1"
_DONE: Final = "0"
_CANCELED_INSTEAD: Final = "1"
TIME_OUT_S_MIN: Final = 10
TIME_OUT_S_MAX: Final = 120
TAG_TIMERS_MAX: Final = 20


def place_orders(venue: Venue, command: PlaceOrders) -> None:
    """Place each order in turn; each gets exactly one answer."""
    holder = venue.account(command.account)
    seen: set[str] = set()
    for request in command.orders:
        try:
            if request.cl_ord_id and request.cl_ord_id in seen:
                raise Refusal("51016")
            order = admit(venue, holder, request)
        except Refusal as refusal:
            answer = Answered(
                id="", cl_ord_id=request.cl_ord_id, tag=request.tag, reason=refusal.reason
            )
            venue.events.append(answer)
            continue
        seen.add(request.cl_ord_id)
        answer = Answered(id=str(order.ord_id), cl_ord_id=order.cl_ord_id, tag=order.tag)
        venue.events.append(answer)
        price_matching.enter(venue, order)


def cancel_orders(venue: Venue, command: CancelOrders) -> None:
    """Cancel each order in turn; a dead or unknown one is 51400."""
    holder = venue.account(command.account)
    for ref in command.orders:
        try:
            order = find_open(venue, holder, ref, dead_code="51400")
        except Refusal as refusal:
            answer = Answered(id="", cl_ord_id=ref.cl_ord_id, tag="", reason=refusal.reason)
            venue.events.append(answer)
            continue
        venue.events.append(
            Answered(id=str(order.ord_id), cl_ord_id=order.cl_ord_id, tag=order.tag)
        )
        price_matching.cancel(venue, order, price_matching.CANCELED_BY_USER)


def amend_orders(venue: Venue, command: AmendOrders) -> None:
    """Amend each order in turn; ``cxlOnFail`` turns a refused amendment into a cancel."""
    holder = venue.account(command.account)
    for wanted in command.orders:
        found: Order | None = None
        try:
            ref = OrderRef(inst_id=wanted.inst_id, ord_id=wanted.ord_id, cl_ord_id=wanted.cl_ord_id)
            checks.client_id("reqId", wanted.req_id)
            found = find_open(venue, holder, ref, dead_code="51503")
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
                note = Amended(wanted.req_id, _CANCELED_INSTEAD, _BY_USER)
                price_matching.cancel(venue, found, price_matching.CANCELED_BY_USER, note)
            continue
        venue.events.append(
            Answered(
                id=str(found.ord_id),
                cl_ord_id=found.cl_ord_id,
                tag=found.tag,
                req_id=wanted.req_id,
            )
        )
        note = Amended(wanted.req_id, _DONE, _BY_USER)
        if amended.is_open:
            price_matching.enter(venue, amended, note)
        else:
            venue.put_order(amended, amended=note)
            attached.spawn(venue, amended)


def close_position(venue: Venue, command: ClosePosition) -> None:
    """Close the whole position at market; 51023 when flat, 51115 when closers wait."""
    holder = venue.account(command.account)
    checks.tradable(venue, command.inst_id, command.mgn_mode, "mgnMode")
    pos_side = checks.pos_side(holder, command.pos_side)
    key = PositionKey(command.inst_id, command.mgn_mode, pos_side)
    held = venue.held(key, holder.name)
    if held == 0:
        raise Refusal(venue.switches["position.flat_close_code"])
    waiting = list(holder.closers.get(key, {}).values())
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
    order = admit(venue, holder, request, leaving={each.ord_id for each in waiting})
    for each in waiting:
        price_matching.cancel(venue, each, price_matching.CANCELED_BY_USER)
    venue.events.append(Answered(id=str(order.ord_id), cl_ord_id=order.cl_ord_id, tag=order.tag))
    price_matching.enter(venue, order)


def cancel_all_after(venue: Venue, command: CancelAllAfter) -> None:
    """Arm, re-arm or disarm the dead man's switch of the account, or of one of its tags."""
    holder = venue.account(command.account)
    tag = checks.tag(venue, command.tag)
    text = command.time_out_s
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < _ID_DIGITS_MAX else -1
    if seconds and not TIME_OUT_S_MIN <= seconds <= TIME_OUT_S_MAX:
        raise Refusal("51000", "timeOut")
    armed = [each for each in holder.timers if each]
    if seconds and tag and tag not in armed and len(armed) >= TAG_TIMERS_MAX:
        raise Refusal("51071")
    if seconds or tag in holder.timers:
        venue.put_timer(holder.name, tag, venue.now_ms + 1000 * seconds if seconds else None)


def time_is_out(venue: Venue, holder: Account, tag: str) -> None:
    """A dead man's switch strikes: waiting orders of the tag, or all, are canceled."""
    venue.put_timer(holder.name, tag, None)
    for order in list(holder.open_orders.values()):
        if tag in ("", order.tag):
            price_matching.cancel(venue, order, _CANCELED_BY_TIMER)


def find_open(venue: Venue, holder: Account, ref: OrderRef, *, dead_code: str) -> Order:
    """The pending order of that name; 51003 without a name, ``dead_code`` if none is pending."""
    if not ref.ord_id and not ref.cl_ord_id:
        raise Refusal("51003")
    found = find(venue, ref, holder.name)
    if found is None or not found.is_open or found.inst_id != ref.inst_id:
        raise Refusal(dead_code)
    return found


def find(venue: Venue, ref: OrderRef, account: str = MAIN) -> Order | None:
    """The account's order of that ordId, or else the latest one that carried that clOrdId."""
    if ref.ord_id:
        found = venue.orders.get(int(ref.ord_id)) if is_id(ref.ord_id) else None
        return found if found is not None and found.account == account else None
    return venue.orders.get(venue.accounts[account].by_cl_ord_id.get(ref.cl_ord_id, 0))


def is_id(text: str) -> bool:
    """Whether the text could be an id of the venue."""
    return text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX


def _amended(venue: Venue, order: Order, wanted: Amendment) -> Order:
    if order.px_quote is None:
        raise Refusal("51000", "ordType")
    if not wanted.new_sz and not wanted.new_px and not wanted.attach_algo_ords:
        raise Refusal("51500")
    instrument = venue.instrument(order.inst_id)
    qty, px = order.qty_contracts, order.px_quote
    if wanted.new_sz:
        qty = checks.size("newSz", wanted.new_sz, instrument, at_market=False)
    if wanted.new_px:
        px = checks.price("newPx", wanted.new_px, instrument)
    exits = (wanted.attach_algo_ords, instrument, order.side, px)
    event = OrdEvent.FULL_FILL if qty <= order.filled_contracts else OrdEvent.AMEND
    after = evolve(
        order,
        qty_contracts=max(qty, order.filled_contracts),
        px_quote=px,
        state=next_order_state(order.state, event),
        u_time_ms=venue.now_ms,
        attached=attached_amending.amended(venue, order.attached, *exits),
    )
    if wanted.new_px:
        after = within_px_limits(venue, after, wanted.px_amend_type)
    after = resized(venue, order, after)
    attached.check_sizes(after.attached, after.qty_contracts)
    _check_more(venue, order, after)
    if after.ord_type == "post_only" and price_matching.would_take(venue, after):
        raise Refusal("51511")
    return after


def _check_more(venue: Venue, order: Order, after: Order) -> None:
    more: Decimal = order_margin_quote(venue, after) - order_margin_quote(venue, order)
    if more <= 0:
        return
    instrument = venue.instrument(order.inst_id)
    ccy, _ = hold(instrument, after, after.px_quote or venue.prices[order.inst_id])
    money = wealth(venue, order.account, ccy)
    if instrument.is_spot and more > money.spendable:
        raise Refusal("51008", ccy, "balance")
    if not instrument.is_spot and more > money.available:
        raise Refusal("51008", ccy)
