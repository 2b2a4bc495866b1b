"""Faults at the ``Fs`` seam within one process: thousands of deaths a minute, no fork.

Where ``seam.py`` kills a real process, this one pretends: ``Death`` is a ``BaseException`` that
unwinds the caller, and from then on the seam is dead: no operation reaches the disk behind it, not
even of handles that were opened before, whatever the unwinding code or another thread still tries.
In a thread other than the one that made the switch, death is a ``SystemExit``: the thread ends.

A switch is thrown at operation ``at`` (numbered from 1; with ``reads`` reads are numbered, too):

- ``die``    nothing of the operation happens;
- ``tear``   a write puts down ``share`` per mille of its bytes, at least one and never all, then
             death; any other operation waits for the next write of two bytes or more;
- ``errno``  the operation raises that OSError and does nothing; ``sticky``: all later ones as well;
- ``short``  a write puts down a part and raises; other operations wait for the next write.

``only`` names the operations that are numbered; the others pass. ``striking`` is told of a strike,
operation and path, before anything of it is seen.

``lift`` ends a sticky error. ``fired`` counts the strikes; ``struck`` names the first operation.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NoReturn, TypeVar

from prometheus_persist.storage.fs import Fs, Handle

SwitchKind = Literal["none", "die", "tear", "errno", "short"]
_T = TypeVar("_T")
PER_MILLE = 1000


class Death(BaseException):
    """The process is gone; not an Exception, so that nothing may take it for an error."""


def _unheard(_operation: str, _path: str) -> None:
    """Nobody is told."""


@dataclass(slots=True)
class Switch:
    """One fault, and what became of it. The default never strikes and only counts."""

    kind: SwitchKind = "none"
    at: int = 0
    code: int = errno.EIO
    sticky: bool = False
    share: int = 500
    reads: bool = False
    count: int = 0
    fired: int = 0
    struck: str = ""
    only: frozenset[str] = frozenset()
    striking: Callable[[str, str], None] = _unheard
    dead: bool = False
    lifted: bool = False
    log: list[str] = field(default_factory=list)
    guard: threading.RLock = field(default_factory=threading.RLock)
    owner: int = field(default_factory=threading.get_ident)

    def lift(self) -> None:
        """The disk is well again."""
        self.lifted = True

    def due(self, operation: str, path: str, *, size: int = 0, read: bool = False) -> bool:
        """Count one operation; raises where it is struck, says True where a write is to tear."""
        if self.dead:
            self._die("the process is gone")
        if (read and not self.reads) or (self.only and operation not in self.only):
            return False
        self.count += 1
        self.log.append(f"{operation} {path}")
        if self.kind == "none" or self.lifted or self.count < self.at:
            return False
        if self.fired and not self.sticky:
            return False
        if self.kind in ("tear", "short"):
            return size > 1
        self._strike(operation, path)
        if self.kind == "die":
            self._die(f"before {operation} {path}")
        raise OSError(self.code, f"{os.strerror(self.code)} (injected)", path)

    def tear(self, handle: Handle, path: str, data: bytes) -> None:
        """Put down a part of a write and strike."""
        handle.write(data[: max(1, len(data) * self.share // PER_MILLE)])
        self._strike("write", path)
        if self.kind == "tear":
            self._die(f"within write {path}")
        raise OSError(errno.ENOSPC, "short write (injected)", path)

    def end(self, where: str) -> NoReturn:
        """A seam of another kind strikes: the process is gone."""
        self._strike("at", where)
        self._die(where)

    def _die(self, where: str) -> NoReturn:
        self.dead = True
        if threading.get_ident() != self.owner:
            raise SystemExit(where)
        raise Death(where)

    def _strike(self, operation: str, path: str) -> None:
        self.fired += 1
        self.struck = self.struck or f"{operation} {path}"
        self.striking(operation, path)


class SwitchedFs:
    """An ``Fs`` that asks a switch before every operation; one at a time."""

    def __init__(self, inner: Fs, switch: Switch) -> None:
        self.inner = inner
        self.switch = switch

    def make_dir(self, path: str) -> None:
        """Numbered."""
        self._do("make_dir", path, lambda: self.inner.make_dir(path))

    def list_dir(self, path: str) -> list[str]:
        """A read."""
        return self._do("list_dir", path, lambda: self.inner.list_dir(path), read=True)

    def size(self, path: str) -> int | None:
        """A read."""
        return self._do("size", path, lambda: self.inner.size(path), read=True)

    def read(self, path: str) -> bytes:
        """A read."""
        return self._do("read", path, lambda: self.inner.read(path), read=True)

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """A read."""
        return self._do("read", path, lambda: self.inner.read_part(path, start, size), read=True)

    def append(self, path: str) -> Handle:
        """Numbered; so is what is done with the handle."""
        return SwitchedHandle(
            self._do("append", path, lambda: self.inner.append(path)), path, self.switch
        )

    def create(self, path: str) -> Handle:
        """Numbered; so is what is done with the handle."""
        return SwitchedHandle(
            self._do("create", path, lambda: self.inner.create(path)), path, self.switch
        )

    def truncate(self, path: str, size: int) -> None:
        """Numbered."""
        self._do("truncate", path, lambda: self.inner.truncate(path, size))

    def rename(self, source: str, target: str) -> None:
        """Numbered."""
        self._do("rename", target, lambda: self.inner.rename(source, target))

    def unlink(self, path: str) -> None:
        """Numbered."""
        self._do("unlink", path, lambda: self.inner.unlink(path))

    def fsync_dir(self, path: str) -> None:
        """Numbered."""
        self._do("fsync_dir", path, lambda: self.inner.fsync_dir(path))

    def _do(self, operation: str, path: str, act: Callable[[], _T], *, read: bool = False) -> _T:
        with self.switch.guard:
            self.switch.due(operation, path, read=read)
            return act()


class SwitchedHandle:
    """A handle of a ``SwitchedFs``."""

    def __init__(self, inner: Handle, path: str, switch: Switch) -> None:
        self._inner = inner
        self._path = path
        self._switch = switch

    def write(self, data: bytes) -> None:
        """Numbered, and tearable."""
        with self._switch.guard:
            if self._switch.due("write", self._path, size=len(data)):
                self._switch.tear(self._inner, self._path, data)
            self._inner.write(data)

    def reserve(self, size: int) -> None:
        """Numbered."""
        with self._switch.guard:
            self._switch.due("reserve", self._path)
            self._inner.reserve(size)

    def cut(self) -> None:
        """Numbered."""
        with self._switch.guard:
            self._switch.due("cut", self._path)
            self._inner.cut()

    def fsync(self) -> None:
        """Numbered."""
        with self._switch.guard:
            self._switch.due("fsync", self._path)
            self._inner.fsync()

    def close(self) -> None:
        """Not numbered; a dead process's descriptors are closed by the kernel."""
        self._inner.close()
