"""One reconciliation of an open session, in this order:

    settle and read (``reader.read_view``, ``planning.py``) → plan → a human's word where one is
    asked for → audit of what is due → apply as one commit, or nothing → look again → gate → audit

The orders without an answer are part of the plan (case F), so that an approval covers them, and a
stop leaves every ledger as it was.

- An order whose block is running in another thread is waited for, ``in_flight_ms`` at most, and
  puts the reconciliation off if it goes on; the gate stays as it is. Every other unanswered order
  is asked for first. Only if one is not found, and may still be on its way, it is waited for, once,
  and everything is read again. An order that was issued or booked while the exchange was read makes
  it read again, too.
- After a plan was applied the same code looks at the books again, beside the same view, and should
  find nothing (P1). Decision, gate, words and exit code are those of this second look: a correction
  that did not correct, or an approval of nothing, opens nothing.
- ``confirm`` is asked before anything is corrected. Its yes is bound to the plan's hash: the
  exchange is read again, and another plan is ``PlanStale``; one of a reading that is not whole is
  ``incomplete``, since nobody can say whether the approved one holds. Without it nothing is
  applied, and the decision is ``human``.
- Policies: ``adopt`` corrects what is proven; ``observe`` plans and reports, applies nothing and
  leaves the gate shut; ``flatten`` adopts, and then closes everything (``flattening.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from prometheus_persist.errors import BadValue, PlanStale
from prometheus_persist.exchange.reader import ExchangeReader, refuse_no_reader
from prometheus_persist.reconcile.account import accepts_loss, as_kept
from prometheus_persist.reconcile.apply import Applied, apply_plan
from prometheus_persist.reconcile.decision import Decision, WithheldFacts, decide, disagreeing
from prometheus_persist.reconcile.facts import agents_before
from prometheus_persist.reconcile.plan import Plan
from prometheus_persist.reconcile.reconciler import reconcile
from prometheus_persist.recovery.facts import FlattenFacts, RestoreFacts
from prometheus_persist.report.audit_lines import audit_lines, due_lines
from prometheus_persist.saving import Trigger
from prometheus_persist.saving.admission import Admission
from prometheus_persist.session.context import SessionContext
from prometheus_persist.session.planning import (
    READS_MAX,
    Approval,
    PlannedReading,
    facts_of,
    options_of,
    read,
)
from prometheus_persist.session.report import RecoveryReport
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.state.system_facts import AgentFacts

LOOKS_MAX = 3
POLICIES = ("adopt", "observe", "flatten")
Confirm = Callable[[RecoveryReport], bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """How to go about it; ``adopt_account`` is the uid to keep the books for from now on.
    ``patient`` False: nothing is waited for.

    Raises BadValue for no such policy.
    """

    policy: str = "adopt"
    approved: Approval | None = None
    confirm: Confirm | None = None
    declined: bool = False
    adopt_account: str = ""
    patient: bool = True

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise BadValue(f"policy {self.policy!r}: there are {', '.join(POLICIES)}")


def reconcile_now(
    context: SessionContext, reader: ExchangeReader | None, restored: RestoreFacts, asked: Asked
) -> RecoveryReport:
    """Carry it out; raises PlanStale, and what the store raises."""
    started_s = context.clock.monotonic_s()
    if reader is None:
        nothing = PlannedReading(None, problem="no exchange was given")
        with context.gate.turn:
            return context.store.whole(_ended, context, nothing, restored, asked, 0.0)
    refuse_no_reader(reader)
    context.gate.options = options_of(context.directory, reader)
    waited = not asked.patient
    for _ in range(READS_MAX):
        wait_for_arrivals(context, context.in_hand() if asked.patient else {})
        before = _mark(context)  # first: what is issued from here on is seen by one of the two
        if context.in_hand():
            break
        reading = _read(context, reader, asked)
        if not waited and (unseen := _unseen(context, reading)):
            wait_for_arrivals(context, unseen)
            waited = True
            continue
        asked = _confirmed(context, reading, restored, asked, started_s)
        if asked.confirm is not None and asked.approved:
            reading = _read(context, reader, asked)
        with context.gate.turn:
            if _mark(context) == before:
                ended = (context, reading, restored, asked, started_s, reader)
                return context.store.whole(_ended, *ended)
    return postponed(context, restored, asked, started_s)


def wait_for_arrivals(context: SessionContext, waits_ms: Mapping[str, int]) -> None:
    """An order sent just before may still arrive; let it."""
    wait_ms = max(waits_ms.values(), default=0)
    if wait_ms > 0:
        context.clock.sleep(wait_ms / 1000)


def postponed(
    context: SessionContext, restored: RestoreFacts, asked: Asked, started_s: float
) -> RecoveryReport:
    """Orders are on their way: nothing was compared, and nothing changes."""
    names = tuple(sorted(context.on_their_way()))
    problem = f"put off: {len(names)} order(s) on their way: {', '.join(names) or 'new ones'}"
    word = "go" if context.gate.is_open else "incomplete"
    decision = Decision(word, None, is_open=context.gate.is_open)
    facts = _facts(
        context, PlannedReading(None, problem=problem), restored, asked, started_s, decision
    )
    return replace(facts, postponed=names or ("new",))


def _unseen(context: SessionContext, reading: PlannedReading) -> dict[str, int]:
    """The orders that were not found and may still be on their way, and for how long."""
    if reading.view is None:
        return {}
    missing = {one.cl_ord_id for one in reading.view.lookups if one.found is None and one.wait_ms}
    return {name: ms for name, ms in context.on_their_way().items() if name in missing}


def _mark(context: SessionContext) -> tuple[int, ...]:
    """What moves when an order is issued or booked: a plan is of the books it was made from."""
    books = context.booked()
    return context.gate.issued, len(books.booked_fills), len(books.ended), len(books.booked_flows)


def _read(context: SessionContext, reader: ExchangeReader, asked: Asked) -> PlannedReading:
    approved = asked.approved
    reading = read(
        context.books(),
        reader,
        context.clock,
        context.settings,
        approved=approved,
        waits_ms=context.waits_ms(),
        adopt_account=asked.adopt_account,
    )
    if reading.plan is not None and approved is not None:
        _refuse_stale(reading, reading.plan, approved)
    return reading


def _refuse_stale(reading: PlannedReading, plan: Plan, approved: Approval) -> None:
    """Raise PlanStale where this is not the approved plan, BadValue for a choice it has not.

    A reading that failed in part gives another plan whether anything moved or not: it is neither.
    A choice may change what is asked about the money; its one way is then taken for the new one.
    """
    if reading.approved is None:
        if reading.view is not None and any(not one.cut for one in reading.view.problems()):
            return
        raise PlanStale(
            f"approved {approved.plan_hash[:12]}…, the present view gives {plan.plan_hash[:12]}…"
        )
    offered = {
        one.finding_id: {way.name for way in one.alternatives} for one in reading.approved.findings
    }
    for finding_id, name in approved.choices.items():
        if finding_id not in offered:
            raise BadValue(f"{finding_id}: the plan has no such finding")
        if name not in offered[finding_id]:
            ways = ", ".join(sorted(offered[finding_id])) or "nothing to choose from"
            raise BadValue(f"{finding_id} has no alternative {name!r}; there are: {ways}")


def _confirmed(
    context: SessionContext,
    reading: PlannedReading,
    restored: RestoreFacts,
    asked: Asked,
    started_s: float,
) -> Asked:
    """What was asked, with a human's word in it where one was needed and given."""
    plan = reading.plan
    decision = _decided(context, reading, asked)
    if asked.confirm is None or asked.approved is not None or plan is None or not decision.apply:
        return asked
    if asked.policy == "observe" or not (decision.apply.corrections or asked.policy == "flatten"):
        return asked
    facts = _facts(context, reading, restored, asked, started_s, decision)
    if asked.confirm(facts):
        return replace(asked, approved=Approval(plan.plan_hash))
    return replace(asked, declined=True)


