"""The restore ladder: from what is on disk to one exact state, or to a named refusal.

Read-only (S5). It takes, in this order, the first base from which the chain reaches the newest
frame: the newest snapshot, the ones before it, what is kept in the history, the empty image. The
frames of both copies of the journal are linked by digest (``journal/chain.py``), so one damaged,
lost or swapped file does no harm.

How much is read
- The state of now needs the newest sound snapshot and the segments that can hold a frame after it
  (S10), or every segment where no snapshot was ever taken; a commit asked for by number, the base
  before it and the segments up to it.
- Of all that is older, only names and sizes are looked at: a copy that is missing, empty or unlike
  its twin in length has everything read. What is damaged there and cannot be seen in this way does
  no harm to this state, and is named by ``thorough`` (which is what ``verify`` asks for).
- Everything is read, too, where something proves that there is more than was reached that way, and
  for ``at_ms``: clocks do not order, so any frame may be the one.

Rules
- Nothing is guessed (S3): where frames are missing between the best base and a frame or checkpoint
  that proves there was more, it raises ``StoreDamaged`` naming file, offset and sequence.
- A base that no frame of the journal goes on from, beside one that some do, is used only where it
  is of the same store, by the id in it: a snapshot of another store is named, and not taken.
- Everything that was wrong and did no harm is reported as ``Damage``, file by file. Damage at the
  very end, which neither copy can complete, is ``ignored`` where a crash alone explains it (torn),
  and ``lost`` where it does not: then nothing proves that a commit was there, and it is named. A
  file that ends within a frame, where its writer had reserved space ahead, was cut.
- ``seq`` and ``at_ms`` ask for an earlier moment: the state after the last commit with that
  sequence, or of that wall time, at the latest.
- No commit at all is a fresh start, said in so many words (``facts.fresh``): an empty directory, or
  one whose first opening was cut short before anything was saved.
- A moment older than anything that is kept is a wrong argument, and the oldest one is named; so is
  one in the future, that of a clock set back apart: commits up to then are yet to come.
- Zeros behind the last frame of a segment are space that was reserved, no damage; how many there
  are says nothing. Other bytes among them are named, and do no harm.
- A file that the disk refuses to read is damaged as long as another one has what was in it. Where
  none has, it is not known what is there: then it is no damage, no loss and no fresh start, but
  ``StoreFailed`` with the path. Snapshots whose sequences do not grow with their
  names, readable files that the checkpoint names and that are missing or older: named.
- What vouches for a commit is read before the journal that has to hold it is listed: somebody may
  read beside a living writer (``status``, ``verify``), who vouches for more meanwhile.
- A newest commit that lies in the future, or longer ago than ``AGE_WARN_MS``, is a warning.

Raises ``StoreDamaged``; ``StoreFailed`` where the disk cannot be read; ``BadValue`` for a
moment before the first commit or after the last.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_persist.clock import Clock, SystemClock
from prometheus_persist.errors import BadValue, StoreDamaged, StoreFailed
from prometheus_persist.journal.chain import (
    EPOCH_LEAP,
    Chain,
    PlacedFrame,
    SegmentRun,
    back,
    beginnings,
    link,
    segments_of,
)
from prometheus_persist.journal.change import Image, change_from
from prometheus_persist.journal.frame import COMMIT, OPEN, OVERHEAD_BYTES, Tip
from prometheus_persist.journal.records import Records
from prometheus_persist.journal.upcast import SCHEMA, opening, schema_of, upcast_change
from prometheus_persist.recovery.apart import Errands
from prometheus_persist.recovery.bases import GENESIS, Base, Bases, genesis
from prometheus_persist.recovery.damages import (
    Due,
    Runs,
    basename,
    gaps,
    journal_damages,
    mark_damages,
    not_as_due,
    when,
)
from prometheus_persist.recovery.facts import Damage, RestoreFacts
from prometheus_persist.recovery.readable import ALL_BUT_CHUNKS, Readable, check_readable
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage.collecting import held_off
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.heard import tell_of
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import (
    JOURNAL,
    SNAPSHOTS,
    is_snapshot,
    segment_epoch,
    segment_name,
    segment_start,
)
from prometheus_persist.storage.segments import (
    Segments,
    epoch_after,
    names_after,
    read_segments,
    segment_copies,
    uneven,
)

TOLD_EVERY = 64  # frames; who waits at a terminal sees which
FUTURE_WARN_MS = 5 * 60 * 1000
AGE_WARN_MS = 30 * 24 * 3600 * 1000
FRESH = "none"
OPENING_BYTES_MAX = OVERHEAD_BYTES + len(opening(segment_name(1, 1), mirror=False, reserved=True))


@dataclass(frozen=True, slots=True)
class Read:
    """Everything that lies in a store."""

    segments: Segments
    bases: Bases
    readable: Readable


@dataclass(slots=True)
class Restored:
    """A state, where it came from, and what opening the store for writing needs to know.

    ``gaps`` are moments of the past that are lost; looked for only where everything was read.
    ``proven``: something that was written after it proves that the newest frame was synced.
    ``read``: what was read, where that was ``thorough``; who looks closer reads no file again.
    """

    image: Image
    tip: Tip
    facts: RestoreFacts
    next_epoch: int
    due_segments: Due = field(default_factory=dict)
    readable: dict[str, str] = field(default_factory=dict)
    proven: bool = False
    gaps: list[Damage] = field(default_factory=list)
    read: Read | None = None

    @property
    def documents(self) -> dict[str, JsonObject]:
        """Every document by key."""
        return self.image.documents

    @property
    def streams(self) -> dict[str, Records]:
        """Every stream by name."""
        return self.image.streams

    @property
    def seq(self) -> int:
        """The last frame taken in."""
        return self.tip.seq

    @property
    def time_ms(self) -> int:
        """Its wall time."""
        return self.tip.wall_ms


@dataclass(slots=True)
class _Climb:
    """What was read, and the rung and the chain it led to."""

    base: Base
    chain: Chain
    segments: Segments
    readable: Readable


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """What the disk refuses to tell is no state and no fresh start: StoreFailed, with the path."""
    try:
        yield
    except OSError as problem:
        only_of_the_disk(problem)
        raise StoreFailed(f"the store cannot be read: {problem}") from problem


@reading()
@held_off()
def restore(
    fs: Fs,
    *,
    seq: int | None = None,
    at_ms: int | None = None,
    clock: Clock | None = None,
    thorough: bool = False,
    outline: bool = False,
    closely: bool = True,
    errands: Errands | None = None,
) -> Restored:
    """The newest state, or that of an earlier moment; writes nothing. ``thorough`` reads all.

    ``outline`` wants the documents, and how many records the public ledger has: where the quick way
    leads to it, neither records nor the readable files of agents are read, and the image has no
    more than that (``Outline``). Not ``closely``: where the quick way leads to it, records of the
    base, whose text fits its checksum, are looked at when they are read. With ``errands`` a second
    process does some of the proving of a ``thorough`` one, and the caller asks
    ``Restored.read.bases.proven`` at last.
    """
    clock = clock or SystemClock()
    started = clock.monotonic_s()
    if seq is not None and seq < 1:
        raise BadValue(f"commit {seq} does not exist; the first is 1")
    now_ms = clock.now_ms()
    climb = None
    if not thorough and at_ms is None:
        wanted = () if outline else ALL_BUT_CHUNKS
        readable = check_readable(fs, wanted) if seq is None else Readable()
        copies, bases = segment_copies(fs), Bases(fs, outlines=outline, closely=closely)
        climb = _quick(fs, copies, bases, seq, readable)
    if climb is None:
        errands = errands if thorough else None
        readable = check_readable(fs, errands=errands)
        copies, bases = segment_copies(fs), Bases(fs, errands=errands)
        climb = _full(fs, copies, bases, seq, at_ms, now_ms, readable)
    base, chain, segments = climb.base, climb.chain, climb.segments
    newest = chain.tip if seq is None and at_ms is None else link(base.tip, segments.frames).tip
    whole = back(newest, segments.frames)
    image = bases.image_of(base)
    if thorough:
        bases.look_at_sums(base, image)
    _replay(image, chain, schemas_of(segments))
    image.seq = chain.tip.seq
    fresh = base.name == GENESIS and not any(p.frame.kind == COMMIT for p in chain.frames)
    parts = segments_of(whole)
    due: Runs = {}
    if newest.seq == chain.tip.seq:
        due = {name: parts[name] for name in parts if segment_epoch(name) is not None}
    damages = journal_damages(segments, whole, parts, due) + bases.damages + climb.readable.damages
    if seq is None and at_ms is None:
        damages += mark_damages(climb.readable.marks, newest)
    facts = RestoreFacts(
        fresh=fresh,
        restored_ms=clock.now_ms(),
        last_save_ms=image.time_ms,
        seq=chain.tip.seq,
        epoch=chain.tip.epoch,
        base=FRESH if fresh else base.name,
        frames_replayed=len(chain.frames),
        duration_ms=round((clock.monotonic_s() - started) * 1000),
        damages=tuple(damages),
        warnings=_warnings(image.time_ms, clock.now_ms(), fresh=fresh),
    )
    epoch = epoch_after(fs, copies, segments, newest)
    unlike = not_as_due(segments, due)
    past = gaps(segments, bases.tips(), newest) if thorough else []
    whole_files, proven = climb.readable.whole, _proven(climb, newest)
    read = Read(segments, bases, climb.readable) if thorough else None
    return Restored(image, chain.tip, facts, epoch, unlike, whole_files, proven, past, read)


def _proven(climb: _Climb, newest: Tip) -> bool:
    """Whether a snapshot or a checkpoint stands on the newest frame (``storage/segments.py``)."""
    stands = climb.base.name != GENESIS and climb.base.tip.digest == newest.digest
    return stands or climb.readable.stands_on == (newest.epoch, newest.seq)


def schemas_of(segments: Segments) -> dict[str, int]:
    """The schema of every segment that was read, by path, and by name for a copy without its own
    first frame."""
    found: dict[str, int] = {}
    for placed in segments.frames:
        if placed.frame.kind == OPEN:
            schema = schema_of(placed.frame.payload, placed.file)
            found[placed.file] = schema
            found.setdefault(basename(placed.file), schema)
    return found


def _replay(image: Image, chain: Chain, schemas: Mapping[str, int]) -> None:
    """Take the chain's commits in, each brought to the present schema."""
    for number, placed in enumerate(chain.frames):
        frame = placed.frame
        if not number % TOLD_EVERY:
            tell_of("replays", f"{frame.seq:,}")
        if frame.kind == COMMIT:
            where = f"{placed.file} at byte {placed.offset}"
            schema = schemas.get(placed.file, schemas.get(basename(placed.file), SCHEMA))
            change = upcast_change(change_from(placed.payload, where), schema)
            image.apply(change, frame.seq, frame.wall_ms)


