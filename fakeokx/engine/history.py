"""Which orders, fills, bills and positions can still be read, and where.

All lists are newest first. Times are the venue's. A window is a promise to forget: an order
that was canceled without any fill leaves the lists, and the look-up by id, two hours after
its end, so an absent order proves nothing about what happened before that.
"""

from collections.abc import Iterator
from typing import Final

from fakeokx.engine.algos import find as find_algo
from fakeokx.engine.commands import AlgoRef, OrderRef
from fakeokx.engine.lifecycle import AlgoState, OrdState
from fakeokx.engine.model import Algo, Bill, Fill, Order, Position
from fakeokx.engine.orders import find as find_order
from fakeokx.engine.venue import Venue

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
CANCELED_KEPT_MS: Final = 2 * HOUR_MS
ORDERS_KEPT_MS: Final = 7 * DAY_MS
ARCHIVE_KEPT_MS: Final = 90 * DAY_MS
FILLS_KEPT_MS: Final = 3 * DAY_MS
BILLS_KEPT_MS: Final = 7 * DAY_MS
FLAT_KEPT_MS: Final = 30 * DAY_MS


def _died_unfilled(order: Order) -> bool:
    return order.state == OrdState.CANCELED and order.filled_contracts == 0


def order(venue: Venue, ref: OrderRef, now_ms: int) -> Order | None:
    """The order of that name, as long as it can be looked up."""
    found = find_order(venue, ref)
    if found is None or found.inst_id != ref.inst_id:
        return None
    if _died_unfilled(found) and now_ms - found.u_time_ms > CANCELED_KEPT_MS:
        return None
    return found


def orders_pending(venue: Venue) -> list[Order]:
    """Orders that can still fill."""
    return sorted(venue.open_orders.values(), key=lambda each: -each.ord_id)


def orders_history(venue: Venue, now_ms: int) -> list[Order]:
    """Orders done within a week; those that died unfilled, within two hours."""
    return [
        each
        for each in reversed(venue.orders.values())
        if not each.is_open
        and now_ms - each.u_time_ms
        <= (CANCELED_KEPT_MS if _died_unfilled(each) else ORDERS_KEPT_MS)
    ]


def orders_archive(venue: Venue, now_ms: int) -> list[Order]:
    """Orders done within three months, never those that died unfilled."""
    return [
        each
        for each in reversed(venue.orders.values())
        if not each.is_open
        and not _died_unfilled(each)
        and now_ms - each.u_time_ms <= ARCHIVE_KEPT_MS
    ]


def fills(venue: Venue, now_ms: int, kept_ms: int) -> Iterator[Fill]:
    """Executions not older than that."""
    for each in reversed(venue.fills):
        if now_ms - each.time_ms > kept_ms:
            return
        yield each


def bills(venue: Venue, now_ms: int, kept_ms: int) -> Iterator[Bill]:
    """Account lines not older than that."""
    for each in reversed(venue.bills):
        if now_ms - each.time_ms > kept_ms:
            return
        yield each


def algo(venue: Venue, ref: AlgoRef, now_ms: int) -> Algo | None:
    """The algo order of that name, as long as it can be looked up."""
    found = find_algo(venue, ref)
    if found is None or (ref.inst_id and found.inst_id != ref.inst_id):
        return None
    if found.state != AlgoState.LIVE and now_ms - found.u_time_ms > ARCHIVE_KEPT_MS:
        return None
    return found


def algos_pending(venue: Venue) -> list[Algo]:
    """Algo orders that still wait."""
    return sorted(venue.open_algos.values(), key=lambda each: -each.algo_id)


def algos_history(venue: Venue, now_ms: int) -> list[Algo]:
    """Algo orders done within three months."""
    return [
        each
        for each in reversed(venue.algos.values())
        if each.state != AlgoState.LIVE and now_ms - each.u_time_ms <= ARCHIVE_KEPT_MS
    ]


def positions(venue: Venue, now_ms: int, *, with_flat: bool) -> list[Position]:
    """Open positions, and on request those that went flat within thirty days."""
    rows = [
        each
        for each in venue.positions.values()
        if each.qty_contracts or (with_flat and now_ms - each.u_time_ms <= FLAT_KEPT_MS)
    ]
    return sorted(rows, key=lambda each: (-each.c_time_ms, each.key))


def positions_history(venue: Venue, now_ms: int) -> list[Position]:
    """Lives of positions that were at least partly closed within three months."""
    rows = [each for each in venue.lives.values() if now_ms - each.u_time_ms <= ARCHIVE_KEPT_MS]
    return sorted(rows, key=lambda each: (-each.u_time_ms, -each.c_time_ms, each.key))
