"""The recovery report as one page: the same facts as the text, opened in any browser.

What differed is called corrected only where a correction of it was applied and, where a second look
was taken, that look agrees; so "corrected" never stands beside "nothing was changed".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prometheus_persist.reconcile.plan import Finding, HostItem, Plan, Verdict
from prometheus_persist.recovery.facts import RecoveryFacts, corrected_later
from prometheus_persist.report.pages.making import Drawn, Lines, html_page
from prometheus_persist.report.pages.money_steps import drawn_steps, money_steps
from prometheus_persist.report.pages.outage_line import outage_line
from prometheus_persist.report.pages.recovery_template import RECOVERY
from prometheus_persist.report.pages.tables import Cell, Column, Toned, columns, table
from prometheus_persist.report.sections.alternatives import ways
from prometheus_persist.report.sections.corrections import correction_words
from prometheus_persist.report.sections.decision import decision_lines, is_partial, is_pending
from prometheus_persist.report.sections.findings import evidence_name, finding_words, is_done
from prometheus_persist.report.sections.host_books import shown_items, value_words
from prometheus_persist.report.sections.money import money_check, money_is_first, money_verdict
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
from prometheus_persist.report.values import Say, ago, known, money, speaker, when
from prometheus_persist.state import PositionKey
from prometheus_persist.state.system_facts import AgentFacts

BADGES = {
    "go": ("good", "page.go"),
    "go_restricted": ("warn", "page.go_restricted"),
    "human": ("bad", "page.human"),
    "incomplete": ("bad", "page.incomplete"),
}
PENDING = ("warn", "page.pending")
PARTIAL = {"human": ("warn", "page.human_part"), "incomplete": ("warn", "page.incomplete_part")}
_BRACKETS = str.maketrans("", "", "【】[]")
_VERDICTS = {
    Verdict.MATCH: ("✓", "ok"),
    Verdict.MISMATCH: ("≠", "off"),
    Verdict.UNKNOWN: ("?", "dunno"),
}


def render_page(facts: RecoveryFacts, lang: str) -> str:
    """The page; raises BadConfig without jinja2."""
    say = speaker(lang)
    plan = facts.plan
    return html_page(
        RECOVERY,
        lang,
        title=say("report.title"),
        say=say,
        facts=facts,
        plan=plan,
        badge=_badge(facts),
        decision=decision_lines(facts, say)[1:],
        clock=clock_line(facts, say),
        steps=[(one.said(say), one.typed(say)) for one in next_steps(facts)],
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
        line=outage_line(facts, say),
        problems=source_problems(facts, say),
        findings=[]
        if plan is None
        else [_finding(one, plan, facts.applied_ids, say) for one in in_report_order(plan)],
        later=[
            _finding(one, each, facts.applied_ids, say)
            for each in corrected_later(facts)
            for one in in_report_order(each)
        ],
        still=[]
        if facts.left is None
        else [_finding(one, facts.left, frozenset(), say) for one in still_there(facts)],
        money=_money(facts, say),
        tables=_tables(facts, say),
        when=when,
        bare=lambda title: title.translate(_BRACKETS),
        text=Lines(render_text(facts, lang)),
    )


def _badge(facts: RecoveryFacts) -> tuple[str, str]:
    if is_pending(facts):
        return PENDING
    return (PARTIAL if is_partial(facts) else BADGES)[facts.decision]


def _tables(facts: RecoveryFacts, say: Say) -> dict[str, Drawn]:
    """Every table that has a row, by name."""
    found: dict[str, Rows] = {
        "damages": _damages(facts, say),
        "objects": (
            columns(say, "inn", "page.class", "page.counted", "page.there"),
            [(one.name, one.before, one.now) for one in facts.restore.objects],
        ),
        "withheld": (
            columns(say, ".t", "page.key", "page.until"),
            [(withheld_name(one, say), withheld_until(one, say)) for one in facts.withheld],
        ),
        "standing": _standing(facts, say),
        "frozen": (
            columns(say, ".dt", "page.key", "page.since", "page.cause"),
            [
                (frozen_name(one, say), when(one.since_ms), frozen_reason(one, say))
                for one in facts.system.frozen
            ],
        ),
        "unmanaged": (
            columns(
                say, "...nt", "page.key", "page.product", "page.side", "page.quantity", "page.cause"
            ),
            unmanaged_rows(facts, say),
        ),
        "host": _host(facts, say),
        "changed": _changed(facts, say),
        "agents": _agents(facts, say),
        "sources": _sources(facts, say),
    }
    if facts.plan is not None:
        found |= {
            "priorities": _priorities(facts.plan, say),
            "balances": _balances(facts, facts.plan, say),
        }
    return {name: table(heads, rows) for name, (heads, rows) in found.items() if rows}


Rows = tuple[Sequence[Column], Sequence[Sequence[Cell]]]


def _damages(facts: RecoveryFacts, say: Say) -> Rows:
    heads = columns(say, "int.", "page.file", "page.offset", "page.what", "page.outcome")
    return heads, [
        (one.file, one.offset, say("report.said", text=one.problem), say(f"report.{one.outcome}"))
        for one in facts.restore.damages
    ]


def _standing(facts: RecoveryFacts, say: Say) -> Rows:
    heads = columns(
        say, "..nnd", "item.owner", "page.key", "page.contracts", "item.entry_px", "page.since"
    )
    return heads, [
        (standing_owner(one, say), one.key, one.contracts, one.entry_px, when(one.since_ms))
        for one in facts.system.standing
    ]


def _host(facts: RecoveryFacts, say: Say) -> Rows:
    """Every item of every position of the host's ledgers."""
    heads = columns(
        say, "...tt", "page.ledger", "page.key", "page.item", "page.host_has", "page.verdict"
    )
    return heads, [
        (
            f"{one.agent_id} · {say(f'ledger.{one.ledger}')}",
            str(one.key),
            say(f"item.{one.item.value}"),
            value_words(one, one.shown, say),
            _host_item(one, say),
        )
        for one in shown_items(facts)
    ]


