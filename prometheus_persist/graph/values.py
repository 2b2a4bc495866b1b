"""Values without an identity of their own, as JSON, and back with the same type and bits (S8).

Plain JSON stands for itself: null, true, false, text, integers of 64 bits, finite floats. Anything
else is a list that begins with a tag:

    ["i", hex]  ["f", bits]  ["u", hex]           a longer integer, a float that is not finite (its
                                                  bits), text with lone surrogates
    ["d", iso, fold, zone…]  ["t", …]  ["D", iso]  ["td", days, seconds, µs]  ["tz", zone…]
    ["dec", text]  ["b", base64]  ["c", hex, hex]  ["uu", hex]  ["fr", n, d]  ["r", from, to, by]
    ["e", class, name]  ["E", class, value]       a member of an Enum, a Flag
    ["C", class]  ["B", name]                     a registered class itself, a builtin one
    ["()"]  ["fs"]                                the empty tuple, the empty frozenset
    ["p", class, text]  ["re", pattern, flags]  ["lg", name]    a path, a pattern, a logger by name
    ["8", x]  ["n", dtype, hex]  ["ns", x]  ["nb", base64]    numpy: float64, any scalar, str, bytes
    ["$", oid]  ["x"]                             a node (``tracker.py``), a place that is withheld
    ["w", text]                                   text in which an address had a password (S11):
                                                  what is written of it, ``http://***@proxy:8080``

numpy, ``logging``, ``pathlib``, ``random`` and ``uuid`` are looked up among the imported modules
and never imported: a value of theirs cannot be there without them.

Raises ``BadValue`` when writing, ``StoreDamaged`` when reading.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
import struct
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.graph.classes import ClassTable

Json = Any
Write = Callable[[Any], Json]
WITHHELD: Final = ["x"]
CENSORED: Final = "w"
_BITS = 1 << 63
_LOGIN: Final = re.compile(r"(?<=://)[^\s/?#@:]*:[^\s/?#@]+(?=@)")
BUILTINS: Final = {
    each.__name__: each
    for each in (int, float, str, bool, bytes, list, dict, set, tuple, frozenset, object, complex)
}


def imported(module: str) -> Any:
    """A module that was imported already; None where it was not."""
    return sys.modules.get(module)


def needed(module: str) -> Any:
    """The same, for a row that needs it; raises StoreDamaged."""
    found = imported(module)
    if found is None:
        raise StoreDamaged(f"the host's objects need {module}: import it before attaching")
    return found


def packed(data: bytes | bytearray) -> str:
    """Bytes as text (base64)."""
    return b64encode(data).decode()


def unpacked(text: str) -> bytes:
    """The bytes again; raises ValueError."""
    return b64decode(text, validate=True)


def _same(value: Any) -> Json:
    return value


def _int(value: int) -> Json:
    return value if -_BITS < value < _BITS else ["i", f"{value:x}"]


def _float(value: float) -> Json:
    return value if value - value == 0 else ["f", struct.pack(">d", value).hex()]


def as_str(value: str) -> Json:
    """Text as JSON: itself, or its bytes where it has lone surrogates."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return ["u", value.encode("utf-8", "surrogatepass").hex()]
    return value


def without_passwords(text: str) -> str:
    """The same without the name and the password in any address."""
    return _LOGIN.sub("***", text) if "://" in text and "@" in text else text


def _str(value: str) -> Json:
    if "://" in value and (said := without_passwords(value)) != value:
        return [CENSORED, as_str(said)]
    return as_str(value)


def _zone(zone: dt.tzinfo | None) -> list[Json]:
    if zone is None:
        return []
    if zone is dt.UTC:
        return ["utc"]
    if type(zone) is dt.timezone:
        offset, name = _of_timezone(zone)
        return ["o", offset.days, offset.seconds, offset.microseconds, *([name] if name else [])]
    if type(zone) is ZoneInfo and zone.key is not None:
        return ["z", zone.key]
    raise BadValue(f"a time zone of type {type(zone).__qualname__}")


def _of_timezone(zone: dt.timezone) -> tuple[dt.timedelta, str]:
    offset = zone.utcoffset(None)
    name = zone.tzname(None)
    return offset, "" if name == dt.timezone(offset).tzname(None) else name


