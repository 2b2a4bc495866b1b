"""Reading an OKX account through an unmodified ``ccxt.okx`` client.

Scope: linear perpetual swaps (instType SWAP). What is read, and how far it can be believed:

    source           endpoint                              kept           read
    config           account/config                        -              one row
    instruments      public/instruments                    -              all
    positions        account/positions                     -              before and after the fills
    fills            trade/fills, older fills-history      3 d, 90 d      from ``since_ms``
    orders_open      trade/orders-pending                  -              all
    orders_history   trade/orders-history, older -archive  7 d, 90 d      created from ``since_ms``
                     trade/order                           -              what older fills came from
    algo_orders      orders-algo-pending, -history         90 d           pending; ended, created
                                                                          from ``since_ms``
    intent_lookups   trade/order, trade/order-algo         2 h unfilled   one question per intent
    balance          account/balance                       -              one row

Rules
1. Positions are read, then fills, then positions again, until both readings of the positions agree;
   after ``rounds_max`` rounds they are "not stable", and not complete.
2. A source fails alone: it comes back incomplete with the problem in words. Only when the exchange
   does not answer at all is ``VenueUnreachable`` raised.
3. A window that starts before what the exchange keeps is incomplete, whatever rows came.
4. "No such order" (51603) proves that an order never arrived only once it cannot be on its way any
   more, and while an order canceled without a fill would still be shown. After that it is
   ``forgotten``: answered, and proof of less.
5. Ages of our orders are measured on our clock, windows on the exchange's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from prometheus_persist.clock import Clock, SystemClock
from prometheus_persist.errors import BadConfig, VenueUnreachable
from prometheus_persist.exchange import okxrows
from prometheus_persist.exchange.okxask import Asker, Limits, NotRead, NotThere, Row, import_ccxt
from prometheus_persist.exchange.okxrows import BadRow
from prometheus_persist.exchange.reader import OrderSeen, ViewRequest
from prometheus_persist.reconcile.views import (
    ALGO_ORDERS,
    BALANCE,
    CONFIG,
    FILLS,
    INSTRUMENTS,
    INTENT_LOOKUPS,
    ORDERS_HISTORY,
    ORDERS_OPEN,
    POSITIONS,
    Instrument,
    IntentLookup,
    SourceStatus,
    VenueAlgoOrder,
    VenueFill,
    VenueOrder,
    VenuePosition,
    VenueView,
)
from prometheus_persist.state import OrderIntent
from prometheus_persist.state.money import ZERO

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FILLS_KEPT_MS = 3 * DAY_MS
ORDERS_KEPT_MS = 7 * DAY_MS
ARCHIVE_KEPT_MS = 90 * DAY_MS
CANCELED_KEPT_MS = 2 * HOUR_MS
EDGE_MS = 5 * 60_000  # a window's edge moves while it is read
SWAP = {"instType": "SWAP"}
ALGO_TYPES = ("conditional", "oco", "trigger", "move_order_stop")
ALGO_ENDED = ("effective", "canceled")
POS_MODES = frozenset({"net_mode", "long_short_mode"})

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class OkxSettings:
    """How to reach an account. ``url`` stands in for the exchange's own address."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    url: str | None = None
    sandbox: bool = False
    timeout_ms: int = 10_000


def okx_client(
    url: str | None, key: str, secret: str, passphrase: str, sandbox: bool, timeout_ms: int
) -> Any:
    """A ``ccxt.okx`` client; raises BadConfig where ccxt is missing or a credential is empty."""
    ccxt = import_ccxt()
    if not (key and secret and passphrase):
        raise BadConfig("reading OKX needs an API key, its secret and its passphrase")
    options: dict[str, Any] = {
        "apiKey": key,
        "secret": secret,
        "password": passphrase,
        "timeout": timeout_ms,
        # OKX limits every endpoint on its own; ccxt's one queue for all would make a recovery wait
        # seconds for nothing. A refused read (50011) is asked again after a pause (okxask.py).
        "enableRateLimit": False,
    }
    if url is not None:
        place = {"rest": url.rstrip("/")}
        options["urls"] = {"api": place, "test": place}
    client = ccxt.okx(options)
    if sandbox:
        client.set_sandbox_mode(True)
    return client


