"""What a sweep comes to: counts, problems, and whether the faults struck at all.

A sweep fails with a problem in hand; it is void where no fault struck, whatever else it says; it is
skipped where the machine cannot do it, and says so.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from chaos.verdict import Outcome
from prometheus_persist.cli.ending import raise_if_stopped

PROBLEMS_SHOWN_MAX = 10
_WATCHERS: Final[list[Callable[..., None]]] = []


@contextlib.contextmanager
def watched(
    tell: Callable[[str], None], every_s: float, at: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Inside the block ``tell`` hears how far a sweep is, so often, and of each problem at once.

    ``at`` hears it instead whenever something was struck: who draws it where it was before.
    """
    last_s = time.monotonic()

    def hear(line: str, problem: bool = False) -> None:
        nonlocal last_s
        if at is not None and not problem:
            at(line)
        elif problem or time.monotonic() - last_s >= every_s:
            last_s = time.monotonic()
            tell(line)

    _WATCHERS.append(hear)
    try:
        yield
    finally:
        _WATCHERS.remove(hear)


@dataclass(slots=True)
class Tally:
    """One sweep's result. ``rows`` is a table of samples where the sweep takes any."""

    name: str
    seed: int
    full: bool
    counts: Counter[str] = field(default_factory=Counter)
    fired: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: list[dict[str, float]] = field(default_factory=list)
    skipped: str = ""
    seconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """Failed, void or passed; a skipped sweep is void."""
        if self.problems:
            return Outcome.FAILED
        return Outcome.PASSED if self.fired and not self.skipped else Outcome.VOID

    def struck(self, what: str, count: int = 1) -> None:
        """A fault struck ``count`` times.

        Every case of every sweep comes by here; a signal whose exception was taken for what the
        fault brought about is raised again.
        """
        raise_if_stopped()
        self.fired += count
        self.counts[what] += count
        for hear in _WATCHERS:
            hear(f"{self.name}: {self.fired:,} struck, {len(self.problems)} wrong, {what}")

    def wrong(self, what: str, problem: str) -> None:
        """Something that must not be."""
        self.counts[what] += 1
        self.problems.append(f"{what}: {problem}")
        for hear in _WATCHERS:
            hear(f"{self.name}: {self.problems[-1]}", problem=True)

    def merge(self, other: Tally) -> None:
        """Take in what another part of the same sweep found."""
        self.counts += other.counts
        self.fired += other.fired
        self.problems += other.problems
        self.notes += [note for note in other.notes if note not in self.notes]
        self.rows += other.rows

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "sweep": self.name,
            "outcome": "skipped" if self.skipped else self.outcome.value,
            "seed": self.seed,
            "full": self.full,
            "fired": self.fired,
            "counts": dict(sorted(self.counts.items())),
            "problems": self.problems[:PROBLEMS_SHOWN_MAX],
            "problem_count": len(self.problems),
            "notes": self.notes,
            "rows": self.rows,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 1),
        }
