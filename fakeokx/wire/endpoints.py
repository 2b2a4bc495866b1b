"""The endpoints that are served, as one table.

Everything that depends on an endpoint reads it here: routing, permission, rate limits, the
``operation`` that a fault rule may name, and the table in the README.
"""

from dataclasses import dataclass
from typing import Final

GET: Final = "GET"
POST: Final = "POST"
PREFIX: Final = "/api/v5/"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``count`` per ``window_ms`` for each value of ``per``.

    ``per`` is user or ip, alone or with instId, instType or tag.
    """

    count: int
    window_ms: int = 2000
    per: str = "user"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path under /api/v5/."""

    method: str
    path: str
    operation: str
    summary: str
    limit: Limit
    is_private: bool = True
    needs_trade: bool = False


_PER_INST: Final = "user+instId"


def _public(path: str, operation: str, summary: str, count: int, per: str = "ip") -> Endpoint:
    return Endpoint(GET, path, operation, summary, Limit(count, per=per), is_private=False)


def _read(path: str, operation: str, summary: str, limit: Limit) -> Endpoint:
    return Endpoint(GET, path, operation, summary, limit)


def _write(path: str, operation: str, summary: str, limit: Limit) -> Endpoint:
    return Endpoint(POST, path, operation, summary, limit, needs_trade=True)


def _per_inst(count: int) -> Limit:
    return Limit(count, per=_PER_INST)


ENDPOINTS: Final = (
    _public("public/time", "read_time", "the venue's clock", 10),
    _public("public/instruments", "read_instruments", "swaps, futures, spot", 20, "ip+instType"),
    _public("public/mark-price", "read_prices", "by instType or instId", 10, "ip+instId"),
    _public("public/funding-rate", "read_funding", "one swap, or ANY", 10, "ip+instId"),
    _public("public/funding-rate-history", "read_funding", "what was charged", 10, "ip+instId"),
    _public("public/position-tiers", "read_tiers", "by family", 10),
    _public("market/ticker", "read_prices", "one instrument", 20),
    _public("market/tickers", "read_prices", "all of an instType", 20),
    _public("market/index-tickers", "read_prices", "the index is the mark price", 20),
    _public("market/books", "read_book", "up to 400 levels", 40),
    _public("market/trades", "read_trades", "the newest 500", 100),
    _public("market/candles", "read_candles", "of the last price", 40),
    _public("market/history-candles", "read_candles", "the same, finished ones", 20),
    _public("market/mark-price-candles", "read_candles", "of the mark price", 20),
    _public("market/history-mark-price-candles", "read_candles", "the same, finished ones", 10),
    Endpoint(
        GET,
        "system/status",
        "read_status",
        "notices; maintenance is a fault rule",
        Limit(1, 5000, per="ip"),
        is_private=False,
    ),
    _read("asset/currencies", "read_currencies", "empty; 50038 in demo trading", Limit(6, 1000)),
    _read("account/config", "read_config", "futures mode", Limit(5)),
    _read("account/balance", "read_balance", "per currency", Limit(10)),
    _read("account/positions", "read_positions", "flat ones by instId or posId", Limit(10)),
    _read("account/positions-history", "read_positions_history", "lives", Limit(10)),
    _read("account/bills", "read_bills", "7 days", Limit(5, 1000)),
    _read("account/bills-archive", "read_bills", "3 months", Limit(5)),
    _read(
        "account/instruments",
        "read_instruments",
        "without alias, category",
        Limit(20, per="user+instType"),
    ),
    _read("account/subtypes", "read_bills", "types and subtypes of bills", Limit(20)),
    _read("account/trade-fee", "read_fees", "Lv1", Limit(5)),
    _read("account/leverage-info", "read_leverage", "one row per side", Limit(20)),
    _write("account/set-leverage", "set_leverage", "per instrument or family", Limit(20)),
    _write("account/set-position-mode", "set_position_mode", "only when flat", Limit(5)),
    _write("trade/order", "place", "all order types but options'", _per_inst(60)),
    _write("trade/batch-orders", "place", "at most 20", _per_inst(300)),
    _write("trade/cancel-order", "cancel", "by ordId or clOrdId", _per_inst(60)),
    _write("trade/cancel-batch-orders", "cancel", "at most 20", _per_inst(300)),
    _write("trade/amend-order", "amend", "size, price, attached exits, cxlOnFail", _per_inst(60)),
    _write("trade/amend-batch-orders", "amend", "at most 20", _per_inst(300)),
    _write("trade/close-position", "close_position", "at market", _per_inst(20)),
    _write(
        "trade/cancel-all-after",
        "cancel_all_after",
        "for all, or for a tag",
        Limit(1, 1000, per="user+tag"),
    ),
    _write("trade/order-algo", "place_algo", "conditional, oco, trigger, trailing", _per_inst(20)),
    _write("trade/cancel-algos", "cancel_algo", "at most 10", _per_inst(20)),
    _write("trade/amend-algos", "amend_algo", "stops and triggers", _per_inst(20)),
    _read("trade/order", "read_order", "51603 when unknown", _per_inst(60)),
    _read("trade/orders-pending", "read_orders", "live, partially_filled", Limit(60)),
    _read("trade/orders-history", "read_orders", "7 days; 2 h if canceled unfilled", Limit(40)),
    _read("trade/orders-history-archive", "read_orders", "3 months", Limit(20)),
    _read("trade/fills", "read_fills", "3 days", Limit(60)),
    _read("trade/fills-history", "read_fills", "3 months", Limit(10)),
    _read("trade/order-algo", "read_algo", "51603 when unknown", Limit(20)),
    _read("trade/orders-algo-pending", "read_algos", "needs ordType", Limit(20)),
    _read("trade/orders-algo-history", "read_algos", "needs state or algoId", Limit(20)),
)
BY_ROUTE: Final = {(each.method, each.path): each for each in ENDPOINTS}
PATHS: Final = frozenset(each.path for each in ENDPOINTS)
OPERATIONS: Final = frozenset(each.operation for each in ENDPOINTS)


def markdown() -> str:
    """The endpoint table of the README."""
    lines = ["| method | path | signed | remarks |", "|---|---|---|---|"]
    for each in ENDPOINTS:
        signed = "yes" if each.is_private else "no"
        lines.append(f"| {each.method} | `{each.path}` | {signed} | {each.summary} |")
    return "\n".join(lines)