def _quick(
    fs: Fs, copies: Mapping[str, set[str]], bases: Bases, seq: int | None, readable: Readable
) -> _Climb | None:
    """From the newest base on; None where that is not certain to be all there is."""
    base = bases.newest(seq) if bases.snapshots or bases.history else genesis()
    if base is None:
        return None
    names = names_after(copies, base.tip)
    older = sorted(copies.keys() - set(names))
    if seq is not None:
        names = [name for name in names if (segment_start(name) or (0, 0))[1] <= seq]
    segments = read_segments(fs, names, copies=copies)
    if not segments.reaches(base.tip):
        return None
    chain = link(base.tip, segments.frames, seq_max=seq)
    if seq is not None:
        return _Climb(base, chain, segments, readable) if chain.tip.seq == seq else None
    if _unread(segments, chain):
        return None
    if uneven(fs, copies, older, alone=_alone(segments)):
        return None
    strange = len(beginnings(segments.frames)) > 1 and base.name == GENESIS
    near = range(chain.tip.epoch + 1, chain.tip.epoch + EPOCH_LEAP)
    ahead = strange or any(placed.frame.epoch in near for placed in segments.frames)
    if not chain.tip.seq or chain.beyond or ahead or readable.mark > chain.tip.seq:
        return None
    return _Climb(base, chain, segments, readable)


