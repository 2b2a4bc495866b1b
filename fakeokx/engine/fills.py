"""An execution becomes a fill, its bills, a new state of its order and of its position.

The caller has decided how much, at which price, and under which tradeId; nothing is decided
here. Fees are charged in the settlement currency of a contract and in the currency received on
SPOT. A liquidation pays the taker's fee, ADL and delivery pay none; the first two carry a
negative tradeId and none of the three an execType. The penalty of a liquidation is part of the
fill's, the order's and the bill's pnl, and kept apart on the position.

A contract's execution has one bill, a spot one has two: first the currency received, with the
fee, then the currency given.
"""

from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fakeokx.engine import attached, positions
from fakeokx.engine.decimals import ZERO
from fakeokx.engine.events import Billed, Filled
from fakeokx.engine.evolve import evolve
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.lifecycle import (
    AlgoEvent,
    OrdEvent,
    OrdState,
    next_algo_state,
    next_order_state,
)
from fakeokx.engine.model import BUY, LONG, NET, Bill, Fill, Order, Position, sign_of
from fakeokx.engine.positions import ADL, DELIVERY, FORCED, FULL_LIQUIDATION, PARTIAL_LIQUIDATION
from fakeokx.engine.venue import Venue

TAKER: Final = "T"
MAKER: Final = "M"
NO_EXEC: Final = ""
BILL_TRADE: Final = "2"
_BILL_TYPES: Final = MappingProxyType(
    {DELIVERY: "3", FULL_LIQUIDATION: "5", PARTIAL_LIQUIDATION: "5", ADL: "9"}
)
# subTypes of what the venue does: (of a long, of a short, net buy, net sell).
_FORCED_SUB_TYPES: Final = MappingProxyType(
    {
        PARTIAL_LIQUIDATION: ("100", "101", "102", "103"),
        FULL_LIQUIDATION: ("104", "105", "106", "107"),
        DELIVERY: ("112", "113", "113", "112"),
        ADL: ("125", "126", "127", "128"),
    }
)
_FREE: Final = (ADL, DELIVERY)


def fill(
    venue: Venue,
    order: Order,
    qty: Decimal,
    px: Decimal,
    exec_type: str,
    trade_id: int,
    penalty: Decimal = ZERO,
) -> Order:
    """Execute so much of the order at that price; the order as it is afterwards."""
    instrument = venue.instrument(order.inst_id)
    if instrument.is_spot:
        return _fill_spot(venue, instrument, order, qty, px, exec_type, trade_id)
    is_forced = order.category in FORCED
    rate = _rate(instrument, order, exec_type)
    before = venue.position(order.position_key, order.account)
    execution = positions.Execution(
        instrument=instrument,
        qty_contracts=qty * sign_of(order.side),
        px_quote=px,
        fee=-rate * instrument.value(qty, px),
        lever=order.lever,
        trade_id="" if is_forced else str(trade_id),
        now_ms=venue.now_ms,
        category=order.category,
        penalty=penalty,
        mark_px_quote=venue.marks[order.inst_id] if is_forced else None,
    )
    effect = positions.apply(before, execution)
    made = _made(
        venue,
        order,
        (qty, px),
        exec_type,
        -trade_id if is_forced else trade_id,
        (execution.fee, instrument.settle_ccy, -rate),
        effect.pnl + penalty,
        _sub_type(venue, order, before.qty_contracts),
    )
    after = _after_fill(order, made)
    venue.put_order(after, fill=made)
    venue.put_fill(made)
    bill = _contract_line(venue, made, effect)
    venue.put_bill(bill, Filled(made, bill))
    if effect.ended is not None:
        venue.end_life(effect.ended)
    venue.put_position(effect.after)
    if after.state == OrdState.FILLED and after.attached:
        attached.spawn(venue, after)
    if effect.after.qty_contracts == 0:
        _drop_linked(venue, effect.after)
    return after


def _drop_linked(venue: Venue, flat: Position) -> None:
    """Cancel the algo orders that were to go with the position (cxlOnClosePos)."""
    for algo in list(venue.accounts[flat.account].linked_algos.values()):
        if (algo.inst_id, algo.td_mode, algo.pos_side) == tuple(flat.key):
            state = next_algo_state(algo.state, AlgoEvent.CANCEL)
            venue.put_algo(evolve(algo, state=state, u_time_ms=venue.now_ms))


def _rate(instrument: Instrument, order: Order, exec_type: str) -> Decimal:
    if order.category in _FREE:
        return ZERO
    return instrument.maker_rate if exec_type == MAKER else instrument.taker_rate


