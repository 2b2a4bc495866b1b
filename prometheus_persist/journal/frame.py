"""One commit is one frame. This header is the format page.

    offset  size  field
         0     4  magic            b"PPJ1"
         4     2  format version   1
         6     1  kind             1 OPEN (a writer takes over: new epoch), 2 COMMIT
         7     1  flags            1 JOINED: one write put this frame and the one before it
         8     4  payload length   bytes, at most FRAME_PAYLOAD_BYTES_MAX
        12     8  epoch            grows with every writer that opens the store
        20     8  sequence         grows by one with every frame, over all epochs and segments
        28     8  wall time        Unix ms; shown to people, orders nothing
        36    32  previous digest  the digest of the frame before this one; zeros for the first
        68     4  header CRC-32    over bytes 0..67, so that a flipped length is seen as damage
        72     n  payload          canonical JSON
      72+n    32  digest           BLAKE2b-256 over bytes 0..72+n-1

All integers are little-endian. A frame is whole when both checks hold; the digest also seals the
link to the frame before it, so a frame cannot be moved, dropped or taken from another store.

Reading at an offset has exactly one of these outcomes:

    END             no byte left
    WHOLE           both checks hold
    TORN_HEADER     fewer bytes left than a header has
    TORN_PAYLOAD    a sound header, and fewer bytes than it announces
    TORN_ZEROS      nothing but zeros left (space that was reserved and not yet written)
    STRAY           no header was ever put here, and yet something lies behind: zeros, with at most
                    a few other bytes, where a header would be
    BAD_HEADER      the header's own check fails
    BAD_VERSION     a sound header of a format this code does not know
    BAD_PAYLOAD     a full-length frame whose digest does not fit

Files are written into space reserved with zeros, and a disk takes a write by sectors, in any order.
So of a write that the power cut off, some sectors are as written and some are still zeros. No whole
frame has a sector of zeros, nor a part of one: the part where it begins has the magic, the part
where it ends the digest, and JSON has no zero byte. Where a piece of a frame between two sector
borders is all zeros, the frame is torn, as if the file ended there.

A flag says what else a cut may leave. Frames that wait for one sync are put down by one write; of
these a later one may arrive whole and an earlier one not. A frame that is not JOINED was written
after the one before it had been synced, and proves that it was; a JOINED one proves no such thing.

TORN_* at the very end is what a crash leaves; BAD_* is damage. The reader never decides between
them: it says what it sees, and whoever has both copies decides.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from prometheus_persist.errors import BadValue

MAGIC = b"PPJ1"
FORMAT_VERSION = 1
OPEN = 1
COMMIT = 2
JOINED = 1
SECTOR_BYTES = 512  # the smallest that any disk takes whole
STRAY_BYTES_MAX = 8  # the first header of all has more than twice as many bytes that are not zero
DIGEST_BYTES = 32
FIRST = bytes(DIGEST_BYTES)
FRAME_PAYLOAD_BYTES_MAX = 64 * 1024 * 1024

_FIELDS = struct.Struct("<4sHBBIQQQ32s")
_CRC = struct.Struct("<I")
HEADER_BYTES = _FIELDS.size + _CRC.size
OVERHEAD_BYTES = HEADER_BYTES + DIGEST_BYTES
assert (_FIELDS.size, HEADER_BYTES) == (68, 72), "the format page above is wrong"


class FrameState(StrEnum):
    """What lies at an offset."""

    END = "END"
    WHOLE = "WHOLE"
    TORN_HEADER = "TORN_HEADER"
    TORN_PAYLOAD = "TORN_PAYLOAD"
    TORN_ZEROS = "TORN_ZEROS"
    STRAY = "STRAY"
    BAD_HEADER = "BAD_HEADER"
    BAD_VERSION = "BAD_VERSION"
    BAD_PAYLOAD = "BAD_PAYLOAD"

    @property
    def torn(self) -> bool:
        """Whether a crash alone explains it."""
        return self.value.startswith("TORN")

    @property
    def bad(self) -> bool:
        """Whether only damage explains it."""
        return self.value.startswith("BAD")

    @property
    def unwritten(self) -> bool:
        """Whether no frame that was ever acknowledged need have been here."""
        return self.torn or self is FrameState.STRAY


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame, checked. ``end`` is the offset behind it."""

    kind: int
    epoch: int
    seq: int
    wall_ms: int
    previous: bytes
    payload: bytes
    digest: bytes
    end: int = 0
    joined: bool = False


class Tip(NamedTuple):
    """The last frame of a chain: what the next one links to."""

    seq: int = 0
    epoch: int = 0
    digest: bytes = FIRST
    wall_ms: int = 0


