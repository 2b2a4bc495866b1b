"""Who is let in at all: what a browser's page of somebody else's must not reach on this machine.

Any page may send requests to 127.0.0.1, and a name that its owner lets point here makes them look
like the page's own (rebinding). So, before anything of a request is read but its head:

1. Everywhere: ``Host`` is an address, localhost, or a name that was allowed. A rebound name is
   none of these. No ``Host`` at all is no browser.
2. Control API and WebSockets: no ``Origin`` but the one that was asked, and no ``Sec-Fetch-Site``
   but ``same-origin`` and ``none``. Signed requests cannot be made without a key, and what a page
   may ask of the public ones it cannot read.
3. Control API: a body comes as ``application/json``, which no form can send.
4. Control API, where others than this machine can reach the port: the token (``Authorization:
   Bearer TOKEN``), unless it was opened to everybody on purpose.

``X-Forwarded-For`` and its like say nothing here.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

LOCAL_NAMES: Final = ("localhost",)
_OWN_SITES: Final = ("same-origin", "none")
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Access:
    """What is asked of a request. ``token`` "": control is open to whoever reaches the port."""

    names: tuple[str, ...] = ()
    token: str = ""

    def refusal(self, headers: Mapping[str, str]) -> str:
        """Why this request is not even looked at, or ""; header names are in lower case."""
        host = headers.get("host", "")
        name = _name(host)
        if host and not _is_address(name) and name not in (*LOCAL_NAMES, *self.names):
            return f"Host {host!r} is not this exchange; serve with --allow-host to answer to it"
        return ""

    def stranger(self, headers: Mapping[str, str], scheme: str) -> str:
        """Why a request to the control API or a WebSocket is a foreign page's, or ""."""
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"{scheme}://{headers.get('host', '')}".lower():
            return f"a page of {origin} has no business here"
        site = headers.get("sec-fetch-site", "none")
        return "" if site in _OWN_SITES else f"a page of another site ({site}) asks"

    def no_control(self, headers: Mapping[str, str], method: str, scheme: str) -> str:
        """Why a control request is not carried out, or ""."""
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if strange := self.stranger(headers, scheme):
            return strange
        if method != "GET" and kind != _JSON:
            return f"a body comes as Content-Type: {_JSON}"
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if self.token and not hmac.compare_digest(given.encode(), self.token.encode()):
            return "say Authorization: Bearer TOKEN; the token was printed when it started"
        return ""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    return host in LOCAL_NAMES or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _name(host: str) -> str:
    """The name in a Host header, without its port; "" for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
