"""Where a session's files lie: one directory, or two where the mirror has its own.

A mirror's directory is locked and fenced like the store's own, so that no two stores write into
one, and is marked with the id of its store: another store's mirror is refused before anything is
written. Raises ``StoreLocked``; ``BadConfig``; ``StoreFailed``.
"""

from __future__ import annotations

from pathlib import Path

from prometheus_persist.errors import BadConfig
from prometheus_persist.storage.fs import Fs, replace_file
from prometheus_persist.storage.layout import MIRROR, segment_start
from prometheus_persist.storage.lock import StoreLock

OWNER = f"{MIRROR}/store_id"


class Locks:
    """The locks of a store and of its mirror's own directory; both, or none."""

    def __init__(self, root: Path, mirror_dir: str, *, take_over: bool) -> None:
        mirror = Path(mirror_dir).resolve() if mirror_dir else None
        if mirror is not None and (mirror == root.resolve() or mirror in root.resolve().parents):
            raise BadConfig(f"mirror_dir {mirror_dir} holds the store itself")
        self._held = [StoreLock(root, take_over=take_over)]
        if mirror is not None:
            try:
                self._held.append(StoreLock(mirror, take_over=take_over))
            except BaseException:
                self.release()
                raise

    def fence(self) -> None:
        """Raise StoreFailed once somebody else has taken over either."""
        for lock in self._held:
            lock.fence()

    def release(self) -> None:
        """Give them back."""
        for lock in reversed(self._held):
            lock.release()


def refuse_strange_mirror(fs: Fs, store_id: str) -> None:
    """Raise BadConfig where the mirror's directory has segments of another store."""
    owner = _owner(fs)
    used = any(segment_start(name) is not None for name in fs.list_dir(MIRROR))
    if used and owner not in ("", store_id):
        raise BadConfig(
            f"mirror_dir holds the mirror of store {owner}, this one is {store_id}; "
            f"give every store a directory of its own"
        )


def mark_mirror(fs: Fs, store_id: str) -> None:
    """Write whose mirror this is, where it is not written there."""
    if _owner(fs) != store_id:
        replace_file(fs, OWNER, store_id.encode("ascii"))


def _owner(fs: Fs) -> str:
    """The id that the mirror is marked with; empty where there is none that can be one."""
    if fs.size(OWNER) is None:
        return ""
    found = fs.read(OWNER).decode("ascii", "replace")
    return found if found.isalnum() and found.isascii() else ""
