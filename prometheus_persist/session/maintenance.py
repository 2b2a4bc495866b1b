"""Upkeep: what keeps a store readable, small and quick to restore, by the settings.

- Readable files, snapshots and clean-up are made beside the trading loop (``background.py``).
- A snapshot is due when time has passed, and when so much was committed since the newest base that
  restoring would take long: ``tail_commits_max`` commits or ``tail_bytes_max`` bytes of journal.
  How many bytes is asked every ``LOOK_COMMITS`` commits.
- A clean-up that was cut short is finished by the next opening.
"""

from __future__ import annotations

from collections.abc import Callable

from prometheus_persist.clock import Clock
from prometheus_persist.errors import StoreFailed
from prometheus_persist.journal.archive import Pieces
from prometheus_persist.saving.triggers import SaveAction, Trigger, actions_due
from prometheus_persist.session.background import Beside
from prometheus_persist.session.settings import Settings
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import SNAPSHOTS, snapshot_second
from prometheus_persist.storage.retention import journal_bytes_after
from prometheus_persist.storage.store import Store

LOOK_COMMITS = 256


class Upkeep:
    """Of one open store. ``base_seq`` is where its newest base stands; ``sums`` gives what its
    records come to, where anybody knows."""

    def __init__(
        self,
        store: Store,
        fs: Fs,
        clock: Clock,
        settings: Settings,
        base_seq: int,
        sums: Callable[[], Pieces | None],
    ) -> None:
        self._store = store
        self._fs = fs
        self._clock = clock
        self._settings = settings
        self._base_seq = base_seq
        self._sums = sums
        self._look_at = 0  # the commit from which on the tail is looked at again
        self._last_snapshot_s = clock.monotonic_s() - _snapshot_age_s(fs, clock)
        work: dict[SaveAction, Callable[[], object]] = {
            SaveAction.CHECKPOINT: store.checkpoint,
            SaveAction.SNAPSHOT: self.snapshot,
            SaveAction.CLEAN_UP: self._clean_up,
        }
        self.beside = Beside(work, store.latches, inline=not settings.background)

    def due(self, cycle: int) -> tuple[SaveAction, ...]:
        """What is due at the end of a cycle; no second snapshot while one is on its way."""
        since_s = self._clock.monotonic_s() - self._last_snapshot_s
        return actions_due(
            Trigger.CYCLE,
            cycle=cycle,
            every_cycles=self._settings.save_every_cycles,
            since_snapshot_s=0.0 if self.beside.busy(SaveAction.SNAPSHOT) else since_s,
            snapshot_every_s=self._settings.snapshot_every_s,
        )

    def snapshot(self) -> str:
        """Write and verify a full archive, on this thread; returns its path."""
        seq, settings = self._store.tip.seq, self._settings
        path = self._store.snapshot(
            settings.snapshots_kept,
            history_hours=settings.history_hours,
            history_bytes_max=settings.history_bytes_max,
            sums=self._sums(),
        )
        self._base_seq = seq
        self._last_snapshot_s = self._clock.monotonic_s()
        return path

    def look(self) -> None:
        """Ask for a snapshot where the tail has grown long; costs next to nothing.

        Raises StoreFailed where the disk does not say how long it is.
        """
        seq = self._store.tip.seq
        if seq < self._look_at or self.beside.busy(SaveAction.SNAPSHOT):
            return
        settings = self._settings
        self._look_at = seq + min(LOOK_COMMITS, settings.tail_commits_max)
        if seq - self._base_seq >= settings.tail_commits_max or self._tail_is_heavy():
            self.beside.ask(SaveAction.SNAPSHOT)

    def _tail_is_heavy(self) -> bool:
        try:
            return journal_bytes_after(self._fs, self._base_seq) >= self._settings.tail_bytes_max
        except OSError as problem:
            only_of_the_disk(problem)
            raise StoreFailed(f"looking at the journal: {problem}") from problem

    def _clean_up(self) -> None:
        settings = self._settings
        self._store.clean_up(
            settings.snapshots_kept,
            history_hours=settings.history_hours,
            history_bytes_max=settings.history_bytes_max,
        )


def _snapshot_age_s(fs: Fs, clock: Clock) -> float:
    """Seconds since the newest snapshot by its name; 0 where there is none, or none is past.

    A process that is restarted every half hour still takes one every hour.
    """
    now_s = clock.now_ms() / 1000
    seconds = [snapshot_second(name) or 0 for name in fs.list_dir(SNAPSHOTS)]
    return min((now_s - second for second in seconds if 0 < second <= now_s), default=0.0)
