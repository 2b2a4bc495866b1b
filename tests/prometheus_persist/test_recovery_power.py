"""S1, S2, S7: the power fails while a group of commits is written, and a disk reorders sectors.

Of the commits that wait for one sync none is acknowledged before all are. Whatever part of their
one write arrives, in either copy, with or without reserved space, within a segment or over the end
of one: a restore gives every acknowledged commit and, of the group, some leading part.

And the power fails after a sync has failed: what is acknowledged after that, by whoever reopens in
the same boot, is there.
"""

from __future__ import annotations

import errno
import random

import pytest
from storekit import CHANGING, NEVER_MS, HookFs, StillClock, founding, open_store, trade

from chaos.faults.switch import Death
from prometheus_persist.errors import StoreFailed
from prometheus_persist.journal.chain import scan
from prometheus_persist.recovery import restore
from prometheus_persist.state import state_from
from prometheus_persist.storage.committer import MirrorSync, StoreOptions
from prometheus_persist.storage.layout import COPIES, JOURNAL, MIRROR
from prometheus_persist.storage.segments import heal
from prometheus_persist.storage.store import Store
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()
RESERVES = (0, 16 * 1024)
CUTS = 60
GROUP = 4


class Life:
    """A store on a disk that dies before its ``at``-th operation from ``armed`` on."""

    def __init__(self, at: int, reserve: int, segment_bytes_max: int) -> None:
        self.disk, self.at, self.count, self.armed = MemoryFs(), at, 0, False
        self.told = {0: restore(MemoryFs(), clock=CLOCK).image.digest()}
        options = StoreOptions(
            mirror_sync_ms=NEVER_MS, reserve_bytes=reserve, segment_bytes_max=segment_bytes_max
        )
        self.store = open_store(HookFs(self.disk, self.before), CLOCK, options=options)
        self.store.commit(founding())
        self.state = state_from(self.store.image.documents)
        for number in range(2):
            self.store.commit(trade(self.state, number))
        self.acked = self.store.tip.seq
        self.tell()

    def before(self, op: str, path: str, data: bytes) -> None:
        self.count += self.armed and op in CHANGING
        if self.count >= self.at and self.armed:
            raise Death

    def tell(self) -> None:
        self.told[self.store.image.seq] = self.store.image.digest()

    def group(self) -> bool:
        """Several commits with one sync; whether it was survived."""
        self.armed = True
        try:
            for number in range(10, 10 + GROUP):
                self.store.enqueue(trade(self.state, number))
                self.tell()
            self.store.flush()
            self.acked = self.store.tip.seq
            return True
        except Death:
            return False
        finally:
            self.armed = False

    def check(self, disk: MemoryFs, where: object) -> None:
        """Everything acknowledged, nothing that never was, and nobody speaks of a loss."""
        found = restore(disk, clock=CLOCK)
        whole = found.image.digest()
        assert found.seq >= self.acked, where
        assert whole in {told for seq, told in self.told.items() if seq >= self.acked}, where
        assert all(damage.outcome != "lost" for damage in found.facts.damages), where


@pytest.mark.parametrize("reserve", RESERVES)
@pytest.mark.parametrize("segment_bytes_max", [64 * 1024 * 1024, 3000])
def test_power_cut_within_a_group_never_makes_a_gap(reserve: int, segment_bytes_max: int) -> None:
    """Before each operation of the group's write, and every mixture of its sectors."""
    ahead = 0
    for at in range(1, 60):
        life = Life(at, reserve, segment_bytes_max)
        survived = life.group()
        for cut in range(-1, CUTS):
            rng = random.Random(f"{at}/{cut}") if cut >= 0 else None
            disk = life.disk.after_power_cut(rng)
            life.check(disk, (at, cut))
            ahead += restore(disk, clock=CLOCK).seq > life.acked
        life.store.close()
        if survived:
            break
    else:
        pytest.fail("the group has more operations than were tried")
    assert at >= 4
    assert ahead > 10


def test_power_cut_a_group_of_which_the_first_did_not_arrive() -> None:
    """The case itself: the second of two commits is whole on the disk, the first is not there. No
    gap is proven, the store opens, and what it writes then is durable."""
    life = Life(10**9, RESERVES[1], 64 * 1024 * 1024)
    assert life.group()
    life.store.close()
    (path,) = [name for name in life.disk.contents() if name.startswith("incremental/journal/")]
    files = life.disk.contents()
    placed = scan(path, files[path]).frames[-GROUP:]
    assert [one.frame.joined for one in placed] == [False, True, True, True]
    first = placed[0]
    for name in (path, f"mirror/{path.rpartition('/')[2]}"):
        data = bytearray(files[name])
        data[first.offset : first.frame.end] = bytes(len(first.raw))
        files[name] = bytes(data)
    disk = MemoryFs.of(files)
    found = restore(disk, clock=CLOCK)
    assert (found.seq, found.image.digest()) == (first.frame.seq - 1, life.told[found.seq])
    assert {damage.outcome for damage in found.facts.damages} == {"ignored"}
    store = open_store(disk, CLOCK)
    store.commit(trade(life.state, 50))
    store.close()
    found = restore(disk, clock=CLOCK, thorough=True)
    assert (found.image.digest(), found.facts.damages) == (store.image.digest(), ())


