"""Steer a running fakeokx through its control API. Standard library only.

Numbers may be given as text, Decimal or int; they travel as text, so no digit is lost.
"""

import http.client
import json
import os
import ssl
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

TIMEOUT_S_DEFAULT: Final = 10.0
Number = str | int | Decimal


class ControlRefused(Exception):
    """The exchange declined a control request; ``code`` is OKX's code where it has one."""

    def __init__(self, code: str, msg: str) -> None:
        super().__init__(f"{code}: {msg}")
        self.code = code
        self.msg = msg


class Control:
    """The control API of the fakeokx at that address, one connection per call.

    ``ca`` is the file with the certificate authority to trust, if the address is an https one.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = TIMEOUT_S_DEFAULT,
        ca: str | os.PathLike[str] | None = None,
    ) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None, f"not an address: {url!r}"
        self.url = url
        self._host = parts.hostname
        self._port = parts.port or 80
        self._timeout_s = timeout_s
        is_tls = parts.scheme == "https"
        self._tls = ssl.create_default_context(cafile=ca) if is_tls else None

    @property
    def ws_url(self) -> str:
        """Address of the WebSockets, to which ``/public``, ``/private``, ``/business`` is added."""
        return f"ws{self.url.removeprefix('http')}/ws/v5"

    def health(self) -> bool:
        """Whether it answers; raises OSError if nothing listens."""
        return bool(self._call("GET", "health")["ok"])

    def price(self, inst_id: str, px: Number) -> list[dict[str, Any]]:
        """Move the price; returns what that set off, in order."""
        answer = self._call("POST", "price", {"instId": inst_id, "px": str(px)})
        events: list[dict[str, Any]] = answer["events"]
        return events

    def trade_by_hand(
        self,
        inst_id: str,
        side: str,
        sz: Number,
        pos_side: str | None = None,
        td_mode: str = "cross",
        *,
        cl_ord_id: str = "",
        tag: str = "",
    ) -> str:
        """Trade at market as another user of the same account; returns the ordId."""
        body = {
            "instId": inst_id,
            "side": side,
            "sz": str(sz),
            "posSide": pos_side or "",
            "tdMode": td_mode,
            "clOrdId": cl_ord_id,
            "tag": tag,
        }
        return str(self._call("POST", "trade", body)["ordId"])

    def liquidate(self, inst_id: str, pos_side: str | None = None, mgn_mode: str = "cross") -> str:
        """Liquidate a whole position at the mark price; returns the ordId."""
        body = {"instId": inst_id, "posSide": pos_side or "", "mgnMode": mgn_mode}
        return str(self._call("POST", "liquidate", body)["ordId"])

    def partial(self, inst_id: str, sz: Number) -> None:
        """Let the next execution on the instrument stop after that many contracts."""
        self._call("POST", "partial", {"instId": inst_id, "sz": str(sz)})

    def advance(self, ms: int) -> int:
        """Run the venue's clock ahead; returns its new time."""
        return int(self._call("POST", "clock", {"advance_ms": ms})["now_ms"])

    def set_faults(self, rules: list[dict[str, Any]]) -> None:
        """Replace the fault script."""
        self._call("POST", "faults", {"rules": rules})

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, each with ``matched`` and ``fired``."""
        rules: list[dict[str, Any]] = self._call("GET", "faults")["rules"]
        return rules

    def streams(self, **changes: Number) -> dict[str, Any]:
        """Who is connected by WebSocket, and how long things take there; changes the latter."""
        body = {name: str(value) for name, value in changes.items()}
        return self._call("POST", "streams", body) if body else self._call("GET", "streams")

    def notice(self, close_after_ms: int = 60_000) -> int:
        """Announce to every WebSocket that it will be closed, and close it then; how many."""
        return int(self._call("POST", "notice", {"close_after_ms": close_after_ms})["connections"])

    def truth(self) -> dict[str, Any]:
        """Everything the venue knows."""
        return self._call("GET", "truth")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = self._connection()
        try:
            payload = None if body is None else json.dumps(body).encode()
            headers = {} if body is None else {"Content-Type": "application/json"}
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
