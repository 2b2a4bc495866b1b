"""What waits, and what is in sight without being managed: in words.

Withheld instruments and agents, orders without an answer, positions of products that the books do
not keep, the clock.
"""

from __future__ import annotations

from prometheus_persist.reconcile.decision import WithheldFacts
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.steps import present
from prometheus_persist.report.values import Say, known

OFFSET_TOLD_MS = 1_000


def withheld_lines(facts: RecoveryFacts, say: Say) -> list[str]:
    """What takes no new entries, and until when; that everything else trades."""
    if not facts.withheld:
        return []
    rows = [
        say("report.withheld_row", what=withheld_name(one, say), until=withheld_until(one, say))
        for one in facts.withheld
    ]
    rest = [say("report.withheld_rest")] if facts.may_trade else []
    return [say("report.withheld_section"), *rows, *rest]


def withheld_name(one: WithheldFacts, say: Say) -> str:
    """The instrument, the agent, or everything."""
    return one.inst_id or one.agent_id or say("report.everything")


def withheld_until(one: WithheldFacts, say: Say) -> str:
    """Whom it waits for, and what for."""
    ids = ", ".join(one.finding_ids)
    return say(
        "report.until_human" if one.waits_for == "human" else "report.until_exchange", ids=ids
    )


def unanswered_lines(facts: RecoveryFacts, say: Say) -> list[str]:
    """Orders whose fate is not known; their commands are among the next steps."""
    if not facts.unanswered:
        return []
    rows = [say("report.unanswered_row", order=name) for name in facts.unanswered]
    return [say("report.unanswered_section"), *rows]


def unmanaged_rows(facts: RecoveryFacts, say: Say) -> list[tuple[str, str, str, str, str]]:
    """Instrument, product, side, quantity, and why it is not kept."""
    plan = present(facts)
    return [
        (
            one.inst_id,
            " ".join(part for part in (one.inst_type, one.mgn_mode, one.ccy) if part),
            one.pos_side or "net",
            one.quantity,
            known(one.why, one.why, say),
        )
        for one in (() if plan is None else plan.unmanaged)
    ]


def unmanaged_lines(facts: RecoveryFacts, say: Say) -> list[str]:
    """Those rows, for the section of positions that nobody manages."""
    return [
        say(
            "report.unmanaged_row",
            inst_id=inst_id,
            kind=kind,
            side=side,
            quantity=quantity,
            why=why,
        )
        for inst_id, kind, side, quantity, why in unmanaged_rows(facts, say)
    ]


def clock_line(facts: RecoveryFacts, say: Say) -> str:
    """How far this machine's clock is off, where it matters; else ""."""
    if abs(facts.offset_ms) <= OFFSET_TOLD_MS:
        return ""
    slow = facts.offset_ms > 0
    seconds = f"{abs(facts.offset_ms) / 1000:,.1f}"
    return say("report.clock_slow" if slow else "report.clock_fast", n=seconds)
