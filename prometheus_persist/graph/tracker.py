"""What of a host's objects differs from what was written: one look, one delta.

Nodes are *hot* or *cold*. Hot is everything that can be reached without passing the settled part
of a long list (all but its last 8 entries), and what instances of live classes lead to; it is
compared at every look, and that is exact. Cold is the rest: old records. It is compared at a
*complete* look, and a few batches of it at every other one, so that whatever is changed there is
late by a bounded number of saves.

A class is *live*, for good, once an instance is seen changed among the cold: then it is no record.
The first ``LEARNING`` looks are complete, and so is any look that learns of a class: learning
leaves no hole. Whoever can tell of a record before it is written (``note``) has it in the next
look; what nobody told of is a late find, counted and named (``late``).

A look that raises leaves the tracker *broken*: the next one writes everything anew, under numbers
that were never used.

(Over 300 lines: what is hot, cold, swept or adopted is one state, and split it could not be read.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from prometheus_persist.graph.classes import ClassTable, name_of
from prometheus_persist.graph.kinds import MAPPINGS, WHOLE, attributes, seen
from prometheus_persist.graph.lists import ends_alike
from prometheus_persist.graph.node import FAMILY, GraphDelta, GraphNode, Row, document_of, stream_of
from prometheus_persist.graph.policy import HostPolicy
from prometheus_persist.graph.rebuild import Rebuilt, columns_of, entries_of
from prometheus_persist.graph.slots import SlotBatch, alike
from prometheus_persist.graph.writing import LONG, GraphWriter, looked_at

META = f"{FAMILY}/meta"
FORMAT = 1
BATCH = 48
SLICES = 2  # cold batches that are compared at every look
LEARNING = 3
OPENED_MAX = 200  # new nodes that stay hot until they are sorted; more where more is hot
_VALUE: Final = itemgetter(2)  # of an entry


class Tracker(GraphWriter):
    """Looks at all that a root leads to."""

    def __init__(
        self, table: ClassTable, policy: HostPolicy, *, long: int = LONG, batch: int = BATCH
    ) -> None:
        super().__init__(table, policy, long)
        self.late: dict[str, int] = {}
        self.broken = False
        self.root: GraphNode | None = None
        self._batch = batch
        self._told: Row = {}
        self._hot_nodes: list[GraphNode] = []
        self._hot: list[SlotBatch] = []
        self._cold: list[SlotBatch] = []
        self._turn = 0
        self._looks = 0
        self._since = 0  # nodes that were opened since the hot were sorted
        self._swept = 0  # the next number at the last sweep
        self._mark = 0
        self._records: set[type] = set()
        self._touched: dict[GraphNode, None] = {}

    def begin(self, root: Any) -> GraphDelta:
        """Write everything."""
        delta = GraphDelta()
        self.root = self.node(root)
        self.fresh.append(self.root)
        self.drain(delta)
        self._swept = self.next
        self._sort(delta)
        self._tell(delta)
        return delta

    def adopt(self, root: Any, rebuilt: Rebuilt) -> GraphDelta:
        """Go on with what was restored: the same numbers, nothing written but what differs."""
        delta = GraphDelta()
        self.next = rebuilt.next
        self._told = rebuilt.meta
        for oid, obj in rebuilt.objects.items():
            node = GraphNode(obj, oid, self.kinds[type(obj)])
            node.written, node.home = True, rebuilt.homes[oid]
            node.generation = rebuilt.generations.get(oid, 0)  # none is ever begun again
            self.nodes[id(obj)] = node
        self.root = self.nodes[id(root)]
        self.opened = list(self.nodes.values())
        for node in list(self.opened):  # what is written here may open more
            node.hot = True
            known = self._as_written(node, rebuilt.rows[node.oid])
            if not known or node.oid in rebuilt.altered:
                self.whole(node, delta)
        self.ended = rebuilt.streams - {stream_of(node) for node in self.longs}
        self.drain(delta)
        self.live |= {self.table.by_name(name) for name in rebuilt.meta["live"]}
        self.alive = [node for node in self.nodes.values() if type(node.obj) in self.live]
        self._sweep(delta)
        self._sort(delta)
        self._tell(delta)
        return delta

    def _as_written(self, node: GraphNode, row: Row) -> bool:
        """Know a node as its row has it; whether the row has all of it."""
        kind, obj = node.kind, node.obj
        if kind in WHOLE:
            node.told = seen(kind, obj, self.policy)
            self.wholes[node] = None
            return True
        if kind == "o" or kind in MAPPINGS:
            found = attributes(obj) if kind == "o" else obj
            if kind == "o" and columns_of(row)[0] != list(found):
                return False  # renamed, or nothing to bind anew
            held: list[Any] = [*found, *found.values()]
            if not node.home:
                told = entries_of(row)
                if len(told) != len(found):  # nothing to bind anew
                    return False
                node.entries = {
                    key: (number, key, value)
                    for (number, _), (key, value) in zip(told, found.items(), strict=True)
                }
                node.next = 1 + max((int(key) for key in row if key.isdecimal()), default=-1)
        else:
            held = list(obj)
        if row["@"] == "L":
            node.shadow, node.generation, node.dropped = held, row["s"], row["d"]
            self.longs[node] = None
        get = self.nodes.get
        kids = list(filter(None, map(get, map(id, held))))
        node.kids = kids if node.entries is not None or node.shadow is not None else tuple(kids)
        return True

    def look(self, *, complete: bool = False, tidy: bool = False) -> GraphDelta:
        """What differs since the last look; raises BadValue.

        ``tidy``: a complete look that also drops what nothing leads to any more.
        """
        if self.broken:
            return self._everything()
        self.broken = True
        delta = GraphDelta()
        complete = complete or tidy or self._looks < LEARNING
        self._looks += 1
        changed = [node for batch in self._hot for node in batch.changed()]
        touched, self._touched = self._touched, {}
        found = [node for batch in self._looked_at(complete) for node in batch.changed()]
        if any(map(self._teaches, chain(found, touched))):  # what becomes hot is taken as it is
            complete = True
            found += [node for batch in self._cold for node in batch.changed()]
        self._learn([node for node in dict.fromkeys(found) if not node.hot], touched)
        changed += [*found, *touched]
        for node in dict.fromkeys(changed):
            if self.nodes.get(id(node.obj)) is node:
                self.update(node, delta)
        for node in list(self.longs):
            if complete or not ends_alike(node.obj, node.shadow or []):
                self.list_changed(node, delta, complete=complete)
        for node in list(self.wholes):
            if (node.hot or complete) and seen(node.kind, node.obj, self.policy) != node.told:
                self.whole(node, delta)
        self.drain(delta)
        if tidy or self._crowded():
            self._sort(delta, sweep=tidy, complete=complete)
        else:
            self._take_in()
        self._tell(delta)
        self.broken = False
        return delta

    def unsaved(self) -> list[GraphNode]:
        """What differs from what was written, compared completely; takes nothing in."""
        found = [node for batch in (*self._hot, *self._cold) for node in batch.peek()]
        for node in self.longs:
            now, old = node.obj, node.shadow or []
            if len(now) != len(old) or not all(a is b for a, b in zip(now, old, strict=True)):
                found.append(node)
        found += [
            node for node in self.wholes if seen(node.kind, node.obj, self.policy) != node.told
        ]
        return list(dict.fromkeys(found))

    def make_live(self, classes: Iterable[type]) -> None:
        """Look at the instances of these classes each time, from now on."""
        new = set(classes) - self.live
        if new:
            self.live |= new
            self._records -= new
            found = [node for node in self.nodes.values() if type(node.obj) in new]
            self.alive += found
            for node in found:
                self.heat(node)

    def note(self, obj: Any) -> None:
        """An attribute of this one is about to be written; see ``guarded``. Any thread may call."""
        node = self.nodes.get(id(obj))
        if node is not None and not node.hot:
            self._touched[node] = None

    @property
    def guarded(self) -> Set[type]:
        """The classes of records: whose instances are compared only now and then."""
        return self._records if self._looks >= LEARNING else frozenset()

    def _teaches(self, node: GraphNode) -> bool:
        """Whether a node that changed among the cold says something new of its class."""
        return node.kind == "o" and not node.hot and type(node.obj) not in self.live

    def _looked_at(self, complete: bool) -> list[SlotBatch]:
        """The cold batches whose turn it is."""
        size = len(self._cold)
        if complete or not size:
            return self._cold
        first, self._turn = self._turn % size, self._turn + SLICES
        return [self._cold[(first + n) % size] for n in range(min(SLICES, size))]

    def _learn(self, found: list[GraphNode], touched: Collection[GraphNode]) -> None:
        """These changed among the cold: classes of objects that live. What nobody had told of is a
        late find."""
        cold = [node for node in (*found, *touched) if not node.hot]
        for node in found:
            if node not in touched:
                name = name_of(type(node.obj))
                self.late[name] = self.late.get(name, 0) + 1
        for node in cold:
            self.heat(node)
        self.make_live({type(node.obj) for node in cold if node.kind == "o"})

    def _crowded(self) -> bool:
        """Whether much of what is hot has become an old record since the hot were sorted."""
        return self._since + len(self.opened) > max(OPENED_MAX, len(self._hot_nodes) // 4)

    def _take_in(self) -> None:
        """Look at what is new from now on: what changes after this differs from it."""
        self._since += len(self.opened)
        self._hot_nodes += self.opened
        if self.opened and self._hot and len(self._hot[-1].nodes) < self._batch:
            self.opened = self._hot.pop().nodes + self.opened  # looked at in this very cut
        self._hot += self._batches(self.opened)
        self.opened = []

    def _batches(self, nodes: list[GraphNode]) -> list[SlotBatch]:
        seen = [node for node in nodes if looked_at(node)]
        found: list[SlotBatch] = []
        for at in range(0, len(seen), self._batch):
            found.append(SlotBatch(seen[at : at + self._batch], found[-1] if found else None))
        return found

    def _tell(self, delta: GraphDelta) -> None:
        """Where the root is, and what the numbers of the classes mean."""
        assert self.root is not None
        live = sorted(map(name_of, self.live))
        told = {"format": FORMAT, "root": self.root.oid, "live": live}
        told |= {"classes": list(self.table.names)}
        if told != self._told:
            self._told = delta.put[META] = told

    def _sort(self, delta: GraphDelta, *, sweep: bool = False, complete: bool = False) -> None:
        """Which nodes are hot, anew; behind a complete look now and then also, which are still
        there: that takes every batch anew, and what no look has seen yet would be taken for seen.
        """
        assert self.root is not None
        before = [*self._hot_nodes, *self.opened]
        self.opened, self._since = [], 0
        due = self.next - self._swept > len(self.nodes) // 4 + self._batch
        swept = sweep or (complete and due)
        if swept:
            self._sweep(delta)
            before = list(self.nodes.values())
        hot = self._reached([self.root, *self.alive], whole=False)
        cooled = []
        for node in before:
            if node.mark != self._mark and (node.hot or swept):
                node.hot = False
                cooled.append(node)
        for node in hot:
            node.hot = True
        self._records |= {type(node.obj) for node in cooled if node.kind == "o"} - self.live
        self._hot_nodes = hot
        self._hot = self._batches(hot)
        self._cold = [*([] if swept else self._cold), *self._batches(alike(cooled))]

    def _reached(self, roots: list[GraphNode], *, whole: bool) -> list[GraphNode]:
        """What can be reached; but for ``whole``, without passing the settled part of a list."""
        self._mark += 1
        mark, todo, found = self._mark, [], []
        for node in roots:
            if node.mark != mark:
                node.mark = mark
                todo.append(node)
        while todo:
            node = todo.pop()
            found.append(node)
            self._renew_kids(node)
            for kid in node.kids if whole or node.shadow is None else self.tail(node):
                if kid.mark != mark:
                    kid.mark = mark
                    todo.append(kid)
        return found

    def _renew_kids(self, node: GraphNode) -> None:
        """Forget the kids that a node had once and has no more."""
        if node.entries is not None:
            held = chain(node.entries, map(_VALUE, node.entries.values()))
        elif node.shadow is not None and node.dropped:
            held = chain(node.shadow)
        else:
            return
        node.kids = list(filter(None, map(self.nodes.get, map(id, held))))

    def _sweep(self, delta: GraphDelta) -> None:
        """Drop what cannot be reached any more, and streams that hold nothing of what can."""
        assert self.root is not None
        self._reached([self.root], whole=True)
        mark, homes = self._mark, set()
        for key, node in list(self.nodes.items()):
            if node.mark == mark:
                homes.add(node.home)
                continue
            del self.nodes[key]
            self.wholes.pop(node, None)
            if not node.home:
                self._gone(document_of(node), delta)
            if node.shadow is not None:
                del self.longs[node]
                self.ended.add(stream_of(node))
        self.alive = [node for node in self.alive if node.mark == mark]
        for name in sorted(self.ended - homes):
            self.ended.discard(name)
            self._gone(name, delta)
        self._swept = self.next

    @staticmethod
    def _gone(name: str, delta: GraphDelta) -> None:
        for part in (delta.put, delta.set, delta.add):
            part.pop(name, None)
        delta.gone.append(name)

    def _everything(self) -> GraphDelta:
        """Everything, under new numbers, in place of all that may have been written."""
        assert self.root is not None
        root = self.root.obj
        old = [document_of(node) for node in self.nodes.values() if not node.home]
        streams = {stream_of(node) for node in self.longs} | self.ended
        self.nodes, self.fresh, self.opened, self._touched = {}, [], [], {}
        self.longs, self.wholes, self.alive, self.ended = {}, {}, [], set()
        delta = self.begin(root)
        delta.gone += [*old, *sorted(streams)]
        delta.put[META] = self._told
        self.broken = False
        return delta
