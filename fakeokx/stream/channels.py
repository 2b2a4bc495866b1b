"""The channels: on which path each one lives, what it needs, and what a subscription selects.

A subscription is named by its argument. Empty text and null in an argument mean absent, and the
acknowledgement omits them; any further keys are kept and shown as they came. Two arguments that
select the same rows but look different are two subscriptions: each gets its own pushes.

Channels of the order book that only higher fee tiers get are known by name, because a refusal
for them differs from that for a channel that does not exist.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from fakeokx.engine.instruments import INSTRUMENTS, Instrument
from fakeokx.stream.codes import StreamRefusal
from fakeokx.wire.candles import BARS

PUBLIC: Final = "public"
PRIVATE: Final = "private"
BUSINESS: Final = "business"
PATHS: Final = (PUBLIC, PRIVATE, BUSINESS)
ANY: Final = "ANY"
INST_TYPES: Final = (ANY, "SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")
_CANDLE: Final = re.compile(r"(mark-price-candle|index-candle|candle)(\w+)")
_TIERED_BOOKS: Final = ("books-l2-tbt", "books50-l2-tbt")
_FULL_BOOKS: Final = ("books", *_TIERED_BOOKS)
_UPDATE_INTERVALS: Final = ("0", "2000", "3000", "4000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel. ``needs`` are the keys its argument must have besides ``channel``."""

    name: str
    path: str
    needs: tuple[str, ...] = ()
    needs_login: bool = False
    has_first: bool = True
    is_tiered: bool = False

    @property
    def is_private(self) -> bool:
        """Whether what comes is about an account; a login alone does not make it so."""
        return self.needs_login and self.path != PUBLIC


@dataclass(frozen=True, slots=True)
class Arg:
    """A subscription: ``key`` is its identity, ``shown`` is how the acknowledgement shows it."""

    key: tuple[tuple[str, str], ...]
    channel: Channel = field(compare=False)
    shown: Mapping[str, str] = field(compare=False)

    def get(self, name: str) -> str:
        """One value of the argument, ``""`` if it is absent."""
        return self.shown.get(name, "")

    def selects(self, instrument: Instrument) -> bool:
        """Whether rows of that instrument belong to this subscription."""
        wanted = self.get("instType")
        return (
            wanted in ("", ANY, instrument.inst_type)
            and self.get("instId") in ("", instrument.inst_id)
            and self.get("instFamily") in ("", instrument.uly)
        )


def _public(name: str, *, needs: tuple[str, ...] = ("instId",), has_first: bool = True) -> Channel:
    return Channel(name=name, path=PUBLIC, needs=needs, has_first=has_first)


def _private(name: str, *, needs: tuple[str, ...] = (), has_first: bool = True) -> Channel:
    return Channel(name=name, path=PRIVATE, needs=needs, needs_login=True, has_first=has_first)


CHANNELS: Final = MappingProxyType(
    {
        each.name: each
        for each in (
            _public("tickers"),
            _public("trades", has_first=False),
            _public("bbo-tbt"),
            _public("books5"),
            _public("books"),
            _public("mark-price"),
            _public("funding-rate"),
            _public("instruments", needs=("instType",)),
            _public("status", needs=(), has_first=False),
            *(
                Channel(name=name, path=PUBLIC, needs=("instId",), needs_login=True, is_tiered=True)
                for name in _TIERED_BOOKS
            ),
            _private("orders", needs=("instType",), has_first=False),
            _private("account"),
            _private("positions", needs=("instType",)),
            _private("balance_and_position"),
            Channel(name="fills", path=PRIVATE, needs_login=True, has_first=False, is_tiered=True),
            Channel(
                name="orders-algo",
                path=BUSINESS,
                needs=("instType",),
                needs_login=True,
                has_first=False,
            ),
            Channel(name="algo-advance", path=BUSINESS, needs=("instType",), needs_login=True),
        )
    }
)


