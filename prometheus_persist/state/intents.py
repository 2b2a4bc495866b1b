"""The life of an order intent, as a table.

    PENDING    durable, the order may or may not have left
    UNKNOWN    it left, no answer was seen (timeout, reset, 5xx, crash)
    ACCEPTED   the exchange gave it an id
    REJECTED   the exchange refused it, or provably never had it      (terminal)
    FILLED     completely executed; for an algo order: its child was  (terminal)
    CANCELED   ended otherwise, perhaps after a part was executed     (terminal)

An algo order that has fired is what its child is: ACCEPTED with its ``child_ord_id`` until the
child has ended, then FILLED or CANCELED as the child. One that is attached to an order (``parent``)
is PENDING until that order has ended.

What is terminal has no further step. An order that ended as never arrived, or was given up, and
then shows up is taken back: a new open intent under the same clOrdId takes the place of the ended
one, UNKNOWN or ACCEPTED and never PENDING, which could be sent. An open intent counts before an
ended one of the same id.

An unanswered order is never taken for a refused one: only the exchange's word moves it on.
Raises ``IllegalTransition`` for a step the table does not have and leaves everything unchanged.
"""

from __future__ import annotations

from prometheus_persist.errors import IllegalTransition
from prometheus_persist.state.models import Outcome

TRANSITIONS: dict[Outcome, frozenset[Outcome]] = {
    "PENDING": frozenset({"UNKNOWN", "ACCEPTED", "REJECTED", "FILLED", "CANCELED"}),
    "UNKNOWN": frozenset({"UNKNOWN", "ACCEPTED", "REJECTED", "FILLED", "CANCELED"}),
    "ACCEPTED": frozenset({"ACCEPTED", "FILLED", "CANCELED"}),
    "REJECTED": frozenset(),
    "FILLED": frozenset(),
    "CANCELED": frozenset(),
}
TERMINAL: frozenset[Outcome] = frozenset(name for name, steps in TRANSITIONS.items() if not steps)
OPEN: frozenset[Outcome] = frozenset(TRANSITIONS) - TERMINAL


def next_outcome(now: Outcome, then: Outcome) -> Outcome:
    """``then``, where the table allows it; raises IllegalTransition otherwise."""
    if then not in TRANSITIONS[now]:
        raise IllegalTransition(f"an order intent cannot go from {now} to {then}")
    return then