def _alone(segments: Segments) -> bool:
    """Whether the newest segment was begun without a mirror."""
    begun = [placed for placed in segments.frames if placed.frame.kind == OPEN]
    newest = max(begun, key=lambda placed: placed.frame.seq, default=None)
    return newest is not None and not SegmentRun((newest,)).mirrored


def _full(
    fs: Fs,
    copies: Mapping[str, set[str]],
    bases: Bases,
    seq: int | None,
    at_ms: int | None,
    now_ms: int,
    readable: Readable,
) -> _Climb:
    """From whichever base the chain reaches furthest (or exactly to the moment asked for)."""
    segments = read_segments(fs, copies=copies)
    if at_ms is not None:
        _refuse_unread(segments, bases)
        seq = _seq_at(segments.frames, bases, at_ms, now_ms)
    base, chain = _farthest(segments, bases, seq)
    if base.name == GENESIS:
        _refuse_two_beginnings(segments)
    if seq is None:
        _refuse_unread(segments, bases, chain)
        _refuse_gap(fs, segments, bases, chain, readable)
    elif chain.tip.seq != seq:
        _refuse_moment(segments, bases, chain, seq)
    return _Climb(base, chain, segments, readable)


def _farthest(segments: Segments, bases: Bases, seq: int | None) -> tuple[Base, Chain]:
    """The base from which the chain reaches furthest, and that chain; strangers' are set aside."""
    best: tuple[Base, Chain] | None = None
    linked: tuple[Base, Chain] | None = None  # the best of those that the journal goes on from
    apart: list[Base] = []
    for base in itertools.chain(bases.each(), [genesis()]):
        reached = link(base.tip, segments.frames, seq_max=seq)
        loser: Base | None = base
        if seq is None or base.tip.seq <= seq:
            if reached.frames or (base.tip.seq and segments.reaches(base.tip)):
                if linked is None or reached.tip.seq > linked[1].tip.seq:
                    linked = (base, reached)
            elif base.name != GENESIS:
                apart.append(base)
            if best is None or reached.tip.seq > best[1].tip.seq:
                loser, best = best[0] if best else None, (base, reached)
        if loser is not None:
            loser.image = None  # two of a large store would be too much memory
    assert best is not None, "the empty image is always a base"
    if not apart or linked is None:
        return best
    if linked[0].name == GENESIS:
        linked = (genesis(), linked[1])
    own = bases.store_of(*linked)
    strange = [base for base in apart if bases.store_of(base) not in ("", own)]
    bases.set_aside(base.name for base in strange)
    left = [(base, Chain([], base.tip, [])) for base in apart if base not in strange]
    return max([linked, *left], key=lambda found: found[1].tip.seq) if strange else best


