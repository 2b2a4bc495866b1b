"""Frames: every flipped bit and every cut is seen; nothing but what was written ever comes out."""

from __future__ import annotations

import zlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import flip

from prometheus_persist.errors import BadValue
from prometheus_persist.journal.chain import scan
from prometheus_persist.journal.frame import (
    COMMIT,
    FIRST,
    FRAME_PAYLOAD_BYTES_MAX,
    HEADER_BYTES,
    OPEN,
    OVERHEAD_BYTES,
    Frame,
    FrameState,
    Tip,
    encode,
    find_header,
    read,
)


def frames_of(*payloads: bytes, tip: Tip | None = None, epoch: int = 1) -> tuple[bytes, Tip]:
    tip, data = tip or Tip(), b""
    for number, payload in enumerate(payloads):
        raw, tip = encode(COMMIT if number else OPEN, tip, epoch, 1000 + number, payload)
        data += raw
    return data, tip


THREE, _ = frames_of(b'{"segment":"x"}', b"{}", b'{"why":"t","put":{"a":{}}}')


def whole(data: bytes) -> list[Frame]:
    found, offset = [], 0
    while True:
        seen, frame = read(data, offset)
        if frame is None:
            return found
        assert seen is FrameState.WHOLE
        found.append(frame)
        offset = frame.end


def test_frame_layout_is_the_format_page() -> None:
    """The bytes stand where the format page says, little-endian, and nowhere else."""
    raw, tip = encode(COMMIT, Tip(6, 2, b"\x07" * 32, 5), 3, 1_764_723_600_000, b"{}")
    assert raw[0:4] == b"PPJ1"
    assert [int.from_bytes(raw[a:b], "little") for a, b in ((4, 6), (6, 8), (8, 12))] == [1, 2, 2]
    assert [int.from_bytes(raw[a:b], "little") for a, b in ((12, 20), (20, 28), (28, 36))] == [
        3,
        7,
        1_764_723_600_000,
    ]
    assert raw[36:68] == b"\x07" * 32
    assert int.from_bytes(raw[68:72], "little") == zlib.crc32(raw[:68])
    assert raw[72:74] == b"{}"
    assert raw[74:] == tip.digest
    assert (len(raw), tip.seq, tip.epoch) == (OVERHEAD_BYTES + 2, 7, 3)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.integers(0, 2**40))
def test_frame_round_trip(payloads: list[bytes], epoch: int) -> None:
    """What was encoded is read back, in order, linked from one frame to the next."""
    data, tip = frames_of(*payloads, epoch=epoch)
    found = whole(data)
    assert [frame.payload for frame in found] == payloads
    assert [frame.seq for frame in found] == list(range(1, len(payloads) + 1))
    assert [frame.previous for frame in found] == [FIRST, *(f.digest for f in found[:-1])]
    assert (found[-1].digest, found[-1].end) == (tip.digest, len(data))
    assert {frame.epoch for frame in found} == {epoch}


def test_frame_every_single_bit_flip_is_noticed() -> None:
    """Whichever bit flips, the frame it is in is not taken, and the place is called damaged."""
    due = [frame.payload for frame in whole(THREE)]
    starts = [0, *(frame.end for frame in whole(THREE))]
    for bit in range(len(THREE) * 8):
        hit = max(number for number, start in enumerate(starts) if start <= bit // 8)
        found = scan("f", flip(THREE, bit))
        assert [p.frame.payload for p in found.frames] == due[:hit] + due[hit + 1 :], bit
        assert [fault.offset for fault in found.faults] == [starts[hit]], bit
        assert found.faults[0].seen.bad, (bit, found.faults)


def test_frame_every_truncation_is_noticed() -> None:
    """Cut anywhere: the frames before the cut, and then a torn rest, or nothing at a boundary."""
    frames = whole(THREE)
    ends = [0, *(frame.end for frame in frames)]
    for length in range(len(THREE)):
        found = scan("f", THREE[:length])
        complete = sum(end <= length for end in ends) - 1
        assert [p.frame for p in found.frames] == frames[:complete]
        if length in ends:
            assert found.faults == []
        else:
            assert [(f.offset, f.seen.torn) for f in found.faults] == [(ends[complete], True)]


def test_frame_zeros_are_a_torn_tail_and_nothing_else() -> None:
    """Space that was given and never filled is torn; one byte in it makes it damage."""
    for count in (1, HEADER_BYTES - 1, HEADER_BYTES, 5_000):
        found = scan("f", THREE + bytes(count))
        assert [fault.seen for fault in found.faults] == [FrameState.TORN_ZEROS]


def test_frame_bytes_where_no_header_was_ever_put_are_strays() -> None:
    """Among reserved zeros a few bytes are no frame, nor the rest of one: neither torn nor bad."""
    for behind in (0, 3, HEADER_BYTES - 1, HEADER_BYTES, 500):
        for stray in (b"\x01", b"\x80", bytes(3) + b"\xff\x01"):
            found = scan("f", THREE + bytes(behind) + stray + bytes(500))
            assert [(f.seen, f.offset) for f in found.faults] == [(FrameState.STRAY, len(THREE))]
    assert (FrameState.STRAY.unwritten, FrameState.STRAY.torn, FrameState.STRAY.bad) == (
        True,
        False,
        False,
    )
    found = scan("f", THREE + bytes(range(1, 73)) + bytes(500))
    assert [fault.seen for fault in found.faults] == [FrameState.BAD_HEADER]
    assert not FrameState.BAD_HEADER.unwritten


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 600), st.integers(0, 3000), st.sets(st.integers(0, 9), min_size=1))
def test_frame_of_which_sectors_did_not_arrive_is_torn(before: int, size: int, gone: set) -> None:
    """A disk takes sectors in any order: wherever some of a frame's are still zeros, the verdict is
    a cut write, never damage; and what lies before it is whole."""
    first, tip = frames_of(b'{"segment":"%s"}' % (b"x" * before))
    raw, _ = encode(COMMIT, tip, 1, 7, b'{"why":"%s"}' % (b"y" * size))
    start, end = len(first), len(first) + len(raw)
    data = bytearray(first + raw + bytes(2000))
    borders = [start, *range(start - start % 512 + 512, end, 512), end]
    pieces = list(pairwise(borders))
    lost = {pieces[each % len(pieces)] for each in gone}
    for left, right in lost:
        data[left:right] = bytes(right - left)
    found = scan("f", bytes(data))
    assert [placed.frame.seq for placed in found.frames] == [1]
    assert found.faults
    assert found.faults[0].offset == start
    assert found.faults[0].seen.unwritten


