"""Repair: whatever is damaged becomes what it ought to be, from what is good.

``repair`` reads everything, once, decides, and does it; with ``dry_run`` it only says what it would
do. The caller holds the lock, and says so: a repair that was stopped, and goes on once the store
was taken over, would put the past over what its next owner has written.

Rules
- Only what can be made exactly what it was is repaired: both copies of every segment that the chain
  goes through, and the readable files. Ruined snapshots go after a new one is in place.
- The bytes of a damaged file are under ``damaged/``, synced, before its place is written again. The
  same bytes get the same name, so a repair that was cut short and begun again keeps them once.
- Where a commit is or may be lost it raises ``StoreDamaged`` and changes nothing, unless
  ``accept_loss`` names the last commit to keep. Then what lies beyond that commit, or cannot be
  joined to it, is put under ``damaged/`` as well: moved aside, never deleted.
- No commit that is whole is given up: ``accept_loss`` before one that a restore reaches is
  ``BadValue``, and names it. An earlier moment goes into a store of its own.
- A segment without one whole frame, torn by a crash, was never used: it is moved aside.
- A segment that was begun without a mirror is given none.
- Temporary files of a writer, or a repair, that was killed are removed.
- The fence is asked before each file that goes or is put in place, temporary names carry an epoch,
  and the segment that it begins is of an epoch that it has drawn (S6).
- The chain up to the commit that is kept is never taken away, so a crash at any point leaves a
  store from which the same repair can be done again (S5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadValue, StoreDamaged, StoreFailed
from prometheus_persist.journal.chain import SegmentRun, back, segments_of
from prometheus_persist.journal.projection import FOLDERS
from prometheus_persist.recovery.bases import Bases
from prometheus_persist.recovery.damages import UNWRITTEN
from prometheus_persist.recovery.ladder import Restored, restore
from prometheus_persist.recovery.owner import ALONE, Owner
from prometheus_persist.recovery.readable import Readable
from prometheus_persist.recovery.setting_aside import set_aside
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import (
    COPIES,
    DAMAGED,
    HISTORY,
    INCREMENTAL,
    RECOVERY_LOG,
    ROOT,
    SNAPSHOTS,
    is_temporary,
    mark_of,
    path_in,
    segment_start,
)
from prometheus_persist.storage.replacing import replace_file
from prometheus_persist.storage.retention import HISTORY_HOURS_MAX
from prometheus_persist.storage.segments import Segments, copies_due, heal
from prometheus_persist.storage.store import Store

KEEP_ALL = 1_000_000
UNREAD = "missing or not to be read"
LEFTOVER = "left by a writer that was killed"
Action = Literal["rewritten", "moved aside", "removed"]
FOLDERS_SWEPT = (
    ROOT,
    *COPIES,
    SNAPSHOTS,
    HISTORY,
    DAMAGED,
    INCREMENTAL,
    *(f"{INCREMENTAL}/{name}" for name in FOLDERS),
)


@dataclass(frozen=True, slots=True)
class RepairStep:
    """One file: what becomes of it, and why."""

    path: str
    action: Action
    why: str


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was done, or would be; ``seq`` is the last commit that is kept."""

    steps: tuple[RepairStep, ...]
    seq: int


def repair(
    fs: Fs,
    clock: Clock,
    *,
    accept_loss: int | None = None,
    dry_run: bool = False,
    options: StoreOptions | None = None,
    owner: Owner | None = None,
) -> Repaired:
    """Put everything right; raises StoreDamaged where that is not possible without a loss, and
    StoreFailed where the disk fails: then the same repair can be begun again. ``owner``: the lock
    that is held; None where only this process can reach the store."""
    try:
        return _repair(fs, clock, accept_loss, dry_run, options, owner or ALONE)
    except OSError as problem:
        only_of_the_disk(problem)
        raise StoreFailed(f"repair: {problem}") from problem


