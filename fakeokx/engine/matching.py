"""Orders meet the price. There is no book: the last price is both bid and ask, without depth.

1. A market order fills at the last price, as taker.
2. A limit order that the price already reaches fills at the last price, as taker; otherwise
   it rests and fills at its own price, as maker, when the price reaches it. post_only that
   would fill at once is canceled (31), fok and ioc that would not are canceled (13, 14).
3. ``partials`` holds, per instrument, where the next execution stops. The rest of a limit
   order stays in the market, and so does the rest of a market order, which fills at the next
   price. The setting is used up by that execution.
4. A closing order never opens: it fills at most the position, and what then has nothing
   left to close is canceled (17).
5. When the price moves, waiting orders fill best price first, then oldest first.
"""

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fakeokx.engine import positions
from fakeokx.engine.decimals import ZERO
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.lifecycle import OrdEvent, next_order_state
from fakeokx.engine.model import BUY, LONG, NET, Bill, Fill, Order, sign_of
from fakeokx.engine.venue import MAKER_RATE, TAKER_RATE, Venue

TAKER: Final = "T"
MAKER: Final = "M"
LIQUIDATION: Final = ""
RATES: Final = MappingProxyType({TAKER: TAKER_RATE, MAKER: MAKER_RATE, LIQUIDATION: TAKER_RATE})
BILL_TRADE: Final = "2"
BILL_LIQUIDATION: Final = "5"
CANCELED_BY_USER: Final = "1"
_NOTHING_TO_CLOSE: Final = "17"
_FOK: Final = "13"
_IOC: Final = "14"
_POST_ONLY: Final = "31"
_FIRST: Final = Decimal("-Infinity")
_IMMEDIATE: Final = ("ioc", "optimal_limit_ioc")


def enter(venue: Venue, order: Order) -> None:
    """Put an admitted order into the market: it fills, rests, or is canceled at once."""
    venue.put_order(order)
    last = venue.prices[order.inst_id]
    if not _reaches(order, last):
        if order.ord_type == "fok":
            cancel(venue, order, _FOK)
        elif order.ord_type in _IMMEDIATE:
            cancel(venue, order, _IOC)
        return
    if order.ord_type == "post_only":
        cancel(venue, order, _POST_ONLY)
        return
    if order.ord_type == "fok" and fillable(venue, order) < order.rest_contracts:
        venue.partials.pop(order.inst_id, None)
        cancel(venue, order, _FOK)
        return
    execute(venue, order.ord_id, last, TAKER)
    order = venue.orders[order.ord_id]
    if order.is_open and order.ord_type in _IMMEDIATE:
        cancel(venue, order, _IOC)


def sweep(venue: Venue, inst_id: str) -> None:
    """Fill the waiting orders of the instrument that its last price reaches."""
    last = venue.prices[inst_id]
    waiting = [
        order
        for order in venue.open_orders.values()
        if order.inst_id == inst_id and _reaches(order, last)
    ]
    for order in sorted(waiting, key=_priority):
        px = order.px_quote
        if px is None:
            execute(venue, order.ord_id, last, TAKER)
        else:
            execute(venue, order.ord_id, px, MAKER)


def cancel(venue: Venue, order: Order, cancel_source: str) -> None:
    """End an open order; ``cancel_source`` is OKX's code for who did it."""
    venue.put_order(
        replace(
            order,
            state=next_order_state(order.state, OrdEvent.CANCEL),
            cancel_source=cancel_source,
            u_time_ms=venue.now_ms,
        )
    )


def fillable(venue: Venue, order: Order) -> Decimal:
    """Contracts that the order's next execution would fill."""
    qty = min(order.rest_contracts, venue.partials.get(order.inst_id, order.rest_contracts))
    return min(qty, reducible(venue, order)) if order.is_closing else qty


def reducible(venue: Venue, order: Order) -> Decimal:
    """Contracts of the position that a closing order could still close."""
    held = venue.position(order.position_key).qty_contracts
    return abs(held) if held * sign_of(order.side) < 0 else ZERO


def execute(venue: Venue, ord_id: int, px_quote: Decimal, exec_type: str) -> None:
    """Fill an open order as far as its size, the position and a partial setting allow."""
    order = venue.orders[ord_id]
    if not order.is_open:
        return
    qty = fillable(venue, order)
    venue.partials.pop(order.inst_id, None)
    if qty > 0:
        order = _fill(venue, order, qty, px_quote, exec_type)
    if order.is_open and order.is_closing and reducible(venue, order) == 0:
        cancel(venue, order, _NOTHING_TO_CLOSE)


