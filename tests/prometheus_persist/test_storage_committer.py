"""Groups, tickets, back-pressure, the mirror's sync, and the fence."""

import contextlib
import errno
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from storekit import HookFs, StillClock, open_store

from prometheus_persist.clock import SystemClock
from prometheus_persist.errors import BadConfig, StoreFailed, StoreLocked
from prometheus_persist.journal.change import Change
from prometheus_persist.journal.frame import FrameState, encode, read
from prometheus_persist.journal.frame import Tip as FrameTip
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.store import Store
from prometheus_persist.storage.through import ThroughFs, ThroughHandle
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()


def digest(inner):
    return restore(inner, clock=CLOCK).image.digest()


def note(number):
    return Change("note", {f"agents/{number}": {"agent_id": str(number), "n": number}})


def counted(options, slow_s=0.0):
    """A store on a disk in memory, and how often each operation was asked for."""
    counts = Counter()

    def count(operation, path, data):
        counts[f"{operation} {path.split('/')[0]}"] += 1
        if operation == "fsync" and slow_s:
            time.sleep(slow_s)

    inner = MemoryFs()
    store = open_store(HookFs(inner, count), CLOCK, options=options)
    counts.clear()
    return store, inner, counts


def test_many_that_wait_share_one_sync():
    """Sixty-four threads that save at once cost two syncs, not sixty-four, and none is lost.

    The first sync lasts until all of them stand in line, however busy the machine is.
    """
    all_in_line, syncs = threading.Event(), []

    def sync_slowly(operation, path, data):
        if operation == "fsync" and path.startswith("incremental") and threads:
            syncs.append(path)
            assert all_in_line.wait(60)

    def commit(number):
        ticket = store.submit(note(number))
        if next(in_line) == 64:
            all_in_line.set()
        ticket.wait()

    threads, in_line, inner = [], itertools.count(1), MemoryFs()
    store = open_store(HookFs(inner, sync_slowly), CLOCK, options=StoreOptions(mirror="off"))
    threads += [threading.Thread(target=commit, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(syncs) <= 2
    assert set(restore(inner, clock=CLOCK).documents) == {f"agents/{n}" for n in range(64)}
    assert digest(inner) == store.image.digest()


def test_a_ticket_is_done_only_when_its_frame_is_on_the_disk():
    """``submit`` returns at once; ``wait`` returns when a restore would find it."""
    store, inner, _ = counted(StoreOptions(mirror="off"), slow_s=0.02)
    tickets = [store.submit(note(n)) for n in range(10)]
    assert [ticket.seq for ticket in tickets] == sorted(ticket.seq for ticket in tickets)
    last = tickets[-1]
    assert last.wait() == last.seq
    assert all(ticket.done for ticket in tickets)
    assert restore(inner, clock=CLOCK).seq == last.seq
    store.close()


def test_what_is_submitted_is_what_it_was_at_that_moment(tmp_path):
    """A later change of the live object is not in the save that was made before it."""
    session = Session.open(tmp_path)
    session.add_agent(Agent(agent_id="A", trade_count=1))
    session.state.agents["A"].trade_count = 2
    ticket = session.save_soon("x", ["A"])
    session.state.agents["A"].trade_count = 3
    seq = ticket.wait()
    found = restore(LocalFs(tmp_path), seq=seq)
    assert found.documents["agents/A"]["trade_count"] == 2
    assert session.save_soon("x", []) is None
    session.close()
    assert restore(LocalFs(tmp_path)).documents["agents/A"]["trade_count"] == 3


def test_a_failed_write_fails_every_ticket_that_waits_and_everything_after():
    """S7: no ticket is ever done for a frame that is not on the disk."""
    armed = []

    def fail(operation, path, data):
        if armed and operation == "fsync" and "journal" in path:
            raise OSError(5, "no")

    inner = MemoryFs()
    store = open_store(HookFs(inner, fail), CLOCK, options=StoreOptions(mirror="off"))
    store.commit(note(0))
    armed.append(True)
    tickets = []

    def go_on():
        for n in range(1, 200):
            tickets.append(store.submit(note(n)))
            time.sleep(0.001)

    with pytest.raises(StoreFailed):
        go_on()
    assert tickets
    for ticket in tickets:
        with pytest.raises(StoreFailed):
            ticket.wait()
    with pytest.raises(StoreFailed):
        store.commit(note(999))
    store.close()


def test_what_is_pending_is_bounded():
    """Whoever submits faster than the disk takes it writes first: no unbounded queue."""
    store, _, _ = counted(StoreOptions(mirror="off", pending_bytes_max=2_000), slow_s=0.005)
    for n in range(200):
        store.submit(note(n))
        assert store._committer._pending_bytes < 2_000 + 500
    store.close()


@pytest.mark.parametrize(
    ("mode", "syncs"), [("ack", 10), ("off", 0)], ids=["ack: each commit", "off: never"]
)
def test_the_mirror_is_synced_as_told(mode, syncs):
    store, inner, counts = counted(StoreOptions(mirror=mode))
    for n in range(10):
        store.commit(note(n))
    assert counts["fsync mirror"] == syncs
    assert bool(inner.list_dir("mirror")) == (mode != "off")
    store.close()


def test_the_mirror_is_synced_a_little_behind_without_being_asked():
    """``behind``: no commit waits for it, and soon after the last one it is on the disk."""
    store, _, counts = counted(StoreOptions(mirror="behind", mirror_sync_ms=20))
    for n in range(50):
        store.commit(note(n))
    assert counts["fsync mirror"] < 25
    deadline = time.monotonic() + 5
    while store._committer._mirror_dirty and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not store._committer._mirror_dirty
    store.close()


def test_a_mirror_that_cannot_be_synced_is_told_by_the_next_save():
    """A failure in the background is not lost: it shuts the store."""

    def fail(operation, path, data):
        if armed and operation == "fsync" and path.startswith("mirror"):
            raise OSError(5, "no")

    armed = []
    options = StoreOptions(mirror="behind", mirror_sync_ms=5)
    store = open_store(HookFs(MemoryFs(), fail), CLOCK, options=options)
    armed.append(True)

    def go_on():
        for n in range(1000):
            store.commit(note(n))
            time.sleep(0.002)

    with pytest.raises(StoreFailed):
        go_on()
    store.close()


def test_unknown_ways_to_mirror_are_refused():
    with pytest.raises(BadConfig, match="mirror"):
        Settings(mirror="sometimes")  # type: ignore[arg-type]


def test_a_write_cut_off_inside_reserved_space_is_torn_and_a_flipped_bit_is_not():
    """Zeros to the end of the file from inside a frame: torn. Anything else: damage."""
    data, _ = encode(2, FrameTip(), 1, 7, b'{"why":"x"}')
    space = bytes(4096)
    for cut in range(1, len(data)):
        seen, _ = read(data[:cut] + space, 0)
        whole_but_for_zeros = data[:cut] + bytes(len(data) - cut) == data
        assert seen.torn or (whole_but_for_zeros and seen is FrameState.WHOLE), cut
    flipped = bytearray(data + space)
    flipped[80] ^= 1
    assert read(bytes(flipped), 0)[0] is FrameState.BAD_PAYLOAD
    assert read(data + space, 0)[0] is FrameState.WHOLE
    assert read(data + space, len(data))[0] is FrameState.TORN_ZEROS


@pytest.mark.parametrize("call", ["checkpoint", "snapshot"])
def test_a_writer_that_was_taken_over_from_refreshes_and_deletes_nothing(call):
    """With nothing left to commit, too: old readable files and a clean-up would do harm."""
    taken = []

    def fence():
        if taken:
            raise StoreFailed("another process has taken over")

    inner = MemoryFs()
    found = restore(inner, clock=CLOCK)
    store = Store(inner, found.image, found.tip, 1, CLOCK, options=StoreOptions("off"), fence=fence)
    store.commit(note(1))
    before = inner.contents()
    taken.append(True)
    with pytest.raises(StoreFailed, match="taken over"):
        store.checkpoint() if call == "checkpoint" else store.snapshot(3)
    assert inner.contents() == before
    store.close()


ZOMBIE = """
import sys, time
from prometheus_persist.session import Session
from prometheus_persist.errors import StoreFailed
session = Session.open(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
session.state.supervisor.system_cycle_count = 666
try:
    print("wrote", session.save("zombie"), flush=True)
except StoreFailed as problem:
    print("fenced", problem, flush=True)
"""


def test_a_process_that_was_stopped_and_taken_over_from_can_no_longer_write(tmp_path):
    """S6: SIGSTOP, take-over, SIGCONT; the thawed one is refused and its frame counts nowhere."""
    zombie = subprocess.Popen(
        [sys.executable, "-c", ZOMBIE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert zombie.stdout.readline() == "open\n"
        os.kill(zombie.pid, signal.SIGSTOP)
        with pytest.raises(StoreLocked):
            Session.open(tmp_path)
        session = Session.open(tmp_path, take_over=True)
        session.state.supervisor.system_cycle_count = 7
        session.save("living")
        zombie.stdin.write("go\n")
        zombie.stdin.flush()
        os.kill(zombie.pid, signal.SIGCONT)
        assert zombie.stdout.readline().startswith("fenced")
        session.state.supervisor.system_cycle_count = 8
        session.save("living")
        session.close()
    finally:
        zombie.kill()
        zombie.communicate()
    found = restore(LocalFs(tmp_path), clock=SystemClock())
    assert found.documents["supervisor"]["system_cycle_count"] == 8


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("mirror", ["behind", "off"])
def test_a_disk_without_room_takes_nothing_in_and_the_next_save_works(number, mirror):
    """Asked before the change is taken in: nothing is shut, nothing lost, and what was reserved
    in vain is given back."""
    full = [False]

    def refuse(operation, path, data):
        if operation == "reserve" and full[0]:
            raise OSError(number, "no room")

    inner = MemoryFs()
    options = StoreOptions(mirror=mirror, reserve_bytes=512)
    store = open_store(HookFs(inner, refuse), CLOCK, options=options)
    seq = store.commit(note(0))
    before = store.image.digest()
    full[0] = True
    with contextlib.suppress(StoreFailed):
        for attempt in range(20):
            seq = store.commit(note(attempt))
            before = store.image.digest()
    assert seq < 20
    for _ in range(3):
        with pytest.raises(StoreFailed, match="no room on the disk, nothing was taken in"):
            store.commit(note(99))
    assert (store.image.digest(), store.tip.seq) == (before, seq)
    assert all(
        not data.endswith(bytes(8)) for name, data in inner.contents().items() if "wal" in name
    )
    full[0] = False
    assert store.commit(note(100)) == seq + 1
    assert digest(MemoryFs.of(inner.contents())) == store.image.digest()
    store.close()


class SmallDisk(ThroughFs):
    """A disk of so many bytes."""

    room = 1 << 30

    def _handle(self, inner, path):
        return OnSmallDisk(self, inner, path)


class OnSmallDisk(ThroughHandle):
    at = 0

    def write(self, data):
        self.at += len(data)
        self._needs(self.at)
        super().write(data)

    def reserve(self, size):
        self._needs(size)
        super().reserve(size)

    def _needs(self, size):
        disk = self._fs.inner
        more = size - disk.size(self._path)
        if more > 0 and more + sum(map(len, disk.contents().values())) > self._fs.room:
            raise OSError(errno.ENOSPC, "no room")


@pytest.mark.parametrize("mirror", ["behind", "off"])
def test_a_disk_that_is_full_where_a_segment_is_takes_nothing_in_and_the_next_save_works(mirror):
    """The next segment has its room before a change is taken in for it."""
    options = StoreOptions(mirror=mirror, reserve_bytes=256, segment_bytes_max=2000)
    for spare in range(0, 4000, 24):  # at any place within the first segments
        inner = MemoryFs()
        disk = SmallDisk(inner)
        store = open_store(disk, CLOCK, options=options)
        disk.room = sum(map(len, inner.contents().values())) + spare
        with pytest.raises(StoreFailed, match="no room on the disk, nothing was taken in"):
            commit_notes(store, 100)
        assert digest(MemoryFs.of(inner.contents())) == store.image.digest(), spare
        disk.room = 1 << 30
        commit_notes(store, 1)
        assert digest(MemoryFs.of(inner.contents())) == store.image.digest(), spare
        store.close()


def commit_notes(store, count):
    for number in range(count):
        store.commit(note(number))


def test_a_disk_with_little_room_is_used_to_its_end():
    """Where a whole stretch does not fit, what the commit itself needs is reserved."""
    asked = []

    def refuse(operation, path, data):
        if operation == "reserve":
            asked.append(path)
            if len(asked) % 2:
                raise OSError(errno.ENOSPC, "no room")

    inner = MemoryFs()
    options = StoreOptions(mirror="off", reserve_bytes=1 << 20)
    store = open_store(HookFs(inner, refuse), CLOCK, options=options)
    for attempt in range(5):
        store.commit(note(attempt))
    assert len(asked) >= 10
    assert digest(MemoryFs.of(inner.contents())) == store.image.digest()
    store.close()


def test_a_disk_that_fails_while_it_reserves_shuts_the_store():
    """No room is one thing, a broken disk another."""
    broken = [False]

    def refuse(operation, path, data):
        if operation == "reserve" and broken[0]:
            raise OSError(errno.EIO, "broken")

    store = open_store(HookFs(MemoryFs(), refuse), CLOCK, options=StoreOptions(reserve_bytes=64))
    broken[0] = True
    with pytest.raises(StoreFailed, match="broken"):
        store.commit(note(1))
    broken[0] = False
    with pytest.raises(StoreFailed, match="shut"):
        store.commit(note(2))
