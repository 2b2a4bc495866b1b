"""One way to reach the control API of a running exchange. Standard library only.

HTTP and TLS are imported when somebody asks: a help has this in its signatures.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from http.client import HTTPConnection
    from ssl import SSLContext

TIMEOUT_S_DEFAULT: Final = 10.0
TOKEN_VARIABLE: Final = "FAKEOKX_TOKEN"  # noqa: S105 -- the name of one


class ControlRefused(Exception):
    """The exchange declined a control request; ``code`` is OKX's code where it has one."""

    def __init__(self, code: str, msg: str) -> None:
        super().__init__(f"{code}: {msg}")
        self.code = code
        self.msg = msg


class ControlConnection:
    """The control API of the fakeokx at that address, one connection per call.

    ``ca`` is the file with the certificate authority to trust, if the address is an https one.
    ``token`` is what it asks for where others can reach it, or ``FAKEOKX_TOKEN`` is.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = TIMEOUT_S_DEFAULT,
        ca: str | os.PathLike[str] | None = None,
        token: str = "",
    ) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None, f"not an address: {url!r}"
        self.url = url
        self._host = parts.hostname
        self._port = parts.port or 80
        self._timeout_s = timeout_s
        token = token or os.environ.get(TOKEN_VARIABLE, "")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._tls: SSLContext | None = None
        if parts.scheme == "https":
            from ssl import create_default_context

            self._tls = create_default_context(cafile=ca)

    @property
    def ws_url(self) -> str:
        """Address of the WebSockets, to which ``/public``, ``/private``, ``/business`` is added."""
        return f"ws{self.url.removeprefix('http')}/ws/v5"

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = self._connection()
        try:
            payload = None if body is None else json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **self._headers}
            connection.request(method, f"/control/{path}", payload, headers)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if "error" in answer:
            raise ControlRefused(answer["error"]["code"], answer["error"]["msg"])
        return answer

    def _connection(self) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        at = (self._host, self._port)
        if self._tls is None:
            return HTTPConnection(*at, timeout=self._timeout_s)
        return HTTPSConnection(*at, timeout=self._timeout_s, context=self._tls)
