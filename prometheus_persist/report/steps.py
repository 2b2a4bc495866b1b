"""The way back to trading from any end of a reconciliation: sentences, and commands to paste.

Pure. Every end has at least one step, and each is a command that works as it stands (but for names
that only a human knows: ``AGENT``), or a wait whose end is known. What a second look found
(``facts.left``) counts before what was planned. First what keeps all of it shut, then what a human
chooses, what is read again, orders, freezes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_persist.commands import (
    apply_command,
    command,
    in_environment,
    is_live,
    of_store,
    plan_command,
)
from prometheus_persist.reconcile.plan import Case, Finding, Plan, Resolution
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.messages import message
from prometheus_persist.report.values import Say

REASON = message("step.reason", "en")
_BEHIND = frozenset({"what.bill_without_fill", "what.fill_unjudged", "what.intent_open"})
_ENVIRONMENTS = frozenset({"environment", "shown"})


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do: a message id with its values, and a command, "" where it needs none."""

    text: str
    command: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    def said(self, say: Say) -> str:
        """The sentence."""
        told = {
            name: say(f"environment.{value}") if name in _ENVIRONMENTS else value
            for name, value in self.params.items()
        }
        return say(self.text, **told)

    def typed(self, say: Say) -> str:
        """The command, its reason in the reader's language."""
        return self.command.replace(f"'{REASON}'", f"'{say('step.reason')}'")


def present(facts: RecoveryFacts) -> Plan | None:
    """What there is to decide and to do now."""
    return facts.plan if facts.left is None else facts.left


def asked(facts: RecoveryFacts) -> list[Finding]:
    """What a human is asked: the findings with something to choose from, HUMAN ones first."""
    plan = present(facts)
    found = [] if plan is None else [one for one in plan.findings if one.alternatives]
    return sorted(
        (one for one in found if facts.left is not None or one.finding_id not in facts.applied_ids),
        key=lambda one: one.resolution is not Resolution.HUMAN,
    )


def unapplied(facts: RecoveryFacts) -> list[Finding]:
    """What is proven and was not corrected."""
    plan = present(facts)
    return [
        one
        for one in (() if plan is None else plan.findings)
        if one.resolution in (Resolution.AUTO, Resolution.ORPHAN)
        and one.corrections
        and (facts.left is not None or one.finding_id not in facts.applied_ids)
    ]


def next_steps(facts: RecoveryFacts) -> list[NextStep]:
    """What leads back to trading; never empty."""
    if facts.postponed:
        return [NextStep("step.postponed", command(["reconcile"], facts.options))]
    found = {(one.text, one.command): one for one in _steps(facts)}
    return list(found.values()) or [NextStep("step.go_on")]


def _steps(facts: RecoveryFacts) -> Iterator[NextStep]:
    options = facts.options
    again, proven = command(["reconcile"], options), command(["reconcile", "--yes"], options)
    plan, waiting = present(facts), asked(facts)
    others = [] if plan is None else [one for one in plan.findings if one not in waiting]
    humans = [one for one in waiting if one.resolution is Resolution.HUMAN]
    unknown = [one for one in others if one.resolution is Resolution.UNKNOWN and one.about]
    if any(one.what == "what.host_unread" for one in others):
        yield NextStep("step.host_view")
    for one in others:
        if one.what == "what.other_account":
            yield from _other_account(one, options)
    left = unapplied(facts)
    if facts.applied and left and not (humans or facts.withheld):
        yield NextStep("step.read_again_soon", again)
    elif not facts.applied and left:
        if any(one.case is Case.N for one in left):  # no command has the host's doors
            yield NextStep("step.host_doors")
        if any(one.case is not Case.N for one in left):
            part = bool(humans or facts.decision == "incomplete")
            yield NextStep("step.correct_rest" if part else "step.correct", proven)
    elif facts.policy == "observe" and not waiting:
        yield NextStep("step.observed", again)
    yield from _owners_to_name(humans, plan, options)
    if any(one.case is Case.N for one in humans):  # no command has the host
        yield NextStep("step.host_books")
    if any(one.case is not Case.N for one in humans):
        yield NextStep("step.write_plan", plan_command(options))
        yield NextStep("step.apply_plan", apply_command(options))
    yield from _undecided([one for one in waiting if one not in humans], options, again)
    if plan is None or (plan.source_problems and not waiting):
        yield NextStep("step.read_again", again)
    elif unknown or (facts.decision == "incomplete" and not waiting):
        soon = all(one.what in _BEHIND for one in unknown)
        yield NextStep("step.read_again_soon" if soon else "step.read_again", again)
    yield from _orders(facts, options)
    yield from _freezes(facts, of_store(options))
    if facts.flattened is not None and facts.flattened.left:
        yield NextStep("step.flatten_again", command(_flatten(plan, options), options))


