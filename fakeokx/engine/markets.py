"""The public half of the venue: prices, books, tapes, fundings, and who rests where.

Two prices per instrument. The last price is where it traded; limit orders, stops and the tape
follow it. The mark price is what positions are worth; margin, liquidation and funding follow
it, and the index price is the same. Moving the price moves both, a trade in a seeded book moves
only the last price, and the mark can be set alone.

``stirred`` are the instruments whose prices moved in this step: their algo orders have not been
looked at yet. ``book_moved`` are those whose depth changed, and ``mark_moved`` says that
somebody may be due for liquidation. The step clears all three.
"""

from collections import deque
from decimal import Decimal
from typing import Final

from fakeokx.engine.decimals import ZERO
from fakeokx.engine.events import (
    Delivered,
    Event,
    FundingRateChanged,
    FundingSettled,
    MarkMoved,
    PriceMoved,
    SettingChanged,
    Traded,
)
from fakeokx.engine.instruments import EXPIRED, INSTRUMENTS, LIVE, Instrument
from fakeokx.engine.market import Book, FundingPoint, Level, PublicTrade
from fakeokx.engine.model import BUY, SELL, Algo, Order
from fakeokx.engine.resting import RestingSide
from fakeokx.engine.tape import Tape

FUNDINGS_KEPT_MAX: Final = 400
Depth = list[tuple[Decimal, Decimal, int]]


