"""Orders over a connection: the six ops, each the twin of a REST endpoint.

The twin decides nearly everything: the command, the row of an answer, the rate-limit bucket,
what a fault rule calls it. Different here: the answer carries ``id`` and ``op``, ``expTime`` is
a key beside ``op``, an instrument may be named by ``instIdCode`` (which wins over ``instId``),
and what cannot be read at all is answered 60013 with the op, not as an event.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fakeokx.engine.commands import (
    Amendment,
    AmendOrders,
    CancelOrders,
    Command,
    OrderRef,
    OrderRequest,
    PlaceOrders,
)
from fakeokx.engine.decimals import whole
from fakeokx.engine.events import Answered
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.refusals import Refusal
from fakeokx.stream.codes import MESSAGES, StreamRefusal, message
from fakeokx.stream.frames import StreamRequest
from fakeokx.wire import elements, envelopes, requests
from fakeokx.wire.endpoints import BY_ROUTE, POST, Endpoint
from fakeokx.wire.envelopes import Row, Switches
from fakeokx.wire.errors import ERRORS, OK, top_message
from fakeokx.wire.requests import Params

BATCH_MAX: Final = 20
_GAPS_MAX: Final = 3
SOME_FAILED_CODE: Final = "2"
ALL_FAILED_CODE: Final = "1"
_PLACE_NEEDS: Final = ("instId", "tdMode", "side", "ordType", "sz")
_INST_ID_BY_CODE: Final = {str(each.inst_id_code): each.inst_id for each in INSTRUMENTS.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One op: its twin over REST, what an element needs, and how many there may be."""

    path: str
    kind: type[Any]
    command: Callable[[tuple[Any, ...], str], Command]
    needs: tuple[str, ...]
    most: int
    row_of: Callable[[Answered, int, Switches], Row]

    @property
    def endpoint(self) -> Endpoint:
        """The twin over REST."""
        return BY_ROUTE[POST, self.path]


def _place(orders: tuple[OrderRequest, ...], account: str) -> Command:
    return PlaceOrders(orders=orders, account=account)


def _cancel(orders: tuple[OrderRef, ...], account: str) -> Command:
    return CancelOrders(orders=orders, account=account)


def _amend(orders: tuple[Amendment, ...], account: str) -> Command:
    return AmendOrders(orders=orders, account=account)


def _op(path: str, operation: str, most: int) -> Op:
    kinds: dict[str, tuple[type[Any], Callable[..., Command], tuple[str, ...], Any]] = {
        "place": (OrderRequest, _place, _PLACE_NEEDS, envelopes.placed_row),
        "cancel": (OrderRef, _cancel, ("instId",), envelopes.canceled_row),
        "amend": (Amendment, _amend, ("instId",), envelopes.amended_row),
    }
    kind, command, needs, row_of = kinds[operation]
    return Op(path=path, kind=kind, command=command, needs=needs, most=most, row_of=row_of)


OPS: Final[Mapping[str, Op]] = MappingProxyType(
    {
        "order": _op("trade/order", "place", 1),
        "batch-orders": _op("trade/batch-orders", "place", BATCH_MAX),
        "cancel-order": _op("trade/cancel-order", "cancel", 1),
        "batch-cancel-orders": _op("trade/cancel-batch-orders", "cancel", BATCH_MAX),
        "amend-order": _op("trade/amend-order", "amend", 1),
        "batch-amend-orders": _op("trade/amend-batch-orders", "amend", BATCH_MAX),
    }
)


def params_of(ask: StreamRequest) -> list[Params]:
    """The elements of an order op; 60013 unless it is an array of objects of the right length."""
    op = OPS[ask.op]
    if not isinstance(ask.args, list) or not ask.args:
        raise StreamRefusal("60013")
    if op.most == 1 and len(ask.args) > 1:
        raise StreamRefusal("60013")
    try:
        found = [requests.params_from(each) for each in ask.args]
    except Refusal:
        raise StreamRefusal("60013") from None
    for params in found:
        code = params.get("instIdCode", "")
        if code:
            params["instId"] = _INST_ID_BY_CODE.get(code, code)
    return found


def check_time(ask: StreamRequest, now_ms: int, code: str) -> None:
    """Refuse an order or amendment whose ``expTime`` has passed: 50036 on arrival, later 50037."""
    if not ask.exp_time or OPS[ask.op].kind is OrderRef:
        return
    until_ms = whole(ask.exp_time)
    if until_ms is None:
        raise Refusal("51000", "expTime")
    if until_ms < now_ms:
        raise Refusal(code)


def elements_of(ask: StreamRequest, found: Sequence[Params]) -> list[Any]:
    """Each element of an op as the engine takes it, or the answer to one that cannot be taken.

    51111 says that there are too many elements.
    """
    op = OPS[ask.op]
    if len(found) > op.most:
        raise Refusal("51111", str(op.most))
    return elements.understood(op.kind, found, op.needs)


def answer(ask: StreamRequest, rows: Sequence[Row], in_us: int, out_us: int, fail_msg: str) -> Row:
    """The answer to an op that was carried out; ``fail_msg`` is the msg of code 1."""
    failed = sum(row["sCode"] != OK for row in rows)
    code, msg = OK, ""
    if failed:
        all_failed = failed == len(rows)
        code, msg = (ALL_FAILED_CODE, fail_msg) if all_failed else (SOME_FAILED_CODE, "")
    return _answer(ask, list(rows), code, msg, in_us, out_us)


def refused(ask: StreamRequest, refusal: StreamRefusal | Refusal, in_us: int, out_us: int) -> Row:
    """The answer to an op that was declined as a whole."""
    if isinstance(refusal, StreamRefusal):
        code, msg = refusal.code, message(refusal.code, *refusal.words)
    else:
        code, msg = refusal.reason.code, top_message(refusal.reason)
    return _answer(ask, [], code, msg, in_us, out_us)


def broken(ask: StreamRequest, code: str, in_us: int, out_us: int) -> Row:
    """The answer that a fault makes of an op; a code that nobody knows has no message."""
    if code in MESSAGES:
        msg = message(code, *[ask.op] * _GAPS_MAX)
    else:
        msg = ERRORS[code].message if code in ERRORS else ""
    return _answer(ask, [], code, msg, in_us, out_us)


def _answer(
    ask: StreamRequest, rows: list[Row], code: str, msg: str, in_us: int, out_us: int
) -> Row:
    return {
        "id": ask.id,
        "op": ask.op,
        "data": rows,
        "code": code,
        "msg": msg,
        "inTime": str(in_us),
        "outTime": str(out_us),
    }
