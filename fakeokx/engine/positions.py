"""What one execution does to one position. Arithmetic only; nothing is stored here.

Numbered rules, which the tests cite:

1. An execution in the position's direction adds to it. avgPx becomes the average over what
   was opened, weighted by contracts.
2. An execution against it reduces it, at pnl = base x (close - avg), negated for a short;
   avgPx stays.
3. What exceeds the position opens a new one on the other side: a new life, whose avgPx
   starts at the execution's price. The fee is split by contracts.
4. Isolated margin grows by notional / lever on opening and is released in proportion on
   closing; the last contract releases whatever is left. Cross margin is not moved.
5. cash change + margin change = pnl + fee + penalty, always. The penalty of a liquidation is
   negative and kept apart from the pnl.
"""

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fakeokx.engine.decimals import ZERO, ratio
from fakeokx.engine.evolve import evolve
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.model import ISOLATED, Position

CLOSED_PARTLY: Final = "1"
CLOSED_WHOLLY: Final = "2"
NORMAL: Final = "normal"
FULL_LIQUIDATION: Final = "full_liquidation"
PARTIAL_LIQUIDATION: Final = "partial_liquidation"
ADL: Final = "adl"
DELIVERY: Final = "delivery"
# positions-history's type by the order's category: (closed in part, closed wholly).
_CLOSE_KINDS: Final = MappingProxyType(
    {
        NORMAL: (CLOSED_PARTLY, CLOSED_WHOLLY),
        FULL_LIQUIDATION: ("3", "3"),
        PARTIAL_LIQUIDATION: ("4", "4"),
        ADL: ("5", "6"),
        DELIVERY: (CLOSED_PARTLY, CLOSED_WHOLLY),
    }
)
FORCED: Final = (FULL_LIQUIDATION, PARTIAL_LIQUIDATION, ADL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """So many contracts, signed, at a price and a fee (negative = charged).

    ``category`` is that of the order. ``trade_id`` is empty where the position's tradeId is left
    alone; ``mark_px_quote`` is what triggered a forced one.
    """

    instrument: Instrument
    qty_contracts: Decimal
    px_quote: Decimal
    fee: Decimal
    lever: Decimal
    trade_id: str
    now_ms: int
    category: str = NORMAL
    penalty: Decimal = ZERO
    mark_px_quote: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionEffect:
    """The position afterwards; ``ended`` is the life that a flip finished."""

    after: Position
    ended: Position | None
    pnl: Decimal
    cash_change: Decimal
    margin_change: Decimal


def apply(before: Position, execution: Execution) -> PositionEffect:
    """The execution's effect on the position, by the rules of the module header."""
    qty = execution.qty_contracts
    against = before.qty_contracts * qty < 0
    closing = min(abs(qty), abs(before.qty_contracts)) if against else ZERO
    opening = abs(qty) - closing
    fee_closing = execution.fee if opening == 0 else ZERO
    if closing and opening:
        fee_closing = ratio(execution.fee * closing, abs(qty))
    position, pnl = before, ZERO
    if closing:
        position, pnl = _reduce(position, closing, fee_closing, execution)
    ended = position if closing and opening else None
    if opening:
        position = _increase(position, opening, execution.fee - fee_closing, execution)
    margin_change = position.margin - before.margin
    return PositionEffect(
        after=position,
        ended=ended,
        pnl=pnl,
        cash_change=pnl + execution.fee + execution.penalty - margin_change,
        margin_change=margin_change,
    )


def _reduce(
    position: Position, closing: Decimal, fee: Decimal, execution: Execution
) -> tuple[Position, Decimal]:
    direction = 1 if position.qty_contracts > 0 else -1
    pnl = execution.instrument.pnl(direction * closing, position.avg_px_quote, execution.px_quote)
    held = abs(position.qty_contracts)
    released = position.margin
    if closing < held:
        released = ratio(position.margin * closing, held)
    partly, wholly = _CLOSE_KINDS[execution.category]
    after = evolve(
        position,
        qty_contracts=position.qty_contracts - direction * closing,
        margin=position.margin - released,
        pnl=position.pnl + pnl,
        fee=position.fee + fee,
        closed_contracts=position.closed_contracts + closing,
        closed_px_sum=position.closed_px_sum + closing * execution.px_quote,
        trade_id=execution.trade_id or position.trade_id,
        u_time_ms=execution.now_ms,
        close_kind=wholly if closing == held else partly,
        close_mark_px_quote=execution.mark_px_quote,
        liq_penalty=position.liq_penalty + execution.penalty,
    )
    return after, pnl


def _increase(position: Position, opening: Decimal, fee: Decimal, execution: Execution) -> Position:
    if position.qty_contracts == 0:
        position = _new_life(position, execution)
    direction = 1 if execution.qty_contracts > 0 else -1
    qty = position.qty_contracts + direction * opening
    instrument, held = execution.instrument, abs(position.qty_contracts)
    margin, entry_px = position.margin, position.entry_px_quote
    if entry_px is not None:
        entry_px = instrument.average(held, entry_px, opening, execution.px_quote)
    if position.key.mgn_mode == ISOLATED:
        margin += ratio(instrument.value(opening, execution.px_quote), execution.lever)
    return evolve(
        position,
        qty_contracts=qty,
        avg_px_quote=instrument.average(held, position.avg_px_quote, opening, execution.px_quote),
        entry_px_quote=entry_px,
        margin=margin,
        fee=position.fee + fee,
        opened_contracts=position.opened_contracts + opening,
        opened_px_sum=position.opened_px_sum + opening * execution.px_quote,
        open_contracts_max=max(position.open_contracts_max, abs(qty)),
        was_long=direction > 0,
        trade_id=execution.trade_id or position.trade_id,
        u_time_ms=execution.now_ms,
    )


def _new_life(position: Position, execution: Execution) -> Position:
    return Position(
        key=position.key,
        pos_id=position.pos_id,
        life=position.life + 1,
        lever=execution.lever,
        c_time_ms=execution.now_ms,
        u_time_ms=execution.now_ms,
        trade_id=position.trade_id,
        account=position.account,
        ccy=position.ccy,
    )


def funded(position: Position, amount: Decimal, now_ms: int) -> Position:
    """The position after a funding fee; an isolated one pays it from its margin."""
    is_isolated = position.key.mgn_mode == ISOLATED
    return evolve(
        position,
        funding_fee=position.funding_fee + amount,
        margin=position.margin + amount if is_isolated else position.margin,
        u_time_ms=now_ms,
    )
