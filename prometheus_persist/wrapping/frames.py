"""The local variables of a function that is running: read, and written back.

Python 3.13 writes through ``frame.f_locals``; before, a frame takes its variables from there when
it is told to (``PyFrame_LocalsToFast``). A variable that the function does not have is no matter of
ours: ``names_of`` says which it has.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any

_WRITES_THROUGH = sys.version_info >= (3, 13)


def caller(code: CodeType, ours: str) -> FrameType | None:
    """The frame that called, if it runs ``code``; frames of modules below ``ours`` do not count."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 there is no other way to a caller
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(ours):
        frame = frame.f_back
    return frame if frame is not None and frame.f_code is code else None


def names_of(code: CodeType) -> set[str]:
    """The variables that a function has, without those that inner functions share."""
    return set(code.co_varnames)


def read(frame: FrameType, names: tuple[str, ...]) -> dict[str, Any]:
    """Those of them that have a value."""
    told = frame.f_locals
    return {name: told[name] for name in names if name in told}


def write(frame: FrameType, values: Mapping[str, Any]) -> None:
    """Give variables other values, from the next line on."""
    told = frame.f_locals
    for name, value in values.items():
        told[name] = value
    if not _WRITES_THROUGH:
        as_object, at_once = ctypes.py_object(frame), ctypes.c_int(0)
        ctypes.pythonapi.PyFrame_LocalsToFast(as_object, at_once)
