"""A stream's records, held as the bytes that they are written as, and decoded when they are read.

A million records as objects take a gigabyte and are looked through by every pass of the collector;
as text they take a third, and snapshots, readable files and digests need the text anyway. So a
stream is a run of blocks, each some records as canonical JSON with a line's end between them (no
record has one inside), and a tail of the newest records as the objects that they were handed in
as. A tail that has grown long becomes a block.

- Reading gives fresh objects, equal in type and value to what was handed in. ``of`` a million, one
  block's are alive at a time, for whoever goes through them and keeps none.
- A block is ``plain`` where ``orjson`` is known to read it exactly: it was written by it from flat
  records without a float, or proven (``plain_rows``). Any other is read record by record by
  ``exact_json``, and a large one, as a host's old records are, is held packed.
- A block with an ``origin`` has not been looked at: it is the text of lines that fit the checksum
  of the archive they come from, and no more is known. It stays as the archive has it
  (``packed.py``) and is proven whenever it is read; what is not a record raises ``StoreDamaged``
  naming the file and the line.
- Records are only ever added. ``cut`` gives the first of them as they are now; it stays what it is
  while others append, and may be read by another thread than theirs.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, overload

import orjson

from prometheus_persist.journal.alike import Columns, columns
from prometheus_persist.journal.packed import PackedLines
from prometheus_persist.state.exact_json import NESTING_MAX, JsonObject, dumps, flat, loads_object
from prometheus_persist.state.own_json import nested_within, openers, written_again

TAIL_RECORDS_MAX = 8  # of ten thousand streams each has a tail
BLOCK_RECORDS_MAX = 256
PACKED_BYTES_MIN = 16 * 1024
LINE_END = b"\n"
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}\n"))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where lines come from: a file, and how many lines are before them."""

    file: str
    lines: int


@dataclass(frozen=True, slots=True)
class Block:
    """Some records: their text, how many, and whether ``orjson`` reads them exactly."""

    data: bytes | PackedLines
    count: int
    plain: bool
    packed: bool = False
    origin: Origin | None = None

    @property
    def text(self) -> bytes:
        """The records' text."""
        if isinstance(self.data, PackedLines):
            return self.data.text()
        return zlib.decompress(self.data) if self.packed else self.data

    def objects(self) -> list[JsonObject]:
        """The records, decoded; raises StoreDamaged where one that has an ``origin`` is none."""
        if self.origin is not None:
            return _proven(self.text, self.count, self.origin)
        if self.plain:
            found: list[JsonObject] = orjson.loads(b"[" + self.text.replace(LINE_END, b",") + b"]")
            return found
        return [loads_object(line, "a record in memory") for line in self.text.split(LINE_END)]

    def columns(self, names: tuple[str, ...]) -> Columns | None:
        """Fields of the records, where these are alike (``alike.py``)."""
        if isinstance(self.data, PackedLines):
            return columns(self.data.lines(), self.count, names, self.data.head, b"]")
        return columns(self.text + LINE_END, self.count, names)

    def part(self, first: int, last: int) -> Block:
        """The records from ``first`` up to ``last``."""
        lines, origin = self.text.split(LINE_END)[first:last], self.origin
        if origin is not None:
            origin = Origin(origin.file, origin.lines + first)
        return Block(LINE_END.join(lines), len(lines), self.plain, origin=origin)


Held = Block | Sequence[JsonObject]


def objects_in(held: Held) -> Sequence[JsonObject]:
    """Records as objects, however they are held."""
    return held.objects() if isinstance(held, Block) else held


def _proven(text: bytes, count: int, origin: Origin) -> list[JsonObject]:
    if text.translate(None, _NO_BRACKETS) == (b"\n{}" * count)[1:]:  # a record to a line, and no
        # containers in it, nor a bracket in a text
        rows = written_again(b"[" + text.replace(LINE_END, b",") + b"]")
        if rows and len(rows) == count and {*map(type, rows)} == {dict}:
            return rows  # type: ignore[no-any-return]
    elif (nested := _nested_rows(text, count)) is not None:
        return nested
    numbered = enumerate(text.split(LINE_END), origin.lines + 1)
    return [loads_object(line, f"{origin.file} line {at}") for at, line in numbered]


def _nested_rows(text: bytes, count: int) -> list[JsonObject] | None:
    """Records with containers in them, read at once; None where a line is not, to the byte, what is
    written for its record again, or too deep."""
    try:
        rows = orjson.loads(b"[" + text.replace(LINE_END, b",") + b"]")
        if len(rows) != count or {*map(type, rows)} != {dict}:
            return None
        same = LINE_END.join(map(orjson.dumps, rows)) == text
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return rows if same and nested_within(rows, openers(text) + 1, NESTING_MAX + 1) else None


def plain_rows(rows: Sequence[Any]) -> bool:
    """Whether these, of which the text is known to have no containers in one another, are records
    without a float, of which there is more than one way to write it."""
    if {*map(type, rows)} != {dict}:
        return False
    return float not in {*map(type, chain.from_iterable(map(dict.values, rows)))}


