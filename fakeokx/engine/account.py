"""What the account is worth, and what it can still afford. Reads only.

eq = cash + isolated equity + unrealised pnl of cross positions. Available is eq less what
cross positions, waiting orders and isolated positions tie up; it may be negative inside, and
is shown as zero. The quote currency counts as one dollar.

Not modelled: position tiers, interest, a liquidation that happens by itself.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from fakeokx.engine.decimals import ZERO, ratio
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.model import ISOLATED, Order, Position
from fakeokx.engine.venue import Venue, upl_quote

MAINTENANCE_RATE: Final = Decimal("0.004")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wealth:
    """The account's money in quote currency."""

    cash: Decimal
    equity: Decimal
    upl: Decimal
    isolated_upl: Decimal
    isolated_equity: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    order_margin: Decimal

    @property
    def available(self) -> Decimal:
        """What a new position may use; negative when margin exceeds equity."""
        return self.equity - self.isolated_equity - self.initial_margin - self.order_margin


def initial_margin_quote(position: Position, px_quote: Decimal) -> Decimal:
    """Margin that a position ties up at that price."""
    instrument = INSTRUMENTS[position.key.inst_id]
    notional = instrument.notional_quote(abs(position.qty_contracts), px_quote)
    return ratio(notional, position.lever)


def maintenance_margin_quote(position: Position, px_quote: Decimal) -> Decimal:
    """Margin below which a position would be in danger."""
    instrument = INSTRUMENTS[position.key.inst_id]
    notional = instrument.notional_quote(abs(position.qty_contracts), px_quote)
    return notional * MAINTENANCE_RATE


def order_margin_quote(venue: Venue, order: Order) -> Decimal:
    """Margin that a waiting order ties up; a closing order ties up none."""
    if order.is_closing:
        return ZERO
    px = order.px_quote if order.px_quote is not None else venue.prices[order.inst_id]
    notional = INSTRUMENTS[order.inst_id].notional_quote(order.rest_contracts, px)
    return ratio(notional, order.lever)


def wealth(venue: Venue) -> Wealth:
    """The account's money at the current prices."""
    upl = isolated_upl = isolated_equity = initial = maintenance = ZERO
    for position in venue.positions.values():
        if position.qty_contracts == 0:
            continue
        px = venue.prices[position.key.inst_id]
        gain = upl_quote(position, px)
        upl += gain
        if position.key.mgn_mode == ISOLATED:
            isolated_upl += gain
            isolated_equity += position.margin + gain
        else:
            initial += initial_margin_quote(position, px)
            maintenance += maintenance_margin_quote(position, px)
    orders = sum((order_margin_quote(venue, each) for each in venue.open_orders.values()), ZERO)
    return Wealth(
        cash=venue.cash_quote,
        equity=venue.cash_quote + isolated_equity + (upl - isolated_upl),
        upl=upl,
        isolated_upl=isolated_upl,
        isolated_equity=isolated_equity,
        initial_margin=initial,
        maintenance_margin=maintenance,
        order_margin=orders,
    )
