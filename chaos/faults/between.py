"""Something else happens in the middle: at one point of a call another thread acts.

A point is a moment within a call: before an operation on the disk or once it is done
(``ActingFs``), before a request to an exchange or after its answer (``wire``), before a line of the
library's own code (``tracing``). ``Between`` numbers the points of each kind from 1, those of one
thread only, and at one of them has its ``act`` done and the caller stand still meanwhile.

``Other`` is the thread that acts. It may have to wait for what the caller holds; so the caller goes
on once the other has ended or stands still, and whoever made both asks in the end whether they have
``ended``: a thread that has not within ``LONG_S`` is a deadlock, which is a finding and no hang.
"""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.through import ThroughFs, Value

PointKind = Literal["operation", "done", "request", "answer", "line"]
LONG_S = 20.0
STILL_LOOKS = 3
LOOK_S = 0.001
_Trace = Callable[[FrameType, str, Any], Any]


class Other:
    """One thread that does ``deed``; what it raises is kept in ``failed``."""

    def __init__(self, deed: Callable[[], object], name: str) -> None:
        self.failed: BaseException | None = None
        self._deed = deed
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once.

        Whoever starts it waits for its first step, and may hold a lock: no collection may come in
        there, whose finalizers would wait for that lock.
        """
        collects = gc.isenabled()
        gc.disable()
        try:
            self._thread.start()
        finally:
            if collects:
                gc.enable()

    def stand_still(self) -> None:
        """Until it has ended, or waits for something."""
        looks, last = 0, (0, 0)
        while looks < STILL_LOOKS and self._thread.is_alive():
            time.sleep(LOOK_S)
            frame = sys._current_frames().get(self._thread.ident or 0)
            now = (id(frame), frame.f_lasti) if frame is not None else (0, 0)
            still = now == last and self._sleeps()
            looks, last = (looks + 1 if still else 0), now

    def _sleeps(self) -> bool:
        """Whether the kernel has it wait, and not only for a processor; if it tells."""
        try:
            told = Path(f"/proc/self/task/{self._thread.native_id}/stat").read_text()
        except OSError:
            return True
        return told.rpartition(") ")[2].startswith("S")

    def ended(self) -> bool:
        """Whether it comes to its end, given time."""
        self._thread.join(LONG_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._deed()
        except BaseException as problem:  # noqa: BLE001 whoever started it asks
            self.failed = problem


@dataclass(slots=True)
class Between:
    """Numbers the points of the thread that is within ``watched``; acts at the ``at``-th of
    ``kind``. The default only counts. ``log`` names them all, ``struck`` the one, empty where it
    never came."""

    kind: PointKind | None = None
    at: int = 0
    act: Callable[[], object] = lambda: None
    counts: Counter[str] = field(default_factory=Counter)
    log: list[tuple[PointKind, int, str]] = field(default_factory=list)
    struck: str = ""
    _owner: int = 0

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """The points of this thread count, for as long as the block lasts."""
        self._owner = threading.get_ident()
        try:
            yield
        finally:
            self._owner = 0

    def here(self, kind: PointKind, what: str) -> None:
        """A point has come. Operations are also counted whoever does them."""
        if kind == "operation":
            self.counts["every operation"] += 1
        if threading.get_ident() != self._owner:
            return
        self.counts[kind] += 1
        self.log.append((kind, self.counts[kind], what))
        if kind == self.kind and self.counts[kind] == self.at:
            self.struck = what
            self.act()

    def wire(self, fetch: Callable[..., Any]) -> Callable[..., Any]:
        """The same transport of a client, its requests and answers points."""

        def watched(url: str, *args: Any) -> Any:
            place = url.partition("/api/v5/")[2].partition("?")[0]
            self.here("request", place)
            try:
                return fetch(url, *args)
            finally:  # a refusal is an answer, too
                self.here("answer", place)

        return watched

    @contextlib.contextmanager
    def tracing(self, files: Collection[str]) -> Iterator[None]:
        """Every line of these files is a point when it is reached first, in this thread."""
        seen: set[tuple[str, int]] = set()

        def called(frame: FrameType, _event: str, _arg: Any) -> _Trace | None:
            return line if frame.f_code.co_filename in files else None

        def line(frame: FrameType, event: str, _arg: Any) -> _Trace:
            at = (frame.f_code.co_filename, frame.f_lineno)
            if event == "line" and at not in seen:
                seen.add(at)
                name = at[0].rpartition("/")[2]
                self.here("line", f"{name}:{at[1]} {frame.f_code.co_name}")
            return line

        before = sys.gettrace()
        sys.settrace(called)
        try:
            yield
        finally:
            sys.settrace(before)


class ActingFs(ThroughFs):
    """An ``Fs`` with a point before and after each operation. No lock is held while somebody
    acts."""

    def __init__(self, inner: Fs, between: Between) -> None:
        super().__init__(inner)
        self.between = between

    def carry_out(
        self, operation: str, path: str, act: Callable[[], Value], *, read: bool = False
    ) -> Value:
        """Something may happen before it, and after."""
        self.between.here("operation", f"{operation} {path}")
        try:
            return super().carry_out(operation, path, act, read=read)
        finally:
            self.between.here("done", f"{operation} {path}")
