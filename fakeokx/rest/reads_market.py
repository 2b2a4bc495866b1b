"""GET books, trades, candles and fundings: the public past and present of one instrument."""

from collections.abc import Mapping
from itertools import islice
from typing import Final

from fakeokx.engine.instruments import SWAP, Instrument
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime import queries
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.runtime.queries import Handler, Query, Rows
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.candles import BARS, candles
from fakeokx.wire.pagination import bound
from fakeokx.wire.render_tape import book_row, funding_history_row, funding_row, public_trade_row

BOOK_LEVELS_MAX: Final = 400
TRADES_MAX: Final = 500
CANDLES_MAX: Final = 300
FUNDINGS_MAX: Final = 400
_PAGE: Final = 100
_ANY: Final = "ANY"
# Candles before the ones asked for: so many are looked at before a page is given up as empty.
_LOOKED_AT_MAX: Final = 50_000


def _instrument(runtime: ExchangeRuntime, query: Query) -> Instrument:
    queries.required(query, "instId")
    return queries.listed(runtime, query["instId"])


def _books(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    instrument = _instrument(runtime, query)
    levels = queries.number(query, "sz", 1, BOOK_LEVELS_MAX)
    now_ms = runtime.exchange.now_ms()
    seq_id = runtime.book_seq(instrument.inst_id)
    return [book_row(runtime.exchange.venue, instrument, levels, now_ms, seq_id)]


def _trades(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    instrument = _instrument(runtime, query)
    most = queries.number(query, "limit", _PAGE, TRADES_MAX)
    newest_first = reversed(runtime.exchange.venue.markets[instrument.inst_id].tape.trades)
    return [public_trade_row(each) for each in islice(newest_first, most)]


def _candles(*, of_mark: bool, only_over: bool) -> Handler:
    def handler(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
        instrument = _instrument(runtime, query)
        bar = query.get("bar", "") or "1m"
        if bar not in BARS:
            raise Refusal("51000", "bar")
        most = queries.number(query, "limit", _PAGE, CANDLES_MAX)
        before, after = bound("before", query), bound("after", query)
        venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
        tape = venue.markets[instrument.inst_id].tape
        prices = venue.marks if of_mark else venue.prices
        bars = list(tape.mark_bars if of_mark else tape.last_bars)
        found: Rows = []
        every = candles(bars, bar, prices[instrument.inst_id], now_ms, after)
        for each in islice(every, _LOOKED_AT_MAX):
            if len(found) == most or (before is not None and each.start_ms <= before):
                break
            if each.is_over or not only_over:
                found.append(each.row(has_volume=not of_mark))
        return found

    return handler


def _funding_rate(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    queries.required(query, "instId")
    venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
    if query["instId"] == _ANY:
        swaps = queries.of_type({"instType": SWAP}, venue)
        return [funding_row(venue, each, now_ms) for each in swaps]
    return [funding_row(venue, _swap(runtime, query), now_ms)]


def _funding_history(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    instrument = _swap(runtime, query)
    most = queries.number(query, "limit", FUNDINGS_MAX, FUNDINGS_MAX)
    before, after = bound("before", query), bound("after", query)
    points = reversed(runtime.exchange.venue.markets[instrument.inst_id].fundings)
    seen = (
        each
        for each in points
        if (before is None or each.time_ms > before) and (after is None or each.time_ms < after)
    )
    return [funding_history_row(each, instrument.inst_type) for each in islice(seen, most)]


def _swap(runtime: ExchangeRuntime, query: Query) -> Instrument:
    found = _instrument(runtime, query)
    if found.inst_type != SWAP:
        raise Refusal("51000", "instId")
    return found


READS: Final[Mapping[str, Handler]] = {
    "public/funding-rate": _funding_rate,
    "public/funding-rate-history": _funding_history,
    "market/books": _books,
    "market/trades": _trades,
    "market/candles": _candles(of_mark=False, only_over=False),
    "market/history-candles": _candles(of_mark=False, only_over=True),
    "market/mark-price-candles": _candles(of_mark=True, only_over=False),
    "market/history-mark-price-candles": _candles(of_mark=True, only_over=True),
}
