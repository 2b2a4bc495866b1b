"""``adopt``: positions that exist already, put into both ledgers of the owners that were named.

One commit for all of them, or none. What counts as a position, an owner and evidence is in
``reconcile/given.py``; what was done is in the audit. Nothing is asked of the exchange here: the
next reconciliation compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_persist.reconcile.apply import Applied, apply_corrections
from prometheus_persist.reconcile.books import finding_of
from prometheus_persist.reconcile.given import Owners, evidence, given, said
from prometheus_persist.saving import Trigger
from prometheus_persist.session.context import SessionContext


def adopted(context: SessionContext, positions: Iterable[object], owners: Owners) -> int:
    """Write them, durably; returns the sequence. Raises BadValue and writes nothing."""
    with context.gate.turn:
        found = given(context.state, positions, owners)
        steps = tuple(step for _, _, each in found for step in each)
        proofs = {ident: evidence(row) for row, ident, _ in found}

        def work() -> Applied:
            applied = apply_corrections(context.books(), steps, context.clock.now_ms())
            for records in applied.records.values():
                for record in records:
                    record |= proofs[finding_of(record)]
            return applied

        lines = [line for each in found for line in said(*each)]
        context.store.whole(_written, context, work, lines)
    return context.store.tip.seq


def _written(context: SessionContext, work: Callable[[], Applied], lines: list[str]) -> None:
    context.commit_of(work, Trigger.RECONCILE)
    context.audit(lines)
