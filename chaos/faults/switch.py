"""Faults at the ``Fs`` seam: stop, tear or fail exactly one operation, and prove that it happened.

Death is pretended, thousands of times a minute and without a fork: ``Death`` is a ``BaseException``
that unwinds the caller, and from then on the seam is dead: no operation reaches the disk behind it,
not even of handles that were opened before, whatever the unwinding code or another thread still
tries. In a thread other than the one that made the switch, death is a ``SystemExit``: the thread
ends. ``killed``: it is no pretence, the own process gets SIGKILL (``seam.py``).

Operations that change the disk are numbered from 1 in the order in which they begin; two threads
may write, one lock keeps the count exact. Reads are not (a process that dies before a read leaves
the same disk as one that dies before the next change), unless ``reads`` says so. A switch is thrown
at operation ``at``:

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
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from prometheus_persist.storage.fs import Fs, Handle
from prometheus_persist.storage.through import ThroughFs, ThroughHandle, Value

SwitchKind = Literal["none", "die", "tear", "errno", "short"]
PER_MILLE = 1000


class Death(BaseException):
    """The process is gone; not an Exception, so that nothing may take it for an error."""


def _unheard(_operation: str, _path: str) -> None:
    """Nobody is told."""


@dataclass(slots=True)
class FaultSwitch:
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
    killed: bool = False
    logs: bool = True
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
        if self.logs:
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
        if self.killed:
            os.kill(os.getpid(), signal.SIGKILL)
            threading.Event().wait()  # the signal is on its way; nothing may run past it
        if threading.get_ident() != self.owner:
            raise SystemExit(where)
        raise Death(where)

    def _strike(self, operation: str, path: str) -> None:
        self.fired += 1
        self.struck = self.struck or f"{operation} {path}"
        self.striking(operation, path)


class SwitchedFs(ThroughFs):
    """An ``Fs`` that asks a switch before every operation; one at a time, but that nobody waits
    for a real process's sync."""

    def __init__(self, inner: Fs, switch: FaultSwitch) -> None:
        super().__init__(inner)
        self.switch = switch

    def carry_out(
        self, operation: str, path: str, act: Callable[[], Value], *, read: bool = False
    ) -> Value:
        """As the switch has it."""
        with self.switch.guard:
            self.switch.due(operation, path, read=read)
            if not (self.switch.killed and operation == "fsync"):
                return act()
        return act()

    def _handle(self, inner: Handle, path: str) -> Handle:
        return SwitchedHandle(self, inner, path)


class SwitchedHandle(ThroughHandle):
    """A handle of a ``SwitchedFs``, with writes that can tear."""

    def __init__(self, fs: SwitchedFs, inner: Handle, path: str) -> None:
        super().__init__(fs, inner, path)
        self._switch = fs.switch

    def write(self, data: bytes) -> None:
        """Numbered, and tearable."""
        with self._switch.guard:
            if self._switch.due("write", self._path, size=len(data)):
                self._switch.tear(self._inner, self._path, data)
            self._inner.write(data)
