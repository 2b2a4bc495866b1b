"""A take-over that is stopped within its opening, and goes on when the store is somebody else's."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from prometheus_persist.errors import StoreFailed
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings, locks, opening
from prometheus_persist.state import Agent
from prometheus_persist.storage import segments
from prometheus_persist.storage.fs import Handle, LocalFs
from prometheus_persist.storage.lock import StoreLock
from prometheus_persist.storage.store import Store


def opened(store: Path, *, take_over: bool = False, mirror: bool = True) -> Session:
    settings = Settings(background=False, mirror="behind" if mirror else "off")
    return Session.open(store, settings=settings, take_over=take_over)


class Once:
    """A fence that lets one write through, and not its acknowledgement."""

    asked = 0

    def __call__(self) -> None:
        self.asked += 1
        if self.asked > 1:
            raise StoreFailed("this writer is fenced off")


@pytest.mark.parametrize("mirror", [True, False], ids=["two copies", "one copy"])
@pytest.mark.parametrize(
    "stopped",
    ["before it heals", "before it makes a file", "before it renames", "until the next has healed"],
)
def test_an_opening_that_was_taken_over_from_puts_no_older_segment_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: str, mirror: bool
) -> None:
    """The writer was stopped within a write; the first take-over read before that write came down,
    the second one after it, and built on it. When the first one goes on, its segment is the past.
    """
    store = tmp_path / "store"
    writer = opened(store, mirror=mirror)
    writer.add_agents([Agent(agent_id="A")])
    others: list[Session] = []
    real_heal, real_create, real_rename = opening.heal, LocalFs.create, LocalFs.rename

    def meanwhile() -> None:
        monkeypatch.setattr(opening, "heal", real_heal)
        monkeypatch.setattr(LocalFs, "create", real_create)
        monkeypatch.setattr(LocalFs, "rename", real_rename)
        monkeypatch.setattr(writer._store._committer, "_fence", Once())
        writer.state.agents["A"].trade_count = 1
        with pytest.raises(StoreFailed):
            writer.save("it came down, and nobody was told")
        others.append(opened(store, take_over=True, mirror=mirror))
        assert others[0].state.agents["A"].trade_count == 1
        others[0].state.agents["A"].trade_count = 2
        others[0].save("acknowledged")

    def healed(*args: Any, **how: Any) -> list[str]:
        meanwhile()
        return real_heal(*args, **how)

    def created(fs: LocalFs, path: str) -> Handle:
        handle = real_create(fs, path)
        if ".wal" in path and path.endswith(".tmp"):
            meanwhile()
        return handle

    def renamed(fs: LocalFs, source: str, target: str) -> None:
        def begun(*args: Any, **how: Any) -> Store:
            monkeypatch.setattr(opening, "Store", Store)
            with contextlib.suppress(FileNotFoundError):
                real_rename(fs, source, target)
            return Store(*args, **how)

        if target.endswith(".wal"):
            if stopped == "until the next has healed":
                monkeypatch.setattr(opening, "Store", begun)
            meanwhile()  # the fence was asked by now
        real_rename(fs, source, target)

    if stopped == "before it heals":
        monkeypatch.setattr(opening, "heal", healed)
    elif stopped == "before it makes a file":
        monkeypatch.setattr(LocalFs, "create", created)
    else:
        monkeypatch.setattr(LocalFs, "rename", renamed)
    with pytest.raises(StoreFailed):
        opened(store, take_over=True, mirror=mirror)
    others[0].save("still ours")
    others[0].close(save=False)
    restored = restore(LocalFs(store))
    assert restored.documents["agents/A"]["trade_count"] == 2
    assert not [one for one in restored.facts.damages if one.outcome != "ignored"]


def test_an_opening_that_was_taken_over_from_cuts_no_proven_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where the newest frame was proven by a checkpoint, and is not written anew."""
    store = tmp_path / "store"
    writer = opened(store, mirror=False)
    writer.add_agents([Agent(agent_id="A")])
    writer.checkpoint()
    others: list[Session] = []
    armed: list[bool] = []
    real_heal, real_same, real_fence = opening.heal, segments.same_frames, StoreLock.fence

    def compared(data: bytes, due: bytes) -> bool:
        monkeypatch.setattr(segments, "same_frames", real_same)
        same = real_same(data, due)
        monkeypatch.setattr(writer._store._committer, "_fence", Once())
        writer.state.agents["A"].trade_count = 1
        with pytest.raises(StoreFailed):
            writer.save("it came down, and nobody was told")
        armed.append(True)
        return same

    def asked(lock: StoreLock) -> None:
        real_fence(lock)
        if armed:
            armed.clear()
            others.append(opened(store, take_over=True, mirror=False))
            assert others[0].state.agents["A"].trade_count == 1
            others[0].state.agents["A"].trade_count = 2
            others[0].save("acknowledged")

    def begins(*args: Any, **how: Any) -> list[str]:
        monkeypatch.setattr(segments, "same_frames", compared)
        monkeypatch.setattr(StoreLock, "fence", asked)
        monkeypatch.setattr(opening, "heal", real_heal)
        return real_heal(*args, **how)

    monkeypatch.setattr(opening, "heal", begins)
    with pytest.raises(StoreFailed):
        opened(store, take_over=True, mirror=False)
    others[0].save("still ours")
    others[0].close(save=False)
    assert restore(LocalFs(store)).documents["agents/A"]["trade_count"] == 2


def test_a_first_opening_that_was_taken_over_from_names_no_owner_of_the_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped before any of the steps by which it says whose the mirror is: the id that it made up
    is nobody's, and the store's own opens the mirror again."""
    real, stopped = locks.replace_file, list[Session]()
    settings = Settings(background=False, mirror_dir=str(tmp_path / "mirror"))

    def stops(*args: Any, **how: Any) -> None:
        monkeypatch.setattr(locks, "replace_file", real)
        stopped.append(Session.open(tmp_path / "store", settings=settings, take_over=True))
        stopped[0].add_agents([Agent(agent_id="A")])
        real(*args, **how)

    monkeypatch.setattr(locks, "replace_file", stops)
    with pytest.raises(StoreFailed):
        Session.open(tmp_path / "store", settings=settings)
    stopped[0].close()
    again = Session.open(tmp_path / "store", settings=settings)
    assert list(again.state.agents) == ["A"]
    again.close()
