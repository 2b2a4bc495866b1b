"""The recovery report as text, in Chinese or English: one function per section.

1. Every number in it comes from ``RecoveryFacts``. Times are UTC.
2. Money has thousands separators and at most two decimals here; exact figures are in the JSON.
3. What was not judged is never counted as consistent, and an exchange that was not read makes
   nothing flat.
4. What is not asked for is not there: a section without facts is left out.
5. Decision, what waits and the next steps are those of the second look, where there was one. What
   was corrected is told apart from what was not, finding by finding.
6. Every line is ``shown``: whatever an id or a reason is made of, it moves, hides and forges none.
"""

from __future__ import annotations

from prometheus_persist.reconcile.facts import SourceFacts
from prometheus_persist.reconcile.plan import PRIORITY, Finding, Plan, Verdict
from prometheus_persist.recovery.facts import RecoveryFacts, corrected_later
from prometheus_persist.report.sections.alternatives import human_lines
from prometheus_persist.report.sections.decision import decision_lines, step_lines
from prometheus_persist.report.sections.findings import finding_lines
from prometheus_persist.report.sections.host_books import host_lines
from prometheus_persist.report.sections.money import money_lines
from prometheus_persist.report.sections.standing import frozen_lines, standing_lines
from prometheus_persist.report.sections.waiting import (
    clock_line,
    unanswered_lines,
    unmanaged_lines,
    withheld_lines,
)
from prometheus_persist.report.values import Say, ago, known, money, speaker, when
from prometheus_persist.shown import shown
from prometheus_persist.state.system_facts import AgentFacts

BAR = "=" * 70


def render_text(facts: RecoveryFacts, lang: str) -> str:
    """The whole report; ends in a newline."""
    say = speaker(lang)
    sections = [
        [BAR, say("report.title"), BAR],
        _times(facts, say),
        _system(facts, say),
        _agents(facts, say),
        _three_books(facts, say),
        host_lines(facts, say),
        _details(facts, say),
        money_lines(facts, say),
        standing_lines(facts.system, unmanaged_lines(facts, say), say),
        frozen_lines(facts.system, say),
        withheld_lines(facts, say),
        unanswered_lines(facts, say),
        human_lines(facts, say),
        decision_lines(facts, say),
        step_lines(facts, say),
    ]
    blocks = ["\n".join(map(shown, lines)) for lines in sections if lines]
    return "\n\n".join(blocks) + f"\n\n{BAR}\n"


def _times(facts: RecoveryFacts, say: Say) -> list[str]:
    restore = facts.restore
    lines = [say("report.restored", time=when(restore.restored_ms))]
    if restore.fresh:
        clock = clock_line(facts, say)
        return [*lines, say("report.fresh"), *([clock] if clock else [])]
    span = ago(restore.restored_ms - restore.last_save_ms, say)
    lines.append(say("report.last_save", time=when(restore.last_save_ms), ago=span))
    lines.append(
        say(
            "report.took",
            restore=f"{restore.duration_ms:,}",
            reconcile=f"{facts.duration_ms:,}",
        )
    )
    if facts.mode:
        lines.append(say("report.mode", mode=known(f"mode.{facts.mode}", facts.mode, say)))
    if facts.policy:
        lines.append(
            say("report.policy", policy=known(f"policy.{facts.policy}", facts.policy, say))
        )
    return [*lines, *([clock] if (clock := clock_line(facts, say)) else [])]


