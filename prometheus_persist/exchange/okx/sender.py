"""Closing orders at OKX, and cancels: outside the check of demo trading nothing else sends any.

A ``Sender`` has a client of its own, which no reader knows. It sends what an intent says, at market
and reduce-only, with the intent's ids (``IntentHandle.params``): asked that way, the gate has the
last word. It never sends twice: what got no answer is for the caller to settle. An ``expTime``
among the params travels as a header (``expiring``).

Raises VenueRefused with OKX's own code where the answer is an error (51054 and 51149 are an order's
own time-out, and refuse nothing: ``saving.answers``), VenueUnreachable for no answer, and what
``params`` raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from prometheus_persist.errors import BadValue, VenueRefused, VenueUnreachable
from prometheus_persist.exchange.okx.expiring import expiring
from prometheus_persist.exchange.okx.query import PROBLEM_CHARS_MAX, import_ccxt, own_code
from prometheus_persist.state import Contracts
from prometheus_persist.state.redacted import redacted

_SECRETS = ("apiKey", "secret", "password")
_ROW_CODE = re.compile(r'"sCode"\s*:\s*"(\d{5})"')


class Sendable(Protocol):
    """An order intent on its way."""

    @property
    def params(self) -> dict[str, Any]:
        """Its ids, tag, margin mode and flags; asking is the moment of sending."""
        ...


class Sender:
    """Sends closing orders and cancels through one ccxt client."""

    def __init__(self, client: Any) -> None:
        self._client = expiring(client)
        self._ccxt = import_ccxt()

    def __call__(
        self, intent: Sendable, inst_id: str, side: str, contracts: Contracts
    ) -> Mapping[str, Any]:
        """One market order; OKX's row of the answer."""
        order = {
            "instId": inst_id,
            "side": side,
            "ordType": "market",
            "sz": str(contracts),
            **{name: _text(value) for name, value in intent.params.items()},
            "reduceOnly": "true",
        }
        return self._sent("trade/order", self._client.privatePostTradeOrder, order)

    def cancel(
        self, inst_id: str, ord_id: str = "", cl_ord_id: str = "", algo: bool = False
    ) -> Mapping[str, Any]:
        """Cancel one order, or one algo order (``ord_id`` is its algoId); OKX's row of the answer.

        An answer that it is filled, canceled or unknown is a refusal (51400). Raises BadValue
        without an id.
        """
        if not (ord_id or cl_ord_id):
            raise BadValue(f"{inst_id}: an order to cancel has an ordId or a clOrdId")
        names = ("algoId", "algoClOrdId") if algo else ("ordId", "clOrdId")
        asked = {"instId": inst_id} | ({names[0]: ord_id} if ord_id else {names[1]: cl_ord_id})
        if algo:
            where = "trade/cancel-algos"
            row = self._sent(where, self._client.privatePostTradeCancelAlgos, [asked])
        else:
            where = "trade/cancel-order"
            row = self._sent(where, self._client.privatePostTradeCancelOrder, asked)
        code = row.get("sCode")
        if code not in ("0", "", None):
            raise VenueRefused(f"{where}: {code} {row.get('sMsg', '')}".strip(), str(code))
        return row

    def _sent(self, where: str, send: Callable[[Any], Any], body: Any) -> Mapping[str, Any]:
        """The only row of the answer."""
        try:
            answer = send(body)
        except self._ccxt.NetworkError as problem:
            raise VenueUnreachable(self._told(where, problem)) from None
        except self._ccxt.BaseError as problem:
            found = _ROW_CODE.search(str(problem))
            code = found.group(1) if found else own_code(str(problem))
            raise VenueRefused(self._told(where, problem), code) from None
        rows = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict):
            raise VenueUnreachable(f"{where}: the answer holds no row")
        return rows[0]

    def _told(self, where: str, problem: Exception) -> str:
        said = f"{where}: {type(problem).__name__}: {problem}"
        for name in _SECRETS:
            secret = getattr(self._client, name, None)
            if isinstance(secret, str) and secret:
                said = said.replace(secret, "***")
        return redacted(said)[:PROBLEM_CHARS_MAX]


def _text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
