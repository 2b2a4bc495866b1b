"""The open files of the segment that is being written: the journal's, the mirror's if it is kept.

Both get the same bytes. ``size`` is what was written, ``reserved`` how far there are zeros on the
disk already; ``unsynced``: something was written that the journal has not synced; ``new``: the
mirror has not synced it once. Nothing is retried here, nor decided what an error means. Raises
OSError.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from prometheus_persist.storage.fs import NO_ROOM, Handle
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import JOURNAL


@dataclass(slots=True)
class SegmentFiles:
    """None are open at first: who begins a segment puts them into ``handles``, by folder."""

    handles: dict[str, Handle] = field(default_factory=dict)
    size: int = 0
    reserved: int = 0
    unsynced: bool = False
    new: bool = True

    def write(self, data: bytes) -> None:
        """Put these bytes behind the others, in each copy."""
        self.unsynced = True
        for handle in self.handles.values():
            handle.write(data)
        self.size += len(data)

    def sync_journal(self) -> None:
        """Until the journal's bytes are on the disk."""
        self.handles[JOURNAL].fsync()
        self.unsynced = False

    def reserve(self, due: int, more: int) -> OSError | None:
        """Zeros up to ``due`` bytes and some ``more``, or to these alone; what the disk says where
        it has no room for them."""
        full = None
        for size in (due + more, due):
            try:
                for handle in self.handles.values():
                    handle.reserve(size)
                self.reserved = size
                return None
            except OSError as problem:
                if problem.errno not in NO_ROOM:
                    raise
                full = problem
                for handle in self.handles.values():
                    handle.cut()  # what is left of the disk is for others
                self.reserved = self.size
        return full

    def sync_and_cut(self) -> None:
        """Give back what was reserved; each copy is on the disk."""
        for handle in self.handles.values():
            if self.reserved > self.size:
                handle.cut()
            handle.fsync()
        self.unsynced = False

    def close(self) -> None:
        """Let go of them."""
        with contextlib.ExitStack() as closing:
            for handle in self.handles.values():
                closing.callback(_close, handle)


def _close(handle: Handle) -> None:
    """What a disk says to that comes too late to matter: all was synced, or is lost anyway."""
    try:
        handle.close()
    except OSError as problem:
        only_of_the_disk(problem)
