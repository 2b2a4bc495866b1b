"""``recovery_log.txt``: append-only lines, each chained to the one before.

1. A line ends with `` #`` and a link of 32 hexadecimal digits: SHA-256 over the link of the line
   before it and the line itself.
2. The first link is a seal: it is made over every byte that stands before it. So the lines of a log
   from before there was a chain stay readable, and are covered from then on.
3. What a process finds it writes anew, with its own first lines behind it: the sync of the lines
   that it found may have failed, and then no later one would write them. It is a file of its own
   from then on: a writer that was stopped within an append, and taken over from, still has the one
   before, and what it was about to put in place is gone.
4. A line that was cut short by a crash is ended, and the next line says so and is a seal.
5. A power cut may also leave zeros where a sector of the last append never arrived, with lines of
   the same append behind them: what is behind zeros is cut short as well, as long as it carries one
   time, epoch and sequence. No line is ever written with a zero, and a later append was written
   only after the one before it had been synced: zeros with other lines behind them are a forgery.
6. ``check_audit`` names the first line that is not what was written: changed, moved, taken out,
   or put in. Whoever cuts lines off the end is not found out by the log alone.

Raises StoreFailed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from prometheus_persist.errors import StoreFailed
from prometheus_persist.shown import shown
from prometheus_persist.storage.fs import Fs, NotAFile
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import RECOVERY_LOG, ROOT, mark_of
from prometheus_persist.storage.replacing import clear_temporaries
from prometheus_persist.storage.store import append_log

LINK_CHARS = 32
CUT_SHORT = "a line was cut short before this one"
NO_LINK = "what stands before this line carries no link"
_LINK = re.compile(rb" #([0-9a-f]{32})\Z")
_HEAD = re.compile(rb"[^ \0]+ epoch=[0-9]+ seq=[0-9]+ ")


@dataclass(frozen=True, slots=True)
class AuditFault:
    """The first line that cannot be believed: its number (from 1), its byte, and why.

    ``torn``: only the end of the log, cut short by a crash.
    """

    line: int
    offset: int
    problem: str
    torn: bool = False


def link_of(previous: str, line: bytes) -> str:
    """The link of ``line`` after the link or seal ``previous``."""
    return hashlib.sha256(previous.encode("ascii") + b"\n" + line).hexdigest()[:LINK_CHARS]


def check_audit(data: bytes) -> AuditFault | None:
    """What is wrong with a log; None where every line is proven, or none is chained."""
    *lines, rest = data.split(b"\n")
    reader = _Reader()
    for line in lines:
        fault = reader.take(line)
        if fault is not None:
            return fault
    return reader.end(rest)


class _Reader:
    """Walks the lines; ``loose`` is the first without a link since the last one that had one."""

    def __init__(self) -> None:
        self._before = hashlib.sha256()
        self._link = ""
        self._loose: AuditFault | None = None
        self._strange: AuditFault | None = None  # a link before the chain's own first one
        self._hole: _Hole | None = None
        self._line = 0
        self._offset = 0

    def take(self, line: bytes) -> AuditFault | None:
        self._line += 1
        found = _LINK.search(line)
        fault = None
        if b"\0" in line:
            self._hole = self._hole or _Hole(self._line, self._offset)
            fault = self._hole.more(line)
        elif self._hole is not None:
            fault = self._behind(line, found, self._hole)
        elif found is not None:
            fault = self._linked(line, found)
        elif self._loose is None:
            self._loose = self._fault("it carries no link")
        self._before.update(line + b"\n")
        self._offset += len(line) + 1
        return fault

    def end(self, rest: bytes) -> AuditFault | None:
        loose = self._loose if self._link else None
        if self._strange or loose:
            return self._strange or loose
        if self._hole:
            return self._hole.end()
        if rest:
            return AuditFault(self._line + 1, self._offset, "the last line was cut short", True)
        return None

    def _linked(self, line: bytes, found: re.Match[bytes]) -> AuditFault | None:
        text, link = line[: found.start()], found[1].decode("ascii")
        sealed = link == link_of(self._before.hexdigest(), text)
        if sealed and self._link and self._loose and not text.endswith(CUT_SHORT.encode()):
            return self._loose
        if not sealed and not self._link:
            self._strange = self._strange or self._fault("its link is no link of this log")
            return None
        if not sealed and self._loose:
            return self._loose
        if not sealed and link != link_of(self._link, text):
            return self._fault("it is not the line that was written after the one before it")
        self._link, self._loose, self._strange = link, None, None
        return None

    def _behind(self, line: bytes, found: re.Match[bytes] | None, hole: _Hole) -> AuditFault | None:
        text, link = line, ""
        if found is not None:
            text, link = line[: found.start()], found[1].decode("ascii")
        sealed = link == link_of(self._before.hexdigest(), text)
        if sealed and text.endswith(CUT_SHORT.encode()):
            self._link, self._loose, self._hole = link, None, None
            return None
        return hole.take(text, link)

    def _fault(self, problem: str) -> AuditFault:
        return AuditFault(self._line, self._offset, f"line {self._line}: {problem}")


class _Hole:
    """Zeros, and what stands behind them: what may be left of one append, or a forgery."""

    def __init__(self, line: int, offset: int) -> None:
        problem = f"line {line}: a part of it never reached the disk"
        self._fault = AuditFault(line, offset, problem, torn=True)
        self._head: bytes | None = None  # time, epoch and sequence of the append
        self._link = ""  # of the line before
        self._ended = False  # by a line without a link: a seal has to follow

    def more(self, line: bytes) -> AuditFault | None:
        """A line with zeros in it; its ends may tell which append it is of."""
        found = _LINK.search(line)
        self._link = found[1].decode("ascii") if found else ""
        ends = (line, line[line.rindex(b"\0") + 1 :])
        return self._forged() if self._ended or not all(map(self._same_append, ends)) else None

    def take(self, text: bytes, link: str) -> AuditFault | None:
        """A whole line behind the zeros, and its link."""
        chained = not self._link or link == link_of(self._link, text)
        whole = not link or (_HEAD.match(text) and self._same_append(text) and chained)
        if self._ended or not whole:
            return self._forged()
        self._link, self._ended = link, not link
        return None

    def end(self) -> AuditFault:
        """What the log is, where it ends here."""
        return self._forged() if self._ended else self._fault

    def _same_append(self, text: bytes) -> bool:
        head = _HEAD.match(text)
        if head is None:
            return True
        self._head = self._head or head[0]
        return self._head == head[0]

    def _forged(self) -> AuditFault:
        return replace(
            self._fault, problem=f"line {self._fault.line}: zeros were put in", torn=False
        )


class AuditLog:
    """The log of one open store. ``fence`` raises once another writer than that of this ``epoch``
    has taken over."""

    def __init__(self, fs: Fs, fence: Callable[[], None], epoch: int = 0) -> None:
        self._fs = fs
        self._fence = fence
        self._temporary = mark_of(epoch)
        self._link: str | None = None

    def append(self, head: str, lines: Sequence[str]) -> None:
        """Append lines durably, each after ``head``."""
        self._fence()
        link, self._link = self._link, None  # what fails halfway is looked at anew
        written: list[str] = []
        found = None
        if link is None:
            found = self._found()
            link, before = _end(found)
            written += [""] if found and not found.endswith(b"\n") else []
            lines = [*([before] if before else []), *lines]
        for line in lines:
            text = shown(f"{head} {line}")
            link = link_of(link, text.encode("utf-8"))
            written.append(f"{text} #{link}")
        mark, fence = self._temporary, self._fence
        append_log(self._fs, RECOVERY_LOG, written, found, mark=mark, fence=fence)
        self._link = link

    def _found(self) -> bytes:
        """What is there already; what somebody was about to put in its place goes."""
        try:
            clear_temporaries(self._fs, (ROOT,))
            there = RECOVERY_LOG in self._fs.list_dir(ROOT)
            return self._fs.read(RECOVERY_LOG) if there else b""
        except OSError as problem:
            only_of_the_disk(problem)
            failed = StoreFailed(f"{RECOVERY_LOG}: {problem}")
            if not isinstance(problem, NotAFile):  # that is somebody's, and nothing to repair
                failed.next_step, failed.command = "next.log_unread", ("repair",)
            raise failed from problem


def _end(data: bytes) -> tuple[str, str]:
    """What the next line is chained to, and what has to be said of what stands before it."""
    if not data:
        return hashlib.sha256().hexdigest(), ""
    fault = check_audit(data)
    torn = not data.endswith(b"\n") or (fault is not None and fault.torn)
    last = data.removesuffix(b"\n").rpartition(b"\n")[2]
    found = None if torn else _LINK.search(last)
    if found is not None:
        return found[1].decode("ascii"), ""
    seal = hashlib.sha256(data + (b"" if data.endswith(b"\n") else b"\n")).hexdigest()
    return seal, CUT_SHORT if torn else NO_LINK
