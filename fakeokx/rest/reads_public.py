"""GET public/…, market/… and system/…: what everybody may see, without a signature."""

from collections.abc import Mapping
from typing import Final

from fakeokx.engine.instruments import INSTRUMENTS, SPOT
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime import queries
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.runtime.queries import Handler, Query, Rows
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.render_market import instrument_row, mark_price_row, ticker_row
from fakeokx.wire.render_public import (
    STATUS_SHOWN,
    STATUS_STATES,
    index_row,
    status_row,
    tier_rows,
)

FAMILIES_MAX: Final = 5
_TIER_TYPES: Final = ("MARGIN", "SWAP", "FUTURES", "OPTION")
_TD_MODES: Final = ("cross", "isolated")


def _time(runtime: ExchangeRuntime, _query: Query, _key: ApiKey) -> Rows:
    return [{"ts": str(runtime.exchange.now_ms())}]


def _instruments(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    if queries.inst_type(query) == "OPTION" and not query.get("instFamily"):
        raise Refusal("50015", "uly", "instFamily")
    queries.known(runtime, query)
    markets = runtime.exchange.venue.markets
    listed_now = queries.of_type(query, runtime.exchange.venue)
    own = [instrument_row(each, markets[each.inst_id].state) for each in listed_now]
    return own + queries.foreign_instruments(runtime, query)


def _mark_price(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    now_ms = runtime.exchange.now_ms()
    if query.get("instType") or not query.get("instId"):
        found = queries.of_type(query, runtime.exchange.venue)
    else:
        found = [queries.listed(runtime, query["instId"])]
    return [mark_price_row(runtime.exchange.venue, each, now_ms) for each in found]


def _ticker(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    queries.required(query, "instId")
    instrument = queries.listed(runtime, query["instId"])
    return [ticker_row(runtime.exchange.venue, instrument, runtime.exchange.now_ms())]


def _tickers(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
    return [ticker_row(venue, each, now_ms) for each in queries.of_type(query, venue)]


def _position_tiers(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    queries.required(query, "instType", "tdMode")
    if query["instType"] not in _TIER_TYPES:
        raise Refusal("51000", "instType")
    if query["tdMode"] not in _TD_MODES:
        raise Refusal("51000", "tdMode")
    if query["instType"] == "MARGIN":
        return []
    if not query.get("instFamily"):
        raise Refusal("50015", "uly", "instFamily")
    families = queries.words(query, "instFamily", FAMILIES_MAX)
    tiers = query.get("tier", "")
    rows: Rows = []
    for family in dict.fromkeys(families):
        found = next(
            (
                each
                for each in runtime.exchange.venue.listed()
                if each.inst_type == query["instType"] and each.uly == family
            ),
            None,
        )
        if found is not None:
            rows += tier_rows(found)
    return [row for row in rows if tiers in ("", row["tier"])]


def _index_tickers(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    named, quote = query.get("instId", ""), query.get("quoteCcy", "")
    if not named and not quote:
        raise Refusal("50015", "instId", "quoteCcy")
    now_ms, rows = runtime.exchange.now_ms(), []
    seen: set[str] = set()
    for each in INSTRUMENTS.values():
        if each.inst_type == SPOT or each.uly in seen or named not in ("", each.uly):
            continue
        if quote in ("", each.quote_ccy):
            seen.add(each.uly)
            rows.append(index_row(runtime.exchange.venue, each, now_ms))
    if named and not rows:
        raise Refusal("51001")
    return rows


def _status(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    wanted = query.get("state", "")
    if wanted and wanted not in STATUS_STATES:
        raise Refusal("51000", "state")
    shown = (wanted,) if wanted else STATUS_SHOWN
    notices = list(runtime.status)
    if runtime.script.is_maintenance:
        notices.append(status_row({"title": "Maintenance", "state": "ongoing"}))
    return [row for row in notices if row["state"] in shown]


READS: Final[Mapping[str, Handler]] = {
    "public/time": _time,
    "public/instruments": _instruments,
    "public/mark-price": _mark_price,
    "public/position-tiers": _position_tiers,
    "market/ticker": _ticker,
    "market/tickers": _tickers,
    "market/index-tickers": _index_tickers,
    "system/status": _status,
}
