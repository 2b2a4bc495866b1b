"""The part of the control API that moves the market and does to accounts what markets do.

Nearly all of it is one command each, with OKX's spelling of the command's fields as the keys
of the body; each is in the ledger like an order.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from fakeokx.control.events import rendered
from fakeokx.engine.commands import (
    Adl,
    AdvanceClock,
    Deliver,
    Deposit,
    Fund,
    Liquidate,
    MovePrice,
    OrderRequest,
    PlaceOrders,
    Rescale,
    SetBook,
    SetFundingRate,
    SetInstrument,
    SetLeverage,
    SetMark,
    SetPartial,
    SetPendingMax,
    SetPositionMode,
    Settle,
)
from fakeokx.engine.events import Answered, Event, OrderChanged
from fakeokx.engine.instruments import INSTRUMENTS, SPOT
from fakeokx.engine.model import MAIN
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.wire import requests

Handler = Callable[[ExchangeRuntime, bytes], Any]
_LEVELS_MAX: Final = 1000
# Path, command, and the fields that have to be there.
_COMMANDS: Final[Mapping[str, tuple[type[Any], tuple[str, ...]]]] = {
    "price": (MovePrice, ("instId", "px")),
    "mark": (SetMark, ("instId", "px")),
    "funding-rate": (SetFundingRate, ("instId", "rate")),
    "fund": (Fund, ("instId",)),
    "deliver": (Deliver, ("instId",)),
    "settle": (Settle, ("instId",)),
    "rescale": (Rescale, ("instId", "factor")),
    "liquidate": (Liquidate, ("instId",)),
    "adl": (Adl, ("instId",)),
    "deposit": (Deposit, ("ccy", "amt")),
    "partial": (SetPartial, ("instId", "sz")),
    "instrument": (SetInstrument, ("instId",)),
    "pending-max": (SetPendingMax, ("count",)),
    "position-mode": (SetPositionMode, ("posMode",)),
    "leverage": (SetLeverage, ("instId", "lever", "mgnMode")),
}
_TAKES_ACCOUNT: Final = (Liquidate, Adl, Deposit, SetPositionMode, SetLeverage)


def _command(path: str) -> Handler:
    kind, needs = _COMMANDS[path]

    def handler(runtime: ExchangeRuntime, body: bytes) -> Any:
        params = requests.body_object(body, path)
        account = params.get("account", MAIN) if kind in _TAKES_ACCOUNT else ""
        events = runtime.exchange.do(requests.build(kind, params, needs, account=account))
        _raise_refused(events)
        return {"ordId": _order_of(events), "events": rendered(runtime, events)}

    return handler


def _trade(runtime: ExchangeRuntime, body: bytes) -> Any:
    params = requests.body_object(body, "trade")
    is_spot = INSTRUMENTS.get(params.get("instId", ""))
    if is_spot is not None and is_spot.inst_type == SPOT:
        params.setdefault("tdMode", "cash")
    params["tdMode"] = params.get("tdMode") or "cross"
    params["ordType"] = "market"
    order = requests.build(OrderRequest, params, ("instId", "side", "sz"))
    account = params.get("account", MAIN)
    events = runtime.exchange.do(PlaceOrders(orders=(order,), account=account))
    _raise_refused(events)
    return {"ordId": _order_of(events), "events": rendered(runtime, events)}


def _book(runtime: ExchangeRuntime, body: bytes) -> Any:
    params = requests.body_object(body, "book")
    command = SetBook(
        inst_id=params.get("instId", ""), bids=_levels(params, "bids"), asks=_levels(params, "asks")
    )
    return {"events": rendered(runtime, runtime.exchange.do(command))}


def _levels(params: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    """Levels of [px, sz] (more elements are ignored); 51000 for anything else."""
    try:
        levels = json.loads(params.get(name) or "[]", parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise Refusal("51000", name) from None
    if not isinstance(levels, list) or len(levels) > _LEVELS_MAX:
        raise Refusal("51000", name)
    found = []
    for level in levels:
        if not isinstance(level, list) or len(level) < 2:
            raise Refusal("51000", name)
        found.append((str(level[0]), str(level[1])))
    return tuple(found)


def _clock(runtime: ExchangeRuntime, body: bytes) -> Any:
    advance_ms = requests.body_object(body, "clock").get("advance_ms", "")
    events = runtime.exchange.do(AdvanceClock(advance_ms=advance_ms))
    return {"now_ms": runtime.exchange.now_ms(), "events": rendered(runtime, events)}


def _raise_refused(events: tuple[Event, ...]) -> None:
    for each in events:
        if isinstance(each, Answered) and each.reason is not None:
            raise Refusal(each.reason.code, *each.reason.words)


def _order_of(events: tuple[Event, ...]) -> str:
    """The id of the order that a step made, ``""`` if it made none."""
    for each in events:
        if isinstance(each, Answered) and each.id:
            return each.id
    return next((str(each.order.ord_id) for each in events if isinstance(each, OrderChanged)), "")


HANDLERS: Final[Mapping[tuple[str, str], Handler]] = {
    **{("POST", path): _command(path) for path in _COMMANDS},
    ("POST", "book"): _book,
    ("POST", "trade"): _trade,
    ("POST", "clock"): _clock,
}
