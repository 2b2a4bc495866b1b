"""GET trade/…: orders, algo orders and fills, as far as they can still be read."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fakeokx.engine import history
from fakeokx.engine.commands import AlgoRef, OrderRef
from fakeokx.engine.lifecycle import AlgoState
from fakeokx.engine.model import Algo, Order
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime import queries
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.runtime.queries import Handler, Query, Rows
from fakeokx.wire import pagination, variants
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.render_orders import algo_row, fill_row, order_row

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


def _order(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    queries.required(query, "instId")
    if not query.get("ordId") and not query.get("clOrdId"):
        raise Refusal("50015", "ordId", "clOrdId")
    other = _foreign_order(runtime, query, key.account)
    if other is not None:
        return [other]
    queries.listed(runtime, query["instId"])
    ref = OrderRef(
        inst_id=query["instId"],
        ord_id=query.get("ordId", ""),
        cl_ord_id=query.get("clOrdId", ""),
    )
    venue = runtime.exchange.venue
    found = variants.looked_up(venue, ref, runtime.exchange.now_ms(), key.account)
    if found is None:
        raise Refusal("51603")
    return [variants.as_order(venue.switches, order_row(found))]


def _foreign_order(runtime: ExchangeRuntime, query: Query, account: str) -> Any:
    """The order of a foreign product that is listed, if it is one."""
    if not queries.foreign_instruments(runtime, {"instId": query["instId"]}):
        return None
    name = "ordId" if query.get("ordId") else "clOrdId"
    orders = queries.foreign(runtime, account, _PENDING, _HISTORY)
    return next(queries.filtered(orders, query, "instId", name), None)


_PENDING: Final = "trade/orders-pending"
_HISTORY: Final = "trade/orders-history"
_ORDER_FILTERS: Final = ("instType", "instId", "ordType", "state", "category")


def _order_page(
    runtime: ExchangeRuntime, query: Query, orders: Iterable[Order], account: str, path: str
) -> Rows:
    if query.get("instType"):
        queries.checked_type(query["instType"])
    switches = runtime.exchange.venue.switches
    older = queries.older(orders, query, lambda each: each.ord_id)
    seen = variants.visible_orders(switches, older)
    own = (variants.as_order(switches, order_row(each)) for each in seen)
    rows = queries.merged(own, queries.foreign(runtime, account, path), "ordId")
    return pagination.page(queries.filtered(rows, query, *_ORDER_FILTERS), query, pagination.ORDERS)


def _orders_pending(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    queries.known(runtime, query)
    waiting = history.orders_pending(runtime.exchange.venue, key.account)
    return _order_page(runtime, query, waiting, key.account, _PENDING)


def _orders_history(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    queries.inst_type(query)
    venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
    ended = history.orders_history(venue, now_ms, key.account)
    return _order_page(runtime, query, ended, key.account, _HISTORY)


def _orders_archive(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    queries.inst_type(query)
    venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
    ended = history.orders_archive(venue, now_ms, key.account)
    return _order_page(runtime, query, ended, key.account, _HISTORY)


def _fills(kept_ms: int, *, needs_type: bool) -> Handler:
    def handler(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
        if needs_type or query.get("instType"):
            queries.inst_type(query)
        venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
        fills = history.fills(venue, now_ms, kept_ms, key.account)
        older = queries.older(fills, query, lambda each: each.bill_id)
        seen = variants.visible_fills(venue.switches, older)
        names = ("instType", "instId", "ordId", "subType")
        others = queries.foreign(runtime, key.account, "trade/fills")
        every = queries.merged(map(fill_row, seen), others, "billId")
        rows = queries.filtered(every, query, *names)
        return pagination.page(rows, query, pagination.FILLS)

    return handler


def _algo(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    if not query.get("algoId") and not query.get("algoClOrdId"):
        raise Refusal("50015", "algoId", "algoClOrdId")
    ref = AlgoRef(
        inst_id=query.get("instId", ""),
        algo_id=query.get("algoId", ""),
        algo_cl_ord_id=query.get("algoClOrdId", ""),
    )
    found = history.algo(runtime.exchange.venue, ref, runtime.exchange.now_ms(), key.account)
    if found is None:
        raise Refusal("51603")
    return [variants.as_algo(runtime.exchange.venue.switches, algo_row(found))]


def _algo_types(query: Query) -> None:
    queries.required(query, "ordType")
    kinds = query["ordType"].split(",")
    if any(kind not in _ALGO_FILTERS for kind in kinds):
        raise Refusal("51000", "ordType")
    if len(kinds) > 1 and sorted(kinds) != ["conditional", "oco"]:
        raise Refusal("51000", "ordType")


_ALGO_FIELDS: Final = ("ordType", "algoId", "algoClOrdId", "instType", "instId", "state")


def _algo_page(runtime: ExchangeRuntime, query: Query, algos: Iterable[Algo], others: Rows) -> Rows:
    switches = runtime.exchange.venue.switches
    own = (variants.as_algo(switches, algo_row(each)) for each in algos)
    rows = queries.merged(own, others, "algoId")
    return pagination.page(queries.filtered(rows, query, *_ALGO_FIELDS), query, pagination.ALGOS)


def _algos_pending(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    _algo_types(query)
    waiting = history.algos_pending(runtime.exchange.venue, key.account)
    others = queries.foreign(runtime, key.account, "trade/orders-algo-pending")
    return _algo_page(runtime, query, waiting, others)


def _algos_history(runtime: ExchangeRuntime, query: Query, key: ApiKey) -> Rows:
    _algo_types(query)
    if bool(query.get("state")) == bool(query.get("algoId")):
        raise Refusal("50015" if not query.get("state") else "50024", "state", "algoId")
    if query.get("state") and query["state"] not in _ALGO_DONE:
        raise Refusal("51000", "state")
    venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
    ended = history.algos_history(venue, now_ms, key.account)
    return _algo_page(runtime, query, ended, [])


READS: Final[Mapping[str, Handler]] = {
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
