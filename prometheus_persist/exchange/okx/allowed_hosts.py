"""Where signed requests may go: https anywhere, http on this very machine, and nowhere else.

An API key, its passphrase and a signature travel with every private request. So an address that
stands in for OKX's own is read strictly, and only one that every client reads alike is taken:
scheme, host, port, path, in ASCII, without a user before the host and without a backslash. A
redirect is never followed: it would send the same headers to whomever the answer names.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final

from prometheus_persist.errors import BadConfig

LOCALHOST: Final = "localhost"
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[a-z0-9/._~-]*)?",
    re.ASCII | re.IGNORECASE,
)


def place(url: str) -> str:
    """``url`` without a slash at its end; raises BadConfig for one that keys are not sent to."""
    parts = _ADDRESS.fullmatch(url)
    if parts is None:
        raise BadConfig(
            f"{url!r} is no address of an exchange: write https://HOST or https://HOST:PORT, with "
            "no user name, backslash, question mark or blank in it"
        )
    if parts["scheme"].lower() != "https" and not is_here(url):
        raise BadConfig(
            f"{url!r} would send the API key over the wire unencrypted: http is for an exchange on "
            "this machine (127.0.0.1, ::1, localhost), anything else takes https"
        )
    return url.rstrip("/")


def host_of(url: str) -> str:
    """Its host in lower case; "" where it is no address."""
    parts = _ADDRESS.fullmatch(url)
    return "" if parts is None else parts["host"].lower().strip("[]")


def is_here(url: str) -> bool:
    """Whether it is an address of this machine that nobody else can answer for."""
    host = host_of(url)
    try:
        return host == LOCALHOST or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_redirects(client: Any, unreachable: type[Exception]) -> None:
    """Have a ccxt client raise an ``unreachable`` where an answer sends it elsewhere.

    It has ``lasting``: who asks again is sent there again.
    """
    redirected = type("Redirected", (unreachable,), {"lasting": True})

    def elsewhere(answer: Any) -> None:
        if answer.is_redirect:
            raise redirected(
                f"it answers {answer.status_code}, a redirect to {answer.headers['location']!r}, "
                "which is not followed: keys are sent to no other address"
            )

    client.session.get_redirect_target = elsewhere
