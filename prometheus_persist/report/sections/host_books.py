"""A host's own books, item by item: how many agree, what differs, and why something is not judged.

Told of the second look where there was one. Times are UTC.
"""

from __future__ import annotations

from collections import Counter

from prometheus_persist.reconcile.plan import HostItem, Item, Verdict
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.steps import present
from prometheus_persist.report.values import Say, known, when

_SIDES = {"long": "direction.long", "short": "direction.short", "none": "direction.none"}


def host_lines(facts: RecoveryFacts, say: Say) -> list[str]:
    """The section; nothing where a host shows no books, or holds nothing."""
    items = shown_items(facts)
    if not items:
        return []
    counts = Counter(one.verdict for one in items)
    why = Counter((one.item, one.note) for one in items if one.verdict is Verdict.UNKNOWN)
    return [
        say("report.host_section"),
        say(
            "report.host_counted",
            mark="✅" if counts[Verdict.MATCH] == len(items) else "⚠️ ",
            n=f"{len(items):,}",
            match=f"{counts[Verdict.MATCH]:,}",
            differ=f"{counts[Verdict.MISMATCH]:,}",
            unknown=f"{counts[Verdict.UNKNOWN]:,}",
        ),
        *(
            say(
                "report.host_differs",
                agent=one.agent_id,
                key=str(one.key),
                ledger=say(f"ledger.{one.ledger}"),
                item=say(f"item.{one.item.value}"),
                shown=value_words(one, one.shown, say),
                due=value_words(one, one.due, say),
            )
            for one in items
            if one.verdict is Verdict.MISMATCH
        ),
        *(
            say("report.host_unknown", item=say(f"item.{item.value}"), n=f"{n:,}", why=words)
            for (item, note), n in sorted(why.items())
            for words in [known(note, note, say)]
        ),
    ]


def shown_items(facts: RecoveryFacts) -> tuple[HostItem, ...]:
    """Those of the last look."""
    plan = present(facts)
    return () if plan is None else plan.host_items


def value_words(one: HostItem, value: str, say: Say) -> str:
    """A value as people read it; "–" for none."""
    if not value:
        return "–"
    if one.item is Item.HOLDING_TIME:
        return when(int(value))
    if one.item is Item.DIRECTION:
        return say(_SIDES[value])
    return value
