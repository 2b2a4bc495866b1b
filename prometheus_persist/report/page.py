"""The recovery report as one self-contained HTML page: the same facts, opened in any browser.

No script, no font, no picture from anywhere else. Every value is ``shown`` and then escaped by the
template engine. Light and dark follow the reader's system; it prints on white. Needs jinja2 (extra
``report``), imported at first use; raises ``BadConfig`` that says how to install it.
"""

from __future__ import annotations

import functools
from typing import Any

from prometheus_persist.errors import BadConfig
from prometheus_persist.reconcile.plan import Finding, Plan, Verdict
from prometheus_persist.report.facts import RecoveryFacts
from prometheus_persist.report.page_template import PAGE
from prometheus_persist.report.sections.alternatives import ways
from prometheus_persist.report.sections.corrections import correction_words
from prometheus_persist.report.sections.decision import decision_lines, is_partial, is_pending
from prometheus_persist.report.sections.findings import evidence_name, finding_words, is_done
from prometheus_persist.report.sections.money import money_is_first, money_verdict
from prometheus_persist.report.sections.standing import frozen_name, frozen_reason, standing_owner
from prometheus_persist.report.sections.waiting import (
    clock_line,
    unmanaged_rows,
    withheld_name,
    withheld_until,
)
from prometheus_persist.report.steps import asked, next_steps
from prometheus_persist.report.text import (
    agent_verdicts,
    death_reason,
    in_report_order,
    priorities,
    render_text,
    source_problems,
    still_there,
)
from prometheus_persist.report.timeline import LINE_Y, WIDTH, timeline
from prometheus_persist.report.values import Say, ago, known, money, speaker, when
from prometheus_persist.shown import shown
from prometheus_persist.state.money import plain

BADGES = {
    "go": ("good", "page.go"),
    "go_restricted": ("warn", "page.go_restricted"),
    "human": ("bad", "page.human"),
    "incomplete": ("bad", "page.incomplete"),
}
PENDING = ("warn", "page.pending")
PARTIAL = {"human": ("warn", "page.human_part"), "incomplete": ("warn", "page.incomplete_part")}
_BRACKETS = str.maketrans("", "", "【】[]")
_MARK = {Verdict.MATCH: "✓", Verdict.MISMATCH: "≠", Verdict.UNKNOWN: "?"}
_TONE = {Verdict.MATCH: "ok", Verdict.MISMATCH: "off", Verdict.UNKNOWN: "dunno"}


def render_page(facts: RecoveryFacts, lang: str) -> str:
    """The page; raises BadConfig without jinja2."""
    say = speaker(lang)
    plan = facts.plan
    verdicts = agent_verdicts(plan) if plan is not None else {}
    line = timeline(facts, say)
    page: str = _template().render(
        lang="zh-CN" if lang == "zh" else "en",
        say=say,
        facts=facts,
        plan=plan,
        badge=_badge(facts),
        decision=decision_lines(facts, say)[1:],
        clock=clock_line(facts, say),
        steps=[(one.said(say), one.command) for one in next_steps(facts)],
        withheld=[(withheld_name(one, say), withheld_until(one, say)) for one in facts.withheld],
        unmanaged=unmanaged_rows(facts, say),
        asked=[
            (one, say(f"case.{one.case.value}"), ways(one, facts.options, say))
            for one in asked(facts)
        ],
        down=ago(facts.restore.restored_ms - facts.restore.last_save_ms, say),
        chosen=[
            known(f"{name}.{value}", value, say)
            for name, value in (("mode", facts.mode), ("policy", facts.policy))
            if value
        ],
        line=line,
        picture={"width": WIDTH, "line_y": LINE_Y},
        priorities=[] if plan is None else priorities(plan),
        problems=source_problems(facts, say),
        findings=[]
        if plan is None
        else [_finding(one, plan, facts.applied_ids, say) for one in in_report_order(plan)],
        still=[]
        if facts.left is None
        else [_finding(one, facts.left, frozenset(), say) for one in still_there(facts)],
        money_table=_money_table(facts, say),
        agents=[(one, verdicts.get(one.agent_id)) for one in facts.system.agents],
        standing=[(one, standing_owner(one, say)) for one in facts.system.standing],
        frozen=[
            (one, frozen_name(one, say), frozen_reason(one, say)) for one in facts.system.frozen
        ],
        mark=_MARK,
        tone=_TONE | ({Verdict.MISMATCH: "dunno"} if facts.applied else {}),
        told={
            verdict: say(f"verdict.{verdict.value}")
            if verdict is not Verdict.MISMATCH or not facts.applied
            else say("page.corrected")
            for verdict in Verdict
        },
        death=lambda one: death_reason(one, say),
        known=lambda name, otherwise: known(name, otherwise, say),
        money=money,
        when=when,
        bare=lambda title: title.translate(_BRACKETS),
        text=_Lines(render_text(facts, lang)),
    )
    return page


