"""``ack-before-write``: what is written reaches the file with the next write, or when it is closed.

``fsync`` returns at once. This is the classic: a buffer that was flushed in every test, because no
test was killed. Reading through the same ``Fs`` sees the buffer, as it would in one process.
"""

from __future__ import annotations

from prometheus_persist.storage.fs import Fs, Handle


class _LateHandle:
    """Holds the last write back."""

    def __init__(self, inner: Handle) -> None:
        self._inner = inner
        self._held = b""

    def write(self, data: bytes) -> None:
        """Write what was held, hold this."""
        held, self._held = self._held, data
        if held:
            self._inner.write(held)

    def fsync(self) -> None:
        """Says yes."""

    def flush(self) -> None:
        """Let go of what is held."""
        self.write(b"")

    def reserve(self, size: int) -> None:
        """Honest."""
        self.flush()
        self._inner.reserve(size)

    def cut(self) -> None:
        """Honest."""
        self.flush()
        self._inner.cut()

    def close(self) -> None:
        """Let go and close."""
        self.flush()
        self._inner.close()


class AckBeforeWrite:
    """An ``Fs`` whose handles hold the last write back."""

    def __init__(self, inner: Fs) -> None:
        self._inner = inner
        self._open: list[_LateHandle] = []

    def _late(self, handle: Handle) -> Handle:
        late = _LateHandle(handle)
        self._open.append(late)
        return late

    def _flush(self) -> None:
        for handle in self._open:
            handle.flush()

    def append(self, path: str) -> Handle:
        """A late handle."""
        return self._late(self._inner.append(path))

    def create(self, path: str) -> Handle:
        """A late handle."""
        return self._late(self._inner.create(path))

    def read(self, path: str) -> bytes:
        """As one process would see it."""
        self._flush()
        return self._inner.read(path)

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """As one process would see it."""
        self._flush()
        return self._inner.read_part(path, start, size)

    def size(self, path: str) -> int | None:
        """As one process would see it."""
        self._flush()
        return self._inner.size(path)

    def inode(self, path: str) -> tuple[int, int] | None:
        """Honest."""
        return self._inner.inode(path)

    def make_dir(self, path: str) -> None:
        """Honest."""
        self._inner.make_dir(path)

    def list_dir(self, path: str) -> list[str]:
        """Honest."""
        return self._inner.list_dir(path)

    def rename(self, source: str, target: str) -> None:
        """Honest."""
        self._inner.rename(source, target)

    def unlink(self, path: str) -> None:
        """Honest."""
        self._inner.unlink(path)

    def fsync_dir(self, path: str) -> None:
        """Honest."""
        self._inner.fsync_dir(path)
