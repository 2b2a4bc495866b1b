"""S3, S4: any one file may suffer anything, and the restore is exact and says what was wrong.

The store of these tests has two agents, trades, three segments in two copies, two snapshots, the
readable files and a log. Every file of it is deleted, cut, zeroed, flipped, swapped with every
other and replaced by what it was earlier. Three kinds of file nothing vouches for: a snapshot that
is gone (it may have been removed on purpose), the lock, and the log, which no restore reads.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from functools import cache
from itertools import combinations

import pytest
from storekit import (
    START_MS,
    HookFs,
    MemFs,
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
from prometheus_persist.storage.segments import heal
from prometheus_persist.storage.store import append_log

Files = dict[str, bytes]
CLOCK = StillClock(START_MS + 10_000)
SILENT = ("store.lock", "recovery_log.txt")


@cache
def reference() -> tuple[Files, tuple[Files, ...], str]:
    """The store's files, what they were at earlier moments, and the digest of its state."""
    fs, clock, earlier = MemFs(), StillClock(step_ms=1), []
    fs.create("store.lock").write(b"123\n")
    number = 0
    for life in range(3):
        store = open_store(fs, clock)
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
    return fs.contents(), tuple(earlier), store.image.digest()


FILES, EARLIER, DIGEST = reference()


def harmed(**change: bytes | None) -> Files:
    return {name: data for name, data in {**FILES, **change}.items() if data is not None}


