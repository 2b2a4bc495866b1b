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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def page(rows: Sequence[T], query: Mapping[str, str], paging: Paging) -> list[T]:
    """The rows of the page that was asked for; 51000 for a cursor that is not a number."""
    limit = _limit(query.get("limit", ""))
    begin, end = _number("begin", query), _number("end", query)
    before, after = _number("before", query), _number("after", query)
    kept = list(rows)
    if paging.time:
        kept = _between(kept, paging.time, begin, end, inclusive=True)
    kept = _between(kept, paging.cursor, before, after, inclusive=False)
    if len(kept) <= limit:
        return kept
    if before is not None and after is None and paging.oldest_for_before:
        return kept[-limit:]
    begin_alone = begin is not None and end is None and after is None and before is None
    if begin_alone and paging.time and paging.oldest_for_begin:
        return kept[-limit:]
    return _newest(kept, limit, paging)


def _newest(rows: list[T], limit: int, paging: Paging) -> list[T]:
    if paging.keeps_ties:
        last = rows[limit - 1][paging.cursor]
        while limit < len(rows) and rows[limit][paging.cursor] == last:
            limit += 1
    return rows[:limit]


def _between(
    rows: list[T], field: str, low: int | None, high: int | None, *, inclusive: bool
) -> list[T]:
    if low is None and high is None:
        return rows
    slack = 0 if inclusive else 1
    lowest = None if low is None else low + slack
    highest = None if high is None else high - slack
    return [
        row
        for row in rows
        if (lowest is None or int(row[field]) >= lowest)
        and (highest is None or int(row[field]) <= highest)
    ]


def _limit(text: str) -> int:
    if not text:
        return PAGE_ROWS_MAX
    if not _is_number(text) or int(text) == 0:
        raise Refusal("51000", "limit")
    return min(int(text), PAGE_ROWS_MAX)


def _number(name: str, query: Mapping[str, str]) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not _is_number(text):
        raise Refusal("51000", name)
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX
