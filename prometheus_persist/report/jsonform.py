"""The same facts as JSON: every number exact, the plan under its hash."""

from __future__ import annotations

import dataclasses

from prometheus_persist.reconcile.planjson import plan_to_json
from prometheus_persist.report.facts import RecoveryFacts
from prometheus_persist.state.exactjson import JsonObject

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
        "plan": None
        if facts.plan is None
        else {
            **plan_to_json(facts.plan),
            "needs_human": facts.plan.needs_human,
            "incomplete": facts.plan.incomplete,
            "clean": facts.plan.clean,
        },
    }


def _jsonable(fields: JsonObject) -> JsonObject:
    """Tuples as lists, at every depth, so that what is written equals what is read back."""
    return {
        name: [_jsonable(item) if isinstance(item, dict) else item for item in value]
        if isinstance(value, (list, tuple))
        else value
        for name, value in fields.items()
    }
