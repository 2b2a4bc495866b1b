"""What the agents decide. Pure: values and a seeded generator in, one decision out.

Rules
- Two agents share each of the five instruments, and a seed gives each instrument one direction. In
  net mode a reduce-only stop closes only against the account's net position; agents who bet against
  each other on one instrument would take each other's stops away.
- An agent holds at most one position and protects it with one stop.
- An agent with an order whose outcome is unknown does nothing until it is known.
- Entry and exit are drawn, not predicted: what is exercised here is memory, not wit.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from chaos.chance import generator
from chaos.instruments import CONTRACTS, INST_IDS
from prometheus_persist.state import Agent, OrderIntent, Position

BUY = "buy"
SELL = "sell"
ENTRY_CHANCE = 0.65
EXIT_CHANCE = 0.22
UNITS_MAX = 3


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing to do; ``why`` says it in one word."""

    why: str


@dataclass(frozen=True, slots=True)
class Enter:
    """Open a position at market."""

    inst_id: str
    side: str
    contracts: Decimal


@dataclass(frozen=True, slots=True)
class Leave:
    """Take the stop away, if there is one, and close the position at market."""

    position: Position
    stop: OrderIntent | None


@dataclass(frozen=True, slots=True)
class Protect:
    """Put a reduce-only stop under the position."""

    position: Position
    trigger_px: Decimal


@dataclass(frozen=True, slots=True)
class Unprotect:
    """A stop without a position: take it away."""

    stop: OrderIntent


Decision = Hold | Enter | Leave | Protect | Unprotect


def agent_id(number: int) -> str:
    """``LiveAgent_01`` and so on."""
    return f"LiveAgent_{number:02d}"


def instrument_of(number: int) -> str:
    """The instrument that the ``number``-th agent trades, counted from 1."""
    return INST_IDS[(number - 1) % len(INST_IDS)]


def direction(seed: int, inst_id: str) -> str:
    """``buy`` or ``sell``: the one direction of an instrument under a seed."""
    return generator(seed, "direction", inst_id).choice((BUY, SELL))


def decide(
    rng: random.Random, seed: int, agent: Agent, inst_id: str, held: AgentHolding, dying: bool
) -> Decision:
    """The agent's next step; ``dying`` wants it flat."""
    if held.unanswered:
        return Hold("unanswered")
    if held.position is None:
        if held.stop is not None:
            return Unprotect(held.stop)
        if dying or rng.random() >= ENTRY_CHANCE:
            return Hold("waits")
        units = Decimal(rng.randint(1, UNITS_MAX))
        return Enter(inst_id, direction(seed, inst_id), CONTRACTS[inst_id].unit * units)
    if dying or rng.random() < EXIT_CHANCE:
        return Leave(held.position, held.stop)
    if held.stop is None:
        return Protect(held.position, stop_px(agent, held.position))
    return Hold("holds")


@dataclass(frozen=True, slots=True)
class AgentHolding:
    """What one agent has at the exchange, by its own book."""

    position: Position | None
    stop: OrderIntent | None
    unanswered: bool


def holding(positions: list[Position], intents: list[OrderIntent]) -> AgentHolding:
    """One agent's position, its waiting stop, and whether any of its orders is unanswered."""
    stops = [each for each in intents if each.kind == "algo" and each.outcome == "ACCEPTED"]
    return AgentHolding(
        position=positions[0] if positions else None,
        stop=stops[0] if stops else None,
        unanswered=any(each.outcome in ("PENDING", "UNKNOWN") for each in intents)
        or any(each.kind == "order" for each in intents),
    )


def stop_px(agent: Agent, position: Position) -> Decimal:
    """Where the agent's gene puts its stop, on the instrument's price step."""
    share = Decimal(str(agent.gene["stop_loss"]))
    sign = 1 if position.qty_contracts.sign > 0 else -1
    return CONTRACTS[position.inst_id].on_tick(position.entry_px * (1 - sign * share))


def closing_side(position: Position) -> str:
    """The side that closes a net position."""
    return SELL if position.qty_contracts.sign > 0 else BUY