def test_frame_joined_to_the_one_before_it_says_so() -> None:
    """The flag is a byte of the header, sealed like the rest; unknown flags and kinds: refused."""
    alone, tip = frames_of(b"{}")
    raw, _ = encode(COMMIT, tip, 1, 0, b"{}", joined=True)
    assert raw[6:8] == bytes([COMMIT, 1])
    assert [frame.joined for frame in whole(alone + raw)] == [False, True]
    for kind, flags in ((0, 0), (3, 0), (2, 2), (2, 128)):
        assert read(resealed(alone, 6, bytes([kind, flags])), 0) == (FrameState.BAD_VERSION, None)


def resealed(data: bytes, offset: int, field: bytes) -> bytes:
    """A header with another field and a fitting check: what an adversary would write."""
    header = bytearray(data[:68])
    header[offset : offset + len(field)] = field
    return bytes(header) + zlib.crc32(header).to_bytes(4, "little") + data[72:]


def test_frame_other_versions_and_giants_are_refused_before_reading_on() -> None:
    """A sound header of another version, or announcing a giant, is named; nothing is allocated."""
    one, _ = frames_of(b"{}")
    assert read(resealed(one, 4, b"\x02\x00"), 0) == (FrameState.BAD_VERSION, None)
    assert read(resealed(one, 8, b"\xff\xff\xff\xff"), 0) == (FrameState.BAD_VERSION, None)
    over = (FRAME_PAYLOAD_BYTES_MAX + 1).to_bytes(4, "little")
    assert read(resealed(one, 8, over), 0) == (FrameState.BAD_VERSION, None)
    assert read(resealed(one, 8, (3).to_bytes(4, "little")), 0) == (FrameState.TORN_PAYLOAD, None)
    assert read(resealed(one, 0, b"PPJ2"), 0) == (FrameState.BAD_HEADER, None)
    assert read(resealed(one, 20, b"\x09"), 0) == (FrameState.BAD_PAYLOAD, None)


def test_frame_foreign_bytes_between_frames_cost_nothing_else() -> None:
    """Reading goes on at the next sound header, also behind bytes that only look like one."""
    first, tip = frames_of(b"{}")
    second, _ = frames_of(b"[]", tip=tip)
    for junk in (b"junk", b"PPJ1", b"PPJ1" * 50, bytes(100) + b"PPJ1" + bytes(100)):
        found = scan("f", first + junk + second)
        assert [p.frame.payload for p in found.frames] == [b"{}", b"[]"]
        assert [fault.offset for fault in found.faults] == [len(first)]
    assert find_header(b"PPJ1 PPJ1", 0) == -1


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_frame_random_bytes_are_never_a_frame(data: bytes) -> None:
    """Bytes that nobody wrote yield no frame and one verdict for every place."""
    found = scan("f", data)
    assert found.frames == []
    assert bool(found.faults) == bool(data)


def test_frame_refuses_what_does_not_fit() -> None:
    """A payload beyond the bound, or a number beyond its field, is refused before it is written."""
    with pytest.raises(BadValue, match="at most"):
        encode(COMMIT, Tip(), 1, 0, bytes(FRAME_PAYLOAD_BYTES_MAX + 1))
    for epoch, wall_ms in ((-1, 0), (2**64, 0), (1, -1)):
        with pytest.raises(BadValue):
            encode(COMMIT, Tip(), epoch, wall_ms, b"")
