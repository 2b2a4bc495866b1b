"""Who writes, by the store's lock: asked by what changes files outside a session."""

from __future__ import annotations

from typing import Final, Protocol

from prometheus_persist.storage.committer import no_fence, no_mark


class Owner(Protocol):
    """Who holds the store's lock (``storage/lock.py``)."""

    def fence(self) -> None:
        """Raise StoreFailed once it is somebody else's."""
        ...

    def draw(self, least: int) -> int:
        """An epoch of this writer alone."""
        ...

    def acknowledged(self, seq: int, wall_ms: int) -> None:
        """Mark what is on the disk."""
        ...


class Alone:
    """Nobody else can reach the store."""

    fence, acknowledged = staticmethod(no_fence), staticmethod(no_mark)

    def draw(self, least: int) -> int:
        """Nobody else draws."""
        return least


ALONE: Final = Alone()
