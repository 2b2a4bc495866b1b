"""Walks over OKX's lists: how it is known that a list came whole.

1. A list is walked newest first by ``after`` = the lowest id so far. A short page is no end: a
   list ends where a row is older than the window by more than ``EDGE_MS``, or where the same
   question was answered empty twice. So an answer that was cut, emptied, doubled or shuffled once
   loses no row.
2. Every row of a page is older than its cursor, or the exchange does not page and the list is a
   problem. Rows are kept by id, the later reading of one id counts. A walk that hits ``pages_max``
   is a problem: a cut list is never a whole one.
3. No ``begin`` is sent: a page that it cuts is taken from the window's old end for some lists and
   from its new end for others. Rows older than the window are left out here.
4. A window that the recent list may no longer hold goes on in the archive, from the oldest row that
   the recent list holds for certain.
5. positions-history is paged by time, and rows share a time: it is asked again from the last time
   on, that row included, until nothing new comes.
6. What is not a list (``one``, ``same``) is asked again when empty, or until two answers agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from prometheus_persist.exchange.okx import fields as okx_fields
from prometheus_persist.exchange.okx.query import NotRead, Row
from prometheus_persist.exchange.okx.scheduler import Question, Walk

PAGE_ROWS = 100
EDGE_MS = 5_000  # rows of one moment need not be in the order of their ids
KEPT_EDGE_MS = 5 * 60_000  # the end of what is kept moves while it is read

Value = TypeVar("Value")
Found = dict[int, Row]


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: its endpoint, the id it is paged by, the time its window is over."""

    endpoint: str
    cursor: str
    time: str


FILLS = Listing("trade/fills", "billId", "ts")
FILLS_HISTORY = Listing("trade/fills-history", "billId", "ts")
ORDERS_PENDING = Listing("trade/orders-pending", "ordId", "cTime")
ORDERS_HISTORY = Listing("trade/orders-history", "ordId", "cTime")
ORDERS_ARCHIVE = Listing("trade/orders-history-archive", "ordId", "cTime")
ALGOS_PENDING = Listing("trade/orders-algo-pending", "algoId", "cTime")
ALGOS_HISTORY = Listing("trade/orders-algo-history", "algoId", "cTime")
BILLS = Listing("account/bills", "billId", "ts")
BILLS_ARCHIVE = Listing("account/bills-archive", "billId", "ts")


@dataclass(frozen=True, slots=True)
class Span:
    """A window from ``from_ms`` on (None: all), of a list that reaches to ``kept_from_ms``."""

    from_ms: int | None
    kept_from_ms: int = 0

    @property
    def needs_archive(self) -> bool:
        """Whether the recent list may not reach back far enough."""
        return self.from_ms is not None and self.from_ms < self.kept_from_ms + KEPT_EDGE_MS


def one(endpoint: str, params: Mapping[str, str] | None = None) -> Walk[Row]:
    """The only row of an answer that cannot be empty."""
    for _ in range(2):
        rows = yield Question(endpoint, params or {})
        if rows:
            return rows[0]
    raise NotRead(f"{endpoint}: the answer is empty")


def same(
    endpoint: str,
    params: Mapping[str, str],
    read: Callable[[list[Row]], Value],
    rounds_max: int,
) -> Walk[Value]:
    """What two answers in a row agree on."""
    before = read((yield Question(endpoint, params)))
    for _ in range(rounds_max):
        after = read((yield Question(endpoint, params)))
        if after == before:
            return after
        before = after
    raise NotRead(f"{endpoint}: no two answers agree")


def confirmed(endpoint: str, params: Mapping[str, str]) -> Walk[list[Row]]:
    """The rows of a list without pages; asked again when there are none."""
    rows = yield Question(endpoint, params)
    return rows or (yield Question(endpoint, params))


def pages(
    listing: Listing,
    params: Mapping[str, str],
    from_ms: int | None,
    pages_max: int,
    after: str = "",
) -> Walk[Found]:
    """Every row from ``from_ms`` on, and some older ones, by id."""
    found: Found = {}
    empty = False
    for _ in range(pages_max):
        rows = yield _page(listing, params, after)
        if not rows and empty:
            return found
        empty = not rows
        if not rows:
            continue
        taken = _taken(listing, rows, after)
        found |= taken
        lowest = min(taken)
        if _is_older(listing, taken[lowest], from_ms):
            return found
        after = str(lowest)
    raise NotRead(f"{listing.endpoint}: more than {pages_max} pages")


