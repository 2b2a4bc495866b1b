"""Live events: which of our orders something was heard of, until somebody can look into it.

What an event says is not believed: it only names an order, which is then asked for. So an event
that comes twice, late or out of order changes nothing, and each order named is asked for once.

- A row of OKX's order or algo channel names it by ``clOrdId`` or ``algoClOrdId``; so does any dict
  with one of these. A whole message is heard row by row.
- A row that names no order (a hand, a liquidation) asks for a reconciliation.
- ``HEARD_MAX`` names are kept. Beyond that the names are forgotten, and everything open is due.
- What was heard stays due until somebody has looked into it, whatever interrupts him.

Thread-safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from prometheus_persist.storage.interrupts import Latches

HEARD_MAX = 10_000
NOT = -1
_NAMES = ("algoClOrdId", "clOrdId")


@dataclass(frozen=True, slots=True)
class Heard:
    """``names`` in the order in which they came, each with the number of the last time it did;
    ``everything``, by its number: more than could be kept, -1 where it is not."""

    names: Mapping[str, int]
    everything: int


class Hearing:
    """What was heard and not looked into yet."""

    def __init__(self, latches: Latches, names_max: int = HEARD_MAX) -> None:
        self._guard = latches.new()
        self._names_max = names_max
        self._numbers = count()
        self._names: dict[str, int] = {}
        self._everything = NOT
        self._stranger = NOT

    def hear(self, row: Mapping[str, Any]) -> None:
        """Keep the order that a row names; a message is its rows."""
        data = row.get("data")
        rows = data if isinstance(data, list) else [row]
        for each in rows:
            found = _names_in(each) if isinstance(each, Mapping) else []
            if found:
                self.due(found)
            else:
                self.stranger()

    def due(self, names: Iterable[str]) -> None:
        """These are to be looked into."""
        with self._guard:
            number = next(self._numbers)
            if self._everything != NOT:
                self._everything = number
                return
            self._names.update(dict.fromkeys(names, number))
            if len(self._names) > self._names_max:
                self._everything = number
                self._names.clear()

    def heard(self) -> Heard:
        """All of it."""
        with self._guard:
            return Heard(dict(self._names), self._everything)

    def looked_into(self, heard: Heard, name: str) -> None:
        """Somebody has asked for this order; it stays due where it was heard of meanwhile."""
        with self._guard:
            if name in heard.names and self._names.get(name) == heard.names[name]:
                del self._names[name]

    def looked_into_all(self, heard: Heard) -> None:
        """Everything open was asked for."""
        with self._guard:
            if self._everything == heard.everything:
                self._everything = NOT

    @property
    def strange(self) -> int:
        """Whether something happened that no order of ours explains: its number, or -1."""
        return self._stranger

    def explained(self, strange: int) -> None:
        """A reconciliation will look into it."""
        with self._guard:
            if self._stranger == strange:
                self._stranger = NOT

    def stranger(self) -> None:
        """Something happened that no order of ours explains."""
        with self._guard:
            self._stranger = next(self._numbers)


def _names_in(row: Mapping[str, Any]) -> list[str]:
    """An algo order's child is told by its parent's name."""
    return [name for key in _NAMES if isinstance(name := row.get(key), str) and name]
