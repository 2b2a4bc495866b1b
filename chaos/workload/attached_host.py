"""Somebody else's trading system, small and nasty: what ``attach`` is swept with.

Its classes know nothing of the library. It has what such systems have and a hurried serialiser
loses: records that two lists share, a cycle, Enum keys whose order moves, numpy's scalars and
arrays (where numpy is installed), a long list of records that only grows and a long list of
objects that live, an attribute that comes later, a client with a key, decisions that the process's
own random numbers take. ``step`` is deterministic: two floors that are the same go on the same.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import random
import threading
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final

MODULES: Final = (__name__,)
AGENTS, CREW, DEALS = 3, 70, 66  # a list of more than 64 is written as a stream
SENTINEL: Final = "sentinel-of-the-sweeps"


class Mood(enum.Enum):
    """A key of dicts, as members."""

    CALM = "calm"
    GREEDY = 2


class Client:
    """Holds a key and a lock: bound anew."""

    def __init__(self) -> None:
        self.apiKey, self.lock = SENTINEL, threading.Lock()


class Gene:
    """Shared by an agent, its deals and the hall."""

    def __init__(self) -> None:
        self.risk = random.random()  # noqa: S311, TID251 as hosts do
        self.weights: Any = _array([self.risk, -0.0, 0.1])


@dataclasses.dataclass
class Member:
    """One of many in a long list, and no record: it lives."""

    number: int
    seen: dict[str, int]


@dataclasses.dataclass(slots=True)
class Deal:
    """A record."""

    number: int
    px: Any
    note: dict[Any, Any]
    closed: Deal | None = None


class Trader:
    """An agent of this host."""

    def __init__(self, name: str, floor: TradingRoom) -> None:
        self.agent_id, self.floor, self.okx = name, floor, floor.okx
        self.gene = Gene()
        self.moods = {Mood.CALM: 1, Mood.GREEDY: _number(0.5)}
        self.deals: list[Deal] = []
        self.capital = Decimal("1000.00")


class TradingRoom:
    """The root."""

    def __init__(self) -> None:
        self.okx = Client()
        self.steps = 0
        self.agents: dict[str, Trader] = {}
        self.deals: list[Deal] = []
        self.hall: list[Gene] = []
        self.名 = "台"
        for number in range(AGENTS):
            self.agents[f"T{number}"] = Trader(f"T{number}", self)
        self.by_rank = list(self.agents.values())
        self.crew = [Member(number, {}) for number in range(CREW)]
        for _ in range(DEALS):
            self._deal(self.by_rank[0])

    def step(self) -> tuple[str, str]:
        """The next thing; what it was, and whose: behind it a host would save."""
        self.steps += 1
        agent = self.by_rank[self.steps % len(self.by_rank)]
        drawn = random.random()  # noqa: S311, TID251 as hosts do
        mood = Mood.GREEDY if drawn > 0.5 else Mood.CALM
        agent.moods[mood] = agent.moods.pop(mood)
        agent.gene.weights[self.steps % 3] += drawn
        member = self.crew[int(drawn * (CREW - 10))]
        member.number, member.seen[str(self.steps % 3)] = member.number + 1, self.steps
        if self.steps % 5 == 0:
            self.deals[self.steps % DEALS].closed = self.deals[-1]  # an old record changes
            self.by_rank.sort(key=lambda each: (each.capital, each.agent_id))
            return "cycle", ""
        if self.steps % 7 == 0:
            return "death", self._die()
        if self.steps % 3 == 0:
            return "decided", agent.agent_id
        self._deal(agent)
        return "trade", agent.agent_id

    def _deal(self, agent: Trader) -> None:
        drawn = random.random()  # noqa: S311, TID251 as hosts do
        note = {Mood.CALM: agent.gene, "z": 1, "a": [drawn]}
        deal = Deal(len(self.deals), _number(drawn), note)
        self.deals.append(deal)
        agent.deals.append(deal)
        agent.capital += Decimal(str(round(drawn, 2)))
        agent.last = deal  # type: ignore[attr-defined]  # an attribute that comes later

    def _die(self) -> str:
        dead = self.agents.pop(min(self.agents))
        self.by_rank.remove(dead)
        self.hall.append(dead.gene)
        fresh = Trader(f"T{self.steps + AGENTS}", self)
        self.agents[fresh.agent_id] = fresh
        self.by_rank.append(fresh)
        return dead.agent_id


def founded() -> TradingRoom:
    """A floor that was just built, by a process that draws the same numbers each time."""
    random.seed(7)  # noqa: TID251 as hosts do
    numpy = _numpy()
    if numpy is not None:
        numpy.random.seed(7)
    return TradingRoom()


@contextlib.contextmanager
def unbound(floor: TradingRoom) -> Iterator[TradingRoom]:
    """The floor without its client, which is no part of what is kept."""
    holders: list[Any] = [floor, *dict.fromkeys([*floor.agents.values(), *floor.by_rank])]
    clients = [vars(each).get("okx") for each in holders]
    for each in holders:
        vars(each)["okx"] = None
    try:
        yield floor
    finally:
        for each, client in zip(holders, clients, strict=True):
            each.okx = client


@contextlib.contextmanager
def own_randomness() -> Iterator[None]:
    """Give the process its random state back, afterwards."""
    numpy = _numpy()
    before = random.getstate(), numpy.random.get_state() if numpy is not None else None
    try:
        yield
    finally:
        random.setstate(before[0])
        if numpy is not None:
            numpy.random.set_state(before[1])


@cache
def _numpy() -> Any:
    with contextlib.suppress(ImportError):
        import numpy as np

        return np
    return None


def _number(value: float) -> Any:
    numpy = _numpy()
    return value if numpy is None else numpy.float64(value)


def _array(values: list[float]) -> Any:
    numpy = _numpy()
    return values if numpy is None else numpy.array(values)
