"""Values of exactly the types that JSON has, as JSON text that reads back as the very same.

``exact_json.dumps`` writes whatever ``json`` can and refuses what cannot be read. This is narrower:
dict, list, str, int, float, bool and None themselves, no subclass and no tuple, so that what comes
back has the types of what went in. Whatever is not that has no text here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, Final

from prometheus_persist.state.exact_json import INT_DIGITS_MAX

JSON_LEVELS_MAX: Final = 60
INT_LIMIT: Final = 10**INT_DIGITS_MAX
Within = Callable[[object, int], Iterator[tuple[str, object]]]
_LEAVES: Final = frozenset({str, int, float, bool, type(None)})
_TEXT: Final = frozenset({str})
encode: Final = json.JSONEncoder(
    allow_nan=False, ensure_ascii=False, check_circular=False, separators=(",", ":")
).encode


def json_text(value: object) -> str | None:
    """JSON values of exactly the types JSON has, as text; None for anything else."""
    if not _isencode(value, JSON_LEVELS_MAX):
        return None
    try:
        return writable_text(encode(value))
    except ValueError:
        return None


def writable_text(text: str) -> str | None:
    """The text, if UTF-8 can hold it; a lone surrogate it cannot."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return None
    return text


def _unfit(value: object, _levels: int) -> Iterator[tuple[str, object]]:
    if type(value) not in _LEAVES or not fits(value):
        yield "", value


def not_plain(
    value: object, levels: int = JSON_LEVELS_MAX, within: Within = _unfit
) -> Iterator[tuple[str, object]]:
    """Where in a value something stands that has no text here, and what; ``within`` looks at what
    is neither an object nor a list."""
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
            for deeper, found in not_plain(item, levels - 1, within):
                yield place + deeper, found
    else:
        yield from within(value, levels)


def fits(value: object) -> bool:
    """Whether a single value is one that comes back: finite, no endless integer, text for UTF-8."""
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, int):
        return bool(-INT_LIMIT < value < INT_LIMIT)
    return not isinstance(value, str) or writable_text(value) is not None


def _isencode(value: object, levels: int) -> bool:
    kind = type(value)
    if kind is dict:
        held: dict[Any, Any] = value  # type: ignore[assignment]
        items: Any = held.values()
        if not _TEXT.issuperset(map(type, held)):
            return False
    elif kind is list:
        items = value
    else:
        return kind in _LEAVES and (kind is not int or _fits(value))
    if levels == 0:
        return False
    kinds = set(map(type, items))
    if int not in kinds and kinds <= _LEAVES:
        return True
    return all(_isencode(item, levels - 1) for item in items)


def _fits(value: Any) -> bool:
    return bool(-INT_LIMIT < value < INT_LIMIT)
