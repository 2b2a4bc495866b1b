"""``ack-before-write``: what is written reaches the file with the next write, or when it is closed.

``fsync`` returns at once. This is the classic: a buffer that was flushed in every test, because no
test was killed. Reading through the same ``Fs`` sees the buffer, as it would in one process.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_persist.storage.fs import Fs, Handle
from prometheus_persist.storage.through import ThroughFs, ThroughHandle, Value


class _LateHandle(ThroughHandle):
    """Holds the last write back."""

    held = b""

    def write(self, data: bytes) -> None:
        """Write what was held, hold this."""
        held, self.held = self.held, data
        if held:
            self._inner.write(held)

    def fsync(self) -> None:
        """Says yes."""

    def reserve(self, size: int) -> None:
        """Honest, as ``cut`` and ``close`` are: what is held goes first."""
        self.write(b"")
        super().reserve(size)

    def cut(self) -> None:
        """Honest."""
        self.write(b"")
        super().cut()

    def close(self) -> None:
        """Let go and close."""
        self.write(b"")
        super().close()


class AckBeforeWrite(ThroughFs):
    """An ``Fs`` whose handles hold the last write back."""

    def __init__(self, inner: Fs) -> None:
        super().__init__(inner)
        self._open: list[_LateHandle] = []

    def _handle(self, inner: Handle, path: str) -> Handle:
        late = _LateHandle(self, inner, path)
        self._open.append(late)
        return late

    def carry_out(
        self, operation: str, path: str, act: Callable[[], Value], *, read: bool = False
    ) -> Value:
        """A reader sees what was written late, too."""
        if operation in ("read", "size"):  # as one process would see it
            for handle in self._open:
                handle.write(b"")
        return super().carry_out(operation, path, act, read=read)

    def inode(self, path: str) -> tuple[int, int] | None:
        """Honest, and without a look at the content."""
        return self.inner.inode(path)
