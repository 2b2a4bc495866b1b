"""The exchange as it was at one moment, or as it was so long ago, to be read only.

Orders, fills and the like are immutable values, so a copy of the containers is a copy of the
truth: quick even with a million orders in it.
"""

from collections import deque
from copy import copy
from dataclasses import is_dataclass
from typing import Any

from fakeokx.engine.commands import Command
from fakeokx.engine.events import Event
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue
from fakeokx.runtime.exchange import Exchange


class Past:
    """What reading handlers need of an exchange: ``venue`` and ``now_ms``, both standing still."""

    def __init__(self, exchange: Exchange) -> None:
        self.venue: Venue = _copied(exchange.venue)
        self._now_ms = exchange.now_ms()

    def now_ms(self) -> int:
        """The time at which the copy was made."""
        return self._now_ms


class Lagging(Past):
    """The exchange as it was ``ms`` ago; until then, as it was when this began to follow it."""

    def __init__(self, exchange: Exchange, ms: int) -> None:
        super().__init__(exchange)
        self._exchange, self._ms = exchange, ms
        self._steps: deque[tuple[Command, int]] = deque()
        exchange.listeners.append(self._heard)

    def now_ms(self) -> int:
        """The time now: only what is told is late."""
        return self._exchange.now_ms()

    def catch_up(self) -> None:
        """Let happen here what happened there long enough ago."""
        until_ms = self.now_ms() - self._ms
        while self._steps and self._steps[0][1] <= until_ms:
            step(self.venue, *self._steps.popleft())

    def stop(self) -> None:
        """Follow no longer."""
        self._exchange.listeners.remove(self._heard)

    def _heard(self, command: Command, _events: tuple[Event, ...]) -> None:
        self._steps.append((command, self._exchange.venue.now_ms))


def _copied(value: Any) -> Any:
    """A copy whose containers are its own; immutable values of the engine are shared."""
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()} if _is_deep(value) else {**value}
    if isinstance(value, list | deque | set):
        return value.copy()
    if not _is_state(value):
        return value
    twin = copy(value)
    for name in (*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())):
        # The way around a frozen class is not needed: frozen values are no state.
        setattr(twin, name, _copied(getattr(value, name)))
    return twin


def _is_deep(value: dict[Any, Any]) -> bool:
    first = next(iter(value.values()), None)
    return isinstance(first, dict | list | deque | set) or _is_state(first)


def _is_state(value: Any) -> bool:
    """Whether it is an object of this package that may change."""
    if isinstance(value, str | tuple) or not type(value).__module__.startswith("fakeokx."):
        return False
    return not is_dataclass(value) or not getattr(value, "__dataclass_params__").frozen  # noqa: B009
