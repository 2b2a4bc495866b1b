"""The venue's whole state, and the few ways in which it is written.

Every change goes through a method here, which stores the new value and appends the event
that says so; the modules above decide, this one does. Nothing here reads a clock, and no
answer depends on the order of a set.

Ids: one counter feeds ordId, algoId and billId, so each is increasing; its base depends on
the seed, so two venues do not hand out the same ids. tradeId counts per instrument. posId is
a hash of what the position is and therefore stable over close and reopen.
"""

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Final

from fakeokx.engine.decimals import ZERO
from fakeokx.engine.events import (
    AlgoChanged,
    Event,
    Filled,
    OrderChanged,
    PositionChanged,
    PriceMoved,
    SettingChanged,
)
from fakeokx.engine.instruments import INSTRUMENTS, SWAP, Instrument
from fakeokx.engine.model import (
    NET_MODE,
    Algo,
    Bill,
    Fill,
    Order,
    Position,
    PositionKey,
)
from fakeokx.engine.switches import Switches

SETTLE_CCY: Final = "USDT"
LEVER_DEFAULT: Final = Decimal(10)
TAKER_RATE: Final = Decimal("0.0005")
MAKER_RATE: Final = Decimal("0.0002")
_ID_BASE: Final = 2_000_000_000_000_000_000
_ID_SEED_STEP: Final = 1_000_000_000_000
SEED_MAX: Final = 999_999
_POS_ID_DIGITS: Final = 18