def _repair(
    fs: Fs,
    clock: Clock,
    accept_loss: int | None,
    dry_run: bool,
    options: StoreOptions | None,
    owner: Owner,
) -> Repaired:
    if accept_loss is not None:
        _refuse_needless(fs, clock, accept_loss)
    found = restore(fs, seq=accept_loss, clock=clock, thorough=True)
    read = found.read
    assert read is not None, "a thorough restore has read everything"
    due = segments_of(back(found.tip, read.segments.frames))
    if accept_loss is None:
        _refuse_loss(found, due)
    steps = [
        *_segment_steps(read.segments, due, found.seq, accept_loss),
        *_readable_steps(read.readable, found.seq, accept_loss),
        *_base_steps(read.bases, found.seq),
        *_audit_steps(fs),
    ]
    leftovers = [
        RepairStep(path_in(folder, name), "removed", LEFTOVER)
        for folder in FOLDERS_SWEPT
        for name in fs.list_dir(folder)
        if is_temporary(folder, name) and fs.size(path_in(folder, name)) is not None
    ]
    done = Repaired((*steps, *leftovers), found.seq)
    if not dry_run:
        _remove(fs, [step.path for step in leftovers], owner)
    if steps and not dry_run:
        _carry_out(fs, clock, found, tuple(steps), due, options, owner)
    return done


def _refuse_needless(fs: Fs, clock: Clock, kept: int) -> None:
    """Raise BadValue where commits behind ``kept`` are whole; an opening alone is no commit."""
    for more in (None, kept + 1):
        whole = _reached(fs, clock, more)
        if whole is None or whole.seq <= kept:
            continue
        there = _reached(fs, clock, kept)
        if there is None or there.image.digest() != whole.image.digest():
            raise BadValue(
                f"commits up to {whole.seq} are whole: --accept-loss {kept} would give up what is "
                f"not lost; restore --seq {kept} --into NEWDIR brings that moment into a new store"
            )


def _reached(fs: Fs, clock: Clock, seq: int | None) -> Restored | None:
    try:
        return restore(fs, seq=seq, clock=clock)
    except (StoreDamaged, BadValue):
        return None


def lossless(fs: Fs, clock: Clock) -> bool:
    """Whether a repair of all that is damaged here loses nothing."""
    try:
        found = restore(fs, clock=clock, thorough=True)
        assert found.read is not None, "a thorough restore has read everything"
        _refuse_loss(found, segments_of(back(found.tip, found.read.segments.frames)))
    except StoreDamaged:
        return False
    return not found.gaps


def _refuse_loss(found: Restored, due: dict[str, SegmentRun]) -> None:
    """Raise where a damage is to something that nothing good is left of."""
    for damage in found.facts.damages:
        folder, _, name = damage.file.rpartition("/")
        gone = folder in COPIES and name not in due and damage.problem not in UNWRITTEN
        if damage.outcome == "lost" or gone:
            raise StoreDamaged(
                f"{damage.problem}; nothing good is left of it. Accepting the loss keeps all up to "
                f"commit {found.seq} and moves the rest aside",
                file=damage.file,
                offset=damage.offset,
                command=("repair", "--accept-loss", str(found.seq)),
            )


def _segment_steps(
    segments: Segments, due: dict[str, SegmentRun], seq: int, accept_loss: int | None
) -> list[RepairStep]:
    found = []
    framed = {placed.file.rpartition("/")[2] for placed in segments.frames}
    ruined = {fault.file for fault in segments.faults} | set(segments.unreadable)
    for name in sorted(due.keys() | segments.names.keys()):
        for copy in copies_due(due.get(name, SegmentRun())):
            path = f"{copy}/{name}"
            if name in due:
                if path not in segments.sizes:
                    found.append(RepairStep(path, "rewritten", UNREAD))
                elif segments.differs(path, due[name]):
                    found.append(RepairStep(path, "rewritten", "not what the chain says"))
            elif path in ruined and name not in framed:
                found.append(RepairStep(path, "moved aside", "an opening that was cut short"))
            elif accept_loss is not None and copy in segments.names[name]:
                beyond = (segment_start(name) or (0, 0))[1] > seq
                if beyond or ruined & {f"{each}/{name}" for each in COPIES}:
                    found.append(RepairStep(path, "moved aside", "not joined to what is kept"))
    return found


