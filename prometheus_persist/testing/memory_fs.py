"""A disk in memory: the reference implementation of ``Fs``, and a model of a power cut.

It keeps apart what a process sees and what the platter holds.

- A file's bytes are durable after ``fsync`` or ``reserve`` of a handle on it. Until then every
  write, and the emptying by ``create``, is pending. A handle writes behind what it wrote or found,
  and does not look where another handle has written since: one file, one writer.
- A name (a new file, a rename, a removal) is durable after ``fsync_dir`` of the directory it is
  in. A directory's own name is an entry of the directory above it.
- A sync that failed (``lose``) leaves what kernels leave: whatever was pending is still read,
  counts as written, and no later sync writes it; only bytes that are written anew are pending
  again. Of a directory the names are seen, and no sync writes them until something in it changes.

``after_power_cut`` gives a disk that may be found afterwards: at worst only what is durable; with
a generator any part more, as a file system that reorders and tears is free to leave it: names old
or new one by one; of the pending writes of a file a leading part (the last one torn at any byte),
or any of them, or any of their sectors; and zeros where the length arrived before the data.

Errors are those of a local disk: a missing directory or file is ``FileNotFoundError``, a directory
read as a file is ``IsADirectoryError``, a path outside the root is ``BadValue``. Not a model of: a
full disk, permissions, hard links, memory maps. Thread-safe.
"""

from __future__ import annotations

import errno
import os
import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from prometheus_persist.errors import BadValue
from prometheus_persist.journal.frame import SECTOR_BYTES
from prometheus_persist.storage.fs import Handle

ROOT = "."


@dataclass(slots=True)
class _Inode:
    """One file: what a process reads, what is durable, and what happened in between.

    ``pending`` holds ``(offset, bytes)`` for a write and ``(size, None)`` for a cut.
    """

    data: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, place: int, data: bytes) -> None:
        self.pending.append((place, bytes(data)))
        _arrive(self.data, place, bytes(data))

    def cut(self, size: int) -> None:
        self.pending.append((size, None))
        _cut(self.data, size)

    def sync(self) -> None:
        for place, data in self.pending:
            _arrive(self.durable, place, data)
        self.pending.clear()

    def lose(self, rng: random.Random | None) -> None:
        self.durable = bytearray(_surviving(self, rng, 0))
        self.pending.clear()


