"""One call of ``create_order``, sent inside an intent.

What would be sent is asked of the client itself (``create_order_request``): contract, side, size in
contracts, margin mode, side of the position, stops that come with it. So the intent is of the very
request. Then the host's call goes on, with the intent's clOrdId and tag in its ``params``.

An answer acknowledges it. An exception ends it as REJECTED where it says that nothing was accepted,
else as UNKNOWN, and goes on to the host.

Refused (BadValue), before anything leaves: a clOrdId of the host's own, an order without a size,
a kind of algo order that the books do not keep, and what is no future or swap.

Whatever else would send an order past ``create_order`` (a batch, a raw call) is refused where it is
signed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Final

from prometheus_persist.errors import BadConfig, BadValue
from prometheus_persist.exchange import expiring
from prometheus_persist.saving import Attached, IntentHandle
from prometheus_persist.state import contracts
from prometheus_persist.wrapping.places import Found, Function, is_async, put

Order = dict[str, Any]
Admit = Callable[[Order], AbstractContextManager[IntentHandle]]

SENDS: Final = frozenset(
    {"trade/order", "trade/batch-orders", "trade/order-algo", "trade/close-position"}
)
_ALGO: Final = frozenset({"trigger", "conditional"})
_TRIGGERS: Final = ("triggerPx", "slTriggerPx", "tpTriggerPx")
_PRICES: Final = ("orderPx", "slOrdPx", "tpOrdPx")
_UNKEPT: Final = frozenset({"oco", "move_order_stop", "iceberg", "twap", "chase"})
_OWN_IDS: Final = ("clOrdId", "clientOrderId", "algoClOrdId")
_inside: ContextVar[bool] = ContextVar("prometheus_persist_sends", default=False)


def wrapped(found: Found, admit: Admit) -> Function:
    """A ``create_order`` whose orders are intents; raises BadConfig for what is none."""
    function = found.function
    signature = inspect.signature(function)
    missing = {"symbol", "type", "side", "amount"} - set(signature.parameters)
    if missing or not hasattr(found.owner, "create_order_request"):
        raise BadConfig(f"{found.owner.__name__}.{found.name} is no create_order of ccxt's OKX")

    def asked(args: Any, named: Any) -> tuple[dict[str, Any], Order]:
        bound = signature.bind(*args, **named)
        bound.apply_defaults()
        given = bound.arguments
        client, rest = given["self"], [given[name] for name in _parameters(given)]
        return given, _order_of(client.create_order_request(*rest), given["params"] or {})

    if is_async(function):

        @functools.wraps(function)
        async def create_async(client: Any, *args: Any, **named: Any) -> Any:
            if client.markets is None:
                await client.load_markets()
            given, order = asked((client, *args), named)
            with admit(order) as intent:
                call = _with(given, intent, client)
                with _answered(intent) as answer:
                    answer.append(await function(**call))
            return answer[0]

        return create_async

    @functools.wraps(function)
    def create(client: Any, *args: Any, **named: Any) -> Any:
        if client.markets is None:
            client.load_markets()
        given, order = asked((client, *args), named)
        with admit(order) as intent:
            call = _with(given, intent, client)
            with _answered(intent) as answer:
                answer.append(function(**call))
        return answer[0]

    return create


def guard(owner: Any) -> None:
    """Have a client's class sign no order that was not sent inside an intent."""
    sign = owner.sign

    @functools.wraps(sign)
    def signed(client: Any, path: str, api: Any = "public", method: str = "GET",
               *more: Any, **named: Any) -> Any:  # fmt: skip
        if method == "POST" and path in SENDS and not _inside.get():
            raise BadValue(f"{path} was not sent: only create_order sends an agent's orders")
        return sign(client, path, api, method, *more, **named)

    put(Found(owner, "sign", sign, sign), signed)


@contextmanager
def _answered(intent: IntentHandle) -> Iterator[list[Any]]:
    """Send inside: the answer, or what was raised instead, is told to the intent."""
    answer: list[Any] = []
    token = _inside.set(True)
    try:
        yield answer
    except Exception as problem:
        intent.reject(problem)
        raise
    finally:
        _inside.reset(token)
    intent.ack(answer[0])


def _parameters(given: dict[str, Any]) -> list[str]:
    return [name for name in ("symbol", "type", "side", "amount", "price", "params")
            if name in given]  # fmt: skip


def _with(given: dict[str, Any], intent: IntentHandle, client: Any) -> dict[str, Any]:
    """The host's arguments, with the intent's ids; the moment of sending."""
    own = {k: v for k, v in (given["params"] or {}).items() if k not in ("stopLoss", "takeProfit")}
    params = {**own, **intent.params}
    if "expTime" in params:
        expiring(client)
    return {**given, "params": params}


def _order_of(request: Order, params: Order) -> Order:
    """A request as ``order_intent`` takes it; raises BadValue for what it cannot be."""
    own = [name for name in _OWN_IDS if params.get(name)]
    if own:
        raise BadValue(
            f"the order has a {own[0]} of its own; leave it out, the answer's clientOrderId has it"
        )
    kind = str(request.get("ordType"))
    if kind in _UNKEPT or any(row.get("tpOrdKind") for row in request.get("attachAlgoOrds") or ()):
        raise BadValue(f"an order of type {kind} with these stops is not kept in the books")
    if not request.get("sz"):
        raise BadValue("an order without a size; say how many contracts")
    found: Order = {
        "inst_id": request["instId"],
        "side": request["side"],
        "quantity": contracts(str(request["sz"])),
        "mgn_mode": request.get("tdMode", "cross"),
        "pos_side": request.get("posSide", "net"),
        "ord_type": kind,
        "px": request.get("px"),
        "reduce_only": request.get("reduceOnly") in (True, "true"),
    }
    if kind in _ALGO:
        trigger, px = (
            next((request[name] for name in names if request.get(name)), None)
            for names in (_TRIGGERS, _PRICES)
        )
        px = None if str(px) == "-1" else px  # at market
        found |= {"kind": "algo", "trigger_px": trigger, "px": px}
    stops = request.get("attachAlgoOrds") or ()
    if stops:
        found["attached"] = [_attached(row) for row in stops]
    return found


def _attached(row: Order) -> Attached:
    kinds = {row[name] for name in ("slTriggerPxType", "tpTriggerPxType") if row.get(name)}
    if len(kinds) > 1:
        raise BadValue("two stops of one order with triggers of two kinds")
    return Attached(
        sl_trigger_px=row.get("slTriggerPx"),
        sl_px=row.get("slOrdPx", "-1"),
        tp_trigger_px=row.get("tpTriggerPx"),
        tp_px=row.get("tpOrdPx", "-1"),
        trigger_px_type=next(iter(kinds), "last"),
    )
