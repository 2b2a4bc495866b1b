"""From books and a reader to a plan that can be decided on (``reconcile/decision.py``).

A reading between an order's end and its fills shows the one without the other. So a view that
cannot be judged is read again, and nobody is stopped by a single reading: what needs a human counts
once two consecutive readings show the same finding. At most ``READS_MAX`` readings, all within
``recovery_budget_s``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from prometheus_persist.clock import Clock, SystemClock
from prometheus_persist.commands import options_for
from prometheus_persist.errors import EXIT_HUMAN, EXIT_OK, EXIT_VENUE, VenueError
from prometheus_persist.exchange.reader import ExchangeReader, ViewRequest
from prometheus_persist.reconcile.account import for_another, other_account
from prometheus_persist.reconcile.books import StreamIndex
from prometheus_persist.reconcile.decision import Decision, decide, for_a_human, with_freeze
from prometheus_persist.reconcile.facts import money_rows, source_facts
from prometheus_persist.reconcile.finding import Choices
from prometheus_persist.reconcile.findings.intents import ON_ITS_WAY
from prometheus_persist.reconcile.money.residual_money import bills_from_ms
from prometheus_persist.reconcile.plan import (
    Plan,
    Resolution,
    Verdict,
)
from prometheus_persist.reconcile.reconciler import reconcile
from prometheus_persist.reconcile.sums import index_from
from prometheus_persist.reconcile.views import Books, VenueView
from prometheus_persist.recovery import restore
from prometheus_persist.recovery.facts import RestoreFacts
from prometheus_persist.saving.arrivals import UNANSWERED
from prometheus_persist.session.report import RecoveryReport
from prometheus_persist.session.settings import Settings
from prometheus_persist.session.settings_sources import visited, visiting
from prometheus_persist.state import state_from
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.state.redacted import redacted
from prometheus_persist.state.system_facts import system_facts

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
class PlannedReading:
    """What the exchange showed, and the plan of it; ``problem`` where there is none.

    ``confirmed``: what needs a human was there in the reading before, too. ``books`` are those that
    the plan is of; ``approved`` is the plan as it was approved, before anything was chosen in it.
    """

    plan: Plan | None
    view: VenueView | None = None
    problem: str = ""
    confirmed: bool = False
    books: Books | None = None
    approved: Plan | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """A human's word: for the plan with this hash, and for these of its alternatives."""

    plan_hash: str
    choices: Choices = field(default_factory=dict)


def plan_only(
    directory: Path | str,
    reader: ExchangeReader,
    *,
    clock: Clock | None = None,
    policy: str = "",
) -> RecoveryReport:
    """What a reconciliation would come to; takes no lock and writes nothing at all (P4)."""
    clock = clock or SystemClock()
    started = clock.monotonic_s()
    restored = restore(visited(Path(directory)), clock=clock)
    state, sums = state_from(restored.documents), restored.image.sums
    index = index_from(sums, restored.streams, state.account_cash.bills_ms) or StreamIndex()
    books = index.books(state, restored.streams)
    settings = visiting(Path(directory))
    waits = _still_under_way(books, restored.time_ms, clock.now_ms(), settings)
    reading = read(books, reader, clock, settings, waits_ms=waits)
    decision = decide(reading.plan, settings.human_stops, confirmed=reading.confirmed)
    return facts_of(
        books,
        reading,
        restored.facts,
        public_records=len(restored.streams.get(PUBLIC_TRADES, [])),
        decision=decision,
        policy=policy,
        duration_ms=round((clock.monotonic_s() - started) * 1000),
        options=options_of(directory, reader),
    )


def _still_under_way(
    books: Books, lived_ms: int, now_ms: int, settings: Settings
) -> dict[str, int]:
    """How long the unanswered orders may still be on their way, or not be shown (``saving``)."""
    window_ms = settings.in_flight_ms + settings.index_lag_ms
    found = {}
    for name, intent in books.state.intents.items():
        left_ms = min(window_ms - (now_ms - max(intent.created_ms, lived_ms)), window_ms)
        if intent.outcome in UNANSWERED and not intent.parent and left_ms > 0:
            found[name] = left_ms
    return found


def options_of(directory: Path | str, reader: ExchangeReader | None) -> str:
    """The options of a command about this store and this account."""
    url = str(getattr(reader, "url", ""))
    return options_for(directory, url, live=getattr(reader, "demo", None) is False)


