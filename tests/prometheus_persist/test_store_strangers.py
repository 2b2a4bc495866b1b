"""S1, S3: what lies in a store's directory and is none of its files takes nothing from it.

Real directories. Whatever name a file has: what is acknowledged after it came is restored, it is
still there with the same bytes, and it decides neither what is read nor which epoch comes next.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from storekit import StillClock, open_store
from strangerkit import IRREGULAR, commit, snapshot

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.journal.change import Change
from prometheus_persist.journal.frame import COMMIT, OPEN, Tip, encode
from prometheus_persist.journal.upcast import opening
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.follow import Follower
from prometheus_persist.state import Agent, Registry, Supervisor
from prometheus_persist.state.documents import document
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.layout import (
    COPIES,
    EPOCH_MAX,
    HISTORY,
    JOURNAL,
    SEQ_MAX,
    SNAPSHOTS,
    base_name,
    segment_name,
)
from prometheus_persist.storage.retention import LARGE_BYTES, journal_bytes_after
from prometheus_persist.storage.segments import SEGMENT_BYTES_MAX

COMMITS = 6
FAR = "e99999999_s00000000000001.wal"


def segment(epoch: int, name: str, commits: int, tip: Tip | None = None) -> bytes:
    """A whole segment that another store could have written."""
    data, tip = encode(OPEN, tip or Tip(), epoch, 7, opening(name))
    for number in range(commits):
        payload = b'{"put":{"x":{"n":%d}},"why":"theirs"}' % number
        raw, tip = encode(COMMIT, tip, epoch, 7, payload)
        data += raw
    return data


def put(root: Path, name: str, data: bytes, folder: str = JOURNAL) -> Path:
    path = root / folder / name
    path.write_bytes(data)
    return path


TAKEN = segment_name(1, 1)
STRAYS = {
    "empty, far ahead": (FAR, b""),
    "empty, the last name there is": (segment_name(EPOCH_MAX, SEQ_MAX), b""),
    "empty, in the next epoch": (segment_name(3, 5), b""),
    "empty, before all": (segment_name(0, 1), b""),
    "empty, in the middle": (segment_name(1, 4), b""),
    "empty, behind the last frame": (segment_name(2, 9), b""),
    "zeros, far ahead": (FAR, bytes(5000)),
    "text, far ahead": (FAR, b"hello, this is no journal\n" * 9),
    "text, in the middle": (segment_name(1, 4), b"hello, this is no journal\n" * 9),
    "another store's, renamed": (FAR, segment(1, TAKEN, 3)),
    "another store's, renamed, in the middle": (segment_name(1, 4), segment(1, TAKEN, 3)),
    "a later epoch of another store's, renamed": (FAR, segment(2, segment_name(2, 1), 3)),
    "another store's, renamed, next": (segment_name(3, 5), segment(1, TAKEN, 3)),
    "says so itself, far ahead": (FAR, segment(EPOCH_MAX, FAR, 3)),
    "says so itself, far ahead, later": (FAR, segment(EPOCH_MAX, FAR, 3, Tip(9999, 3))),
    "an epoch that no name can have": (FAR, segment(2**64 - 1, FAR, 3, Tip(9999, 3))),
    "another store's of long ago": (segment_name(1, 2), segment(1, segment_name(1, 2), 3, Tip(1))),
}


@pytest.mark.parametrize("based", [False, True], ids=["from the first frame", "from a snapshot"])
@pytest.mark.parametrize("kind", STRAYS)
def test_strangers_a_stray_segment_costs_nothing(tmp_path: Path, kind: str, based: bool) -> None:
    """Acknowledged before and after it: restored, by three openings; the epochs go on by one; it
    stays as it is; what no crash explains is named, and nothing is called lost."""
    name, data = STRAYS[kind]
    fs = LocalFs(tmp_path)
    commit(fs, range(COMMITS))
    if based:
        snapshot(fs)
    epoch = restore(fs, clock=StillClock()).facts.epoch
    stray = put(tmp_path, name, data)
    for number in range(2):
        told = commit(fs, range(99 * number, 99 * number + COMMITS))
        for look in (restore(fs, clock=StillClock()), verify(fs, clock=StillClock()).restored):
            assert (look.seq, look.image.digest()) == told
            assert {damage.file for damage in look.facts.damages} <= {f"{JOURNAL}/{name}"}
            assert {damage.outcome for damage in look.facts.damages} <= {"ignored"}
            assert not look.gaps
            assert bool(look.facts.damages) or not data.strip(b"\0") or name != FAR
        then = restore(fs, at_ms=StillClock().ms, clock=StillClock())
        assert (then.seq, then.image.digest()) == told
        assert restore(fs, clock=StillClock()).facts.epoch <= epoch + 2 + number
        assert stray.read_bytes() == data


@pytest.mark.parametrize("kind", STRAYS)
def test_strangers_a_clean_up_takes_only_what_is_proven(tmp_path: Path, kind: str) -> None:
    """Whatever name lies between: no segment that is still needed goes, the one that is written
    least of all; no stranger goes either, but for an empty one as a writer leaves it."""
    name, data = STRAYS[kind]
    fs = LocalFs(tmp_path)
    commit(fs, range(COMMITS))
    stray = put(tmp_path, name, data)
    store = open_store(fs, StillClock(), options=StoreOptions(segment_bytes_max=900))
    told = {}
    for number in range(4 * COMMITS):
        agent = Agent(agent_id="A", trade_count=number)
        seq = store.commit(Change("n", put={"agents/A": document(agent)}))
        told[seq] = store.image.digest()
        if number % COMMITS == 3:
            store.snapshot(1, history_hours=0)
    segments = len(fs.list_dir(JOURNAL))
    assert 2 <= segments <= 5, "nothing was cleaned up"
    found = restore(fs, clock=StillClock())
    assert (found.seq, found.image.digest()) == (max(told), told[max(told)])
    kept = [seq for seq in told if seq > max(told) - 3]
    assert [restore(fs, seq=seq, clock=StillClock()).image.digest() for seq in kept] == [
        told[seq] for seq in kept
    ]
    assert stray.exists() or not data or kind == "another store's of long ago"
    assert not stray.exists() or stray.read_bytes() == data
    tail = journal_bytes_after(fs, max(told))
    assert 0 < tail < 40_000 + 2 * 1024 * 1024


def test_strangers_another_stores_segment_behind_the_one_that_is_written(tmp_path: Path) -> None:
    """It says of itself what it is, and by its name the one before it is over: that one stays."""
    fs = LocalFs(tmp_path)
    commit(fs, range(COMMITS))
    store = open_store(fs, StillClock())
    name = segment_name(2, 20)
    theirs = put(tmp_path, name, segment(2, name, 3, Tip(19)))
    for number in range(30):
        agent = Agent(agent_id="A", trade_count=number)
        store.commit(Change("n", put={"agents/A": document(agent)}))
        if number in (20, 25):
            store.snapshot(1, history_hours=0)
    assert segment_name(2, 8) in fs.list_dir(JOURNAL)
    assert restore(fs, clock=StillClock()).image.digest() == store.image.digest()
    assert theirs.exists()


@pytest.mark.parametrize("kind", IRREGULAR)
@pytest.mark.parametrize("name", [FAR, segment_name(1, 4), segment_name(3, 5)])
def test_strangers_no_file_under_a_segments_name(short: Path, name: str, kind: str) -> None:
    """It is told by what it is, nothing waits for it, and it is still there; the state is exact."""
    fs = LocalFs(short)
    commit(fs, range(COMMITS))
    place = short / JOURNAL / name
    IRREGULAR[kind](place)
    before = place.lstat().st_ino
    for _ in range(2):
        told = commit(fs, range(COMMITS))
        for look in (restore(fs, clock=StillClock()), verify(fs, clock=StillClock()).restored):
            assert (look.seq, look.image.digest()) == told
        (damage,) = look.facts.damages
        assert (damage.file, damage.outcome) == (f"{JOURNAL}/{name}", "ignored")
        assert damage.problem.startswith(f"is {kind.partition(' to ')[0]}")
        snapshot(fs)
    assert place.lstat().st_ino == before


@pytest.mark.parametrize("kind", [kind for kind in IRREGULAR if kind != "a directory"])
@pytest.mark.parametrize("folder", COPIES)
def test_strangers_in_the_place_of_a_copy_are_replaced(short: Path, folder: str, kind: str) -> None:
    """The other copy has what was there; what a link led to stays as it is."""
    fs = LocalFs(short)
    told = commit(fs, range(COMMITS))
    place = short / folder / TAKEN
    (short / folder / "target").write_bytes(b"theirs")
    place.unlink()
    IRREGULAR[kind](place)
    found = restore(fs, clock=StillClock())
    assert (found.seq, found.image.digest()) == told
    (damage,) = found.facts.damages
    assert (damage.file, damage.outcome) == (f"{folder}/{TAKEN}", "repaired")
    commit(fs, range(1))
    assert place.is_file()
    assert not place.is_symlink()
    assert (short / folder / "target").read_bytes() == b"theirs"


def test_strangers_a_directory_in_the_place_of_a_copy_is_refused(tmp_path: Path) -> None:
    """The state is there to be read; opening says what is in the way."""
    fs = LocalFs(tmp_path)
    told = commit(fs, range(COMMITS))
    place = tmp_path / JOURNAL / TAKEN
    place.unlink()
    (place / "theirs").mkdir(parents=True)
    assert restore(fs, clock=StillClock()).image.digest() == told[1]
    with pytest.raises(OSError, match=TAKEN):
        commit(fs, range(1))
    assert (place / "theirs").is_dir()


def test_strangers_behind_a_segment(tmp_path: Path) -> None:
    """A segment that somebody made gigabytes long is read as far as one can be, and cut again."""
    fs = LocalFs(tmp_path)
    told = commit(fs, range(COMMITS))
    for folder in COPIES:
        os.truncate(tmp_path / folder / TAKEN, SEGMENT_BYTES_MAX + (1 << 32))
    found = restore(fs, clock=StillClock())
    assert (found.seq, found.image.digest()) == told
    assert {damage.file for damage in found.facts.damages} == {f"{c}/{TAKEN}" for c in COPIES}
    assert {damage.outcome for damage in found.facts.damages} == {"ignored"}
    commit(fs, range(1))
    assert (tmp_path / JOURNAL / TAKEN).stat().st_size < 1 << 20


@pytest.mark.parametrize("kind", STRAYS)
def test_strangers_a_follower_is_not_led_astray(tmp_path: Path, kind: str) -> None:
    """Who follows the journal sees every commit, once, whatever else lies beside it."""
    name, data = STRAYS[kind]
    fs = LocalFs(tmp_path)
    commit(fs, range(COMMITS))
    snapshot(fs)
    follower = Follower(fs)
    before = follower.next()[-1].seq
    put(tmp_path, name, data)
    last, _ = commit(fs, range(COMMITS))
    seen = [each.seq for each in follower.next()]
    assert seen == list(range(last - COMMITS + 1, last + 1))
    assert before < seen[0]


def test_strangers_a_second_beginning_is_refused_by_name(tmp_path: Path) -> None:
    """Two whole histories and nothing that tells whose this store is: neither is taken silently."""
    fs = LocalFs(tmp_path)
    told = commit(fs, range(COMMITS))
    name = segment_name(3, 1)
    theirs = put(tmp_path, name, segment(3, name, 2))
    with pytest.raises(StoreDamaged, match=rf"{TAKEN}.*another one in .*{name}.*move its segments"):
        restore(fs, clock=StillClock())
    theirs.rename(tmp_path / "elsewhere.wal")
    found = restore(fs, clock=StillClock())
    assert (found.seq, found.image.digest()) == told


def test_strangers_a_name_begins_no_past(tmp_path: Path) -> None:
    """Where the first segments are no longer kept, a stray one's name does not say that they are
    and that the past has a gap."""
    fs = LocalFs(tmp_path)
    commit(fs, range(COMMITS))
    snapshot(fs)
    for folder in COPIES:
        (tmp_path / folder / TAKEN).unlink()
    put(tmp_path, FAR, b"")
    found = verify(fs, clock=StillClock())
    assert [damage.outcome for damage in found.facts.damages] == ["ignored"]


def test_strangers_what_an_opening_began_is_not_written_over(tmp_path: Path) -> None:
    """A writer that stands within its opening has its segment's name: nobody else is given it."""
    fs = LocalFs(tmp_path)
    last, _ = commit(fs, range(COMMITS))
    begun = put(tmp_path, segment_name(2, last + 1), b"")
    commit(fs, range(COMMITS))
    assert begun.read_bytes() == b""
    assert restore(fs, clock=StillClock()).facts.epoch == 3


