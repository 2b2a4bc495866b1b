"""The port: raw requests in, answers out, and connections that die on purpose.

The signed text needs path and query as they came over the wire, so both are taken raw. A
fault that closes a connection needs the socket, which ASGI does not show; the protocol class
below lends the application a way to abort it.
"""

import asyncio
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fakeokx.faults.script import DROP_ANSWER, REFUSE
from fakeokx.server import control, page, rest
from fakeokx.server.desk import Desk, Request
from fakeokx.wire import envelopes
from fakeokx.wire.endpoints import PREFIX
from fakeokx.wire.envelopes import Answer

ABORT: Final = "fakeokx.abort"
BODY_BYTES_MAX: Final = 1_000_000


class AbortableProtocol(HttpToolsProtocol):
    """uvicorn's protocol; its requests carry a way to cut the connection."""

    def on_message_begin(self) -> None:
        """Begin a request, and lend it the connection."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"call": self.transport.abort}}


def application(desk: Desk) -> ASGIApp:
    """The ASGI application of a desk."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = await _answer(desk, HttpRequest(scope, receive))
        if answer is None:
            scope["extensions"][ABORT]["call"]()
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        response = Response(answer.body, answer.status, media_type=answer.media_type)
        await response(scope, receive, send)

    return app


async def _answer(desk: Desk, http: HttpRequest) -> Answer | None:
    """The answer, or None if the connection is to be cut without one."""
    try:
        body = await http.body()
    except ClientDisconnect:
        return None
    if len(body) > BODY_BYTES_MAX:
        return envelopes.answer({"code": "413", "msg": "Too large", "data": []}, 413)
    path = http.scope["path"]
    if path.startswith(control.PREFIX):
        return control.handle(desk, http.method, path.removeprefix(control.PREFIX), body)
    if path == page.PATH and http.method == "GET":
        return page.page()
    if not path.startswith(PREFIX):
        return envelopes.not_found()
    decided = rest.decide(desk, _request(http.scope, body))
    if isinstance(decided, Answer):
        return decided
    if decided.fault.delay_ms:
        await asyncio.sleep(decided.fault.delay_ms / 1000)
    if decided.fault.action == REFUSE:
        return None
    answer = rest.carry_out(desk, decided)
    if decided.fault.answer_delay_ms:
        await asyncio.sleep(decided.fault.answer_delay_ms / 1000)
    return None if decided.fault.action == DROP_ANSWER else answer


def _request(scope: Scope, body: bytes) -> Request:
    query = scope["query_string"].decode("latin-1")
    raw_path = scope["raw_path"].decode("latin-1")
    params = dict(parse_qsl(query))
    if "uly" in params:
        params.setdefault("instFamily", params["uly"])
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"].removeprefix(PREFIX),
        target=f"{raw_path}?{query}" if query else raw_path,
        query=params,
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        },
        body=body,
        address=client[0] if client else "",
    )
