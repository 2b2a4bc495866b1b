"""Orders that end by themselves: ``expTime`` as the HTTP header that OKX reads it from.

OKX executes nothing of an order or amendment that arrives after its ``expTime`` (50036, 50037),
and reads that from a header only. ccxt sends ``params`` in the body. ``expiring(okx)`` takes it out
of there, wherever ccxt put it, before the body is signed: one value for the whole request, the
earliest of a batch. OKX heeds it for orders and their amendments, not for algo orders. Orders sent
over a WebSocket (``create_order_ws``) are not signed one by one, and keep theirs.

    okx = expiring(ccxt.okx({...}))
    okx.create_order(..., params={**intent.params, "expTime": until_ms})
"""

from __future__ import annotations

from functools import wraps
from typing import Any, TypeVar

from prometheus_persist.errors import BadValue

Client = TypeVar("Client")

HEADER = "expTime"
_MARK = "_moves_exp_time"


def expiring(okx: Client) -> Client:
    """The same ccxt client, sync or async; a second time changes nothing."""
    client: Any = okx
    sign = client.sign
    if getattr(sign, _MARK, False):
        return okx

    @wraps(sign)
    def signed(path: str, api: Any = "public", method: str = "GET", params: Any = None,
               *more: Any, **named: Any) -> Any:  # fmt: skip
        params = {} if params is None else params
        until: list[int] = []
        if method == "POST":
            params, until = _without(params)
        request = sign(path, api, method, params, *more, **named)
        if until:
            request["headers"] = {**(request["headers"] or {}), HEADER: str(min(until))}
        return request

    setattr(signed, _MARK, True)
    client.sign = signed
    return okx


def _without(params: Any) -> tuple[Any, list[int]]:
    """The same parameters without any ``expTime``, and what those were."""
    if isinstance(params, list):
        parts = [_without(each) for each in params]
        return [each for each, _ in parts], [one for _, found in parts for one in found]
    if isinstance(params, dict) and HEADER in params:
        kept = {name: value for name, value in params.items() if name != HEADER}
        until = params[HEADER]
        return kept, [] if until in (None, "") else [_moment(until)]
    return params, []


def _moment(until: object) -> int:
    if not (str(until).isascii() and str(until).isdigit()):
        raise BadValue(f"expTime is {str(until)[:40]!r}, Unix milliseconds are due")
    return int(str(until))