def lengths(data: bytes) -> list[int]:
    size = len(data)
    ends = {p.frame.end for p in scan("x", data).frames} if data.startswith(b"PPJ1") else set()
    return sorted({0, 1, size // 3, size // 2, size - 1} | ends - {size})


def harms(name: str) -> Iterator[tuple[str, Files]]:
    data = FILES[name]
    yield "deleted", harmed(**{name: None})
    for length in lengths(data):
        yield f"cut to {length}", harmed(**{name: data[:length]})
    yield "zeroed", harmed(**{name: bytes(len(data))})
    step = max(1, len(data) * 8 // 25)
    for bit in [0, *range(3, len(data) * 8, step), len(data) * 8 - 1]:
        yield f"bit {bit}", harmed(**{name: flip(data, bit)})
    yield "grown", harmed(**{name: data + b"\0\0garbage"})
    for other in sorted(FILES):
        if other != name and FILES[other] != data:
            yield f"swapped with {other}", harmed(**{name: FILES[other], other: data})
    for moment, files in enumerate(EARLIER):
        if name in files and files[name] != data:
            yield f"as it was at {moment}", harmed(**{name: files[name]})


def vouched_for(name: str, harm: str, files: Files) -> bool:
    """Whether anything on disk can tell that this file is not as it ought to be."""
    if name in SILENT:
        return harm.startswith("swapped with") and harm.split()[-1] not in SILENT
    if name.endswith(".zip") and harm == "deleted":
        return False
    if name.endswith("checkpoint_latest.json") and harm.startswith("as it was"):
        return False  # an older checkpoint is what a crash leaves, too
    return not (harm.startswith("bit") and means_the_same(name, files[name]))


def means_the_same(name: str, data: bytes) -> bool:
    """Whether a flipped bit changed the spelling only: a zip's attributes, an E for an e."""
    try:
        if name.endswith(".zip"):
            return unpack(data, name)[0].digest() == unpack(FILES[name], name)[0].digest()
        if name.endswith(".json"):
            short = name.removeprefix("incremental/")
            return unwrap(short, data, name) == unwrap(short, FILES[name], name)
    except StoreDamaged:
        pass
    return False


def test_damage_the_reference_is_sound() -> None:
    """Unharmed, nothing is wrong with it, and everything is in it that can be harmed."""
    found = verify(MemFs.of(FILES), clock=CLOCK)
    assert found.sound
    assert found.digest == DIGEST
    assert len(found.snapshots) == 2
    assert sum(name.endswith(".wal") for name in FILES) == 6
    assert len(EARLIER) == 5


@pytest.mark.parametrize("name", sorted(FILES))
def test_damage_to_any_one_file(name: str) -> None:
    """S4: the state is exact; S3: the file is named, by every restore where it is needed or where
    its name or size tells, else by whoever reads everything."""
    for harm, files in harms(name):
        fs = MemFs.of(files)
        partners = {name, harm.removeprefix("swapped with ")}
        named: dict[bool, set[str]] = {}
        for thorough in (False, True):
            found = restore(fs, clock=CLOCK, thorough=thorough)
            assert found.image.digest() == DIGEST, harm
            assert fs.contents() == files, harm
            named[thorough] = {damage.file for damage in found.facts.damages}
            assert named[thorough] <= partners, harm
            assert all(damage.outcome != "lost" for damage in found.facts.damages), harm
        assert named[False] <= named[True], harm
        if vouched_for(name, harm, files):
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


def test_damage_to_old_files_is_named_by_whoever_reads_everything() -> None:
    """S10: a restore of the newest state does not open what is older than its base; verify does."""
    old = [n for n in FILES if n.endswith(".wal") and not n.endswith(NEWEST)]
    seen: list[str] = []
    fs = HookFs(MemFs.of(FILES), lambda op, path, data: seen.append(path) if op == "read" else None)
    assert restore(fs, clock=CLOCK).image.digest() == DIGEST
    assert len(old) == 4
    assert not set(old) & set(seen)
    assert [path for path in seen if path.endswith(".zip")] == [max(SNAPSHOTS)]
    for name in old:
        hurt = MemFs.of(harmed(**{name: flip(FILES[name], 3000)}))
        assert restore(hurt, clock=CLOCK).facts.damages == ()
        assert [damage.file for damage in verify(hurt, clock=CLOCK).facts.damages] == [name]


@pytest.mark.parametrize("name", sorted(n for n in FILES if n.endswith((".wal", ".json"))))
def test_damage_is_repaired_by_the_next_writer(name: str) -> None:
    """S5: once opened and checkpointed, the journal and the readable files are sound again."""
    for number, (harm, files) in enumerate(harms(name)):
        if number % 3 or ("swapped" in harm and not harm.endswith((".wal", ".json"))):
            continue
        fs = MemFs.of(files)
        everything = None if needed(name, harm) else restore(fs, clock=CLOCK, thorough=True)
        store = open_store(fs, CLOCK, found=everything)
        store.checkpoint()
        store.close()
        found = restore(fs, clock=CLOCK, thorough=True)
        assert found.image.digest() == DIGEST, harm
        assert found.facts.damages == (), harm


JOURNAL = sorted(name for name in FILES if name.startswith("incremental/journal/"))
SNAPSHOTS = [name for name in FILES if name.endswith(".zip")]
NEWEST = JOURNAL[-1].rpartition("/")[2]


def without_snapshots(**change: bytes | None) -> MemFs:
    return MemFs.of(harmed(**{**dict.fromkeys(SNAPSHOTS), **change}))


def both(name: str, data: bytes | None) -> dict[str, bytes | None]:
    return {name: data, f"mirror/{name.rpartition('/')[2]}": data}


@pytest.mark.parametrize("index", range(3))
def test_damage_to_both_copies_in_the_middle_is_named(index: int) -> None:
    """S3: what neither copy has is never guessed: file, offset, and how far the rest is whole."""
    name = JOURNAL[index]
    frames = scan(name, FILES[name]).frames
    for placed in frames[:-1] if index == 2 else frames:
        hurt = flip(FILES[name], (placed.offset + 100) * 8)
        with pytest.raises(StoreDamaged) as caught:
            restore(without_snapshots(**both(name, hurt)), clock=CLOCK)
        assert caught.value.file in both(name, None)
        assert caught.value.offset == placed.offset
        whole = placed.frame.seq - 1
        words = f"commits up to {whole} are whole" if whole else "no whole commit is left"
        assert words in str(caught.value)
        if whole > 1:
            earlier = restore(without_snapshots(**both(name, hurt)), seq=whole, clock=CLOCK)
            assert earlier.seq == whole


def test_damage_a_gap_is_proven_by_what_lies_behind_it() -> None:
    """S3: with nothing but the journal, the frames behind a gap are witness enough: never silently
    a shorter past."""
    frames = [placed for name in JOURNAL for placed in scan(name, FILES[name]).frames]
    only = {n: d for n, d in FILES.items() if n.endswith(".wal")}
    for placed in frames[:-1]:
        hurt = flip(FILES[placed.file], (placed.offset + 100) * 8)
        files = {**only, placed.file: hurt, f"mirror/{placed.file.rpartition('/')[2]}": hurt}
        seq = placed.frame.seq
        with pytest.raises(StoreDamaged, match=f"commit {seq} .* commits from {seq + 1} on") as it:
            restore(MemFs.of(files), clock=CLOCK)
        assert (it.value.file, it.value.offset) == (placed.file, placed.offset)


@pytest.mark.parametrize("index", range(3))
def test_damage_a_segment_lost_in_both_copies_is_named(index: int) -> None:
    """S3: a whole segment gone from both copies is noticed, also where it was the newest one."""
    with pytest.raises(StoreDamaged, match=r"whole|journal"):
        restore(without_snapshots(**both(JOURNAL[index], None)), clock=CLOCK)


def test_damage_before_a_snapshot_does_no_harm() -> None:
    """Both copies of the oldest segment may be gone where a snapshot starts behind it."""
    for data in (None, b"", flip(FILES[JOURNAL[0]], 3000)):
        fs = MemFs.of(harmed(**both(JOURNAL[0], data)))
        found = restore(fs, clock=CLOCK)
        assert found.image.digest() == DIGEST
        assert found.facts.base in SNAPSHOTS
        assert {damage.outcome for damage in found.facts.damages} <= {"ignored", "repaired"}


def test_damage_to_every_snapshot_does_no_harm() -> None:
    """Without any sound snapshot, the journal from its first frame gives the same state."""
    found = restore(MemFs.of(harmed(**dict.fromkeys(SNAPSHOTS, b"PK nonsense"))), clock=CLOCK)
    assert found.image.digest() == DIGEST
    assert {damage.file for damage in found.facts.damages} == set(SNAPSHOTS)


def test_damage_to_everything_but_one_thing() -> None:
    """Wherever the journal is gone and something else is left, it is never called a fresh start."""
    gone = dict.fromkeys((name for name in FILES if name.endswith(".wal")), None)
    readable = {name: None for name in FILES if name.endswith(".json")}
    with pytest.raises(StoreDamaged, match="journal"):
        restore(without_snapshots(**gone), clock=CLOCK)
    ruined = dict.fromkeys(SNAPSHOTS, b"PK nonsense")
    with pytest.raises(StoreDamaged, match="journal"):
        restore(MemFs.of(harmed(**gone, **readable, **ruined)), clock=CLOCK)
    for data in (bytes(4999) + b"x", b"x" * 5000):
        with pytest.raises(StoreDamaged):
            restore(MemFs.of({JOURNAL[0]: data, f"mirror/{JOURNAL[0][20:]}": data}), clock=CLOCK)


def test_damage_zeros_alone_are_a_first_opening_that_was_cut_short() -> None:
    """Space is reserved before the first frame is written: a fresh start, and the zeros named."""
    name = JOURNAL[0]
    found = restore(MemFs.of({path: bytes(5000) for path in both(name, None)}), clock=CLOCK)
    assert found.facts.fresh
    assert {damage.file for damage in found.facts.damages} <= both(name, None).keys()
    assert {damage.outcome for damage in found.facts.damages} == {"ignored"}


def test_damage_zeros_behind_the_last_frame_are_no_damage() -> None:
    """A killed writer leaves reserved space, in either copy or both: nothing is named; the next
    writer gives it back."""
    for paths in ([JOURNAL[-1]], [f"mirror/{NEWEST}"], [JOURNAL[-1], f"mirror/{NEWEST}"]):
        fs = MemFs.of(harmed(**{path: FILES[path] + bytes(4096) for path in paths}))
        found = restore(fs, clock=CLOCK)
        assert (found.image.digest(), found.facts.damages) == (DIGEST, ())
        assert heal(fs, found.due_segments) == []
        assert fs.contents() == FILES


def test_damage_a_flipped_bit_in_the_last_commit_is_no_rollback() -> None:
    """The last acknowledged commit is repaired from its other copy, and not taken for torn."""
    name = JOURNAL[-1]
    last = scan(name, FILES[name]).frames[-1]
    for path in both(name, None):
        for at in (0, 8, 36, 68, 90, len(last.raw) - 1):
            found = restore(
                MemFs.of(harmed(**{path: flip(FILES[name], (last.offset + at) * 8)})), clock=CLOCK
            )
            assert (found.seq, found.image.digest()) == (last.frame.seq, DIGEST)
            assert [(d.file, d.outcome) for d in found.facts.damages] == [(path, "repaired")]


def test_damage_to_the_last_commit_in_both_copies_is_called_lost_or_refused() -> None:
    """The checkpoint vouches for it: refused. Nothing vouches for it: named as lost, not silent."""
    name = JOURNAL[-1]
    last = scan(name, FILES[name]).frames[-1]
    hurt = both(name, flip(FILES[name], (last.offset + 90) * 8))
    with pytest.raises(StoreDamaged, match=f"vouches for commit {last.frame.seq}"):
        restore(MemFs.of(harmed(**hurt)), clock=CLOCK)
    older = {n: EARLIER[3][n] for n in FILES if n.endswith(".json") and n in EARLIER[3]}
    newer = {n: None for n in FILES if n.endswith(".json") and n not in EARLIER[3]}
    found = restore(MemFs.of(harmed(**hurt, **older, **newer)), clock=CLOCK)
    assert found.seq == last.frame.seq - 1
    assert "lost" in {damage.outcome for damage in found.facts.damages}


def test_damage_a_file_the_disk_refuses_to_read() -> None:
    """EIO or EACCES on any one file counts as damage to it, and is repaired like any other."""
    for name in FILES:
        if name in SILENT:
            continue
        inner = MemFs.of(FILES)

        def fail(op: str, path: str, data: bytes, name: str = name) -> None:
            if op == "read" and path == name:
                raise OSError(errno.EIO, "input/output error")

        found = restore(HookFs(inner, fail), clock=CLOCK, thorough=True)
        assert restore(HookFs(inner, fail), clock=CLOCK).image.digest() == DIGEST
        assert found.image.digest() == DIGEST
        assert [damage.file for damage in found.facts.damages] == [name]


@pytest.mark.parametrize("pair", list(combinations(JOURNAL, 2)), ids=lambda pair: "")
def test_damage_swapped_segments_of_one_length_are_named(pair: tuple[str, str]) -> None:
    """Two segment files that changed places are noticed by content, whatever their lengths."""
    one, other = pair
    size = min(len(FILES[one]), len(FILES[other]))
    files = harmed(**{one: FILES[other], other: FILES[one]})
    found = restore(MemFs.of(files), clock=CLOCK)
    assert size
    assert {damage.file for damage in found.facts.damages} == set(pair)
