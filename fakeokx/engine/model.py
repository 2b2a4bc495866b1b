"""What the venue knows: orders, algo orders, positions, fills and bills, all immutable.

A change is a new value with the same id, so an event can carry the value as it was at that
instant. Quantities are contracts, prices and money are USDT, times are Unix milliseconds.
A position's quantity is signed in both position modes: a short is negative here and loses
its sign only when a long_short row is written.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from fakeokx.engine.decimals import ZERO, ratio
from fakeokx.engine.lifecycle import AlgoState, OrdState

NET_MODE: Final = "net_mode"
LONG_SHORT_MODE: Final = "long_short_mode"
CROSS: Final = "cross"
ISOLATED: Final = "isolated"
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
    """One order. ``last_*`` describe its newest fill and are None before the first."""

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
    fee_quote: Decimal = ZERO
    pnl_quote: Decimal = ZERO
    last_px_quote: Decimal | None = None
    last_contracts: Decimal = ZERO
    last_time_ms: int | None = None
    last_trade_id: str = ""

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
        if self.pos_side == NET:
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
    """One algo order. ``qty_contracts`` is None when it closes the whole position."""

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

    def leg(self, kind: str) -> Leg | None:
        """The leg of that kind (``sl``, ``tp`` or ``trigger``), if the order has it."""
        return next((leg for leg in self.legs if leg.kind == kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One position and the life it is in; a life runs from flat to flat.

    ``qty_contracts`` is signed. ``margin_quote`` is the isolated margin, zero in cross.
    ``close_kind`` is positions-history's type of the newest closing event, empty before one.
    """

    key: PositionKey
    pos_id: int
    life: int
    lever: Decimal
    c_time_ms: int
    u_time_ms: int
    qty_contracts: Decimal = ZERO
    avg_px_quote: Decimal = ZERO
    margin_quote: Decimal = ZERO
    pnl_quote: Decimal = ZERO
    fee_quote: Decimal = ZERO
    opened_contracts: Decimal = ZERO
    opened_px_sum: Decimal = ZERO
    closed_contracts: Decimal = ZERO
    closed_px_sum: Decimal = ZERO
    open_contracts_max: Decimal = ZERO
    was_long: bool = True
    trade_id: str = ""
    close_kind: str = ""
    close_mark_px_quote: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution. ``trade_id`` is negative on a liquidation, whose ``exec_type`` is empty."""

    bill_id: int
    ord_id: int
    inst_id: str
    mgn_mode: str
    side: str
    pos_side: str
    qty_contracts: Decimal
    px_quote: Decimal
    mark_px_quote: Decimal
    fee_quote: Decimal
    pnl_quote: Decimal
    trade_id: int
    exec_type: str
    sub_type: str
    cl_ord_id: str
    tag: str
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One line of the account: what changed, and the cash and margin after it."""

    bill_id: int
    type: str
    sub_type: str
    cash_quote: Decimal
    cash_change_quote: Decimal
    margin_quote: Decimal
    margin_change_quote: Decimal
    fill: Fill
    time_ms: int
