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

Of an old record no node is kept, only where it is (``settled.py``); it becomes one again where it
is referred to anew, changed, or told of.

A look that raises leaves the tracker *broken*: the next one writes everything anew, under numbers
that were never used.

(Over 300 lines: what is hot, cold, swept or adopted is one state, and split it could not be read.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Set
from itertools import chain
from typing import Any

from prometheus_persist.graph.classes import ClassTable, name_of
from prometheus_persist.graph.kinds import MAPPINGS, UNCHANGING, WHOLE, attributes, seen
from prometheus_persist.graph.lists import ends_alike
from prometheus_persist.graph.node import FAMILY, GraphDelta, GraphNode, Row, document_of, stream_of
from prometheus_persist.graph.policy import HostPolicy
from prometheus_persist.graph.rebuild import Rebuilt, columns_of, entries_of
from prometheus_persist.graph.settled import Settled
from prometheus_persist.graph.slots import SlotBatch, alike, held_by
from prometheus_persist.graph.writing import LONG, GraphWriter, looked_at

META = f"{FAMILY}/meta"
FORMAT = 1
BATCH = 48
COLD = 3  # times as many are looked at together among the cold
SLICES = 1  # cold batches that are compared at every look
LEARNING = 3
OPENED_MAX = 200  # new nodes that stay hot until they are sorted; more where more is hot


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
        self._touched: dict[int, Any] = {}

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
        self.next, self._told = rebuilt.next, rebuilt.meta
        live = {self.table.by_name(name) for name in rebuilt.meta["live"]}
        odd = rebuilt.altered | rebuilt.unlike
        settled, old = Settled(), list[Any]()
        for oid, obj in rebuilt.objects.items():
            home, kind = rebuilt.homes[oid], self.kinds[type(obj)]
            if home and oid not in odd and kind not in WHOLE and type(obj) not in live:
                settled.add(id(obj), oid, home)
                old.append(obj)
                continue
            node = self.nodes[id(obj)] = GraphNode(obj, oid, kind)
            node.written, node.hot, node.home = True, True, home
            node.generation = rebuilt.generations.get(oid, 0)  # none is ever begun again
        settled.pack(least=1)
        self.settled = settled
        self.root = self.nodes[id(root)]
        self.opened = list(self.nodes.values())
        for node in list(self.opened):  # what is written here may open more
            known = self._as_written(node, rebuilt.rows[node.oid])
            if not known or node.oid in rebuilt.altered:
                self.whole(node, delta)
        self.ended = rebuilt.streams - {stream_of(node) for node in self.longs}
        self.drain(delta)
        self.live |= live
        self.alive = [node for node in self.nodes.values() if type(node.obj) in self.live]
        if rebuilt.altered or rebuilt.unlike:
            old = self._sweep(delta)
        else:  # all that was made again can be reached
            self._drop_ended({*map(rebuilt.homes.__getitem__, rebuilt.objects)}, delta)
            self._swept = self.next
        self._sort(delta, old=old)
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
            if not node.home:
                told = entries_of(row)
                if len(told) != len(found):  # nothing to bind anew
                    return False
                node.entries = {
                    key: (number, key, value)
                    for (number, _), (key, value) in zip(told, found.items(), strict=True)
                }
                node.next = 1 + max((int(key) for key in row if key.isdecimal()), default=-1)
        if row["@"] == "L":
            node.shadow, node.generation, node.dropped = list(obj), row["s"], row["d"]
            self.longs[node] = None
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
        changed = self._nodes_of(self._hot)
        told, self._touched = self._touched, {}
        touched = dict.fromkeys(self.known_of(told.values()))
        found = self._nodes_of(self._looked_at(complete))
        turned = self._turned() if complete else []
        found += [node for node in turned if not node.hot]
        if any(map(self._teaches, chain(found, touched))):  # what becomes hot is taken as it is
            complete = True
            found += self._nodes_of(self._cold)
        self._learn([node for node in dict.fromkeys(found) if not node.hot], touched)
        changed += [*found, *touched]
        for node in dict.fromkeys(changed):
            if self.nodes.get(id(node.obj)) is node:
                self.update(node, delta)
        for node in turned:
            self.whole(node, delta)
        for node in list(self.longs):
            if complete or not ends_alike(node.obj, node.shadow or []):
                self.list_changed(node, delta, complete=complete)
        for node in list(self.wholes):
            if (node.hot or complete) and seen(node.kind, node.obj, self.policy) != node.told:
                self.whole(node, delta)
        self.drain(delta)
        if tidy or self._crowded(complete=complete):
            self._sort(delta, sweep=tidy, complete=complete)
        else:
            self._take_in()
        self._tell(delta)
        self.broken = False
        return delta

    def unsaved(self) -> list[GraphNode]:
        """What differs from what was written, compared completely; takes nothing in."""
        found = []
        batches = (*self._hot, *self._cold)
        differ = (chain(batch.peek(), batch.turned(take=False)) for batch in batches)
        for obj in {id(obj): obj for obj in chain.from_iterable(differ)}.values():
            node, told = self.nodes.get(id(obj)), self.settled.find(id(obj))
            if node is None and told is not None:
                node = GraphNode(obj, told[0], self.kinds[type(obj)])
            found += [node] if node is not None else []
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
            old = {id(obj): obj for batch in self._cold for obj in batch.objects}
            for obj in old.values():
                if type(obj) in new:
                    self.known(obj)
            found = [node for node in self.nodes.values() if type(node.obj) in new]
            self.alive += found
            for node in found:
                self.heat(node)

    def note(self, obj: Any) -> None:
        """An attribute of this one is about to be written; see ``guarded``. Any thread may call."""
        ident = id(obj)
        node = self.nodes.get(ident)
        if node is None:
            if ident in self._touched or self.settled.find(ident) is None:
                return
        elif node.hot:
            return
        self._touched[ident] = obj

    def objects(self) -> Iterator[Any]:
        """Every object that is known, each once."""
        for node in self.nodes.values():
            yield node.obj
        old = (obj for batch in self._cold for obj in batch.objects)
        for ident, obj in {id(obj): obj for obj in chain(old, self.settled.kept)}.items():
            if ident not in self.nodes:
                yield obj

    def _nodes_of(self, batches: Iterable[SlotBatch]) -> list[GraphNode]:
        """What changed in these."""
        return self.known_of(obj for batch in batches for obj in batch.changed())

    def _turned(self) -> list[GraphNode]:
        """What is of another class now; raises BadValue for one that cannot be kept."""
        batches = chain(self._hot, self._cold)
        found = self.known_of(obj for batch in batches for obj in batch.turned())
        for node in found:
            node.kind = self.kinds[type(node.obj)]
        return found

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

    def _crowded(self, *, complete: bool) -> bool:
        """Whether much of what is hot has become an old record since the hot were sorted. Behind a
        complete look, which takes its time in any case, less is much: so few others have to."""
        most = max(OPENED_MAX, len(self._hot_nodes) // 4)
        return self._since + len(self.opened) > (most // 2 if complete else most)

    def _take_in(self) -> None:
        """Look at what is new from now on: what changes after this differs from it."""
        self._since += len(self.opened)
        self._hot_nodes += self.opened
        new = [node.obj for node in self.opened if looked_at(node)]
        if new and self._hot and len(last := self._hot[-1].objects) < self._batch:
            self._hot.pop()
            new = last + new  # looked at in this very cut
        self._hot += self._batches(new, self._batch)
        self.opened = []

    def _batches(self, objects: list[Any], size: int) -> list[SlotBatch]:
        found: list[SlotBatch] = []
        for at in range(0, len(objects), size):
            last = found[-1] if found else None
            found.append(SlotBatch(objects[at : at + size], self.kinds, last))
        return found

    def _tell(self, delta: GraphDelta) -> None:
        """Where the root is, and what the numbers of the classes mean."""
        assert self.root is not None
        live = sorted(map(name_of, self.live))
        told = {"format": FORMAT, "root": self.root.oid, "live": live}
        told |= {"classes": list(self.table.names)}
        if told != self._told:
            self._told = delta.put[META] = told

    def _sort(
        self,
        delta: GraphDelta,
        *,
        sweep: bool = False,
        complete: bool = False,
        old: Iterable[Any] = (),
    ) -> None:
        """Which nodes are hot, anew; behind a complete look now and then also, which are still
        there: that takes every batch anew, and what no look has seen yet would be taken for seen.
        ``old``: settled objects that no batch has.
        """
        assert self.root is not None
        before: Iterable[GraphNode] = [*self._hot_nodes, *self.opened]
        self.opened, self._since = [], 0
        known = len(self.nodes) + len(self.settled)
        swept = sweep or (complete and self.next - self._swept > known // 4 + self._batch)
        if swept:
            old = self._sweep(delta)
            before, self._cold = list(self.nodes.values()), []
        hot = self._reached([self.root, *self.alive])
        cooled = [node for node in before if node.mark != self._mark and (node.hot or swept)]
        self._records |= {type(node.obj) for node in cooled if node.kind == "o"} - self.live
        for node in hot:
            node.hot = True
        self._hot_nodes = hot
        seen = [node.obj for node in hot if looked_at(node)]
        self._hot = self._batches(seen, self._batch)
        self._settle(cooled, [obj for obj in old if id(obj) not in self.nodes])
        if (swept or not self._looks or complete) and self.settled.pack():
            self.nodes = dict(self.nodes)  # which takes the room of those that left it

    def _settle(self, cooled: list[GraphNode], old: list[Any]) -> None:
        """Keep little of what has become an old record, and look at it now and then."""
        for node in cooled:
            node.hot, node.kids = False, None
            looked = looked_at(node)
            if looked or (node.home and node.kind in UNCHANGING):
                old.append(node.obj)
                if node.home and self.nodes.pop(id(node.obj), None) is node:
                    self.settled.add(id(node.obj), node.oid, node.home)
        kept = {kind: list[Any]() for kind in (True, False)}
        for obj in old:
            kept[self.kinds[type(obj)] in UNCHANGING].append(obj)
        self.settled.kept += kept[True]
        self._cold = [*self._cold, *self._batches(alike(kept[False]), COLD * self._batch)]

    def _reached(self, roots: list[GraphNode]) -> list[GraphNode]:
        """What can be reached without passing the settled part of a list."""
        self._mark += 1
        mark, todo, found = self._mark, [], []
        for node in roots:
            if node.mark != mark:
                node.mark = mark
                todo.append(node)
        while todo:
            node = todo.pop()
            found.append(node)
            for kid in self.tail(node) if node.shadow is not None else self.kids_of(node):
                if kid.mark != mark:
                    kid.mark = mark
                    todo.append(kid)
        return found

    def _there(self) -> dict[int, Any]:
        """All that is known and can be reached, by its ``id``: nothing is unseen when it is asked
        for, so what is in the slots is what was written."""
        assert self.root is not None
        has, kinds = self._has_identity, self.kinds
        known = {*self.nodes, *self.settled.idents()}
        level = [self.root.obj]
        found = {id(obj): obj for obj in level}
        while level:
            inside = {
                id(each): each
                for obj in level
                if kinds[type(obj)] not in WHOLE
                for each in held_by(obj, kinds[type(obj)])
                if has[type(each)] and id(each) not in found
            }
            level = [obj for ident, obj in inside.items() if ident in known]
            found.update((id(obj), obj) for obj in level)
        return found

    def _sweep(self, delta: GraphDelta) -> list[Any]:
        """Drop what cannot be reached any more, and streams that hold nothing of what can; returns
        the old records."""
        there, homes = self._there(), set[str]()
        for key, node in list(self.nodes.items()):
            if key in there:
                homes.add(node.home)
                continue
            del self.nodes[key]
            self.wholes.pop(node, None)
            if not node.home:
                self._gone(document_of(node), delta)
            if node.shadow is not None:
                del self.longs[node]
                self.ended.add(stream_of(node))
        self.settled = self.settled.only(there, self.nodes)
        old = []
        for ident, (_, home) in self.settled.entries():
            old.append(there[ident])
            homes.add(home)
        self.alive = [node for node in self.alive if id(node.obj) in there]
        self._drop_ended(homes, delta)
        self._swept = self.next
        return old

    def _drop_ended(self, homes: Collection[str], delta: GraphDelta) -> None:
        """Drop the streams that are no list's any more and hold nothing."""
        for name in sorted(self.ended - set(homes)):
            self.ended.discard(name)
            self._gone(name, delta)

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
        self.settled, self._cold, self._hot_nodes = Settled(), [], []
        self.longs, self.wholes, self.alive, self.ended = {}, {}, [], set()
        delta = self.begin(root)
        delta.gone += [*old, *sorted(streams)]
        delta.put[META] = self._told
        self.broken = False
        return delta
