"""What happens by itself when its time has come, in the order in which it was due.

Dead man's switches, fundings of swaps that have a rate, deliveries of contracts at their
expiry. While one happens the venue's clock shows the moment at which it was due, however late
somebody looks. A funding that nobody has a position for is only noted, and a clock that jumps
far brings at most ``FUNDINGS_MAX`` of them per instrument; the rest of the time passes free.
"""

from collections.abc import Iterator
from typing import Final

from fakeokx.engine import forced, funding, orders
from fakeokx.engine.instruments import EXPIRED, INSTRUMENTS
from fakeokx.engine.venue import Venue

FUNDINGS_MAX: Final = 1000
_TIMER: Final = 0
_FUNDING: Final = 1
_DELIVERY: Final = 2


def run(venue: Venue, now_ms: int) -> None:
    """Let happen whatever is due until then."""
    fundings: dict[str, int] = {}
    while (first := min(_pending(venue), default=None)) is not None and first[0] <= now_ms:
        due_ms, kind, name, tag = first
        venue.now_ms = max(venue.now_ms, due_ms)
        if kind == _TIMER:
            orders.time_is_out(venue, venue.accounts[name], tag)
        elif kind == _DELIVERY:
            funding.end(venue, name, venue.marks[name])
        else:
            fundings[name] = fundings.get(name, 0) + 1
            market = venue.markets[name]
            funding.settle(venue, name, market.funding_rate)
            is_enough = fundings[name] >= FUNDINGS_MAX
            market.next_funding_ms = funding.next_funding_ms(now_ms if is_enough else due_ms)
        forced.liquidate_all(venue)


def due_ms(venue: Venue) -> int | None:
    """When the next thing happens by itself, or None."""
    first = min(_pending(venue), default=None)
    return None if first is None else first[0]


def _pending(venue: Venue) -> Iterator[tuple[int, int, str, str]]:
    for name, holder in venue.accounts.items():
        for tag, moment_ms in holder.timers.items():
            yield moment_ms, _TIMER, name, tag
    for inst_id, market in venue.markets.items():
        if market.next_funding_ms is not None:
            yield market.next_funding_ms, _FUNDING, inst_id, ""
    for inst_id in _FUTURES:
        if venue.markets[inst_id].state != EXPIRED:
            yield INSTRUMENTS[inst_id].exp_ms or 0, _DELIVERY, inst_id, ""


_FUTURES: Final = tuple(each.inst_id for each in INSTRUMENTS.values() if each.exp_ms is not None)
