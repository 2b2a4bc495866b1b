"""The lines of an archive's ``streams.ndjson``, ["stream", {record}], as records by stream.

Lines are looked at closely, many at once where that is certain to be exact (``blocks``), or left
where they are, packed, and looked at when they are read (``held_blocks``). Then only so much is
certain that the right lines are taken: a line's end stands in no text of JSON, and every one of
these follows a record's end and goes before the same stream's name.

Raises ``StoreDamaged`` naming the member and the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.packed import Packed, PackedLines
from prometheus_persist.journal.records import LINE_END, Block, Origin, block_of, plain_rows
from prometheus_persist.state.exact_json import (
    DOCUMENT_BYTES_MAX,
    JsonObject,
    dumps,
    loads,
)
from prometheus_persist.state.own_json import canonical_again

BLOCK_BYTES = 64 * 1024  # of records that are read at once
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{}]\n"))


def head_of(stream: str) -> bytes:
    """What a line of this stream begins with."""
    return b"[" + dumps(stream) + b","


def blocks(pieces: Iterator[bytes], where: str) -> Iterator[tuple[str, Block]]:
    """The streams and records of many lines at a time; raises StoreDamaged naming the line."""
    rest, number = b"", 0
    for piece in pieces:
        content, start = rest + piece, 0
        while (cut := content.find(b"\n", start + BLOCK_BYTES)) >= 0:
            for found in _block(content[start : cut + 1], number, where):
                yield found
                number += found[1].count
            start = cut + 1
        rest = content[start:]
        if len(rest) > DOCUMENT_BYTES_MAX:
            raise StoreDamaged(f"a line of over {DOCUMENT_BYTES_MAX} bytes", file=where)
    if rest and not rest.endswith(b"\n"):
        raise StoreDamaged("its last line has no end", file=where)
    if rest:
        yield from _block(rest, number, where)


def held_blocks(packed: Packed, pieces: Iterator[bytes], where: str) -> Iterator[tuple[str, Block]]:
    """The streams and records of a member whose ``pieces`` these are, not looked at and left where
    they are; raises StoreDamaged naming the line."""
    rest: list[bytes] = []  # of a line that has not ended yet
    number = offset = 0
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if cut:
            lines = b"".join([*rest, piece[:cut]])
            rest = []
            for found in _lines(lines, packed, offset, number, where):
                yield found
                number += found[1].count
            offset += len(lines)
        rest.append(piece[cut:])
        if sum(map(len, rest)) > DOCUMENT_BYTES_MAX:
            raise StoreDamaged(f"a line of over {DOCUMENT_BYTES_MAX} bytes", file=where)
    if any(rest):
        raise StoreDamaged("its last line has no end", file=where)


def _lines(
    lines: bytes, packed: Packed, offset: int, number: int, where: str
) -> list[tuple[str, Block]]:
    """The records of whole lines, which are ``packed`` from ``offset`` on, by stream; as ``_block``
    gives them where it is not certain which line is of which stream."""
    found, start, before = [], 0, 0
    last = lines.rfind(b"\n", 0, -1) + 1
    while start < len(lines):
        head = lines[start : lines.find(b",{", start) + 1]
        name, end = _named(head), _end_of(lines, head, start, last)
        while name is not None and start < end:
            cut = lines.find(b"\n", start + BLOCK_BYTES, end) + 1 or end
            alike, between = lines.count(b"\n", start, cut), lines.count(b"}]\n" + head, start, cut)
            sound = lines.startswith(head, start) and lines.endswith(b"}]\n", start, cut)
            if not sound or between != alike - 1:
                return _block(lines, number, where)
            data = PackedLines(packed, offset + start, offset + cut, head)
            found.append((name, Block(data, alike, False, origin=Origin(where, number + before))))
            start, before = cut, before + alike
        if name is None:
            return _block(lines, number, where)
    return found


def _end_of(lines: bytes, head: bytes, start: int, last: int) -> int:
    """Where the lines from ``start`` on that have this head end, if they are next to one another;
    ``last`` is where the last of all lines begins."""
    if lines.startswith(head, last):
        return len(lines)
    low, high = start, last  # a line that has it, and one that has not
    while True:
        middle = lines.rfind(b"\n", low, (low + high) // 2) + 1 or lines.find(b"\n", low) + 1
        if middle >= high:
            return high
        if lines.startswith(head, middle):
            low = middle
        else:
            high = middle


def _named(head: bytes) -> str | None:
    """The stream whose lines begin with this; None where it is not as ``_head`` writes it."""
    try:
        (name,) = loads(head[:-1] + b"]", "a line's head")
    except (StoreDamaged, ValueError, TypeError):
        return None
    return name if isinstance(name, str) and head_of(name) == head else None


def _block(block: bytes, number: int, where: str) -> list[tuple[str, Block]]:
    """The records of whole lines, behind ``number`` others, by stream."""
    names = _flat_names(block)
    if names is None:
        numbered = enumerate(block.split(b"\n")[:-1], number + 1)
        rows = [_record(line, f"{where} line {at}") for at, line in numbered]
        runs = groupby(rows, key=lambda row: row[0])
        return [(name, block_of([record for _, record in run])) for name, run in runs]
    if names.count(names[0]) == len(names):
        return [(names[0], _without(head_of(names[0]), block[:-1], len(names)))]
    lines, start, found = block.split(b"\n"), 0, []
    for name, run in groupby(names):
        count = len(list(run))
        text = b"\n".join(lines[start : start + count])
        found.append((name, _without(head_of(name), text, count)))
        start += count
    return found


def _without(head: bytes, lines: bytes, count: int) -> Block:
    """The records of lines that have this head; known to be written exactly."""
    return Block(lines[len(head) : -1].replace(b"]\n" + head, LINE_END), count, True)


def _flat_names(block: bytes) -> Sequence[str] | None:
    """The streams of whole lines, all read at once; None where that is not certain to be exact.

    It is where each line has four brackets, ``[{}]``, in this order: then there is a record to a
    line and nothing within it, and no bracket stands in a text. And where it is to the byte what
    would be written, without a float, of which there is more than one way to write it: then the
    bytes can be kept as they are.
    """
    rows = canonical_again(b"[" + block[:-1].replace(b"\n", b",") + b"]")
    if not rows or block.translate(None, _NO_BRACKETS) != b"[{}]\n" * len(rows):
        return None
    if {*map(type, rows)} != {list} or {*map(len, rows)} != {2}:
        return None
    names: tuple[str, ...]
    names, records = zip(*rows, strict=True)
    return names if {*map(type, names)} == {str} and plain_rows(records) else None


def _record(line: bytes, where: str) -> tuple[str, JsonObject]:
    match loads(line, where):
        case [str() as name, dict() as record]:
            return name, record
    raise StoreDamaged("is not a record", file=where)
