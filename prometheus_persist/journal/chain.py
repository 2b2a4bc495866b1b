"""From two copies of every segment to one chain of frames.

Each segment is kept twice (``journal/`` and ``mirror/``), byte for byte alike. ``scan`` finds every
whole frame in one copy and notes what else lies there. ``link`` then follows the digests from a
base's tip to the newest frame, over all copies of all segments at once; ``back`` follows them the
other way, from the newest frame to the oldest that is kept.

Rules
- A frame is taken only when it is whole; where one copy is damaged the other's frame links as well.
- Where a copy has no whole frame, its walk resumes at the next sound header; the fault is noted.
- Only digests link frames. File names, offsets and clocks do not, so a file that was swapped with
  another, or replaced by an older version, can do no harm (S4).
- Two frames after the same one: one whose file is the segment that it says it is counts before one
  that lies astray, in a file of another name; then the higher epoch (the other writer had been
  fenced off).
- A frame beyond the end of the chain proves that something before it is gone: a gap, to be named.
  Frames of a lower epoch than the chain's end prove nothing: they are what a fenced writer left.
  Nor does a frame that was put down together with the one before it: a cut may have left the second
  of them without the first, and then neither was acknowledged.
  Nor does one of an epoch so far ahead (``EPOCH_LEAP``) that this store cannot have got there: it
  is a stranger's, and is not looked at.
  A torn or damaged rest with nothing sound behind it in either copy was never acknowledged, because
  an acknowledged frame was complete in both.

A segment begins with an OPEN frame, whose payload names it, and says so where no mirror of it is
kept, and where its writer reserves space ahead. ``segments_of`` cuts a chain there and gives the
bytes that every copy of a segment ought to have; ``mirrored`` says of these bytes whether there
ought to be two.

Of many frames the bytes are not kept: what was checked is read again where it is needed, from the
same place, and checked again. So what a journal takes in memory grows with its frames and not with
what is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.frame import (
    COMMIT,
    DIGEST_BYTES,
    HEADER_BYTES,
    OPEN,
    Frame,
    FrameState,
    Tip,
    announced,
    digest_fits,
    find_header,
    read,
)
from prometheus_persist.state.exact_json import loads_object

EPOCH_LEAP = 1_000_000  # more openings than any store has behind one base


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Something that was not a whole frame: in which file, where, what.

    ``seq`` and ``wall_ms`` are those of its header, where that is sound; else 0.
    """

    file: str
    offset: int
    seen: FrameState
    seq: int = 0
    wall_ms: int = 0


Source = Callable[[str], bytes]
"""The bytes of a file, by its path."""


@dataclass(frozen=True, slots=True)
class PlacedFrame:
    """A whole frame, and where it was found. ``astray``: its file has another name than the segment
    that the file's OPEN frame begins. A commit's payload is in ``payload``, not in its frame."""

    file: str
    offset: int
    frame: Frame
    source: Source
    astray: bool = False

    @property
    def raw(self) -> bytes:
        """The frame's bytes; raises StoreDamaged where they are no longer what they were, and
        OSError where they cannot be read."""
        found = self.source(self.file)[self.offset : self.frame.end]
        digest = found[-DIGEST_BYTES:]
        if digest != self.frame.digest or not digest_fits(found[:-DIGEST_BYTES], digest):
            raise StoreDamaged("changed while it was read", file=self.file, offset=self.offset)
        return found

    @property
    def payload(self) -> bytes:
        """What the frame holds; raises what ``raw`` raises."""
        return self.raw[HEADER_BYTES:-DIGEST_BYTES]


@dataclass(frozen=True, slots=True)
class SegmentRun:
    """Frames of one segment that stand behind one another: what every copy of it ought to hold."""

    frames: tuple[PlacedFrame, ...] = ()

    def __len__(self) -> int:
        return sum(placed.frame.end - placed.offset for placed in self.frames)

    @property
    def digest(self) -> bytes:
        """That of the last frame, which covers all before it."""
        return self.frames[-1].frame.digest if self.frames else b""

    @property
    def mirrored(self) -> bool:
        """Whether a second copy is kept."""
        return not self.frames or _mirrored(self.frames[0].frame)

    @property
    def reserved(self) -> bool:
        """Whether its writer wrote into space that it had reserved ahead."""
        return bool(self.frames) and _says(self.frames[0].frame, "reserved") is True

    def content(self) -> bytes:
        """The bytes; raises what ``Placed.raw`` raises."""
        return b"".join(placed.raw for placed in self.frames)


@dataclass(slots=True)
class Scan:
    """One copy of one segment: its whole frames and what else lies there."""

    file: str
    frames: list[PlacedFrame] = field(default_factory=list)
    faults: list[ChainFault] = field(default_factory=list)


