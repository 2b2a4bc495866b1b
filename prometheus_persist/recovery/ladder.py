"""The restore ladder: from what is on disk to one exact state, or to a named refusal.

Read-only. It takes, in this order, the first base from which the chain reaches the newest frame:
the newest snapshot, the ones before it, the empty image. The frames of both copies of the journal
are linked by digest (``journal/chain.py``), so one damaged, lost or swapped file does no harm.

Rules
- Nothing is guessed: where frames are missing between the best base and a frame or a checkpoint
  that proves there was more, it raises ``StoreDamaged`` naming file, offset and sequence.
- Everything that was wrong and did no harm is reported as ``Damage``, file by file. Damage at the
  very end, which neither copy can complete, is ``ignored`` where a crash alone explains it (torn),
  and ``lost`` where it does not: then nothing proves that a commit was there, and it is named.
- ``seq`` and ``at_ms`` ask for an earlier moment: the state after the last commit with that
  sequence, or of that wall time, at the latest.
- No commit at all is a fresh start, said in so many words (``facts.fresh``): an empty directory, or
  one whose first opening was cut short before anything was saved.
- A file that cannot be read counts as damaged. Snapshots whose sequences do not grow with their
  names, readable files that the checkpoint names and that are missing or older: named.
- A newest commit that lies in the future, or longer ago than ``AGE_WARN_MS``, is a warning.

Raises ``StoreDamaged``; ``BadValue`` for a moment before the first commit or after the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prometheus_persist.clock import Clock, SystemClock
from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.journal.archive import unpack
from prometheus_persist.journal.chain import Chain, Placed, link, segments_of
from prometheus_persist.journal.change import Image, change_from
from prometheus_persist.journal.frame import COMMIT, OVERHEAD_BYTES, Seen, Tip
from prometheus_persist.journal.projection import CHECKPOINT, FOLDERS, checksum, unwrap
from prometheus_persist.report.facts import Damage, RestoreFacts
from prometheus_persist.state.exactjson import JsonObject, dumps
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import (
    COPIES,
    INCREMENTAL,
    JOURNAL,
    SNAPSHOTS,
    is_snapshot,
    segment_epoch,
    segment_name,
)
from prometheus_persist.storage.segments import Segments, read_segments

FUTURE_WARN_MS = 5 * 60 * 1000
AGE_WARN_MS = 30 * 24 * 3600 * 1000
FRESH = "none"
GENESIS = "journal"
OPENING_BYTES_MAX = OVERHEAD_BYTES + len(dumps({"segment": segment_name(1, 1)}))

Due = dict[str, bytes]


@dataclass(slots=True)
class Restored:
    """A state, where it came from, and what opening the store for writing needs to know."""

    image: Image
    tip: Tip
    facts: RestoreFacts
    next_epoch: int
    due_segments: Due = field(default_factory=dict)
    readable: dict[str, str] = field(default_factory=dict)

    @property
    def documents(self) -> dict[str, JsonObject]:
        """Every document by key."""
        return self.image.documents

    @property
    def streams(self) -> dict[str, list[JsonObject]]:
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
class _Base:
    """A rung: an image to start from."""

    name: str
    image: Image
    tip: Tip


def restore(
    fs: Fs, *, seq: int | None = None, at_ms: int | None = None, clock: Clock | None = None
) -> Restored:
    """The newest state, or that of an earlier moment; writes nothing."""
    clock = clock or SystemClock()
    started = clock.monotonic_s()
    segments = read_segments(fs)
    damages: list[Damage] = []
    whole = link(Tip(), segments.frames)
    if at_ms is not None:
        seq = _seq_at(segments.frames, at_ms)
    if seq is not None and seq < 1:
        raise BadValue(f"commit {seq} does not exist; the first is 1")
    base, chain = _best(fs, segments, damages, seq)
    readable = _readable(fs, damages)
    if seq is None:
        _refuse_gap(fs, segments, chain, readable)
    elif chain.tip.seq != seq:
        _refuse_moment(segments, chain, seq)
    image = base.image
    for placed in chain.frames:
        frame = placed.frame
        if frame.kind == COMMIT:
            where = f"{placed.file} at byte {placed.offset}"
            image.apply(change_from(frame.payload, where), frame.seq, frame.wall_ms)
    image.seq, image.time_ms = chain.tip.seq, chain.tip.wall_ms
    fresh = base.name == GENESIS and not any(p.frame.kind == COMMIT for p in chain.frames)
    due = {}
    if whole.tip.seq == chain.tip.seq:
        parts = segments_of(whole.frames).items()
        due = {name: content for name, content in parts if segment_epoch(name) is not None}
    damages = _journal_damages(segments, chain, whole, due) + damages
    facts = RestoreFacts(
        fresh=fresh,
        restored_ms=clock.now_ms(),
        last_save_ms=chain.tip.wall_ms,
        seq=chain.tip.seq,
        epoch=chain.tip.epoch,
        base=FRESH if fresh else base.name,
        frames_replayed=len(chain.frames),
        duration_ms=round((clock.monotonic_s() - started) * 1000),
        damages=tuple(damages),
        warnings=_warnings(chain.tip.wall_ms, clock.now_ms(), fresh=fresh),
    )
    epoch = max(segments.epoch_max, chain.tip.epoch) + 1
    return Restored(image, chain.tip, facts, epoch, due, readable.whole)


def _best(
    fs: Fs, segments: Segments, damages: list[Damage], seq: int | None
) -> tuple[_Base, Chain]:
    """The first base from which the chain reaches furthest (or exactly to ``seq``)."""
    best: tuple[_Base, Chain] | None = None
    newer = None
    for name in sorted(filter(is_snapshot, fs.list_dir(SNAPSHOTS)), reverse=True):
        path = f"{SNAPSHOTS}/{name}"
        try:
            image, tip = unpack(fs.read(path), path)
        except StoreDamaged as problem:
            damages.append(Damage(path, problem.offset, problem.reason, "ignored"))
            continue
        except OSError as problem:
            damages.append(Damage(path, None, f"cannot be read: {problem}", "ignored"))
            continue
        if newer is not None and tip.seq > newer:
            damages.append(Damage(path, None, "is newer than a snapshot named later", "ignored"))
        newer = tip.seq if newer is None else min(newer, tip.seq)
        if seq is not None and tip.seq > seq:
            continue
        chain = link(tip, segments.frames, seq_max=seq)
        if best is None or chain.tip.seq > best[1].tip.seq:
            best = (_Base(path, image, tip), chain)
    chain = link(Tip(), segments.frames, seq_max=seq)
    if best is None or chain.tip.seq > best[1].tip.seq:
        best = (_Base(GENESIS, Image(), Tip()), chain)
    return best


def _seq_at(frames: list[Placed], at_ms: int) -> int:
    """The last sequence whose wall time is not after ``at_ms``."""
    found = max((p.frame.seq for p in frames if p.frame.wall_ms <= at_ms), default=0)
    if not found:
        raise BadValue(f"nothing was saved at or before {at_ms} (Unix ms)")
    return found


@dataclass(slots=True)
class _Readable:
    """Readable files: whole ones by checksum, and the newest commit that one vouches for."""

    whole: dict[str, str] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    mark: int = 0
    there: bool = False


def _readable(fs: Fs, damages: list[Damage]) -> _Readable:
    """Check every readable file."""
    found = _Readable()
    due: dict[str, str] = {}
    names = [name for name in fs.list_dir(INCREMENTAL) if name.endswith(".json")]
    for folder in FOLDERS:
        names += [f"{folder}/{name}" for name in fs.list_dir(f"{INCREMENTAL}/{folder}")]
    for name in names:
        path = f"{INCREMENTAL}/{name}"
        if not name.endswith(".json"):
            continue
        found.there = True
        try:
            data, found.seqs[name] = unwrap(name, fs.read(path), path)
            found.whole[name] = checksum(data)
            if name == CHECKPOINT and isinstance(data.get("files"), dict):
                due = data["files"]
        except StoreDamaged as problem:
            damages.append(Damage(path, problem.offset, problem.reason, "repaired"))
        except OSError as problem:
            damages.append(Damage(path, None, f"cannot be read: {problem}", "repaired"))
    found.mark = max(found.seqs.values(), default=0)
    named = {damage.file for damage in damages}
    damages += [damage for damage in _astray(found, due) if damage.file not in named]
    return found


def _astray(found: _Readable, due: Mapping[str, str]) -> Iterator[Damage]:
    """Whole files that are not what the checkpoint says, though not newer than it; missing ones."""
    written = found.seqs.get(CHECKPOINT)
    if written is None and found.there:
        yield Damage(f"{INCREMENTAL}/{CHECKPOINT}", None, "missing", "repaired")
    for name, seal in sorted(due.items()):
        path = f"{INCREMENTAL}/{name}"
        if name not in found.seqs:
            yield Damage(path, None, "missing", "repaired")
        elif found.whole[name] != seal and found.seqs[name] <= (written or 0):
            yield Damage(path, None, "is not the version that the checkpoint names", "repaired")


def _refuse_gap(fs: Fs, segments: Segments, chain: Chain, readable: _Readable) -> None:
    """Raise where something proves that there was more than the chain reaches."""
    last, mark = chain.tip.seq, readable.mark
    bad = next((fault for fault in segments.faults if fault.seen.bad), None)
    place: dict[str, Any] = {"file": bad.file, "offset": bad.offset} if bad else {"file": JOURNAL}
    hint = (
        f"commits up to {last} are whole; "
        f"restore them into a new store with: restore --seq {last} --into NEWDIR"
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
        raise StoreDamaged(
            f"a readable file vouches for commit {mark}, both copies of the journal end at {last}: "
            f"{hint}",
            **place,
        )
    snapshots = any(is_snapshot(name) for name in fs.list_dir(SNAPSHOTS))
    if not last and (readable.there or snapshots or _began(segments)):
        raise StoreDamaged(f"there was a state, its journal is not there: {hint}", **place)


def _began(segments: Segments) -> bool:
    """Whether a copy holds more than a first opening that was cut short can have left."""
    sizes = segments.sizes.values()
    return bool(segments.unreadable) or any(size > OPENING_BYTES_MAX for size in sizes)


def _refuse_moment(segments: Segments, chain: Chain, seq: int) -> None:
    newest = max((placed.frame.seq for placed in segments.frames), default=0)
    if seq > newest:
        raise BadValue(f"commit {seq} does not exist; the newest is {newest}")
    raise StoreDamaged(f"commit {seq} cannot be reached; whole up to {chain.tip.seq}", file=JOURNAL)


def _journal_damages(segments: Segments, chain: Chain, whole: Chain, due: Due) -> list[Damage]:
    """Every place of either copy that is not what it ought to be, and what that means.

    Repaired: the chain has what ought to be there, and ``heal`` puts it back. Not repaired and yet
    harmless (ignored): a crash alone explains it, or a newer segment is whole.
    """
    lengths = {name: len(content) for name, content in segments_of(whole.frames).items()}
    newest = max((basename(placed.file) for placed in chain.frames), default="")
    found = []
    for fault in segments.faults:
        name = basename(fault.file)
        if fault.offset < lengths.get(name, 0):
            outcome = "repaired"
        else:
            outcome = "ignored" if fault.seen.torn or name < newest else "lost"
        found.append(Damage(fault.file, fault.offset, _WORDS[fault.seen], outcome))
    found += [
        Damage(
            path,
            None,
            f"cannot be read: {problem}",
            "repaired" if basename(path) in due else "lost",
        )
        for path, problem in segments.unreadable.items()
    ]
    named = {damage.file for damage in found}
    for name, content in due.items():
        for copy in COPIES:
            path = f"{copy}/{name}"
            if path in named:
                continue
            if path not in segments.sizes:
                found.append(Damage(path, None, "missing", "repaired"))
            elif segments.differs(path, content):
                size = segments.sizes[path]
                behind = size < len(content)
                problem = "behind its other copy" if behind else "not what the chain says"
                found.append(Damage(path, size if behind else None, problem, "repaired"))
    return found


def basename(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


_WORDS = {
    Seen.TORN_HEADER: "torn write",
    Seen.TORN_PAYLOAD: "torn write",
    Seen.TORN_ZEROS: "torn write (zeros)",
    Seen.BAD_HEADER: "frame header fails its checksum",
    Seen.BAD_VERSION: "frame of an unknown format",
    Seen.BAD_PAYLOAD: "frame fails its checksum",
}


def _warnings(last_ms: int, now_ms: int, *, fresh: bool) -> tuple[str, ...]:
    if fresh:
        return ()
    if last_ms > now_ms + FUTURE_WARN_MS:
        return ("warn.future",)
    if last_ms < now_ms - AGE_WARN_MS:
        return ("warn.old",)
    return ()
