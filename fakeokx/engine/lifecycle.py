"""Life of an order and of an algo order, as tables.

An order is ``live`` from the moment it has an id. Fills move it to ``partially_filled`` and
``filled``, a cancel from either living state to ``canceled``; the last two are final. Whether
a fill is part or full is compared before the table is asked, so the table never sees a size.

An algo order waits as ``live`` until its trigger price is met. It is then ``effective`` if its
child order was accepted and ``order_failed`` if not; a cancel before that ends it too.

An event without an entry raises IllegalTransition and changes nothing.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class OrdState(StrEnum):
    """State of an order, in OKX spelling."""

    LIVE = "live"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"


class OrdEvent(StrEnum):
    """What can happen to an order."""

    PART_FILL = "part_fill"
    FULL_FILL = "full_fill"
    AMEND = "amend"
    CANCEL = "cancel"


class AlgoState(StrEnum):
    """State of an algo order, in OKX spelling."""

    LIVE = "live"
    EFFECTIVE = "effective"
    CANCELED = "canceled"
    ORDER_FAILED = "order_failed"


class AlgoEvent(StrEnum):
    """What can happen to an algo order."""

    FIRE = "fire"
    FAIL = "fail"
    AMEND = "amend"
    CANCEL = "cancel"


class IllegalTransition(Exception):
    """The table has no entry for this state and event: a fault of the engine, not of a caller."""


ORDER_TRANSITIONS: Final = MappingProxyType(
    {
        OrdState.LIVE: {
            OrdEvent.PART_FILL: OrdState.PARTIALLY_FILLED,
            OrdEvent.FULL_FILL: OrdState.FILLED,
            OrdEvent.AMEND: OrdState.LIVE,
            OrdEvent.CANCEL: OrdState.CANCELED,
        },
        OrdState.PARTIALLY_FILLED: {
            OrdEvent.PART_FILL: OrdState.PARTIALLY_FILLED,
            OrdEvent.FULL_FILL: OrdState.FILLED,
            OrdEvent.AMEND: OrdState.PARTIALLY_FILLED,
            OrdEvent.CANCEL: OrdState.CANCELED,
        },
        OrdState.FILLED: {},
        OrdState.CANCELED: {},
    }
)
ALGO_TRANSITIONS: Final = MappingProxyType(
    {
        AlgoState.LIVE: {
            AlgoEvent.FIRE: AlgoState.EFFECTIVE,
            AlgoEvent.FAIL: AlgoState.ORDER_FAILED,
            AlgoEvent.AMEND: AlgoState.LIVE,
            AlgoEvent.CANCEL: AlgoState.CANCELED,
        },
        AlgoState.EFFECTIVE: {},
        AlgoState.CANCELED: {},
        AlgoState.ORDER_FAILED: {},
    }
)


def next_order_state(state: OrdState, event: OrdEvent) -> OrdState:
    """The order's state after the event; raises IllegalTransition without an entry."""
    if event not in ORDER_TRANSITIONS[state]:
        raise IllegalTransition(f"order {state} on {event}")
    return ORDER_TRANSITIONS[state][event]


def next_algo_state(state: AlgoState, event: AlgoEvent) -> AlgoState:
    """The algo order's state after the event; raises IllegalTransition without an entry."""
    if event not in ALGO_TRANSITIONS[state]:
        raise IllegalTransition(f"algo order {state} on {event}")
    return ALGO_TRANSITIONS[state][event]
