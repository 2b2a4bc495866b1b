"""Bases: the packed images that a restore can start from, newest first.

``snapshots/`` has the newest ones, named by time; ``history/`` has those that the past needs, named
by sequence. A base is unpacked when it is asked for; one that is ruined is noted by name, passed
over, and never asked again. Read-only.

A large base is inflated and hashed by a thread of its own, a piece ahead of the one that is decoded
(``zlib`` and ``hashlib`` let others run): two processors do what one would take a third longer for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.archive import peek, unpack
from prometheus_persist.journal.change import Image
from prometheus_persist.journal.frame import Tip
from prometheus_persist.report.facts import Damage
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import HISTORY, SNAPSHOTS, base_seq, is_snapshot

GENESIS = "journal"


@dataclass(slots=True)
class Base:
    """A rung: an image to start from, and the frame it stands on."""

    name: str
    image: Image
    tip: Tip


def read_ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces; from the second on, each is made while the one before it is used."""
    first, second = next(pieces, None), next(pieces, None)
    if first is not None:
        yield first
    if second is None:
        return
    from concurrent.futures import ThreadPoolExecutor  # small stores need none

    with ThreadPoolExecutor(1, "persist-inflate") as pool:
        piece: bytes | None = second
        while piece is not None:
            coming = pool.submit(next, pieces, None)
            yield piece
            piece = coming.result()


def genesis() -> Base:
    """The empty image before the first frame."""
    return Base(GENESIS, Image(), Tip())


class Bases:
    """The bases of one store; ``damages`` has what was wrong with those that were asked for, and
    ``unreadable`` why the disk refused those that it did not give."""

    def __init__(self, fs: Fs) -> None:
        self._fs = fs
        self._bad: dict[str, Damage] = {}
        self.unreadable: dict[str, str] = {}
        self._astray: dict[str, Damage] = {}
        snapshots = sorted(filter(is_snapshot, fs.list_dir(SNAPSHOTS)), reverse=True)
        kept = sorted((n for n in fs.list_dir(HISTORY) if base_seq(n) is not None), reverse=True)
        self.snapshots = [f"{SNAPSHOTS}/{name}" for name in snapshots]
        self.history = [f"{HISTORY}/{name}" for name in kept]

    @property
    def damages(self) -> list[Damage]:
        """Everything that was wrong with a base."""
        return [*self._bad.values(), *self._astray.values()]

    def newest(self, seq_max: int | None = None) -> Base | None:
        """The newest sound base that is not beyond ``seq_max``."""
        for path in (*self.snapshots, *self.history):
            if seq_max is not None and self._stands_beyond(path, seq_max):
                continue
            base = self.open(path)
            if base is not None and (seq_max is None or base.tip.seq <= seq_max):
                return base
        return None

    def each(self) -> Iterator[Base]:
        """Every sound base, newest first by name; one out of order is noted, and used."""
        newer: int | None = None
        for path in (*self.snapshots, *self.history):
            base = self.open(path)
            if base is None:
                continue
            if path in self.snapshots:
                if newer is not None and base.tip.seq > newer:
                    why = "is newer than a snapshot named later"
                    self._astray[path] = Damage(path, None, why, "ignored")
                newer = base.tip.seq if newer is None else min(newer, base.tip.seq)
            yield base

    def tips(self) -> list[Tip]:
        """Where every sound base stands, by its manifest."""
        found = []
        for path in (*self.snapshots, *self.history):
            try:
                found.append(peek(self._fs.read(path), path))
            except (StoreDamaged, OSError):
                continue  # named by whoever opens it
        return sorted(found, key=lambda tip: tip.seq)

    def _stands_beyond(self, path: str, seq_max: int) -> bool:
        """Whether its name or its manifest says so, without unpacking it."""
        named = base_seq(path.rpartition("/")[2])
        try:
            seq = peek(self._fs.read(path), path).seq if named is None else named
        except (StoreDamaged, OSError):
            return False  # named when it is opened
        return seq > seq_max

    def open(self, path: str) -> Base | None:
        """Unpack a base; None where it is ruined."""
        if path in self._bad:
            return None
        try:
            image, tip = unpack(self._fs.read(path), path, read_ahead)
            named = base_seq(path.rpartition("/")[2])
            if named is not None and named != tip.seq:
                raise StoreDamaged(f"holds commit {tip.seq}, not {named}", file=path)
        except StoreDamaged as problem:
            self._bad[path] = Damage(path, problem.offset, problem.reason, "ignored")
            return None
        except OSError as problem:
            self.unreadable[path] = str(problem)
            self._bad[path] = Damage(path, None, f"cannot be read: {problem}", "ignored")
            return None
        return Base(path, image, tip)