def facts_of(
    books: Books,
    reading: PlannedReading,
    restored: RestoreFacts,
    *,
    public_records: int,
    decision: Decision,
    policy: str,
    duration_ms: int,
    options: str,
) -> RecoveryReport:
    """Everything there is to say of one reconciliation; the books as they now stand."""
    freeze = books.state.freeze
    return RecoveryReport(
        restore=restored,
        system=system_facts(books.state, public_records),
        plan=reading.plan,
        applied=False,
        decision=with_freeze(decision, freeze),
        venue_problem=reading.problem,
        frozen_instruments=tuple(sorted(freeze.instruments)),
        frozen_all=freeze.everything.reason if freeze.everything else "",
        duration_ms=duration_ms,
        money_rows=money_rows(books.money) if reading.view is not None else (),
        sources=source_facts(reading.view.sources) if reading.view is not None else (),
        policy=policy,
        withheld=decision.withheld,
        may_trade=decision.is_open,
        unanswered=decision.unanswered,
        offset_ms=0 if reading.view is None else reading.view.offset_ms,
        options=options,
    )


def read(
    books: Books,
    reader: ExchangeReader,
    clock: Clock,
    settings: Settings,
    *,
    approved: Approval | None = None,
    waits_ms: Mapping[str, int] = MappingProxyType({}),
    adopt_account: str = "",
) -> PlannedReading:
    """What the exchange shows, read until it can be judged; ``approved`` is the plan looked for.

    ``waits_ms``: how long each unanswered order may still be on its way, or not be shown.
    ``adopt_account``: the uid whose account the books are kept for from now on.
    """
    end_s = clock.monotonic_s() + settings.recovery_budget_s
    started_s = clock.monotonic_s()
    before: frozenset[str] = frozenset()
    found = PlannedReading(None)
    for number in range(READS_MAX):
        if number:
            clock.sleep(READ_AGAIN_S * 2**number)
        left_s = end_s - clock.monotonic_s()
        if number and left_s <= 0:
            break
        gone_ms = round((clock.monotonic_s() - started_s) * 1000)
        waits = {name: ms - gone_ms for name, ms in waits_ms.items() if ms > gone_ms}
        try:
            view = _waiting(
                reader.read_view(_request(books, clock, settings, left_s, waits)), waits
            )
        except VenueError as failed:
            return PlannedReading(None, problem=redacted(failed.detail))
        mine = books
        strange = other_account(books, view) is not None
        if strange and adopt_account == view.uid:
            mine = for_another(books, view)
        plan = reconcile(mine, view)
        if approved is not None and plan.plan_hash == approved.plan_hash:
            chosen = reconcile(mine, view, approved.choices) if approved.choices else plan
            return PlannedReading(chosen, view, confirmed=True, books=mine, approved=plan)
        human = for_a_human(plan)
        seen_once = bool(human) and not human & before
        problem = UNCONFIRMED if seen_once else ""
        found = PlannedReading(plan, view, problem, confirmed=not seen_once, books=mine)
        if plan.source_problems or not (_unsettled(plan) or human - before):
            break
        before = human
    return found


def _unsettled(plan: Plan) -> bool:
    """Whether another reading may tell more; an order on its way takes longer than that."""
    unknown = [one for one in plan.findings if one.resolution is Resolution.UNKNOWN]
    money = plan.money is not None and plan.money.verdict is Verdict.UNKNOWN
    return money or any(one.params.get("why") != ON_ITS_WAY for one in unknown)


def _waiting(view: VenueView, waits_ms: Mapping[str, int]) -> VenueView:
    """An order that may still be on its way is not "no such order", whatever the reader says."""
    lookups = tuple(
        replace(one, found=None, wait_ms=waits_ms[one.cl_ord_id], problem="it may still arrive")
        if one.found is False and one.cl_ord_id in waits_ms and not one.expired
        else one
        for one in view.lookups
    )
    return replace(view, lookups=lookups)


def _request(
    books: Books, clock: Clock, settings: Settings, budget_s: float, waits_ms: Mapping[str, int]
) -> ViewRequest:
    mark, cash = books.state.watermark, books.state.account_cash
    intents, now_ms = books.state.intents, clock.now_ms()
    watched = [one.since_ms for one in books.adopted if one.found_ms > now_ms - ADOPTION_WATCHED_MS]
    return ViewRequest(
        since_ms=max(mark.since_ms, min([mark.fills_ms, *watched])) - OVERLAP_MS,
        now_ms=now_ms,
        intents=tuple(intents[key] for key in sorted(intents)),
        waits_ms=waits_ms,
        index_lag_ms=settings.index_lag_ms,
        bills_since_ms=bills_from_ms(books, now_ms) - OVERLAP_MS if cash.bills_ms else None,
        budget_s=budget_s,
    )
