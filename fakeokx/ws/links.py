"""One WebSocket connection as the hub sees it, and how long things take on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Final, Protocol

from fakeokx.engine.decimals import whole
from fakeokx.engine.refusals import Refusal
from fakeokx.stream import codes
from fakeokx.stream.feed import GATHER_MS, REGULAR_MS
from fakeokx.stream.pushes import PUBLIC_ACCOUNT
from fakeokx.stream.session import IDLE_MS, StreamSession
from fakeokx.wire.auth import ApiKey
from fakeokx.ws.sockets import Socket, frame


@dataclass(slots=True, kw_only=True)
class LinkSettings:
    """How long things take, and whether the accounts have the tier for gated channels."""

    idle_ms: int = IDLE_MS
    gather_ms: int = GATHER_MS
    regular_ms: int = REGULAR_MS
    has_tier: bool = False


OPENED_MAX: Final = 3
OPENED_WINDOW_MS: Final = 1_000
MS_MAX: Final = 3_600_000
_NAMES: Final = frozenset(each.name for each in fields(LinkSettings))


def changed_settings(settings: LinkSettings, changes: Mapping[str, str]) -> LinkSettings:
    """The settings with some replaced; 51000 names what is not one, or has no such value."""
    values: dict[str, int | bool] = {}
    for name, text in changes.items():
        before = getattr(settings, name) if name in _NAMES else None
        if isinstance(before, bool):
            if text not in ("true", "false"):
                raise Refusal("51000", name)
            values[name] = text == "true"
        elif isinstance(before, int) and (ms := whole(text)) is not None and ms <= MS_MAX:
            values[name] = ms
        else:
            raise Refusal("51000", name)
    return replace(settings, **values)  # type: ignore[arg-type]  # each by its own type above


class Door:
    """How fast one address may open connections, if somebody minds."""

    def __init__(self) -> None:
        self._opened_ms: dict[str, list[int]] = {}

    def lets_in(self, address: str, now_ms: int) -> bool:
        """Whether one more is allowed now; counts it if so."""
        recent = [
            each for each in self._opened_ms.get(address, ()) if each > now_ms - OPENED_WINDOW_MS
        ]
        is_allowed = len(recent) < OPENED_MAX
        self._opened_ms[address] = [*recent, now_ms] if is_allowed else recent
        return is_allowed


class LinkListener(Protocol):
    """Whoever listens to the connections."""

    def heard(self, link: "Link", text: str) -> None:
        """A frame of text came."""

    def pinged(self, link: "Link") -> None:
        """A ping frame came."""

    def gone(self, link: "Link") -> None:
        """The connection has ended."""


class Link:
    """A socket and its session. ``held_back`` is a frame that a fault put behind the next one."""

    def __init__(
        self, ears: LinkListener, socket: Socket, session: StreamSession, address: str
    ) -> None:
        self.socket = socket
        self.session = session
        self.address = address
        self.held_back: bytes | None = None
        self._is_ending = False
        self._ears = ears

    @property
    def account(self) -> str:
        """The account that it is logged in to, ``""`` before the login."""
        return self.session.key.account if self.session.key is not None else PUBLIC_ACCOUNT

    def shown(self) -> dict[str, object]:
        """What the truth says about it."""
        return {
            "connId": self.session.conn_id,
            "path": self.session.path,
            "account": self.account,
            "args": [dict(arg.shown) for arg in self.session.args],
        }

    def heard(self, text: str) -> None:
        """A frame of text came."""
        self._ears.heard(self, text)

    def pinged(self) -> None:
        """A ping frame came, and is already answered."""
        self._ears.pinged(self)

    def gone(self) -> None:
        """The connection has ended."""
        self._ears.gone(self)

    def say(self, text: str) -> None:
        """Send text to this connection alone."""
        self.socket.say(frame(text))

    def hang_up(self, code: int) -> None:
        """End it with a close code, or cut it if the code is 0. An end in progress goes on."""
        if not code:
            self.socket.cut()
        elif not self._is_ending:
            self._is_ending = True
            self.socket.close(code, codes.CLOSE_WORDS.get(code, ""))


def connections_of(links: Iterable[Link], key: ApiKey, channel: str, but: Link) -> int:
    """How many other connections of the key's account have that channel."""
    return sum(
        any(arg.channel.name == channel for arg in each.session.args)
        for each in links
        if each is not but and each.account == key.account
    )


def subscriptions_of(links: Iterable[Link], key: ApiKey, but: Link) -> int:
    """How many private subscriptions the key has on other connections."""
    return sum(
        each.session.private_subscriptions()
        for each in links
        if each is not but and each.session.key == key
    )
