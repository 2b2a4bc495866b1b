"""Random graphs and named traps: what was captured comes back, whatever changed between (S8)."""

from __future__ import annotations

import collections
import itertools
import random
from collections.abc import Callable
from typing import Any

import graphkit
import numpy as np
import pytest
from graphkit import Entry, Kept, Loose, Pair, Root, bare
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.oracle.objects import digest
from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.graph import slots, tracker, writing
from prometheus_persist.graph.classes import ClassTable
from prometheus_persist.graph.node import GraphNode
from prometheus_persist.graph.policy import policy
from prometheus_persist.graph.survey import survey


def exact(kept: Kept) -> None:
    assert digest(kept.again()[0]) == digest(kept.root)


@given(seed=st.integers(0, 2**40))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_a_random_graph_comes_back_after_any_mutation(seed: int) -> None:
    """``python tests/prometheus_persist/graphkit.py 20000`` plays as many as you have time for."""
    assert graphkit.play(seed) == 6


def built() -> tuple[Root, Kept]:
    """A host with one of everything that matters, and a long list."""
    root: Any = Root()
    root.shared = {"z": 1, "a": [0.5]}
    root.items = [Entry(n, {"n": n}, root.shared) for n in range(100)]
    root.price, root.random = np.float64(1.5), random.Random(3)
    root.key_of = {(1, "x"): root.items[7]}
    root.me = root
    return root, Kept(root)


SABOTEURS: dict[str, Callable[[Any], object]] = {
    "alias": lambda root: setattr(root, "shared", {"z": 1, "a": [0.5]}),
    "alias-inside": lambda root: setattr(root.items[3], "名", dict(root.shared)),
    "float64": lambda root: setattr(root, "price", 1.5),
    "bits": lambda root: setattr(root, "price", np.float64(1.5000000000000002)),
    "order": lambda root: root.shared.update(z=root.shared.pop("z")),
    "type-of-a-number": lambda root: root.items[5].inner.update(n=5.0),
    "random": lambda root: root.random.random(),
    "cycle": lambda root: setattr(root, "me", bare(Root)),
    "one-of-many": lambda root: root.items.pop(50),
}


@pytest.mark.parametrize("name", SABOTEURS)
def test_the_digest_notices(name: str) -> None:
    """What the other tests compare by sees each property that somebody might lose."""
    root, kept = built()
    other = kept.again()[0]
    assert digest(other) == digest(root)
    SABOTEURS[name](other)
    assert digest(other) != digest(root)


def test_nothing_changed_nothing_written() -> None:
    _, kept = built()
    for complete in (True, False, True, False):
        assert kept.look(complete=complete).empty


def test_what_one_trade_touches_is_what_is_written() -> None:
    """One new record, one attribute: not the list, not the object, not the graph."""
    root, kept = built()
    for _ in range(3):
        kept.look()
    root.items.append(Entry(100, {}, root.shared))
    root.price = np.float64(2.5)
    delta = kept.look()
    assert (delta.put, delta.gone) == ({}, [])
    assert list(delta.set) == ["host/1"]
    assert len(delta.set["host/1"]) == 1
    assert [len(records) for records in delta.add.values()] == [1]
    exact(kept)


@pytest.mark.parametrize("complete", [False, True])
def test_trap_an_item_moves_from_the_end_of_one_list_to_the_head_of_its_neighbour(
    complete: bool,
) -> None:
    """The values of both, one behind the other, are what they were; the sizes are not."""
    root: Any = Root()
    root.items = [[1, 2, 3], [4, 5]]
    kept = Kept(root)
    root.items[1].insert(0, root.items[0].pop())
    kept.look(complete=complete)
    exact(kept)


def test_trap_a_key_is_renamed_and_its_value_stays() -> None:
    root: Any = Root()
    root.items = {"one": "same", "two": "same"}
    kept = Kept(root)
    root.items["three"] = root.items.pop("two")
    kept.look()
    exact(kept)


def test_trap_a_key_that_is_equal_is_another_key() -> None:
    """1, True and numpy's 1.0 are one key to a dict; which of them it holds is part of it."""
    root: Any = Root()
    root.items = {np.float64(1.0): "x", "y": 2}
    kept = Kept(root)
    del root.items[1.0]
    root.items[True] = "x"
    kept.look()
    exact(kept)


