"""The report's facts from typed values: what came back, what is frozen, what money is whose."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from prometheus_persist.report.facts import (
    AgentFacts,
    FrozenFacts,
    MoneyRow,
    SourceFacts,
    StandingFacts,
    SystemFacts,
)
from prometheus_persist.state import Position, SystemState
from prometheus_persist.state.money import add, plain

if TYPE_CHECKING:
    from prometheus_persist.reconcile.plan import Plan
    from prometheus_persist.reconcile.views import SourceStatus

NOBODY = ""


def system_facts(state: SystemState, public_records: int) -> SystemFacts:
    """The system section's numbers; ``public_records`` counts the stream of public trades."""
    return SystemFacts(
        public_records=public_records,
        private_ledgers=len(state.private_ledgers),
        agents=tuple(agent_facts(state, name) for name in sorted(state.agents)),
        heroes=len(state.valhalla.heroes),
        cycles=state.supervisor.system_cycle_count,
        runtime_hours=state.supervisor.total_runtime_hours,
        open_intents=len(state.intents),
        frozen=_frozen(state),
        standing=_standing(state),
    )


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


def _frozen(state: SystemState) -> tuple[FrozenFacts, ...]:
    freeze = state.freeze
    entries = [] if freeze.everything is None else [(NOBODY, freeze.everything)]
    entries += sorted(freeze.instruments.items())
    return tuple(
        FrozenFacts(inst_id, one.reason, one.since_ms, one.finding_id) for inst_id, one in entries
    )


def _standing(state: SystemState) -> tuple[StandingFacts, ...]:
    """Positions of the dead, by their private ledgers, then what nobody owns."""
    dead = [
        _stands(name, position)
        for name, agent in sorted(state.agents.items())
        if not agent.alive and name in state.private_ledgers
        for position in state.private_ledgers[name].positions
        if position.qty_contracts
    ]
    nobodys = [_stands(NOBODY, one) for one in state.unattributed.positions if one.qty_contracts]
    return (*dead, *nobodys)


def _stands(owner: str, position: Position) -> StandingFacts:
    return StandingFacts(
        owner=owner,
        key=str(position.key),
        contracts=str(position.qty_contracts),
        entry_px=plain(position.entry_px),
        since_ms=position.opened_ms,
    )


def agent_facts(state: SystemState, agent_id: str) -> AgentFacts:
    """One agent's row. Positions are the real ones of its private ledger."""
    agent = state.agents[agent_id]
    ledger = state.private_ledgers.get(agent_id)
    held = [] if ledger is None else [one for one in ledger.positions if one.qty_contracts]
    return AgentFacts(
        agent_id=agent_id,
        alive=agent.alive,
        death_reason=agent.death_reason or "",
        capital=plain(agent.current_capital),
        pnl=plain(agent.total_pnl),
        positions=len(held),
        holdings=tuple(f"{one.key} {one.qty_contracts}" for one in held),
    )
