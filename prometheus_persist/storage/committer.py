"""Frames onto the disk: in order, in groups, one sync for all that wait.

Whoever waits for a frame writes everything that is pending, his own and the others', with one write
to each copy and one sync of the journal; the others find theirs done. With nobody waiting, a writer
thread does the same for frames that were submitted asynchronously. So a single durable commit costs
no thread switch, and sixty-four concurrent ones cost one sync (``tickets.py``).

Rules
- A frame gets its sequence when it is submitted, and is chained to the one before it when it is
  written, by whoever writes it; a ticket is done only when its frame and all before it are synced
  (S1).
- A write or sync that fails, or is interrupted, shuts the committer for good: every frame not yet
  acknowledged fails with it, nothing is retried (S7).
- Before and after every group the fence is asked whether this writer still owns the store. Nothing
  is acknowledged by a writer that was taken over from (S6).
- Pending bytes are bounded: whoever submits beyond ``pending_bytes_max`` writes first
  (back-pressure instead of an unbounded queue).
- What is acknowledged is marked first beside the journal (``mark.py``).
- The mirror gets the same bytes in the same write. ``behind``: synced by the thread at most
  ``mirror_sync_ms`` later; ``ack``: synced before the acknowledgement; ``off``: not kept at all.
- A segment is written into space filled with zeros, ``reserve_bytes`` at a time, ahead of it, so
  that a sync has no metadata to write; 0: nothing is reserved. A clean close cuts the rest off;
  after a crash it reads as zeros, which are no frame.
- Where nobody else is about, a frame that is waited for is written as it is submitted (``begin``),
  and the disk begins with it while its change is taken in; the sync comes when it is waited for. A
  call that ends in between leaves it to whoever writes next: both are synced, then acknowledged.
- Frames that one write puts down are marked as such (``joined``), but for the first: after a power
  cut a later one may be there and an earlier one not, and that is no gap.
- A full disk is noticed before a change is taken in, where space is reserved: that save raises, and
  the store stays open.
- What an exception from a signal handler ends halfway shuts it (``interrupts.py``).
- What was promised before it was made (``Store.later``) the writer thread has made first.

Raises ``StoreFailed``; ``BadValue`` for what no frame can hold.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, ParamSpec, TypeVar

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadValue, PersistError, StoreFailed
from prometheus_persist.journal.frame import (
    COMMIT,
    FRAME_PAYLOAD_BYTES_MAX,
    OPEN,
    OVERHEAD_BYTES,
    Tip,
    encode,
)
from prometheus_persist.journal.upcast import opening
from prometheus_persist.storage.forks import refuse_child
from prometheus_persist.storage.fs import Fs, Handle
from prometheus_persist.storage.interrupts import (
    INTERRUPTED,
    Bell,
    Latches,
    edge,
    of_the_disk,
    spawn,
)
from prometheus_persist.storage.layout import JOURNAL, MIRROR, segment_name
from prometheus_persist.storage.segment_files import SegmentFiles
from prometheus_persist.storage.tickets import Asleep, Taken, Ticket

MirrorSync = Literal["behind", "ack", "off"]
OPENING_BYTES_MAX = 4096  # a new segment's first frame, in blocks of a file of its own
_WALL_MS_END = 1 << 64  # what a frame has room for
_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How a store writes. ``reserve_bytes`` 0: nothing is reserved ahead."""

    mirror: MirrorSync = "behind"
    mirror_sync_ms: int = 50
    pending_bytes_max: int = 8 * 1024 * 1024
    segment_bytes_max: int = 64 * 1024 * 1024
    reserve_bytes: int = 1024 * 1024


@dataclass(slots=True)
class _Pending:
    kind: int
    payload: bytes
    ticket: Ticket
    opens: str = ""  # the segment that begins with this frame


def no_fence() -> None:
    """A fence for a store that only one process can reach."""


def no_mark(seq: int, wall_ms: int) -> None:
    """Nothing beside the journal says what was acknowledged."""