def _decided(context: SessionContext, reading: PlannedReading, asked: Asked) -> Decision:
    """A yes to ``confirm`` is one to what is proven; a human's matter is settled by ``approve``."""
    by_hash = asked.approved is not None and asked.confirm is None
    approved = reading.approved if by_hash else None
    stops, confirmed = context.settings.human_stops, reading.confirmed
    return decide(reading.plan, stops, approved=approved, confirmed=confirmed)


def _ended(
    context: SessionContext,
    reading: PlannedReading,
    restored: RestoreFacts,
    asked: Asked,
    started_s: float,
    reader: ExchangeReader | None = None,
) -> RecoveryReport:
    """What follows from a reading, from the books to the gate; interrupted it shuts the store."""
    if reader is not None:
        context.recognise(reader, reading.plan)
    plan, view = reading.plan, reading.view
    first = decision = _decided(context, reading, asked)
    if asked.declined:
        first = decision = replace(decision, word="human", apply=None, is_open=False)
    some = first.apply is not None and (first.apply is plan or bool(first.apply.findings))
    applied = some and asked.policy != "observe"
    left = None
    if asked.adopt_account and not asked.declined and asked.policy != "observe":
        _adopt_account(context, reading)
    books = context.books()
    ids: frozenset[str] = frozenset()
    looks: list[Plan] = []
    before: dict[str, AgentFacts] = {}
    for _ in range(LOOKS_MAX if applied and view is not None else 0):
        if decision.apply is None or (left is not None and not decision.apply.corrections):
            break
        now_ms, due = context.clock.now_ms(), decision.apply
        looks += [] if left is None else [left]
        ids |= {one.finding_id for one in due.findings}
        before = {one.agent_id: one for one in agents_before(books.state, due)} | before
        if lines := due_lines(due):
            context.audit(lines)
        context.tell_host(due)
        context.commit_of(partial(apply_plan, books, due, now_ms), Trigger.RECONCILE)
        books = context.books()
        assert view is not None, "a plan is of a view"
        left = reconcile(books, as_kept(view) if accepts_loss(plan) else view)
        decision = decide(left, context.settings.human_stops, confirmed=reading.confirmed)
    final = plan if left is None else left
    if final is not None and view is not None and asked.policy != "observe":
        context.mark_host(books, final, view)
    if final is not None and decision.is_open:
        decision = _not_settled(decision, final, looked_again=left is not None)
    facts = _facts(context, reading, restored, asked, started_s, decision)
    was = tuple(before[name] for name in sorted(before))
    facts = replace(facts, applied=applied, left=left, applied_ids=ids, before=was)
    facts = replace(facts, later=tuple(looks))
    if asked.policy == "observe":
        context.gate.shut("the last reconciliation only observed")
        facts = replace(facts, may_trade=False)
    elif decision.is_open:
        context.gate.open(_admission(context, reading, decision))
        facts = replace(facts, may_trade=context.may_trade)
    else:
        context.gate.shut(f"the last reconciliation ended in {facts.decision}")
    if asked.policy != "adopt" or not all(one and one.clean for one in (plan, *looks, final)):
        context.audit(audit_lines(facts))
    return facts


