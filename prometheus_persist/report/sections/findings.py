"""One finding in words: what was found, its cause, what is done about it, and what proves it.

1. A finding's kind fixes its sentences; where the facts are told apart further, this is where: a
   position closed whole or in part, seen by the books or never, closed with a loss by a stop.
2. Nothing is said that the plan does not hold. "OKX holds none" is said of a key that OKX shows
   flat, not of one owner's part of it.
3. ``correction`` is said of what was done, ``proposed`` of what was not. Of what a human chose and
   was done, the alternative is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from prometheus_persist.reconcile.plan import Evidence, Finding, Plan
from prometheus_persist.report.sections.alternatives import alternative_words, named
from prometheus_persist.report.steps import is_unlisted
from prometheus_persist.report.values import Say, known, money, when

EVIDENCE_SHOWN_MAX = 4
_MONEY_PARAMS = frozenset({"pnl", "fee", "amount", "residual"})
_OTHER_LEDGER = {"private": "public", "public": "private"}
NONE = Decimal(0)


def finding_words(
    one: Finding, plan: Plan, say: Say, *, applied: bool = False
) -> tuple[str, str, str]:
    """What was found, its cause, what is done: three sentences."""
    params = _params(one, plan, say)
    taken = (way for way in one.alternatives if applied and way.name == one.chosen)
    chosen = next((alternative_words(way, named(one), say) for way in taken), "")
    return (
        say(_what(one, plan), **params),
        say(_cause(one), **params),
        chosen or say(_remedy(one), **params),
    )


def finding_lines(one: Finding, plan: Plan, applied: bool, say: Say) -> list[str]:
    """The finding's lines in the report, evidence last."""
    what, cause, remedy = finding_words(one, plan, say, applied=applied)
    refs = [evidence_name(row, say) for row in one.evidence]
    shown = ", ".join(refs[:EVIDENCE_SHOWN_MAX])
    more = f" ({say('report.more', n=len(refs))})" if len(refs) > EVIDENCE_SHOWN_MAX else ""
    return [
        say("report.what", text=what),
        say("report.cause", text=cause),
        say("report.done" if is_done(one, applied) else "report.proposed", text=remedy),
        *([say("report.evidence", text=f"{shown}{more}")] if refs else []),
    ]


def is_done(one: Finding, applied: bool) -> bool:
    """Whether the remedy is a fact: carried out, or nothing to carry out."""
    return applied or not (one.corrections or one.alternatives)


def evidence_name(row: Evidence, say: Say) -> str:
    """A row's kind in words, and its id."""
    return f"{known(f'row.{row.kind}', row.kind, say)} {row.ref}"


def _what(one: Finding, plan: Plan) -> str:
    held, left = one.params.get("held"), one.params.get("left")
    if one.what != "what.close_unrecorded" or held is None or left is None:
        return one.what
    if Decimal(held) == NONE:
        return "what.close_never_seen"
    if Decimal(left) != NONE:
        return one.what
    venue = next((row.venue for row in plan.balances if row.key == one.key), None)
    flat = venue is not None and Decimal(venue) == NONE
    return "what.close_whole" if flat else "what.close_own_part"


def _cause(one: Finding) -> str:
    if one.cause == "cause.stop" and Decimal(one.params.get("pnl", "0")) < NONE:
        return "cause.stop_loss"
    if one.cause == "cause.torn" and not _older(one.params):
        return "cause.same_version"
    return one.cause


def _remedy(one: Finding) -> str:
    if one.what == "what.unmanaged":
        return "remedy.unmanaged"
    if is_unlisted(one):
        return "remedy.unlisted"
    closes = one.remedy in ("remedy.closed", "remedy.closed_outside")
    return "remedy.reduced" if closes and Decimal(one.params.get("left", "0")) else one.remedy


def _older(params: Mapping[str, str]) -> str:
    """Which of two ledgers is the older one; "" where neither is. A missing one is the oldest."""
    versions = {
        name: -1 if (told := params.get(f"{name}_version", "-")) == "-" else int(told)
        for name in _OTHER_LEDGER
    }
    if versions["private"] == versions["public"]:
        return ""
    return min(versions, key=versions.__getitem__)


def _params(one: Finding, plan: Plan, say: Say) -> dict[str, str]:
    key = {} if one.key is None else {"inst_id": one.key.inst_id, "key": str(one.key)}
    venue = next((row.venue for row in plan.balances if row.key == one.key), None)
    shown = {**key, "venue": "?" if venue is None else venue, **one.params}
    found = {name: _param(name, value, say) for name, value in shown.items()}
    if "items" in found:
        items = [say(f"item.{item}") for item in one.items]
        found["items"] = say("report.comma").join(items) or say("item.version")
    older = _older(one.params)
    return found | ({"older": say(f"ledger.{older}")} if older else {})


def _param(name: str, value: str, say: Say) -> str:
    if name in _MONEY_PARAMS:
        return money(value, signed=True)
    if name == "why":
        return say(value)
    if name in ("since_ms", "due_ms"):
        return when(int(value))
    if name in ("environment", "shown"):
        return known(f"environment.{value}", value, say)
    if name == "sources":
        return say("report.comma").join(
            known(f"source.{each}", each, say) for each in value.split(", ")
        )
    if name == "kind":
        return known(f"flow.{value}", value, say)
    if name == "source":
        return known(f"ledger.{value}", value, say)
    if name == "owners":  # shares, each "owner amount"; "-" is nobody
        shares = (
            say("report.nobody") + one[1:] if one[:2] == "- " else one for one in value.split(", ")
        )
        return ", ".join(shares)
    return value