def bar_of(channel: str) -> tuple[str, str] | None:
    """Kind and bar of a candle channel: ``("candle", "1m")``; None for any other."""
    found = _CANDLE.fullmatch(channel)
    if found is None:
        return None
    kind, bar = found.group(1), found.group(2)
    return (kind, bar) if bar in BARS else None


def channel_of(name: str) -> Channel | None:
    """The channel of that name."""
    if name in CHANNELS:
        return CHANNELS[name]
    if bar_of(name) is None:
        return None
    return Channel(name=name, path=BUSINESS, needs=("instId",))


def parse(data: Any) -> Arg:
    """A subscription from one element of ``args``; raises StreamRefusal for what names nothing.

    60013 no object · 60027 no channel · 64000 ``uly`` · 60018 no such channel or instrument ·
    60033 an instType, ccy or extraParams that cannot be.
    """
    if not isinstance(data, Mapping):
        raise StreamRefusal("60013")
    shown = {str(name): _text(value) for name, value in data.items()}
    shown = {name: value for name, value in shown.items() if value}
    name = shown.get("channel", "")
    if not name:
        raise StreamRefusal("60027", "channel")
    channel = channel_of(name)
    if channel is None:
        raise StreamRefusal("60018", _words(shown))
    if "uly" in shown:
        raise StreamRefusal("64000", "uly", "instFamily")
    if any(not shown.get(needed) for needed in channel.needs):
        raise StreamRefusal("60018", _words(shown))
    if shown.get("instType", ANY) not in INST_TYPES:
        raise StreamRefusal("60033", "instType")
    _check_instrument(channel, shown)
    _extra(shown.get("extraParams", ""))
    return Arg(tuple(sorted(shown.items())), channel, MappingProxyType(shown))


def check_place(arg: Arg, path: str, others: Mapping[Arg, None], *, is_logged_in: bool) -> None:
    """Refuse a subscription on the wrong path, before the login, or against another one."""
    channel = arg.channel
    if channel.path != path:
        if channel.path == BUSINESS:
            raise StreamRefusal("64001")
        if path == BUSINESS:
            raise StreamRefusal("64002")
        raise StreamRefusal("60008", channel.name)
    if channel.needs_login and not is_logged_in:
        raise StreamRefusal("60011")
    if channel.name not in _FULL_BOOKS:
        return
    rivals = set(_FULL_BOOKS) - {channel.name}
    for other in others:
        if other.channel.name in rivals and other.get("instId") == arg.get("instId"):
            raise StreamRefusal("64004", channel.name, other.channel.name, arg.get("instId"))


def update_interval(arg: Arg) -> str:
    """``updateInterval`` of an account or positions subscription; ``""`` means the usual 5 s."""
    return str(_extra(arg.get("extraParams")).get("updateInterval", ""))


def _check_instrument(channel: Channel, shown: Mapping[str, str]) -> None:
    named = shown.get("instId", "")
    if channel.name.startswith("index-candle"):
        known = {each.uly for each in INSTRUMENTS.values()}
        if named not in known:
            raise StreamRefusal("60018", _words(shown))
        return
    if named and named not in INSTRUMENTS:
        raise StreamRefusal("60018", _words(shown))
    wanted = shown.get("instType", ANY)
    if named and wanted != ANY and INSTRUMENTS[named].inst_type != wanted:
        raise StreamRefusal("60018", _words(shown))
    if channel.name == "funding-rate" and INSTRUMENTS[named].inst_type != "SWAP":
        raise StreamRefusal("60018", _words(shown))


def _extra(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        extra = json.loads(text, parse_int=str)
    except (ValueError, RecursionError):
        raise StreamRefusal("60033", "extraParams") from None
    if not isinstance(extra, dict):
        raise StreamRefusal("60033", "extraParams")
    interval = extra.get("updateInterval", "0")
    if str(interval) not in _UPDATE_INTERVALS:
        raise StreamRefusal("60033", "updateInterval")
    return extra


def _text(value: Any) -> str:
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _words(shown: Mapping[str, str]) -> str:
    return ",".join(f"{name}:{value}" for name, value in shown.items())
