"""The same facts as JSON: every number exact, the plan under its hash.

``decision`` is that of the last look; ``left`` is what that found, None where there was none;
``later`` what the looks in between found, of which ``applied_ids`` has what was corrected.
``next`` are the steps that lead back to trading, in both languages and as commands; ``choices`` the
ways to answer every finding that a human is asked about.
"""

from __future__ import annotations

import dataclasses

from prometheus_persist.reconcile.plan import Plan
from prometheus_persist.reconcile.plan_json import plan_to_json
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.sections.alternatives import ways
from prometheus_persist.report.steps import asked, next_steps
from prometheus_persist.report.values import speaker
from prometheus_persist.state.exact_json import JsonObject

FORMAT = 1


def facts_to_json(facts: RecoveryFacts) -> JsonObject:
    """Everything the report knows; ``plan`` is None where the exchange could not be asked."""
    return {
        "format": FORMAT,
        "decision": facts.decision,
        "applied": facts.applied,
        "venue_problem": facts.venue_problem,
        "frozen_instruments": list(facts.frozen_instruments),
        "frozen_all": facts.frozen_all,
        "duration_ms": facts.duration_ms,
        "policy": facts.policy,
        "mode": facts.mode,
        "money_rows": [_jsonable(dataclasses.asdict(row)) for row in facts.money_rows],
        "sources": [_jsonable(dataclasses.asdict(one)) for one in facts.sources],
        "postponed": list(facts.postponed),
        "flattened": None
        if facts.flattened is None
        else _jsonable(dataclasses.asdict(facts.flattened)),
        "restore": _jsonable(dataclasses.asdict(facts.restore)),
        "system": _jsonable(dataclasses.asdict(facts.system)),
        "may_trade": facts.may_trade,
        "withheld": [_jsonable(dataclasses.asdict(one)) for one in facts.withheld],
        "unanswered": list(facts.unanswered),
        "before": [_jsonable(dataclasses.asdict(one)) for one in facts.before],
        "offset_ms": facts.offset_ms,
        "options": facts.options,
        "applied_ids": sorted(facts.applied_ids),
        "next": _next(facts),
        "choices": _choices(facts),
        "plan": _plan(facts.plan),
        "later": [_plan(one) for one in facts.later],
        "left": _plan(facts.left),
    }


def _plan(plan: Plan | None) -> JsonObject | None:
    return None if plan is None else {**plan_to_json(plan), **derived(plan)}


def derived(plan: Plan) -> dict[str, bool]:
    """What stands beside a plan's own content."""
    return {"needs_human": plan.needs_human, "incomplete": plan.incomplete, "clean": plan.clean}


def _next(facts: RecoveryFacts) -> list[JsonObject]:
    zh, en = speaker("zh"), speaker("en")
    return [
        {"step": one.text, "zh": one.said(zh), "en": one.said(en), "command": one.command}
        for one in next_steps(facts)
    ]


def _choices(facts: RecoveryFacts) -> list[JsonObject]:
    return [
        {
            "finding_id": one.finding_id,
            "alternative": way.name,
            "grade": alternative.grade.value,
            "suggested": way.suggested,
            "does": way.does,
            "command": way.command,
        }
        for one in asked(facts)
        for way, alternative in zip(
            ways(one, facts.options, speaker("en")), one.alternatives, strict=True
        )
    ]


def _jsonable(fields: JsonObject) -> JsonObject:
    """Tuples as lists, at every depth, so that what is written equals what is read back."""
    return {
        name: [_jsonable(item) if isinstance(item, dict) else item for item in value]
        if isinstance(value, (list, tuple))
        else value
        for name, value in fields.items()
    }
