"""Which rows a page holds. Rows come newest first and leave newest first.

``begin`` and ``end`` are times, inclusive, and cut first. ``before`` (newer than) and
``after`` (older than) are ids, exclusive, and cut what is left. If more rows remain than
``limit``, the page is taken from one end, and which end depends on the endpoint:

=================  ====================  =================  ========================
asked with         orders, algos, bills  fills              positions-history
=================  ====================  =================  ========================
before, no after   next to ``before``    next to ``before``  newest
begin alone        next to ``begin``     newest             (not available)
anything else      newest                newest             newest
=================  ====================  =================  ========================

positions-history pages by uTime, and a page does not split rows of one uTime.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, Final, TypeVar

from fakeokx.engine.refusals import Refusal

PAGE_ROWS_MAX: Final = 100
_DIGITS_MAX: Final = 20
Row = Mapping[str, Any]
T = TypeVar("T", bound=Row)


@dataclass(frozen=True, slots=True)
class Paging:
    """How an endpoint pages: its cursor, its time, and which end a short page is taken from."""

    cursor: str
    time: str = ""
    oldest_for_before: bool = True
    oldest_for_begin: bool = True
    keeps_ties: bool = False


ORDERS: Final = Paging("ordId", "cTime")
ALGOS: Final = Paging("algoId", "cTime")
BILLS: Final = Paging("billId", "ts")
FILLS: Final = Paging("billId", "ts", oldest_for_begin=False)
POSITIONS_HISTORY: Final = Paging("uTime", oldest_for_before=False, keeps_ties=True)


def page(rows: Iterable[T], query: Mapping[str, str], paging: Paging) -> list[T]:
    """The rows of the page that was asked for; 51000 for a cursor that is not a number.

    A page of the newest rows draws no more rows than it needs, so they may be made on demand.
    """
    limit = _limit(query.get("limit", ""))
    begin, end = bound("begin", query), bound("end", query)
    before, after = bound("before", query), bound("after", query)
    kept: Iterator[T] = iter(rows)
    if paging.time:
        kept = _between(kept, paging.time, begin, end)
    newer = None if before is None else before + 1
    older = None if after is None else after - 1
    kept = _between(kept, paging.cursor, newer, older)
    begin_alone = begin is not None and end is None and after is None and before is None
    if before is not None and after is None and paging.oldest_for_before:
        return list(kept)[-limit:]
    if begin_alone and paging.time and paging.oldest_for_begin:
        return list(kept)[-limit:]
    return _newest(kept, limit, paging)


def _newest(rows: Iterator[T], limit: int, paging: Paging) -> list[T]:
    newest = list(islice(rows, limit))
    if newest and paging.keeps_ties:
        last = newest[-1][paging.cursor]
        newest += takewhile(lambda row: row[paging.cursor] == last, rows)
    return newest


def _between(rows: Iterator[T], field: str, low: int | None, high: int | None) -> Iterator[T]:
    """The rows whose field lies between the two, both included."""
    for row in rows:
        value = int(row[field])
        if (low is None or value >= low) and (high is None or value <= high):
            yield row


def _limit(text: str) -> int:
    if not text:
        return PAGE_ROWS_MAX
    if not _is_number(text) or int(text) == 0:
        raise Refusal("51000", "limit")
    return min(int(text), PAGE_ROWS_MAX)


def bound(name: str, query: Mapping[str, str]) -> int | None:
    """A cursor or time of the query, None without one; 51000 if it is not a number."""
    text = query.get(name, "")
    if not text:
        return None
    if not _is_number(text):
        raise Refusal("51000", name)
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX
