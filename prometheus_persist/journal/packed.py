"""A text that is held deflated, and inflated in parts when it is read.

A million records are three hundred megabytes of text, and twenty as an archive has them. Whoever
has read a member of an archive once, from its beginning to its end, knows the state of the inflater
every ``STRIDE`` bytes; from each of them reading can begin again. So the member stays as it lies,
and any part of it can be had for inflating what is around it.

What it inflates to is proven by whoever goes through ``pieces`` (``archive.py``, by SHA-256); later
reading inflates the same bytes, which nobody else has, to the same text. Some pieces that were read
last are kept. Any number of threads may read.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

STRIDE = 64 * 1024  # packed bytes between two places from which it can be inflated
KEPT_PIECES = 3
HEAD_BYTES_MAX = 16 * 1024  # of a piece of which no more is needed
_RAW = -15


class Packed:
    """A packed text; ``read`` works once ``pieces`` have been gone through."""

    __slots__ = ("_content", "_deflated", "_offsets", "_recent", "_starts")

    def __init__(self, content: memoryview, *, deflated: bool) -> None:
        """``content`` as it is stored: deflated without a header, or plain."""
        self._content = content
        self._deflated = deflated
        self._starts: list[Any] = []  # the inflater's state before each piece
        self._offsets: list[int] = []  # of each piece in the text
        self._recent: tuple[tuple[int, bytes], ...] = ()

    def pieces(self) -> Iterator[bytes]:
        """All of the text, in pieces; once. Raises zlib.error."""
        inflater = zlib.decompressobj(_RAW) if self._deflated else None
        offset = 0
        for at in range(-(-len(self._content) // STRIDE)):
            self._offsets.append(offset)
            if inflater is None:
                piece = bytes(self._stored(at))
            else:
                self._starts.append(inflater.copy())
                piece = inflater.decompress(self._stored(at))
            offset += len(piece)
            yield piece

    def _stored(self, at: int) -> memoryview:
        return self._content[at * STRIDE : (at + 1) * STRIDE]

    def read(self, start: int, end: int) -> bytes:
        """The text from ``start`` up to ``end``."""
        at, parts = bisect_right(self._offsets, start) - 1, []
        while start < end and at < len(self._offsets):
            first = start - self._offsets[at]
            parts.append(self._piece(at, first + end - start)[first : first + end - start])
            start, at = start + len(parts[-1]), at + 1
        return b"".join(parts)

    def _piece(self, at: int, length: int) -> bytes:
        """A piece, or its first ``length`` bytes at least."""
        recent = self._recent
        for number, found in recent:
            if number == at:
                return found
        if not self._deflated:
            return bytes(self._stored(at))
        inflater = self._starts[at].copy()
        length_max = length if length <= HEAD_BYTES_MAX else 0  # zero: all of it
        piece: bytes = inflater.decompress(self._stored(at), length_max)
        if not length_max:
            self._recent = ((at, piece), *recent[: KEPT_PIECES - 1])
        return piece


@dataclass(frozen=True, slots=True)
class PackedLines:
    """Records of one stream as they stand in a packed member, from ``start`` up to ``end``: lines
    that begin with ``head`` and end with a bracket."""

    member: Packed
    start: int
    end: int
    head: bytes

    def lines(self) -> bytes:
        """The lines, each with its end."""
        return self.member.read(self.start, self.end)

    def text(self) -> bytes:
        """The records, with a line's end between them."""
        return self.lines()[len(self.head) : -2].replace(b"]\n" + self.head, b"\n")
