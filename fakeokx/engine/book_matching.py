"""Taking from a book: seeded levels and other accounts' resting orders, best price first.

At one price the seeded level was there first, then resting orders by age. A trade is at the
resting side's price, whose owner is the maker; two accounts that trade with each other share
one tradeId. The last price follows every trade.

An account does not trade with itself. What the taker's ``stp_mode`` says happens instead:
cancel_maker cancels the resting order (32) and goes on, cancel_taker ends the taker (32),
cancel_both does both.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from fakeokx.engine import attached, fills
from fakeokx.engine.decimals import ZERO
from fakeokx.engine.evolve import evolve
from fakeokx.engine.fills import MAKER, TAKER
from fakeokx.engine.lifecycle import OrdEvent, next_order_state
from fakeokx.engine.market import Book, Level, PublicTrade
from fakeokx.engine.model import BUY, Order, opposite, sign_of
from fakeokx.engine.venue import NOT_AMENDED, Amended, Venue

_STP: Final = "32"
_NOTHING_TO_CLOSE: Final = "17"
_NO_BOOK: Final = Book()


def wanted(venue: Venue, order: Order) -> Decimal:
    """Contracts that the order's next execution may fill at most."""
    qty = min(order.rest_contracts, venue.partials.get(order.inst_id, order.rest_contracts))
    return min(qty, reducible(venue, order)) if order.is_closing else qty


def reducible(venue: Venue, order: Order) -> Decimal:
    """Contracts of the position that a closing order could still close."""
    held = venue.held(order.position_key, order.account)
    return abs(held) if held * sign_of(order.side) < 0 else ZERO


def crosses(venue: Venue, order: Order) -> bool:
    """Whether the best price on the other side is one that the order takes."""
    best = _best(venue, order.inst_id, opposite(order.side))
    return best is not None and _agrees(order, best)


def offered(venue: Venue, order: Order) -> Decimal:
    """Contracts that the order could take at its price, other accounts' and seeded."""
    total = ZERO
    for px, qty, own in _offers(venue, order):
        if not _agrees(order, px) or (own and order.stp_mode != "cancel_maker"):
            break
        total += qty
    return total


