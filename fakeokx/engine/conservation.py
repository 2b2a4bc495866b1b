"""The books: a second account of everybody's money and positions, kept from the events alone.

They share no line with the code they check. After every step, over what the step touched:

1. Every bill's balance is the one before it plus what it changed, and the cash of every account
   and currency is first cash + Σ balChg.
2. Contracts: balChg + posBalChg of a bill = pnl + fee of its fill; a funding's and a settlement's
   = its pnl. Coins: what a spot fill receives and gives is what its bills move, fee included.
3. A position is the sum of its signed fills, in today's contracts, and its margin the sum of
   posBalChg; a flat one binds no margin.
4. A tradeId has one fill, or two of opposite sign, equal size and equal price, in two accounts.
5. No order is filled beyond its size, and exactly the open ones wait.
6. What waiting orders tie up is never negative, and nothing where nothing waits.

The cost is that of the events plus the number of accounts, not of positions or orders.
``audit`` looks at everything and compares the running sums with the slow ones.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Protocol

from fakeokx.engine.accounts import Account
from fakeokx.engine.events import (
    Billed,
    Event,
    Filled,
    FundingPaid,
    OrderChanged,
    PositionChanged,
    Rescaled,
)
from fakeokx.engine.holds import hold
from fakeokx.engine.instruments import INSTRUMENTS, Instrument
from fakeokx.engine.model import BUY, Bill, Fill, Order, PositionKey

_ZERO: Final = Decimal(0)


class Audited(Protocol):
    """What the books look at of a venue."""

    accounts: dict[str, Account]
    orders: dict[int, Order]

    def instrument(self, inst_id: str) -> Instrument:
        """The contract as it is now."""


class CheckingBooks:
    """What cash and positions have to be, from the bills and fills seen so far."""

    def __init__(self) -> None:
        self.cash: dict[tuple[str, str], Decimal] = {}
        self.held: dict[tuple[str, PositionKey], Decimal] = {}
        self.margin: dict[tuple[str, PositionKey], Decimal] = {}

    def check(self, venue: Audited, events: Iterable[Event]) -> None:
        """Take the step's events in, and compare; raises AssertionError for what does not fit."""
        fills: list[Fill] = []
        moved: dict[tuple[str, PositionKey], None] = {}
        by_fill: dict[int, list[Bill]] = {}
        for event in events:
            if isinstance(event, Filled):
                fills.append(event.fill)
            if isinstance(event, Filled | Billed | FundingPaid):
                self._enter(venue, event.bill, moved)
                if event.bill.fill is not None:
                    by_fill.setdefault(event.bill.fill.bill_id, []).append(event.bill)
                else:
                    _check_own_line(event.bill)
            elif isinstance(event, OrderChanged):
                _check_order(venue, event.order)
            elif isinstance(event, Rescaled):
                for whose in [each for each in self.held if each[1].inst_id == event.inst_id]:
                    self.held[whose] *= event.factor
            elif isinstance(event, PositionChanged):
                moved[event.position.account, event.position.key] = None
        for fill in fills:
            self._hold(fill, by_fill[fill.bill_id])
        _check_trades(fills)
        self._check_cash(venue)
        self._check_positions(venue, moved)

    def audit(self, venue: Audited) -> None:
        """Compare everything there is, the slow way; raises AssertionError."""
        self._check_cash(venue)
        everything = {
            (name, key): None for name, each in venue.accounts.items() for key in each.positions
        }
        self._check_positions(venue, everything)
        for name, holder in venue.accounts.items():
            frozen: dict[str, Decimal] = {}
            for order in holder.open_orders.values():
                assert order.is_open, f"{order.ord_id} waits and is done"
                if order.px_quote is not None:
                    ccy, amount = hold(venue.instrument(order.inst_id), order, order.px_quote)
                    frozen[ccy] = frozen.get(ccy, _ZERO) + amount
            for ccy in {*frozen, *holder.frozen}:
                kept = holder.frozen.get(ccy, _ZERO)
                assert frozen.get(ccy, _ZERO) == kept, f"{name} ties up {kept} {ccy} by mistake"
            opened = {key for key, each in holder.positions.items() if each.qty_contracts}
            assert opened == holder.open_positions.keys(), f"{name} lost sight of a position"

    def _cash_of(self, venue: Audited, account: str, ccy: str) -> Decimal:
        first = venue.accounts[account].first_cash.get(ccy, _ZERO)
        return self.cash.get((account, ccy), first)

    def _enter(
        self, venue: Audited, bill: Bill, moved: dict[tuple[str, PositionKey], None]
    ) -> None:
        after = self._cash_of(venue, bill.account, bill.ccy) + bill.cash_change
        assert bill.cash == after, "a bill misstates the balance"
        self.cash[bill.account, bill.ccy] = after
        if bill.margin_change:
            whose = bill.account, PositionKey(bill.inst_id, bill.mgn_mode, bill.pos_side)
            self.margin[whose] = self.margin.get(whose, _ZERO) + bill.margin_change
            assert self.margin[whose] == bill.margin, "a bill misstates the margin"
            moved[whose] = None

    def _hold(self, fill: Fill, bills: list[Bill]) -> None:
        signed = fill.qty_contracts if fill.side == BUY else -fill.qty_contracts
        instrument = INSTRUMENTS[fill.inst_id]
        if instrument.is_spot:
            wanted = {
                instrument.base_ccy: signed,
                instrument.quote_ccy: -signed * fill.px_quote,
            }
            wanted[fill.fee_ccy] += fill.fee
            got = {bill.ccy: bill.cash_change for bill in bills}
            assert got == wanted, "a spot fill and its bills disagree"
            assert all(bill.margin_change == 0 for bill in bills), "coins bound margin"
            return
        moved = sum((bill.cash_change + bill.margin_change for bill in bills), _ZERO)
        assert moved == fill.pnl + fill.fee, "bills and fills disagree about the money"
        whose = fill.account, PositionKey(fill.inst_id, fill.mgn_mode, fill.pos_side)
        self.held[whose] = self.held.get(whose, _ZERO) + signed

    def _check_cash(self, venue: Audited) -> None:
        for name, holder in venue.accounts.items():
            for ccy, cash in holder.cash.items():
                assert cash == self._cash_of(venue, name, ccy), "the cash moved without a bill"

    def _check_positions(self, venue: Audited, moved: Iterable[tuple[str, PositionKey]]) -> None:
        for whose in moved:
            account, key = whose
            position = venue.accounts[account].positions[key]
            held = self.held.get(whose, _ZERO)
            assert position.qty_contracts == held, f"{key} moved without a fill"
            bound = self.margin.get(whose, _ZERO)
            assert position.margin == bound, f"the margin of {key} moved without a bill"
            assert held or not bound, f"{key} is flat and binds margin"


