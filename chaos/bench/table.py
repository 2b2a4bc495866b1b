"""The speed table as data: rows, the lines in them, and what each row had to reach.

A row has a subject's line first, then its peers'; it has checks where there is a bar, a ``base``
that its lines are compared with, and a reason where it could not be measured. Rendering is
elsewhere (``text.py``, ``page.py``); JSON and printed table come from the same values.

1. A check compares a measured value with its limit, and is met or not met; nothing else decides.
2. A row that was not measured has a reason and no checks: it is neither met nor missed.
3. ``Report.missed`` is true when any check is not met; exit codes follow it only under ``--check``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chaos.bench.stats import LatencySummary, histogram, summary

FORMAT = 1
Sense = Literal["<=", "<", ">="]


@dataclass(frozen=True, slots=True)
class TableLine:
    """One contestant's numbers. ``name`` is a message id with ``params``.

    ``times`` are latencies; ``value`` is a single figure with its ``unit`` where latencies would
    say nothing (throughput, memory).
    """

    name: str
    times: LatencySummary | None = None
    value: float | None = None
    unit: str = ""
    bins: Mapping[int, int] = field(default_factory=dict)
    why_not: str = ""

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
        return found


@dataclass(frozen=True, slots=True)
class RequiredBar:
    """A measured value beside the bar it had to reach."""

    name: str
    value: float
    sense: Sense
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether the bar was reached."""
        if self.sense == ">=":
            return self.value >= self.limit
        return self.value < self.limit if self.sense == "<" else self.value <= self.limit

    def to_json(self) -> dict[str, Any]:
        """Value, bar, verdict."""
        return {
            "name": self.name,
            "value": self.value,
            "sense": self.sense,
            "limit": self.limit,
            "unit": self.unit,
            "met": self.met,
        }


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One question about speed and its answer. ``what`` and ``notes`` are message ids."""

    row_id: str
    params: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[TableLine] = ()
    checks: Sequence[RequiredBar] = ()
    notes: Sequence[str] = ()
    why_not: str = ""
    base: str = ""

    def ratio_of(self, line: TableLine) -> float | None:
        """A line's median over that of the row's base; None where either was not measured."""
        peer = next((each.times for each in self.lines if each.name == self.base), None)
        if peer is None or line.times is None or line.name == self.base:
            return None
        return line.times.median_ns / max(peer.median_ns, 1)

    def to_json(self) -> dict[str, Any]:
        """The row with its lines and checks."""
        return {
            "row": self.row_id,
            "params": dict(self.params),
            "base": self.base,
            "lines": [{**line.to_json(), "ratio": self.ratio_of(line)} for line in self.lines],
            "checks": [check.to_json() for check in self.checks],
            "notes": list(self.notes),
            "not_measured": self.why_not,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The whole table, and the machine it was measured on."""

    machine: Mapping[str, str]
    settings: Mapping[str, Any]
    rows: Sequence[BenchRow]
    took_s: float

    @property
    def missed(self) -> bool:
        """Whether any bar was missed."""
        return any(not check.met for row in self.rows for check in row.checks)

    def to_json(self) -> dict[str, Any]:
        """One JSON object: what ``--json`` prints."""
        return {
            "format": FORMAT,
            "machine": dict(self.machine),
            "settings": dict(self.settings),
            "took_s": round(self.took_s, 1),
            "missed": self.missed,
            "rows": [row.to_json() for row in self.rows],
        }


def timed_line(name: str, samples: Sequence[int]) -> TableLine:
    """The line of a contestant whose samples are in nanoseconds."""
    if not samples:
        return TableLine(name, why_not="no.samples")
    return TableLine(name, times=summary(samples), bins=histogram(samples))


def ratio(
    name: str, subject: TableLine, peer: TableLine, sense: Sense, limit: float
) -> tuple[RequiredBar, ...]:
    """The check on median over median; none where either was not measured."""
    if subject.times is None or peer.times is None:
        return ()
    value = subject.times.median_ns / max(peer.times.median_ns, 1)
    return (RequiredBar(name, value, sense, limit, "x"),)
