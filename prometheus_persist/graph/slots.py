"""What changed? By identity, in bulk.

A slot holds a value without an identity or a node that is looked at itself; so a change is a slot
with another object. Nodes are looked at in batches: per batch three flat lists, of what is in the
slots, how many there are, and under which keys, are compared by ``is``, in C. A value that is equal
and not the same object is a change. That costs no call of the host's code, and no attribute is
looked up.

A batch remembers what it saw last; it is taken when its nodes have been written. Old records are
``alike``: batches of them have the same keys, and then share one list of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from itertools import accumulate, chain, compress, count, repeat
from operator import is_, is_not
from typing import Any

from prometheus_persist.graph.kinds import MAPPINGS, SLOTS, attributes
from prometheus_persist.graph.node import GraphNode

_flat = chain.from_iterable
_Seen = tuple[list[Any], list[int], list[Any]]  # values, sizes, keys


def alike(nodes: list[GraphNode]) -> list[GraphNode]:
    """The same nodes, those of one class with the same keys behind one another."""
    found: dict[object, list[GraphNode]] = {}
    for node in nodes:
        keys = tuple(map(id, node.obj)) if node.kind in MAPPINGS else ()
        found.setdefault((type(node.obj), keys), []).append(node)
    return list(_flat(found.values()))


def _same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(map(is_, one, other))


class SlotBatch:
    """Nodes that are looked at together."""

    __slots__ = (
        "_dicts",
        "_lists",
        "_objects",
        "_ordered",
        "_sizes",
        "_slotted",
        "_values",
        "keys",
        "nodes",
    )

    def __init__(self, nodes: list[GraphNode], like: SlotBatch | None = None) -> None:
        parts: list[list[GraphNode]] = [[], [], [], [], []]
        plain, slotted, dicts, ordered, lists = parts
        for node in nodes:
            if node.kind == "o":
                (slotted if SLOTS[type(node.obj)] else plain).append(node)
            elif node.kind in MAPPINGS:
                (ordered if node.kind == "od" else dicts).append(node)
            else:
                lists.append(node)
        self.nodes = [*plain, *slotted, *dicts, *ordered, *lists]
        self._objects, self._slotted, self._dicts, self._ordered, self._lists = (
            [node.obj for node in part] for part in (plain, slotted, dicts, ordered, lists)
        )
        self._values, self._sizes, self.keys = self._now()
        if like is not None and _same(self.keys, like.keys):
            self.keys = like.keys

    def _maps(self) -> list[Any]:
        """What has keys, but for the ordered ones, as dicts."""
        if not self._objects and not self._slotted:
            return self._dicts
        maps: list[Any] = list(map(object.__getattribute__, self._objects, repeat("__dict__")))
        maps += map(attributes, self._slotted)
        maps += self._dicts
        return maps

    def _sized(self, maps: list[Any]) -> list[int]:
        return list(map(len, chain(maps, self._ordered, self._lists)))

    def _slots(self, maps: list[Any]) -> tuple[Iterator[Any], Iterator[Any]]:
        """Every value, and every key; nothing of it is copied."""
        values, keys = _flat(map(dict.values, maps)), _flat(maps)
        if self._ordered:  # a dict's own methods do not know their order
            values = chain(values, _flat(map(OrderedDict.values, self._ordered)))
            keys = chain(keys, _flat(self._ordered))
        if self._lists:
            values = chain(values, _flat(self._lists))
        return values, keys

    def _now(self) -> _Seen:
        maps = self._maps()
        values, keys = self._slots(maps)
        return list(values), self._sized(maps), list(keys)

    def _is_still(self) -> bool:
        """Whether nothing differs; that nothing does is the rule, so no list of it is made."""
        maps = self._maps()
        if self._sized(maps) != self._sizes:  # then there is as much of either as before
            return False
        values, keys = self._slots(maps)
        return all(map(is_, values, self._values)) and all(map(is_, keys, self.keys))

    def changed(self) -> list[GraphNode]:
        """The nodes that differ from the last look, which this one then is."""
        if self._is_still():
            return []
        now = self._now()
        found = self._differing((self._values, self._sizes, self.keys), now)
        self._values, self._sizes, self.keys = now
        return found

    def peek(self) -> list[GraphNode]:
        """The same, without taking it in."""
        if self._is_still():
            return []
        return self._differing((self._values, self._sizes, self.keys), self._now())

    def _differing(self, before: _Seen, now: _Seen) -> list[GraphNode]:
        (old, old_sizes, old_keys), (new, sizes, keys) = before, now
        if sizes == old_sizes and _same(keys, old_keys):
            ends = list(accumulate(sizes))
            where = compress(count(), map(is_not, new, old))
            return [self.nodes[at] for at in dict.fromkeys(bisect_right(ends, i) for i in where)]
        found, at, was, key, old_key = [], 0, 0, 0, 0
        keyed = len(self.nodes) - len(self._lists)
        for number, node in enumerate(self.nodes):
            size, old_size = sizes[number], old_sizes[number]
            same = size == old_size and all(map(is_, new[at : at + size], old[was : was + size]))
            at, was = at + size, was + old_size
            if number < keyed:
                same = same and all(
                    map(is_, keys[key : key + size], old_keys[old_key : old_key + size])
                )
                key, old_key = key + size, old_key + old_size
            if not same:
                found.append(node)
        return found