@pytest.mark.parametrize("reserve", RESERVES)
def test_power_cut_after_coming_back_from_a_kill(reserve: int) -> None:
    """What a killed writer had written and not synced is built on only once it is synced: else the
    power could take it away from under what was acknowledged behind it."""
    for at in range(1, 12):
        life = Life(at, reserve, 64 * 1024 * 1024)
        if life.group():
            break
        disk = life.disk
        store: Store = open_store(disk, CLOCK, options=StoreOptions(reserve_bytes=reserve))
        store.commit(trade(state_from(store.image.documents), 60))
        for cut in range(-1, CUTS):
            left = disk.after_power_cut(random.Random(f"{at}/{cut}") if cut >= 0 else None)
            found = restore(left, clock=CLOCK)
            assert found.image.digest() == store.image.digest(), (at, cut)
        store.close()
        life.store.close()
    assert at > 3


@pytest.mark.parametrize("mirror", ["behind", "ack", "off"])
@pytest.mark.parametrize("reserve", RESERVES)
@pytest.mark.parametrize("lost", ["journal", "mirror", "both"])
def test_power_cut_after_a_failed_sync_and_a_reopening(
    mirror: MirrorSync, reserve: int, lost: str
) -> None:
    """The commit whose sync failed is read back; what is built on it outlives the power cut."""
    if mirror == "off" and lost == "mirror":
        pytest.skip("no mirror, no sync of it")
    disk, armed = MemoryFs(), [False]

    def failing(op: str, path: str, data: bytes) -> None:
        if armed[0] and op == "fsync":
            for copy in COPIES if lost == "both" else [JOURNAL if lost == "journal" else MIRROR]:
                if disk.list_dir(copy):
                    disk.lose(f"{copy}/{path.rpartition('/')[2]}")
            raise OSError(errno.EIO, "the disk is ill", path)

    options = StoreOptions(mirror=mirror, mirror_sync_ms=NEVER_MS, reserve_bytes=reserve)
    first = open_store(HookFs(disk, failing), CLOCK, options=options)
    first.commit(founding())
    armed[0] = True
    with pytest.raises(StoreFailed, match="ill"):
        first.commit(trade(state_from(first.image.documents), 1))
    first.close()
    seen = restore(disk, clock=CLOCK)
    assert seen.seq == 3
    assert not seen.proven
    for number in (2, 3):  # the second time nothing has failed, nor is it known to be well
        store = open_store(disk, CLOCK, options=options)
        store.commit(trade(state_from(store.image.documents), number))
        for cut in range(-1, 20):
            rng = random.Random(f"{number}/{cut}") if cut >= 0 else None
            found = restore(disk.after_power_cut(rng), clock=CLOCK, thorough=True)
            assert found.image.digest() == store.image.digest(), (number, cut)
            assert not [one for one in found.facts.damages if one.outcome == "lost"]
        store.close()


def test_power_proof_is_a_checkpoint_or_snapshot_of_the_newest_frame() -> None:
    """With it the newest segment is synced and not written anew; else it is, both copies."""
    disk, seen = MemoryFs(), []

    def before(op: str, path: str, data: bytes) -> None:
        if op == "rename" and path.endswith(".wal"):
            seen.append(path)

    fs = HookFs(disk, before)
    store = open_store(fs, CLOCK, options=StoreOptions(reserve_bytes=0))
    store.commit(founding())
    for act, proven in (
        (store.checkpoint, True),
        (lambda: store.commit(trade(state_from(store.image.documents), 1)), False),
        (lambda: store.snapshot(3), True),
    ):
        act()
        found = restore(disk, clock=CLOCK)
        assert found.proven is proven, act
        seen.clear()
        assert heal(fs, found.due_segments, proven=found.proven) == []
        name = max(disk.list_dir(JOURNAL))
        assert seen == ([] if proven else [f"{copy}/{name}" for copy in COPIES])
    store.close()


def test_power_a_failed_sync_of_the_mirror_is_heard_by_whoever_waits_for_its_turn() -> None:
    """A checkpoint is proof; it must not be made behind a sync of the mirror that has just failed
    in another thread."""
    disk, ill = MemoryFs(), [False]

    def failing(op: str, path: str, data: bytes) -> None:
        if ill[0] and op == "fsync" and path.startswith("mirror/"):
            raise OSError(errno.EIO, "the disk is ill", path)

    store = open_store(HookFs(disk, failing), CLOCK, options=StoreOptions(mirror_sync_ms=NEVER_MS))
    store.commit(founding())
    ill[0] = True
    real, turns = store._committer._mirror_lock, []

    class Turn:
        """Lets the other thread go first, once."""

        def __enter__(self) -> None:
            if not turns:
                turns.append(1)
                with pytest.raises(StoreFailed):
                    store._committer.sync_mirror()
            real.acquire()

        def __exit__(self, *_: object) -> None:
            real.release()

    store._committer._mirror_lock = Turn()  # type: ignore[assignment]
    with pytest.raises(StoreFailed, match="ill"):
        store.checkpoint()
    assert disk.list_dir("incremental") == [
        *("agents", "journal", "private_ledgers", "records"),
    ]
    store.close()