class Venue:
    """One account on one exchange. Written only by ``fakeokx.engine.step.step``."""

    def __init__(self, *, seed: int, first_cash_quote: Decimal, pos_mode: str = NET_MODE) -> None:
        if not 0 <= seed <= SEED_MAX:
            raise ValueError(f"seed must lie between 0 and {SEED_MAX}, not {seed}")
        self.seed = seed
        self.first_cash_quote = first_cash_quote
        self.pos_mode = pos_mode
        self.now_ms = 0
        self.clock_ahead_ms = 0
        self.cash_quote = first_cash_quote
        self.cash_time_ms = 0
        self.prices = {each.inst_id: each.first_px_quote for each in INSTRUMENTS.values()}
        self.levers: dict[PositionKey, Decimal] = {}
        self.partials: dict[str, Decimal] = {}
        self.switches = Switches()
        self.orders: dict[int, Order] = {}
        self.open_orders: dict[int, Order] = {}
        self.by_cl_ord_id: dict[str, int] = {}
        self.algos: dict[int, Algo] = {}
        self.open_algos: dict[int, Algo] = {}
        self.by_algo_cl_ord_id: dict[str, int] = {}
        self.positions: dict[PositionKey, Position] = {}
        self.lives: dict[tuple[int, int], Position] = {}
        self.fills: list[Fill] = []
        self.bills: list[Bill] = []
        self.events: list[Event] = []
        self._last_id = _ID_BASE + seed * _ID_SEED_STEP
        self._last_trade = dict.fromkeys(INSTRUMENTS, 0)

    def next_id(self) -> int:
        """A fresh ordId, algoId or billId."""
        self._last_id += 1
        return self._last_id

    def next_trade_id(self, inst_id: str) -> int:
        """A fresh tradeId of that instrument."""
        self._last_trade[inst_id] += 1
        return self._last_trade[inst_id]

    def due_ms(self) -> int | None:
        """When the next thing happens by itself, or None."""
        return None

    def lever(self, key: PositionKey) -> Decimal:
        """The leverage in force for that position."""
        return self.levers.get(key, LEVER_DEFAULT)

    def position(self, key: PositionKey) -> Position:
        """The position, flat if there never was one."""
        found = self.positions.get(key)
        if found is not None:
            return found
        return Position(
            key=key,
            pos_id=position_id(key),
            life=0,
            lever=self.lever(key),
            c_time_ms=self.now_ms,
            u_time_ms=self.now_ms,
        )

    def put_order(self, order: Order) -> None:
        """Store an order, new or changed."""
        self.orders[order.ord_id] = order
        if order.is_open:
            self.open_orders[order.ord_id] = order
        else:
            self.open_orders.pop(order.ord_id, None)
        if order.cl_ord_id:
            latest = self.by_cl_ord_id.get(order.cl_ord_id, 0)
            self.by_cl_ord_id[order.cl_ord_id] = max(latest, order.ord_id)
        self.events.append(OrderChanged(order))

    def put_algo(self, algo: Algo) -> None:
        """Store an algo order, new or changed."""
        self.algos[algo.algo_id] = algo
        if algo.state == "live":
            self.open_algos[algo.algo_id] = algo
        else:
            self.open_algos.pop(algo.algo_id, None)
        if algo.algo_cl_ord_id:
            latest = self.by_algo_cl_ord_id.get(algo.algo_cl_ord_id, 0)
            self.by_algo_cl_ord_id[algo.algo_cl_ord_id] = max(latest, algo.algo_id)
        self.events.append(AlgoChanged(algo))

    def put_position(self, position: Position) -> None:
        """Store a position and, once some of it was closed, its life for positions-history."""
        self.positions[position.key] = position
        if position.closed_contracts:
            self.lives[position.pos_id, position.life] = position
        self.events.append(PositionChanged(position))

    def end_life(self, position: Position) -> None:
        """Keep the finished life of a position that a flip has already replaced."""
        self.lives[position.pos_id, position.life] = position

    def settle(self, fill: Fill, bill: Bill) -> None:
        """Book an execution: the cash moves by exactly what its bill says."""
        self.cash_quote = bill.cash
        self.cash_time_ms = bill.time_ms
        self.fills.append(fill)
        self.bills.append(bill)
        self.events.append(Filled(fill, bill))

    def put_price(self, inst_id: str, px_quote: Decimal) -> None:
        """Store the last and mark price."""
        self.prices[inst_id] = px_quote
        self.events.append(PriceMoved(inst_id, px_quote))

    def put_lever(self, key: PositionKey, lever: Decimal) -> None:
        """Store a leverage; an open position takes it over."""
        self.levers[key] = lever
        self.events.append(SettingChanged("lever", ":".join((*key, str(lever)))))
        held = self.positions.get(key)
        if held is not None and held.qty_contracts:
            self.put_position(replace(held, lever=lever, u_time_ms=self.now_ms))

    def put_pos_mode(self, pos_mode: str) -> None:
        """Store the position mode."""
        self.pos_mode = pos_mode
        self.events.append(SettingChanged("posMode", pos_mode))

    def put_partial(self, inst_id: str, qty_contracts: Decimal) -> None:
        """Let the next execution on the instrument stop after so many contracts."""
        self.partials[inst_id] = qty_contracts
        self.events.append(SettingChanged("partial", f"{inst_id}:{qty_contracts}"))

    def put_switch(self, name: str, value: str) -> None:
        """Store how to behave where sources disagree."""
        self.switches.put(name, value)
        self.events.append(SettingChanged(name, value))

    def advance_clock(self, ahead_ms: int) -> None:
        """Let the clock run further ahead of the machine's."""
        self.clock_ahead_ms += ahead_ms
        self.events.append(SettingChanged("clockAheadMs", str(self.clock_ahead_ms)))


def position_id(key: PositionKey) -> int:
    """The posId of a position: 18 digits that depend on nothing but the key."""
    text = ":".join((*key, SETTLE_CCY)).encode()
    digest = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
    first: int = 10 ** (_POS_ID_DIGITS - 1)
    return first + digest % (9 * first)


def swap(inst_id: str) -> Instrument | None:
    """The instrument if it is a swap that is listed here."""
    found = INSTRUMENTS.get(inst_id)
    return found if found is not None and found.inst_type == SWAP else None


def upl_quote(position: Position, px_quote: Decimal) -> Decimal:
    """Unrealised pnl of a position at that price."""
    moved = px_quote - position.avg_px_quote
    instrument = INSTRUMENTS[position.key.inst_id]
    return instrument.notional_quote(position.qty_contracts, moved) if moved else ZERO
