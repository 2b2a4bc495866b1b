"""Old records, of which little is kept: where they are in memory, their number, and their stream.

A host has a hundred of them for each object that may still change. So no node is kept for one,
only an entry in arrays that are sorted by ``id``; a node is made of it again where it is needed
(``GraphWriter.known``). Whoever settles an object keeps it alive: a batch that looks at it, or
``kept``, where it never changes. So an ``id`` that is found means that very object.

Entries are only added; of two of one object the later one holds. Any thread may ask.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator
from typing import Any, Final, NamedTuple

PACKED_MIN: Final = 1024  # entries that are worth arrays of their own

Entry = tuple[int, str]  # number and stream


class _Run(NamedTuple):
    """Entries in the order of ``idents``."""

    idents: array[int]
    oids: array[int]
    homes: array[int]


class Settled:
    """Number and stream by ``id``."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self._young: dict[int, Entry] = {}
        self._runs: tuple[_Run, ...] = ()  # the latest first
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._young) + sum(len(run.idents) for run in self._runs)

    def add(self, ident: int, oid: int, home: str) -> None:
        """An entry more."""
        self._young[ident] = oid, home

    def find(self, ident: int) -> Entry | None:
        """Number and stream of the object with this ``id``; None where it is no old record."""
        found = self._young.get(ident)
        if found is not None:
            return found
        for idents, oids, homes in self._runs:
            at = bisect_left(idents, ident)
            if at < len(idents) and idents[at] == ident:
                return oids[at], self._names[homes[at]]
        return None

    def pack(self, *, least: int = PACKED_MIN) -> bool:
        """Put what was added into arrays, where that is ``least`` and a good part of all; whether
        it was."""
        young = self._young
        if len(young) < max(least, len(self) // 16, 1):
            return False
        idents = array("Q", sorted(young))
        entries = [young[ident] for ident in idents]
        oids = array("Q", [oid for oid, _ in entries])
        homes = array("I", [self._number(home) for _, home in entries])
        self._runs = _Run(idents, oids, homes), *self._runs
        self._young = {}  # last: until then a thread that asks finds them there
        return True

    def _number(self, home: str) -> int:
        found = self._numbers.get(home)
        if found is None:
            found = self._numbers[home] = len(self._names)
            self._names.append(home)
        return found

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Every entry by its ``id``, earlier ones of the same object first."""
        for idents, oids, homes in reversed(self._runs):
            for ident, oid, home in zip(idents, oids, homes, strict=True):
                yield ident, (oid, self._names[home])
        yield from self._young.items()

    def only(self, there: Container[int], but: Container[int]) -> Settled:
        """The entries of what is ``there``, without those in ``but``, in arrays."""
        made = Settled()
        made._young = {
            ident: entry for ident, entry in self.entries() if ident in there and ident not in but
        }
        made.pack(least=1)
        return made

    def idents(self) -> Iterable[int]:
        """The ``id`` of each."""
        return dict(self.entries())
