"""What goes on standing after the decision: freezes in force, positions that nobody alive manages.

A freeze says since when, why, and by which finding; the finding's id is what lifting it names.
"""

from __future__ import annotations

from prometheus_persist.report.values import Say, known, when
from prometheus_persist.state.system_facts import FrozenFacts, StandingFacts, SystemFacts


def standing_lines(system: SystemFacts, unmanaged: list[str], say: Say) -> list[str]:
    """Positions of dead agents and of nobody, and what these books do not keep."""
    rows = [
        say(
            "report.standing_row",
            owner=standing_owner(one, say),
            key=one.key,
            contracts=one.contracts,
            px=one.entry_px,
            since=when(one.since_ms),
        )
        for one in system.standing
    ] + unmanaged
    return [say("report.standing_section"), *rows] if rows else []


def standing_owner(one: StandingFacts, say: Say) -> str:
    """A dead agent by name, or nobody."""
    return say("report.standing_dead", agent=one.owner) if one.owner else say("report.nobody")


def frozen_lines(system: SystemFacts, say: Say) -> list[str]:
    """Every freeze in force."""
    rows = [
        say(
            "report.frozen_row",
            what=frozen_name(one, say),
            since=when(one.since_ms),
            reason=frozen_reason(one, say),
        )
        for one in system.frozen
    ]
    return [say("report.frozen_section"), *rows] if rows else []


def frozen_name(one: FrozenFacts, say: Say) -> str:
    """The instrument, or everything."""
    return one.inst_id or say("report.everything")


def frozen_reason(one: FrozenFacts, say: Say) -> str:
    """Why: the finding's case in words and its id, else what a human wrote."""
    case = one.finding_id[:1]
    told = known(f"case.{case}", "", say) if case else ""
    return f"{told} ({one.finding_id})" if told else one.reason
