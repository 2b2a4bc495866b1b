"""One writer: an exclusive lock on ``store.lock``, held by the kernel.

The kernel gives it back when the process dies, however it dies, so a lock left by SIGKILL needs no
manual step. A second process is refused at once. The file's content, the holder's pid, is for
people; it decides nothing. A directory made for the store is synced into its parent.

A process that was stopped holds its lock for as long as it is stopped. ``take_over`` puts a new
lock file in the place of the held one; the old holder, once it goes on, finds by ``fence`` that its
own file has no name any more, and acknowledges nothing more (S6).

Raises ``StoreLocked``; ``StoreFailed`` where there can be no lock, or none any more.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from filelock import FileLock, Timeout

from prometheus_persist.errors import StoreFailed, StoreLocked
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.layout import LOCK


class StoreLock:
    """Held from construction to ``release``."""

    def __init__(self, root: Path, *, take_over: bool = False) -> None:
        path = root / LOCK
        if take_over:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        self._lock = FileLock(path, is_singleton=False)
        try:
            _make_dir(root)
            self._lock.acquire(timeout=0)
        except Timeout:
            holder = ""
            with contextlib.suppress(OSError, ValueError):
                holder = f" (pid {int(path.read_text().strip())})"
            raise StoreLocked(f"{root} is in use by another process{holder}") from None
        except (OSError, NotImplementedError) as problem:
            raise StoreFailed(f"{root} cannot be locked: {problem}") from problem
        with contextlib.suppress(OSError):  # a full disk does not take the lock away
            path.write_text(f"{os.getpid()}\n", encoding="ascii")
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def fence(self) -> None:
        """Raise StoreFailed once somebody else has taken over."""
        # Asked twice a commit: the open file knows its names, and no path has to be looked up.
        if not os.fstat(self._file).st_nlink:
            raise StoreFailed("the lock was taken over or removed; this writer is fenced off")

    def release(self) -> None:
        """Give it back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._lock.release()


def _make_dir(root: Path) -> None:
    """Create the directory and its parents, each durably entered into the one above."""
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]
    root.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        LocalFs(folder.parent).fsync_dir(".")