def _seq_at(frames: list[PlacedFrame], bases: Bases, at_ms: int, now_ms: int) -> int:
    """The last sequence whose wall time is not after ``at_ms``."""
    tips = bases.tips()
    farthest = min((placed.frame.epoch for placed in frames), default=0) + EPOCH_LEAP
    near = [placed.frame for placed in frames if placed.frame.epoch <= farthest]
    known = [(each.wall_ms, each.seq) for each in near] + [(tip.wall_ms, tip.seq) for tip in tips]
    if at_ms > max([now_ms, *(wall_ms for wall_ms, _ in known)]):
        raise BadValue(f"{when(at_ms)} lies in the future: what is there then is not known")
    if seqs := [seq for wall_ms, seq in known if wall_ms <= at_ms]:
        return max(seqs)
    if tips and not _from_the_first(frames):
        raise BadValue(f"{when(at_ms)} is no longer kept; {_oldest(tips[0])}")
    if not known:
        raise BadValue(f"nothing was saved at or before {when(at_ms)}")
    raise BadValue(f"nothing was saved by {when(at_ms)}; the first is of {when(min(known)[0])}")


def _from_the_first(frames: list[PlacedFrame]) -> bool:
    return any(placed.frame.seq == 1 for placed in frames)


def _oldest(tip: Tip) -> str:
    return f"the oldest moment that can be restored is commit {tip.seq} of {when(tip.wall_ms)}"


