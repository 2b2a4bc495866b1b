"""One REST request from arrival to answer: who, may they, how fast, what goes wrong, do it.

``decide`` looks a request up and says what is to happen to it; ``carry_out`` does it. Between
the two the port may wait, because a fault asked for a delay.
"""

from dataclasses import dataclass
from typing import Final

from fakeokx.engine.refusals import Reason, Refusal
from fakeokx.faults import Call, Fault
from fakeokx.faults.script import EMPTY, ERROR_AFTER, ERROR_BEFORE, STALE_POSITIONS
from fakeokx.server.desk import Desk, Request
from fakeokx.server.exchange import machine_ms
from fakeokx.server.reads import READS, positions
from fakeokx.server.writes import WRITES, check_time, params_of
from fakeokx.wire import auth, envelopes
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.endpoints import BY_ROUTE, GET, PATHS, POST, Endpoint
from fakeokx.wire.envelopes import Answer

_NOBODY: Final = ApiKey(name="", secret="", passphrase="", may_trade=False)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that was let in, and the fault that hits it."""

    request: Request
    endpoint: Endpoint
    key: ApiKey
    fault: Fault


def decide(desk: Desk, request: Request) -> Admitted | Answer:
    """Let the request in, or answer why not. Counts it, whatever becomes of it."""
    endpoint = BY_ROUTE.get((request.method, request.path))
    if endpoint is None:
        if request.path in PATHS:
            return envelopes.refused(Reason("50115"))
        return envelopes.not_found()
    desk.requests[request.path] += 1
    key = _NOBODY
    if endpoint.is_private:
        try:
            key = auth.authenticate(
                request.headers,
                request.method,
                request.target,
                request.body,
                desk.keys,
                (machine_ms(), desk.exchange.now_ms()),
            )
        except Refusal as refusal:
            return envelopes.not_let_in(refusal.reason)
    if endpoint.needs_trade and not key.may_trade:
        return envelopes.refused(Reason("50030"))
    inst_ids = _inst_ids(request) if desk.script or desk.limiter else ()
    if desk.limiter is not None:
        limited = desk.limiter.admit(endpoint, inst_ids, request.address, desk.exchange.now_ms())
        if limited is not None:
            return envelopes.not_let_in(limited)
    call = Call(
        path=request.path,
        method=request.method,
        operation=endpoint.operation,
        inst_ids=inst_ids,
    )
    return Admitted(request, endpoint, key, desk.script.take(call))


def carry_out(desk: Desk, admitted: Admitted) -> Answer:
    """Execute the request as far as its fault allows, and answer it."""
    fault = admitted.fault
    if fault.action == ERROR_BEFORE:
        return _broken(fault)
    if fault.action == EMPTY:
        return envelopes.rows([])
    try:
        done = _execute(desk, admitted)
    except Refusal as refusal:
        done = envelopes.refused(refusal.reason)
    return _broken(fault) if fault.action == ERROR_AFTER else done


def _execute(desk: Desk, admitted: Admitted) -> Answer:
    request, endpoint = admitted.request, admitted.endpoint
    if request.method == GET:
        if endpoint.path == "asset/currencies" and auth.is_demo(request.headers):
            raise Refusal("50038")
        if admitted.fault.action == STALE_POSITIONS:
            return envelopes.rows(positions(desk, request.query, stale=True))
        return envelopes.rows(READS[endpoint.path](desk, request.query, admitted.key))
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Refusal("50006")
    check_time(request, endpoint.operation)
    return WRITES[endpoint.path](desk, request)


def _broken(fault: Fault) -> Answer:
    known = envelopes.fault(fault.code)
    return Answer(fault.status or known.status, known.body)


def _inst_ids(request: Request) -> tuple[str, ...]:
    if request.method == POST:
        return tuple(each.get("instId", "") for each in params_of(request))
    return tuple(word for word in request.query.get("instId", "").split(",") if word)
