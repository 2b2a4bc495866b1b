"""A trading system in plain Python that nobody wrote for this library: nasty in every known way.

Enums as keys, naive and aware times, numpy scalars and arrays, named tuples, shared records,
cycles, constructors that draw random numbers, attributes that come later, growing lists, a client
with a key, state that only the next random number shows. ``step`` is deterministic: two hosts that
are the same go on the same. Whatever the loop has in hand is in ``todo``, so that it can be taken
up anywhere.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import hashlib
import random
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from chaos.oracle.objects import digest
from prometheus_persist import AttachedHost, Settings, attach

SENTINEL = "sentinel-93fe01"
MODULES = ["hostkit"]


class Mood(enum.Enum):
    CALM = "calm"
    GREEDY = 2


class Medal(NamedTuple):
    name: str
    at: dt.datetime


@dataclasses.dataclass
class Gene:
    risk: float
    weights: Any


@dataclasses.dataclass(slots=True)
class HostTrade:
    number: int
    agent_id: str
    px: Any
    at: dt.datetime
    note: dict[str, Any]
    closed: HostTrade | None = None


class OkxClient:
    """Holds a key and a lock: bound anew."""

    def __init__(self) -> None:
        self.apiKey, self.lock = SENTINEL, threading.Lock()


class HostAgent:
    born = 0

    def __init__(self, name: str, desk: Desk) -> None:
        type(self).born += 1  # a side effect that a restore must not have
        self.agent_id, self.desk, self.okx = name, desk, desk.okx
        self.gene = Gene(random.random(), np.random.normal(size=4))
        self.moods = {Mood.CALM: 1, Mood.GREEDY: np.float64(0.5)}
        self.private: list[HostTrade] = []
        self.history: collections.deque[tuple[int, float]] = collections.deque(maxlen=9)
        self.capital = decimal.Decimal("1000.00")
        self.rng = np.random.default_rng(len(name))
        self.api_secret = SENTINEL


class Desk:
    """The root."""

    def __init__(self) -> None:
        self.okx = OkxClient()
        self.settings = {"apiKey": SENTINEL, "url": "https://…"}
        self.public: list[HostTrade] = []
        self.agents: dict[str, HostAgent] = {}
        self.heroes: list[Gene] = []
        self.reports: list[dict[str, Any]] = []
        self.medals: set[int] = set()
        self.board = collections.OrderedDict[str, int]()
        self.count = collections.defaultdict[Mood, int](int)
        self.cycle = 0
        self.todo: collections.deque[tuple[str, Any]] = collections.deque()
        self.名 = "台"
        for number in range(6):
            self.agents[f"Agent_{number}"] = HostAgent(f"Agent_{number}", self)
        self.by_rank = list(self.agents.values())

    def step(self, hook: Callable[[str, str], None]) -> None:
        """The next thing; ``hook(what, agent_id)`` behind it, where a host would save."""
        if not self.todo:
            self.cycle += 1
            np.random.random()
            self.todo.extend(("decided", agent) for agent in self.agents.values())
            if self.cycle % 7 == 0:
                self.todo.append(("death", None))
            self.todo.append(("cycle", None))
        what, agent = self.todo.popleft()
        if what == "decided":
            self._decide(agent)
        elif what == "trade":
            self._trade(agent, agent.history[-1][1])
        elif what == "death":
            self._die()
        else:
            self._close_cycle()
        hook(what, agent.agent_id if agent is not None else "")

    def _decide(self, agent: HostAgent) -> None:
        drawn = float(agent.rng.normal()) + random.random()
        agent.history.append((self.cycle, drawn))
        agent.gene.weights[self.cycle % 4] += drawn
        mood = Mood.GREEDY if drawn > 0.5 else Mood.CALM
        self.count[mood] += 1
        agent.moods[mood] = agent.moods.pop(mood)
        if drawn > 0.2:
            self.todo.appendleft(("trade", agent))

    def _close_cycle(self) -> None:
        self.by_rank.sort(key=lambda agent: (agent.capital, agent.agent_id))
        self.reports.append({"cycle": self.cycle, "best": self.by_rank[-1].gene})
        if len(self.reports) > 90:
            del self.reports[:10]

    def _trade(self, agent: HostAgent, drawn: float) -> None:
        at = dt.datetime(2025, 1, 1) + dt.timedelta(minutes=self.cycle)  # noqa: DTZ001 as hosts do
        note = {"mood": Mood.CALM, "gene": agent.gene, "z": 1, "a": [drawn]}
        trade = HostTrade(len(self.public), agent.agent_id, np.float64(drawn), at, note)
        if agent.private and random.random() < 0.5:
            old = agent.private[int(random.random() * len(agent.private))]
            old.closed, old.note["closed"] = trade, self.cycle  # an old record changes
        self.public.append(trade)
        agent.private.append(trade)
        agent.capital += decimal.Decimal(str(round(drawn, 2)))
        agent.last = trade  # type: ignore[attr-defined]  # an attribute that comes later
        self.medals.add(trade.number % 5)
        self.board[agent.agent_id] = trade.number
        self.board.move_to_end(agent.agent_id, last=drawn > 1)

    def _die(self) -> None:
        name = min(self.agents)
        dead = self.agents.pop(name)
        self.by_rank.remove(dead)
        self.heroes.append(dead.gene)
        dead.medal = Medal("of honour", dt.datetime.fromtimestamp(self.cycle, dt.UTC))  # type: ignore[attr-defined]
        fresh = HostAgent(f"Agent_{self.cycle:03d}", self)
        self.agents[fresh.agent_id] = fresh
        self.by_rank.append(fresh)


def whole_digest(desk: Desk) -> object:
    """The host and the random numbers it will draw."""
    kept = desk.okx, [agent.okx for agent in desk.agents.values()]
    assert all(each is kept[0] for each in kept[1])
    shown = dict(vars(desk))
    bare = {name: value for name, value in shown.items() if name != "okx"}
    clients = [agent for agent in _agents(desk) if "okx" in vars(agent)]
    held = [(agent, vars(agent)["okx"]) for agent in clients]
    for agent in clients:
        vars(agent)["okx"] = None
    desk.okx = None  # type: ignore[assignment]
    try:
        return digest(bare), digest(list(shown)), random.getstate(), repr(np.random.get_state())
    finally:
        desk.okx = shown["okx"]
        for agent, client in held:
            vars(agent)["okx"] = client


def _agents(desk: Desk) -> list[HostAgent]:
    return list(dict.fromkeys([*desk.agents.values(), *desk.by_rank]))


def seeded() -> Desk:
    """A host that was just built, in a process that draws the same numbers each time."""
    random.seed(7)
    np.random.seed(7)
    return Desk()


def told(desk: Desk) -> str:
    """The digest as a line."""
    return hashlib.sha256(repr(whole_digest(desk)).encode()).hexdigest()


def attached(desk: Desk, directory: str, **options: Any) -> AttachedHost:
    """Attach as this host's author would."""
    settings = Settings(save_every_cycles=1, snapshot_every_s=1e9)
    return attach(desk, directory, MODULES, bound=[OkxClient], settings=settings, **options)


def saves(p: AttachedHost, what: str, agent_id: str) -> None:
    """What the host does at a hook."""
    if what == "cycle":
        p.on_cycle(p.root.cycle)
    elif what == "death":
        p.on_agent_death(agent_id)
    elif what == "trade":
        p.on_trade(agent_id)
    else:
        p.save()


def main(directory: str, cycles: int) -> None:
    """Attach, go on to the cycle, say each hook on a line, and the digest at the end."""
    desk = seeded()
    with attached(desk, directory) as p:

        def hook(what: str, agent_id: str) -> None:
            saves(p, what, agent_id)
            print(what, flush=True)

        print("attached", flush=True)
        while desk.cycle < cycles or desk.todo:
            desk.step(hook)
        print("end", told(desk), flush=True)


if __name__ == "__main__":
    import hostkit  # the classes are this module's, and not __main__'s

    hostkit.main(sys.argv[1], int(sys.argv[2]))
