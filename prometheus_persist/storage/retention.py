"""What is kept of the past, and what goes: decided by ``clean_up``, done by ``carry_out``.

Kept, always:
1. the newest ``snapshots_kept`` snapshots that are sound;
2. a base for every commit of the last ``history_ms``: an image from before the window, and every
   segment since the oldest base that is kept. Where nothing is old enough, everything is kept;
3. the newest segment, and whatever has a name that this library does not give.

The second is bounded: beyond ``bytes_max`` bytes of history (its bases, and the segments that no
kept snapshot needs, both copies), the oldest go before their time, and the past that can be
restored is that much shorter.

A snapshot that leaves ``snapshots/`` moves into ``history/`` where the base before it is at least
``spacing_ms`` older, else it goes: what lies between two bases is replayed from segments. A ruined
snapshot is no base and is left for ``repair``.

Time is only a hint. Bases are ordered by sequence; one counts as taken no later than the ones after
it, and no later than now, so a clock that was set ahead or back keeps too much for a while, never
nothing: the newest base is never dropped, nor is the oldest before the one after it has left the
window. (A clock that is set ahead for good does shorten the past: it is then that old.)

Order of work, so that any crash leaves a store that restores and whose clean-up is finished next
time: moves first, made durable; then bases, oldest first, made durable; then segments, oldest
first, both copies. Nothing is removed before what replaces it is on the disk.

Raises ``OSError`` as the disk gave it; what was not yet done is done by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.archive import peek
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import (
    COPIES,
    HISTORY,
    JOURNAL,
    SNAPSHOTS,
    base_name,
    base_seq,
    base_time,
    is_snapshot,
    segment_start,
)
from prometheus_persist.storage.segments import segment_copies

HOUR_MS = 3_600_000
HISTORY_HOURS = 24.0
HISTORY_HOURS_MAX = 24 * 366
HISTORY_BYTES_MAX = 8 * 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
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
    limits: Limits,
    sizes: Mapping[str, int] | None = None,
) -> CleanUp:
    """What is no longer needed. ``snapshots`` by name, oldest first; the others in any order.

    ``sizes``: the bytes of each segment, both copies.
    """
    ordered = sorted((*snapshots, *history), key=lambda base: base.seq)
    taken = _times(ordered, now_ms)
    staying = set(snapshots[-limits.snapshots_kept :])
    moving = _moving([b for b in ordered if b in set(snapshots) - staying], history, taken, limits)
    kept = [base for base in ordered if base in staying or base in moving or base in set(history)]
    names = sorted(segments)
    whole = bool(names) and (segment_start(names[0]) or (0, 0))[1] == 1
    horizon = now_ms - limits.history_ms
    while len(kept) > 1 and kept[0] not in staying and taken[kept[1]] <= horizon:
        kept.pop(0)
    if not kept:
        return CleanUp()
    whole = whole and taken[kept[0]] > horizon
    floor = next((base for base in kept if base in staying), kept[-1])
    start = _start(kept, floor, names, sizes or {}, limits.bytes_max, whole=whole)
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


def _moving(
    leaving: Sequence[Stored],
    history: Sequence[Stored],
    taken: dict[Stored, int],
    limits: Limits,
) -> list[Stored]:
    """Those that go into the history, ``spacing_ms`` apart from the base before them."""
    last = max((taken[base] for base in history), default=None)
    found = []
    for base in leaving:
        if last is None or taken[base] - last >= limits.spacing_ms:
            found.append(base)
            last = taken[base]
    return found


def retain(fs: Fs, now_ms: int, limits: Limits) -> CleanUp:
    """Look, decide, do; returns what was done."""
    sizes = {
        name: sum(fs.size(f"{copy}/{name}") or 0 for copy in copies)
        for name, copies in segment_copies(fs).items()
    }
    plan = clean_up(*stored_bases(fs), sizes, now_ms, limits, sizes)
    carry_out(fs, plan)
    return plan


def stored_bases(fs: Fs) -> tuple[list[Stored], list[Stored]]:
    """The sound snapshots by name, and the bases of the history by what their names say."""
    snapshots = []
    for name in filter(is_snapshot, fs.list_dir(SNAPSHOTS)):
        path = f"{SNAPSHOTS}/{name}"
        try:
            data = fs.read(path)
            tip = peek(data, path)
        except StoreDamaged:
            continue
        snapshots.append(Stored(path, tip.seq, tip.wall_ms, len(data)))
    history = []
    for name in fs.list_dir(HISTORY):
        path, seq = f"{HISTORY}/{name}", base_seq(name)
        if seq is not None:
            history.append(Stored(path, seq, base_time(name) or 0, fs.size(path) or 0))
    return snapshots, history


def journal_bytes_after(fs: Fs, seq: int) -> int:
    """The bytes of the journal's segments that can hold a frame after ``seq``; one copy."""
    names = sorted(name for name in fs.list_dir(JOURNAL) if segment_start(name) is not None)
    needed = names[len(_before(names, seq)) :]
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
    _remove(fs, plan.bases)
    _remove(fs, [f"{copy}/{name}" for name in plan.segments for copy in COPIES])


def _remove(fs: Fs, paths: Sequence[str]) -> None:
    for path in paths:
        fs.unlink(path)
    for folder in sorted({path.rpartition("/")[0] for path in paths}):
        fs.fsync_dir(folder)
