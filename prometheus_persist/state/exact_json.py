"""JSON that loses nothing (S8) and lets nothing doubtful in.

Writing: UTF-8, keys sorted, no spaces, so that equal values are equal bytes. NaN and infinity are
refused, as are keys that are not text, lone surrogates, and everything else that reading refuses:
what was written can be read.

Reading: bounded size; nesting beyond a fixed depth, duplicate keys, NaN, Infinity, numbers that
overflow a double, integers of more than 60 digits, a byte order mark, trailing bytes, lone
surrogates and text that is not UTF-8 are refused, each by name. ``where`` names the file in the
error.

The depth is a number of its own and not the interpreter's recursion limit, which depends on who
asks. A commit may be nested less deeply than a file, because files wrap what commits hold.

Raises ``BadValue`` when writing, ``StoreDamaged`` when reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.state.own_json import own_writing

JsonObject = dict[str, Any]

DOCUMENT_BYTES_MAX = 256 * 1024 * 1024
INT_DIGITS_MAX = 60
NESTING_MAX = 100
COMMIT_NESTING_MAX = 80
_INT_LIMIT = 10**INT_DIGITS_MAX
_CONTAINERS = (dict, list, tuple)
_TEXT_ONLY = frozenset({str})
_SCALARS = frozenset({str, int, float, bool, type(None)})
_SURROGATE = re.compile("[\ud800-\udfff]")
_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_INT = b"0" * (INT_DIGITS_MAX + 1)
quoted = json.encoder.encode_basestring  # text as JSON, for what is put together by hand
_CANONICAL = json.JSONEncoder(
    allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
)
_IN_ORDER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def dumps(value: object, *, nesting_max: int = NESTING_MAX, canonical: bool = True) -> bytes:
    """``value`` as JSON bytes; raises BadValue for what JSON cannot hold exactly.

    ``canonical``: keys sorted, so that equal values are equal bytes; else in their own order, which
    is faster.
    """
    try:
        data = (_CANONICAL if canonical else _IN_ORDER).encode(value).encode("utf-8")
    except (ValueError, TypeError, RecursionError) as problem:
        _refuse_inexact(value, nesting_max)
        raise BadValue(f"cannot be written exactly: {problem}") from None
    # The slow look at every value is for the few in which something may be wrong.
    if has_long_int(data) or not _sound(value, nesting_max):
        _refuse_inexact(value, nesting_max)
    return data


def has_long_int(data: bytes) -> bool:
    """Whether more digits stand in a row than an integer may have."""
    return _LONG_INT in data.translate(_AS_ZEROS)


def flat(value: object) -> bool:
    """Whether it is an object of plain values under keys of text: no containers inside."""
    return (
        type(value) is dict
        and _SCALARS.issuperset(map(type, value.values()))
        and _TEXT_ONLY.issuperset(map(type, value))
    )


def as_text(value: object) -> str:
    """JSON text of what is known to be sound, in its own order; raises ValueError for NaN."""
    return _IN_ORDER.encode(value)


def loads(data: bytes, where: str, *, bytes_max: int = DOCUMENT_BYTES_MAX) -> Any:
    """The value in ``data``; raises StoreDamaged naming ``where`` and what is wrong."""
    if len(data) > bytes_max:
        raise StoreDamaged(f"{len(data)} bytes of JSON, at most {bytes_max} are read", file=where)
    if data.startswith(b"\xef\xbb\xbf"):
        raise StoreDamaged("starts with a byte order mark", file=where, offset=0)
    own = own_writing(data, NESTING_MAX)
    if own is not None:
        return own
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise StoreDamaged("is not UTF-8", file=where, offset=problem.start) from None
    own = _own_writing(text, data)
    if own is not None:
        return own
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as problem:
        offset = len(text[: problem.pos].encode("utf-8"))
        raise StoreDamaged(f"is not JSON: {problem.msg}", file=where, offset=offset) from None
    except _Refused as problem:
        raise StoreDamaged(f"refused: {problem}", file=where) from None
    except RecursionError:
        raise StoreDamaged("refused: nested too deeply", file=where) from None
    if data.count(b"[") + data.count(b"{") > NESTING_MAX and _depth_exceeds(value, NESTING_MAX):
        raise StoreDamaged("refused: nested too deeply", file=where)
    if b"\\u" in data and _has_surrogate(value):
        raise StoreDamaged("refused: a lone surrogate", file=where)
    return value


def _own_writing(text: str, data: bytes) -> Any:
    """The value, where ``data`` is to the byte what ``dumps`` writes for it; else None.

    Then nothing that reading refuses can be in it, and the slow look at every value is not needed:
    a duplicate key, an overflow or an escaped surrogate would have been written otherwise.
    """
    if has_long_int(data):
        return None
    try:
        value = json.loads(text)
        same = _IN_ORDER.encode(value).encode("utf-8") == data
    except (ValueError, RecursionError):
        return None
    return value if same and _sound(value, NESTING_MAX) else None


def loads_object(data: bytes, where: str, *, bytes_max: int = DOCUMENT_BYTES_MAX) -> JsonObject:
    """The same, where only an object will do."""
    value = loads(data, where, bytes_max=bytes_max)
    if not isinstance(value, dict):
        raise StoreDamaged(f"holds a {type(value).__name__}, an object is due", file=where)
    return value


class _Refused(Exception):
    """A value the grammar allows and we do not."""


def _pairs(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused(f"key {twice!r} twice")
    return found


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _Refused(f"{text[:20]} overflows")
    return value


def _int(text: str) -> int:
    if len(text.lstrip("-")) > INT_DIGITS_MAX:
        raise _Refused(f"an integer of {len(text)} digits")
    return int(text)


def _constant(text: str) -> None:
    raise _Refused(text)


def _sound(value: object, levels: int) -> bool:
    """Whether every key is text and containers go no deeper than ``levels``."""
    if isinstance(value, dict):
        if levels == 0 or not _TEXT_ONLY.issuperset(map(type, value)):
            return False
        inner: Iterable[Any] = value.values()
    elif isinstance(value, (list, tuple)):
        if levels == 0:
            return False
        inner = value
    else:
        return True
    if _SCALARS.issuperset(map(type, inner)):
        return True
    for item in inner:
        if isinstance(item, _CONTAINERS) and not _sound(item, levels - 1):
            return False
    return True


def _levels(value: object) -> Iterator[list[Any]]:
    """The values at depth 0, 1, 2, …, keys of objects included; without recursion."""
    level: list[Any] = [value]
    while level:
        yield level
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, (list, tuple)):
                below.extend(item)
        level = below


def _depth_exceeds(value: object, nesting_max: int) -> bool:
    return any(
        depth >= nesting_max and any(isinstance(item, _CONTAINERS) for item in level)
        for depth, level in enumerate(_levels(value))
    )


def _has_surrogate(value: object) -> bool:
    return any(
        isinstance(item, str) and _SURROGATE.search(item) is not None
        for level in _levels(value)
        for item in level
    )


def _refuse_inexact(value: object, nesting_max: int) -> None:
    """Raise BadValue for what ``json`` would write in a way that cannot be read back."""
    for depth, level in enumerate(_levels(value)):
        if depth >= nesting_max and any(isinstance(item, _CONTAINERS) for item in level):
            raise BadValue(f"cannot be written exactly: nested deeper than {nesting_max}")
        for item in level:
            if isinstance(item, dict):
                if not all(isinstance(key, str) for key in item):
                    raise BadValue("cannot be written exactly: a key that is not text")
            elif isinstance(item, int) and not -_INT_LIMIT < item < _INT_LIMIT:
                raise BadValue(f"cannot be written exactly: over {INT_DIGITS_MAX} digits")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_float=_float,
    parse_int=_int,
    parse_constant=_constant,
)