def buys_for(venue: Venue, order: Order, quote: Decimal, lot: Decimal) -> Decimal:
    """Base, in whole lots, that so much quote currency buys; beyond the book at its last price."""
    base, last_px = ZERO, venue.prices[order.inst_id]
    for px, qty, _ in _offers(venue, order):
        last_px = px
        part = min(qty, quote // (px * lot) * lot)
        base += part
        quote -= part * px
        if part < qty:
            break
    return base + quote // (last_px * lot) * lot


def cost(venue: Venue, order: Order) -> Decimal:
    """Quote currency that the book asks for the whole order; what it lacks costs nothing."""
    rest, total = order.rest_contracts, ZERO
    for px, qty, _ in _offers(venue, order):
        part = min(rest, qty)
        total += part * px
        rest -= part
        if rest == 0:
            break
    return total


def take(venue: Venue, ord_id: int) -> None:
    """Trade an open order against the book, as far as its size and price allow."""
    taker = venue.orders[ord_id]
    left = wanted(venue, taker)
    venue.partials.pop(taker.inst_id, None)
    while taker.is_open and left > 0:
        px = _best(venue, taker.inst_id, opposite(taker.side))
        if px is None or not _agrees(taker, px):
            break
        level = _seeded(venue, taker.inst_id, opposite(taker.side), px)
        if level is not None:
            qty = min(left, level.qty_contracts)
            _eat(venue, taker.inst_id, opposite(taker.side), qty)
            taker = _trade(venue, taker, None, qty, px)
        else:
            maker = venue.orders[venue.markets[taker.inst_id].side(opposite(taker.side)).at(px)[0]]
            if maker.account == taker.account:
                _prevent(venue, taker, maker)
                taker = venue.orders[ord_id]
                continue
            can = min(maker.rest_contracts, left)
            qty = min(can, reducible(venue, maker)) if maker.is_closing else can
            if qty == 0:
                cancel(venue, maker, _NOTHING_TO_CLOSE)
                continue
            taker = _trade(venue, taker, maker, qty, px)
        left -= qty


def uncross(venue: Venue, inst_id: str, side: str) -> None:
    """Let the seeded levels trade with the resting orders of that side that they cross."""
    resting = venue.markets[inst_id].side(side)
    while (best := resting.best()) is not None:
        maker = venue.orders[resting.at(best)[0]]
        levels = _levels(venue, inst_id, opposite(side))
        if not levels or not _agrees(maker, levels[0].px_quote):
            return
        qty = min(maker.rest_contracts, levels[0].qty_contracts)
        if maker.is_closing:
            qty = min(qty, reducible(venue, maker))
        if qty == 0:
            cancel(venue, maker, _NOTHING_TO_CLOSE)
            continue
        _eat(venue, inst_id, opposite(side), qty)
        _trade(venue, None, maker, qty, best)


def _trade(
    venue: Venue, taker: Order | None, maker: Order | None, qty: Decimal, px: Decimal
) -> Order:
    """One trade between two orders, or between one of them and the seeded book."""
    known = taker or maker
    assert known is not None, "a trade needs somebody"
    trade_id = venue.next_trade_id(known.inst_id)
    if maker is not None:
        after = fills.fill(venue, maker, qty, px, MAKER, trade_id)
    if taker is not None:
        after = fills.fill(venue, taker, qty, px, TAKER, trade_id)
    venue.put_trade(
        PublicTrade(
            inst_id=known.inst_id,
            trade_id=trade_id,
            px_quote=px,
            qty_contracts=qty,
            side=opposite(known.side) if taker is None else known.side,
            time_ms=venue.now_ms,
        )
    )
    venue.put_last(known.inst_id, px)
    return after


def _prevent(venue: Venue, taker: Order, maker: Order) -> None:
    if taker.stp_mode in ("cancel_maker", "cancel_both"):
        cancel(venue, maker, _STP)
    if taker.stp_mode in ("cancel_taker", "cancel_both"):
        cancel(venue, taker, _STP)


def cancel(venue: Venue, order: Order, cancel_source: str, amended: Amended = NOT_AMENDED) -> None:
    """End an open order; ``cancel_source`` is OKX's code for who did it."""
    after = evolve(
        order,
        state=next_order_state(order.state, OrdEvent.CANCEL),
        cancel_source=cancel_source,
        u_time_ms=venue.now_ms,
    )
    venue.put_order(after, amended=amended)
    attached.after_cancel(venue, after)


def _agrees(order: Order, px: Decimal) -> bool:
    if order.px_quote is None:
        return True
    return px <= order.px_quote if order.side == BUY else px >= order.px_quote


def _levels(venue: Venue, inst_id: str, side: str) -> tuple[Level, ...]:
    book = venue.markets[inst_id].book or _NO_BOOK
    return book.bids if side == BUY else book.asks


def _best(venue: Venue, inst_id: str, side: str) -> Decimal | None:
    """The best price on that side, seeded or resting."""
    levels = _levels(venue, inst_id, side)
    resting = venue.markets[inst_id].side(side).best()
    if not levels:
        return resting
    seeded = levels[0].px_quote
    if resting is None:
        return seeded
    return max(seeded, resting) if side == BUY else min(seeded, resting)


def _seeded(venue: Venue, inst_id: str, side: str, px: Decimal) -> Level | None:
    levels = _levels(venue, inst_id, side)
    return levels[0] if levels and levels[0].px_quote == px else None


def _eat(venue: Venue, inst_id: str, side: str, qty: Decimal) -> None:
    """Take so much off the best seeded level of that side."""
    first, *others = _levels(venue, inst_id, side)
    rest = first.qty_contracts - qty
    kept = (Level(first.px_quote, rest), *others) if rest else tuple(others)
    book = venue.markets[inst_id].book or _NO_BOOK
    venue.put_book(inst_id, evolve(book, **{"bids" if side == BUY else "asks": kept}))


def _offers(venue: Venue, order: Order) -> Iterator[tuple[Decimal, Decimal, bool]]:
    """(price, contracts of others, whether the account rests there too), best first."""
    side = opposite(order.side)
    seeded = {level.px_quote: level.qty_contracts for level in _levels(venue, order.inst_id, side)}
    resting = venue.markets[order.inst_id].side(side)
    prices = {*seeded, *(px for px, _, _ in resting.levels())}
    for px in sorted(prices, reverse=side == BUY):
        makers = [venue.orders[each] for each in resting.at(px)]
        others = [each.rest_contracts for each in makers if each.account != order.account]
        yield px, sum(others, seeded.get(px, ZERO)), len(others) < len(makers)
