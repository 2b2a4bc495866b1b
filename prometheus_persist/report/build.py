"""What came back, counted from the typed state."""

from __future__ import annotations

from prometheus_persist.report.facts import AgentFacts, SystemFacts
from prometheus_persist.state import SystemState
from prometheus_persist.state.money import plain


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
    )


def agent_facts(state: SystemState, agent_id: str) -> AgentFacts:
    """One agent's row. Positions are the real ones of its private ledger."""
    agent = state.agents[agent_id]
    ledger = state.private_ledgers.get(agent_id)
    positions = [] if ledger is None else ledger.positions
    return AgentFacts(
        agent_id=agent_id,
        alive=agent.alive,
        death_reason=agent.death_reason or "",
        capital=plain(agent.current_capital),
        pnl=plain(agent.total_pnl),
        positions=sum(1 for position in positions if position.qty_contracts),
    )
