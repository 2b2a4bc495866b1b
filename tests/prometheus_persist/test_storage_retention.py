"""S5, S9, S10: what is kept reaches back far enough, what goes is not needed, whenever it is cut.

Two simulated days with a commit every 85 seconds and a snapshot every hour, small segments, and
every digest written down when it was committed.
"""

from __future__ import annotations

import errno
import random
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from storekit import START_MS, HookFs, StillClock

from chaos.faults.deaths import deaths, every
from prometheus_persist.errors import BadValue, StoreFailed
from prometheus_persist.journal.archive import peek
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore, verify
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import (
    COPIES,
    JOURNAL,
    base_name,
    base_seq,
    base_time,
    segment_name,
)
from prometheus_persist.storage.retention import (
    HOUR_MS,
    CleanUp,
    RetentionLimits,
    Stored,
    clean_up,
    journal_bytes_after,
    retain,
    stored_bases,
)
from prometheus_persist.storage.segments import heal, segment_copies
from prometheus_persist.storage.store import Store
from prometheus_persist.testing.memory_fs import MemoryFs

HOURS = 48
STEP_MS = 85_000
DAY_MS = 24 * HOUR_MS
SMALL = StoreOptions(mirror="ack", segment_bytes_max=8_000, reserve_bytes=0)

Told = dict[int, tuple[int, str]]


def opened(fs: Fs, clock: StillClock) -> Store:
    found = restore(fs, clock=clock)
    heal(fs, found.due_segments)
    ready = found.readable
    return Store(fs, found.image, found.tip, found.next_epoch, clock, None, ready, SMALL)


def note(number: int) -> Change:
    put = {f"agents/{number % 7}": {"agent_id": str(number % 7), "n": number, "x": "x" * 99}}
    return Change("n", put=put, add={} if number % 20 else {"s": [{"n": number}]})


@cache
def two_days() -> tuple[dict[str, bytes], dict[str, bytes], Told, int]:
    """The files before and after the last clean-up, every digest, and the time it was then."""
    fs, clock, told = MemoryFs(), StillClock(), {}
    store = opened(fs, clock)
    told[store.tip.seq] = (clock.ms, store.image.digest())
    before: dict[str, bytes] = {}
    per_hour = HOUR_MS // STEP_MS
    for number in range(HOURS * per_hour):
        clock.ms += STEP_MS
        last = told[max(told)][1]
        store.commit(note(number))
        told.update(dict.fromkeys(range(max(told) + 1, store.tip.seq), (clock.ms, last)))
        told[store.tip.seq] = (clock.ms, store.image.digest())
        if (number + 1) % per_hour == 0:
            before = fs.contents()
            store.snapshot(3)
            moved = set(fs.list_dir("history")) - {n.rpartition("/")[2] for n in before}
            if moved and number > (HOURS - 7) * per_hour:
                break  # the last clean-up of this story moves, drops and deletes
    store.close()
    return before, fs.contents(), told, clock.ms


def test_retention_any_of_a_thousand_moments_of_a_day() -> None:
    """S9: each moment of the last 24 hours, by number or by time, is the digest recorded then."""
    _, files, told, now_ms = two_days()
    fs, clock = MemoryFs.of(files), StillClock(now_ms)
    assert verify(fs, clock=clock).sound
    inside = [seq for seq, (wall_ms, _) in told.items() if wall_ms >= now_ms - DAY_MS]
    assert len(inside) > 1000
    rng = random.Random(9)
    for seq in rng.sample(inside, 1000):
        found = restore(fs, seq=seq, clock=clock)
        assert (found.seq, found.image.digest()) == (seq, told[seq][1])
    for at_ms in rng.sample(range(now_ms - DAY_MS, now_ms), 15):
        due = max(seq for seq, (wall_ms, _) in told.items() if wall_ms <= at_ms)
        assert restore(fs, at_ms=at_ms, clock=clock).image.digest() == told[due][1]


