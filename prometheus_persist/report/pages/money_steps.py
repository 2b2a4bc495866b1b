"""The money as a water-fall: from the reserve, by what was booked of each kind, to what OKX shows.

    reserve → + pnl → + fee → … → (to be booked) → entry price basis = explained │ at OKX → residual

The axis runs from the lowest to the highest level that is reached and does not begin at zero: a fee
of a few dollars is to be seen beside an account of millions. So levels are marks and not bars, and
only steps are bars, each from the level before it to the next. Sums are exact; only places of the
picture are floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.reconcile.facts import MoneyRow
from prometheus_persist.reconcile.plan import MoneyCheck
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.pages.charts import AxisScale
from prometheus_persist.report.pages.making import Drawn, element
from prometheus_persist.report.sections.money import money_check
from prometheus_persist.report.values import Say, known, money
from prometheus_persist.state.money import ZERO, add, plain, sub

MARGIN = 0.04
BAR_HEIGHT = 16


@dataclass(frozen=True, slots=True)
class MoneyStep:
    """From one level to another; the same twice is a level itself."""

    name: str
    before: Decimal
    after: Decimal
    is_level: bool = False

    @property
    def amount(self) -> Decimal:
        """What the step changes, or the level."""
        return self.after if self.is_level else sub(self.after, self.before)


def money_steps(facts: RecoveryFacts, say: Say) -> list[MoneyStep]:
    """The steps; empty where no money was looked at."""
    check = money_check(facts)
    if check is None:
        return []
    level = check.reserve
    steps = [MoneyStep(say("page.reserve"), level, level, is_level=True)]
    for name, amount in _changes(check, facts.money_rows, say):
        steps.append(MoneyStep(name, level, add(level, amount)))
        level = steps[-1].after
    steps.append(MoneyStep(say("page.explained"), level, level, is_level=True))
    if check.settled is not None:
        steps.append(MoneyStep(say("page.settled"), check.settled, check.settled, is_level=True))
        if check.settled != level:
            steps.append(MoneyStep(say("page.residual"), level, check.settled))
    return steps


def drawn_steps(steps: list[MoneyStep]) -> Drawn:
    """Name, bar and amount of each."""
    levels = [level for one in steps for level in (one.before, one.after)]
    low, high = float(min(levels)), float(max(levels))
    margin = (high - low) * MARGIN
    x = AxisScale(low - margin, high + margin)
    return element("div", *(_row(one, x) for one in steps), class_="rungs")


def _changes(check: MoneyCheck, rows: tuple[MoneyRow, ...], say: Say) -> list[tuple[str, Decimal]]:
    kinds = sorted({kind for row in rows for kind in row.kinds})
    found = [
        (
            known(f"flow.{kind}", kind, say),
            add(*(Decimal(row.kinds[kind]) for row in rows if kind in row.kinds)),
        )
        for kind in kinds
    ]
    due = sub(check.booked, add(ZERO, *(amount for _, amount in found)))
    found += [(say("page.to_book"), due), (say("page.basis"), check.basis)]
    return [(name, amount) for name, amount in found if amount]


def _row(one: MoneyStep, x: AxisScale) -> Drawn:
    low, high = (x.share(float(level)) for level in sorted((one.before, one.after)))
    if one.is_level:
        mark = element("line", class_="level", x1=f"{low:.3%}", x2=f"{low:.3%}", y1=0, y2="100%")
    else:
        tone = "comes" if one.amount > 0 else "goes"
        width = f"{max(high - low, 0.004):.3%}"
        mark = element("rect", class_=tone, x=f"{low:.3%}", width=width, y=2, height=BAR_HEIGHT - 4)
    amount = money(plain(one.amount), signed=not one.is_level)
    return element(
        "div",
        element("span", one.name),
        element("svg", mark, height=BAR_HEIGHT, aria_hidden="true"),
        element("b" if one.is_level else "span", amount, class_="n"),
        class_="rung level" if one.is_level else "rung",
    )