def flattened(first: RecoveryReport, after: RecoveryReport, closed: FlattenFacts) -> RecoveryReport:
    """A flattening as one report: what was corrected before it, and how everything stands now."""
    done = replace(after, flattened=closed, applied=first.applied or after.applied)
    if after.plan is None or not first.applied_ids:
        return done
    before = {one.agent_id: one for one in (*after.before, *first.before)}
    return replace(
        done,
        plan=first.plan,
        left=after.left or after.plan,
        later=(*first.later, *([after.plan] if after.applied_ids else []), *after.later),
        applied_ids=first.applied_ids | after.applied_ids,
        before=tuple(before[name] for name in sorted(before)),
    )


def _adopt_account(context: SessionContext, reading: PlannedReading) -> None:
    """The books are kept for another account from now on, whatever else has to be decided."""
    state = None if reading.books is None else reading.books.state
    if state is not None and state.account_cash != context.state.account_cash:
        context.commit_of(lambda: Applied(state, {}), Trigger.RECONCILE, ("account_cash",))


def _not_settled(decision: Decision, left: Plan, *, looked_again: bool) -> Decision:
    """What is found again keeps its place shut, and so does what does not agree (R2)."""
    known = {one.inst_id for one in decision.withheld}
    off = tuple(one for one in disagreeing(left) if one.inst_id not in known)
    if off:
        decision = replace(decision, word="incomplete", withheld=(*decision.withheld, *off))
    steps = () if decision.apply is None or not looked_again else decision.apply.findings
    again = [one for one in steps if one.corrections]
    if not again:
        return decision
    places = {
        one.params.get("inst_id", "") if one.key is None else one.key.inst_id for one in again
    }
    ids = tuple(sorted(one.finding_id for one in again))
    shut = tuple(WithheldFacts(inst_id, "", "exchange", ids) for inst_id in sorted(places))
    return replace(decision, word="incomplete", withheld=(*decision.withheld, *shut))


def _admission(context: SessionContext, reading: PlannedReading, decision: Decision) -> Admission:
    """What the gate lets pass."""
    view = reading.view
    assert view is not None, "a gate is opened by what was read"
    words = {"human": "a human has to decide", "exchange": "it cannot be judged yet"}
    told = {
        (one.inst_id, one.agent_id): f"{words[one.waits_for]} ({', '.join(one.finding_ids)})"
        for one in decision.withheld
    }
    ccy = context.state.account_cash.ccy
    listed = {
        name: "" if one.settle_ccy == ccy else f"it settles in {one.settle_ccy}, the books in {ccy}"
        for name, one in view.instruments.items()
    }
    unfit = dict.fromkeys(view.unfit, "the books keep linear contracts only")
    context.listed = listed | unfit
    return Admission(
        withheld={inst: why for (inst, agent), why in told.items() if not agent},
        agents={agent: why for (_, agent), why in told.items() if agent},
        contracts=context.listed,
        offset_ms=view.offset_ms,
    )


def _facts(
    context: SessionContext,
    reading: PlannedReading,
    restored: RestoreFacts,
    asked: Asked,
    started_s: float,
    decision: Decision,
) -> RecoveryReport:
    return facts_of(
        context.books(),
        reading,
        restored,
        public_records=len(context.store.image.streams.get(PUBLIC_TRADES, [])),
        decision=decision,
        policy=asked.policy,
        duration_ms=round((context.clock.monotonic_s() - started_s) * 1000),
        options=context.gate.options,
    )
