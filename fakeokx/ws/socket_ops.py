"""An order op from arrival to answer: how fast, what goes wrong, do it.

The same questions as over REST, in the same order, with the same buckets and the same fault
script. ``Plan`` says what to send and what becomes of the connection; the hub does it.
"""

from dataclasses import dataclass
from typing import Final

from fakeokx.engine.refusals import Reason, Refusal
from fakeokx.faults import Call, Fault, actions
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.stream import ops
from fakeokx.stream.codes import StreamRefusal
from fakeokx.stream.frames import StreamRequest, dump
from fakeokx.wire import elements
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.envelopes import Row
from fakeokx.wire.requests import Params

OPS: Final = ops.OPS
_LIMITED_ROWS: Final = "row"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpPlan:
    """What follows from an op: text to send after ``late_ms``, or none; and whether to cut."""

    text: str = ""
    late_ms: int = 0
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedOp:
    """An op that was understood, and the fault that hits it."""

    ask: StreamRequest
    key: ApiKey
    elements: list[Params]
    in_us: int
    fault: Fault


def admit(
    runtime: ExchangeRuntime, ask: StreamRequest, key: ApiKey, address: str
) -> AdmittedOp | OpPlan:
    """Let an op in, or answer why not; counts it, whatever becomes of it."""
    now_ms = runtime.exchange.now_ms()
    in_us = now_ms * 1000
    op = ops.OPS[ask.op]
    runtime.requests[f"ws/{ask.op}"] += 1
    try:
        found = ops.params_of(ask)
        if not key.may_trade:
            raise Refusal("50030")
        ops.check_time(ask, runtime.exchange.now_ms(), "50036")
    except (StreamRefusal, Refusal) as refusal:
        return OpPlan(text=dump(ops.refused(ask, refusal, in_us, in_us)))
    inst_ids = tuple(each.get("instId", "") for each in found)
    if runtime.limiter is not None:
        limited = runtime.limiter.admit(op.endpoint, inst_ids, address, now_ms, key.account)
        if limited is not None:
            return OpPlan(text=dump(_limited(runtime, ask, found, limited, in_us)))
    call = Call(
        path=ask.op, method=actions.SOCKET, operation=op.endpoint.operation, inst_ids=inst_ids
    )
    fault = runtime.script.take(call)
    return AdmittedOp(ask=ask, key=key, elements=found, in_us=in_us, fault=fault)


def carry_out(runtime: ExchangeRuntime, admitted: AdmittedOp) -> OpPlan:
    """Execute an op as far as its fault allows."""
    ask, fault, in_us = admitted.ask, admitted.fault, admitted.in_us
    match fault.action:
        case actions.REFUSE | actions.WS_DISCONNECT:
            return OpPlan(is_cut=True)
        case actions.ERROR_BEFORE | actions.MAINTENANCE:
            return OpPlan(text=dump(ops.broken(ask, fault.code, in_us, in_us)))
        case actions.EMPTY:
            return OpPlan(text=dump(ops.answer(ask, [], in_us, in_us, "")))
        case actions.RATE_LIMIT:
            return OpPlan(
                text=dump(_limited(runtime, ask, admitted.elements, Reason("50011"), in_us))
            )
        case actions.REJECT:
            rows = _rejected(runtime, ask, admitted.elements, fault.code, in_us // 1000)
            return OpPlan(text=dump(ops.answer(ask, rows, in_us, in_us, _fail_msg(runtime))))
    text = dump(_execute(runtime, admitted))
    match fault.action:
        case actions.DROP_ANSWER:
            return OpPlan(is_cut=True)
        case actions.ERROR_AFTER:
            return OpPlan(text=dump(ops.broken(ask, fault.code, in_us, in_us)))
        case actions.CUT_BODY:
            return OpPlan(text=text[: len(text) // 2])
    return OpPlan(text=text, late_ms=fault.answer_delay_ms)


def _execute(runtime: ExchangeRuntime, admitted: AdmittedOp) -> Row:
    ask, in_us = admitted.ask, admitted.in_us
    try:
        ops.check_time(ask, runtime.exchange.now_ms(), "50037")
        asked = ops.elements_of(ask, admitted.elements)
        taken = elements.taken(asked)
        command = ops.OPS[ask.op].command(taken, admitted.key.account)
        events = runtime.exchange.do(command) if taken else ()
    except (StreamRefusal, Refusal) as refusal:
        return ops.refused(ask, refusal, in_us, runtime.exchange.now_ms() * 1000)
    out_ms = runtime.exchange.now_ms()
    row_of = ops.OPS[ask.op].row_of
    answered = elements.answers(asked, events)
    rows = [row_of(each, out_ms, runtime.exchange.venue.switches) for each in answered]
    return ops.answer(ask, rows, in_us, out_ms * 1000, _fail_msg(runtime))


def _limited(
    runtime: ExchangeRuntime, ask: StreamRequest, found: list[Params], reason: Reason, in_us: int
) -> Row:
    if runtime.exchange.venue.switches["ws.rate_limit_form"] != _LIMITED_ROWS:
        return ops.refused(ask, StreamRefusal("60014"), in_us, in_us)
    rows = _rejected(runtime, ask, found, reason.code, in_us // 1000)
    return ops.answer(ask, rows, in_us, in_us, _fail_msg(runtime))


def _rejected(
    runtime: ExchangeRuntime, ask: StreamRequest, found: list[Params], code: str, ts_ms: int
) -> list[Row]:
    row_of, switches = ops.OPS[ask.op].row_of, runtime.exchange.venue.switches
    return [row_of(elements.refused(each, Reason(code)), ts_ms, switches) for each in found]


def _fail_msg(runtime: ExchangeRuntime) -> str:
    return runtime.exchange.venue.switches["ws.fail_msg"]
