"""What goes into ``recovery_log.txt``: what was found, decided and corrected, by which evidence.

Pure. One line a fact; values are JSON, so that no id can forge a line. Of every finding it says
whether it was applied, and which alternative was chosen; steps that were not carried out are
``proposed``. What a second look found is told behind what was planned.

A correction stands there before its commit, too (``due_lines``): a process that is killed behind
the commit has written down what it did, and why. The opening after it names the commit it found.
"""

from __future__ import annotations

import json

from prometheus_persist.reconcile.plan import Finding, Plan
from prometheus_persist.recovery.facts import FlattenFacts, RecoveryFacts, corrected_later


def audit_lines(facts: RecoveryFacts) -> list[str]:
    """The lines of one reconciliation."""
    if facts.plan is None:
        return [f"reconcile decision={facts.decision} problem={_text(facts.venue_problem)}"]
    head = (
        f"reconcile decision={facts.decision} applied={facts.applied} plan={facts.plan.plan_hash}"
        + (f" policy={facts.policy}" if facts.policy else "")
        + (f" problem={_text(facts.venue_problem)}" if facts.venue_problem else "")
    )
    lines = [head]
    lines += [f"unread {_text(problem)}" for problem in facts.plan.source_problems]
    for one in facts.plan.findings:
        lines += _finding(one, applied=one.finding_id in facts.applied_ids)
    for plan in corrected_later(facts):
        lines.append(f"look again plan={plan.plan_hash} corrected={len(plan.findings)}")
        for one in plan.findings:
            lines += _finding(one, applied=True)
    if facts.left is not None:
        lines.append(f"second look plan={facts.left.plan_hash} left={len(facts.left.findings)}")
        told = {one.finding_id for one in facts.plan.findings} - facts.applied_ids
        for one in facts.left.findings:
            lines += [] if one.finding_id in told else _finding(one, applied=False)
    lines += [
        f"withheld inst={_text(one.inst_id)} agent={_text(one.agent_id)} for={one.waits_for} "
        f"findings={_text(list(one.finding_ids))}"
        for one in facts.withheld
    ]
    lines += [f"unanswered {_text(name)}" for name in facts.unanswered]
    return lines


def due_lines(plan: Plan) -> list[str]:
    """What is about to be committed; nothing where nothing is corrected."""
    found = [one for one in plan.findings if one.corrections]
    head = f"about to correct findings={len(found)} corrections={len(plan.corrections)}"
    lines = [line for one in found for line in _finding(one, applied=True, word="due")]
    return [head, *lines] if found else []


def _finding(one: Finding, *, applied: bool, word: str = "") -> list[str]:
    proof = " ".join(f"{row.kind}:{_text(row.ref)}" for row in one.evidence)
    chosen = f"chosen={_text(one.chosen)} " if one.chosen else ""
    line = (
        f"finding {one.finding_id} case={one.case} resolution={one.resolution} "
        f"{word or f'applied={applied}'} "
        f"{chosen}agent={_text(one.agent_id)} key={_text(str(one.key) if one.key else None)} "
        f"what={one.what} params={_text(dict(one.params))} evidence=[{proof}]"
    )
    word = word or ("correction" if applied else "proposed")
    return [line, *(f"  {word} {_text(str(step))}" for step in one.corrections)]


def flatten_lines(facts: FlattenFacts) -> list[str]:
    """The lines of one flattening: what is left, and why."""
    lines = [f"flatten sent={facts.sent} left={len(facts.left)} open={len(facts.open_orders)}"]
    lines += [
        f"left {_text(one.owner)} key={_text(one.key)} contracts={one.contracts} "
        f"why={_text(one.why)}"
        for one in facts.left
    ]
    return lines


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
