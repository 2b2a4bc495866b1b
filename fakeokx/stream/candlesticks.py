"""Candles as they are pushed: the open one when it moved, the closed one once more when it ends.

A subscriber was told of some candle last. What comes next is that candle again if it has
changed, with its last values and ``confirm`` 1 if it is over, and every candle that has begun
since. Nothing is repeated, and nothing comes while nothing changed.

``candle`` is of the last price and has volumes; ``mark-price-candle`` and ``index-candle`` are
of the mark price, which is also the index here. The instrument of the latter is an underlying.
"""

from dataclasses import dataclass, field
from typing import Final

from fakeokx.engine.instruments import INSTRUMENTS, SPOT
from fakeokx.engine.venue import Venue
from fakeokx.stream.channels import Arg, bar_of
from fakeokx.wire.candles import candles

CaughtUp = list[list[str]]
CATCH_UP_MAX: Final = 100
OF_LAST: Final = "candle"
_START: Final = 0


@dataclass(slots=True)
class Candles:
    """The candle that was told last, by channel and instrument."""

    _last: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def first(self, venue: Venue, arg: Arg, now_ms: int) -> CaughtUp:
        """The candle that is open now, for a new subscriber."""
        rows = _newest(venue, arg, now_ms, None)
        self._last.setdefault(_name(arg), rows[0])
        return rows[:1]

    def since(self, venue: Venue, arg: Arg, now_ms: int) -> CaughtUp:
        """What has changed since the last time, oldest first."""
        known = self._last.get(_name(arg))
        rows = _newest(venue, arg, now_ms, known)
        if known in rows:
            rows.remove(known)
        if rows:
            self._last[_name(arg)] = rows[0]
        return rows[::-1]


def _newest(venue: Venue, arg: Arg, now_ms: int, known: list[str] | None) -> CaughtUp:
    """Rows from the open candle back to the known one, at most ``CATCH_UP_MAX`` of them."""
    found = bar_of(arg.channel.name)
    assert found is not None, "only candle channels get here"
    kind, bar = found
    inst_id = _instrument_of(arg)
    tape = venue.markets[inst_id].tape
    is_last = kind == OF_LAST
    bars = list(tape.last_bars if is_last else tape.mark_bars)
    px = (venue.prices if is_last else venue.marks)[inst_id]
    oldest_ms = None if known is None else int(known[_START])
    rows: CaughtUp = []
    for candle in candles(bars, bar, px, now_ms):
        if oldest_ms is not None and candle.start_ms < oldest_ms:
            break
        rows.append(candle.row(has_volume=is_last))
        if oldest_ms is None or len(rows) == CATCH_UP_MAX:
            break
    return rows


def _instrument_of(arg: Arg) -> str:
    named = arg.get("instId")
    if named in INSTRUMENTS and not arg.channel.name.startswith("index-"):
        return named
    family = [each for each in INSTRUMENTS.values() if each.uly == named]
    derivatives = [each.inst_id for each in family if each.inst_type != SPOT]
    return derivatives[0] if derivatives else family[0].inst_id


def _name(arg: Arg) -> tuple[str, str]:
    return arg.channel.name, arg.get("instId")
