"""Somebody else's trading system of many agents, each with a long history of small records.

A hundred agents in a list, which is no history: what is in it changes, and ``attach`` has to find
that out. Each has its share of the entries; a trade adds one and changes its agent.
"""

from __future__ import annotations

import random
from typing import Final

MODULES: Final = (__name__,)
AGENTS: Final = 100


class CrowdAgent:
    """One of many."""

    def __init__(self, agent_id: str) -> None:
        self.agent_id = agent_id
        self.capital = 10_000.0
        self.entries: list[dict[str, float]] = []


class CrowdHost:
    """The root, with so many entries in all."""

    def __init__(self, entries: int = 0) -> None:
        self.cycle = 0
        self.trades = 0
        self.chance = random.Random(7)  # noqa: S311 no secret
        self.agents = [CrowdAgent(f"C{number:03d}") for number in range(AGENTS)]
        for agent in self.agents:
            agent.entries += ({"n": n, "pnl": self.chance.random()}
                              for n in range(entries // AGENTS))  # fmt: skip

    def trade(self) -> str:
        """One trade of whose turn it is; his name."""
        agent = self.agents[self.trades % AGENTS]
        self.trades += 1
        pnl = self.chance.random() - 0.5
        agent.capital += pnl
        agent.entries.append({"n": len(agent.entries), "pnl": pnl})
        return agent.agent_id
