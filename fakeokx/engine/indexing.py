"""Who waits where: the tables in which a waiting order is found without looking for it.

By its account (all of them, those without a price, how many per position, those that close one,
and the sum that they tie up) and by its instrument's side and price. An order is put on when it
begins to wait or changed while waiting, after being taken off as it was before.
"""

from fakeokx.engine.accounts import Account
from fakeokx.engine.decimals import ZERO
from fakeokx.engine.holds import hold
from fakeokx.engine.markets import Market
from fakeokx.engine.model import Order


def put_on(holder: Account, market: Market, order: Order) -> None:
    """The order waits."""
    holder.open_orders[order.ord_id] = order
    if order.px_quote is None:
        holder.unpriced[order.ord_id] = order
        market.unpriced[order.ord_id] = order
    else:
        market.side(order.side).put(order, order.px_quote)
        ccy, amount = hold(market.instrument, order, order.px_quote)
        if amount:
            holder.frozen[ccy] = holder.frozen.get(ccy, ZERO) + amount
    key = order.position_key
    holder.open_by_key[key] = holder.open_by_key.get(key, 0) + 1
    if order.is_closing:
        holder.closers.setdefault(key, {})[order.ord_id] = order


def take_off(holder: Account, market: Market, order: Order, after: Order) -> None:
    """The order as it was stored; ``after`` is what it is now, and is put on if it still waits.

    An order that stays at its price keeps its place in the queue there.
    """
    if not after.is_open:
        del holder.open_orders[order.ord_id]
    if order.px_quote is None:
        del holder.unpriced[order.ord_id]
        del market.unpriced[order.ord_id]
    else:
        if not after.is_open or after.px_quote != order.px_quote:
            market.side(order.side).drop(order.ord_id, order.px_quote)
        ccy, amount = hold(market.instrument, order, order.px_quote)
        if amount:
            holder.frozen[ccy] -= amount
    key = order.position_key
    holder.open_by_key[key] -= 1
    if order.is_closing:
        del holder.closers[key][order.ord_id]
