"""The ``Fs`` seam: the only way from this library to a disk.

Every byte that is written or read goes through an ``Fs``, so that a test can stop, tear, delay or
fail any single operation without privileges, and can prove that nothing goes around it.

Rules
- Paths are relative to the store's root, with ``/`` between parts; a path that is absolute, empty
  or holds ``..`` or NUL is refused, so that no id can ever leave the directory.
- The root is a directory, not a name: ``LocalFs`` keeps the one that it found first, and every
  name is looked up from there. Should that directory be moved, work goes on in it, and nothing is
  ever written into another one that has taken its name; should it be removed, nothing is there and
  nothing can be made there.
- ``write`` writes all of its bytes or raises: a short write is continued, and what is left undone
  is an error.
- ``fsync`` and ``fsync_dir`` return when the kernel says that the disk has it.
- Nothing is retried: the caller decides what an error means.

Raises ``OSError`` as the operating system gave it; ``BadValue`` for a path outside the root.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from prometheus_persist.errors import BadValue

READ_BYTES_MAX = 4 * 1024 * 1024 * 1024
SLICE_BYTES = 1024 * 1024
TEMPORARY = ".tmp"


class Handle(Protocol):
    """One file, open for appending."""

    def write(self, data: bytes) -> None:
        """Append all of ``data``."""
        ...

    def reserve(self, size: int) -> None:
        """Fill the file with zeros up to ``size`` bytes; writing goes on where it was."""
        ...

    def cut(self) -> None:
        """Give back what was reserved and not written."""
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

    def read(self, path: str) -> bytes:
        """A file's whole content."""
        ...

    def append(self, path: str) -> Handle:
        """Open for appending; creates the file where there is none."""
        ...

    def create(self, path: str) -> Handle:
        """Open a new, empty file for writing; replaces what was there."""
        ...

    def truncate(self, path: str, size: int) -> None:
        """Cut a file to ``size`` bytes and sync it."""
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


class _LocalHandle:
    """A file descriptor, and where the next byte goes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._at = os.fstat(descriptor).st_size

    def write(self, data: bytes) -> None:
        """Append all of ``data``."""
        self._at = self._put(data, self._at)

    def reserve(self, size: int) -> None:
        """Zeros up to ``size``, synced with the file's size, so that later syncs are data only."""
        end = os.fstat(self._descriptor).st_size
        if size > end:
            self._put(bytes(size - end), end)
            os.fsync(self._descriptor)

    def cut(self) -> None:
        """The file ends where the next byte would go."""
        os.ftruncate(self._descriptor, self._at)

    def fsync(self) -> None:
        """fdatasync where the platform has it: the size is data, the times are not."""
        getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)

    def _put(self, data: bytes, at: int) -> int:
        left = memoryview(data)
        while left:
            written = os.pwrite(self._descriptor, left, at)
            if not written:
                raise OSError(errno.EIO, "the disk took no byte and gave no reason")
            left, at = left[written:], at + written
        return at


