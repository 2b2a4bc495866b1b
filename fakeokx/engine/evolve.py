"""A changed copy of a frozen value, four times faster than ``dataclasses.replace``.

An execution makes half a dozen copies of values with up to forty fields, and ``replace`` passes
every field through ``__init__`` and the frozen ``__setattr__``. Here the slots are read by one
attrgetter and written through their descriptors. What that skips is ``__post_init__``, which no
value of the engine has, and which is refused.
"""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeVar

Value = TypeVar("Value")


class _Shape(NamedTuple):
    """How the values of one class are read and written."""

    read: Callable[[Any], tuple[Any, ...]]
    write: tuple[Callable[[Any, Any], None], ...]
    place: dict[str, int]


_SHAPES: Final[dict[type[Any], _Shape]] = {}


def evolve(value: Value, **changes: object) -> Value:
    """The same value with other fields; raises KeyError for a field that it does not have."""
    kind = type(value)
    shape = _SHAPES.get(kind) or _shape(kind)
    items = list(shape.read(value))
    for name, item in changes.items():
        items[shape.place[name]] = item
    copy = object.__new__(kind)
    for write, item in zip(shape.write, items, strict=True):
        write(copy, item)
    return copy


def _shape(kind: type[Any]) -> _Shape:
    assert not hasattr(kind, "__post_init__"), f"{kind} wants to be made by its __init__"
    names = [field.name for field in fields(kind)]
    shape = _Shape(
        read=attrgetter(*names),
        write=tuple(getattr(kind, name).__set__ for name in names),
        place={name: at for at, name in enumerate(names)},
    )
    _SHAPES[kind] = shape
    return shape
