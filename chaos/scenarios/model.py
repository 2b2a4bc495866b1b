"""Scenarios as data: a name, what it is for, and steps.

A step is a frozen value; ``online.py`` carries it out, nothing here does anything. Ranges are drawn
from the scenario's seed when the step is carried out, so one seed gives one course of events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chaos.faults.files import DamageKind

Killed = Literal["killed"]


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault for one run, its place drawn from a range: the K-th answered order, or operation."""

    kind: Literal["kill", "tear"]
    after_order: tuple[int, int] | None = None
    at_op: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """Run the trading system. ``due`` is its exit code, or that it is killed.

    ``approve`` hands on the plan that the last child proposed, as a human would who has read it;
    ``interrupt_after`` sends SIGINT when that many cycles are done; ``rival`` starts a second
    writer on the same store meanwhile, which has to be refused with that exit code.
    """

    cycles: int = 3
    due: int | Killed = 0
    strike: Strike | None = None
    approve: bool = False
    interrupt_after: int = 0
    rival: int = 0


@dataclass(frozen=True, slots=True)
class StopOut:
    """Move a price so that a waiting stop of ours fires while nobody watches."""


@dataclass(frozen=True, slots=True)
class HandTrade:
    """Trade by hand: with the account's direction, or against it until it is reversed."""

    way: Literal["with", "flip"]


@dataclass(frozen=True, slots=True)
class Spoil:
    """Damage one file: the newest match of a glob under the store, ``digit`` or other kind."""

    glob: str
    kind: DamageKind
    at: tuple[int, int] = (200, 800)


@dataclass(frozen=True, slots=True)
class VenueDown:
    """Kill the exchange."""


@dataclass(frozen=True, slots=True)
class VenueUp:
    """Start it again on the same books and the same port."""


Step = Trade | StopOut | HandTrade | Spoil | VenueDown | VenueUp
Course = Literal["online", "sweep", "day"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. ``course`` says which process plays it; ``steps`` are for ``online``.

    ``clean`` scenarios inject nothing: there every correction is a false one.
    """

    name: str
    what: str
    what_zh: str
    steps: tuple[Step, ...] = ()
    course: Course = "online"
    clean: bool = False
