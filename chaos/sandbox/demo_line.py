"""One line to OKX demo trading: questions and orders in, answers as values out.

1. Nothing leaves without the header of demo trading (``x-simulated-trading: 1``); BadConfig.
2. ``get`` is asked again when the exchange was busy or did not answer, ``tries_max`` times in all.
   ``post`` is sent once, whatever happens: an order without an answer may have been accepted.
3. An answer is never an exception. ``code`` is OKX's own, or ``NO_ANSWER``, or ``NO_JSON`` for
   something that is not OKX's (a gateway's page, half of a body).
4. ``go_on`` is called before each request, and may raise: the place where a signal ends the check.
5. What OKX has acknowledged may show in its answers only ``INDEX_LAG_S`` later (more than 25 s have
   been seen); before that, "no such order" and an old state prove nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadConfig
from prometheus_persist.exchange.okx.query import READS, Row, import_ccxt

NO_ANSWER: Final = "no answer"
NO_JSON: Final = "no JSON"
BUSY: Final = frozenset(
    {NO_ANSWER, NO_JSON, "50001", "50004", "50011", "50013", "50026", "50061", "500"}
)  # what was asked may or may not have happened
TIMED_OUT: Final = frozenset({"51054", "51149"})  # the same, said of one order in its row
GETS: Final[Mapping[str, str]] = {
    **READS,
    "market/ticker": "publicGetMarketTicker",
}
POSTS: Final[Mapping[str, str]] = {
    "trade/order": "privatePostTradeOrder",
    "trade/cancel-order": "privatePostTradeCancelOrder",
    "trade/order-algo": "privatePostTradeOrderAlgo",
    "trade/cancel-algos": "privatePostTradeCancelAlgos",
}
INDEX_LAG_S: Final = 40.0
NO_SUCH_ORDER: Final = "51603"
SWAP: Final[Mapping[str, str]] = {"instType": "SWAP"}
DEMO_HEADER: Final = "x-simulated-trading"


@dataclass(frozen=True, slots=True)
class DemoAnswer:
    """What came back. ``rest`` has what else stood beside code, msg and data."""

    method: str
    endpoint: str
    code: str
    msg: str = ""
    rows: tuple[Row, ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the exchange did what was asked, all of it."""
        return self.code == "0" and all(row.get("sCode", "0") == "0" for row in self.rows)

    @property
    def row_code(self) -> str:
        """OKX's word on the one order that was sent: the row's sCode, else the code."""
        return str(self.rows[0].get("sCode") or self.code) if self.rows else self.code


class DemoLine:
    """A ``ccxt.okx`` client in sandbox mode, with answers as values."""

    def __init__(
        self,
        client: Any,
        clock: Clock,
        *,
        tries_max: int = 4,
        first_pause_s: float = 0.3,
        go_on: Callable[[], None] = lambda: None,
    ) -> None:
        self.go_on = go_on
        self._client = client
        self._clock = clock
        self._tries_max = tries_max
        self._first_pause_s = first_pause_s
        self._ccxt = import_ccxt()

    def get(self, endpoint: str, params: Mapping[str, str] | None = None) -> DemoAnswer:
        """One question, asked again while the exchange is too busy to answer it."""
        pause_s = self._first_pause_s
        answer = self._sent("GET", endpoint, dict(params or {}))
        for _ in range(self._tries_max - 1):
            if answer.code not in BUSY:
                break
            self._clock.sleep(pause_s)
            pause_s *= 2
            answer = self._sent("GET", endpoint, dict(params or {}))
        return answer

    def post(self, endpoint: str, body: Any) -> DemoAnswer:
        """One order, stop or cancel, sent once."""
        return self._sent("POST", endpoint, body)

    def _sent(self, method: str, endpoint: str, body: Any) -> DemoAnswer:
        self.go_on()
        client = self._client
        if str((client.headers or {}).get(DEMO_HEADER)) != "1":
            raise BadConfig("this client is not in sandbox mode: nothing is sent to a real account")
        send = getattr(client, (GETS if method == "GET" else POSTS)[endpoint])
        client.last_http_response = None  # an older answer is not this one's
        try:
            found = send(body)
        except self._ccxt.BaseError:
            text = client.last_http_response
            if text is None:
                return DemoAnswer(method, endpoint, NO_ANSWER)
            try:
                found = json.loads(text, parse_float=str)
            except ValueError:
                found = None
        return _answer(method, endpoint, found)


def _answer(method: str, endpoint: str, found: Any) -> DemoAnswer:
    if not isinstance(found, dict) or "code" not in found:
        return DemoAnswer(method, endpoint, NO_JSON)
    data = found.get("data")
    rows = tuple(row for row in data if isinstance(row, dict)) if isinstance(data, list) else ()
    rest = {name: found[name] for name in found if name not in ("code", "msg", "data")}
    if "data" not in found:
        rest["data"] = None
    return DemoAnswer(method, endpoint, str(found["code"]), str(found.get("msg") or ""), rows, rest)