def test_trap_what_changes_right_after_its_first_look_is_seen() -> None:
    """A batch is taken with the writing, not at the next look."""
    root, kept = built()
    for _ in range(4):
        fresh: dict[str, Any] = {"a": 1}
        root.items.append(fresh)
        kept.look()
        fresh["a"] = 2
        kept.look()
        exact(kept)


def test_trap_a_long_list_becomes_short_and_long_again() -> None:
    root, kept = built()
    everything = list(root.items)
    for size in (3, 90, 64, 65, 0, 100):
        root.items[:] = everything[:size]
        kept.look()
        exact(kept)
        kept.restart()
        root = kept.root
        everything = everything if size == 0 else [*root.items, *everything[size:]]


def test_trap_a_dropped_head_with_a_shortened_tail() -> None:
    root, kept = built()
    del root.items[:10]
    del root.items[-1:]
    kept.look(complete=True)
    exact(kept)


def test_a_list_that_loses_its_head_at_each_append_does_not_grow_on_disk() -> None:
    """Its head is one number; now and then it begins anew, and what it was is dropped (S10)."""
    root, kept = built()
    for number in range(1300):
        root.items.append(Entry(number, None, None))
        del root.items[0]
        kept.look(complete=number % 100 == 99)
        if number % 600 == 599:
            kept.look(tidy=True)
            exact(kept)
    assert sum(map(len, kept.streams.values())) < 1300


def test_trap_rows_of_an_old_generation_outlive_it_while_they_are_needed() -> None:
    """A record that only an attribute still knows stands in the stream of a list's past."""
    root, kept = built()
    root.last = root.items[40]
    root.items = [Entry(n, None, None) for n in range(80)]
    kept.look(complete=True)
    kept.look(tidy=True)
    exact(kept)
    root.last = None
    kept.look()
    kept.look(tidy=True)
    assert len(kept.streams) == 1
    exact(kept)


def test_trap_garbage_names_what_was_removed() -> None:
    root: Any = Root()
    root.items = [[1], [2]]
    root.holder = bare(Loose)
    root.holder.of = root.items[0]
    kept = Kept(root)
    root.items, root.holder = [], None
    kept.look()
    kept.look(tidy=True)
    assert len(kept.documents) == 3  # the root, its list, and what is said of all
    exact(kept)


def test_trap_an_ordered_dict_knows_its_order_beside_its_keys() -> None:
    root: Any = Root()
    root.items = collections.OrderedDict((name, 0) for name in "abc")
    kept = Kept(root)
    root.items.move_to_end("a")
    kept.look()
    exact(kept)


def test_an_instance_gets_another_dict() -> None:
    root: Any = Root()
    root.items = bare(Loose)
    kept = Kept(root)
    root.items.__dict__ = {"a": 1}
    kept.look()
    exact(kept)


def test_a_class_is_live_once_an_old_instance_changes() -> None:
    """A list of a hundred agents is no history: from then on all of them are looked at."""
    root, kept = built()
    root.items[10].number = -1
    kept.look()  # among the first looks, which are complete
    assert kept.tracker.live == {Entry}
    for _ in range(3):
        kept.look()
    root.items[20].inner["n"] = "deep"
    assert kept.look().put
    exact(kept)
    kept.restart()
    kept.root.items[30].number = -2
    assert kept.look().put
    exact(kept)


