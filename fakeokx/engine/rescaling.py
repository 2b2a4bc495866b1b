"""A contract's size changes: ctVal is divided by a factor, every size multiplied by it.

Nothing is worth anything else afterwards, and what waits keeps its place. Tiers and the largest
sizes follow the factor; the lot follows a factor below one. With ``history`` what is over (ended
orders, fills, bills, lives, the tape) is told in today's contracts, without it in those of then.
"""

from collections import deque
from decimal import Decimal
from typing import Final, TypeVar

from fakeokx.engine import checks, indexing
from fakeokx.engine.commands import Rescale
from fakeokx.engine.decimals import ONE, ratio
from fakeokx.engine.events import OrderChanged, Rescaled
from fakeokx.engine.evolve import evolve
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.market import Book, Level
from fakeokx.engine.model import Position
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

Value = TypeVar("Value")
_SIZES: Final = (
    *("qty_contracts", "filled_contracts", "filled_px_sum", "last_contracts", "actual_contracts"),
    *("opened_contracts", "opened_px_sum", "closed_contracts", "closed_px_sum"),
    *("open_contracts_max", "contracts"),
)


def rescale(venue: Venue, command: Rescale) -> None:
    """Change the size; 51000 for SPOT and for a factor that does not divide ctVal exactly."""
    instrument = checks.listed(venue, command.inst_id)
    factor = checks.number("factor", command.factor)
    keeps_history = checks.flag("history", command.history)
    if instrument.is_spot:
        raise Refusal("51000", "instId")
    if ratio(instrument.ct_val_base, factor) * factor != instrument.ct_val_base:
        raise Refusal("51000", "factor")
    venue.events.append(Rescaled(command.inst_id, factor))
    _waiting(venue, instrument, factor)
    _held(venue, command.inst_id, factor, keeps_history=keeps_history)
    if keeps_history:
        _past(venue, command.inst_id, factor)


def _times(value: Value, factor: Decimal) -> Value:
    """The value with each of its sizes multiplied."""
    sizes = {name: getattr(value, name, None) for name in _SIZES}
    return evolve(value, **{name: qty * factor for name, qty in sizes.items() if qty is not None})


def _smaller(instrument: Instrument, factor: Decimal) -> Instrument:
    lots = min(factor, ONE)
    return evolve(
        instrument,
        ct_val_base=ratio(instrument.ct_val_base, factor),
        lot_sz=instrument.lot_sz * lots,
        min_sz=instrument.min_sz * lots,
        limit_sz_max=instrument.limit_sz_max * factor,
        market_sz_max=instrument.market_sz_max * factor,
        tiers=tuple(
            evolve(each, contracts_max=each.contracts_max * factor) for each in instrument.tiers
        ),
    )


def _waiting(venue: Venue, instrument: Instrument, factor: Decimal) -> None:
    """What waits leaves the tables in old contracts and comes back in new ones."""
    market, inst_id = venue.markets[instrument.inst_id], instrument.inst_id
    opened = [
        order
        for holder in venue.accounts.values()
        for order in holder.open_orders.values()
        if order.inst_id == inst_id
    ]
    opened.sort(key=lambda each: each.ord_id)
    for order in opened:
        indexing.take_off(venue.accounts[order.account], market, order, order)
    market.instrument = _smaller(instrument, factor)
    for order in opened:
        after = venue.orders[order.ord_id] = _times(order, factor)
        indexing.put_on(venue.accounts[order.account], market, after)
        venue.events.append(OrderChanged(after))
    for algo in list(market.algos.values()):
        venue.put_algo(_times(algo, factor))
    if inst_id in venue.partials:
        venue.partials[inst_id] *= factor
    if market.book is not None:
        bids, asks = (
            tuple(Level(px, qty * factor) for px, qty in side)
            for side in (market.book.bids, market.book.asks)
        )
        market.book = Book(bids=bids, asks=asks)
    venue.book_moved[inst_id] = None


def _held(venue: Venue, inst_id: str, factor: Decimal, *, keeps_history: bool) -> None:
    """Positions, and the lives that are over."""

    def over(life: Position) -> Position:
        return _times(life, factor) if keeps_history else evolve(life, scale=life.scale * factor)

    for holder in venue.accounts.values():
        for whose, life in list(holder.lives.items()):
            if life.key.inst_id == inst_id:
                holder.lives[whose] = over(life)
        for key, position in list(holder.positions.items()):
            if key.inst_id == inst_id and position.qty_contracts:
                venue.put_position(_times(position, factor))
            elif key.inst_id == inst_id:
                holder.positions[key] = over(position)


def _past(venue: Venue, inst_id: str, factor: Decimal) -> None:
    """Ended orders and algo orders, fills, bills, and the tape."""
    for order in list(venue.orders.values()):
        if order.inst_id == inst_id and not order.is_open:
            venue.orders[order.ord_id] = _times(order, factor)
    for algo in list(venue.algos.values()):
        if algo.inst_id == inst_id and algo.state != "live":
            venue.algos[algo.algo_id] = _times(algo, factor)
    fills = {
        each.bill_id: _times(each, factor) if each.inst_id == inst_id else each
        for each in venue.fills
    }
    bills = {
        each.bill_id: evolve(_times(each, factor), fill=each.fill and fills[each.fill.bill_id])
        if each.inst_id == inst_id
        else each
        for each in venue.bills
    }
    venue.fills, venue.bills = list(fills.values()), list(bills.values())
    for holder in venue.accounts.values():
        holder.fills = [fills[each.bill_id] for each in holder.fills]
        holder.bills = [bills[each.bill_id] for each in holder.bills]
    tape = venue.markets[inst_id].tape
    tape.trades = deque((_times(each, factor) for each in tape.trades), tape.trades.maxlen)
    tape.last_bars = deque((_times(each, factor) for each in tape.last_bars), tape.last_bars.maxlen)
