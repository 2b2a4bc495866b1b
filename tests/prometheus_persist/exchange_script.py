"""A script that stands where ``ccxt.okx`` does: answers by endpoint, with ccxt's own exceptions.

``served`` answers a real ccxt client instead, over HTTP that goes nowhere: whole rows, as OKX
writes them, go through ccxt's own parsing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import ccxt
import responses

from prometheus_persist.exchange import OkxReader, ViewRequest, okx_client
from prometheus_persist.exchange.okx.order_lookup import DAY_MS, HOUR_MS
from prometheus_persist.exchange.okx.query import READS
from prometheus_persist.exchange.okx.scheduler import ReadLimits
from prometheus_persist.state import OrderIntent, contracts

BTC = "BTC-USDT-SWAP"
START_MS = 1_700_000_000_000
KEYS = ("KEY-abc", "SECRET-abc", "PASS-abc")
NOW = START_MS + 100 * DAY_MS
ENDPOINT = {method: endpoint for endpoint, method in READS.items()}
INSTRUMENT = {
    "instId": BTC, "ctType": "linear", "ctVal": "0.01", "ctMult": "1", "lotSz": "0.01",
    "tickSz": "0.1", "settleCcy": "USDT",
}  # fmt: skip
POSITION = {
    "instId": BTC, "mgnMode": "cross", "posSide": "net", "pos": "-3", "avgPx": "100.5",
    "uTime": str(NOW), "cTime": str(NOW), "posId": "1", "liqPenalty": "0",
}  # fmt: skip
USDT = {"ccy": "USDT", "eq": "1000.5", "upl": "0.5"}
BALANCE = {"totalEq": "1000.5", "details": [USDT]}
BILL = {
    "billId": "9", "type": "2", "subType": "1", "instType": "SWAP", "instId": BTC, "ccy": "USDT",
    "mgnMode": "cross", "balChg": "-0.1", "posBalChg": "0", "pnl": "0", "fee": "-0.1", "sz": "1",
    "tradeId": "1", "ordId": "1", "ts": str(NOW),
}  # fmt: skip
LIFE = {
    "instId": BTC, "mgnMode": "cross", "posSide": "net", "posId": "1", "type": "2",
    "direction": "long", "closeTotalPos": "1", "realizedPnl": "-1", "liqPenalty": "",
    "cTime": str(NOW - 1), "uTime": str(NOW),
}  # fmt: skip


def fill(number: int, **fields: str) -> dict[str, str]:
    return {
        "instId": BTC, "tradeId": str(number), "ordId": "1", "clOrdId": "", "tag": "",
        "side": "buy", "posSide": "net", "fillSz": "1", "fillPx": "100", "fee": "-0.1",
        "ts": str(NOW - number), "billId": str(number), "subType": "1", **fields,
    }  # fmt: skip


def order(number: int, **fields: str) -> dict[str, str]:
    return {
        "instId": BTC, "ordId": str(number), "clOrdId": "", "algoId": "", "algoClOrdId": "",
        "tag": "", "side": "buy", "posSide": "net", "tdMode": "cross", "ordType": "market",
        "state": "filled", "category": "normal", "source": "", "sz": "1", "accFillSz": "1",
        "cTime": str(NOW), "uTime": str(NOW), **fields,
    }  # fmt: skip


class Clock:
    """Time passes while it is slept away, and in no other way."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return NOW

    def monotonic_s(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


CURSORS = {"orders-algo": "algoId", "orders": "ordId", "fills": "billId", "bills": "billId",
           "positions-history": "uTime"}  # fmt: skip


def paged(endpoint: str, rows: Any, params: dict[str, str]) -> Any:
    """The rows older than the cursor, where the endpoint has one."""
    after, name = params.get("after"), endpoint.partition("/")[2]
    cursor = next((CURSORS[start] for start in CURSORS if name.startswith(start)), "")
    if not (after and cursor and isinstance(rows, list)):
        return rows
    return [row for row in rows if int(row[cursor]) < int(after)]


class Script:
    """Answers by endpoint: rows, an exception to raise, or a function of the parameters.

    Rows are paged; a function answers as it likes.
    """

    apiKey, secret, password = "KEY-abc", "SECRET-abc", "PASS-abc"  # noqa: N815

    def __init__(self, **answers: Any) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, Any] = {
            "public/time": [{"ts": str(NOW)}],
            "public/instruments": [INSTRUMENT],
            "account/config": [{"posMode": "net_mode"}],
            "account/balance": [BALANCE],
            "trade/order": ccxt.OrderNotFound("51603"),
            "trade/order-algo": ccxt.OrderNotFound("51603"),
        } | {name.replace("__", "/").replace("_", "-"): value for name, value in answers.items()}

    def __getattr__(self, method: str) -> Callable[[dict[str, str]], Any]:
        def ask(params: dict[str, str]) -> Any:
            endpoint = ENDPOINT[method]
            self.asked.append((endpoint, params))
            answer = self.answers.get(endpoint, [])
            if callable(answer) and not isinstance(answer, Exception):
                answer = answer(params)
            else:
                answer = paged(endpoint, answer, params)
            if isinstance(answer, Exception):
                raise answer
            return {"code": "0", "data": answer, "msg": ""} if isinstance(answer, list) else answer

        return ask


def read(script: Script, *, since_ms: int = NOW - HOUR_MS, intents: tuple[OrderIntent, ...] = (),
         limits: ReadLimits | None = None) -> Any:  # fmt: skip
    reader = OkxReader(script, Clock(), limits)
    return reader.read_view(ViewRequest(since_ms=since_ms, now_ms=NOW, intents=intents))


def intent(age_ms: int, **fields: object) -> OrderIntent:
    return OrderIntent(
        cl_ord_id="As0id000010000001", agent_id="A", inst_id=BTC, mgn_mode="cross",
        pos_side="net", side="buy", qty_contracts=contracts(1), created_ms=NOW - age_ms, **fields,
    )  # type: ignore[arg-type]  # fmt: skip


def told(code: str, msg: str = "") -> dict[str, Any]:
    """An error as OKX writes it."""
    return {"code": code, "msg": msg, "data": []}


@contextmanager
def served(
    answers: Mapping[str, Any], *, sandbox: bool = False, clock: Any = None
) -> Iterator[OkxReader]:
    """A reader over a real ccxt client; an answer is rows, a whole body, or a function of both.

    A body is (status, text). What has no answer is an empty list.
    """
    rows = Script().answers | {"trade/order": told("51603"), "trade/order-algo": told("51603")}
    rows |= answers

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(request.url)
        endpoint, asked = parts.path.removeprefix("/api/v5/"), dict(parse_qsl(parts.query))
        said = rows.get(endpoint, [])
        said = said(asked) if callable(said) else paged(endpoint, said, asked)
        if isinstance(said, tuple):
            return said[0], {}, said[1]
        body = said if isinstance(said, dict) else {"code": "0", "msg": "", "data": said}
        return 200, {}, json.dumps(body)

    with responses.RequestsMock(assert_all_requests_are_fired=False) as okx:
        okx.add_callback("GET", re.compile(r".*"), callback=answer)
        yield OkxReader(okx_client(None, *KEYS, sandbox, 1_000), clock or Clock())
