"""What was acknowledged, beside the journal: so that a journal that was cut says so.

A cut exactly between two frames leaves two whole copies that end earlier, and nothing in them tells
that they ever went on. So the newest commit that was acknowledged stands in the file by which the
epoch was drawn (``store.lock.e…``, see ``lock.py``): its sequence, its time, and a checksum.

- It is written after the sync and before the acknowledgement, never synced: it costs one write into
  memory. What it says was on the disk (S1), so it can only lag behind: after a power cut by a
  little, after SIGKILL by nothing.
- It speaks of the one directory that it was made in. A copy taken while a writer lives may have a
  newer mark than journal; so the mark holds the device and inode of its own file, and counts only
  where it is still that file, under one name. Hence it also says nothing where a device got another
  number with a reboot, or a backup was brought back.
- Where it cannot be written, nothing is refused: it proves more than is promised.
"""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import ROOT, drawn_epoch

MARK_BYTES_MAX = 256
_N = rb"(\d{1,20})"
_FORM = re.compile(rb"(acknowledged %b at %b in %b:%b) ([0-9a-f]{8})\n *" % ((_N,) * 4))


class Mark(NamedTuple):
    """The newest commit that was acknowledged, when it was written, and the file that says so."""

    seq: int
    wall_ms: int
    file: str


def marked(seq: int, wall_ms: int, inode: tuple[int, int]) -> bytes:
    """The content of a mark in the file that is this inode; as long for every commit."""
    device, number = inode
    text = f"acknowledged {seq} at {wall_ms} in {device}:{number}".encode("ascii")
    line = b"%s %08x\n" % (text, zlib.crc32(text))
    return line.ljust(MARK_BYTES_MAX // 2)


def mark_in(content: bytes, inode: tuple[int, int] | None, file: str) -> Mark | None:
    """The mark, where there is one and it speaks of this file. Raises StoreDamaged."""
    if not content.strip(b"\0"):
        return None  # nothing was committed, or the power went before it got to the disk
    found = _FORM.fullmatch(content)
    if found is None or int(found[6], 16) != zlib.crc32(found[1]):
        raise StoreDamaged("it does not say what was acknowledged", file=file)
    if (int(found[4]), int(found[5])) != inode:
        return None
    return Mark(int(found[2]), int(found[3]), file)


def marks(fs: Fs) -> list[str]:
    """The files that may hold a mark."""
    names = (name for name in fs.list_dir(ROOT) if drawn_epoch(name) is not None)
    return [name for name in names if fs.size(name) is not None]


def read_mark(fs: Fs, file: str) -> Mark | None:
    """The mark in a file. Raises StoreDamaged, OSError."""
    return mark_in(fs.read_part(file, 0, MARK_BYTES_MAX), fs.inode(file), file)
