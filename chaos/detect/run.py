"""Many instances of every kind, counted, and the one verdict over all of them.

Passed: every instance was detected, every item classified; no correction was false, no gate open
on wrong books, no end a dead one, and nothing shut that had no part in it. Void: an instance whose
books were not true before anything was done to them, or that broke down on the way; it proves
nothing, and neither does the whole.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from chaos.detect.host_trial import attempt_hosted
from chaos.detect.stage import Kind, no_course
from chaos.detect.trial import Trial, attempt
from chaos.verdict import Outcome
from chaos.workers import in_order, workers
from prometheus_persist.cli.ending import raise_if_stopped

PROBLEMS_MAX: Final = 5


COUNTS: Final = (
    "detected",
    "false_corrections",
    "wrong_gates",
    "dead_ends",
    "shut_beside",
    "ways",
    "classified",
    "resolved",
    "proposed",
    "left",
)
FAULTS: Final = ("false_corrections", "wrong_gates", "dead_ends", "shut_beside")
SHARES: Final = ("classified", "resolved", "proposed", "left")


@dataclass(slots=True)
class Score:
    """What all instances of one kind came to: ``COUNTS`` of instances, but for false corrections,
    and for ways, wrong gates and dead ends, which are of ways that were gone."""

    kind: Kind
    instances: int = 0
    void: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def take(self, trial: Trial) -> None:
        """Count one instance."""
        self.instances += 1
        self.void += bool(trial.void)
        self.counts.update({name: int(getattr(trial, name)) for name in COUNTS})
        told = [*([f"void: {trial.void}"] if trial.void else []), *trial.problems]
        if told and len(self.problems) < PROBLEMS_MAX:
            self.problems.append(f"{self.kind.name} {trial.seed}: {'; '.join(told)}")

    @property
    def outcome(self) -> Outcome:
        """Failed outranks void: a miss stays a miss."""
        judged = self.instances - self.void
        missed = min(self.counts["detected"], self.counts["classified"]) < judged
        if missed or any(self.counts[name] for name in FAULTS):
            return Outcome.FAILED
        return Outcome.PASSED if judged and not self.void else Outcome.VOID

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "kind": self.kind.name,
            "outcome": self.outcome.value,
            "instances": self.instances,
            "detected": self.counts["detected"],
            "recall": share(self.counts["detected"], self.instances),
            "ways": self.counts["ways"],
            **{name: self.counts[name] for name in FAULTS},
            **{name: share(self.counts[name], self.instances) for name in SHARES},
            "void": self.void,
            "problems": self.problems,
        }


def share(part: int, whole: int) -> float:
    """A share of 1; 0 of nothing is 0."""
    return round(part / whole, 6) if whole else 0.0


def run(
    kinds: Iterable[Kind],
    instances: int,
    seed: int,
    told: Callable[[Score], None] = lambda _: None,
    jobs: int = 1,
) -> list[Score]:
    """``instances`` of each kind; ``told`` hears of every kind when it is done.

    With more than one job, kinds are played in so many processes; the figures are the same.
    """
    work = [(kind, instances, seed) for kind in kinds]
    scores = []
    if jobs == 1:
        for each in work:
            scores.append(_played(each))
            told(scores[-1])
        return scores
    with workers(jobs) as pool:
        for score in in_order(pool, _played, work):
            scores.append(score)
            told(score)
    return scores


def _played(work: tuple[Kind, int, int]) -> Score:
    kind, instances, seed = work
    score = Score(kind)
    for number in range(instances):
        score.take(_tried(kind, seed, number))
    return score


def _tried(kind: Kind, seed: int, number: int) -> Trial:
    """One instance; one that breaks down is void and says where."""
    raise_if_stopped()
    try:
        return (attempt if kind.deed is None else attempt_hosted)(kind, seed, number)
    except Exception as problem:  # noqa: BLE001 whatever it was, the instance proves nothing
        told = traceback.extract_tb(problem.__traceback__)[-1]
        void = f"{type(problem).__name__}: {problem} ({told.name}, line {told.lineno})"
        return Trial(kind.name, f"{seed}/{number}", void=void)


def total(scores: Iterable[Score]) -> Score:
    """All kinds together."""
    whole = Score(Kind("total", "合计", "total", no_course))
    for each in scores:
        whole.instances += each.instances
        whole.void += each.void
        whole.counts += each.counts
        whole.problems += each.problems
    return whole
