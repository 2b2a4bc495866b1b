"""A change and the image it changes: what one frame's payload means.

A change puts whole documents, sets fields of documents, lets lists in them grow, removes documents
and streams by name, and appends records to streams; it names why it was saved. An image is every
document and every stream at one sequence. Replaying the changes of a chain onto an empty image
gives the image; that is the whole of recovery.

Documents and records are JSON objects (``state/documents.py`` has their keys). Once handed in they
are the image's own: callers pass fresh objects.

Raises ``StoreDamaged`` for a payload that is no change; ``BadValue`` where it cannot be written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from orjson import Fragment

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.records import LINE_END, Records
from prometheus_persist.state.exact_json import (
    COMMIT_NESTING_MAX,
    NESTING_MAX,
    JsonObject,
    as_text,
    dumps,
    flat,
    has_long_int,
    loads_object,
)

_EXACT = frozenset({str, int, bool, type(None)})  # orjson writes them as they are, or not at all
Grown = tuple[int, Sequence[Any]]
"""What a list of a document lost at its head, and what it gained at its end."""


@dataclass(slots=True)
class Ready:
    """What somebody has written already: the text of documents that are put, of fields that are
    set, of records that are added.

    A change that has it holds nothing in its documents but JSON values that are proven to be
    written exactly.
    """

    put: dict[str, Fragment] = field(default_factory=dict)
    set: dict[str, Fragment] = field(default_factory=dict)
    add: dict[str, Fragment] = field(default_factory=dict)


def written(value: object) -> Fragment:
    """JSON that is sound but for its numbers and text, to be put into a payload; raises BadValue
    for NaN, an endless integer, and what UTF-8 cannot hold."""
    return Fragment(text_of(value))


def text_of(value: object) -> bytes:
    """The same, to be measured; raises BadValue."""
    try:
        data = as_text(value).encode()
    except ValueError:
        data = b""
    if not data or has_long_int(data):
        data = dumps(value, canonical=False)
    return data


@dataclass(slots=True)
class Change:
    """One commit's content.

    ``put`` are documents, whole; ``set`` are fields of documents that are there, ``grow`` lists in
    them that became longer. ``ready``: what of it is proven, and written, already.
    """

    why: str
    put: dict[str, JsonObject] = field(default_factory=dict)
    remove: Sequence[str] = ()
    add: Mapping[str, Sequence[JsonObject]] = field(default_factory=dict)
    set: dict[str, JsonObject] = field(default_factory=dict)
    grow: dict[str, dict[str, Grown]] = field(default_factory=dict)
    ready: Ready | None = None

    @property
    def empty(self) -> bool:
        """Whether it would change nothing."""
        documents = self.put or self.set or self.grow or self.remove
        return not (documents or any(self.add.values()))

    @property
    def documents(self) -> Collection[str]:
        """The keys of the documents it changes."""
        return dict.fromkeys((*self.put, *self.set, *self.grow)).keys()

    def to_json(self) -> JsonObject:
        """The change as a JSON object."""
        grow = {
            key: {name: [drop, list(more)] for name, (drop, more) in lists.items()}
            for key, lists in self.grow.items()
        }
        add = {name: list(records) for name, records in self.add.items()}
        parts = {"put": {**self.put}, "set": {**self.set}, "grow": grow, "del": list(self.remove)}
        found: JsonObject = {"why": self.why}
        return found | {name: part for name, part in (parts | {"add": add}).items() if part}

    def to_bytes(self) -> bytes:
        """The payload as JSON; raises BadValue."""
        data = self._at_once(self.ready) if self.ready is not None else None
        if data is None:
            data = dumps(self.to_json(), nesting_max=COMMIT_NESTING_MAX, canonical=False)
        return data

    def _at_once(self, ready: Ready) -> bytes | None:
        """The payload by one encoding; None where anything needs a closer look."""
        parts: JsonObject = {"why": self.why}
        if self.put:
            parts["put"] = {**self.put, **ready.put}
        if self.set:
            parts["set"] = {**self.set, **ready.set} if ready.set else self.set
        if self.grow:
            parts["grow"] = self.grow
        if self.remove:
            parts["del"] = list(self.remove)
        if self.add:
            added = rows_written(self.add, ready.add)
            if added is None:
                return None
            parts["add"] = added
        try:
            return orjson.dumps(parts)
        except orjson.JSONEncodeError:  # an integer of more than 64 bits, or no text for UTF-8
            return None


def rows_written(
    add: Mapping[str, Sequence[JsonObject]], ready: Mapping[str, Fragment]
) -> dict[str, Fragment] | None:
    """The records of streams as text, but for those that are ``ready``; None where anything needs a
    closer look; raises BadValue."""
    added = {**ready}
    last: object = None
    for name, records in add.items():
        if name not in added:
            one = len(records) == 1
            only = records[0] if one else records
            if only is not last:  # one record often goes onto two streams
                last, text = only, (_row(only) if one else None) or _rows(records)
            if text is None:
                return None
            added[name] = text
    return added


def _row(record: object) -> Fragment | None:
    """A list of one record, where it is flat, has no float, and nothing needs a closer look."""
    if type(record) is dict and _EXACT.issuperset(map(type, record.values())):
        try:
            return Fragment(b"[" + orjson.dumps(record) + b"]")
        except orjson.JSONEncodeError:  # keys that are no text, a long integer, no UTF-8
            pass
    return None


def _rows(records: Sequence[JsonObject]) -> Fragment | None:
    """Flat records as a JSON list; None where anything needs a closer look; raises BadValue."""
    if not all(map(flat, records)):
        return None
    rows = list(records)
    for row in rows:
        if float in map(type, row.values()):  # orjson writes NaN as null
            return written(rows)
    try:
        return Fragment(orjson.dumps(rows))
    except orjson.JSONEncodeError:
        return written(rows)


@dataclass(slots=True)
class Image:
    """Every document and stream at one sequence. ``apply`` moves it on, in place.

    ``time_ms`` is the wall time of the last change, whatever other frames came after it.
    ``sums``: what its first records come to, as a snapshot kept it (``reconcile/sums.py``); None
    where none did, and once a stream was removed. Whoever changes the image may take them out.
    ``_own``: since it was cut, the streams that no cut has; only these are added to in place.
    """

    documents: dict[str, JsonObject] = field(default_factory=dict)
    streams: dict[str, Records] = field(default_factory=dict)
    seq: int = 0
    time_ms: int = 0
    sums: bytes | None = field(default=None, repr=False, compare=False)
    _own: set[str] | None = field(default=None, repr=False, compare=False)

    def apply(self, change: Change, seq: int, time_ms: int) -> None:
        """Take a change in; raises StoreDamaged for one that needs a document that is not there.

        A document is replaced, never changed in place: copies share it.
        """
        self.documents.update(self.after(change, seq))
        for key in change.remove:
            self.documents.pop(key, None)
            if self.streams.pop(key, None) is not None:
                self.sums = None
        for name, records in change.add.items():
            if records:  # a stream without a record is no stream: archives do not hold any
                self._append(name, records)
        self.seq, self.time_ms = seq, time_ms

    def after(self, change: Change, seq: int) -> dict[str, JsonObject]:
        """The documents that a change leads to, whole; raises what ``apply`` raises."""
        found = {**change.put}
        for key, fields in change.set.items():
            found[key] = (found[key] if key in found else self._there(key, seq)) | fields
        for key, lists in change.grow.items():
            old = found[key] if key in found else self._there(key, seq)
            found[key] = old | {
                name: _grown(old.get(name), drop, more, f"{name} of {key!r} at commit {seq}")
                for name, (drop, more) in lists.items()
            }
        return found

    def _append(self, name: str, records: Sequence[JsonObject]) -> None:
        stream = self.streams.get(name)
        if stream is None or (self._own is not None and name not in self._own):
            stream = self.streams[name] = Records() if stream is None else stream.cut()
            if self._own is not None:
                self._own.add(name)
        stream.extend(records)

    def _there(self, key: str, seq: int) -> JsonObject:
        found = self.documents.get(key)
        if found is None:
            raise StoreDamaged(f"commit {seq} changes document {key!r}, which is not there")
        return found

    def copy(self) -> Image:
        """The same image, which later changes to this one leave alone; documents are shared."""
        streams = {name: records.copy() for name, records in self.streams.items()}
        return Image(dict(self.documents), streams, self.seq, self.time_ms)

    def cut(self) -> Image:
        """The image as it stands, while this one goes on changing: taken in no time, read at
        leisure, by another thread; documents are shared, streams can be read and not added to.

        Nobody saves meanwhile, so ten thousand streams are not looked at: each goes on under an
        object of its own once it is added to (``_append``)."""
        self._own = set()
        return Image(dict(self.documents), dict(self.streams), self.seq, self.time_ms)

    def digest(self) -> str:
        """SHA-256 over the canonical bytes of everything in it; equal images, equal digests."""
        seal = hashlib.sha256(b'{"d":')
        for piece in documents_text(self.documents):
            seal.update(piece)
        head = b',"s":{'
        for name in sorted(self.streams):
            seal.update(head + dumps(name) + b":[")
            for number, block in enumerate(self.streams[name].blocks()):
                seal.update((b"," if number else b"") + block.text.replace(LINE_END, b","))
            seal.update(b"]")
            head = b","
        seal.update(b"}}" if self.streams else head + b"}}")
        return seal.hexdigest()


class Outline(Image):
    """An image that has its documents, and of the streams only those that it began with (``Tally``:
    how many records they have)."""

    __slots__ = ()

    def _append(self, name: str, records: Sequence[JsonObject]) -> None:
        if name in self.streams:
            self.streams[name].extend(records)


def documents_text(documents: Mapping[str, JsonObject]) -> Iterator[bytes]:
    """Documents by key as canonical JSON, one at a time; raises BadValue."""
    head = b"{"
    for key in sorted(documents):
        yield head + dumps(key) + b":" + dumps(documents[key], nesting_max=NESTING_MAX - 1)
        head = b","
    yield b"}" if documents else b"{}"


def change_from(payload: bytes, where: str) -> Change:
    """The change in a payload; raises StoreDamaged naming ``where``."""
    found = loads_object(payload, where)
    put, fields, grow = found.get("put", {}), found.get("set", {}), found.get("grow", {})
    remove, add = found.get("del", []), found.get("add", {})
    sound = (
        found.keys() <= {"why", "put", "set", "grow", "del", "add"}
        and isinstance(found.get("why"), str)
        and _is_objects(put)
        and _is_objects(fields)
        and _is_objects(grow)
        and all(_is_grown(each) for lists in grow.values() for each in lists.values())
        and isinstance(remove, list)
        and all(isinstance(key, str) for key in remove)
        and isinstance(add, dict)
        and all(
            isinstance(records, list) and all(isinstance(item, dict) for item in records)
            for records in add.values()
        )
    )
    if not sound:
        raise StoreDamaged("a frame's payload is not a change", file=where)
    lists = {
        key: {name: (drop, more) for name, (drop, more) in each.items()}
        for key, each in grow.items()
    }
    return Change(found["why"], put, remove, add, fields, lists)


def _is_objects(found: object) -> bool:
    return isinstance(found, dict) and all(isinstance(item, dict) for item in found.values())


def _is_grown(found: object) -> bool:
    match found:
        case [int() as drop, list()]:
            return not isinstance(drop, bool) and drop >= 0
        case _:
            return False


def _grown(old: object, drop: int, more: Sequence[Any], what: str) -> list[Any]:
    if not isinstance(old, list) or drop > len(old):
        raise StoreDamaged(f"{what} is no list of {drop} entries or more")
    return [*old[drop:], *more]
