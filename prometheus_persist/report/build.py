"""Counting what came back: the facts about the system, from its typed state."""

from __future__ import annotations

from prometheus_persist.report.facts import AgentFacts, SystemFacts
from prometheus_persist.state import Agent, SystemState, plain


def system_facts(state: SystemState, public_records: int) -> SystemFacts:
    """What is in ``state``; ``public_records`` is the length of the public ledger's stream."""
    return SystemFacts(
        public_records=public_records,
        private_ledgers=len(state.private_ledgers),
        agents=tuple(_agent(state, state.agents[name]) for name in sorted(state.agents)),
        heroes=len(state.valhalla.heroes),
        cycles=state.supervisor.system_cycle_count,
        runtime_hours=state.supervisor.total_runtime_hours,
        open_intents=len(state.intents),
    )


def _agent(state: SystemState, agent: Agent) -> AgentFacts:
    ledger = state.private_ledgers.get(agent.agent_id)
    return AgentFacts(
        agent_id=agent.agent_id,
        alive=agent.alive,
        death_reason=agent.death_reason or "",
        capital=plain(ledger.capital if ledger else agent.current_capital),
        pnl=plain(agent.total_pnl),
        positions=len(ledger.positions) if ledger else 0,
    )
