"""What is wrong with the copies of the journal, given the chain that was found; pure decisions.

Every place of a copy that is not what it ought to be becomes a ``Damage`` that says what it means
(S3):

    repaired  the chain has what ought to be there; ``heal`` puts it back
    ignored   not needed: a crash alone explains it, no frame was ever there, or a newer segment
              is whole
    lost      if an acknowledged commit stood there, it is gone; with number and time, where its
              header is left

``gaps`` looks at the past: from every base, and from the first commit where its segment is kept,
the chain has to go on to the newest commit. Where it does not, the moments from there up to the
next base cannot be restored, though the state of now can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from prometheus_persist.journal.chain import EPOCH_LEAP, ChainFault, PlacedFrame, SegmentRun, link
from prometheus_persist.journal.frame import OPEN, FrameState, Tip
from prometheus_persist.recovery.facts import Damage
from prometheus_persist.storage.layout import JOURNAL, segment_epoch, segment_start
from prometheus_persist.storage.mark import Mark
from prometheus_persist.storage.segments import Segments, copies_due

ZEROS_WITHIN = 16  # more than any part of a frame has in a row; what is reserved has more
Due = dict[str, bytes]
"""The bytes of segments, by name."""
Runs = Mapping[str, SegmentRun]


def not_as_due(segments: Segments, due: Runs) -> Due:
    """The segments with a copy that is not to the byte what it ought to be, and the newest."""
    newest = max(due, default="")
    return {
        name: run.content()
        for name, run in due.items()
        if name == newest
        or any(
            segments.lengths.get(path) != len(run) or segments.differs(path, run)
            for path in (f"{copy}/{name}" for copy in copies_due(run))
        )
    }


def journal_damages(
    segments: Segments, whole: list[PlacedFrame], parts: Runs, due: Runs
) -> list[Damage]:
    """Every place of either copy that is not what it ought to be, and what that means.

    Repaired: the chain has what ought to be there, and ``heal`` puts it back. Not repaired and yet
    harmless (ignored): a crash alone explains it, no frame was ever there, or a newer segment is
    whole.
    """
    lengths = {name: len(run) for name, run in parts.items()}
    newest = max((basename(placed.file) for placed in whole), default="")
    last = whole[-1].frame.epoch if whole else 0
    found = _strangers(segments, whole, due, last)
    for fault in segments.faults:
        length = lengths.get(basename(fault.file), 0)
        if fault.offset < length:
            outcome = "repaired"
        elif _cut(segments, parts, fault, newest):
            found.append(Damage(fault.file, fault.offset, _cut_words(fault, whole), "lost"))
            continue
        elif length and fault.seen is FrameState.TORN_ZEROS:
            continue
        else:
            name = basename(fault.file)
            harmless = fault.seen.unwritten or name < newest or _far(name, last)
            outcome = "ignored" if harmless else "lost"
        found.append(Damage(fault.file, fault.offset, _WORDS[fault.seen], outcome))
    found += [
        Damage(
            path,
            None,
            f"cannot be read: {problem}",
            "repaired"
            if basename(path) in due
            else "ignored"
            if _far(basename(path), last)
            else "lost",
        )
        for path, problem in segments.unreadable.items()
    ]
    named = {damage.file for damage in found}
    for name, run in due.items():
        for copy in copies_due(run):
            path = f"{copy}/{name}"
            if path in named:
                continue
            if path not in segments.sizes:
                found.append(Damage(path, None, "missing", "repaired"))
            elif segments.differs(path, run):
                size = segments.sizes[path]
                behind = size < len(run)
                problem = "behind its other copy" if behind else "not what the chain says"
                found.append(Damage(path, size if behind else None, problem, "repaired"))
    return found


def _cut(segments: Segments, parts: Runs, fault: ChainFault, newest: str) -> bool:
    """Whether the newest segment ends within a frame though space was reserved ahead, and no copy
    has that space: a crash leaves it, so something else took the ends away, and frames with it.

    A frame that was not put down together with the one before it proves that the segment was
    synced, its reserved length included; before that a power cut may leave any length.
    """
    name = basename(fault.file)
    run = parts.get(name, SegmentRun())
    paths = [f"{copy}/{name}" for copy in copies_due(run)]
    ends = fault.seen.torn and fault.seen is not FrameState.TORN_ZEROS and fault.offset == len(run)
    return (
        name == newest
        and ends
        and run.reserved
        and any(not placed.frame.joined for placed in run.frames[1:])
        and all(_zeros(segments, path) <= ZEROS_WITHIN for path in paths)
    )


def _zeros(segments: Segments, path: str) -> int:
    return segments.lengths.get(path, 0) - segments.sizes.get(path, 0)


def _cut_words(fault: ChainFault, whole: list[PlacedFrame]) -> str:
    last = whole[-1].frame
    if fault.seq:
        there = f"within commit {fault.seq} of {when(fault.wall_ms)}"
    else:
        there = f"behind commit {last.seq} of {when(last.wall_ms)}"
    return f"cut off {there}: what was acknowledged from commit {last.seq + 1} on is lost"


def when(ms: int) -> str:
    """Unix ms as a person reads it; raises nothing for what no calendar has."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return f"{ms} (Unix ms)"


