"""Where a session's files lie: one directory, or two where the mirror has its own.

A mirror's directory is locked and fenced like the store's own, so that no two stores write into
one. ``owner.json`` in it says whose it is: the store by its id, and the one directory of that store
by path, device and inode. Whoever comes with another directory is refused before anything is
written there, the lock included: a copy of a store carries the settings of its original, and would
go on writing into the original's mirror.

- It is the same directory where device and inode are the same (it was renamed, or is reached by
  another path), or path and inode (a device gets another number with a reboot).
- A directory at the owner's path with nothing in it is the owner come back on a new disk: the
  mirror gives it everything again, and it is written down as the owner first.
- All else is a copy, whatever its path: ``MirrorOfAnother`` names both. A backup that was brought
  back looks the same; so whoever knows that the other directory is gone deletes ``owner.json``, and
  the next opening becomes the owner.
- A directory that has something in it and is no mirror, by its mark or by a segment, belongs to
  somebody else, and is refused: nothing is put among what is his. (A disk's own ``lost+found`` is
  nothing.)
- A mirror without ``owner.json``, or with a damaged one, is that of the store whose id it has, as
  before there was one: ``store_id`` held nothing else.

Raises ``StoreLocked``; ``MirrorOfAnother``; ``BadConfig``; ``StoreFailed``.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from prometheus_persist.errors import BadConfig, MirrorOfAnother, StoreDamaged, StoreFailed
from prometheus_persist.journal.projection import checksum, unwrap, wrap
from prometheus_persist.storage.fs import Fs, LocalFs, NotAFile
from prometheus_persist.storage.interrupts import given_back, of_the_disk
from prometheus_persist.storage.layout import (
    CLAIM,
    COPIES,
    HISTORY,
    INCREMENTAL,
    JOURNAL,
    LOCK,
    MIRROR,
    SNAPSHOTS,
    is_temporary,
    segment_start,
)
from prometheus_persist.storage.lock import StoreLock
from prometheus_persist.storage.replacing import replace_file
from prometheus_persist.storage.split import SplitFs

_FILE = "owner.json"
OWNER = f"{MIRROR}/{_FILE}"
OWNER_BEFORE = f"{MIRROR}/store_id"
_OURS = (_FILE, "store_id")  # marks, also ones that cannot be read
_EMPTY = (LOCK, CLAIM, "lost+found")
PROBE = "take_over.tmp"


@dataclass(frozen=True, slots=True)
class Home:
    """One directory: its path, and what the kernel knows it by."""

    directory: str
    device: int
    inode: int

    @classmethod
    def of(cls, root: LocalFs) -> Self:
        """The directory that ``root`` works in; raises FileNotFoundError where there is none."""
        found = os.fstat(root.held())
        path = os.fsencode(root.root.resolve()).decode("utf-8", "backslashreplace")
        return cls(path, found.st_dev, found.st_ino)

    def is_same(self, other: Home) -> bool:
        """Whether both are one directory."""
        if self.inode != other.inode:
            return False
        return self.device == other.device or self.directory == other.directory


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whose a mirror is; ``home`` is None where only the id was written down."""

    store_id: str
    home: Home | None = None


