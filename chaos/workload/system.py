"""The Supervisor's loop: ten agents, one account, both ledgers, deaths, heroes and rankings.

One cycle: settle stops that fired → every living agent decides and acts → the dead are mourned →
feelings, rankings, market history, Mastermind → ``on_cycle``. The loop changes the typed state by
assignment and tells the library when; everything that must survive goes through a save.

The cycle counter lives in the state, so a restored run goes on where the last save left it
(I10).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pydantic import JsonValue

from chaos.chance import generator
from chaos.workload.broker import Broker
from chaos.workload.narrator import Narrator
from chaos.workload.population import (
    AGENTS,
    Entries,
    at,
    death_reason,
    hero,
    lived,
    newborn,
    recent,
)
from chaos.workload.strategy import (
    Enter,
    Hold,
    Leave,
    Protect,
    Unprotect,
    agent_id,
    closing_side,
    decide,
    holding,
    instrument_of,
)
from prometheus_persist.clock import Clock
from prometheus_persist.session import Session
from prometheus_persist.state import Agent

MASTERMIND_EVERY_CYCLES = 3
SNAPSHOT_EVERY_CYCLES = 4
CYCLE_HOURS = 1 / 12


@dataclass(slots=True)
class TradingSystem:
    """A session, a broker and a seed; ``cycle`` is one turn of the loop."""

    session: Session
    broker: Broker
    narrator: Narrator
    seed: int
    clock: Clock

    def found(self) -> None:
        """Bring in the agents who are not there yet: a birth may be cut short by a crash."""
        for number in range(1, AGENTS + 1):
            agent = newborn(self.seed, number, self.clock.now_ms())
            if agent.agent_id not in self.session.state.agents:
                self.session.add_agent(agent)
        state = self.session.state
        if not state.mastermind.total_capital:
            total = sum((each.initial_capital for each in state.agents.values()), Decimal(0))
            state.mastermind = state.mastermind.model_copy(update={"total_capital": total})
            self._saved("founding", lambda: self.session.save("founding"))

    @property
    def cycles(self) -> int:
        """How many cycles are behind us."""
        return self.session.state.supervisor.system_cycle_count

    def cycle(self) -> None:
        """One turn."""
        number = self.cycles + 1
        for owner in self.broker.watch():
            self._saved("trade", functools.partial(self.session.on_trade, owner), owner)
        for index in range(1, AGENTS + 1):
            agent = self.session.state.agents[agent_id(index)]
            if agent.alive:
                self._turn(agent, index, number)
        self._reflect(number)
        self._saved("cycle", lambda: self.session.on_cycle(number))
        if number % SNAPSHOT_EVERY_CYCLES == 0:
            self.session.checkpoint()
            self.session.snapshot()
        self.narrator.say(
            "cycle",
            number=number,
            seq=self.session.seq,
            positions=sum(
                len(book.positions) for book in self.session.state.private_ledgers.values()
            ),
            trades=sum(each.trade_count for each in self.session.state.agents.values()),
        )

    def _turn(self, agent: Agent, index: int, number: int) -> None:
        reason = death_reason(agent, number)
        rng = generator(self.seed, number, agent.agent_id)
        for _ in range(2):  # an exit or an entry may be followed by one more step
            traded = self._act(agent.agent_id, index, rng_seed=(number, index), dying=bool(reason))
            if not traded:
                break
        state = self.session.state
        state.agents[agent.agent_id] = lived(
            state.agents[agent.agent_id], rng, number, self.clock.now_ms()
        )
        if reason and self._flat(agent.agent_id):
            self._die(agent.agent_id, reason, number)

    def _act(self, who: str, index: int, *, rng_seed: tuple[int, int], dying: bool) -> bool:
        """Carry out one decision; whether the agent's book has changed."""
        state = self.session.state
        book = state.private_ledgers[who]
        mine = [each for each in state.intents.values() if each.agent_id == who]
        held = holding(book.positions, mine)
        rng = generator(self.seed, *rng_seed, len(book.positions), book.version)
        step = decide(rng, self.seed, state.agents[who], instrument_of(index), held, dying)
        match step:
            case Hold():
                return False
            case Enter(inst_id, side, contracts):
                return self._traded(who, inst_id, side, contracts, reduce=False)
            case Leave(position, stop):
                if stop is not None:
                    self.broker.unprotect(stop)
                    if not state.private_ledgers[who].positions:
                        return True
                return self._traded(
                    who,
                    position.inst_id,
                    closing_side(position),
                    abs(position.qty_contracts).value,
                    reduce=True,
                )
            case Protect(position, trigger_px):
                self.broker.protect(who, position, trigger_px)
            case Unprotect(stop):
                self.broker.unprotect(stop)
        return False

    def _traded(
        self, who: str, inst_id: str, side: str, contracts: Decimal, *, reduce: bool
    ) -> bool:
        if not self.broker.market(who, inst_id, side, contracts, reduce):
            return False
        self._saved("trade", lambda: self.session.on_trade(who), who)
        return True

    def _flat(self, who: str) -> bool:
        state = self.session.state
        return not state.private_ledgers[who].positions and not any(
            each.agent_id == who for each in state.intents.values()
        )

    def _die(self, who: str, reason: str, number: int) -> None:
        state = self.session.state
        now_ms = self.clock.now_ms()
        agent = state.agents[who].model_copy(update={"state": "DEAD", "death_reason": reason})
        state.agents[who] = agent
        state.public_ledger.archived_agents.append(
            {
                "agent_id": who,
                "cycle": number,
                "reason": reason,
                "final_capital": str(agent.current_capital),
            }
        )
        heroes = [*state.valhalla.heroes, hero(agent, reason, now_ms)]
        state.valhalla = state.valhalla.model_copy(
            update={
                "heroes": heroes,
                "total_heroes": len(heroes),
                "last_review_time": at(now_ms),
            }
        )
        self._saved("death", lambda: self.session.on_agent_death(who))
        self.narrator.say("death", agent_id=who, reason=reason, cycle=number)

    def _reflect(self, number: int) -> None:
        """Rankings, market history, Mastermind: the loop's own memory."""
        state, now = self.session.state, at(self.clock.now_ms())
        rng = generator(self.seed, number, "supervisor")
        alive = [agent for agent in state.agents.values() if agent.alive]
        ranked = sorted(alive, key=lambda each: (-each.total_pnl, each.agent_id))
        rankings: Entries = [
            {"agent_id": agent.agent_id, "rank": rank, "score": agent.fitness_score}
            for rank, agent in enumerate(ranked, start=1)
        ]
        trend = rng.choice(["强上升趋势", "震荡", "强下降趋势"])
        market: dict[str, JsonValue] = {
            "time": now.isoformat(),
            "trend": trend,
            "difficulty": round(rng.random(), 6),
        }
        state.supervisor = state.supervisor.model_copy(
            update={
                "environment_pressure": round(rng.random(), 6),
                "agent_rankings": rankings,
                "market_state_history": recent(state.supervisor.market_state_history, market),
                "system_cycle_count": number,
                "total_runtime_hours": round(number * CYCLE_HOURS, 6),
            }
        )
        ranking: dict[str, JsonValue] = {
            "cycle": number,
            "order": [row["agent_id"] for row in rankings],
        }
        state.public_ledger = state.public_ledger.model_copy(
            update={"ranking_history": recent(state.public_ledger.ranking_history, ranking)}
        )
        if number % MASTERMIND_EVERY_CYCLES == 0:
            choice: dict[str, JsonValue] = {
                "time": now.isoformat(),
                "decision": rng.choice(["hold", "expand", "shrink"]),
                "reason": trend,
            }
            state.mastermind = state.mastermind.model_copy(
                update={
                    "strategy_history": recent(state.mastermind.strategy_history, choice),
                    "last_strategic_decision": now,
                }
            )
            state.supervisor = state.supervisor.model_copy(update={"last_mastermind_decision": now})

    def _saved(self, why: str, save: Callable[[], int | None], owner: str | None = None) -> None:
        """Call a save, measure it, and say what we held when it returned."""
        began = time.monotonic()
        seq = save()
        if seq is not None:
            took_s = time.monotonic() - began
            self.narrator.held(seq, self.session.state, took_s, why, owner)