def _system(facts: RecoveryFacts, say: Say) -> list[str]:
    system = facts.system
    alive = sum(agent.alive for agent in system.agents)
    lines = [
        say("report.system"),
        say("report.public", n=f"{system.public_records:,}"),
        say("report.private", n=f"{system.private_ledgers:,}"),
        say("report.agents", n=len(system.agents), alive=alive, dead=len(system.agents) - alive),
        say("report.heroes", n=f"{system.heroes:,}"),
        say("report.cycles", n=f"{system.cycles:,}"),
        say("report.runtime", n=f"{system.runtime_hours:,.1f}"),
    ]
    if system.open_intents:
        lines.append(say("report.intents", n=system.open_intents))
    for damage in facts.restore.damages:
        place = damage.file if damage.offset is None else f"{damage.file} @ {damage.offset}"
        outcome = say(f"report.{damage.outcome}")
        lines.append(say("report.damage", place=place, problem=damage.problem, outcome=outcome))
    lines += _objects(facts, say)
    return lines + [say("report.warning", text=warning) for warning in facts.restore.warnings]


def _objects(facts: RecoveryFacts, say: Say) -> list[str]:
    """Of an attached host; by name the classes whose number is another than at the last count."""
    counts = facts.restore.objects
    if not counts:
        return []
    there, classes = sum(one.now for one in counts), sum(one.now > 0 for one in counts)
    return [
        say("report.objects", n=f"{there:,}", classes=classes),
        *(
            say("report.objects_moved", name=one.name, before=f"{one.before:,}", n=f"{one.now:,}")
            for one in counts
            if one.now != one.before
        ),
    ]


def _agents(facts: RecoveryFacts, say: Say) -> list[str]:
    rows = [_agent(agent, say) for agent in facts.system.agents]
    return [say("report.agent_section"), *rows] if rows else []


def _agent(agent: AgentFacts, say: Say) -> str:
    if agent.alive:
        return say(
            "report.alive",
            agent=agent.agent_id,
            capital=money(agent.capital),
            pnl=money(agent.pnl, signed=True),
            positions=agent.positions,
        )
    reason = death_reason(agent, say)
    kind = "report.dead_holding" if agent.positions else "report.dead"
    return say(kind, agent=agent.agent_id, reason=reason, positions=agent.positions)


def death_reason(agent: AgentFacts, say: Say) -> str:
    """Why an agent died, in words where its reason is a known one."""
    return known(f"death.{agent.death_reason or 'UNKNOWN'}", agent.death_reason, say)


def _three_books(facts: RecoveryFacts, say: Say) -> list[str]:
    plan = facts.plan
    if plan is None:
        problem = say("report.venue_problem", text=facts.venue_problem)
        return [say("report.three"), problem, say("report.not_flat")]
    verdicts = agent_verdicts(plan)
    counts = {one: sum(found is one for found in verdicts.values()) for one in Verdict}
    lines = [
        say("report.three"),
        say("report.compared", n=len(verdicts)),
        say("report.consistent", n=counts[Verdict.MATCH]),
    ]
    if counts[Verdict.MISMATCH]:
        fate = say(_fate(facts, plan))
        lines.append(say("report.differing", n=counts[Verdict.MISMATCH], fate=fate))
    if counts[Verdict.UNKNOWN]:
        lines.append(say("report.unknown", n=counts[Verdict.UNKNOWN]))
    lines += [_priority(name, counts, say) for name, counts in priorities(plan)]
    if plan.balances:
        lines.append(_keys(plan, say))
    lines += [say("report.source_problem", text=text) for text in source_problems(facts, say)]
    unread = plan.source_problems or (facts.left is not None and facts.left.source_problems)
    return [*lines, say("report.not_flat")] if unread else lines


def priorities(plan: Plan) -> list[tuple[str, dict[Verdict, int]]]:
    """How many of the compared items are what, by priority."""
    found: dict[str, dict[Verdict, int]] = {}
    for one in plan.items:
        counts = found.setdefault(PRIORITY[one.item], dict.fromkeys(Verdict, 0))
        counts[one.verdict] += 1
    return sorted(found.items())


def _priority(name: str, counts: dict[Verdict, int], say: Say) -> str:
    count = sum(counts.values())
    return say(
        "report.priority",
        mark="✅" if counts[Verdict.MATCH] == count else "⚠️ ",
        priority=name,
        n=count,
        match=counts[Verdict.MATCH],
        differ=counts[Verdict.MISMATCH],
        unknown=counts[Verdict.UNKNOWN],
    )


