"""What the venue does to a position by force: liquidation, deleveraging, delivery.

A forced order has no clOrdId and no tag, its category says what happened, and it fills whole at
once. Waiting orders of the position are canceled first (3 by risk, 6 by ADL, 7 by delivery).

1. By itself (``liquidate_all``), after mark prices moved or a funding was settled: an isolated
   position whose margin and pnl no longer exceed maintenance margin and closing fee; and, per
   settlement currency, cross positions while their equity does not exceed the sum of theirs,
   the one with the largest maintenance margin first. All waiting cross orders of the currency
   go before the first.
2. In the third tier or above, only as much is closed as leads two tiers down
   (partial_liquidation); otherwise everything (full_liquidation).
3. It closes at the mark price, but never beyond the bankruptcy price: what is lost beyond that
   is not the account's. The penalty is half the maintenance margin of what was closed, or
   what is left if that is less; with all of it, no other cross position could ever survive.
4. On request (``liquidate``) everything is closed at the mark price, without a penalty.
5. Deleveraging (``adl``) closes on request, at the mark price and without a fee.
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from fakeokx.engine import checks, fills, price_matching
from fakeokx.engine.account import (
    backing,
    bankruptcy_px,
    closing_fee_quote,
    isolated_ratio,
    maintenance_margin_quote,
    wealth,
)
from fakeokx.engine.accounts import Account
from fakeokx.engine.commands import Adl, Liquidate
from fakeokx.engine.decimals import ONE, ZERO, is_multiple, ratio
from fakeokx.engine.events import Answered
from fakeokx.engine.lifecycle import OrdState
from fakeokx.engine.model import (
    BUY,
    CROSS,
    ISOLATED,
    NET,
    SELL,
    Order,
    Position,
    PositionKey,
)
from fakeokx.engine.positions import ADL, FULL_LIQUIDATION, PARTIAL_LIQUIDATION
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

CANCELED_BY_RISK: Final = "3"
CANCELED_BY_ADL: Final = "6"
CANCELED_BY_DELIVERY: Final = "7"
_TIERS_DOWN: Final = 2
PENALTY_SHARE: Final = Decimal("0.5")  # of the maintenance margin


def liquidate(venue: Venue, command: Liquidate) -> None:
    """Take a position over and close it at the mark price; 51023 when flat."""
    position = _named(venue, command.account, command.inst_id, command.pos_side, command.mgn_mode)
    _cancel_waiting(venue, position, CANCELED_BY_RISK)
    order = close(venue, position, abs(position.qty_contracts), FULL_LIQUIDATION)
    venue.events.append(Answered(id=str(order.ord_id), cl_ord_id="", tag=""))


def adl(venue: Venue, command: Adl) -> None:
    """Deleverage so much of a position, or all of it; 51023 when flat, 51112 beyond it."""
    position = _named(venue, command.account, command.inst_id, command.pos_side, command.mgn_mode)
    held = abs(position.qty_contracts)
    qty = checks.number("sz", command.sz) if command.sz else held
    if not is_multiple(qty, venue.instrument(command.inst_id).lot_sz):
        raise Refusal("51121")
    if qty > held:
        raise Refusal("51112")
    _cancel_waiting(venue, position, CANCELED_BY_ADL)
    order = close(venue, position, qty, ADL)
    venue.events.append(Answered(id=str(order.ord_id), cl_ord_id="", tag=""))


def _named(venue: Venue, account: str, inst_id: str, pos_text: str, mode_text: str) -> Position:
    holder = venue.account(account)
    if checks.listed(venue, inst_id).is_spot:
        raise Refusal("51010")
    pos_side = checks.pos_side(holder, pos_text)
    mgn_mode = checks.one_of("mgnMode", mode_text or CROSS, (CROSS, ISOLATED))
    position = venue.position(PositionKey(inst_id, mgn_mode, pos_side), account)
    if position.qty_contracts == 0:
        raise Refusal("51023")
    return position


def _cancel_waiting(venue: Venue, position: Position, cancel_source: str) -> None:
    holder = venue.accounts[position.account]
    if not holder.open_by_key.get(position.key):
        return
    for order in list(holder.open_orders.values()):
        if order.position_key == position.key:
            price_matching.cancel(venue, order, cancel_source)


def close(
    venue: Venue,
    position: Position,
    qty: Decimal,
    category: str,
    px: Decimal | None = None,
    penalty: Decimal = ZERO,
) -> Order:
    """Close so much of the position by force, at the mark price unless told otherwise."""
    order = Order(
        ord_id=venue.next_id(),
        inst_id=position.key.inst_id,
        td_mode=position.key.mgn_mode,
        side=SELL if position.qty_contracts > 0 else BUY,
        pos_side=position.key.pos_side,
        ord_type="market",
        qty_contracts=qty,
        px_quote=None,
        reduce_only=position.key.pos_side == NET,
        cl_ord_id="",
        tag="",
        lever=venue.lever(position.key, position.account),
        state=OrdState.LIVE,
        c_time_ms=venue.now_ms,
        u_time_ms=venue.now_ms,
        category=category,
        account=position.account,
        fee_ccy=position.ccy,
    )
    venue.put_order(order)
    at = venue.marks[order.inst_id] if px is None else px
    trade_id = venue.next_trade_id(order.inst_id)
    return fills.fill(venue, order, qty, at, fills.NO_EXEC, trade_id, penalty)


def liquidate_all(venue: Venue) -> None:
    """Liquidate whoever is in danger, account by account."""
    venue.mark_moved = False
    for name in sorted(venue.accounts):
        holder = venue.accounts[name]
        for key in sorted(holder.open_positions):
            _watch_isolated(venue, holder, key)
        for ccy in sorted({each.ccy for each in holder.open_positions.values()}):
            _watch_cross(venue, holder, ccy)


def _watch_isolated(venue: Venue, holder: Account, key: PositionKey) -> None:
    if key.mgn_mode != ISOLATED:
        return
    mark = venue.marks[key.inst_id]
    while (held := holder.open_positions.get(key)) and isolated_ratio(venue, held, mark) <= ONE:
        _cancel_waiting(venue, held, CANCELED_BY_RISK)
        _take_over(venue, held)


def _watch_cross(venue: Venue, holder: Account, ccy: str) -> None:
    if not wealth(venue, holder.name, ccy).is_in_danger:
        return
    for order in list(holder.open_orders.values()):
        if order.td_mode == CROSS and venue.instrument(order.inst_id).settle_ccy == ccy:
            price_matching.cancel(venue, order, CANCELED_BY_RISK)
    while wealth(venue, holder.name, ccy).is_in_danger:
        _take_over(venue, max(_cross(holder, ccy), key=lambda each: _weight(venue, each)))


def _cross(holder: Account, ccy: str) -> Iterator[Position]:
    for key in sorted(holder.open_positions):
        position = holder.open_positions[key]
        if key.mgn_mode == CROSS and position.ccy == ccy:
            yield position


def _weight(venue: Venue, position: Position) -> Decimal:
    return maintenance_margin_quote(venue, position, venue.marks[position.key.inst_id])


def _take_over(venue: Venue, position: Position) -> None:
    instrument = venue.instrument(position.key.inst_id)
    held = abs(position.qty_contracts)
    tier = instrument.tier(held)
    qty, category = held, FULL_LIQUIDATION
    if tier.number > _TIERS_DOWN:
        qty = held - instrument.tiers[tier.number - _TIERS_DOWN - 1].contracts_max
        category = PARTIAL_LIQUIDATION
    px = _execution_px(venue, position)
    penalty = _penalty(venue, position, qty, px)
    close(venue, position, qty, category, px, penalty)


def _execution_px(venue: Venue, position: Position) -> Decimal:
    """The mark price, or the bankruptcy price on the tick grid if the mark lies beyond it."""
    mark = venue.marks[position.key.inst_id]
    limit = bankruptcy_px(venue, position)
    if limit is None:
        return mark
    tick = venue.instrument(position.key.inst_id).tick_sz
    is_long = position.qty_contracts > 0
    # Rounded in the account's favour, so that closing there leaves nothing below zero.
    steps = ratio(limit, tick).to_integral_value(ROUND_CEILING if is_long else ROUND_FLOOR)
    return max(mark, steps * tick) if is_long else min(mark, max(steps, ONE) * tick)


def _penalty(venue: Venue, position: Position, qty: Decimal, px: Decimal) -> Decimal:
    instrument = venue.instrument(position.key.inst_id)
    held = abs(position.qty_contracts)
    pnl = instrument.pnl(position.qty_contracts, position.avg_px_quote, px)
    left = backing(venue, position) + pnl - closing_fee_quote(venue, position, px)
    wanted = instrument.value(qty, px) * instrument.tier(held).maintenance_rate * PENALTY_SHARE
    return -max(ZERO, min(wanted, left))
