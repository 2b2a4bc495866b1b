"""One WebSocket on the wire: handshake, frames, and ends of all kinds.

The protocol itself is the ``websockets`` library's sans-io one; this only moves bytes. What is
said to a socket is a frame already, made once for all who get it: text from the server is not
masked, so the bytes are the same for everybody. No compression is offered for that reason.

Ends: a close frame with a code (then the peer has ``CLOSE_S_MAX`` to answer it), a cut without
one, or 4005 when the peer does not read what it is sent.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Protocol, cast

from uvicorn.server import ServerState
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from fakeokx.runtime.access import Access
from fakeokx.stream.codes import CLOSE_BAD_REQUEST, CLOSE_BUFFER_FULL, CLOSE_WORDS
from fakeokx.stream.frames import TEXT_BYTES_MAX

BUFFER_BYTES_MAX: Final = 32 * 1024 * 1024
CLOSE_S_MAX: Final = 2.0
_GOING_AWAY: Final = 1001


class Listener(Protocol):
    """Whoever listens to one socket."""

    def heard(self, text: str) -> None:
        """A frame of text came."""

    def pinged(self) -> None:
        """A ping frame came, and is already answered."""

    def gone(self) -> None:
        """The connection has ended; nothing more can be said."""


Accept = Callable[["Socket", str, str], Listener | HTTPStatus]


def frame(text: str) -> bytes:
    """A frame of text from the server, ready for any socket."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class Socket(asyncio.Protocol):
    """A connection that wants to be a WebSocket.

    ``accept`` is told path and address, and gives a listener or the HTTP status of a refusal.
    ``access`` says whether it is asked at all.
    """

    def __init__(self, accept: Accept, state: ServerState, access: Access, scheme: str) -> None:
        self._accept = accept
        self._state = state
        self._access = access
        self._scheme = scheme
        self._wire = ServerProtocol(max_size=TEXT_BYTES_MAX)
        self._transport: asyncio.Transport | None = None
        self._listener: Listener | None = None
        self._parts: list[bytes] = []
        self._is_text = True
        self._hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a connection whose request is about to come."""
        self._transport = cast(asyncio.Transport, transport)
        self._state.connections.add(self)  # type: ignore[arg-type]  # only shutdown() is called

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's call
        """The connection is over, whoever ended it."""
        self._state.connections.discard(self)
        if self._hurry is not None:
            self._hurry.cancel()
        if self._listener is not None:
            self._listener.gone()
            self._listener = None

    def data_received(self, data: bytes) -> None:
        """Bytes came: answer the handshake, hand on text, answer pings and closes."""
        self._wire.receive_data(data)
        for event in self._wire.events_received():
            if isinstance(event, Request):
                self._open(event)
            else:
                self._hear(cast(Frame, event))
        self._write_out()

    def eof_received(self) -> None:
        """The peer writes no more."""
        self._wire.receive_eof()
        self._write_out()

    def shutdown(self) -> None:
        """The server stops."""
        self.close(_GOING_AWAY, "")

    def say(self, data: bytes) -> None:
        """Send a frame; a peer that does not read is left (4005)."""
        transport = self._transport
        if transport is None or self._wire.state is not OPEN or transport.is_closing():
            return
        if transport.get_write_buffer_size() > BUFFER_BYTES_MAX:
            self.close(CLOSE_BUFFER_FULL, CLOSE_WORDS[CLOSE_BUFFER_FULL])
            return
        transport.write(data)

    def close(self, code: int, reason: str) -> None:
        """End the connection with a close frame."""
        try:
            self._wire.send_close(code, reason)
        except InvalidState:
            self.cut()
            return
        self._write_out()

    def cut(self) -> None:
        """End the connection without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _open(self, request: Request) -> None:
        response = self._wire.accept(request)
        address = ""
        if self._transport is not None:
            peer = self._transport.get_extra_info("peername")
            address = peer[0] if peer else ""
        path = request.path.partition("?")[0]
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        why = self._access.refusal(headers) or self._access.stranger(headers, self._scheme)
        if why:
            response = self._wire.reject(HTTPStatus.FORBIDDEN, f"{why}\n")
        elif response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            found = self._accept(self, path, address)
            if isinstance(found, HTTPStatus):
                response = self._wire.reject(found, f"{found.phrase}\n")
            else:
                self._listener = found
        self._wire.send_response(response)

    def _hear(self, event: Frame) -> None:
        if self._listener is None:
            return
        if event.opcode is Opcode.PING:
            self._listener.pinged()
        elif event.opcode is Opcode.TEXT or event.opcode is Opcode.BINARY:
            self._is_text = event.opcode is Opcode.TEXT
            self._parts = [bytes(event.data)]
        elif event.opcode is Opcode.CONT:
            self._parts.append(bytes(event.data))
        else:
            return
        if event.opcode is not Opcode.PING and event.fin:
            self._hand_on()

    def _hand_on(self) -> None:
        data, self._parts = b"".join(self._parts), []
        try:
            text = data.decode() if self._is_text else None
        except UnicodeDecodeError:
            text = None
        if text is None:
            self.close(CLOSE_BAD_REQUEST, CLOSE_WORDS[CLOSE_BAD_REQUEST])
        elif self._listener is not None:
            self._listener.heard(text)

    def _write_out(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        for data in self._wire.data_to_send():
            if data:
                transport.write(data)
            else:
                transport.close()
        if self._wire.close_expected() and self._hurry is None:
            loop = asyncio.get_running_loop()
            self._hurry = loop.call_later(CLOSE_S_MAX, transport.abort)
