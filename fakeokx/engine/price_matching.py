"""Orders meet the market. It has two forms, and each instrument is in one of them.

Without a book the last price is both bid and ask, without depth:

1. A market order fills at the last price, as taker.
2. A limit order that the price already reaches fills at the last price, as taker; otherwise
   it rests and fills at its own price, as maker, when the price reaches it. post_only that
   would fill at once is canceled (31), fok and ioc that would not are canceled (13, 14).
3. When the price moves, waiting orders fill best price first, then oldest first.

With a seeded book (``book_matching``) an order takes the best price of the seeded levels and of
other accounts' resting orders, level by level, and moves the last price; what is left rests, or is
canceled (14) if it is a market order.

In both:

4. ``partials`` holds, per instrument, where the next execution stops. The rest of a limit
   order stays in the market, and so does the rest of a market order on a contract, which
   fills at the next price; on SPOT it is canceled. The setting is used up by that execution.
5. A closing order never opens: it fills at most the position, and what then has nothing
   left to close is canceled (17).
"""

from decimal import Decimal
from typing import Final

from fakeokx.engine import book_matching, fills
from fakeokx.engine.book_matching import cancel as cancel
from fakeokx.engine.fills import MAKER, TAKER
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.market import Book, PublicTrade
from fakeokx.engine.model import BUY, SELL, Order, opposite
from fakeokx.engine.venue import NOT_AMENDED, Amended, Venue

CANCELED_BY_USER: Final = "1"
_NOTHING_TO_CLOSE: Final = "17"
_FOK: Final = "13"
_IOC: Final = "14"
_POST_ONLY: Final = "31"
_IMMEDIATE: Final = ("ioc", "optimal_limit_ioc")


def enter(venue: Venue, order: Order, amended: Amended = NOT_AMENDED) -> None:
    """Put an admitted order into the market: it fills, rests, or is canceled at once."""
    venue.put_order(order, amended=amended)
    has_book = venue.markets[order.inst_id].book is not None
    if not would_take(venue, order):
        if order.ord_type == "fok":
            cancel(venue, order, _FOK)
        elif order.ord_type in _IMMEDIATE or order.px_quote is None:
            cancel(venue, order, _IOC)
        return
    if order.ord_type == "post_only":
        cancel(venue, order, _POST_ONLY)
        return
    if order.ord_type == "fok" and _fillable(venue, order) < order.rest_contracts:
        venue.partials.pop(order.inst_id, None)
        cancel(venue, order, _FOK)
        return
    was_cut = order.inst_id in venue.partials
    if has_book:
        _take(venue, order.ord_id)
    else:
        execute(venue, order.ord_id, venue.prices[order.inst_id], TAKER)
    order = venue.orders[order.ord_id]
    if order.is_open and _must_not_wait(order, has_book=has_book, was_cut=was_cut):
        cancel(venue, order, _IOC)


def would_take(venue: Venue, order: Order) -> bool:
    """Whether the order would trade at once."""
    if venue.markets[order.inst_id].book is not None:
        return book_matching.crosses(venue, order)
    return _reaches(venue, order)


def _must_not_wait(order: Order, *, has_book: bool, was_cut: bool) -> bool:
    if order.ord_type in _IMMEDIATE:
        return True
    if order.px_quote is not None:
        return False
    return INSTRUMENTS[order.inst_id].is_spot or (has_book and not was_cut)


def sweep(venue: Venue, inst_id: str) -> None:
    """Fill the waiting orders of the instrument that its last price reaches."""
    last = venue.prices[inst_id]
    market = venue.markets[inst_id]
    waiting = [*market.unpriced, *market.bids.reached(last), *market.asks.reached(last)]
    for ord_id in waiting:
        px = venue.orders[ord_id].px_quote
        if px is not None:
            execute(venue, ord_id, px, MAKER)
        elif market.book is None:
            execute(venue, ord_id, last, TAKER)
        else:
            _take(venue, ord_id)


def seed(venue: Venue, inst_id: str, book: Book | None) -> None:
    """Replace the seeded book; resting orders that it crosses fill as makers."""
    venue.put_book(inst_id, book)
    if book is None:
        return
    for side in (BUY, SELL):
        book_matching.uncross(venue, inst_id, side)
    for ord_id in list(venue.markets[inst_id].unpriced):
        _take(venue, ord_id)


def execute(venue: Venue, ord_id: int, px_quote: Decimal, exec_type: str) -> None:
    """Fill an open order as far as its size, the position and a partial setting allow."""
    order = venue.orders[ord_id]
    if not order.is_open:
        return
    qty = book_matching.wanted(venue, order)
    venue.partials.pop(order.inst_id, None)
    if qty > 0:
        trade_id = venue.next_trade_id(order.inst_id)
        order = fills.fill(venue, order, qty, px_quote, exec_type, trade_id)
        side = order.side if exec_type == TAKER else opposite(order.side)
        venue.put_trade(
            PublicTrade(
                inst_id=order.inst_id,
                trade_id=trade_id,
                px_quote=px_quote,
                qty_contracts=qty,
                side=side,
                time_ms=venue.now_ms,
            )
        )
    _end_if_idle(venue, order)


def _take(venue: Venue, ord_id: int) -> None:
    book_matching.take(venue, ord_id)
    _end_if_idle(venue, venue.orders[ord_id])


def _end_if_idle(venue: Venue, order: Order) -> None:
    if order.is_open and order.is_closing and book_matching.reducible(venue, order) == 0:
        cancel(venue, order, _NOTHING_TO_CLOSE)


def _fillable(venue: Venue, order: Order) -> Decimal:
    """Contracts that the order's next execution would fill."""
    qty = book_matching.wanted(venue, order)
    if venue.markets[order.inst_id].book is None:
        return qty
    return min(qty, book_matching.offered(venue, order))


def _reaches(venue: Venue, order: Order) -> bool:
    last = venue.prices[order.inst_id]
    if order.px_quote is None:
        return True
    return last <= order.px_quote if order.side == BUY else last >= order.px_quote
