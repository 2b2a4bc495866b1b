"""The start decision in words, and what to do next.

``human`` and ``incomplete`` may be about a part: then the words name it, and say that the rest may
trade. They are those of the second look. What was only looked at is never called corrected.
"""

from __future__ import annotations

from prometheus_persist.recovery.facts import FlattenFacts, RecoveryFacts
from prometheus_persist.report.sections.findings import finding_words
from prometheus_persist.report.sections.waiting import withheld_name
from prometheus_persist.report.steps import next_steps, present, unapplied
from prometheus_persist.report.values import Say


def is_pending(facts: RecoveryFacts) -> bool:
    """Whether everything is proven and nothing was done about it yet: a plan that was only looked
    at, or not confirmed. The gate is shut."""
    ready = facts.decision in ("go", "go_restricted") and not facts.applied
    return ready and facts.plan is not None and bool(facts.plan.corrections)


def is_partial(facts: RecoveryFacts) -> bool:
    """Whether what stands in the way is a part, and the rest may trade."""
    return facts.may_trade and facts.decision in ("human", "incomplete")


def decision_lines(facts: RecoveryFacts, say: Say) -> list[str]:
    """What may go on, and what stands in the way; a heading first."""
    lines = [say("report.decision"), *_said(facts, say)]
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


def _said(facts: RecoveryFacts, say: Say) -> list[str]:
    if is_pending(facts):
        return [say("report.pending")]
    if facts.decision == "go":
        return [say("report.go"), say(_how(facts))]
    if facts.decision == "go_restricted":
        return [say("report.go_restricted")]
    if is_partial(facts):
        return _partial(facts, say)
    stranger = _other_account(facts, say)
    if stranger:
        return [stranger, say("report.human_unchanged")]
    if facts.decision == "human":
        last = "report.part_unchanged" if facts.applied else "report.human_unchanged"
        return [say("report.human"), say(last)]
    plan = present(facts)
    read = plan is not None and not plan.source_problems
    last = "report.part_unchanged" if facts.applied else "report.incomplete_not_flat"
    return [say("report.unjudged" if read else "report.incomplete"), say(last)]


def _other_account(facts: RecoveryFacts, say: Say) -> str:
    """The one sentence about keys of another account; "" for our own."""
    plan = present(facts)
    found = [one for one in (plan.findings if plan else ()) if one.what == "what.other_account"]
    if plan is None or not found:
        return ""
    return say("report.other_account", text=finding_words(found[0], plan, say)[0])


def _how(facts: RecoveryFacts) -> str:
    """How everything came to be consistent."""
    if facts.plan is not None and facts.plan.clean:
        return "report.go_clean"
    found = () if facts.plan is None else facts.plan.findings
    chosen = any(one.chosen and one.finding_id in facts.applied_ids for one in found)
    return "report.go_approved" if chosen else "report.go_corrected"


def _partial(facts: RecoveryFacts, say: Say) -> list[str]:
    found = []
    for waits_for, words in (
        ("human", "report.human_part"),
        ("exchange", "report.incomplete_part"),
    ):
        names = [withheld_name(one, say) for one in facts.withheld if one.waits_for == waits_for]
        if names:
            found.append(say(words, what=say("report.comma").join(names)))
    found = found or [say("report.go_restricted")]
    pending = not facts.applied and unapplied(facts)
    return [*found, say("report.part_pending" if pending else "report.part_unchanged")]


def _flattened(facts: FlattenFacts, say: Say) -> list[str]:
    lines = [say("report.flattened", sent=facts.sent, left=len(facts.left))]
    for one in facts.left:
        told = {"owner": one.owner, "key": one.key, "contracts": one.contracts, "why": one.why}
        lines.append(say("report.flat_left", **told))
    if facts.open_orders:
        lines.append(say("report.flat_open", text=", ".join(facts.open_orders)))
    return lines


def step_lines(facts: RecoveryFacts, say: Say) -> list[str]:
    """What leads back to trading, each with its command; empty where nothing is to be done."""
    lines = []
    for step in next_steps(facts):
        if step.text == "step.go_on":
            continue
        lines.append(say("report.next_row", text=step.said(say)))
        if step.command:
            lines.append(say("report.next_command", command=step.typed(say)))
    return [say("report.next_section"), *lines] if lines else []
