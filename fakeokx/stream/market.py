"""Books as they are pushed: what changed since the last time, and the first values.

``books`` is a snapshot followed by updates; each message says which one it follows
(``prevSeqId``, -1 on a snapshot), so that a client can see that it missed one. An update holds
the levels that changed, with size 0 for those that went. ``books5`` and ``bbo-tbt`` are whole
every time and only come when what they show has changed.

The sequence number counts the changes of an instrument's book since the process began. It is
per instrument and common to all subscribers, so that whoever subscribes late can follow.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Row = dict[str, Any]
Level = tuple[str, str, str, str]
Side = tuple[Level, ...]
FULL_DEPTH: Final = 400
FIVE: Final = 5
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
class Books:
    """The books as they were last pushed, by instrument."""

    _seq: dict[str, int] = field(default_factory=dict)
    _last: dict[str, Depth] = field(default_factory=dict)

    def seq(self, inst_id: str) -> int:
        """Number of the last change of that book."""
        return self._seq.setdefault(inst_id, 1)

    def changed(self, inst_id: str, now: Depth, ts_ms: int, *, has_crc: bool) -> dict[str, Row]:
        """Rows by channel for a book that may have changed; empty if it has not."""
        before = self._last.get(inst_id)
        self._last[inst_id] = now
        if before is None or before == now:
            return {}
        previous = self.seq(inst_id)
        self._seq[inst_id] = previous + 1
        found = {
            "books": self._row(
                inst_id,
                Depth(_difference(before.asks, now.asks), _difference(before.bids, now.bids)),
                ts_ms,
                checksum(now) if has_crc else 0,
                previous,
            )
        }
        for channel, count in (("books5", FIVE), ("bbo-tbt", 1)):
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
        if channel != "books":
            return self.whole(inst_id, channel, now, ts_ms)
        return self._row(inst_id, now, ts_ms, checksum(now) if has_crc else 0, _NO_PREVIOUS)

    def whole(self, inst_id: str, channel: str, now: Depth, ts_ms: int) -> Row:
        """One message of a channel that is whole every time."""
        shown = now.top(1 if channel == "bbo-tbt" else FIVE)
        row: Row = {
            "asks": [list(each) for each in shown.asks],
            "bids": [list(each) for each in shown.bids],
        }
        if channel == "books5":
            row["instId"] = inst_id
        return row | {"ts": str(ts_ms), "seqId": self.seq(inst_id)}

    def _row(self, inst_id: str, shown: Depth, ts_ms: int, crc: int, previous: int) -> Row:
        return {
            "asks": [list(each) for each in shown.asks],
            "bids": [list(each) for each in shown.bids],
            "ts": str(ts_ms),
            "checksum": crc,
            "seqId": self.seq(inst_id),
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