class Market:
    """One instrument's market, apart from its two prices."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.state = LIVE
        self.book: Book | None = None
        self.bids = RestingSide(BUY)
        self.asks = RestingSide(SELL)
        self.unpriced: dict[int, Order] = {}
        self.algos: dict[int, Algo] = {}
        self.tape = Tape()
        self.funding_rate = ZERO
        self.next_funding_ms: int | None = None
        self.fundings: deque[FundingPoint] = deque(maxlen=FUNDINGS_KEPT_MAX)
        self.px_limits: tuple[Decimal, Decimal] | None = None

    def side(self, side: str) -> RestingSide:
        """The resting orders of that side."""
        return self.bids if side == BUY else self.asks


class Markets:
    """All markets of the venue, and the ways in which they change."""

    events: list[Event]
    now_ms: int

    def __init__(self) -> None:
        self.prices = {each.inst_id: each.first_px_quote for each in INSTRUMENTS.values()}
        self.marks = dict(self.prices)
        self.markets = {each.inst_id: Market(each) for each in INSTRUMENTS.values()}
        self.partials: dict[str, Decimal] = {}
        self.stirred: dict[str, None] = {}
        self.book_moved: dict[str, None] = {}
        self.mark_moved = False
        self._last_trade = dict.fromkeys(INSTRUMENTS, 0)

    def instrument(self, inst_id: str) -> Instrument:
        """The instrument as it is now."""
        return self.markets[inst_id].instrument

    def listed(self) -> list[Instrument]:
        """The instruments that have not ended."""
        return [each.instrument for each in self.markets.values() if each.state != EXPIRED]

    def next_trade_id(self, inst_id: str) -> int:
        """A fresh tradeId of that instrument."""
        self._last_trade[inst_id] += 1
        return self._last_trade[inst_id]

    def depth(self, inst_id: str) -> tuple[Depth, Depth]:
        """Bids and asks as (price, contracts, orders), best first: seeded levels and accounts'.

        Both are empty of seeded levels while there is no book, when the last price is as deep
        as asked.
        """
        market = self.markets[inst_id]
        book = market.book or Book()
        return (
            _merged(book.bids, market.bids, best_is_highest=True),
            _merged(book.asks, market.asks, best_is_highest=False),
        )

    def put_price(self, inst_id: str, px_quote: Decimal) -> None:
        """Store the last price, which takes the mark price along."""
        self._put_last(inst_id, px_quote, moves_mark=True)
        self._put_mark(inst_id, px_quote)

    def put_last(self, inst_id: str, px_quote: Decimal) -> None:
        """Store the last price alone: a trade in the book was made there."""
        if px_quote != self.prices[inst_id]:
            self._put_last(inst_id, px_quote, moves_mark=False)

    def put_mark(self, inst_id: str, px_quote: Decimal) -> None:
        """Store the mark price alone."""
        self._put_mark(inst_id, px_quote)
        self.events.append(MarkMoved(inst_id, px_quote))
        self.stirred[inst_id] = None

    def put_book(self, inst_id: str, book: Book | None) -> None:
        """Store the seeded book, or that there is none."""
        self.markets[inst_id].book = book
        self.book_moved[inst_id] = None

    def put_partial(self, inst_id: str, qty_contracts: Decimal) -> None:
        """Let the next execution on the instrument stop after so many contracts."""
        self.partials[inst_id] = qty_contracts
        self.events.append(SettingChanged("partial", f"{inst_id}:{qty_contracts}"))

    def put_trade(self, trade: PublicTrade) -> None:
        """A trade is on the tape."""
        market = self.markets[trade.inst_id]
        market.tape.add_trade(market.instrument, trade, self.prices[trade.inst_id])
        self.events.append(Traded(trade))

    def put_funding_rate(self, inst_id: str, rate: Decimal, next_ms: int | None) -> None:
        """Store the rate in force and when it is charged."""
        market = self.markets[inst_id]
        market.funding_rate, market.next_funding_ms = rate, next_ms
        self.events.append(FundingRateChanged(inst_id, rate))

    def put_funding(self, point: FundingPoint) -> None:
        """A funding is history; somebody may have become too poor."""
        self.markets[point.inst_id].fundings.append(point)
        self.mark_moved = True
        self.events.append(FundingSettled(point))

    def put_state(self, inst_id: str, state: str) -> None:
        """Store whether the instrument may be traded."""
        self.markets[inst_id].state = state
        self.events.append(SettingChanged("instrument", f"{inst_id}:{state}"))

    def put_delivered(self, inst_id: str, px_quote: Decimal) -> None:
        """The contract has ended at that price."""
        market = self.markets[inst_id]
        market.state, market.next_funding_ms = EXPIRED, None
        self.events.append(Delivered(inst_id, px_quote))

    def put_px_limits(self, inst_id: str, limits: tuple[Decimal, Decimal] | None) -> None:
        """Store the highest buying and lowest selling price, or that there is no limit."""
        self.markets[inst_id].px_limits = limits
        said = "" if limits is None else f"{limits[0]}:{limits[1]}"
        self.events.append(SettingChanged("pxLimits", f"{inst_id}:{said}"))

    def _put_last(self, inst_id: str, px_quote: Decimal, *, moves_mark: bool) -> None:
        tape = self.markets[inst_id].tape
        tape.add_price(self.prices[inst_id], px_quote, self.now_ms, is_mark=False)
        self.prices[inst_id] = px_quote
        self.events.append(PriceMoved(inst_id, px_quote, moves_mark))
        self.stirred[inst_id] = None

    def _put_mark(self, inst_id: str, px_quote: Decimal) -> None:
        tape = self.markets[inst_id].tape
        tape.add_price(self.marks[inst_id], px_quote, self.now_ms, is_mark=True)
        self.marks[inst_id] = px_quote
        self.mark_moved = True


def _merged(levels: tuple[Level, ...], resting: RestingSide, *, best_is_highest: bool) -> Depth:
    found: dict[Decimal, tuple[Decimal, int]] = {}
    for level in levels:
        found[level.px_quote] = (level.qty_contracts, 1)
    for px, qty, count in resting.levels():
        seeded, orders = found.get(px, (ZERO, 0))
        found[px] = (seeded + qty, orders + count)
    rows = [(px, qty, count) for px, (qty, count) in found.items()]
    return sorted(rows, reverse=best_is_highest)
