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
- No data at all is a fresh start, said in so many words (``facts.fresh``).
- A newest commit that lies in the future, or longer ago than ``AGE_WARN_MS``, is a warning.

Raises ``StoreDamaged``; ``BadValue`` for a moment before the first commit or after the last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prometheus_persist.clock import Clock, SystemClock
from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.journal.archive import unpack
from prometheus_persist.journal.chain import Chain, Placed, link, segments_of
from prometheus_persist.journal.change import Image, change_from
from prometheus_persist.journal.frame import COMMIT, Seen, Tip
from prometheus_persist.journal.projection import CHECKPOINT, FOLDERS, checksum, unwrap
from prometheus_persist.report.facts import Damage, RestoreFacts
from prometheus_persist.state.exactjson import JsonObject
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import (
    COPIES,
    INCREMENTAL,
    JOURNAL,
    SNAPSHOTS,
    is_snapshot,
)
from prometheus_persist.storage.segments import Segments, read_segments

FUTURE_WARN_MS = 5 * 60 * 1000
AGE_WARN_MS = 30 * 24 * 3600 * 1000
FRESH = "none"
GENESIS = "journal"

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
    base, chain = _best(fs, segments, damages, seq)
    readable = _readable(fs, damages)
    if seq is None:
        _refuse_gap(segments, chain, readable.mark, readable=readable.there)
    elif chain.tip.seq != seq:
        _refuse_moment(segments, chain, seq)
    image = base.image
    for placed in chain.frames:
        frame = placed.frame
        if frame.kind == COMMIT:
            where = f"{placed.file} at byte {placed.offset}"
            image.apply(change_from(frame.payload, where), frame.seq, frame.wall_ms)
    image.seq, image.time_ms = chain.tip.seq, chain.tip.wall_ms
    fresh = chain.tip.seq == 0
    due = segments_of(whole.frames) if whole.tip.seq == chain.tip.seq else {}
    damages = _journal_damages(fs, segments, chain, due) + damages
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
    for name in sorted(filter(is_snapshot, fs.list_dir(SNAPSHOTS)), reverse=True):
        path = f"{SNAPSHOTS}/{name}"
        try:
            image, tip = unpack(fs.read(path), path)
        except StoreDamaged as problem:
            damages.append(Damage(path, problem.offset, problem.reason, "ignored"))
            continue
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
    """The readable files: the whole ones by checksum, and what the checkpoint vouches for."""

    whole: dict[str, str] = field(default_factory=dict)
    mark: int = 0
    there: bool = False


def _readable(fs: Fs, damages: list[Damage]) -> _Readable:
    """Check every readable file."""
    found = _Readable()
    names = [name for name in fs.list_dir(INCREMENTAL) if name.endswith(".json")]
    for folder in FOLDERS:
        names += [f"{folder}/{name}" for name in fs.list_dir(f"{INCREMENTAL}/{folder}")]
    for name in names:
        path = f"{INCREMENTAL}/{name}"
        if not name.endswith(".json"):
            continue
        found.there = True
        try:
            data, _ = unwrap(fs.read(path), path)
            found.whole[name] = checksum(data)
            if name == CHECKPOINT:
                found.mark = int(data.get("sequence", 0))
        except StoreDamaged as problem:
            damages.append(Damage(path, problem.offset, problem.reason, "repaired"))
    return found


def _refuse_gap(segments: Segments, chain: Chain, mark: int, *, readable: bool) -> None:
    """Raise where something proves that there was more than the chain reaches."""
    last = chain.tip.seq
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
            f"the checkpoint vouches for commit {mark}, both copies of the journal end at {last}: "
            f"{hint}",
            **place,
        )
    if not last and (readable or segments.names):
        raise StoreDamaged(f"readable state is there, its journal is not: {hint}", **place)


def _refuse_moment(segments: Segments, chain: Chain, seq: int) -> None:
    newest = max((placed.frame.seq for placed in segments.frames), default=0)
    if seq > newest:
        raise BadValue(f"commit {seq} does not exist; the newest is {newest}")
    raise StoreDamaged(f"commit {seq} cannot be reached; whole up to {chain.tip.seq}", file=JOURNAL)


def _journal_damages(fs: Fs, segments: Segments, chain: Chain, due: Due) -> list[Damage]:
    """Every place of either copy that is not what it ought to be, and what that means."""
    ends = {placed.file.rpartition("/")[2]: placed.frame.end for placed in chain.frames}
    found = []
    for fault in segments.faults:
        beyond = fault.offset >= ends.get(fault.file.rpartition("/")[2], 0)
        outcome = "repaired" if not beyond else "ignored" if fault.seen.torn else "lost"
        found.append(Damage(fault.file, fault.offset, _WORDS[fault.seen], outcome))
    named = {fault.file for fault in segments.faults}
    for name, content in due.items():
        for copy in COPIES:
            path = f"{copy}/{name}"
            size = fs.size(path)
            if path not in named and size is None:
                found.append(Damage(path, None, "missing", "repaired"))
            elif path not in named and size != len(content):
                found.append(Damage(path, size, "behind its other copy", "repaired"))
    return found


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
