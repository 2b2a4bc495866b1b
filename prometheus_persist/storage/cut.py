"""An image as it is now, while it goes on changing: taken in no time, read at leisure.

Documents are replaced whole and never changed, so a shallow copy holds them as they are. Streams
only ever grow, so a list and a length do: a million records are neither copied nor freed. What is
read through a cut is read by another thread than the one that appends, piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, cast, overload

from prometheus_persist.journal.change import Image
from prometheus_persist.state.exactjson import JsonObject


class Upto(Sequence[JsonObject]):
    """The first ``count`` records of a list that others append to."""

    __slots__ = ("_count", "_records")

    def __init__(self, records: list[JsonObject]) -> None:
        self._records = records
        self._count = len(records)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[JsonObject]:
        return islice(self._records, self._count)

    @overload
    def __getitem__(self, at: int) -> JsonObject: ...
    @overload
    def __getitem__(self, at: slice) -> list[JsonObject]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self._records[number] for number in range(*at.indices(self._count))]
        return self._records[range(self._count)[at]]


def cut(image: Image) -> Image:
    """The image as it stands; its streams can be measured, sliced and gone through, not changed."""
    streams = {name: Upto(records) for name, records in image.streams.items()}
    still = cast("dict[str, list[JsonObject]]", streams)
    return Image(dict(image.documents), still, image.seq, image.time_ms)
