"""What the venue knows: orders, algo orders, positions, fills, bills and market data, immutable.

A change is a new value with the same id, so an event can carry the value as it was at that
instant. Quantities are contracts, and a spot pair counts as contracts of one base coin each.
Prices are in the quote currency; a fee is in its ``fee_ccy``, a pnl, a margin and a funding
fee in the instrument's settlement currency, a bill in its ``ccy``. Times are Unix
milliseconds. A position's quantity is signed in both position modes: a short is negative here
and loses its sign only when a long_short row is written.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from fakeokx.engine.decimals import ONE, ZERO, ratio
from fakeokx.engine.exits import Attached as Attached
from fakeokx.engine.exits import Exit as Exit
from fakeokx.engine.lifecycle import AlgoState, OrdState
from fakeokx.engine.names import LONG_SHORT_MODE as LONG_SHORT_MODE
from fakeokx.engine.names import MAIN as MAIN
from fakeokx.engine.names import NET_MODE as NET_MODE

CROSS: Final = "cross"
ISOLATED: Final = "isolated"
CASH: Final = "cash"
BUY: Final = "buy"
SELL: Final = "sell"
NET: Final = "net"
LONG: Final = "long"
SHORT: Final = "short"


def sign_of(side: str) -> int:
    """+1 for a buy, -1 for a sell."""
    return 1 if side == BUY else -1


def opposite(side: str) -> str:
    """The other side."""
    return SELL if side == BUY else BUY


class PositionKey(NamedTuple):
    """What one position is: OKX nets within these three."""

    inst_id: str
    mgn_mode: str
    pos_side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order. ``last_*`` describe its newest fill and are None before the first.

    ``quote_sz`` is the size as asked for when that was in quote currency (tgtCcy quote_ccy);
    ``qty_contracts`` is then what it could buy at the prices it met. On SPOT ``pos_side`` is empty.
    """

    ord_id: int
    inst_id: str
    td_mode: str
    side: str
    pos_side: str
    ord_type: str
    qty_contracts: Decimal
    px_quote: Decimal | None
    reduce_only: bool
    cl_ord_id: str
    tag: str
    lever: Decimal
    state: OrdState
    c_time_ms: int
    u_time_ms: int
    category: str = "normal"
    source: str = ""
    cancel_source: str = ""
    algo_id: int | None = None
    algo_cl_ord_id: str = ""
    filled_contracts: Decimal = ZERO
    filled_px_sum: Decimal = ZERO
    fee: Decimal = ZERO
    pnl: Decimal = ZERO
    last_px_quote: Decimal | None = None
    last_contracts: Decimal = ZERO
    last_time_ms: int | None = None
    last_trade_id: str = ""
    account: str = MAIN
    fee_ccy: str = "USDT"
    tgt_ccy: str = ""
    quote_sz: Decimal | None = None
    stp_mode: str = "cancel_maker"
    attached: tuple[Attached, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a fill or a cancel can still happen."""
        return self.state in (OrdState.LIVE, OrdState.PARTIALLY_FILLED)

    @property
    def rest_contracts(self) -> Decimal:
        """Contracts not filled yet."""
        return self.qty_contracts - self.filled_contracts

    @property
    def avg_px_quote(self) -> Decimal | None:
        """Average fill price, or None before the first fill."""
        if self.filled_contracts == 0:
            return None
        return ratio(self.filled_px_sum, self.filled_contracts)

    @property
    def is_closing(self) -> bool:
        """Whether the order may only reduce: by flag in net mode, by nature in long_short."""
        if self.pos_side in (NET, ""):
            return self.reduce_only
        return (self.pos_side == LONG) == (self.side == SELL)

    @property
    def position_key(self) -> PositionKey:
        """The position that this order's fills move."""
        return PositionKey(self.inst_id, self.td_mode, self.pos_side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One trigger of an algo order: fires at or beyond the trigger price on its side."""

    kind: str
    trigger_px_quote: Decimal
    trigger_px_type: str
    ord_px_quote: Decimal | None
    fires_above: bool

    def is_met(self, px_quote: Decimal) -> bool:
        """Whether that price fires the leg."""
        if self.fires_above:
            return px_quote >= self.trigger_px_quote
        return px_quote <= self.trigger_px_quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Algo:
    """One algo order. ``qty_contracts`` is None when it closes the whole position.

    A trailing one (move_order_stop) has no legs. It is active once ``active_px_quote`` was
    reached; from then on ``extreme_px_quote`` is the best price seen, and
    ``move_trigger_px_quote`` the price at which it would fire now.
    ``linked_ord_id`` is the order that it was attached to.
    """

    algo_id: int
    inst_id: str
    td_mode: str
    side: str
    pos_side: str
    ord_type: str
    qty_contracts: Decimal | None
    reduce_only: bool
    legs: tuple[Leg, ...]
    algo_cl_ord_id: str
    cl_ord_id: str
    tag: str
    lever: Decimal
    last_px_quote: Decimal
    state: AlgoState
    c_time_ms: int
    u_time_ms: int
    fired_leg: str = ""
    child_ord_id: int | None = None
    actual_contracts: Decimal | None = None
    actual_px_quote: Decimal | None = None
    trigger_time_ms: int | None = None
    fail_code: str = ""
    account: str = MAIN
    tgt_ccy: str = ""
    cxl_on_close_pos: bool = False
    linked_ord_id: int | None = None
    callback_ratio: Decimal | None = None
    callback_spread: Decimal | None = None
    active_px_quote: Decimal | None = None
    is_active: bool = False
    extreme_px_quote: Decimal | None = None
    move_trigger_px_quote: Decimal | None = None
    attached: tuple[Attached, ...] = ()

    def leg(self, kind: str) -> Leg | None:
        """The leg of that kind (``sl``, ``tp`` or ``trigger``), if the order has it."""
        return next((leg for leg in self.legs if leg.kind == kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One position and the life it is in; a life runs from flat to flat.

    ``qty_contracts`` is signed. ``margin`` is the isolated margin, zero in cross.
    ``close_kind`` is positions-history's type of the newest closing event, empty before one.
    ``opened_px_sum`` is what ``Instrument.average`` needs, and so is ``closed_px_sum``.
    ``entry_px_quote`` is the average without settlements, if there was one; ``scale`` is how many
    of today's contracts were one when the life ended.
    """

    key: PositionKey
    pos_id: int
    life: int
    lever: Decimal
    c_time_ms: int
    u_time_ms: int
    qty_contracts: Decimal = ZERO
    avg_px_quote: Decimal = ZERO
    margin: Decimal = ZERO
    pnl: Decimal = ZERO
    fee: Decimal = ZERO
    opened_contracts: Decimal = ZERO
    opened_px_sum: Decimal = ZERO
    closed_contracts: Decimal = ZERO
    closed_px_sum: Decimal = ZERO
    open_contracts_max: Decimal = ZERO
    was_long: bool = True
    trade_id: str = ""
    close_kind: str = ""
    close_mark_px_quote: Decimal | None = None
    account: str = MAIN
    ccy: str = "USDT"
    funding_fee: Decimal = ZERO
    liq_penalty: Decimal = ZERO
    settled_pnl: Decimal = ZERO
    entry_px_quote: Decimal | None = None
    scale: Decimal = ONE

    @property
    def realized_pnl(self) -> Decimal:
        """What this life has earned so far, all costs included."""
        return self.pnl + self.fee + self.funding_fee + self.liq_penalty + self.settled_pnl


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution. A liquidation or ADL has a negative ``trade_id`` and no ``exec_type``.

    ``bill_id`` is its (first) bill's. On SPOT ``mgn_mode`` is cash and ``pos_side`` empty.
    """

    bill_id: int
    ord_id: int
    inst_id: str
    mgn_mode: str
    side: str
    pos_side: str
    qty_contracts: Decimal
    px_quote: Decimal
    mark_px_quote: Decimal
    fee: Decimal
    pnl: Decimal
    trade_id: int
    exec_type: str
    sub_type: str
    cl_ord_id: str
    tag: str
    time_ms: int
    account: str = MAIN
    fee_ccy: str = "USDT"
    fee_rate: Decimal = ZERO
    category: str = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One line of the account in one currency: what changed, and cash and margin after it.

    ``fill`` is the execution it belongs to, if one; instrument, price and quantity are the line's
    own. ``sender`` and ``receiver`` are the accounts of a transfer (6 funding, 18 trading), ``row``
    is how a foreign line is shown.
    """

    bill_id: int
    type: str
    sub_type: str
    cash: Decimal
    cash_change: Decimal
    margin: Decimal
    margin_change: Decimal
    time_ms: int
    fill: Fill | None = None
    account: str = MAIN
    ccy: str = "USDT"
    fee: Decimal = ZERO
    pnl: Decimal = ZERO
    inst_id: str = ""
    mgn_mode: str = ""
    pos_side: str = ""
    qty_contracts: Decimal = ZERO
    px_quote: Decimal | None = None
    sender: str = ""
    receiver: str = ""
    row: str = ""
