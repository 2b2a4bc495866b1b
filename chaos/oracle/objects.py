"""What live objects are, as something that can be compared: types, bits, order and sharing.

``digest`` is what "the same" means for a host that was restored: two graphs have one digest exactly
when nothing that they lead to differs in type, in bits, in the order of its entries, or in which
places share one object. Only the order of a set is nobody's promise.

``told`` is the digest of a host together with the random numbers that the process would draw next.
"""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import hashlib
import logging
import pathlib
import random
import re
import struct
import sys
import uuid
from typing import Any, Final
from zoneinfo import ZoneInfo

_BY_REPR: Final = (bool, int, str, bytes, decimal.Decimal, dt.date, dt.timedelta, uuid.UUID, range)
_ZONES: Final = (ZoneInfo, dt.timezone, complex)


def told(root: object) -> str:
    """A host and the process's own generators, as a line."""
    numpy: Any = sys.modules.get("numpy")
    drawn: list[object] = [random.getstate()]
    if numpy is not None:
        name, key, *more = numpy.random.get_state()
        drawn += [name, key.tobytes(), more]
    return hashlib.sha256(repr((digest(root), drawn)).encode()).hexdigest()


def digest(root: object) -> object:
    """Of all that ``root`` leads to."""
    return _Digest().of(root)


class _Digest:
    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []  # so that no number of an object is given out again
        self._numpy: Any = sys.modules.get("numpy")

    def of(self, x: Any) -> object:
        """One value: what it is, or which one it is again."""
        t = type(x)
        if isinstance(x, enum.Enum):
            return ("enum", t.__qualname__, x.name, x.value)
        if isinstance(x, type) or x is None:
            return ("class", repr(x))
        if t is float:
            return ("float", struct.pack(">d", x))
        if self._numpy is not None and isinstance(x, self._numpy.generic):
            return ("numpy", t.__name__, x.dtype.char, x.dtype.str, x.tobytes())
        if t in _BY_REPR or t in _ZONES:
            return (t.__name__, repr(x))
        if isinstance(x, (pathlib.PurePath, logging.Logger)):
            return (t.__name__, str(x))
        if t is re.Pattern:
            return ("pattern", self.of(x.pattern), x.flags)
        if t in (dt.datetime, dt.time):
            return (t.__name__, x.isoformat(), x.fold, repr(x.tzinfo))
        if t in (tuple, frozenset) and not x:
            return (t.__name__, "empty")
        if id(x) in self._seen:
            return ("again", self._seen[id(x)])
        self._seen[id(x)] = len(self._seen)
        self._kept.append(x)
        return t.__qualname__, self._inside(x, t)

    def _inside(self, x: Any, t: type) -> object:
        if t is random.Random:
            return x.getstate()
        if t is bytearray:
            return bytes(x)
        if self._numpy is not None and t.__module__.startswith("numpy"):
            return self._of_numpy(x, t)
        if isinstance(x, dict):
            made_by = repr(getattr(x, "default_factory", None))
            return made_by, [(self.of(key), self.of(value)) for key, value in x.items()]
        if isinstance(x, (list, tuple, collections.deque)):
            return getattr(x, "maxlen", None), [self.of(value) for value in x]
        if isinstance(x, (set, frozenset)):
            return [self.of(value) for value in sorted(x, key=repr)]
        own = [(name, self.of(value)) for name, value in getattr(x, "__dict__", {}).items()]
        names = [name for each in t.__mro__ for name in vars(each).get("__slots__", ())]
        return own, [(name, self.of(getattr(x, name))) for name in names if hasattr(x, name)]

    def _of_numpy(self, x: Any, t: type) -> object:
        if t is self._numpy.ndarray:
            return x.dtype.char, x.dtype.str, x.shape, x.flags.writeable, x.tobytes()
        if t is self._numpy.random.Generator:
            return repr(x.bit_generator.state), repr(x.bit_generator.seed_seq.state)
        return repr(x.get_state(legacy=False))
