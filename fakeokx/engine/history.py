"""Which orders, fills, bills and positions can still be read, and where.

All lists are newest first. Times are the venue's. A window is a promise to forget: an order
that was canceled without any fill leaves the lists, and the look-up by id, two hours after
its end, so an absent order proves nothing about what happened before that.

Every list is that of one account, the first one if none is named.
"""

from collections.abc import Iterator
from typing import Final

from fakeokx.engine.algos import find as find_algo
from fakeokx.engine.commands import AlgoRef, OrderRef
from fakeokx.engine.lifecycle import AlgoState, OrdState
from fakeokx.engine.model import MAIN, Algo, Bill, Fill, Order, Position
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


def order(venue: Venue, ref: OrderRef, now_ms: int, account: str = MAIN) -> Order | None:
    """The order of that name, as long as it can be looked up."""
    found = find_order(venue, ref, account)
    if found is None or found.inst_id != ref.inst_id:
        return None
    if _died_unfilled(found) and now_ms - found.u_time_ms > CANCELED_KEPT_MS:
        return None
    return found


def orders_pending(venue: Venue, account: str = MAIN) -> list[Order]:
    """Orders that can still fill."""
    waiting = venue.accounts[account].open_orders
    return sorted(waiting.values(), key=lambda each: -each.ord_id)


def orders_history(venue: Venue, now_ms: int, account: str = MAIN) -> list[Order]:
    """Orders done within a week; those that died unfilled, within two hours."""
    return [
        each
        for each in _done(venue, now_ms, ORDERS_KEPT_MS, account)
        if not _died_unfilled(each) or now_ms - each.u_time_ms <= CANCELED_KEPT_MS
    ]


def orders_archive(venue: Venue, now_ms: int, account: str = MAIN) -> list[Order]:
    """Orders done within three months, never those that died unfilled."""
    done = _done(venue, now_ms, ARCHIVE_KEPT_MS, account)
    return [each for each in done if not _died_unfilled(each)]


def _done(venue: Venue, now_ms: int, kept_ms: int, account: str) -> list[Order]:
    """Orders that ended within that time, by id: the list of ended ones is by their end."""
    found: list[Order] = []
    for ord_id in reversed(venue.accounts[account].done_orders):
        each = venue.orders[ord_id]
        if now_ms - each.u_time_ms > kept_ms:
            break
        found.append(each)
    found.sort(key=lambda each: -each.ord_id)
    return found


def fills(venue: Venue, now_ms: int, kept_ms: int, account: str = MAIN) -> Iterator[Fill]:
    """Executions not older than that."""
    for each in reversed(venue.accounts[account].fills):
        if now_ms - each.time_ms > kept_ms:
            return
        yield each


def bills(venue: Venue, now_ms: int, kept_ms: int, account: str = MAIN) -> Iterator[Bill]:
    """Account lines not older than that."""
    for each in reversed(venue.accounts[account].bills):
        if now_ms - each.time_ms > kept_ms:
            return
        yield each


def algo(venue: Venue, ref: AlgoRef, now_ms: int, account: str = MAIN) -> Algo | None:
    """The algo order of that name, as long as it can be looked up."""
    found = find_algo(venue, ref, account)
    if found is None or (ref.inst_id and found.inst_id != ref.inst_id):
        return None
    if found.state != AlgoState.LIVE and now_ms - found.u_time_ms > ARCHIVE_KEPT_MS:
        return None
    return found


def algos_pending(venue: Venue, account: str = MAIN) -> list[Algo]:
    """Algo orders that still wait."""
    waiting = venue.accounts[account].open_algos
    return sorted(waiting.values(), key=lambda each: -each.algo_id)


def algos_history(venue: Venue, now_ms: int, account: str = MAIN) -> list[Algo]:
    """Algo orders done within three months."""
    found = [venue.algos[each] for each in venue.accounts[account].done_algos]
    kept = [each for each in found if now_ms - each.u_time_ms <= ARCHIVE_KEPT_MS]
    return sorted(kept, key=lambda each: -each.algo_id)


def positions(venue: Venue, now_ms: int, *, with_flat: bool, account: str = MAIN) -> list[Position]:
    """Open positions, and on request those that went flat within thirty days."""
    rows = [
        each
        for each in venue.accounts[account].positions.values()
        if each.qty_contracts or (with_flat and now_ms - each.u_time_ms <= FLAT_KEPT_MS)
    ]
    return sorted(rows, key=lambda each: (-each.c_time_ms, each.key))


def positions_history(venue: Venue, now_ms: int, account: str = MAIN) -> list[Position]:
    """Lives of positions that were at least partly closed within three months."""
    lives = venue.accounts[account].lives.values()
    rows = [each for each in lives if now_ms - each.u_time_ms <= ARCHIVE_KEPT_MS]
    return sorted(rows, key=lambda each: (-each.u_time_ms, -each.c_time_ms, each.key))
