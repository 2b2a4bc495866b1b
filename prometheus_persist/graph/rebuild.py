"""The host's objects again, from their rows: no constructor is called, no code of the host runs.

Rows are indexed first: a node's document wins over its place in a record, and of two places the one
of the later generation. Then objects are made from the root on, so that rows of what is garbage are
never looked at: first empty ones (``object.__new__``), then what is in lists and attributes, and
last dicts and sets, whose keys must be filled before they are hashed.

Tuples and frozensets cannot be empty first: they are made from the inside out. Whatever hashes
objects of the host waits until all others are filled (``hashed.py``): where a frozenset, or a tuple
with one in it, is held meanwhile, ``Later`` stands for it.

The root is an object that is there already: it keeps its identity, and gets its attributes last, by
``fill``. Until then nothing that is alive has been touched; whatever is wrong with the rows is
raised before.

Raises ``StoreDamaged``, naming class, attribute and number.

(Over 300 lines: empty, filled and late are one recursion over one set of tables.)
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import is_
from typing import Any, Final

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.graph.classes import ClassTable, name_of
from prometheus_persist.graph.hashed import Waiting, references
from prometheus_persist.graph.kinds import (
    MAPPINGS,
    SLOTS,
    UNCHANGING,
    WHOLE,
    attributes,
    made_by,
    own_dict,
    remade,
)
from prometheus_persist.graph.node import FAMILY, Row
from prometheus_persist.graph.policy import HostPolicy
from prometheus_persist.graph.rebinding import Withheld
from prometheus_persist.graph.values import CENSORED, WITHHELD, Json, Leaves

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
_TEXT: Final = frozenset({str})
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})  # JSON that stands for itself
_ONCE: Final = frozenset({"d", "e"})  # tags of values of which the same are read but once
_LEFT_OUT: Final = frozenset({WITHHELD[0], CENSORED})
_UNKNOWN: Final = object()


@dataclass(slots=True)
class Rebuilt:
    """Every object by its number, its row, and the stream that has it (empty: a document)."""

    meta: Row
    objects: dict[int, Any] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)
    homes: dict[int, str] = field(default_factory=dict)
    streams: set[str] = field(default_factory=set)
    generations: dict[int, int] = field(default_factory=dict)  # the last, of each list
    withheld: list[Withheld] = field(default_factory=list)
    attributes: list[tuple[str, Any]] = field(default_factory=list)
    slotless: dict[int, dict[str, Any]] = field(default_factory=dict)  # what no slot is left for
    altered: set[int] = field(default_factory=set)  # what ``upcast`` changed
    unlike: set[int] = field(default_factory=set)  # whose rows may not be what they are now
    next: int = 1


def entries_of(row: Row) -> list[tuple[int, list[Json]]]:
    """What names or keys a row has, and what is under them, in their order."""
    if "v" in row:
        flat = row["v"]
        return list(enumerate(map(list, zip(flat[::2], flat[1::2], strict=True))))
    found = [(int(name), pair) for name, pair in row.items() if pair and name.isdecimal()]
    return sorted(found)


def columns_of(row: Row) -> tuple[list[Json], list[Json]]:
    """The same, names or keys apart from what is under them, without the numbers."""
    if "v" in row:
        flat = row["v"]
        return flat[::2], flat[1::2]
    pairs = [pair for _, pair in entries_of(row)]
    return [name for name, _ in pairs], [told for _, told in pairs]


def rebuild(
    meta: Row,
    documents: Mapping[str, Row],
    streams: Mapping[str, Iterable[Row]],
    table: ClassTable,
    policy: HostPolicy,
    root: Any,
) -> Rebuilt:
    """Everything below ``root``; ``fill`` then gives it to the root itself."""
    return _Rebuilder(meta, documents, streams, table, policy).made(root)


def fill(root: Any, rebuilt: Rebuilt) -> None:
    """Give the root what it had: exactly these attributes, in their order."""
    _put(root, rebuilt.attributes)


def upcast(rebuilt: Rebuilt, steps: Mapping[str, Upcast], root: Any) -> None:
    """Give each object of a class what its step makes of its attributes; everything is there and
    filled by then. ``steps`` are by ``module:qualname``. Raises BadValue for a step that returns no
    attributes, StoreDamaged for an attribute that an object has no slot for."""
    for oid, obj in rebuilt.objects.items() if steps else ():
        step = steps.get(name_of(type(obj)))
        if step is None:
            continue
        slotless = rebuilt.slotless.get(oid, {})
        before = dict(rebuilt.attributes) if obj is root else {**attributes(obj), **slotless}
        after = step(dict(before))
        if not isinstance(after, dict):
            cls, kind = name_of(type(obj)), type(after).__qualname__
            raise BadValue(f"upcast of {cls} returned a {kind}, no dict of attributes by name")
        if list(after) == list(before) and all(map(is_, after.values(), before.values())):
            continue
        rebuilt.altered.add(oid)
        rebuilt.slotless.pop(oid, None)
        if obj is root:
            rebuilt.attributes = list(after.items())
        else:
            _refuse_slotless(obj, oid, after)
            _put(obj, after.items())
    for oid, fields in rebuilt.slotless.items():
        _refuse_slotless(rebuilt.objects[oid], oid, fields)
    _refuse_slotless(root, rebuilt.meta["root"], dict(rebuilt.attributes))


def is_bare(obj: Any) -> bool:
    """Whether an object has slots and nothing else."""
    return not hasattr(type(obj), "__dict__") or type(obj).__dictoffset__ == 0


def _refuse_slotless(obj: Any, oid: int, fields: Iterable[str]) -> None:
    left = [name for name in fields if name not in SLOTS[type(obj)]] if is_bare(obj) else ()
    for name in left:
        raise StoreDamaged(
            f"{type(obj).__qualname__}.{name} of the host's object {oid} has no slot any more; "
            "say its new name in rename, or leave it out by a step in upcast"
        )


def _put(obj: Any, pairs: Iterable[tuple[str, Any]]) -> None:
    """Exactly these attributes."""
    own, slots = own_dict(obj), SLOTS[type(obj)]
    own.clear()
    left = dict(slots)
    for name, value in pairs:
        if left.pop(name, None) is not None:
            slots[name].__set__(obj, value)
        else:
            own[name] = value
    for name in left.keys() & attributes(obj).keys():
        slots[name].__delete__(obj)


class _Rebuilder:
    def __init__(
        self,
        meta: Row,
        documents: Mapping[str, Row],
        streams: Mapping[str, Iterable[Row]],
        table: ClassTable,
        policy: HostPolicy,
    ) -> None:
        self._table, self._policy, self._leaves = table, policy, Leaves(table)
        self._found = Rebuilt(meta)
        self._records: dict[str, list[Row]] = {}
        self._texts: dict[str, str] = {}  # names and keys, each but once
        self._read: dict[tuple[Json, ...], Any] = {}
        self._queue: list[int] = []
        self._late: list[int] = []
        self._index(documents, streams)
        self._waiting = Waiting(self._found.objects, self._row, self._records)
        self._holders = self._waiting.holders

    def _index(self, documents: Mapping[str, Row], streams: Mapping[str, Iterable[Row]]) -> None:
        found = self._found
        own = {int(key.rpartition("/")[2]): key for key in documents if _is_node(key)}
        for name in sorted((name for name in streams if _is_list(name)), key=_generation):
            found.streams.add(name)
            oid, generation = map(int, name.split("/")[1:])
            found.generations[oid] = generation
            row = documents.get(own.get(oid, ""), {})
            records = list(streams[name])
            if row.get("@") == "L" and row["s"] == generation:
                self._records[name] = records
            level = [each for record in records if type(each := record["e"]) is dict]
            while level:  # what stands inside one another, all of a depth at once
                oids = [inner["#"] for inner in level]
                found.rows.update(zip(oids, level, strict=True))
                found.homes.update(dict.fromkeys(oids, name))
                level = [
                    each
                    for inner in level
                    if inner["@"] not in WHOLE
                    for each in inner["v"]
                    if type(each) is dict
                ]
        for oid, key in own.items():
            found.rows[oid] = documents[key]
            found.homes[oid] = ""
        found.next = 1 + max([*found.rows, *found.generations], default=0)

    def made(self, root: Any) -> Rebuilt:
        found, oid = self._found, self._found.meta["root"]
        row = self._row(oid)
        cls = self._table.find(row["@"])
        if cls is not type(root):
            raise StoreDamaged(f"the host's root was a {cls.__qualname__}, not what is attached")
        found.objects[oid] = root
        found.attributes += zip(*self._attributes(root, row, oid), strict=True)
        while self._queue or self._late:
            self._fill_all()
            if self._late:
                self._fill_late(self._late.pop())
        self._waiting.make()
        now = self._waiting.now
        found.attributes = [(name, now(value)) for name, value in found.attributes]
        for fields in found.slotless.values():
            fields.update((name, now(value)) for name, value in fields.items())
        return found

    def _row(self, oid: int) -> Row:
        row = self._found.rows.get(oid)
        if row is None:
            raise StoreDamaged(f"the host's object {oid} is named and not there")
        return row

    def _value(self, told: Json) -> Any:
        if type(told) is dict:
            return self._object(told["#"])
        if type(told) is not list:
            return told
        tag = told[0]
        if tag == "$":
            return self._object(told[1])
        if tag not in _ONCE:
            return self._leaves.read(told)
        try:
            found = self._read.get(key := tuple(told), _UNKNOWN)
        except TypeError:  # a list in it, which no such value has
            return self._leaves.read(told)
        if found is _UNKNOWN:
            found = self._read[key] = self._leaves.read(told)
        return found

    def _values(self, told: list[Json]) -> list[Any]:
        """All of them; the list itself where nothing in it stands for something else."""
        if _PLAIN.issuperset(map(type, told)):
            return told
        value = self._value
        return [each if type(each) in _PLAIN else value(each) for each in told]

    def _keys(self, told: list[Json]) -> list[Any]:
        texts = self._texts
        if _TEXT.issuperset(map(type, told)):
            return list(map(texts.setdefault, told, told))
        return [
            texts.setdefault(each, each) if type(each) is str else self._value(each)
            for each in told
        ]

    def _held(self, owner: Any, names: list[Any], told: list[Json], oid: int) -> list[Any]:
        """What is under names or keys; a place that is withheld is noted and kept free."""
        if _PLAIN.issuperset(map(type, told)):
            return told
        found, value = list(told), self._value
        for at, each in enumerate(told):
            if type(each) in _PLAIN:
                continue
            told_of = each[0] if type(each) is list else ""
            found[at] = None if told_of == WITHHELD[0] else value(each)
            if told_of in _LEFT_OUT:
                self._found.withheld.append((owner, names[at], found[at]))
                self._found.unlike.add(oid)
        return found

    def _object(self, oid: int) -> Any:
        known = self._found.objects
        made = known.get(oid, _UNKNOWN)
        if made is _UNKNOWN:
            row = self._row(oid)
            kind = row["@"]
            if kind in UNCHANGING:
                if not _PLAIN.issuperset(map(type, told := row["v"])):
                    return self._unchanging(oid)
                made = known[oid] = self._made_of(row)(told)
                return made
            made = known[oid] = self._empty(kind, row)
            if kind not in WHOLE:
                (self._late if kind == "s" else self._queue).append(oid)
        return made

    def _unchanging(self, oid: int) -> Any:
        """A tuple or frozenset, behind those in it, however deep they stand."""
        known, todo, begun = self._found.objects, [oid], set[int]()
        while todo:
            at = todo[-1]
            row = self._row(at)
            inside = [
                each
                for each in references(row["v"])
                if each not in known and self._row(each)["@"] in UNCHANGING
            ]
            if not inside:
                todo.pop()
                if at not in known:
                    known[at] = self._whole(at, row)
            elif at in begun:
                raise StoreDamaged(f"the host's object {at} holds itself, and never changes")
            else:
                begun.add(at)
                todo += inside
        return known[oid]

    def _whole(self, oid: int, row: Row) -> Any:
        """What never changes, of what is in it; ``Later`` where that is not there yet."""
        kind, items = row["@"], self._values(row["v"])
        if self._waiting.has_to(kind, row["v"], items):
            return self._waiting.later(oid, items, self._made_of(row))
        return self._made_of(row)(items)

    def _made_of(self, row: Row) -> Callable[[list[Any]], Any]:
        match row["@"]:
            case "t":
                return tuple
            case "fs":
                return frozenset
        return partial(tuple.__new__, self._table.find(row["c"]))

    def _empty(self, kind: Json, row: Row) -> Any:
        """An object before it is filled."""
        if type(kind) is int:
            return object.__new__(self._table.find(kind))
        if kind in WHOLE:
            return remade(kind, row["v"], self._policy)
        match kind:
            case "l" | "L":
                return []
            case "d":
                return {}
            case "s":
                return set()
            case "od":
                return OrderedDict()
            case "ct":
                return Counter()
            case "dd":
                return defaultdict(made_by(row["f"], self._table))
            case "q":
                return deque(maxlen=row["m"])
        raise StoreDamaged(f"the host's objects have a kind {kind!r}, which nothing is")

    def _fill_all(self) -> None:
        while self._queue:
            oid = self._queue.pop()
            made, row = self._found.objects[oid], self._row(oid)
            if type(row["@"]) is int:
                self._fill_instance(made, row, oid)
            elif row["@"] in MAPPINGS:
                self._fill_mapping(made, row, oid)
            elif row["@"] == "L":
                name = f"{FAMILY}/{oid}/{row['s']}"
                self._fill_list(made, [each["e"] for each in self._records[name][row["d"] :]])
            elif row["@"] in ("l", "q"):
                self._fill_list(made, row["v"])

    def _fill_list(self, made: Any, told: list[Json]) -> None:
        items = self._values(told)
        if self._holders:
            self._waiting.held(made, range(len(items)), items)
        made += items

    def _fill_instance(self, made: Any, row: Row, oid: int) -> None:
        own, slots = own_dict(made), SLOTS[type(made)]
        bare = is_bare(made)
        names, values = self._attributes(made, row, oid)
        if self._holders:
            self._waiting.held(made, names, values)
        if not slots and not bare:
            own.update(zip(names, values, strict=True))
            return
        for name, value in zip(names, values, strict=True):
            if name in slots:
                slots[name].__set__(made, value)
            elif bare:
                self._found.slotless.setdefault(oid, {})[name] = value
            else:
                own[name] = value

    def _attributes(self, owner: Any, row: Row, oid: int) -> tuple[list[Any], list[Any]]:
        """The attributes that a row has, by their present names."""
        told_names, told = columns_of(row)
        names, renamed = self._keys(told_names), self._policy.renamed
        if renamed:
            told_names, names = names, [self._renamed(owner, name) for name in names]
            if names != told_names:
                self._found.unlike.add(oid)
        return names, self._held(owner, names, told, oid)

    def _renamed(self, owner: Any, name: Any) -> Any:
        """An attribute's present name, by its class or one that this inherits from."""
        for cls in type(owner).__mro__:
            now = self._policy.renamed.get(f"{cls.__qualname__}.{name}")
            if now is not None:
                return now
        return name

    def _fill_late(self, oid: int) -> None:
        """A set, or a dict whose keys are not all text: now, or when its keys can be hashed."""
        made, row = self._found.objects[oid], self._row(oid)
        if row["@"] == "s":
            items = self._values(row["v"])
            if self._waiting.has_to("s", row["v"], items):
                self._waiting.fill(oid, items, made.update)
            else:
                made.update(items)
            return
        told_keys, told = columns_of(row)
        keys = self._keys(told_keys)
        values = self._held(made, keys, told, oid)
        if self._waiting.has_to("d", told_keys, keys):
            self._waiting.fill(oid, keys, partial(self._put_items, made, values=values))
        else:
            self._put_items(made, keys, values)

    def _fill_mapping(self, made: Any, row: Row, oid: int) -> None:
        """At once where all keys are text; else later, when they have been filled themselves."""
        keys, told = columns_of(row)
        if not _TEXT.issuperset(map(type, keys)):
            self._late.append(oid)
            return
        keys = self._keys(keys)
        self._put_items(made, keys, self._held(made, keys, told, oid))

    def _put_items(self, made: Any, keys: list[Any], values: list[Any]) -> None:
        if self._holders:
            values = list(map(self._waiting.now, values))
            self._waiting.held(made, keys, values)
        if type(made) is not OrderedDict:
            dict.update(made, zip(keys, values, strict=True))
            return
        for key, value in zip(keys, values, strict=True):
            OrderedDict.__setitem__(made, key, value)


def _is_node(key: str) -> bool:
    head, _, rest = key.partition("/")
    return head == FAMILY and rest.isdecimal()


def _is_list(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 3 and parts[0] == FAMILY and parts[1].isdecimal() and parts[2].isdecimal()


def _generation(name: str) -> int:
    return int(name.rpartition("/")[2])
