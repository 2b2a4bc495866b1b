"""All WebSockets of a runtime: what they ask, and what goes out, in which order.

1. An order op is answered before the pushes that it caused, or after them, as the switch
   ``ws.ack_vs_push`` says. A request over HTTP is answered before its pushes.
2. Any other request is answered after whatever is still to be pushed, so that first values are
   never older than an update that follows them.
3. Connections are told in the order in which they subscribed.
4. Nothing is rendered, and no timer runs, while nobody is connected.

The idle limit and everything that comes at intervals go by the machine's own monotonic clock:
running the venue's clock ahead ends no connection.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Final

from fakeokx.engine.commands import Command
from fakeokx.engine.decimals import whole
from fakeokx.engine.events import Event
from fakeokx.faults import NO_FAULT, Call, Fault, actions
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.runtime.exchange import Exchange, machine_ms
from fakeokx.stream import codes, feed, frames
from fakeokx.stream.channels import PATHS
from fakeokx.stream.codes import StreamRefusal
from fakeokx.stream.feed import Feed
from fakeokx.stream.frames import StreamRequest
from fakeokx.stream.pushes import Push
from fakeokx.stream.session import LOGIN, SESSION_OPS, RequestOutcome, StreamSession, StreamWorld
from fakeokx.wire.render_settings import uid_of
from fakeokx.ws import socket_ops
from fakeokx.ws.links import (
    Door,
    Link,
    LinkSettings,
    changed_settings,
    connections_of,
    subscriptions_of,
)
from fakeokx.ws.socket_ops import AdmittedOp, OpPlan
from fakeokx.ws.sockets import Socket
from fakeokx.ws.topics import Topics, text_of

PREFIX: Final = "/ws/v5/"
TICK_S: Final = 0.25
NOTICE_MS: Final = 60_000
_PUSH_FIRST: Final = "push_first"
_COUNTS: Final = "counts"
_FAILED_LOGIN: Final = "63999"
_FAILED: Final = "64007"


class Hub:
    """The connections of a runtime. Lives in one event loop."""

    def __init__(self, runtime: ExchangeRuntime, settings: LinkSettings | None = None) -> None:
        self.settings = settings or LinkSettings()
        self._runtime = runtime
        self._feed = Feed()
        self._links: dict[Link, None] = {}
        self._topics = Topics(lambda: runtime.script, lambda who: uid_of(self._exchange.venue, who))
        self._queue: list[Push] = []
        self._opened = 0
        self._door = Door()
        self._is_flush_due = False
        self._gathering: asyncio.TimerHandle | None = None
        self._ticking: asyncio.TimerHandle | None = None
        runtime.exchange.listeners.append(self.on_step)

    @property
    def _exchange(self) -> Exchange:
        """The exchange that the runtime has now: a rewind replaces it."""
        return self._runtime.exchange

    # Connections.

    def accept(self, socket: Socket, path: str, address: str) -> Link | HTTPStatus:
        """A listener for a new connection, or why there is none: 404, or 429 with rate limits."""
        name = path.removeprefix(PREFIX)
        if not path.startswith(PREFIX) or name not in PATHS:
            return HTTPStatus.NOT_FOUND
        if self._runtime.limiter is not None and not self._door.lets_in(address, _now_ms()):
            return HTTPStatus.TOO_MANY_REQUESTS
        self._opened += 1
        text = f"{self._exchange.venue.seed}:{self._opened}:{machine_ms()}".encode()
        conn_id = hashlib.sha256(text).hexdigest()[:8]
        session = StreamSession(path=name, conn_id=conn_id, now_ms=_now_ms())
        link = Link(self, socket, session, address)
        self._links[link] = None
        if self._ticking is None:
            self._ticking = _later(TICK_S * 1000, self._tick)
        return link

    def gone(self, link: Link) -> None:
        """Forget a connection."""
        self._links.pop(link, None)
        for arg in link.session.args:
            self._topics.leave(link, arg)

    def pinged(self, link: Link) -> None:
        """A ping frame came; whether that keeps the connection open is a switch."""
        if self._exchange.venue.switches["ws.idle_protocol_ping"] == _COUNTS:
            link.session.active_ms = _now_ms()

    def notice(self, close_after_ms: int = NOTICE_MS) -> int:
        """Tell every connection that it will be closed, and close it then; how many there are."""
        links = tuple(self._links)
        for link in links:
            self._say(link, frames.dump(frames.notice(link.session.conn_id)))
            _later(close_after_ms, link.hang_up, codes.CLOSE_NORMAL)
        return len(links)

    def key_changed(self, name: str) -> None:
        """End the connections of a key that is not what it was (4007)."""
        for link in tuple(self._links):
            if link.session.key is not None and link.session.key.name == name:
                link.hang_up(codes.CLOSE_KEY_CHANGED)

    def rewound(self) -> None:
        """Forget what was still to be told, and end the connections of accounts that are gone."""
        self._queue.clear()
        self._feed.forget()
        for link in tuple(self._links):
            if link.account and link.account not in self._exchange.venue.accounts:
                link.hang_up(0)

    def connections(self) -> list[dict[str, object]]:
        """Who is connected, and to what, for the truth."""
        return [link.shown() for link in self._links]

    def status_changed(self, notices: Sequence[Mapping[str, object]]) -> None:
        """Tell whoever listens what system/status shows now."""
        push = Push(channel="status", rows=[("", dict(each)) for each in notices])
        self._topics.tell_all(push, _now_ms())

    def book_seq(self, inst_id: str) -> int:
        """Number of the last change of a book, as its subscribers were told."""
        return self._feed.books.seq(inst_id)

    def configure(self, changes: Mapping[str, str]) -> dict[str, object]:
        """Change how long things take; returns what is in force. Raises Refusal (51000)."""
        self.settings = changed_settings(self.settings, changes)
        return asdict(self.settings)

    # Requests.

    def heard(self, link: Link, text: str) -> None:
        """One frame of text came."""
        link.session.active_ms = _now_ms()
        self._exchange.wake()
        if text == frames.PING:
            self._say(link, frames.PONG)
            return
        try:
            ask = frames.read(text)
        except StreamRefusal as refusal:
            self._say_error(link, refusal, "")
            return
        if ask.op in socket_ops.OPS:
            self._follow(link, ask)
            return
        call = Call(path=ask.op, method=actions.SOCKET, operation=ask.op)
        fault = self._runtime.script.take(call)
        self._runtime.requests[f"ws/{ask.op}" if ask.op in SESSION_OPS else "ws/?"] += 1
        if fault.action in (actions.REFUSE, actions.DROP_ANSWER, actions.WS_DISCONNECT):
            link.hang_up(whole(fault.code) or 0)
        elif fault.action in (actions.ERROR_BEFORE, actions.MAINTENANCE):
            code = _FAILED_LOGIN if ask.op == LOGIN else _FAILED
            self._say_error(link, StreamRefusal(code, ask.op), ask.id)
        elif fault.delay_ms:
            _later(fault.delay_ms, self._follow, link, ask, fault)
        else:
            self._follow(link, ask, fault)

    def _follow(self, link: Link, ask: StreamRequest, fault: Fault = NO_FAULT) -> None:
        outcome = link.session.hear(ask, self._world(link, fault))
        if outcome.op is not None:
            self._op(link, outcome.op)
            return
        self.flush()
        for arg in outcome.removed:
            self._topics.leave(link, arg)
        for event in outcome.events:
            self._say(link, frames.dump(event))
        self._begin(link, outcome)
        if outcome.close is not None:
            link.hang_up(outcome.close)

    def _begin(self, link: Link, outcome: RequestOutcome) -> None:
        venue, now_ms = self._exchange.venue, self._exchange.now_ms()
        for arg in outcome.added:
            topic = self._topics.join(link, arg, _now_ms())
            for push in self._feed.first(venue, arg, topic.account, now_ms):
                text = text_of(topic, push)
                if text is not None:
                    self._say(link, text)

    def _op(self, link: Link, ask: StreamRequest) -> None:
        assert link.session.key is not None, "a session admits no op before its login"
        decided = socket_ops.admit(self._runtime, ask, link.session.key, link.address)
        if isinstance(decided, OpPlan):
            self._answer(link, decided)
        elif decided.fault.delay_ms:
            _later(decided.fault.delay_ms, self._operate, link, decided)
        else:
            self._operate(link, decided)

    def _operate(self, link: Link, admitted: AdmittedOp) -> None:
        self.flush()
        plan = socket_ops.carry_out(self._runtime, admitted)
        if self._exchange.venue.switches["ws.ack_vs_push"] == _PUSH_FIRST:
            self.flush()
        self._answer(link, plan)
        self.flush()

    def _answer(self, link: Link, plan: OpPlan) -> None:
        if plan.is_cut:
            link.hang_up(0)
        elif plan.late_ms:
            _later(plan.late_ms, self._say, link, plan.text)
        else:
            self._say(link, plan.text)

    def _world(self, link: Link, fault: Fault) -> StreamWorld:
        clocks_ms: tuple[int, ...] = (machine_ms(), self._exchange.now_ms())
        if fault.action == actions.CLOCK_SKEW:
            clocks_ms = (clocks_ms[1] + fault.ms,)
        return StreamWorld(
            keys=self._runtime.keys,
            clocks_ms=clocks_ms,
            now_ms=_now_ms(),
            address=link.address,
            has_tier=self.settings.has_tier,
            is_limited=self._runtime.limiter is not None,
            connections_of=lambda key, channel: connections_of(self._links, key, channel, link),
            subscriptions_of=lambda key: subscriptions_of(self._links, key, link),
        )

    def _say(self, link: Link, text: str) -> None:
        link.session.active_ms = _now_ms()
        link.say(text)

    def _say_error(self, link: Link, refusal: StreamRefusal, request_id: str) -> None:
        prefix = self._exchange.venue.switches["ws.error_prefix"]
        event = frames.error(refusal, request_id, link.session.conn_id, prefix)
        self._say(link, frames.dump(event))

    # Pushes.

    def on_step(self, _command: Command, events: tuple[Event, ...]) -> None:
        """Take note of what a step did; it goes out once its caller was answered."""
        if not self._topics:
            return
        venue, now_ms = self._exchange.venue, self._exchange.now_ms()
        self._queue += self._feed.at_once(venue, events, now_ms, self._topics.channels())
        if self._queue and not self._is_flush_due:
            self._is_flush_due = True
            asyncio.get_running_loop().call_soon(self._flush_soon)
        if self._feed.gathered and self._gathering is None:
            self._gathering = _later(self.settings.gather_ms, self._push_gathered)

    def flush(self) -> None:
        """Send what waits to be pushed."""
        waiting, self._queue = self._queue, []
        now_ms = _now_ms()
        for push in waiting:
            self._topics.tell_all(push, now_ms)

    def _flush_soon(self) -> None:
        self._is_flush_due = False
        self.flush()

    def _push_gathered(self) -> None:
        self._gathering = None
        self.flush()
        venue, now_ms = self._exchange.venue, self._exchange.now_ms()
        for push in self._feed.take_gathered(venue, now_ms):
            self._topics.tell_all(push, _now_ms())

    # What comes by itself.

    def _tick(self) -> None:
        self._exchange.wake()
        now_ms = _now_ms()
        for link in tuple(self._links):
            if link.session.is_idle(now_ms, self.settings.idle_ms):
                link.hang_up(codes.CLOSE_IDLE)
        venue, venue_ms = self._exchange.venue, self._exchange.now_ms()
        for topic in self._topics:
            every_ms = feed.interval_ms(topic.arg, self.settings.regular_ms)
            if every_ms is None or now_ms - topic.told_ms < every_ms:
                continue
            topic.told_ms = now_ms
            for push in self._feed.regular(venue, topic.arg, topic.account, venue_ms):
                self._topics.tell(topic, push, now_ms)
        self._ticking = _later(TICK_S * 1000, self._tick) if self._links else None


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)


def _later(ms: float, call: object, *args: object) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(ms / 1000, call, *args)  # type: ignore[arg-type]
