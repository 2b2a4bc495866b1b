"""What an adapter gave of an object, as JSON, and back: exactly that, in types and bits.

    null, 1, "x", ["dec", "1.5"]    a value (``values.py``)
    ["[", …]  ["(", …]              a list, a tuple
    ["{", name, value, …]           a dict, by text, in its order
    ["a", dtype, …]                 an array of numpy

So an adapter of a table gives its columns as arrays, NaN and types included. A key that is called
a secret is refused: nobody would see that it was written.

Raises ``BadValue`` when writing, ``StoreDamaged`` when reading.
"""

from __future__ import annotations

from typing import Any, Final

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.graph.arrays import array_of, array_state
from prometheus_persist.graph.classes import ClassTable
from prometheus_persist.graph.policy import is_secret
from prometheus_persist.graph.values import Json, Leaves, imported

_LEAVES: Final = Leaves(ClassTable(()))
_DEEP_MAX: Final = 100
"""One inside the other."""


def adapted(given: Any, deep: int = 0) -> Json:
    """What is written of it."""
    cls = type(given)
    if deep > _DEEP_MAX:
        raise BadValue(f"an adapter gave more than {_DEEP_MAX} values inside one another")
    write = _LEAVES[cls]
    if write is not None:
        return write(given)
    if cls is dict:
        if odd := [name for name in given if type(name) is not str]:
            raise BadValue(f"an adapter gave a dict with the key {odd[0]!r}; give keys of text")
        if secret := [name for name in given if is_secret(name)]:
            raise BadValue(f"an adapter gave {secret[0]!r}, which is called a secret; leave it out")
        pairs = given.items()
        return ["{", *(adapted(each, deep + 1) for pair in pairs for each in pair)]
    if cls in (list, tuple):
        return ["[" if cls is list else "(", *(adapted(each, deep + 1) for each in given)]
    numpy = imported("numpy")
    if numpy is not None and cls is numpy.ndarray:
        return ["a", *array_state(given)]
    raise BadValue(
        f"an adapter gave a {cls.__qualname__}; give lists, tuples, dicts by text, arrays of numpy "
        "and plain values"
    )


def given_again(told: Json) -> Any:
    """What the adapter gave."""
    if type(told) is not list:
        return told
    match told:
        case ["[", *items]:
            return [given_again(each) for each in items]
        case ["(", *items]:
            return tuple(given_again(each) for each in items)
        case ["{", *pairs] if len(pairs) % 2 == 0:
            again = map(given_again, pairs)
            return dict(zip(again, again, strict=True))
        case ["a", *array]:
            return array_of(array)
        case [str(), *_]:
            return _LEAVES.read(told)
    raise StoreDamaged(f"what an adapter gave of the host: {str(told)[:80]}")
