"""From the text of one frame to a request, and from an answer to text.

All text is JSON but ``ping`` and ``pong``. Number literals keep their digits, as over REST. A
request is an object with ``op`` and mostly ``args``; ``id`` is echoed in every answer to it,
errors included, because a client that waits for that id would otherwise wait for ever.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from fakeokx.stream.codes import INVALID_REQUEST, NOTICE, StreamRefusal, message
from fakeokx.wire.requests import text_json

PING: Final = "ping"
PONG: Final = "pong"
TEXT_BYTES_MAX: Final = 65_536
_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRequest:
    """One request over a connection. ``args`` is as it came, whatever its type."""

    op: str
    args: Any
    id: str = ""
    exp_time: str = ""


def read(text: str) -> StreamRequest:
    """The request in a frame; 60012 if it is none, 60033 for an id that cannot be one."""
    try:
        data = text_json(text, parse_float=str, parse_int=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise StreamRefusal(INVALID_REQUEST, text) from None
    if not isinstance(data, dict) or not isinstance(data.get("op"), str):
        raise StreamRefusal(INVALID_REQUEST, text)
    wanted_id = data.get("id")
    request_id = "" if wanted_id is None else wanted_id
    if not isinstance(request_id, str) or (request_id and not _ID.fullmatch(request_id)):
        raise StreamRefusal("60033", "id")
    exp_time = data.get("expTime")
    return StreamRequest(
        op=data["op"],
        args=data.get("args"),
        id=request_id,
        exp_time=exp_time if isinstance(exp_time, str) else "",
    )


def dump(data: object) -> str:
    """An answer or a push as text."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def error(
    refusal: StreamRefusal, request_id: str, conn_id: str, prefix: str = "Invalid request: "
) -> dict[str, Any]:
    """The event that says no; ``prefix`` begins the message of 60012."""
    if refusal.code == INVALID_REQUEST:
        said = prefix + refusal.words[0]
    else:
        said = message(refusal.code, *refusal.words)
    return _event(
        "error", {"code": refusal.code, "msg": said, "connId": conn_id}, request_id=request_id
    )


def logged_in(request_id: str, conn_id: str) -> dict[str, Any]:
    """The event that says that the login went well."""
    return _event("login", {"msg": "", "code": "0", "connId": conn_id}, request_id=request_id)


def subscribed(
    event: str, shown: Mapping[str, str], request_id: str, conn_id: str
) -> dict[str, Any]:
    """Acknowledgement of one argument; ``event`` is subscribe or unsubscribe."""
    return _event(event, {"arg": dict(shown), "connId": conn_id}, request_id=request_id)


def conn_count(channel: str, count: int, conn_id: str, *, is_error: bool = False) -> dict[str, Any]:
    """How many connections of the account have that private channel."""
    event = "channel-conn-count-error" if is_error else "channel-conn-count"
    return _event(event, {"channel": channel, "connCount": str(count), "connId": conn_id})


def notice(conn_id: str) -> dict[str, Any]:
    """The event that comes a while before the venue closes a connection."""
    return _event("notice", {"code": NOTICE, "msg": message(NOTICE), "connId": conn_id})


def _event(event: str, rest: Mapping[str, Any], *, request_id: str = "") -> dict[str, Any]:
    head = {"id": request_id} if request_id else {}
    return {**head, "event": event, **rest}


def _refuse(_name: str) -> NoReturn:
    raise ValueError("NaN and infinity are no JSON")
