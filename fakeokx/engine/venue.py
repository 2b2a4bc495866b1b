"""The venue's whole state, and the few ways in which it is written.

Every change goes through a method here, which stores the new value and appends the event
that says so; the modules above decide, this one does. Nothing here reads a clock, and no
answer depends on the order of a set.

``orders``, ``algos``, ``fills`` and ``bills`` are everybody's and complete; what belongs to one
account is in ``accounts``, ``main`` first. Without a name the first one is meant.

Ids: one counter feeds ordId, algoId and billId, so each is increasing; its base depends on
the seed, so two venues do not hand out the same ids. tradeId counts per instrument. posId is
a hash of what the position is and therefore stable over close and reopen.

``RULES`` numbers what the venue does with a command. A ledger says by which it was lived, and is
replayed by no others.
"""

from decimal import Decimal
from typing import Any, Final, NamedTuple

from fakeokx.engine import indexing
from fakeokx.engine.accounts import LEVER_DEFAULT, Account
from fakeokx.engine.conservation import CheckingBooks
from fakeokx.engine.decimals import ZERO
from fakeokx.engine.events import (
    AlgoChanged,
    Event,
    OrderChanged,
    PositionChanged,
    SettingChanged,
)
from fakeokx.engine.evolve import evolve
from fakeokx.engine.ids import position_id
from fakeokx.engine.instruments import INSTRUMENTS, SWAP, Instrument
from fakeokx.engine.markets import Markets
from fakeokx.engine.model import (
    MAIN,
    NET_MODE,
    Algo,
    Bill,
    Fill,
    Order,
    Position,
    PositionKey,
)
from fakeokx.engine.names import SEED_MAX
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.switches import Switches

__all__ = ["LEVER_DEFAULT", "MAKER_RATE", "SETTLE_CCY", "TAKER_RATE", "Venue"]

SETTLE_CCY: Final = "USDT"
TAKER_RATE: Final = Decimal("0.0005")
MAKER_RATE: Final = Decimal("0.0002")
RULES: Final = 7
_ID_BASE: Final = 2_000_000_000_000_000_000
_ID_SEED_STEP: Final = 1_000_000_000_000


class Amended(NamedTuple):
    """What an amendment was called, how it went, and who wanted it, in OKX's codes."""

    req_id: str = ""
    result: str = ""
    source: str = ""


NOT_AMENDED: Final = Amended()