def _check_own_line(bill: Bill) -> None:
    """A line without a fill: a transfer moves cash, a funding or settlement cash or margin."""
    moved = bill.cash_change + bill.margin_change
    if bill.type in ("8", "34"):
        assert moved == bill.pnl, "a funding fee or settlement moved something else"
    else:
        assert bill.margin_change == 0, "a transfer bound margin"
        assert abs(moved) == bill.qty_contracts, "a transfer moved something else"


def _check_order(venue: Audited, order: Order) -> None:
    assert 0 <= order.filled_contracts <= order.qty_contracts, f"{order.ord_id} is overfilled"
    holder = venue.accounts[order.account]
    now = venue.orders[order.ord_id]
    assert now.is_open == (order.ord_id in holder.open_orders), f"{order.ord_id} got lost"
    if not holder.open_orders:
        assert not any(holder.frozen.values()), f"{order.account} ties up money for nothing"
    instrument = INSTRUMENTS[order.inst_id]
    for ccy in (instrument.base_ccy, instrument.quote_ccy):
        assert holder.frozen.get(ccy, _ZERO) >= 0, f"{order.account} ties up less than nothing"


def _check_trades(fills: list[Fill]) -> None:
    trades: dict[tuple[str, int], list[Fill]] = {}
    for fill in fills:
        trades.setdefault((fill.inst_id, fill.trade_id), []).append(fill)
    for pair in trades.values():
        assert len(pair) <= 2, "a trade has more than two sides"
        if len(pair) == 2:
            one, other = pair
            assert one.side != other.side, "both sides of a trade do the same"
            assert one.account != other.account, "an account traded with itself"
            same = (one.qty_contracts, one.px_quote) == (other.qty_contracts, other.px_quote)
            assert same, "the two sides of a trade differ"
