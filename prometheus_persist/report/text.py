"""The recovery report as text, in Chinese or English: one function per section.

1. Every number in it comes from ``RecoveryFacts``. Times are UTC.
2. Money has thousands separators and at most two decimals here; exact figures are in the JSON.
3. What was not judged is never counted as consistent, and an exchange that was not read makes
   nothing flat.
4. ``correction`` is said of what was done, ``proposed`` of what was not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from prometheus_persist.reconcile.plan import Finding, Plan, Resolution, Verdict
from prometheus_persist.reconcile.planjson import KINDS
from prometheus_persist.report.facts import AgentFacts, RecoveryFacts
from prometheus_persist.report.messages import MESSAGES, message

BAR = "=" * 70
EVIDENCE_SHOWN_MAX = 4
CENTS = Decimal("0.01")
_MONEY_PARAMS = frozenset({"pnl", "fee"})
_AGO_UNITS = (("report.days", 86_400), ("report.hours", 3_600), ("report.minutes", 60))

Say = Callable[..., str]


def render_text(facts: RecoveryFacts, lang: str) -> str:
    """The whole report; ends in a newline."""

    def say(message_id: str, **params: object) -> str:
        return message(message_id, lang, **{name: str(value) for name, value in params.items()})

    sections = [
        [BAR, say("report.title"), BAR],
        _times(facts, say),
        _system(facts, say),
        _agents(facts, say),
        _three_books(facts, say),
        _details(facts, say),
        _for_a_human(facts, say),
        _decision(facts, say),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + f"\n\n{BAR}\n"


def _times(facts: RecoveryFacts, say: Say) -> list[str]:
    restore = facts.restore
    restored = say("report.restored", time=when(restore.restored_ms))
    if restore.fresh:
        return [restored, say("report.fresh")]
    ago = _ago(restore.restored_ms - restore.last_save_ms, say)
    return [restored, say("report.last_save", time=when(restore.last_save_ms), ago=ago)]


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
    known = f"death.{agent.death_reason or 'UNKNOWN'}"
    return say(known) if known in MESSAGES else agent.death_reason


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
    if plan.balances:
        lines.append(_keys(plan, say))
    lines += [say("report.source_problem", text=text) for text in plan.source_problems]
    return [*lines, say("report.not_flat")] if plan.source_problems else lines


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


def _details(facts: RecoveryFacts, say: Say) -> list[str]:
    if facts.plan is None or not facts.plan.findings:
        return []
    by_subject: dict[str, list[Finding]] = {}
    for one in sorted(facts.plan.findings, key=lambda one: (one.agent_id is None, one.agent_id)):
        by_subject.setdefault(one.agent_id or say("report.account"), []).append(one)
    blocks = []
    for subject, findings in by_subject.items():
        lines = [f"  {subject}:"]
        for one in findings:
            lines += finding_lines(one, facts.applied, say)
        blocks.append("\n".join(lines))
    return [say("report.details"), "\n\n".join(blocks)]


def finding_lines(one: Finding, applied: bool, say: Say) -> list[str]:
    """What was found, its cause, what is done about it, and the rows that prove it."""
    known = {"inst_id": one.key.inst_id if one.key else "", **one.params}
    params = {name: _param(name, value, say) for name, value in known.items()}
    done = "report.done" if applied and one.corrections else "report.proposed"
    if one.resolution is Resolution.UNKNOWN or not one.corrections:
        done = "report.done"
    refs = [f"{row.kind} {row.ref}" for row in one.evidence]
    shown = ", ".join(refs[:EVIDENCE_SHOWN_MAX])
    more = f" ({say('report.more', n=len(refs))})" if len(refs) > EVIDENCE_SHOWN_MAX else ""
    return [
        say("report.what", text=say(one.what, **params)),
        say("report.cause", text=say(one.cause, **params)),
        say(done, text=say(one.remedy, **params)),
        *([say("report.evidence", text=f"{shown}{more}")] if refs else []),
    ]


def _param(name: str, value: str, say: Say) -> str:
    if name in _MONEY_PARAMS:
        return money(value, signed=True)
    if name == "why":
        return say(value)
    if name == "source":
        return say(f"ledger.{value}")
    if name == "items":
        return ", ".join(say(f"item.{item}") for item in value.split(",") if item) or "-"
    return value


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


def _decision(facts: RecoveryFacts, say: Say) -> list[str]:
    clean = facts.plan is not None and facts.plan.clean
    words = {
        "go": ["report.go", "report.go_clean" if clean else "report.go_corrected"],
        "go_restricted": ["report.go_restricted"],
        "human": ["report.human", "report.human_unchanged"],
        "incomplete": ["report.incomplete", "report.incomplete_not_flat"],
    }
    lines = [say("report.decision"), *(say(name) for name in words[facts.decision])]
    if facts.frozen_instruments:
        lines.append(say("report.frozen", text=", ".join(facts.frozen_instruments)))
    if facts.frozen_all:
        lines.append(say("report.frozen_all", text=facts.frozen_all))
    return lines


def when(time_ms: int) -> str:
    """Unix milliseconds as UTC text."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def money(amount: str, *, signed: bool = False) -> str:
    """``$12,500``, ``-$150``, and ``+$2,500`` where the sign matters."""
    value = Decimal(amount)
    cents = abs(value).quantize(CENTS, rounding=ROUND_HALF_EVEN)
    digits = f"{cents:,.2f}".removesuffix(".00")
    sign = "-" if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}${digits}"


def _ago(elapsed_ms: int, say: Say) -> str:
    seconds = max(elapsed_ms, 0) // 1000
    parts = []
    for name, length in _AGO_UNITS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(say(name, n=count))
    return "".join(parts).strip() or say("report.seconds", n=seconds)
