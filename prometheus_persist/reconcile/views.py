"""The three books as plain values: what is compared, whole and frozen.

``Books`` is what the store holds. ``VenueView`` is what the exchange was seen to hold, with the
completeness of every source it was read from. Contracts are signed under posSide ``net`` and
non-negative under ``long``/``short``; times are the exchange's Unix ms; prices are Decimal.

Money is in the currency it is named with (``ccy``); a charge is negative.

A source that failed, was capped, or does not reach back far enough is not ``complete``; what
depends on it is UNKNOWN. An empty row list of an incomplete source says nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal

from prometheus_persist.reconcile.host_seen import HostBooks as HostBooks
from prometheus_persist.reconcile.host_seen import HostRow as HostRow
from prometheus_persist.reconcile.host_seen import TellHost as TellHost
from prometheus_persist.state import (
    Contracts,
    OrderIntent,
    PositionKey,
    SystemState,
)
from prometheus_persist.state.money import ZERO, add, sub

POSITIONS = "positions"
FILLS = "fills"
ORDERS_OPEN = "orders_open"
ORDERS_HISTORY = "orders_history"
ALGO_ORDERS = "algo_orders"
INTENT_LOOKUPS = "intent_lookups"
INSTRUMENTS = "instruments"
CONFIG = "config"
BILLS = "bills"
POSITIONS_HISTORY = "positions_history"
BALANCE = "balance"
SOURCES = (
    CONFIG,
    INSTRUMENTS,
    POSITIONS,
    FILLS,
    ORDERS_OPEN,
    ORDERS_HISTORY,
    ALGO_ORDERS,
    INTENT_LOOKUPS,
    POSITIONS_HISTORY,
    BILLS,
    BALANCE,
)


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How far one source can be believed.

    ``window_from_ms`` is what was asked for, ``kept_from_ms`` what the exchange keeps (0: all).
    ``problem`` is empty when ``complete``. ``cut``: not complete for one reason only, the window
    starts before what the exchange keeps; what it keeps was read whole.
    """

    name: str
    complete: bool
    read_ms: int
    rows: int = 0
    window_from_ms: int = 0
    kept_from_ms: int = 0
    problem: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Instrument:
    """What one contract is (OKX: public/instruments).

    ``listed`` False: the exchange tells it no more (delivered, delisted); its size is that of the
    executions in the books, lot and tick are unknown (zero).
    """

    inst_id: str
    ct_val: Decimal
    ct_mult: Decimal
    lot_sz: Decimal
    tick_sz: Decimal
    settle_ccy: str
    listed: bool = True


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """One open position row. It carries no owner.

    ``liq_penalty`` is what liquidations have cost it so far in this life, zero or negative;
    ``opened_ms`` is when this life began.
    """

    key: PositionKey
    qty_contracts: Contracts
    avg_px: Decimal
    updated_ms: int
    pos_id: str = ""
    opened_ms: int = 0
    liq_penalty: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class UnmanagedPosition:
    """A position of a product that the books do not keep, as OKX's text: an option, a margin pair,
    an inverse contract, one settled in another currency or not listed any more.

    ``why`` is a message id. Several may share one instId: their ``ccy`` tells them apart.
    """

    inst_id: str
    inst_type: str
    mgn_mode: str
    pos_side: str
    ccy: str
    quantity: str
    avg_px: str
    pos_id: str
    why: str


@dataclass(frozen=True, slots=True)
class VenueFill:
    """One execution (OKX: trade/fills). ``fee`` is negative when it is a charge."""

    inst_id: str
    trade_id: str
    ord_id: str
    cl_ord_id: str
    tag: str
    side: str
    pos_side: str
    qty_contracts: Contracts
    px: Decimal
    fee: Decimal
    ts_ms: int
    bill_id: str
    sub_type: str = ""

    @property
    def fill_id(self) -> str:
        """Its identity: tradeId is unique per instrument."""
        return f"{self.inst_id}:{self.trade_id}"


