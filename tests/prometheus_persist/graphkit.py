"""Graphs of somebody else's objects for tests: classes, random graphs, what is stored of them.

``python graphkit.py 20000`` plays that many graphs and says what it came to.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import json
import random
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from chaos.oracle.objects import digest
from prometheus_persist.graph.classes import ClassTable
from prometheus_persist.graph.node import GraphDelta
from prometheus_persist.graph.policy import HostPolicy, policy
from prometheus_persist.graph.rebuild import Rebuilt, fill, rebuild
from prometheus_persist.graph.tracker import META, Tracker


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Loose:
    """Attributes come and go."""

    def __init__(self) -> None:
        raise AssertionError("a constructor was called")


@dataclasses.dataclass
class Entry:
    number: int
    inner: object
    名: object


class Slotted:
    __slots__ = ("first", "second")


class SlottedLike:
    """What a ``Slotted`` can become."""

    __slots__ = ("first", "second")


class SlottedMore(Slotted):
    """Slots of a base, and a ``__dict__``."""


@dataclasses.dataclass(frozen=True)
class Fixed:
    value: object
    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class FixedSlots:
    value: object


class Named:
    """Is what it is called, whatever else it has."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class Keyed(NamedTuple):
    """One of its fields is called a secret."""

    api_key: str
    amount: int


class Pair(NamedTuple):
    one: object
    two: object


class Root:
    """What is attached."""

    def __init__(self) -> None:
        self.items: list[Any] = []


def bare(cls: type) -> Any:
    return object.__new__(cls)


class Kept:
    """A tracker and what was stored of its deltas, through JSON as an archive writes it."""

    def __init__(
        self, root: Any, *, long: int = 64, batch: int = 48, given: HostPolicy | None = None
    ) -> None:
        self.root, self.policy = root, given or policy()
        self.documents: dict[str, Any] = {}
        self.streams: dict[str, list[Any]] = {}
        self.long, self.batch = long, batch
        self.tracker = Tracker(ClassTable(["graphkit"]), self.policy, long=long, batch=batch)
        self.take(self.tracker.begin(root))

    def take(self, delta: GraphDelta) -> GraphDelta:
        def again(told: Any) -> Any:
            return json.loads(json.dumps(told, sort_keys=True, allow_nan=False))

        for name, row in delta.put.items():
            self.documents[name] = again(row)
        for name, fields in delta.set.items():
            self.documents[name] = self.documents[name] | again(fields)
        for name in delta.gone:
            self.documents.pop(name, None)
            self.streams.pop(name, None)
        for name, records in delta.add.items():
            self.streams.setdefault(name, []).extend(again(records))
        return delta

    def look(self, *, complete: bool = False, tidy: bool = False) -> GraphDelta:
        return self.take(self.tracker.look(complete=complete, tidy=tidy))

    def again(self) -> tuple[Any, Rebuilt, ClassTable]:
        """The root as a restore makes it."""
        meta = self.documents[META]
        table = ClassTable(["graphkit"], meta["classes"])
        root = bare(type(self.root))
        found = rebuild(meta, self.documents, self.streams, table, self.policy, root)
        fill(root, found)
        return root, found, table

    def restart(self) -> GraphDelta:
        """Go on in a new process, as it were; what the first look there writes."""
        self.root, found, table = self.again()
        self.tracker = Tracker(table, self.policy, long=self.long, batch=self.batch)
        return self.take(self.tracker.adopt(self.root, found))


LEAVES: tuple[Callable[[random.Random], object], ...] = (
    lambda r: None,
    lambda r: r.random() < 0.5,
    lambda r: r.randint(-5, 5),
    lambda r: (-1) ** r.randint(0, 1) * 2 ** r.randint(60, 300),
    lambda r: r.choice([1.5, 0.0, -0.0, float("nan"), -float("inf"), 1e300, 5e-324]),
    lambda r: r.choice(["", "a", "文", "\ud800x", "~", "$", "#"]),
    lambda r: np.float64(r.choice([1.5, float("nan"), -0.0])),
    lambda r: r.choice([np.int64(3), np.float32(0.1), np.bool_(True), np.longlong(4), np.uint8(5)]),
    lambda r: r.choice([np.str_("t\0"), np.bytes_(b"a\0"), np.datetime64("2025-01-01T00:00:01")]),
    lambda r: dt.datetime(2025, 1, 1, 2, 3, 4, r.randint(0, 9)),  # noqa: DTZ001
    lambda r: dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    lambda r: dt.datetime(2025, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=8), "CST")),
    lambda r: dt.datetime(2025, 10, 26, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
    lambda r: dt.time(1, 2, 3, fold=1),
    lambda r: dt.date(2025, 1, 1),
    lambda r: dt.timedelta(1, 2, 3),
    lambda r: decimal.Decimal(r.choice(["1.10", "-0E+3", "sNaN12"])),
    lambda r: r.choice([*Colour, Right.READ | Right.WRITE, Right(0)]),
    lambda r: r.choice([b"\x00\xff", uuid.UUID(int=5), 1 + 2j, range(3, 9, 2), Fixed, int]),
    lambda r: r.choice([(), frozenset()]),
)
KEYS: tuple[object, ...] = (
    1, 2.5, "k", "~k", "$", None, True, Colour.RED, Colour.BLUE, (1, 2), dt.date(2025, 1, 1),
    np.float64(2.5), Pair(1, "x"), frozenset({1, 2}),
)  # fmt: skip


