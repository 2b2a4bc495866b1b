"""One REST request from arrival to answer: who, may they, how fast, what goes wrong, do it.

``decide`` looks a request up and says what is to happen to it; ``carry_out`` does it. Between
the two, and after them, the port may wait, because a fault asked for a delay.
"""

from copy import copy
from dataclasses import dataclass
from typing import Any, Final, cast

from fakeokx.engine.refusals import Reason, Refusal
from fakeokx.faults import NO_FAULT, Call, Fault, actions, pages
from fakeokx.rest.reads import READS
from fakeokx.rest.writes import WRITES, check_time, params_of, rejected
from fakeokx.runtime.context import ExchangeRuntime, Request
from fakeokx.runtime.exchange import Exchange, machine_ms
from fakeokx.wire import auth, envelopes
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.endpoints import BY_ROUTE, GET, PATHS, POST, Endpoint
from fakeokx.wire.envelopes import Answer

_NOBODY: Final = ApiKey(name="", secret="", passphrase="", may_trade=False)
_TIME_PATH: Final = "public/time"
_LOOKED_UP: Final = ("trade/order", "trade/order-algo")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that was let in, and the fault that hits it."""

    request: Request
    endpoint: Endpoint
    key: ApiKey
    fault: Fault


def decide(runtime: ExchangeRuntime, request: Request) -> Admitted | Answer:
    """Let the request in, or answer why not. Counts it, whatever becomes of it."""
    endpoint = BY_ROUTE.get((request.method, request.path))
    if endpoint is None:
        if request.path in PATHS:
            return envelopes.refused(Reason("50115"))
        return envelopes.not_found()
    runtime.requests[request.path] += 1
    exchange, switches = runtime.exchange, runtime.exchange.venue.switches
    key = _NOBODY
    clocks_ms = (machine_ms(), exchange.now_ms())
    try:
        if endpoint.is_private:
            skewed = tuple(clocks_ms[1] + ms for ms in runtime.script.skews_ms)
            key = auth.authenticate(
                request.headers,
                request.method,
                request.target,
                request.body,
                runtime.keys,
                clocks_ms + skewed,
                request.address,
            )
    except Refusal as refusal:
        return envelopes.not_let_in(refusal.reason, switches)
    if endpoint.needs_trade and not key.may_trade:
        is_order = endpoint.path.startswith("trade/")
        return envelopes.refused(Reason("50030" if is_order else "50120"))
    try:
        check_time(runtime, request, endpoint.operation, "50036")
    except Refusal as refusal:
        return envelopes.refused(refusal.reason, switches)
    if not runtime.script and runtime.limiter is None:
        return Admitted(request, endpoint, key, NO_FAULT)
    inst_ids = _inst_ids(request)
    if runtime.limiter is not None:
        user = key.account
        limited = runtime.limiter.admit(
            endpoint, inst_ids, request.address, exchange.now_ms(), user, _word(request, endpoint)
        )
        if limited is not None:
            return envelopes.not_let_in(limited, switches)
    call = Call(
        path=request.path,
        method=request.method,
        operation=endpoint.operation,
        inst_ids=inst_ids,
    )
    fault = runtime.script.take(call)
    # A clock that only a rule believed in does not let in what the rule did not strike.
    is_doubtful = endpoint.is_private and fault.action != actions.CLOCK_SKEW
    if is_doubtful and runtime.script.skews_ms and not auth.is_fresh(request.headers, clocks_ms):
        return envelopes.not_let_in(Reason("50102"), switches)
    return Admitted(request, endpoint, key, fault)


def carry_out(runtime: ExchangeRuntime, admitted: Admitted) -> Answer:
    """Execute the request as far as its fault allows, and answer it."""
    runtime.exchange.wake()
    fault, switches = admitted.fault, runtime.exchange.venue.switches
    early = _instead(runtime, admitted) if fault.action else None
    if early is not None:
        return early
    try:
        done = _execute(runtime, admitted)
    except Refusal as refusal:
        done = envelopes.refused(refusal.reason, switches)
    if fault.action == actions.ERROR_AFTER:
        return envelopes.fault(fault.code, fault.form, fault.status)
    return envelopes.cut(done) if fault.action == actions.CUT_BODY else done


def _instead(runtime: ExchangeRuntime, admitted: Admitted) -> Answer | None:
    """The answer of a fault that keeps the request from being executed, if it is one."""
    fault, request = admitted.fault, admitted.request
    match fault.action:
        case actions.ERROR_BEFORE | actions.MAINTENANCE:
            return envelopes.fault(fault.code, fault.form, fault.status)
        case actions.RATE_LIMIT:
            return envelopes.not_let_in(Reason("50011"), runtime.exchange.venue.switches)
        case actions.REJECT:
            return rejected(runtime, request, admitted.endpoint.operation, fault.code)
        case actions.EMPTY:
            return envelopes.rows([])
        case actions.CLOCK_SKEW if admitted.endpoint.is_private:
            clock_ms = runtime.exchange.now_ms() + fault.ms
            if not auth.is_fresh(request.headers, (clock_ms,)):
                return envelopes.not_let_in(Reason("50102"))
    return None


def _execute(runtime: ExchangeRuntime, admitted: Admitted) -> Answer:
    request, endpoint = admitted.request, admitted.endpoint
    if request.method == GET:
        if request.query.get("uly", "") not in ("", request.query.get("instFamily", "")):
            raise Refusal("50016", "uly", "instFamily")
        if endpoint.path == "asset/currencies" and auth.is_demo(request.headers):
            raise Refusal("50038")
        if not admitted.fault.action:
            return envelopes.rows(READS[endpoint.path](runtime, request.query, admitted.key))
        return envelopes.rows(_faulty_rows(runtime, admitted))
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise Refusal("50006")
    check_time(runtime, request, endpoint.operation, "50037")
    return WRITES[endpoint.path](runtime, request, admitted.key)


def _word(request: Request, endpoint: Endpoint) -> str:
    """What a limit counts by besides user or address, if that is neither nothing nor instId."""
    if endpoint.limit.per.endswith("+tag"):
        return next((each.get("tag", "") for each in params_of(request)), "")
    return request.query.get("instType", "")


def _inst_ids(request: Request) -> tuple[str, ...]:
    if request.method == POST:
        return tuple(each.get("instId", "") for each in params_of(request))
    return tuple(word for word in request.query.get("instId", "").split(",") if word)


def _faulty_rows(runtime: ExchangeRuntime, admitted: Admitted) -> list[Any]:
    fault, path = admitted.fault, admitted.endpoint.path
    seen = runtime
    if fault.action == actions.STALE and runtime.past is not None:
        seen = copy(runtime)
        seen.exchange = cast(Exchange, runtime.past)
    elif fault.action == actions.INDEX_LAG:
        lagging = runtime.lagging[fault.ms]
        lagging.catch_up()
        seen = copy(runtime)
        seen.exchange = cast(Exchange, lagging)
    rows = READS[path](seen, admitted.request.query, admitted.key)
    if fault.action == actions.CLOCK_SKEW and path == _TIME_PATH:
        return [{"ts": str(int(row["ts"]) + fault.ms)} for row in rows]
    shown = pages.bent(rows, fault, runtime.exchange.now_ms())
    if not shown and rows and path in _LOOKED_UP:
        raise Refusal("51603")
    return shown
