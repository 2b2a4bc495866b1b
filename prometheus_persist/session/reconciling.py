"""One reconciliation of an open session, in this order:

    nothing on its way → settle and read (``reader.read_view``, ``planning.py``) → plan
    → a human's word where one is asked for → apply as one commit, or nothing → gate → audit

The orders without an answer are part of the plan (case F), so that an approval covers them, and a
stop leaves every ledger as it was.

- Before reading it waits until no order can be on its way any more, ``in_flight_ms`` at most. What
  then still is (its block is running in another thread) puts the reconciliation off, and the gate
  stays as it is. An order that was issued or booked while the exchange was read makes it read
  again.
- ``confirm`` is asked before anything is corrected. Its yes is bound to the plan's hash: the
  exchange is read again, and another plan is ``PlanStale``. Without it nothing is applied, and the
  decision is ``human``.
- Policies: ``adopt`` corrects what is proven; ``observe`` plans and reports, applies nothing and
  leaves the gate shut; ``flatten`` adopts, and then closes everything (``flattening.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from prometheus_persist.errors import BadValue, PlanStale
from prometheus_persist.exchange.reader import ExchangeReader
from prometheus_persist.reconcile.apply import apply_plan
from prometheus_persist.recovery.audit import audit_lines
from prometheus_persist.report.facts import RecoveryFacts, RestoreFacts
from prometheus_persist.saving import Trigger
from prometheus_persist.session.desk import Desk
from prometheus_persist.session.planning import (
    READS_MAX,
    Reading,
    decide,
    facts_of,
    read,
    with_freeze,
)
from prometheus_persist.state.documents import PUBLIC_TRADES

POLICIES = ("adopt", "observe", "flatten")
Confirm = Callable[[RecoveryFacts], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """How to go about it; ``approved`` is a plan's hash. Raises BadValue for no such policy."""

    policy: str = "adopt"
    approved: str | None = None
    confirm: Confirm | None = None

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise BadValue(f"policy {self.policy!r}: there are {', '.join(POLICIES)}")


def reconcile_now(
    desk: Desk, reader: ExchangeReader | None, restored: RestoreFacts, asked: Asked
) -> RecoveryFacts:
    """Carry it out; raises PlanStale, and what the store raises."""
    started_s = desk.clock.monotonic_s()
    if reader is None:
        return _ended(desk, Reading(None, problem="no exchange was given"), restored, asked, 0.0)
    for _ in range(READS_MAX):
        wait_for_arrivals(desk)
        if desk.on_their_way():
            break
        before = _mark(desk)
        reading = _read(desk, reader, asked.approved)
        asked = _confirmed(desk, reading, restored, asked, started_s)
        if asked.confirm is not None and asked.approved:
            reading = _read(desk, reader, asked.approved)
        with desk.gate.turn:
            if _mark(desk) == before:
                return _ended(desk, reading, restored, asked, started_s)
    return postponed(desk, restored, asked, started_s)


def wait_for_arrivals(desk: Desk) -> None:
    """An order sent just before a crash may still arrive; let it, before asking for it."""
    wait_ms = max(desk.on_their_way().values(), default=0)
    if wait_ms > 0:
        desk.clock.sleep(wait_ms / 1000)


def postponed(desk: Desk, restored: RestoreFacts, asked: Asked, started_s: float) -> RecoveryFacts:
    """Orders are on their way: nothing was compared, and nothing changes."""
    names = tuple(sorted(desk.on_their_way()))
    problem = f"put off: {len(names)} order(s) on their way: {', '.join(names) or 'new ones'}"
    decision = "go" if desk.gate.is_open else "incomplete"
    facts = _facts(desk, Reading(None, problem=problem), restored, asked, started_s, decision)
    return replace(facts, postponed=names or ("new",))


def _mark(desk: Desk) -> tuple[int, ...]:
    """What moves when an order is issued or booked: a plan is of the books it was made from."""
    books = desk.booked()
    return desk.gate.issued, len(books.booked_fills), len(books.ended), len(books.booked_flows)


def _read(desk: Desk, reader: ExchangeReader, approved: str | None) -> Reading:
    reading = read(desk.books(), reader, desk.clock, desk.settings, approved=approved)
    plan = reading.plan
    if plan is not None and approved is not None and approved != plan.plan_hash:
        raise PlanStale(f"approved {approved[:12]}…, the present view gives {plan.plan_hash[:12]}…")
    return reading


def _confirmed(
    desk: Desk, reading: Reading, restored: RestoreFacts, asked: Asked, started_s: float
) -> Asked:
    """What was asked, with a human's word in it where one was needed and given."""
    plan = reading.plan
    decision, apply = decide(plan, approved=asked.approved is not None, confirmed=reading.confirmed)
    if asked.confirm is None or asked.approved is not None or plan is None or not apply:
        return asked
    if asked.policy == "observe" or not (plan.corrections or asked.policy == "flatten"):
        return asked
    facts = _facts(desk, reading, restored, asked, started_s, decision)
    return replace(asked, approved=plan.plan_hash if asked.confirm(facts) else "")


def _ended(
    desk: Desk, reading: Reading, restored: RestoreFacts, asked: Asked, started_s: float
) -> RecoveryFacts:
    plan = reading.plan
    decision, apply = decide(plan, approved=bool(asked.approved), confirmed=reading.confirmed)
    if apply and asked.approved == "":
        decision, apply = "human", False
    applied = plan is not None and apply and asked.policy != "observe"
    if plan is not None and applied:
        moved = apply_plan(desk.books(), plan, desk.clock.now_ms())
        desk.commit(moved, Trigger.RECONCILE)
    facts = _facts(desk, reading, restored, asked, started_s, decision)
    facts = replace(facts, applied=applied)
    if asked.policy == "observe":
        desk.gate.shut("the last reconciliation only observed")
    elif facts.decision in ("go", "go_restricted"):
        desk.gate.open()
    else:
        desk.gate.shut(f"the last reconciliation ended in {facts.decision}")
    if plan is None or not plan.clean or asked.policy != "adopt":
        desk.audit(audit_lines(facts))
    return facts


def _facts(
    desk: Desk,
    reading: Reading,
    restored: RestoreFacts,
    asked: Asked,
    started_s: float,
    decision: str,
) -> RecoveryFacts:
    return facts_of(
        desk.books(),
        reading,
        restored,
        public_records=len(desk.store.image.streams.get(PUBLIC_TRADES, [])),
        decision=with_freeze(decision, desk.state.freeze),
        applied=False,
        policy=asked.policy,
        duration_ms=round((desk.clock.monotonic_s() - started_s) * 1000),
    )
