"""A reconciliation in figures, for the report: what money is whose, how each source was read, and
how the agents stood that a plan is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from prometheus_persist.state import SystemState
from prometheus_persist.state.money import add, plain
from prometheus_persist.state.system_facts import NOBODY, AgentFacts, agent_facts

if TYPE_CHECKING:
    from prometheus_persist.reconcile.plan import Plan
    from prometheus_persist.reconcile.views import SourceStatus


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """What is booked to one owner by kind (pnl, fee, funding, ...) and in all, as plain text.

    ``owner`` "" is the account itself and nobody.
    """

    owner: str
    kinds: Mapping[str, str]
    total: str


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """How far one source of the exchange's view could be believed; see ``SourceStatus``."""

    name: str
    complete: bool
    read_ms: int
    rows: int
    window_from_ms: int
    kept_from_ms: int
    problem: str


def agents_before(state: SystemState, plan: Plan) -> tuple[AgentFacts, ...]:
    """The agents that a plan is about, as they are before it is applied."""
    named = {one.agent_id for one in plan.findings}
    named |= {getattr(step, "agent_id", None) for step in plan.corrections}
    return tuple(agent_facts(state, name) for name in sorted(state.agents) if name in named)


def money_rows(booked: Mapping[str, Mapping[str, Decimal]]) -> tuple[MoneyRow, ...]:
    """Everything ever booked, by owner and kind (``Books.money``); the account's own row last."""
    return tuple(
        MoneyRow(
            owner=owner,
            kinds={kind: plain(booked[owner][kind]) for kind in sorted(booked[owner])},
            total=plain(add(*booked[owner].values())),
        )
        for owner in sorted(booked, key=lambda name: (name == NOBODY, name))
    )


def source_facts(sources: Mapping[str, SourceStatus]) -> tuple[SourceFacts, ...]:
    """How every source of a view was read, in the view's order."""
    return tuple(
        SourceFacts(
            name=one.name,
            complete=one.complete,
            read_ms=one.read_ms,
            rows=one.rows,
            window_from_ms=one.window_from_ms,
            kept_from_ms=one.kept_from_ms,
            problem=one.problem,
        )
        for one in sources.values()
    )
