"""When a commit, a checkpoint or a snapshot fails: the handle is shut, or nothing has changed."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from storekit import AGENTS, HookFs, StillClock, digest, founding, note, open_store, trade

from prometheus_persist.errors import BadValue, StoreFailed
from prometheus_persist.journal.archive import unpack
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.projection import unwrap
from prometheus_persist.recovery import restore
from prometheus_persist.state import state_from
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()


@pytest.mark.parametrize("failing", ["write journal", "write mirror", "fsync journal", "part"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_store_a_failed_commit_shuts_the_handle(failing: str, code: int) -> None:
    """S7: the save raises, nothing was acknowledged, nothing is retried, every later call raises;
    reopening from disk has every acknowledged commit, whole, and can go on."""
    inner, armed = MemoryFs(), [False]
    folder = "mirror" if failing.endswith("mirror") else "incremental/journal"

    def fail(op: str, path: str, data: bytes) -> int | None:
        if armed[0] and op == failing.split()[0].replace("part", "write") and folder in path:
            if failing == "part":
                return len(data) // 2
            raise OSError(code, "no")
        return None

    store = open_store(HookFs(inner, fail), CLOCK)
    for number in range(3):
        store.commit(note(number))
    kept = store.image.digest()
    armed[0] = True
    with pytest.raises(StoreFailed):
        store.commit(note(3))
    armed[0] = False
    size = inner.contents()
    for call in (lambda: store.commit(note(4)), store.checkpoint, lambda: store.snapshot(3)):
        with pytest.raises(StoreFailed, match="shut"):
            call()
    store.close()
    assert inner.contents() == size
    found = restore(inner, clock=CLOCK)
    assert found.image.digest() in {kept, with_note(kept, inner)}
    assert {d.outcome for d in found.facts.damages} <= {"ignored", "repaired"}
    again = open_store(inner, CLOCK)
    again.commit(note(5))
    assert digest(inner) == again.image.digest()


def with_note(kept: str, fs: MemoryFs) -> str:
    """The digest with the commit in flight, where all of its frame reached one copy."""
    found = restore(fs, clock=CLOCK)
    return found.image.digest() if found.documents["agents/0"]["n"] == 3 else kept


def interrupted(image: Image, change: Change, seq: int, time_ms: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("when", ["write", "fsync", "after"])
def test_store_an_interrupted_commit_shuts_the_handle(
    when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+C inside a commit may leave its frame on the disk: the handle is shut, so that no second
    frame of the same number can follow, and reopening finds every acknowledged commit."""
    inner, armed = MemoryFs(), [False]

    def interrupt(op: str, path: str, data: bytes) -> int | None:
        if armed[0] and op == when and "journal" in path:
            raise KeyboardInterrupt
        return None

    store = open_store(HookFs(inner, interrupt), CLOCK)
    store.commit(note(1))
    if when == "after":
        monkeypatch.setattr(Image, "apply", interrupted)
    armed[0] = True
    with pytest.raises(KeyboardInterrupt):
        store.commit(note(2))
    armed[0] = False
    monkeypatch.undo()
    with pytest.raises(StoreFailed, match="interrupted"):
        store.commit(note(3))
    store.close()
    found = restore(inner, clock=CLOCK)
    assert found.documents["agents/1"]["n"] == 1
    assert ("agents/2" in found.documents) == (
        when != "write"
    )  # it was written, and not acknowledged
    again = open_store(inner, CLOCK)
    again.commit(note(4))
    assert digest(inner) == again.image.digest()