def _unread(segments: Segments, chain: Chain | None) -> list[str]:
    """The segments that no copy could be read of, and that may go on behind the chain."""
    read = {basename(path) for path in segments.lengths}
    paths = [path for path in sorted(segments.unreadable) if basename(path) not in read]
    if chain is None:
        return paths
    farthest = segment_name(chain.tip.epoch + EPOCH_LEAP, 0)
    last = basename(chain.frames[-1].file) if chain.frames else segment_name(chain.tip.epoch, 0)
    return [path for path in paths if last < basename(path) < farthest]


def _refuse_unread(
    segments: Segments, bases: Bases, chain: Chain | None = None, *, gap: bool = False
) -> None:
    """Raise where the disk does not tell what there is; ``gap``: something is missing for sure."""
    told = {path: segments.unreadable[path] for path in _unread(segments, chain)}
    if gap:
        told = segments.unreadable | bases.unreadable
    for path, problem in told.items():
        raise StoreFailed(
            f"{path} cannot be read ({problem}), and no other copy has what is in it; what is "
            f"there is not known, nor whether it is damaged"
        )


def _refuse_gap(fs: Fs, segments: Segments, bases: Bases, chain: Chain, readable: Readable) -> None:
    """Raise where something proves that there was more than the chain reaches."""
    last, mark = chain.tip.seq, readable.mark
    snapshots = any(is_snapshot(name) for name in fs.list_dir(SNAPSHOTS))
    nothing = not last and (readable.there or readable.marks or snapshots or _began(segments))
    if chain.beyond or mark > last or nothing:
        _refuse_unread(segments, bases, gap=True)
    bad = next((fault for fault in segments.faults if fault.seen.bad), None)
    place: dict[str, Any] = {"file": bad.file, "offset": bad.offset} if bad else {"file": JOURNAL}
    if last:
        place["command"] = ("restore", "--seq", str(last), "--into", "NEWDIR")
    hint = (
        f"commits up to {last} are whole, and can be restored into a new store"
        if last
        else "no whole commit is left; the readable JSON files hold what was last checkpointed"
    )
    if chain.beyond:
        first = chain.beyond[0].frame.seq
        raise StoreDamaged(
            f"commit {last + 1} is damaged or missing in both copies, commits from {first} on are "
            f"there: {hint}",
            **place,
        )
    if mark > last:
        lost = f"commits {last + 1} to {mark}" if mark > last + 1 else f"commit {mark}"
        raise StoreDamaged(
            f"{lost}, acknowledged by {when(readable.mark_ms)}, are lost: a readable file vouches "
            f"for commit {mark}, both copies of the journal end at {last}, of "
            f"{when(chain.tip.wall_ms)}: {hint}",
            **place,
        )
    if nothing:
        raise StoreDamaged(f"there was a state, its journal is not there: {hint}", **place)


def _refuse_two_beginnings(segments: Segments) -> None:
    """Raise where nothing tells which of two histories is this store's."""
    first = beginnings(segments.frames)
    if len(first) > 1:
        raise StoreDamaged(
            f"a history begins here, and another one in {first[1].file}: one of the two is of "
            f"another store; move its segments elsewhere",
            file=first[0].file,
            offset=first[0].offset,
        )


def _began(segments: Segments) -> bool:
    """Whether a copy holds more than a first opening that was cut short can have left."""
    sizes = segments.sizes.values()
    return bool(segments.unreadable) or any(size > OPENING_BYTES_MAX for size in sizes)


def _refuse_moment(segments: Segments, bases: Bases, chain: Chain, seq: int) -> None:
    tips = bases.tips()
    newest = max((placed.frame.seq for placed in segments.frames), default=0)
    newest = max([newest, *(tip.seq for tip in tips)])
    if seq > newest:
        raise BadValue(f"commit {seq} does not exist; the newest is {newest}")
    if tips and seq < tips[0].seq and not _from_the_first(segments.frames):
        raise BadValue(f"commit {seq} is no longer kept; {_oldest(tips[0])}")
    raise StoreDamaged(f"commit {seq} cannot be reached; whole up to {chain.tip.seq}", file=JOURNAL)


def _warnings(last_ms: int, now_ms: int, *, fresh: bool) -> tuple[str, ...]:
    if fresh:
        return ()
    if last_ms > now_ms + FUTURE_WARN_MS:
        return ("warn.future",)
    if last_ms < now_ms - AGE_WARN_MS:
        return ("warn.old",)
    return ()
