"""Booking one execution into an agent, its private ledger and its public account, all at once.

Rules (those of OKX, linear contracts)
- The entry price averages over increases only, does not move on a reduction, and starts anew where
  one execution carries a net position through zero.
- Realised PnL of a long is base × (close − open), of a short the reverse. The fee is negative when
  it is a charge. Capital moves by PnL plus fee.
- Under posSide long and short a reduction below zero is an error, not a short position.
- Both ledgers move by the same arithmetic and end with the same ``version``.

Nothing is changed in place: ``book_execution`` returns new models and the record for the streams.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from prometheus_persist.errors import BadValue
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.models import (
    Agent,
    MgnMode,
    Position,
    PositionKey,
    PosSide,
    PrivateLedger,
    PublicAccount,
    Side,
    Unattributed,
)
from prometheus_persist.state.money import ZERO, Contracts, add, div, mul, sub, to_base

Ledger = TypeVar("Ledger", PrivateLedger, PublicAccount)


_RECORD: Final = (
    "total_pnl",
    "win_rate",
    "trade_count",
    "close_count",
    "win_count",
    "consecutive_wins",
    "consecutive_losses",
)


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill, ready to be booked. ``source`` says who brought it: ``live`` or ``reconcile``.

    ``category`` is what moved it: ``normal``, ``stop`` (an algo order's child), ``manual``,
    ``liquidation`` or ``adl``. Times are the exchange's Unix ms, prices in quote currency.
    """

    inst_id: str
    mgn_mode: MgnMode
    pos_side: PosSide
    side: Side
    qty_contracts: Contracts
    px: Decimal
    fee: Decimal
    trade_id: str
    ord_id: str
    cl_ord_id: str
    ts_ms: int
    ct_val: Decimal
    ct_mult: Decimal
    category: str = "normal"
    source: str = "live"

    @property
    def key(self) -> PositionKey:
        """The position it changes."""
        return PositionKey(self.inst_id, self.mgn_mode, self.pos_side)

    @property
    def fill_id(self) -> str:
        """Its identity at the exchange: tradeId is unique per instrument."""
        return f"{self.inst_id}:{self.trade_id}"

    @property
    def signed(self) -> Contracts:
        """What it adds to the position under ``key`` (closing sides subtract)."""
        adds = self.side == ("sell" if self.pos_side == "short" else "buy")
        return self.qty_contracts if adds else -self.qty_contracts


@dataclass(frozen=True, slots=True)
class Booked:
    """What one booking yields: three new models and the record for both streams."""

    agent: Agent
    private: PrivateLedger
    account: PublicAccount
    record: JsonObject


def record_of(source: Agent | PublicAccount) -> dict[str, object]:
    """What an agent's document and its public account both keep of its trades, by field."""
    return {field: getattr(source, field) for field in _RECORD}


def book_execution(
    agent: Agent, private: PrivateLedger, account: PublicAccount, execution: Execution
) -> Booked:
    """Book into all three; raises BadValue where the execution cannot belong to this position."""
    positions, pnl = applied(private.positions, execution)
    public_positions, public_pnl = applied(account.positions, execution)
    change = add(pnl, execution.fee)
    version = max(private.version, account.version) + 1
    record = execution_record(execution, pnl, agent_id=agent.agent_id, version=version)
    closing = pnl != ZERO
    new_private = private.model_copy(
        update={
            "version": version,
            "capital": add(private.capital, change),
            "positions": positions,
            "updated_ms": execution.ts_ms,
        }
    )
    wins = account.win_count + (pnl > ZERO)
    closes = account.close_count + closing
    tally = {
        "total_pnl": add(account.total_pnl, public_pnl, execution.fee),
        "trade_count": account.trade_count + 1,
        "close_count": closes,
        "win_count": wins,
        "win_rate": wins / closes if closes else 0.0,
        "consecutive_wins": account.consecutive_wins + 1
        if pnl > ZERO
        else account.consecutive_wins
        if not closing
        else 0,
        "consecutive_losses": account.consecutive_losses + 1
        if pnl < ZERO
        else account.consecutive_losses
        if not closing
        else 0,
    }
    new_account = account.model_copy(
        update={
            **tally,
            "version": version,
            "capital": add(account.capital, public_pnl, execution.fee),
            "positions": public_positions,
            "updated_ms": execution.ts_ms,
        }
    )
    new_agent = agent.model_copy(
        update={
            **tally,
            "current_capital": new_private.capital,
            "max_consecutive_losses": max(
                agent.max_consecutive_losses, new_account.consecutive_losses
            ),
        }
    )
    return Booked(new_agent, new_private, new_account, record)


