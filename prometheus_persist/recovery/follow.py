"""Following a journal that another process writes: the commits behind the last one seen.

Read-only, takes no lock. A frame that is half written, or whose segment was just cleaned up, is
not there yet or no longer; nothing is reported twice and nothing out of order.
"""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_persist.journal.chain import link
from prometheus_persist.journal.change import change_from
from prometheus_persist.journal.frame import COMMIT, Tip
from prometheus_persist.recovery.bases import Bases
from prometheus_persist.recovery.ladder import reading
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.segments import names_after, read_segments, segment_copies


@dataclass(frozen=True, slots=True)
class FollowedCommit:
    """One commit: what it was for, and what it touched."""

    seq: int
    epoch: int
    time_ms: int
    why: str
    put: tuple[str, ...]
    removed: tuple[str, ...]
    added: dict[str, int]

    @property
    def summary(self) -> str:
        """The keys on one line."""
        parts = [*self.put, *(f"-{key}" for key in self.removed)]
        return " ".join(parts + [f"{name}+{count}" for name, count in self.added.items()])


class Follower:
    """Remembers the last frame it has seen."""

    @reading()
    def __init__(self, fs: Fs) -> None:
        self._fs = fs
        tips = Bases(fs).tips()
        self._tip = tips[-2:][0] if tips else Tip()  # the newest may be a moment old

    @reading()
    def next(self) -> list[FollowedCommit]:
        """The commits since the last call, oldest first; raises StoreFailed."""
        copies = segment_copies(self._fs)
        segments = read_segments(self._fs, names_after(copies, self._tip), copies=copies)
        if not segments.reaches(self._tip):  # a name misled
            segments = read_segments(self._fs, copies=copies)
        chain = link(self._tip, segments.frames)
        self._tip = chain.tip
        found = []
        for placed in chain.frames:
            frame = placed.frame
            if frame.kind != COMMIT:
                continue
            change = change_from(placed.payload, f"{placed.file} at byte {placed.offset}")
            added = {name: len(records) for name, records in change.add.items()}
            found.append(
                FollowedCommit(
                    frame.seq,
                    frame.epoch,
                    frame.wall_ms,
                    change.why,
                    tuple(change.documents),
                    tuple(change.remove),
                    added,
                )
            )
        return found
