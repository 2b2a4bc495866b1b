"""GET endpoints: pick what can still be read, filter it, render it, cut the page.

A handler takes the desk, the query and the key, and returns rows or raises Refusal.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from fakeokx.engine import history
from fakeokx.engine.checks import listed
from fakeokx.engine.commands import AlgoRef, OrderRef
from fakeokx.engine.instruments import INSTRUMENTS, Instrument
from fakeokx.engine.lifecycle import AlgoState
from fakeokx.engine.model import CROSS, ISOLATED, LONG, NET, NET_MODE, SHORT, PositionKey
from fakeokx.engine.refusals import Refusal
from fakeokx.server.desk import Desk
from fakeokx.wire import pagination
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.render_account import (
    balance_row,
    config_row,
    leverage_row,
    position_history_row,
    position_row,
)
from fakeokx.wire.render_market import instrument_row, mark_price_row, ticker_row
from fakeokx.wire.render_orders import algo_row, bill_row, fill_row, order_row

Query = Mapping[str, str]
Rows = list[Any]
Handler = Callable[[Desk, Query, ApiKey], Rows]
INST_IDS_MAX: Final = 10
POS_IDS_MAX: Final = 20
_INST_TYPES: Final = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS")
_ALGO_DONE: Final = (AlgoState.EFFECTIVE, AlgoState.CANCELED, AlgoState.ORDER_FAILED)
_ALGO_FILTERS: Final = (
    "conditional",
    "oco",
    "trigger",
    "move_order_stop",
    "iceberg",
    "twap",
    "chase",
    "smart_iceberg",
)


def _required(query: Query, *names: str) -> None:
    for name in names:
        if not query.get(name):
            raise Refusal("50014", name)


def _words(query: Query, name: str, most: int) -> tuple[str, ...]:
    text = query.get(name, "")
    words = tuple(word for word in text.split(",") if word)
    if len(words) > most:
        raise Refusal("50025", name, str(most))
    return words


def _filtered(rows: Iterable[Any], query: Query, *names: str) -> Iterator[Any]:
    """The rows that agree with each given filter; a filter may list values with commas."""
    wanted = {name: query[name].split(",") for name in names if query.get(name)}
    family = query.get("instFamily", "")
    for row in rows:
        if any(row[name] not in values for name, values in wanted.items()):
            continue
        if not family or INSTRUMENTS[row["instId"]].uly == family:
            yield row


def _inst_type(query: Query) -> str:
    _required(query, "instType")
    if query["instType"] not in _INST_TYPES:
        raise Refusal("51000", "instType")
    return query["instType"]


def _of_type(query: Query) -> list[Instrument]:
    kind = _inst_type(query)
    named = query.get("instId", "")
    family = query.get("instFamily", "")
    return [
        each
        for each in INSTRUMENTS.values()
        if each.inst_type == kind and named in ("", each.inst_id) and family in ("", each.uly)
    ]


def _time(desk: Desk, _query: Query, _key: ApiKey) -> Rows:
    return [{"ts": str(desk.exchange.now_ms())}]


def _instruments(_desk: Desk, query: Query, _key: ApiKey) -> Rows:
    return [instrument_row(each) for each in _of_type(query)]


def _mark_price(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    now_ms = desk.exchange.now_ms()
    found = [listed(query["instId"])] if query.get("instId") else _of_type(query)
    return [mark_price_row(desk.exchange.venue, each, now_ms) for each in found]


def _ticker(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    _required(query, "instId")
    instrument = listed(query["instId"])
    return [ticker_row(desk.exchange.venue, instrument, desk.exchange.now_ms())]


def _tickers(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    now_ms = desk.exchange.now_ms()
    return [ticker_row(desk.exchange.venue, each, now_ms) for each in _of_type(query)]


def _currencies(_desk: Desk, _query: Query, _key: ApiKey) -> Rows:
    return []


def _config(desk: Desk, _query: Query, key: ApiKey) -> Rows:
    return [config_row(desk.exchange.venue, key.name, may_trade=key.may_trade)]


def _balance(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    return [balance_row(desk.exchange.venue, _words(query, "ccy", POS_IDS_MAX))]


def positions(desk: Desk, query: Query, *, stale: bool) -> Rows:
    """account/positions, from the venue or from what it was when the script was loaded."""
    inst_ids = _words(query, "instId", INST_IDS_MAX)
    pos_ids = _words(query, "posId", POS_IDS_MAX)
    with_flat = bool(inst_ids or pos_ids)
    venue, now_ms = desk.exchange.venue, desk.exchange.now_ms()
    held = history.positions(venue, now_ms, with_flat=with_flat)
    if stale:
        held = [each for each in desk.stale if each.qty_contracts or with_flat]
    rows = [position_row(venue, each) for each in held]
    return list(_filtered(rows, query, "instType", "instId", "posId"))


def _positions(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    return positions(desk, query, stale=False)


def _positions_history(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    lives = history.positions_history(desk.exchange.venue, desk.exchange.now_ms())
    rows = _filtered(
        [position_history_row(each) for each in lives],
        query,
        "instType",
        "instId",
        "mgnMode",
        "type",
        "posId",
    )
    return pagination.page(rows, query, pagination.POSITIONS_HISTORY)


def _bills(kept_ms: int) -> Handler:
    def handler(desk: Desk, query: Query, _key: ApiKey) -> Rows:
        bills = history.bills(desk.exchange.venue, desk.exchange.now_ms(), kept_ms)
        names = ("instType", "instId", "ccy", "mgnMode", "type", "subType")
        rows = _filtered(map(bill_row, bills), query, *names)
        return pagination.page(rows, query, pagination.BILLS)

    return handler


def _leverage(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    _required(query, "instId", "mgnMode")
    if query["mgnMode"] not in (CROSS, ISOLATED):
        raise Refusal("51000", "mgnMode")
    venue = desk.exchange.venue
    sides = (NET,) if venue.pos_mode == NET_MODE else (LONG, SHORT)
    return [
        leverage_row(venue, PositionKey(listed(inst_id).inst_id, query["mgnMode"], side))
        for inst_id in _words(query, "instId", POS_IDS_MAX)
        for side in sides
    ]


def _order(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    _required(query, "instId")
    if not query.get("ordId") and not query.get("clOrdId"):
        raise Refusal("50015", "ordId", "clOrdId")
    listed(query["instId"])
    ref = OrderRef(
        inst_id=query["instId"],
        ord_id=query.get("ordId", ""),
        cl_ord_id=query.get("clOrdId", ""),
    )
    found = history.order(desk.exchange.venue, ref, desk.exchange.now_ms())
    if found is None:
        raise Refusal("51603")
    return [order_row(found)]


_ORDER_FILTERS: Final = ("instType", "instId", "ordType", "state", "category")


def _orders_pending(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    rows = map(order_row, history.orders_pending(desk.exchange.venue))
    return pagination.page(_filtered(rows, query, *_ORDER_FILTERS), query, pagination.ORDERS)


def _orders_history(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    _inst_type(query)
    rows = map(order_row, history.orders_history(desk.exchange.venue, desk.exchange.now_ms()))
    return pagination.page(_filtered(rows, query, *_ORDER_FILTERS), query, pagination.ORDERS)


def _orders_archive(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    _inst_type(query)
    rows = map(order_row, history.orders_archive(desk.exchange.venue, desk.exchange.now_ms()))
    return pagination.page(_filtered(rows, query, *_ORDER_FILTERS), query, pagination.ORDERS)


def _fills(kept_ms: int, *, needs_type: bool) -> Handler:
    def handler(desk: Desk, query: Query, _key: ApiKey) -> Rows:
        if needs_type:
            _inst_type(query)
        fills = history.fills(desk.exchange.venue, desk.exchange.now_ms(), kept_ms)
        rows = _filtered(map(fill_row, fills), query, "instType", "instId", "ordId", "subType")
        return pagination.page(rows, query, pagination.FILLS)

    return handler


def _algo(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    if not query.get("algoId") and not query.get("algoClOrdId"):
        raise Refusal("50015", "algoId", "algoClOrdId")
    ref = AlgoRef(
        inst_id=query.get("instId", ""),
        algo_id=query.get("algoId", ""),
        algo_cl_ord_id=query.get("algoClOrdId", ""),
    )
    found = history.algo(desk.exchange.venue, ref, desk.exchange.now_ms())
    if found is None:
        raise Refusal("51603")
    return [algo_row(found)]


def _algo_types(query: Query) -> None:
    _required(query, "ordType")
    kinds = query["ordType"].split(",")
    if any(kind not in _ALGO_FILTERS for kind in kinds):
        raise Refusal("51000", "ordType")
    if len(kinds) > 1 and sorted(kinds) != ["conditional", "oco"]:
        raise Refusal("51000", "ordType")


_ALGO_FIELDS: Final = ("ordType", "algoId", "algoClOrdId", "instType", "instId", "state")


def _algos_pending(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    _algo_types(query)
    rows = map(algo_row, history.algos_pending(desk.exchange.venue))
    return pagination.page(_filtered(rows, query, *_ALGO_FIELDS), query, pagination.ALGOS)


def _algos_history(desk: Desk, query: Query, _key: ApiKey) -> Rows:
    _algo_types(query)
    if bool(query.get("state")) == bool(query.get("algoId")):
        raise Refusal("50015" if not query.get("state") else "50024", "state", "algoId")
    if query.get("state") and query["state"] not in _ALGO_DONE:
        raise Refusal("51000", "state")
    rows = map(algo_row, history.algos_history(desk.exchange.venue, desk.exchange.now_ms()))
    return pagination.page(_filtered(rows, query, *_ALGO_FIELDS), query, pagination.ALGOS)


READS: Final[Mapping[str, Handler]] = {
    "public/time": _time,
    "public/instruments": _instruments,
    "public/mark-price": _mark_price,
    "market/ticker": _ticker,
    "market/tickers": _tickers,
    "asset/currencies": _currencies,
    "account/config": _config,
    "account/balance": _balance,
    "account/positions": _positions,
    "account/positions-history": _positions_history,
    "account/bills": _bills(history.BILLS_KEPT_MS),
    "account/bills-archive": _bills(history.ARCHIVE_KEPT_MS),
    "account/leverage-info": _leverage,
    "trade/order": _order,
    "trade/orders-pending": _orders_pending,
    "trade/orders-history": _orders_history,
    "trade/orders-history-archive": _orders_archive,
    "trade/fills": _fills(history.FILLS_KEPT_MS, needs_type=False),
    "trade/fills-history": _fills(history.ARCHIVE_KEPT_MS, needs_type=True),
    "trade/order-algo": _algo,
    "trade/orders-algo-pending": _algos_pending,
    "trade/orders-algo-history": _algos_history,
}
