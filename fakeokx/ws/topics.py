"""Who listens to what, and how a push gets to all of them.

A topic is one subscription of one account; public ones belong to nobody. A push is rendered and
framed once per topic and written to each of its connections, in the order in which they came.

The fault script is asked once per push and connection, and only if there is a script.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from fakeokx.engine.decimals import whole
from fakeokx.faults import Call, Script, actions
from fakeokx.stream import frames, pushes
from fakeokx.stream.channels import Arg
from fakeokx.stream.pushes import PUBLIC_ACCOUNT, Push
from fakeokx.ws.links import Link
from fakeokx.ws.sockets import frame


@dataclass(slots=True)
class Topic:
    """One subscription of one account, its connections, and when it last got regular values.

    ``uid`` is the account's number in the pushes, empty for a public subscription.
    """

    arg: Arg
    account: str
    uid: str
    told_ms: int
    links: dict[Link, None] = field(default_factory=dict)


class Topics:
    """All subscriptions. ``script`` gives the fault script in force, ``uid_of`` an account's."""

    def __init__(self, script: Callable[[], Script], uid_of: Callable[[str], str]) -> None:
        self._script = script
        self._uid_of = uid_of
        self._by_channel: dict[str, dict[tuple[str, Arg], Topic]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_channel)

    def __iter__(self) -> Iterator[Topic]:
        for of_channel in tuple(self._by_channel.values()):
            yield from tuple(of_channel.values())

    def channels(self) -> set[str]:
        """The channels that somebody listens to."""
        return set(self._by_channel)

    def join(self, link: Link, arg: Arg, now_ms: int) -> Topic:
        """Add a connection to a topic; nothing happens if it is there already."""
        key = _key(link, arg)
        of_channel = self._by_channel.setdefault(arg.channel.name, {})
        topic = of_channel.get(key)
        if topic is None:
            uid = self._uid_of(key[0]) if key[0] else ""
            topic = of_channel[key] = Topic(arg, key[0], uid, now_ms)
        topic.links[link] = None
        return topic

    def leave(self, link: Link, arg: Arg) -> None:
        """Take a connection off a topic; nothing happens if it is not there."""
        of_channel = self._by_channel.get(arg.channel.name, {})
        key = _key(link, arg)
        topic = of_channel.get(key)
        if topic is None:
            return
        topic.links.pop(link, None)
        if not topic.links:
            del of_channel[key]
        if not of_channel:
            del self._by_channel[arg.channel.name]

    def tell_all(self, push: Push, now_ms: int) -> None:
        """Send a push to every topic that it concerns."""
        for topic in tuple(self._by_channel.get(push.channel, {}).values()):
            if topic.account == push.account:
                self.tell(topic, push, now_ms)

    def tell(self, topic: Topic, push: Push, now_ms: int) -> None:
        """Send a push to one topic, if it has rows for it or none for anybody."""
        text = text_of(topic, push)
        if text is None:
            return
        ready = frame(text)
        script = self._script()
        for link in tuple(topic.links):
            link.session.active_ms = now_ms
            if script:
                _say_faulty(script, link, push, ready)
            else:
                link.socket.say(ready)


def text_of(topic: Topic, push: Push) -> str | None:
    """A push as a topic sees it; None if it has rows, but none for it."""
    data = push.data_for(topic.arg)
    if not data and push.rows:
        return None
    return frames.dump(pushes.message(topic.arg, push, data, topic.uid))


def _key(link: Link, arg: Arg) -> tuple[str, Arg]:
    return (link.account if arg.channel.is_private else PUBLIC_ACCOUNT), arg


def _say_faulty(script: Script, link: Link, push: Push, ready: bytes) -> None:
    call = Call(
        path=push.channel,
        method=actions.SOCKET,
        operation=actions.PUSH,
        inst_ids=push.inst_ids(),
    )
    fault = script.take(call)
    match fault.action:
        case actions.WS_GAP:
            return
        case actions.WS_DUPLICATE:
            link.socket.say(ready)
        case actions.WS_REORDER if link.held_back is None:
            link.held_back = ready
            return
        case actions.WS_DISCONNECT:
            link.hang_up(whole(fault.code) or 0)
            return
    if fault.delay_ms:
        loop = asyncio.get_running_loop()
        loop.call_later(fault.delay_ms / 1000, link.socket.say, ready)
        return
    link.socket.say(ready)
    if link.held_back is not None:
        late, link.held_back = link.held_back, None
        link.socket.say(late)
