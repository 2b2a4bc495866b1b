"""Who is let in. Admission looks at everything before anything changes.

Reducing in net mode cuts the size to the position (51169 when there is none, 51170 when it
points the same way); closing in long_short mode refuses a size beyond what the position and
its waiting closers leave (51112). Which of the two happens is a switch. An opening order needs
margin for the part that adds to the position (51008), and the position that it would make has
to be within the tiers that its leverage allows (51004).

A spot order needs what it gives away: a buy the quote currency, a sell the coins (51008). A
market order on SPOT may name its size in either currency (tgtCcy; by default quote for a buy,
base for a sell); one in quote currency becomes as many whole lots as that buys now.
"""

from collections.abc import Set
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fakeokx.engine import attached, book_matching, checks
from fakeokx.engine.account import closable, wealth
from fakeokx.engine.accounts import Account
from fakeokx.engine.client_commands import OrderRequest
from fakeokx.engine.decimals import ZERO, ratio
from fakeokx.engine.evolve import evolve
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.lifecycle import OrdState
from fakeokx.engine.model import (
    BUY,
    NET,
    SELL,
    Algo,
    Order,
    PositionKey,
    sign_of,
)
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

MARKET: Final = "market"
TRAILING: Final = "trailing"
_SOURCES: Final = MappingProxyType({"sl": "7", "tp": "7", "trigger": "6", TRAILING: "25"})
_PRICED: Final = ("limit", "post_only", "fok", "ioc")
_UNPRICED: Final = (MARKET, "optimal_limit_ioc")
_QUOTE_CCY: Final = "quote_ccy"
_BASE_CCY: Final = "base_ccy"
STP_DEFAULT: Final = "cancel_maker"
_STP_MODES: Final = ("", STP_DEFAULT, "cancel_taker", "cancel_both")
ORDER_TYPES: Final = (*_UNPRICED, *_PRICED)


def admit(
    venue: Venue,
    holder: Account,
    request: OrderRequest,
    *,
    parent: Algo | None = None,
    leaving: Set[int] = frozenset(),
) -> Order:
    """The order that this request makes, not yet in the market; raises Refusal.

    ``parent`` is the algo order that fired it; ``leaving`` are ordIds about to be canceled.
    """
    instrument = checks.tradable(venue, request.inst_id, request.td_mode, spot=True)
    draft = _read(venue, holder, request, instrument)
    if _is_pending(holder, draft.cl_ord_id, leaving):
        raise Refusal("51016")
    if venue.pending_max and len(holder.open_orders) - len(leaving) >= venue.pending_max:
        raise Refusal("51102")
    draft = within_px_limits(venue, draft, request.px_amend_type)
    if instrument.is_spot:
        draft = _sized_spot(venue, request, draft, instrument)
        _check_coins(venue, draft, instrument)
        qty = draft.qty_contracts
    else:
        qty = _size(venue, request, draft, instrument, leaving)
    if draft.attached and draft.is_closing:
        raise Refusal("51100")
    attached.check_sizes(draft.attached, qty)
    return evolve(
        draft,
        ord_id=venue.next_id(),
        qty_contracts=qty,
        attached=attached.named(venue, draft.attached),
        source="" if parent is None else _SOURCES[parent.fired_leg],
        algo_id=None if parent is None else parent.algo_id,
        algo_cl_ord_id="" if parent is None else parent.algo_cl_ord_id,
    )


def margin_needed(venue: Venue, order: Order, qty: Decimal) -> Decimal:
    """Margin for what so many contracts of the order add to its position, at its price."""
    held = venue.held(order.position_key, order.account)
    signed = sign_of(order.side) * qty
    adds = qty if held * signed >= 0 else max(ZERO, qty - abs(held))
    if adds == 0:
        return ZERO
    at = venue.prices[order.inst_id] if order.px_quote is None else order.px_quote
    return ratio(venue.instrument(order.inst_id).value(adds, at), order.lever)


def _read(venue: Venue, holder: Account, request: OrderRequest, instrument: Instrument) -> Order:
    """The request in the venue's terms: every word checked, its size not yet."""
    side = checks.side(request.side)
    ord_type = checks.one_of("ordType", request.ord_type, ORDER_TYPES)
    if instrument.is_spot:
        checks.one_of("posSide", request.pos_side, ("", NET))
        if checks.flag("reduceOnly", request.reduce_only):
            raise Refusal("51205")
        pos_side = ""
    else:
        pos_side = checks.pos_side(holder, request.pos_side)
    cl_ord_id = checks.client_id("clOrdId", request.cl_ord_id)
    tag = checks.tag(venue, request.tag)
    reduce_only = checks.flag("reduceOnly", request.reduce_only) and pos_side == NET
    stp_mode = checks.one_of("stpMode", request.stp_mode, _STP_MODES) or STP_DEFAULT
    px = None if ord_type in _UNPRICED else _limit_price(request.px, instrument)
    key = PositionKey(request.inst_id, request.td_mode, pos_side)
    received = instrument.base_ccy if side == BUY else instrument.quote_ccy
    return Order(
        ord_id=0,
        inst_id=request.inst_id,
        td_mode=request.td_mode,
        side=side,
        pos_side=pos_side,
        ord_type=ord_type,
        qty_contracts=ZERO,
        px_quote=px,
        reduce_only=reduce_only,
        cl_ord_id=cl_ord_id,
        tag=tag,
        lever=ZERO if instrument.is_spot else holder.lever(key),
        state=OrdState.LIVE,
        c_time_ms=venue.now_ms,
        u_time_ms=venue.now_ms,
        account=holder.name,
        fee_ccy=received if instrument.is_spot else instrument.settle_ccy,
        stp_mode=stp_mode,
        attached=attached.read(venue, holder, request.attach_algo_ords, instrument, side, px),
    )


