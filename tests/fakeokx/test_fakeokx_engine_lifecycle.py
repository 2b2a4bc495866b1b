"""Every pair of state and event has a stated outcome, and the refused ones change nothing."""

from itertools import product

import pytest

from fakeokx.engine.lifecycle import (
    AlgoEvent,
    AlgoState,
    IllegalTransition,
    OrdEvent,
    OrdState,
    next_algo_state,
    next_order_state,
)

# Written by hand, row by row, so that a slip in the table does not repeat itself here.
ORDER_ORACLE = {
    ("live", "part_fill"): "partially_filled",
    ("live", "full_fill"): "filled",
    ("live", "amend"): "live",
    ("live", "cancel"): "canceled",
    ("partially_filled", "part_fill"): "partially_filled",
    ("partially_filled", "full_fill"): "filled",
    ("partially_filled", "amend"): "partially_filled",
    ("partially_filled", "cancel"): "canceled",
}
ALGO_ORACLE = {
    ("live", "fire"): "effective",
    ("live", "fail"): "order_failed",
    ("live", "amend"): "live",
    ("live", "cancel"): "canceled",
}


@pytest.mark.parametrize(("state", "event"), list(product(OrdState, OrdEvent)))
def test_every_order_state_meets_every_event(state: OrdState, event: OrdEvent) -> None:
    wanted = ORDER_ORACLE.get((state.value, event.value))
    if wanted is None:
        with pytest.raises(IllegalTransition):
            next_order_state(state, event)
    else:
        assert next_order_state(state, event) == wanted


@pytest.mark.parametrize(("state", "event"), list(product(AlgoState, AlgoEvent)))
def test_every_algo_state_meets_every_event(state: AlgoState, event: AlgoEvent) -> None:
    wanted = ALGO_ORACLE.get((state.value, event.value))
    if wanted is None:
        with pytest.raises(IllegalTransition):
            next_algo_state(state, event)
    else:
        assert next_algo_state(state, event) == wanted
