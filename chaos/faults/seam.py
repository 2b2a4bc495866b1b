"""Faults at the ``Fs`` seam: stop, tear or fail exactly one operation, and prove that it happened.

Operations that change the disk are numbered from 1 in the order in which they begin. Reads are not
numbered: a process that dies before a read leaves the same disk as one that dies before the next
change. Two threads may write; one lock keeps the count exact.

A fault is one of
- ``kill``   SIGKILL to the own process before the operation;
- ``tear``   the operation, a write, puts down the first ``share`` per mille of its bytes, at least
             one and never all, then SIGKILL; at an operation that is no write, or a write of one
             byte, it waits for the next one that can be torn;
- ``errno``  the operation raises that OSError instead; ``sticky`` fails every later one as well.

It strikes at operation ``at_op`` or, with ``after_order`` K, at the first operation after the
exchange has answered the run's K-th order: ``arm`` is called at that moment.

Before it strikes it says ``fired`` through the callback, so that a run in which nothing happened is
never taken for a survived one.
"""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from prometheus_persist.storage.fs import Fs, Handle

FaultKind = Literal["kill", "tear", "errno"]
SHARE_PER_MILLE_MAX = 999


@dataclass(frozen=True, slots=True)
class DiskFault:
    """One fault, as data. Exactly one of ``at_op`` and ``after_order`` is set."""

    kind: FaultKind
    at_op: int = 0
    after_order: int = 0
    share: int = 500
    code: str = "ENOSPC"
    sticky: bool = False

    def text(self) -> str:
        """The form that ``parse_fault`` reads."""
        place = f"op={self.at_op}" if self.at_op else f"order={self.after_order}"
        more = {
            "kill": "",
            "tear": f",share={self.share}",
            "errno": f",code={self.code}" + (",sticky=1" if self.sticky else ""),
        }
        return f"{self.kind}:{place}{more[self.kind]}"


def parse_fault(text: str) -> DiskFault:
    """``kill:op=12`` · ``tear:order=3,share=400`` · ``errno:op=7,code=EIO,sticky=1``.

    Raises ValueError naming what cannot be read.
    """
    kind, _, rest = text.partition(":")
    words = dict(word.partition("=")[::2] for word in rest.split(",") if word)
    unknown = set(words) - {"op", "order", "share", "code", "sticky"}
    if kind not in ("kill", "tear", "errno") or unknown:
        raise ValueError(f"fault {text!r} cannot be read")
    if ("op" in words) == ("order" in words):
        raise ValueError(f"fault {text!r} names one of op= and order=")
    share = int(words.get("share", "500"))
    if not 0 <= share <= SHARE_PER_MILLE_MAX:
        raise ValueError(f"share={share} is not between 0 and {SHARE_PER_MILLE_MAX} per mille")
    return DiskFault(
        kind,  # type: ignore[arg-type]
        at_op=int(words.get("op", "0")),
        after_order=int(words.get("order", "0")),
        share=share,
        code=words.get("code", "ENOSPC"),
        sticky=words.get("sticky") == "1",
    )


def _nothing(_operation: str, _number: int) -> None:
    return None


