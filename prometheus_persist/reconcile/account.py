"""Whose account a view is of, what a plan of it is bound to, and how far back the account is kept.

1. uid and environment (demo trading or real) are kept at the first reconciliation. A view of
   another account, or of the other environment, is told in one finding (case L) and in no other:
   nothing of it is judged. ``for_another`` is for whoever means it: the books, with the money and
   the history of that account still to begin.
   Another level or position mode of the same account is told, and kept from then on.
2. A plan is bound to the store, the account and the environment (``Plan.bound``).
3. Downtime longer than what the exchange keeps leaves its lists cut at their old end. That is
   UNKNOWN, and stays so; a human may accept that what happened before is not known, and take what
   is left for the whole: what it does not explain is then told, one by one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime

from prometheus_persist.reconcile.finding import EVERYTHING, finding
from prometheus_persist.reconcile.plan import (
    Alternative,
    Case,
    Evidence,
    Finding,
    ForgetBefore,
    Grade,
    NoteFinding,
    Plan,
    Resolution,
)
from prometheus_persist.reconcile.views import Books, VenueView
from prometheus_persist.state import AccountCash, AccountIdentity

DAY_MS = 24 * 3_600_000
DEMO, LIVE = "demo", "live"
OTHER, LOST = "what.other_account", "what.history_lost"


def other_account(books: Books, view: VenueView) -> Finding | None:
    """The one finding about a view of another account; None for our own, or one nobody can tell."""
    kept = books.state.account_cash.identity
    if kept is None or not view.uid or view.demo is None:
        return None
    if (kept.uid, kept.demo) == (view.uid, view.demo):
        return None
    return finding(
        "other_account",
        Case.L,
        Resolution.HUMAN,
        params={
            "account": kept.uid,
            "environment": _environment(kept.demo),
            "uid": view.uid,
            "shown": _environment(view.demo),
        },
        evidence=[Evidence("account", view.uid, {"environment": _environment(view.demo)})],
        about=EVERYTHING,
    )


def changed(books: Books, view: VenueView) -> tuple[Finding, ...]:
    """One finding where the account's level or position mode is another than it was."""
    kept = books.state.account_cash.identity
    if kept is None or not view.uid or not kept.acct_lv:
        return ()
    before, now = (kept.acct_lv, kept.pos_mode), (view.acct_lv, view.pos_mode)
    if before == now:
        return ()
    params = {"before": " ".join(before), "now": " ".join(now), "account": kept.uid}
    evidence = [Evidence("account", view.uid, {"acct_lv": view.acct_lv, "pos_mode": view.pos_mode})]
    kind = ("account_changed", Case.L, Resolution.AUTO)
    return (
        finding(
            *kind,
            params=params,
            evidence=evidence,
            corrections=lambda finding_id: (NoteFinding(finding_id, "another level or mode"),),
        ),
    )


def for_another(books: Books, view: VenueView) -> Books:
    """The books as they are kept for the account of this view from now on."""
    made = identity(bound(books, view))
    assert made is not None, "an account that is adopted has been told"
    adopted = made.model_copy(update={"adopted": True})
    state = dataclasses.replace(
        books.state,
        account_cash=AccountCash(ccy=books.state.account_cash.ccy, identity=adopted),
        watermark=books.state.watermark.model_copy(update={"since_ms": view.read_ms}),
    )
    return dataclasses.replace(books, state=state)


def bound(books: Books, view: VenueView) -> Mapping[str, str]:
    """What a plan of this view holds for."""
    if not view.uid or view.demo is None:
        return {}
    return {
        "store_id": books.state.registry.store_id,
        "uid": view.uid,
        "environment": _environment(view.demo),
        "acct_lv": view.acct_lv,
        "pos_mode": view.pos_mode,
    }


def identity_of(plan: Plan) -> AccountIdentity | None:
    """The account that a plan is of; None where its view did not tell, or was of another one."""
    strange = any(one.what == OTHER for one in plan.findings)
    return None if strange or plan.source_problems else identity(plan.bound)


def identity(bound: Mapping[str, str]) -> AccountIdentity | None:
    """The account that a plan is bound to; None where its view did not tell."""
    if not bound:
        return None
    return AccountIdentity(
        uid=bound["uid"],
        demo=bound["environment"] == DEMO,
        acct_lv=bound["acct_lv"],
        pos_mode=bound["pos_mode"],
    )


def _environment(demo: bool) -> str:
    return DEMO if demo else LIVE


def history_findings(view: VenueView) -> tuple[Finding, ...]:
    """One finding where all that is wrong with the sources is that their past is cut.

    What is accepted ends on a whole day, a day after what is kept: the same plan for hours.
    """
    problems = view.problems()
    if not problems or not all(one.cut for one in problems):
        return ()
    since_ms = min(one.window_from_ms for one in problems)
    since = datetime.fromtimestamp(since_ms / 1000, UTC).date().isoformat()
    until_ms = (max(one.kept_from_ms for one in problems) // DAY_MS + 2) * DAY_MS
    way = Alternative("accept", Grade.ASSUMED, (), (ForgetBefore(until_ms),))
    return (
        finding(
            "history_lost",
            Case.F,
            Resolution.UNKNOWN,
            params={"sources": ", ".join(one.name for one in problems), "since": since},
            alternatives=lambda _: (way,),
            about=EVERYTHING,
        ),
    )


def accepts_loss(plan: Plan | None) -> bool:
    """Whether a human took what is kept for the whole."""
    findings = () if plan is None else plan.findings
    return any(one.what == LOST and one.chosen for one in findings)


def as_kept(view: VenueView) -> VenueView:
    """The view with what the exchange keeps taken for the whole."""
    sources = {
        name: dataclasses.replace(one, complete=True, problem="") if one.cut else one
        for name, one in view.sources.items()
    }
    return dataclasses.replace(view, sources=sources)