def test_strangers_a_name_that_has_no_room_is_never_written() -> None:
    """What would not be found again is refused where the name is made."""
    assert segment_name(EPOCH_MAX, SEQ_MAX) == "e99999999_s99999999999999.wal"
    for epoch, seq in ((EPOCH_MAX + 1, 1), (1, SEQ_MAX + 1), (-1, 1)):
        with pytest.raises(BadValue, match="has no room"):
            segment_name(epoch, seq)


# -- snapshots


LAST = "snapshot_99991231_235959.zip"


def test_strangers_a_large_file_that_is_no_archive_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gigabytes of anything under a base's name take no memory: both ends tell what it is."""
    fs = LocalFs(tmp_path / "s")
    commit(fs, range(COMMITS))
    snapshot(fs)
    told = commit(fs, range(2))
    sizes = {f"{SNAPSHOTS}/{LAST}": b"\1", f"{HISTORY}/{base_name(3, 3)}": b"PK\x03\x04"}
    for path, begins in sizes.items():
        content = begins + bytes([1]) * LARGE_BYTES
        (tmp_path / "s" / path).write_bytes(content)
    read = LocalFs.read

    def small(self: LocalFs, path: str) -> bytes:
        assert path not in sizes, f"{path} was read"
        return read(self, path)

    monkeypatch.setattr(LocalFs, "read", small)
    found = verify(fs, clock=StillClock()).restored
    assert (found.seq, found.image.digest()) == told
    assert {damage.file for damage in found.facts.damages} == sizes.keys()
    assert {damage.outcome for damage in found.facts.damages} == {"ignored"}
    snapshot(fs)  # and cleans up


