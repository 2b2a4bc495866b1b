"""What is kept of the past, and what goes: decided by ``clean_up``, done by ``carry_out``.

Kept, always:
1. the newest ``snapshots_kept`` snapshots that are sound;
2. a base for every commit of the last ``history_ms``: an image from before the window, and every
   segment since the oldest base that is kept. Where nothing is old enough, everything is kept;
3. the newest segment, and whatever has a name that this library does not give.

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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.archive import peek
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import (
    COPIES,
    HISTORY,
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
) -> CleanUp:
    """What is no longer needed. ``snapshots`` by name, oldest first; the others in any order."""
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
    gone = [base.path for base in ordered if base not in kept]
    moves = [(b.path, f"{HISTORY}/{base_name(b.seq, b.time_ms)}") for b in moving if b in kept]
    old = []
    if kept and (not whole or taken[kept[0]] <= horizon):
        for name, after in pairwise(names):
            if (segment_start(after) or (0, 0))[1] > kept[0].seq + 1:
                break
            old.append(name)
    return CleanUp(tuple(moves), tuple(gone), tuple(old))


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
    plan = clean_up(*stored_bases(fs), segment_copies(fs), now_ms, limits)
    carry_out(fs, plan)
    return plan


def stored_bases(fs: Fs) -> tuple[list[Stored], list[Stored]]:
    """The sound snapshots by name, and the bases of the history by what their names say."""
    snapshots = []
    for name in filter(is_snapshot, fs.list_dir(SNAPSHOTS)):
        path = f"{SNAPSHOTS}/{name}"
        try:
            tip = peek(fs.read(path), path)
        except StoreDamaged:
            continue
        snapshots.append(Stored(path, tip.seq, tip.wall_ms))
    history = [
        Stored(f"{HISTORY}/{name}", seq, base_time(name) or 0)
        for name in fs.list_dir(HISTORY)
        if (seq := base_seq(name)) is not None
    ]
    return snapshots, history


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
