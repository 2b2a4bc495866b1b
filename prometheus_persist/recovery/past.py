"""Reading the kept past of a store from its oldest base to its newest frame, for ``explore``.

Read-only, takes no lock: somebody may be writing. It begins at the oldest sound base and follows
the chain of frames over both copies; where the chain ends before the newest frame, it goes on from
the next base behind it, and what lies between is named as what cannot be shown. Of records only
the number is kept, so that a ledger of a million of them costs nothing.

Raises ``StoreFailed`` where the disk cannot be read. Damage is no reason to raise: it is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_persist.errors import PersistError, StoreDamaged
from prometheus_persist.journal.chain import PlacedFrame, link
from prometheus_persist.journal.change import Change, Image, Outline, change_from
from prometheus_persist.journal.frame import COMMIT, OPEN, Tip
from prometheus_persist.journal.past_facts import (
    PastCollector,
    PastFacts,
    ToldCommit,
    told_changes,
)
from prometheus_persist.journal.upcast import SCHEMA, upcast_change
from prometheus_persist.recovery.bases import Base, Bases
from prometheus_persist.recovery.damages import basename
from prometheus_persist.recovery.ladder import reading, restore, schemas_of
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.segments import Segments, read_segments, segment_copies

MISSING = "past.missing"


@reading()
def kept_past(fs: Fs) -> PastFacts:
    """Everything that is kept, in the bounds of ``journal/past_facts.py``; raises StoreFailed."""
    segments = read_segments(fs, copies=segment_copies(fs))
    bases = Bases(fs, outlines=True)
    schemas = schemas_of(segments)
    collector, reached = PastCollector(), Tip()
    for base, frames, end in _runs(bases, segments):
        image = base.image
        assert image is not None, "a base is opened to be looked at"
        documents = image.documents
        if base.tip.seq:
            at = (base.tip.seq, base.tip.wall_ms, base.tip.epoch)
            collector.base(documents, *at, MISSING)
        try:
            for placed in frames:
                _taken(image, placed, schemas, collector)
                reached = Tip(placed.frame.seq, placed.frame.epoch, b"", placed.frame.wall_ms)
        except StoreDamaged as problem:  # it changed while it was read: a writer cleans up
            collector.unshown(end.seq, end.wall_ms, problem.reason)
    beyond = [one.frame for one in segments.frames if one.frame.seq > max(reached.seq, 0)]
    newest = max(beyond, key=lambda frame: frame.seq, default=None)
    problems, is_whole = _problems(fs, bases)
    if newest is not None and not is_whole and newest.epoch >= reached.epoch:
        collector.unshown(newest.seq, newest.wall_ms, MISSING)
    return collector.facts(problems, is_whole=is_whole)


def _runs(bases: Bases, segments: Segments) -> Iterator[tuple[Base, list[PlacedFrame], Tip]]:
    """A base, the frames that go on from it, and where they end; oldest first, none twice."""
    first = Base("journal", Outline(), Tip())
    chain = link(first.tip, segments.frames)
    reached = chain.tip
    if chain.frames:
        yield first, chain.frames, chain.tip
    for path in (*reversed(bases.history), *reversed(bases.snapshots)):
        tip = bases.peeked(path)
        if tip is None or tip.seq <= reached.seq:
            continue
        base = bases.open(path)
        if base is None:
            continue
        chain = link(base.tip, segments.frames)
        reached = chain.tip
        yield base, chain.frames, chain.tip


def _taken(
    image: Image, placed: PlacedFrame, schemas: dict[str, int], collector: PastCollector
) -> None:
    frame = placed.frame
    if frame.kind == OPEN:
        collector.opened(frame.seq, frame.epoch, frame.wall_ms)
    if frame.kind != COMMIT:
        return
    where = f"{placed.file} at byte {placed.offset}"
    schema = schemas.get(placed.file, schemas.get(basename(placed.file), SCHEMA))
    change: Change = upcast_change(change_from(placed.payload, where), schema)
    touched = [*change.documents, *change.remove]
    before = {key: image.documents.get(key) for key in touched}
    image.apply(change, frame.seq, frame.wall_ms)
    changes, more = told_changes(before, image.documents)
    added = tuple((name, len(records)) for name, records in change.add.items() if records)
    told = ToldCommit(frame.seq, frame.wall_ms, frame.epoch, change.why, changes, added, more)
    collector.commit(told, touched, image.documents)


def _problems(fs: Fs, bases: Bases) -> tuple[list[str], bool]:
    """What else is damaged, and whether the state of now comes back whole."""
    found = [f"{one.file}: {one.problem}" for one in bases.damages]
    try:
        facts = restore(fs, outline=True).facts
    except PersistError as problem:
        return [*found, problem.detail], False
    lost = [f"{one.file}: {one.problem}" for one in facts.damages if one.outcome == "lost"]
    return [*found, *lost], not lost
