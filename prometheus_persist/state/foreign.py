"""Which value it is that would not come back as it is: its place, and its type by full name.

    agents/LiveAgent_01.gene.g: numpy.float64

A value is its own where it has exactly one of the types that documents are made of: subclasses
(numpy's scalars, members of an Enum, ``defaultdict``) look like them, and would come back as
something less. ``own`` is asked of a value, ``foreign`` says where in it the first other one is.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Final

from pydantic import BaseModel

from prometheus_persist.state.encoding import LEAVES, codec, leaves
from prometheus_persist.state.history import History
from prometheus_persist.state.plain_json import INT_LIMIT, JSON_LEVELS_MAX, writable_text

_JSON: Final = frozenset({str, int, float, bool, type(None)})
_CONTAINERS: Final = (dict, list, History)
_CHARS_SHOWN: Final = 60
ADVICE: Final = "would not come back as it is; give a plain one: float(…), str(…), dict(…), list(…)"


def own(value: object) -> bool:
    """Whether a value by itself, whatever is in it, has a type that documents are made of."""
    kind = type(value)
    return kind in LEAVES or kind in _CONTAINERS or isinstance(value, BaseModel)


def kinds(value: object) -> list[object]:
    """The types of everything in a value, in order; of what is not its own, ``object``."""
    found: list[object] = []
    leaves(value, found)
    return [item if isinstance(item, type) else type(item) for item in found]


def type_name(value: object) -> str:
    """The full name of a value's type, without ``builtins``."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else _full(kind)


def _full(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def named(where: str, value: object) -> str:
    """``where``, the type, and, where the type does not say what is wrong, the value."""
    told = type_name(value)
    shown = f" {value!r}" if type(value) in LEAVES else ""
    return f"{where}: {told}{shown[:_CHARS_SHOWN]}"


def foreign(where: str, value: object, *, json: bool) -> str:
    """The first value in this one that would not come back, named; empty where none is seen.

    ``json``: whether only JSON's own types will do.
    """
    for place, found in _foreign(value, JSON_LEVELS_MAX, json=json):
        return named(where + place, found)
    return ""


def _foreign(value: object, levels: int, *, json: bool) -> Iterator[tuple[str, object]]:
    kind = type(value)
    if kind is dict or kind is list:
        if levels == 0:
            yield "", value
            return
        items = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
        for name, item in items:
            if kind is dict and type(name) is not str:
                yield f"[{name!r}]", name
                return
            place = f".{name}" if kind is dict else f"[{name}]"
            for deeper, found in _foreign(item, levels - 1, json=json):
                yield place + deeper, found
    elif isinstance(value, BaseModel) and not json:
        rules = codec(type(value))
        for name, item in value.__dict__.items():
            encode = rules.encoders.get(name)
            if encode is None or encode(item) is None:
                for deeper, found in _foreign(item, levels, json=name in rules.json_fields):
                    yield f".{name}{deeper}", found
        for name, item in (value.__pydantic_extra__ or {}).items():
            for deeper, found in _foreign(item, levels, json=True):
                yield f".{name}{deeper}", found
    elif not _plain(value, json=json):
        yield "", value


def _plain(value: object, *, json: bool) -> bool:
    if not (type(value) in _JSON if json else own(value)):
        return False
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, int):
        return bool(-INT_LIMIT < value < INT_LIMIT)
    return not isinstance(value, str) or writable_text(value) is not None