def another_stores_snapshot(folder: Path, commits: int) -> bytes:
    """Sound, and of a store with another id that came further."""
    fs = LocalFs(folder)
    store = open_store(fs, StillClock())
    put = {"registry": document(Registry(store_id="th3m"))}
    for number in range(commits):
        store.commit(Change("n", put={"agents/X": document(Agent(agent_id="X"))} | put))
        put = {"supervisor": document(Supervisor(system_cycle_count=number))}
    return fs.read(store.snapshot(1))


@pytest.mark.parametrize("name", [LAST, "snapshot_20200101_000000.zip"])
@pytest.mark.parametrize("based", [False, True], ids=["without", "with a snapshot of its own"])
@pytest.mark.parametrize("kind", ["another store's", "an old one of its own", "text", *IRREGULAR])
def test_strangers_under_a_snapshots_name(short: Path, kind: str, based: bool, name: str) -> None:
    """Whatever it is and whenever it says it was taken: the state is exact and goes on, it is
    named, and the next snapshots are made, kept and found."""
    fs = LocalFs(short / "s")
    store = open_store(fs, StillClock())
    store.commit(Change("n", put={"registry": document(Registry(store_id="mine"))}))
    old = fs.read(store.snapshot(3)) if based or kind == "an old one of its own" else b""
    if not based:
        for taken in fs.list_dir(SNAPSHOTS):
            fs.unlink(f"{SNAPSHOTS}/{taken}")
    commit(fs, range(COMMITS))
    place = short / "s" / SNAPSHOTS / name
    if kind in IRREGULAR:
        IRREGULAR[kind](place)
    else:
        theirs = another_stores_snapshot(short / "t", 40) if kind == "another store's" else old
        place.write_bytes(b"hello" if kind == "text" else theirs)
    for _ in range(2):
        told = commit(fs, range(COMMITS))
        snapshot(fs)
        told = commit(fs, range(2))
        for look in (restore(fs, clock=StillClock()), verify(fs, clock=StillClock()).restored):
            assert (look.seq, look.image.digest()) == told
            assert {damage.outcome for damage in look.facts.damages} <= {"ignored"}
            assert not look.gaps
    assert f"{SNAPSHOTS}/{name}" in {damage.file for damage in look.facts.damages} or (
        kind == "an old one of its own"
    )
    mine = [each for each in fs.list_dir(SNAPSHOTS) if each != name]
    assert len(mine) >= 2
    assert os.path.lexists(place) or kind == "an old one of its own"
