"""The disk seam: paths stay inside, writes are whole, replacing is atomic and durable."""

from __future__ import annotations

import errno
import gc
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from storekit import HookFs, StillClock, founding, open_store

from chaos.faults.deaths import deaths, every, rehearsed
from prometheus_persist.errors import BadValue, StoreFailed
from prometheus_persist.journal.change import Change
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import Fs, LocalFs, folders_held
from prometheus_persist.storage.layout import (
    is_snapshot,
    segment_epoch,
    segment_name,
    snapshot_name,
    snapshot_second,
)
from prometheus_persist.storage.replacing import (
    BATCH_FILES,
    renew_dirs,
    replace_file,
    replace_files,
)
from prometheus_persist.testing.memory_fs import MemoryFs

OUTSIDE = [
    "",
    "/",
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    "a/..",
    "a//b",
    "a/",
    "./a",
    "a\0b",
    ".",
]
CALLS: dict[str, Any] = {
    "read": lambda fs, path: fs.read(path),
    "size": lambda fs, path: fs.size(path),
    "create": lambda fs, path: fs.create(path),
    "append": lambda fs, path: fs.append(path),
    "unlink": lambda fs, path: fs.unlink(path),
    "rename from": lambda fs, path: fs.rename(path, "b"),
    "rename to": lambda fs, path: fs.rename("b", path),
}


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("call", CALLS)
def test_fs_refuses_paths_that_leave(tmp_path: Path, call: str, path: str) -> None:
    """An absolute, empty, dotted or NUL-bearing path is refused by every operation."""
    inside = tmp_path / "store"
    inside.mkdir()
    (inside / "b").write_bytes(b"kept")
    with pytest.raises(BadValue):
        CALLS[call](LocalFs(inside), path)
    assert (inside / "b").read_bytes() == b"kept"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store"]


@pytest.mark.parametrize("path", [p for p in OUTSIDE if p != "."])
def test_fs_refuses_directories_that_leave(tmp_path: Path, path: str) -> None:
    """The same for directories; the root itself is written as a single dot."""
    fs = LocalFs(tmp_path)
    for call in (fs.make_dir, fs.list_dir, fs.fsync_dir):
        with pytest.raises(BadValue):
            call(path)
    fs.fsync_dir(".")
    assert fs.list_dir(".") == []


def test_fs_does_what_it_says(tmp_path: Path) -> None:
    """Append appends, create empties, absent things are absent and not errors."""
    fs = LocalFs(tmp_path)
    fs.make_dir("a/b")
    fs.make_dir("a/b")
    for text in (b"one", b"two"):
        handle = fs.append("a/b/f")
        handle.write(text)
        handle.fsync()
        handle.close()
    assert (fs.read("a/b/f"), fs.size("a/b/f")) == (b"onetwo", 6)
    fs.create("a/b/f").close()
    assert fs.size("a/b/f") == 0
    assert (fs.size("a/none"), fs.size("a/b/f/none"), fs.list_dir("none")) == (None, None, [])
    fs.rename("a/b/f", "a/g")
    fs.unlink("a/none")
    assert (fs.list_dir("a"), fs.list_dir("a/g")) == (["b", "g"], [])
    with pytest.raises(FileNotFoundError):
        fs.read("a/none")


def test_fs_stays_in_the_directory_that_it_found(tmp_path: Path) -> None:
    """Moved away under it, with another one under the old name: every operation by name goes to
    the directory that was found, and nothing appears in the other."""
    old, away = tmp_path / "store", tmp_path / "moved"
    old.mkdir()
    fs = LocalFs(old)
    fs.make_dir("d")
    for name in ("cut", "gone", "from", "read"):
        fs.create(f"d/{name}").close()
    old.rename(away)
    (old / "d").mkdir(parents=True)
    for path in ("d/cut", "d/gone", "d/from", "d/read"):
        (old / path).write_bytes(b"theirs")
    for made in (fs.create("d/made"), fs.append("d/cut")):
        made.write(b"mine")
        made.close()
    fs.unlink("d/gone")
    fs.rename("d/from", "d/to")
    fs.make_dir("d/deep/er")
    fs.fsync_dir(".")
    assert (fs.size("d/cut"), fs.read("d/read"), fs.list_dir(".")) == (4, b"", ["d"])
    assert fs.list_dir("d") == ["cut", "deep", "made", "read", "to"]
    assert sorted(entry.name for entry in (away / "d").iterdir()) == fs.list_dir("d")
    theirs = {entry.name: entry.read_bytes() for entry in (old / "d").iterdir()}
    assert theirs == dict.fromkeys(("cut", "gone", "from", "read"), b"theirs")


