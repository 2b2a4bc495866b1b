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
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Literal, TypeVar

from prometheus_persist.storage.fs import Fs, Handle

PointKind = Literal["operation", "done", "request", "answer", "line"]
LONG_S = 20.0
STILL_LOOKS = 3
LOOK_S = 0.001
_T = TypeVar("_T")
_Trace = Callable[[FrameType, str, Any], Any]


class Other:
    """One thread that does ``deed``; what it raises is kept in ``failed``."""

    def __init__(self, deed: Callable[[], object], name: str) -> None:
        self.failed: BaseException | None = None
        self._deed = deed
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

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


class ActingFs:
    """An ``Fs`` with a point before and after each operation. No lock is held while somebody
    acts."""

    def __init__(self, inner: Fs, between: Between) -> None:
        self.inner = inner
        self.between = between

    def make_dir(self, path: str) -> None:
        """Points."""
        self._do("make_dir", path, lambda: self.inner.make_dir(path))

    def list_dir(self, path: str) -> list[str]:
        """Points."""
        return self._do("list_dir", path, lambda: self.inner.list_dir(path))

    def size(self, path: str) -> int | None:
        """Points."""
        return self._do("size", path, lambda: self.inner.size(path))

    def read(self, path: str) -> bytes:
        """Points."""
        return self._do("read", path, lambda: self.inner.read(path))

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """Points."""
        return self._do("read", path, lambda: self.inner.read_part(path, start, size))

    def append(self, path: str) -> Handle:
        """Points, and so is all that is done with the handle."""
        return _Acting(self._do("append", path, lambda: self.inner.append(path)), path, self)

    def create(self, path: str) -> Handle:
        """Points, and so is all that is done with the handle."""
        return _Acting(self._do("create", path, lambda: self.inner.create(path)), path, self)

    def truncate(self, path: str, size: int) -> None:
        """Points."""
        self._do("truncate", path, lambda: self.inner.truncate(path, size))

    def rename(self, source: str, target: str) -> None:
        """Points."""
        self._do("rename", target, lambda: self.inner.rename(source, target))

    def unlink(self, path: str) -> None:
        """Points."""
        self._do("unlink", path, lambda: self.inner.unlink(path))

    def fsync_dir(self, path: str) -> None:
        """Points."""
        self._do("fsync_dir", path, lambda: self.inner.fsync_dir(path))

    def _do(self, operation: str, path: str, act: Callable[[], _T]) -> _T:
        self.between.here("operation", f"{operation} {path}")
        try:
            return act()
        finally:
            self.between.here("done", f"{operation} {path}")


class _Acting:
    """A handle of an ``ActingFs``."""

    def __init__(self, inner: Handle, path: str, fs: ActingFs) -> None:
        self._inner = inner
        self._path = path
        self._fs = fs

    def write(self, data: bytes) -> None:
        """Points."""
        self._fs._do("write", self._path, lambda: self._inner.write(data))

    def reserve(self, size: int) -> None:
        """Points."""
        self._fs._do("reserve", self._path, lambda: self._inner.reserve(size))

    def cut(self) -> None:
        """Points."""
        self._fs._do("cut", self._path, self._inner.cut)

    def fsync(self) -> None:
        """Points."""
        self._fs._do("fsync", self._path, self._inner.fsync)

    def close(self) -> None:
        """No point: it changes nothing on the disk."""
        self._inner.close()