@dataclass(frozen=True, slots=True)
class VenueBill:
    """One line of the account's money (OKX: account/bills). Types: trade 2, liquidation 5, funding
    8, ADL 9; ``trade_id`` ties the first two and the last to a fill, whose ``bill_id`` it shares.

    ``bal_chg`` moves the account's cash, ``pos_bal_chg`` the margin inside an isolated position.
    ``qty_contracts`` is never negative; None where a bill has none.
    """

    bill_id: str
    type: str
    sub_type: str
    inst_type: str
    inst_id: str
    mgn_mode: str
    ccy: str
    bal_chg: Decimal
    pos_bal_chg: Decimal
    pnl: Decimal
    fee: Decimal
    qty_contracts: Contracts | None
    trade_id: str
    ord_id: str
    ts_ms: int

    @property
    def change(self) -> Decimal:
        """What it does to the account's money, wherever in the account that lies."""
        return add(self.bal_chg, self.pos_bal_chg)

    @property
    def number(self) -> int:
        """Its id as a number: bill ids increase."""
        return int(self.bill_id)


@dataclass(frozen=True, slots=True)
class VenueBalance:
    """One currency of the account (OKX: account/balance, details)."""

    ccy: str
    equity: Decimal
    upl: Decimal

    @property
    def settled(self) -> Decimal:
        """Equity without what is not realised: cash, and margin in isolated positions."""
        return sub(self.equity, self.upl)


@dataclass(frozen=True, slots=True)
class VenueLife:
    """One life of a position, as far as it went (OKX: account/positions-history).

    ``kind``: 1 reduced, 2 closed, 3 liquidated, 4 liquidated in part, 5 ADL in part, 6 ADL whole;
    the latest event only. ``key.pos_side`` is ``net`` in net mode.
    """

    key: PositionKey
    pos_id: str
    kind: str
    direction: str
    closed_contracts: Contracts
    realized_pnl: Decimal
    liq_penalty: Decimal
    opened_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class VenueOrder:
    """One order row, open or ended. ``algo_cl_ord_id`` names the algo order it is a child of.

    ``attached`` are the attachAlgoClOrdIds of the stops that it carries. ``px`` is None at market.
    """

    inst_id: str
    ord_id: str
    cl_ord_id: str
    algo_id: str
    algo_cl_ord_id: str
    tag: str
    side: str
    pos_side: str
    mgn_mode: str
    ord_type: str
    state: str
    category: str
    source: str
    qty_contracts: Contracts
    filled_contracts: Contracts
    created_ms: int
    updated_ms: int
    attached: tuple[str, ...] = ()
    reduce_only: bool = False
    px: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VenueAlgoOrder:
    """One algo order row. ``ord_id`` is its child's once it is effective.

    ``close_fraction``: it closes whatever the account then holds, and ``qty_contracts`` is zero.
    """

    inst_id: str
    algo_id: str
    algo_cl_ord_id: str
    tag: str
    side: str
    pos_side: str
    mgn_mode: str
    ord_type: str
    state: str
    ord_id: str
    qty_contracts: Contracts
    trigger_px: Decimal | None
    created_ms: int
    reduce_only: bool = False
    close_fraction: bool = False


@dataclass(frozen=True, slots=True)
class IntentLookup:
    """What the exchange answered when asked for one clOrdId.

    ``found`` True: ``state`` and ``ord_id`` are its. False: the exchange has no such order.
    None: the question was not answered, or the answer proves nothing (older than what is kept, or
    younger than an order may still be on its way); ``problem`` says why. ``forgotten`` marks the
    first of these: the exchange has no such order now, and would no longer have it either if it had
    ended without an execution. ``wait_ms``: it may be on its way, or not be shown yet, for so long.
    ``unlisted``: the exchange answers for no order of this contract any more. ``expired``: False is
    proven by the order's own expTime.

    Of an algo order that has fired ``child_ord_id`` and ``child_state`` are its child's ("" where
    the exchange has no row of it any more), and ``filled_contracts`` is what that executed.
    """

    cl_ord_id: str
    found: bool | None
    state: str = ""
    ord_id: str = ""
    filled_contracts: Contracts | None = None
    problem: str = ""
    forgotten: bool = False
    wait_ms: int = 0
    unlisted: bool = False
    child_ord_id: str = ""
    child_state: str = ""
    expired: bool = False


