"""The part of the control API that is about WebSockets. None of it is in the ledger."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakeokx.engine.decimals import whole
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime.context import ExchangeRuntime, Streams
from fakeokx.wire import requests

NOTICE_MS_DEFAULT: Final = 60_000
NOTICE_MS_MAX: Final = 3_600_000
Handler = Callable[[ExchangeRuntime, bytes], Any]


def _streams_of(runtime: ExchangeRuntime) -> Streams:
    assert runtime.streams is not None, "requests come through the port, and the port has streams"
    return runtime.streams


def _streams(runtime: ExchangeRuntime, _body: bytes) -> Any:
    streams = _streams_of(runtime)
    return {"connections": streams.connections(), "settings": streams.configure({})}


def _configure(runtime: ExchangeRuntime, body: bytes) -> Any:
    _streams_of(runtime).configure(requests.body_object(body, "streams"))
    return _streams(runtime, b"")


def _notice(runtime: ExchangeRuntime, body: bytes) -> Any:
    text = requests.body_object(body, "notice").get("close_after_ms", str(NOTICE_MS_DEFAULT))
    after_ms = whole(text)
    if after_ms is None or after_ms > NOTICE_MS_MAX:
        raise Refusal("51000", "close_after_ms")
    return {"connections": _streams_of(runtime).notice(after_ms)}


HANDLERS: Final[Mapping[tuple[str, str], Handler]] = {
    ("GET", "streams"): _streams,
    ("POST", "streams"): _configure,
    ("POST", "notice"): _notice,
}