def _badge(facts: RecoveryFacts) -> tuple[str, str]:
    if is_pending(facts):
        return PENDING
    return (PARTIAL if is_partial(facts) else BADGES)[facts.decision]


@functools.cache
def _template() -> Any:
    try:
        from jinja2 import Environment
    except ImportError:
        raise BadConfig(
            "the HTML report needs jinja2: pip install 'prometheus-persist[report]'"
        ) from None
    return Environment(autoescape=True, trim_blocks=True, finalize=_shown).from_string(PAGE)


class _Lines(str):
    """Text of many lines, each of which was shown when it was made."""

    __slots__ = ()


def _shown(value: Any) -> Any:
    """What a place of the template shows; what has ``__html__`` is a part of the page itself."""
    is_text = isinstance(value, str) and not isinstance(value, _Lines)
    return shown(value) if is_text and not hasattr(value, "__html__") else value


def _finding(one: Finding, plan: Plan, applied_ids: frozenset[str], say: Say) -> dict[str, Any]:
    applied = one.finding_id in applied_ids
    what, cause, remedy = finding_words(one, plan, say, applied=applied)
    return {
        "of": one,
        "subject": one.agent_id or say("report.account"),
        "said": (
            (say("page.what"), what),
            (say("page.cause"), cause),
            (say("page.done" if is_done(one, applied) else "page.proposed"), remedy),
        ),
        "steps": [correction_words(step, say) for step in one.corrections],
        "evidence": [
            (evidence_name(row, say), [(k, _readable(k, v)) for k, v in row.fields.items() if v])
            for row in one.evidence
        ],
    }


def _readable(name: str, value: str) -> str:
    """Moments also as people write them."""
    return f"{value} ({when(int(value))})" if name.endswith("_ms") and value.isdigit() else value


def _money_table(facts: RecoveryFacts, say: Say) -> dict[str, Any] | None:
    """The check's figures, and one row per owner with one column per kind that occurs."""
    check = None if facts.plan is None else facts.plan.money
    if check is None:
        return None
    kinds = sorted({kind for row in facts.money_rows for kind in row.kinds})
    rows = [
        (row.owner or say("report.account"), [row.kinds.get(kind) for kind in kinds], row.total)
        for row in facts.money_rows
    ]
    figures = [
        ("page.settled", None if check.settled is None else plain(check.settled)),
        ("page.reserve", plain(check.reserve)),
        ("page.booked", plain(check.booked)),
        ("page.basis", plain(check.basis)),
        ("page.residual", None if check.residual is None else plain(check.residual)),
    ]
    return {
        "check": check,
        "said": money_verdict(check, say),
        "first": money_is_first(check),
        "figures": [(say(name), amount) for name, amount in figures],
        "kinds": [known(f"flow.{kind}", kind, say) for kind in kinds],
        "rows": rows,
    }
