"""The open store: an image in memory, and the one way to change it durably.

``commit`` takes a change into the image, writes one frame to the journal and to its mirror, and
returns when the disk has it; ``submit`` does the first at once and leaves the rest to a thread
(``committer.py``). Either way the change is what it was when the call was made. Promises kept here:

- S1 when ``commit`` has returned, or a ticket is done, the change is in the journal, synced;
- S2 one commit is one frame: all of it or none;
- S7 a journal write or sync that fails raises ``StoreFailed`` and shuts the store for good; nothing
  is retried, nothing was acknowledged. What is in memory then is not what is on disk: the store has
  to be opened anew. A commit that was interrupted (by Ctrl+C, say) shuts it likewise
  (``interrupts.py``). A checkpoint or snapshot that fails or is interrupted raises as well, leaves
  the old files whole, and shuts nothing, unless it was the mirror's sync that failed.

After a SIGKILL both copies are complete; after a power cut the mirror may lack the last
``mirror_sync_ms`` (50), the journal lacks nothing that was acknowledged.

Each opening begins a segment of its own with an OPEN frame that carries the new epoch, so a torn
tail of the writer before it is left behind and never written over. It makes its directories durable
before the first frame, whatever became of earlier syncs of them, and clears away the temporary
files of a writer that was killed: those of its own names, and nobody else's.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Protocol

from prometheus_persist.clock import Clock
from prometheus_persist.errors import PersistError, StoreFailed
from prometheus_persist.journal.archive import Pieces, check, no_pause, pack
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.frame import COMMIT, Tip
from prometheus_persist.journal.projection import (
    CHECKPOINT,
    FOLDERS,
    Content,
    checkpoint,
    checksum,
    project,
    wrap,
)
from prometheus_persist.shown import shown
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage.committer import Committer, StoreOptions, no_fence, no_mark
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.interrupts import LEFT_HALFWAY, of_the_disk, only_of_the_disk
from prometheus_persist.storage.layout import (
    COPIES,
    HISTORY,
    INCREMENTAL,
    SECOND_MAX,
    SNAPSHOTS,
    is_snapshot,
    mark_of,
    snapshot_name,
    snapshot_second,
)
from prometheus_persist.storage.replacing import (
    clear_temporaries,
    renew_dirs,
    replace_file,
    replace_files,
)
from prometheus_persist.storage.retention import (
    HISTORY_BYTES_MAX,
    HISTORY_HOURS,
    HOUR_MS,
    RetentionLimits,
    retain,
)
from prometheus_persist.storage.tickets import Taken, Ticket

BREATH_S = 0.0001
BREATH_EVERY_S = 0.001


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
        options: StoreOptions | None = None,
        fence: Callable[[], None] = no_fence,
        extra: Mapping[str, JsonObject] | None = None,
        acknowledged: Callable[[int, int], None] = no_mark,
    ) -> None:
        """Take over after ``tip`` as ``epoch``; raises StoreFailed.

        ``readable`` are the checksums of the readable files that are whole on disk already.
        ``fence`` raises StoreFailed once another writer has taken over. ``extra`` are readable
        files that are not made of the image, by name. ``acknowledged`` is told what is: a
        sequence and its time.
        """
        self._image = image
        self.epoch = epoch
        self._fs = fs
        self._clock = clock
        self._fence, self._temporary = fence, mark_of(epoch)
        self._observer = observer
        self._projected: dict[str, str] = dict(readable or {})
        self._extra = dict(extra or {})
        self._touched: set[str] | None = None  # None: since the opening, nothing was compared yet
        self._make_dirs()
        options = options or StoreOptions()
        if tip.seq:
            acknowledged(tip.seq, tip.wall_ms)
        self._committer = Committer(fs, tip, epoch, clock, options, fence, acknowledged)
        self.whole, self.wait = self._committer.whole, self._committer.wait
        self.refuse_shut, self.promise = self._committer.refuse_shut, self._committer.promise
        self.latches = self._committer.latches
        self.order = self.latches.new()  # from a look to its frame; taken before _guard
        self.waiting, self._committer.make = self._committer.taken, self.settle
        self._guard = self.latches.new()
        self._archiving = self.latches.new()  # one snapshot at a time; taken before _guard
        self._projecting = self.latches.new()  # one checkpoint at a time; taken before _guard
        self._image.seq = self.tip.seq

    @property
    def image(self) -> Image:
        """What the store holds, with everything in it that was saved before."""
        if self.waiting:
            self.settle()
        return self._image

    @property
    def tip(self) -> Tip:
        """The last frame that was written; durable once ``flush`` has returned."""
        return self._committer.tip

    def commit(self, change: Change) -> int:
        """Make one change durable; returns its sequence. Raises StoreFailed, BadValue."""
        return self.wait(self.enqueue(change, awaited=True))

    def submit(self, change: Change) -> Ticket:
        """Take a change in now, make it durable soon; the ticket says when."""
        ticket = self.enqueue(change)
        self.write_soon()
        return ticket

    def refuse_fenced(self) -> None:
        """Raise StoreFailed where nothing can be written any more: shut, or taken over."""
        self.refuse_shut()
        self._committer.refuse_fenced()

    def write_soon(self) -> None:
        """Have what was enqueued written by a thread, if nobody waits for it first."""
        self._committer.write_soon()

    def flush(self) -> int:
        """Wait until everything submitted is durable; returns the last sequence."""
        self.settle()
        self._committer.flush()
        return self._committer.durable_seq

    @property
    def documents(self) -> Mapping[str, JsonObject]:
        """Those that are made already, by key."""
        return self._image.documents

    def later(self, taken: Taken) -> None:
        """Have a frame behind all others, of the change that is made by whoever writes next, the
        writer thread as a rule. A change that cannot be made or written shuts the store."""
        self.refuse_shut()
        self.waiting.append(taken)
        if self._committer.failed:  # meanwhile, and nobody has seen this one
            self._committer.shut(self._committer.failed)

    def settle(self) -> None:
        """Have every change taken in that was promised."""
        while self.waiting:
            with self.order:
                try:
                    taken = self.waiting[0]
                except IndexError:  # somebody else was quicker, or shut the store
                    return
                try:
                    self.enqueue(taken.made(self._image.documents), taken.learn, taken.ticket)
                except PersistError as problem:  # nothing that comes behind it may be written
                    self._committer.shut(problem.detail)

    def enqueue(
        self,
        change: Change,
        learn: Callable[[Mapping[str, JsonObject]], None] | None = None,
        promised: Ticket | None = None,
        *,
        awaited: bool = False,
    ) -> Ticket:
        """Take a change in now; durable once somebody has waited for the ticket, or flushed.

        ``learn`` is told of the documents with the change in them. ``awaited``: the caller waits
        for it at once, and the disk begins with it before it is taken in.
        """
        self.refuse_shut()
        encoded = change.to_bytes()
        with self._guard:
            self._committer.make_room(len(encoded))
            return self.whole(self._taken_in, change, encoded, learn, promised, awaited)

    def _taken_in(
        self,
        change: Change,
        encoded: bytes,
        learn: Callable[[Mapping[str, JsonObject]], None] | None,
        promised: Ticket | None,
        awaited: bool,
    ) -> Ticket:
        watch = self._watch(change) if self._observer is not None else None
        ticket = self._committer.submit(COMMIT, encoded, watch, promised)
        if awaited:
            self._committer.begin()
        try:
            self._image.apply(change, ticket.seq, ticket.wall_ms)
        except PersistError as problem:  # the frame is chained, and the image lacks it
            self._committer.shut(problem.detail)
            raise
        if self._touched is not None:
            self._touched.update(change.put, change.set, change.grow, change.remove, change.add)
        if learn is not None:
            learn(self._image.documents)
        if promised is not None:
            with contextlib.suppress(IndexError):  # the store was shut
                self.waiting.popleft()
        return ticket

    def _watch(self, change: Change) -> Callable[[], None]:
        """Tell the observer that a frame begins, with its documents whole; returns what tells it
        that it is durable."""
        assert self._observer is not None
        observer, seq = self._observer, self._committer.seq + 1
        started = self._clock.monotonic_s()
        whole = replace(change, put=self._image.after(change, seq), set={}, grow={})
        observer.begin(seq, whole.to_json())
        return lambda: observer.durable(seq, self._clock.monotonic_s() - started)

    @property
    def extra_is_written(self) -> bool:
        """Whether the readable files that are not made of the image are as they should be."""
        written = self._projected
        return all(written.get(name) == checksum(data) for name, data in self._extra.items())

    def checkpoint(self, *, alone: bool = False) -> list[str]:
        """Refresh the readable files that changed, each atomically; returns their names.

        One at a time. Commits go on meanwhile: what is written is the state at the beginning.
        ``alone``: there will be none, and nobody is given way to.
        """
        with self._projecting, self._disk("checkpoint"):
            touched = None
            try:
                image, _, touched = self._cut(touched=True)
                self._settle()
                return self._refresh(image, touched, no_pause if alone else breather())
            except BaseException:
                with self._guard:  # the next one does what this one did not
                    since = self._touched
                    unknown = touched is None or since is None
                    self._touched = None if unknown else {*(touched or ()), *(since or ())}
                raise

    def _refresh(
        self, image: Image, touched: set[str] | None, pause: Callable[[], None]
    ) -> list[str]:
        now_ms = self._clock.now_ms()
        seals: dict[str, str] = {}
        written = dict(self._projected)

        def changed() -> Iterator[tuple[str, bytes]]:
            """What differs, made when its turn has come: all of it at once may be very much."""
            files = project(image, touched=touched, written=written)
            for name, data in chain(self._extra.items(), files):
                content = Content(data)
                seal = content.seal
                if written.get(name) != seal:
                    seals[name] = seal
                    self._projected.pop(name, None)  # until it is there, nobody knows which is
                    yield f"{INCREMENTAL}/{name}", wrap(name, content, seal, image.seq, now_ms)
                pause()

        self._projected.pop(CHECKPOINT, None)
        replace_files(self._fs, changed(), mark=self._temporary, fence=self._fence)
        self._projected.update(seals)
        head = checkpoint(image, self.epoch, now_ms, self._projected)
        content = wrap(CHECKPOINT, head, checksum(head), image.seq, now_ms)
        self._replace(f"{INCREMENTAL}/{CHECKPOINT}", content)
        return sorted(seals)

    def snapshot(
        self,
        keep: int,
        *,
        history_hours: float = HISTORY_HOURS,
        history_bytes_max: int = HISTORY_BYTES_MAX,
        sums: Pieces | None = None,
    ) -> str:
        """Write a full archive, verify it, drop what is no longer kept; returns its path.

        One at a time. Commits go on meanwhile: what is packed is the state at the beginning.
        ``sums`` are of the first records of the streams, and of no more than there are by now.
        """
        with self._archiving, self._disk("snapshot"):
            image, tip, _ = self._cut()
            self._settle()
            taken = [name for name in self._fs.list_dir(SNAPSHOTS) if is_snapshot(name)]
            path = f"{SNAPSHOTS}/{self._free_name(taken)}"
            self._replace(path, pack(image, tip, breather(), sums))
            check(self._fs.read(path), path, breather())
        self.clean_up(keep, history_hours=history_hours, history_bytes_max=history_bytes_max)
        return path

    def clean_up(
        self,
        keep: int,
        *,
        history_hours: float = HISTORY_HOURS,
        history_bytes_max: int = HISTORY_BYTES_MAX,
    ) -> None:
        """Drop what is no longer kept: what the last snapshot would have dropped, and did not."""
        limits = RetentionLimits(keep, round(history_hours * HOUR_MS), bytes_max=history_bytes_max)
        with self._archiving, self._disk("clean-up"):
            self._committer.refuse_fenced()
            retain(self._fs, self._clock.now_ms(), limits)

    def _replace(self, path: str, data: bytes) -> None:
        """Put a file in place, as long as the store is ours."""
        replace_file(self._fs, path, data, mark=self._temporary, fence=self._fence)

    def _cut(self, *, touched: bool = False) -> tuple[Image, Tip, set[str] | None]:
        """The state of now, its last frame, and what was touched since the last checkpoint (which
        is forgotten where ``touched`` is asked for)."""
        self.flush()
        with self._guard:
            self._committer.flush()  # of what was submitted meanwhile; commits wait for it
            image, tip, names = self._image.cut(), self.tip, self._touched
            if touched:
                self._touched = set()
        return image, tip, names

    def _settle(self) -> None:
        """What was cut is durable in both copies, and the store is still ours."""
        self._committer.refuse_fenced()
        self._committer.sync_mirror()

    def refuse(self) -> None:
        """Refuse from now on, whatever became of a close: before the lock is anybody's."""
        self._committer.failed = self._committer.failed or LEFT_HALFWAY

    def close(self) -> None:
        """Write what is pending and let go; nothing can be written afterwards.

        Its caller holds none of the store's locks, unless an exception of a handler left him one:
        the threads that end here would wait for it.
        """
        self.latches.let_go()
        self._committer.end_threads()
        self.settle()
        with self._guard:
            self._committer.close()

    def _free_name(self, taken: list[str]) -> str:
        """A name by the clock, but later than every name taken, so that names sort by age; one
        behind which no name has room is passed over."""
        seconds = [snapshot_second(name) or 0 for name in taken]
        newest = max((found for found in seconds if found < SECOND_MAX), default=0)
        return snapshot_name(max(self._clock.now_ms() // 1000, newest + 1))

    def _make_dirs(self) -> None:
        folders = (*COPIES, SNAPSHOTS, HISTORY, *(f"{INCREMENTAL}/{name}" for name in FOLDERS))
        with self._disk("making directories"):
            for folder in folders:
                self._fs.make_dir(folder)
            renew_dirs(self._fs, INCREMENTAL, ".")
            clear_temporaries(self._fs, (*folders, INCREMENTAL))

    @contextlib.contextmanager
    def _disk(self, doing: str) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            if not of_the_disk(problem):
                raise
            raise StoreFailed(f"{doing}: {problem}") from problem


def breather() -> Callable[[], None]:
    """What long work calls between two pieces, however small: now and then it lets whoever waits
    for the interpreter have it."""
    since_s = time.perf_counter()

    def breathe() -> None:
        nonlocal since_s
        if time.perf_counter() - since_s >= BREATH_EVERY_S:
            time.sleep(BREATH_S)
            since_s = time.perf_counter()

    return breathe


def append_log(
    fs: Fs,
    path: str,
    lines: Sequence[str],
    anew: bytes | None = None,
    *,
    mark: str = "",
    fence: Callable[[], None] = no_fence,
) -> None:
    """Append lines to a text log, durably; each is one line that is ``shown``.

    ``anew``: all that the log holds, where that is to be written anew as well, into a file of its
    own. The ``fence`` is asked with the file open: who takes over later writes the log anew, and
    what comes down in the old one is in nobody's way. Raises StoreFailed.
    """
    text = "".join(f"{shown(line)}\n" for line in lines)
    try:
        if anew is not None:
            replace_file(fs, path, anew + text.encode("utf-8"), mark=mark, fence=fence)
            return
        handle = fs.append(path)
        try:
            fence()
            handle.write(text.encode("utf-8"))
            handle.fsync()
        finally:
            handle.close()
        fs.fsync_dir(path.rpartition("/")[0] or ".")
        fence()
    except OSError as problem:
        only_of_the_disk(problem)
        raise StoreFailed(f"{path}: {problem}") from problem
