"""A change and the image it changes: what one frame's payload means.

A change puts whole documents, removes documents, and appends records to streams; it names why it
was saved. An image is every document and every stream at one sequence. Replaying the changes of a
chain onto an empty image gives the image; that is the whole of recovery.

Documents and records are JSON objects (``state/documents.py`` has their keys). Once handed in they
are the image's own: callers pass fresh objects.

Raises ``StoreDamaged`` for a payload that is no change; ``BadValue`` where it cannot be written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.state.exactjson import (
    COMMIT_NESTING_MAX,
    JsonObject,
    as_text,
    dumps,
    flat,
    has_long_int,
    loads_object,
    quoted,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One commit's content. ``texts`` has documents of ``put`` that are JSON text already."""

    why: str
    put: Mapping[str, JsonObject] = field(default_factory=dict)
    remove: Sequence[str] = ()
    add: Mapping[str, Sequence[JsonObject]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether it would change nothing."""
        return not (self.put or self.remove or any(self.add.values()))

    def to_json(self) -> JsonObject:
        """The payload as a JSON object."""
        found: JsonObject = {"why": self.why}
        if self.put:
            found["put"] = dict(self.put)
        if self.remove:
            found["del"] = list(self.remove)
        if self.add:
            found["add"] = {name: list(records) for name, records in self.add.items()}
        return found

    def to_bytes(self) -> bytes:
        """The payload as JSON; raises BadValue."""
        data = self._spliced() if self.put.keys() == self.texts.keys() else None
        if data is None:
            data = dumps(self.to_json(), nesting_max=COMMIT_NESTING_MAX, canonical=False)
        return data

    def _spliced(self) -> bytes | None:
        """The payload put together from texts; None where anything needs a closer look."""
        parts = [f'{{"why":{quoted(self.why)}']
        if self.texts:
            put = ",".join([f"{quoted(key)}:{text}" for key, text in self.texts.items()])
            parts.append(f'"put":{{{put}}}')
        if self.remove:
            parts.append(f'"del":[{",".join(map(quoted, self.remove))}]')
        if self.add:
            added = self._added()
            if added is None:
                return None
            parts.append(f'"add":{{{added}}}')
        try:
            data = (",".join(parts) + "}").encode()
        except UnicodeEncodeError:
            return None
        return None if has_long_int(data) else data

    @staticmethod
    def _rows(records: Sequence[JsonObject]) -> str | None:
        if not all(map(flat, records)):
            return None
        try:
            return as_text(list(records))
        except ValueError:
            return None

    def _added(self) -> str | None:
        written: dict[int, str] = {}  # one record often goes onto two streams
        found = []
        for name, records in self.add.items():
            text = written.get(id(records[0])) if len(records) == 1 else None
            if text is None:
                text = self._rows(records)
                if text is None:
                    return None
                if len(records) == 1:
                    written[id(records[0])] = text
            found.append(f"{quoted(name)}:{text}")
        return ",".join(found)


@dataclass(slots=True)
class Image:
    """Every document and stream at one sequence. ``apply`` moves it on, in place."""

    documents: dict[str, JsonObject] = field(default_factory=dict)
    streams: dict[str, list[JsonObject]] = field(default_factory=dict)
    seq: int = 0
    time_ms: int = 0

    def apply(self, change: Change, seq: int, time_ms: int) -> None:
        """Take a change in."""
        self.documents.update(change.put)
        for key in change.remove:
            self.documents.pop(key, None)
        for name, records in change.add.items():
            if records:  # a stream without a record is no stream: archives do not hold any
                self.streams.setdefault(name, []).extend(records)
        self.seq, self.time_ms = seq, time_ms

    def copy(self) -> Image:
        """The same image, which later changes to this one leave alone; documents are shared."""
        streams = {name: list(records) for name, records in self.streams.items()}
        return Image(dict(self.documents), streams, self.seq, self.time_ms)

    def digest(self) -> str:
        """SHA-256 over the canonical bytes of everything in it; equal images, equal digests."""
        return hashlib.sha256(dumps({"d": self.documents, "s": self.streams})).hexdigest()


def change_from(payload: bytes, where: str) -> Change:
    """The change in a payload; raises StoreDamaged naming ``where``."""
    found = loads_object(payload, where)
    unknown = found.keys() - {"why", "put", "del", "add"}
    put, remove, add = found.get("put", {}), found.get("del", []), found.get("add", {})
    sound = (
        not unknown
        and isinstance(found.get("why"), str)
        and isinstance(put, dict)
        and all(isinstance(item, dict) for item in put.values())
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
    return Change(found["why"], put, remove, add)
