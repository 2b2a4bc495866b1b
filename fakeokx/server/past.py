"""The exchange as it was at one moment, to be read and never to be changed.

Orders, fills and the like are immutable values, so a copy of the containers is a copy of the
truth: quick even with a million orders in it.
"""

from collections import deque
from copy import copy
from dataclasses import is_dataclass
from typing import Any

from fakeokx.engine.venue import Venue
from fakeokx.server.exchange import Exchange


class Past:
    """What reading handlers need of an exchange: ``venue`` and ``now_ms``, both standing still."""

    def __init__(self, exchange: Exchange) -> None:
        self.venue: Venue = _copied(exchange.venue)
        self._now_ms = exchange.now_ms()

    def now_ms(self) -> int:
        """The time at which the copy was made."""
        return self._now_ms


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
