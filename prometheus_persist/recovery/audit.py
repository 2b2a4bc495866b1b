"""What goes into ``recovery_log.txt``: what was found, decided and corrected, by which evidence.

Pure. One line a fact; values are JSON, so that no id can forge a line.
"""

from __future__ import annotations

import json

from prometheus_persist.report.facts import FlattenFacts, RecoveryFacts


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
        proof = " ".join(f"{row.kind}:{_text(row.ref)}" for row in one.evidence)
        lines.append(
            f"finding {one.finding_id} case={one.case} resolution={one.resolution} "
            f"agent={_text(one.agent_id)} key={_text(str(one.key) if one.key else None)} "
            f"what={one.what} params={_text(dict(one.params))} evidence=[{proof}]"
        )
        lines += [f"  correction {_text(str(step))}" for step in one.corrections]
    return lines


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
