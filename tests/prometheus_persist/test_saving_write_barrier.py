"""A settled record that is written is in the next save; its class is the host's own afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphkit import Entry, Fixed, FixedSlots, Kept, Loose, Root, Slotted, SlottedMore, bare

from chaos.oracle.objects import digest
from prometheus_persist import attach
from prometheus_persist.graph import tracker
from prometheus_persist.saving import host_capture
from prometheus_persist.saving.write_barrier import DELETE, SET, WriteBarrier
from prometheus_persist.session import Session

RECORDS = 300


class Checked:
    """Has its own say in what is written."""

    x: Any

    def __setattr__(self, name: str, value: object) -> None:
        if name == "forbidden":
            raise ValueError(name)
        object.__setattr__(self, name, value)


class CheckedToo(Checked):
    pass


@dataclasses.dataclass
class Fill:
    """A record."""

    px: float
    note: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class Tight:
    px: float


class Owner:
    def __init__(self) -> None:
        self.fills: list[Any] = []


@pytest.fixture(autouse=True)
def _no_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing old is looked at by chance."""
    monkeypatch.setattr(tracker, "SLICES", 0)


def settled(cls: type) -> tuple[Any, Kept]:
    """A host with a long list of old records of this class."""
    root: Any = Root()
    root.items = [bare(cls) for _ in range(RECORDS)]
    for number, each in enumerate(root.items):
        each.first = number
    kept = Kept(root)
    for _ in range(4):
        kept.look()
    return root, kept


def exact(kept: Kept) -> bool:
    return digest(kept.again()[0]) == digest(kept.root)


@pytest.fixture(params=[Loose, Slotted, SlottedMore], ids=lambda cls: cls.__name__)
def guarded(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Kept, WriteBarrier, type]]:
    cls: type = request.param
    before = dict(vars(cls))
    root, kept = settled(cls)
    barrier = WriteBarrier(kept.tracker.note)
    barrier.hold(kept.tracker.guarded)
    yield root, kept, barrier, cls
    barrier.let_go()
    assert dict(vars(cls)) == before


def test_a_record_that_is_written_is_in_the_next_look(
    guarded: tuple[Any, Kept, WriteBarrier, type],
) -> None:
    """Nothing of it is late; its class is none of records from then on, and no longer guarded."""
    root, kept, barrier, cls = guarded
    root.items[5].first = "written"
    del root.items[6].first
    root.items[7].second = [1]
    kept.look()
    assert exact(kept)
    assert (kept.tracker.late, kept.tracker.live) == ({}, {cls})
    barrier.hold(kept.tracker.guarded)
    assert not {SET, DELETE} & vars(cls).keys()
    root.items[9].first = "later"
    kept.look()
    assert exact(kept)
    assert kept.tracker.late == {}


def test_what_goes_past_is_found_late_and_said(
    guarded: tuple[Any, Kept, WriteBarrier, type],
) -> None:
    root, kept, _, cls = guarded
    object.__setattr__(root.items[5], "first", "past")
    kept.look()
    assert not exact(kept)
    kept.look(complete=True)
    assert exact(kept)
    assert kept.tracker.late == {f"{cls.__module__}:{cls.__qualname__}": 1}


def test_errors_and_properties_are_what_they_were(
    guarded: tuple[Any, Kept, WriteBarrier, type],
) -> None:
    root, kept, _, cls = guarded
    with pytest.raises(AttributeError):
        del root.items[3].nothing
    if cls is Slotted:
        with pytest.raises(AttributeError):
            root.items[3].nothing = 1
    kept.look()
    assert exact(kept)


def test_a_learning_look_looks_at_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """What becomes hot is taken as it is: an instance that changed unseen would be lost."""
    root, kept = settled(Loose)
    monkeypatch.setattr(tracker, "SLICES", 1)
    for each in (root.items[0], root.items[150], root.items[280]):
        object.__setattr__(each, "first", "past")
    for _ in range(20):
        kept.look()
        if kept.tracker.late:
            break
    assert exact(kept)
    assert kept.tracker.late == {"graphkit:Loose": 3}


def test_what_was_late_once_is_counted_once() -> None:
    """Its old batch remembers it as it was; what it is now is seen in time."""
    root, kept = settled(Loose)
    object.__setattr__(root.items[5], "first", "past")
    kept.look(complete=True)
    for number in range(3):
        root.items[5].first = number
        kept.look(complete=number == 2)
        assert exact(kept)
    assert kept.tracker.late == {"graphkit:Loose": 1}


