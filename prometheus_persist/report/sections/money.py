"""R4 in words: is the money that is there the money that was booked, and whose is it?

The first reconciliation sets the baseline and says so: it proves nothing about what came before.
"""

from __future__ import annotations

from dataclasses import replace

from prometheus_persist.reconcile.facts import MoneyRow
from prometheus_persist.reconcile.plan import MoneyCheck, Verdict
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.values import Say, known, money
from prometheus_persist.state.money import plain


def money_lines(facts: RecoveryFacts, say: Say) -> list[str]:
    """The money section; empty where no money was looked at."""
    check = money_check(facts)
    if check is None:
        return []
    rows = [
        say("report.money_row", owner=owner, kinds=kinds, total=total)
        for owner, kinds, total in money_rows(facts, say)
    ]
    settled = "?" if check.settled is None else money(plain(check.settled))
    return [
        say("report.money_section", ccy=check.ccy),
        say("report.money_settled", settled=settled),
        say(
            "report.money_explained",
            reserve=money(plain(check.reserve)),
            booked=money(plain(check.booked), signed=True),
            basis=money(plain(check.basis), signed=True),
        ),
        money_verdict(check, say),
        *([say("report.money_first")] if money_is_first(check) else []),
        *rows,
    ]


def money_check(facts: RecoveryFacts) -> MoneyCheck | None:
    """As planned; where more than that was booked, or closed, as it stands behind it."""
    check = None if facts.plan is None else facts.plan.money
    now = None if facts.left is None else facts.left.money
    if check is None or now is None or not (facts.later or facts.flattened):
        return check
    return replace(now, first=check.first)


def money_is_first(check: MoneyCheck) -> bool:
    """Whether this reconciliation sets the baseline: one that cannot be judged sets none."""
    return check.first and check.verdict is Verdict.MATCH


def money_verdict(check: MoneyCheck, say: Say) -> str:
    """Whether it comes out, in one line."""
    if check.verdict is Verdict.UNKNOWN or check.residual is None:
        return say("report.money_unknown", why=say(check.problem))
    said = "report.money_match" if check.verdict is Verdict.MATCH else "report.money_differs"
    return say(said, residual=money(plain(check.residual), signed=True))


def money_rows(facts: RecoveryFacts, say: Say) -> list[tuple[str, str, str]]:
    """(owner, what kinds, in all) as words."""
    return [
        (row.owner or say("report.account"), _kinds(row, say), money(row.total, signed=True))
        for row in facts.money_rows
    ]


def _kinds(row: MoneyRow, say: Say) -> str:
    return ", ".join(
        f"{known(f'flow.{kind}', kind, say)}={money(amount, signed=True)}"
        for kind, amount in row.kinds.items()
    )
