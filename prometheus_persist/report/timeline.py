"""The outage as a line: the last save, what happened by time, the moment it was restored.

Pure arithmetic: places in a picture ``WIDTH`` wide. Events are the rows that prove findings and
carry a time (``ts_ms``); what lies outside the outage stands at its edge. A label that would run
into another one, or say the same again, is left out. An event never is: dots at one place stand
under each other, and from ``STACK_MAX`` on the last of them stands for the rest and says how many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from prometheus_persist.reconcile.plan import Evidence, Finding
from prometheus_persist.report.facts import RecoveryFacts
from prometheus_persist.report.sections.findings import evidence_name
from prometheus_persist.report.values import Say, when

WIDTH, LEFT, RIGHT = 1000, 70, 930
LINE_Y, DOT_STEP, LABEL_STEP = 100, 11, 16
LANES = 4
STACK_MAX = 12
LABEL_WIDTH = 120


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """One event: where its dot is, its tone, what hovering says, and its label (y 0: none)."""

    x: int
    y: int
    tone: str
    title: str
    label: str
    label_y: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole picture, from ``top`` to ``bottom``; times as text."""

    saved: str
    restored: str
    marks: tuple[TimelineMark, ...]

    @property
    def top(self) -> int:
        """Where the highest label begins."""
        return min((mark.label_y for mark in self.marks if mark.label_y), default=LINE_Y) - 20

    @property
    def bottom(self) -> int:
        """Where the lowest dot or the words at the ends stop."""
        return max(LINE_Y + 50, *(mark.y + 10 for mark in self.marks))


def timeline(facts: RecoveryFacts, say: Say) -> Timeline | None:
    """None where nothing was saved before or nothing is known to have happened."""
    plan, restore = facts.plan, facts.restore
    span_ms = restore.restored_ms - restore.last_save_ms
    events = [] if plan is None else _events(plan.findings)
    if restore.fresh or span_ms <= 0 or not events:
        return None
    marks: list[TimelineMark] = []
    lowest: dict[int, int] = {}
    free_from = [0] * LANES
    stacked: dict[int, int] = {}
    alone: dict[int, str] = {}
    for ts_ms, row, one in events:
        part = min(max(ts_ms - restore.last_save_ms, 0), span_ms)
        x = LEFT + (RIGHT - LEFT) * part // span_ms
        column = x // DOT_STEP
        height = stacked[column] = stacked.get(column, -1) + 1
        if height >= STACK_MAX:
            hidden = height - STACK_MAX + 1
            at = lowest[column]
            title = alone.setdefault(at, marks[at].title)
            marks[at] = replace(marks[at], title=say("page.more", title=title, n=hidden))
            continue
        subject = one.agent_id or say("report.account")
        label = f"{when(ts_ms)[11:16]} {subject}"
        lane = None
        if not marks or marks[-1].label != label:
            lane = next((at for at, free in enumerate(free_from) if free <= x), None)
        if lane is not None:
            free_from[lane] = x + LABEL_WIDTH
        lowest[column] = len(marks)
        marks.append(
            TimelineMark(
                x=x,
                y=LINE_Y + 14 + height * DOT_STEP,
                tone=one.resolution.value,
                title=f"{when(ts_ms)} · {evidence_name(row, say)} · {subject}",
                label=label,
                label_y=0 if lane is None else LINE_Y - 14 - lane * LABEL_STEP,
            )
        )
    return Timeline(when(restore.last_save_ms), when(restore.restored_ms), tuple(marks))


def _events(findings: tuple[Finding, ...]) -> list[tuple[int, Evidence, Finding]]:
    """Every row with a time once, oldest first."""
    found = {
        (row.kind, row.ref): (int(row.fields["ts_ms"]), row, one)
        for one in findings
        for row in one.evidence
        if row.fields.get("ts_ms", "").isdigit()
    }
    return sorted(found.values(), key=lambda event: (event[0], event[1].ref))
