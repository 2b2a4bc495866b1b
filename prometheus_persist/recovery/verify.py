"""Reading everything there is, changing nothing: would a restore be complete, and what is damaged?

``verify`` climbs the same ladder as a restore, reads every snapshot and every readable file, and
checks that the result fits the typed state. It returns what it found; only a store that cannot be
restored makes it raise.
"""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_persist.clock import Clock
from prometheus_persist.recovery.ladder import restore
from prometheus_persist.report.facts import RestoreFacts
from prometheus_persist.state import state_from
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import SNAPSHOTS, is_snapshot


@dataclass(frozen=True, slots=True)
class Verification:
    """What was read, and the digest of the state it adds up to."""

    facts: RestoreFacts
    digest: str
    documents: int
    records: int
    snapshots: int

    @property
    def sound(self) -> bool:
        """Whether nothing at all is damaged."""
        return not self.facts.damages


def verify(fs: Fs, *, clock: Clock | None = None) -> Verification:
    """Read the whole store; raises StoreDamaged where a restore would."""
    restored = restore(fs, clock=clock)
    state_from(restored.documents)
    return Verification(
        facts=restored.facts,
        digest=restored.image.digest(),
        documents=len(restored.documents),
        records=sum(len(records) for records in restored.streams.values()),
        snapshots=sum(is_snapshot(name) for name in fs.list_dir(SNAPSHOTS)),
    )
