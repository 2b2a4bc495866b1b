"""What a session is made of, from a directory: lock, verify, restore, repair, new epoch.

In one direction, and never by halves: what fails on the way, or in the block that makes a session
of it, closes the store and gives the lock back. No exchange is asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_persist.clock import Clock, IdSource
from prometheus_persist.errors import StoreFailed
from prometheus_persist.recovery import Restored, restore
from prometheus_persist.session.configured import RECORD, disk, load, visiting
from prometheus_persist.session.place import Locks, mark_mirror, refuse_strange_mirror
from prometheus_persist.session.settings import Settings
from prometheus_persist.state import SystemState, state_from
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import COPIES, INCREMENTAL
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

    def mark_mirror(self) -> None:
        """Say on the mirror whose it is."""
        if self.settings.mirror_dir:
            mark_mirror(self.fs, self.state.registry.store_id)

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
    settings = settings or (visiting(root) if visit else load())
    lock, store = Locks(root, settings.mirror_dir, take_over=take_over), None
    try:
        fs = fs or disk(root, settings)
        found = restore(fs, clock=clock)
        state = state_from(found.documents)  # before anything is written
        if settings.mirror_dir:
            refuse_strange_mirror(fs, state.registry.store_id)
        heal(fs, found.due_segments)
        known = RECORD in found.readable or fs.size(f"{INCREMENTAL}/{RECORD}") is None
        store = Store(
            fs,
            found.image,
            found.tip,
            found.next_epoch,
            clock,
            observer,
            found.readable,
            settings.store,
            lock.fence,
            {} if visit and known else {RECORD: settings.to_json()},
        )
        lane = int(ids.token(LANE_CHARS), 36)
        new_id = ids.token(STORE_ID_CHARS) if found.facts.fresh else ""
        yield Opened(root, fs, lock, store, clock, settings, state, found, lane, new_id)
    except BaseException as problem:
        try:
            if store is not None:
                with contextlib.suppress(StoreFailed):
                    store.close()
        finally:
            lock.release()
        if isinstance(problem, OSError):
            raise StoreFailed(f"opening {root}: {problem}") from problem
        raise
