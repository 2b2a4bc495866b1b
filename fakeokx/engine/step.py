"""One command in, events out: the only entry through which a venue changes.

The command does its own; then what it stirred is looked at until nothing moves: algo orders
whose price moved fire, and whoever is in danger after a mark price moved is liquidated. The
books, who tells them apart from the venue, check every step (``conservation``).

What is due by itself happens in a ``Tick``; a caller who lets time pass has to let it come
first (``due.due_ms`` says when), and any other command refuses to overtake it.

A Refusal leaves the venue as it was. A failed assertion means that this code is wrong: the
venue may then be half changed and must not be used any further.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakeokx.engine import (
    algos,
    due,
    forced,
    foreign,
    funding,
    orders,
    rescaling,
    settings,
    triggers,
)
from fakeokx.engine.commands import (
    Adl,
    AdvanceClock,
    AmendAlgos,
    AmendOrders,
    CancelAlgos,
    CancelAllAfter,
    CancelOrders,
    ClosePosition,
    Command,
    Deliver,
    Deposit,
    Fund,
    Liquidate,
    MovePrice,
    OpenAccount,
    PlaceAlgo,
    PlaceOrders,
    PutForeign,
    Rescale,
    SetBook,
    SetFundingRate,
    SetInstrument,
    SetLeverage,
    SetMark,
    SetPartial,
    SetPendingMax,
    SetPositionMode,
    SetSwitch,
    Settle,
    Tick,
)
from fakeokx.engine.decimals import exact
from fakeokx.engine.events import (
    Answered,
    BalanceChanged,
    Billed,
    BookChanged,
    Event,
    Filled,
    FundingPaid,
)
from fakeokx.engine.venue import Venue

_HANDLERS: Final[Mapping[type[Any], Callable[[Venue, Any], None]]] = {
    PlaceOrders: orders.place_orders,
    CancelOrders: orders.cancel_orders,
    AmendOrders: orders.amend_orders,
    ClosePosition: orders.close_position,
    CancelAllAfter: orders.cancel_all_after,
    PlaceAlgo: algos.place_algo,
    CancelAlgos: algos.cancel_algos,
    AmendAlgos: algos.amend_algos,
    SetLeverage: settings.set_leverage,
    SetPositionMode: settings.set_position_mode,
    MovePrice: settings.move_price,
    SetMark: settings.set_mark,
    SetBook: settings.set_book,
    SetInstrument: settings.set_instrument,
    SetPendingMax: settings.set_pending_max,
    SetPartial: settings.set_partial,
    SetSwitch: settings.set_switch,
    AdvanceClock: settings.advance_clock,
    OpenAccount: settings.open_account,
    Deposit: settings.deposit,
    Liquidate: forced.liquidate,
    Adl: forced.adl,
    SetFundingRate: funding.set_funding_rate,
    Fund: funding.fund,
    Deliver: funding.deliver,
    Settle: funding.settle_future,
    Rescale: rescaling.rescale,
    PutForeign: foreign.put_foreign,
}


def step(venue: Venue, command: Command, now_ms: int) -> tuple[Event, ...]:
    """Apply the command at that time; raises Refusal if the venue declines it as a whole."""
    assert now_ms >= venue.now_ms, f"time went back from {venue.now_ms} to {now_ms}"
    with exact():
        time_before = venue.now_ms
        venue.events = []
        if isinstance(command, Tick):
            due.run(venue, now_ms)
            venue.now_ms = now_ms
        else:
            next_ms = due.due_ms(venue)
            assert next_ms is None or next_ms > now_ms, "something is due: step a Tick first"
            venue.now_ms = now_ms
            try:
                _HANDLERS[type(command)](venue, command)
            except Exception:
                venue.now_ms = time_before
                raise
        _settle(venue)
        events = (*venue.events, *_closing_events(venue))
        venue.books.check(venue, events)
    if not changed(events):
        venue.now_ms = time_before
    return events


def changed(events: tuple[Event, ...]) -> bool:
    """Whether a step changed the venue, or only answered."""
    return any(not isinstance(event, Answered) for event in events)


def _settle(venue: Venue) -> None:
    """Look at what was stirred until nothing moves."""
    while venue.stirred or venue.mark_moved:
        if venue.stirred:
            triggers.fire_all(venue, next(iter(venue.stirred)))
        else:
            forced.liquidate_all(venue)


def _closing_events(venue: Venue) -> list[Event]:
    touched = {
        (event.bill.account, event.bill.ccy): None
        for event in venue.events
        if isinstance(event, Filled | Billed | FundingPaid)
    }
    closing: list[Event] = [BookChanged(inst_id) for inst_id in venue.book_moved]
    venue.book_moved.clear()
    closing.extend(BalanceChanged(ccy, account) for account, ccy in touched)
    return closing
