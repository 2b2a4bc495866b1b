"""What there is to push, and when: at once, gathered for a moment, or every few seconds.

==================================  ========================================================
at once, step by step               orders, orders-algo, algo-advance, fills, trades,
                                    balance_and_position, tickers, mark-price, funding-rate,
                                    instruments, bbo-tbt, books5, books
gathered for ``GATHER_MS``          account, positions (``eventType`` event_update)
every ``REGULAR_MS``                account, positions (``eventType`` snapshot)
every ``MARK_PRICE_MS``             mark-price
every ``FUNDING_RATE_MS``           funding-rate
at most every ``CANDLE_MS``         candles
==================================  ========================================================

An ``updateInterval`` in ``extraParams`` replaces the five seconds of account and positions; 0
means events only. The caller brings the time and sends what it gets; nothing here waits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fakeokx.engine.events import (
    BookChanged,
    Delivered,
    Event,
    FundingRateChanged,
    FundingSettled,
    MarkMoved,
    PriceMoved,
    Rescaled,
    Traded,
)
from fakeokx.engine.model import Position
from fakeokx.engine.venue import Venue
from fakeokx.stream import pushes, rows
from fakeokx.stream.candlesticks import Candles, CaughtUp
from fakeokx.stream.channels import ANY, Arg, bar_of, update_interval
from fakeokx.stream.market import FULL_DEPTH, STEPWISE, WHOLE, BookFeeds, Depth
from fakeokx.stream.pushes import PUBLIC_ACCOUNT, Gathered, Push
from fakeokx.stream.rows import Row
from fakeokx.wire.render_market import instrument_row, mark_price_row, ticker_row
from fakeokx.wire.render_tape import depth_rows, funding_row

GATHER_MS: Final = 50
REGULAR_MS: Final = 5_000
MARK_PRICE_MS: Final = 10_000
FUNDING_RATE_MS: Final = 60_000
CANDLE_MS: Final = 1_000
BOOKS: Final = (*STEPWISE, *WHOLE)
_UPDATE: Final = {"eventType": "event_update"}
_SNAPSHOT: Final = {"eventType": "snapshot", "curPage": 1, "lastPage": True}
Render = Callable[[Venue, Any, int], Row]


@dataclass(slots=True)
class Feed:
    """What was pushed last, as far as the next push depends on it."""

    books: BookFeeds = field(default_factory=BookFeeds)
    candles: Candles = field(default_factory=Candles)
    gathered: dict[str, Gathered] = field(default_factory=dict)
    _details: dict[str, dict[str, Row]] = field(default_factory=dict)

    def at_once(
        self, venue: Venue, events: Sequence[Event], now_ms: int, wanted: set[str]
    ) -> list[Push]:
        """What a step has to say at once; also takes note of what is to be gathered."""
        if "account" in wanted or "positions" in wanted:
            pushes.gather(events, lambda name: self.gathered.setdefault(name, Gathered()))
        return pushes.from_events(venue, events, now_ms, wanted) + self._public(
            venue, events, now_ms, wanted
        )

    def forget(self) -> None:
        """Nothing is gathered, and nothing known of what the accounts were told."""
        self.gathered.clear()
        self._details.clear()

    def take_gathered(self, venue: Venue, now_ms: int) -> list[Push]:
        """What has gathered for account and positions since the last time."""
        found: list[Push] = []
        for account, each in self.gathered.items():
            if each.positions:
                found.append(_positions(venue, account, each.positions.values(), now_ms, _UPDATE))
            if each.is_money_moved:
                found += self._account_update(venue, account)
        self.gathered.clear()
        return found

    def first(self, venue: Venue, arg: Arg, account: str, now_ms: int) -> list[Push]:
        """The first values of a subscription."""
        name = arg.channel.name
        match name:
            case "account":
                return [self.account_snapshot(venue, account)]
            case "positions":
                return [positions_snapshot(venue, account, now_ms)]
            case "balance_and_position":
                row = rows.account_push(venue, account)
                held = positions_of(venue, account)
                return [pushes.first_balance_and_position(row, held, account, now_ms)]
            case "algo-advance":
                return [pushes.first_algos(venue, account, now_ms)]
            case "instruments":
                return [_instruments(venue, arg.get("instType"))]
        inst_id = arg.get("instId")
        if bar_of(name) is not None:
            return [_candles(name, inst_id, self.candles.first(venue, arg, now_ms))]
        if name in BOOKS:
            has_crc = venue.switches["book.checksum"] == "crc32"
            depth = depth_of(venue, inst_id)
            row = self.books.first(inst_id, name, depth, now_ms, has_crc=has_crc)
            return [_book(name, inst_id, row, "snapshot")]
        if name in _BY_INSTRUMENT:
            return [_public_row(name, venue, inst_id, now_ms)]
        return []

    def regular(self, venue: Venue, arg: Arg, account: str, now_ms: int) -> list[Push]:
        """The values of a subscription whose interval is over; a candle only if it moved."""
        name = arg.channel.name
        if bar_of(name) is None:
            return self.first(venue, arg, account, now_ms)
        found = self.candles.since(venue, arg, now_ms)
        return [_candles(name, arg.get("instId"), found)] if found else []

    def account_snapshot(self, venue: Venue, account: str) -> Push:
        """The whole account."""
        row = rows.account_push(venue, account)
        self._details.setdefault(account, {}).update(_by_ccy(row))
        return Push(channel="account", account=account, rows=(("", row),), extra=_SNAPSHOT)

    def _account_update(self, venue: Venue, account: str) -> list[Push]:
        row = rows.account_push(venue, account)
        known = self._details.setdefault(account, {})
        changed = [each for each in row["details"] if known.get(each["ccy"]) != each]
        known.update(_by_ccy(row))
        if not changed:
            return []
        shown = {**row, "details": changed}
        return [Push(channel="account", account=account, rows=(("", shown),), extra=_UPDATE)]

    def _public(
        self, venue: Venue, events: Sequence[Event], now_ms: int, wanted: set[str]
    ) -> list[Push]:
        touched: dict[tuple[str, str], None] = {}
        for event in events:
            match event:
                case PriceMoved(inst_id, _, moves_mark):
                    touched["tickers", inst_id] = None
                    touched["books", inst_id] = None
                    if moves_mark:
                        touched["mark-price", inst_id] = None
                case MarkMoved(inst_id, _):
                    touched["mark-price", inst_id] = None
                case Traded(trade):
                    touched["tickers", trade.inst_id] = None
                case BookChanged(inst_id):
                    touched["books", inst_id] = None
                    touched["tickers", inst_id] = None
                case FundingRateChanged(inst_id, _):
                    touched["funding-rate", inst_id] = None
                case FundingSettled(point):
                    touched["funding-rate", point.inst_id] = None
                case Delivered(inst_id, _) | Rescaled(inst_id, _):
                    touched["instruments", inst_id] = None
                case _:
                    continue
        found: list[Push] = []
        for channel, inst_id in touched:
            if channel == "books":
                found += self._books(venue, inst_id, now_ms, wanted)
            elif channel in wanted and channel == "instruments":
                found.append(_instruments(venue, venue.instrument(inst_id).inst_type))
            elif channel in wanted:
                found.append(_public_row(channel, venue, inst_id, now_ms))
        return found

    def _books(self, venue: Venue, inst_id: str, now_ms: int, wanted: set[str]) -> list[Push]:
        if not wanted.intersection(BOOKS):
            return []
        has_crc = venue.switches["book.checksum"] == "crc32"
        changed = self.books.changed(inst_id, depth_of(venue, inst_id), now_ms, has_crc=has_crc)
        return [
            _book(channel, inst_id, row, "update")
            for channel, row in changed.items()
            if channel in wanted
        ]


def positions_of(venue: Venue, account: str) -> list[Position]:
    """The positions of an account, flat ones included, in a fixed order."""
    return [each for _, each in sorted(venue.accounts[account].positions.items())]


def positions_snapshot(venue: Venue, account: str, now_ms: int) -> Push:
    """Every open position of an account."""
    held = [each for each in positions_of(venue, account) if each.qty_contracts]
    return _positions(venue, account, held, now_ms, _SNAPSHOT)


def depth_of(venue: Venue, inst_id: str) -> Depth:
    """The book of an instrument as text."""
    bids, asks = depth_rows(venue, venue.instrument(inst_id), FULL_DEPTH)
    return Depth(asks=tuple(map(tuple, asks)), bids=tuple(map(tuple, bids)))


def interval_ms(arg: Arg, regular_ms: int) -> int | None:
    """How often a subscription gets values although nothing happened; None means never."""
    name = arg.channel.name
    if name in ("account", "positions"):
        wanted = update_interval(arg)
        if wanted == "":
            return regular_ms
        return int(wanted) or None
    if bar_of(name) is not None:
        return CANDLE_MS
    return {"mark-price": MARK_PRICE_MS, "funding-rate": FUNDING_RATE_MS}.get(name)


def _positions(venue: Venue, account: str, held: Any, now_ms: int, extra: dict[str, Any]) -> Push:
    found = [(each.key.inst_id, rows.position_push(venue, each, now_ms)) for each in held]
    return Push(channel="positions", account=account, rows=found, extra=extra)


def _instruments(venue: Venue, inst_type: str) -> Push:
    found = [
        (each.inst_id, instrument_row(each, venue.markets[each.inst_id].state))
        for each in venue.listed()
        if inst_type in ("", ANY, each.inst_type)
    ]
    return Push(channel="instruments", rows=found)


def _book(channel: str, inst_id: str, row: Row, action: str) -> Push:
    extra = {"action": action} if channel in STEPWISE else {}
    return Push(channel=channel, account=PUBLIC_ACCOUNT, rows=((inst_id, row),), extra=extra)


def _candles(channel: str, inst_id: str, found: CaughtUp) -> Push:
    return Push(channel=channel, rows=[(inst_id, row) for row in found])


def _public_row(channel: str, venue: Venue, inst_id: str, now_ms: int) -> Push:
    row = _BY_INSTRUMENT[channel](venue, venue.instrument(inst_id), now_ms)
    return Push(channel=channel, rows=((inst_id, row),))


def _by_ccy(row: Row) -> dict[str, Row]:
    return {each["ccy"]: each for each in row["details"]}


_BY_INSTRUMENT: Final[dict[str, Render]] = {
    "tickers": ticker_row,
    "mark-price": mark_price_row,
    "funding-rate": funding_row,
}
