"""The life of an order intent: every pair of outcomes is allowed or refused, none is open."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from prometheus_persist.errors import IllegalTransition
from prometheus_persist.state import next_outcome
from prometheus_persist.state.intents import OPEN, TERMINAL, TRANSITIONS
from prometheus_persist.state.models import Outcome

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
# Rows: from. Columns in the order of OUTCOMES: PENDING ACCEPTED UNKNOWN REJECTED FILLED CANCELED.
ALLOWED = {
    "PENDING": "-AUARA",
    "ACCEPTED": "-A--AA",
    "UNKNOWN": "-AUARA",
    "REJECTED": "------",
    "FILLED": "------",
    "CANCELED": "------",
}


@pytest.mark.parametrize(("now", "then"), list(product(OUTCOMES, OUTCOMES)))
def test_intents_every_pair(now: Outcome, then: Outcome) -> None:
    """A step is taken when the drawing has a letter for it, and raises when it has none."""
    allowed = ALLOWED[now][OUTCOMES.index(then)] != "-"
    if allowed:
        assert next_outcome(now, then) == then
    else:
        with pytest.raises(IllegalTransition, match=f"{now} to {then}"):
            next_outcome(now, then)


def test_intents_no_answer_is_never_a_refusal() -> None:
    """UNKNOWN is open, and an order the exchange has accepted can never become a refused one."""
    assert {"PENDING", "UNKNOWN", "ACCEPTED"} == OPEN
    assert {"REJECTED", "FILLED", "CANCELED"} == TERMINAL
    assert "REJECTED" not in TRANSITIONS["ACCEPTED"]
    assert "UNKNOWN" not in TRANSITIONS["ACCEPTED"]
    assert set(TRANSITIONS) == set(OUTCOMES)
