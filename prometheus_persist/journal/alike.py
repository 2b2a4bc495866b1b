"""Records that are alike, read a field at a time: no object is made of each.

Of an execution little is needed to add a million of them up, and most of the time went into making
objects of everything else. Records with the same keys in the same order, and under each of them
either text or an integer in all of them, are lines that one pattern fits; it is made of the first
record. What it finds is exact, since a line that it fits can mean nothing else:

- the keys are those of the first record as they are written there, each of them once;
- no line has a backslash or a control character in it, and all have as many quotes, so a text is
  what stands between two of them;
- an integer has at most 18 digits, and no zero before them;
- a line of the pattern is a line of the text, from its beginning to its end.

Whatever is not proven in this way is not read here, and never refused; ``Block.objects`` decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

_UNMARKED = bytes(set(range(0x20, 0x100)) - set(b'"\\'))
_TEXT, _INTEGER = '"([^"]*+)"', "(0|-?[1-9][0-9]{0,17}+)"
Columns = dict[str, Sequence[Any]]


def columns(
    lines: bytes, count: int, names: tuple[str, ...], head: bytes = b"", tail: bytes = b""
) -> Columns | None:
    """The values of each of these fields that the records have, in their order; None where they are
    not known to be alike. Each of ``count`` lines is a record between ``head`` and ``tail``."""
    line = lines[: lines.find(b"\n") + 1]
    marks = line.translate(None, _UNMARKED)
    if marks.strip(b'"') != b"\n" or lines.translate(None, _UNMARKED) != marks * count:
        return None
    try:
        first = orjson.loads(line[len(head) : -1 - len(tail)])
        around, text = (head.decode(), tail.decode()), lines.decode()
    except ValueError:
        return None
    kinds = tuple(map(type, first.values())) if type(first) is dict else ()
    shown = tuple(name for name in first if name in names) if {str, int}.issuperset(kinds) else ()
    found = _line(tuple(first), kinds, shown, around).findall(text) if len(shown) > 1 else []
    if len(found) != count:
        return None
    told: Columns = dict(zip(shown, zip(*found, strict=True), strict=True))
    integers = [name for name in shown if type(first[name]) is int]
    return told | {name: list(map(int, told[name])) for name in integers}


@lru_cache(maxsize=64)
def _line(
    keys: tuple[str, ...],
    kinds: tuple[type, ...],
    shown: tuple[str, ...],
    around: tuple[str, str],
) -> re.Pattern[str]:
    """A line with these keys and kinds of values; its groups are what is ``shown``."""
    fields = []
    for key, kind in zip(keys, kinds, strict=True):
        value = _TEXT if kind is str else _INTEGER
        value = value if key in shown else value.replace("(", "(?:")
        fields.append(re.escape(f'"{key}":') + value)
    head, tail = map(re.escape, around)
    return re.compile(f"^{head}{{{','.join(fields)}}}{tail}\n", re.MULTILINE)
