"""S5, S9: any commit of the past, exactly; a restore writes nothing and is the same every time."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from storekit import (
    CHANGING,
    START_MS,
    HookFs,
    StillClock,
    flip,
    founding,
    open_store,
    trade,
    tree,
)

from prometheus_persist.errors import BadConfig, BadValue, StoreDamaged, StoreFailed
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.follow import Follower
from prometheus_persist.recovery.ladder import AGE_WARN_MS, FUTURE_WARN_MS
from prometheus_persist.recovery.restore_into import write_into
from prometheus_persist.recovery.verifying import stored_images
from prometheus_persist.state import state_from
from prometheus_persist.storage.fs import Fs, LocalFs
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock(START_MS + 1_000_000)
DAY_MS = 24 * 3600 * 1000


def live(fs: Fs, step_ms: int = 1000) -> dict[int, tuple[int, str]]:
    """100 commits over four lives of a store; the digest and wall time of every sequence."""
    clock, told = StillClock(step_ms=step_ms), {}

    class Watch:
        def begin(self, seq: int, change: object) -> None:
            told[seq] = (0, "")

        def durable(self, seq: int, elapsed_s: float) -> None:
            told[seq] = (store.tip.wall_ms, store.image.digest())

    number = 0
    for life in range(4):
        store = open_store(fs, clock, Watch())
        told[store.tip.seq] = (store.tip.wall_ms, store.image.digest())
        if not life:
            store.commit(founding())
        state = state_from(store.image.documents)
        for _ in range(25):
            number += 1
            store.commit(trade(state, number))
            if number % 30 == 0:
                store.snapshot(2)
        store.checkpoint()
        store.close()
    return told


@cache
def history() -> tuple[MemoryFs, dict[int, tuple[int, str]]]:
    fs = MemoryFs()
    return fs, live(fs)


def test_moments_every_commit_by_sequence() -> None:
    """Each of the commits, asked for by number, is the image that was recorded at that commit."""
    fs, told = history()
    assert len(told) == 105
    for seq, (_, digest) in told.items():
        found = restore(fs, seq=seq, clock=CLOCK)
        assert (found.seq, found.image.digest()) == (seq, digest)
        assert found.facts.damages == ()


def test_moments_every_commit_by_time() -> None:
    """Asked for by its wall time, or any time before the next one's, it is that image, too."""
    fs, told = history()
    for seq, (wall_ms, digest) in list(told.items())[::7]:
        for moment in (wall_ms, wall_ms + 999):
            found = restore(fs, at_ms=moment, clock=CLOCK)
            assert (found.seq, found.image.digest()) == (seq, digest)


@pytest.mark.parametrize("how", ["seq", "at_ms"])
def test_moments_over_a_clock_that_went_back(how: str) -> None:
    """Sequences order commits. A time is that of the last commit whose own clock was not past it:
    an hour that was lived twice is its second time."""
    fs, clock, told = MemoryFs(), StillClock(step_ms=1000), {}
    store = open_store(fs, clock)
    store.commit(founding())
    state = state_from(store.image.documents)
    for number in range(1, 31):
        if number == 16:
            clock.ms -= 10_000
        store.commit(trade(state, number))
        told[store.image.seq] = (store.tip.wall_ms, store.image.digest())
    store.close()
    walls = [wall for wall, _ in told.values()]
    assert walls != sorted(walls)
    for seq, (wall_ms, digest) in told.items():
        if how == "seq":
            found = restore(fs, seq=seq, clock=CLOCK)
            assert (found.seq, found.image.digest()) == (seq, digest)
        else:
            due = max(each for each, (wall, _) in told.items() if wall <= wall_ms)
            found = restore(fs, at_ms=wall_ms, clock=CLOCK)
            assert (found.seq, found.image.digest()) == (due, told[due][1])


def test_moments_with_one_copy_and_no_snapshot() -> None:
    """The past needs no more than the present: one copy of the journal gives all of it."""
    fs, told = history()
    for keep in ("incremental/journal", "mirror"):
        left = MemoryFs.of({n: d for n, d in fs.contents().items() if n.startswith(keep)})
        for seq in (1, 2, 27, 54, 104):
            assert restore(left, seq=seq, clock=CLOCK).image.digest() == told[seq][1]


@pytest.mark.parametrize("seq", [0, -1, 106, 10**9])
def test_moments_that_never_were(seq: int) -> None:
    """A number before the first or after the last commit is a wrong argument, not damage."""
    with pytest.raises(BadValue, match=f"commit {seq} does not exist"):
        restore(history()[0], seq=seq, clock=CLOCK)


