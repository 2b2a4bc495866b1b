"""The open store: an image in memory, and the one way to change it durably.

``commit`` writes one frame to the journal and to its mirror, waits for the disk, and only then
takes the change into the image and returns. Promises kept here:

- S1 when ``commit`` has returned, the change is in the journal, synced;
- S2 one commit is one frame: all of it or none;
- S7 a journal write or sync that fails raises ``StoreFailed`` and shuts the handle for good;
  nothing is retried, nothing was acknowledged, the store has to be opened anew from what is on
  disk. A commit that was interrupted (by Ctrl+C, say) shuts it likewise: its frame may be there. A
  checkpoint or snapshot that fails raises as well, leaves the old files whole, and shuts nothing,
  unless it was the mirror's sync that failed.

The mirror is written with every commit, before the acknowledgement, and synced with every
checkpoint, snapshot and close. After a SIGKILL both copies are complete; after a power cut the
mirror may lack the frames since the last checkpoint, the journal does not.

Each opening begins a segment of its own with an OPEN frame that carries the new epoch, so a torn
tail of the writer before it is left behind and never written over. It makes its directories durable
before the first frame, and clears away the temporary files of a writer that was killed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from prometheus_persist.clock import Clock
from prometheus_persist.errors import StoreFailed
from prometheus_persist.journal.archive import pack, unpack
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.frame import COMMIT, OPEN, Tip, encode
from prometheus_persist.journal.projection import (
    CHECKPOINT,
    FOLDERS,
    checkpoint,
    checksum,
    project,
    wrap,
)
from prometheus_persist.state.exactjson import COMMIT_NESTING_MAX, JsonObject, dumps
from prometheus_persist.storage.fs import TEMPORARY, Fs, Handle, replace_file, replace_files
from prometheus_persist.storage.layout import (
    COPIES,
    INCREMENTAL,
    JOURNAL,
    MIRROR,
    SNAPSHOTS,
    is_snapshot,
    segment_name,
    snapshot_name,
    snapshot_second,
)

SEGMENT_BYTES_MAX = 64 * 1024 * 1024
_BREAKS = {ord(c): ascii(c)[1:-1] for c in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"}


class Observer(Protocol):
    """Someone who watches commits: told before the first byte, and again once it is durable."""

    def begin(self, seq: int, change: JsonObject) -> None:
        """A frame is about to be written."""
        ...

    def durable(self, seq: int, elapsed_s: float) -> None:
        """It is on the disk; ``elapsed_s`` since ``begin``."""
        ...


class Store:
    """One writer's handle on a store; thread-safe."""

    def __init__(
        self,
        fs: Fs,
        image: Image,
        tip: Tip,
        epoch: int,
        clock: Clock,
        observer: Observer | None = None,
        readable: Mapping[str, str] | None = None,
    ) -> None:
        """Take over after ``tip`` as ``epoch``; raises StoreFailed.

        ``readable`` are the checksums of the readable files that are whole on disk already.
        """
        self.image = image
        self.tip = tip
        self.epoch = epoch
        self._fs = fs
        self._clock = clock
        self._observer = observer
        self._guard = threading.RLock()
        self._handles: dict[str, Handle] = {}
        self._segment_bytes = 0
        self._failed: str = ""
        self._projected: dict[str, str] = dict(readable or {})
        self._touched: set[str] | None = None  # None: since the opening, nothing was compared yet
        try:
            self._make_dirs()
            self._begin_segment()
        except BaseException:
            self._drop_handles()
            raise

    def commit(self, change: Change) -> int:
        """Make one change durable; returns its sequence. Raises StoreFailed, BadValue."""
        with self._guard:
            self._refuse_shut()
            if self._segment_bytes > SEGMENT_BYTES_MAX:
                self._begin_segment()
            payload = change.to_json()
            encoded = dumps(payload, nesting_max=COMMIT_NESTING_MAX)
            started = self._clock.monotonic_s()
            if self._observer:
                self._observer.begin(self.tip.seq + 1, payload)
            wall_ms = self._clock.now_ms()
            data, tip = encode(COMMIT, self.tip, self.epoch, wall_ms, encoded)
            with self._all_or_shut():
                self._append(data, tip)
                self.image.apply(change, self.tip.seq, wall_ms)
                if self._touched is not None:
                    self._touched.update(change.put, change.remove, change.add)
            if self._observer:
                self._observer.durable(self.tip.seq, self._clock.monotonic_s() - started)
            return self.tip.seq

    def checkpoint(self) -> list[str]:
        """Refresh the readable files that changed, each atomically; returns their names."""
        with self._guard, self._disk("checkpoint", shut=False):
            self._sync_mirror()
            now_ms = self._clock.now_ms()
            changed: dict[str, bytes] = {}
            seals: dict[str, str] = {}
            self._projected.pop(CHECKPOINT, None)
            files = project(self.image, touched=self._touched, written=self._projected)
            for name, data in files:
                seal = checksum(data)
                if self._projected.get(name) != seal:
                    seals[name] = seal
                    changed[f"{INCREMENTAL}/{name}"] = wrap(
                        name, data, seal, self.image.seq, now_ms
                    )
            replace_files(self._fs, changed)
            self._projected.update(seals)
            self._touched = set()
            head = checkpoint(self.image, self.epoch, now_ms, self._projected)
            content = wrap(CHECKPOINT, head, checksum(head), self.image.seq, now_ms)
            replace_file(self._fs, f"{INCREMENTAL}/{CHECKPOINT}", content)
            return sorted(seals)

    def snapshot(self, keep: int) -> str:
        """Write a full archive, verify it, and keep the newest ``keep``; returns its path."""
        with self._guard, self._disk("snapshot", shut=False):
            self._sync_mirror()
            taken = [name for name in self._fs.list_dir(SNAPSHOTS) if is_snapshot(name)]
            path = f"{SNAPSHOTS}/{self._free_name(taken)}"
            replace_file(self._fs, path, pack(self.image, self.tip))
            unpack(self._fs.read(path), path)
            stale = sorted({*taken, path.rpartition("/")[2]})[:-keep]
            for name in stale:
                self._fs.unlink(f"{SNAPSHOTS}/{name}")
            if stale:
                self._fs.fsync_dir(SNAPSHOTS)
            return path

    def close(self) -> None:
        """Sync the mirror and give the handles back; nothing can be written afterwards."""
        with self._guard:
            try:
                if not self._failed:
                    with self._disk("close"):
                        for handle in self._handles.values():
                            handle.fsync()
            finally:
                self._failed = self._failed or "it was closed"
                self._drop_handles()

    def _free_name(self, taken: list[str]) -> str:
        """A name by the clock, but later than every name taken, so that names sort by age."""
        newest = max((snapshot_second(name) or 0 for name in taken), default=0)
        return snapshot_name(max(self._clock.now_ms() // 1000, newest + 1))

    def _make_dirs(self) -> None:
        folders = (*COPIES, SNAPSHOTS, *(f"{INCREMENTAL}/{name}" for name in FOLDERS))
        with self._disk("making directories"):
            for folder in folders:
                self._fs.make_dir(folder)
            for above in (INCREMENTAL, "."):
                self._fs.fsync_dir(above)
            for folder in (*folders, INCREMENTAL):
                for name in self._fs.list_dir(folder):
                    if name.endswith(TEMPORARY):
                        self._fs.unlink(f"{folder}/{name}")

    def _begin_segment(self) -> None:
        """Open the next segment in both copies and write its OPEN frame."""
        with self._guard, self._disk("opening a segment"):
            self._drop_handles()
            name = segment_name(self.epoch, self.tip.seq + 1)
            for copy in COPIES:
                self._handles[copy] = self._fs.create(f"{copy}/{name}")
            self._segment_bytes = 0
            for copy in COPIES:
                self._fs.fsync_dir(copy)
            payload = dumps({"segment": name})
            data, tip = encode(OPEN, self.tip, self.epoch, self._clock.now_ms(), payload)
            with self._all_or_shut():
                self._append(data, tip)
                self._sync_mirror()
                self.image.seq, self.image.time_ms = self.tip.seq, self.tip.wall_ms

    def _append(self, data: bytes, tip: Tip) -> None:
        with self._disk("journal"):
            self._handles[JOURNAL].write(data)
            self._handles[MIRROR].write(data)
            self._handles[JOURNAL].fsync()
        self.tip = tip
        self._segment_bytes += len(data)

    def _refuse_shut(self) -> None:
        if self._failed:
            raise StoreFailed(f"this store is shut: {self._failed}")

    @contextlib.contextmanager
    def _all_or_shut(self) -> Iterator[None]:
        """Whatever ends the block early, a frame may be on the disk that the tip does not know."""
        try:
            yield
        except BaseException as problem:
            self._failed = self._failed or f"a write was interrupted: {problem!r}"
            raise

    @contextlib.contextmanager
    def _disk(self, doing: str, *, shut: bool = True) -> Iterator[None]:
        self._refuse_shut()
        try:
            yield
        except OSError as problem:
            if shut:
                self._failed = f"{doing}: {problem}"
            raise StoreFailed(f"{doing}: {problem}") from problem

    def _sync_mirror(self) -> None:
        with self._disk("syncing the mirror"):
            self._handles[MIRROR].fsync()

    def _drop_handles(self) -> None:
        for handle in self._handles.values():
            with contextlib.suppress(OSError):
                handle.close()
        self._handles = {}


def append_log(fs: Fs, path: str, lines: Sequence[str]) -> None:
    """Append lines to a text log, durably; a line break inside a line is escaped.

    Raises StoreFailed.
    """
    text = "".join(f"{line.translate(_BREAKS)}\n" for line in lines)
    try:
        handle = fs.append(path)
        try:
            handle.write(text.encode("utf-8", "backslashreplace"))
            handle.fsync()
        finally:
            handle.close()
        fs.fsync_dir(path.rpartition("/")[0] or ".")
    except OSError as problem:
        raise StoreFailed(f"{path}: {problem}") from problem
