"""What changed? By identity, in bulk.

A slot holds a value without an identity or an object that is looked at itself; so a change is a
slot with another object. Objects are looked at in batches: per batch flat lists, of what is in the
slots, how many there are, and under which keys, are compared by ``is``, in C. A value that is equal
and not the same object is a change. That costs no call of the host's code, and no attribute is
looked up.

Most are dicts with names for keys, or instances, which have one; and the collector's own way
through objects (``gc.get_referents``) is the fastest there is through a dict. It visits what is in
it, and the keys only where one of them is more than plain text. So where it visits as many objects
as there are values, all keys are plain text, and to compare them by what they say is exact. Where
it visits anything else, or in another order (an instance's dict, on some Pythons), the batch is not
``fast`` from the moment that it is taken, and gone through by the dicts' own methods.

Where all of a batch are dicts under the same keys, their sizes are not asked for: as many keys in a
row, the same over and over, with another size somewhere, would be a key twice in one dict.

An object that was made one of another class (``obj.__class__ = Closed``) has the same slots: which
class each is of is compared where everything is looked at (``turned``), and whether a ``Counter``
was given an attribute.

A batch remembers what it saw last; it is taken when its objects have been written. Old records are
``alike``: batches of them have the same keys, and then share one list of them. They are looked at
in the order in which they lie in memory, which takes half the time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from gc import get_referents
from itertools import accumulate, chain, compress, count, repeat
from operator import is_, is_not
from typing import Any

from prometheus_persist.graph.kinds import MAPPINGS, SLOTS, attributes, has_apart

_flat = chain.from_iterable
_Values = tuple[Any, ...]  # a tuple takes just the room that it needs
_Seen = tuple[_Values, list[int], list[Any]]  # values, sizes, keys
_Now = tuple[_Values, list[int], list[Any], list[Any]]  # the keys in two parts


def alike(objects: Iterable[Any]) -> list[Any]:
    """The same objects, those of one class that seem to have the same keys behind one another, by
    where they lie."""
    found: dict[object, list[Any]] = {}
    for obj in objects:
        cls: type = type(obj)
        about: object = cls
        if issubclass(cls, dict):
            about = cls, len(obj), id(next(iter(obj), None))
        found.setdefault(about, []).append(obj)
    return list(_flat(sorted(part, key=id) for part in found.values()))


def held_by(obj: Any, kind: str) -> Iterable[Any]:
    """What is in the slots of an object, and its keys."""
    if kind == "o":
        found = attributes(obj)
        return chain(found, found.values())
    return chain(obj, obj.values()) if kind in MAPPINGS else obj


def _same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(map(is_, one, other))


class SlotBatch:
    """Objects that are looked at together. ``keys``: of dicts and instances."""

    _sizes: list[int]
    keys: list[Any]
    _names: list[Any]

    __slots__ = (
        "_dicts",
        "_fast",
        "_instances",
        "_lists",
        "_mapped",
        "_names",
        "_ordered",
        "_sizes",
        "_slotted",
        "_types",
        "_uniform",
        "_values",
        "keys",
    )

    def __init__(
        self, objects: Iterable[Any], kinds: Mapping[type, str], like: SlotBatch | None = None
    ) -> None:
        dicts, instances, mapped, slotted, ordered, lists = parts = [list[Any]() for _ in range(6)]
        for obj in objects:
            kind = kinds[type(obj)]
            if kind == "d":
                dicts.append(obj)
            elif kind == "o":
                (slotted if SLOTS[type(obj)] else instances).append(obj)
            elif kind in MAPPINGS:
                (ordered if kind == "od" else mapped).append(obj)
            else:
                lists.append(obj)
        self._dicts, self._instances, self._mapped, self._slotted, self._ordered, self._lists = (
            part or () for part in parts
        )
        self._types = self._classes()
        self._take(self._now())
        if like is not None:
            self._share(like)

    def _share(self, like: SlotBatch) -> None:
        if _same(self.keys, like.keys):
            self.keys = like.keys
        if self._sizes == like._sizes:
            self._sizes = like._sizes
        if self._types == like._types:
            self._types = like._types

    @property
    def objects(self) -> list[Any]:
        """What is looked at."""
        return [
            *self._dicts,
            *self._instances,
            *self._mapped,
            *self._slotted,
            *self._ordered,
            *self._lists,
        ]

    def _parts(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """Dicts and those of instances; what else has keys, but for the ordered ones, as dicts."""
        maps, others = self._dicts, self._mapped
        if self._instances:
            own = map(object.__getattribute__, self._instances, repeat("__dict__"))
            maps = [*maps, *own]
        if self._slotted:
            others = [*others, *map(attributes, self._slotted)]
        return maps, others

    def _sized(self, maps: Sequence[Any], others: Sequence[Any]) -> list[int]:
        return list(map(len, chain(maps, others, self._ordered, self._lists)))

    def _beside(self, others: Sequence[Any]) -> tuple[Iterator[Any], Iterator[Any]]:
        """Every value and key but for those of ``maps``; nothing of it is copied."""
        values, keys = _flat(map(dict.values, others)), _flat(others)
        if self._ordered:  # a dict's own methods do not know their order
            values = chain(values, _flat(map(OrderedDict.values, self._ordered)))
            keys = chain(keys, _flat(self._ordered))
        return chain(values, _flat(self._lists)) if self._lists else values, keys

    def _now(self) -> _Now:
        maps, others = self._parts()
        beside, names = self._beside(others)
        values = tuple(chain(_flat(map(dict.values, maps)), beside))
        return values, self._sized(maps, others), list(_flat(maps)), list(names)

    def _take(self, now: _Now) -> None:
        self._values, self._sizes, self.keys, self._names = now
        maps, _ = self._parts()
        visited, sizes = get_referents(*maps), {*self._sizes}
        self._fast = len(visited) == len(self.keys) and all(map(is_, visited, self._values))
        self._uniform = (
            self._fast
            and len(maps) == len(self._sizes)
            and len(sizes) == 1
            and self.keys == self.keys[: self._sizes[0]] * len(maps)
        )

    def _is_still(self) -> bool:
        """Whether nothing differs; that nothing does is the rule, so little of it is copied."""
        maps, others = self._parts()
        if not self._uniform and self._sized(maps, others) != self._sizes:
            return False  # else there is as much of each as before, or the keys tell
        inside: Iterable[Any] = _flat(map(dict.values, maps))
        if self._fast:
            inside = visited = get_referents(*maps)
            if len(visited) != len(self.keys):
                return False
        if len(self.keys) == len(self._values):  # there is nothing beside
            values, names = inside, iter(())
        else:
            beside, names = self._beside(others)
            values = chain(inside, beside)
        if not all(map(is_, values, self._values)):
            return False
        keys = list(_flat(maps))
        told = keys == self.keys if self._fast else all(map(is_, keys, self.keys))
        return told and all(map(is_, names, self._names))

    def changed(self) -> list[Any]:
        """The objects that differ from the last look, which this one then is."""
        if self._is_still():
            return []
        before, now = self._seen(), self._now()
        self._take(now)
        return self._differing(before, self._seen())

    def peek(self) -> list[Any]:
        """The same, without taking it in."""
        if self._is_still():
            return []
        values, sizes, keys, names = self._now()
        return self._differing(self._seen(), (values, sizes, keys + names))

    def turned(self, *, take: bool = True) -> list[Any]:
        """The objects that are of another class than at the last such look, which, but for
        ``take``, this one then is; and those that got attributes which nothing keeps."""
        found = list(filter(has_apart, chain(self._mapped, self._ordered)))
        now, before = self._classes(), self._types
        if now != before:
            found += compress(chain(self._instances, self._slotted), map(is_not, now, before))
            if take:
                self._types = now
        return found

    def _classes(self) -> tuple[type, ...]:
        return tuple(map(type, chain(self._instances, self._slotted)))

    def _seen(self) -> _Seen:
        return self._values, self._sizes, self.keys + self._names

    def _differing(self, before: _Seen, now: _Seen) -> list[Any]:
        (old, old_sizes, old_keys), (new, sizes, keys) = before, now
        objects = self.objects
        if sizes == old_sizes and _same(keys, old_keys):
            ends = list(accumulate(sizes))
            where = compress(count(), map(is_not, new, old))
            return [objects[at] for at in dict.fromkeys(bisect_right(ends, i) for i in where)]
        found, at, was, key, old_key = [], 0, 0, 0, 0
        keyed = len(objects) - len(self._lists)
        for number, obj in enumerate(objects):
            size, old_size = sizes[number], old_sizes[number]
            same = size == old_size and all(map(is_, new[at : at + size], old[was : was + size]))
            at, was = at + size, was + old_size
            if number < keyed:
                same = same and all(
                    map(is_, keys[key : key + size], old_keys[old_key : old_key + size])
                )
                key, old_key = key + size, old_key + old_size
            if not same:
                found.append(obj)
        return found