def connect(settings: OkxSettings, clock: Clock | None = None) -> OkxReader:
    """A reader of the account that ``settings`` name; nothing is asked yet."""
    client = okx_client(
        settings.url,
        settings.key,
        settings.secret,
        settings.passphrase,
        settings.sandbox,
        settings.timeout_ms,
    )
    return OkxReader(client, clock)


class OkxReader:
    """An ``ExchangeReader`` over one ccxt client."""

    def __init__(
        self, client: Any, clock: Clock | None = None, limits: Limits | None = None
    ) -> None:
        self._client = client
        self._clock = clock or SystemClock()
        self._limits = limits or Limits()

    def read_view(self, request: ViewRequest) -> VenueView:
        """The whole account since ``request.since_ms``; raises VenueUnreachable for no answer."""
        asker = Asker(self._client, self._clock, self._limits)
        reading = _Reading(asker, self._clock, self._limits, request, _venue_now(asker))
        pos_mode = reading.source(CONFIG, reading.pos_mode, "")
        none: dict[str, Instrument] = {}
        instruments = reading.source(INSTRUMENTS, reading.instruments, none)
        positions, fills = reading.bracket()
        open_orders = reading.listed(ORDERS_OPEN, reading.orders_open)
        history = reading.listed(
            ORDERS_HISTORY, lambda: reading.orders_history(fills, open_orders), ARCHIVE_KEPT_MS
        )
        algos = reading.listed(ALGO_ORDERS, reading.algo_orders)
        lookups = reading.lookups()
        equity = reading.source(BALANCE, reading.equity, None)
        return VenueView(
            read_ms=request.now_ms,
            pos_mode=pos_mode,
            sources=reading.statuses,
            instruments=instruments,
            positions=tuple(positions),
            fills=tuple(fills),
            orders=(*open_orders, *history),
            algo_orders=tuple(algos),
            lookups=tuple(lookups),
            equity=equity,
        )

    def read_order(self, intent: OrderIntent, now_ms: int) -> OrderSeen:
        """One order of ours and its fills; never raises, an unanswered part is not complete."""
        asker = Asker(self._client, self._clock, self._limits)
        request = ViewRequest(since_ms=intent.created_ms, now_ms=now_ms, in_flight_ms=0)
        lookup, row, answered = _lookup(asker, intent, request)
        if row is None:
            return OrderSeen(lookup, (), None, complete=answered)
        try:
            child = row if intent.kind == "order" else {"ordId": okxrows.child_ord_id(row)}
            fills = _fills_of(asker, intent, child["ordId"], now_ms)
            named = {**SWAP, "instId": intent.inst_id}
            known = okxrows.instruments(asker.rows("public/instruments", named))
        except (NotRead, NotThere, BadRow) as problem:
            return OrderSeen(
                dataclasses.replace(lookup, problem=str(problem)), (), None, complete=False
            )
        executed = sum((one.qty_contracts.value for one in fills), start=ZERO)
        whole = lookup.filled_contracts is None or lookup.filled_contracts.value == executed
        instrument = known.get(intent.inst_id)
        return OrderSeen(lookup, tuple(fills), instrument, complete=whole and bool(instrument))


def _venue_now(asker: Asker) -> int:
    """The exchange's own time; raises VenueUnreachable where nothing answers."""
    try:
        return okxrows.moment(asker.one("public/time"), "ts")
    except (NotRead, NotThere, BadRow) as problem:
        raise VenueUnreachable(f"OKX does not answer: {problem}") from None


