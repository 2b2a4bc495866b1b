"""What one commit has no room for of a host goes ahead of it, in pieces that nothing refers to yet.

Only everything goes in pieces, under numbers that were never used: the commit that lets
``host/meta`` name the new root makes all of it valid, and until then a restore begins at the old
root and finds what was saved before, all of it and nothing else. ``host/pieces`` says from which
number on they are, so that whoever restores can tell which half nothing leads to
(``left_behind``): what a crash cut short, or what took its place.

Raises BadValue for a single object that no commit has room for, before the first piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from orjson import Fragment

from prometheus_persist.errors import BadValue
from prometheus_persist.graph.node import FAMILY, GraphDelta, Row
from prometheus_persist.graph.tracker import META, Tracker
from prometheus_persist.journal import frame
from prometheus_persist.journal.change import Change, Image, Ready, text_of

PIECES: Final = f"{FAMILY}/pieces"
PIECE_BYTES: Final = 4 * 1024 * 1024
OVERHEAD_BYTES: Final = 1024  # of a piece with one row: why it was saved, and the row's name
PIECE: Final = "piece"


def room() -> int:
    """Bytes of a host that one commit takes beside what else is in it."""
    return frame.FRAME_PAYLOAD_BYTES_MAX // 8 * 7


def piece_bytes() -> int:
    """How large a piece is, but for one that has a single object in it."""
    return min(PIECE_BYTES, frame.FRAME_PAYLOAD_BYTES_MAX // 8)


@dataclass(slots=True)
class Weighed:
    """A delta as it is written, and how many bytes that are."""

    delta: GraphDelta
    ready: Ready = field(default_factory=Ready)
    size: int = 0


def weighed(delta: GraphDelta) -> Weighed:
    """Write a delta; raises BadValue."""
    found = Weighed(delta)
    parts: tuple[tuple[dict[str, Any], dict[str, Fragment]], ...] = (
        (delta.put, found.ready.put),
        (delta.set, found.ready.set),
        ({name: records for name, records in delta.add.items() if records}, found.ready.add),
    )
    for rows, texts in parts:
        for name, row in rows.items():
            text = text_of(row)
            texts[name] = Fragment(text)
            found.size += len(name) + len(text)
    return found


def refuse_too_large(delta: GraphDelta, tracker: Tracker) -> None:
    """Raise BadValue for an object that no commit has room for, alone as it may be."""
    most = frame.FRAME_PAYLOAD_BYTES_MAX - OVERHEAD_BYTES
    for oid, text in _rows(delta):
        if len(text) > most:
            held = (
                type(node.obj).__qualname__ for node in tracker.nodes.values() if node.oid == oid
            )
            kind = next(held, "record")
            raise BadValue(
                f"cannot be saved: a {kind} of {len(text)} bytes as it is written; at most {most} "
                "are kept of one object: split it into several, or leave it out by skip"
            )


def pieces(delta: GraphDelta, since: int, left: list[str]) -> Iterator[Change]:
    """All of ``delta`` but what makes it valid, which is then all that is left in it; ``since``:
    its first number; ``left``: what nothing leads to any more, which goes first."""
    gone = [name for name in left if name != PIECES]
    yield Change(PIECE, put={PIECES: {"from": since}}, remove=gone)
    held, size = GraphDelta(), 0
    texts: dict[str, list[bytes]] = {}
    put: dict[str, Fragment] = {}

    def closed() -> Change:
        joined = {name: Fragment(b"[" + b",".join(rows) + b"]") for name, rows in texts.items()}
        return Change(PIECE, put=held.put, add=held.add, ready=Ready(put=put, add=joined))

    for name, row, text in _taken_out(delta):
        if size and size + len(name) + len(text) > piece_bytes():
            yield closed()
            held, size, texts, put = GraphDelta(), 0, {}, {}
        size += len(name) + len(text)
        if name.count("/") == 1:
            held.put[name], put[name] = row, Fragment(text)
        else:
            held.add.setdefault(name, []).append(row)
            texts.setdefault(name, []).append(text)
    if size:
        yield closed()


def left_behind(image: Image) -> list[str]:
    """What pieces left of which nothing makes use: those of a write that was cut short (with what
    told of it, for the next objects get numbers like theirs), or all that they took the place of.
    """
    told, meta = image.documents.get(PIECES), image.documents.get(META)
    if meta is None:
        return numbered(image, 0, None)
    if told is None:
        return []
    since = told["from"]
    if meta["root"] >= since:
        return numbered(image, 0, since)
    return [PIECES, *numbered(image, since, None)]


def numbered(image: Image, start: int, stop: int | None) -> list[str]:
    """The documents and streams of the host's objects from a number on, up to another."""
    return [
        name
        for name in (*image.documents, *image.streams)
        if (oid := _number(name)) is not None and oid >= start and (stop is None or oid < stop)
    ]


def _number(name: str) -> int | None:
    head, _, rest = name.partition("/")
    number = rest.partition("/")[0]
    return int(number) if head == FAMILY and number.isdecimal() else None


def _rows(delta: GraphDelta) -> Iterator[tuple[int, bytes]]:
    """What cannot be divided, by the number of its object, or of the list that it is a value in."""
    for name, row in chain(delta.put.items(), delta.set.items()):
        if name != META:
            yield int(name.split("/")[1]), text_of(row)
    for name, records in delta.add.items():
        for record in records:
            told = record["e"]
            oid = told["#"] if type(told) is dict else int(name.split("/")[1])
            yield oid, text_of(record)


def _taken_out(delta: GraphDelta) -> Iterator[tuple[str, Row, bytes]]:
    """Documents and records one by one, each with its text; they are then the piece's."""
    meta = {META: delta.put.pop(META)}
    put, delta.put = delta.put, meta
    add, delta.add = delta.add, {}
    while put:
        name = next(iter(put))
        row = put.pop(name)
        yield name, row, text_of(row)
    for name, records in add.items():
        for record in records:
            yield name, record, text_of(record)
        records.clear()
