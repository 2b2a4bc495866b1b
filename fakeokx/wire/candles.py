"""Candles of any length, added up from the minute bars that the venue keeps.

A candle starts where OKX's does: bars up to four hours at whole multiples since 1970, bars of
six hours and more at midnight UTC+8, or at midnight UTC if their name ends in ``utc``; weeks
on Mondays, months and quarters on their first day. A stretch in which nothing moved is a flat
candle at the last close, without volume. The newest candle is the one that ``now_ms`` is in;
it is confirmed once it is over.

There is nothing before the first bar: an exchange that was just started has one candle.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

from fakeokx.engine.decimals import ZERO, exact, plain
from fakeokx.engine.market import Bar

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
_WEEK_MS: Final = 7 * DAY_MS
# 1970 began on a Thursday.
_MONDAY_MS: Final = 4 * DAY_MS
_CHINA: Final = timezone(timedelta(hours=8))
_CHINA_MS: Final = 8 * HOUR_MS
_SHORT: Final = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1H": HOUR_MS,
    "2H": 2 * HOUR_MS,
    "4H": 4 * HOUR_MS,
}
_LONG: Final = {
    "6H": 6 * HOUR_MS,
    "12H": 12 * HOUR_MS,
    "1D": DAY_MS,
    "2D": 2 * DAY_MS,
    "3D": 3 * DAY_MS,
    "5D": 5 * DAY_MS,
}
_MONTHS: Final = {"1M": 1, "3M": 3}


class Grid(NamedTuple):
    """Where candles of one length start: the one that holds a time, and the one after a start."""

    start_of: Callable[[int], int]
    next_of: Callable[[int], int]


def _multiple(step_ms: int, shift_ms: int) -> Grid:
    return Grid(
        start_of=lambda at_ms: at_ms - (at_ms + shift_ms) % step_ms,
        next_of=lambda start_ms: start_ms + step_ms,
    )


def _monthly(months: int, zone: timezone) -> Grid:
    def first_of(at_ms: int, ahead: int) -> int:
        moment = datetime.fromtimestamp(at_ms // 1000, zone)
        month = (moment.month - 1) // months * months + ahead
        first = datetime(moment.year + month // 12, month % 12 + 1, 1, tzinfo=zone)
        return int(first.timestamp()) * 1000

    return Grid(
        start_of=lambda at_ms: first_of(at_ms, 0), next_of=lambda at_ms: first_of(at_ms, months)
    )


def _bars() -> dict[str, Grid]:
    found = {name: _multiple(step_ms, 0) for name, step_ms in _SHORT.items()}
    for suffix, shift_ms, zone in (("", _CHINA_MS, _CHINA), ("utc", 0, UTC)):
        for name, step_ms in _LONG.items():
            found[name + suffix] = _multiple(step_ms, shift_ms)
        found["1W" + suffix] = _multiple(_WEEK_MS, shift_ms - _MONDAY_MS)
        for name, months in _MONTHS.items():
            found[name + suffix] = _monthly(months, zone)
    return found


BARS: Final = MappingProxyType(_bars())


@dataclass(frozen=True, slots=True)
class Candle:
    """One candle; volumes are contracts, base and quote."""

    start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volumes: tuple[Decimal, Decimal, Decimal]
    is_over: bool

    def row(self, *, has_volume: bool) -> list[str]:
        """The array that OKX shows."""
        prices = [plain(each) for each in (self.open, self.high, self.low, self.close)]
        volumes = [plain(each) for each in self.volumes] if has_volume else []
        return [str(self.start_ms), *prices, *volumes, "1" if self.is_over else "0"]


def candles(
    bars: Sequence[Bar], bar: str, px: Decimal, now_ms: int, older_than_ms: int | None = None
) -> Iterator[Candle]:
    """Candles of that length, newest first; ``px`` is the price now, ``bar`` a key of BARS.

    ``older_than_ms`` leaves out the candles that do not start before it.
    """
    grid = BARS[bar]
    at_ms = now_ms if older_than_ms is None else min(now_ms, older_than_ms - 1)
    start_ms = grid.start_of(at_ms)
    first_ms = grid.start_of(bars[0].start_ms if bars else now_ms)
    starts = [each.start_ms for each in bars]
    upper = bisect_left(starts, grid.next_of(start_ms))
    while start_ms >= first_ms:
        lower = bisect_left(starts, start_ms, 0, upper)
        is_over = grid.next_of(start_ms) <= now_ms
        if lower < upper:
            yield _added(start_ms, bars[lower:upper], is_over=is_over)
        else:
            close = bars[lower - 1].close if lower else px
            yield Candle(start_ms, close, close, close, close, (ZERO, ZERO, ZERO), is_over)
        start_ms, upper = grid.start_of(start_ms - 1), lower


def _added(start_ms: int, bars: Sequence[Bar], *, is_over: bool) -> Candle:
    with exact():
        volumes = (
            sum((each.contracts for each in bars), ZERO),
            sum((each.base for each in bars), ZERO),
            sum((each.quote for each in bars), ZERO),
        )
    return Candle(
        start_ms=start_ms,
        open=bars[0].open,
        high=max(each.high for each in bars),
        low=min(each.low for each in bars),
        close=bars[-1].close,
        volumes=volumes,
        is_over=is_over,
    )
