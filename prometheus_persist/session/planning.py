"""From books and a reader to a plan, and from a plan to a decision.

- ``go``             nothing differs, or what differs is proven: apply, open the gate
- ``go_restricted``  the same, while something is frozen
- ``human``          something needs a human: apply nothing
- ``incomplete``     the exchange could not be read in full: apply nothing, call nothing flat
"""

from __future__ import annotations

from pathlib import Path

from prometheus_persist.clock import Clock, SystemClock
from prometheus_persist.errors import EXIT_HUMAN, EXIT_OK, EXIT_VENUE, VenueError
from prometheus_persist.exchange.reader import ExchangeReader, ViewRequest
from prometheus_persist.reconcile.decide import reconcile
from prometheus_persist.reconcile.plan import Plan
from prometheus_persist.reconcile.views import Books
from prometheus_persist.recovery import restore
from prometheus_persist.report.build import system_facts
from prometheus_persist.report.facts import RecoveryFacts
from prometheus_persist.session.configured import visited, visiting
from prometheus_persist.session.index import StreamIndex
from prometheus_persist.state import FreezeState, state_from
from prometheus_persist.state.documents import PUBLIC_TRADES

OVERLAP_MS = 60_000
READS_MAX = 4
READ_AGAIN_S = 0.1
EXIT_OF_DECISION = {
    "go": EXIT_OK,
    "go_restricted": EXIT_OK,
    "human": EXIT_HUMAN,
    "incomplete": EXIT_VENUE,
}


def plan_only(
    directory: Path | str, reader: ExchangeReader, *, clock: Clock | None = None
) -> RecoveryFacts:
    """What a reconciliation would come to; takes no lock and writes nothing at all (P4)."""
    clock = clock or SystemClock()
    started = clock.monotonic_s()
    restored = restore(visited(Path(directory)), clock=clock)
    state, index = state_from(restored.documents), StreamIndex()
    books = index.books(state, restored.streams)
    plan, problem = read_plan(books, reader, clock, visiting(Path(directory)).in_flight_ms)
    decision, _ = decide(plan, approved=False)
    return RecoveryFacts(
        restore=restored.facts,
        system=system_facts(state, len(restored.streams.get(PUBLIC_TRADES, []))),
        plan=plan,
        applied=False,
        decision=with_freeze(decision, state.freeze),
        venue_problem=problem,
        frozen_instruments=tuple(sorted(state.freeze.instruments)),
        frozen_all=state.freeze.everything.reason if state.freeze.everything else "",
        duration_ms=round((clock.monotonic_s() - started) * 1000),
    )


def read_plan(
    books: Books, reader: ExchangeReader, clock: Clock, in_flight_ms: int
) -> tuple[Plan | None, str]:
    """The plan of the present view, or why there is none.

    A reading between an order's end and its fills shows the one without the other. Such a view is
    read again, at most ``READS_MAX`` times, before it is called incomplete.
    """
    mark, intents = books.state.watermark, books.state.intents
    plan = None
    for reading in range(READS_MAX):
        if reading:
            clock.sleep(READ_AGAIN_S * 2**reading)
        request = ViewRequest(
            since_ms=max(mark.since_ms, mark.fills_ms) - OVERLAP_MS,
            now_ms=clock.now_ms(),
            intents=tuple(intents[key] for key in sorted(intents)),
            in_flight_ms=in_flight_ms,
        )
        try:
            plan = reconcile(books, reader.read_view(request))
        except VenueError as problem:
            return None, problem.detail
        if not plan.incomplete or plan.source_problems:
            break
    return plan, ""


def decide(plan: Plan | None, *, approved: bool) -> tuple[str, bool]:
    """The decision, and whether the plan is to be applied."""
    if plan is None or plan.incomplete:
        return "incomplete", False
    if plan.needs_human and not approved:
        return "human", False
    return "go", True


def with_freeze(decision: str, freeze: FreezeState) -> str:
    """``go`` becomes ``go_restricted`` while anything is frozen."""
    restricted = decision == "go" and bool(freeze.instruments or freeze.everything)
    return "go_restricted" if restricted else decision
