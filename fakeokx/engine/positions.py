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
5. cash change + margin change = pnl + fee, always.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from fakeokx.engine.decimals import ZERO, ratio
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.model import ISOLATED, Position

CLOSED_PARTLY: Final = "1"
CLOSED_WHOLLY: Final = "2"
CLOSED_BY_LIQUIDATION: Final = "3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """So many contracts, signed, at a price and a fee (negative = charged).

    ``trade_id`` is empty for a liquidation, which leaves the position's tradeId alone.
    """

    instrument: Instrument
    qty_contracts: Decimal
    px_quote: Decimal
    fee: Decimal
    lever: Decimal
    trade_id: str
    now_ms: int
    is_liquidation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The position afterwards; ``ended`` is the life that a flip finished."""

    after: Position
    ended: Position | None
    pnl: Decimal
    cash_change: Decimal
    margin_change: Decimal


def apply(before: Position, execution: Execution) -> Effect:
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
    return Effect(
        after=position,
        ended=ended,
        pnl=pnl,
        cash_change=pnl + execution.fee - margin_change,
        margin_change=margin_change,
    )


def _reduce(
    position: Position, closing: Decimal, fee: Decimal, execution: Execution
) -> tuple[Position, Decimal]:
    direction = 1 if position.qty_contracts > 0 else -1
    moved = execution.px_quote - position.avg_px_quote
    pnl = execution.instrument.notional_quote(direction * closing, moved)
    held = abs(position.qty_contracts)
    released = position.margin
    if closing < held:
        released = ratio(position.margin * closing, held)
    kind = CLOSED_WHOLLY if closing == held else CLOSED_PARTLY
    after = replace(
        position,
        qty_contracts=position.qty_contracts - direction * closing,
        margin=position.margin - released,
        pnl=position.pnl + pnl,
        fee=position.fee + fee,
        closed_contracts=position.closed_contracts + closing,
        closed_px_sum=position.closed_px_sum + closing * execution.px_quote,
        trade_id=execution.trade_id or position.trade_id,
        u_time_ms=execution.now_ms,
        close_kind=CLOSED_BY_LIQUIDATION if execution.is_liquidation else kind,
        close_mark_px_quote=execution.px_quote if execution.is_liquidation else None,
    )
    return after, pnl


def _increase(position: Position, opening: Decimal, fee: Decimal, execution: Execution) -> Position:
    if position.qty_contracts == 0:
        position = _new_life(position, execution)
    direction = 1 if execution.qty_contracts > 0 else -1
    qty = position.qty_contracts + direction * opening
    value = abs(position.qty_contracts) * position.avg_px_quote + opening * execution.px_quote
    margin = position.margin
    if position.key.mgn_mode == ISOLATED:
        notional = execution.instrument.notional_quote(opening, execution.px_quote)
        margin += ratio(notional, execution.lever)
    return replace(
        position,
        qty_contracts=qty,
        avg_px_quote=ratio(value, abs(qty)),
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
    )