def _as_zone(told: list[Json]) -> dt.tzinfo | None:
    match told:
        case []:
            return None
        case ["utc"]:
            return dt.UTC
        case ["o", days, seconds, micros, *name]:
            return dt.timezone(dt.timedelta(days, seconds, micros), *name)
        case ["z", key]:
            return ZoneInfo(key)
        case _:
            raise StoreDamaged(f"a time zone {told!r} of the host")


def _datetime(value: dt.datetime) -> Json:
    zone = _zone(value.tzinfo)
    if not zone and not value.fold:
        return ["d", value.isoformat()]
    return ["d", value.replace(tzinfo=None).isoformat(), value.fold, *zone]


def _as_datetime(iso: str, fold: int = 0, *zone: Json) -> dt.datetime:
    return dt.datetime.fromisoformat(iso).replace(fold=fold, tzinfo=_as_zone(list(zone)))


def _time(value: dt.time) -> Json:
    return ["t", value.replace(tzinfo=None).isoformat(), value.fold, *_zone(value.tzinfo)]


def _as_time(iso: str, fold: int, *zone: Json) -> dt.time:
    return dt.time.fromisoformat(iso).replace(fold=fold, tzinfo=_as_zone(list(zone)))


def dtype_text(dtype: Any) -> str:
    """A numpy dtype as text that gives exactly it again; raises BadValue."""
    if dtype.kind in "biufc" and dtype.names is None:
        order = dtype.byteorder if dtype.byteorder in "<>" else ""
        return str(order + dtype.char)
    if dtype.kind in "SUMm" and dtype.names is None:
        return str(dtype.str)
    raise BadValue(f"a numpy dtype {dtype}")


def _scalar(value: Any) -> Json:
    return ["n", dtype_text(value.dtype), value.tobytes().hex()]


def _as_scalar(dtype: str, data: str) -> Any:
    return needed("numpy").frombuffer(bytes.fromhex(data), dtype)[0]


def _float64(value: Any) -> Json:
    return ["8", float(value)] if value - value == 0 else _scalar(value)


_PATHS: Final = ("PurePosixPath", "PureWindowsPath", "PosixPath", "WindowsPath")


def _path(value: Any) -> Json:
    return ["p", type(value).__name__, as_str(str(value))]


def _as_path(name: str, text: Json) -> Any:
    return getattr(needed("pathlib"), _PATHS[_PATHS.index(name)])(_text(text))


def _pattern(value: re.Pattern[Any]) -> Json:
    of = value.pattern
    return ["re", as_str(of) if isinstance(of, str) else ["b", packed(of)], value.flags]


def _as_pattern(told: Json, flags: int) -> re.Pattern[Any]:
    return re.compile(
        unpacked(told[1]) if told[0] == "b" and type(told) is list else _text(told), flags
    )


def _logger(value: Any) -> Json:
    """By its name: the process has one of each, as it was set up by whoever runs it."""
    name = None if value is value.root else value.name
    if imported("logging").getLogger(name) is not value:
        raise BadValue(f"a logger {value.name} that logging does not know")
    return ["lg", *([] if name is None else [as_str(name)])]


def _as_logger(name: Json = None) -> Any:
    return needed("logging").getLogger(None if name is None else _text(name))


_WRITERS: Final[dict[type, Write]] = {
    type(None): _same,
    bool: _same,
    int: _int,
    float: _float,
    str: _str,
    dt.datetime: _datetime,
    dt.date: lambda value: ["D", value.isoformat()],
    dt.time: _time,
    dt.timedelta: lambda value: ["td", value.days, value.seconds, value.microseconds],
    dt.timezone: lambda value: ["tz", *_zone(value)],
    ZoneInfo: lambda value: ["tz", *_zone(value)],
    Decimal: lambda value: ["dec", str(value)],
    bytes: lambda value: ["b", packed(value)],
    complex: lambda value: [
        "c",
        struct.pack(">d", value.real).hex(),
        struct.pack(">d", value.imag).hex(),
    ],
    Fraction: lambda value: ["fr", _int(value.numerator), _int(value.denominator)],
    range: lambda value: ["r", *map(_int, (value.start, value.stop, value.step))],
    re.Pattern: _pattern,
}


