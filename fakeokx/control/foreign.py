"""The part of the control API that puts other people's rows into an account's lists."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from fakeokx.engine.commands import OrderRequest, PlaceAlgo, PlaceOrders, PutForeign
from fakeokx.engine.decimals import plain
from fakeokx.engine.model import LONG, MAIN, NET_MODE
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime import queries
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.wire import foreign_kinds, requests

Handler = Callable[[ExchangeRuntime, bytes], Any]
COPIES: Final = "copy_trading"
_COPIED: Final = "DOGE-USDT-SWAP"


def _foreign(runtime: ExchangeRuntime, body: bytes) -> Any:
    params = requests.body_object(body, "foreign")
    kind, account = params.get("kind", ""), params.get("account", MAIN)
    if kind == COPIES:
        _copies(runtime, params.get("instId") or _COPIED, account)
        return {"rows": 0}
    if kind not in foreign_kinds.KINDS:
        raise Refusal("51000", "kind")
    return _put(runtime, foreign_kinds.rows_of(kind), account)


def _rows(runtime: ExchangeRuntime, body: bytes) -> Any:
    try:
        asked = requests.text_json(body)
        pairs = [[asked["endpoint"], row] for row in list(asked["rows"])]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refusal("51000", "rows") from None
    return _put(runtime, pairs, str(asked.get("account") or MAIN))


def _clear(runtime: ExchangeRuntime, body: bytes) -> Any:
    account = requests.body_object(body, "foreign-clear").get("account", MAIN)
    runtime.exchange.do(PutForeign(clear="true", account=account))
    return {"rows": 0}


def _put(runtime: ExchangeRuntime, pairs: Any, account: str) -> Any:
    runtime.exchange.do(PutForeign(rows=json.dumps(pairs), account=account))
    return {"rows": len(pairs)}


def _copies(runtime: ExchangeRuntime, inst_id: str, account: str) -> None:
    """What a copy trader does: an order that fills, one that waits, and a stop."""
    venue = runtime.exchange.venue
    instrument = queries.listed(runtime, inst_id)
    pos_side = "" if venue.account(account).pos_mode == NET_MODE else LONG
    words = {"inst_id": inst_id, "td_mode": "cross", "pos_side": pos_side, "tag": "copytrading"}
    sz = plain(instrument.lot_sz * 100)
    tick = instrument.tick_sz
    low = plain(venue.prices[inst_id] * 4 // (tick * 5) * tick)
    orders = [
        OrderRequest(
            **words,
            side="buy",
            ord_type=kind,
            px=px,
            sz=sz,
            cl_ord_id=f"copy{kind}{len(venue.orders)}",
        )
        for kind, px in (("market", ""), ("limit", low))
    ]
    runtime.exchange.do(PlaceOrders(orders=tuple(orders), account=account))
    stop = PlaceAlgo(
        **words,
        side="sell",
        ord_type="conditional",
        sz=sz,
        sl_trigger_px=low,
        sl_ord_px="-1",
        reduce_only="true",
        account=account,
    )
    runtime.exchange.do(stop)


HANDLERS: Final[Mapping[tuple[str, str], Handler]] = {
    ("POST", "foreign"): _foreign,
    ("POST", "foreign-rows"): _rows,
    ("POST", "foreign-clear"): _clear,
}
