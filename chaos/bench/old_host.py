"""Somebody else's trading system that is old: what ``attach`` and its peers are measured with.

Twelve agents, decisions, trades, reports: plain classes and dicts, lists that only grow, records
that several lists share, times, Enums, an array of weights (a list where numpy is not installed).
After 2,000 cycles there are some 60,000 objects with an identity in it, and 8 MB of pickle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import enum
import random
from typing import Any, Final

MODULES: Final = (__name__,)
AGENTS = 12
TRADES_A_CYCLE = 3
SIGNALS: Final = tuple(f"signal_{number}" for number in range(14))


class Regime(enum.Enum):
    """Of the market."""

    QUIET = "quiet"
    TREND = "trend"


@dataclasses.dataclass
class OldTrade:
    """A record in the public ledger, in a private one and in a report."""

    number: int
    agent_id: str
    side: str
    px: float
    size: float
    fee: float
    pnl: float
    at: dt.datetime
    regime: Regime
    ord_id: str
    cl_ord_id: str
    note: dict[str, Any]


class OldAgent:
    """One of the agents, with all that it ever decided."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self.agent_id = name
        self.capital = 10_000.0
        self.pnl = 0.0
        self.last: OldTrade | None = None
        self.gene = {f"gene_{number}": chance.random() for number in range(20)}
        self.weights = _weights(chance)
        self.mood = {Regime.QUIET: 0.5, Regime.TREND: 0.5}
        self.decisions: list[dict[str, Any]] = []
        self.private: list[OldTrade] = []


class OldHost:
    """The root."""

    def __init__(self, agents: int = AGENTS) -> None:
        self.chance = random.Random(7)  # noqa: S311 no secret
        self.cycle = 0
        self.now = dt.datetime(2025, 1, 1)  # noqa: DTZ001 as hosts do
        self.market: dict[str, Any] = {}
        self.public: list[OldTrade] = []
        self.reports: list[dict[str, Any]] = []
        self.agents = {f"A{number:03d}": OldAgent(f"A{number:03d}", self.chance)
                       for number in range(agents)}  # fmt: skip

    def decide(self) -> None:
        """A new cycle: the market, and what each agent makes of it."""
        self.cycle += 1
        self.now += dt.timedelta(minutes=5)
        px = 90_000 + self.chance.random() * 1000
        regime = Regime.TREND if self.chance.random() > 0.5 else Regime.QUIET
        self.market = {"px": px, "at": self.now, "regime": regime, "bid": px - 0.1, "ask": px + 0.1}
        for agent in self.agents.values():
            score = self.chance.random()
            agent.mood[regime] = score
            agent.decisions.append({
                "cycle": self.cycle, "at": self.now, "score": score, "regime": regime,
                "wants": "buy" if score > 0.5 else "sell", "px": px,
                "why": {name: self.chance.random() for name in SIGNALS},
            })  # fmt: skip

    def trade(self) -> str:
        """One trade of whose turn it is; his name."""
        agent = list(self.agents.values())[len(self.public) % len(self.agents)]
        number = len(self.public)
        pnl = self.chance.random() - 0.5
        trade = OldTrade(
            number, agent.agent_id, "buy", self.market["px"], 0.01, -0.05, pnl, self.now,
            self.market["regime"], f"o{number}", f"{agent.agent_id}x{number}",
            {"slippage": pnl / 3, "cycle": self.cycle},
        )  # fmt: skip
        self.public.append(trade)
        agent.private.append(trade)
        agent.last = trade
        agent.capital += pnl
        agent.pnl += pnl
        return agent.agent_id

    def report(self) -> None:
        """The end of a cycle."""
        best = max(self.agents.values(), key=lambda agent: agent.capital)
        self.reports.append({
            "cycle": self.cycle, "at": self.now, "best": best.agent_id,
            "capital": sum(agent.capital for agent in self.agents.values()),
            "trades": self.public[-TRADES_A_CYCLE:],
        })  # fmt: skip


def grown(cycles: int, agents: int = AGENTS) -> OldHost:
    """A host after so many cycles that nobody watched."""
    host = OldHost(agents)
    for _ in range(cycles):
        host.decide()
        for _ in range(TRADES_A_CYCLE):
            host.trade()
        host.report()
    return host


def _weights(chance: random.Random) -> Any:
    values = [chance.random() for _ in range(16)]
    with contextlib.suppress(ImportError):
        import numpy as np

        return np.array(values)
    return values
