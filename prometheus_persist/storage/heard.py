"""Who waits hears what is worked at: each file of a store before it is read or written to, and
which commit is replayed.

``hearing`` is for the shell around the library, for a person at a terminal; where nobody listens
nothing is wrapped, and nothing costs anything. It holds for what is opened inside its block.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Final, Literal

from prometheus_persist.storage.fs import Fs, Handle
from prometheus_persist.storage.through import ThroughFs, ThroughHandle, Value

Work = Literal["reads", "replays", "writes", "asks"]
Hear = Callable[[Work, str, int], None]
"""Told the kind of work, the file, commit or question, and its bytes where they are known."""
_HEARS: Final[ContextVar[Hear | None]] = ContextVar("hears", default=None)


@contextlib.contextmanager
def hearing(hear: Hear) -> Iterator[None]:
    """What is opened inside the block tells ``hear``."""
    before = _HEARS.set(hear)
    try:
        yield
    finally:
        _HEARS.reset(before)


def tell_of(work: Work, what: str, size: int = 0) -> None:
    """Say what begins, to whoever listens."""
    hear = _HEARS.get()
    if hear is not None:
        hear(work, what, size)


def heard(fs: Fs) -> Fs:
    """``fs``, telling whoever listens now; ``fs`` itself where nobody does."""
    hear = _HEARS.get()
    return fs if hear is None else _HeardFs(fs, hear)


class _HeardFs(ThroughFs):
    """Tells of what is read and written before it is."""

    def __init__(self, inner: Fs, hear: Hear) -> None:
        super().__init__(inner)
        self._hear = hear

    def carry_out(
        self, operation: str, path: str, act: Callable[[], Value], *, read: bool = False
    ) -> Value:
        """As ever; a read is told of before."""
        if operation == "read":
            self._hear("reads", path, self.inner.size(path) or 0)
        return super().carry_out(operation, path, act, read=read)

    def _handle(self, inner: Handle, path: str) -> Handle:
        return _HeardHandle(self, inner, path, self._hear)


class _HeardHandle(ThroughHandle):
    def __init__(self, fs: ThroughFs, inner: Handle, path: str, hear: Hear) -> None:
        super().__init__(fs, inner, path)
        self._hear = hear

    def write(self, data: bytes) -> None:
        """Append all of ``data``."""
        self._hear("writes", self._path, len(data))
        super().write(data)