@dataclass(frozen=True, slots=True)
class VenueView:
    """Everything read from the exchange in one reading.

    ``positions``, ``fills``, ``orders``, ``algo_orders`` and ``lives`` are those of SWAP and
    FUTURES, of whatever contract; other products are in ``unmanaged``, and their money in the
    bills. ``instruments`` are the contracts that the books can keep (linear), ``unfit`` says of
    every other one that the exchange lists why it is not (a message id). ``uid``, ``demo`` and
    ``acct_lv`` say whose account it is; "" and None where that was not read. ``offset_ms`` is the
    exchange's clock less ours.
    """

    read_ms: int
    pos_mode: str
    sources: Mapping[str, SourceStatus]
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    positions: tuple[VenuePosition, ...] = ()
    fills: tuple[VenueFill, ...] = ()
    orders: tuple[VenueOrder, ...] = ()
    algo_orders: tuple[VenueAlgoOrder, ...] = ()
    lookups: tuple[IntentLookup, ...] = ()
    lives: tuple[VenueLife, ...] = ()
    bills: tuple[VenueBill, ...] = ()
    balances: Mapping[str, VenueBalance] = field(default_factory=dict)
    equity: Decimal | None = None
    unmanaged: tuple[UnmanagedPosition, ...] = ()
    unfit: Mapping[str, str] = field(default_factory=dict)
    uid: str = ""
    demo: bool | None = None
    acct_lv: str = ""
    offset_ms: int = 0

    def complete(self, *names: str) -> bool:
        """Whether every one of these sources can be believed."""
        return all(name in self.sources and self.sources[name].complete for name in names)

    def problems(self) -> tuple[SourceStatus, ...]:
        """The sources that cannot be believed, in a fixed order."""
        return tuple(
            self.sources.get(name, SourceStatus(name, False, self.read_ms, problem="not read"))
            for name in SOURCES
            if not self.complete(name)
        )


@dataclass(frozen=True, slots=True)
class Move:
    """A booked execution as far as holdings go. ``owner`` "" is nobody."""

    ts_ms: int
    owner: str
    key: PositionKey
    signed: Contracts


@dataclass(frozen=True, slots=True)
class Adoption:
    """A difference that was written without an execution, and stands (``finding_id``): made
    nobody's, or ``owner``'s.

    ``since_ms`` is how far executions were booked at the time: what explains it is not older.
    ``found_ms`` is when it was adopted, by our clock.
    """

    key: PositionKey
    qty_contracts: Contracts
    finding_id: str
    entry_px: Decimal = ZERO
    since_ms: int = 0
    found_ms: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Books:
    """What the store holds: the typed state and what its streams already contain.

    ``booked_fills`` are the fill ids in the ledgers or among the orphans. ``order_owners`` maps
    every clOrdId ever issued to its agent, ended intents included. ``ended`` holds the ended
    intents by clOrdId, for executions that turn up late.

    ``booked_flows`` are the refs of the cash flows booked (``BookCash.ref``). ``booked_fees`` has
    the fee under which each fill was booked. ``money`` is everything ever booked, by owner ("" for
    nobody and for the account itself) and kind. ``moves`` are the executions booked with a time
    from the last reconciled bill on, oldest first: who held what at the time of a later bill.
    ``recorded`` is what every agent's booked executions add up to. ``adopted`` are the differences
    adopted and not given back, oldest first. ``sizes`` has (ctVal, ctMult) of every contract as it
    was last booked. ``epoch`` is the writer's. ``host``: a host's own books, where it shows them.
    ``penalties`` has, by ref, the amounts of those of ``booked_flows`` that are liquidations'.
    """

    state: SystemState
    booked_fills: AbstractSet[str]
    order_owners: Mapping[str, str]
    ended: Mapping[str, OrderIntent] = field(default_factory=dict)
    booked_flows: AbstractSet[str] = frozenset()
    booked_fees: Mapping[str, Decimal] = field(default_factory=dict)
    money: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    moves: Sequence[Move] = ()
    recorded: Mapping[str, Mapping[PositionKey, Contracts]] = field(default_factory=dict)
    adopted: tuple[Adoption, ...] = ()
    sizes: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    epoch: int = 0
    host: HostBooks | None = None
    penalties: Mapping[str, Decimal] = field(default_factory=dict)