def test_fs_a_folder_that_was_used_before_is_looked_up_by_its_name(tmp_path: Path) -> None:
    """Moved away, another one in its place: the name counts. A link in its place is not followed,
    though it leads to the same folder. Put back, it is used again; one above it likewise."""
    fs = LocalFs(tmp_path)
    fs.make_dir("a/b")
    replace_file(fs, "a/b/f", b"first")
    with folders_held():
        for folder in ("a/b", "a"):
            (tmp_path / folder).rename(tmp_path / "aside")
            assert fs.size("a/b/f") is None
            fs.make_dir("a/b")
            replace_file(fs, "a/b/f", b"second")
            assert (tmp_path / "a/b/f").read_bytes() == b"second"
            (tmp_path / folder).rename(tmp_path / "second")
            (tmp_path / folder).symlink_to(tmp_path / "second", target_is_directory=True)
            for look in (fs.read, fs.create, fs.unlink):
                with pytest.raises(OSError, match="link"):
                    look("a/b/f")
            (tmp_path / folder).unlink()
            shutil.rmtree(tmp_path / "second")
            with pytest.raises(FileNotFoundError):
                fs.create("a/b/g")
            (tmp_path / "aside").rename(tmp_path / folder)
            assert fs.read("a/b/f") == b"first"


def test_fs_folders_that_are_held_are_given_back(tmp_path: Path) -> None:
    """Each is opened once while they are held; none stays open, after an error neither."""

    def held() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    fs = LocalFs(tmp_path)
    gc.collect()
    fs.make_dir("a/b")
    before = held()
    with folders_held():
        for number in range(40):
            replace_file(fs, f"a/b/{number}", b"x")
            assert fs.size(f"a/b/{number}") == 1
            assert fs.size("a/c") is None
            assert held() <= before + 2
        assert held() == before + 2
    assert held() == before
    with pytest.raises(FileNotFoundError) as caught, folders_held():
        fs.read("a/b/none")
    with pytest.raises(FileNotFoundError):
        fs.read("a/none/none")
    assert held() == before, caught


def test_fs_in_a_directory_that_was_removed_nothing_is_and_nothing_is_made(tmp_path: Path) -> None:
    """Nor in the one that has its name by then."""
    root = tmp_path / "store"
    root.mkdir()
    fs = LocalFs(root)
    fs.create("f").close()
    shutil.rmtree(root)
    root.mkdir()
    for make in (lambda: fs.create("g"), lambda: fs.append("f"), lambda: fs.make_dir("d")):
        with pytest.raises(FileNotFoundError, match="store"):
            make()
    assert (fs.list_dir("."), fs.size("f")) == ([], None)
    assert list(root.iterdir()) == []


def test_fs_gives_the_directory_back(tmp_path: Path) -> None:
    """A thousand of them leave no descriptor behind; one that was closed finds nothing more."""
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(1000):
        LocalFs(tmp_path).list_dir(".")
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    fs = LocalFs(tmp_path)
    fs.create("f").close()
    fs.close()
    fs.close()
    for look in (lambda: fs.read("f"), lambda: fs.size("f"), lambda: fs.create("g")):
        with pytest.raises(OSError, match="Bad file descriptor"):
            look()


def test_fs_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that takes a few bytes at a time still gets all of them, in order, once."""
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, bytes(data[:3]), at))
    handle = LocalFs(tmp_path).create("f")
    handle.write(b"0123456789")
    handle.close()
    assert (tmp_path / "f").read_bytes() == b"0123456789"


def test_fs_a_write_that_takes_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel that takes no byte and names no error is an error, not an endless loop."""
    handle = LocalFs(tmp_path).create("f")
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: 0)
    with pytest.raises(OSError, match="took no byte"):
        handle.write(b"x")


