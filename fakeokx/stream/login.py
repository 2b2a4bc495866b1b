"""Who is asking: OKX's signature over a timestamp in seconds and a fixed path.

The checks run in a fixed order, so that a login with two faults is always refused for the same
one: argument (60009, 60023), fields present (60027), timestamp (60004, 60006), key (60005),
passphrase (60024), signature (60007), address on the key's list if it has one (60009). As over
REST, a timestamp may be right by any of several clocks. The environment of a key is not checked:
clients choose it by host here, not by header.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fakeokx.stream.codes import StreamRefusal
from fakeokx.wire.auth import ApiKey

TIMESTAMP_AGE_MS_MAX: Final = 30_000
_SIGNED: Final = "GET/users/self/verify"
_FIELDS: Final = ("apiKey", "passphrase", "timestamp", "sign")
_DIGITS_MAX: Final = 15


def signature(secret: str, timestamp: str) -> str:
    """``sign`` of a login; ``timestamp`` is Unix seconds as text."""
    digest = hmac.digest(secret.encode(), f"{timestamp}{_SIGNED}".encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


def verify(
    args: Any, keys: Mapping[str, ApiKey], clocks_ms: Sequence[int], address: str = ""
) -> ApiKey:
    """The key that signed the login; raises StreamRefusal."""
    if not isinstance(args, list) or not args or not isinstance(args[0], Mapping):
        raise StreamRefusal("60009")
    if len(args) > 1:
        raise StreamRefusal("60023")
    given = {name: str(args[0].get(name) or "") for name in _FIELDS}
    for name, value in given.items():
        if not value:
            raise StreamRefusal("60027", name)
    timestamp = given["timestamp"]
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > _DIGITS_MAX:
        raise StreamRefusal("60004")
    sent_ms = int(timestamp) * 1000
    if all(abs(sent_ms - clock_ms) > TIMESTAMP_AGE_MS_MAX for clock_ms in clocks_ms):
        raise StreamRefusal("60006")
    key = keys.get(given["apiKey"])
    if key is None:
        raise StreamRefusal("60005")
    if not hmac.compare_digest(given["passphrase"].encode(), key.passphrase.encode()):
        raise StreamRefusal("60024")
    if not hmac.compare_digest(given["sign"].encode(), signature(key.secret, timestamp).encode()):
        raise StreamRefusal("60007")
    if key.ips and address not in key.ips:
        raise StreamRefusal("60009")
    return key