def _host_item(one: HostItem, say: Say) -> Toned:
    mark, tone = _VERDICTS[one.verdict]
    words = say(f"verdict.{one.verdict.value}")
    if one.verdict is Verdict.UNKNOWN:
        words = known(one.note, one.note, say)
    elif one.verdict is Verdict.MISMATCH:
        words = say("page.host_due", due=value_words(one, one.due, say))
    return Toned(f"{mark} {words}", tone)


def _priorities(plan: Plan, say: Say) -> Rows:
    names = [f"verdict.{one.value}" for one in Verdict]
    heads = columns(say, ".nnnn", "page.priority", *names, "page.items")
    return heads, [
        (name, *counts.values(), sum(counts.values())) for name, counts in priorities(plan)
    ]


def _balances(facts: RecoveryFacts, plan: Plan, say: Say) -> Rows:
    heads = columns(
        say,
        ".nnnn.",
        "page.key",
        "page.owners",
        "page.unattributed",
        "page.venue",
        "page.after",
        "page.verdict",
    )
    return heads, [
        (
            str(one.key),
            one.owners,
            one.unattributed,
            "?" if one.venue is None else one.venue,
            one.after,
            _told(one.verdict, say, corrected=_key_corrected(facts, one.key)),
        )
        for one in plan.balances
    ]


def _agents(facts: RecoveryFacts, say: Say) -> Rows:
    heads = columns(
        say,
        "..nnn.",
        "",
        "page.state",
        "page.capital",
        "page.pnl",
        "page.positions",
        "page.verdict",
    )
    verdicts = agent_verdicts(facts.plan) if facts.plan is not None else {}
    rows: list[tuple[Cell, ...]] = []
    for one in facts.system.agents:
        verdict = verdicts.get(one.agent_id)
        fate = f"{say('page.dead')} · {death_reason(one, say)}"
        done = _agent_corrected(facts, one.agent_id)
        rows.append(
            (
                one.agent_id,
                say("page.alive") if one.alive else fate,
                money(one.capital),
                money(one.pnl, signed=True),
                one.positions,
                None if verdict is None else _told(verdict, say, corrected=done),
            )
        )
    return heads, rows


