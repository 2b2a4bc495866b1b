"""Many instances of every kind, counted, and the one verdict over all of them.

Passed: every instance was detected, not one correction was false, every item classified. Void: an
instance whose books were not true before anything was done to them, or that broke down on the way;
it proves nothing, and neither does the whole.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from chaos.detect.stage import Course, Kind, wound
from chaos.detect.trial import Trial, attempt
from chaos.detect.world import World
from chaos.verdict import Outcome

INSTANCES: Final = 200
PROBLEMS_MAX: Final = 5


@dataclass(slots=True)
class Score:
    """What all instances of one kind came to. Counts of instances, but for false corrections."""

    kind: Kind
    instances: int = 0
    detected: int = 0
    false_corrections: int = 0
    classified: int = 0
    auto: int = 0
    human: int = 0
    unknown: int = 0
    void: int = 0
    problems: list[str] = field(default_factory=list)

    def take(self, trial: Trial) -> None:
        """Count one instance."""
        self.instances += 1
        self.detected += trial.detected
        self.false_corrections += trial.false_corrections
        self.classified += trial.classified
        self.auto += trial.auto
        self.human += trial.human
        self.unknown += trial.unknown
        self.void += bool(trial.void)
        told = [*([f"void: {trial.void}"] if trial.void else []), *trial.problems]
        if told and len(self.problems) < PROBLEMS_MAX:
            self.problems.append(f"{self.kind.name} {trial.seed}: {'; '.join(told)}")

    @property
    def outcome(self) -> Outcome:
        """Failed outranks void: a miss stays a miss."""
        judged = self.instances - self.void
        if self.detected < judged or self.classified < judged or self.false_corrections:
            return Outcome.FAILED
        return Outcome.PASSED if judged and not self.void else Outcome.VOID

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "kind": self.kind.name,
            "outcome": self.outcome.value,
            "instances": self.instances,
            "detected": self.detected,
            "recall": share(self.detected, self.instances),
            "false_corrections": self.false_corrections,
            "classified": share(self.classified, self.instances),
            "auto_resolved": share(self.auto, self.instances),
            "human": share(self.human, self.instances),
            "unknown": share(self.unknown, self.instances),
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
    with multiprocessing.Pool(jobs) as pool:
        for score in pool.imap(_played, work):
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
    try:
        return attempt(kind, seed, number)
    except Exception as problem:  # noqa: BLE001 whatever it was, the instance proves nothing
        told = traceback.extract_tb(problem.__traceback__)[-1]
        void = f"{type(problem).__name__}: {problem} ({told.name}, line {told.lineno})"
        return Trial(kind.name, f"{seed}/{number}", void=void)


def total(scores: Iterable[Score]) -> Score:
    """All kinds together."""
    whole = Score(Kind("total", "合计", "total", _nothing))
    for each in scores:
        for name in ("instances", "detected", "false_corrections", "classified"):
            setattr(whole, name, getattr(whole, name) + getattr(each, name))
        for name in ("auto", "human", "unknown", "void"):
            setattr(whole, name, getattr(whole, name) + getattr(each, name))
        whole.problems += each.problems
    return whole


def _nothing(_world: World) -> Course:
    """The course of no kind."""
    yield
    return wound("")
