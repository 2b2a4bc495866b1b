"""One short text for a whole state, kept up to date as changes are folded in.

A state is documents by key (JSON objects) and streams by name (append-only lists of JSON objects).
Its digest is SHA-256 over the sorted keys with the hash of each document, and over the sorted
stream names with length and running hash of each stream. Two states have one digest exactly when
they are equal as JSON; a fold costs what changed, not what there is.

Nothing of the library is used here: what judges must not share a bug with what is judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

JsonObject = dict[str, Any]
DIGEST_CHARS = 32


def canonical(value: object) -> bytes:
    """``value`` as JSON with sorted keys and no spaces; raises ValueError on NaN and infinity."""
    return json.dumps(
        value, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode("utf-8", "surrogatepass")


def fingerprint(document: JsonObject) -> str:
    """One document's hash."""
    return _hash(canonical(document))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:DIGEST_CHARS]


class Fold:
    """A state's hashes, document by document and stream by stream."""

    def __init__(self) -> None:
        self._documents: dict[str, str] = {}
        self._streams: dict[str, tuple[int, str]] = {}

    def put(self, key: str, document: JsonObject) -> None:
        """A document is new or replaced."""
        self._documents[key] = fingerprint(document)

    def drop(self, key: str) -> None:
        """A document is gone, or a stream."""
        self._documents.pop(key, None)
        self._streams.pop(key, None)

    def add(self, stream: str, records: Iterable[JsonObject]) -> None:
        """Records are appended to a stream; none at all leaves no trace."""
        for record in records:
            count, before = self._streams.get(stream, (0, ""))
            self._streams[stream] = (count + 1, _hash(before.encode() + canonical(record)))

    def change(self, change: Mapping[str, Any]) -> None:
        """One commit: ``put`` documents, ``del`` keys and streams, ``add`` records."""
        for key, document in change.get("put", {}).items():
            self.put(key, document)
        for key in change.get("del", ()):
            self.drop(key)
        for stream, records in change.get("add", {}).items():
            self.add(stream, records)

    def value(self) -> str:
        """The digest of the state as it now is."""
        return _hash(canonical([sorted(self._documents.items()), sorted(self._streams.items())]))


def whole(documents: Mapping[str, JsonObject], streams: Mapping[str, Iterable[JsonObject]]) -> Fold:
    """The fold of a whole state at once."""
    fold = Fold()
    for key, document in documents.items():
        fold.put(key, document)
    for stream, records in streams.items():
        fold.add(stream, records)
    return fold
