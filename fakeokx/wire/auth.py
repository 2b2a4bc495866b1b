"""Who is asking: OKX's signature over timestamp, method, path and body, as they came.

The signed text is built from the bytes of the request and never re-encoded: clients disagree
about percent-encoding, and each signs what it sent. Checks run in a fixed order, so that a
request with two faults is always refused for the same one:

    key, sign, timestamp, passphrase present (50103, 50106, 50107, 50104); a request that
    brings an Authorization header instead of a key is 50114
    key of a possible form (50111)
    timestamp is ISO-8601 with milliseconds (50112) and within 30 s (50102)
    key known (50119) · environment (50101) · passphrase (50105) · signature (50113)
    address on the key's list, if it has one (50110)

A timestamp may be right by any of several clocks: when a test has run the venue's clock ahead,
a client that goes by its own machine must not be locked out.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fakeokx.engine.model import MAIN
from fakeokx.engine.refusals import Refusal

TIMESTAMP_AGE_MS_MAX: Final = 30_000
_TIMESTAMP: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,6}Z", re.ASCII
)
_KEY_FORM: Final = re.compile(r"[!-~]{1,64}", re.ASCII)
_HEADERS: Final = (
    ("ok-access-key", "50103"),
    ("ok-access-sign", "50106"),
    ("ok-access-timestamp", "50107"),
    ("ok-access-passphrase", "50104"),
)
ENVIRONMENTS: Final = ("demo", "live", "any")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key of an account; ``environment`` is demo, live or any.

    ``ips`` are the addresses from which it may be used, all if there are none.
    """

    name: str
    secret: str
    passphrase: str
    may_trade: bool = True
    environment: str = "any"
    account: str = MAIN
    ips: tuple[str, ...] = ()


def is_demo(headers: Mapping[str, str]) -> bool:
    """Whether the request asks for demo trading."""
    return headers.get("x-simulated-trading", "").strip() == "1"


def signature(secret: str, timestamp: str, method: str, target: str, body: bytes) -> str:
    """OK-ACCESS-SIGN of a request; ``target`` is the path with its query."""
    text = f"{timestamp}{method}{target}".encode() + body
    return base64.b64encode(hmac.digest(secret.encode(), text, hashlib.sha256)).decode()


def authenticate(
    headers: Mapping[str, str],
    method: str,
    target: str,
    body: bytes,
    keys: Mapping[str, ApiKey],
    clocks_ms: Sequence[int],
    address: str = "",
) -> ApiKey:
    """The key that signed the request; header names are lower case. Raises Refusal."""
    for name, code in _HEADERS:
        if not headers.get(name):
            is_bearer = code == "50103" and headers.get("authorization")
            raise Refusal("50114" if is_bearer else code)
    name, sign, timestamp, passphrase = (headers[header] for header, _ in _HEADERS)
    if _KEY_FORM.fullmatch(name) is None:
        raise Refusal("50111")
    if not is_fresh(headers, clocks_ms):
        raise Refusal("50102")
    key = keys.get(name)
    if key is None:
        raise Refusal("50119")
    if key.environment not in ("any", "demo" if is_demo(headers) else "live"):
        raise Refusal("50101")
    if not hmac.compare_digest(passphrase.encode(), key.passphrase.encode()):
        raise Refusal("50105")
    wanted = signature(key.secret, timestamp, method, target, body)
    if not hmac.compare_digest(sign.encode(), wanted.encode()):
        raise Refusal("50113")
    if key.ips and address not in key.ips:
        raise Refusal("50110", address)
    return key


def is_fresh(headers: Mapping[str, str], clocks_ms: Sequence[int]) -> bool:
    """Whether the request's timestamp is right by one of the clocks; 50112 if it is none."""
    sent_ms = _milliseconds(headers["ok-access-timestamp"])
    return any(abs(sent_ms - clock_ms) <= TIMESTAMP_AGE_MS_MAX for clock_ms in clocks_ms)


def _milliseconds(timestamp: str) -> int:
    if _TIMESTAMP.fullmatch(timestamp) is None:
        raise Refusal("50112")
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        raise Refusal("50112") from None
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000
