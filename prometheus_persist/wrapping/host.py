"""A wrapped host while it runs: attached by its own code, saved and guarded by its own calls.

1. The root is attached where ``root`` says; then what was restored stands in it. A second root
   would be another system in the same store: BadConfig.
2. An order is refused (BadValue) as long as no root is attached, and where nobody knows whose it
   is: what a host closes as it starts is not closed. Whose it is, is known of a thread or a task.
3. What ``after`` names is saved before the call returns. Behind a trade the exchange is asked what
   the open orders of its agent did; without an answer they stay open, for the next cycle to ask.
4. A save that fails is raised where it failed, and hosts swallow exceptions. But an order is saved
   with everything that has changed before it leaves: it raises the same again, and does not leave.
5. A loop's variables are kept with every save from its first pass on, and written back at the first
   pass after a restore: the pass begins again that was being made. Each pass is a cycle. Where the
   loop's function returns, the last one was whole, and nobody is told that it was cut.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from types import FrameType
from typing import Any, Final

from prometheus_persist.errors import BadConfig, BadValue, VenueError
from prometheus_persist.saving import IntentHandle
from prometheus_persist.session import AttachedHost, attach
from prometheus_persist.wrapping import frames, sending
from prometheus_persist.wrapping.declared import CYCLE, DEATH, After, Declared, Loop, Whose
from prometheus_persist.wrapping.places import (
    MAIN,
    Function,
    HostPlace,
    around,
    at_path,
    found,
    is_async,
    put,
)

OURS: Final = "prometheus_persist.wrapping"
Tell = Callable[[AttachedHost], None]


class WrappedHost:
    """One host; ``tell`` is given what was attached, once."""

    def __init__(self, declared: Declared, tell: Tell) -> None:
        self.declared, self._tell = declared, tell
        self.p: AttachedHost | None = None
        self._agent: ContextVar[str] = ContextVar("prometheus_persist_agent", default="")
        self._pending: dict[str, dict[str, Any]] = {}

    def wrap(self, place: HostPlace) -> None:
        """Put everything in that was said of a place; raises BadConfig where it is not there."""
        said, told = self.declared, found(place)
        function = told.function
        for loop in said.loops:
            if loop.at == place:
                function = self._passing(loop, function)
            if loop.place == place:
                _refuse_unknown(loop, function)
                function = around(function, lambda *_: None, self._over)
        for whose in (each for each in said.whose if each.place == place):
            function = self._owned(whose, function)
        for after in (each for each in said.after if each.place == place):
            function = self._saving(after, function)
        if said.root == place:
            function = self._rooted(place, told.owner, function)
        if place in said.orders:
            function = sending.wrapped(told, self._admitted)
            sending.guard(told.owner)
        put(told, function)

    def end(self, kind: Any, problem: BaseException | None, trace: Any) -> None:
        """As the ``with`` block of a session ends."""
        if self.p is not None:
            self.p.__exit__(kind, problem, trace)

    def _rooted(self, place: HostPlace, cls: type, function: Function) -> Function:
        made = place.name == "__init__"

        def before(args: Any, _named: Any) -> Any:
            if not made and self.p is None:
                self._attach(args[0])
            return args[0]

        def after(root: Any, told: Any) -> None:
            if not made or isinstance(told, BaseException):
                return
            if type(root) is not cls:
                raise BadConfig(f"{place.text}: the root is a {type(root).__qualname__}; name that")
            self._attach(root)

        return around(function, before, after)

    def _attach(self, root: Any) -> None:
        if self.p is not None:
            raise BadConfig(f"a second {type(root).__qualname__}: a store holds one root")
        said = self.declared
        options = {"modules": [*said.modules(), MAIN], **said.options}
        self.p = p = attach(root, said.directory, views=said.views, **options)
        self._pending = {"": p.kept()} if p.restored else {}
        self._tell(p)

    def _owned(self, whose: Whose, function: Function) -> Function:
        signature = inspect.signature(function)

        def before(args: Any, named: Any) -> Token[str]:
            agent = self._whose(whose.place, whose, signature, args, named)
            if self.p is not None:
                self.p.acted(agent)
            return self._agent.set(agent)

        def after(token: Token[str], _told: Any) -> None:
            self._agent.reset(token)

        return around(function, before, after)

    def _whose(
        self,
        place: HostPlace,
        said: Whose | After,
        signature: inspect.Signature,
        args: Any,
        named: Any,
    ) -> str:
        if isinstance(said, Whose) and said.named:
            return said.named
        try:
            agent = at_path(signature, said.agent, args, named)
        except (AttributeError, TypeError) as problem:
            raise BadConfig(f"{place.text}: agent={said.agent!r}: {problem}") from None
        if not isinstance(agent, str) or not agent:
            kind = type(agent).__name__
            raise BadConfig(f"{place.text}: agent={said.agent!r} is {kind}, the id is a text")
        return agent

    def _saving(self, after: After, function: Function) -> Function:
        signature = inspect.signature(function)

        def begin(args: Any, named: Any) -> str:
            if not after.agent:
                own = next((w for w in self.declared.whose if w.place == after.place), None)
                if own is None:
                    return self._agent.get()
                return self._whose(after.place, own, signature, args, named)
            return self._whose(after.place, after, signature, args, named)

        def end(agent: str, told: Any) -> None:
            if self.p is not None and not isinstance(told, BaseException):
                self._save(after.event, agent)

        return around(function, begin, end)

    def _save(self, event: str, agent: str = "", cycle: int | None = None) -> None:
        p = self._attached()
        if event == CYCLE:
            p.on_cycle(p.cycle + 1 if cycle is None else cycle)
        elif event == DEATH:
            p.on_agent_death(agent)
        elif agent in p.session.state.agents:
            p.on_trade(agent)
        else:
            p.save()
        if event not in (CYCLE, DEATH) and agent:
            self._settle(p, agent)

    @staticmethod
    def _settle(p: AttachedHost, agent: str) -> None:
        if p.reader is None:
            return
        open_now = [n for n, one in p.session.state.intents.items() if one.agent_id == agent]
        for name in open_now:
            with contextlib.suppress(VenueError):
                if name in p.session.state.intents:
                    p.settle(name)

    @contextlib.contextmanager
    def _admitted(self, order: dict[str, Any]) -> Iterator[IntentHandle]:
        p, agent = self._attached(), self._agent.get()
        if not agent:
            raise BadValue(
                f"{order['side']} {order['quantity']} {order['inst_id']} was not sent: nobody "
                "knows whose it is; name the agent by wrap(...)"
            )
        with p.order_intent(agent, **order) as intent:
            yield intent

    def _attached(self) -> AttachedHost:
        if self.p is None:
            assert self.declared.root is not None
            raise BadValue(
                f"nothing is sent or saved before the root is attached ({self.declared.root.text})"
            )
        return self.p

    def _passing(self, loop: Loop, function: Function) -> Function:
        code = inspect.unwrap(found(loop.place).function).__code__

        def passes() -> None:
            frame = frames.caller(code, OURS)
            if frame is not None and self.p is not None:
                self._pass(loop, frame)

        if is_async(function):

            @functools.wraps(function)
            async def passed_async(*args: Any, **named: Any) -> Any:
                return await function(*args, **named)

            @functools.wraps(function)
            def begun(*args: Any, **named: Any) -> Any:
                passes()
                return passed_async(*args, **named)

            return begun

        @functools.wraps(function)
        def passed(*args: Any, **named: Any) -> Any:
            passes()
            return function(*args, **named)

        return passed

    def _over(self, _: None, told: Any) -> None:
        """A loop is left: by an exception in the middle of a pass, otherwise behind it."""
        if self.p is not None and self.p.cycle and not isinstance(told, BaseException):
            self._save(CYCLE, cycle=self.p.cycle)

    def _pass(self, loop: Loop, frame: FrameType) -> None:
        p = self._attached()
        kept = self._pending.get("", {})
        mine = {name: kept.pop(name) for name in loop.locals if name in kept}
        if mine:
            frames.write(frame, mine)
        values = {**frames.read(frame, loop.locals), **mine}
        first = values.get(loop.locals[0]) if loop.locals else None
        try:
            p.keep(values)
        except BadValue as problem:
            raise BadConfig(f"{loop.place.text}: {problem.detail}") from None
        self._save(CYCLE, cycle=first if type(first) is int and first > 0 else None)


def _refuse_unknown(loop: Loop, function: Function) -> None:
    """Raise BadConfig for a variable that the function has not, or shares with inner functions."""
    known = frames.names_of(inspect.unwrap(function).__code__)
    unknown = [name for name in loop.locals if name not in known]
    if unknown:
        raise BadConfig(
            f"{loop.place.text} has no variable {unknown[0]!r}; it has {', '.join(sorted(known))}"
        )
