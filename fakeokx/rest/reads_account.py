"""GET account/… and asset/…: configuration, money, positions, bills, leverage, fees."""

from collections.abc import Mapping
from typing import Final

from fakeokx.engine import history
from fakeokx.engine.model import CROSS, ISOLATED, LONG, NET, NET_MODE, SHORT, PositionKey
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime import queries
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.runtime.queries import INST_IDS_MAX, POS_IDS_MAX, Handler, Query, Rows
from fakeokx.wire import pagination
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.bill_types import BILL_TYPES, subtype_rows
from fakeokx.wire.render_account import (
    balance_row,
    position_history_row,
    position_row,
)
from fakeokx.wire.render_orders import bill_row
from fakeokx.wire.render_public import account_instrument_row, as_account_sees, trade_fee_row
from fakeokx.wire.render_settings import config_row, leverage_row
from fakeokx.wire.variants import as_position

_CT_TYPES: Final = ("linear", "inverse")
_MARGIN_MODES: Final = (CROSS, ISOLATED)
_CLOSE_TYPES: Final = ("1", "2", "3", "4", "5", "6")


def _currencies(_runtime: ExchangeRuntime, _query: Query, _key: ApiKey) -> Rows:
    return []


def _config(runtime: ExchangeRuntime, _query: Query, key: ApiKey) -> Rows:
    venue = runtime.exchange.venue
    row = config_row(venue, key.name, may_trade=key.may_trade, account=key.account, ips=key.ips)
    return [row]


def _balance(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    ccys = queries.words(query, "ccy", POS_IDS_MAX)
    return [balance_row(runtime.exchange.venue, ccys, key.account)]


def _instruments(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    venue = runtime.exchange.venue
    found = queries.of_type(query, venue)
    own = [account_instrument_row(each, venue.markets[each.inst_id].state) for each in found]
    return own + [as_account_sees(each) for each in queries.foreign_instruments(runtime, query)]


def _subtypes(_runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    kinds = queries.words(query, "type", len(BILL_TYPES))
    if any(kind not in BILL_TYPES for kind in kinds):
        raise Refusal("51000", "type")
    return subtype_rows(kinds)


def _trade_fee(runtime: ExchangeRuntime, query: Query, _key: ApiKey) -> Rows:
    kind = queries.inst_type(query)
    if query.get("instId") and queries.listed(runtime, query["instId"]).inst_type != kind:
        raise Refusal("51015")
    return [trade_fee_row(kind, runtime.exchange.now_ms())]


def _positions(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    inst_ids = queries.words(query, "instId", INST_IDS_MAX)
    pos_ids = queries.words(query, "posId", POS_IDS_MAX)
    if query.get("instType"):
        queries.checked_type(query["instType"])
    queries.known(runtime, query)
    with_flat = bool(inst_ids or pos_ids)
    venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
    held = history.positions(venue, now_ms, with_flat=with_flat, account=key.account)
    rows = [as_position(venue.switches, position_row(venue, each)) for each in held]
    others = queries.foreign(runtime, key.account, "account/positions")
    every = queries.merged(rows, others, "cTime")
    return list(queries.filtered(every, query, "instType", "instId", "posId"))


def _positions_history(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
    queries.one_of(query, "instType", queries.INST_TYPES)
    queries.one_of(query, "mgnMode", _MARGIN_MODES)
    queries.one_of(query, "type", _CLOSE_TYPES)
    lives = history.positions_history(venue, now_ms, key.account)
    own = [position_history_row(venue, each) for each in lives]
    rows = queries.filtered(
        queries.merged(
            own, queries.foreign(runtime, key.account, "account/positions-history"), "uTime"
        ),
        query,
        "instType",
        "instId",
        "mgnMode",
        "type",
        "posId",
    )
    return pagination.page(rows, query, pagination.POSITIONS_HISTORY)


def _bills(kept_ms: int) -> Handler:
    def handler(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
        venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
        bills = history.bills(venue, now_ms, kept_ms, key.account)
        names = ("instType", "instId", "ccy", "mgnMode", "type", "subType")
        queries.one_of(query, "instType", queries.INST_TYPES)
        queries.one_of(query, "mgnMode", _MARGIN_MODES)
        queries.one_of(query, "ctType", _CT_TYPES)
        older = queries.older(bills, query, lambda each: each.bill_id)
        rows = queries.filtered(map(bill_row, older), query, *names)
        if query.get("ctType"):
            rows = (
                row for row in rows if queries.ct_type_of(row.get("instId", "")) == query["ctType"]
            )
        return pagination.page(rows, query, pagination.BILLS)

    return handler


def _leverage(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    queries.required(query, "instId", "mgnMode")
    if query["mgnMode"] not in (CROSS, ISOLATED):
        raise Refusal("51000", "mgnMode")
    venue = runtime.exchange.venue
    sides = (NET,) if venue.account(key.account).pos_mode == NET_MODE else (LONG, SHORT)
    mode, name = query["mgnMode"], key.account
    return [
        leverage_row(venue, PositionKey(queries.listed(runtime, inst_id).inst_id, mode, side), name)
        for inst_id in queries.words(query, "instId", POS_IDS_MAX)
        for side in sides
    ]


READS: Final[Mapping[str, Handler]] = {
    "asset/currencies": _currencies,
    "account/config": _config,
    "account/balance": _balance,
    "account/instruments": _instruments,
    "account/subtypes": _subtypes,
    "account/trade-fee": _trade_fee,
    "account/positions": _positions,
    "account/positions-history": _positions_history,
    "account/bills": _bills(history.BILLS_KEPT_MS),
    "account/bills-archive": _bills(history.ARCHIVE_KEPT_MS),
    "account/leverage-info": _leverage,
}
