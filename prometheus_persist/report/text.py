"""The recovery report as text, in Chinese or English: one function per section.

1. Every number in it comes from ``RecoveryFacts``. Times are UTC.
2. Money has thousands separators and at most two decimals here; exact figures are in the JSON.
3. What was not judged is never counted as consistent, and an exchange that was not read makes
   nothing flat.
4. What is not asked for is not there: a section without facts is left out.
"""

from __future__ import annotations

from prometheus_persist.reconcile.plan import PRIORITY, Finding, Plan, Resolution, Verdict
from prometheus_persist.reconcile.planjson import KINDS
from prometheus_persist.report.facts import AgentFacts, FlattenFacts, RecoveryFacts, SourceFacts
from prometheus_persist.report.findingtext import finding_lines
from prometheus_persist.report.moneytext import money_lines
from prometheus_persist.report.standingtext import frozen_lines, standing_lines
from prometheus_persist.report.values import Say, ago, known, money, speaker, when

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
        _details(facts, say),
        money_lines(facts, say),
        standing_lines(facts.system, say),
        frozen_lines(facts.system, say),
        _for_a_human(facts, say),
        decision_lines(facts, say),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + f"\n\n{BAR}\n"


def _times(facts: RecoveryFacts, say: Say) -> list[str]:
    restore = facts.restore
    lines = [say("report.restored", time=when(restore.restored_ms))]
    if restore.fresh:
        return [*lines, say("report.fresh")]
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
    return lines


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
    return lines + [say("report.warning", text=warning) for warning in facts.restore.warnings]


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
    return [*lines, say("report.not_flat")] if plan.source_problems else lines


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
    return f"{known(f'source.{one.name}', one.name, say)}: {one.problem}{windows}{kept}"


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
    if facts.applied:
        return "report.fate_approved" if plan.needs_human else "report.fate_applied"
    return "report.fate_human" if plan.needs_human else "report.fate_open"


def in_report_order(plan: Plan) -> list[Finding]:
    """By agent, what is no agent's last; within that as the plan has them."""
    return sorted(plan.findings, key=lambda one: (not one.agent_id, one.agent_id or ""))


def _details(facts: RecoveryFacts, say: Say) -> list[str]:
    if facts.plan is None or not facts.plan.findings:
        return []
    by_subject: dict[str, list[Finding]] = {}
    for one in in_report_order(facts.plan):
        by_subject.setdefault(one.agent_id or say("report.account"), []).append(one)
    blocks = []
    for subject, findings in by_subject.items():
        lines = [f"  {subject}:"]
        for one in findings:
            lines += finding_lines(one, facts.plan, facts.applied, say)
        blocks.append("\n".join(lines))
    return [say("report.details"), "\n\n".join(blocks)]


def _for_a_human(facts: RecoveryFacts, say: Say) -> list[str]:
    if facts.plan is None or not facts.plan.needs_human or facts.applied:
        return []
    rows = [
        say(
            "report.human_row",
            id=one.finding_id,
            case=one.case.value,
            subject=" ".join(part for part in (one.agent_id, str(one.key or "")) if part) or "-",
            steps=_steps(one, say),
        )
        for one in facts.plan.findings
        if one.resolution is Resolution.HUMAN
    ]
    return [
        say("report.human_section"),
        *rows,
        say("report.hash", hash=facts.plan.plan_hash),
        say("report.how_plan"),
        say("report.how_apply"),
    ]


def _steps(one: Finding, say: Say) -> str:
    names = [KINDS[type(step)] for step in one.corrections]
    counted = {name: names.count(name) for name in names}
    told = [say(f"report.step_{name}", n=count) for name, count in counted.items()]
    return ", ".join(told) or say("report.no_steps")


def _flattened(facts: FlattenFacts, say: Say) -> list[str]:
    lines = [say("report.flattened", sent=facts.sent, left=len(facts.left))]
    for one in facts.left:
        told = {"owner": one.owner, "key": one.key, "contracts": one.contracts, "why": one.why}
        lines.append(say("report.flat_left", **told))
    if facts.open_orders:
        lines.append(say("report.flat_open", text=", ".join(facts.open_orders)))
    return lines


def is_pending(facts: RecoveryFacts) -> bool:
    """Whether everything is proven and nothing was done about it yet: a plan that was only looked
    at, or not confirmed. The gate is shut."""
    ready = facts.decision in ("go", "go_restricted") and not facts.applied
    return ready and facts.plan is not None and bool(facts.plan.corrections)


def decision_lines(facts: RecoveryFacts, say: Say) -> list[str]:
    """What may go on, and what stands in the way; a heading first."""
    clean = facts.plan is not None and facts.plan.clean
    words = {
        "go": ["report.go", "report.go_clean" if clean else "report.go_corrected"],
        "go_restricted": ["report.go_restricted"],
        "human": ["report.human", "report.human_unchanged"],
        "incomplete": ["report.incomplete", "report.incomplete_not_flat"],
    }
    said = ["report.pending"] if is_pending(facts) else words[facts.decision]
    lines = [say("report.decision"), *(say(name) for name in said)]
    if facts.postponed:
        text = ", ".join(facts.postponed)
        lines = [lines[0], say("report.postponed", n=len(facts.postponed), text=text)]
    if facts.flattened is not None:
        lines += _flattened(facts.flattened, say)
    if facts.frozen_instruments:
        lines.append(say("report.frozen", text=", ".join(facts.frozen_instruments)))
    if facts.frozen_all:
        lines.append(say("report.frozen_all", text=facts.frozen_all))
    return lines
