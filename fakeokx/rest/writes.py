"""POST endpoints: turn a body into a command, carry it out, answer with its rows.

The body is read before the exchange is touched, so a request that cannot be read changes
nothing; of a batch, each element is read by itself. Each write is one command, and one line of
the ledger.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from fakeokx.engine.commands import (
    AlgoAmendment,
    AlgoRef,
    AmendAlgos,
    Amendment,
    AmendOrders,
    CancelAlgos,
    CancelAllAfter,
    CancelOrders,
    ClosePosition,
    Command,
    OrderRef,
    OrderRequest,
    PlaceAlgo,
    PlaceOrders,
    SetLeverage,
    SetPositionMode,
)
from fakeokx.engine.events import Answered
from fakeokx.engine.model import ISOLATED, NET, NET_MODE
from fakeokx.engine.refusals import Reason, Refusal
from fakeokx.runtime.context import ExchangeRuntime, Request
from fakeokx.wire import elements, envelopes, requests
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.envelopes import Answer, Row
from fakeokx.wire.requests import Params

BATCH_ORDERS_MAX: Final = 20
BATCH_ALGOS_MAX: Final = 10
_ORDER_NEEDS: Final = ("instId", "tdMode", "side", "ordType", "sz")
_REF_NEEDS: Final = ("instId",)
_ALGO_NEEDS: Final = ("instId", "tdMode", "side", "ordType")
_TIMED: Final = ("place", "amend")
_TIME_DIGITS_MAX: Final = 20
_GAPS_MAX: Final = 2
Handler = Callable[[ExchangeRuntime, Request, ApiKey], Answer]
Element = TypeVar("Element", OrderRequest, OrderRef, Amendment, AlgoRef, AlgoAmendment)
RowOf = Callable[[Answered, int, Mapping[str, str]], Row]


def params_of(request: Request) -> list[Params]:
    """The objects in a body, whatever its form; empty if it cannot be read.

    Only for what may look at a request before it is handled: limits and fault rules.
    """
    try:
        return requests.body_list(request.body, request.path)
    except Refusal:
        pass
    try:
        return [requests.body_object(request.body, request.path)]
    except Refusal:
        return []


def check_time(runtime: ExchangeRuntime, request: Request, operation: str, code: str) -> None:
    """Refuse an order whose ``expTime`` header lies in the exchange's past, with that code."""
    exp_time = request.headers.get("exptime", "")
    if not exp_time or operation not in _TIMED:
        return
    if not exp_time.isascii() or not exp_time.isdigit() or len(exp_time) > _TIME_DIGITS_MAX:
        raise Refusal("51000", "expTime")
    if int(exp_time) < runtime.exchange.now_ms():
        raise Refusal(code)


def _operate(runtime: ExchangeRuntime, command: Command, row_of: RowOf) -> Answer:
    in_ms = runtime.exchange.now_ms()
    events = runtime.exchange.do(command)
    answered = [each for each in events if isinstance(each, Answered)]
    return _answer(runtime, answered, row_of, in_ms)


def _each(
    runtime: ExchangeRuntime,
    asked: Sequence[Element | Answered],
    command_of: Callable[[tuple[Element, ...]], Command],
    row_of: RowOf,
) -> Answer:
    """Carry out the elements that were understood, and answer all of them."""
    in_ms = runtime.exchange.now_ms()
    taken = elements.taken(asked)
    events = runtime.exchange.do(command_of(taken)) if taken else ()
    return _answer(runtime, elements.answers(asked, events), row_of, in_ms)


def _answer(
    runtime: ExchangeRuntime, answered: Sequence[Answered], row_of: RowOf, in_ms: int
) -> Answer:
    out_ms, switches = runtime.exchange.now_ms(), runtime.exchange.venue.switches
    rows = [row_of(each, out_ms, switches) for each in answered]
    return envelopes.operations(rows, in_ms * 1000, out_ms * 1000, switches)


def rejected(runtime: ExchangeRuntime, request: Request, operation: str, code: str) -> Answer:
    """Every element of an order request refused in its row, and nothing executed."""
    reason = Reason(code, ("",) * _GAPS_MAX)
    answered = [elements.refused(each, reason) for each in params_of(request)]
    return _answer(runtime, answered, _ROW_OF[operation], runtime.exchange.now_ms())


def _one(
    request: Request, kind: type[Element], needs: Sequence[str] = _REF_NEEDS
) -> list[Element | Answered]:
    found = requests.body_object(request.body, request.path)
    return elements.understood(kind, [found], needs)


def _many(
    request: Request,
    kind: type[Element],
    most: int,
    needs: Sequence[str] = _REF_NEEDS,
    too_many: str = "51111",
) -> list[Element | Answered]:
    found = requests.body_list(request.body, request.path)
    if len(found) > most:
        raise Refusal(too_many, str(most))
    return elements.understood(kind, found, needs)


def _placed(
    runtime: ExchangeRuntime, asked: Sequence[OrderRequest | Answered], key: ApiKey
) -> Answer:
    def command_of(orders: tuple[OrderRequest, ...]) -> Command:
        return PlaceOrders(orders=orders, account=key.account)

    return _each(runtime, asked, command_of, envelopes.placed_row)