def _limit_price(text: str, instrument: Instrument) -> Decimal:
    if not text:
        raise Refusal("51204")
    return checks.price("px", text, instrument)


def _is_pending(holder: Account, cl_ord_id: str, leaving: Set[int]) -> bool:
    latest = holder.by_cl_ord_id.get(cl_ord_id, 0)
    return latest in holder.open_orders and latest not in leaving


def within_px_limits(venue: Venue, order: Order, px_amend_type: str) -> Order:
    """The order, at the limit if it asks to be put there (pxAmendType 1); 51006 beyond it."""
    moves = checks.one_of("pxAmendType", px_amend_type, ("", "0", "1")) == "1"
    limits = venue.markets[order.inst_id].px_limits
    if limits is None or order.px_quote is None:
        return order
    buy_max, sell_min = limits
    buys = order.side == BUY
    within = min(order.px_quote, buy_max) if buys else max(order.px_quote, sell_min)
    if within != order.px_quote and not moves:
        raise Refusal("51006", str(buy_max), str(sell_min))
    return evolve(order, px_quote=within)


def _size(
    venue: Venue,
    request: OrderRequest,
    draft: Order,
    instrument: Instrument,
    leaving: Set[int],
) -> Decimal:
    """The size of a contract order; raises Refusal if the account cannot carry it."""
    qty = checks.size("sz", request.sz, instrument, at_market=draft.px_quote is None)
    if not draft.is_closing:
        _check_margin(venue, draft, instrument, qty)
        return qty
    return _fitting(venue, draft, qty, leaving)


def _fitting(venue: Venue, draft: Order, qty: Decimal, leaving: Set[int]) -> Decimal:
    """As much of a closing size as the position leaves, or a refusal (51112)."""
    shrinks = draft.pos_side == NET
    if venue.switches["order.reduce_oversize"] != "by_mode":
        shrinks = venue.switches["order.reduce_oversize"] == "shrink"
    left = _closable(venue, draft, leaving)
    if qty <= left:
        return qty
    if not shrinks or left == 0:
        raise Refusal("51112")
    return left


def resized(venue: Venue, before: Order, after: Order) -> Order:
    """An amended order: what it asks for beyond what it did is let in like a new one's size."""
    rest = after.rest_contracts
    if rest <= before.rest_contracts or venue.instrument(after.inst_id).is_spot:
        return after
    if not after.is_closing:
        _check_tier(venue, after, rest)
        return after
    fits = _fitting(venue, after, rest, {after.ord_id})
    return evolve(after, qty_contracts=after.filled_contracts + fits)


def _closable(venue: Venue, draft: Order, leaving: Set[int]) -> Decimal:
    """Contracts that are left to close: in net mode the position, else less waiting closers."""
    held = venue.held(draft.position_key, draft.account)
    if held == 0:
        raise Refusal("51169")
    if held * sign_of(draft.side) > 0:
        raise Refusal("51170")
    if draft.pos_side == NET:
        return abs(held)
    return closable(venue, draft.position_key, draft.account, leaving)


def _check_margin(venue: Venue, order: Order, instrument: Instrument, qty: Decimal) -> None:
    """Refuse (51004, 51008) what tiers or margin do not allow to be opened."""
    _check_tier(venue, order, qty)
    needed = margin_needed(venue, order, qty)
    ccy = instrument.settle_ccy
    if needed and needed > wealth(venue, order.account, ccy).available:
        raise Refusal("51008", ccy)


def _check_tier(venue: Venue, order: Order, qty: Decimal) -> None:
    held = venue.held(order.position_key, order.account)
    after = abs(held + sign_of(order.side) * qty)
    if after > abs(held) and after > venue.instrument(order.inst_id).contracts_max(order.lever):
        raise Refusal("51004")


def _sized_spot(venue: Venue, request: OrderRequest, draft: Order, instrument: Instrument) -> Order:
    if draft.px_quote is not None:
        qty = checks.size("sz", request.sz, instrument, at_market=False)
        return evolve(draft, qty_contracts=qty)
    tgt = checks.one_of("tgtCcy", request.tgt_ccy, ("", _QUOTE_CCY, _BASE_CCY))
    tgt = tgt or (_QUOTE_CCY if draft.side == BUY else _BASE_CCY)
    if tgt == _BASE_CCY:
        qty = checks.size("sz", request.sz, instrument, at_market=True)
        return evolve(draft, qty_contracts=qty, tgt_ccy=tgt)
    quote = checks.number("sz", request.sz)
    qty = book_matching.buys_for(venue, draft, quote, instrument.lot_sz)
    if qty < instrument.min_sz:
        raise Refusal("51020")
    if qty > instrument.market_sz_max:
        raise Refusal("51202")
    return evolve(draft, qty_contracts=qty, tgt_ccy=tgt, quote_sz=quote)


def _check_coins(venue: Venue, draft: Order, instrument: Instrument) -> None:
    if draft.side == SELL:
        ccy, needed = instrument.base_ccy, draft.qty_contracts
    else:
        ccy, needed = instrument.quote_ccy, spot_cost(venue, draft)
    if needed > wealth(venue, draft.account, ccy).spendable:
        raise Refusal("51008", ccy, "balance")


def spot_cost(venue: Venue, order: Order) -> Decimal:
    """Quote currency that a spot buy may take at most."""
    if order.px_quote is not None:
        return order.rest_contracts * order.px_quote
    if venue.markets[order.inst_id].book is not None:
        return book_matching.cost(venue, order)
    return order.rest_contracts * venue.prices[order.inst_id]
