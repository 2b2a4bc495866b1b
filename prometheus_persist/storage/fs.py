"""The ``Fs`` seam: the only way from this library to a disk.

Every byte that is written or read goes through an ``Fs``, so that a test can stop, tear, delay or
fail any single operation without privileges, and can prove that nothing goes around it.

Rules
- Paths are relative to the store's root, with ``/`` between parts; a path that is absolute, empty
  or holds ``..`` or NUL is refused, so that no id can ever leave the directory (S11).
- The root is a directory, not a name: ``LocalFs`` keeps the one that it found first, and every
  name is looked up from there. Should that directory be moved, work goes on in it, and nothing is
  ever written into another one that has taken its name; should it be removed, nothing is there and
  nothing can be made there.
- Directories are made with mode 0700 and files with 0600, whatever the umask; what is there with
  more is tightened when it is written to. The root is left as it is where it was there.
- No link is followed within the root; the root itself may be one. What is no regular file (a FIFO,
  a socket, a device, a link, a directory) is never opened, so that nothing waits for it or is set
  off by it: reading or writing it raises ``NotAFile``, and it has no size.
- Reading is bounded: a file beyond any size of this library's, or a sparse one of giant size, is an
  error (EFBIG), and so is what memory has no room for (ENOMEM).
- ``write`` writes all of its bytes or raises: a short write is continued, and what is left undone
  is an error.
- ``fsync`` and ``fsync_dir`` return when the kernel says that the disk has it.
- Nothing is retried: the caller decides what an error means. After a sync that failed nothing is
  known of what was not synced before, and no later sync tells: it has to be written anew.

Raises ``OSError`` as the operating system gave it; ``BadValue`` for a path outside the root.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol

from prometheus_persist.errors import BadValue
from prometheus_persist.storage.descriptors import CLOSED, Descriptor
from prometheus_persist.storage.interrupts import only_of_the_disk

FILE_MODE = 0o600
DIR_MODE = 0o700
BLOCK_BYTES = 512  # of ``st_blocks``
SPARSE_BYTES_MIN = 64 * 1024 * 1024
SPARSE_RATIO_MAX = 64  # a disk that packs what it holds does not pack these files any closer
READ_BYTES_MAX = 4 * 1024 * 1024 * 1024
TEMPORARY = ".tmp"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_LOOK = getattr(os, "O_PATH", os.O_RDONLY)
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a directory",
}


class NotAFile(OSError):
    """Something else stands where a file should be."""


class Handle(Protocol):
    """One file, open for appending."""

    def write(self, data: bytes) -> None:
        """Append all of ``data``."""
        ...

    def reserve(self, size: int) -> None:
        """Fill the file with zeros up to ``size`` bytes; writing goes on where it was.

        What the file holds and its length are on the disk when it returns: a file that ends
        within that space later was cut by somebody. ENOSPC and EDQUOT mean that there was no room
        for the zeros, and no sync has failed.
        """
        ...

    def cut(self) -> None:
        """Give back what was reserved and not written."""
        ...

    def begin_sync(self) -> None:
        """Let the disk begin with what was written. Promises nothing, and never fails."""
        ...

    def fsync(self) -> None:
        """Wait until what was written is on the disk."""
        ...

    def close(self) -> None:
        """Give the descriptor back; does not sync."""
        ...


class Fs(Protocol):
    """What the library asks of a disk."""

    def make_dir(self, path: str) -> None:
        """Create the directory and its parents; fine if it is there."""
        ...

    def list_dir(self, path: str) -> list[str]:
        """The names in a directory, sorted; empty where there is none."""
        ...

    def size(self, path: str) -> int | None:
        """A file's size in bytes; None where there is none."""
        ...

    def inode(self, path: str) -> tuple[int, int] | None:
        """Device and inode of a file with this one name; None where nothing tells."""
        ...

    def read(self, path: str) -> bytes:
        """A file's whole content."""
        ...

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """At most ``size`` bytes of a file from ``start`` on; less where it ends."""
        ...

    def append(self, path: str) -> Handle:
        """Open for appending; creates the file where there is none."""
        ...

    def create(self, path: str) -> Handle:
        """Open a new, empty file for writing; replaces what was there."""
        ...

    def rename(self, source: str, target: str) -> None:
        """Move over ``target``, atomically."""
        ...

    def unlink(self, path: str) -> None:
        """Remove a file; fine if it is gone."""
        ...

    def fsync_dir(self, path: str) -> None:
        """Wait until the directory's entries are on the disk."""
        ...


