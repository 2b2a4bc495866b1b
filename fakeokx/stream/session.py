"""One connection: who it is, what it is subscribed to, and what each request makes of that.

``hear`` takes one request and says what follows: events to send, subscriptions that began or
ended, an order op to carry out, a close code. It decides and changes only itself; sockets,
pushes and orders are other people's business. What it has to know about the rest of the world
comes in a ``World``.

Rules:

1. A request is answered argument by argument; one bad argument does not stop the others.
2. A refused login closes the connection with 4001, except the second login on one (60031).
3. A private channel is counted over the connections of its account: 31 of a channel are one
   too many, and that subscription does not begin.
4. A subscription that exists is acknowledged again, and its first values come again.
5. Nothing said and nothing heard for ``IDLE_MS`` is the end (4004).
6. With rate limits, a connection has 480 logins, subscriptions and unsubscriptions an hour,
   argument by argument; what is too many is 60014 and not counted.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fakeokx.stream import channels, codes, frames, login
from fakeokx.stream.channels import PRIVATE, Arg
from fakeokx.stream.codes import StreamRefusal
from fakeokx.stream.frames import StreamRequest
from fakeokx.stream.ops import OPS
from fakeokx.wire.auth import ApiKey

IDLE_MS: Final = 30_000
CONNECTIONS_PER_CHANNEL_MAX: Final = 30
KEY_SUBSCRIPTIONS_MAX: Final = 100
CHANNELS_MAX: Final = 1_000
REQUESTS_MAX: Final = 480
REQUESTS_WINDOW_MS: Final = 3_600_000
LOGIN: Final = "login"
SUBSCRIBE: Final = "subscribe"
UNSUBSCRIBE: Final = "unsubscribe"
SESSION_OPS: Final = (LOGIN, SUBSCRIBE, UNSUBSCRIBE)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamWorld:
    """What a session may ask about everything else.

    ``now_ms`` goes by the clock of ``is_idle``, and matters if ``is_limited``; ``address`` is
    where the connection comes from, ``has_tier`` whether gated channels are open.
    ``connections_of`` counts the other connections of an account that have a channel,
    ``subscriptions_of`` the private subscriptions that a key has on other connections.
    """

    keys: Mapping[str, ApiKey]
    clocks_ms: Sequence[int]
    now_ms: int
    address: str
    has_tier: bool
    is_limited: bool
    connections_of: Callable[[ApiKey, str], int]
    subscriptions_of: Callable[[ApiKey], int]


@dataclass(slots=True)
class RequestOutcome:
    """What follows from one request; ``events`` go out first and in order."""

    events: list[dict[str, Any]] = field(default_factory=list)
    added: list[Arg] = field(default_factory=list)
    removed: list[Arg] = field(default_factory=list)
    op: StreamRequest | None = None
    close: int | None = None


class StreamSession:
    """The state of one connection. ``path`` is public, private or business."""

    def __init__(self, *, path: str, conn_id: str, now_ms: int) -> None:
        self.path = path
        self.conn_id = conn_id
        self.key: ApiKey | None = None
        self.args: dict[Arg, None] = {}
        self.active_ms = now_ms
        self._requests_ms: deque[int] = deque()

    def is_idle(self, now_ms: int, idle_ms: int = IDLE_MS) -> bool:
        """Whether nothing went either way for too long."""
        return now_ms - self.active_ms > idle_ms

    def private_subscriptions(self) -> int:
        """How many of its subscriptions are about an account."""
        return sum(each.channel.is_private for each in self.args)

    def hear(self, ask: StreamRequest, world: StreamWorld) -> RequestOutcome:
        """What follows from one request."""
        outcome = RequestOutcome()
        try:
            self._carry_out(ask, world, outcome)
        except StreamRefusal as refusal:
            outcome.events.append(self._error(refusal, ask.id))
        return outcome

    def _carry_out(self, ask: StreamRequest, world: StreamWorld, outcome: RequestOutcome) -> None:
        if ask.op == LOGIN:
            self._login(ask, world, outcome)
        elif ask.op in (SUBSCRIBE, UNSUBSCRIBE):
            if not isinstance(ask.args, list) or not ask.args:
                raise StreamRefusal("60013")
            one = self._subscribe if ask.op == SUBSCRIBE else self._unsubscribe
            for data in ask.args:
                try:
                    self._count(world)
                    one(data, ask, world, outcome)
                except StreamRefusal as refusal:
                    outcome.events.append(self._error(refusal, ask.id))
                if outcome.close is not None:
                    return
        elif ask.op in OPS:
            if self.path != PRIVATE:
                raise StreamRefusal("60028")
            if self.key is None:
                raise StreamRefusal("60011")
            if self.key.name not in world.keys:
                raise StreamRefusal("60032")
            outcome.op = ask
        else:
            raise StreamRefusal("60019", ask.op)

    def _count(self, world: StreamWorld) -> None:
        """Count one request of those that are limited; 60014 if there were enough."""
        if not world.is_limited:
            return
        times = self._requests_ms
        while times and times[0] <= world.now_ms - REQUESTS_WINDOW_MS:
            times.popleft()
        if len(times) >= REQUESTS_MAX:
            raise StreamRefusal("60014")
        times.append(world.now_ms)

    def _login(self, ask: StreamRequest, world: StreamWorld, outcome: RequestOutcome) -> None:
        self._count(world)
        if self.key is not None:
            raise StreamRefusal("60031")
        try:
            self.key = login.verify(ask.args, world.keys, world.clocks_ms, world.address)
        except StreamRefusal:
            outcome.close = codes.CLOSE_LOGIN_FAILED
            raise
        outcome.events.append(frames.logged_in(ask.id, self.conn_id))

    def _subscribe(
        self, data: Any, ask: StreamRequest, world: StreamWorld, outcome: RequestOutcome
    ) -> None:
        arg = channels.parse(data)
        channels.check_place(arg, self.path, self.args, is_logged_in=self.key is not None)
        if arg.channel.is_tiered and not world.has_tier:
            raise StreamRefusal("64003")
        name = arg.channel.name
        others = 0
        if self.key is not None and arg.channel.is_private:
            others = world.connections_of(self.key, name)
            if others >= CONNECTIONS_PER_CHANNEL_MAX:
                event = frames.conn_count(name, others, self.conn_id, is_error=True)
                outcome.events.append(event)
                return
            held = self.private_subscriptions() + world.subscriptions_of(self.key)
            if arg not in self.args and held >= KEY_SUBSCRIPTIONS_MAX:
                outcome.close = codes.CLOSE_KEY_SUBSCRIPTIONS
                return
        if arg not in self.args and len(self.args) >= CHANNELS_MAX:
            outcome.close = codes.CLOSE_CHANNELS
            return
        self.args[arg] = None
        outcome.added.append(arg)
        outcome.events.append(frames.subscribed(ask.op, arg.shown, ask.id, self.conn_id))
        if arg.channel.is_private:
            outcome.events.append(frames.conn_count(name, others + 1, self.conn_id))

    def _unsubscribe(
        self, data: Any, ask: StreamRequest, world: StreamWorld, outcome: RequestOutcome
    ) -> None:
        arg = channels.parse(data)
        self.args.pop(arg, None)
        outcome.removed.append(arg)
        outcome.events.append(frames.subscribed(ask.op, arg.shown, ask.id, self.conn_id))
        if self.key is not None and arg.channel.is_private:
            left = world.connections_of(self.key, arg.channel.name)
            left += any(each.channel.name == arg.channel.name for each in self.args)
            outcome.events.append(frames.conn_count(arg.channel.name, left, self.conn_id))

    def _error(self, refusal: StreamRefusal, request_id: str) -> dict[str, Any]:
        return frames.error(refusal, request_id, self.conn_id)