@dataclass(slots=True)
class FaultyFs:
    """An ``Fs`` that counts and, once, fails. ``fired`` is how often the fault struck.

    ``log`` holds every numbered operation as ``(name, path)`` when ``keep_log`` is set.
    """

    inner: Fs
    fault: DiskFault | None = None
    on_fire: Callable[[str, int], None] = _nothing
    keep_log: bool = False
    count: int = 0
    fired: int = 0
    log: list[tuple[str, str]] = field(default_factory=list)
    _armed: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def arm(self, orders_answered: int) -> None:
        """Tell how many orders the exchange has answered so far in this run."""
        if self.fault is not None and self.fault.after_order == orders_answered:
            self._armed = True

    def make_dir(self, path: str) -> None:
        """Numbered."""
        with self._lock:
            self._begin("make_dir", path)
            self.inner.make_dir(path)

    def list_dir(self, path: str) -> list[str]:
        """Not numbered: it changes nothing."""
        return self.inner.list_dir(path)

    def size(self, path: str) -> int | None:
        """Not numbered: it changes nothing."""
        return self.inner.size(path)

    def inode(self, path: str) -> tuple[int, int] | None:
        """Not numbered: it changes nothing."""
        return self.inner.inode(path)

    def read(self, path: str) -> bytes:
        """Not numbered: it changes nothing."""
        return self.inner.read(path)

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """Not numbered: it changes nothing."""
        return self.inner.read_part(path, start, size)

    def append(self, path: str) -> Handle:
        """Numbered; what is written through the handle is too."""
        with self._lock:
            self._begin("append", path)
            return _FaultyHandle(self, self.inner.append(path), path)

    def create(self, path: str) -> Handle:
        """Numbered; what is written through the handle is too."""
        with self._lock:
            self._begin("create", path)
            return _FaultyHandle(self, self.inner.create(path), path)

    def rename(self, source: str, target: str) -> None:
        """Numbered."""
        with self._lock:
            self._begin("rename", target)
            self.inner.rename(source, target)

    def unlink(self, path: str) -> None:
        """Numbered."""
        with self._lock:
            self._begin("unlink", path)
            self.inner.unlink(path)

    def fsync_dir(self, path: str) -> None:
        """Numbered."""
        with self._lock:
            self._begin("fsync_dir", path)
            self.inner.fsync_dir(path)

    def _write(self, handle: Handle, path: str, data: bytes) -> None:
        with self._lock:
            tears = self._begin("write", path, tearable=len(data) > 1)
            if tears and self.fault is not None:
                handle.write(data[: max(1, len(data) * self.fault.share // 1000)])
                self._strike("write", path)
            handle.write(data)

    def _fsync(self, handle: Handle, path: str) -> None:
        with self._lock:
            self._begin("fsync", path)
        handle.fsync()

    def _begin(self, operation: str, path: str, *, tearable: bool = False) -> bool:
        """Count one operation; strikes for kill and errno, says True where a write is to tear."""
        self.count += 1
        if self.keep_log:
            self.log.append((operation, path))
        if not self._due():
            return False
        if self.fault is not None and self.fault.kind == "tear":
            return tearable
        self._strike(operation, path)
        return False

    def _due(self) -> bool:
        fault = self.fault
        if fault is None or (self.fired and not fault.sticky):
            return False
        return self._armed if fault.after_order else self.count >= fault.at_op

    def _strike(self, operation: str, path: str) -> None:
        assert self.fault is not None
        self.fired += 1
        self.on_fire(f"{operation} {path}", self.count)
        if self.fault.kind == "errno":
            code = getattr(errno, self.fault.code)
            raise OSError(code, f"{os.strerror(code)} (injected)", path)
        os.kill(os.getpid(), signal.SIGKILL)
        threading.Event().wait()  # the signal is on its way; nothing may run past it


class _FaultyHandle:
    """A file handle whose writes and syncs are numbered."""

    def __init__(self, fs: FaultyFs, inner: Handle, path: str) -> None:
        self._fs = fs
        self._inner = inner
        self._path = path

    def write(self, data: bytes) -> None:
        """Numbered, and tearable."""
        self._fs._write(self._inner, self._path, data)

    def reserve(self, size: int) -> None:
        """Numbered."""
        with self._fs._lock:
            self._fs._begin("reserve", self._path)
            self._inner.reserve(size)

    def cut(self) -> None:
        """Numbered."""
        with self._fs._lock:
            self._fs._begin("cut", self._path)
            self._inner.cut()

    def fsync(self) -> None:
        """Numbered."""
        self._fs._fsync(self._inner, self._path)

    def close(self) -> None:
        """Not numbered: closing changes nothing on the disk."""
        self._inner.close()