def _changed(facts: RecoveryFacts, say: Say) -> Rows:
    """What the corrections made of the agents that they were about."""
    heads = columns(say, ".tt", "", "page.before", "page.now")
    now = {one.agent_id: one for one in facts.system.agents}
    rows: list[tuple[Cell, ...]] = []
    for was in facts.before:
        one = now.get(was.agent_id)
        if one is None:
            continue
        pairs = [
            (say("page.capital"), money(was.capital), money(one.capital)),
            (say("page.pnl"), money(was.pnl, signed=True), money(one.pnl, signed=True)),
            (say("page.positions"), _holdings(was, say), _holdings(one, say)),
        ]
        for name, before, after in pairs:
            if before != after:
                rows.append((f"{was.agent_id} · {name}", before, after))
    return heads, rows


def _holdings(one: AgentFacts, say: Say) -> str:
    return say("report.comma").join(one.holdings) or say("page.none")


def _sources(facts: RecoveryFacts, say: Say) -> Rows:
    heads = columns(
        say, ".nddt", "", "page.rows", "page.asked_from", "page.kept_from", "page.complete"
    )
    return heads, [
        (
            known(f"source.{one.name}", one.name, say),
            one.rows,
            when(one.window_from_ms) if one.window_from_ms else "",
            when(one.kept_from_ms) if one.kept_from_ms else "",
            Toned("✓", "ok")
            if one.complete
            else Toned(say("report.said", text=one.problem), "dunno"),
        )
        for one in facts.sources
    ]


def _told(verdict: Verdict, say: Say, *, corrected: bool) -> Toned:
    mark, tone = _VERDICTS[verdict]
    if verdict is Verdict.MISMATCH and corrected:
        return Toned(f"✓ {say('page.corrected')}", "ok")
    return Toned(f"{mark} {say(f'verdict.{verdict.value}')}", tone)


def _agent_corrected(facts: RecoveryFacts, agent_id: str) -> bool:
    if facts.left is not None:
        return facts.applied and agent_verdicts(facts.left).get(agent_id) is Verdict.MATCH
    return _applied(facts, [one for one in _found(facts) if one.agent_id == agent_id])


def _key_corrected(facts: RecoveryFacts, key: PositionKey) -> bool:
    if facts.left is not None:
        now = [one.verdict for one in facts.left.balances if one.key == key]
        return facts.applied and all(verdict is Verdict.MATCH for verdict in now)
    return _applied(facts, [one for one in _found(facts) if one.key == key])


def _found(facts: RecoveryFacts) -> Sequence[Finding]:
    return () if facts.plan is None else facts.plan.findings


def _applied(facts: RecoveryFacts, found: list[Finding]) -> bool:
    """Whether something was found, and all of it applied."""
    ids = {one.finding_id for one in found}
    return facts.applied and bool(ids) and ids <= facts.applied_ids


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


def _money(facts: RecoveryFacts, say: Say) -> dict[str, Any] | None:
    """The water-fall, its verdict, and one row per owner with one column per kind that occurs."""
    check = money_check(facts)
    if check is None:
        return None
    kinds = sorted({kind for row in facts.money_rows for kind in row.kinds})
    heads = [Column(known(f"flow.{kind}", kind, say), "n") for kind in kinds]
    rows: list[tuple[Cell, ...]] = [
        (
            row.owner or say("report.account"),
            *(money(row.kinds[kind], signed=True) if kind in row.kinds else None for kind in kinds),
            money(row.total, signed=True),
        )
        for row in facts.money_rows
    ]
    return {
        "ccy": check.ccy,
        "said": money_verdict(check, say),
        "tone": _VERDICTS[check.verdict][1],
        "first": money_is_first(check),
        "steps": drawn_steps(money_steps(facts, say)),
        "owners": table([Column(), *heads, Column(say("page.total"), "n")], rows) if rows else "",
    }
