"""One way to reach the control API of a running exchange. Standard library only."""

import http.client
import json
import os
import ssl
from typing import Any, Final
from urllib.parse import urlsplit

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
        is_tls = parts.scheme == "https"
        self._tls = ssl.create_default_context(cafile=ca) if is_tls else None

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

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=self._tls
        )