class _LocalHandle(Descriptor):
    """A file descriptor, and where the next byte goes."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._at = self._synced = os.fstat(descriptor).st_size

    def write(self, data: bytes) -> None:
        """Append all of ``data``."""
        self._at = self._put(data, self._at)

    def reserve(self, size: int) -> None:
        """Zeros up to ``size``, synced with the file's size, so that later syncs are data only."""
        end = os.fstat(self.descriptor).st_size
        if size > end:
            self._put(bytes(size - end), end)
            try:
                os.fsync(self.descriptor)
            except OSError as problem:  # ENOSPC too, of a disk that promised more than it has
                only_of_the_disk(problem)
                raise OSError(
                    errno.EIO, f"the sync of reserved space failed: {problem}"
                ) from problem

    def cut(self) -> None:
        """The file ends where the next byte would go."""
        os.ftruncate(self.descriptor, self._at)

    def begin_sync(self) -> None:
        """What is said to be needed no more Linux begins to write out. Of what was written only: a
        clean page would be forgotten, and the next write into it have to read it."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                size, advice = self._at - self._synced, os.POSIX_FADV_DONTNEED
                os.posix_fadvise(self.descriptor, self._synced, size, advice)

    def fsync(self) -> None:
        """fdatasync where the platform has it: the size is data, the times are not."""
        at = self._at
        getattr(os, "fdatasync", os.fsync)(self.descriptor)
        self._synced = at

    def _put(self, data: bytes, at: int) -> int:
        end = at + len(data)
        while at < end:
            written = os.pwrite(self.descriptor, data, at)
            if not written:
                raise OSError(errno.EIO, "the disk took no byte and gave no reason")
            at += written
            if at < end:
                data = data[written:]
        return at


class _Folder(Descriptor):
    """A directory, open for looking names up in it."""

    def __init__(self, name: str, above: int) -> None:
        self.descriptor = _open_dir(name, above, _LOOK)
        self._id = _id_of(os.fstat(self.descriptor))

    def is_still(self, name: str, above: int) -> bool:
        """Whether the name leads to this one, and through no link. While it is open no other one
        can have its number."""
        try:
            return _id_of(os.stat(name, dir_fd=above, follow_symlinks=False)) == self._id
        except OSError:
            return False


class _Opened:
    """Directories of one disk that were opened, by path, until they are given back."""

    def __init__(self) -> None:
        self._now: dict[str, _Folder] = {}
        self._all: list[_Folder] = []

    def folder(self, path: str, root: int) -> int:
        """A folder of which each part is still what its name leads to."""
        above, _, name = path.rpartition("/")
        at = self.folder(above, root) if above else root
        found = self._now.get(path)
        if found is None or not found.is_still(name, at):
            found = self._now[path] = _Folder(name, at)
            self._all.append(found)
        return found.descriptor

    def close(self) -> None:
        """Give all of them back."""
        while self._all:
            self._all.pop().close()


class _Held(dict["LocalFs", _Opened]):
    """What is held open, by disk: nobody knows of it any more when the block is left, wherever an
    exception of a signal's handler strikes."""


_HELD: ContextVar[weakref.ref[_Held] | None] = ContextVar("held", default=None)


