"""One order's outcome, durable: the step in memory, the log of what has ended, one commit.

What could not be saved has not happened: memory is as it was. Stops that are attached to an order
exist only through it: where it ends without ever having been at the exchange, or is given up, those
of which nothing was seen end with it, in the same commit.
"""

from __future__ import annotations

from prometheus_persist.saving.arrivals import UNANSWERED
from prometheus_persist.saving.saver import Saver
from prometheus_persist.state import OrderIntent, next_outcome
from prometheus_persist.state.documents import INTENT_LOG, document
from prometheus_persist.state.intents import TERMINAL
from prometheus_persist.state.models import Outcome

REASON_CHARS_MAX = 500


def settle(
    saver: Saver,
    now: OrderIntent,
    outcome: Outcome,
    *,
    ord_id: str = "",
    reason: str = "",
    with_attached: bool = False,
) -> OrderIntent:
    """The open intent ``now`` as it then stands; ``with_attached`` ends its stops likewise.

    Raises IllegalTransition, StoreFailed. Interrupted halfway it shuts the store.
    """
    return saver.store.whole(_settled, saver, now, outcome, ord_id, reason, with_attached)


def _settled(
    saver: Saver,
    now: OrderIntent,
    outcome: Outcome,
    ord_id: str,
    reason: str,
    with_attached: bool,
) -> OrderIntent:
    intents = saver.state.intents
    moved = [_moved(now, outcome, ord_id, reason)]
    if with_attached:
        moved += [
            _moved(each, outcome, "", f"with its order: {reason}")
            for each in intents.values()
            if each.parent == now.cl_ord_id and each.outcome in UNANSWERED
        ]
    before = {each.cl_ord_id: intents[each.cl_ord_id] for each in moved}
    ended = []
    for each in moved:
        intents[each.cl_ord_id] = each
        if each.outcome in TERMINAL:
            del intents[each.cl_ord_id]
            ended.append(document(each))
    try:
        keys = [f"intents/{name}" for name in before]
        saver.save("outcome", keys=keys, records={INTENT_LOG: ended})
    except BaseException:
        intents.update(before)
        raise
    return moved[0]


def _moved(now: OrderIntent, outcome: Outcome, ord_id: str, reason: str) -> OrderIntent:
    text = reason.encode("utf-8", "backslashreplace").decode("utf-8")
    return now.model_copy(
        update={
            "outcome": next_outcome(now.outcome, outcome),
            "ord_id": ord_id or now.ord_id,
            "reason": text[:REASON_CHARS_MAX],
        }
    )
