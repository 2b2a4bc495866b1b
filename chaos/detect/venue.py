"""A whole exchange in this process, and a ccxt client whose requests it answers.

The engine, the wire format and the REST front are fakeokx's own; only the socket is left out, so
that thousands of readings take minutes. The client is an unmodified ``ccxt.okx``: it signs, the
front checks the signature, and errors are raised by ccxt's own code. Time stands still between
steps and is the exchange's.

``hide`` takes the rows of an order out of every list, as if the exchange had lost them: what it
did to the position stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from fakeokx.engine import due
from fakeokx.engine.commands import Command, Tick
from fakeokx.engine.events import Answered, Event
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue
from fakeokx.server import rest
from fakeokx.server.desk import Desk, Request
from fakeokx.server.exchange import Exchange
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.endpoints import PREFIX
from fakeokx.wire.envelopes import Answer
from fakeokx.wire.render_orders import fill_row, order_row
from prometheus_persist.exchange.okx import okx_client

# It opens nothing but this, and may not trade.
KEY: Final = ApiKey(name="detect", secret="detect", passphrase="detect", may_trade=False)  # noqa: S106
NOWHERE: Final = "http://exchange.invalid"
CASH: Final = Decimal(1_000_000_000)
NOT_THERE: Final = {"code": "51603", "msg": "Order does not exist", "data": []}

Row = dict[str, Any]


class InProcess:
    """See the module. Stands in for ``fakeokx.server.exchange.Exchange``, without its ledger."""

    def __init__(self, now_ms: int, pos_mode: str, seed: int) -> None:
        self.venue = Venue(seed=seed, first_cash_quote=CASH, pos_mode=pos_mode)
        self.listeners: list[object] = []
        self.requests: list[tuple[str, str]] = []
        self._now_ms = now_ms
        self._hidden: set[str] = set()
        self._desk = Desk(exchange=cast(Exchange, self), keys={KEY.name: KEY})

    def now_ms(self) -> int:
        """The exchange's time."""
        return self._now_ms

    def advance(self, ms: int) -> None:
        """Let time pass."""
        self._now_ms += ms
        self.wake()

    def wake(self) -> None:
        """Let happen what is due by now."""
        next_ms = due.due_ms(self.venue)
        if next_ms is not None and next_ms <= self._now_ms:
            step(self.venue, Tick(), self._now_ms)

    def do(self, command: Command) -> tuple[Event, ...]:
        """Carry the command out; raises Refusal."""
        self.wake()
        return step(self.venue, command, self._now_ms)

    def ordered(self, command: Command) -> str:
        """Carry out what places one order or algo order; returns its id."""
        told = [each for each in self.do(command) if isinstance(each, Answered)]
        assert len(told) == 1, told
        assert told[0].reason is None, told
        return told[0].id

    def hide(self, ord_id: str) -> None:
        """From now on nothing that is read shows this order or its fills."""
        self._hidden.add(ord_id)

    def orders(self) -> list[Row]:
        """Every order there has ever been, hidden ones too."""
        return [order_row(each) for each in self.venue.orders.values()]

    def fills(self) -> list[Row]:
        """Every execution there has ever been, oldest first."""
        return [fill_row(each) for each in self.venue.fills]

    def client(self) -> Any:
        """A ccxt client of this exchange; its key may not trade."""
        client = okx_client(NOWHERE, KEY.name, KEY.secret, KEY.passphrase, False, 10_000)
        client.milliseconds = self.now_ms
        client.fetch = lambda *args: self._fetch(client, *args)
        return client

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
        path = place.path.removeprefix(PREFIX)
        self.requests.append((method, path))
        request = Request(
            method=method,
            path=path,
            target=f"{place.path}?{place.query}" if place.query else place.path,
            query=dict(parse_qsl(place.query)),
            headers={name.lower(): value for name, value in (headers or {}).items()},
            body=(body or "").encode(),
            address="127.0.0.1",
        )
        decided = rest.decide(self._desk, request)
        answer = decided if isinstance(decided, Answer) else rest.carry_out(self._desk, decided)
        found = self._without_hidden(path, json.loads(answer.body))
        text = json.dumps(found) if self._hidden else answer.body.decode()
        client.handle_errors(answer.status, "", url, method, {}, text, found, headers, body)
        client.handle_http_status_code(answer.status, "", url, method, text)
        return found

    def _without_hidden(self, path: str, found: Any) -> Any:
        if not self._hidden or not found.get("data"):
            return found
        rows = [row for row in found["data"] if row.get("ordId") not in self._hidden]
        return NOT_THERE if path == "trade/order" and not rows else {**found, "data": rows}
