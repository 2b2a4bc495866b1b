"""Reading an OKX account through an unmodified ``ccxt.okx`` client.

Scope: linear contracts, SWAP and FUTURES; foreign ones are seen and not understood.
``okxsources`` says what is read, ``okxpages`` how a list is known to be whole, ``okxdrive`` and
``okxpace`` in which order and how fast, ``okxlookup`` what an answer about one order proves,
``okxask`` what can be asked at all.

The order of reading
    time, config, instruments; the long walk over the bills begins, and goes on beside the rest
    what the exchange says of our open orders
    positions, fills, positions: until both readings of the positions agree
    orders that wait, orders that ended, algo orders, lives of positions
    once more what was not there
    balance, newer bills: until no bill came in between

Rules
1. A bracket that does not come to rest in ``rounds_max`` rounds is "not stable", and not complete.
2. A source fails alone: it comes back incomplete with the problem in words, and without rows. Only
   when the exchange does not even tell the time is ``VenueUnreachable`` raised.
3. A window that starts before what the exchange keeps is incomplete, whatever rows came.
4. What is not read after ``budget_s`` seconds is not read, and not complete.
5. The reader holds the reads of a client and not the client (P7). Readings of one reader share its
   pace; one reader is for one thread.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from prometheus_persist.clock import Clock, SystemClock
from prometheus_persist.errors import BadConfig, VenueUnreachable
from prometheus_persist.exchange import okxpages, okxrows, okxsources
from prometheus_persist.exchange.okxask import NotRead, ReadOnlyClient, import_ccxt
from prometheus_persist.exchange.okxdrive import Driver, Limits, Task, Walk
from prometheus_persist.exchange.okxlookup import Looked, is_no, look, seen
from prometheus_persist.exchange.okxpace import Pace
from prometheus_persist.exchange.okxpages import Found
from prometheus_persist.exchange.okxrows import BadRow
from prometheus_persist.exchange.okxsources import Sources
from prometheus_persist.exchange.reader import OrderSeen, ViewRequest
from prometheus_persist.reconcile.views import (
    ALGO_ORDERS,
    BALANCE,
    BILLS,
    CONFIG,
    FILLS,
    INSTRUMENTS,
    INTENT_LOOKUPS,
    ORDERS_HISTORY,
    ORDERS_OPEN,
    POSITIONS,
    POSITIONS_HISTORY,
    Instrument,
    IntentLookup,
    SourceStatus,
    VenueAlgoOrder,
    VenueBalance,
    VenueBill,
    VenueFill,
    VenueLife,
    VenueOrder,
    VenuePosition,
    VenueView,
)
from prometheus_persist.state import OrderIntent

ORDER_BUDGET_S = 30.0
NOT_STABLE = "not stable while it was read"

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
        # seconds for nothing. The reader keeps to OKX's limits itself (okxpace.py).
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
    """An ``ExchangeReader`` over the reads of one ccxt client."""

    def __init__(
        self, client: Any, clock: Clock | None = None, limits: Limits | None = None
    ) -> None:
        """``client`` is a ccxt client, of which only the reads are kept, or a ReadOnlyClient."""
        self._reads = client if isinstance(client, ReadOnlyClient) else ReadOnlyClient(client)
        self._clock = clock or SystemClock()
        self._limits = limits or Limits()
        self._pace = Pace()

    def read_view(self, request: ViewRequest) -> VenueView:
        """The whole account since ``request.since_ms``; raises VenueUnreachable for no answer."""
        driver = self._driver(request.budget_s)
        try:
            told = driver.read(okxpages.one("public/time")).value
            now_ms = okxrows.moment(told, "ts")
        except (NotRead, BadRow) as problem:
            raise VenueUnreachable(f"OKX does not answer: {problem}") from None
        sources = Sources(request, now_ms, self._limits)
        return _Reading(driver, self._clock, self._limits, request, sources).view()

    def read_order(self, intent: OrderIntent, now_ms: int) -> OrderSeen:
        """One order of ours and its fills; never raises, an unanswered part is not complete."""
        request = ViewRequest(since_ms=intent.created_ms, now_ms=now_ms, in_flight_ms=0)
        driver = self._driver(ORDER_BUDGET_S)
        task = driver.read(seen(intent, request, now_ms, self._limits))
        if task.problem:
            lookup = IntentLookup(intent.cl_ord_id, None, problem=task.problem)
            return OrderSeen(lookup, (), None, complete=False)
        return task.value

    def _driver(self, budget_s: float) -> Driver:
        return Driver(self._reads, self._clock, self._pace, self._limits, budget_s)


class _Reading:
    """One reading under way, and how each of its sources ended."""

    def __init__(
        self,
        driver: Driver,
        clock: Clock,
        limits: Limits,
        request: ViewRequest,
        sources: Sources,
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._limits = limits
        self._request = request
        self._sources = sources
        self._statuses: dict[str, SourceStatus] = {}

    def view(self) -> VenueView:
        """Everything, in the order of the module's header."""
        start, sources = self._driver.start, self._sources
        bills = start(sources.bills())
        pos_mode = self._read(CONFIG, sources.config(), "")
        none: dict[str, Instrument] = {}
        instruments = self._read(INSTRUMENTS, sources.instruments(), none)
        looked = self._looked(self._request.intents)
        positions, fills = self._bracket()
        orders = self._orders(fills)
        algos = self._algos()
        lives = self._lives()
        lookups = self._looked_again(looked)
        equity, balances, billed = self._money(bills)
        return VenueView(
            read_ms=self._request.now_ms,
            pos_mode=pos_mode,
            sources=self._statuses,
            instruments=instruments,
            positions=tuple(positions),
            fills=tuple(fills),
            orders=tuple(orders),
            algo_orders=tuple(algos),
            lookups=tuple(lookups),
            lives=tuple(lives),
            bills=tuple(billed),
            balances=balances,
            equity=equity,
        )

    def _note(self, name: str, value: object, problem: str, *, since_ms: int | None = None) -> None:
        """How a source ended; ``since_ms`` for a window that the exchange keeps 90 days."""
        kept_from_ms = 0 if since_ms is None else self._sources.kept_from_ms()
        if not problem and since_ms is not None and since_ms < kept_from_ms:
            problem = "the window starts before what the exchange keeps"
        self._statuses[name] = SourceStatus(
            name=name,
            complete=not problem,
            read_ms=self._clock.now_ms(),
            rows=len(value) if isinstance(value, Sized) else 1,
            window_from_ms=since_ms or 0,
            kept_from_ms=kept_from_ms,
            problem=problem,
        )

    def _read(
        self, name: str, walk: Walk[Value], nothing: Value, since_ms: int | None = None
    ) -> Value:
        """What one walk comes to, or ``nothing``; either way with its status."""
        task = self._driver.read(walk)
        value = nothing if task.problem else task.value
        self._note(name, value, task.problem, since_ms=since_ms)
        return value

    def _bracket(self) -> tuple[list[VenuePosition], list[VenueFill]]:
        """Positions, fills, positions: until the positions did not move in between."""
        sources, none = self._sources, list[VenuePosition]()
        since_ms = self._request.since_ms
        positions = self._read(POSITIONS, sources.positions(), none)
        walked = self._driver.read(sources.fills())
        rows: Found = {} if walked.problem else walked.value
        problem = walked.problem
        for number in range(self._limits.rounds_max):
            if number and not problem:
                problem = self._driver.read(sources.newer_fills(rows)).problem
            before, positions = positions, self._read(POSITIONS, sources.positions(), none)
            if not self._statuses[POSITIONS].complete or positions == before:
                break
        else:
            self._note(POSITIONS, positions, NOT_STABLE)
        fills: list[VenueFill] = []
        try:
            found = [] if problem else okxrows.fills(rows.values())
            fills = [one for one in found if one.ts_ms >= since_ms]
        except BadRow as bad:
            problem = str(bad)
        self._note(FILLS, fills, problem, since_ms=since_ms)
        return positions, fills

    def _orders(self, fills: list[VenueFill]) -> list[VenueOrder]:
        """Orders that wait, then those that ended, then those of older fills."""
        waiting = self._read(ORDERS_OPEN, self._sources.orders_open(), list[VenueOrder]())
        ended = [self._driver.start(self._sources.orders_ended(kind)) for kind in okxsources.TYPES]
        self._driver.run(ended)
        problem = _problem(ended)
        found = [] if problem else [one for task in ended for one in task.value]
        if not problem:
            older = self._driver.read(self._sources.older_orders(fills, [*waiting, *found]))
            problem = older.problem
            found = [] if problem else found + older.value
        self._note(ORDERS_HISTORY, found, problem, since_ms=self._request.since_ms)
        return okxsources.later([*waiting, *found])

    def _algos(self) -> list[VenueAlgoOrder]:
        """Algo orders that wait, then those that fired: a row of the second list counts."""
        start, sources = self._driver.start, self._sources
        waiting = [start(sources.algos_open(kind)) for kind in okxsources.ALGO_TYPES]
        self._driver.run(waiting)
        fired = [start(sources.algos_fired(kind)) for kind in okxsources.ALGO_TYPES]
        self._driver.run(fired)
        problem = _problem([*waiting, *fired])
        found: dict[str, VenueAlgoOrder] = {}
        if not problem:
            found = {one.algo_id: one for task in [*waiting, *fired] for one in task.value}
        self._note(ALGO_ORDERS, found, problem, since_ms=self._request.since_ms)
        return list(found.values())

    def _lives(self) -> list[VenueLife]:
        none: list[VenueLife] = []
        walk = self._sources.lives()
        return self._read(POSITIONS_HISTORY, walk, none, self._request.since_ms)

    def _looked(self, intents: tuple[OrderIntent, ...]) -> list[tuple[OrderIntent, Looked]]:
        """One question per intent; of different instruments, in turn."""
        tasks = [self._driver.start(look(each, self._request)) for each in intents]
        self._driver.run(tasks)
        return [(each, task.value) for each, task in zip(intents, tasks, strict=True)]

    def _looked_again(self, looked: list[tuple[OrderIntent, Looked]]) -> list[IntentLookup]:
        """The answers; one that was "no such order" is asked for again before it counts."""
        absent = tuple(intent for intent, first in looked if is_no(first))
        again = {intent.cl_ord_id: second for intent, second in self._looked(absent)}
        final = [again.get(intent.cl_ord_id, first) for intent, first in looked]
        unanswered = [
            f"{one.lookup.cl_ord_id}: {one.lookup.problem}" for one in final if not one.answered
        ]
        self._note(INTENT_LOOKUPS, final, "; ".join(unanswered))
        return [one.lookup for one in final]

    def _money(
        self, bills: Task[Found]
    ) -> tuple[Decimal | None, dict[str, VenueBalance], list[VenueBill]]:
        """Balance, then newer bills: until none came in between."""
        driver, sources = self._driver, self._sources
        driver.run([bills])
        problem, rows = bills.problem, {} if bills.problem else bills.value
        unread: tuple[Decimal | None, dict[str, VenueBalance]] = (None, {})
        for _ in range(self._limits.rounds_max):
            balance = driver.read(sources.balance())
            newer = None if problem else driver.read(sources.newer_bills(rows))
            problem = newer.problem if newer else problem
            if newer is None or newer.problem or newer.value == 0:
                unstable = ""
                break
        else:
            unstable = NOT_STABLE
        shown = unread if balance.problem else balance.value
        self._note(BALANCE, shown[1], balance.problem or unstable)
        billed: list[VenueBill] = []
        try:
            if not problem:
                billed = [okxrows.bill(rows[number]) for number in sorted(rows)]
        except BadRow as bad:
            problem = str(bad)
        self._note(BILLS, billed, problem, since_ms=sources.bills_since_ms)
        return shown[0], shown[1], billed


def _problem(tasks: list[Task[Value]]) -> str:
    return next((task.problem for task in tasks if task.problem), "")