class MemoryFs:
    """A directory tree in memory."""

    def __init__(self) -> None:
        self._files: dict[str, _Inode] = {}
        self._dirs: set[str] = {ROOT}
        self._durable_files: dict[str, _Inode] = {}
        self._durable_dirs: set[str] = {ROOT}
        self._changed: set[str] = set()  # directories with names that a sync would write
        self._guard = threading.RLock()
        self.handles_open = 0

    @classmethod
    def of(cls, contents: Mapping[str, bytes]) -> MemoryFs:
        """A disk that holds these files, all durable."""
        made = cls()
        for path, data in contents.items():
            made.make_dir(_above(path))
            made._files[path] = _Inode(bytearray(data), bytearray(data))
        made._settle()
        return made

    def contents(self) -> dict[str, bytes]:
        """Every file as a process sees it, by path."""
        with self._guard:
            return {path: bytes(node.data) for path, node in sorted(self._files.items())}

    def clone(self) -> MemoryFs:
        """The same disk once more, with all that is not durable yet."""
        with self._guard:
            made, nodes = MemoryFs(), {}
            for node in (*self._files.values(), *self._durable_files.values()):
                nodes[id(node)] = _Inode(
                    bytearray(node.data), bytearray(node.durable), list(node.pending)
                )
            made._files = {path: nodes[id(node)] for path, node in self._files.items()}
            made._durable_files = {p: nodes[id(node)] for p, node in self._durable_files.items()}
            made._dirs, made._durable_dirs = set(self._dirs), set(self._durable_dirs)
            made._changed = set(self._changed)
            return made

    def lose(self, path: str, rng: random.Random | None = None) -> None:
        """A sync of this file or directory failed: what was pending is seen, and not written.

        With ``rng`` some part of a file's pending bytes had arrived before.
        """
        with self._guard:
            if path in self._dirs:
                self._changed.discard(path)
            else:
                self._node(path).lose(rng)

    def pending(self) -> dict[str, int]:
        """How many bytes of writes each file has that no fsync has covered."""
        with self._guard:
            found = {
                path: sum(len(data) for _, data in node.pending if data)
                for path, node in sorted(self._files.items())
            }
        return {path: count for path, count in found.items() if count}

    def after_power_cut(self, rng: random.Random | None = None, *, torn: int = 0) -> MemoryFs:
        """What is there once the power is back: at worst, or with ``rng`` a legal part more.

        ``torn`` without ``rng``: all names arrived, and of each file's pending bytes that many.
        """
        with self._guard:
            names, dirs = dict(self._durable_files), set(self._durable_dirs)
            if rng is None and torn:
                names, dirs = dict(self._files), set(self._dirs)
            if rng is not None:
                for path in sorted(self._files.keys() | names.keys()):
                    if rng.random() < 0.5:
                        names.pop(path, None)
                        if path in self._files:
                            names[path] = self._files[path]
                dirs |= {name for name in sorted(self._dirs) if rng.random() < 0.5}
            made = MemoryFs()
            made._dirs = {name for name in dirs if all(up in dirs for up in _ancestors(name))}
            for path, node in names.items():
                if _above(path) in made._dirs:
                    left = _surviving(node, rng, torn)
                    made._files[path] = _Inode(bytearray(left), bytearray(left))
            made._settle()
            return made

    # -- Fs

    def make_dir(self, path: str) -> None:
        """Create the directory and its parents."""
        with self._guard:
            name = _checked_dir(path)
            if any(part in self._files for part in (name, *_ancestors(name))):
                raise _error(errno.EEXIST, path)
            new = {name, *_ancestors(name)} - self._dirs
            self._dirs |= new
            self._changed |= {_above(each) for each in new}

    def list_dir(self, path: str) -> list[str]:
        """The names in it, sorted."""
        with self._guard:
            name = _checked_dir(path)
            inside = [*self._files, *(self._dirs - {ROOT})]
            return sorted(_last(each) for each in inside if _above(each) == name)

    def size(self, path: str) -> int | None:
        """Size in bytes, or None."""
        with self._guard:
            node = self._files.get(_checked(path))
            return None if node is None else len(node.data)

    def inode(self, path: str) -> None:
        """Nothing tells."""

    def read(self, path: str) -> bytes:
        """The whole content."""
        with self._guard:
            return bytes(self._node(path).data)

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """A part of the content."""
        return self.read(path)[start : start + size]

    def append(self, path: str) -> Handle:
        """Open for appending."""
        return self._open(path)

    def create(self, path: str) -> Handle:
        """Open empty."""
        return self._open(path, empty=True)

    def rename(self, source: str, target: str) -> None:
        """Move over ``target``."""
        with self._guard:
            node = self._node(source)
            self._refuse_no_place(target)
            del self._files[source]
            self._files[target] = node
            self._changed |= {_above(source), _above(target)}

    def unlink(self, path: str) -> None:
        """Remove; fine if it is gone."""
        with self._guard:
            if _checked(path) in self._dirs:
                raise _error(errno.EISDIR, path)
            if self._files.pop(path, None) is not None:
                self._changed.add(_above(path))

    def fsync_dir(self, path: str) -> None:
        """The names in this directory are durable now, but for those that a failed sync lost."""
        with self._guard:
            name = _checked_dir(path)
            if name not in self._dirs:
                raise _error(errno.ENOENT, path)
            if name not in self._changed:
                return
            self._changed.discard(name)
            for each in [each for each in self._durable_files if _above(each) == name]:
                del self._durable_files[each]
            here = {p: node for p, node in self._files.items() if _above(p) == name}
            self._durable_files.update(here)
            self._durable_dirs |= {each for each in self._dirs if _above(each) == name}

    # -- inside

    def _open(self, path: str, *, empty: bool = False) -> Handle:
        with self._guard:
            self._refuse_no_place(path)
            if path not in self._files:
                self._files[path] = _Inode()
                self._changed.add(_above(path))
            node = self._files[path]
            if empty and node.data:
                node.cut(0)
            self.handles_open += 1
            return _MemoryHandle(self, node)

    def _refuse_no_place(self, path: str) -> None:
        if _checked(path) in self._dirs:
            raise _error(errno.EISDIR, path)
        if _above(path) not in self._dirs:
            raise _error(errno.ENOENT, path)

    def _node(self, path: str) -> _Inode:
        if _checked(path) in self._dirs:
            raise _error(errno.EISDIR, path)
        if path not in self._files:
            raise _error(errno.ENOENT, path)
        return self._files[path]

    def _settle(self) -> None:
        self._durable_files, self._durable_dirs = dict(self._files), set(self._dirs)
        self._changed.clear()


