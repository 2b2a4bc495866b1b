"""What a caller of ``attach`` may have meant otherwise: refused before anything is opened.

Each of these would be taken for something else without a word: a text for its letters, a step by a
name that no class has for one that is never due, the old class in the new name of an attribute for
a part of that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_persist.errors import BadConfig


def names(option: str, given: Any) -> tuple[str, ...]:
    """A list of names. Raises BadConfig."""
    if isinstance(given, str):  # whose letters would be taken for names
        raise BadConfig(f"{option} is a list of names, not one name")
    if not isinstance(given, Iterable):
        raise BadConfig(f"{option} is a list of names, not {given!r}")
    found = tuple(given)
    for each in found:
        if not isinstance(each, str):
            raise BadConfig(f"{option} is a list of names, and {each!r} is none")
    return found


def classes(option: str, given: Any) -> tuple[type, ...]:
    """A list of classes. Raises BadConfig."""
    if isinstance(given, type) or not isinstance(given, Iterable):
        raise BadConfig(f"{option} is a list of classes, not {given!r}")
    found = tuple(given)
    for each in found:
        if not isinstance(each, type):
            raise BadConfig(f"{option} is a list of classes, and {each!r} is none")
    return found


def refuse_misspelt(rename: Any, rebind: Any, upcast: Any, adapters: Any) -> None:
    """What is given by names or classes. Raises BadConfig."""
    for old, new in _pairs("rename", rename):
        of_class = str(old).count(":"), str(new).count(":")
        attribute = of_class == (0, 0) and "." in str(old) and "." not in str(new)
        if of_class != (1, 1) and not attribute:
            raise BadConfig(
                f"rename has {old!r}: {new!r}; write 'module:Old': 'module:New', "
                "or 'Class.old': 'new'"
            )
    for where, path in _pairs("rebind", rebind):
        if not isinstance(where, str) or not isinstance(path, str):
            raise BadConfig(f"rebind has {where!r}: {path!r}; write 'Class.attribute': 'place'")
    for name, step in _pairs("upcast", upcast):
        if str(name).count(":") != 1 or not callable(step):
            raise BadConfig(f"upcast has {name!r}: {step!r}; write 'module:Class': step")
    for cls, pair in _pairs("adapters", adapters):
        two = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(map(callable, pair))
        if not isinstance(cls, type) or not two:
            raise BadConfig(f"adapters has {cls!r}: {pair!r}; write type: (to_plain, from_plain)")


def _pairs(option: str, given: Any) -> Iterable[tuple[Any, Any]]:
    if given is not None and not isinstance(given, Mapping):
        raise BadConfig(f"{option} is a dict, not {given!r}")
    return (given or {}).items()
