"""What a store holds, in short, at the cost of what is shown: no record is read that need not be.

Documents come from the newest snapshot and the commits behind it, exactly as in a restore; how many
records the public ledger has, from what the snapshot says of itself and from these commits. Where
that is not certain to be all there is (no snapshot, an older one that does not say it, a copy that
is missing or unlike its twin, something that proves more than was reached) everything is read, as
in a restore. So what is shown is what a restore would give.

What is damaged is named as far as it was come across: older segments, the records of snapshots and
the readable files of agents are not read. ``verify`` reads them.
"""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_persist.clock import Clock
from prometheus_persist.journal.projection import FOLDERS
from prometheus_persist.recovery.facts import RestoreFacts
from prometheus_persist.recovery.ladder import reading, restore
from prometheus_persist.state.names import PUBLIC_TRADES
from prometheus_persist.state.store_facts import StoreFacts, store_facts
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import (
    HISTORY,
    INCREMENTAL,
    SNAPSHOTS,
    base_seq,
    is_readable,
    is_snapshot,
)
from prometheus_persist.storage.segments import segment_copies


@dataclass(frozen=True, slots=True)
class Summary:
    """Where the store stands, and what it holds; ``frozen`` are instruments, ``everything`` whether
    all is."""

    facts: RestoreFacts
    held: StoreFacts
    records: int
    snapshots: tuple[str, ...]

    @property
    def frozen(self) -> tuple[str, ...]:
        """The instruments that take no new entries."""
        return tuple(one.inst_id for one in self.held.frozen if one.inst_id)

    @property
    def everything(self) -> bool:
        """Whether nothing may trade."""
        return any(not one.inst_id for one in self.held.frozen)


@reading()
def holds_anything(fs: Fs) -> bool:
    """Whether any file here is one of a store, by its name: a segment, a base, a readable file."""
    if segment_copies(fs) or any(is_snapshot(name) for name in fs.list_dir(SNAPSHOTS)):
        return True
    if any(base_seq(name) is not None for name in fs.list_dir(HISTORY)):
        return True
    folders = (INCREMENTAL, *(f"{INCREMENTAL}/{name}" for name in FOLDERS))
    return any(is_readable(folder, name) for folder in folders for name in fs.list_dir(folder))


def summary(fs: Fs, *, clock: Clock | None = None) -> Summary:
    """Look at a store; raises StoreDamaged and StoreFailed where a restore would."""
    found = restore(fs, clock=clock, outline=True)
    return Summary(
        facts=found.facts,
        held=store_facts(found.documents),
        records=len(found.streams.get(PUBLIC_TRADES, ())),
        snapshots=tuple(name for name in fs.list_dir(SNAPSHOTS) if is_snapshot(name)),
    )