class _MemoryHandle:
    """A file open for appending; it stays on its file when the name moves."""

    def __init__(self, fs: MemoryFs, node: _Inode) -> None:
        self._fs = fs
        self._node = node
        self._open = True
        self._at = len(node.data)

    def write(self, data: bytes) -> None:
        """Put all of ``data`` behind what this handle wrote, or found when it was opened."""
        with self._fs._guard:
            self._refuse_closed()
            self._node.write(self._at, data)
            self._at += len(data)

    def reserve(self, size: int) -> None:
        """Zeros up to ``size`` bytes, durable; the next write goes where it would have gone."""
        with self._fs._guard:
            self._refuse_closed()
            end = len(self._node.data)
            if size > end:
                self._node.write(end, bytes(size - end))
                self._node.sync()

    def cut(self) -> None:
        """The file ends where the next byte would go."""
        with self._fs._guard:
            self._refuse_closed()
            self._node.cut(self._at)

    def begin_sync(self) -> None:
        """A power cut may find any part of what is not synced on the disk, with this or without."""

    def fsync(self) -> None:
        """All that was written is durable now."""
        with self._fs._guard:
            self._refuse_closed()
            self._node.sync()

    def close(self) -> None:
        """Let go."""
        with self._fs._guard:
            self._refuse_closed()
            self._open = False
            self._fs.handles_open -= 1

    def _refuse_closed(self) -> None:
        if not self._open:
            raise _error(errno.EBADF, "a closed handle")


@lru_cache(maxsize=4096)
def _checked(path: str) -> str:
    parts = path.split("/") if path else []
    if not parts or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise BadValue(f"path {path!r} would leave the store")
    return path


def _checked_dir(path: str) -> str:
    return path if path == ROOT else _checked(path)


@lru_cache(maxsize=4096)
def _above(path: str) -> str:
    return "" if path == ROOT else path.rpartition("/")[0] or ROOT


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _ancestors(path: str) -> Iterator[str]:
    while path := _above(path):
        yield path


def _cut(data: bytearray, size: int) -> None:
    del data[size:]
    data += bytes(size - len(data))


def _surviving(node: _Inode, rng: random.Random | None, torn: int) -> bytes:
    """The durable bytes, and the part of the pending ones that arrived."""
    left = bytearray(node.durable)
    if rng is None:
        for place, data in node.pending:
            if not torn:
                break
            part = None if data is None else data[:torn]
            _arrive(left, place, part)
            torn -= len(part or b"")
        return bytes(left)
    if rng.random() < 0.4:
        return _some_sectors(node, rng)
    ordered, zeros = rng.random() < 0.5, rng.random() < 0.3
    count = rng.randint(0, len(node.pending))
    for number, (place, data) in enumerate(node.pending):
        arrives = number < count if ordered else rng.random() < 0.5
        if not arrives:
            continue
        last = number == count - 1 or not ordered
        part = data if data is None or not last else data[: rng.randint(0, len(data))]
        _arrive(left, place, bytes(len(part)) if zeros and part else part)
    return bytes(left)


def _some_sectors(node: _Inode, rng: random.Random) -> bytes:
    """The durable bytes, and of every pending write any of its sectors, cuts included or not."""
    left = bytearray(node.durable)
    for place, data in node.pending:
        if data is None:
            if rng.random() < 0.5:
                _arrive(left, place, None)
            continue
        start = 0
        while start < len(data):
            end = start + SECTOR_BYTES - (place + start) % SECTOR_BYTES
            if rng.random() < 0.5:
                _arrive(left, place + start, data[start:end])
            start = end
    return bytes(left)


def _arrive(left: bytearray, place: int, data: bytes | None) -> None:
    if data is None:
        _cut(left, place)
    elif data:
        if len(left) < place:
            _cut(left, place)
        left[place : place + len(data)] = data


def _error(code: int, path: str) -> OSError:
    return OSError(code, os.strerror(code), path)
