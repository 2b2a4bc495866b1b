"""Who is born, how they feel, and who dies. Pure: seeded generators and times in, models out.

Two of the ten agents have a short life written into their genes, so that a run of a dozen cycles
sees a natural death, an archive entry and a hero; the others live until they are broke.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import JsonValue

from chaos.chance import generator
from chaos.workload.strategy import agent_id
from prometheus_persist.state import Agent, Hero, History

AGENTS = 10
CAPITAL_QUOTE = Decimal(10_000)
BROKE_SHARE = Decimal("0.5")
LIVES_LONG_CYCLES = 1_000_000
_SHORT_LIVES = {3: (4, 6), 8: (7, 12)}
_HISTORY_MAX = 200
Entries = list[dict[str, JsonValue]]


def at(now_ms: int) -> datetime:
    """An aware time, whole milliseconds."""
    return datetime.fromtimestamp(now_ms / 1000, tz=UTC)


def newborn(seed: int, number: int, now_ms: int) -> Agent:
    """The ``number``-th agent of a seed, counted from 1."""
    rng = generator(seed, "birth", number)
    low, high = _SHORT_LIVES.get(number, (LIVES_LONG_CYCLES, LIVES_LONG_CYCLES))
    return Agent.model_validate(
        {
            "agent_id": agent_id(number),
            "state": "MATURE",
            "gene": {
                "max_position_size": round(rng.uniform(0.02, 0.08), 4),
                "stop_loss": round(rng.uniform(0.02, 0.05), 4),
                "take_profit": round(rng.uniform(0.03, 0.09), 4),
                "lifespan_cycles": rng.randint(low, high),
                "口诀": rng.choice(["截断亏损", "让利润奔跑", "顺势而为"]),
            },
            "personality": {
                trait: round(rng.random(), 6)
                for trait in ("optimism", "aggression", "risk_tolerance", "patience")
            },
            "emotional_state": feelings(rng),
            "current_capital": CAPITAL_QUOTE,
            "initial_capital": CAPITAL_QUOTE,
            "birth_time": at(now_ms),
            "trading_level": rng.randint(1, 3),
            "fitness_score": round(rng.random(), 6),
        }
    )


def feelings(rng: random.Random) -> dict[str, float]:
    """An emotional state."""
    return {name: round(rng.random(), 6) for name in ("stress", "confidence", "fear", "greed")}


def lived(agent: Agent, rng: random.Random, cycle: int, now_ms: int) -> Agent:
    """The agent after one more cycle."""
    medals = list(agent.medals)
    if agent.total_pnl > 0 and "first_profit" not in medals:
        medals.append("first_profit")
    if cycle >= 10 and "survivor_10" not in medals:
        medals.append("survivor_10")
    return agent.model_copy(
        update={
            "emotional_state": agent.emotional_state.model_copy(update=feelings(rng)),
            "days_alive": cycle,
            "last_update": at(now_ms),
            "medals": medals,
            "market_adaptation": round(rng.random(), 6),
            "fitness_score": round(agent.fitness_score * 0.9 + rng.random() * 0.1, 6),
        }
    )


def death_reason(agent: Agent, cycle: int) -> str | None:
    """Why the agent has to die in this cycle; None while it lives."""
    if agent.current_capital < agent.initial_capital * BROKE_SHARE:
        return "BANKRUPTCY"
    lifespan = agent.gene["lifespan_cycles"]
    assert isinstance(lifespan, int)
    return "NATURAL_DEATH" if cycle >= lifespan else None


def hero(agent: Agent, reason: str, now_ms: int) -> Hero:
    """The dead agent as the hall remembers it."""
    return Hero(
        agent_id=agent.agent_id,
        death_time=at(now_ms),
        death_reason=reason,
        final_capital=agent.current_capital,
        lifetime_pnl=agent.total_pnl,
        lifetime_trades=agent.trade_count,
        win_rate=agent.win_rate,
        days_alive=agent.days_alive,
        gene=agent.gene,
        personality=agent.personality,
        achievements=list(agent.medals),
        legacy="传奇交易员" if agent.total_pnl > 0 else "无名勇士",
    )


def recent(history: History, entry: dict[str, JsonValue]) -> History:
    """The history with one more entry, and the oldest dropped: a store need not grow with it."""
    history.append(entry)
    history.keep_last(_HISTORY_MAX)
    return history
