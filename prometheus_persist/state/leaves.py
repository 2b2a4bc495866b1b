"""What a value is made of: the immutable values in it, in order, with the types of the containers
between them.

Two lists of leaves that are the same objects are the same value, also where dicts and lists were
changed in place; a leaf of a type that might be mutable never compares equal.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from prometheus_persist.state.history import History
from prometheus_persist.state.naming import LEAVES

_A_MODEL: Final[type] = type(BaseModel)


def leaves(value: Any, found: list[object]) -> None:
    """Append what ``value`` is made of to ``found``."""
    kind = type(value)
    if kind in LEAVES:
        found.append(value)
        return
    found.append(kind)
    if kind is dict:
        found.extend(value)
        inside: Any = value.values()
    elif kind is list or kind is tuple:
        inside = value
    elif kind is History:
        inside = value.texts()
    elif type(kind) is _A_MODEL:
        inside = value.__dict__.values()
        if value.__pydantic_extra__:
            inside = [*inside, value.__pydantic_extra__]
    else:
        found[-1] = object()  # not known to be immutable: never the same again
        return
    if LEAVES.issuperset(map(type, inside)):
        found.extend(inside)
    else:
        for item in inside:
            leaves(item, found)
    found.append(_End)


class _End:
    """Stands behind what a container holds."""
