"""What any ``Fs`` must do, as checks that other people's back-ends can run.

    class TestMyDisk(FsContract):          # collected by pytest; pytest itself is not needed
        def make_fs(self) -> Fs:
            return MyDisk(...)             # empty, fresh for every check

    run_contract(MyContract)               # without pytest: the names of what failed, with why

Every check is a method whose name begins with ``test_``, takes nothing, and raises AssertionError.
``PowerContract`` adds what can be checked of a disk that can model a power cut: that ``fsync`` and
``fsync_dir`` mean something, and that the order of ``replace_file`` leaves old or new, whole.

Not checked, because no test from outside can: that a real disk's fsync is honest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from prometheus_persist.errors import BadValue
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import COPIES, segment_name
from prometheus_persist.storage.replacing import replace_file, replace_files
from prometheus_persist.storage.segments import heal, read_segments

OUTSIDE = ("", "/", "/x", "..", "../x", "a/../../x", "a/..", "a//b", "a/", "./a", "a\0b")
NAMES = ("plain", "with space", "代理二", "UPPER", "emoji-🙂", "x" * 200)
LONG_BYTES = 3 * 1024 * 1024


class FsContract:
    """The checks of a disk. Subclasses give ``make_fs``."""

    def make_fs(self) -> Fs:
        """An empty disk of the kind under test."""
        raise NotImplementedError(f"{type(self).__name__} has to make a disk")

    def test_files_hold_what_was_written(self) -> None:
        """Bytes come back as they went in, all of them, whatever they are."""
        fs = self.make_fs()
        for data in (b"", b"x", bytes(range(256)), b"\r\n\x1a\0", b"ab" * (LONG_BYTES // 2)):
            _put(fs, "f", data)
            assert fs.read("f") == data
            assert fs.size("f") == len(data)

    def test_append_goes_on_and_create_begins_anew(self) -> None:
        """Append keeps what is there, create empties it; both make a file where there is none."""
        fs = self.make_fs()
        for text in (b"one", b"two"):
            handle = fs.append("f")
            handle.write(text)
            handle.write(b";")
            handle.close()
        assert fs.read("f") == b"one;two;"
        fs.create("f").close()
        assert fs.read("f") == b""
        assert fs.size("f") == 0

    def test_writes_are_seen_before_fsync(self) -> None:
        """A reader of the same machine sees a write at once."""
        fs = self.make_fs()
        handle = fs.create("f")
        handle.write(b"seen")
        assert fs.read("f") == b"seen"
        handle.fsync()
        handle.close()

    def test_reserved_space_is_zeros_and_can_be_given_back(self) -> None:
        """Reserving lengthens the file with zeros, writes fill it from where they were, cut ends it
        behind the last write."""
        fs = self.make_fs()
        handle = fs.create("f")
        handle.write(b"ab")
        handle.reserve(64)
        assert fs.read("f") == b"ab" + bytes(62)
        handle.write(b"cd")
        assert fs.read("f") == b"abcd" + bytes(60)
        handle.write(b"e" * 100)
        assert fs.read("f") == b"abcd" + b"e" * 100
        handle.reserve(300)
        handle.cut()
        assert fs.read("f") == b"abcd" + b"e" * 100
        handle.close()

    def test_rename_replaces(self) -> None:
        """The target becomes the source, the source is gone."""
        fs = self.make_fs()
        fs.make_dir("a/b")
        _put(fs, "a/x", b"new")
        _put(fs, "a/b/y", b"old and longer")
        fs.rename("a/x", "a/b/y")
        assert fs.read("a/b/y") == b"new"
        assert fs.size("a/x") is None

    def test_a_handle_follows_its_file(self) -> None:
        """A file renamed while it is open is still the one that is written."""
        fs = self.make_fs()
        handle = fs.create("x")
        handle.write(b"1")
        fs.rename("x", "y")
        handle.write(b"2")
        handle.fsync()
        handle.close()
        assert fs.read("y") == b"12"
        assert fs.list_dir(".") == ["y"]

    def test_what_is_absent_is_absent(self) -> None:
        """No size, no names, nothing to remove: not errors. Reading and moving it: errors."""
        fs = self.make_fs()
        assert fs.size("none") is None
        assert fs.list_dir("none") == []
        fs.unlink("none")
        for act in (
            lambda: fs.read("none"),
            lambda: fs.rename("none", "other"),
            lambda: fs.create("no/where"),
            lambda: fs.append("no/where"),
            lambda: fs.fsync_dir("none"),
        ):
            with _raises(FileNotFoundError):
                act()
        assert fs.list_dir(".") == []

    def test_directories_list_what_is_in_them(self) -> None:
        """Names of files and folders, sorted, without what lies deeper."""
        fs = self.make_fs()
        fs.make_dir("a/b/c")
        fs.make_dir("a/b/c")
        for name in ("a/2", "a/10", "a/b/x"):
            _put(fs, name, b"")
        assert fs.list_dir("a") == ["10", "2", "b"]
        assert fs.list_dir("a/b") == ["c", "x"]
        assert fs.list_dir(".") == ["a"]
        fs.unlink("a/2")
        assert fs.list_dir("a") == ["10", "b"]
        for folder in ("a/b/c", "a/b", "a", "."):
            fs.fsync_dir(folder)

    def test_a_directory_is_no_file(self) -> None:
        """Reading or writing one is an error of the disk."""
        fs = self.make_fs()
        fs.make_dir("a")
        for act in (lambda: fs.read("a"), lambda: fs.create("a"), lambda: fs.append("a")):
            with _raises(OSError):
                act()
        assert fs.list_dir(".") == ["a"]

    def test_any_name_will_do(self) -> None:
        """Spaces, Chinese, emoji and long names come back as they are."""
        fs = self.make_fs()
        for name in NAMES:
            _put(fs, name, name.encode())
        assert fs.list_dir(".") == sorted(NAMES)
        assert all(fs.read(name) == name.encode() for name in NAMES)

    def test_paths_never_leave(self) -> None:
        """A path that is absolute, empty, dotted or holds NUL is refused, and nothing happens."""
        fs = self.make_fs()
        _put(fs, "kept", b"kept")
        for path in OUTSIDE:
            for act in _everything(fs, path):
                with _raises(BadValue):
                    act()
        assert fs.list_dir(".") == ["kept"]
        assert fs.read("kept") == b"kept"

    def test_files_are_replaced_whole(self) -> None:
        """``replace_files`` leaves new content under every name and no temporary file."""
        fs = self.make_fs()
        fs.make_dir("d")
        _put(fs, "d/f", b"old and longer than the new")
        replace_files(fs, {"d/f": b"new", "d/g": b"also", "h": b"here"})
        assert (fs.read("d/f"), fs.read("d/g"), fs.read("h")) == (b"new", b"also", b"here")
        assert fs.list_dir("d") == ["f", "g"]
        assert fs.list_dir(".") == ["d", "h"]

    def test_a_damaged_copy_is_healed(self) -> None:
        """Healing writes what is due into both copies, and the second time nothing."""
        fs = self.make_fs()
        name = segment_name(1, 1)
        assert heal(fs, {name: b"due"}) == [f"{copy}/{name}" for copy in COPIES]
        _put(fs, f"{COPIES[0]}/{name}", b"duE")
        assert heal(fs, {name: b"due"}) == [f"{COPIES[0]}/{name}"]
        assert heal(fs, {name: b"due"}) == []
        assert read_segments(fs).names == {name: set(COPIES)}


class PowerContract(FsContract):
    """The checks of a disk that can model a power cut. Subclasses give ``cut_power``."""

    def cut_power(self, fs: Fs) -> Fs:
        """What is there afterwards, at worst: only what was synced."""
        raise NotImplementedError(f"{type(self).__name__} has to cut the power")

    def test_power_keeps_what_was_synced(self) -> None:
        """Synced bytes under a synced name survive; a write after the sync may not."""
        fs = self.make_fs()
        handle = fs.create("f")
        handle.write(b"synced")
        handle.fsync()
        fs.fsync_dir(".")
        handle.write(b", and not")
        assert self.cut_power(fs).read("f") == b"synced"

    def test_power_loses_a_name_that_was_not_synced(self) -> None:
        """Without the directory's sync a new file is gone, a new folder with all that is in it."""
        fs = self.make_fs()
        fs.make_dir("d")
        for name in ("f", "d/f"):
            _put(fs, name, b"x")
        fs.fsync_dir("d")
        assert self.cut_power(fs).list_dir(".") == []
        fs.fsync_dir(".")
        left = self.cut_power(fs)
        assert left.list_dir(".") == ["d", "f"]
        assert left.read("d/f") == b"x"

    def test_power_undoes_a_rename_and_a_removal_that_were_not_synced(self) -> None:
        """Until the directory is synced, the old names stand, with the old content."""
        fs = self.make_fs()
        for name in ("old", "gone"):
            _put(fs, name, name.encode())
        fs.fsync_dir(".")
        _put(fs, "new", b"new")
        fs.rename("new", "old")
        fs.unlink("gone")
        left = self.cut_power(fs)
        assert (left.read("old"), left.read("gone")) == (b"old", b"gone")
        fs.fsync_dir(".")
        assert self.cut_power(fs).list_dir(".") == ["old"]
        assert self.cut_power(fs).read("old") == b"new"

    def test_power_leaves_a_replaced_file_new(self) -> None:
        """When ``replace_file`` has returned, the new content is durable."""
        fs = self.make_fs()
        replace_file(fs, "f", b"old")
        replace_file(fs, "f", b"new")
        assert self.cut_power(fs).read("f") == b"new"


