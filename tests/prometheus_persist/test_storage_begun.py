"""A frame that is waited for is written at once, and the disk begins with it meanwhile."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from storekit import HookFs, StillClock, note, open_store

from prometheus_persist.errors import StoreFailed
from prometheus_persist.journal.change import Image
from prometheus_persist.journal.frame import COMMIT, Frame, read
from prometheus_persist.recovery import restore
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.store import Store
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()


def watched(seen: list[str]) -> tuple[Store, MemoryFs]:
    """A store whose writes and syncs of the journal are told, without a mirror."""

    def tell(operation: str, path: str, data: object) -> None:
        if "journal/" in path:
            seen.append(operation)

    inner = MemoryFs()
    store = open_store(HookFs(inner, tell), CLOCK, options=StoreOptions(mirror="off"))
    seen.clear()
    return store, inner


def frames(fs: MemoryFs) -> list[Frame]:
    """The commits of the newest segment."""
    name = max(fs.list_dir("incremental/journal"))
    data, offset, found = fs.read(f"incremental/journal/{name}"), 0, []
    while True:
        _, frame = read(data, offset)
        if frame is None:
            return [each for each in found if each.kind == COMMIT]
        found.append(frame)
        offset = frame.end


def test_the_disk_begins_with_a_commit_before_it_is_taken_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    store, _ = watched(seen)
    honest = Image.apply
    monkeypatch.setattr(
        Image, "apply", lambda image, *args: (seen.append("taken in"), honest(image, *args))
    )
    store.commit(note(1))
    assert seen == ["write", "taken in", "fsync"]
    seen.clear()
    ticket = store.enqueue(note(2))
    assert seen == ["taken in"], "nobody waits for it yet"
    ticket.wait()
    assert seen == ["taken in", "write", "fsync"]


def test_what_was_begun_and_never_waited_for_is_synced_with_the_next_and_says_so() -> None:
    """A call that a signal ended in between: nothing is written anew, and its frame proves no more
    than it can: the next one went down beside it."""
    seen: list[str] = []
    store, inner = watched(seen)
    left = store.enqueue(note(1), awaited=True)
    assert (seen, left.done) == (["write"], False)
    assert set(restore(inner.after_power_cut(), clock=CLOCK).documents) == set()
    store.commit(note(2))
    assert seen == ["write", "write", "fsync"]
    assert left.done
    assert left.durable() == left.seq
    store.commit(note(3))
    assert [each.joined for each in frames(inner)] == [False, True, False]
    assert len(restore(inner.after_power_cut(), clock=CLOCK).documents) == 3


@pytest.mark.parametrize("end", ["flush", "close", "snapshot"])
def test_what_was_begun_is_synced_by_whatever_syncs(end: str) -> None:
    store, inner = watched([])
    left = store.enqueue(note(1), awaited=True)
    {"flush": store.flush, "close": store.close, "snapshot": lambda: store.snapshot(1)}[end]()
    assert left.wait() == left.seq
    assert set(restore(inner.after_power_cut(), clock=CLOCK).documents) == set(note(1).put)


def test_a_sync_that_fails_fails_what_was_begun_too() -> None:
    """S7: both tickets fail, and so does everything after."""
    failing = [False]

    def fail(operation: str, path: str, data: object) -> None:
        if operation == "fsync" and failing[0]:
            raise OSError(5, os.strerror(5))

    store = open_store(HookFs(MemoryFs(), fail), CLOCK)
    left = store.enqueue(note(1), awaited=True)
    failing[0] = True
    with pytest.raises(StoreFailed):
        store.commit(note(2))
    with pytest.raises(StoreFailed):
        left.wait()
    with pytest.raises(StoreFailed):
        store.commit(note(3))


def test_what_was_begun_is_not_acknowledged_by_a_store_that_is_shut() -> None:
    store, _ = watched([])
    left = store.enqueue(note(1), awaited=True)
    store._committer.shut("somebody took over")
    with pytest.raises(StoreFailed, match="took over"):
        left.wait()


def test_behind_a_crowd_nobody_runs_ahead() -> None:
    """Those who were just told come back in a moment: their frames share a write."""
    seen: list[str] = []
    store, _ = watched(seen)
    store._committer._asleep._crowd = 4
    store.enqueue(note(1), awaited=True)
    assert seen == []


def test_in_a_crowd_frames_go_down_together() -> None:
    """Where others wait, a frame is left to whoever writes for all of them: one write, one sync."""
    seen: list[str] = []
    inside, go_on = threading.Event(), threading.Event()

    def tell(operation: str, path: str, data: object) -> None:
        if "journal/" in path:
            seen.append(operation)
            if operation == "fsync" and armed and not inside.is_set():
                inside.set()
                assert go_on.wait(10)

    armed: list[bool] = []
    store = open_store(HookFs(MemoryFs(), tell), CLOCK, options=StoreOptions(mirror="off"))
    armed.append(True)
    threads = [threading.Thread(target=store.commit, args=(note(n),)) for n in range(6)]
    threads[0].start()
    assert inside.wait(10)
    seen.clear()
    for thread in threads[1:]:
        thread.start()
    while len(store._committer._pending) < 5:
        pass
    assert seen == [], "the files are in use, and nobody waits for them with his frame in hand"
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert seen.count("fsync") <= 2


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system has no posix_fadvise")
def test_a_hint_covers_what_was_written_and_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clean page that is said to be needed no more is forgotten, and has to be read again."""
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(
        os, "posix_fadvise", lambda _, start, size, advice: told.append((start, size))
    )
    handle = LocalFs(tmp_path).create("file")
    handle.reserve(8192)
    handle.write(b"a" * 100)
    handle.begin_sync()
    handle.fsync()
    handle.write(b"b" * 30)
    handle.begin_sync()
    assert told == [(0, 100), (100, 30)]
    monkeypatch.setattr(os, "posix_fadvise", _refuses)
    handle.begin_sync()  # a disk that knows no hints
    handle.fsync()
    handle.close()
    assert (tmp_path / "file").read_bytes().rstrip(b"\0") == b"a" * 100 + b"b" * 30


def _refuses(*_: object) -> None:
    raise OSError(22, os.strerror(22))
