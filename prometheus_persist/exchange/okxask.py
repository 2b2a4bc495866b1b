"""Asking OKX through ccxt's raw methods: bounded retries, bounded paging, problems as values.

1. Only the endpoints of ``READS`` can be asked, and every one of them is a GET (P7).
2. A read that was limited, timed out or was not answered is asked again, with growing pauses, at
   most ``tries_max`` times; all readings of one asker share ``retries_max`` retries.
3. An answer is a list of objects or it is a problem. Pages are walked by ``after`` = the last id of
   the page before, until a page is short. A walk that hits ``pages_max`` or does not advance is a
   problem: a cut list is never a whole one.
4. A problem's text never holds a credential.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadConfig

READS: Mapping[str, str] = {
    "public/time": "publicGetPublicTime",
    "public/instruments": "publicGetPublicInstruments",
    "account/config": "privateGetAccountConfig",
    "account/balance": "privateGetAccountBalance",
    "account/positions": "privateGetAccountPositions",
    "trade/fills": "privateGetTradeFills",
    "trade/fills-history": "privateGetTradeFillsHistory",
    "trade/order": "privateGetTradeOrder",
    "trade/order-algo": "privateGetTradeOrderAlgo",
    "trade/orders-pending": "privateGetTradeOrdersPending",
    "trade/orders-history": "privateGetTradeOrdersHistory",
    "trade/orders-history-archive": "privateGetTradeOrdersHistoryArchive",
    "trade/orders-algo-pending": "privateGetTradeOrdersAlgoPending",
    "trade/orders-algo-history": "privateGetTradeOrdersAlgoHistory",
}
PAGE_ROWS = 100
PROBLEM_CHARS_MAX = 300

Row = dict[str, Any]


class NotRead(Exception):
    """A question that got no usable answer. ``silent`` when there was none at all."""

    def __init__(self, problem: str, *, silent: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.silent = silent


class NotThere(Exception):
    """The exchange answered that it has no such order (51603)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one reading."""

    tries_max: int = 4
    retries_max: int = 20
    first_pause_s: float = 0.3
    pages_max: int = 300
    rounds_max: int = 5
    order_questions_max: int = 500


class Asker:
    """One reading's questions to one ccxt client."""

    def __init__(self, client: Any, clock: Clock, limits: Limits) -> None:
        self._client = client
        self._clock = clock
        self._limits = limits
        self._retries_left = limits.retries_max
        self._ccxt = import_ccxt()

    def rows(self, endpoint: str, params: Mapping[str, str] | None = None) -> list[Row]:
        """One answer's rows; raises NotRead, and NotThere for an order the exchange has not."""
        answer = self._answer(endpoint, dict(params or {}))
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise NotRead(f"{endpoint}: the answer holds no list of rows")
        return data

    def one(self, endpoint: str, params: Mapping[str, str] | None = None) -> Row:
        """The only row of an answer that cannot be empty."""
        rows = self.rows(endpoint, params)
        if not rows:
            raise NotRead(f"{endpoint}: the answer is empty")
        return rows[0]

    def walk(
        self,
        endpoint: str,
        params: Mapping[str, str],
        cursor: str,
        enough: Callable[[Row], bool] = lambda _: False,
    ) -> list[Row]:
        """Every page, newest first, until one is short or its last row is ``enough``."""
        found: list[Row] = []
        after = ""
        for _ in range(self._limits.pages_max):
            paged = {**params, "limit": str(PAGE_ROWS)} | ({"after": after} if after else {})
            page = self.rows(endpoint, paged)
            found += page
            if len(page) < PAGE_ROWS or enough(page[-1]):
                return found
            last = page[-1].get(cursor)
            if not isinstance(last, str) or not last or last == after:
                raise NotRead(f"{endpoint}: paging does not advance")
            after = last
        raise NotRead(f"{endpoint}: more than {self._limits.pages_max} pages")

    def _answer(self, endpoint: str, params: dict[str, str]) -> Any:
        question = getattr(self._client, READS[endpoint])
        pause_s = self._limits.first_pause_s
        for attempt in range(1, self._limits.tries_max + 1):
            try:
                return question(params)
            except self._ccxt.OrderNotFound:
                raise NotThere from None
            except self._ccxt.NetworkError as problem:
                if attempt == self._limits.tries_max or self._retries_left == 0:
                    raise NotRead(self._told(endpoint, problem), silent=True) from None
            except self._ccxt.BaseError as problem:
                raise NotRead(self._told(endpoint, problem)) from None
            self._retries_left -= 1
            self._clock.sleep(pause_s)
            pause_s *= 2
        raise NotRead(f"{endpoint}: not asked", silent=True)

    def _told(self, endpoint: str, problem: Exception) -> str:
        """The problem in words, without anything the client signs with."""
        said = f"{endpoint}: {type(problem).__name__}: {problem}"
        for name in ("apiKey", "secret", "password"):
            secret = getattr(self._client, name, None)
            if isinstance(secret, str) and secret:
                said = said.replace(secret, "***")
        return said[:PROBLEM_CHARS_MAX]


def import_ccxt() -> Any:
    """ccxt, at first use; raises BadConfig that says how to install it."""
    try:
        import ccxt
    except ImportError:
        raise BadConfig("reading OKX needs ccxt: pip install 'prometheus-persist[okx]'") from None
    return ccxt
