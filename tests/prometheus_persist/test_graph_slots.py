"""What changed of a batch of objects (``slots.py``), and old records by where they are
(``settled.py``)."""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import graphkit
import numpy as np
import pytest
from graphkit import Entry, Kept, Root, digest

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.graph import slots
from prometheus_persist.graph.classes import ClassTable
from prometheus_persist.graph.kinds import Kinds
from prometheus_persist.graph.policy import policy
from prometheus_persist.graph.settled import Settled
from prometheus_persist.graph.slots import SlotBatch, alike
from prometheus_persist.graph.tracker import Tracker

KINDS = Kinds(ClassTable(["graphkit"]), policy())


class Text(str):
    """Equal to plain text, and another key."""

    __slots__ = ()


def entry(**attributes: object) -> Any:
    made = graphkit.bare(Entry)
    made.__dict__.update(attributes)
    return made


def renamed(one: dict[Any, Any]) -> None:
    one["renamed"] = one.pop("b")


def retyped(one: dict[Any, Any]) -> None:
    one[Text("b")] = one.pop("b")


def reordered(one: dict[Any, Any]) -> None:
    one["a"] = one.pop("a")


def replaced(one: dict[Any, Any]) -> None:
    one["a"] = float(repr(one["a"]))  # equal, and another object


def emptied(one: dict[Any, Any]) -> None:
    one.clear()


@pytest.mark.parametrize("change", [renamed, retyped, reordered, replaced, emptied])
@pytest.mark.parametrize("of_instances", [False, True])
def test_one_of_many_dicts_that_changed(
    change: Callable[[dict[Any, Any]], None], of_instances: bool
) -> None:
    """Renamed under the same value, a key of another type that is equal, another order, an equal
    value: each is a change, whichever way the batch is gone through."""
    found = [{"a": n + 0.5, "b": n + 0.25} for n in range(40)]
    objects = [entry(**each) for each in found] if of_instances else found
    batch = SlotBatch(objects, KINDS)
    assert (batch.changed(), batch.peek()) == ([], [])
    change(vars(objects[17]) if of_instances else objects[17])
    assert batch.peek() == [objects[17]]
    assert batch.changed() == [objects[17]]
    assert (batch.changed(), batch.peek()) == ([], [])


def test_what_two_dicts_have_together_is_not_what_each_has() -> None:
    """The last key of one becomes the first of its neighbour: keys and values in a row are the
    same."""
    first, second = {"a": 1.5, "b": 2.5}, {"c": 3.5}
    batch = SlotBatch([first, second], KINDS)
    value = first.pop("b")
    second.clear()
    second.update(b=value, c=batch._values[2])
    assert batch.changed() == [first, second]


def test_sizes_that_shift_among_dicts_under_the_same_keys() -> None:
    """The same keys and values in a row, one dict shorter and its neighbour longer: the keys tell,
    since no dict has one twice."""
    found: list[dict[str, float]] = [{"a": n + 0.5, "b": n + 0.25} for n in range(6)]
    batch = SlotBatch(found, KINDS)
    assert batch._uniform
    last = found[2].pop("b")
    assert batch.changed() == [found[2]]
    assert not batch._uniform
    found[2]["b"] = last
    assert batch.changed() == [found[2]]
    assert batch._uniform
    for each in found:
        each.clear()
    assert batch.changed() == found


def test_plain_dicts_are_gone_through_fast() -> None:
    """Or nothing is tested here; what has other keys is not, and is looked at all the same."""
    assert SlotBatch([{"a": 1}], KINDS)._fast
    odd: dict[Any, Any] = {1: "a", "b": 2}
    batch = SlotBatch([odd], KINDS)
    assert not batch._fast
    odd[True] = odd.pop(1)
    assert batch.changed() == [odd]


def test_alike_are_behind_one_another_as_they_lie() -> None:
    """Those of a class and shape, by their places in memory; none is lost."""
    objects: list[Any] = [(n % 2 and {"a": n}) or {"b": n, "c": n} for n in range(50)]
    found = alike(objects)
    assert sorted(map(id, found)) == sorted(map(id, objects))
    for part in (found[:25], found[25:]):
        assert len({tuple(each) for each in part}) == 1
        assert [*map(id, part)] == sorted(map(id, part))


def test_entries_are_found_before_and_after_they_are_packed() -> None:
    """And of two of one object the later holds."""
    settled = Settled()
    for number in range(100):
        settled.add(number * 16, number, "host/1/1")
    assert not settled.pack(least=1000)
    assert settled.pack(least=1)
    settled.add(32, 2, "host/1/2")
    assert settled.find(32) == (2, "host/1/2")
    assert settled.pack(least=0) is False  # too few, beside what there is
    assert (settled.find(48), settled.find(33)) == ((3, "host/1/1"), None)
    left = settled.only({32, 48, 64}, {64})
    assert dict(left.entries()) == {32: (2, "host/1/2"), 48: (3, "host/1/1")}
    assert isinstance(left._runs[0].idents, array)