def test_fs_reserved_space_whose_sync_fails_is_no_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that promised more than it has says ENOSPC in the sync: what was pending is gone, and
    the store is shut. ENOSPC in the write is a full disk, and nothing is gone."""
    store = open_store(LocalFs(tmp_path), StillClock(), options=StoreOptions(reserve_bytes=4096))

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", no_room)
        with pytest.raises(StoreFailed, match="nothing was taken in"):
            store.commit(Change("wide", put={"note": {"text": "x" * 9000}}))
    store.commit(founding())
    with monkeypatch.context() as thin:
        thin.setattr(os, "fsync", no_room)
        with pytest.raises(StoreFailed, match="the sync of reserved space failed"):
            store.commit(Change("wide", put={"note": {"text": "x" * 9000}}))
    with pytest.raises(StoreFailed, match="this store is shut"):
        store.commit(founding())
    store.close()


def test_fs_directories_are_renewed_without_a_trace_and_synced_by_who_makes_room() -> None:
    done: list[str] = []

    def see(op: str, path: str, data: bytes) -> None:
        done.append(f"{op} {path}")
        if op == "create" and full:
            raise OSError(full, "no")

    disk, full = MemoryFs(), 0
    disk.make_dir("d")
    renew_dirs(HookFs(disk, see), "d", ".")
    assert disk.contents() == {}
    assert [each for each in done if not each.startswith("close")] == [
        *("create d/renewed.tmp", "unlink d/renewed.tmp"),
        *("create renewed.tmp", "unlink renewed.tmp"),
        *("fsync_dir d", "fsync_dir ."),  # together: the disk's own journal is written once
    ]
    full = errno.ENOSPC
    renew_dirs(HookFs(disk, see), "d", making_room=True)
    assert done[-2:] == ["create d/renewed.tmp", "fsync_dir d"]
    with pytest.raises(OSError, match="no"):
        renew_dirs(HookFs(disk, see), "d")
    full = errno.EIO
    with pytest.raises(OSError, match="no"):
        renew_dirs(HookFs(disk, see), "d", making_room=True)


def test_fs_replace_goes_in_the_one_order_that_survives() -> None:
    """tmp → write → fsync → close → rename → fsync of the directory, and nothing else."""
    inner, seen = MemoryFs(), []
    inner.make_dir("d")
    inner.fsync_dir(".")
    replace_file(HookFs(inner, lambda op, path, data: seen.append((op, path))), "d/f", b"new")
    assert seen == [
        ("create", "d/f.tmp"),
        ("write", "d/f.tmp"),
        ("fsync", "d/f.tmp"),
        ("close", "d/f.tmp"),
        ("rename", "d/f"),
        ("fsync_dir", "d"),
    ]
    assert inner.after_power_cut().contents() == {"d/f": b"new"}


@pytest.mark.parametrize("failing", ["create", "write", "fsync", "close", "rename"])
def test_fs_a_failed_replace_leaves_the_old_file(failing: str) -> None:
    """Whichever step fails: the old content stands, the temporary files are gone, the error told.
    Nothing of a batch is renamed before all of it is synced."""
    inner = MemoryFs.of({"d/f": b"old", "d/g": b"old"})

    def fail(op: str, path: str, data: bytes) -> int | None:
        if op == failing and "d/g" in path:
            if op == "write":
                return len(data) // 2
            raise OSError(errno.EIO, "input/output error")
        return None

    with pytest.raises(OSError, match=r"error|space"):
        replace_files(HookFs(inner, fail), {"d/f": b"new", "d/g": b"new", "d/h": b"new"})
    first = b"new" if failing == "rename" else b"old"
    assert inner.contents() == {"d/f": first, "d/g": b"old"}


MANY = {f"{'de'[number % 2]}/{number:03d}": b"%d" % number for number in range(300)}


def test_fs_many_files_cost_one_sync_of_each_directory() -> None:
    """Every file is synced before the first of its batch is renamed; two batches are open at a
    time, and the second one is written before the first one is in place."""
    inner, done, opened, high = MemoryFs.of({"d/x": b"", "e/x": b""}), [], 0, 0

    def note(op: str, path: str, data: bytes) -> None:
        nonlocal opened, high
        opened += (op == "create") - (op == "close")
        high = max(high, opened)
        done.append((op, path))

    replace_files(HookFs(inner, note), iter(MANY.items()))
    assert {path: inner.contents()[path] for path in MANY} == MANY
    assert [path for op, path in done if op == "fsync_dir"] == ["d", "e"]
    assert BATCH_FILES < high <= 2 * BATCH_FILES
    at = {step: number for number, step in enumerate(done)}
    for path in MANY:
        steps = [(op, f"{path}.tmp") for op in ("create", "write", "fsync", "close")]
        assert [*steps, ("rename", path)] == sorted([*steps, ("rename", path)], key=at.__getitem__)
    names = list(MANY)
    for start in range(0, len(names), BATCH_FILES):
        batch = names[start : start + BATCH_FILES]
        synced = max(at["fsync", f"{path}.tmp"] for path in batch)
        assert synced < min(at["rename", path] for path in batch)
        for path in names[start + BATCH_FILES : start + 2 * BATCH_FILES]:
            assert at["write", f"{path}.tmp"] < min(at["rename", path] for path in batch)
    assert opened == 0


def test_fs_of_many_files_no_more_than_a_batch_is_made_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Contents are asked for as they are written: a million records are never there at once."""
    monkeypatch.setattr("prometheus_persist.storage.replacing.BATCH_BYTES", 1000)
    made, written = 0, 0

    def contents() -> Iterator[tuple[str, bytes]]:
        nonlocal made
        for number in range(100):
            made += 1
            assert made - written <= 20
            yield f"f{number}", bytes(100)

    def note(op: str, path: str, data: bytes) -> None:
        nonlocal written
        written += op == "rename"

    replace_files(HookFs(MemoryFs.of({}), note), contents())
    assert written == made == 100


