"""Naming a value that would not come back as it is: its place, and its type by full name.

    agents/LiveAgent_01.gene.g: numpy.float64

``LEAVES`` are the types of single values that documents are made of.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from prometheus_persist.state.money import Contracts

LEAVES: Final = frozenset(
    {str, int, float, bool, type(None), Decimal, Contracts, datetime, date, time, timedelta}
)
ADVICE: Final = "would not come back as it is; give a plain one: float(…), str(…), dict(…), list(…)"
_CHARS_SHOWN: Final = 60


def type_name(value: object) -> str:
    """The full name of a value's type, without ``builtins``."""
    kind = type(value)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def named(where: str, value: object) -> str:
    """``where``, the type, and, where the type does not say what is wrong, the value."""
    told = type_name(value)
    shown = f" {value!r}" if type(value) in LEAVES else ""
    return f"{where}: {told}{shown[:_CHARS_SHOWN]}"