def run_contract(contract: type[FsContract]) -> list[str]:
    """Run every check on a fresh instance; one line for each that failed, none when all hold."""
    failed = []
    for name in sorted(name for name in dir(contract) if name.startswith("test_")):
        try:
            getattr(contract(), name)()
        except (AssertionError, OSError, BadValue, NotImplementedError) as problem:
            failed.append(f"{name}: {type(problem).__name__}: {problem}")
    return failed


def _put(fs: Fs, path: str, data: bytes) -> None:
    handle = fs.create(path)
    handle.write(data)
    handle.fsync()
    handle.close()


def _everything(fs: Fs, path: str) -> tuple[Callable[[], object], ...]:
    return (
        lambda: fs.read(path),
        lambda: fs.size(path),
        lambda: fs.create(path),
        lambda: fs.append(path),
        lambda: fs.unlink(path),
        lambda: fs.rename(path, "other"),
        lambda: fs.rename("kept", path),
        lambda: fs.make_dir(path),
        lambda: fs.list_dir(path),
        lambda: fs.fsync_dir(path),
    )


@contextlib.contextmanager
def _raises(kind: type[BaseException]) -> Iterator[None]:
    """AssertionError where the block does not raise ``kind``."""
    try:
        yield
    except kind:
        return
    raise AssertionError(f"no {kind.__name__} was raised")