def test_moments_before_the_beginning() -> None:
    """A time before the first commit is a wrong argument; one after the last is the newest, but
    for one that is yet to come."""
    fs, told = history()
    with pytest.raises(BadValue, match="nothing was saved"):
        restore(fs, at_ms=START_MS, clock=CLOCK)
    now_ms = CLOCK.now_ms()
    assert restore(fs, at_ms=now_ms, clock=CLOCK).seq == max(told)
    with pytest.raises(BadValue, match="in the future"):
        restore(fs, at_ms=START_MS * 2, clock=CLOCK)


def test_moments_behind_damage_are_refused_and_before_it_served() -> None:
    """With a gap in both copies, everything before it and from the next snapshot on is served."""
    fs, told = history()
    files = fs.contents()
    name = sorted(files)[[n.endswith(".wal") for n in sorted(files)].index(True) + 1]
    assert name.startswith("incremental/journal")
    for path in (name, f"mirror/{name.rpartition('/')[2]}"):
        files[path] = flip(files[path], len(files[path]) * 4)
    hurt = MemoryFs.of(files)
    outcome = {}
    for seq in told:
        try:
            found = restore(hurt, seq=seq, clock=CLOCK)
            assert found.image.digest() == told[seq][1]
            outcome[seq] = True
        except StoreDamaged:
            outcome[seq] = False
    assert outcome[1]
    assert outcome[27]
    assert not outcome[52]
    assert outcome[105]


def test_moments_lost_between_two_bases_are_named_by_verify() -> None:
    """S3, S9: the state of now is whole, and yet a part of the past is gone: verify says from which
    commit on and up to which, and nothing else calls the store damaged."""
    fs, told = history()
    assert verify(fs, clock=CLOCK).sound
    files = fs.contents()
    first, second = sorted(name for name in files if name.startswith("incremental/journal/"))[:2]
    for path, seq in ((first, 1), (second, 28)):
        gone = {path, f"mirror/{path.rpartition('/')[2]}"}
        hurt = MemoryFs.of({name: data for name, data in files.items() if name not in gone})
        assert restore(hurt, clock=CLOCK).image.digest() == told[max(told)][1]
        found = verify(hurt, clock=CLOCK)
        if path == first:  # nothing tells a first segment that is gone from one that was let go
            assert found.sound
            continue
        lost = [damage for damage in found.facts.damages if damage.outcome == "lost"]
        assert not found.sound
        assert lost[0].problem.startswith(f"commit {seq} is damaged or missing in every copy")
        ranges = [[int(n) for n in re.findall(r"commit (\d+)", one.problem)] for one in lost]
        inside = {commit for start, end in ranges for commit in range(start, end)}
        assert inside
        for wanted in told:
            if wanted in inside:
                with pytest.raises(StoreDamaged):
                    restore(hurt, seq=wanted, clock=CLOCK)
            else:
                assert restore(hurt, seq=wanted, clock=CLOCK).image.digest() == told[wanted][1]


@pytest.mark.parametrize("folder", ["incremental/journal", "mirror", "snapshots", "incremental"])
def test_restore_from_a_directory_that_cannot_be_listed_names_it(folder: str) -> None:
    """S7: neither a fresh start nor a bare error of the system: typed, and with the path."""
    fs, _ = history()

    def fail(op: str, path: str, data: bytes) -> None:
        if op == "list_dir" and path == folder:
            raise OSError(errno.EACCES, "permission denied", path)

    for read in (restore, verify, stored_images):
        if read is stored_images and folder != "snapshots":
            continue
        with pytest.raises(StoreFailed, match=f"cannot be read: .*{folder}"):
            read(HookFs(fs, fail))
    if folder != "incremental":
        with pytest.raises(StoreFailed, match=folder):
            Follower(HookFs(fs, fail)).next()


def test_moments_of_a_clock_that_runs_backwards() -> None:
    """Numbers order the past, times do not: every commit is found by number all the same."""
    fs = MemoryFs()
    told = live(fs, step_ms=-1000)
    for seq in (1, 2, 50, 105):
        assert restore(fs, seq=seq, clock=CLOCK).image.digest() == told[seq][1]
    assert restore(fs, clock=CLOCK).seq == 105


def test_restore_writes_nothing(tmp_path: Path) -> None:
    """Not a byte, not a time of any file changes; no operation that could change one runs."""
    live(LocalFs(tmp_path))
    before = tree(tmp_path)
    seen: list[str] = []
    fs = HookFs(LocalFs(tmp_path), lambda op, path, data: seen.append(op))
    for seq in (None, 40):
        restore(fs, seq=seq, clock=CLOCK)
    verify(fs, clock=CLOCK)
    assert tree(tmp_path) == before
    assert seen
    assert CHANGING.isdisjoint(seen)


def test_restore_twice_gives_the_same() -> None:
    """S5: the same state, place, facts and bytes to be put right, however often it is asked."""
    fs, _ = history()
    files = fs.contents()
    files.pop(next(name for name in files if name.startswith("mirror/")))
    found = [restore(MemoryFs.of(files), clock=CLOCK) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].due_segments


