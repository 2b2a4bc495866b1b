"""Which value in a field or document it is that would not come back as it is.

A value is its own where it has exactly one of the types that documents are made of: subclasses
(numpy's scalars, members of an Enum, ``defaultdict``) look like them, and would come back as
something less. ``own`` is asked of a value, ``foreign`` names the first other one in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel

from prometheus_persist.state.encoding import UNFIT, codec
from prometheus_persist.state.history import History
from prometheus_persist.state.leaves import leaves
from prometheus_persist.state.naming import LEAVES, named
from prometheus_persist.state.plain_json import (
    JSON_LEVELS_MAX,
    fits,
    not_plain,
)

_CONTAINERS: Final = (dict, list, History)


def own(value: object) -> bool:
    """Whether a value by itself, whatever is in it, has a type that documents are made of."""
    kind = type(value)
    return kind in LEAVES or kind in _CONTAINERS or isinstance(value, BaseModel)


def kinds(value: object) -> list[object]:
    """The types of everything in a value, in order; of what is not its own, ``object``."""
    found: list[object] = []
    leaves(value, found)
    return [item if isinstance(item, type) else type(item) for item in found]


def foreign(where: str, value: object, *, json: bool) -> str:
    """The first value in this one that would not come back, named; empty where none is seen.

    ``json``: whether only JSON's own types will do.
    """
    for place, found in not_plain(value, JSON_LEVELS_MAX) if json else _foreign(value):
        return named(where + place, found)
    return ""


def _foreign(value: object, levels: int = JSON_LEVELS_MAX) -> Iterator[tuple[str, object]]:
    return not_plain(value, levels, _within)


def _within(value: object, levels: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, BaseModel):
        rules = codec(type(value))
        for name, item in value.__dict__.items():
            encode = rules.encoders.get(name)
            if encode is None or encode(item) is UNFIT:
                look = not_plain if name in rules.json_fields else _foreign
                for deeper, found in look(item, levels):
                    yield f".{name}{deeper}", found
        for name, item in (value.__pydantic_extra__ or {}).items():
            for deeper, found in not_plain(item, levels):
                yield f".{name}{deeper}", found
    elif not (own(value) and fits(value)):
        yield "", value
