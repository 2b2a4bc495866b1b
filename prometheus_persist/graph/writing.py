"""Objects as rows: what a document, or a place in a record, has of them.

A row is a JSON object: ``"@"`` its kind, or the number of its class; then

    documents of instances and mappings    "0", "1", …: [name or key, value], in this order; a field
                                           that is null has been deleted
    the same inside a record               "v": [name, value, name, value, …]
    any other                              "v": its values, or its state
    beside it                              "m" the maxlen of a deque, "f" the factory of a
                                           defaultdict, "c" the class of a named tuple
    a long list                            "s" its generation, "d" how many were dropped at its head

Numbers keep the order, since JSON's objects are written sorted, and let one attribute be written
alone. A row inside a record has its ``"#"``, the number of the node: others refer to it.

An object that is new is written where it is met: inside the record of a long list, or as a document
of its own. Raises ``BadValue`` for what cannot be written; what was looked at since then has to be
written anew.

(Over 300 lines: rows refer to one another, and are written by one recursion.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from prometheus_persist.errors import BadValue
from prometheus_persist.graph.classes import ClassTable
from prometheus_persist.graph.kinds import (
    BOUND,
    MAPPINGS,
    UNCHANGING,
    WHOLE,
    Kinds,
    attributes,
    factory,
    refuse_apart,
    seen,
    state,
)
from prometheus_persist.graph.lists import TAIL, dropped, same
from prometheus_persist.graph.node import GraphDelta, GraphNode, Row, document_of, stream_of
from prometheus_persist.graph.policy import HostPolicy
from prometheus_persist.graph.settled import Settled
from prometheus_persist.graph.slots import held_by
from prometheus_persist.graph.values import WITHHELD, Json, Leaves, as_str, without_passwords

LONG: Final = 64  # a list of more is a stream
INSIDE_MAX: Final = 12  # how deep nodes stand inside a record
NAMES_MAX: Final = 10_000
_VALUE: Final = itemgetter(2)  # of an entry
_EMPTY: Final[dict[type, Json]] = {tuple: ["()"], frozenset: ["fs"]}


class _Withheld(BadValue):
    """A client where something else was to be written."""


class _Names(dict[str, tuple[Json, bool]]):
    """What a name or key is written as, and whether what is under it is left out; bounded, since
    keys may be data. ``cls``: whose attributes; ``dict``: the keys of any mapping."""

    def __init__(self, cls: type, policy: HostPolicy) -> None:
        super().__init__()
        self._cls, self._policy = cls, policy

    def __missing__(self, name: str) -> tuple[Json, bool]:
        if len(self) > NAMES_MAX:
            self.clear()
        if without_passwords(name) != name:
            raise BadValue(f"the key {without_passwords(name)!r} has a password in it")
        hands, cls = self._policy, self._cls
        hidden = hands.hidden(name) if cls is dict else hands.withheld(cls, name)
        found = self[name] = as_str(name), hidden
        return found


class _NamesOf(dict[type, _Names]):
    """The same, by class."""

    def __init__(self, policy: HostPolicy) -> None:
        super().__init__()
        self._policy = policy

    def __missing__(self, cls: type) -> _Names:
        found = self[cls] = _Names(cls, self._policy)
        return found


class _Identities(dict[type, bool]):
    """Whether the instances of a class have an identity."""

    def __init__(self, leaves: Leaves) -> None:
        super().__init__()
        self._leaves = leaves

    def __missing__(self, cls: type) -> bool:
        try:
            found = self._leaves[cls] is None
        except BadValue:  # a value that is not kept
            found = False
        self[cls] = found
        return found


class GraphWriter:
    """Knows the nodes by their objects, and writes them."""

    def __init__(self, table: ClassTable, policy: HostPolicy, long: int = LONG) -> None:
        self.table, self.policy, self.long = table, policy, long
        self.leaves, self.kinds = Leaves(table), Kinds(table, policy)
        self.nodes: dict[int, GraphNode] = {}
        self.settled = Settled()  # ``nodes`` holds where an object is in both
        self._has_identity = _Identities(self.leaves)
        self.next = 1
        self.fresh: list[GraphNode] = []  # due to be written as documents
        self.opened: list[GraphNode] = []  # to be looked at from now on
        self.longs: dict[GraphNode, None] = {}
        self.wholes: dict[GraphNode, None] = {}
        self.ended: set[str] = set()  # streams that are no list's any more
        self.live: set[type] = set()
        self.alive: list[GraphNode] = []  # instances of live classes
        self._home = self._moving = ""
        self._names = _NamesOf(policy)

    def node(self, obj: Any) -> GraphNode:
        """A new node; raises BadValue."""
        kind = self.kinds[type(obj)]
        if kind == BOUND:
            raise _Withheld(f"{type(obj).__qualname__} is bound anew, and stands in no list or set")
        number, self.next = self.next, self.next + 1  # first: no other node ever gets it
        found = self.nodes[id(obj)] = GraphNode(obj, number, kind)
        if type(obj) in self.live:
            self.alive.append(found)
        return found

    def known(self, obj: Any) -> GraphNode | None:
        """The node of an object; an old record becomes one again. None where it is new."""
        found = self.nodes.get(id(obj))
        if found is None:
            told = self.settled.find(id(obj))
            if told is not None:
                found = self.nodes[id(obj)] = GraphNode(obj, told[0], self.kinds[type(obj)])
                found.home, found.written = told[1], True
        return found

    def known_of(self, held: Iterable[Any]) -> list[GraphNode]:
        """The nodes among what is held somewhere."""
        has = self._has_identity
        found = (self.known(each) for each in held if has[type(each)])
        return [node for node in found if node is not None]

    def kids_of(self, node: GraphNode) -> Sequence[GraphNode]:
        """What a node leads to that is no long list."""
        if node.entries is not None:  # as it was written
            return self.known_of(chain(node.entries, map(_VALUE, node.entries.values())))
        if node.kids is None:
            whole = node.kind in WHOLE
            node.kids = () if whole else tuple(self.known_of(held_by(node.obj, node.kind)))
        return node.kids

    def heat(self, node: GraphNode) -> None:
        """Look at a node, and at what it leads to, each time."""
        todo = [node]
        while todo:
            one = todo.pop()
            if not one.hot:
                one.hot = True
                self.opened.append(one)
                todo += self.tail(one) if one.shadow is not None else self.kids_of(one)

    def tail(self, node: GraphNode) -> list[GraphNode]:
        """The nodes among the last entries of a long list."""
        assert node.shadow is not None
        return self.known_of(node.shadow[-TAIL:])

    def _object(self, obj: Any, kids: list[GraphNode], depth: int) -> Json:
        """What has an identity, as JSON; nodes are appended to ``kids``. ``depth`` 0: in a
        document."""
        node = self.known(obj)
        if node is None:
            if type(obj) in _EMPTY and not obj:
                return _EMPTY[type(obj)]
            node = self.node(obj)
        kids.append(node)
        if node.written and not (node.home and node.home == self._moving):
            if not node.hot:
                self.heat(node)
            return ["$", node.oid]
        if not node.hot:
            node.hot = True
            self.opened.append(node)
        node.written = True
        if 0 < depth < INSIDE_MAX and not (node.kind == "l" and len(obj) > self.long):
            node.home = self._home
            return {"#": node.oid, **self._row(node, depth + 1)}
        node.home = ""
        self.fresh.append(node)
        return ["$", node.oid]

    def _row(self, node: GraphNode, depth: int) -> Row:
        """All of a node, as it stands in a record, or in a document without names."""
        obj, kind = node.obj, node.kind
        kids: list[GraphNode] = []
        if kind in WHOLE:
            node.told = seen(kind, obj, self.policy)
            self.wholes[node] = None
            return {"@": kind, "v": state(kind, obj, self.policy)}
        row = self._head(node)
        if kind == "o" or kind in MAPPINGS:
            row["v"] = self._entries(node, self._pairs(node), kids, depth)
        else:
            row["v"] = self._values(obj, kids, depth)
        node.kids = tuple(kids)
        return row

    def _head(self, node: GraphNode) -> Row:
        kind, obj = node.kind, node.obj
        if kind == "o":
            return {"@": self.table.number(type(obj))}
        row: Row = {"@": kind}
        if kind == "dd":
            row["f"] = factory(obj.default_factory, self.table)
        elif kind == "q":
            row["m"] = obj.maxlen
        elif kind == "nt":
            refuse_apart(obj)
            row["c"] = self.table.number(type(obj))
        return row

    def _values(self, items: Iterable[Any], kids: list[GraphNode], depth: int) -> list[Json]:
        leaves, told = self.leaves, list[Json]()
        try:
            for item in items:
                write = leaves[type(item)]
                told.append(self._object(item, kids, depth) if write is None else write(item))
        except _Withheld as problem:
            raise BadValue(problem.detail) from None
        return told

    def _pairs(self, node: GraphNode) -> Iterable[tuple[Any, Any]]:
        if node.kind == "o":
            return attributes(node.obj).items()
        refuse_apart(node.obj)
        pairs: Iterable[tuple[Any, Any]] = node.obj.items()
        return pairs

    def _entries(
        self,
        node: GraphNode,
        pairs: Iterable[tuple[Any, Any]],
        kids: list[GraphNode],
        depth: int,
    ) -> list[Json]:
        """Names or keys, and what is under them, in turns."""
        leaves, told = self.leaves, list[Json]()
        names = self._names[type(node.obj) if node.kind == "o" else dict]
        for key, value in pairs:
            if type(key) is str:
                name, hidden = names[key]
            else:
                (name,) = self._values((key,), kids, depth)
                hidden = node.kind == "o" and self.policy.withheld(type(node.obj), key)
            told.append(name)
            if hidden:
                told.append(WITHHELD)
                continue
            write = leaves[type(value)]
            if write is not None:
                told.append(write(value))
                continue
            try:
                told.append(self._object(value, kids, depth))
            except _Withheld:
                told.append(WITHHELD)
        return told

    def whole(self, node: GraphNode, delta: GraphDelta) -> None:
        """Write a node as a document."""
        if node.kind == "l" and len(node.obj) > self.long:
            self.begin_stream(node, delta)
            return
        node.written, node.home = True, ""
        name = document_of(node)
        delta.set.pop(name, None)
        if node.kind == "o" or node.kind in MAPPINGS:
            node.entries, node.next, node.kids = {}, 0, None
            delta.put[name] = self._head(node)
            delta.put[name] |= self._moved(node)
        else:
            delta.put[name] = self._row(node, 0)

    def update(self, node: GraphNode, delta: GraphDelta) -> None:
        """Write what differs of a node that changed."""
        if node.shadow is not None:
            self.list_changed(node, delta, complete=True)
            return
        entries = node.entries
        crowded = entries is not None and node.next > 2 * len(entries) + 32
        if entries is None or crowded:
            self.whole(node, delta)
            return
        fields = self._moved(node)
        name = document_of(node)
        if name in delta.put:
            delta.put[name] |= fields
        elif fields:
            delta.set[name] = delta.set.get(name, {}) | fields

    def _moved(self, node: GraphNode) -> Row:
        """The fields of a document that are not as they were written."""
        old = node.entries
        assert old is not None
        now: dict[Any, tuple[int, Any, Any]] = {}
        moved: list[tuple[Any, Any]] = []
        numbers: list[int] = []
        last = -1
        for key, value in self._pairs(node):
            was = old.get(key)
            if was is not None and was[0] > last and was[1] is key:
                last = was[0]
                if was[2] is value:
                    now[key] = was
                    continue
            else:
                last, node.next = node.next, node.next + 1
            moved.append((key, value))
            numbers.append(last)
            now[key] = last, key, value
        told = self._entries(node, moved, [], 0)
        fields: Row = {str(n): [told[2 * at], told[2 * at + 1]] for at, n in enumerate(numbers)}
        for key, (number, _, _) in old.items():
            if key not in now or now[key][0] != number:
                fields[str(number)] = None
        node.entries = now
        return fields

    def begin_stream(self, node: GraphNode, delta: GraphDelta) -> None:
        """Write a long list, all of it, under a new generation."""
        old = ""
        if node.shadow is not None:
            old = stream_of(node)
            self.ended.add(old)
        node.written, node.home, node.entries = True, "", None
        node.generation, node.dropped, node.kids, node.shadow = node.generation + 1, 0, None, []
        self.longs[node] = None
        self._append(node, list(node.obj), delta, old)
        name = document_of(node)
        delta.set.pop(name, None)
        delta.put[name] = {"@": "L", "s": node.generation, "d": 0}

    def _append(
        self, node: GraphNode, items: list[Any], delta: GraphDelta, moving: str = ""
    ) -> None:
        assert node.shadow is not None
        self._home, self._moving = stream_of(node), moving
        records = delta.add.setdefault(self._home, [])
        try:
            records += [{"e": told} for told in self._values(items, [], 1)]
        finally:
            self._home = self._moving = ""
        node.shadow += items

    def list_changed(self, node: GraphNode, delta: GraphDelta, *, complete: bool) -> None:
        """Write what became of a long list; ``complete``: look at every entry."""
        now, old = node.obj, node.shadow
        assert old is not None
        size, was = len(now), len(old)
        if size >= was and same(now, old, 0, complete=complete):
            if size > was:
                self._append(node, now[was:], delta)
            return
        drop = dropped(now, old) if size > self.long else 0
        if not drop or node.dropped + drop > max(size, 1024):
            self._anew(node, delta)
            return
        node.dropped += drop
        del old[:drop]
        if size > was - drop:
            self._append(node, now[was - drop :], delta)
        name = document_of(node)
        into = delta.put if name in delta.put else delta.set
        into[name] = into.get(name, {}) | {"d": node.dropped}

    def _anew(self, node: GraphNode, delta: GraphDelta) -> None:
        if len(node.obj) <= self.long:
            self.ended.add(stream_of(node))
            del self.longs[node]
            node.shadow = None
            self.opened.append(node)
        self.whole(node, delta)

    def drain(self, delta: GraphDelta) -> None:
        """Write what was met for the first time, and what that leads to."""
        while self.fresh:
            node = self.fresh.pop()
            self.whole(node, delta)


def looked_at(node: GraphNode) -> bool:
    """Whether its slots are compared."""
    return node.shadow is None and node.kind not in UNCHANGING and node.kind not in WHOLE