def history() -> tuple[Any, Kept]:
    root: Any = Root()
    root.items = [{"n": n, "inner": {"x": n}, "pair": (n, [n])} for n in range(300)]
    kept = Kept(root)
    return root, kept


def test_no_node_is_kept_of_an_old_record() -> None:
    """Of a thousand objects those that may still change have one; after a restart as well."""
    root, kept = history()
    assert len(kept.tracker.nodes) < 60
    assert len(kept.tracker.settled) > 1100
    kept.restart()
    assert len(kept.tracker.nodes) < 60
    assert len(list(kept.tracker.objects())) == 2 + 4 * 300
    root = kept.root
    root.items[0]["inner"]["x"] = "late"
    kept.look(complete=True)
    assert digest(kept.again()[0]) == digest(root)


@pytest.mark.parametrize("where", ["record", "inner", "tuple", "list in it"])
def test_an_old_record_that_is_referred_to_anew_is_that_record(where: str) -> None:
    """And followed from then on; not a copy of it."""
    root, kept = history()
    old = root.items[7]
    root.again = {"record": old, "inner": old["inner"], "tuple": old["pair"]}.get(
        where, old["pair"][1]
    )
    told = kept.look()
    assert len(told.put) + len(told.set) == 1
    copy = kept.again()[0]
    assert digest(copy) == digest(root)
    old["inner"]["x"] = old["pair"][1]
    old["pair"][1].append("more")
    kept.look(complete=True)
    assert digest(kept.again()[0]) == digest(root)


def test_what_nothing_leads_to_any_more_is_no_record() -> None:
    """A place in memory that is used again means another object."""
    root, kept = history()
    for _ in range(3):
        kept.look(complete=True)
    del root.items[:200]
    kept.look(tidy=True)
    assert len(kept.tracker.settled) < 500
    root.more = [{"n": n} for n in range(50)]
    kept.look(complete=True)
    assert digest(kept.again()[0]) == digest(root)


@pytest.mark.parametrize(
    ("where", "name", "instead"),
    [
        (Settled, "find", lambda _self, _ident: None),
        (Tracker, "known_of", lambda _self, _held: []),
        (slots, "get_referents", lambda *_maps: []),
    ],
    ids=["forgotten", "nobody followed", "visited nothing"],
)
def test_the_random_graphs_notice(
    where: object, name: str, instead: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is broken here is seen by random graphs; a collector that visits nothing only costs
    time."""
    monkeypatch.setattr(where, name, instead)
    if name == "get_referents":
        assert sum(map(graphkit.play, range(10))) == 60
        return
    with pytest.raises((AssertionError, KeyError, StoreDamaged)):
        sum(map(graphkit.play, range(40)))


def test_values_that_are_read_but_once_are_exact() -> None:
    """The same time, the same member: one object, where nobody can tell; what is equal and another
    value (zeros, folds, zones, numbers of a type) stays what it is."""
    utc, noon = dt.UTC, dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001 as hosts do
    times = [noon, noon.replace(fold=1), noon.replace(tzinfo=utc), dt.date(2026, 1, 1)]
    zeros = [
        np.float64(0.0),
        np.float64(-0.0),
        0.0,
        -0.0,
        0,
        False,
        Decimal("0.0"),
        Decimal("-0.00"),
        Decimal(0),
        b"",
        "",
    ]
    root: Any = Root()
    root.items = [{"at": each, "n": n} for n in range(3) for each in [*times, *zeros]]
    copy = Kept(root).again()[0]
    assert digest(copy) == digest(root)
    assert [repr(each) for each in copy.items] == [repr(each) for each in root.items]


def test_a_dict_by_text_is_filled_before_a_key_of_another_is_hashed() -> None:
    """A key whose hash needs what is in a dict of its own."""
    root: Any = Root()
    inner = {"deep": {"n": 5}}
    key = (frozenset({("n", 5)}), 7)
    root.items = [{key: inner, (1, (2, ("x",))): [inner]}, {"again": key}]
    copy = Kept(root).again()[0]
    assert digest(copy) == digest(root)
    assert next(iter(copy.items[0])) is copy.items[1]["again"]


def test_the_last_key_of_all_becomes_one_of_another_type() -> None:
    """What is visited then only has that key more, at its end."""
    one: dict[Any, Any] = {"b": 1.5}
    batch = SlotBatch([{"a": 2.5}, one], KINDS)
    retyped(one)
    assert batch.changed() == [one]