@pytest.mark.parametrize("cls", [Fixed, FixedSlots, Checked, CheckedToo])
def test_a_class_with_its_own_say_is_left_alone(cls: type) -> None:
    before = dict(vars(cls))
    barrier = WriteBarrier(lambda obj: None)
    barrier.hold({cls})
    assert dict(vars(cls)) == before
    barrier.let_go()
    assert dict(vars(cls)) == before


def test_two_hosts_of_one_class_do_not_take_it_from_each_other() -> None:
    before, told = dict(vars(Entry)), list[Any]()
    one, other = WriteBarrier(lambda obj: told.append(1)), WriteBarrier(lambda obj: told.append(2))
    one.hold({Entry})
    other.hold({Entry})
    one.let_go()
    Entry(1, None, None)
    assert set(told) == {2}
    other.let_go()
    Entry(1, None, None)
    assert set(told) == {2}
    assert dict(vars(Entry)) == before


def test_what_the_host_put_in_its_place_stays() -> None:
    told = list[Any]()
    barrier = WriteBarrier(told.append)
    barrier.hold({Loose})
    ours = vars(Loose)[SET]

    def his(self: Any, name: str, value: object) -> None:
        ours(self, name, value)

    Loose.__setattr__ = his  # type: ignore[method-assign,assignment]
    barrier.let_go()
    assert vars(Loose)[SET] is his
    assert DELETE not in vars(Loose)
    each: Any = bare(Loose)
    each.x = 1
    assert (vars(each), told) == ({"x": 1}, [])
    del Loose.__setattr__


def test_a_base_and_its_subclass_are_guarded_each_for_itself() -> None:
    told = list[Any]()
    barrier = WriteBarrier(told.append)
    barrier.hold({Slotted, SlottedMore})
    barrier.hold({SlottedMore})
    each: Any = bare(SlottedMore)
    each.first, each.more = 1, 2
    assert len(told) == 2
    assert (each.first, each.more) == (1, 2)
    barrier.let_go()
    assert SET not in vars(SlottedMore)


@pytest.mark.parametrize("cls", [Fill, Tight])
@pytest.mark.parametrize("how", ["closed", "let-go", "failed"])
def test_attached_and_let_go(
    cls: Any, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session guards what it has learned are records, until it ends, however that is."""
    before = dict(vars(cls))
    owner = Owner()
    owner.fills = [cls(float(number)) for number in range(RECORDS)]
    host = attach(owner, tmp_path, [__name__])
    assert dict(vars(cls)) == before
    for number in range(4):
        owner.fills.append(cls(float(number)))
        host.save()
    assert SET in vars(cls)
    owner.fills[3].px = -1.0
    host.save()
    assert (host.check(), dict(host.late)) == ([], {})
    assert dict(vars(cls)) == before  # a class that is written is none of records
    if how == "failed":
        monkeypatch.setattr(Session, "checkpoint", None)
        monkeypatch.setattr(host_capture.HostCapture, "take", None)
        with pytest.raises(TypeError):
            host.close()
    else:
        host.close(save=how == "closed")
    assert dict(vars(cls)) == before


@pytest.mark.parametrize("save", [False, True])
def test_classes_are_the_hosts_own_after_a_close(save: bool, tmp_path: Path) -> None:
    before = dict(vars(Fill))
    owner = Owner()
    owner.fills = [Fill(float(number)) for number in range(RECORDS)]
    host = attach(owner, tmp_path, [__name__])
    for _ in range(4):
        owner.fills.append(Fill(0.5))
        host.save()
    assert vars(Fill).keys() - before.keys() == {SET, DELETE}
    host.close(save=save)
    assert dict(vars(Fill)) == before


def test_a_look_at_everything_each_time_needs_no_barrier(tmp_path: Path) -> None:
    before = dict(vars(Fill))
    owner = Owner()
    owner.fills = [Fill(float(number)) for number in range(RECORDS)]
    with attach(owner, tmp_path, [__name__], detect="complete") as host:
        for _ in range(5):
            owner.fills.append(Fill(0.5))
            host.save()
        assert dict(vars(Fill)) == before
