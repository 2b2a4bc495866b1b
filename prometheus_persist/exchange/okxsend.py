"""Closing orders at OKX: the one place outside the check of demo trading that sends any.

A ``Sender`` has a client of its own, which no reader knows. It sends what an intent says, at market
and reduce-only, with the intent's ids (``IntentHandle.params``): asked that way, the gate has the
last word. It never sends twice: what got no answer is for the caller to settle.

Raises VenueRefused with OKX's own code where the answer is an error that refuses, VenueUnreachable
for no answer, and what ``params`` raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from prometheus_persist.errors import VenueRefused, VenueUnreachable
from prometheus_persist.exchange.okxask import PROBLEM_CHARS_MAX, import_ccxt
from prometheus_persist.state import Contracts

_SECRETS = ("apiKey", "secret", "password")


class Sendable(Protocol):
    """An order intent on its way."""

    @property
    def params(self) -> dict[str, Any]:
        """Its ids, tag, margin mode and flags; asking is the moment of sending."""
        ...


class Sender:
    """Sends closing orders through one ccxt client."""

    def __init__(self, client: Any) -> None:
        self._client = client
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
        try:
            answer = self._client.privatePostTradeOrder(order)
        except self._ccxt.NetworkError as problem:
            raise VenueUnreachable(self._told(problem)) from None
        except self._ccxt.BaseError as problem:
            raise VenueRefused(self._told(problem)) from None
        rows = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict):
            raise VenueUnreachable("trade/order: the answer holds no row")
        return rows[0]

    def _told(self, problem: Exception) -> str:
        said = f"trade/order: {type(problem).__name__}: {problem}"
        for name in _SECRETS:
            secret = getattr(self._client, name, None)
            if isinstance(secret, str) and secret:
                said = said.replace(secret, "***")
        return said[:PROBLEM_CHARS_MAX]


def _text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
