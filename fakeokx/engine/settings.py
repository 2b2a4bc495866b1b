"""Account settings and what the control API may do to the venue.

A liquidation here is one blow: waiting orders of the position are canceled (3), then the
whole position is closed at the mark price by an order of category full_liquidation that has
no clOrdId and no tag. Its fill has a negative tradeId and no execType; the position's own
tradeId does not move.
"""

from decimal import Decimal
from typing import Final

from fakeokx.engine import algos, checks, matching, switches
from fakeokx.engine.commands import (
    AdvanceClock,
    Liquidate,
    MovePrice,
    SetLeverage,
    SetPartial,
    SetPositionMode,
    SetSwitch,
)
from fakeokx.engine.decimals import ONE, is_multiple, parse
from fakeokx.engine.events import Answered
from fakeokx.engine.lifecycle import OrdState
from fakeokx.engine.model import (
    BUY,
    CROSS,
    ISOLATED,
    LONG,
    LONG_SHORT_MODE,
    NET,
    NET_MODE,
    SELL,
    SHORT,
    Order,
    PositionKey,
)
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

_CANCELED_BY_RISK: Final = "3"
ADVANCE_MS_MAX: Final = 1000 * 86_400 * 366


def set_leverage(venue: Venue, command: SetLeverage) -> None:
    """Set the leverage; 59000 while orders wait or isolated margin is bound by it."""
    instrument = checks.tradable(command.inst_id, command.mgn_mode, "mgnMode")
    lever = parse(command.lever)
    if lever is None or lever < ONE:
        raise Refusal("51000", "lever")
    if lever > instrument.lever_max:
        raise Refusal("59102")
    keys = leverage_keys(venue, command)
    if all(venue.lever(key) == lever for key in keys):
        return
    if any(order.position_key in keys for order in venue.open_orders.values()):
        raise Refusal("59000")
    if any(key.mgn_mode == ISOLATED and venue.position(key).qty_contracts for key in keys):
        raise Refusal("59000")
    for key in keys:
        venue.put_lever(key, lever)


def leverage_keys(venue: Venue, command: SetLeverage) -> list[PositionKey]:
    """The positions that a set-leverage speaks of: one side only if isolated and two-sided."""
    if venue.pos_mode == NET_MODE:
        checks.one_of("posSide", command.pos_side, ("", NET))
        sides: tuple[str, ...] = (NET,)
    elif command.mgn_mode == ISOLATED:
        sides = (checks.one_of("posSide", command.pos_side, (LONG, SHORT)),)
    else:
        sides = (LONG, SHORT)
    return [PositionKey(command.inst_id, command.mgn_mode, side) for side in sides]


def set_position_mode(venue: Venue, command: SetPositionMode) -> None:
    """Choose the position mode; 59000 while anything is open."""
    mode = checks.one_of("posMode", command.pos_mode, (NET_MODE, LONG_SHORT_MODE))
    if mode == venue.pos_mode:
        return
    held = any(each.qty_contracts for each in venue.positions.values())
    if held or venue.open_orders or venue.open_algos:
        raise Refusal("59000")
    venue.put_pos_mode(mode)


def move_price(venue: Venue, command: MovePrice) -> None:
    """Move the price: first waiting orders are filled, then algo orders fire."""
    instrument = checks.listed(command.inst_id)
    venue.put_price(command.inst_id, checks.price("px", command.px, instrument))
    matching.sweep(venue, command.inst_id)
    algos.fire_all(venue, command.inst_id)


def set_partial(venue: Venue, command: SetPartial) -> None:
    """Let the next execution stop early; zero keeps the whole order waiting."""
    instrument = checks.listed(command.inst_id)
    qty = parse(command.sz)
    if qty is None or not is_multiple(qty, instrument.lot_sz):
        raise Refusal("51000", "sz")
    venue.put_partial(command.inst_id, qty)


def advance_clock(venue: Venue, command: AdvanceClock) -> None:
    """Run the clock ahead; time never goes back."""
    text = command.advance_ms
    if not (text.isascii() and text.isdigit()) or not 0 <= int(text[:20]) <= ADVANCE_MS_MAX:
        raise Refusal("51000", "advance_ms")
    venue.advance_clock(int(text))


def set_switch(venue: Venue, command: SetSwitch) -> None:
    """Behave from now on as the switch says; 51000 for a name or value that does not exist."""
    switches.check(command.name, command.value)
    if venue.switches[command.name] != command.value:
        venue.put_switch(command.name, command.value)


def liquidate(venue: Venue, command: Liquidate) -> None:
    """Take a position over and close it at the mark price; 51023 when flat."""
    checks.listed(command.inst_id)
    pos_side = checks.pos_side(venue, command.pos_side)
    mgn_mode = checks.one_of("mgnMode", command.mgn_mode or CROSS, (CROSS, ISOLATED))
    key = PositionKey(command.inst_id, mgn_mode, pos_side)
    held = venue.position(key).qty_contracts
    if held == 0:
        raise Refusal("51023")
    for waiting in [each for each in venue.open_orders.values() if each.position_key == key]:
        matching.cancel(venue, waiting, _CANCELED_BY_RISK)
    _take_over(venue, key, held)


def _take_over(venue: Venue, key: PositionKey, held: Decimal) -> None:
    px = venue.prices[key.inst_id]
    qty = abs(held)
    order = Order(
        ord_id=venue.next_id(),
        inst_id=key.inst_id,
        td_mode=key.mgn_mode,
        side=SELL if held > 0 else BUY,
        pos_side=key.pos_side,
        ord_type="market",
        qty_contracts=qty,
        px_quote=None,
        reduce_only=key.pos_side == NET,
        cl_ord_id="",
        tag="",
        lever=venue.lever(key),
        state=OrdState.LIVE,
        c_time_ms=venue.now_ms,
        u_time_ms=venue.now_ms,
        category="full_liquidation",
    )
    venue.events.append(Answered(id=str(order.ord_id), cl_ord_id="", tag=""))
    venue.put_order(order)
    matching.take_over(venue, order, px)