def _double(bits: str) -> float:
    found: float = struct.unpack(">d", bytes.fromhex(bits))[0]
    return found


def _long(value: Json) -> int:
    return int(value[1], 16) if type(value) is list else value


_READERS: Final[dict[str, Callable[..., Any]]] = {
    "i": lambda digits: int(digits, 16),
    "f": _double,
    "u": lambda data: bytes.fromhex(data).decode("utf-8", "surrogatepass"),
    "d": _as_datetime,
    "t": _as_time,
    "D": dt.date.fromisoformat,
    "td": dt.timedelta,
    "tz": lambda *zone: _as_zone(list(zone)),
    "dec": Decimal,
    "b": unpacked,
    "c": lambda real, imag: complex(_double(real), _double(imag)),
    "uu": lambda data: needed("uuid").UUID(hex=data),
    "fr": lambda up, down: Fraction(_long(up), _long(down)),
    "r": lambda *ends: range(*map(_long, ends)),
    "B": lambda name: BUILTINS[name],
    "p": _as_path,
    "re": _as_pattern,
    "lg": _as_logger,
    CENSORED: lambda text: _text(text),
    "()": tuple,
    "fs": frozenset,
    "8": lambda value: needed("numpy").float64(value),
    "n": _as_scalar,
    "ns": lambda value: needed("numpy").str_(_text(value)),
    "nb": lambda value: needed("numpy").bytes_(unpacked(value)),
}


def _text(value: Json) -> str:
    return str(_READERS["u"](value[1]) if type(value) is list else value)


class Leaves(dict[type, Write | None]):
    """``leaves[type(x)]`` writes ``x``; None where it has an identity, and is a node."""

    def __init__(self, table: ClassTable) -> None:
        super().__init__(_WRITERS)
        self.table = table

    def __missing__(self, cls: type) -> Write | None:
        found = self[cls] = self._writer(cls)
        return found

    def _writer(self, cls: type) -> Write | None:
        if issubclass(cls, enum.Enum):
            return self._flag if issubclass(cls, enum.Flag) else self._member
        if issubclass(cls, type):
            return self._class
        uuids, numpy, logging = imported("uuid"), imported("numpy"), imported("logging")
        if logging is not None and issubclass(cls, logging.Logger):
            return _logger
        paths = imported("pathlib")
        if paths is not None and cls in [getattr(paths, name) for name in _PATHS]:
            return _path
        if uuids is not None and cls is uuids.UUID:
            return lambda value: ["uu", value.hex]
        if numpy is None or not issubclass(cls, numpy.generic):
            return None
        if cls is numpy.float64:
            return _float64
        if cls is numpy.str_:
            return lambda value: ["ns", as_str(without_passwords(str.__str__(value)))]
        if cls is numpy.bytes_:
            return lambda value: ["nb", packed(bytes(value))]
        if cls.__module__ == "numpy" and numpy.dtype(cls).type is cls:
            return _scalar
        raise BadValue(f"a numpy scalar of type {cls.__qualname__}")

    def _member(self, value: enum.Enum) -> Json:
        cls = type(value)
        if cls.__members__.get(value.name) is not value:
            raise BadValue(f"{cls.__qualname__} has no member {value.name}")
        return ["e", self.table.number(cls), as_str(value.name)]

    def _flag(self, value: enum.Flag) -> Json:
        return ["E", self.table.number(type(value)), _int(value.value)]

    def _class(self, value: type) -> Json:
        if BUILTINS.get(value.__name__) is value:
            return ["B", value.__name__]
        return ["C", self.table.number(value)]

    def read(self, told: list[Json]) -> Any:
        """The value in a tagged list; raises StoreDamaged."""
        try:
            tag = told[0]
            if tag == "e":
                cls = self.table.find(told[1])
                name = _text(told[2])
                if name not in cls.__members__:
                    raise StoreDamaged(f"{cls.__qualname__} of the host has no member {name}")
                return cls[name]
            if tag == "E":
                return self.table.find(told[1])(_long(told[2]))
            if tag == "C":
                return self.table.find(told[1])
            return _READERS[tag](*told[1:])
        except (ValueError, TypeError, LookupError, ArithmeticError) as problem:
            raise StoreDamaged(f"a value {str(told)[:80]} of the host: {problem}") from None
