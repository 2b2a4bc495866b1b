"""One command in, events out: the only entry through which a venue changes.

Numbered invariants, asserted after every step by code that does not share a line with what
it checks:

1. Σ balChg of the step's bills = change of the cash; the last bill's balance is the cash.
2. Σ (balChg + posBalChg) = Σ (pnl + fee) of the step's fills.
3. Σ signed contracts of the step's fills = change of each position.
4. Time does not go back.

A Refusal leaves the venue as it was. A failed assertion means that this code is wrong: the
venue may then be half changed and must not be used any further.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from fakeokx.engine import algos, orders, settings
from fakeokx.engine.commands import (
    AdvanceClock,
    AmendOrders,
    CancelAlgos,
    CancelOrders,
    ClosePosition,
    Command,
    Liquidate,
    MovePrice,
    PlaceAlgo,
    PlaceOrders,
    SetLeverage,
    SetPartial,
    SetPositionMode,
    SetSwitch,
)
from fakeokx.engine.decimals import ZERO, exact
from fakeokx.engine.events import Answered, Event, Filled
from fakeokx.engine.model import PositionKey, sign_of
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

_HANDLERS: Final[Mapping[type[Any], Callable[[Venue, Any], None]]] = {
    PlaceOrders: orders.place_orders,
    CancelOrders: orders.cancel_orders,
    AmendOrders: orders.amend_orders,
    ClosePosition: orders.close_position,
    PlaceAlgo: algos.place_algo,
    CancelAlgos: algos.cancel_algos,
    SetLeverage: settings.set_leverage,
    SetPositionMode: settings.set_position_mode,
    MovePrice: settings.move_price,
    Liquidate: settings.liquidate,
    SetPartial: settings.set_partial,
    AdvanceClock: settings.advance_clock,
    SetSwitch: settings.set_switch,
}


def step(venue: Venue, command: Command, now_ms: int) -> tuple[Event, ...]:
    """Apply the command at that time; raises Refusal if the venue declines it as a whole."""
    assert now_ms >= venue.now_ms, f"time went back from {venue.now_ms} to {now_ms}"
    with exact():
        cash_before = venue.cash_quote
        held_before = {key: each.qty_contracts for key, each in venue.positions.items()}
        time_before, venue.now_ms = venue.now_ms, now_ms
        venue.events = []
        try:
            handler = _HANDLERS.get(type(command))
            if handler is None:
                raise Refusal("51000", "op")
            handler(venue, command)
        except Exception:
            venue.now_ms = time_before
            raise
        events = tuple(venue.events)
        filled = [each for each in events if isinstance(each, Filled)]
        _check_money(venue, cash_before, filled)
        _check_positions(venue, held_before, filled)
    if not changed(events):
        venue.now_ms = time_before
    return events


def changed(events: tuple[Event, ...]) -> bool:
    """Whether a step changed the venue, or only answered."""
    return any(not isinstance(event, Answered) for event in events)


def _check_money(venue: Venue, cash_before: Decimal, filled: list[Filled]) -> None:
    billed = sum((each.bill.cash_change for each in filled), ZERO)
    assert venue.cash_quote - cash_before == billed, "the cash moved without a bill"
    assert not filled or filled[-1].bill.cash == venue.cash_quote, "a bill misstates it"
    bound = sum((each.bill.margin_change for each in filled), ZERO)
    earned = sum((each.fill.pnl + each.fill.fee for each in filled), ZERO)
    assert billed + bound == earned, "bills and fills disagree about the money"


def _check_positions(
    venue: Venue, held_before: Mapping[PositionKey, Decimal], filled: list[Filled]
) -> None:
    moved = dict(held_before)
    for each in filled:
        fill = each.fill
        key = PositionKey(fill.inst_id, fill.mgn_mode, fill.pos_side)
        signed = sign_of(fill.side) * fill.qty_contracts
        moved[key] = moved.get(key, ZERO) + signed
    for key, position in venue.positions.items():
        assert position.qty_contracts == moved.get(key, ZERO), f"{key} moved without a fill"
