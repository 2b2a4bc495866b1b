"""What is kept of the past, and what goes: decided by ``clean_up``, done by ``carry_out``.

Kept, always:
1. the newest ``snapshots_kept`` snapshots that are sound;
2. a base for every commit of the last ``history_ms`` (S9): an image from before the window, and
   every segment since the oldest base that is kept. Where nothing is old enough, all is kept;
3. the newest segment, and whatever has a name that this library does not give, or is not what its
   name says.

The second is bounded: beyond ``bytes_max`` bytes of history (its bases, and the segments that no
kept snapshot needs, both copies), the oldest go before their time, and the past that can be
restored is that much shorter.

A snapshot that leaves ``snapshots/`` moves into ``history/`` where the base before it is at least
``spacing_ms`` older, else it goes: what lies between two bases is replayed from segments. A ruined
snapshot is no base and is left for ``repair``. One that the disk does not give is left alone, and
what may be needed beside it is kept for as long as its name is in the window; it stops no clean-up.

Time is only a hint: clocks jump, and what was dropped is gone. Bases are ordered by sequence.
- One counts as taken no later than the ones after it, and no later than now: a later commit with an
  earlier time proves the other one's time wrong.
- How old one is, is told by the steps from each base to the next one and to now. A step longer than
  ``STRIDE`` spacings may be a jump of the clock; the newest ``LEAPS_MAX`` of those count for
  nothing. So a clock that is hours or years ahead, for one snapshot or for good, costs no history.
  A real pause looks the same: past it, what is kept goes by the hours that the system ran.
- A jump within that length is not seen: the window is longer by one.
What is kept for too long by this is bounded; the newest base is never dropped, nor is the oldest
before the one after it has left the window.

Order of work, so that any crash leaves a store that restores and whose clean-up is finished next
time: moves first, made durable; then bases, oldest first, made durable; then segments, oldest
first, both copies, and the one that begins with the first commit is durably gone before another
goes: what is left of it would say that the past is whole. Nothing is removed before what replaces
it is on the disk, name and all: an earlier sync of its directory may have failed.

Raises ``OSError`` as the disk gave it; what was not yet done is done by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.archive import ENDING_BYTES, peek, refuse_no_archive
from prometheus_persist.journal.chain import EPOCH_LEAP
from prometheus_persist.storage.fs import Fs, NotAFile
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import (
    COPIES,
    HISTORY,
    JOURNAL,
    SNAPSHOTS,
    base_name,
    base_seq,
    base_time,
    segment_epoch,
    segment_start,
    snapshot_second,
)
from prometheus_persist.storage.replacing import renew_dirs
from prometheus_persist.storage.segments import begun, segment_copies, successor

HOUR_MS = 3_600_000
HISTORY_HOURS = 24.0
LEAPS_MAX = 3
STRIDE = 1.25
HISTORY_HOURS_MAX = 24 * 366
LARGE_BYTES = 64 * 1024 * 1024
HISTORY_BYTES_MAX = 8 * 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """How much is kept."""

    snapshots_kept: int = 3
    history_ms: int = 24 * HOUR_MS
    spacing_ms: int = 6 * HOUR_MS
    bytes_max: int = HISTORY_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Stored:
    """A sound base: where it is, its last commit, and that one's wall time."""

    path: str
    seq: int
    time_ms: int
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """A snapshot that the disk does not give: it stands on no commit before ``seq``."""

    seq: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class CleanUp:
    """What is to be done, in this order. ``segments`` are names; both copies go."""

    moves: tuple[tuple[str, str], ...] = ()
    bases: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()


