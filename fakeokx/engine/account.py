"""What an account is worth, what it can still afford, and how far it is from liquidation.

Reads only. Per settlement currency: eq = cash + isolated equity + unrealised pnl of cross
positions. Available is eq less what cross positions, waiting orders and isolated positions tie
up; it may be negative inside, and is shown as zero. Positions are valued at the mark price.
Coins that are nobody's margin are worth what they are, and are frozen by waiting sells.

In danger: cross equity (per currency), or an isolated margin with its pnl, no longer exceeds
the maintenance margin plus the fee of closing. ``liquidation_px`` is the mark price at which
that happens while everything else stays, ``bankruptcy_px`` the one at which nothing is left
after closing. Both solve for P, with q contracts of face f = |q| x ctVal, long s = 1, short -1::

    linear    money + s f (P - avg) = f P r          inverse   money + s f (1/avg - 1/P) = r f / P

where r is the maintenance rate plus the taker's fee (bankruptcy: the fee alone).
Interest and borrowing are not modelled; one USDT counts as one dollar.
"""

from collections.abc import Set
from dataclasses import dataclass
from decimal import Decimal

from fakeokx.engine.accounts import Account
from fakeokx.engine.decimals import ONE, ZERO, ratio
from fakeokx.engine.holds import hold
from fakeokx.engine.model import ISOLATED, MAIN, Order, Position, PositionKey
from fakeokx.engine.venue import SETTLE_CCY, Venue, upl_quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Wealth:
    """One account's money in one currency.

    ``closing_fee`` is what closing all cross positions would cost; it counts as danger.
    """

    cash: Decimal
    equity: Decimal
    upl: Decimal
    isolated_upl: Decimal
    isolated_equity: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    order_margin: Decimal
    closing_fee: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """What a new position may use; negative when margin exceeds equity."""
        return self.equity - self.isolated_equity - self.initial_margin - self.order_margin

    @property
    def spendable(self) -> Decimal:
        """What a spot order may spend: as ``available``, but no unrealised profit."""
        cross_equity = self.equity - self.isolated_equity
        return min(self.cash, cross_equity) - self.initial_margin - self.order_margin

    @property
    def is_in_danger(self) -> bool:
        """Whether cross positions of this currency are due for liquidation."""
        needed = self.maintenance_margin + self.closing_fee
        return needed > 0 and self.equity - self.isolated_equity <= needed

    @property
    def margin_ratio(self) -> Decimal | None:
        """Cross equity over what danger needs; None without cross positions."""
        needed = self.maintenance_margin + self.closing_fee
        return ratio(self.equity - self.isolated_equity, needed) if needed else None


def initial_margin_quote(venue: Venue, position: Position, px_quote: Decimal) -> Decimal:
    """Margin that a position ties up at that price."""
    instrument = venue.instrument(position.key.inst_id)
    return ratio(instrument.value(abs(position.qty_contracts), px_quote), position.lever)


def maintenance_margin_quote(venue: Venue, position: Position, px_quote: Decimal) -> Decimal:
    """Margin at which a position is in danger, by its tier."""
    instrument = venue.instrument(position.key.inst_id)
    qty = abs(position.qty_contracts)
    return instrument.value(qty, px_quote) * instrument.tier(qty).maintenance_rate


def closing_fee_quote(venue: Venue, position: Position, px_quote: Decimal) -> Decimal:
    """What closing the position as a taker would cost."""
    instrument = venue.instrument(position.key.inst_id)
    return instrument.value(abs(position.qty_contracts), px_quote) * instrument.taker_rate


def order_margin_quote(venue: Venue, order: Order) -> Decimal:
    """What a waiting order ties up, at the last price if it has none."""
    px = venue.prices[order.inst_id] if order.px_quote is None else order.px_quote
    return hold(venue.instrument(order.inst_id), order, px)[1]


