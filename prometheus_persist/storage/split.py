"""Two disks as one: the mirror on its own, everything else on the other.

``mirror`` and what lies in it belong to the second ``Fs``, at its root; paths keep their names, so
that nobody above has to know. Whoever watches either ``Fs``, or this one, sees every operation.
Nothing can be renamed from one to the other, as between any two file systems (EXDEV).
"""

from __future__ import annotations

import errno
import os

from prometheus_persist.storage.fs import Fs, Handle
from prometheus_persist.storage.layout import MIRROR

_HEAD = f"{MIRROR}/"


class SplitFs:
    """An ``Fs`` of two."""

    def __init__(self, main: Fs, mirror: Fs) -> None:
        self.main = main
        self.mirror = mirror

    def _of(self, path: str) -> tuple[Fs, str]:
        if path == MIRROR:
            return self.mirror, "."
        if path.startswith(_HEAD):
            return self.mirror, path.removeprefix(_HEAD)
        return self.main, path

    def make_dir(self, path: str) -> None:
        """Create the directory and its parents."""
        fs, inside = self._of(path)
        fs.make_dir(inside)

    def list_dir(self, path: str) -> list[str]:
        """The names in it, sorted."""
        fs, inside = self._of(path)
        return fs.list_dir(inside)

    def size(self, path: str) -> int | None:
        """Size in bytes, or None."""
        fs, inside = self._of(path)
        return fs.size(inside)

    def inode(self, path: str) -> tuple[int, int] | None:
        """Device and inode, or None."""
        fs, inside = self._of(path)
        return fs.inode(inside)

    def read(self, path: str) -> bytes:
        """The whole content."""
        fs, inside = self._of(path)
        return fs.read(inside)

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """A part of the content."""
        fs, inside = self._of(path)
        return fs.read_part(inside, start, size)

    def append(self, path: str) -> Handle:
        """Open for appending."""
        fs, inside = self._of(path)
        return fs.append(inside)

    def create(self, path: str) -> Handle:
        """Open empty."""
        fs, inside = self._of(path)
        return fs.create(inside)

    def rename(self, source: str, target: str) -> None:
        """Move over ``target``, on one of the two; from one to the other it is EXDEV."""
        (fs, old), (other, new) = self._of(source), self._of(target)
        if fs is not other:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source, None, target)
        fs.rename(old, new)

    def unlink(self, path: str) -> None:
        """Remove; fine if it is gone."""
        fs, inside = self._of(path)
        fs.unlink(inside)

    def fsync_dir(self, path: str) -> None:
        """Sync the directory's entries."""
        fs, inside = self._of(path)
        fs.fsync_dir(inside)
