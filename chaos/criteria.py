"""The five criteria, as data: what is measured, what is due, and the row that comes of it.

A row without samples is not met and not failed: it is not judged, and a complete run in which a row
is not judged is void. Quantiles are of the samples themselves (nearest rank), never interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chaos.verdict import Figures

ITEMS_SHARE_MIN = 0.95
RESTART_S_MAX = 30.0
SAVE_MS_MAX = 100.0


class Met(StrEnum):
    """What became of a criterion."""

    MET = "met"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One line of the table. ``samples`` is how many measurements stand behind it."""

    number: int
    title: str
    due: str
    figure: str
    samples: int
    met: Met


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion: ``measure`` gives samples, figure and whether it is good enough."""

    number: int
    title: str
    due: str
    measure: Callable[[Figures], tuple[int, str, bool]]

    def row(self, figures: Figures) -> CriterionRow:
        """Judge it."""
        samples, figure, good = self.measure(figures)
        met = Met.NOT_JUDGED if not samples else Met.MET if good else Met.FAILED
        return CriterionRow(
            self.number, self.title, self.due, figure if samples else "–", samples, met
        )


def quantile(samples: Sequence[float], share: float) -> float:
    """The nearest-rank quantile."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _restored(figures: Figures) -> tuple[int, str, bool]:
    due, exact = figures.agents_due, figures.agents_exact
    figure = (
        f"{exact:,}/{due:,} agents in {figures.states_exact:,}/{figures.states:,} restored states "
        f"exact; {figures.kill_points:,} kill points"
    )
    return due, figure, exact == due and figures.states_exact == figures.states


def _reconciled(figures: Figures) -> tuple[int, str, bool]:
    if not figures.items:
        return 0, "", False
    share = figures.items_settled / figures.items
    figure = (
        f"{share:.2%} of items settled; found {figures.deviations_found}/{figures.deviations} "
        f"deviations; {figures.false_corrections} false corrections; "
        f"{figures.items_waiting} items rightly waited for a human"
    )
    good = (
        share > ITEMS_SHARE_MIN
        and figures.deviations_found == figures.deviations
        and not figures.false_corrections
    )
    return figures.items, figure, good


def _restarted(figures: Figures) -> tuple[int, str, bool]:
    if not figures.restart_s:
        return 0, "", False
    worst = max(figures.restart_s)
    figure = f"worst {worst:.2f} s, median {quantile(figures.restart_s, 0.5):.2f} s"
    return len(figures.restart_s), figure, worst < RESTART_S_MAX


def _saved(figures: Figures) -> tuple[int, str, bool]:
    aged = f"{max(figures.lived_h, default=0):g} h old"
    stretches = [("fresh", figures.save_ms_fresh), (aged, figures.save_ms_aged)]
    told = [(name, samples) for name, samples in stretches if samples]
    if not told:
        return 0, "", False
    figure = "; ".join(
        f"{name}: median {quantile(samples, 0.5):.2f}, p99 {quantile(samples, 0.99):.2f}, "
        f"max {max(samples):.2f} ms"
        for name, samples in told
    )
    if figures.checkpoint_ms:
        figure += f"; with readable files: max {max(figures.checkpoint_ms):.0f} ms"
    good = all(quantile(samples, 0.99) < SAVE_MS_MAX for _, samples in told)
    return sum(len(samples) for _, samples in told), figure, good


def _moments(figures: Figures) -> tuple[int, str, bool]:
    lived = max(figures.lived_h, default=0)
    figure = f"{figures.moments_exact}/{figures.moments} moments exact, over {lived:g} h"
    return figures.moments, figure, figures.moments_exact == figures.moments


CRITERIA: Final[tuple[Criterion, ...]] = (
    Criterion(1, "all agent state restored", "100 %", _restored),
    Criterion(2, "three-book reconciliation", "> 95 %", _reconciled),
    Criterion(3, "restore, 10 agents, start to report", "< 30 s", _restarted),
    Criterion(4, "durable save", "p99 < 100 ms", _saved),
    Criterion(5, "any moment within 24 h", "exact", _moments),
)


def rows(figures: Figures) -> tuple[CriterionRow, ...]:
    """All five."""
    return tuple(criterion.row(figures) for criterion in CRITERIA)