class Committer:
    """The writer of one epoch."""

    def __init__(
        self,
        fs: Fs,
        tip: Tip,
        epoch: int,
        clock: Clock,
        options: StoreOptions,
        fence: Callable[[], None] = no_fence,
        acknowledged: Callable[[int, int], None] = no_mark,
    ) -> None:
        """Begin a segment of its own; raises StoreFailed."""
        self.tip = tip  # the last frame that was written, or is being written
        self.seq = tip.seq  # of the last frame that was submitted
        self.durable_seq = tip.seq
        self.failed = ""
        self.copies = (JOURNAL, MIRROR) if options.mirror != "off" else (JOURNAL,)
        self._fs = fs
        self._epoch = epoch
        self._clock = clock
        self._options = options
        self._fence = fence
        self._acknowledged = acknowledged
        self.latches = Latches()
        self._guard = self.latches.new()  # seq, pending, failed
        self._last: Ticket | None = None  # the newest that was submitted
        self._asleep = Asleep()
        self._io = self.latches.turn(self._asleep.hand_over)  # the files; one group at a time
        self._pending: list[_Pending] = []
        self._down: list[_Pending] = []  # written, and not synced; behind _io
        self.taken: deque[Taken] = deque()  # what comes behind the pending ones, once made
        self.make: Callable[[], None] = lambda: None  # has that made
        self._pending_bytes = 0
        self._segment_bytes = 0
        self._open = SegmentFiles()
        self._mirror_lock = self.latches.new()  # the mirror's file; taken after _io, never before
        self._mirror_dirty = False
        self._mirror_due, self._wake, self._end = Bell(), Bell(), Bell()
        self._ending = False
        self._begun: set[str] = set()
        self._threads: list[threading.Thread] = []
        try:
            self._begin_segment()
            self.flush()
        except BaseException:
            self._drop_handles()
            raise

    # -- submitting

    def make_room(self, size: int) -> None:
        """Before a payload of ``size`` bytes is taken in: let it have its place.

        Writes first if too much is pending; begins the next segment if this one is full; reserves
        space. A disk that has no room raises StoreFailed here, where nothing is lost by it: nothing
        was taken in, and the next save works once there is room again. BadValue where no frame
        holds so much.
        """
        most = FRAME_PAYLOAD_BYTES_MAX
        if size > most:
            raise BadValue(f"one commit of {size} bytes; at most {most} are taken: save in parts")
        if self._pending_bytes > self._options.pending_bytes_max:
            self.flush()
        over = self._segment_bytes > self._options.segment_bytes_max
        due = self._segment_bytes + size + OVERHEAD_BYTES
        if over:  # the next one takes what is left of this one's room, which it is cut off
            due += OPENING_BYTES_MAX
        if self._options.reserve_bytes and self._open.reserved < due:
            with self._io:
                if not any(each.opens for each in self._pending):
                    self._reserve(due, "nothing was taken in")
        if over:
            self.whole(self._begin_segment)

    def submit(
        self,
        kind: int,
        payload: bytes,
        on_durable: Callable[[], None] | None,
        promised: Ticket | None = None,
    ) -> Ticket:
        """Chain a frame behind the others; it is durable when its ticket is done."""
        return self._chain(kind, payload, on_durable, promised=promised)

    def begin(self) -> None:
        """Where nobody else is about: write what is pending, and let the disk begin with it while
        the caller goes on. Whoever waits for it, or writes next, syncs it. Raises StoreFailed.
        """
        if not (self._down or self._asleep.crowded) and self._io.acquire(blocking=False):
            try:
                self._put_down()
                if self._down:
                    self._open.handles[JOURNAL].begin_sync()
            finally:
                self._io.release()

    def promise(self) -> Ticket:
        """The ticket of a frame that is yet to be submitted."""
        return Ticket(0, 0, self._awaited)

    def write_soon(self) -> None:
        """Have the writer thread write what is pending."""
        self._start("persist-writer", self._run_writer)
        self._wake.ring()

    def flush(self) -> None:
        """Everything that was submitted so far is written and synced; raises StoreFailed."""
        self.refuse_shut()
        if self._last is not None:
            self._asleep.wait(self._last, self._io, self._write_pending)
        self.refuse_shut()

    def wait(self, ticket: Ticket) -> int:
        """Until this one is on the disk; returns its sequence. Raises StoreFailed."""
        self._asleep.wait(ticket, self._io, self._write_pending)
        return ticket.durable()

    def sync_mirror(self) -> None:
        """Sync the mirror if it is behind; raises StoreFailed."""
        self.refuse_shut()
        with self._mirror_lock:
            handle = self._open.handles.get(MIRROR)
            if handle is not None and self._mirror_dirty:
                self._on_disk(self._sync, handle)
        self.refuse_shut()  # another thread's sync failed while this one waited for its turn

    def refuse_fenced(self) -> None:
        """Raise StoreFailed, and shut, once another writer has taken over."""
        with self._io:
            self._on_disk(self._fence)

    def refuse_shut(self) -> None:
        """Raise StoreFailed once this committer is shut; ForkedChild in a forked process."""
        refuse_child(self.latches.pid)
        if self.failed:
            raise StoreFailed(f"this store is shut: {self.failed}")

    def shut(self, why: str) -> None:
        """Let nothing be written any more, and fail whatever waits."""
        if not self.failed or self.failed is INTERRUPTED:
            self.failed = why
        with self._guard:
            lost, self._pending, self._down = [*self._down, *self._pending], [], []
        _fail([each.ticket for each in lost], f"this store is shut: {self.failed}")
        with contextlib.suppress(IndexError):  # there is no more of them
            while True:
                _fail([self.taken.popleft().ticket], f"this store is shut: {self.failed}")

    def whole(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do what may not be left halfway: whatever ends it shuts the store.

        A PersistError is its answer and goes on as it is. Called while the locks are held that keep
        others from seeing a half.
        """
        try:
            return work(*args, **kwargs)
        except PersistError:
            raise
        except BaseException as problem:
            self.failed = self.failed or INTERRUPTED  # first, and in one step
            self._shut_by(problem)
            raise

    def end_threads(self) -> None:
        """Wait until the threads have ended. They may want what the caller of ``close`` holds."""
        self._ending = True
        for bell in (self._wake, self._mirror_due, self._end):
            bell.ring()
        for thread in self._threads:
            with contextlib.suppress(RuntimeError):  # it has not begun, and will find the end
                thread.join()

    def close(self) -> None:
        """Write what is pending, sync both copies, cut what was reserved, stop the threads."""
        try:
            self.end_threads()
            with self._io:
                if not self.failed:
                    self._write_pending()
                if not self.failed:
                    self._on_disk(self._sync_and_cut)
        finally:
            self.shut("it was closed")
            self._drop_handles()

    # -- inside

    def _chain(
        self,
        kind: int,
        payload: bytes,
        on_durable: Callable[[], None] | None = None,
        opens: str = "",
        promised: Ticket | None = None,
    ) -> Ticket:
        with self._guard:
            if self.failed:
                raise StoreFailed(f"this store is shut: {self.failed}")
            now_ms = self._clock.now_ms()
            if not 0 <= now_ms < _WALL_MS_END:
                raise BadValue(f"a frame field is out of range: wall time {now_ms}")
            ticket = self.promise() if promised is None else promised
            ticket.seq, ticket.wall_ms, ticket.on_durable = self.seq + 1, now_ms, on_durable
            self._pending.append(_Pending(kind, payload, ticket, opens))
            self.seq, self._last = ticket.seq, ticket
            self._pending_bytes += len(payload) + OVERHEAD_BYTES
            self._segment_bytes += len(payload) + OVERHEAD_BYTES
            return ticket

    def _begin_segment(self) -> None:
        name = segment_name(self._epoch, self.seq + 1)
        self._segment_bytes = 0
        reserved = self._options.reserve_bytes > 0
        told = opening(name, mirror=MIRROR in self.copies, reserved=reserved)
        self._chain(OPEN, told, opens=name)

    @edge
    def _awaited(self, ticket: Ticket) -> None:
        self.make()
        self.wait(ticket)

    def _write_pending(self) -> None:
        """Put down what is pending, sync it with what was put down before, and tell."""
        self._asleep.gather(lambda: len(self._pending))
        self._put_down()
        group = self._down
        if not group:
            return
        try:
            self._sync_down()
            self._fence()
            self._down = []
            self._acknowledge(group)
        except BaseException as problem:
            self._broken(problem, group)
            raise

    def _put_down(self) -> None:
        group: list[_Pending] = []
        if not self._pending:
            return
        try:
            with self._guard:
                group, self._pending = self._pending, group
                self._pending_bytes = 0
            if group:
                self._fence()
                self._write(group)
                self._down += group
        except BaseException as problem:
            self._broken(problem, group)
            raise

    def _broken(self, problem: BaseException, group: list[_Pending]) -> None:
        """Shut by what ended a write of these; raises StoreFailed where the disk did."""
        self.failed = self.failed or INTERRUPTED  # first, and in one step
        _fail([each.ticket for each in group], self._shut_by(problem))
        if of_the_disk(problem):
            raise StoreFailed(self.failed) from problem

    def _acknowledge(self, group: list[_Pending]) -> None:
        self.durable_seq = group[-1].ticket.seq
        self._asleep.count()
        for each in reversed(group):
            if each.kind == COMMIT:
                self._acknowledged(each.ticket.seq, each.ticket.wall_ms)
                break
        for each in group:
            ticket = each.ticket
            ticket.done = True
            if ticket.on_durable is not None:
                ticket.on_durable()
            ticket.wake()

    def _write(self, group: list[_Pending]) -> None:
        parts: list[bytes] = []
        for each in group:
            if each.opens:
                self._put(parts)
                parts = []
                self._open_segment(each.opens)
            joined = bool(parts) or self._open.unsynced
            data, self.tip = encode(
                each.kind, self.tip, self._epoch, each.ticket.wall_ms, each.payload, joined=joined
            )
            parts.append(data)
        self._put(parts)

    def _sync_down(self) -> None:
        self._open.sync_journal()
        if MIRROR in self._open.handles:
            was_dirty, self._mirror_dirty = self._mirror_dirty, True
            if self._options.mirror == "ack" or self._open.new:
                self.sync_mirror()
                self._open.new = False
            else:
                self._start("persist-mirror", self._run_mirror)
                if not was_dirty:
                    self._mirror_due.ring()

    def _put(self, parts: list[bytes]) -> None:
        data = b"".join(parts)
        if not data:
            return
        due = self._open.size + len(data)
        if due > self._open.reserved and self._options.reserve_bytes:
            self._reserve(due, "what was pending is not saved")
        self._open.write(data)

    def _reserve(self, due: int, otherwise: str) -> None:
        """Space for ``due`` bytes of this segment and some more; at least for these, or raise."""
        with self._mirror_lock:
            full = self._on_disk(self._open.reserve, due, self._options.reserve_bytes)
        if full is not None:
            raise StoreFailed(f"no room on the disk, {otherwise}: {full}") from full

    def _open_segment(self, name: str) -> None:
        if self._open.handles:
            self._sync_and_cut()
            self._drop_handles()
        for copy in self.copies:
            self._open.handles[copy] = self._fs.create(f"{copy}/{name}")
        for copy in self.copies:
            self._fs.fsync_dir(copy)

    def _sync(self, mirror: Handle) -> None:
        self._mirror_dirty = False
        mirror.fsync()

    def _sync_and_cut(self) -> None:
        with self._mirror_lock:
            self._open.sync_and_cut()
            self._mirror_dirty = False

    def _drop_handles(self) -> None:
        with self._mirror_lock:
            try:
                self._open.close()
            finally:
                self._open = SegmentFiles()

    def _on_disk(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Whatever ends the work early, a frame may be on the disk that nobody acknowledged."""
        try:
            return work(*args, **kwargs)
        except BaseException as problem:
            self._broken(problem, [])
            raise

    def _shut_by(self, problem: BaseException) -> str:
        """Shut by what ended a write; why."""
        if isinstance(problem, PersistError):
            why = problem.detail
        elif of_the_disk(problem):
            why = f"journal: {problem}"
        else:
            why = f"{INTERRUPTED} ({problem!r})"
        self.shut(why)
        return why

    # -- the threads; a failure in one shuts the committer, and the next call on the store raises it

    def _start(self, name: str, run: Callable[[], None]) -> None:
        if name not in self._begun:
            self.whole(self._begin_thread, name, run)

    def _begin_thread(self, name: str, run: Callable[[], None]) -> None:
        self._begun.add(name)
        spawn(name, run, self._threads.append)

    def _run_writer(self) -> None:
        """Have made and write what nobody waits for."""
        while not self._ending and not self.failed:
            self._wake.wait()
            with contextlib.suppress(StoreFailed):
                self.make()
                with self._io:
                    self._write_pending()

    def _run_mirror(self) -> None:
        """Keep the mirror's sync at most a little behind."""
        while not self._ending and not self.failed:
            self._mirror_due.wait()
            if not self._end.wait(self._options.mirror_sync_ms / 1000):
                with contextlib.suppress(StoreFailed):
                    self.sync_mirror()


def _fail(tickets: list[Ticket], why: str) -> None:
    for ticket in tickets:
        if not ticket.done:
            ticket.failed, ticket.done = why, True
            ticket.wake()
