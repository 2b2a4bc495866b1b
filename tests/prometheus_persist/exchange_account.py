"""An account at fakeokx with something in every list, and what is compared of its view."""

from __future__ import annotations

import time
from typing import Any

from reconcile_world import BTC, ETH

import fakeokx
from prometheus_persist.exchange import OkxReader, ViewRequest, okx_client
from prometheus_persist.reconcile.views import SOURCES, VenueView
from prometheus_persist.state import OrderIntent, contracts

DAY_MS = 86_400_000
LISTS = ("instruments", "positions", "fills", "orders", "algo_orders", "lookups", "lives", "bills",
         "balances", "equity", "pos_mode")  # fmt: skip


class Hurried:
    """The real time, and no waiting: for an exchange that was started without rate limits."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        pass


def trader(url: str, **more: Any) -> Any:
    """A client that can trade; the reader's own is out of reach."""
    keys = fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE
    return okx_client(url, *keys, **{"sandbox": False, "timeout_ms": 10_000, **more})


def reader(url: str, **more: Any) -> OkxReader:
    """A reader that does not wait, with a pace of its own."""
    return OkxReader(trader(url), Hurried(), **more)


def venue_now_ms(exchange: Any) -> int:
    return int(exchange.advance(0))


def market(client: Any, side: str, sz: str, inst_id: str = BTC, **more: str) -> str:
    row = {"instId": inst_id, "tdMode": "cross", "side": side, "ordType": "market", "sz": sz}
    return str(client.privatePostTradeOrder(row | more)["data"][0]["ordId"])


def stop(client: Any, name: str, inst_id: str = BTC, **more: str) -> None:
    row = {"instId": inst_id, "tdMode": "cross", "side": "sell", "ordType": "conditional",
           "sz": "1", "slTriggerPx": "100", "slOrdPx": "-1", "reduceOnly": "true"}  # fmt: skip
    client.privatePostTradeOrderAlgo({**row, "algoClOrdId": name, **more})


def live_a_little(exchange: Any, client: Any, round_: str) -> None:
    """Something for every list: lives, funding, a stop that fired, orders that wait, 105 trades."""
    for inst_id in (BTC, ETH, "SOL-USDT-SWAP"):
        market(client, "buy", "1", inst_id)
        market(client, "sell", "1", inst_id)
    client.privatePostTradeOrder({"instId": "BTC-USDT", "tdMode": "cash", "side": "buy",
                                  "ordType": "market", "sz": "100"})  # fmt: skip
    for number in range(5):
        rows = [
            {"instId": ETH, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "0.1",
             "clOrdId": f"{round_}e{number}x{index}"}
            for index in range(20)
        ]  # fmt: skip
        client.privatePostTradeBatchOrders(rows)
    market(client, "buy", "2", clOrdId=f"{round_}entry")
    exchange.fund(BTC, "0.0001")
    stop(client, f"{round_}fired", slTriggerPx="49500")
    exchange.price(BTC, "49000")
    exchange.price(BTC, "50000")
    for number in range(3):
        stop(client, f"{round_}waits{number}")
        market(client, "buy", "1", ordType="limit", px="1000", clOrdId=f"{round_}rests{number}")


def intent(name: str, kind: str, created_ms: int) -> OrderIntent:
    return OrderIntent(
        cl_ord_id=name, agent_id="A", inst_id=BTC, mgn_mode="cross", pos_side="net", side="buy",
        qty_contracts=contracts(2), kind=kind, created_ms=created_ms,
    )  # type: ignore[arg-type]  # fmt: skip


def request(exchange: Any, round_: str, since_ms: int) -> ViewRequest:
    now_ms = venue_now_ms(exchange)
    created_ms = now_ms - 10_000
    intents = (
        intent(f"{round_}entry", "order", created_ms),
        intent(f"{round_}never", "order", created_ms),
        intent(f"{round_}waits0", "algo", created_ms),
    )
    return ViewRequest(since_ms=since_ms, now_ms=now_ms, intents=intents)


def content(view: VenueView) -> dict[str, Any]:
    """What a view says, without when and in which order it was said."""
    found = {name: getattr(view, name) for name in LISTS}
    return {
        name: sorted(map(repr, value)) if isinstance(value, tuple) else value
        for name, value in found.items()
    }


def whole_view(exchange: Any, since_ms: int, **fields: Any) -> Any:
    asked = ViewRequest(since_ms=since_ms, now_ms=venue_now_ms(exchange), **fields)
    view = reader(exchange.url).read_view(asked)
    assert view.complete(*SOURCES), view.problems()
    return view
