"""The control API: move the market, act as somebody else, plan faults, read the truth.

Unsigned and meant for tests only, which is why the server listens on 127.0.0.1. A path here
is ``/control/...``; bodies and answers are JSON. A refusal is HTTP 400 with
``{"error": {"code", "msg"}}`` and changes nothing.

``truth`` shows everything, including what OKX's own lists have forgotten. Two parts of it end
with the process and are no part of the ledger: the fault script, and ``requests``.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from fakeokx.engine.commands import (
    AdvanceClock,
    Liquidate,
    MovePrice,
    OrderRequest,
    PlaceOrders,
    SetPartial,
)
from fakeokx.engine.decimals import plain
from fakeokx.engine.events import (
    AlgoChanged,
    Answered,
    Event,
    Filled,
    OrderChanged,
    PositionChanged,
    PriceMoved,
)
from fakeokx.engine.refusals import Refusal
from fakeokx.faults import BadScript, Script
from fakeokx.server import control_streams
from fakeokx.server.desk import Desk
from fakeokx.server.past import Past
from fakeokx.wire import envelopes, requests
from fakeokx.wire.envelopes import Answer
from fakeokx.wire.errors import top_message
from fakeokx.wire.render_account import balance_row, position_row
from fakeokx.wire.render_orders import algo_row, bill_row, fill_row, order_row

PREFIX: Final = "/control/"
Handler = Callable[[Desk, bytes], Any]


def handle(desk: Desk, method: str, path: str, body: bytes) -> Answer:
    """Answer one control request; ``path`` is what follows the prefix."""
    handler = _HANDLERS.get((method, path))
    if handler is None:
        return _error(404, "404", f"there is no {method} {PREFIX}{path}")
    try:
        return envelopes.answer(handler(desk, body))
    except Refusal as refusal:
        return _error(400, refusal.reason.code, top_message(refusal.reason))
    except BadScript as error:
        return _error(400, "bad_script", str(error))


def _error(status: int, code: str, msg: str) -> Answer:
    return envelopes.answer({"error": {"code": code, "msg": msg}}, status)


def _health(_desk: Desk, _body: bytes) -> Any:
    return {"ok": True}


def _price(desk: Desk, body: bytes) -> Any:
    params = requests.body_object(body, "price")
    command = requests.build(MovePrice, params, ("instId", "px"))
    return {"events": _rendered(desk, desk.exchange.do(command))}


def _trade(desk: Desk, body: bytes) -> Any:
    params = requests.body_object(body, "trade")
    params.setdefault("tdMode", "cross")
    params["ordType"] = "market"
    order = requests.build(OrderRequest, params, ("instId", "side", "sz"))
    return {"ordId": _id_of(desk.exchange.do(PlaceOrders(orders=(order,))))}


def _liquidate(desk: Desk, body: bytes) -> Any:
    command = requests.build(Liquidate, requests.body_object(body, "liquidate"), ("instId",))
    events = desk.exchange.do(command)
    return {"ordId": _id_of(events), "events": _rendered(desk, events)}


def _partial(desk: Desk, body: bytes) -> Any:
    params = requests.body_object(body, "partial")
    desk.exchange.do(requests.build(SetPartial, params, ("instId", "sz")))
    return {"instId": params["instId"], "sz": params["sz"]}


def _clock(desk: Desk, body: bytes) -> Any:
    advance_ms = requests.body_object(body, "clock").get("advance_ms", "")
    desk.exchange.do(AdvanceClock(advance_ms=advance_ms))
    return {"now_ms": desk.exchange.now_ms()}


def _set_faults(desk: Desk, body: bytes) -> Any:
    try:
        rules = json.loads(body)["rules"]
    except (ValueError, TypeError, KeyError):
        raise BadScript('expected {"rules": [...]}') from None
    if not isinstance(rules, list):
        raise BadScript("rules must be a list")
    desk.script = Script(rules)
    desk.past = Past(desk.exchange) if desk.script.needs_past else None
    return {"rules": desk.script.report()}


def _faults(desk: Desk, _body: bytes) -> Any:
    return {"rules": desk.script.report()}


def _truth(desk: Desk, _body: bytes) -> Any:
    venue = desk.exchange.venue
    held = sorted(venue.positions.items())
    return {
        "now_ms": desk.exchange.now_ms(),
        "orders": [order_row(each) for each in venue.orders.values()],
        "algos": [algo_row(each) for each in venue.algos.values()],
        "fills": [fill_row(each) | {"mgnMode": each.mgn_mode} for each in venue.fills],
        "positions": [position_row(venue, each) for _, each in held if each.qty_contracts],
        "bills": [bill_row(each) for each in venue.bills],
        "balance": balance_row(venue),
        "prices": {inst_id: plain(px) for inst_id, px in sorted(venue.prices.items())},
        "requests": dict(sorted(desk.requests.items())),
    }


_HANDLERS: Final[Mapping[tuple[str, str], Handler]] = {
    ("GET", "health"): _health,
    ("POST", "price"): _price,
    ("POST", "trade"): _trade,
    ("POST", "liquidate"): _liquidate,
    ("POST", "partial"): _partial,
    ("POST", "clock"): _clock,
    ("POST", "faults"): _set_faults,
    ("GET", "faults"): _faults,
    ("GET", "truth"): _truth,
    **control_streams.HANDLERS,
}


def _id_of(events: tuple[Event, ...]) -> str:
    """The id in the only answer of the step; raises Refusal if it was refused."""
    (answered,) = (each for each in events if isinstance(each, Answered))
    if answered.reason is not None:
        raise Refusal(answered.reason.code, *answered.reason.words)
    return answered.id


def _rendered(desk: Desk, events: tuple[Event, ...]) -> list[dict[str, Any]]:
    rendered: list[dict[str, Any]] = []
    for event in events:
        match event:
            case OrderChanged(order):
                rendered.append({"event": "order", "row": order_row(order)})
            case AlgoChanged(algo):
                rendered.append({"event": "algo", "row": algo_row(algo)})
            case Filled(fill, _):
                rendered.append({"event": "fill", "row": fill_row(fill)})
            case PositionChanged(position):
                row = position_row(desk.exchange.venue, position)
                rendered.append({"event": "position", "row": row})
            case PriceMoved(inst_id, px):
                rendered.append({"event": "price", "row": {"instId": inst_id, "px": plain(px)}})
            case _:
                continue
    return rendered