def _readable_steps(readable: Readable, seq: int, accept_loss: int | None) -> list[RepairStep]:
    damages = [each for each in readable.damages if each.outcome == "repaired"]
    found = [RepairStep(each.file, "rewritten", each.problem) for each in damages]
    if accept_loss is None:
        return found
    why = f"written after commit {seq}"
    found += [RepairStep(one.file, "moved aside", why) for one in readable.marks if one.seq > seq]
    if readable.mark > seq:
        named = {step.path for step in found}
        paths = [f"{INCREMENTAL}/{name}" for name in sorted(readable.whole)]
        found += [RepairStep(path, "rewritten", why) for path in paths if path not in named]
    return found


def _base_steps(bases: Bases, seq: int) -> list[RepairStep]:
    beyond = [path for path, tip in bases.sound.items() if tip.seq > seq]
    steps = [RepairStep(each.file, "moved aside", each.problem) for each in bases.ruined]
    named = {step.path for step in steps}
    why = f"beyond commit {seq}"
    return steps + [RepairStep(path, "moved aside", why) for path in beyond if path not in named]


def _audit_steps(fs: Fs) -> list[RepairStep]:
    """A log that the disk does not give is nobody's to go on with: a session begins another."""
    try:
        if fs.size(RECOVERY_LOG):
            fs.read(RECOVERY_LOG)
    except OSError as problem:
        only_of_the_disk(problem)
        return [RepairStep(RECOVERY_LOG, "moved aside", UNREAD)]
    return []


def _carry_out(
    fs: Fs,
    clock: Clock,
    found: Restored,
    steps: tuple[RepairStep, ...],
    due: dict[str, SegmentRun],
    options: StoreOptions | None,
    owner: Owner,
) -> None:
    """Keep the bytes, bases out of the way, segments, readable files, a new snapshot."""
    rewritten = {step.path.rpartition("/")[2] for step in steps if step.action == "rewritten"}
    newest = {max(due)} if due else set()
    needed = (rewritten | newest) & due.keys()
    contents = {name: due[name].content() for name in needed}  # before any is lost
    for step in steps:  # a segment that could be read a moment ago stays, as it may be needed
        read = step.path.startswith(COPIES) and step.why != UNREAD
        set_aside(fs, step.path, owner.fence, needed=read)
    ruined = [step.path for step in steps if step.path.startswith((SNAPSHOTS, HISTORY))]
    beyond = [s.path for s in steps if s.path in ruined and s.why.startswith("beyond")]
    _remove(fs, beyond, owner)
    mark = mark_of(found.next_epoch)
    for step in steps:
        folder, _, name = step.path.rpartition("/")
        if folder in COPIES and step.action == "rewritten":
            fs.make_dir(folder)
            replace_file(fs, step.path, contents[name], mark=mark, fence=owner.fence)
    aside = [s.path for s in steps if s.action == "moved aside" and s.path not in ruined]
    _remove(fs, aside, owner)
    readable = [step.path for step in steps if step.path.startswith(f"{INCREMENTAL}/")]
    _remove(fs, [path for path in readable if path.endswith(".json")], owner)
    whole = {
        name: seal
        for name, seal in found.readable.items()
        if f"{INCREMENTAL}/{name}" not in readable
    }
    due_now = {name: contents[name] for name in newest}
    heal(fs, due_now, proven=found.proven, mark=mark, fence=owner.fence)
    store = Store(
        fs,
        found.image,
        found.tip,
        owner.draw(found.next_epoch),
        clock,
        None,
        whole,
        options,
        owner.fence,
        acknowledged=owner.acknowledged,
    )
    try:
        store.checkpoint()
        if ruined:
            store.snapshot(KEEP_ALL, history_hours=HISTORY_HOURS_MAX - 1)  # cleans nothing up
    finally:
        store.close()
    _remove(fs, ruined, owner)


def _remove(fs: Fs, paths: list[str], owner: Owner) -> None:
    for path in paths:
        owner.fence()
        fs.unlink(path)
    for folder in sorted({path.rpartition("/")[0] or "." for path in paths}):
        fs.make_dir(folder)  # where it went with its last file, on a disk that was copied
        fs.fsync_dir(folder)
