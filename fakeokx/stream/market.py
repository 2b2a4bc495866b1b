"""Books as they are pushed: what changed since the last time, and the first values.

``books`` is a snapshot followed by updates; each message says which one it follows
(``prevSeqId``, -1 on a snapshot), so that a client can see that it missed one. An update holds
the levels that changed, with size 0 for those that went. ``books-l2-tbt`` is the same with
another name, ``books50-l2-tbt`` the same for 50 levels. ``books5`` and ``bbo-tbt`` are whole
every time. Each comes only when what it shows has changed.

The sequence number counts the changes of an instrument's book since the process began. It is
common to all channels and subscribers, so that whoever subscribes late can follow; a channel
that had nothing to say skips numbers, and its next message follows the last one it sent.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

Row = dict[str, Any]
Level = tuple[str, str, str, str]
Side = tuple[Level, ...]
FULL_DEPTH: Final = 400
STEPWISE: Final = MappingProxyType(
    {"books": FULL_DEPTH, "books-l2-tbt": FULL_DEPTH, "books50-l2-tbt": 50}
)
WHOLE: Final = MappingProxyType({"books5": 5, "bbo-tbt": 1})
CHECKSUM_DEPTH: Final = 25
_NO_PREVIOUS: Final = -1
_PX, _SZ = 0, 1


@dataclass(frozen=True, slots=True)
class Depth:
    """Both sides of a book, best price first; a level is px, sz, "0", number of orders."""

    asks: Side = ()
    bids: Side = ()

    def top(self, count: int) -> "Depth":
        """The best levels of each side."""
        return Depth(self.asks[:count], self.bids[:count])


@dataclass(slots=True)
class BookFeeds:
    """The books as they were last pushed, by instrument; ``stepwise`` are channels of updates."""

    stepwise: Mapping[str, int] = field(default_factory=lambda: STEPWISE)
    _seq: dict[str, int] = field(default_factory=dict)
    _told: dict[tuple[str, str], int] = field(default_factory=dict)
    _last: dict[str, Depth] = field(default_factory=dict)

    def seq(self, inst_id: str) -> int:
        """Number of the last change of that book."""
        return self._seq.setdefault(inst_id, 1)

    def changed(self, inst_id: str, now: Depth, ts_ms: int, *, has_crc: bool) -> dict[str, Row]:
        """Rows by channel for a book that may have changed; empty if it has not."""
        before = self._last.get(inst_id)
        if before is None or before == now:
            return {}
        self._last[inst_id] = now
        self._seq[inst_id] = self.seq(inst_id) + 1
        found: dict[str, Row] = {}
        for channel, count in self.stepwise.items():
            was, shown = before.top(count), now.top(count)
            if was != shown:
                steps = Depth(_difference(was.asks, shown.asks), _difference(was.bids, shown.bids))
                previous = self._last_told(inst_id, channel)
                self._told[inst_id, channel] = self.seq(inst_id)
                crc = checksum(shown) if has_crc else 0
                found[channel] = self._row(inst_id, channel, steps, ts_ms, crc, previous)
        for channel, count in WHOLE.items():
            if before.top(count) != now.top(count):
                found[channel] = self.whole(inst_id, channel, now, ts_ms)
        return found

    def first(self, inst_id: str, channel: str, now: Depth, ts_ms: int, *, has_crc: bool) -> Row:
        """The first value for a new subscriber; ``now`` is also what later changes refer to.

        While somebody listens, every change was pushed and ``now`` is nothing new. Otherwise
        the book may have moved unseen, and what is remembered of it is worthless.
        """
        if self._last.get(inst_id) != now:
            self._last[inst_id] = now
            self._seq[inst_id] = self.seq(inst_id) + 1
            for name in self.stepwise:
                self._told[inst_id, name] = self.seq(inst_id)
        if channel not in self.stepwise:
            return self.whole(inst_id, channel, now, ts_ms)
        shown = now.top(self.stepwise[channel])
        crc = checksum(shown) if has_crc else 0
        return self._row(inst_id, channel, shown, ts_ms, crc, _NO_PREVIOUS)

    def whole(self, inst_id: str, channel: str, now: Depth, ts_ms: int) -> Row:
        """One message of a channel that is whole every time."""
        shown = now.top(WHOLE[channel])
        row: Row = {
            "asks": [list(each) for each in shown.asks],
            "bids": [list(each) for each in shown.bids],
        }
        if channel == "books5":
            row["instId"] = inst_id
        return row | {"ts": str(ts_ms), "seqId": self.seq(inst_id)}

    def _last_told(self, inst_id: str, channel: str) -> int:
        return self._told.get((inst_id, channel), self.seq(inst_id))

    def _row(
        self, inst_id: str, channel: str, shown: Depth, ts_ms: int, crc: int, previous: int
    ) -> Row:
        return {
            "asks": [list(each) for each in shown.asks],
            "bids": [list(each) for each in shown.bids],
            "ts": str(ts_ms),
            "checksum": crc,
            "seqId": self._last_told(inst_id, channel),
            "prevSeqId": previous,
        }


def checksum(depth: Depth) -> int:
    """CRC32 over the best 25 levels, bid and ask in turn, as a signed 32-bit number."""
    words: list[str] = []
    for place in range(CHECKSUM_DEPTH):
        for side in (depth.bids, depth.asks):
            if place < len(side):
                words += (side[place][_PX], side[place][_SZ])
    crc = zlib.crc32(":".join(words).encode())
    return crc - 2**32 if crc >= 2**31 else crc


def _difference(before: Side, now: Side) -> Side:
    """The levels that are new or different, then those that went, with size 0."""
    was = {level[_PX]: level for level in before}
    prices = {level[_PX] for level in now}
    gone: Sequence[Level] = [
        (level[_PX], "0", "0", "0") for level in before if level[_PX] not in prices
    ]
    return tuple(level for level in now if was.get(level[_PX]) != level) + tuple(gone)
