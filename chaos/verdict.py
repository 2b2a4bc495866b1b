"""What judging comes to: checks that passed or failed, assumptions that held or not, and figures.

A ``Check`` belongs to one invariant and says in one sentence what was looked at, how often, and
what was wrong. An ``Assumption`` is about the harness itself: where one fails, the run proves
nothing and its result is void, whatever the checks say. ``Figures`` are raw samples; ``criteria``
turns them into rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """Of a scenario or of a whole run."""

    PASSED = "passed"
    FAILED = "failed"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at ``count`` times under one invariant; ``wrong`` names what failed."""

    invariant: str
    what: str
    count: int
    wrong: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.wrong


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that has to be true for the run to prove anything."""

    what: str
    holds: bool
    detail: str = ""


@dataclass(slots=True)
class Figures:
    """Samples for the criteria. Milliseconds and seconds as measured by the harness."""

    kill_points: int = 0
    agents_due: int = 0
    agents_exact: int = 0
    states: int = 0
    states_exact: int = 0
    items: int = 0
    items_settled: int = 0
    items_waiting: int = 0
    deviations: int = 0
    deviations_found: int = 0
    false_corrections: int = 0
    reconciliations: int = 0
    restart_s: list[float] = field(default_factory=list)
    save_ms_fresh: list[float] = field(default_factory=list)
    save_ms_aged: list[float] = field(default_factory=list)
    checkpoint_ms: list[float] = field(default_factory=list)
    moments: int = 0
    moments_exact: int = 0
    lived_h: list[float] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Take another scenario's samples in."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class RunVerdict:
    """One scenario, judged; ``options`` are those of ``run`` that it was played with."""

    scenario: str
    seed: int
    assumptions: list[Assumption] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)
    seconds: float = 0.0
    record: str = ""
    options: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """Void before failed before passed; nothing checked is void as well."""
        if not self.checks or any(not each.holds for each in self.assumptions):
            return Outcome.VOID
        if any(not each.ok for each in self.checks):
            return Outcome.FAILED
        return Outcome.PASSED

    def assume(self, what: str, holds: bool, detail: str = "") -> None:
        """Write an assumption down."""
        self.assumptions.append(Assumption(what, holds, detail))

    def check(self, invariant: str, what: str, count: int, wrong: Iterable[str] = ()) -> None:
        """Write a check down; one that looked at nothing is left out."""
        found = tuple(wrong)
        if count or found:
            self.checks.append(Check(invariant, what, count, found))
