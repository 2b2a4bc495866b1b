"""The kept past as one page: equity and positions of every agent, each commit's changes on a click.

What is drawn is drawn here, so that the page is whole without its script and on paper; the script
only finds the commit that is nearest to a click and shows what it changed. It is the only script of
the page, by a policy that names its digest: nothing else runs, and nothing is fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from prometheus_persist.journal.past_facts import (
    KEYS_MAX,
    POINTS_MAX,
    AgentTrack,
    PastFacts,
    PastMark,
    Point,
    ToldCommit,
)
from prometheus_persist.report.messages import MESSAGES
from prometheus_persist.report.pages.charts import (
    AxisScale,
    AxisTick,
    Curve,
    chart,
    round_ticks,
    time_ticks,
)
from prometheus_persist.report.pages.making import Drawn, element, html_page
from prometheus_persist.report.pages.past_template import PAST, SCRIPT
from prometheus_persist.report.pages.tables import Cell, columns, table
from prometheus_persist.report.values import Say, known, money, speaker, when
from prometheus_persist.shown import shown
from prometheus_persist.state.money import magnitude, plain
from prometheus_persist.state.names import DEAD

TOTAL_PX, EQUITY_PX, HELD_PX = 160, 56, 26
_LINES = ("opened", "ended", "recovered")


def past_page(facts: PastFacts, directory: str, lang: str) -> str:
    """The page; raises BadConfig without jinja2."""
    say = speaker(lang)
    x = AxisScale(facts.from_ms, max(facts.to_ms, facts.from_ms + 1))
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    return html_page(
        PAST,
        lang,
        title=say("past.title"),
        say=say,
        facts=facts,
        directory=directory,
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'",
        script=Drawn(SCRIPT),
        data=Drawn(_json(_data(facts, x, say))),
        total=_total(facts, x, say),
        agents=[_agent(one, facts, x, say) for one in facts.agents],
        marks=_marks(facts, say),
        bounds=_bounds(facts, say),
        unshown=_unshown(facts, say),
        when=when,
    )


def _total(facts: PastFacts, x: AxisScale, say: Say) -> Drawn:
    ticks = time_ticks(int(x.low), int(x.high))
    name = say("past.total")
    return _equity(facts, x, name, facts.total, TOTAL_PX, ticks, plot={"class_": "plot"})


def _agent(one: AgentTrack, facts: PastFacts, x: AxisScale, say: Say) -> dict[str, Any]:
    points = one.equity.final()
    ranked = sorted(one.held.items(), key=lambda pair: (-pair[1].span, pair[0]))
    plot = {"class_": "plot", "data_agent": one.agent_id}
    return {
        "name": one.agent_id,
        "state": say("page.dead") if one.state == DEAD else "",
        "worth": money(plain(points[-1][1])) if points else "",
        "picture": _equity(facts, x, one.agent_id, points, EQUITY_PX, (), plot=plot),
        "held": [
            {
                "told": say("past.held_now", key=key, contracts=plain(held.points[-1][1])),
                "picture": _held(x, key, held.final(), plot),
            }
            for key, held in ranked[:KEYS_MAX]
        ],
        "more": len(ranked) - KEYS_MAX,
    }


def _equity(
    facts: PastFacts,
    x: AxisScale,
    name: str,
    points: Sequence[Point],
    height: int,
    ticks: Sequence[AxisTick],
    plot: dict[str, str],
) -> Drawn:
    values = [float(value) for _, value in points] or [0.0]
    low, high = min(values), max(values)
    room = (high - low) * 0.08 or max(abs(high) * 0.01, 1.0)
    y = AxisScale(low - room, high + room)
    # a small chart has no room for round figures that tell a step's size: its ends do
    if ticks:
        rows = [AxisTick(each, _short(each)) for each in round_ticks(y.low, y.high)]
    else:
        rows = [AxisTick(each, _cents(each)) for each in sorted({low, high})]
    return chart(
        name,
        x,
        y,
        [Curve(name, "var(--s0)", _until_now(points, facts.to_ms), in_steps=True)],
        x_ticks=ticks,
        y_ticks=rows,
        height=height,
        over=_over(facts, x, height),
        plot=plot,
    )


def _held(x: AxisScale, key: str, points: Sequence[Point], plot: dict[str, str]) -> Drawn:
    """Contracts as an area over or under a line that is none."""
    most = float(max((magnitude(value) for _, value in points), default=0)) or 1.0
    parts = []
    for (begin, value), end in zip(
        points, [*(at for at, _ in points[1:]), int(x.high)], strict=True
    ):
        if value:
            left, right = x.share(begin), x.share(end)
            size = float(magnitude(value)) / most * HELD_PX / 2
            top = HELD_PX / 2 - (size if value > 0 else 0)
            parts.append(
                element(
                    "rect",
                    class_="long" if value > 0 else "short",
                    x=f"{left:.3%}",
                    width=f"{max(right - left, 0.0015):.3%}",
                    y=top,
                    height=size,
                )
            )
    middle = {"class_": "rule", "x1": "0", "x2": "100%", "y1": HELD_PX / 2, "y2": HELD_PX / 2}
    return element(
        "svg", element("line", **middle), *parts, _cursor(HELD_PX), height=HELD_PX, role="img",
        aria_label=key, **plot,
    )  # fmt: skip


def _over(facts: PastFacts, x: AxisScale, height: int) -> list[Drawn]:
    """While nobody ran it, what cannot be shown, and the lines of lives and recoveries."""
    spans = [("down", begin, end) for begin, end in facts.down]
    spans += [("unshown", one.from_ms, one.to_ms) for one in facts.unshown]
    drawn = [
        element(
            "rect",
            class_=kind,
            x=x.percent(begin),
            width=f"{max(x.share(end) - x.share(begin), 0.002):.3%}",
            y=0,
            height=height,
        )
        for kind, begin, end in spans
    ]
    for one in facts.marks:
        if one.kind in _LINES:
            at = x.percent(one.time_ms)
            drawn.append(element("line", class_=one.kind, x1=at, x2=at, y1=0, y2=height))
    return [*drawn, _cursor(height)]


def _cursor(height: int) -> Drawn:
    return element("line", class_="cursor", x1="-1", x2="-1", y1=0, y2=height)


def _until_now(points: Sequence[Point], to_ms: int) -> list[tuple[float, float]]:
    found = [(float(at), float(value)) for at, value in points]
    return [*found, (float(to_ms), found[-1][1])] if found else []


def _marks(facts: PastFacts, say: Say) -> Drawn:
    heads = columns(say, "dtnt", "past.when", "past.what", "past.commit", "past.about")
    rows: list[list[Cell]] = [
        [when(one.time_ms), _mark(one, say), one.seq, one.about] for one in reversed(facts.marks)
    ]
    return table(heads, rows) if rows else Drawn("")


def _mark(one: PastMark, say: Say) -> str:
    return say(f"past.{one.kind}", epoch=one.epoch)


def _bounds(facts: PastFacts, say: Say) -> list[str]:
    """What is left out, and by which rule."""
    curves = [facts.total, *(one.equity.points for one in facts.agents)]
    told = []
    if len(facts.agents) < facts.agents_ever:
        told.append(say("past.some_agents", n=len(facts.agents), of=facts.agents_ever))
    if len(facts.commits) < facts.commits_ever:
        told.append(say("past.some_commits", n=len(facts.commits), of=facts.commits_ever))
    if len(facts.marks) < facts.marks_ever:
        told.append(say("past.some_marks", n=len(facts.marks), of=facts.marks_ever))
    if any(len(points) > POINTS_MAX // 2 for points in curves):
        told.append(say("past.thinned", n=POINTS_MAX))
    return [*told, say("past.values")]


def _unshown(facts: PastFacts, say: Say) -> list[str]:
    gaps = [
        say(
            "past.gap", first=one.first, last=one.last, since=when(one.from_ms),
            until=when(one.to_ms), why=known(one.why, one.why, say),
        )
        for one in facts.unshown
    ]  # fmt: skip
    return [*gaps, *(say("past.problem", text=text) for text in facts.problems)]


def _data(facts: PastFacts, x: AxisScale, say: Say) -> dict[str, Any]:
    return {
        "from": int(x.low),
        "to": int(x.high),
        "commits": [_row(one, say) for one in facts.commits],
        "words": {
            name: say(f"past.{name}")
            for name in (
                "commit",
                "epoch",
                "more_fields",
                "is_new",
                "is_gone",
                "differs",
                "records",
            )
        },
    }


def _row(one: ToldCommit, say: Say) -> list[Any]:
    why = f"past.why.{one.why}"
    return [
        one.seq,
        one.time_ms,
        one.epoch,
        say(why) if why in MESSAGES else shown(one.why),
        [
            [shown(each.key), shown(each.name), *(_text(v) for v in (each.before, each.after))]
            for each in one.changes
        ],
        [[shown(name), count] for name, count in one.added],
        one.more,
    ]


def _text(value: str | None) -> str | None:
    return None if value is None else shown(value)


def _json(value: object) -> str:
    """JSON that ends no element and begins none."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _cents(value: float) -> str:
    """An amount at the end of an axis, so that two that are near each other differ."""
    return f"{value:,.2f}" if abs(value) < 1e6 else _short(value)


def _short(value: float) -> str:
    """An amount on an axis."""
    size = abs(value)
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return f"{value / float(limit if unit != 'k' else 1e3):.6g}{unit}"
    return f"{value:.6g}"
