"""Reading both copies of the journal, and putting damaged ones right.

``read_segments`` never writes, and reads no more segments than it is asked for: their names say in
which order they were begun, and with which frame. A name is a hint and no proof: anybody can put a
file under any name. So whoever reads a part of the segments asks by ``reaches`` whether it was the
right part, and ``epoch_after`` counts a name only where the file's own first frame says the same.
A segment may end in zeros: space that was given to it and not used. Of a file longer than any
segment no more is read than a segment can have. A copy that the disk refuses to read counts as
damaged; what is no file at all is a stranger's. A segment that was begun without a mirror has one
copy, and is due no second one. ``heal``
replaces a copy that is not what the chain says it ought to be, whole and atomically, so that a
crash at any point leaves the old file or the new one; a second heal finds nothing to repair.

What is read back and built on has to outlive a power cut, and reading proves nothing: after a sync
that failed the kernel keeps the pages, calls them clean, and no later sync writes them. Nobody may
be left who knows of it. So ``heal`` writes the newest segment anew, both copies, from the bytes
that were read and checked by their digests, unless it is proven that they were synced.

- Proof is a checkpoint or a snapshot that stands on the newest frame: either is begun only once the
  syncs of both copies up to that frame have succeeded, and is named only once it is synced itself.
- No older segment is in doubt. Within an epoch the next segment is begun only after a sync of the
  one before it, in both copies, has succeeded; a sync that fails shuts the writer. And a writer
  begins its first segment only after ``heal`` has made sure of the newest one that it found. So
  where a segment has a successor by name, it was synced whole before that name was there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from prometheus_persist.journal.chain import (
    EPOCH_LEAP,
    ChainFault,
    PlacedFrame,
    Scan,
    SegmentRun,
    mirrored,
    scan,
)
from prometheus_persist.journal.frame import (
    FRAME_PAYLOAD_BYTES_MAX,
    MAGIC,
    OPEN,
    FrameState,
    Tip,
    read,
)
from prometheus_persist.storage.fs import Fs, NotAFile
from prometheus_persist.storage.interrupts import only_of_the_disk
from prometheus_persist.storage.layout import (
    COPIES,
    JOURNAL,
    MIRROR,
    segment_epoch,
    segment_start,
)
from prometheus_persist.storage.replacing import replace_file, sync_file

# A segment is left once it is full (64 MiB), and ends with a whole frame and reserved space.
SEGMENT_BYTES_MAX = 2 * FRAME_PAYLOAD_BYTES_MAX + 8 * 1024 * 1024


HEAD_BYTES = 4096  # more than a first frame has
UNUSED_BYTES_MAX = 4 * 1024 * 1024
KEPT_BYTES_MAX = 16 * 1024 * 1024
ZEROS_AT_ONCE = 64 * 1024


@dataclass(slots=True)
class Segments:
    """All whole frames of all copies, and all faults, of the segments in ``names``."""

    frames: list[PlacedFrame] = field(default_factory=list)
    faults: list[ChainFault] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # without the zeros at the end
    lengths: dict[str, int] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)  # of the last frame; see ``_seal``
    unreadable: dict[str, str] = field(default_factory=dict)
    strange: dict[str, str] = field(default_factory=dict)  # no files; nothing can have been lost

    def take(self, found: Scan) -> None:
        """Add one copy's scan."""
        self.frames.extend(found.frames)
        self.faults.extend(found.faults)

    def reaches(self, tip: Tip) -> bool:
        """Whether what was read goes on from ``tip``: has that frame, or the one after it."""
        if not tip.seq:
            return True
        frames = (placed.frame for placed in self.frames)
        return any(tip.digest in (frame.digest, frame.previous) for frame in frames)

    def proven(self) -> set[str]:
        """The segments whose own first frame says that they are."""
        return {
            placed.file.rpartition("/")[2]
            for placed in self.frames
            if placed.frame.kind == OPEN and not placed.astray
        }

    def differs(self, path: str, due: SegmentRun) -> bool:
        """Whether this copy, which could be read, is not what it ought to be."""
        return self.ends_otherwise(path, len(due), due.digest)

    def ends_otherwise(self, path: str, length: int, digest: bytes) -> bool:
        """Whether this copy is other than linked frames of this length, of which the last has this
        digest; it covers all before it, so that no byte is looked at again."""
        return self.lengths[path] < length or self.digests[path] != digest


def segment_copies(fs: Fs) -> dict[str, set[str]]:
    """In which folders each segment lies, by name, oldest first."""
    found: dict[str, set[str]] = {}
    for copy in COPIES:
        for name in fs.list_dir(copy):
            if segment_epoch(name) is not None:
                found.setdefault(name, set()).add(copy)
    return dict(sorted(found.items()))