def window(
    recent: Listing, archive: Listing, params: Mapping[str, str], span: Span, pages_max: int,
    archive_params: Iterable[Mapping[str, str]],
) -> Walk[Found]:  # fmt: skip
    """The window's rows by id, out of the recent list and, where that may not do, the archive."""
    found = yield from pages(recent, params, span.from_ms, pages_max)
    if span.needs_archive:
        certain = [
            number
            for number, row in found.items()
            if okx_fields.moment(row, recent.time) >= span.kept_from_ms + KEPT_EDGE_MS
        ]
        after = str(min(certain)) if certain else ""
        for asked in archive_params:
            older = yield from pages(archive, asked, span.from_ms, pages_max, after)
            found = older | found
    return {
        number: row
        for number, row in found.items()
        if span.from_ms is None or okx_fields.moment(row, recent.time) >= span.from_ms
    }


def newer(
    listing: Listing, params: Mapping[str, str], known: Found, span: Span, pages_max: int
) -> Walk[int]:
    """Add what came to the list since ``known`` was read; returns how many rows that were.

    The list is walked back to the first page that holds nothing new. Rows from before the window
    are not: ``known`` never had them. The list may be empty if all that is known is older than
    what it keeps.
    """
    recent = known and okx_fields.moment(known[max(known)], listing.time) >= (
        span.kept_from_ms + KEPT_EDGE_MS
    )
    after, added, empty = "", 0, False
    for _ in range(pages_max):
        rows = yield _page(listing, params, after)
        if not rows and empty:
            if recent and not after:
                raise NotRead(f"{listing.endpoint}: empty, and was not before")
            return added
        empty = not rows
        if not rows:
            continue
        taken = _taken(listing, rows, after)
        inside = {
            number: row
            for number, row in taken.items()
            if span.from_ms is None or okx_fields.moment(row, listing.time) >= span.from_ms
        }
        fresh = inside.keys() - known.keys()
        known |= inside
        added += len(fresh)
        if not fresh:
            return added
        after = str(min(taken))
    raise NotRead(f"{listing.endpoint}: more than {pages_max} pages")


def lives(from_ms: int, pages_max: int) -> Walk[list[Row]]:
    """positions-history from ``from_ms`` on, by time."""
    endpoint = "account/positions-history"
    found: dict[tuple[str, ...], Row] = {}
    after, empty = "", False
    for _ in range(pages_max):
        paged = {"limit": str(PAGE_ROWS)} | ({"after": after} if after else {})
        rows = yield Question(endpoint, paged)
        if not rows and empty:
            return list(found.values())
        empty = not rows
        if not rows:
            continue
        times = [okx_fields.moment(row, "uTime") for row in rows]
        if after and max(times) >= int(after):
            raise NotRead(f"{endpoint}: paging does not advance")
        named = {_life(row): row for row in rows}
        fresh = named.keys() - found.keys()
        found |= named
        lowest = min(times)
        if lowest < from_ms - EDGE_MS:
            return list(found.values())
        after = str(lowest + 1 if fresh else lowest)
    raise NotRead(f"{endpoint}: more than {pages_max} pages")


def _life(row: Row) -> tuple[str, ...]:
    names = ("posId", "instId", "mgnMode", "posSide", "direction", "cTime")
    return tuple(okx_fields.text(row, name, "") for name in names)


def _page(listing: Listing, params: Mapping[str, str], after: str) -> Question:
    paged = {**params, "limit": str(PAGE_ROWS)} | ({"after": after} if after else {})
    return Question(listing.endpoint, paged)


def _taken(listing: Listing, rows: list[Row], after: str) -> Found:
    """A page's rows by id; raises NotRead for a page that does not keep to its cursor."""
    taken = {okx_fields.whole(row, listing.cursor): row for row in rows}
    if after and max(taken) >= int(after):
        raise NotRead(f"{listing.endpoint}: paging does not advance")
    return taken


def _is_older(listing: Listing, row: Row, from_ms: int | None) -> bool:
    return from_ms is not None and okx_fields.moment(row, listing.time) < from_ms - EDGE_MS