def source_problems(facts: RecoveryFacts, say: Say) -> list[str]:
    """What could not be read: by source, with the window asked for and what the exchange keeps."""
    told = [_source(one, say) for one in facts.sources if not one.complete]
    if told or facts.plan is None:
        return told
    return list(facts.plan.source_problems)


def _source(one: SourceFacts, say: Say) -> str:
    windows = "" if not one.window_from_ms else say("report.window", asked=when(one.window_from_ms))
    kept = "" if not one.kept_from_ms else say("report.kept", kept=when(one.kept_from_ms))
    name = known(f"source.{one.name}", one.name, say)
    return say("report.source", name=name, problem=one.problem) + windows + kept


def _keys(plan: Plan, say: Say) -> str:
    count = len(plan.balances)
    matching = sum(balance.verdict is Verdict.MATCH for balance in plan.balances)
    if matching == count:
        return say("report.keys_match", n=count)
    if all(balance.verdict is Verdict.UNKNOWN for balance in plan.balances):
        return say("report.keys_unknown", n=count)
    after = sum(balance.after == balance.venue for balance in plan.balances)
    return say("report.keys_differ", n=count, match=matching, after=after)


def agent_verdicts(plan: Plan) -> dict[str, Verdict]:
    """One verdict per agent: the worst of its items, MISMATCH before UNKNOWN before MATCH."""
    found: dict[str, Verdict] = {}
    rank = (Verdict.MATCH, Verdict.UNKNOWN, Verdict.MISMATCH)
    for item in plan.items:
        before = found.get(item.agent_id, Verdict.MATCH)
        found[item.agent_id] = max(before, item.verdict, key=rank.index)
    return found


def _fate(facts: RecoveryFacts, plan: Plan) -> str:
    left = [one for one in plan.findings if one.finding_id not in facts.applied_ids]
    if facts.applied and any(one.corrections or one.alternatives for one in left):
        return "report.fate_part" if facts.applied_ids else "report.fate_human"
    if facts.applied:
        return "report.fate_approved" if plan.needs_human else "report.fate_applied"
    return "report.fate_human" if plan.needs_human else "report.fate_open"


def in_report_order(plan: Plan) -> list[Finding]:
    """By agent, what is no agent's last; within that as the plan has them."""
    return sorted(plan.findings, key=lambda one: (not one.agent_id, one.agent_id or ""))


def still_there(facts: RecoveryFacts) -> list[Finding]:
    """What only the second look found, or found again though it had been corrected."""
    if facts.plan is None or facts.left is None:
        return []
    told = {one.finding_id for one in facts.plan.findings} - facts.applied_ids
    return [one for one in in_report_order(facts.left) if one.finding_id not in told]


def _details(facts: RecoveryFacts, say: Say) -> list[str]:
    if facts.plan is None:
        return []
    lines = _by_subject(in_report_order(facts.plan), facts.plan, facts.applied_ids, say)
    for plan in corrected_later(facts):
        more = _by_subject(in_report_order(plan), plan, facts.applied_ids, say)
        lines += [*([""] if lines else []), say("report.later_section"), *more]
    lines = [say("report.details"), *lines] if lines else []
    still = still_there(facts)
    if facts.left is not None and still:
        rest = _by_subject(still, facts.left, frozenset(), say)
        lines += [*([""] if lines else []), say("report.still_section"), *rest]
    return lines


def _by_subject(
    findings: list[Finding], plan: Plan, applied_ids: frozenset[str], say: Say
) -> list[str]:
    subjects: dict[str, list[Finding]] = {}
    for one in findings:
        subjects.setdefault(one.agent_id or say("report.account"), []).append(one)
    lines: list[str] = []
    for subject, mine in subjects.items():
        lines += [*([""] if lines else []), f"  {subject}:"]
        for one in mine:
            lines += finding_lines(one, plan, one.finding_id in applied_ids, say)
    return lines