class Locks:
    """The locks of a store and of its mirror's own directory; both, or none.

    ``disk`` are the files that they cover. With ``take_over`` they are claimed only, until
    ``take``: whoever holds them writes on.
    """

    def __init__(self, root: Path, mirror_dir: str, *, take_over: bool) -> None:
        mirror = Path(mirror_dir).resolve() if mirror_dir else None
        if mirror is not None and (mirror == root.resolve() or mirror in root.resolve().parents):
            raise BadConfig(f"mirror_dir {mirror_dir} holds the store itself")
        main = StoreLock(root, claim=take_over)
        self._held = [main]
        self._home: Home | None = None
        self.disk: Fs = main.fs
        if mirror is None:
            return
        try:
            self._home = Home.of(main.fs)
            refuse_others_mirror(main.fs, LocalFs(mirror))
            second = StoreLock(mirror, claim=take_over)
            self._held.append(second)
            refuse_others_mirror(main.fs, second.fs)  # it was nobody's, and is by now
            self.disk = SplitFs(main.fs, second.fs)
        except BaseException:
            self.release()
            raise

    def take(self) -> None:
        """Make what was claimed ours; whoever held it is fenced off. Raises StoreFailed."""
        for lock in reversed(self._held):
            lock.take()

    def draw(self, least: int) -> int:
        """An epoch from ``least`` on, of this writer alone. Raises StoreFailed."""
        return self._held[0].draw(least)

    def acknowledged(self, seq: int, wall_ms: int) -> None:
        """Write down that this commit is on the disk, beside the journal."""
        self._held[0].acknowledged(seq, wall_ms)

    def fence(self) -> None:
        """Raise StoreFailed once somebody else has taken over either."""
        for lock in self._held:
            lock.fence()

    def release(self) -> None:
        """Give them back."""
        given_back(self._release)

    def _release(self) -> None:
        for lock in reversed(self._held):
            lock.release()

    def refuse_strange_mirror(self, fs: Fs, store_id: str, *, fresh: bool) -> None:
        """Raise BadConfig where the mirror's directory has segments of another store. Where nothing
        was ever saved (``fresh``) they are what a first opening of this directory had begun: the
        id that it wrote down was never this store's, nor any other's."""
        owner = _owner(fs) if self._home is not None and not fresh else None
        used = any(segment_start(name) is not None for name in fs.list_dir(MIRROR))
        if used and owner is not None and owner.store_id != store_id:
            raise BadConfig(
                f"mirror_dir holds the mirror of store {owner.store_id}, this one is {store_id}; "
                f"give every store a directory of its own"
            )

    def mark_mirror(self, fs: Fs, store_id: str) -> None:
        """Write whose mirror this is, where it is not written there."""
        if self._home is None or _owner(fs) == _Owner(store_id, self._home):
            return
        data = {"store_id": store_id, **asdict(self._home)}
        replace_file(fs, OWNER, wrap(_FILE, data, checksum(data), 0, 0), fence=self.fence)
        fs.unlink(OWNER_BEFORE)


def refuse_others_mirror(main: LocalFs, mirror: LocalFs) -> None:
    """Raise MirrorOfAnother where ``mirror`` is that of another directory than ``main``."""
    fs = SplitFs(main, mirror)
    owner, home = _owner(fs), Home.of(main)
    if owner is None:
        _refuse_no_mirror(mirror)
    if owner is None or owner.home is None or owner.home.is_same(home):
        return
    here, there = home.directory, owner.home.directory
    if here != there:
        raise MirrorOfAnother(
            f"{mirror.root} is the mirror of {there}; {here} is another directory, a copy of that "
            f"store or another one, and may not write there"
        )
    if any(main.list_dir(folder) for folder in (JOURNAL, SNAPSHOTS, HISTORY)):
        raise MirrorOfAnother(
            f"{mirror.root} is the mirror of the directory that was {there} before (inode "
            f"{owner.home.inode}); what is there now (inode {home.inode}) is a copy of it, and may "
            f"not write there"
        )


def _refuse_no_mirror(mirror: LocalFs) -> None:
    """Raise BadConfig where the directory has something in it and was never a mirror."""
    names = mirror.list_dir(".")
    if any(segment_start(name) is not None or name in _OURS for name in names):
        return
    theirs = [name for name in names if name not in _EMPTY and not is_temporary(MIRROR, name)]
    if theirs:
        raise BadConfig(
            f"mirror_dir {mirror.root} is not empty and is no mirror: it has {theirs[0]!r}; "
            f"give the mirror a directory of its own"
        )


def refuse_read_only(fs: Fs) -> None:
    """Raise OSError where no file can be made and synced in a folder that a writer needs."""
    for folder in (*COPIES, INCREMENTAL, SNAPSHOTS):
        fs.make_dir(folder)
        path = f"{folder}/{PROBE}"
        try:
            handle = fs.create(path)
            try:
                handle.write(b"\n")
                handle.fsync()
            finally:
                handle.close()
        finally:
            fs.unlink(path)


def _owner(fs: Fs) -> _Owner | None:
    """Whose the mirror says that it is; None where it says nothing that can be believed. Raises
    StoreFailed where the disk does not give the mark: it may be anybody's."""
    try:
        if fs.size(OWNER) is not None:
            data, _ = unwrap(_FILE, fs.read(OWNER), OWNER)
            home = Home(data["directory"], data["device"], data["inode"])
            return _Owner(data["store_id"], home)
        if fs.size(OWNER_BEFORE) is not None:
            found = fs.read(OWNER_BEFORE).decode("ascii", "replace")
            return _Owner(found) if found.isalnum() and found.isascii() else None
    except (StoreDamaged, KeyError, NotAFile):
        pass  # what is no mark is like one that was deleted
    except OSError as problem:
        if not of_the_disk(problem):
            raise
        raise StoreFailed(
            f"whose mirror it is cannot be read ({problem}); bring its disk back, or open with "
            f"another mirror_dir"
        ) from problem
    return None
