"""Python's collector: held off while a store is read, and kept from what a large one holds."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from storekit import HookFs, Ids, StillClock

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.change import Change
from prometheus_persist.reconcile.books import StreamIndex
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.storage import collecting
from prometheus_persist.storage.collecting import Aside
from prometheus_persist.storage.fs import LocalFs


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    on = gc.isenabled()
    yield
    gc.unfreeze()
    (gc.enable if on else gc.disable)()


def opened(root: Path, fs: HookFs | None = None) -> Session:
    return Session.open(root, fs=fs, clock=StillClock(step_ms=1), ids=Ids(), settings=Settings())


def filled(root: Path, agents: int) -> Path:
    with opened(root) as session:
        session.add_agents([Agent(agent_id=f"a{number}") for number in range(agents)])
    return root


def booked(number: int) -> dict[str, Any]:
    return {
        "agent_id": "a0", "category": "normal", "cl_ord_id": "a0x", "fee": "0", "ord_id": "1",
        "fill_id": f"BTC-USDT-SWAP:{number}", "inst_id": "BTC-USDT-SWAP", "mgn_mode": "cross",
        "pnl": "0", "pos_side": "net", "px": "1", "qty_contracts": "0", "side": "buy",
        "source": "live", "ts_ms": number, "version": number,
    }  # fmt: skip


def looked_through(session: Session) -> bool:
    """Whether a full pass of the collector goes through what the store holds."""
    tracked = {id(one) for one in gc.get_objects()}
    held = [one.__dict__ for one in session.state.agents.values()]
    held += [one for one in session._store.image.documents.values() if gc.is_tracked(one)]
    return not tracked.isdisjoint(map(id, held))


def test_a_large_store_is_not_looked_through_until_its_session_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No pass over it in the middle of a save; a small one changes nothing of the collector."""
    filled(tmp_path, 20)
    with opened(tmp_path) as session:
        assert looked_through(session)
        assert gc.get_freeze_count() == 0
    monkeypatch.setattr(collecting, "MANY_OBJECTS", 100)
    with opened(tmp_path) as session:
        assert not looked_through(session)
        assert gc.isenabled()
        session.recover(None)
        assert not looked_through(session)
    assert gc.get_freeze_count() == 0


def test_what_grows_by_much_is_put_aside_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """By as many as make a pass long; not for every little that is added."""
    passes: list[int] = []
    monkeypatch.setattr(gc, "collect", passes.append)
    monkeypatch.setattr(collecting, "MANY_OBJECTS", 100)
    aside = Aside()
    for objects in (99, 100, 150, 199, 200, 250, 300):
        aside.put(objects)
    assert passes == [1, 1, 1]
    aside.give_back()
    assert gc.get_freeze_count() == 0


def test_a_recovery_does_not_have_everything_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is old, a million ids among it, is put aside without a look; young cycles are freed."""
    filled(tmp_path, 20)
    monkeypatch.setattr(collecting, "MANY_OBJECTS", 100)
    thresholds, seen = gc.get_threshold(), []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    class Cycle:
        def __init__(self) -> None:
            self.me = self

    with opened(tmp_path) as session:
        gc.callbacks.append(note)
        gc.set_threshold(0)  # only what somebody asks for
        try:
            session._context.aside.give_back()
            session._context.aside = Aside()  # as if it had grown by as much
            young = weakref.ref(Cycle())
            session.recover(None)
            assert gc.get_freeze_count() > 0
            assert seen == [1]
            assert young() is None
        finally:
            gc.set_threshold(*thresholds)
            gc.callbacks.remove(note)


def test_what_is_known_to_be_much_is_put_aside_without_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long ledger's index: what was young before is looked at, and the index by no pass at all,
    of the recovery's end neither."""
    with opened(filled(tmp_path, 2)) as session:
        session._store.commit(Change("bulk", add={PUBLIC_TRADES: [booked(n) for n in range(150)]}))
    monkeypatch.setattr(collecting, "MANY_OBJECTS", 100)
    seen: list[int] = []
    on: list[bool] = []
    take = StreamIndex.take

    def watched(index: StreamIndex, *at: Any) -> None:
        on.append(gc.isenabled())
        take(index, *at)

    class Cycle:
        def __init__(self) -> None:
            self.me = self

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    monkeypatch.setattr(StreamIndex, "take", watched)
    thresholds = gc.get_threshold()
    with opened(tmp_path) as session:
        gc.callbacks.append(note)
        gc.set_threshold(0)  # only what somebody asks for
        try:
            young = weakref.ref(Cycle())
            session.recover(None)
            assert young() is None
            assert seen == [1]
            assert on[0] is False
            assert all(on[1:])  # nothing is left that would be much
            assert gc.isenabled()
            recent = session._context.index.recent
            assert len(recent) == 150
            assert {id(one) for one in gc.get_objects()}.isdisjoint(map(id, recent))
        finally:
            gc.set_threshold(*thresholds)
            gc.callbacks.remove(note)
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("objects", [99, 100])
def test_a_block_that_fails_or_makes_little_leaves_the_collector_as_it_was(
    monkeypatch: pytest.MonkeyPatch, objects: int
) -> None:
    monkeypatch.setattr(collecting, "MANY_OBJECTS", 100)
    aside, on = Aside(), []
    with aside.meanwhile(99):
        on.append(gc.isenabled())

    def fail() -> None:
        with aside.meanwhile(objects):
            on.append(gc.isenabled())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert on == [True, objects < 100]
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    passes: list[int] = []
    monkeypatch.setattr(gc, "collect", passes.append)
    aside.put(100)
    assert passes == [1], "what failed was taken for done"
    aside.give_back()


def test_one_that_put_nothing_aside_gives_nothing_back() -> None:
    """What a host had left out itself stays so."""
    gc.freeze()
    aside = Aside()
    aside.put(5)
    aside.give_back()
    assert gc.get_freeze_count() > 0


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_held_off_while_a_store_is_read(tmp_path: Path, on: bool) -> None:
    """In an opening and in any restore, those that fail included; then it is as it was."""
    filled(tmp_path, 2)
    seen: list[bool] = []

    def note(op: str, path: str, data: bytes) -> None:
        if op == "read" and path.endswith(".wal"):
            seen.append(gc.isenabled())

    (gc.enable if on else gc.disable)()
    opened(tmp_path, HookFs(LocalFs(tmp_path), note)).close(save=False)
    assert seen[0] is False  # the clean-up beside it reads as well, later
    seen.clear()
    restore(HookFs(LocalFs(tmp_path), note))
    assert gc.isenabled() is on
    for copy in ("incremental/journal", "mirror"):
        for path in (tmp_path / copy).iterdir():
            path.unlink()
    with pytest.raises(StoreDamaged):
        opened(tmp_path)
    assert gc.isenabled() is on
    assert seen
    assert not any(seen)
