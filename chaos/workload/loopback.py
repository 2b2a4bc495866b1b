"""What ``ccxt`` asks of ``requests.Session``, for an exchange on this machine.

``ccxt`` takes the session that it is given. Of the processor time of one question to a fakeokx
``requests`` and ``urllib3`` spend the larger part on what plain HTTP to a neighbour has not:
proxies, cookies, redirects, pools. Sweeps and tables of scenarios ask a hundred thousand times.

What becomes of a question is said in ``requests``' own exceptions, so ``ccxt`` and the library
cannot tell the difference. Where the wire itself is what is tried, ``requests`` stays.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import requests


class _Line:
    """One connection that is kept."""

    def __init__(self, netloc: str, timeout: float) -> None:
        host, _, port = netloc.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reading: BinaryIO = self.socket.makefile("rb")

    def alive(self) -> bool:
        """Whether the other side has not hung up since the last answer."""
        found = select.poll()
        found.register(self.socket, select.POLLIN)
        return not found.poll(0)

    def close(self) -> None:
        with suppress(OSError):
            self.reading.close()
            self.socket.close()

    def ask(self, question: bytes, timeout: float) -> tuple[int, str, dict[str, str], bytes]:
        """Status, its reason, headers and body; raises OSError, ValueError for no answer."""
        self.socket.settimeout(timeout)
        self.socket.sendall(question)
        _, status, reason = self._line().split(" ", 2)
        headers: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.strip()] = value.strip()
        length = next(int(v) for k, v in headers.items() if k.lower() == "content-length")
        body = self.reading.read(length)
        if len(body) < length:
            raise ConnectionResetError("Connection broken: a part of the answer is missing")
        return int(status), reason, headers, body

    def _line(self) -> str:
        line = self.reading.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("Connection aborted.")
        return line.decode("latin-1").rstrip("\r\n")


class LoopbackSession:
    """In the place of ``requests.Session``: ``client.session = LoopbackSession()``."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.cookies: dict[str, str] = {}
        self._idle: list[tuple[str, _Line]] = []  # a thread takes one and brings it back

    def request(
        self,
        method: str,
        url: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        **_: object,
    ) -> requests.Response:
        """The answer; raises what ``requests`` raises where there is none."""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        sent = {"Host": parts.netloc, **(headers or {}), "Content-Length": str(len(data or b""))}
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        question = f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (data or b"")
        line = None
        try:
            line = self._taken(parts.netloc, timeout)
            status, reason, found, body = line.ask(question, timeout)
        except TimeoutError as problem:
            raise requests.exceptions.ReadTimeout(str(problem)) from problem
        except (OSError, ValueError, StopIteration) as problem:
            raise requests.exceptions.ConnectionError(str(problem)) from problem
        else:
            self._idle.append((parts.netloc, line))
            line = None
        finally:
            if line is not None:
                line.close()
        answer: Any = requests.Response()
        answer.status_code, answer.reason, answer.url = status, reason, url
        answer.headers.update(found)
        answer._content = body
        return answer  # type: ignore[no-any-return]

    def _taken(self, netloc: str, timeout: float) -> _Line:
        while self._idle:
            where, line = self._idle.pop()
            if where == netloc and line.alive():
                return line
            line.close()
        return _Line(netloc, timeout)

    def close(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop()[1].close()