def _fill_spot(
    venue: Venue,
    instrument: Instrument,
    order: Order,
    qty: Decimal,
    px: Decimal,
    exec_type: str,
    trade_id: int,
) -> Order:
    buys = order.side == BUY
    rate = _rate(instrument, order, exec_type)
    received, given = (qty, qty * px) if buys else (qty * px, qty)
    got_ccy, gave_ccy = instrument.base_ccy, instrument.quote_ccy
    if not buys:
        got_ccy, gave_ccy = gave_ccy, got_ccy
    fee = (-rate * received, got_ccy, -rate)
    sub_type = "1" if buys else "2"
    made = _made(venue, order, (qty, px), exec_type, trade_id, fee, ZERO, sub_type)
    after = _after_fill(order, made)
    venue.put_order(after, fill=made)
    venue.put_fill(made)
    got = _line(venue, made, got_ccy, received + made.fee, made.bill_id)
    got = evolve(got, fee=made.fee)
    venue.put_bill(got, Filled(made, got))
    gave = _line(venue, made, gave_ccy, -given, venue.next_id())
    venue.put_bill(gave, Billed(gave))
    if after.state == OrdState.FILLED and after.attached:
        attached.spawn(venue, after)
    return after


def _made(
    venue: Venue,
    order: Order,
    size: tuple[Decimal, Decimal],
    exec_type: str,
    trade_id: int,
    fee: tuple[Decimal, str, Decimal],
    pnl: Decimal,
    sub_type: str,
) -> Fill:
    """The fill: ``size`` is contracts and price, ``fee`` the amount, its currency and rate."""
    return Fill(
        bill_id=venue.next_id(),
        ord_id=order.ord_id,
        inst_id=order.inst_id,
        mgn_mode=order.td_mode,
        side=order.side,
        pos_side=order.pos_side,
        qty_contracts=size[0],
        px_quote=size[1],
        mark_px_quote=venue.marks[order.inst_id],
        fee=fee[0],
        pnl=pnl,
        trade_id=trade_id,
        exec_type=exec_type,
        sub_type=sub_type,
        cl_ord_id=order.cl_ord_id,
        tag=order.tag,
        time_ms=venue.now_ms,
        account=order.account,
        fee_ccy=fee[1],
        fee_rate=fee[2],
        category=order.category,
    )


def _contract_line(venue: Venue, made: Fill, effect: positions.PositionEffect) -> Bill:
    """The one line of a contract's fill."""
    return Bill(
        bill_id=made.bill_id,
        type=_BILL_TYPES.get(made.category, BILL_TRADE),
        sub_type=made.sub_type,
        cash=venue.accounts[made.account].balance(made.fee_ccy) + effect.cash_change,
        cash_change=effect.cash_change,
        margin=effect.after.margin,
        margin_change=effect.margin_change,
        time_ms=made.time_ms,
        fill=made,
        account=made.account,
        ccy=made.fee_ccy,
        fee=made.fee,
        pnl=made.pnl,
        inst_id=made.inst_id,
        mgn_mode=made.mgn_mode,
        pos_side=made.pos_side,
        qty_contracts=made.qty_contracts,
        px_quote=made.px_quote,
    )


def _line(venue: Venue, made: Fill, ccy: str, cash_change: Decimal, bill_id: int) -> Bill:
    """One of the two lines of a spot fill."""
    return Bill(
        bill_id=bill_id,
        type=BILL_TRADE,
        sub_type=made.sub_type,
        cash=venue.accounts[made.account].balance(ccy) + cash_change,
        cash_change=cash_change,
        margin=ZERO,
        margin_change=ZERO,
        time_ms=made.time_ms,
        fill=made,
        account=made.account,
        ccy=ccy,
        inst_id=made.inst_id,
        mgn_mode=made.mgn_mode,
        pos_side=made.pos_side,
        qty_contracts=made.qty_contracts,
        px_quote=made.px_quote,
    )


def _after_fill(order: Order, made: Fill) -> Order:
    filled = order.filled_contracts + made.qty_contracts
    event = OrdEvent.FULL_FILL if filled == order.qty_contracts else OrdEvent.PART_FILL
    return evolve(
        order,
        state=next_order_state(order.state, event),
        filled_contracts=filled,
        filled_px_sum=order.filled_px_sum + made.qty_contracts * made.px_quote,
        fee=order.fee + made.fee,
        fee_ccy=made.fee_ccy,
        pnl=order.pnl + made.pnl,
        last_px_quote=made.px_quote,
        last_contracts=made.qty_contracts,
        last_time_ms=made.time_ms,
        last_trade_id="0" if made.trade_id < 0 else str(made.trade_id),
        u_time_ms=made.time_ms,
    )


def _sub_type(venue: Venue, order: Order, held: Decimal) -> str:
    buys = order.side == BUY
    forced = _FORCED_SUB_TYPES.get(order.category)
    if order.pos_side != NET:
        is_long = order.pos_side == LONG
        if forced is not None:
            return forced[0] if is_long else forced[1]
        if order.is_closing:
            return "5" if is_long else "6"
        return "3" if is_long else "4"
    if forced is not None:
        return forced[2] if buys else forced[3]
    if venue.switches["bill.net_subtype"] == "open_close":
        if held * sign_of(order.side) < 0:
            return "5" if held > 0 else "6"
        return "3" if buys else "4"
    return "1" if buys else "2"