def _owners_to_name(humans: list[Finding], plan: Plan | None, options: str) -> Iterator[NextStep]:
    """Positions that were there before: one command for all of them. Where agents hold something
    of one, and nobody the opposite, it is not its owners that are missing."""
    more = [one for one in humans if one.what == "what.venue_more"]
    balances = () if plan is None else plan.balances
    owned = {one.key for one in balances if one.owners != "0"}
    keys = [str(one.key) for one in more if one.params["books"] == "0" and one.key not in owned]
    if keys:
        words = ["adopt", *(f"{key}=AGENT" for key in keys)]
        yield NextStep("step.adopt", command(words, options), {"key": ", ".join(keys)})


def _flatten(plan: Plan | None, options: str) -> list[str]:
    """A real account is flattened by name."""
    uid = "" if plan is None else plan.bound.get("uid", "")
    name = ["--account", uid or "UID"] if is_live(options) else []
    return ["reconcile", "--policy", "flatten", *name, "--yes"]


def _other_account(one: Finding, options: str) -> Iterator[NextStep]:
    live = one.params["environment"] == "live"
    right = command(["reconcile"], in_environment(options, live=live))
    yield NextStep("step.right_keys", right, one.params)
    words = ["reconcile", "--yes", "--adopt-account", one.params["uid"]]
    yield NextStep("step.adopt_account", command(words, options), one.params)


def _undecided(waiting: list[Finding], options: str, again: str) -> Iterator[NextStep]:
    """What cannot be judged, and what a human may say of it all the same.

    No later reading shows what is over: a history that is lost, a contract that is not listed.
    """
    if any(one.what != "what.history_lost" and not is_unlisted(one) for one in waiting):
        yield NextStep("step.read_again_soon", again)
    for one in waiting:
        yield NextStep("step.write_plan", plan_command(options))
        chosen = apply_command(options, one.finding_id, one.alternatives[0].name)
        lost = one.what == "what.history_lost"
        text = "step.accept_history" if lost else "step.if_true"
        yield NextStep(text, chosen, {"finding": one.finding_id})


def is_unlisted(one: Finding) -> bool:
    """Whether no later reading can judge it: its contract is listed no more."""
    return one.what == "what.fill_unjudged" and one.params["why"] == "why.no_instrument"


def _orders(facts: RecoveryFacts, options: str) -> Iterator[NextStep]:
    plan = present(facts)
    findings = () if plan is None else plan.findings
    plans = [plan, facts.plan, *facts.later]
    told = {one.finding_id: one for each in plans if each is not None for one in each.findings}
    unjudged = [one.params["cl_ord_id"] for one in findings if _is_unjudged(one)]
    names = list(dict.fromkeys([*facts.unanswered, *unjudged]))
    if names:
        yield NextStep("step.orders", command(["orders"], options), {"n": str(len(names))})
        yield NextStep("step.settle_orders", command(["orders", "settle"], options))
    for name in names:
        words = ["orders", "give-up", name, "--reason", REASON]
        yield NextStep("step.give_up_order", command(words, options), {"order": name})
    for one in told.values():
        if one.what == "what.stop_alone":
            name = one.params["cl_ord_id"]
            cancel = command(["orders", "cancel", name], options)
            yield NextStep("step.cancel_stop", cancel, {"order": name})
        if one.what == "what.resting_unknown":
            yield from _strays(one, options)


def _is_unjudged(one: Finding) -> bool:
    return one.what == "what.intent_open" and one.resolution is Resolution.UNKNOWN


def _strays(one: Finding, options: str) -> Iterator[NextStep]:
    """Orders that no open intent knows: by the exchange's own ids."""
    for row in one.evidence:
        words = ["orders", "cancel", "--inst", one.params["inst_id"], "--ord-id", row.ref]
        more = ["--algo"] if row.kind == "algo" else []
        yield NextStep("step.cancel_stray", command([*words, *more], options), {"order": row.ref})


def _freezes(facts: RecoveryFacts, options: str) -> Iterator[NextStep]:
    for inst_id in facts.frozen_instruments:
        lifted = command(["unfreeze", inst_id, "--reason", REASON], options)
        yield NextStep("step.unfreeze", lifted, {"inst_id": inst_id})
    if facts.frozen_all:
        yield NextStep(
            "step.unfreeze_all", command(["unfreeze", "--all", "--reason", REASON], options)
        )
