"""S3, S4: any one file may suffer anything, and the restore is exact and says what was wrong.

The store of these tests has two agents, trades, three segments in two copies, two snapshots, the
readable files and a log. Every file of it is deleted, cut, zeroed, flipped, swapped with every
other and replaced by what it was earlier. Three kinds of file nothing vouches for: a snapshot that
is gone (it may have been removed on purpose), the lock, and the log, which no restore reads.

All of it twice: with segments that end behind their last frame, and with segments that reserve
space ahead, the newest of which ends in zeros, as a killed writer leaves it.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import pytest
from storekit import (
    START_MS,
    HookFs,
    StillClock,
    flip,
    founding,
    open_store,
    trade,
)

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.archive import unpack
from prometheus_persist.journal.chain import scan
from prometheus_persist.journal.change import Change
from prometheus_persist.journal.projection import unwrap
from prometheus_persist.recovery import restore, verify
from prometheus_persist.state import state_from
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.segments import heal
from prometheus_persist.storage.store import append_log
from prometheus_persist.testing.memory_fs import MemoryFs

Files = dict[str, bytes]
CLOCK = StillClock(START_MS + 10_000)
SILENT = ("store.lock", "recovery_log.txt")


RESERVES = (0, 64 * 1024)


@dataclass(frozen=True)
class World:
    """The store's files, what they were at earlier moments, and the digest of its state."""

    files: Files
    earlier: tuple[Files, ...]
    digest: str

    def harmed(self, **change: bytes | None) -> Files:
        return {name: data for name, data in {**self.files, **change}.items() if data is not None}

    def without_snapshots(self, **change: bytes | None) -> MemoryFs:
        return MemoryFs.of(self.harmed(**{**dict.fromkeys(SNAPSHOTS), **change}))


@cache
def reference(reserve: int) -> World:
    fs, clock, earlier = MemoryFs(), StillClock(step_ms=1), []
    fs.create("store.lock").write(b"123\n")
    number = 0
    for life in range(3):
        store = open_store(fs, clock, options=StoreOptions(reserve_bytes=reserve))
        if not life:
            store.commit(founding())
        state = state_from(store.image.documents)
        for _ in range(4):
            number += 1
            store.commit(trade(state, number))
        store.checkpoint()
        earlier.append(fs.contents())
        if life:
            store.snapshot(3)
            store.commit(Change("rest", put={"supervisor": {"system_cycle_count": life}}))
            append_log(fs, "recovery_log.txt", [f"life {life}"])
            store.checkpoint()
        if life < 2:
            earlier.append(fs.contents())
    return World(fs.contents(), tuple(earlier), store.image.digest())


@pytest.fixture(params=RESERVES, ids=lambda reserve: f"reserve {reserve}")
def world(request: pytest.FixtureRequest) -> World:
    return reference(request.param)


NAMES = sorted(reference(0).files)
JOURNAL = [name for name in NAMES if name.startswith("incremental/journal/")]
SNAPSHOTS = [name for name in NAMES if name.endswith(".zip")]
NEWEST = JOURNAL[-1].rpartition("/")[2]


def used(data: bytes) -> int:
    """How many bytes of a segment were ever written; all of any other file."""
    return len(data.rstrip(b"\0")) if data.startswith(b"PPJ1") else len(data)


