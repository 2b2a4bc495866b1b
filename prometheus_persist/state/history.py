"""A list that only grows: what has been, oldest first.

A ranking of every cycle, a market state of every hour: such lists get long, and a save must not
cost more the longer they are. So a ``History`` can be appended to, and its head may be dropped;
nothing in it can be changed. A save then writes what was appended and how much was dropped, and
never looks at the rest.

    supervisor.market_state_history.append({"time": "…", "trend": "…"})
    supervisor.market_state_history.keep_last(1000)

Entries are JSON objects and are held as text: what is taken in is proven to come back as it is, and
what is handed out is the caller's own copy. A model that is made, or read, takes a list of objects
for a History and makes a new one of it; assigned, it has to be a History.

Raises ``BadValue`` for an entry that JSON cannot hold exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import loads
from typing import Any, overload

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from prometheus_persist.errors import BadValue
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.naming import ADVICE, named, type_name
from prometheus_persist.state.plain_json import json_text, not_plain


class History(Sequence[JsonObject]):
    """Entries from number ``dropped`` on, counted from the first that was ever appended."""

    __slots__ = ("_texts", "dropped")

    def __init__(self, entries: Iterable[Mapping[str, Any]] = ()) -> None:
        """Of these entries; raises BadValue."""
        self._texts: list[str] = []
        self.dropped = 0
        self.extend(entries)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add one entry; raises BadValue."""
        self._texts.append(_text(entry))

    def extend(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Add several, all or none; raises BadValue."""
        self._texts.extend([_text(entry) for entry in entries])

    def keep_last(self, count: int) -> None:
        """Drop the oldest entries until at most ``count`` are left; raises BadValue below 0."""
        if count < 0:
            raise BadValue(f"a history keeps no {count} entries")
        over = len(self._texts) - count
        if over > 0:
            del self._texts[:over]
            self.dropped += over

    @property
    def ever(self) -> int:
        """How many entries were ever appended."""
        return self.dropped + len(self._texts)

    def texts(self, start: int = 0) -> list[str]:
        """The entries from number ``start`` on as JSON text; numbers count what was dropped."""
        return self._texts[max(start - self.dropped, 0) :]

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> JsonObject: ...

    @overload
    def __getitem__(self, index: slice) -> list[JsonObject]: ...

    def __getitem__(self, index: int | slice) -> JsonObject | list[JsonObject]:
        if isinstance(index, slice):
            return [loads(text) for text in self._texts[index]]
        found: JsonObject = loads(self._texts[index])
        return found

    def __iter__(self) -> Iterator[JsonObject]:
        return map(loads, self._texts)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, History):
            return self._texts == other._texts or list(self) == list(other)
        return isinstance(other, list) and list(self) == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"History({len(self._texts)} entries)"

    def __copy__(self) -> History:
        # Never two that share their entries: one would not know what the other dropped.
        again = History()
        again._texts, again.dropped = list(self._texts), self.dropped
        return again

    def __deepcopy__(self, memo: object) -> History:
        return self.__copy__()

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def parse(value: object) -> History:
            if type(value) is History:
                return value
            if not isinstance(value, (list, tuple)):
                raise ValueError(f"a history is a list of objects, not a {type(value).__name__}")
            try:
                return History(value)
            except BadValue as problem:
                raise ValueError(problem.detail) from None

        return core_schema.no_info_plain_validator_function(
            parse,
            serialization=core_schema.plain_serializer_function_ser_schema(list, when_used="json"),
        )


def _text(entry: object) -> str:
    text = json_text(entry) if type(entry) is dict else None
    if text is not None:
        return text
    if type(entry) is not dict:
        raise BadValue(f"an entry of a history is a dict itself, not a {type_name(entry)}")
    place, found = next(not_plain(entry), ("", entry))
    raise BadValue(f"{named(f'a history: entry{place}', found)} {ADVICE}")
