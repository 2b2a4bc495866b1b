"""From books and a reader to a plan, and from a plan to a decision.

- ``go``             nothing differs, or what differs is proven: apply, open the gate
- ``go_restricted``  the same, while something is frozen
- ``human``          something needs a human: apply nothing
- ``incomplete``     the exchange could not be read in full: apply nothing, call nothing flat

A reading between an order's end and its fills shows the one without the other. So a view that
cannot be judged is read again, and nobody is stopped by a single reading: what needs a human counts
once two consecutive readings show the same finding. At most ``READS_MAX`` readings, all within
``recovery_budget_s``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prometheus_persist.clock import Clock, SystemClock
from prometheus_persist.errors import EXIT_HUMAN, EXIT_OK, EXIT_VENUE, VenueError
from prometheus_persist.exchange.reader import ExchangeReader, ViewRequest
from prometheus_persist.reconcile.decide import reconcile
from prometheus_persist.reconcile.plan import Plan, Resolution
from prometheus_persist.reconcile.views import Books, VenueView
from prometheus_persist.recovery import restore
from prometheus_persist.report.build import money_rows, source_facts, system_facts
from prometheus_persist.report.facts import RecoveryFacts, RestoreFacts
from prometheus_persist.session.configured import visited, visiting
from prometheus_persist.session.index import StreamIndex
from prometheus_persist.session.settings import Settings
from prometheus_persist.state import FreezeState, state_from
from prometheus_persist.state.documents import PUBLIC_TRADES

OVERLAP_MS = 60_000
ADOPTION_WATCHED_MS = 3 * 24 * 3_600_000
"""How long executions are looked for that an adopted difference stands in for."""
READS_MAX = 4
READ_AGAIN_S = 0.1
UNCONFIRMED = "what needs a human was not seen twice alike"
EXIT_OF_DECISION = {
    "go": EXIT_OK,
    "go_restricted": EXIT_OK,
    "human": EXIT_HUMAN,
    "incomplete": EXIT_VENUE,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the exchange showed, and the plan of it; ``problem`` where there is none.

    ``confirmed``: what needs a human was there in the reading before, too.
    """

    plan: Plan | None
    view: VenueView | None = None
    problem: str = ""
    confirmed: bool = False


def plan_only(
    directory: Path | str,
    reader: ExchangeReader,
    *,
    clock: Clock | None = None,
    policy: str = "",
) -> RecoveryFacts:
    """What a reconciliation would come to; takes no lock and writes nothing at all (P4)."""
    clock = clock or SystemClock()
    started = clock.monotonic_s()
    restored = restore(visited(Path(directory)), clock=clock)
    state, index = state_from(restored.documents), StreamIndex()
    books = index.books(state, restored.streams)
    reading = read(books, reader, clock, visiting(Path(directory)))
    return facts_of(
        books,
        reading,
        restored.facts,
        public_records=len(restored.streams.get(PUBLIC_TRADES, [])),
        decision=decide(reading.plan, approved=False, confirmed=reading.confirmed)[0],
        applied=False,
        policy=policy,
        duration_ms=round((clock.monotonic_s() - started) * 1000),
    )


def facts_of(
    books: Books,
    reading: Reading,
    restored: RestoreFacts,
    *,
    public_records: int,
    decision: str,
    applied: bool,
    policy: str,
    duration_ms: int,
) -> RecoveryFacts:
    """Everything there is to say of one reconciliation; the books as they now stand."""
    freeze = books.state.freeze
    return RecoveryFacts(
        restore=restored,
        system=system_facts(books.state, public_records),
        plan=reading.plan,
        applied=applied,
        decision=with_freeze(decision, freeze),
        venue_problem=reading.problem,
        frozen_instruments=tuple(sorted(freeze.instruments)),
        frozen_all=freeze.everything.reason if freeze.everything else "",
        duration_ms=duration_ms,
        money_rows=money_rows(books.money) if reading.view is not None else (),
        sources=source_facts(reading.view.sources) if reading.view is not None else (),
        policy=policy,
    )


def read_plan(
    books: Books, reader: ExchangeReader, clock: Clock, in_flight_ms: int
) -> tuple[Plan | None, str]:
    """The plan of the present view, or why there is none."""
    reading = read(books, reader, clock, Settings(in_flight_ms=in_flight_ms))
    return reading.plan, reading.problem


def read(
    books: Books,
    reader: ExchangeReader,
    clock: Clock,
    settings: Settings,
    *,
    approved: str | None = None,
) -> Reading:
    """What the exchange shows, read until it can be judged; ``approved`` is the hash looked for."""
    end_s = clock.monotonic_s() + settings.recovery_budget_s
    before: frozenset[str] = frozenset()
    found = Reading(None)
    for number in range(READS_MAX):
        if number:
            clock.sleep(READ_AGAIN_S * 2**number)
        left_s = end_s - clock.monotonic_s()
        if number and left_s <= 0:
            break
        try:
            view = reader.read_view(_request(books, clock, settings, left_s))
        except VenueError as failed:
            return Reading(None, problem=failed.detail)
        plan = reconcile(books, view)
        human = _for_a_human(plan)
        seen_once = bool(human) and not human & before
        found = Reading(plan, view, UNCONFIRMED if seen_once else "", confirmed=not seen_once)
        if approved is not None and plan.plan_hash == approved:
            return Reading(plan, view, confirmed=True)
        if plan.source_problems or not (plan.incomplete or human - before):
            break
        before = human
    return found


def decide(plan: Plan | None, *, approved: bool, confirmed: bool = True) -> tuple[str, bool]:
    """The decision, and whether the plan is to be applied; ``confirmed`` as in ``Reading``."""
    if plan is None or plan.incomplete:
        return "incomplete", False
    if plan.needs_human and not approved:
        return ("human" if confirmed else "incomplete"), False
    return "go", True


def with_freeze(decision: str, freeze: FreezeState) -> str:
    """``go`` becomes ``go_restricted`` while anything is frozen."""
    restricted = decision == "go" and bool(freeze.instruments or freeze.everything)
    return "go_restricted" if restricted else decision


def _request(books: Books, clock: Clock, settings: Settings, budget_s: float) -> ViewRequest:
    mark, cash = books.state.watermark, books.state.account_cash
    intents, now_ms = books.state.intents, clock.now_ms()
    watched = [one.since_ms for one in books.adopted if one.found_ms > now_ms - ADOPTION_WATCHED_MS]
    return ViewRequest(
        since_ms=max(mark.since_ms, min([mark.fills_ms, *watched])) - OVERLAP_MS,
        now_ms=now_ms,
        intents=tuple(intents[key] for key in sorted(intents)),
        in_flight_ms=settings.in_flight_ms,
        bills_since_ms=cash.bills_ms - OVERLAP_MS if cash.bills_ms else None,
        budget_s=budget_s,
    )


def _for_a_human(plan: Plan) -> frozenset[str]:
    return frozenset(one.finding_id for one in plan.findings if one.resolution is Resolution.HUMAN)
