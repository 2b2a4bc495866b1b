"""Reading fast what this library wrote: JSON that is, to the byte, what would be written again.

Most of what is read was written here, without spaces and with nothing doubtful in it. Such text is
decoded by ``orjson`` and encoded again; where the bytes are the same, the value is the one that the
slow way of ``exact_json.loads`` would give, and nothing that it refuses can be in it:

- a duplicate key, a comment, a byte order mark, trailing bytes, an escape that was not needed, an
  integer that was taken for a float or a number that overflowed would have been written otherwise;
- text that is not UTF-8, lone surrogates, NaN and Infinity are refused by ``orjson`` itself;
- an integer of 64 bits has fewer digits than the limit, and a float that comes back as the same
  text is the float that this text means.

That leaves the depth, which is counted here. Whatever is not proven in this way is read the slow
way, which alone decides; so this module never refuses anything.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

_CONTAINERS: Final = frozenset({dict, list})
_ALL_BUT_OPENERS: Final = bytes(set(range(256)) - set(b"[{"))


def own_writing(data: bytes, nesting_max: int) -> Any:
    """The value in ``data`` where that is proven exact, with containers no deeper than
    ``nesting_max``; else None."""
    value = written_again(data)
    return value if nested_within(value, openers(data), nesting_max) else None


def written_again(data: bytes) -> Any:
    """The same, but for the depth, which is up to the caller."""
    try:
        value = orjson.loads(data)
        return value if orjson.dumps(value) == data else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def canonical_again(data: bytes) -> Any:
    """The same, with the keys sorted as well: what ``exact_json.dumps`` writes, but for floats,
    which it may write otherwise."""
    try:
        value = orjson.loads(data)
        return value if orjson.dumps(value, option=orjson.OPT_SORT_KEYS) == data else None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def openers(data: bytes) -> int:
    """How many brackets open in ``data``, those inside text included."""
    return len(data.translate(None, _ALL_BUT_OPENERS))


def nested_within(value: Any, brackets: int, levels: int) -> bool:
    """Whether containers go no deeper than ``levels``; there are at most ``brackets`` of them.

    Looks no deeper once it has seen as many containers as there are brackets: of a list of flat
    records, only the list is looked through.
    """
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    while level:
        if levels == 0:
            return False
        levels, brackets = levels - 1, brackets - len(level)
        if brackets <= levels:
            return True
        below: list[Any] = []
        for item in level:
            inside = item.values() if type(item) is dict else item
            below += [each for each in inside if type(each) in _CONTAINERS]
        level = below
    return True
