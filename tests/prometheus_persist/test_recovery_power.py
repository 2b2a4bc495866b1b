"""S1, S2: the power fails while a group of commits is being written, and a disk reorders sectors.

Of the commits that wait for one sync none is acknowledged before all are. Whatever part of their
one write arrives, in either copy, with or without reserved space, within a segment or over the end
of one: a restore gives every acknowledged commit and, of the group, some leading part.
"""

from __future__ import annotations

import random

import pytest
from storekit import CHANGING, HookFs, Killed, StillClock, founding, open_store, trade

from prometheus_persist.journal.chain import scan
from prometheus_persist.recovery import restore
from prometheus_persist.state import state_from
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.memory import MemoryFs
from prometheus_persist.storage.store import Store

CLOCK = StillClock()
RESERVES = (0, 16 * 1024)
CUTS = 60
GROUP = 4
LONG_MS = 600_000  # no thread syncs the mirror: every operation is the test's own


class Life:
    """A store on a disk that dies before its ``at``-th operation from ``armed`` on."""

    def __init__(self, at: int, reserve: int, segment_bytes_max: int) -> None:
        self.disk, self.at, self.count, self.armed = MemoryFs(), at, 0, False
        self.told = {0: restore(MemoryFs(), clock=CLOCK).image.digest()}
        options = StoreOptions(
            mirror_sync_ms=LONG_MS, reserve_bytes=reserve, segment_bytes_max=segment_bytes_max
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
            raise Killed

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
        except Killed:
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
