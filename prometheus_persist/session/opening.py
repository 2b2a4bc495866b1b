"""What a session is made of, from a directory: lock, verify, restore, repair, new epoch.

In one direction, and never by halves: what fails on the way, or in the block that makes a session
of it, closes the store and gives the lock back. No exchange is asked.

A take-over first does all that can fail and writes nothing that counts: it reads and understands
what is there, whoever is writing it, and finds out whether it may write. Only then it takes the
lock away, and reads once more. One that fails leaves the holder what it had.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_persist.clock import Clock, IdSource
from prometheus_persist.errors import StoreFailed
from prometheus_persist.recovery import Restored, restore
from prometheus_persist.session.locks import Locks, refuse_read_only
from prometheus_persist.session.settings import Settings, refuse_no_settings
from prometheus_persist.session.settings_sources import RECORD, load, visiting
from prometheus_persist.state import SystemState, state_from
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.heard import heard
from prometheus_persist.storage.interrupts import given_back, of_the_disk
from prometheus_persist.storage.layout import COPIES, INCREMENTAL, mark_of
from prometheus_persist.storage.replacing import clear_temporaries
from prometheus_persist.storage.segments import heal
from prometheus_persist.storage.store import Observer, Store

LANE_CHARS = 4
STORE_ID_CHARS = 4


@dataclass(frozen=True, slots=True)
class Opened:
    """A store that this process may write, and what was in it. ``lane``: see ``saving.gate``;
    ``new_id`` is the store's own where nothing was there yet."""

    directory: Path
    fs: Fs
    lock: Locks
    store: Store
    clock: Clock
    settings: Settings
    state: SystemState
    found: Restored
    lane: int
    new_id: str

    @property
    def base_seq(self) -> int:
        """The commit that the journal's tail begins after."""
        return self.found.seq - self.found.facts.frames_replayed

    def entered(self) -> bool:
        """Give a new store its own id and beginning, in memory; whether it was new."""
        if not self.found.facts.fresh:
            return False
        self.state.registry = self.state.registry.model_copy(update={"store_id": self.new_id})
        self.state.watermark.since_ms = self.clock.now_ms()
        return True

    @property
    def damaged(self) -> bool:
        """Whether something was damaged that is no copy."""
        return any(not one.file.startswith(COPIES) for one in self.found.facts.damages)

    def told(self) -> list[str]:
        """What the audit is told of it."""
        found = self.found
        damages = [f"{d.outcome}: {d.file} at {d.offset}: {d.problem}" for d in found.facts.damages]
        return [f"restored commit {found.seq} from {found.facts.base}", *damages]


@contextlib.contextmanager
def opening(
    root: Path,
    fs: Fs | None,
    clock: Clock,
    ids: IdSource,
    settings: Settings | None,
    observer: Observer | None,
    *,
    take_over: bool,
    visit: bool,
) -> Iterator[Opened]:
    """See ``Session.open``. The block keeps what it is given, or all is let go again."""
    if settings is None:
        settings = visiting(root) if visit else load()
    refuse_no_settings(settings)
    lock, store = Locks(root, settings.mirror_dir, take_over=take_over), None
    try:
        fs = heard(fs or lock.disk)
        if take_over:
            _read(fs, clock, lock)
            refuse_read_only(fs)
            lock.take()
        clear_temporaries(fs, COPIES)  # of an opening that is stopped and goes on later (``heal``)
        found, state = _read(fs, clock, lock)  # with what was written until this moment
        lane = int(ids.token(LANE_CHARS), 36)
        new_id = ids.token(STORE_ID_CHARS) if found.facts.fresh else ""
        epoch = lock.draw(found.next_epoch)
        lock.mark_mirror(fs, new_id or state.registry.store_id)
        mark = mark_of(epoch)
        heal(fs, found.due_segments, proven=found.proven, mark=mark, fence=lock.fence)
        known = RECORD in found.readable or fs.size(f"{INCREMENTAL}/{RECORD}") is None
        store = Store(
            fs,
            found.image,
            found.tip,
            epoch,
            clock,
            observer,
            found.readable,
            settings.store,
            lock.fence,
            {} if visit and known else {RECORD: settings.to_json()},
            lock.acknowledged,
        )
        yield Opened(root, fs, lock, store, clock, settings, state, found, lane, new_id)
    except BaseException as problem:
        try:
            if store is not None:
                with contextlib.suppress(StoreFailed):
                    store.close()
        finally:
            given_back(lock.release)
        if of_the_disk(problem):  # what a handler raised is the caller's
            raise StoreFailed(f"opening {root}: {problem}") from problem
        raise


def _read(fs: Fs, clock: Clock, lock: Locks) -> tuple[Restored, SystemState]:
    """What is there, believed and of the right types; writes nothing."""
    found = restore(fs, clock=clock, closely=False)
    state = state_from(found.documents)
    lock.refuse_strange_mirror(fs, state.registry.store_id, fresh=found.facts.fresh)
    return found, state