def begun(fs: Fs, copies: Mapping[str, Iterable[str]]) -> dict[str, bytes]:
    """What each segment follows, by the head of a copy: the digest of the frame before the one that
    begins it; nothing for one that a writer made and never used. Left out: what is neither.

    Who removes segments asks this: no other file is removed.
    """
    found: dict[str, bytes] = {}
    for name, folders in copies.items():
        heads = [_head(fs, f"{copy}/{name}") for copy in folders]
        first = [head.frames[0] for head in heads if head.frames and _is_first(head.frames[0])]
        if first:
            found[name] = first[0].frame.previous
        elif all(not head.frames and _unused(fs, head) for head in heads):
            found[name] = b""
    return found


def successor(fs: Fs, name: str, folders: Iterable[str], follows: Mapping[str, bytes]) -> str:
    """The segment that goes on where ``name`` ends, by the last digest in it; "" for none."""
    for path in (f"{copy}/{name}" for copy in folders):
        try:
            end = max((fs.size(path) or 0) - UNUSED_BYTES_MAX, 0)
            used = fs.read_part(path, end, UNUSED_BYTES_MAX).rstrip(b"\0")
        except OSError as problem:
            only_of_the_disk(problem)
            continue
        for other, digest in follows.items():
            if digest.strip(b"\0") and used.endswith(digest.rstrip(b"\0")):
                return other
    return ""


def _is_first(placed: PlacedFrame) -> bool:
    return placed.frame.kind == OPEN and not placed.offset and not placed.astray


def _head(fs: Fs, path: str) -> Scan:
    """What the first bytes of a copy say; a fault where it is not known."""
    try:
        data = fs.read_part(path, 0, HEAD_BYTES)
    except OSError as problem:
        only_of_the_disk(problem)
        return Scan(path, faults=[ChainFault(path, 0, FrameState.BAD_HEADER)])
    head = Scan(path)
    seen, frame = read(data, 0)
    if frame is not None:
        return scan(path, data[: frame.end])
    if data.strip(b"\0"):
        head.faults.append(ChainFault(path, 0, seen))
    return head


def _unused(fs: Fs, head: Scan) -> bool:
    """Whether there is nothing in it, and no more of that than a writer reserves."""
    return (
        not head.faults
        and (fs.size(head.file) or 0) <= UNUSED_BYTES_MAX
        and not fs.read(head.file).strip(b"\0")
    )


def names_after(names: Iterable[str], tip: Tip) -> list[str]:
    """The segments that can hold a frame after ``tip``, oldest first.

    A segment ends where the next one by name begins, so all before the last one that begins at or
    before the frame after the tip hold older frames only.
    """
    ordered, due = sorted(names), (tip.epoch, tip.seq + 1)
    starts = [segment_start(name) or (0, 0) for name in ordered]
    before = sum(start <= due for start in starts)
    return ordered[max(before - 1, 0) :]


def epoch_after(fs: Fs, copies: Mapping[str, set[str]], found: Segments, newest: Tip) -> int:
    """The epoch of the next writer: above every one that is proven, and in nobody's name.

    Proven is that of the newest frame, and that of a segment whose own first frame says so, unless
    it lies so far ahead (``EPOCH_LEAP``) that no opening of this store can have got there. A name
    alone proves nothing and uses up nothing; but what a writer that was stopped within its opening
    has begun is never written over, so a name that is there is not given again.
    """
    far, proven = newest.epoch + EPOCH_LEAP, newest.epoch
    known = found.proven()
    for name in sorted(copies, reverse=True):
        epoch = segment_epoch(name) or 0
        if epoch <= proven:
            break
        if epoch <= far and name not in found.names:
            known |= read_segments(fs, [name], copies=copies).proven()
        if epoch <= far and name in known:
            proven = epoch
            break
    held = {segment_epoch(name) for name in copies}
    epoch = proven + 1
    while epoch in held:
        epoch += 1
    return epoch


def uneven(
    fs: Fs, copies: Mapping[str, set[str]], names: Iterable[str], *, alone: bool = False
) -> bool:
    """Whether the copies of any of these segments differ in what a look at sizes can tell.

    ``alone``: the store keeps no mirror by now, so none is missed. Else a segment without one is
    asked how it was begun.
    """
    for name in names:
        sizes = {fs.size(f"{copy}/{name}") for copy in copies[name]}
        if len(sizes) != 1 or sizes == {0}:
            return True
        if copies[name] == {MIRROR}:
            return True
        if copies[name] == {JOURNAL} and not alone:
            content = _content(fs, f"{JOURNAL}/{name}")
            if content is None or mirrored(content):
                return True
    return False


def copies_due(segment: SegmentRun) -> tuple[str, ...]:
    """The folders in which this segment ought to lie."""
    return COPIES if segment.mirrored else (JOURNAL,)