def test_restore_in_another_process_gives_the_same(tmp_path: Path) -> None:
    """S5: nor does it depend on the order of sets in a process."""
    live(LocalFs(tmp_path))
    code = (
        "import sys; from prometheus_persist.recovery import restore;"
        "from prometheus_persist.storage.fs import LocalFs;"
        "from prometheus_persist.journal.archive import pack;"
        "f = restore(LocalFs(sys.argv[1])); import hashlib;"
        "print(hashlib.sha256(pack(f.image, f.tip)).hexdigest())"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env={**env, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(said) == 1


def test_restore_of_nothing_is_a_fresh_start(tmp_path: Path) -> None:
    """No directory, an empty one, or one with a lock and a log only: fresh, in so many words."""
    for files in ({}, {"store.lock": b"1\n"}, {"recovery_log.txt": b"x\n"}):
        found = restore(MemoryFs.of(files), clock=CLOCK)
        assert found.facts.fresh
        assert (found.seq, found.documents, found.facts.base) == (0, {}, "none")
        assert (found.facts.damages, found.facts.warnings) == ((), ())
    assert restore(LocalFs(tmp_path / "never"), clock=CLOCK).facts.fresh
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    ("ahead_ms", "warnings"),
    [
        (0, ()),
        (FUTURE_WARN_MS, ()),
        (FUTURE_WARN_MS + 1, ("warn.future",)),
        (-AGE_WARN_MS, ()),
        (-AGE_WARN_MS - 1, ("warn.old",)),
    ],
)
def test_restore_flags_doubtful_times(ahead_ms: int, warnings: tuple[str, ...]) -> None:
    """Data from the future, or from too long ago, is restored and flagged, never silently used."""
    fs = MemoryFs()
    store = open_store(fs, StillClock(START_MS + ahead_ms))
    store.commit(founding())
    found = restore(fs, clock=StillClock(START_MS))
    assert found.facts.warnings == warnings
    assert found.image.digest() == store.image.digest()


def test_restore_facts_say_what_was_done() -> None:
    """Sequence, epoch, base, replayed frames and last time are those of the store."""
    fs, told = history()
    facts = restore(fs, clock=CLOCK).facts
    assert (facts.seq, facts.epoch, facts.fresh) == (105, 4, False)
    assert facts.last_save_ms == told[105][0]
    assert facts.restored_ms == CLOCK.ms
    assert facts.base.startswith("snapshots/")
    assert 0 < facts.frames_replayed < 30


def test_last_save_is_the_last_commit_however_often_the_store_is_opened() -> None:
    """Openings that save nothing are no save: by the journal alone, from a snapshot that stands on
    an opening, and in an outline; the age that is warned of counts from there as well."""
    fs, clock = MemoryFs(), StillClock(START_MS)
    store = open_store(fs, clock)
    store.commit(founding())
    saved_ms = clock.ms
    store.close()
    for days in (1, 2, 40):
        clock.ms = saved_ms + days * DAY_MS
        facts = restore(fs, clock=clock).facts
        assert facts.last_save_ms == saved_ms
        assert restore(fs, clock=clock, outline=True).facts.last_save_ms == saved_ms
        assert facts.warnings == (("warn.old",) if days == 40 else ())
        store = open_store(fs, clock)
        if days == 2:
            store.snapshot(3)
        store.close()
    assert restore(fs, clock=clock).facts.base.startswith("snapshots/")
    assert restore(fs, clock=clock).facts.last_save_ms == saved_ms
    clock.ms += DAY_MS
    store = open_store(fs, clock)
    store.commit(Change("more", put={"supervisor": {"system_cycle_count": 1}}))
    store.close()
    assert restore(fs, clock=clock).facts.last_save_ms == clock.ms


def test_a_copy_was_last_saved_when_what_it_is_a_copy_of_was(tmp_path: Path) -> None:
    """``--into``: the outage goes on in the copy, from the last save of the moment restored."""
    fs, told = history()
    for seq in (40, 105):
        target = tmp_path / str(seq)
        write_into(restore(fs, seq=seq, clock=CLOCK), target, CLOCK)
        facts = restore(LocalFs(target), clock=CLOCK).facts
        assert facts.last_save_ms == told[seq][0]


def test_into_makes_a_store_of_its_own(tmp_path: Path) -> None:
    """A moment put into a new directory is a store with that state; the old one is untouched; the
    epoch goes on, so that no clOrdId is ever issued twice."""
    fs, told = history()
    files = fs.contents()
    target = tmp_path / "new"
    write_into(restore(fs, seq=40, clock=CLOCK), target, CLOCK)
    found = restore(LocalFs(target), clock=CLOCK)
    assert found.image.digest() == told[40][1]
    assert found.tip.epoch > 4
    assert fs.contents() == files
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    with pytest.raises(BadConfig):
        write_into(restore(fs, clock=CLOCK), target, CLOCK)