class Venue(Markets):
    """One exchange and its accounts. Written only by ``fakeokx.engine.step.step``."""

    def __init__(
        self,
        *,
        seed: int,
        first_cash_quote: Decimal,
        pos_mode: str = NET_MODE,
    ) -> None:
        if not 0 <= seed <= SEED_MAX:
            raise ValueError(f"seed must lie between 0 and {SEED_MAX}, not {seed}")
        super().__init__()
        self.seed = seed
        self.first_cash_quote = first_cash_quote
        self.now_ms = 0
        self.clock_ahead_ms = 0
        self.main = Account(MAIN, pos_mode)
        self.main.first_cash[SETTLE_CCY] = self.main.cash[SETTLE_CCY] = first_cash_quote
        self.accounts = {MAIN: self.main}
        self.switches = Switches()
        self.orders: dict[int, Order] = {}
        self.algos: dict[int, Algo] = {}
        self.fills: list[Fill] = []
        self.bills: list[Bill] = []
        self.pending_max = 0
        self.books = CheckingBooks()
        self.events: list[Event] = []
        self._last_id = _ID_BASE + seed * _ID_SEED_STEP

    # Reads.

    def account(self, name: str) -> Account:
        """The account of that name; 51000 if there is none."""
        found = self.accounts.get(name)
        if found is None:
            raise Refusal("51000", "account")
        return found

    def next_id(self) -> int:
        """A fresh ordId, algoId or billId."""
        self._last_id += 1
        return self._last_id

    def lever(self, key: PositionKey, account: str = MAIN) -> Decimal:
        """The leverage in force for that position."""
        return self.accounts[account].lever(key)

    def held(self, key: PositionKey, account: str = MAIN) -> Decimal:
        """The signed contracts of that position, 0 if there never was one."""
        found = self.accounts[account].positions.get(key)
        return ZERO if found is None else found.qty_contracts

    def position(self, key: PositionKey, account: str = MAIN) -> Position:
        """The position, flat if there never was one."""
        holder = self.accounts[account]
        found = holder.positions.get(key)
        if found is not None:
            return found
        return Position(
            key=key,
            pos_id=position_id(key, account),
            life=0,
            lever=holder.lever(key),
            c_time_ms=self.now_ms,
            u_time_ms=self.now_ms,
            account=account,
            ccy=INSTRUMENTS[key.inst_id].settle_ccy,
        )

    # Writes.

    def put_order(
        self, order: Order, fill: Fill | None = None, amended: Amended = NOT_AMENDED
    ) -> None:
        """Store an order, new or changed, and say what changed it."""
        holder = self.accounts[order.account]
        before = holder.open_orders.get(order.ord_id)
        if before is not None:
            indexing.take_off(holder, self.markets[order.inst_id], before, order)
        self.orders[order.ord_id] = order
        if order.is_open:
            indexing.put_on(holder, self.markets[order.inst_id], order)
        else:
            holder.done_orders.append(order.ord_id)
        if order.cl_ord_id:
            latest = holder.by_cl_ord_id.get(order.cl_ord_id, 0)
            holder.by_cl_ord_id[order.cl_ord_id] = max(latest, order.ord_id)
        if order.px_quote is not None:
            self.book_moved[order.inst_id] = None
        self.events.append(OrderChanged(order, fill, *amended))

    def put_algo(self, algo: Algo, req_id: str = "", amend_result: str = "") -> None:
        """Store an algo order, new or changed."""
        holder = self.accounts[algo.account]
        waiting = self.markets[algo.inst_id].algos
        self.algos[algo.algo_id] = algo
        for table, belongs in (
            (holder.open_algos, True),
            (waiting, True),
            (holder.whole_closers, algo.qty_contracts is None),
            (holder.linked_algos, algo.cxl_on_close_pos),
        ):
            if algo.state == "live" and belongs:
                table[algo.algo_id] = algo
            else:
                table.pop(algo.algo_id, None)
        if algo.state != "live":
            holder.done_algos.append(algo.algo_id)
        if algo.algo_cl_ord_id:
            latest = holder.by_algo_cl_ord_id.get(algo.algo_cl_ord_id, 0)
            holder.by_algo_cl_ord_id[algo.algo_cl_ord_id] = max(latest, algo.algo_id)
        self.events.append(AlgoChanged(algo, req_id, amend_result))

    def put_position(self, position: Position) -> None:
        """Store a position and, once some of it was closed, its life for positions-history."""
        holder = self.accounts[position.account]
        holder.positions[position.key] = position
        if position.qty_contracts:
            holder.open_positions[position.key] = position
        else:
            holder.open_positions.pop(position.key, None)
        if position.closed_contracts:
            holder.lives[position.pos_id, position.life] = position
        self.events.append(PositionChanged(position))

    def end_life(self, position: Position) -> None:
        """Keep the finished life of a position that a flip has already replaced."""
        self.accounts[position.account].lives[position.pos_id, position.life] = position

    def put_fill(self, fill: Fill) -> None:
        """Store an execution; the event that says so comes with its bill."""
        self.fills.append(fill)
        self.accounts[fill.account].fills.append(fill)

    def put_bill(self, bill: Bill, event: Event) -> None:
        """Book one line: the cash of its currency moves by exactly what it says."""
        holder = self.accounts[bill.account]
        holder.cash[bill.ccy] = bill.cash
        holder.cash_time_ms[bill.ccy] = bill.time_ms
        holder.bills.append(bill)
        self.bills.append(bill)
        self.events.append(event)

    def put_lever(self, account: str, key: PositionKey, lever: Decimal) -> None:
        """Store a leverage; an open position takes it over."""
        holder = self.accounts[account]
        holder.levers[key] = lever
        self.events.append(SettingChanged("lever", ":".join((*key, str(lever))), account))
        held = holder.open_positions.get(key)
        if held is not None:
            self.put_position(evolve(held, lever=lever, u_time_ms=self.now_ms))

    def put_pos_mode(self, account: str, pos_mode: str) -> None:
        """Store the position mode."""
        self.accounts[account].pos_mode = pos_mode
        self.events.append(SettingChanged("posMode", pos_mode, account))

    def put_account(self, holder: Account) -> None:
        """A further account exists."""
        self.accounts[holder.name] = holder
        self.events.append(SettingChanged("account", holder.name, holder.name))

    def put_timer(self, account: str, tag: str, due_ms: int | None) -> None:
        """Arm a dead man's switch of the account, or (None) disarm it."""
        timers = self.accounts[account].timers
        if due_ms is None:
            timers.pop(tag, None)
        else:
            timers[tag] = due_ms
        said = f"{tag}:{'' if due_ms is None else due_ms}"
        self.events.append(SettingChanged("cancelAllAfter", said, account))

    def put_foreign(self, account: str, rows: list[tuple[str, dict[str, Any]]]) -> None:
        """Store the rows of other people."""
        self.accounts[account].foreign = rows
        self.events.append(SettingChanged("foreign", str(len(rows)), account))

    def put_setting(self, name: str, value: str) -> None:
        """Say that a setting of the whole venue changed; the caller has changed it."""
        self.events.append(SettingChanged(name, value))

    def put_switch(self, name: str, value: str) -> None:
        """Store how to behave where sources disagree."""
        self.switches.put(name, value)
        self.events.append(SettingChanged(name, value))

    def advance_clock(self, ahead_ms: int) -> None:
        """Let the clock run further ahead of the machine's."""
        self.clock_ahead_ms += ahead_ms
        self.events.append(SettingChanged("clockAheadMs", str(self.clock_ahead_ms)))


def swap(inst_id: str) -> Instrument | None:
    """The instrument if it is a swap that is listed here."""
    found = INSTRUMENTS.get(inst_id)
    return found if found is not None and found.inst_type == SWAP else None


def upl_quote(venue: Venue, position: Position, px_quote: Decimal) -> Decimal:
    """Unrealised pnl of a position at that price, in its settlement currency."""
    if px_quote == position.avg_px_quote or position.qty_contracts == 0:
        return ZERO
    instrument = venue.instrument(position.key.inst_id)
    return instrument.pnl(position.qty_contracts, position.avg_px_quote, px_quote)
