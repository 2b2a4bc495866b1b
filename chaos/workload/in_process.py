"""A whole exchange in this process, and a ccxt client whose requests it answers.

The engine, the wire format and the REST front are fakeokx's own; only the socket is left out, so
that thousands of readings take minutes. The client is an unmodified ``ccxt.okx``: it signs, the
front checks the signature, and errors are raised by ccxt's own code. Time stands still between
steps and is the exchange's.

``hide`` takes the rows of an order out of every list, as if the exchange had lost them: what it
did to the position stays. ``bend`` changes what one list shows, ``fail`` has the question for one
order of ours answered with an error. ``use`` is whose account, and which environment, a client
opens from now on. ``answer`` is one request without a client.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from fakeokx.control import foreign as control_foreign
from fakeokx.engine import due
from fakeokx.engine.commands import Command, Tick
from fakeokx.engine.events import Answered, Event
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue
from fakeokx.rest import calls
from fakeokx.runtime.context import ExchangeRuntime, Request
from fakeokx.runtime.exchange import Exchange
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.endpoints import PREFIX
from fakeokx.wire.envelopes import Answer
from fakeokx.wire.render_orders import fill_row, order_row
from fakeokx.wire.render_settings import uid_of
from prometheus_persist.exchange.okx.client import okx_client

# They open nothing but this, and may not trade.
KEY: Final = ApiKey(name="detect", secret="detect", passphrase="detect", may_trade=False)  # noqa: S106
OTHER: Final = replace(KEY, name="other", account="other")
DEMO: Final = replace(KEY, name="demo", account="demo")
NOWHERE: Final = "https://exchange.invalid"
CASH: Final = Decimal(1_000_000_000)
NOT_THERE: Final = {"code": "51603", "msg": "Order does not exist", "data": []}
BROKEN: Final = {"code": "50026", "msg": "System error. Try again later.", "data": []}
LOOK_UPS: Final = ("trade/order", "trade/order-algo")

Row = dict[str, Any]
Bend = Callable[[Row], Row | None]


class InProcess:
    """See the module. Stands in for ``fakeokx.runtime.exchange.Exchange``, without its ledger."""

    def __init__(self, now_ms: int, pos_mode: str, seed: int) -> None:
        self.venue = Venue(seed=seed, first_cash_quote=CASH, pos_mode=pos_mode)
        self.listeners: list[object] = []
        self.requests: list[tuple[str, str]] = []
        self._now_ms = now_ms
        self._turn = threading.RLock()  # one request or command at a time
        self._wall: Callable[[], int] | None = None
        self.key, self.demo = KEY, False
        self._hidden: set[str] = set()
        self._failing: set[str] = set()
        self._bends: dict[str, list[Bend]] = {}
        keys = {each.name: each for each in (KEY, OTHER, DEMO)}
        self._runtime = ExchangeRuntime(exchange=cast(Exchange, self), keys=keys)

    @property
    def account(self) -> str:
        """Whose positions a client sees."""
        return self.key.account

    @property
    def uid(self) -> str:
        """Of that account."""
        return uid_of(self.venue, self.account)

    def now_ms(self) -> int:
        """The exchange's time."""
        return self._now_ms if self._wall is None else max(self._wall(), self._now_ms)

    def live(self, wall: Callable[[], int]) -> None:
        """From now on time passes by itself."""
        self._wall = wall

    def advance(self, ms: int) -> None:
        """Let time pass."""
        with self._turn:
            self._now_ms += ms
            self.wake()

    def wake(self) -> None:
        """Let happen what is due by now."""
        with self._turn:
            next_ms = due.due_ms(self.venue)
            if next_ms is not None and next_ms <= self.now_ms():
                step(self.venue, Tick(), self.now_ms())

    def do(self, command: Command) -> tuple[Event, ...]:
        """Carry the command out; raises Refusal."""
        with self._turn:
            self.wake()
            return step(self.venue, command, self.now_ms())

    def ordered(self, command: Command) -> str:
        """Carry out what places one order or algo order; returns its id."""
        told = [each for each in self.do(command) if isinstance(each, Answered)]
        assert len(told) == 1, told
        assert told[0].reason is None, told
        return told[0].id

    def hide(self, ord_id: str) -> None:
        """From now on nothing that is read shows this order or its fills."""
        self._hidden.add(ord_id)

    def bend(self, path: str, change: Bend) -> None:
        """From now on every row of this list is changed, or left out where ``change`` says None."""
        self._bends.setdefault(path, []).append(change)

    def fail(self, cl_ord_id: str) -> None:
        """From now on the exchange has no answer to the question for this order."""
        self._failing.add(cl_ord_id)

    def foreign(self, kind: str) -> None:
        """Rows of a product that is not traded here, or of a copy trader."""
        body = json.dumps({"kind": kind}).encode()
        control_foreign.HANDLERS["POST", "foreign"](self._runtime, body)

    def use(self, key: ApiKey, *, demo: bool) -> None:
        """Clients that are made from now on are of this key and environment."""
        self.key, self.demo = key, demo

    def orders(self) -> list[Row]:
        """Every order there has ever been, hidden ones too."""
        return [order_row(each) for each in self.venue.orders.values()]

    def fills(self) -> list[Row]:
        """Every execution there has ever been, oldest first."""
        return [fill_row(each) for each in self.venue.fills]

    def client(self) -> Any:
        """A ccxt client of this exchange; its key may not trade."""
        key = self.key
        client = okx_client(NOWHERE, key.name, key.secret, key.passphrase, self.demo, 10_000)
        client.milliseconds = self.now_ms
        client.fetch = self.transport(client)
        return client

    def transport(self, client: Any) -> Callable[..., Any]:
        """What carries a client's requests to this exchange."""
        return lambda *args: self._fetch(client, *args)

    def _fetch(
        self,
        client: Any,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Any:
        """What ``ccxt.Exchange.fetch`` does, with the exchange in the place of the network."""
        place = urlsplit(url)
        status, text = self.answer(
            method,
            f"{place.path}?{place.query}" if place.query else place.path,
            headers or {},
            (body or "").encode(),
        )
        found = json.loads(text)
        client.handle_errors(status, "", url, method, {}, text, found, headers, body)
        client.handle_http_status_code(status, "", url, method, text)
        return found

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str]:
        """HTTP status and text of one request; ``target`` is path and query as sent."""
        place = urlsplit(target)
        path = place.path.removeprefix(PREFIX)
        self.requests.append((method, path))
        query = dict(parse_qsl(place.query))
        request = Request(
            method=method,
            path=path,
            target=target,
            query=query,
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
            address="127.0.0.1",
        )
        if path in LOOK_UPS and {query.get("clOrdId"), query.get("algoClOrdId")} & self._failing:
            return 200, json.dumps(BROKEN)
        with self._turn:
            decided = calls.decide(self._runtime, request)
            answer = (
                decided if isinstance(decided, Answer) else calls.carry_out(self._runtime, decided)
            )
        if not self._hidden and path not in self._bends:
            return answer.status, answer.body.decode()
        return answer.status, json.dumps(self._bent(path, json.loads(answer.body)))

    def _bent(self, path: str, found: Any) -> Any:
        if not found.get("data"):
            return found
        rows = [row for row in found["data"] if row.get("ordId") not in self._hidden]
        for change in self._bends.get(path, ()):
            rows = [new for row in rows if (new := change(row)) is not None]
        return NOT_THERE if path == "trade/order" and not rows else {**found, "data": rows}


class InProcessClock:
    """The exchange's time as the library's clock, ``offset_ms`` wrong."""

    def __init__(self, venue: InProcess) -> None:
        self._venue = venue
        self.offset_ms = 0

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return self._venue.now_ms() + self.offset_ms

    def monotonic_s(self) -> float:
        """The same in seconds."""
        return self._venue.now_ms() / 1000

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._venue.advance(int(seconds * 1000))