class _Reading:
    """One reading under way: its questions, and how each source ended."""

    def __init__(
        self, asker: Asker, clock: Clock, limits: Limits, request: ViewRequest, venue_now_ms: int
    ) -> None:
        self._asker = asker
        self._clock = clock
        self._limits = limits
        self._request = request
        self._now_ms = venue_now_ms
        self.statuses: dict[str, SourceStatus] = {}

    def source(
        self, name: str, read: Callable[[], Value], nothing: Value, kept_ms: int = 0
    ) -> Value:
        """What ``read`` returns, or ``nothing``; either way with its status."""
        kept_from_ms = self._now_ms - kept_ms if kept_ms else 0
        since_ms = self._request.since_ms if kept_ms else 0
        problem = ""
        value = nothing
        try:
            value = read()
        except (NotRead, BadRow) as failed:
            problem = str(failed)
        except NotThere:
            problem = "answered as if an order had been asked for"
        if not problem and since_ms < kept_from_ms:
            problem = "the window starts before what the exchange keeps"
        self.statuses[name] = SourceStatus(
            name=name,
            complete=not problem,
            read_ms=self._clock.now_ms(),
            rows=len(value) if isinstance(value, (list, dict)) else 1,
            window_from_ms=since_ms,
            kept_from_ms=kept_from_ms,
            problem=problem,
        )
        return value

    def listed(self, name: str, read: Callable[[], list[Value]], kept_ms: int = 0) -> list[Value]:
        """The same for a list of rows; an empty one of a source that failed says nothing."""
        nothing: list[Value] = []
        return self.source(name, read, nothing, kept_ms)

    def pos_mode(self) -> str:
        return okxrows.one_of(self._asker.one("account/config"), "posMode", POS_MODES)

    def instruments(self) -> dict[str, Instrument]:
        rows = self._asker.rows("public/instruments", SWAP)
        if not rows:
            raise NotRead("public/instruments: the answer is empty")
        return okxrows.instruments(rows)

    def equity(self) -> Any:
        return okxrows.number(self._asker.one("account/balance"), "totalEq")

    def bracket(self) -> tuple[list[VenuePosition], list[VenueFill]]:
        """Positions, fills, positions: until the positions did not move in between."""
        fills: list[VenueFill] = []
        before = self.listed(POSITIONS, self._positions)
        for _ in range(self._limits.rounds_max):
            fills = self.listed(FILLS, self._fills, ARCHIVE_KEPT_MS)
            after = self.listed(POSITIONS, self._positions)
            if not self.statuses[POSITIONS].complete or after == before:
                return after, fills
            before = after
        self.statuses[POSITIONS] = dataclasses.replace(
            self.statuses[POSITIONS], complete=False, problem="not stable while it was read"
        )
        return before, fills

    def _positions(self) -> list[VenuePosition]:
        found = [okxrows.position(row) for row in self._asker.rows("account/positions", SWAP)]
        return sorted(found, key=lambda one: one.key)

    def _fills(self) -> list[VenueFill]:
        window = {**SWAP, "begin": str(self._request.since_ms)}
        rows = self._asker.walk("trade/fills", window, "billId")
        if self._older_than(FILLS_KEPT_MS):
            rows += self._asker.walk("trade/fills-history", window, "billId")
        return list({one.fill_id: one for one in map(okxrows.fill, rows)}.values())

    def _older_than(self, kept_ms: int) -> bool:
        return self._request.since_ms < self._now_ms - kept_ms + EDGE_MS

    def orders_open(self) -> list[VenueOrder]:
        rows = self._asker.walk("trade/orders-pending", SWAP, "ordId")
        return [okxrows.order(row) for row in rows]

    def orders_history(
        self, fills: Iterable[VenueFill], open_orders: Iterable[VenueOrder]
    ) -> list[VenueOrder]:
        """Ended orders created in the window, and the order of every fill that is older."""
        window = {**SWAP, "begin": str(self._request.since_ms)}
        rows = self._asker.walk("trade/orders-history", window, "ordId")
        if self._older_than(ORDERS_KEPT_MS):
            rows += self._asker.walk("trade/orders-history-archive", window, "ordId")
        found = [okxrows.order(row) for row in rows]
        seen = {(one.inst_id, one.ord_id) for one in (*found, *open_orders)}
        missing = sorted({(one.inst_id, one.ord_id) for one in fills} - seen)
        if len(missing) > self._limits.order_questions_max:
            raise NotRead(f"trade/order: {len(missing)} orders older than the window")
        return found + [one for pair in missing for one in self._older_order(*pair)]

    def _older_order(self, inst_id: str, ord_id: str) -> list[VenueOrder]:
        try:
            row = self._asker.one("trade/order", {"instId": inst_id, "ordId": ord_id})
        except NotThere:  # a liquidation may leave a fill without an order
            return []
        return [okxrows.order(row)]

    def algo_orders(self) -> list[VenueAlgoOrder]:
        created = [intent.created_ms for intent in self._request.intents]
        horizon_ms = min([self._request.since_ms, *created]) - EDGE_MS
        rows: list[Row] = []
        for ord_type in ALGO_TYPES:
            asked = {**SWAP, "ordType": ord_type}
            rows += self._asker.walk("trade/orders-algo-pending", asked, "algoId")
            for state in ALGO_ENDED:
                rows += self._asker.walk(
                    "trade/orders-algo-history",
                    {**asked, "state": state},
                    "algoId",
                    lambda row: okxrows.moment(row, "cTime") < horizon_ms,
                )
        return [okxrows.algo_order(row) for row in rows]

    def lookups(self) -> list[IntentLookup]:
        """One question per open intent; what was not answered is None, and told."""
        unanswered = []
        found = []
        for intent in self._request.intents:
            lookup, _, answered = _lookup(self._asker, intent, self._request)
            found.append(lookup)
            if not answered:
                unanswered.append(f"{intent.cl_ord_id}: {lookup.problem}")
        self.listed(INTENT_LOOKUPS, lambda: found)
        if unanswered:
            self.statuses[INTENT_LOOKUPS] = dataclasses.replace(
                self.statuses[INTENT_LOOKUPS], complete=False, problem="; ".join(unanswered)
            )
        return found


