"""Plan files: what ``--plan`` wrote, and what ``--apply`` may take for a human's word.

1. The approval is of the file's content: its hash is worked out anew, and a file whose content is
   not what its own hash says was changed, and is refused.
2. A plan holds for one store, one account, and demo trading or real. Another one is refused.
3. A plan that is not that of the present view is stale (``PlanStale``); where a source could not be
   read that could be when it was made, nobody can say so, and the answer is what came of reading.

All of this is found out by reading: no lock is taken and no byte of the store is written. Each
refusal is one sentence of the catalogue.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_persist.cli.output import Output
from prometheus_persist.errors import BadConfig, BadValue, PlanStale
from prometheus_persist.exchange.reader import ExchangeReader
from prometheus_persist.reconcile.plan_json import hash_of_json
from prometheus_persist.recovery import restore
from prometheus_persist.session import plan_only
from prometheus_persist.session.report import RecoveryReport
from prometheus_persist.session.settings_sources import visited
from prometheus_persist.shown import shown_json
from prometheus_persist.state import state_from

_DERIVED = ("needs_human", "incomplete", "clean")
"""What is written beside a plan's own content."""


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as it was written: its hash, and what it holds for. ``offers`` are the alternatives
    of every finding that has any, ``unread`` the sources that were not whole, and why."""

    path: Path
    plan_hash: str
    bound: Mapping[str, str]
    offers: Mapping[str, tuple[str, ...]]
    unread: frozenset[str]


def read_plan_file(path: Path, output: Output) -> PlanFile:
    """The plan in a file; raises BadConfig for no plan, and for one that was changed."""
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))["plan"]
        stated = str(plan["plan_hash"])
        content = {name: value for name, value in plan.items() if name not in _DERIVED}
        worked_out = hash_of_json(content)
        offers = {
            str(one["finding_id"]): tuple(str(way["name"]) for way in one.get("alternatives", ()))
            for one in plan["findings"]
        }
        bound = {str(name): str(value) for name, value in plan.get("bound", {}).items()}
        unread = frozenset(str(one) for one in plan["source_problems"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError, BadValue) as problem:
        raise BadConfig(output.say("cli.plan.none", path=path, problem=problem)) from None
    if worked_out != stated:
        raise BadConfig(output.say("cli.plan.changed", path=path))
    offered_ways = {name: ways for name, ways in offers.items() if ways}
    return PlanFile(path, stated, bound, offered_ways, unread)


def choices_of(given: Iterable[str], plan: PlanFile, output: Output) -> dict[str, str]:
    """``--choose FINDING=ALTERNATIVE`` as the plan offers them; BadConfig says what there is."""
    found: dict[str, str] = {}
    for text in given:
        finding_id, equals, name = text.partition("=")
        if not (finding_id and equals and name):
            raise BadConfig(output.say("cli.choose.form", text=text))
        if finding_id not in plan.offers:
            there = ", ".join(sorted(plan.offers)) or "-"
            raise BadConfig(output.say("cli.choose.finding", finding=finding_id, there=there))
        if name not in plan.offers[finding_id]:
            there = ", ".join(plan.offers[finding_id])
            raise BadConfig(
                output.say("cli.choose.way", finding=finding_id, name=name, there=there)
            )
        if found.setdefault(finding_id, name) != name:
            raise BadConfig(output.say("cli.choose.twice", finding=finding_id))
    return found


def refuse_foreign(plan: PlanFile, directory: Path, *, demo: bool, output: Output) -> None:
    """Raise BadConfig for another store's plan, or one of the other environment."""
    store_id = state_from(restore(visited(directory)).documents).registry.store_id
    if plan.bound.get("store_id", "") != store_id:
        raise BadConfig(output.say("cli.plan.store", path=plan.path, directory=directory))
    environment = plan.bound.get("environment", "")
    if environment != ("demo" if demo else "live"):
        made, given = (output.say(f"environment.{one}") for one in _both(environment))
        raise BadConfig(output.say("cli.plan.environment", path=plan.path, made=made, given=given))


def _both(environment: str) -> tuple[str, str]:
    return ("live", "demo") if environment == "live" else ("demo", "live")


def looked_at(
    plan: PlanFile, directory: Path, reader: ExchangeReader, output: Output
) -> RecoveryReport:
    """What the present view comes to; raises BadConfig for another account's, and PlanStale.

    ``incomplete`` where more was left unread than when the plan was made.
    """
    now = plan_only(directory, reader)
    if now.plan is None:
        return now
    uid, account = now.plan.bound.get("uid", ""), plan.bound.get("uid", "")
    if uid and uid != account:
        raise BadConfig(output.say("cli.plan.account", path=plan.path, account=account, uid=uid))
    if now.plan.plan_hash != plan.plan_hash and not set(now.plan.source_problems) - plan.unread:
        raise PlanStale(output.say("cli.plan.stale", path=plan.path))
    return now


def offered(facts: Mapping[str, Any]) -> str:
    """The file that ``--plan`` writes."""
    return shown_json(facts, indent=2)
