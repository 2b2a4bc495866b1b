"""The port: raw requests in, answers out, and connections that die on purpose.

The signed text needs path and query as they came over the wire, a question mark with nothing behind
it included, which ASGI does not show; nor does it show the socket, which a fault that closes a
connection needs. The protocol class below lends the application both.

Nothing is read without an end: a head has ``HEAD_BYTES_MAX`` (431) and ``HEAD_S_MAX``, a body
``BODY_BYTES_MAX`` (413) and ``BODY_S_MAX`` (408); who is too slow to begin is cut off.
"""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fakeokx.control import api as control_api
from fakeokx.control import page as control_page
from fakeokx.faults.script import DROP_ANSWER, REFUSE
from fakeokx.rest import calls
from fakeokx.runtime.context import ExchangeRuntime, Request
from fakeokx.wire import envelopes
from fakeokx.wire.endpoints import PREFIX
from fakeokx.wire.envelopes import Answer

ABORT: Final = "fakeokx.abort"
TARGET: Final = "fakeokx.target"
BODY_BYTES_MAX: Final = 1_000_000
BODY_S_MAX: Final = 30.0
HEAD_BYTES_MAX: Final = 65_536  # beyond the piece of the wire that a head begins in
HEAD_S_MAX: Final = 30.0
_UNREAD: Final = (408, 413)
_DIGITS_MAX: Final = 19
_END: Final = {"connection": "close"}
_HEAD_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class AbortableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with ends; its requests carry a way to cut the connection."""

    _heads = 0
    _head_bytes = 0
    _is_in_head = False
    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin with a connection whose first request is about to come."""
        super().connection_made(transport)
        self._hasten()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._settle()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came; a head that has no end is refused."""
        head = self._heads if self._is_in_head else 0
        super().data_received(data)
        if self._is_in_head and self._heads == head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
                self.transport.write(_HEAD_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request, and lend it the connection."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"call": self.transport.abort}}
        self._heads, self._head_bytes, self._is_in_head = self._heads + 1, 0, True
        self._hasten()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._is_in_head = False
        self._settle()
        self.scope["extensions"][TARGET] = {"raw": self.url}
        super().on_headers_complete()

    def _hasten(self) -> None:
        self._settle()
        self._hurry = self.loop.call_later(HEAD_S_MAX, self.transport.abort)

    def _settle(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None


def application(runtime: ExchangeRuntime) -> ASGIApp:
    """The ASGI application of a runtime."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = await _answer(runtime, HttpRequest(scope, receive))
        if answer is None:
            scope["extensions"][ABORT]["call"]()
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        response = Response(
            answer.body,
            answer.status,
            headers=_END if answer.status in _UNREAD else None,
            media_type=answer.media_type,
        )
        await response(scope, receive, send)

    return app


async def _answer(runtime: ExchangeRuntime, http: HttpRequest) -> Answer | None:
    """The answer, or None if the connection is to be cut without one."""
    path = http.scope["path"]
    is_control = path.startswith(control_api.PREFIX)
    why = runtime.access.refusal(http.headers)
    if is_control:
        why = why or runtime.access.no_control(http.headers, http.method, http.scope["scheme"])
    if why:
        return control_api.refused(why)
    try:
        body = await _body(http)
    except ClientDisconnect:
        return None
    if isinstance(body, Answer):
        return body
    if is_control:
        return control_api.handle(runtime, http.method, path.removeprefix(control_api.PREFIX), body)
    if path == control_page.PATH and http.method == "GET":
        return control_page.page()
    if not path.startswith(PREFIX):
        return envelopes.not_found()
    decided = calls.decide(runtime, _request(http.scope, body))
    if isinstance(decided, Answer):
        return decided
    if decided.fault.delay_ms:
        await asyncio.sleep(decided.fault.delay_ms / 1000)
    if decided.fault.action == REFUSE:
        return None
    answer = calls.carry_out(runtime, decided)
    if decided.fault.answer_delay_ms:
        await asyncio.sleep(decided.fault.answer_delay_ms / 1000)
    return None if decided.fault.action == DROP_ANSWER else answer


async def _body(http: HttpRequest) -> bytes | Answer:
    """What was sent, or why it is not read to its end."""
    if _length(http.headers) > BODY_BYTES_MAX:
        return _unread(413, "Too large")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S_MAX):
            async for chunk in http.stream():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    return _unread(413, "Too large")
    except TimeoutError:
        return _unread(408, "Too slow")
    return bytes(body)


def _length(headers: Mapping[str, str]) -> int:
    said = headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < _DIGITS_MAX else 0


def _unread(status: int, msg: str) -> Answer:
    return envelopes.answer({"code": str(status), "msg": msg, "data": []}, status)


def _request(scope: Scope, body: bytes) -> Request:
    query = scope["query_string"].decode("latin-1")
    raw = scope["extensions"][TARGET]["raw"].decode("latin-1")
    params = dict(parse_qsl(query))
    if "uly" in params:
        params.setdefault("instFamily", params["uly"])
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"].removeprefix(PREFIX),
        target=raw[raw.index(scope["raw_path"].decode("latin-1")) :],
        query=params,
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        },
        body=body,
        address=client[0] if client else "",
    )
