"""Short words for the engine tests, and a signing client that shares no code with the server."""

import base64
import hashlib
import hmac
import http.client
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from fakeokx import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET
from fakeokx.engine.commands import MovePrice, OrderRequest, PlaceAlgo, PlaceOrders
from fakeokx.engine.events import Answered
from fakeokx.engine.model import Algo, Order, Position, PositionKey
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

BTC = "BTC-USDT-SWAP"
T0 = 1_700_000_000_000
D = Decimal
VIEWER = ("viewer", "viewer-secret", "viewer-pass")


def new_venue(pos_mode: str = "net_mode", cash: str = "1000000", seed: int = 0) -> Venue:
    return Venue(seed=seed, first_cash_quote=D(cash), pos_mode=pos_mode)


def ask(**fields: str) -> OrderRequest:
    given = {"inst_id": BTC, "td_mode": "cross", "side": "buy", "ord_type": "market", "sz": "1"}
    return OrderRequest(**{**given, **fields})


def answers(venue: Venue, command: Any, now_ms: int = T0) -> list[Answered]:
    return [each for each in step(venue, command, now_ms) if isinstance(each, Answered)]


def place(venue: Venue, now_ms: int = T0, **fields: str) -> Order:
    (answered,) = answers(venue, PlaceOrders(orders=(ask(**fields),)), now_ms)
    assert answered.reason is None, answered.reason
    return venue.orders[int(answered.id)]


def refused(venue: Venue, **fields: str) -> tuple[str, tuple[str, ...]]:
    (answered,) = answers(venue, PlaceOrders(orders=(ask(**fields),)))
    assert answered.reason is not None, "expected a refusal"
    return answered.reason.code, answered.reason.words


def place_algo(venue: Venue, now_ms: int = T0, **fields: str) -> Algo:
    given = {"inst_id": BTC, "td_mode": "cross", "side": "sell", "ord_type": "conditional"}
    (answered,) = answers(venue, PlaceAlgo(**{"sz": "1", **given, **fields}), now_ms)
    assert answered.reason is None, answered.reason
    return venue.algos[int(answered.id)]


def move(venue: Venue, px: str, now_ms: int = T0, inst_id: str = BTC) -> None:
    step(venue, MovePrice(inst_id=inst_id, px=px), now_ms)


def held(venue: Venue, pos_side: str = "net", mode: str = "cross", inst_id: str = BTC) -> Position:
    return venue.position(PositionKey(inst_id, mode, pos_side))


def iso(moment_ms: int | None = None) -> str:
    now = datetime.now(UTC) if moment_ms is None else datetime.fromtimestamp(moment_ms / 1000, UTC)
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"


class RawClient:
    """Signs by the book, and lets a test spoil any header."""

    def __init__(
        self,
        url: str,
        key: str = DEFAULT_KEY,
        secret: str = DEFAULT_SECRET,
        passphrase: str = DEFAULT_PASSPHRASE,
    ) -> None:
        self._address = urlsplit(url).netloc
        self._key, self._secret, self._passphrase = key, secret, passphrase

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str | None] | None = None,
        *,
        raw: bytes | None = None,
    ) -> tuple[int, dict[str, Any]]:
        target = f"/api/v5/{path}"
        payload = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        timestamp = (headers or {}).get("OK-ACCESS-TIMESTAMP") or iso()
        text = f"{timestamp}{method}{target}".encode() + payload
        digest = hmac.new(self._secret.encode(), text, hashlib.sha256).digest()
        sent: dict[str, str | None] = {
            "OK-ACCESS-KEY": self._key,
            "OK-ACCESS-SIGN": base64.b64encode(digest).decode(),
            "OK-ACCESS-TIMESTAMP": timestamp,
            "OK-ACCESS-PASSPHRASE": self._passphrase,
            "Content-Type": "application/json; charset=utf-8",
            **(headers or {}),
        }
        connection = http.client.HTTPConnection(self._address, timeout=10)
        try:
            kept = {name: value for name, value in sent.items() if value is not None}
            connection.request(method, target, payload or None, kept)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()