class LocalFs:
    """Files under one directory of this machine: the one that bore the name when it was found."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self._held: int | None = None

    def held(self) -> int:
        """The directory itself, as a descriptor; raises FileNotFoundError while there is none."""
        if self._held is None:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            self._held = os.open(self.root, flags)
            weakref.finalize(self, os.close, self._held).atexit = False
        return self._held

    @contextlib.contextmanager
    def _at(self, path: str) -> Iterator[int]:
        """The root, to look ``path`` up from; an error names the file by its whole name."""
        try:
            yield self.held()
        except OSError as problem:
            problem.filename = str(self.root / path)
            raise

    def _open(self, path: str, flags: int) -> int:
        with self._at(_inside(path)) as root:
            return os.open(path, flags | os.O_CLOEXEC, 0o644, dir_fd=root)

    def _open_dir(self, path: str) -> int:
        with self._at(_inside_or_root(path)) as root:
            return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=root)

    def make_dir(self, path: str) -> None:
        """Create the directory and its parents."""
        _inside_or_root(path)
        if self._held is None:
            self.root.mkdir(parents=True, exist_ok=True)
        parts = path.split("/")
        with self._at(path) as root:
            for count in range(1, len(parts) + 1):
                folder = "/".join(parts[:count])
                try:
                    os.mkdir(folder, dir_fd=root)
                except FileExistsError:
                    if not stat.S_ISDIR(os.stat(folder, dir_fd=root).st_mode):
                        raise

    def list_dir(self, path: str) -> list[str]:
        """The names in it, sorted."""
        try:
            descriptor = self._open_dir(path)
        except (FileNotFoundError, NotADirectoryError):
            return []
        try:
            with os.scandir(descriptor) as entries:
                return sorted(entry.name for entry in entries)
        finally:
            os.close(descriptor)

    def size(self, path: str) -> int | None:
        """Size in bytes, or None."""
        try:
            with self._at(_inside(path)) as root:
                return os.stat(path, dir_fd=root).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self, path: str) -> bytes:
        """The whole content; refuses files beyond any size this library writes."""
        with self._at(_inside(path)) as root:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=root)
            try:
                size = os.fstat(descriptor).st_size
                if size > READ_BYTES_MAX:
                    raise BadValue(f"{path} has {size} bytes, at most {READ_BYTES_MAX} are read")
                with open(descriptor, "rb", closefd=False) as file:
                    return file.read()
            finally:
                os.close(descriptor)

    def append(self, path: str) -> Handle:
        """Open with O_APPEND: whoever else appends, nothing is written over."""
        return _LocalHandle(self._open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND))

    def create(self, path: str) -> Handle:
        """Open with O_TRUNC."""
        return _LocalHandle(self._open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))

    def truncate(self, path: str, size: int) -> None:
        """Cut and sync."""
        descriptor = self._open(path, os.O_WRONLY)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: str, target: str) -> None:
        """os.replace."""
        _inside(target)
        with self._at(_inside(source)) as root:
            os.replace(source, target, src_dir_fd=root, dst_dir_fd=root)

    def unlink(self, path: str) -> None:
        """Remove; fine if it is gone."""
        with contextlib.suppress(FileNotFoundError), self._at(_inside(path)) as root:
            os.unlink(path, dir_fd=root)

    def fsync_dir(self, path: str) -> None:
        """Sync the directory's entries."""
        descriptor = self._open_dir(path)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _inside(path: str) -> str:
    """The path itself; raises BadValue for one that would leave the root."""
    parts = path.split("/") if path else []
    if not parts or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise BadValue(f"path {path!r} would leave the store")
    return path


def _inside_or_root(path: str) -> str:
    return path if path == "." else _inside(path)


def replace_file(fs: Fs, path: str, data: bytes) -> None:
    """Put ``data`` under ``path`` atomically and durably."""
    replace_files(fs, {path: data})


def replace_files(fs: Fs, files: Mapping[str, bytes]) -> None:
    """Put each content under its path, each atomically, all durably on return.

    tmp → write → fsync → rename, then fsync of every directory: the only order in which every crash
    leaves each file old or new, whole. Not atomic as a set. A large file is synced slice by slice,
    so that somebody else's commit has little to wait behind. On failure the temporary file goes and
    the error is raised; files before it are new, files after it old.
    """
    folders = set()
    for path, data in files.items():
        temporary = f"{path}{TEMPORARY}"
        try:
            handle = fs.create(temporary)
            try:
                for start in range(0, len(data), SLICE_BYTES) or (0,):
                    handle.write(data[start : start + SLICE_BYTES])
                    handle.fsync()
            finally:
                handle.close()
            fs.rename(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                fs.unlink(temporary)
            raise
        folders.add(path.rpartition("/")[0] or ".")
    for folder in sorted(folders):
        fs.fsync_dir(folder)
