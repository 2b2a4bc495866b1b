"""The live path: what one order of ours did, told by the exchange, as corrections.

The same corrections as after a crash, for the same ``apply_corrections``: a fill is booked by one
piece of code, whoever brings it.

1. Executions that the books hold already are left out; the rest is booked to the intent's agent.
2. A terminal outcome is taken only when every contract the exchange executed is booked with it. An
   algo order that fired is what its child is. What waits with another order is that order's matter.
3. An answer that does not name the order, or names another one than the intent's, settles nothing.
4. What the system sent for nobody is booked to nobody.
5. An order that is only meant to reduce, and executed more than its agent holds against it, closed
   somebody else's contracts: nothing of it is booked here, a reconciliation finds out whose.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import cast

from prometheus_persist.reconcile.findings.intents import never_arrived, outcome_of
from prometheus_persist.reconcile.plan import (
    BookFill,
    BookOrphan,
    Correction,
    SettleIntent,
    trade_number,
)
from prometheus_persist.reconcile.views import Instrument, IntentLookup, VenueFill
from prometheus_persist.state import Contracts, Execution, OrderIntent
from prometheus_persist.state.intents import TERMINAL
from prometheus_persist.state.models import PosSide, Side
from prometheus_persist.state.registry import SYSTEM_OWNER


def live_steps(
    booked: AbstractSet[str],
    intent: OrderIntent,
    lookup: IntentLookup,
    fills: Iterable[VenueFill],
    instrument: Instrument | None,
    *,
    arrived_by_now: bool = False,
) -> tuple[Correction, ...]:
    """What to book and how to settle ``intent``; empty where nothing new is proven.

    ``arrived_by_now``: it cannot be on its way any more, so that "no such order" proves something.
    """
    absent = never_arrived(intent, lookup.found) if arrived_by_now and not intent.parent else None
    if absent is not None:
        return (absent,)
    another = intent.ord_id and lookup.ord_id and intent.ord_id != lookup.ord_id
    if not lookup.found or another:
        return ()
    fresh = {fill.fill_id: fill for fill in fills if fill.fill_id not in booked}
    if fresh and instrument is None:
        return ()
    steps: list[Correction] = [
        _booking(intent, _execution(intent, fill, instrument))
        for fill in sorted(
            fresh.values(), key=lambda fill: (fill.ts_ms, trade_number(fill.trade_id))
        )
        if instrument is not None
    ]
    total = intent.booked_contracts
    for fill in fresh.values():
        total += fill.qty_contracts
    child = lookup.child_ord_id
    outcome = outcome_of(intent, lookup.state, child, lookup.child_state, total)
    if outcome is None:
        return ()
    whole = lookup.filled_contracts is None or lookup.filled_contracts == total
    changed = (
        outcome != intent.outcome or not intent.ord_id or child not in ("", intent.child_ord_id)
    )
    if changed and (outcome not in TERMINAL or whole):
        reason = lookup.child_state or lookup.state
        steps.append(SettleIntent(intent.cl_ord_id, outcome, lookup.ord_id, reason, child))
    return tuple(steps)


def closes_others(intent: OrderIntent, held: Contracts, steps: Iterable[Correction]) -> bool:
    """Whether these bookings close more than ``held``, its agent's (rule 5)."""
    reduces = intent.reduce_only or (intent.pos_side, intent.side) in (
        ("long", "sell"),
        ("short", "buy"),
    )
    for step in steps:
        if not isinstance(step, BookFill) or not reduces:
            continue
        moved = step.execution.signed
        if held.sign * moved.sign >= 0 or abs(moved) > abs(held):
            return True
        held += moved
    return False


def _booking(intent: OrderIntent, execution: Execution) -> Correction:
    if intent.agent_id == SYSTEM_OWNER:
        return BookOrphan(execution)
    return BookFill(intent.agent_id, execution)


def _execution(intent: OrderIntent, fill: VenueFill, instrument: Instrument) -> Execution:
    return Execution(
        inst_id=fill.inst_id,
        mgn_mode=intent.mgn_mode,
        pos_side=cast(PosSide, fill.pos_side or intent.pos_side),
        side=cast(Side, fill.side),
        qty_contracts=fill.qty_contracts,
        px=fill.px,
        fee=fill.fee,
        trade_id=fill.trade_id,
        ord_id=fill.ord_id,
        cl_ord_id=intent.cl_ord_id,
        ts_ms=fill.ts_ms,
        ct_val=instrument.ct_val,
        ct_mult=instrument.ct_mult,
    )
