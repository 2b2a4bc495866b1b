"""Live events: which of our orders something was heard of, until somebody can look into it.

What an event says is not believed: it only names an order, which is then asked for. So an event
that comes twice, late or out of order changes nothing, and each order named is asked for once.

- A row of OKX's order or algo channel names it by ``clOrdId`` or ``algoClOrdId``; so does any dict
  with one of these. A whole message is heard row by row.
- A row that names no order (a hand, a liquidation) asks for a reconciliation.
- ``HEARD_MAX`` names are kept. Beyond that the names are forgotten, and everything open is due.

Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HEARD_MAX = 10_000
_NAMES = ("algoClOrdId", "clOrdId")


@dataclass(frozen=True, slots=True)
class Heard:
    """``names`` in the order in which they came; ``everything``: more than could be kept."""

    names: tuple[str, ...]
    everything: bool


class Hearing:
    """What was heard and not looked into yet."""

    def __init__(self, names_max: int = HEARD_MAX) -> None:
        self._guard = threading.Lock()
        self._names_max = names_max
        self._names: dict[str, None] = {}
        self._everything = False
        self._stranger = False

    def hear(self, row: Mapping[str, Any]) -> None:
        """Keep the order that a row names; a message is its rows."""
        data = row.get("data")
        rows = data if isinstance(data, list) else [row]
        for each in rows:
            found = _names_in(each) if isinstance(each, Mapping) else []
            if found:
                self.due(found)
            else:
                with self._guard:
                    self._stranger = True

    def due(self, names: Iterable[str], *, everything: bool = False) -> None:
        """These are to be looked into (again)."""
        with self._guard:
            self._names.update(dict.fromkeys(names))
            self._everything |= everything or len(self._names) > self._names_max
            if self._everything:
                self._names.clear()

    def take(self) -> Heard:
        """All of it; it is gone then."""
        with self._guard:
            heard = Heard(tuple(self._names), self._everything)
            self._names, self._everything = {}, False
        return heard

    def take_stranger(self) -> bool:
        """Whether something happened that no order of ours explains; it is gone then."""
        with self._guard:
            found, self._stranger = self._stranger, False
        return found

    def stranger(self) -> None:
        """Something happened that no order of ours explains."""
        with self._guard:
            self._stranger = True


def _names_in(row: Mapping[str, Any]) -> list[str]:
    """An algo order's child is told by its parent's name."""
    return [name for key in _NAMES if isinstance(name := row.get(key), str) and name]
