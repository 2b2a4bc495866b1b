"""A system's state in figures, for whoever looks at it: what came back, what is frozen, and what
nobody alive manages. Money and contracts as plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_persist.state.money import plain

if TYPE_CHECKING:
    from prometheus_persist.state.models import Position, SystemState

NOBODY = ""


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """One line of the report's agent section; money as plain text.

    ``holdings`` are its positions, each by key and contracts.
    """

    agent_id: str
    alive: bool
    death_reason: str
    capital: str
    pnl: str
    positions: int
    holdings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenFacts:
    """One freeze in force; ``inst_id`` "" is everything. ``finding_id`` is "" for one by hand."""

    inst_id: str
    reason: str
    since_ms: int
    finding_id: str = ""


@dataclass(frozen=True, slots=True)
class StandingFacts:
    """A position that no living agent manages; ``owner`` "" is nobody, else a dead agent.

    Contracts (signed under posSide ``net``) and entry price as plain text.
    """

    owner: str
    key: str
    contracts: str
    entry_px: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What came back, counted; what is frozen, and what nobody alive manages."""

    public_records: int
    private_ledgers: int
    agents: tuple[AgentFacts, ...]
    heroes: int
    cycles: int
    runtime_hours: float
    open_intents: int
    frozen: tuple[FrozenFacts, ...] = ()
    standing: tuple[StandingFacts, ...] = ()


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
