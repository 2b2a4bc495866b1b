"""Reading an OKX account through an unmodified ``ccxt.okx`` client.

Scope: SWAP and FUTURES; ``listed`` says what becomes of other products. ``view`` says in
which order an account is read, ``sources`` what is read of it, ``pages`` how a list is known
to be whole, ``scheduler`` and ``rate_limit`` how fast, ``order_lookup`` what an answer about one
order proves, ``query`` what can be asked at all.

The reader holds the reads of a client and not the client (P7). Readings of one reader share its
pace; one reader is for one thread. ``VenueUnreachable`` is raised only when the exchange does not
even tell the time, ``VenueRefused`` when it refuses all that is signed, with what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prometheus_persist.clock import Clock, SystemClock
from prometheus_persist.errors import BadConfig, VenueUnreachable
from prometheus_persist.exchange.okx import fields as okx_fields
from prometheus_persist.exchange.okx import pages as okx_pages
from prometheus_persist.exchange.okx.allowed_hosts import place, refuse_redirects
from prometheus_persist.exchange.okx.expiring import expiring
from prometheus_persist.exchange.okx.fields import BadRow
from prometheus_persist.exchange.okx.order_lookup import KnownContracts, seen
from prometheus_persist.exchange.okx.query import NotRead, ReadOnlyClient, import_ccxt
from prometheus_persist.exchange.okx.rate_limit import Pace
from prometheus_persist.exchange.okx.scheduler import Driver, ReadLimits
from prometheus_persist.exchange.okx.sources import Sources
from prometheus_persist.exchange.okx.view import Reading
from prometheus_persist.exchange.reader import OrderSeen, ViewRequest
from prometheus_persist.reconcile.views import IntentLookup, VenueView
from prometheus_persist.state import OrderIntent

ORDER_BUDGET_S = 30.0


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
    """A ``ccxt.okx`` client whose orders may expire (``expiring``).

    Raises BadConfig where ccxt is missing, a credential is empty, or keys are not sent to ``url``
    (``allowed_hosts``).
    """
    ccxt = import_ccxt()
    if not (key and secret and passphrase):
        raise BadConfig("reading OKX needs an API key, its secret and its passphrase")
    options: dict[str, Any] = {
        "apiKey": key,
        "secret": secret,
        "password": passphrase,
        "timeout": timeout_ms,
        # OKX limits every endpoint on its own; ccxt's one queue for all would make a recovery wait
        # seconds for nothing. The reader keeps to OKX's limits itself (rate_limit.py).
        "enableRateLimit": False,
    }
    if url is not None:
        rest = {"rest": place(url)}
        options["urls"] = {"api": rest, "test": rest}
    client = ccxt.okx(options)
    refuse_redirects(client, ccxt.ExchangeNotAvailable)
    if sandbox:
        client.set_sandbox_mode(True)
    return expiring(client)


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
    """An ``ExchangeReader`` over the reads of one ccxt client.

    ``demo``: of demo trading. ``url``: the address that stands in for the exchange's own, or "".
    """

    def __init__(
        self, client: Any, clock: Clock | None = None, limits: ReadLimits | None = None
    ) -> None:
        """``client`` is a ccxt client, of which only the reads are kept, or a ReadOnlyClient."""
        self._reads = client if isinstance(client, ReadOnlyClient) else ReadOnlyClient(client)
        self.demo, self.url = self._reads.demo, self._reads.url
        self._clock = clock or SystemClock()
        self._limits = limits or ReadLimits()
        self._pace = Pace()
        self._known = KnownContracts()
        self._uid = ""

    def read_view(self, request: ViewRequest) -> VenueView:
        """The whole account since ``request.since_ms``; raises VenueUnreachable, VenueRefused."""
        driver = self._driver(request.budget_s)
        self._known.forget()
        try:
            told = driver.read(okx_pages.one("public/time"))
            now_ms = okx_fields.moment(told.value, "ts")
        except (NotRead, BadRow) as problem:
            raise VenueUnreachable(f"OKX does not answer: {problem}") from None
        offset_ms = now_ms - (told.asked_ms + told.answered_ms) // 2
        sources = Sources(request, now_ms, self._limits)
        reading = Reading(driver, self._clock, self._limits, request, sources, offset_ms)
        return reading.view(self.demo)

    def read_order(self, intent: OrderIntent, now_ms: int) -> OrderSeen:
        """One order of ours and its fills; never raises, an unanswered part is not complete."""
        request = ViewRequest(since_ms=intent.created_ms, now_ms=now_ms)
        driver = self._driver(ORDER_BUDGET_S)
        now_s = self._clock.monotonic_s()
        task = driver.read(seen(intent, request, self._limits, self._known, now_s))
        if task.problem:
            lookup = IntentLookup(intent.cl_ord_id, None, problem=task.problem)
            return OrderSeen(lookup, (), None, complete=False)
        return task.value

    def whose(self) -> tuple[str, bool]:
        """The account's uid, asked for once, and whether it is demo trading; ("", …) unanswered."""
        if not self._uid:
            driver = self._driver(ORDER_BUDGET_S)
            task = driver.read(okx_pages.one("account/config"))
            self._uid = "" if task.problem else okx_fields.text(task.value, "uid", "")
        return self._uid, self.demo

    def _driver(self, budget_s: float) -> Driver:
        return Driver(self._reads, self._clock, self._pace, self._limits, budget_s)