def clean_up(
    snapshots: Sequence[Stored],
    history: Sequence[Stored],
    segments: Iterable[str],
    now_ms: int,
    limits: RetentionLimits,
    sizes: Mapping[str, int] | None = None,
    unread: Iterable[Unread] = (),
) -> CleanUp:
    """What is no longer needed. Snapshots, bases and segments come in any order.

    ``sizes``: the bytes of each segment, both copies. ``unread``: see the module.
    """
    ordered = sorted((*snapshots, *history), key=lambda base: (base.seq, base.path))
    taken = _times(ordered, now_ms)
    by_age = sorted(snapshots, key=lambda base: (base.seq, base.path))
    staying = set(by_age[-limits.snapshots_kept :])
    moving = _moving([b for b in ordered if b in set(snapshots) - staying], history, taken, limits)
    kept = [base for base in ordered if base in staying or base in moving or base in set(history)]
    names = sorted(segments)
    whole = bool(names) and (segment_start(names[0]) or (0, 0))[1] == 1
    ages = _ages([taken[base] for base in kept], now_ms, limits)
    window = limits.history_ms + min(limits.history_ms, round(STRIDE * limits.spacing_ms))
    while len(kept) > 1 and kept[0] not in staying and ages[1] >= window:
        del kept[0], ages[0]
    if not kept:
        return CleanUp()
    whole = whole and ages[0] < window
    floor = next((base for base in kept if base in staying), kept[-1])
    start = _start(kept, floor, names, sizes or {}, limits.bytes_max, whole=whole)
    held = [each.seq for each in unread if abs(each.time_ms - now_ms) < window]
    start = min([start, *held])
    kept = [base for base in kept if base.seq >= start]
    gone = [base.path for base in ordered if base not in kept]
    moves = [(b.path, f"{HISTORY}/{base_name(b.seq, b.time_ms)}") for b in moving if b in kept]
    return CleanUp(tuple(moves), tuple(gone), tuple(_before(names, start)))


def _start(
    kept: Sequence[Stored],
    floor: Stored,
    names: Sequence[str],
    sizes: Mapping[str, int],
    bytes_max: int,
    *,
    whole: bool,
) -> int:
    """The commit from which on the past is kept, 0 for all of it: as early as the bound allows, and
    no later than ``floor``. What is needed from ``floor`` on counts for nothing."""
    spare = _before(names, floor.seq)
    starts: list[int] = [0] if whole else []
    for start in starts + [base.seq for base in kept if base.seq < floor.seq]:
        held = sum(base.size_bytes for base in kept if start <= base.seq < floor.seq)
        held += sum(sizes.get(name, 0) for name in spare[len(_before(names, start)) :])
        if held <= bytes_max:
            return start
    return floor.seq


def _before(names: Sequence[str], seq: int) -> list[str]:
    """The segments that hold no frame after ``seq``; never the newest."""
    found = []
    for name, after in pairwise(names):
        if (segment_start(after) or (0, 0))[1] > seq + 1:
            break
        found.append(name)
    return found


def _times(ordered: Sequence[Stored], now_ms: int) -> dict[Stored, int]:
    """When each was taken, as far as a clock can be believed: no later than those after it."""
    latest, found = now_ms, {}
    for base in reversed(ordered):
        latest = min(latest, base.time_ms)
        found[base] = latest
    return found


def _ages(taken: Sequence[int], now_ms: int, limits: RetentionLimits) -> list[int]:
    """How old each base is, by the steps since then that can be believed; ``taken`` in order."""
    ages, age, leaps = [], 0, 0
    for earlier, later in reversed([*pairwise((*taken, now_ms))]):
        leap = later - earlier > STRIDE * limits.spacing_ms
        leaps += leap
        if not leap or leaps > LEAPS_MAX:
            age += later - earlier
        ages.append(age)
    return ages[::-1]


def _moving(
    leaving: Sequence[Stored],
    history: Sequence[Stored],
    taken: dict[Stored, int],
    limits: RetentionLimits,
) -> list[Stored]:
    """Those that go into the history, ``spacing_ms`` apart from the base before them; at once where
    that one's time is known to be wrong, so that the past has a base of which it is known."""
    last = max(history, key=lambda base: base.seq, default=None)
    found = []
    for base in leaving:
        doubtful = last is None or last.time_ms > taken[last]
        if last is None or doubtful or taken[base] - taken[last] >= limits.spacing_ms:
            found.append(base)
            last = base
    return found


def retain(fs: Fs, now_ms: int, limits: RetentionLimits) -> CleanUp:
    """Look, decide, do; returns what was done."""
    copies = segment_copies(fs)
    known = _near(begun(fs, copies))
    sizes = {
        name: sum(fs.size(f"{copy}/{name}") or 0 for copy in copies[name])
        for name, follows in known.items()
        if follows
    }
    snapshots, history, unread = stored_bases(fs)
    plan = clean_up(snapshots, history, sizes, now_ms, limits, sizes, unread)
    after = {name: successor(fs, name, copies[name], known) for name in plan.segments}
    kept = sorted(sizes.keys() - set(plan.segments))
    linked = [name for name in kept if _links(fs, name, copies, known, after)]
    over = [name for name in plan.segments if linked and _is_over(after[name], linked[0])]
    oldest = kept[0] if kept else ""
    idle = sorted(name for name, follows in known.items() if not follows and name < oldest)
    plan = replace(plan, segments=(*over, *idle))
    carry_out(fs, plan)
    return plan


