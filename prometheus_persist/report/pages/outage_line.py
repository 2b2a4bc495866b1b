"""The outage as a line: the last save, what happened by time, the moment it was restored.

Events are the rows that prove findings and carry a time (``ts_ms``). What is older than the last
save did not happen while it was down: it has no dot and is listed apart; what is said to be later
than the restore, by another clock, stands at that edge. A moment is one numbered dot, and events
that would stand on one another share one: what happened at each moment is listed under the line,
oldest first, every event with its time. So an outage of a minute and one of a month are read alike,
and nothing collapses into a column.
A moment lists ``SHOWN_MAX`` of its events, and counts the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_persist.reconcile.plan import Evidence, Finding
from prometheus_persist.recovery.facts import RecoveryFacts, corrected_later
from prometheus_persist.report.pages.charts import AxisScale, across, time_ticks
from prometheus_persist.report.pages.making import Drawn, element
from prometheus_persist.report.sections.findings import evidence_name
from prometheus_persist.report.values import Say, when

APART = 0.065  # of the width: what keeps two dots apart on the narrowest screen
SHOWN_MAX = 8
LINE_Y, DOT_R, HEIGHT = 42, 10, 88
_TONES = {"AUTO": "ok", "ORPHAN": "dunno", "HUMAN": "off", "UNKNOWN": "off"}
_WORST = ("ok", "dunno", "off")


@dataclass(frozen=True, slots=True)
class OutageEvent:
    """One event in words."""

    at_ms: int
    tone: str
    time: str
    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class OutageMoment:
    """Events that share a dot; ``share`` is its place on the line, ``more`` how many of its events
    are not in the list."""

    number: int
    share: float
    tone: str
    events: tuple[OutageEvent, ...]
    more: int


@dataclass(frozen=True, slots=True)
class OutageLine:
    """The picture, and what its dots stand for; ``earlier`` is from before the last save."""

    picture: Drawn
    moments: tuple[OutageMoment, ...]
    earlier: tuple[OutageEvent, ...]
    earlier_more: int


def outage_line(facts: RecoveryFacts, say: Say) -> OutageLine | None:
    """None where nothing was saved before or nothing is known to have happened."""
    plan, restore = facts.plan, facts.restore
    told = [] if plan is None else [plan, *corrected_later(facts)]
    events = _events([one for each in told for one in each.findings], say)
    if restore.fresh or restore.restored_ms <= restore.last_save_ms or not events:
        return None
    x = AxisScale(restore.last_save_ms, restore.restored_ms)
    older = [one for one in events if one.at_ms < restore.last_save_ms]
    moments = tuple(_moments(events[len(older) :], x))
    more = max(len(older) - SHOWN_MAX, 0)
    return OutageLine(_picture(x, moments, say), moments, tuple(older[more:]), more)


def _moments(events: Sequence[OutageEvent], x: AxisScale) -> list[OutageMoment]:
    groups: list[list[OutageEvent]] = []
    for one in events:
        if groups and x.share(one.at_ms) - x.share(groups[-1][0].at_ms) < APART:
            groups[-1].append(one)
        else:
            groups.append([one])
    return [
        OutageMoment(
            number,
            x.share(group[0].at_ms),
            max((one.tone for one in group), key=_WORST.index),
            tuple(group[:SHOWN_MAX]),
            max(len(group) - SHOWN_MAX, 0),
        )
        for number, group in enumerate(groups, 1)
    ]


def _picture(x: AxisScale, moments: Sequence[OutageMoment], say: Say) -> Drawn:
    begin, end = (f"{when(int(at))[11:16]} UTC" for at in (x.low, x.high))
    ends = [
        element("text", f"{say('page.last_save')} {begin}", x="0", y=16),
        element("text", f"{say('page.restored')} {end}", x="100%", y=16, text_anchor="end"),
    ]
    dots = [
        part
        for one in moments
        for part in (
            element("circle", class_=one.tone, cx=f"{one.share:.3%}", cy=LINE_Y, r=DOT_R),
            element(
                "text", str(one.number), x=f"{one.share:.3%}", y=LINE_Y + 4, text_anchor="middle"
            ),
        )
    ]
    return element(
        "svg",
        *ends,
        *across(x, time_ticks(int(x.low), int(x.high)), LINE_Y + DOT_R, top=LINE_Y),
        element("line", class_="down", x1="0", x2="100%", y1=LINE_Y, y2=LINE_Y),
        *dots,
        role="img",
        aria_label=say("page.timeline"),
        height=HEIGHT,
        class_="outage",
    )


def _events(findings: Sequence[Finding], say: Say) -> list[OutageEvent]:
    """Every row with a time once, oldest first."""
    found: dict[tuple[str, str], tuple[int, Evidence, Finding]] = {
        (row.kind, row.ref): (int(row.fields["ts_ms"]), row, one)
        for one in findings
        for row in one.evidence
        if row.fields.get("ts_ms", "").isdigit()
    }
    ranked = sorted(found.values(), key=lambda event: (event[0], event[1].ref))
    return [
        OutageEvent(
            at_ms,
            _TONES[one.resolution.value],
            when(at_ms),
            one.agent_id or say("report.account"),
            evidence_name(row, say),
        )
        for at_ms, row, one in ranked
    ]