def _lookup(
    asker: Asker, intent: OrderIntent, request: ViewRequest
) -> tuple[IntentLookup, Row | None, bool]:
    """The answer, its row, and whether there was an answer at all."""
    name = intent.cl_ord_id
    endpoint, id_field, params = (
        ("trade/order", "clOrdId", {"instId": intent.inst_id, "clOrdId": name})
        if intent.kind == "order"
        else ("trade/order-algo", "algoClOrdId", {"algoClOrdId": name})
    )
    try:
        row = asker.one(endpoint, params)
        told = {okxrows.text(row, id_field, ""), okxrows.text(row, "clOrdId", "")}
        if name not in told:
            raise BadRow(f"{endpoint}: the answer is about another order")
        ord_id = okxrows.required(row, "ordId" if intent.kind == "order" else "algoId")
        filled = okxrows.filled_contracts(row) if intent.kind == "order" else None
        return IntentLookup(name, True, okxrows.required(row, "state"), ord_id, filled), row, True
    except NotThere:
        return _absent(intent, request), None, True
    except (NotRead, BadRow) as problem:
        return IntentLookup(name, None, problem=str(problem)), None, False


def _absent(intent: OrderIntent, request: ViewRequest) -> IntentLookup:
    """What "no such order" is worth at this age."""
    age_ms = request.now_ms - intent.created_ms
    kept_ms = CANCELED_KEPT_MS if intent.kind == "order" else ARCHIVE_KEPT_MS
    if age_ms < request.in_flight_ms:
        return IntentLookup(intent.cl_ord_id, None, problem="it may still be on its way")
    if age_ms > kept_ms - EDGE_MS:
        problem = "older than what the exchange keeps of orders without a fill"
        return IntentLookup(intent.cl_ord_id, None, problem=problem, forgotten=True)
    return IntentLookup(intent.cl_ord_id, False)


def _fills_of(asker: Asker, intent: OrderIntent, ord_id: object, now_ms: int) -> list[VenueFill]:
    if not isinstance(ord_id, str) or not ord_id:
        return []
    asked = {**SWAP, "instId": intent.inst_id, "ordId": ord_id}
    rows = asker.walk("trade/fills", asked, "billId")
    if intent.created_ms < now_ms - FILLS_KEPT_MS + EDGE_MS:
        rows += asker.walk("trade/fills-history", asked, "billId")
    found = {one.fill_id: one for one in map(okxrows.fill, rows)}
    return sorted(found.values(), key=lambda one: (one.ts_ms, one.fill_id))
