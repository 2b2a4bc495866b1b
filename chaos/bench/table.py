"""The speed table as data: rows, the lines in them, and what each row had to reach.

A row has a subject's line first, then its peers'; it has checks where there is a bar, a ``base``
that its lines are compared with, and a reason where it could not be measured. Rendering is
elsewhere (``text.py``, ``page.py``); JSON and printed table come from the same values.

1. A check compares a measured value with its limit. Its value is the median of the rounds, or the
   worst of them where the bar is on the longest of something.
2. Where the rounds differ by more than the value is away from its limit, the check is neither met
   nor missed: this machine cannot tell now. Of one round nobody knows by how much they differ.
3. A row that was not measured has a reason and no checks: it is neither met nor missed. A row that
   another tree cannot play says so, and nothing fails for it.
4. ``Report.missed`` is true when any check is missed; exit codes follow it only under ``--check``.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from chaos.bench.stats import LatencySummary, histogram, summary

FORMAT = 2
Sense = Literal["<=", "<", ">="]
Verdict = Literal["met", "missed", "untold"]


@dataclass(frozen=True, slots=True)
class TableLine:
    """One contestant's numbers. ``name`` is a message id with ``params``.

    ``times`` are latencies, of ``samples`` in nanoseconds; ``value`` is a single figure with its
    ``unit`` where latencies would say nothing (throughput, memory). ``rounds`` has the median or
    the value of each round.
    """

    name: str
    times: LatencySummary | None = None
    value: float | None = None
    unit: str = ""
    bins: Mapping[int, int] = field(default_factory=dict)
    why_not: str = ""
    samples: Sequence[int] = field(default=(), repr=False)
    rounds: Sequence[float] = ()

    @property
    def middle(self) -> float | None:
        """Nanoseconds of the median, or the value; None where nothing was measured."""
        return self.value if self.times is None else float(self.times.median_ns)

    @property
    def spread(self) -> float | None:
        """How far the rounds are apart, as a share of the middle; None of one round."""
        if len(self.rounds) < 2 or not self.middle:
            return None
        return (max(self.rounds) - min(self.rounds)) / abs(self.middle)

    def to_json(self) -> dict[str, Any]:
        """All of it, times in microseconds."""
        found: dict[str, Any] = {"name": self.name}
        if self.times is not None:
            found |= {
                "n": self.times.count,
                "median_us": self.times.median_ns / 1000,
                "p99_us": self.times.p99_ns / 1000,
                "p99_9_us": self.times.p999_ns / 1000,
                "max_us": self.times.max_ns / 1000,
                "histogram": {str(number): count for number, count in self.bins.items()},
            }
        if self.value is not None:
            found |= {"value": self.value, "unit": self.unit}
        if self.why_not:
            found["not_measured"] = self.why_not
        if self.rounds:
            found["rounds"] = [each / (1000 if self.times else 1) for each in self.rounds]
        return found


@dataclass(frozen=True, slots=True)
class RequiredBar:
    """A measured value beside the bar it had to reach; ``rounds`` has the value of each round.

    ``worst`` where the longest of something is asked for: rounds do not make it shorter.
    """

    name: str
    value: float
    sense: Sense
    limit: float
    unit: str
    rounds: tuple[float, ...] = ()
    worst: bool = False

    @property
    def spread(self) -> float:
        """How far the rounds are apart; 0 of one round."""
        return max(self.rounds) - min(self.rounds) if self.rounds else 0.0

    @property
    def verdict(self) -> Verdict:
        """Whether the bar was reached, as far as the rounds can tell."""
        if self.spread > abs(self.value - self.limit):
            return "untold"
        if self.sense == ">=":
            met = self.value >= self.limit
        else:
            met = self.value < self.limit if self.sense == "<" else self.value <= self.limit
        return "met" if met else "missed"

    @property
    def met(self) -> bool:
        """Whether it was, beyond noise."""
        return self.verdict == "met"

    def to_json(self) -> dict[str, Any]:
        """Value, bar, verdict; ``met`` is null where it cannot be told."""
        return {
            "name": self.name,
            "value": self.value,
            "sense": self.sense,
            "limit": self.limit,
            "unit": self.unit,
            "rounds": list(self.rounds),
            "met": None if self.verdict == "untold" else self.met,
        }


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One question about speed and its answer. ``what`` and ``notes`` are message ids.

    ``before`` is the same row by the code of another tree. ``no_slower`` names lines that may take
    no more than so many times what they took there.
    """

    row_id: str
    params: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[TableLine] = ()
    checks: Sequence[RequiredBar] = ()
    notes: Sequence[str] = ()
    why_not: str = ""
    base: str = ""
    no_slower: Mapping[str, float] = field(default_factory=dict)
    before: BenchRow | None = None

    def line(self, name: str) -> TableLine | None:
        """The line of this name."""
        return next((each for each in self.lines if each.name == name), None)

    def ratio_of(self, line: TableLine) -> float | None:
        """A line's median over that of the row's base; None where either was not measured."""
        peer = self.line(self.base)
        if peer is None or peer.times is None or line.times is None or line.name == self.base:
            return None
        return line.times.median_ns / max(peer.times.median_ns, 1)

    def before_of(self, line: TableLine) -> TableLine | None:
        """What the other tree came to; None where it was not measured."""
        found = self.before.line(line.name) if self.before else None
        return found if found is not None and found.middle is not None else None

    def over_before(self, line: TableLine) -> float | None:
        """This tree's median or value over the other one's."""
        before = self.before_of(line)
        if before is None or line.middle is None or not before.middle:
            return None
        return line.middle / before.middle

    def to_json(self) -> dict[str, Any]:
        """The row with its lines and checks."""
        found = {
            "row": self.row_id,
            "params": dict(self.params),
            "base": self.base,
            "lines": [self._line_json(line) for line in self.lines],
            "checks": [check.to_json() for check in self.checks],
            "notes": list(self.notes),
            "not_measured": self.why_not,
        }
        return found | ({"before": self.before.to_json()} if self.before else {})

    def _line_json(self, line: TableLine) -> dict[str, Any]:
        found = {**line.to_json(), "ratio": self.ratio_of(line)}
        return found | ({"over_before": self.over_before(line)} if self.before else {})