def _near(known: dict[str, bytes]) -> dict[str, bytes]:
    """Those of epochs that one store can have got to."""
    farthest = min((segment_epoch(name) or 0 for name in known), default=0) + EPOCH_LEAP
    return {name: digest for name, digest in known.items() if (segment_epoch(name) or 0) < farthest}


def _links(
    fs: Fs,
    name: str,
    copies: Mapping[str, set[str]],
    known: Mapping[str, bytes],
    after: Mapping[str, str],
) -> bool:
    """Whether a segment goes on where another one ends, or another one where it does."""
    return name in after.values() or bool(successor(fs, name, copies[name], known))


def _is_over(follower: str, oldest: str) -> bool:
    """Whether all frames of a segment are older than the oldest that is kept, whatever names lie
    between: what follows it begins no later. One whose follower is gone was left by a clean-up that
    was cut short."""
    first, last = segment_start(follower), segment_start(oldest)
    return first is None or last is None or first[1] <= last[1]


def stored_bases(fs: Fs) -> tuple[list[Stored], list[Stored], list[Unread]]:
    """The sound snapshots by name, the bases of the history by what their names say, and the
    snapshots that the disk does not give."""
    history = []
    for name in fs.list_dir(HISTORY):
        path, seq = f"{HISTORY}/{name}", base_seq(name)
        if seq is not None:
            history.append(Stored(path, seq, base_time(name) or 0, fs.size(path) or 0))
    snapshots: list[Stored] = []
    unread: list[Unread] = []
    before = max((base.seq for base in history), default=0)
    for name in fs.list_dir(SNAPSHOTS):
        path, second = f"{SNAPSHOTS}/{name}", snapshot_second(name)
        if second is None:
            continue
        try:
            data = read_base(fs, path)
            tip = peek(data, path)
        except (StoreDamaged, NotAFile, IsADirectoryError):
            continue  # named by whoever restores or verifies
        except OSError as problem:
            only_of_the_disk(problem)
            unread.append(Unread(before, 1000 * second))
            continue
        before = max(before, tip.seq)
        snapshots.append(Stored(path, tip.seq, tip.wall_ms, len(data)))
    return snapshots, history, unread


def read_base(fs: Fs, path: str) -> bytes:
    """A base as it is packed; of a large file that is no archive, hardly anything is read.

    Raises StoreDamaged for that; OSError as the disk gave it.
    """
    size = fs.size(path) or 0
    if size > LARGE_BYTES:
        last = fs.read_part(path, size - ENDING_BYTES, ENDING_BYTES)
        refuse_no_archive(fs.read_part(path, 0, ENDING_BYTES), last, path)
    return fs.read(path)


def journal_bytes_after(fs: Fs, seq: int) -> int:
    """The bytes of the journal's segments that can hold a frame after ``seq``; one copy."""
    names = {name: (JOURNAL,) for name in fs.list_dir(JOURNAL) if segment_start(name) is not None}
    known = sorted(name for name, follows in begun(fs, names).items() if follows)
    needed = known[len(_before(known, seq)) :]
    return sum(fs.size(f"{JOURNAL}/{name}") or 0 for name in needed)


def carry_out(fs: Fs, plan: CleanUp) -> None:
    """Do it, in an order that any crash may cut short."""
    if plan.moves:
        fs.make_dir(HISTORY)
        fs.fsync_dir(".")
        for source, target in plan.moves:
            fs.rename(source, target)
        fs.fsync_dir(HISTORY)
        fs.fsync_dir(SNAPSHOTS)
    if plan.bases or plan.segments:
        folders = (SNAPSHOTS, HISTORY, *COPIES)
        renew_dirs(fs, *filter(fs.list_dir, folders), making_room=True)
    _remove(fs, plan.bases)
    first = [name for name in plan.segments if (segment_start(name) or (0, 0))[1] == 1]
    for names in (first, plan.segments):
        _remove(fs, [f"{copy}/{name}" for name in names for copy in COPIES])


def _remove(fs: Fs, paths: Sequence[str]) -> None:
    for path in paths:
        fs.unlink(path)
    for folder in sorted({path.rpartition("/")[0] for path in paths}):
        fs.fsync_dir(folder)