def _strangers(segments: Segments, whole: list[PlacedFrame], due: Runs, last: int) -> list[Damage]:
    """Files with a segment's name that are none of this store: what is in them says another name
    and is not in the chain, or the name is one that no opening of this store can have given."""
    at_our_place = {p: why for p, why in segments.strange.items() if basename(p) in due}
    needed = {placed.frame.digest for placed in whole}
    astray = {p: why for p, why in segments.strange.items() if p not in at_our_place}
    for placed in segments.frames:
        if placed.frame.kind == OPEN and placed.astray and placed.frame.digest not in needed:
            astray[placed.file] = "holds frames of another segment than its name says"
    faulty = {fault.file for fault in segments.faults}
    for name, copies in segments.names.items():
        for path in (f"{copy}/{name}" for copy in copies):
            if name not in due and path not in faulty and _far(name, last):
                astray.setdefault(path, "has a name that no opening of this store can have given")
    found = [
        Damage(path, None, problem, "ignored")
        for path, problem in sorted(astray.items())
        if basename(path) not in due
    ]
    return found + [Damage(p, None, why, "repaired") for p, why in sorted(at_our_place.items())]


def _far(name: str, last: int) -> bool:
    """Whether no opening of a store whose newest frame is of epoch ``last`` can be in this name."""
    return (segment_epoch(name) or 0) > last + EPOCH_LEAP


def _is_first(name: str, newest: Tip) -> bool:
    """Whether this is the name of a segment that begins with the first frame of all."""
    epoch, seq = segment_start(name) or (0, 0)
    return seq == 1 and epoch <= newest.epoch


def mark_damages(marks: list[Mark], tip: Tip) -> list[Damage]:
    """What was acknowledged behind the end of both copies."""
    newest = max(marks, default=None)
    if newest is None or newest.seq <= tip.seq:
        return []
    first, last = tip.seq + 1, newest.seq
    lost = f"commits {first} to {last}" if last > first else f"commit {last}"
    problem = (
        f"{lost}, acknowledged by {when(newest.wall_ms)}, are lost: both copies of the "
        f"journal end at commit {tip.seq} of {when(tip.wall_ms)}"
    )
    return [Damage(newest.file, None, problem, "lost")]


def gaps(segments: Segments, bases: Sequence[Tip], newest: Tip) -> list[Damage]:
    """Where the chain that begins at a base ends before ``newest``, and moments are lost by it: a
    base may stand on the very next commit. Bases in order."""
    begun = any(_is_first(name, newest) for name in segments.names)
    starts = [Tip(), *bases] if begun else list(bases)
    ends = {link(start, segments.frames).tip.seq for start in starts if start.seq < newest.seq}
    found = []
    for end in sorted(ends - {newest.seq}):
        after = min((base.seq for base in bases if base.seq > end), default=newest.seq)
        if after == end + 1:
            continue
        problem = (
            f"commit {end + 1} is damaged or missing in every copy: the moments before commit "
            f"{after} cannot be restored from there on"
        )
        found.append(Damage(JOURNAL, None, problem, "lost"))
    return found


def basename(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


_WORDS = {
    FrameState.TORN_HEADER: "torn write",
    FrameState.TORN_PAYLOAD: "torn write",
    FrameState.TORN_ZEROS: "torn write (zeros)",
    FrameState.STRAY: "bytes in space that no frame was written to",
    FrameState.BAD_HEADER: "frame header fails its checksum",
    FrameState.BAD_VERSION: "frame of an unknown format",
    FrameState.BAD_PAYLOAD: "frame fails its checksum",
}
UNWRITTEN = frozenset(words for seen, words in _WORDS.items() if seen.unwritten)
