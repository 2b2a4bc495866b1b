"""What hashes objects of the host as it is made: by then they have all that they are hashed by.

A set, a frozenset, or the keys of a dict: where all of it is plain values, or tuples and frozensets
of such, it is made at once. The rest waits until everything else is filled, and is then made from
the inside out: what an object leads to comes before it, so whatever its ``__hash__`` looks at is
there. Where objects lead to one another nobody can say which comes first; what cannot be hashed yet
is tried again behind the others, until nothing more comes of it.

``Later`` stands for a frozenset, or a tuple with one in it, until then; whoever holds it is given
the real one. It cannot be hashed itself, so none is ever a key by mistake.

Raises ``StoreDamaged`` where something cannot be made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.graph.kinds import BUILT_IN, SLOTS, UNCHANGING, WHOLE, own_dict
from prometheus_persist.graph.node import FAMILY, Row
from prometheus_persist.graph.values import Json

_NAMES: Final = {kind: cls.__name__ for cls, kind in BUILT_IN.items()}


class Later:
    """Stands for an object that cannot be made yet."""

    __slots__ = ("oid",)
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __init__(self, oid: int) -> None:
        self.oid = oid


class _Due(NamedTuple):
    """``hashed``: what has to be there; ``make`` is given it, and returns the object (of ``fill``:
    nothing)."""

    hashed: list[Any]
    make: Callable[[list[Any]], Any]


def references(told: Iterable[Json]) -> Iterator[int]:
    """The numbers of the objects among what a row has."""
    for each in told:
        if type(each) is dict:
            yield each["#"]
        elif type(each) is list and each and each[0] == "$":
            yield each[1]


class Waiting:
    """Knows what waits, and who holds what stands for it (``holders``, by its number)."""

    def __init__(
        self,
        objects: dict[int, Any],
        row: Callable[[int], Row],
        records: Mapping[str, Sequence[Row]],
    ) -> None:
        self._objects, self._row, self._records = objects, row, records
        self._due: dict[int, _Due] = {}
        self.holders: dict[int, list[tuple[Any, Any]]] = {}
        self._plain: set[int] = set()

    def has_to(self, kind: str, told: Iterable[Json], made: Iterable[Any]) -> bool:
        """Whether ``told`` has to wait, of which ``made`` was made: what is hashed leads to objects
        of the host, or something in it waits itself."""
        if self.holders and any(type(each) is Later for each in made):
            return True
        if kind in ("t", "nt"):
            return False
        todo, walked = [*references(told)], set[int]()
        while todo:
            oid = todo.pop()
            if oid in walked or oid in self._plain:
                continue
            walked.add(oid)
            row = self._row(oid)
            if row["@"] not in UNCHANGING:
                return True
            todo += references(row["v"])
        self._plain |= walked
        return False

    def later(self, oid: int, items: list[Any], make: Callable[[list[Any]], Any]) -> Later:
        """What stands for this object until it can be made."""
        self._due[oid], self.holders[oid] = _Due(items, make), []
        return Later(oid)

    def fill(self, oid: int, hashed: list[Any], put: Callable[[list[Any]], None]) -> None:
        """Have this object, which is there and empty, filled when it can be."""
        self._due[oid] = _Due(hashed, put)

    def held(self, holder: Any, places: Iterable[Any], values: Iterable[Any]) -> None:
        """Note who holds what stands for another."""
        for place, value in zip(places, values, strict=True):
            if type(value) is Later:
                self.holders[value.oid].append((holder, place))

    def now(self, value: Any) -> Any:
        """The real one, where it is there."""
        return self._objects[value.oid] if type(value) is Later else value

    def make(self) -> None:
        """Make all that waits."""
        due = self._inside_out()
        while due:
            again, why = list[int](), ""
            for oid in due:
                try:
                    if not self._made(oid):
                        again.append(oid)
                except Exception as problem:  # noqa: BLE001 the host's own code hashes and compares
                    again.append(oid)
                    why = f"{type(problem).__name__}: {problem}"
            if len(again) == len(due):
                name = _NAMES.get(self._row(again[0])["@"], "tuple")
                raise StoreDamaged(f"a {name!r} of the host cannot be made again: {why}")
            due = again

    def _made(self, oid: int) -> bool:
        hashed, make = self._due[oid]
        hashed = list(map(self.now, hashed))
        if any(type(each) is Later for each in hashed):
            return False
        if oid not in self.holders:
            self._objects[oid].clear()  # of what was put in before something could not be hashed
            make(hashed)
            return True
        made = self._objects[oid] = make(hashed)
        for holder, place in self.holders[oid]:
            _put(holder, place, made)
        return True

    def _inside_out(self) -> list[int]:
        """What waits, behind all that it leads to."""
        order, seen = list[int](), set[int]()
        for start in self._due:
            todo = [] if start in seen else [(start, self._inside(start))]
            seen.add(start)
            while todo:
                oid, inside = todo[-1]
                for each in inside:
                    if each not in seen:
                        seen.add(each)
                        todo.append((each, self._inside(each)))
                        break
                else:
                    todo.pop()
                    if oid in self._due:
                        order.append(oid)
        return order

    def _inside(self, oid: int) -> Iterator[int]:
        row = self._row(oid)
        kind = row["@"]
        if kind in WHOLE:
            return iter(())
        if kind == "L":
            records = self._records[f"{FAMILY}/{oid}/{row['s']}"][row["d"] :]
            return references(each["e"] for each in records)
        if "v" in row:
            return references(row["v"])
        pairs = (pair for name, pair in row.items() if pair and name.isdecimal())
        return references(each for pair in pairs for each in pair)


def _put(holder: Any, place: Any, made: Any) -> None:
    if type(holder) in BUILT_IN:
        holder[place] = made
    elif place in SLOTS[type(holder)]:
        SLOTS[type(holder)][place].__set__(holder, made)
    else:
        own_dict(holder)[place] = made
