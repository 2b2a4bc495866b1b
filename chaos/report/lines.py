"""The judged run as one value that all renderers share, and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from chaos.criteria import CriterionRow, Met, rows
from chaos.report.said import said
from chaos.report.words import Lang
from chaos.verdict import Figures, Outcome, RunVerdict

WRONG_SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """A whole run: its verdicts, the five rows, and what they come to.

    ``complete`` where every scenario of the catalogue was part of it: then a row that could not be
    judged makes the whole void.
    """

    verdicts: tuple[RunVerdict, ...]
    rows: tuple[CriterionRow, ...]
    complete: bool

    @property
    def outcome(self) -> Outcome:
        """Void before failed before passed; of nothing, void."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        unjudged = any(row.met is Met.NOT_JUDGED for row in self.rows)
        if not outcomes or Outcome.VOID in outcomes or (self.complete and unjudged):
            return Outcome.VOID
        if Outcome.FAILED in outcomes or any(row.met is Met.FAILED for row in self.rows):
            return Outcome.FAILED
        return Outcome.PASSED


def judged(verdicts: list[RunVerdict], *, complete: bool) -> Judged:
    """Add the figures of all verdicts up and judge the criteria."""
    figures = Figures()
    for verdict in verdicts:
        figures.add(verdict.figures)
    return Judged(tuple(verdicts), rows(figures), complete)


def to_json(run: Judged) -> dict[str, Any]:
    """Everything, without the raw samples."""
    return {
        "outcome": run.outcome.value,
        "complete": run.complete,
        "criteria": [asdict(row) for row in run.rows],
        "scenarios": [
            {
                "name": verdict.scenario,
                "seed": verdict.seed,
                "options": list(verdict.options),
                "outcome": verdict.outcome.value,
                "seconds": round(verdict.seconds, 2),
                "record": verdict.record,
                "checks": [asdict(each) for each in verdict.checks],
                "assumptions": [asdict(each) for each in verdict.assumptions],
            }
            for verdict in run.verdicts
        ],
    }


def trouble(verdict: RunVerdict, lang: Lang) -> list[tuple[str, str]]:
    """What is to be said of a scenario that did not pass: (``assumption`` or ``wrong``, text)."""
    broken = []
    for assumed in verdict.assumptions:
        if not assumed.holds:
            why = f" ({said(assumed.detail, lang)})" if assumed.detail else ""
            broken.append(("assumption", said(assumed.what, lang) + why))
    wrong = []
    for each in verdict.checks:
        if not each.ok:
            more = len(each.wrong) - WRONG_SHOWN_MAX
            shown = [said(one, lang) for one in each.wrong[:WRONG_SHOWN_MAX]]
            shown += [f"+{more}"] if more > 0 else []
            what = f"{each.invariant} {said(each.what, lang)}"
            wrong.append(("wrong", f"{what}: {'; '.join(shown)}"))
    return broken + wrong


def again(verdict: RunVerdict) -> str:
    """The one command that repeats a scenario."""
    words = ["prometheus-chaos", "run", verdict.scenario, "--seed", str(verdict.seed)]
    return " ".join([*words, *verdict.options])