@dataclass(frozen=True, slots=True)
class Report:
    """The whole table, and the machine it was measured on."""

    machine: Mapping[str, str]
    settings: Mapping[str, Any]
    rows: Sequence[BenchRow]
    took_s: float
    noise: Mapping[str, Any] = field(default_factory=dict)

    @property
    def missed(self) -> bool:
        """Whether any bar was missed."""
        return any(check.verdict == "missed" for row in self.rows for check in row.checks)

    def to_json(self) -> dict[str, Any]:
        """One JSON object: what ``--json`` prints."""
        return {
            "format": FORMAT,
            "machine": dict(self.machine),
            "settings": dict(self.settings),
            "noise": dict(self.noise),
            "took_s": round(self.took_s, 1),
            "missed": self.missed,
            "rows": [row.to_json() for row in self.rows],
        }


def timed_line(name: str, samples: Sequence[int]) -> TableLine:
    """The line of a contestant whose samples are in nanoseconds."""
    if not samples:
        return TableLine(name, why_not="no.samples")
    return TableLine(name, times=summary(samples), bins=histogram(samples), samples=samples)


def ratio(
    name: str, subject: TableLine, peer: TableLine, sense: Sense, limit: float
) -> tuple[RequiredBar, ...]:
    """The check on median over median; none where either was not measured."""
    if subject.times is None or peer.times is None:
        return ()
    value = subject.times.median_ns / max(peer.times.median_ns, 1)
    return (RequiredBar(name, value, sense, limit, "x"),)


def merged(rounds: Sequence[BenchRow]) -> BenchRow:
    """One row of its rounds: all samples together, the middle of values, each bar by its rounds.

    A line or a check that only some rounds have is that of those.
    """
    lines: dict[str, list[TableLine]] = {}
    checks: dict[str, list[RequiredBar]] = {}
    for row in rounds:
        for line in row.lines:
            lines.setdefault(line.name, []).append(line)
        for check in row.checks:
            checks.setdefault(check.name, []).append(check)
    return replace(
        rounds[0],
        lines=[_one_line(each) for each in lines.values()],
        checks=[_one_check(each) for each in checks.values()],
        notes=list(dict.fromkeys(note for row in rounds for note in row.notes)),
    )


def _one_line(lines: Sequence[TableLine]) -> TableLine:
    measured = [line for line in lines if line.middle is not None]
    if not measured:
        return lines[0]
    middles = [line.middle for line in measured if line.middle is not None]
    samples = [sample for line in measured for sample in line.samples]
    if samples:
        return replace(timed_line(lines[0].name, samples), rounds=middles)
    return replace(measured[0], value=statistics.median(middles), rounds=middles)


def _one_check(checks: Sequence[RequiredBar]) -> RequiredBar:
    values = tuple(check.value for check in checks)
    first = checks[0]
    middle = statistics.median(values)
    worst = min(values) if first.sense == ">=" else max(values)
    return replace(first, value=worst if first.worst else middle, rounds=values)


def beside(row: BenchRow, before: BenchRow) -> BenchRow:
    """The row with that of another tree; the bars on what may be no slower come of the two."""
    checks = list(row.checks)
    for name, limit in row.no_slower.items():
        now, then = row.line(name), before.line(name)
        if now is None or then is None or not now.rounds or not then.rounds:
            continue
        pairs = zip(now.rounds, then.rounds, strict=False)
        found = tuple(one / other for one, other in pairs if other)
        check = RequiredBar(f"{name}_before", statistics.median(found), "<=", limit, "x", found)
        checks.append(check)
    return replace(row, checks=checks, before=before)
