"""An ``Fs`` that lets every operation pass through one method.

``carry_out`` is told the operation, its path (of a renaming: the new one) and how it is done; here
it is just done. Whoever watches, fails, counts or interrupts operations overrides it. Closing a
handle is none: it changes nothing on the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from prometheus_persist.storage.fs import Fs, Handle

Value = TypeVar("Value")


class ThroughFs:
    """``inner``, operation by operation."""

    def __init__(self, inner: Fs) -> None:
        self.inner = inner

    def make_dir(self, path: str) -> None:
        """As ``Fs`` says, through ``carry_out``; so is each of the following."""
        self.carry_out("make_dir", path, lambda: self.inner.make_dir(path))

    def list_dir(self, path: str) -> list[str]:
        """A read."""
        return self.carry_out("list_dir", path, lambda: self.inner.list_dir(path), read=True)

    def size(self, path: str) -> int | None:
        """A read."""
        return self.carry_out("size", path, lambda: self.inner.size(path), read=True)

    def inode(self, path: str) -> tuple[int, int] | None:
        """A read."""
        return self.carry_out("size", path, lambda: self.inner.inode(path), read=True)

    def read(self, path: str) -> bytes:
        """A read."""
        return self.carry_out("read", path, lambda: self.inner.read(path), read=True)

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """A read."""
        return self.carry_out(
            "read", path, lambda: self.inner.read_part(path, start, size), read=True
        )

    def append(self, path: str) -> Handle:
        """What is done with the handle goes through ``carry_out``, too."""
        return self._handle(self.carry_out("append", path, lambda: self.inner.append(path)), path)

    def create(self, path: str) -> Handle:
        """What is done with the handle goes through ``carry_out``, too."""
        return self._handle(self.carry_out("create", path, lambda: self.inner.create(path)), path)

    def rename(self, source: str, target: str) -> None:
        """A write."""
        self.carry_out("rename", target, lambda: self.inner.rename(source, target))

    def unlink(self, path: str) -> None:
        """A write."""
        self.carry_out("unlink", path, lambda: self.inner.unlink(path))

    def fsync_dir(self, path: str) -> None:
        """A write."""
        self.carry_out("fsync_dir", path, lambda: self.inner.fsync_dir(path))

    def carry_out(
        self,
        operation: str,  # noqa: ARG002 for those who override
        path: str,  # noqa: ARG002 for those who override
        act: Callable[[], Value],
        *,
        read: bool = False,  # noqa: ARG002 for those who override
    ) -> Value:
        """Where every operation passes."""
        return act()

    def _handle(self, inner: Handle, path: str) -> Handle:
        return ThroughHandle(self, inner, path)


class ThroughHandle:
    """A handle of a ``ThroughFs``."""

    def __init__(self, fs: ThroughFs, inner: Handle, path: str) -> None:
        self._fs = fs
        self._inner = inner
        self._path = path

    def write(self, data: bytes) -> None:
        """As ``Handle`` says, through ``carry_out``; so is each of the following."""
        self._fs.carry_out("write", self._path, lambda: self._inner.write(data))

    def reserve(self, size: int) -> None:
        """A write."""
        self._fs.carry_out("reserve", self._path, lambda: self._inner.reserve(size))

    def cut(self) -> None:
        """A write."""
        self._fs.carry_out("cut", self._path, self._inner.cut)

    def begin_sync(self) -> None:
        """No operation."""
        self._inner.begin_sync()

    def fsync(self) -> None:
        """A write."""
        self._fs.carry_out("fsync", self._path, self._inner.fsync)

    def close(self) -> None:
        """No operation."""
        self._inner.close()