def book_cash(
    agent: Agent, private: PrivateLedger, account: PublicAccount, amount: Decimal, ts_ms: int
) -> tuple[Agent, PrivateLedger, PublicAccount]:
    """Money that moved without an execution (funding, a penalty): into all three, as one booking.

    It is no trade: neither wins nor counts move, PnL does.
    """
    version = max(private.version, account.version) + 1
    moved = {"version": version, "updated_ms": max(private.updated_ms, account.updated_ms, ts_ms)}
    new_private = private.model_copy(update=moved | {"capital": add(private.capital, amount)})
    total = add(account.total_pnl, amount)
    new_account = account.model_copy(
        update=moved | {"capital": add(account.capital, amount), "total_pnl": total}
    )
    money = {"current_capital": new_private.capital, "total_pnl": total}
    return agent.model_copy(update=money), new_private, new_account


def book_unattributed(book: Unattributed, execution: Execution) -> tuple[Unattributed, Decimal]:
    """The same position arithmetic for what no agent owns, and the PnL that is nobody's."""
    positions, pnl = applied(book.positions, execution)
    return book.model_copy(update={"positions": positions}), pnl


def applied(positions: list[Position], execution: Execution) -> tuple[list[Position], Decimal]:
    """The positions after the execution, in key order, and its realised PnL without the fee."""
    held = {position.key: position for position in positions}
    before = held.pop(execution.key, None)
    after, pnl = _moved(before, execution)
    if after is not None:
        held[execution.key] = after
    return [held[key] for key in sorted(held)], pnl


def _moved(before: Position | None, execution: Execution) -> tuple[Position | None, Decimal]:
    delta = execution.signed
    if before is None:
        if execution.pos_side != "net" and delta.sign < 0:
            raise BadValue(f"{execution.fill_id} closes {execution.key}, which is not open")
        return _opened(execution, delta), ZERO
    after = before.qty_contracts + delta
    if execution.pos_side != "net" and after.sign < 0:
        raise BadValue(f"{execution.fill_id} closes more of {execution.key} than is open")
    if before.qty_contracts.sign == delta.sign:
        return _increased(before, execution, after), ZERO
    closed = min(abs(before.qty_contracts), abs(delta))
    pnl = _realised(before, execution, closed)
    if not after:
        return None, pnl
    if after.sign == before.qty_contracts.sign:
        return before.model_copy(
            update={"qty_contracts": after, "updated_ms": execution.ts_ms}
        ), pnl
    return _opened(execution, after), pnl


def _opened(execution: Execution, quantity: Contracts) -> Position:
    return Position(
        inst_id=execution.inst_id,
        mgn_mode=execution.mgn_mode,
        pos_side=execution.pos_side,
        qty_contracts=quantity,
        entry_px=execution.px,
        opened_ms=execution.ts_ms,
        updated_ms=execution.ts_ms,
    )


def _increased(before: Position, execution: Execution, after: Contracts) -> Position:
    cost = add(
        mul(abs(before.qty_contracts).value, before.entry_px),
        mul(execution.qty_contracts.value, execution.px),
    )
    return before.model_copy(
        update={
            "qty_contracts": after,
            "entry_px": div(cost, abs(after).value),
            "updated_ms": execution.ts_ms,
        }
    )


def _realised(before: Position, execution: Execution, closed: Contracts) -> Decimal:
    long = before.pos_side == "long" or (before.pos_side == "net" and before.qty_contracts.sign > 0)
    move = sub(execution.px, before.entry_px) if long else sub(before.entry_px, execution.px)
    return mul(to_base(closed, execution.ct_val, execution.ct_mult).value, move)


def execution_record(execution: Execution, pnl: Decimal, **more: str | int) -> JsonObject:
    """An execution as the streams keep it: exact numbers as text; ``more`` says whose, or when."""
    return {
        **more,
        "fill_id": execution.fill_id,
        "inst_id": execution.inst_id,
        "mgn_mode": execution.mgn_mode,
        "pos_side": execution.pos_side,
        "side": execution.side,
        "qty_contracts": str(execution.qty_contracts.value),
        "px": str(execution.px),
        "fee": str(execution.fee),
        "pnl": str(pnl),
        "ord_id": execution.ord_id,
        "cl_ord_id": execution.cl_ord_id,
        "ts_ms": execution.ts_ms,
        "category": execution.category,
        "source": execution.source,
        "ct_val": str(execution.ct_val),
        "ct_mult": str(execution.ct_mult),
    }
