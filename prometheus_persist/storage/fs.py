"""The ``Fs`` seam: the only way from this library to a disk.

Every byte that is written or read goes through an ``Fs``, so that a test can stop, tear, delay or
fail any single operation without privileges, and can prove that nothing goes around it.

Rules
- Paths are relative to the store's root, with ``/`` between parts; a path that is absolute, empty
  or holds ``..`` or NUL is refused, so that no id can ever leave the directory.
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
from collections.abc import Mapping
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
    """Files under one directory of this machine."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    def _at(self, path: str) -> Path:
        parts = path.split("/") if path else []
        if not parts or any(part in ("", ".", "..") or "\0" in part for part in parts):
            raise BadValue(f"path {path!r} would leave the store")
        return self.root.joinpath(*parts)

    def _dir(self, path: str) -> Path:
        return self.root if path == "." else self._at(path)

    def make_dir(self, path: str) -> None:
        """Create the directory and its parents."""
        self._dir(path).mkdir(parents=True, exist_ok=True)

    def list_dir(self, path: str) -> list[str]:
        """The names in it, sorted."""
        try:
            return sorted(entry.name for entry in self._dir(path).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def size(self, path: str) -> int | None:
        """Size in bytes, or None."""
        try:
            return self._at(path).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read(self, path: str) -> bytes:
        """The whole content; refuses files beyond any size this library writes."""
        target = self._at(path)
        size = target.stat().st_size
        if size > READ_BYTES_MAX:
            raise BadValue(f"{path} has {size} bytes, at most {READ_BYTES_MAX} are read")
        return target.read_bytes()

    def append(self, path: str) -> Handle:
        """Open with O_APPEND: whoever else appends, nothing is written over."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return _LocalHandle(os.open(self._at(path), flags, 0o644))

    def create(self, path: str) -> Handle:
        """Open with O_TRUNC."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        return _LocalHandle(os.open(self._at(path), flags, 0o644))

    def truncate(self, path: str, size: int) -> None:
        """Cut and sync."""
        descriptor = os.open(self._at(path), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: str, target: str) -> None:
        """os.replace."""
        self._at(source).replace(self._at(target))

    def unlink(self, path: str) -> None:
        """Remove; fine if it is gone."""
        with contextlib.suppress(FileNotFoundError):
            self._at(path).unlink()

    def fsync_dir(self, path: str) -> None:
        """Sync the directory's entries."""
        descriptor = os.open(self._dir(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
