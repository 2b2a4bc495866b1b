"""An array of numpy as JSON, and back: type, shape, order of its memory, bytes, whether it may be
written.

Raises ``BadValue`` for objects and records in an array, ``ValueError`` for rows that are none.
"""

from __future__ import annotations

from typing import Any

from prometheus_persist.graph.values import Json, dtype_text, needed, packed, unpacked


def array_state(array: Any) -> list[Json]:
    """What it is now."""
    flags = array.flags
    whole = array if flags.c_contiguous or flags.f_contiguous else array.copy()
    order = "C" if whole.flags.c_contiguous else "F"
    told = [dtype_text(array.dtype), list(array.shape), order, packed(whole.tobytes(order))]
    return told if flags.writeable else [*told, "fixed"]


def array_of(told: list[Json]) -> Any:
    """The array again."""
    dtype, shape, order, data, *fixed = told
    found = needed("numpy").frombuffer(unpacked(data), dtype).reshape(shape, order=order)
    found = found.copy(order)
    found.flags.writeable = not fixed
    return found