def lengths(data: bytes) -> list[int]:
    told, size = used(data), len(data)
    ends = {p.frame.end for p in scan("x", data).frames} if data.startswith(b"PPJ1") else set()
    picked = {0, 1, told // 3, told // 2, told - 1, told + 1, told + 71, size - 1} | ends
    return sorted(length for length in picked if length < size)


def bits(data: bytes) -> set[int]:
    told, size = used(data) * 8, len(data) * 8
    slack = {told, told + 7, told + 40, told + 71 * 8, told + 72 * 8, told + 9000, size - 1}
    return {0, told - 1, *range(3, told, max(1, told // 25))} | {b for b in slack if b < size}


def harms(world: World, name: str) -> Iterator[tuple[str, Files]]:
    data = world.files[name]
    yield "deleted", world.harmed(**{name: None})
    for length in lengths(data):
        yield f"cut to {length}", world.harmed(**{name: data[:length]})
    yield "zeroed", world.harmed(**{name: bytes(len(data))})
    for bit in sorted(bits(data)):
        yield f"bit {bit}", world.harmed(**{name: flip(data, bit)})
    yield "grown", world.harmed(**{name: data + b"\0\0garbage"})
    for place in range(used(data) + 100, len(data) - 100, 20_000):
        holed = data[:place] + b"garbage" * 14 + data[place + 98 :]
        yield f"scribbled at {place}", world.harmed(**{name: holed})
    for other in NAMES:
        content = world.files[other]
        if other != name and content != data:
            yield f"swapped with {other}", world.harmed(**{name: content, other: data})
    for moment, files in enumerate(world.earlier):
        if name in files and files[name] != data:
            yield f"as it was at {moment}", world.harmed(**{name: files[name]})


def vouched_for(world: World, name: str, harm: str, files: Files) -> bool:
    """Whether anything on disk can tell that this file is not as it ought to be."""
    if name in SILENT:
        return harm.startswith("swapped with") and harm.split()[-1] not in SILENT
    if name.endswith(".zip") and harm == "deleted":
        return False
    if name.endswith("checkpoint_latest.json") and harm.startswith("as it was"):
        return False  # an older checkpoint is what a crash leaves, too
    same = name in files and not harm.startswith("swapped")
    return not (same and means_the_same(name, files[name], world.files[name]))


def means_the_same(name: str, data: bytes, due: bytes) -> bool:
    """Whether the spelling only was changed: a zip's attributes, an E for an e, how many zeros."""
    try:
        if name.endswith(".wal"):
            return data.rstrip(b"\0") == due.rstrip(b"\0")
        if name.endswith(".zip"):
            return unpack(data, name)[0].digest() == unpack(due, name)[0].digest()
        if name.endswith(".json"):
            short = name.removeprefix("incremental/")
            return unwrap(short, data, name) == unwrap(short, due, name)
    except StoreDamaged:
        pass
    return False


def test_damage_the_reference_is_sound(world: World) -> None:
    """Unharmed, nothing is wrong with it, and everything is in it that can be harmed."""
    found = verify(MemoryFs.of(world.files), clock=CLOCK)
    assert found.sound
    assert found.digest == world.digest
    assert len(found.snapshots) == 2
    assert sum(name.endswith(".wal") for name in world.files) == 6
    assert len(world.earlier) == 5


@pytest.mark.parametrize("name", NAMES)
def test_damage_to_any_one_file(world: World, name: str) -> None:
    """S4: the state is exact; S3: the file is named, by every restore where it is needed or where
    its name or size tells, else by whoever reads everything."""
    for harm, files in harms(world, name):
        fs = MemoryFs.of(files)
        partners = {name, harm.removeprefix("swapped with ")}
        named: dict[bool, set[str]] = {}
        for thorough in (False, True):
            found = restore(fs, clock=CLOCK, thorough=thorough)
            assert found.image.digest() == world.digest, harm
            assert fs.contents() == files, harm
            named[thorough] = {damage.file for damage in found.facts.damages}
            assert named[thorough] <= partners, harm
            assert all(damage.outcome != "lost" for damage in found.facts.damages), harm
        assert named[False] <= named[True], harm
        if vouched_for(world, name, harm, files):
            assert named[True], harm
            assert named[False] or not needed(name, harm), harm


def needed(name: str, harm: str) -> bool:
    """Whether a restore of the newest state reads this file, or its size or absence is seen."""
    if name in SILENT or (name.endswith(".zip") and name != max(SNAPSHOTS)):
        return False
    if name.endswith(".zip") and harm.startswith("swapped with snapshots"):
        return False  # an older image and the longer tail behind it: the same state
    old = name.endswith(".wal") and name.rpartition("/")[2] != NEWEST
    resized = harm == "deleted" or harm.startswith(("cut", "grown"))
    return not old or resized


def test_damage_to_old_files_is_named_by_whoever_reads_everything(world: World) -> None:
    """S10: a restore of the newest state does not open what is older than its base; verify does."""
    old = [n for n in world.files if n.endswith(".wal") and not n.endswith(NEWEST)]
    seen: list[str] = []
    fs = HookFs(
        MemoryFs.of(world.files), lambda op, path, data: seen.append(path) if op == "read" else None
    )
    assert restore(fs, clock=CLOCK).image.digest() == world.digest
    assert len(old) == 4
    assert not set(old) & set(seen)
    assert [path for path in seen if path.endswith(".zip")] == [max(SNAPSHOTS)]
    for name in old:
        hurt = MemoryFs.of(world.harmed(**{name: flip(world.files[name], 3000)}))
        assert restore(hurt, clock=CLOCK).facts.damages == ()
        assert [damage.file for damage in verify(hurt, clock=CLOCK).facts.damages] == [name]


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith((".wal", ".json"))])
def test_damage_is_repaired_by_the_next_writer(world: World, name: str) -> None:
    """S5: once opened and checkpointed, the journal and the readable files are sound again."""
    for number, (harm, files) in enumerate(harms(world, name)):
        if number % 3 or ("swapped" in harm and not harm.endswith((".wal", ".json"))):
            continue
        fs = MemoryFs.of(files)
        everything = None if needed(name, harm) else restore(fs, clock=CLOCK, thorough=True)
        store = open_store(fs, CLOCK, found=everything)
        store.checkpoint()
        store.close()
        found = restore(fs, clock=CLOCK, thorough=True)
        assert found.image.digest() == world.digest, harm
        assert found.facts.damages == (), harm


def both(name: str, data: bytes | None) -> dict[str, bytes | None]:
    return {name: data, f"mirror/{name.rpartition('/')[2]}": data}


@pytest.mark.parametrize("index", range(3))
def test_damage_to_both_copies_in_the_middle_is_named(world: World, index: int) -> None:
    """S3: what neither copy has is never guessed: file, offset, and how far the rest is whole."""
    name = JOURNAL[index]
    frames = scan(name, world.files[name]).frames
    for placed in frames[:-1] if index == 2 else frames:
        hurt = flip(world.files[name], (placed.offset + 100) * 8)
        with pytest.raises(StoreDamaged) as caught:
            restore(world.without_snapshots(**both(name, hurt)), clock=CLOCK)
        assert caught.value.file in both(name, None)
        assert caught.value.offset == placed.offset
        whole = placed.frame.seq - 1
        words = f"commits up to {whole} are whole" if whole else "no whole commit is left"
        assert words in str(caught.value)
        if whole > 1:
            earlier = restore(world.without_snapshots(**both(name, hurt)), seq=whole, clock=CLOCK)
            assert earlier.seq == whole


def test_damage_a_gap_is_proven_by_what_lies_behind_it(world: World) -> None:
    """S3: with nothing but the journal, the frames behind a gap are witness enough: never silently
    a shorter past."""
    frames = [placed for name in JOURNAL for placed in scan(name, world.files[name]).frames]
    only = {n: d for n, d in world.files.items() if n.endswith(".wal")}
    for placed in frames[:-1]:
        hurt = flip(world.files[placed.file], (placed.offset + 100) * 8)
        files = {**only, placed.file: hurt, f"mirror/{placed.file.rpartition('/')[2]}": hurt}
        seq = placed.frame.seq
        with pytest.raises(StoreDamaged, match=f"commit {seq} .* commits from {seq + 1} on") as it:
            restore(MemoryFs.of(files), clock=CLOCK)
        assert (it.value.file, it.value.offset) == (placed.file, placed.offset)


@pytest.mark.parametrize("index", range(3))
def test_damage_a_segment_lost_in_both_copies_is_named(world: World, index: int) -> None:
    """S3: a whole segment gone from both copies is noticed, also where it was the newest one."""
    with pytest.raises(StoreDamaged, match=r"whole|journal"):
        restore(world.without_snapshots(**both(JOURNAL[index], None)), clock=CLOCK)


def test_damage_before_a_snapshot_does_no_harm(world: World) -> None:
    """Both copies of the oldest segment may be gone where a snapshot starts behind it."""
    for data in (None, b"", flip(world.files[JOURNAL[0]], 3000)):
        fs = MemoryFs.of(world.harmed(**both(JOURNAL[0], data)))
        found = restore(fs, clock=CLOCK)
        assert found.image.digest() == world.digest
        assert found.facts.base in SNAPSHOTS
        assert {damage.outcome for damage in found.facts.damages} <= {"ignored", "repaired"}


def test_damage_to_every_snapshot_does_no_harm(world: World) -> None:
    """Without any sound snapshot, the journal from its first frame gives the same state."""
    found = restore(
        MemoryFs.of(world.harmed(**dict.fromkeys(SNAPSHOTS, b"PK nonsense"))), clock=CLOCK
    )
    assert found.image.digest() == world.digest
    assert {damage.file for damage in found.facts.damages} == set(SNAPSHOTS)


def test_damage_to_everything_but_one_thing(world: World) -> None:
    """Wherever the journal is gone and something else is left, it is never called a fresh start."""
    gone = dict.fromkeys((name for name in world.files if name.endswith(".wal")), None)
    readable = {name: None for name in world.files if name.endswith(".json")}
    with pytest.raises(StoreDamaged, match="journal"):
        restore(world.without_snapshots(**gone), clock=CLOCK)
    ruined = dict.fromkeys(SNAPSHOTS, b"PK nonsense")
    with pytest.raises(StoreDamaged, match="journal"):
        restore(MemoryFs.of(world.harmed(**gone, **readable, **ruined)), clock=CLOCK)
    for data in (bytes(4999) + b"x", b"x" * 5000):
        with pytest.raises(StoreDamaged):
            restore(MemoryFs.of({JOURNAL[0]: data, f"mirror/{JOURNAL[0][20:]}": data}), clock=CLOCK)


def test_damage_zeros_alone_are_a_first_opening_that_was_cut_short(world: World) -> None:
    """Space is reserved before the first frame is written: a fresh start, and the zeros named."""
    name = JOURNAL[0]
    found = restore(MemoryFs.of({path: bytes(5000) for path in both(name, None)}), clock=CLOCK)
    assert found.facts.fresh
    assert {damage.file for damage in found.facts.damages} <= both(name, None).keys()
    assert {damage.outcome for damage in found.facts.damages} == {"ignored"}


def test_damage_zeros_behind_the_last_frame_are_no_damage(world: World) -> None:
    """A killed writer leaves reserved space, in either copy or both: nothing is named; the next
    writer gives it back."""
    for paths in ([JOURNAL[-1]], [f"mirror/{NEWEST}"], [JOURNAL[-1], f"mirror/{NEWEST}"]):
        fs = MemoryFs.of(world.harmed(**{path: world.files[path] + bytes(4096) for path in paths}))
        found = restore(fs, clock=CLOCK)
        assert (found.image.digest(), found.facts.damages) == (world.digest, ())
        assert heal(fs, found.due_segments) == []
        ends = [name for name in world.files if name.endswith(NEWEST)]
        cut = {name: world.files[name].rstrip(b"\0") for name in ends}
        assert fs.contents() == {**world.files, **cut}


def test_damage_a_flipped_bit_in_the_last_commit_is_no_rollback(world: World) -> None:
    """The last acknowledged commit is repaired from its other copy, and not taken for torn."""
    name = JOURNAL[-1]
    last = scan(name, world.files[name]).frames[-1]
    for path in both(name, None):
        for at in (0, 8, 36, 68, 90, len(last.raw) - 1):
            found = restore(
                MemoryFs.of(
                    world.harmed(**{path: flip(world.files[name], (last.offset + at) * 8)})
                ),
                clock=CLOCK,
            )
            assert (found.seq, found.image.digest()) == (last.frame.seq, world.digest)
            assert [(d.file, d.outcome) for d in found.facts.damages] == [(path, "repaired")]


def test_damage_to_the_last_commit_in_both_copies_is_called_lost_or_refused(world: World) -> None:
    """The checkpoint vouches for it: refused. Nothing vouches for it: named as lost, not silent."""
    name = JOURNAL[-1]
    last = scan(name, world.files[name]).frames[-1]
    hurt = both(name, flip(world.files[name], (last.offset + 90) * 8))
    with pytest.raises(StoreDamaged, match=f"vouches for commit {last.frame.seq}"):
        restore(MemoryFs.of(world.harmed(**hurt)), clock=CLOCK)
    older = {
        n: world.earlier[3][n] for n in world.files if n.endswith(".json") and n in world.earlier[3]
    }
    newer = {n: None for n in world.files if n.endswith(".json") and n not in world.earlier[3]}
    found = restore(MemoryFs.of(world.harmed(**hurt, **older, **newer)), clock=CLOCK)
    assert found.seq == last.frame.seq - 1
    assert "lost" in {damage.outcome for damage in found.facts.damages}


def test_damage_a_file_the_disk_refuses_to_read(world: World) -> None:
    """EIO or EACCES on any one file counts as damage to it, and is repaired like any other."""
    for name in world.files:
        if name in SILENT:
            continue
        inner = MemoryFs.of(world.files)

        def fail(op: str, path: str, data: bytes, name: str = name) -> None:
            if op == "read" and path == name:
                raise OSError(errno.EIO, "input/output error")

        found = restore(HookFs(inner, fail), clock=CLOCK, thorough=True)
        assert restore(HookFs(inner, fail), clock=CLOCK).image.digest() == world.digest
        assert found.image.digest() == world.digest
        assert [damage.file for damage in found.facts.damages] == [name]


@pytest.mark.parametrize("pair", list(combinations(JOURNAL, 2)), ids=lambda pair: "")
def test_damage_swapped_segments_of_one_length_are_named(
    world: World, pair: tuple[str, str]
) -> None:
    """Two segment files that changed places are noticed by content, whatever their lengths."""
    one, other = pair
    size = min(len(world.files[one]), len(world.files[other]))
    files = world.harmed(**{one: world.files[other], other: world.files[one]})
    found = restore(MemoryFs.of(files), clock=CLOCK)
    assert size
    assert {damage.file for damage in found.facts.damages} == set(pair)