class _Reader:
    """Files by path, read when they are asked for; the last ones are kept, no more than fit."""

    def __init__(self, fs: Fs) -> None:
        self._fs = fs
        self._kept: dict[str, bytes] = {}

    def __call__(self, path: str) -> bytes:
        """A file's bytes; raises OSError."""
        data = self._kept.get(path)
        if data is None:
            while self._kept and sum(map(len, self._kept.values())) > KEPT_BYTES_MAX:
                del self._kept[next(iter(self._kept))]  # before another one is there
            data = self._kept[path] = _read(self._fs, path)
        return data


def read_segments(
    fs: Fs,
    names: Collection[str] | None = None,
    *,
    copies: Mapping[str, set[str]] | None = None,
) -> Segments:
    """Scan both copies of these segments, or of every segment; equal copies are scanned once."""
    copies = segment_copies(fs) if copies is None else copies
    found, reader = Segments(), _Reader(fs)
    for name in sorted(copies if names is None else names):
        found.names[name] = set(copies[name])
        seen, data = b"", b""
        scanned = Scan("")
        for copy in COPIES:
            if copy not in found.names[name]:
                continue
            path, data = f"{copy}/{name}", b""  # one copy at a time: they can be large
            try:
                data = reader(path)
                length = fs.size(path) or len(data)
            except FileNotFoundError:
                found.names[name].discard(copy)  # a clean-up took it since it was listed
                continue
            except (NotAFile, IsADirectoryError) as problem:
                found.strange[path] = str(problem.strerror)
                continue
            except OSError as problem:
                only_of_the_disk(problem)
                found.unreadable[path] = str(problem)
                continue
            used = _used(data)
            found.lengths[path], found.sizes[path] = length, used
            digest = hashlib.sha256(data).digest()
            if digest != seen:
                scanned = scan(path, data, reader)
                if length > len(data):
                    scanned.faults.append(ChainFault(path, len(data), FrameState.STRAY))
                found.take(scanned)
            else:
                found.faults += [replace(fault, file=path) for fault in scanned.faults]
            seen = digest
            found.digests[path] = _seal(scanned, used)
    return found


def heal(
    fs: Fs,
    due: Mapping[str, bytes],
    *,
    proven: bool = False,
    mark: str = "",
    fence: Callable[[], None] | None = None,
) -> list[str]:
    """Make every copy of the segments in ``due`` what it ought to be; returns those that were not.

    Space that was given to a segment and never used (zeros at its end) is given back. The newest
    segment is written anew, or, where it is ``proven`` that it was synced whole, synced once more.

    What is due was read a while ago. Whoever took over since may have found a frame more, of a
    writer that was stopped within a write, and have built on it. So no file is changed where it
    lies. The ``fence`` is asked right before each one is put in place, and the temporary names
    carry the opening's own ``mark``: what was stopped between the two finds its temporary file
    gone, as who opens clears those away before it reads.
    """
    repaired, newest = [], max(due, default="")
    for name, content in due.items():
        for copy in COPIES if mirrored(content) else (JOURNAL,):
            path = f"{copy}/{name}"
            found = _content(fs, path)
            same = found is not None and same_frames(found, content)
            if not same:
                fs.make_dir(copy)
                repaired.append(path)
            elif (fs.size(path) or 0) <= len(content) and (proven or name != newest):
                if name == newest:
                    sync_file(fs, path)
                continue
            replace_file(fs, path, content, mark=mark, fence=fence)
    return repaired


def same_frames(data: bytes, due: bytes) -> bool:
    """Whether a file holds what is due, and behind it nothing but zeros."""
    return data.startswith(due) and data.count(0, len(due)) == len(data) - len(due)


def _used(data: bytes) -> int:
    """The length without the zeros at the end; a large file is not copied for it."""
    end = len(data)
    while end and not data[end - 1]:
        start = max(end - ZEROS_AT_ONCE, 0)
        rest = len(data[start:end].rstrip(b"\0"))
        end = start + rest
        if rest:
            break
    return end


def _seal(scanned: Scan, used: int) -> bytes:
    """The digest of the last frame, where linked frames are all there is; else nothing."""
    end, last = 0, b""
    for number, placed in enumerate(scanned.frames):
        if placed.offset != end or (number and placed.frame.previous != last):
            return b""
        end, last = placed.frame.end, placed.frame.digest
    return last if end >= used else b""


def _read(fs: Fs, path: str) -> bytes:
    """A segment; of a file that is longer than any segment, as much as a segment can be."""
    size = fs.size(path)
    if size is not None and size > SEGMENT_BYTES_MAX:
        head = fs.read_part(path, 0, HEAD_BYTES)
        return fs.read_part(path, 0, SEGMENT_BYTES_MAX) if head.startswith(MAGIC) else head
    return fs.read(path)


def _content(fs: Fs, path: str) -> bytes | None:
    try:
        return None if fs.size(path) is None else _read(fs, path)
    except OSError as problem:
        only_of_the_disk(problem)
        return None  # what cannot be read is replaced