def leaf(r: random.Random) -> object:
    return r.choice(LEAVES)(r)


def grown(r: random.Random, pool: list[Any], depth: int) -> Any:
    """A value, or an object that may lead to others, and to those of ``pool``."""
    if pool and r.random() < 0.25:
        return r.choice(pool)
    if depth <= 0 or r.random() < 0.3:
        return leaf(r)

    def inner() -> Any:
        return grown(r, pool, depth - 1)

    def put(x: Any) -> Any:
        pool.append(x)
        return x

    size = r.randint(0, 9)
    match r.randrange(15):
        case 0 | 1 | 2:
            x = put([])
            x.extend(inner() for _ in range(size))
        case 3 | 4:
            x = put({})
            for number in range(size):
                x[r.choice([r.choice(KEYS), f"k{number}"])] = inner()
        case 5:
            x = tuple(inner() for _ in range(size))
        case 6:
            x = put({r.choice(KEYS) for _ in range(size)})
        case 7:
            x = put(collections.deque((inner() for _ in range(size)), maxlen=r.choice([None, 4])))
        case 8 | 9:
            x = put(bare(r.choice([Loose, SlottedMore])))
            for number in range(size):
                setattr(x, f"a{number}", inner())
        case 10:
            x = put(Entry(1, [], {}))
            x.inner, x.名 = inner(), inner()
        case 11:
            x = put(bare(r.choice([Slotted, SlottedMore])))
            x.first = inner()
        case 12:
            x = r.choice([Fixed(inner(), 1), Pair(inner(), inner()), FixedSlots(inner())])
        case 13:
            x = put(collections.defaultdict(r.choice([list, None, Entry])))
            x["q"] = inner()
        case _:
            x = whole(r, size)
    return x


def whole(r: random.Random, size: int) -> object:
    made: Callable[[], object] = r.choice([
        lambda: np.arange(size, dtype="f4"),
        lambda: np.asfortranarray(np.ones((2, size), dtype="q")),
        lambda: np.random.default_rng(size),
        lambda: np.random.RandomState(size),
        lambda: random.Random(size),
        lambda: bytearray(b"ab"),
        lambda: frozenset({1, "a"}),
        lambda: collections.OrderedDict(a=1, b=[2]),
        lambda: collections.Counter("aab"),
    ])  # fmt: skip
    return made()


def mutate(r: random.Random, pool: list[Any]) -> None:
    """Change something in the graph, as a host would."""
    for _ in range(r.randint(1, 5)):
        x, value = r.choice(pool), grown(r, pool, 2)
        if isinstance(x, list):
            _mutate_list(r, pool, x, value)
        elif isinstance(x, dict):
            if x and r.random() < 0.4:
                key = r.choice(list(x))
                was = x.pop(key)
                x[r.choice([key, "new"])] = was
            else:
                x[r.choice(KEYS)] = value
        elif isinstance(x, set):
            (x.add if r.random() < 0.6 else x.discard)(r.choice(KEYS))
        elif isinstance(x, collections.deque):
            x.append(value)
        elif isinstance(x, (Loose, SlottedMore)):
            if vars(x) and r.random() < 0.3:
                delattr(x, r.choice(list(vars(x))))
            else:
                setattr(x, f"a{r.randint(0, 9)}", value)
        elif isinstance(x, Entry):
            x.inner = value
        elif isinstance(x, Slotted):
            x.second = value


def _mutate_list(r: random.Random, pool: list[Any], x: list[Any], value: Any) -> None:
    match r.randrange(7):
        case 3 if x:
            x[r.randrange(len(x))] = value
        case 4 if x:
            del x[: r.randint(1, len(x))]
        case 5:
            x.insert(0, value)
        case 6 if x:
            r.choice([each for each in pool if isinstance(each, list)]).insert(0, x.pop())
        case _:
            x.append(value)


def play(seed: int) -> int:
    """One random graph, mutated between looks, restored and gone on with; the looks compared."""
    r = random.Random(seed)
    root, looks = Root(), 0
    pool: list[Any] = [root.items]
    root.items.extend(grown(r, pool, 4) for _ in range(4))
    kept = Kept(root, long=r.choice([3, 6, 64]), batch=5)
    for step in range(6):
        assert digest(kept.again()[0]) == digest(kept.root), f"seed {seed}, step {step}"
        looks += 1
        if step == 3 and r.random() < 0.5:
            wrote = kept.restart()
            assert (wrote.put, wrote.set, wrote.add) == ({}, {}, {}), f"seed {seed}"
            known = list(kept.tracker.objects())
            pool = [each for each in known if not isinstance(each, (tuple, frozenset, Root))]
        mutate(r, pool)
        if r.random() < 0.3:
            kept.look()
        if r.random() < 0.3:
            kept.look(tidy=True)
        kept.look(complete=True)
    return looks


def main(wanted: int) -> None:
    """Play so many; says what it came to."""
    began = time.process_time()
    compared = sum(map(play, range(wanted)))
    spent = time.process_time() - began
    print(
        f"{wanted} graphs, {compared} comparisons, 0 differences, {spent:.0f} s of processor time"
    )


if __name__ == "__main__":
    import graphkit  # the classes are this module's, and not __main__'s

    graphkit.main(int(sys.argv[1]))