def test_retention_a_moment_that_is_no_longer_kept_names_the_oldest_that_is() -> None:
    """Older than the window is a wrong argument, and what is refused says where the past begins."""
    _, files, told, now_ms = two_days()
    fs, clock = MemoryFs.of(files), StillClock(now_ms)
    first = min(seq for name in fs.list_dir("history") if (seq := base_seq(name)) is not None)
    words = f"oldest moment that can be restored is commit {first} of 2025-12-0"
    for asked in ({"seq": first - 1}, {"seq": 1}, {"at_ms": START_MS + HOUR_MS}):
        with pytest.raises(BadValue, match=f"no longer kept; the {words}"):
            restore(fs, clock=clock, **asked)  # type: ignore[arg-type]
    assert restore(fs, seq=first, clock=clock).image.digest() == told[first][1]
    assert told[first][0] >= now_ms - DAY_MS - 16 * HOUR_MS, "more is kept than was asked for"


def test_retention_is_bounded() -> None:
    """S10: after two days there are three snapshots, a few bases, and the segments since them; a
    restore of the newest state opens two or three files of all these."""
    _, files, told, now_ms = two_days()
    fs = MemoryFs.of(files)
    assert len(fs.list_dir("snapshots")) == 3
    assert 3 <= len(fs.list_dir("history")) <= 6
    starts = [int(name[11:25]) for name in segment_copies(fs)]
    oldest = min(seq for name in fs.list_dir("history") if (seq := base_seq(name)) is not None)
    assert starts[1] > oldest + 1 >= starts[0] > 1
    read: list[str] = []
    hooked = HookFs(fs, lambda op, path, data: read.append(path) if op == "read" else None)
    assert restore(hooked, clock=StillClock(now_ms)).image.digest() == told[max(told)][1]
    assert len(starts) > 20
    assert len(read) <= 1 + 2 * 2, read


