"""One field of an OKX row: exact text in, an exact value out; anything else is ``BadRow``.

Every value is text; "" means "does not apply". Only ``said`` takes whatever there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from prometheus_persist.errors import BadValue
from prometheus_persist.state import exact

Row = Mapping[str, Any]

TIME_DIGITS_MAX = 16
ID_DIGITS_MAX = 24


class BadRow(Exception):
    """A row that is not what the exchange documents; says which field."""


def text(row: Row, name: str, default: str | None = None) -> str:
    """A text field; ``default`` stands in for a field that is absent, not for an empty one."""
    value = row.get(name, default)
    if not isinstance(value, str):
        raise BadRow(f"field {name} is {type(value).__name__}, text is due")
    return value


def required(row: Row, name: str) -> str:
    """A text field that must say something."""
    value = text(row, name)
    if not value:
        raise BadRow(f"field {name} is empty")
    return value


def number(row: Row, name: str, default: Decimal | None = None) -> Decimal:
    """A decimal field; ``default`` stands in for an empty or absent one."""
    value = text(row, name, "" if default is not None else None)
    if value == "" and default is not None:
        return default
    try:
        return exact(value)
    except BadValue as problem:
        raise BadRow(f"field {name}: {problem.detail}") from None


def moment(row: Row, name: str) -> int:
    """A Unix time in milliseconds."""
    value = required(row, name)
    if not (value.isascii() and value.isdigit()) or len(value) > TIME_DIGITS_MAX:
        raise BadRow(f"field {name} is {value[:40]!r}, Unix milliseconds are due")
    return int(value)


def whole(row: Row, name: str) -> int:
    """An id that counts up."""
    value = required(row, name)
    if not (value.isascii() and value.isdigit()) or len(value) > ID_DIGITS_MAX:
        raise BadRow(f"field {name} is {value[:40]!r}, a number is due")
    return int(value)


def one_of(row: Row, name: str, allowed: Iterable[str], default: str = "") -> str:
    """A text field out of a closed set."""
    value = text(row, name, default) or default
    if value not in allowed:
        raise BadRow(f"field {name} is {value[:40]!r}")
    return value


def said(row: Row, name: str) -> str:
    """The field's text, whatever it is; "" where it has none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""
