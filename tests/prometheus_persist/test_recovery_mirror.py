"""A store may be kept without a mirror, always or for a while: then none is missed, nor made."""

from __future__ import annotations

import json

import pytest
from storekit import HookFs, StillClock, flip, founding, open_store, trade

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.chain import mirrored, scan
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.repair import repair
from prometheus_persist.state import state_from
from prometheus_persist.storage.committer import MirrorSync, StoreOptions
from prometheus_persist.storage.segments import heal
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()
OFF, ON = "off", "behind"


def life(fs: MemoryFs, mirror: MirrorSync, commits: int = 3, *, snapshot: bool = False) -> str:
    """One writer; returns the digest of what it leaves."""
    options = StoreOptions(mirror=mirror, reserve_bytes=4096)
    store = open_store(fs, CLOCK, options=options)
    if not store.image.documents:
        store.commit(founding())
    state = state_from(store.image.documents)
    for number in range(commits):
        store.commit(trade(state, store.tip.seq + number))
    if snapshot:
        store.snapshot(3)
    store.checkpoint()
    store.close()
    return store.image.digest()


def lived(*modes: MirrorSync) -> tuple[MemoryFs, str]:
    fs, digest = MemoryFs(), ""
    for number, mode in enumerate(modes):
        digest = life(fs, mode, snapshot=number == len(modes) - 1)
    return fs, digest


def mirrors(fs: MemoryFs) -> list[str]:
    return [name for name in fs.contents() if name.startswith("mirror/")]


@pytest.mark.parametrize("modes", [(OFF,), (OFF, OFF), (ON, OFF), (OFF, ON), (ON, OFF, ON)])
def test_mirror_that_is_not_kept_is_not_missed(modes: tuple[MirrorSync, ...]) -> None:
    """Whatever was chosen when, a store that was ended well is sound, and nobody makes a copy."""
    fs, digest = lived(*modes)
    files = fs.contents()
    assert len(mirrors(fs)) == modes.count(ON)
    for found in (restore(fs, clock=CLOCK), verify(fs, clock=CLOCK).restored):
        assert (found.image.digest(), found.facts.damages) == (digest, ())
        assert heal(fs, found.due_segments) == []
    assert repair(fs, CLOCK).steps == ()
    assert fs.contents() == files


def test_mirror_says_so_in_the_first_frame_and_only_where_there_is_none() -> None:
    """Segments with a mirror begin as they always did; one without says it."""
    for mode in (ON, OFF):
        fs, _ = lived(mode)
        (path,) = [name for name in fs.contents() if name.startswith("incremental/journal/")]
        first = scan(path, fs.contents()[path]).frames[0]
        assert ("mirror" in json.loads(first.frame.payload)) == (mode == OFF)
        assert mirrored(first.raw) == (mode == ON)
    assert mirrored(b"")
    assert mirrored(b"not a frame")


@pytest.mark.parametrize("modes", [(OFF, OFF, OFF), (OFF, OFF, ON)])
def test_mirror_not_kept_is_no_reason_to_read_everything(modes: tuple[MirrorSync, ...]) -> None:
    """S10: without a mirror, too, a restore reads its base and what lies behind it; when one is
    kept again, of what is older nothing but the files that have no mirror, once."""
    fs, digest = lived(*modes)
    seen: list[str] = []
    hooked = HookFs(fs, lambda op, path, data: seen.append(path) if op == "read" else None)
    assert restore(hooked, clock=CLOCK).image.digest() == digest
    segments = sorted(name for name in fs.contents() if name.startswith("incremental/journal/"))
    older = [path for path in seen if path in segments[:-1]]
    assert older == ([] if modes[-1] == OFF else segments[:-1])
    assert segments[-1] in seen


def test_mirror_that_was_kept_and_is_lost_is_named_and_made_again() -> None:
    """A lost second copy of a mirrored segment is still a damage, next to segments without one."""
    fs, digest = lived(OFF, ON, ON)
    for lost in mirrors(fs):
        left = MemoryFs.of({name: data for name, data in fs.contents().items() if name != lost})
        found = restore(left, clock=CLOCK)
        assert found.image.digest() == digest
        assert [(damage.file, damage.outcome) for damage in found.facts.damages] == [
            (lost, "repaired")
        ]
        assert heal(left, found.due_segments) == [lost]
        assert left.contents() == fs.contents()


def test_mirror_not_kept_leaves_one_copy_and_its_damage_is_named() -> None:
    """S3: what has one copy and is damaged is refused or served from the snapshot, never guessed;
    a repair without a loss is refused, one with it keeps the commits before."""
    fs = MemoryFs()
    life(fs, OFF, 6)
    (path,) = [name for name in fs.contents() if name.startswith("incremental/journal/")]
    placed = scan(path, fs.contents()[path]).frames[-2]
    hurt = {**fs.contents(), path: flip(fs.contents()[path], (placed.offset + 100) * 8)}
    with pytest.raises(StoreDamaged, match=f"commit {placed.frame.seq} is damaged") as caught:
        restore(MemoryFs.of(hurt), clock=CLOCK)
    assert (caught.value.file, caught.value.offset) == (path, placed.offset)
    left = MemoryFs.of(hurt)
    with pytest.raises(StoreDamaged):
        repair(left, CLOCK)
    options = StoreOptions(mirror=OFF)
    repair(left, CLOCK, accept_loss=placed.frame.seq - 1, options=options)
    found = verify(left, clock=CLOCK)
    assert found.facts.damages == ()
    assert mirrors(left) == []
