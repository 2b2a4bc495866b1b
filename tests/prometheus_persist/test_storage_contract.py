"""The storage contract: local files and the disk in memory both keep it; wrong disks do not."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest

from prometheus_persist.storage.fs import Fs, LocalFs
from prometheus_persist.storage.replacing import replace_file
from prometheus_persist.testing.fs_contract import FsContract, PowerContract, run_contract
from prometheus_persist.testing.memory_fs import MemoryFs


class TestMemoryKeepsTheContract(PowerContract):
    """The reference implementation."""

    def make_fs(self) -> Fs:
        return MemoryFs()

    def cut_power(self, fs: Fs) -> Fs:
        assert isinstance(fs, MemoryFs)
        return fs.after_power_cut()


class TestLocalFilesKeepTheContract(FsContract):
    """Files of this machine."""

    @pytest.fixture(autouse=True)
    def _directory(self, tmp_path: Path) -> None:
        self.root = tmp_path

    def make_fs(self) -> Fs:
        return LocalFs(tempfile.mkdtemp(dir=self.root))


class Wrong(PowerContract):
    """Memory, with one thing about it wrong."""

    def make_fs(self) -> Fs:
        return MemoryFs()

    def cut_power(self, fs: Fs) -> Fs:
        assert isinstance(fs, MemoryFs)
        return fs.after_power_cut()


def sabotaged(**change: Any) -> type[Wrong]:
    kind = type("Sabotaged", (MemoryFs,), change)
    return type("Contract", (Wrong,), {"make_fs": lambda self: kind()})


def no_sync(self: MemoryFs, path: str) -> None:
    """A directory sync that does nothing."""


def forgetful(self: MemoryFs, path: str) -> Any:
    return self.create(path)


def unsorted(self: MemoryFs, path: str) -> list[str]:
    return MemoryFs.list_dir(self, path)[::-1]


def unchecked(self: MemoryFs, path: str) -> int | None:
    return 0


@pytest.mark.parametrize(
    ("change", "caught"),
    [
        ({"fsync_dir": no_sync}, "test_power_keeps_what_was_synced"),
        ({"append": forgetful}, "test_append_goes_on_and_create_begins_anew"),
        ({"list_dir": unsorted}, "test_directories_list_what_is_in_them"),
        ({"size": unchecked}, "test_paths_never_leave"),
        ({"rename": lambda self, a, b: None}, "test_rename_replaces"),
        ({"unlink": lambda self, a: None}, "test_directories_list_what_is_in_them"),
        ({"make_dir": lambda self, a: None}, "test_a_damaged_copy_is_healed"),
    ],
)
def test_contract_catches_a_wrong_disk(change: Any, caught: str) -> None:
    """Each sabotaged operation fails the check that is about it."""
    assert run_contract(Wrong) == []
    assert caught in {line.partition(":")[0] for line in run_contract(sabotaged(**change))}


def test_contract_needs_a_disk() -> None:
    """A contract without a disk fails everything, by name."""
    assert len(run_contract(FsContract)) == sum(n.startswith("test_") for n in dir(FsContract))


def test_memory_a_power_cut_leaves_old_or_new() -> None:
    """Any legal part of unsynced work: a replaced file is old or new, whole; an appended one keeps
    what was synced and then a part of the rest."""
    seen = set()
    for seed in range(200):
        fs = MemoryFs.of({"d/f": b"old", "log": b"kept"})
        replace_file(fs, "d/f", b"new")
        handle = fs.append("log")
        handle.write(b"12345")
        left = fs.after_power_cut(random.Random(seed))
        assert left.read("d/f") == b"new"
        tail = left.read("log").removeprefix(b"kept")
        assert tail in {b"12345"[:n] for n in range(6)} | {bytes(n) for n in range(6)}
        seen.add(tail)
    assert len(seen) > 8
    assert fs.pending() == {"log": 5}
    assert fs.after_power_cut(torn=2).read("log") == b"kept12"
    assert fs.after_power_cut().read("log") == b"kept"


def test_memory_writes_into_reserved_space_arrive_one_by_one() -> None:
    """Where the zeros are durable, a power cut may leave any of the later writes and not others."""
    seen = set()
    for seed in range(100):
        fs = MemoryFs.of({})
        handle = fs.create("f")
        handle.reserve(6)
        fs.fsync_dir(".")
        handle.write(b"ab")
        handle.write(b"cd")
        seen.add(fs.after_power_cut(random.Random(seed)).read("f"))
    assert {b"\0" * 6, b"abcd\0\0", b"\0\0cd\0\0", b"ab\0\0\0\0"} <= seen


def test_memory_has_reserved_space_and_what_was_written_before_it_on_the_disk() -> None:
    """As a local disk syncs it: no power cut leaves a file that ends within that space."""
    fs = MemoryFs.of({"f": b""})
    handle = fs.append("f")
    handle.write(b"ab")
    handle.reserve(6)
    handle.write(b"cd")
    assert fs.after_power_cut().read("f") == b"ab\0\0\0\0"
    assert all(fs.after_power_cut(random.Random(n)).size("f") == 6 for n in range(20))


def test_memory_counts_its_open_handles() -> None:
    """A handle that is not given back shows."""
    fs = MemoryFs()
    handle = fs.create("f")
    assert fs.handles_open == 1
    handle.close()
    assert fs.handles_open == 0
    with pytest.raises(OSError, match=r"[Bb]ad file"):
        handle.write(b"x")
