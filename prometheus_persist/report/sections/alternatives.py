"""What a human may choose, in words: graded, with what each way does to whom, and its command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_persist.commands import apply_command
from prometheus_persist.reconcile.plan import Alternative, Case, Effect, Finding
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.sections.corrections import correction_words
from prometheus_persist.report.steps import asked
from prometheus_persist.report.values import Say, money


@dataclass(frozen=True, slots=True)
class ShownAlternative:
    """One alternative, said. ``suggested``: it is what an approval without a choice takes."""

    name: str
    grade: str
    suggested: bool
    does: str
    effects: tuple[str, ...]
    pro: str
    contra: str
    leaves: str
    command: str


def alternative_words(way: Alternative, params: Mapping[str, str], say: Say, what: str = "") -> str:
    """What an alternative does; ``what`` is pro, contra or leaves for these sides of it."""
    words = f"alt.{way.kind}{'.' if what else ''}{what}"
    return say(words, **{**params, "agent": way.agent_id})


def named(one: Finding) -> Mapping[str, str]:
    """What the words of a finding's alternatives may name."""
    inst_id = one.params.get("inst_id", "-") if one.key is None else one.key.inst_id
    return {"inst_id": inst_id}


def ways(one: Finding, options: str, say: Say) -> list[ShownAlternative]:
    """Every alternative of a finding, in the plan's order: best first."""
    params = named(one)
    return [
        ShownAlternative(
            name=way.name,
            grade=say(f"grade.{way.grade.value}"),
            suggested=way.name == one.chosen,
            does=alternative_words(way, params, say),
            effects=_effects(way, say),
            pro=alternative_words(way, params, say, "pro"),
            contra=alternative_words(way, params, say, "contra"),
            leaves=alternative_words(way, params, say, "leaves"),
            command=_chosen_by(one, way.name, options),
        )
        for way in one.alternatives
    ]


def _chosen_by(one: Finding, name: str, options: str) -> str:
    """What chooses it: a command, or in a host's process a call (no command has the host)."""
    if one.case is Case.N:
        return f"p.approve({{'{one.finding_id}': '{name}'}})"
    return apply_command(options, one.finding_id, name)


def _effects(way: Alternative, say: Say) -> tuple[str, ...]:
    """Who gains and loses what; where nobody does, what is written."""
    told = tuple(_effect(one, say) for one in way.effects)
    steps = tuple(correction_words(step, say) for step in way.corrections)
    return told or steps or (say("report.effect_none"),)


def _effect(one: Effect, say: Say) -> str:
    words = {
        "owner": one.owner or say("report.nobody" if one.contracts else "report.account"),
        "key": one.key,
        "contracts": _signed(one.contracts),
        "money": money(one.money, signed=True) if one.money else "",
    }
    if not one.contracts:
        return say("report.effect_money", **words)
    return say("report.effect" if one.money else "report.effect_contracts", **words)


def _signed(contracts: str) -> str:
    return contracts if contracts[:1] in ("", "-", "+", "0") else f"+{contracts}"


def human_lines(facts: RecoveryFacts, say: Say) -> list[str]:
    """The section for a human: each question, its ways, and how to answer."""
    lines = []
    for one in asked(facts):
        subject = " ".join(part for part in (one.agent_id, str(one.key or "")) if part) or "-"
        case = f"{one.case.value} {say(f'case.{one.case.value}')}"
        lines.append(say("report.human_row", id=one.finding_id, case=case, subject=subject))
        if not one.chosen:
            lines.append(say("report.none_chosen"))
        for way in ways(one, facts.options, say):
            lines += _way_lines(way, say)
    if not lines:
        return []
    return [say("report.human_section"), *lines]


def _way_lines(way: ShownAlternative, say: Say) -> list[str]:
    mark = "★" if way.suggested else "·"
    return [
        say("report.way", mark=mark, name=way.name, grade=way.grade, text=way.does),
        *(say("report.way_effect", text=text) for text in way.effects),
        say("report.way_pro", text=way.pro),
        say("report.way_contra", text=way.contra),
        say("report.way_leaves", text=way.leaves),
        say("report.way_command", text=way.command),
    ]
