"""Dirty marks: what a host says it has changed, so that a save need not look for it.

An agent's mark stands for its document and both its ledgers. A mark stays until a save has taken it
in: one that fails, is interrupted, or began before the mark was made, leaves it. Thread-safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

from prometheus_persist.errors import BadValue
from prometheus_persist.state.documents import FAMILIES, SINGLES
from prometheus_persist.storage.interrupts import Latches

_OF_AN_AGENT = ("agents", "private_ledgers", "public_accounts")


def keys_of(agent_id: str) -> tuple[str, ...]:
    """The keys of an agent's documents."""
    return tuple(f"{family}/{agent_id}" for family in _OF_AN_AGENT)


class Marks:
    """Keys of documents that were changed and not saved yet."""

    def __init__(self, latches: Latches) -> None:
        self._keys: dict[str, int] = {}  # by the number of their last mark
        self._numbers = count()
        self._guard = latches.new()

    def add(self, agents: Iterable[str], documents: Iterable[str]) -> None:
        """Mark these agents and these documents; raises BadValue for a key that no document has."""
        keys = [key for agent_id in agents for key in keys_of(agent_id)]
        for key in documents:
            family, slash, name = key.partition("/")
            if key not in SINGLES and not (slash and name and family in FAMILIES):
                due = ", ".join([*SINGLES, *(f"{family}/<id>" for family in FAMILIES)])
                raise BadValue(f"no document is called {key!r}; there are {due}")
            keys.append(key)
        with self._guard:
            self._keys.update(dict.fromkeys(keys, next(self._numbers)))

    def made(self) -> Mapping[str, int]:
        """All marks, in the order in which they were made, each with its number."""
        with self._guard:
            return dict(self._keys)

    def saved(self, made: Mapping[str, int]) -> None:
        """A save took these in; what was marked again meanwhile stays marked."""
        with self._guard:
            for key, number in made.items():
                if self._keys.get(key) == number:
                    del self._keys[key]