def sample(told: Told, now_ms: int) -> list[int]:
    inside = sorted(seq for seq, (wall_ms, _) in told.items() if wall_ms >= now_ms - DAY_MS // 2)
    return [inside[0], inside[len(inside) // 2]]


def check_whole(fs: MemoryFs, told: Told, now_ms: int, label: object) -> None:
    """The newest state is exact, and so is every sampled moment of the window."""
    clock = StillClock(now_ms)
    assert restore(fs, clock=clock).image.digest() == told[max(told)][1], label
    for seq in sample(told, now_ms):
        assert restore(fs, seq=seq, clock=clock).image.digest() == told[seq][1], (label, seq)


def kept(fs: MemoryFs) -> tuple[list[str], list[str]]:
    return sorted(fs.list_dir("history")), fs.list_dir("mirror")


def test_retention_killed_or_unplugged_before_every_operation() -> None:
    """S5: stop the clean-up before any of its operations, keep what was synced or any legal part
    more: the window is whole, and the next clean-up finishes the job."""
    before, after, told, now_ms = two_days()
    limits = RetentionLimits(history_ms=DAY_MS // 2)
    newest = {max(name for name in after if name.startswith("snapshots/"))}
    fresh = MemoryFs.of({**before, **{name: after[name] for name in newest}})
    once = MemoryFs.of(fresh.contents())
    done = retain(once, now_ms, limits)
    assert done.moves
    assert done.bases
    assert done.segments
    assert retain(once, now_ms, limits) == CleanUp()
    for one in deaths(
        every(),
        lambda: (MemoryFs.of(fresh.contents()), None),
        lambda fs, _: retain(fs, now_ms, limits),
    ):
        at, disk = one.switch.at, one.disk
        for left in (disk, disk.after_power_cut(random.Random(at) if at % 2 else None)):
            check_whole(left, told, now_ms, at)
            retain(left, now_ms, limits)
            assert kept(left) == kept(once), at
        check_whole(left, told, now_ms, at)
    assert at > 10, "the clean-up had next to nothing to do"


def test_retention_a_snapshot_that_the_disk_does_not_give_stops_no_clean_up() -> None:
    """It is no base and is left alone; what may be needed beside it stays for as long as it is in
    the window, and then everything else is as small as ever."""
    _, files, told, now_ms = two_days()
    disk, clock = MemoryFs.of(files), StillClock(now_ms)
    bad = max(name for name in files if name.startswith("snapshots/"))

    def refuse(op: str, path: str, data: bytes) -> None:
        if op == "read" and path == bad:
            raise OSError(errno.EIO, "no", path)

    store = opened(HookFs(disk, refuse), clock)
    told = {**told, store.tip.seq: (clock.ms, store.image.digest())}
    store.snapshot(1)
    check_whole(disk, told, now_ms, "at once")
    assert bad in disk.contents()
    for hour in range(40):
        clock.ms += HOUR_MS
        store.commit(note(hour))
        store.snapshot(1)
    assert bad in disk.contents()
    assert min(int(name[11:25]) for name in segment_copies(disk)) > told_seq(bad, files)
    assert restore(HookFs(disk, refuse), clock=clock).image.digest() == store.image.digest()


def test_retention_with_no_head_of_a_segment_to_be_had_removes_none() -> None:
    """Not even those that seem to be nobody's: what is older is not known."""
    _, files, _, now_ms = two_days()
    disk = MemoryFs.of({**files, f"{JOURNAL}/{segment_name(1, 1)}": bytes(64)})
    segments = segment_copies(disk)

    def refuse(op: str, path: str, data: bytes) -> None:
        if op == "read" and path.endswith(".wal") and disk.size(path) != 64:
            raise OSError(errno.EIO, "no", path)

    done = retain(HookFs(disk, refuse), now_ms + 100 * HOUR_MS, RetentionLimits(1))
    assert done.segments == ()
    assert segment_copies(disk) == segments


def told_seq(path: str, files: dict[str, bytes]) -> int:
    return peek(files[path], path).seq


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("op", ["read", "rename", "unlink", "fsync_dir", "make_dir", "create"])
def test_retention_on_a_disk_that_refuses(op: str, code: int) -> None:
    """A snapshot whose clean-up fails says so; the window is whole; the next one works."""
    before, _, told, now_ms = two_days()
    disk, clock, armed, fired = MemoryFs.of(before), StillClock(now_ms), [False], [0]
    where = "" if op != "read" else "snapshots"

    def refuse(name: str, path: str, data: bytes) -> None:
        if armed[0] and name == op and path.startswith(where):
            fired[0] += 1
            raise OSError(code, "no")

    store = opened(HookFs(disk, refuse), clock)
    told = {**told, store.tip.seq: (clock.ms, store.image.digest())}
    armed[0] = True
    with pytest.raises(StoreFailed):
        store.snapshot(3, history_hours=12)
    assert fired[0]
    armed[0] = False
    check_whole(disk, told, now_ms, op)
    store.snapshot(3, history_hours=12)
    check_whole(disk, told, now_ms, op)
    assert len(disk.list_dir("snapshots")) == 3
    assert not [name for name in disk.contents() if name.endswith(".tmp")]


# -- the decision alone

times = st.lists(
    st.one_of(
        st.integers(1, 2 * HOUR_MS), st.sampled_from([-400 * DAY_MS, 400 * DAY_MS, -HOUR_MS, 0])
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(steps=times, kept_max=st.integers(1, 4), hours=st.integers(0, 48))
def test_retention_decisions_under_a_clock_that_jumps(
    steps: list[int], kept_max: int, hours: int
) -> None:
    """However the clock jumps: the newest bases stay, no base loses its segments, the oldest base
    that is kept is older than the window unless nothing is, and deciding again changes nothing."""
    limits = RetentionLimits(kept_max, hours * HOUR_MS)
    snapshots: list[Stored] = []
    history: list[Stored] = []
    names: list[str] = []
    taken: list[int] = []
    now = latest = START_MS + 1000 * DAY_MS
    for number, step in enumerate(steps):
        now += step
        taken.append(now)
        names.append(segment_name(1, 10 * number + 1))
        snapshots.append(Stored(f"snapshots/{number:03d}", 10 * number + 5, now))
        plan = clean_up(snapshots, history, names, now, limits)
        by_path = {base.path: base for base in (*snapshots, *history)}
        targets = {
            Stored(target, by_path[source].seq, by_path[source].time_ms)
            for source, target in plan.moves
        }
        moved = {source for source, _ in plan.moves}
        assert moved.isdisjoint(plan.bases)
        gone = moved | set(plan.bases)
        snapshots = [base for base in snapshots if base.path not in gone]
        history = [base for base in (*history, *targets) if base.path not in gone]
        names = [name for name in names if name not in plan.segments]
        assert snapshots[-1].seq == 10 * number + 5
        assert len(snapshots) == min(number + 1, kept_max)
        assert names[-1] == segment_name(1, 10 * number + 1)
        bases = sorted((*snapshots, *history), key=lambda base: base.seq)
        whole = names[0] == segment_name(1, 1)
        assert whole or int(names[0][11:25]) <= bases[0].seq + 1
        latest = max(latest, now)  # a clock once ahead has dropped what was old by then
        horizon = latest - limits.history_ms
        oldest_ms = min(taken[(bases[0].seq - 5) // 10 :])
        assert whole or bases[0] in snapshots or oldest_ms <= horizon
        again = clean_up(snapshots, history, names, now, limits)
        assert (again.moves, again.bases, again.segments) == ((), (), ())


def lived(hours: int, jumps: dict[int, int]) -> tuple[list[int], int, int]:
    """An hourly snapshot and clean-up, the clock set by ``jumps``; for every hour the age, in real
    hours, from which on all is still there; then the most bases and the most segments there were.

    Commit ``10 * hour + 5`` is the last one of an hour; every hour has a segment of its own.
    """
    snapshots: list[Stored] = []
    history: list[Stored] = []
    names: list[str] = []
    offset, reach, bases_max, segments_max = 0, [], 0, 0
    for hour in range(hours):
        offset += jumps.get(hour, 0)
        now = START_MS + 9999 * DAY_MS + hour * HOUR_MS + offset
        names.append(segment_name(1, 10 * hour + 1))
        snapshots.append(Stored(f"snapshots/{hour:04d}", 10 * hour + 5, now))
        plan = clean_up(snapshots, history, names, now, RetentionLimits())
        seqs = {base.path: base for base in snapshots}
        history += [Stored(to, seqs[at].seq, seqs[at].time_ms) for at, to in plan.moves]
        gone = {at for at, _ in plan.moves} | set(plan.bases)
        snapshots = [base for base in snapshots if base.path not in gone]
        history = [base for base in history if base.path not in gone]
        names = [name for name in names if name not in plan.segments]
        whole = names[0] == segment_name(1, 1)
        first = min(base.seq for base in (*snapshots, *history))
        assert whole or int(names[0][11:25]) <= first + 1, "a base without its segments"
        reach.append(hours if whole else hour - (first - 5) // 10)
        bases_max = max(bases_max, len(snapshots) + len(history))
        segments_max = max(segments_max, len(names))
    return reach, bases_max, segments_max


big = st.one_of(st.integers(8, 72), st.just(24 * 365)).flatmap(
    lambda hours: st.sampled_from([hours * HOUR_MS, -hours * HOUR_MS])
)
small = st.integers(-7 * HOUR_MS, 6 * HOUR_MS)


@settings(max_examples=100, deadline=None)
@example(jumps=dict.fromkeys((43, 62, 93), -24 * 365 * HOUR_MS), slips={})
@given(
    jumps=st.dictionaries(st.integers(1, 110), big, max_size=3),
    slips=st.dictionaries(st.integers(1, 110), small, max_size=1),
)
def test_retention_keeps_the_real_day_whatever_the_clock_says(
    jumps: dict[int, int], slips: dict[int, int]
) -> None:
    """Three jumps of hours to a year, ahead or back or both, for an hour or for good, and a smaller
    one: at every hour each commit of the real last 24 hours is there, and of the bases no more than
    are kept without a jump, for each stretch between two."""
    reach, bases_max, segments_max = lived(160, {**slips, **jumps})
    early = [(hour, back) for hour, back in enumerate(reach) if back < min(hour, 24)]
    assert not early
    assert bases_max <= 12 * (1 + len(jumps) + len(slips))
    assert segments_max <= 24 * 6
    assert reach[-1] <= 24 + 16, "a day after the last jump it is as ever"


@pytest.mark.parametrize(
    "jumps",
    [
        {20: 26, 21: -26},
        {20: -26, 21: 26},
        {20: 26},
        {20: -26},
        {20: 24 * 365, 30: -24 * 365},
        {20: 5},
        {3: 26, 4: -26},
        {20: 26, 22: 26, 24: 26},
    ],
    ids=str,
)
def test_retention_of_a_clock_that_jumped(jumps: dict[int, int]) -> None:
    """The plain stories: ahead and back, back and ahead, ahead for good, back for good."""
    reach, _, _ = lived(120, {hour: by * HOUR_MS for hour, by in jumps.items()})
    assert all(back >= min(hour, 24) for hour, back in enumerate(reach))
    assert reach[-1] <= 40


@pytest.mark.parametrize("cadence", [1, 6, 12, 24, 24 * 7])
def test_retention_is_bounded_at_any_cadence(cadence: int) -> None:
    """However rarely snapshots are taken, a pause is a jump for a while only."""
    reach, bases_max, _ = lived(60, dict.fromkeys(range(1, 60), (cadence - 1) * HOUR_MS))
    assert bases_max <= 12
    assert reach[-1] * cadence <= 40 + 6 * cadence


def test_retention_a_day_after_the_clock_went_back_the_past_is_bounded_again() -> None:
    """Bases that seem to come from the future count as no newer than what followed them."""
    history = [Stored(f"h{n}", n, START_MS + 400 * DAY_MS + n) for n in range(5)]
    snapshots = [Stored(f"s{n}", 10 + n, START_MS + n * HOUR_MS) for n in range(34)]
    plan = clean_up(snapshots, history, [], START_MS + 34 * HOUR_MS, RetentionLimits())
    assert set(plan.bases) >= {base.path for base in history}
    early = clean_up(snapshots[:3], history, [], START_MS + 3 * HOUR_MS, RetentionLimits())
    assert early.bases == ()


def test_retention_names_carry_what_decides() -> None:
    """A base's name gives its sequence and time back; no other name is taken for one."""
    name = base_name(1234, START_MS)
    assert (base_seq(name), base_time(name)) == (1234, START_MS)
    for other in ("base.zip", f"{name}.tmp", "snapshot_20251203_010000.zip", name[:-4]):
        assert base_seq(other) is None
        assert base_time(other) is None


def test_retention_leaves_strangers_and_ruins_alone() -> None:
    """A ruined snapshot is no base and not removed; nor is a file of any other name."""
    before, _, _, now_ms = two_days()
    ruined = max(name for name in before if name.startswith("snapshots/"))
    strangers = {"snapshots/notes.txt": b"x", "history/me.zip": b"x", "mirror/x.wal": b"x"}
    disk = MemoryFs.of({**before, ruined: b"PK", **strangers})
    store = opened(disk, StillClock(now_ms))
    for _ in range(4):
        store.snapshot(2)
    left: Any = disk.contents()
    assert strangers.keys() | {ruined} <= left.keys()
    assert len([n for n in disk.list_dir("snapshots") if n.endswith(".zip")]) == 3


def history_bytes(fs: MemoryFs) -> int:
    """The bytes that only the past needs: bases, and segments before the oldest snapshot."""
    snapshots, history, _ = stored_bases(fs)
    names = sorted(segment_copies(fs))
    starts = [int(name[11:25]) for name in names]
    placed = pairwise(zip(names, starts, strict=True))
    spare = [name for (name, _), (_, after) in placed if after <= snapshots[0].seq + 1]
    spare_bytes = sum(fs.size(f"{copy}/{name}") or 0 for name in spare for copy in COPIES)
    return spare_bytes + sum(base.size_bytes for base in history)


def test_retention_within_so_many_bytes() -> None:
    """The past gets shorter until it fits, no shorter than it must, and what is left of it is
    exact; the snapshots and what they need stay, whatever the bound."""
    _, files, told, now_ms = two_days()
    clock, rng = StillClock(now_ms), random.Random(3)
    whole = history_bytes(MemoryFs.of(files))
    reached = []
    for bound in (0, whole // 5, whole // 2, whole - 1, whole):
        fs = MemoryFs.of(files)
        retain(fs, now_ms, RetentionLimits(bytes_max=bound))
        assert history_bytes(fs) <= bound
        assert len(fs.list_dir("snapshots")) == 3
        snapshots, history, _ = stored_bases(fs)
        bases = [*history, *snapshots]
        oldest = min(base.seq for base in bases)
        reached.append(oldest)
        for seq in rng.sample(range(oldest, max(told) + 1), 20):
            assert restore(fs, seq=seq, clock=clock).image.digest() == told[seq][1]
        with pytest.raises(BadValue, match=f"commit {oldest} "):
            restore(fs, seq=oldest - 1, clock=clock)
        assert verify(fs, clock=clock).sound
        assert retain(fs, now_ms, RetentionLimits(bytes_max=bound)) == CleanUp()
    assert reached == sorted(reached, reverse=True)
    assert len(set(reached)) == len(reached), "each bound bites"
    assert fs.contents() == files, "what fits is left alone"


def test_retention_a_first_day_that_is_too_much_is_cut_to_its_bases() -> None:
    """Before anything is a day old everything is kept, from the first commit on; unless it is more
    than the bound."""
    segments = [segment_name(1, 1 + 100 * number) for number in range(10)]
    sizes = dict.fromkeys(segments, 1000)
    snapshots = [Stored(f"s{n}", 250 * n, START_MS + n * HOUR_MS, 10) for n in (1, 2, 3)]
    history = [Stored("h", 120, START_MS + HOUR_MS // 2, 10)]

    def plan(bytes_max: int) -> CleanUp:
        now_ms = START_MS + 4 * HOUR_MS
        return clean_up(
            snapshots, history, sizes, now_ms, RetentionLimits(bytes_max=bytes_max), sizes
        )

    assert plan(2010) == CleanUp()
    assert plan(2009) == CleanUp(segments=tuple(segments[:1]))
    assert plan(1010) == CleanUp(segments=tuple(segments[:1]))
    assert plan(1009) == plan(0) == CleanUp(bases=("h",), segments=tuple(segments[:2]))


def test_retention_the_tail_is_measured_by_the_segments_that_hold_it() -> None:
    """What a restore from a base has to read: the segments with frames after it, in one copy."""
    _, files, told, _ = two_days()
    fs = MemoryFs.of(files)
    names = sorted(segment_copies(fs))
    bytes_of = {name: fs.size(f"{JOURNAL}/{name}") or 0 for name in names}
    assert journal_bytes_after(fs, 0) == sum(bytes_of.values())
    assert journal_bytes_after(fs, max(told)) == bytes_of[names[-1]]
    second = int(names[1][11:25])
    assert journal_bytes_after(fs, second - 1) == sum(bytes_of.values()) - bytes_of[names[0]]
    assert journal_bytes_after(fs, second - 2) == sum(bytes_of.values())