def block_of(records: Sequence[JsonObject]) -> Block:
    """Records as a block; raises BadValue for what JSON cannot hold exactly."""
    lines = []
    for record in records:
        line = plain_line(record)
        if line is None:
            return _nested(LINE_END.join(map(dumps, records)), len(records))
        lines.append(line)
    return Block(LINE_END.join(lines), len(records), True)


def _nested(text: bytes, count: int) -> Block:
    if len(text) < PACKED_BYTES_MIN:
        return Block(text, count, False)
    return Block(zlib.compress(text, 1), count, False, packed=True)


def plain_line(record: JsonObject) -> bytes | None:
    """A flat record without a float as canonical JSON; None for any other.

    Where orjson writes such a value at all, it writes what ``dumps`` writes, and reads it back.
    """
    if not flat(record) or float in map(type, record.values()):
        return None
    try:
        return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return None


class Records(Sequence[JsonObject]):
    """The records of one stream. One thread adds; others read what ``cut`` gave them."""

    __slots__ = ("_blocks", "_count", "_ends", "_held", "_tail")

    def __init__(self, records: Iterable[JsonObject] = ()) -> None:
        self._blocks: list[Block] = []
        self._ends: list[int] = []  # how many records there are up to the end of each block
        self._held = 0  # records in blocks
        self._tail: list[JsonObject] = []
        self._count = 0
        self.extend(records)

    def extend(self, records: Iterable[JsonObject]) -> None:
        """Append records; they are this stream's own from now on."""
        tail = self._tail
        tail.extend(records)
        if len(tail) >= TAIL_RECORDS_MAX:
            for start in range(0, len(tail), BLOCK_RECORDS_MAX):
                self._seal(block_of(tail[start : start + BLOCK_RECORDS_MAX]))
            self._tail = tail = []  # a new one: a cut may hold the old
        self._count = self._held + len(tail)

    def append_block(self, block: Block) -> None:
        """Append records that are text already."""
        if self._tail:
            self._seal(block_of(self._tail))
            self._tail = []
        self._seal(block)
        self._count = self._held

    def _seal(self, block: Block) -> None:
        self._ends.append(self._held + block.count)
        self._blocks.append(block)
        self._held += block.count

    def cut(self) -> Records:
        """The records that are there now, for reading; nothing is copied."""
        made = Records.__new__(Records)
        made._blocks, made._ends, made._tail = self._blocks, self._ends, self._tail
        made._held, made._count = self._held, self._count
        return made

    def copy(self) -> Records:
        """The same records once more; both may grow."""
        made = self.cut()
        blocks = bisect_right(self._ends, self._held)
        made._blocks, made._ends = self._blocks[:blocks], self._ends[:blocks]
        made._tail = self._tail[: self._count - self._held]
        return made

    def part(self, start: int, stop: int) -> Records:
        """The records from ``start`` up to ``stop``, without what is not there; as text."""
        made = Records()
        for block in self._parts(start, stop):
            made.append_block(block)
        return made

    def blocks(self) -> Iterator[Block]:
        """All records as text."""
        return self._parts(0, self._count)

    def since(self, start: int) -> Iterator[JsonObject]:
        """The records from number ``start`` on, a block at a time."""
        return chain.from_iterable(map(objects_in, self.held(start)))

    def held(self, start: int) -> Iterator[Held]:
        """The same, some at a time and as they are held."""
        yield from self._parts(start, self._held)
        yield self._tail[max(start - self._held, 0) : self._count - self._held]

    def _parts(self, start: int, stop: int) -> Iterator[Block]:
        """The blocks from record ``start`` up to ``stop``, the first and the last in part."""
        at = bisect_right(self._ends, start)
        before = self._ends[at - 1] if at else 0
        while before < min(stop, self._held):
            block = self._blocks[at]
            first, last = max(start - before, 0), min(stop - before, block.count)
            yield block.part(first, last) if last - first < block.count else block
            at, before = at + 1, before + block.count
        first, last = max(start - self._held, 0), min(stop, self._count) - self._held
        if first < last:
            yield block_of(self._tail[first:last])

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[JsonObject]:
        return self.since(0)

    @overload
    def __getitem__(self, at: int) -> JsonObject: ...
    @overload
    def __getitem__(self, at: slice) -> list[JsonObject]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            numbers = range(*at.indices(len(self)))
            if numbers.step != 1:
                return [self[number] for number in numbers]
            return list(islice(self.since(numbers.start), len(numbers)))
        number = range(len(self))[at]
        if number >= self._held:
            return self._tail[number - self._held]
        (block,) = self._parts(number, number + 1)
        return block.objects()[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Records, list)):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return repr(list(self))


class RecordTally(Records):
    """A stream of which the records are counted and not kept; raises TypeError for a look at one.

    For whoever shows how many there are, and need not decode, nor have, a million of them.
    """

    __slots__ = ()

    def __init__(self, count: int = 0) -> None:
        super().__init__()
        self._count = self._held = count

    def extend(self, records: Iterable[JsonObject]) -> None:
        """Count them."""
        self._count = self._held = self._count + sum(1 for _ in records)

    def append_block(self, block: Block) -> None:
        """Count its records."""
        self._count = self._held = self._count + block.count

    def _parts(self, start: int, stop: int) -> Iterator[Block]:
        raise TypeError(f"records {start} to {stop} were counted, not kept")
