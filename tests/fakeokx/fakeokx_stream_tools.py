"""A WebSocket client for the tests that knows nothing of the server's code."""

import base64
import hashlib
import hmac
import json
import ssl
import time
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from fakeokx import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET, FakeOkx

WAIT_S = 10.0
_ANSWERS = ("login", "subscribe", "unsubscribe", "error", "channel-conn-count-error")


def credentials(
    key: str = DEFAULT_KEY, secret: str = DEFAULT_SECRET, passphrase: str = DEFAULT_PASSPHRASE
) -> dict[str, str]:
    timestamp = str(int(time.time()))
    text = f"{timestamp}GET/users/self/verify".encode()
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    sign = base64.b64encode(digest).decode()
    return {"apiKey": key, "passphrase": passphrase, "timestamp": timestamp, "sign": sign}


class Stream:
    """One connection. ``heard`` keeps what came while something else was waited for."""

    def __init__(self, venue: FakeOkx, path: str, *, login: bool = False) -> None:
        tls = None
        if venue.ca is not None:
            tls = ssl.create_default_context(cafile=venue.ca)
        self._opening = connect(f"{venue.ws_url}/{path}", ssl=tls, compression=None, max_queue=None)
        self.socket = self._opening.__enter__()
        self.heard: list[Any] = []
        if login:
            assert self.ask("login", [credentials()])["event"] == "login"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opening.__exit__(kind, error, trace)

    def send(self, data: Any) -> None:
        self.socket.send(data if isinstance(data, str | bytes) else json.dumps(data))

    def next(self, wait_s: float = WAIT_S) -> Any:
        """The next message: text if it is no JSON."""
        text = self.socket.recv(wait_s)
        return json.loads(text) if text[:1] in ("{", "[") else text

    def ask(self, op: str, args: Any, request_id: str = "", **more: Any) -> Any:
        """Send a request and return its answer; what came before it is kept in ``heard``."""
        given = {"op": op, "args": args, **more}
        self.send({"id": request_id, **given} if request_id else given)
        return self.until(lambda found: "op" in found or found.get("event") in _ANSWERS)

    def subscribe(self, channel: str, **arg: str) -> Any:
        """Subscribe and return the acknowledgement; a count that follows it is skipped."""
        return self.ask("subscribe", [{"channel": channel, **arg}])

    def until(self, is_it: Any, wait_s: float = WAIT_S) -> Any:
        """The next message of that kind; what came before is kept in ``heard``."""
        end = time.monotonic() + wait_s
        while True:
            found = self.next(max(0.001, end - time.monotonic()))
            if isinstance(found, str) or is_it(found):
                return found
            self.heard.append(found)

    def push(self, channel: str, wait_s: float = WAIT_S) -> Any:
        """The next push of a channel, from what was kept or from the connection."""
        for number, found in enumerate(self.heard):
            if _is_push(found, channel):
                return self.heard.pop(number)
        return self.until(lambda found: _is_push(found, channel), wait_s)

    def rows(self, channel: str, count: int) -> list[Any]:
        """The next ``count`` rows of a channel."""
        found: list[Any] = []
        while len(found) < count:
            found += self.push(channel)["data"]
        return found

    def silence(self, channel: str, wait_s: float = 0.3) -> bool:
        """Whether no push of that channel comes for a while."""
        try:
            self.push(channel, wait_s)
        except TimeoutError:
            return True
        return False

    def closed(self, wait_s: float = WAIT_S) -> tuple[int, str]:
        """Code and reason with which the other side ends the connection; 1006 if it is cut."""
        end = time.monotonic() + wait_s
        try:
            while True:
                self.heard.append(self.next(max(0.001, end - time.monotonic())))
        except ConnectionClosed as ended:
            if ended.rcvd is None:
                return 1006, ""
            return ended.rcvd.code, ended.rcvd.reason


def _is_push(found: Any, channel: str) -> bool:
    return (
        isinstance(found, dict)
        and "data" in found
        and found.get("arg", {}).get("channel") == channel
    )


def order(**changed: str) -> dict[str, str]:
    """The argument of an order op: one contract at market."""
    given = {"instId": "BTC-USDT-SWAP", "tdMode": "cross", "side": "buy", "ordType": "market"}
    return {**given, "sz": "1", **changed}
