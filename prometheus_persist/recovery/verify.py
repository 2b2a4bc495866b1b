"""Reading everything there is, changing nothing: would a restore be complete, and what is damaged?

``verify`` climbs the same ladder as a restore, reads every snapshot and every readable file, and
checks that the result fits the typed state. It returns what it found; only a store that cannot be
restored makes it raise.
"""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_persist.clock import Clock
from prometheus_persist.recovery.ladder import Restored, restore
from prometheus_persist.report.facts import RestoreFacts
from prometheus_persist.state import state_from
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import SNAPSHOTS, is_snapshot


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
        """Whether nothing at all is damaged."""
        return not self.facts.damages


def verify(fs: Fs, *, clock: Clock | None = None) -> Verification:
    """Read the whole store; raises StoreDamaged where a restore would."""
    restored = restore(fs, clock=clock, thorough=True)
    state_from(restored.documents)
    names = tuple(name for name in fs.list_dir(SNAPSHOTS) if is_snapshot(name))
    return Verification(restored, restored.image.digest(), names)