@dataclass(slots=True)
class Chain:
    """The frames after a base, in order, and those beyond them that prove a gap."""

    frames: list[PlacedFrame]
    tip: Tip
    beyond: list[PlacedFrame]


def scan(file: str, data: bytes, source: Source | None = None) -> Scan:
    """Every whole frame in ``data``, and every place that holds none.

    With a ``source`` the frames keep nothing of ``data``; else they have their payloads.
    """
    found, leave = Scan(file), source is not None
    source = source or (lambda _: data)
    offset, astray = 0, False
    while True:
        seen, frame = read(data, offset, leave=leave)
        if seen is FrameState.END:
            return found
        if frame is not None:
            if frame.kind == OPEN:
                astray = not _begins(frame, file)
            found.frames.append(PlacedFrame(file, offset, frame, source, astray))
            offset = frame.end
            continue
        found.faults.append(ChainFault(file, offset, seen, *announced(data, offset)))
        offset = find_header(data, offset + 1)
        if offset < 0:
            return found


def link(tip: Tip, frames: Iterable[PlacedFrame], *, seq_max: int | None = None) -> Chain:
    """The chain after ``tip``; stops after ``seq_max`` where one is given."""
    follows: dict[bytes, PlacedFrame] = {}
    farthest = tip.epoch + EPOCH_LEAP
    everything = [placed for placed in frames if placed.frame.epoch <= farthest]
    for placed in everything:
        rival = follows.get(placed.frame.previous)
        if rival is None or _standing(rival) < _standing(placed):
            follows[placed.frame.previous] = placed
    chain: list[PlacedFrame] = []
    while seq_max is None or tip.seq < seq_max:
        found = follows.get(tip.digest)
        if found is None or found.frame.seq != tip.seq + 1 or found.frame.epoch < tip.epoch:
            break
        chain.append(found)
        tip = Tip(found.frame.seq, found.frame.epoch, found.frame.digest, found.frame.wall_ms)
    reached = tip.seq if seq_max is None else max(tip.seq, seq_max)
    beyond = [
        placed
        for placed in everything
        if placed.frame.seq > reached
        and placed.frame.epoch >= tip.epoch
        and not placed.frame.joined
    ]
    return Chain(chain, tip, sorted(beyond, key=lambda placed: placed.frame.seq))


def _standing(placed: PlacedFrame) -> tuple[bool, int]:
    """Which of two frames after the same one counts: the greater."""
    return not placed.astray, placed.frame.epoch


def back(tip: Tip, frames: Iterable[PlacedFrame]) -> list[PlacedFrame]:
    """The frames that lead to ``tip``, oldest first, as far back as they are there."""
    by_digest = {placed.frame.digest: placed for placed in frames}
    found, digest = [], tip.digest
    while digest in by_digest:
        found.append(by_digest[digest])
        digest = found[-1].frame.previous
    return found[::-1]


def beginnings(frames: Iterable[PlacedFrame]) -> list[PlacedFrame]:
    """The first frames of all the histories that are there, each of which has commits: one, but for
    a stranger's. What a writer left that was taken over from within its first opening has none."""
    everything = list(frames)
    followed = {placed.frame.previous for placed in everything if placed.frame.kind == COMMIT}
    found = {
        placed.frame.digest: placed
        for placed in everything
        if placed.frame.seq == 1 and not placed.astray and placed.frame.epoch <= EPOCH_LEAP
    }
    return [placed for digest, placed in found.items() if digest in followed]


def segments_of(chain: Iterable[PlacedFrame]) -> dict[str, SegmentRun]:
    """What every segment ought to hold, by name; frames before an OPEN are left."""
    runs: dict[str, list[PlacedFrame]] = {}
    name = ""
    for placed in chain:
        if placed.frame.kind == OPEN:
            name = segment_name(placed)
        if name:
            runs.setdefault(name, []).append(placed)
    return {name: SegmentRun(tuple(frames)) for name, frames in runs.items()}


def mirrored(segment: bytes) -> bool:
    """Whether a second copy of this segment is kept; True where its first frame does not tell."""
    _, first = read(segment, 0)
    return first is None or _mirrored(first)


def _mirrored(first: Frame) -> bool:
    return _says(first, "mirror") is not False


def _says(first: Frame, name: str) -> object:
    if first.kind != OPEN:
        return None
    return loads_object(first.payload, "an OPEN frame").get(name)


def segment_name(placed: PlacedFrame) -> str:
    """The segment that an OPEN frame begins; raises StoreDamaged where it names none."""
    return _begun(placed.frame, placed.file)


def _begun(frame: Frame, file: str) -> str:
    return str(loads_object(frame.payload, file).get("segment", ""))


def _begins(frame: Frame, file: str) -> bool:
    """Whether this OPEN frame begins the segment that its file is named after."""
    try:
        return _begun(frame, file) == file.rpartition("/")[2]
    except StoreDamaged:
        return False