@pytest.mark.parametrize("failing", ["create", "write", "fsync", "rename"])
def test_fs_of_many_files_none_stays_temporary_where_one_fails(failing: str) -> None:
    """In the second of three batches, of which two are under way: each file is old or new, those of
    the last batch are old, and no temporary file is left of any."""
    inner = MemoryFs.of(dict.fromkeys(MANY, b"old"))
    names, struck = list(MANY), [*MANY][BATCH_FILES + 7]

    def fail(op: str, path: str, data: bytes) -> int | None:
        if op == failing and path in (struck, f"{struck}.tmp"):
            raise OSError(errno.EIO, "input/output error")
        return None

    with pytest.raises(OSError, match="input/output"):
        replace_files(HookFs(inner, fail), MANY)
    left = inner.contents()
    assert left.keys() == MANY.keys()
    assert all(left[path] in (b"old", data) for path, data in MANY.items())
    assert all(left[path] == b"old" for path in (struck, *names[2 * BATCH_FILES :]))


def test_fs_what_cannot_be_made_leaves_no_temporary_file_of_what_could() -> None:
    """Contents of a later batch raise while an earlier one is under way."""
    inner = MemoryFs.of({"d/x": b"", "e/x": b""})

    def contents() -> Iterator[tuple[str, bytes]]:
        yield from list(MANY.items())[:BATCH_FILES]
        raise BadValue("no JSON")

    with pytest.raises(BadValue):
        replace_files(inner, contents())
    assert not [path for path in inner.contents() if path.endswith(".tmp")]


def test_fs_where_few_files_may_be_open_batches_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's files are open as well: an eighth of what may be is a batch's."""
    opened, high = 0, 0

    def note(op: str, path: str, data: bytes) -> None:
        nonlocal opened, high
        opened += (op == "create") - (op == "close")
        high = max(high, opened)

    monkeypatch.setattr("resource.getrlimit", lambda _: (64, 1024))
    disk = MemoryFs.of({"d/x": b"", "e/x": b""})
    replace_files(HookFs(disk, note), MANY)
    assert {path: disk.contents()[path] for path in MANY} == MANY
    assert high == 16


def test_fs_every_power_cut_in_a_batch_leaves_old_or_new() -> None:
    """Cut before any operation of a batch that threads sync: each file old or new, whole."""
    many = {path: b"new" + data for path, data in list(MANY.items())[:20]}

    def fresh() -> tuple[MemoryFs, None]:
        return MemoryFs.of(dict.fromkeys(many, b"old")), None

    def life(fs: Fs, _: None) -> None:
        replace_files(fs, many)

    assert rehearsed(fresh, life) == 20 * 4 + 2
    for seed in range(6):
        for one in deaths(every(stride=2), fresh, life):
            left = one.disk.after_power_cut(random.Random(seed) if seed else None).contents()
            assert all(left[path] in (b"old", data) for path, data in many.items())


def test_fs_every_power_cut_in_a_replace_leaves_old_or_new() -> None:
    """Cut before any operation, any legal part of the unsynced work kept: old or new, whole."""
    old, new = b"old content", b"the new content"
    for seed in range(35):
        for one in deaths(
            every(reads=True),
            lambda: (MemoryFs.of({"d/f": old}), None),
            lambda fs, _: replace_file(fs, "d/f", new),
        ):
            left = one.disk.after_power_cut(random.Random(seed) if seed else None).read("d/f")
            assert left in ([old, new] if one.switch.fired else [new])


def test_layout_names_round_trip_and_sort_by_age() -> None:
    """Names carry their epoch or second, sort by it, and nothing else is taken for one."""
    segments = [segment_name(1, 1), segment_name(1, 12), segment_name(2, 3), segment_name(10, 4)]
    assert segments == sorted(segments)
    assert [segment_epoch(name) for name in segments] == [1, 1, 2, 10]
    snapshots = [snapshot_name(second) for second in (0, 59, 60, 1_764_723_600)]
    assert snapshots == sorted(snapshots)
    assert snapshots[-1] == "snapshot_20251203_010000.zip"
    assert [snapshot_second(name) for name in snapshots] == [0, 59, 60, 1_764_723_600]
    strangers = [
        "snapshot_20251203_010000.zip.tmp",
        "snapshot_99999999_999999.zip",
        "snapshot_20250230_000000.zip",
        "snapshot_٢٠251203_010000.zip",
        "x_snapshot_20251203_010000.zip",
        "snapshot_20251203_010000.zip\n",
        "",
    ]
    assert not any(is_snapshot(name) for name in strangers)
    assert all(segment_epoch(name) is None for name in ("e1_s1.wal", "x", f"{segments[0]}.tmp"))