def _reaches(order: Order, last: Decimal) -> bool:
    if order.px_quote is None:
        return True
    return last <= order.px_quote if order.side == BUY else last >= order.px_quote


def _priority(order: Order) -> tuple[Decimal, int]:
    if order.px_quote is None:
        return _FIRST, order.ord_id
    return -order.px_quote * sign_of(order.side), order.ord_id


def take_over(venue: Venue, order: Order, px_quote: Decimal) -> None:
    """Fill a liquidation order completely, whatever a partial setting says."""
    _fill(venue, order, order.rest_contracts, px_quote, LIQUIDATION)


def _fill(venue: Venue, order: Order, qty: Decimal, px: Decimal, exec_type: str) -> Order:
    trade_id = venue.next_trade_id(order.inst_id)
    is_liquidation = exec_type == LIQUIDATION
    execution = positions.Execution(
        instrument=INSTRUMENTS[order.inst_id],
        qty_contracts=qty * sign_of(order.side),
        px_quote=px,
        fee=-RATES[exec_type] * INSTRUMENTS[order.inst_id].notional_quote(qty, px),
        lever=order.lever,
        trade_id="" if is_liquidation else str(trade_id),
        now_ms=venue.now_ms,
        is_liquidation=is_liquidation,
    )
    effect = positions.apply(venue.position(order.position_key), execution)
    fill = Fill(
        bill_id=venue.next_id(),
        ord_id=order.ord_id,
        inst_id=order.inst_id,
        mgn_mode=order.td_mode,
        side=order.side,
        pos_side=order.pos_side,
        qty_contracts=qty,
        px_quote=px,
        mark_px_quote=venue.prices[order.inst_id],
        fee=execution.fee,
        pnl=effect.pnl,
        trade_id=-trade_id if is_liquidation else trade_id,
        exec_type=exec_type,
        sub_type=_sub_type(order, is_liquidation=is_liquidation),
        cl_ord_id=order.cl_ord_id,
        tag=order.tag,
        time_ms=venue.now_ms,
    )
    after = _after_fill(order, fill)
    venue.put_order(after)
    venue.settle(fill, _bill(venue, fill, effect))
    if effect.ended is not None:
        venue.end_life(effect.ended)
    venue.put_position(effect.after)
    return after


def _after_fill(order: Order, fill: Fill) -> Order:
    filled = order.filled_contracts + fill.qty_contracts
    event = OrdEvent.FULL_FILL if filled == order.qty_contracts else OrdEvent.PART_FILL
    return replace(
        order,
        state=next_order_state(order.state, event),
        filled_contracts=filled,
        filled_px_sum=order.filled_px_sum + fill.qty_contracts * fill.px_quote,
        fee=order.fee + fill.fee,
        pnl=order.pnl + fill.pnl,
        last_px_quote=fill.px_quote,
        last_contracts=fill.qty_contracts,
        last_time_ms=fill.time_ms,
        last_trade_id="0" if fill.trade_id < 0 else str(fill.trade_id),
        u_time_ms=fill.time_ms,
    )


def _bill(venue: Venue, fill: Fill, effect: positions.Effect) -> Bill:
    return Bill(
        bill_id=fill.bill_id,
        type=BILL_LIQUIDATION if fill.exec_type == LIQUIDATION else BILL_TRADE,
        sub_type=fill.sub_type,
        cash=venue.cash_quote + effect.cash_change,
        cash_change=effect.cash_change,
        margin=effect.after.margin,
        margin_change=effect.margin_change,
        fill=fill,
        fee=fill.fee,
        pnl=fill.pnl,
        inst_id=fill.inst_id,
        mgn_mode=fill.mgn_mode,
        qty_contracts=fill.qty_contracts,
        px_quote=fill.px_quote,
        time_ms=fill.time_ms,
    )


def _sub_type(order: Order, *, is_liquidation: bool) -> str:
    buys = order.side == BUY
    if order.pos_side == NET:
        codes = ("106", "107") if is_liquidation else ("1", "2")
        return codes[0] if buys else codes[1]
    is_long = order.pos_side == LONG
    if is_liquidation:
        return "104" if is_long else "105"
    if order.is_closing:
        return "5" if is_long else "6"
    return "3" if is_long else "4"
