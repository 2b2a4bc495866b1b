"""One writer: an exclusive lock on ``store.lock``, held by the kernel.

The kernel gives it back when the process dies, however it dies, so a lock left by SIGKILL needs no
manual step. A second process is refused at once. The file's content, the holder's pid, is for
people; it decides nothing.

Raises ``StoreLocked``.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from filelock import FileLock, Timeout

from prometheus_persist.errors import StoreLocked
from prometheus_persist.storage.layout import LOCK


class StoreLock:
    """Held from construction to ``release``."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        path = root / LOCK
        self._lock = FileLock(path, is_singleton=False)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            holder = ""
            with contextlib.suppress(OSError, ValueError):
                holder = f" (pid {int(path.read_text().strip())})"
            raise StoreLocked(f"{root} is in use by another process{holder}") from None
        path.write_text(f"{os.getpid()}\n", encoding="ascii")

    def release(self) -> None:
        """Give it back."""
        self._lock.release()
