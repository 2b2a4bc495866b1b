"""The facts of one recovery, as values; the renderers only choose words for them.

Every number here was counted or measured by whoever made it; nothing is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_persist.reconcile.plan import Plan


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that was wrong on disk: where, what, and what became of it.

    ``outcome`` is ``repaired``, ``ignored`` (not needed: something newer is whole), or ``lost``.
    """

    file: str
    offset: int | None
    problem: str
    outcome: str


@dataclass(frozen=True, slots=True)
class RestoreFacts:
    """How the state came back. Times in Unix ms; ``fresh`` when there was nothing to restore."""

    fresh: bool
    restored_ms: int
    last_save_ms: int
    seq: int
    epoch: int
    base: str
    frames_replayed: int
    duration_ms: int
    damages: tuple[Damage, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """One line of the report's agent section; money as plain text."""

    agent_id: str
    alive: bool
    death_reason: str
    capital: str
    pnl: str
    positions: int


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What came back, counted."""

    public_records: int
    private_ledgers: int
    agents: tuple[AgentFacts, ...]
    heroes: int
    cycles: int
    runtime_hours: float
    open_intents: int


@dataclass(frozen=True, slots=True)
class RecoveryFacts:
    """The whole report. ``plan`` is None where the exchange could not be asked.

    ``decision`` is ``go`` (consistent, or corrected with evidence), ``go_restricted`` (something is
    frozen, the rest may trade), ``human`` (nothing was applied; a human must approve the plan), or
    ``incomplete`` (the exchange could not be read: nothing is called flat, trading stays shut).
    """

    restore: RestoreFacts
    system: SystemFacts
    plan: Plan | None
    applied: bool
    decision: str
    venue_problem: str = ""
    frozen_instruments: tuple[str, ...] = ()
    frozen_all: str = ""
    duration_ms: int = 0
