"""Asking OKX one question through ccxt's raw methods, and what an answer is worth.

1. Only the endpoints of ``READS`` can be asked, and every one of them is a GET. A
   ``ReadOnlyClient`` has no other method, and no attribute of it leads to the ccxt client (P7).
   ``demo`` is whether it asks OKX's demo trading, ``url`` the address that stands in for OKX's own.
2. An answer is a list of objects, or an exception:
   ``Again``     nothing was said: limited (50011, 50061, 429), timed out (50004), cut off, an
                 error of what stands before the exchange (5xx, HTML, half a body). Ask again.
   ``NotThere``  the exchange has no such order (51603)
   ``NotRead``   the exchange refused, and would refuse again; ``code`` is its own
3. A problem's text never holds a credential.
4. A question is asked by a copy of the ccxt client, made for it: without ccxt's own throttle, which
   is one queue for all endpoints (``rate_limit`` keeps OKX's limits instead), and with cookies of
   its own. The client itself stays as it was, throttle and all, for whoever else uses it.
5. ``at_once`` is whether several threads may ask: those copies share nothing but the pool of
   connections. What is no client of ccxt's own, or has another transport put in (``fetch``), is
   asked one question after another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_persist.errors import BadConfig
from prometheus_persist.state.redacted import redacted
from prometheus_persist.words import okx_refusals

READS: Mapping[str, str] = {
    "public/time": "publicGetPublicTime",
    "public/instruments": "publicGetPublicInstruments",
    "account/config": "privateGetAccountConfig",
    "account/balance": "privateGetAccountBalance",
    "account/positions": "privateGetAccountPositions",
    "account/positions-history": "privateGetAccountPositionsHistory",
    "account/bills": "privateGetAccountBills",
    "account/bills-archive": "privateGetAccountBillsArchive",
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
PROBLEM_CHARS_MAX = 300
_SECRETS = ("apiKey", "secret", "password")
_OWN_CODE = re.compile(r'"code"\s*:\s*"(\d{5})"')  # a gateway's code is a number, or has no JSON
_LIMITED = frozenset({"50011", "50040", "50061"})
_NO_SUCH_ORDER = "51603"
NOT_LISTED = "51001"
_TRANSPORT = {"fetch", "fetch2", "request"}
_DEMO_HEADER = "x-simulated-trading"

Row = dict[str, Any]
Ask = Callable[[str, Mapping[str, str]], list[Row]]


class NotRead(Exception):
    """A question that got no usable answer; ``problem`` says why, ``code`` in OKX's own way."""

    def __init__(self, problem: str, code: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.code = code


class Again(NotRead):
    """The same, where the next answer may well be one."""


class NotThere(Exception):
    """The exchange answered that it has no such order (51603)."""


class ReadOnlyClient:
    """The reads of a ccxt client, and nothing else of it.

    The client lives on in a closure: it can be asked, and not be reached.
    """

    __slots__ = ("_ask", "at_once", "demo", "url")

    def __init__(self, client: Any) -> None:
        self._ask = _asking(client)
        self.at_once = _is_ccxt(client) and not _TRANSPORT & vars(client).keys()
        self.demo = is_demo(client)
        self.url = _address(client)

    def get(self, endpoint: str, params: Mapping[str, str] | None = None) -> list[Row]:
        """One answer's rows; raises Again, NotThere or NotRead. Never asks twice."""
        if endpoint not in READS:
            raise NotRead(f"{endpoint}: not one of the reads")
        return self._ask(endpoint, params or {})


def _asking(client: Any) -> Ask:
    ccxt = import_ccxt()

    def told(endpoint: str, problem: object) -> str:
        """The problem in words, without anything the client signs with."""
        said = f"{endpoint}: {type(problem).__name__}: {problem}"
        for name in _SECRETS:
            secret = getattr(client, name, None)
            if isinstance(secret, str) and secret:
                said = said.replace(secret, "***")
        return redacted(said)[:PROBLEM_CHARS_MAX]

    def refusal(endpoint: str, problem: Exception) -> NotRead | NotThere:
        """What an exception of ccxt comes to."""
        if isinstance(problem, ccxt.OrderNotFound) and _NO_SUCH_ORDER in str(problem):
            return NotThere()
        code = own_code(str(problem))
        if code in okx_refusals.WORDS:
            return NotRead(f"{endpoint}: {okx_refusals.sentence(code)}", code)
        lasting = (ccxt.OrderNotFound, ccxt.AuthenticationError, ccxt.BadRequest)
        if (
            isinstance(problem, lasting)
            or getattr(problem, "lasting", False)
            or (isinstance(problem, ccxt.ExchangeError) and code and code not in _LIMITED)
        ):
            return NotRead(told(endpoint, problem), code)
        return Again(told(endpoint, problem), code)

    def ask(endpoint: str, params: Mapping[str, str]) -> list[Row]:
        question = getattr(_unthrottled(client), READS[endpoint])
        try:
            answer = question(dict(params))
        except ccxt.BaseError as problem:
            raise refusal(endpoint, problem) from None
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise Again(f"{endpoint}: the answer holds no list of rows")
        return data

    return ask


def _is_ccxt(client: Any) -> bool:
    """Whether it is a client of ccxt's that waits for its answers."""
    return isinstance(client, import_ccxt().Exchange) and bool(client.synchronous)


def _unthrottled(client: Any) -> Any:
    """A copy for one question: see rule 4."""
    if not _is_ccxt(client):
        return client
    copied = object.__new__(type(client))
    vars(copied).update(vars(client), enableRateLimit=False)
    if client.session is not None:
        copied.session = object.__new__(type(client.session))
        cookies = client.session.cookies.copy()
        # Its end must not close the pool of connections, which is the client's.
        vars(copied.session).update(vars(client.session), cookies=cookies, close=lambda: None)
    return copied


def own_code(said: str) -> str:
    """The code of an error that is the exchange's own word; "" for any other."""
    code = _OWN_CODE.search(said)
    return code.group(1) if code else ""


def is_demo(client: Any) -> bool:
    """Whether a ccxt client asks demo trading: its sandbox mode is on, or the header is set."""
    options, headers = getattr(client, "options", None), getattr(client, "headers", None)
    if isinstance(options, dict) and options.get("sandboxMode"):
        return True
    sent = headers if isinstance(headers, dict) else {}
    return any(name.lower() == _DEMO_HEADER and str(sent[name]) == "1" for name in sent)


def _address(client: Any) -> str:
    """Where a ccxt client asks; "" for OKX itself."""
    urls = getattr(client, "urls", None)
    place = urls.get("api") if isinstance(urls, dict) else None
    rest = place.get("rest") if isinstance(place, dict) else None
    return rest if isinstance(rest, str) and "{hostname}" not in rest else ""


def import_ccxt() -> Any:
    """ccxt, at first use; raises BadConfig that says how to install it."""
    try:
        import ccxt
    except ImportError:
        raise BadConfig("reading OKX needs ccxt: pip install 'prometheus-persist[okx]'") from None
    return ccxt