def encode(
    kind: int, tip: Tip, epoch: int, wall_ms: int, payload: bytes, *, joined: bool = False
) -> tuple[bytes, Tip]:
    """The bytes of the frame after ``tip``, and the new tip; raises BadValue when out of range.

    ``joined``: the frame before it is put down by the same write.
    """
    if len(payload) > FRAME_PAYLOAD_BYTES_MAX:
        raise BadValue(
            f"one commit of {len(payload)} bytes; at most {FRAME_PAYLOAD_BYTES_MAX} fit in a frame"
        )
    seq = tip.seq + 1
    try:
        fields = _FIELDS.pack(
            MAGIC,
            FORMAT_VERSION,
            kind,
            JOINED if joined else 0,
            len(payload),
            epoch,
            seq,
            wall_ms,
            tip.digest,
        )
    except struct.error as problem:
        raise BadValue(f"a frame field is out of range: {problem}") from None
    body = fields + _CRC.pack(zlib.crc32(fields)) + payload
    digest = _digest(body)
    return body + digest, Tip(seq, epoch, digest, wall_ms)


def read(data: bytes, offset: int, *, leave: bool = False) -> tuple[FrameState, Frame | None]:
    """What lies at ``offset``; the frame when it is WHOLE. ``leave``: a commit's payload is left
    where it is, and the frame has none."""
    left = len(data) - offset
    if left <= 0:
        return FrameState.END, None
    if left < HEADER_BYTES:
        return FrameState.TORN_HEADER if any(data[offset:]) else FrameState.TORN_ZEROS, None
    fields = data[offset : offset + _FIELDS.size]
    (crc,) = _CRC.unpack_from(data, offset + _FIELDS.size)
    if zlib.crc32(fields) != crc or fields[:4] != MAGIC:
        return _no_header(data, offset), None
    _, version, kind, flags, length, epoch, seq, wall_ms, previous = _FIELDS.unpack(fields)
    known = version == FORMAT_VERSION and kind in (OPEN, COMMIT) and flags in (0, JOINED)
    if not known or length > FRAME_PAYLOAD_BYTES_MAX:
        return FrameState.BAD_VERSION, None
    if left < OVERHEAD_BYTES + length:
        return FrameState.TORN_PAYLOAD, None
    body_end = offset + HEADER_BYTES + length
    end = body_end + DIGEST_BYTES
    digest = data[body_end:end]
    if not digest_fits(data[offset:body_end], digest):
        cut = _zeros(data, end - 1, len(data)) or _lacks_sector(data, offset, end)
        return FrameState.TORN_PAYLOAD if cut else FrameState.BAD_PAYLOAD, None
    payload = b"" if leave and kind == COMMIT else data[offset + HEADER_BYTES : body_end]
    joined = bool(flags & JOINED)
    return FrameState.WHOLE, Frame(
        kind, epoch, seq, wall_ms, previous, payload, digest, end, joined
    )


def announced(data: bytes, offset: int) -> tuple[int, int]:
    """Sequence and wall time in a header that was seen to be sound, though its frame is not whole;
    zeros where there is none."""
    if len(data) - offset < HEADER_BYTES:
        return 0, 0
    fields = data[offset : offset + _FIELDS.size]
    (crc,) = _CRC.unpack_from(data, offset + _FIELDS.size)
    if zlib.crc32(fields) != crc or fields[:4] != MAGIC:
        return 0, 0
    _, _, _, _, _, _, seq, wall_ms, _ = _FIELDS.unpack(fields)
    return seq, wall_ms


def digest_fits(body: bytes, digest: bytes) -> bool:
    """Whether the digest is that of the body."""
    return _digest(body) == digest


def find_header(data: bytes, offset: int) -> int:
    """The offset of the next sound header at or after ``offset``; -1 where there is none."""
    while (offset := data.find(MAGIC, offset)) >= 0:
        fields = data[offset : offset + _FIELDS.size]
        if len(fields) == _FIELDS.size and len(data) - offset >= HEADER_BYTES:
            (crc,) = _CRC.unpack_from(data, offset + _FIELDS.size)
            if zlib.crc32(fields) == crc:
                return offset
        offset += 1
    return -1


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest()


def _no_header(data: bytes, offset: int) -> FrameState:
    """What lies where no sound header is, and a header would have room."""
    if _zeros(data, offset, len(data)):
        return FrameState.TORN_ZEROS
    end = offset + HEADER_BYTES
    if _zeros(data, end - 1, len(data)) and data.startswith(MAGIC[:1], offset):
        return FrameState.TORN_HEADER
    if end - offset - data.count(0, offset, end) <= STRAY_BYTES_MAX:
        return FrameState.STRAY
    return FrameState.TORN_HEADER if _lacks_sector(data, offset, end) else FrameState.BAD_HEADER


def _lacks_sector(data: bytes, offset: int, end: int) -> bool:
    """Whether a piece of ``[offset, end)`` between two sector borders is nothing but zeros."""
    start = offset
    while start < end:
        border = min(start - start % SECTOR_BYTES + SECTOR_BYTES, end)
        if _zeros(data, start, border):
            return True
        start = border
    return False


def _zeros(data: bytes, start: int, end: int) -> bool:
    return data.count(0, start, end) == end - start