@pytest.mark.parametrize("what", ["checkpoint", "snapshot"])
@pytest.mark.parametrize(
    "op", ["create", "write", "fsync", "rename", "fsync_dir", "unlink", "read"]
)
def test_store_a_full_disk_in_a_checkpoint_or_snapshot(what: str, op: str) -> None:
    """ENOSPC there raises, leaves every old file whole and no temporary one, shuts nothing, and
    the next one works once there is room again."""
    inner, armed = MemoryFs(), [False]

    def full(name: str, path: str, data: bytes) -> int | None:
        if armed[0] and name == op and not path.endswith(".wal"):
            if name == "write":
                return len(data) // 3
            raise OSError(errno.ENOSPC, "no space left on device")
        return None

    store = open_store(HookFs(inner, full), CLOCK)
    act = store.checkpoint if what == "checkpoint" else lambda: store.snapshot(1)
    store.commit(founding())
    act()
    store.commit(note(1))
    armed[0] = True
    if op == "unlink" or (what == "checkpoint" and op == "read"):
        act()  # neither removes anything here: the old snapshot moves into the history
    else:
        with pytest.raises(StoreFailed):
            act()
    armed[0] = False
    assert not [name for name in inner.contents() if name.endswith(".tmp")]
    check_readable(inner)
    store.commit(note(2))
    act()
    assert digest(inner) == store.image.digest()
    assert restore(inner, clock=CLOCK).facts.damages == ()


def check_readable(fs: MemoryFs) -> None:
    for path, data in fs.contents().items():
        if path.endswith(".zip"):
            unpack(data, path)
        elif path.endswith(".json"):
            unwrap(path.removeprefix("incremental/"), data, path)


def test_store_a_mirror_that_cannot_be_synced_shuts_the_handle() -> None:
    """A failed fsync is a failed fsync: also that of the mirror, in a checkpoint."""
    inner, armed = MemoryFs(), [False]

    def fail(op: str, path: str, data: bytes) -> int | None:
        if armed[0] and op == "fsync" and path.startswith("mirror"):
            raise OSError(errno.EIO, "input/output error")
        return None

    store = open_store(HookFs(inner, fail), CLOCK)
    store.commit(note(1))
    armed[0] = True
    for call in (store.checkpoint, lambda: store.commit(note(2))):
        with pytest.raises(StoreFailed):
            call()


def test_store_what_cannot_be_written_exactly_changes_nothing() -> None:
    """A NaN, a giant or a nesting bomb is refused before a byte is written; the store goes on."""
    inner = MemoryFs()
    store = open_store(inner, CLOCK)
    store.commit(note(1))
    before = inner.contents()
    deep: Any = 1
    for _ in range(90):
        deep = [deep]
    for bad in (float("nan"), 10**70, "\ud800", {1: 2}, deep, "x" * (65 * 2**20)):
        with pytest.raises(BadValue):
            store.commit(Change("x", put={"agents/0": {"v": bad}}))
    assert inner.contents() == before
    store.commit(note(2))
    store.checkpoint()
    store.snapshot(3)
    assert digest(inner) == store.image.digest()


def test_store_a_snapshot_that_was_written_badly_replaces_nothing() -> None:
    """A snapshot is read back before an old one goes; one that is not sound keeps the old ones."""
    inner, bad = MemoryFs(), [False]

    class Rotten(HookFs):
        def read(self, path: str) -> bytes:
            data = inner.read(path)
            return data[:-9] + b"x" + data[-8:] if bad[0] and path.endswith(".zip") else data

    store = open_store(Rotten(inner, lambda op, path, data: None), CLOCK)
    store.commit(note(1))
    old = store.snapshot(1)
    bad[0] = True
    store.commit(note(2))
    with pytest.raises(Exception, match="snapshot"):
        store.snapshot(1)
    assert inner.size(old) is not None


def test_store_a_checkpoint_that_failed_leaves_nothing_out() -> None:
    """What was to be refreshed when the disk failed is refreshed by the next one, together with
    what has changed meanwhile."""
    inner, armed = MemoryFs(), [False]

    def fail(op: str, path: str, data: bytes) -> None:
        if armed[0] and op == "create":
            raise OSError(errno.EIO, "input/output error")

    store = open_store(HookFs(inner, fail), CLOCK)
    store.commit(founding())
    store.checkpoint()
    state = state_from(store.image.documents)
    store.commit(trade(state, 1))
    armed[0] = True
    with pytest.raises(StoreFailed):
        store.checkpoint()
    armed[0] = False
    store.commit(trade(state, 2))
    names = store.checkpoint()
    assert len([name for name in names if name.startswith("agents/")]) == len(AGENTS)