@contextlib.contextmanager
def folders_held() -> Iterator[None]:
    """In this block, on this thread, folders that names are looked up in stay open: whoever works
    on many files opens each of them once. Each time they are asked whether they are still there."""
    held, before = _Held(), _HELD.get()
    try:
        _HELD.set(weakref.ref(held))
        yield
    finally:
        _HELD.set(before)
        for opened in held.values():
            opened.close()


def _id_of(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


class LocalFs:
    """Files under one directory of this machine: the one that bore the name when it was found."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self._held: int | None = None
        self._give_back: Callable[[], object] = lambda: None

    def held(self) -> int:
        """The directory itself, as a descriptor; raises FileNotFoundError while there is none."""
        if self._held is None:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            self._held = os.open(self.root, flags)
            self._give_back = finalizer = weakref.finalize(self, os.close, self._held)
            finalizer.atexit = False
        return self._held

    def close(self) -> None:
        """Give the directory back: nothing can be looked up from here any more (EBADF)."""
        self._held = CLOSED
        self._give_back()

    @contextlib.contextmanager
    def _in(self, path: str) -> Iterator[tuple[int, str]]:
        """The folder that ``path`` lies in, and its name there; an error names the file whole."""
        above, _, name = _inside(path).rpartition("/")
        known = _HELD.get()
        held = None if known is None else known()
        opened = _Opened() if held is None else held.setdefault(self, _Opened())
        try:
            yield opened.folder(above, self.held()) if above else self.held(), name
        except OSError as problem:
            problem.filename = str(self.root / path)
            raise
        finally:
            if held is None:
                opened.close()

    def _open(self, path: str, flags: int) -> int:
        """A regular file, opened without waiting for anybody; for its owner alone."""
        with self._in(path) as (folder, name):
            try:
                _refuse_strange(os.stat(name, dir_fd=folder, follow_symlinks=False), path)
            except FileNotFoundError:
                if not flags & os.O_CREAT:
                    raise
            flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, FILE_MODE, dir_fd=folder)
            try:
                found = os.fstat(descriptor)
                _refuse_strange(found, path)
                if flags & (os.O_WRONLY | os.O_RDWR):
                    _make_private(descriptor, found, FILE_MODE)
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

    @contextlib.contextmanager
    def _dir(self, path: str) -> Iterator[int]:
        """A directory that can be listed and synced."""
        root = contextlib.nullcontext((self.held(), path))
        with root if path == "." else self._in(path) as (folder, name):
            descriptor = _open_dir(name, folder, os.O_RDONLY)
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    def make_dir(self, path: str) -> None:
        """Create the directory and its parents, for their owner alone; so is what was there."""
        _inside_or_root(path)
        if self._held is None and not self.root.is_dir():
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(DIR_MODE)
        parts = path.split("/") if path != "." else []
        for count in range(1, len(parts) + 1):
            with self._in("/".join(parts[:count])) as (folder, name):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, DIR_MODE, dir_fd=folder)
                descriptor = _open_dir(name, folder, os.O_RDONLY)
                try:
                    _make_private(descriptor, os.fstat(descriptor), DIR_MODE)
                finally:
                    os.close(descriptor)

    def list_dir(self, path: str) -> list[str]:
        """The names in it, sorted."""
        try:
            with self._dir(path) as descriptor, os.scandir(descriptor) as entries:
                return sorted(entry.name for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def size(self, path: str) -> int | None:
        """Size in bytes, or None; what is no regular file is none."""
        found = self._stat(path)
        return None if found is None else found.st_size

    def inode(self, path: str) -> tuple[int, int] | None:
        """Device and inode; None where there is no regular file, or one with another name, too."""
        found = self._stat(path)
        return None if found is None or found.st_nlink != 1 else (found.st_dev, found.st_ino)

    def _stat(self, path: str) -> os.stat_result | None:
        """Of a regular file; None where there is none."""
        try:
            with self._in(path) as (folder, name):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def read(self, path: str) -> bytes:
        """The whole content; refuses what is larger, or emptier, than any file of this library."""
        with self._reading(path) as descriptor:
            found = os.fstat(descriptor)
            sparse = found.st_size > SPARSE_BYTES_MIN and (
                found.st_blocks * BLOCK_BYTES * SPARSE_RATIO_MAX < found.st_size
            )
            if sparse or found.st_size > READ_BYTES_MAX:
                what = "next to nothing in them" if sparse else f"at most {READ_BYTES_MAX} are read"
                raise OSError(errno.EFBIG, f"{found.st_size} bytes, {what}", path)
            with open(descriptor, "rb", closefd=False) as file:
                return file.read()

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """At most ``size`` bytes from ``start`` on."""
        with self._reading(path) as descriptor:
            pieces: list[bytes] = []
            while size and (piece := os.pread(descriptor, size, start)):
                pieces.append(piece)
                size, start = size - len(piece), start + len(piece)
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @contextlib.contextmanager
    def _reading(self, path: str) -> Iterator[int]:
        descriptor = self._open(path, os.O_RDONLY)
        try:
            yield descriptor
        except MemoryError:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), path) from None
        finally:
            os.close(descriptor)

    def append(self, path: str) -> Handle:
        """Open with O_APPEND: whoever else appends, nothing is written over."""
        return _LocalHandle(self._open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND))

    def create(self, path: str) -> Handle:
        """Open with O_TRUNC."""
        return _LocalHandle(self._open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))

    def rename(self, source: str, target: str) -> None:
        """os.replace."""
        with self._in(source) as (folder, name), contextlib.ExitStack() as opened:
            there, after = folder, target.rpartition("/")[2]
            if _inside(target).rpartition("/")[0] != source.rpartition("/")[0]:
                there, after = opened.enter_context(self._in(target))
            os.replace(name, after, src_dir_fd=folder, dst_dir_fd=there)

    def unlink(self, path: str) -> None:
        """Remove; fine if it is gone."""
        with contextlib.suppress(FileNotFoundError), self._in(path) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def fsync_dir(self, path: str) -> None:
        """Sync the directory's entries."""
        with self._dir(_inside_or_root(path)) as descriptor:
            os.fsync(descriptor)


def _open_dir(name: str, folder: int, flags: int) -> int:
    """A directory within ``folder``, never through a link."""
    flags |= os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=folder)
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, "is a link, and none is followed within a store") from None
        raise


