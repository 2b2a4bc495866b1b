"""Dirty marks: what a host says it has changed, so that a save need not look for it.

An agent's mark stands for its document and both its ledgers. A mark stays until a save has taken it
in; a save that fails leaves it. Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from prometheus_persist.errors import BadValue
from prometheus_persist.state.documents import FAMILIES, SINGLES

_OF_AN_AGENT = ("agents", "private_ledgers", "public_accounts")


def keys_of(agent_id: str) -> tuple[str, ...]:
    """The keys of an agent's documents."""
    return tuple(f"{family}/{agent_id}" for family in _OF_AN_AGENT)


class Marks:
    """Keys of documents that were changed and not saved yet."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        self._guard = threading.Lock()

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
            self._keys.update(dict.fromkeys(keys))

    def take(self) -> tuple[str, ...]:
        """All marks, in the order in which they were made; they are gone then."""
        with self._guard:
            keys, self._keys = tuple(self._keys), {}
        return keys

    def put_back(self, keys: Iterable[str]) -> None:
        """A save that failed did not take these in."""
        with self._guard:
            self._keys = {**dict.fromkeys(keys), **self._keys}