def wealth(venue: Venue, account: str = MAIN, ccy: str = SETTLE_CCY) -> Wealth:
    """The account's money in that currency at the current mark prices."""
    holder = venue.accounts[account]
    upl = isolated_upl = isolated_equity = initial = maintenance = closing = ZERO
    for position in holder.open_positions.values():
        if position.ccy != ccy:
            continue
        px = venue.marks[position.key.inst_id]
        gain = upl_quote(venue, position, px)
        upl += gain
        if position.key.mgn_mode == ISOLATED:
            isolated_upl += gain
            isolated_equity += position.margin + gain
        else:
            initial += initial_margin_quote(venue, position, px)
            maintenance += maintenance_margin_quote(venue, position, px)
            closing += closing_fee_quote(venue, position, px)
    cash = holder.balance(ccy)
    return Wealth(
        cash=cash,
        equity=cash + isolated_equity + (upl - isolated_upl),
        upl=upl,
        isolated_upl=isolated_upl,
        isolated_equity=isolated_equity,
        initial_margin=initial,
        maintenance_margin=maintenance,
        order_margin=_frozen(venue, holder, ccy),
        closing_fee=closing,
    )


def _frozen(venue: Venue, holder: Account, ccy: str) -> Decimal:
    frozen = holder.frozen.get(ccy, ZERO)
    for order in holder.unpriced.values():
        held_ccy, amount = hold(venue.instrument(order.inst_id), order, venue.prices[order.inst_id])
        if held_ccy == ccy:
            frozen += amount
    return frozen


def closable(
    venue: Venue, key: PositionKey, account: str = MAIN, leaving: Set[int] = frozenset()
) -> Decimal:
    """Contracts of a two-sided position that no waiting closer is for, but those ``leaving``."""
    closers = venue.accounts[account].closers.get(key, {})
    waiting = (each.rest_contracts for each in closers.values() if each.ord_id not in leaving)
    return abs(venue.held(key, account)) - sum(waiting, ZERO)


def isolated_ratio(venue: Venue, position: Position, px_quote: Decimal) -> Decimal:
    """Margin and pnl of an isolated position over what danger needs, at that mark price."""
    needed = maintenance_margin_quote(venue, position, px_quote) + closing_fee_quote(
        venue, position, px_quote
    )
    return ratio(position.margin + upl_quote(venue, position, px_quote), needed)


def backing(venue: Venue, position: Position) -> Decimal:
    """The money that stands behind a position apart from its own pnl.

    Its margin if it is isolated; else the cash and the pnl of the other cross positions.
    """
    if position.key.mgn_mode == ISOLATED:
        return position.margin
    money = wealth(venue, position.account, position.ccy)
    own = upl_quote(venue, position, venue.marks[position.key.inst_id])
    return money.equity - money.isolated_equity - own


def liquidation_px(venue: Venue, position: Position) -> Decimal | None:
    """The mark price at which the position is in danger; None if no price does it."""
    if position.qty_contracts == 0:
        return None
    instrument = venue.instrument(position.key.inst_id)
    money = backing(venue, position)
    if position.key.mgn_mode != ISOLATED:
        all_of_it = wealth(venue, position.account, position.ccy)
        px = venue.marks[position.key.inst_id]
        money -= all_of_it.maintenance_margin - maintenance_margin_quote(venue, position, px)
        money -= all_of_it.closing_fee - closing_fee_quote(venue, position, px)
    rate = instrument.tier(abs(position.qty_contracts)).maintenance_rate + instrument.taker_rate
    return _solved(venue, position, money, rate)


def bankruptcy_px(venue: Venue, position: Position) -> Decimal | None:
    """The price at which closing the position leaves nothing; None if no price does it."""
    rate = venue.instrument(position.key.inst_id).taker_rate
    return _solved(venue, position, backing(venue, position), rate)


def _solved(venue: Venue, position: Position, money: Decimal, rate: Decimal) -> Decimal | None:
    instrument = venue.instrument(position.key.inst_id)
    face = abs(position.qty_contracts) * instrument.ct_val_base
    sign = 1 if position.qty_contracts > 0 else -1
    avg = position.avg_px_quote
    if instrument.is_inverse:
        below = ratio(money, face) + sign * ratio(ONE, avg)
        px = ratio(rate + sign, below) if below else ZERO
    else:
        px = ratio(sign * face * avg - money, face * (sign - rate))
    return px if px > 0 else None
