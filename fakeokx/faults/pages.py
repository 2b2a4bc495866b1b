"""What a fault does to the rows of a page: fewer, more, in another order, or not there yet."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from fakeokx.faults.actions import DUPLICATE, EMPTY, LATE_INDEX, REORDER, TRUNCATE
from fakeokx.faults.rules import Fault

_BORN: Final = ("cTime", "ts")


def bent(rows: list[Any], fault: Fault, now_ms: int) -> list[Any]:
    """The rows as the fault lets them be seen; as they are if it does nothing to pages."""
    match fault.action:
        case action if action == EMPTY:
            return []
        case action if action == TRUNCATE:
            return rows[: fault.keep if fault.keep >= 0 else len(rows) // 2]
        case action if action == DUPLICATE:
            return [row for row in rows for _ in range(2)]
        case action if action == REORDER:
            return _reordered(rows, fault.draw)
        case action if action == LATE_INDEX:
            return [row for row in rows if _age_ms(row, now_ms) > fault.ms]
        case _:
            return rows


def _reordered(rows: list[Any], draw: int) -> list[Any]:
    """Another order of the same rows, never the same one if there are two."""
    numbers = range(len(rows))
    order = sorted(numbers, key=lambda n: hashlib.sha256(f"{draw}:{n}".encode()).digest())
    if order == list(numbers):
        order.reverse()
    return [rows[number] for number in order]


def _age_ms(row: Any, now_ms: int) -> int:
    """How old a row is; rows without a time of birth are as old as the exchange."""
    if not isinstance(row, Mapping):
        return now_ms
    born = next((row[name] for name in _BORN if row.get(name)), "0")
    return now_ms - int(born)
