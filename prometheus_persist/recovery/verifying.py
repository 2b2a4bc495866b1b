"""Reading everything there is, changing nothing: would a restore be complete, and what is damaged?

``verify`` climbs the same ladder as a restore, reads every snapshot and every readable file, and
checks that the result fits the typed state, and that the past can be restored as well: the chain
has to go on from every base. The audit's own chain is checked, too: the first line of
``recovery_log.txt`` that is not what was written is named as ``altered``; a log that the disk does
not give is named, too, since nobody can open the store until ``repair`` has set it aside. It
returns what it found; only a store that cannot be restored makes it raise. Where nothing was ever
saved nothing is sound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from prometheus_persist.clock import Clock
from prometheus_persist.errors import StoreDamaged
from prometheus_persist.recovery.apart import Errands
from prometheus_persist.recovery.bases import Bases
from prometheus_persist.recovery.facts import Damage, RestoreFacts
from prometheus_persist.recovery.ladder import Restored, reading, restore
from prometheus_persist.storage.audit_log import check_audit
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import RECOVERY_LOG, SNAPSHOTS, is_snapshot


@dataclass(frozen=True, slots=True)
class Verification:
    """What was read, and the digest of the state it adds up to."""

    restored: Restored
    digest: str
    snapshots: tuple[str, ...]

    @property
    def facts(self) -> RestoreFacts:
        """What was found on the way."""
        return self.restored.facts

    @property
    def records(self) -> int:
        """How many records all streams hold."""
        return sum(len(records) for records in self.restored.streams.values())

    @property
    def sound(self) -> bool:
        """Whether something was saved here, and nothing at all is damaged."""
        return not self.facts.fresh and not self.facts.damages


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One snapshot or base: its last commit and that one's time, and whether all of it is sound."""

    path: str
    time_ms: int
    seq: int
    size_bytes: int
    sound: bool
    problem: str = ""


@reading()
def stored_images(fs: Fs) -> list[StoredImage]:
    """Every image that a restore can start from, unpacked and checked; oldest first."""
    bases, found = Bases(fs), []
    for path in (*reversed(bases.history), *reversed(bases.snapshots)):
        base, size = bases.open(path, keep=False), fs.size(path) or 0
        if base is not None:
            found.append(StoredImage(path, base.tip.wall_ms, base.tip.seq, size, True))
        else:
            found.append(StoredImage(path, 0, 0, size, False, bases.damages[-1].problem))
    return found


@reading()
def verify(fs: Fs, *, clock: Clock | None = None, alone: bool | None = None) -> Verification:
    """Read the whole store; raises StoreDamaged and StoreFailed where a restore would.

    Half of a large store is proven by a second process (``apart.py``); ``alone``: whether this one
    may be forked for it, None: where it has no other thread.
    """
    with Errands(alone=alone) as errands:
        try:
            found = _verified(fs, clock, errands)
        except StoreDamaged:
            if not errands.begun:
                raise
        else:
            if found.restored.read is not None and found.restored.read.bases.proven():
                return found
    return _verified(fs, clock, None)  # what is not proven so is looked at here, and named


def _verified(fs: Fs, clock: Clock | None, errands: Errands | None) -> Verification:
    from prometheus_persist.state import state_from

    restored = restore(fs, clock=clock, thorough=True, errands=errands)
    damages = (*restored.facts.damages, *restored.gaps, *_audit_damages(fs))
    restored = replace(restored, facts=replace(restored.facts, damages=damages))
    state_from(restored.documents)
    names = tuple(name for name in fs.list_dir(SNAPSHOTS) if is_snapshot(name))
    return Verification(restored, restored.image.digest(), names)


def _audit_damages(fs: Fs) -> tuple[Damage, ...]:
    if not fs.size(RECOVERY_LOG):
        return ()
    try:
        fault = check_audit(fs.read(RECOVERY_LOG))
    except OSError as problem:
        only_of_the_disk(problem)
        return (Damage(RECOVERY_LOG, None, f"cannot be read: {problem}", "repaired"),)
    if fault is None:
        return ()
    outcome = "ignored" if fault.torn else "altered"
    return (Damage(RECOVERY_LOG, fault.offset, fault.problem, outcome),)
