"""S3: what the disk refuses to read is told as unread, with the path: no damage, no fresh start.

As long as another file has what was in it, the state is exact and the refusal is named.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest
from storekit import HookFs, StillClock, founding, open_store, trade

from prometheus_persist.errors import StoreFailed
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.repair import repair
from prometheus_persist.state import state_from
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import COPIES, JOURNAL, SNAPSHOTS
from prometheus_persist.storage.segments import segment_copies
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()


def lived(openings: int, *, snapshot_at: int = -1, shown: bool = True) -> tuple[MemoryFs, str]:
    """A store of so many openings, with a snapshot in one of them; the digest of its state.
    ``shown``: readable files prove how far it came."""
    fs = MemoryFs()
    digest = ""
    for number in range(openings):
        store = open_store(fs, StillClock())
        if not number:
            store.commit(founding())
        state = state_from(store.image.documents)
        store.commit(trade(state, 2 * number))
        if number == snapshot_at:
            store.snapshot(3)
        store.commit(trade(state, 2 * number + 1))
        if shown:
            store.checkpoint()
        store.close()
        digest = store.image.digest()
    return fs, digest


def refusing(fs: Fs, refused: Callable[[str], bool], code: int = errno.EIO) -> HookFs:
    def before(op: str, path: str, data: bytes) -> None:
        if op in ("read", "read_part") and refused(path):
            raise OSError(code, "no", path)

    return HookFs(fs, before)


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.EMFILE])
@pytest.mark.parametrize("readable", [True, False], ids=["readable files are", "nothing is"])
@pytest.mark.parametrize("snapshot_at", [-1, 0], ids=["without", "with a snapshot"])
def test_unreadable_a_disk_that_gives_nothing(snapshot_at: int, readable: bool, code: int) -> None:
    """Neither a fresh start nor damage, whatever else is there: the path, and what it said."""
    fs, _ = lived(2, snapshot_at=snapshot_at)
    gone = refusing(fs, lambda path: not readable or path.startswith((*COPIES, SNAPSHOTS)), code)
    for act in (restore, verify, lambda disk, clock: repair(disk, clock)):
        with pytest.raises(StoreFailed, match=rf"(journal|{SNAPSHOTS})/\S+ cannot be read"):
            act(gone, clock=CLOCK)


@pytest.mark.parametrize("shown", [True, False])
def test_unreadable_in_both_copies_of_the_newest_segment(shown: bool) -> None:
    """What was committed there is not known: an older state is none, nor is one by a snapshot."""
    for snapshot_at in (-1, 0, 1):
        fs, _ = lived(3, snapshot_at=snapshot_at, shown=shown)
        last = max(segment_copies(fs))
        gone = refusing(fs, lambda path, last=last: path.endswith(last))
        for asked in ({}, {"at_ms": CLOCK.ms}, {"thorough": True}):
            with pytest.raises(StoreFailed, match=f"{last} cannot be read"):
                restore(gone, clock=CLOCK, **asked)


def test_unreadable_the_only_base_that_the_journal_goes_on_from() -> None:
    """Commits behind a snapshot that the disk does not give: the disk is named, not the journal."""
    fs, _ = lived(3, snapshot_at=1, shown=False)
    first = min(segment_copies(fs))
    for copy in COPIES:
        fs.unlink(f"{copy}/{first}")
    with pytest.raises(StoreFailed, match=rf"{SNAPSHOTS}/\S+ cannot be read"):
        restore(refusing(fs, lambda path: path.startswith(SNAPSHOTS)), clock=CLOCK)


def test_unreadable_what_another_file_has_is_exact() -> None:
    """One copy, one snapshot, or all segments before the newest snapshot: exact, and named."""
    fs, digest = lived(3, snapshot_at=1)
    names = sorted(segment_copies(fs))
    (snapshot,) = fs.list_dir(SNAPSHOTS)
    for refused in (
        lambda path: path.startswith(JOURNAL),
        lambda path: path.endswith(names[0]),
        lambda path: path.endswith(snapshot),
    ):
        found = restore(refusing(fs, refused), clock=CLOCK, thorough=True)
        assert found.image.digest() == digest
        assert found.facts.damages
        assert all(refused(damage.file) for damage in found.facts.damages)
        assert restore(refusing(fs, refused), clock=CLOCK).image.digest() == digest


def test_unreadable_commits_before_it_can_be_put_elsewhere() -> None:
    """A moment that can be read is given: a disk that fails for good leaves a way out."""
    fs, _ = lived(3)
    last = max(segment_copies(fs))
    gone = refusing(fs, lambda path: path.endswith(last))
    seq = int(last[11:25]) - 1
    assert restore(gone, seq=seq, clock=CLOCK).seq == seq


def test_unreadable_a_file_that_was_just_cleaned_up_is_not_there() -> None:
    """Who reads a store that another process writes may find a listed segment gone: no refusal."""
    fs, digest = lived(3, snapshot_at=1)
    first = min(segment_copies(fs))

    def before(op: str, path: str, data: bytes) -> None:
        if op == "read" and path.endswith(first):
            raise OSError(errno.ENOENT, "no such file", path)

    assert restore(HookFs(fs, before), clock=CLOCK, thorough=True).image.digest() == digest
