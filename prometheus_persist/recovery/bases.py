"""Bases: the packed images that a restore can start from, newest first.

``snapshots/`` has the newest ones, named by time; ``history/`` has those that the past needs, named
by sequence. A base is unpacked when it is asked for; one that is ruined is noted by name, passed
over, and never asked again. Read-only.

A large base is inflated and hashed by a thread of its own, a piece ahead of the one that is decoded
(``zlib`` and ``hashlib`` let others run): two processors do what one would take a third longer for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.archive import outline, peek, proves_records, unpack
from prometheus_persist.journal.chain import Chain
from prometheus_persist.journal.change import Image, change_from
from prometheus_persist.journal.frame import COMMIT, Tip
from prometheus_persist.recovery.apart import Errands
from prometheus_persist.recovery.facts import Damage
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import HISTORY, SNAPSHOTS, base_seq, is_snapshot
from prometheus_persist.storage.retention import read_base

GENESIS = "journal"
LARGE_BYTES = 1024 * 1024  # packed: records enough for a second process


@dataclass(slots=True)
class Base:
    """A rung: an image to start from, and the frame it stands on; None where it was looked through
    and not kept."""

    name: str
    image: Image | None
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
    """The bases of one store; ``damages`` has what was wrong with those that were asked for,
    ``sound`` where the others stand, and ``unreadable`` why the disk refused those that it did not
    give."""

    def __init__(
        self,
        fs: Fs,
        *,
        outlines: bool = False,
        closely: bool = True,
        errands: Errands | None = None,
    ) -> None:
        """``outlines``: a base that is opened has its records counted only, where that can be.
        Not ``closely``: they are looked at when they are read (``archive.unpack``). With
        ``errands`` a second process looks at those of the newest base, where there are many, and
        ``proven`` waits for it."""
        self._fs = fs
        self._closely = closely
        self._outlines = outlines
        self._bad: dict[str, Damage] = {}
        self._strange: dict[str, Damage] = {}
        self.sound: dict[str, Tip] = {}
        self.unreadable: dict[str, str] = {}
        self._astray: dict[str, Damage] = {}
        snapshots = sorted(filter(is_snapshot, fs.list_dir(SNAPSHOTS)), reverse=True)
        kept = sorted((n for n in fs.list_dir(HISTORY) if base_seq(n) is not None), reverse=True)
        self.snapshots = [f"{SNAPSHOTS}/{name}" for name in snapshots]
        self.history = [f"{HISTORY}/{name}" for name in kept]
        self._apart: tuple[str, bytes] | None = None
        self._told: Callable[[], object] = lambda: True
        if errands is not None and errands.can_be:
            self._begin(errands)

    def _begin(self, errands: Errands) -> None:
        """Have the records of the newest base looked at apart."""
        path = next(iter((*self.snapshots, *self.history)), None)
        if path is None or (self._fs.size(path) or 0) < LARGE_BYTES:
            return
        with contextlib.suppress(StoreDamaged, OSError):  # whoever opens it tells of it
            data = read_base(self._fs, path)
            self._apart = path, data
            self._told = errands.begin(lambda: proves_records(data, path))

    def proven(self) -> bool:
        """Whether the records that nobody has looked at here are known to be records."""
        return self._told() is True

    @property
    def damages(self) -> list[Damage]:
        """Everything that was wrong with a base."""
        return [*self.ruined, *self._strange.values()]

    @property
    def ruined(self) -> list[Damage]:
        """The same, but for those that are whole, of another store."""
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

    def each(self, *, keep_first: bool = True) -> Iterator[Base]:
        """Every sound base, newest first by name; one out of order is noted, and used.

        All are read to the end. The first has its image, if asked for; the others, which seldom are
        needed, have none: two of a large store would be too much memory.
        """
        newer: int | None = None
        for path in (*self.snapshots, *self.history):
            base = self.open(path, keep=keep_first)
            if base is None:
                continue
            keep_first = False
            if path in self.snapshots:
                if newer is not None and base.tip.seq > newer:
                    why = "is newer than a snapshot named later"
                    self._astray[path] = Damage(path, None, why, "ignored")
                newer = base.tip.seq if newer is None else min(newer, base.tip.seq)
            yield base

    def set_aside(self, paths: Iterable[str]) -> None:
        """These are of another store: named, and asked for no more."""
        for path in paths:
            self._strange[path] = Damage(path, None, "is of another store", "ignored")

    def store_of(self, base: Base, chain: Chain | None = None) -> str:
        """The id of the store whose state this is; empty where none was ever given."""
        image = genesis().image if base.name == GENESIS else self.image_of(base)
        registry = image.documents.get("registry") if image is not None else None
        for placed in chain.frames if chain is not None and registry is None else ():
            if placed.frame.kind == COMMIT:
                where = f"{placed.file} at byte {placed.offset}"
                registry = change_from(placed.payload, where).put.get("registry")
                if registry is not None:
                    break
        return str((registry or {}).get("store_id", ""))

    def tips(self) -> list[Tip]:
        """Where every sound base stands, by its manifest."""
        found = []
        for path in (*self.snapshots, *self.history):
            if path in self._bad or path in self._strange:
                continue
            if (tip := self.sound.get(path) or self.peeked(path)) is not None:
                found.append(tip)
        return sorted(found, key=lambda tip: tip.seq)

    def peeked(self, path: str) -> Tip | None:
        """Where it stands; None where it cannot be read, which is named by whoever opens it."""
        try:
            return peek(read_base(self._fs, path), path)
        except StoreDamaged:
            return None
        except OSError as problem:
            only_of_the_disk(problem)
            return None

    def _stands_beyond(self, path: str, seq_max: int) -> bool:
        """Whether its name or its manifest says so, without unpacking it."""
        named = base_seq(path.rpartition("/")[2])
        tip = self.peeked(path) if named is None else None
        seq = named if tip is None else tip.seq
        return seq is not None and seq > seq_max

    def open(self, path: str, *, keep: bool = True) -> Base | None:
        """Unpack a base; None where it is ruined. ``keep``: with its image."""
        if path in self._bad or path in self._strange:
            return None
        try:
            is_apart = self._apart is not None and self._apart[0] == path
            data = self._apart[1] if self._apart and is_apart else read_base(self._fs, path)
            closely = self._closely and not is_apart
            image, tip = self._outline(data, path) or unpack(
                data, path, read_ahead, keep=keep, closely=closely
            )
            named = base_seq(path.rpartition("/")[2])
            if named is not None and named != tip.seq:
                raise StoreDamaged(f"holds commit {tip.seq}, not {named}", file=path)
        except StoreDamaged as problem:
            self._bad[path] = Damage(path, problem.offset, problem.reason, "ignored")
            return None
        except OSError as problem:
            only_of_the_disk(problem)
            self.unreadable[path] = str(problem)
            self._bad[path] = Damage(path, None, f"cannot be read: {problem}", "ignored")
            return None
        self.sound[path] = tip
        return Base(path, image if keep else None, tip)

    def look_at_sums(self, base: Base, image: Image) -> None:
        """Name a base whose sums are not those of its records, and drop them; costs a look at every
        record. Its records are as good as ever."""
        from prometheus_persist.reconcile.sums import wrong

        if image.sums is not None and wrong(image.sums, image.streams):
            why = "its sums are not those of its records"
            self._astray[base.name] = Damage(base.name, None, why, "ignored")
            image.sums = None

    def image_of(self, base: Base) -> Image:
        """A base's image, unpacked now where it was not kept; raises StoreDamaged."""
        if base.image is not None:
            return base.image
        found = self.open(base.name)
        if found is None or found.image is None:
            raise StoreDamaged(self._bad[base.name].problem, file=base.name)
        return found.image

    def _outline(self, data: bytes, path: str) -> tuple[Image, Tip] | None:
        return outline(data, path) if self._outlines else None