def test_what_is_hot_stays_bounded_where_nobody_asks_for_a_complete_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host that only ever saves trades: its records cool. What changed among the cold before the
    hot were sorted, and was seen by no look yet, is not taken for seen."""
    monkeypatch.setattr(tracker, "SLICES", 0)
    root: Any = Root()
    root.items = [{"n": 0} for _ in range(100)]
    kept = Kept(root)
    for _ in range(4):
        kept.look()
    root.items[3]["n"] = "changed"
    for number in range(1000):
        root.items.append({"n": number, "inner": [number]})
        kept.look()
    assert len(kept.tracker._hot_nodes) < 300
    kept.look(complete=True)
    exact(kept)


def test_another_object_among_the_last_entries_is_seen_at_every_look() -> None:
    """The list is as long as before, and its ends are the same."""
    root, kept = built()
    for _ in range(4):
        kept.look()
    for back in range(2, 9):
        root.items[-back] = {"another": back}
        kept.look()
        exact(kept)


def test_a_late_find_is_counted_and_found() -> None:
    """Records that are plain dicts have no class that could be live: slices bound the lag."""
    root: Any = Root()
    root.items = [{"n": n} for n in range(500)]
    kept = Kept(root)
    for _ in range(4):
        kept.look()
    root.items[3]["n"] = "changed"
    assert [node.obj for node in kept.tracker.unsaved()] == [{"n": "changed"}]
    for _ in range(8):
        kept.look()
    assert kept.tracker.late == {"builtins:dict": 1}
    assert kept.tracker.unsaved() == []
    exact(kept)


def test_a_look_that_fails_writes_everything_anew() -> None:
    """What it took in was written nowhere: nothing may rely on it."""
    root, kept = built()
    root.bad, root.items = object(), [*root.items, 1]
    with pytest.raises(BadValue, match="builtins:object"):
        kept.look()
    del root.bad
    kept.look()
    exact(kept)
    assert len([name for name in kept.documents if name != "host/meta"]) < 20
    root.items.append(2)
    kept.look()
    exact(kept)


def test_keys_are_hashed_when_they_are_filled() -> None:
    """An object that hashes by its attributes has them before it becomes a key."""
    root: Any = Root()
    key = graphkit.Fixed(("deep", Pair(1, 2)), 3)
    root.items = {key: frozenset({graphkit.Fixed(1, 2)})}
    root.also = {key}
    kept = Kept(root)
    exact(kept)
    assert kept.again()[0].items[key]


def test_frozensets_of_very_many_objects_come_back() -> None:
    """One in each of more objects than Python stacks calls, and each of them leads to others."""
    root: Any = Root()
    root.items = [graphkit.bare(graphkit.Loose) for _ in range(1500)]
    for number, each in enumerate(root.items):
        each.tags = frozenset({"a", str(number)})
        each.peers = (number, frozenset(root.items[number - 3 : number]))
        each.waits = {frozenset({each}): number, each: {each}}
    again = Kept(root).again()[0]
    for number, each in enumerate(again.items):
        assert each.tags == frozenset({"a", str(number)})
        assert each.peers == (number, frozenset(again.items[number - 3 : number]))
        assert each.waits == {frozenset({each}): number, each: {each}}


@pytest.mark.parametrize("turned", [False, True], ids=["along", "against"])
def test_what_hashes_by_frozensets_of_its_like_comes_back(turned: bool) -> None:
    """Each is in the frozenset of the next; the first holds itself by what does not count."""
    root: Any = Root()
    nodes = [graphkit.Fixed(frozenset(), 0)]
    for number in range(1, 300):
        nodes.append(graphkit.Fixed((frozenset(nodes[-1:]), "x"), number))
    root.items = nodes[::-1] if turned else nodes
    root.mine = graphkit.Named("me")
    root.mine.peers = {"all": frozenset({root.mine, *nodes[:3]})}
    root.by = {each: number for number, each in enumerate(nodes[:9])}
    again = Kept(root).again()[0]
    found = again.items[::-1] if turned else again.items
    for before, each in itertools.pairwise(found):
        (inside,) = each.value[0]
        assert inside is before
    assert again.mine in again.mine.peers["all"]
    assert found[2] in again.mine.peers["all"]
    assert [again.by[each] for each in found[:9]] == list(range(9))


def test_tuples_and_frozensets_deep_inside_one_another_come_back() -> None:
    """A history that is kept as (before, now): nobody sees how deep it has become."""
    root: Any = Root()
    root.items, root.sets = (), frozenset()
    kept = Kept(root)
    for number in range(3000):
        root.items, root.sets = (root.items, number), frozenset({root.sets, number})
    kept.look()
    assert survey(root, ClassTable(["graphkit"]), policy()).problems == []
    items, sets, number = (again := kept.again()[0]).items, again.sets, 3000
    while items:
        number -= 1
        items, was = items
        assert was == number
        (sets,) = sets - {number}
    assert (number, sets) == (0, frozenset())


def test_what_cannot_be_hashed_any_more_is_named() -> None:
    root: Any = Root()
    root.items = {graphkit.Fixed((), 1)}
    kept = Kept(root)
    object.__setattr__(next(iter(root.items)), "value", [])
    kept.look()
    with pytest.raises(StoreDamaged, match=r"a 'set' of the host .* unhashable type: 'list'"):
        kept.again()


@pytest.mark.parametrize("where", [3, 150, -1], ids=["settled", "middle", "last"])
def test_what_was_made_one_of_another_class_comes_back_as_one(where: int) -> None:
    """``obj.__class__ = Closed``: its slots are as they were."""
    root: Any = Root()
    root.items = [bare(Loose) for _ in range(200)]
    root.items[where].kept = root.slots = bare(graphkit.Slotted)
    root.slots.first = 1
    kept = Kept(root)
    for _ in range(5):
        kept.look(complete=True)
    root.items[where].__class__ = graphkit.Named
    root.slots.__class__ = graphkit.SlottedLike
    assert {type(node.obj) for node in kept.tracker.unsaved()} == {
        graphkit.Named,
        graphkit.SlottedLike,
    }
    kept.look(complete=True)
    exact(kept)
    assert kept.tracker.unsaved() == []
    assert kept.restart().empty
    kept.root.items[where].__class__ = Loose
    kept.root.items[where].more = 1
    kept.look(complete=True)
    exact(kept)


def test_attributes_are_numbered_anew_when_many_came_and_went() -> None:
    root: Any = Root()
    root.items = {}
    kept = Kept(root)
    for number in range(500):
        root.items[f"order-{number}"] = number
        root.items.pop(f"order-{number - 3}", None)
        kept.look()
    exact(kept)
    (name,) = (name for name in kept.documents if name not in ("host/1", "host/meta"))
    assert len(kept.documents[name]) < 80


def test_withheld_places_keep_their_position() -> None:
    root: Any = Root()
    root.before, root.api_key, root.after = 1, "sentinel-5be1", 2
    root.inner = {"passphrase": "sentinel-5be1", "x": 1}
    kept = Kept(root, given=policy())
    assert "sentinel" not in str((kept.documents, kept.streams))
    again = kept.again()[1]
    assert [name for name, _ in again.attributes] == list(vars(root))
    assert {name for _, name, _ in again.withheld} == {"api_key", "passphrase"}


@pytest.mark.parametrize(
    ("where", "name", "instead"),
    [
        (slots, "is_", lambda a, b: True),
        (writing, "same", lambda now, old, drop, complete: True),
    ],
    ids=["slots-compared-by-nothing", "lists-never-change"],
)
def test_the_random_graphs_notice(
    where: object, name: str, instead: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tracker that does not look is caught within a few graphs."""
    monkeypatch.setattr(where, name, instead)
    with pytest.raises((AssertionError, KeyError)):
        sum(map(graphkit.play, range(40)))


def test_a_reference_that_is_written_as_a_copy_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker forgets whom it knows: aliases are lost."""
    known = writing.GraphWriter._object

    def forgetful(self: Any, obj: Any, kids: list[GraphNode], depth: int) -> Any:
        if type(obj) is Entry:
            self.nodes.pop(id(obj), None)
        return known(self, obj, kids, depth)

    monkeypatch.setattr(writing.GraphWriter, "_object", forgetful)
    root, kept = built()
    assert digest(kept.again()[0]) != digest(root)


def test_batches_of_old_records_share_their_keys() -> None:
    """Half of what a look remembers of them; one of them that gets another key is still seen."""
    root: Any = Root()
    root.items = [{"n": n, "inner": {"x": n}} for n in range(1200)]
    kept = Kept(root)
    for _ in range(4):
        kept.look(complete=True, tidy=True)
    lists = [batch.keys for batch in kept.tracker._cold]
    assert len({id(keys) for keys in lists}) < len(lists) // 2
    root.items[200]["later"] = root.items[210]["inner"].pop("x")
    kept.look(complete=True)
    exact(kept)