def _refuse_strange(found: os.stat_result, path: str) -> None:
    """Raise NotAFile for what is no regular file."""
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        code = errno.EISDIR if stat.S_ISDIR(found.st_mode) else errno.EINVAL
        raise NotAFile(code, f"is {kind}, and no regular file", path)


def _make_private(descriptor: int, found: os.stat_result, mode: int) -> None:
    """Have it for its owner alone, whatever the umask; where the file system knows of modes."""
    if stat.S_IMODE(found.st_mode) != mode:
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, mode)


def _inside(path: str) -> str:
    """The path itself; raises BadValue for one that would leave the root."""
    parts = path.split("/") if path else []
    if not parts or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise BadValue(f"path {path!r} would leave the store")
    return path


def _inside_or_root(path: str) -> str:
    return path if path == "." else _inside(path)


def make_root(root: Path) -> None:
    """Make a directory for its owner alone, and its parents, each durably entered above it.

    So is one that is there; where nothing is in it yet, those above it as well: whoever made them
    may have been killed before they were. What was not made here may be synced no more than the
    system allows: a directory above that may not be opened was not made by us. Raises OSError.
    """
    missing = {folder for folder in (root, *root.parents) if not folder.exists()}
    root.parent.mkdir(parents=True, exist_ok=True)
    root.mkdir(DIR_MODE, exist_ok=True)
    unused = next(root.iterdir(), None) is None
    for folder in (root, *root.parents) if unused else (root,):
        try:
            LocalFs(folder.parent).fsync_dir(".")
        except OSError as problem:
            only_of_the_disk(problem)
            if folder in missing or (folder == root and not isinstance(problem, PermissionError)):
                raise