def _place(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    return _placed(runtime, _one(request, OrderRequest, _ORDER_NEEDS), key)


def _place_batch(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    asked = _many(request, OrderRequest, BATCH_ORDERS_MAX, _ORDER_NEEDS)
    return _placed(runtime, asked, key)


def _canceled(
    runtime: ExchangeRuntime, asked: Sequence[OrderRef | Answered], key: ApiKey
) -> Answer:
    def command_of(orders: tuple[OrderRef, ...]) -> Command:
        return CancelOrders(orders=orders, account=key.account)

    return _each(runtime, asked, command_of, envelopes.canceled_row)


def _cancel(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    return _canceled(runtime, _one(request, OrderRef), key)


def _cancel_batch(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    return _canceled(runtime, _many(request, OrderRef, BATCH_ORDERS_MAX), key)


def _amended(
    runtime: ExchangeRuntime, asked: Sequence[Amendment | Answered], key: ApiKey
) -> Answer:
    def command_of(orders: tuple[Amendment, ...]) -> Command:
        return AmendOrders(orders=orders, account=key.account)

    return _each(runtime, asked, command_of, envelopes.amended_row)


def _amend(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    return _amended(runtime, _one(request, Amendment), key)


def _amend_batch(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    asked = _many(request, Amendment, BATCH_ORDERS_MAX, too_many="51501")
    return _amended(runtime, asked, key)


def _place_algo(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    params = requests.body_object(request.body, request.path)
    command = requests.build(PlaceAlgo, params, _ALGO_NEEDS, account=key.account)
    return _operate(runtime, command, envelopes.algo_row)


def _cancel_algos(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    def command_of(algos: tuple[AlgoRef, ...]) -> Command:
        return CancelAlgos(algos=algos, account=key.account)

    return _each(runtime, _many(request, AlgoRef, BATCH_ALGOS_MAX), command_of, envelopes.algo_row)


def _amend_algos(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    def command_of(algos: tuple[AlgoAmendment, ...]) -> Command:
        return AmendAlgos(algos=algos, account=key.account)

    return _each(runtime, _one(request, AlgoAmendment), command_of, envelopes.amended_algo_row)


def _cancel_all_after(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    params = requests.body_object(request.body, request.path)
    if not params.get("timeOut"):
        raise Refusal("50014", "timeOut")
    tag = params.get("tag", "")
    runtime.exchange.do(CancelAllAfter(time_out_s=params["timeOut"], tag=tag, account=key.account))
    venue = runtime.exchange.venue
    unit_ms = 1000 if venue.switches["caa.time_unit"] == "s" else 1
    due_ms = venue.account(key.account).timers.get(tag, 0)
    row = {
        "tag": tag,
        "triggerTime": str(due_ms // unit_ms),
        "ts": str(runtime.exchange.now_ms() // unit_ms),
    }
    return envelopes.rows([row])


def _close_position(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    params = requests.body_object(request.body, request.path)
    needs = ("instId", "mgnMode")
    command = requests.build(ClosePosition, params, needs, account=key.account)
    runtime.exchange.do(command)
    row = {
        "clOrdId": command.cl_ord_id,
        "instId": command.inst_id,
        "posSide": NET if _is_net(runtime, key) else command.pos_side,
        "tag": command.tag,
    }
    return envelopes.rows([row])


def _set_leverage(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    params = requests.body_object(request.body, request.path)
    needs = ("lever", "mgnMode", "instId")
    command = requests.build(SetLeverage, params, needs, account=key.account)
    runtime.exchange.do(command)
    pos_side = command.pos_side if command.mgn_mode == ISOLATED else ""
    row = {
        "lever": command.lever,
        "mgnMode": command.mgn_mode,
        "instId": command.inst_id,
        "posSide": NET if _is_net(runtime, key) else pos_side,
    }
    return envelopes.rows([row])


def _set_position_mode(runtime: ExchangeRuntime, request: Request, key: ApiKey) -> Answer:
    params = requests.body_object(request.body, request.path)
    command = requests.build(SetPositionMode, params, ("posMode",), account=key.account)
    runtime.exchange.do(command)
    return envelopes.rows([{"posMode": command.pos_mode}])


def _is_net(runtime: ExchangeRuntime, key: ApiKey) -> bool:
    return runtime.exchange.venue.account(key.account).pos_mode == NET_MODE


_ROW_OF: Final[Mapping[str, RowOf]] = {
    "place": envelopes.placed_row,
    "cancel": envelopes.canceled_row,
    "amend": envelopes.amended_row,
    "place_algo": envelopes.algo_row,
    "cancel_algo": envelopes.algo_row,
    "amend_algo": envelopes.amended_algo_row,
}
WRITES: Final[Mapping[str, Handler]] = {
    "account/set-leverage": _set_leverage,
    "account/set-position-mode": _set_position_mode,
    "trade/order": _place,
    "trade/batch-orders": _place_batch,
    "trade/cancel-order": _cancel,
    "trade/cancel-batch-orders": _cancel_batch,
    "trade/amend-order": _amend,
    "trade/amend-batch-orders": _amend_batch,
    "trade/close-position": _close_position,
    "trade/order-algo": _place_algo,
    "trade/cancel-algos": _cancel_algos,
    "trade/amend-algos": _amend_algos,
    "trade/cancel-all-after": _cancel_all_after,
}
