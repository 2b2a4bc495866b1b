"""Reading both copies of the journal, and putting damaged ones right.

``read_segments`` never writes; a copy that the disk refuses to read counts as damaged. ``heal``
replaces a copy that is not what the chain says it ought to be, whole and atomically, so that a
crash at any point leaves the old file or the new one; a second heal finds nothing to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_persist.journal.chain import Fault, Placed, Scan, scan
from prometheus_persist.storage.fs import Fs, replace_file
from prometheus_persist.storage.layout import COPIES, segment_epoch


@dataclass(slots=True)
class Segments:
    """All whole frames of all copies, all faults, and the highest epoch any file name carries."""

    frames: list[Placed] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)
    epoch_max: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    def take(self, found: Scan) -> None:
        """Add one copy's scan."""
        self.frames.extend(found.frames)
        self.faults.extend(found.faults)

    def differs(self, path: str, due: bytes) -> bool:
        """Whether this copy, which could be read, is not what it ought to be."""
        return self.sizes[path] != len(due) or self.digests[path] != _digest(due)


def read_segments(fs: Fs) -> Segments:
    """Scan every copy of every segment; equal copies are scanned once."""
    found = Segments()
    for copy in COPIES:
        for name in fs.list_dir(copy):
            epoch = segment_epoch(name)
            if epoch is not None:
                found.names.setdefault(name, set()).add(copy)
                found.epoch_max = max(found.epoch_max, epoch)
    for name in sorted(found.names):
        seen: bytes | None = None
        for copy in COPIES:
            if copy not in found.names[name]:
                continue
            path = f"{copy}/{name}"
            try:
                data = fs.read(path)
            except OSError as problem:
                found.unreadable[path] = str(problem)
                continue
            found.sizes[path], found.digests[path] = len(data), _digest(data)
            if data != seen:
                found.take(scan(path, data))
            seen = data
    return found


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data).hexdigest()


def heal(fs: Fs, due: Mapping[str, bytes]) -> list[str]:
    """Make both copies of the segments in ``due`` what they ought to be; returns what it wrote."""
    written = []
    for name, content in due.items():
        for copy in COPIES:
            path = f"{copy}/{name}"
            if not _holds(fs, path, content):
                fs.make_dir(copy)
                replace_file(fs, path, content)
                written.append(path)
    return written


def _holds(fs: Fs, path: str, content: bytes) -> bool:
    try:
        return fs.size(path) == len(content) and fs.read(path) == content
    except OSError:
        return False  # what cannot be read is replaced
