"""Making findings: their words, and ids that are hashes of what they say.

1. A finding's kind fixes its three message ids: what was found, its cause, what is done about it.
2. Its id is the case letter and a hash of everything it says except its corrections, so the same
   deviation has the same id in every reading, and a correction can name the finding it came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from prometheus_persist.reconcile.plan import Case, Correction, Evidence, Finding, Resolution
from prometheus_persist.state import PositionKey
from prometheus_persist.state.exactjson import dumps

ID_HEX_CHARS = 12

WORDS: Mapping[str, tuple[str, str, str]] = {
    "fill_unrecorded": ("what.fill_unrecorded", "cause.not_saved", "remedy.booked"),
    "closed_by_order": ("what.close_unrecorded", "cause.not_saved", "remedy.closed"),
    "closed_by_stop": ("what.close_unrecorded", "cause.stop", "remedy.closed_outside"),
    "closed_manual": ("what.close_unrecorded", "cause.manual", "remedy.closed_outside"),
    "closed_liquidation": ("what.close_unrecorded", "cause.liquidation", "remedy.closed_outside"),
    "closed_adl": ("what.close_unrecorded", "cause.adl", "remedy.closed_outside"),
    "fill_partial": ("what.fill_partial", "cause.not_saved", "remedy.booked"),
    "split_liquidation": (
        "what.close_unrecorded",
        "cause.split_liquidation",
        "remedy.closed_outside",
    ),
    "split_adl": ("what.close_unrecorded", "cause.split_adl", "remedy.closed_outside"),
    "duplicate_id": ("what.duplicate_id", "cause.sent_again", "remedy.duplicate_frozen"),
    "duplicate_fills": ("what.duplicate_fills", "cause.sent_again", "remedy.exchange_wins"),
    "dead_holder": ("what.dead_holder", "cause.agent_dead", "remedy.dead_frozen"),
    "units": ("what.units", "cause.units", "remedy.units"),
    "units_by_hand": ("what.units", "cause.units", "remedy.by_hand"),
    "mgn_mode": ("what.mgn_mode", "cause.mgn_mode_changed", "remedy.by_hand"),
    "orphan": ("what.orphan", "cause.no_owner", "remedy.orphaned"),
    "shared_close": ("what.shared_close", "cause.owner_unprovable", "remedy.exchange_wins"),
    "owner_gone": ("what.owner_gone", "cause.owner_without_ledger", "remedy.exchange_wins"),
    "impossible": ("what.impossible", "cause.closes_too_much", "remedy.by_hand"),
    "direction": ("what.direction", "cause.flip", "remedy.exchange_wins"),
    "direction_unexplained": ("what.direction", "cause.no_evidence", "remedy.adopt"),
    "direction_by_hand": ("what.direction", "cause.no_evidence", "remedy.by_hand"),
    "venue_more": ("what.venue_more", "cause.no_evidence", "remedy.adopt"),
    "books_more": ("what.books_more", "cause.no_evidence", "remedy.adopt"),
    "books_more_by_hand": ("what.books_more", "cause.no_evidence", "remedy.by_hand"),
    "ledger_older": ("what.ledgers_differ", "cause.torn", "remedy.rebuilt"),
    "ledger_conflict": ("what.ledgers_differ", "cause.same_version", "remedy.ledger_offered"),
    "ledger_withheld": ("what.ledgers_differ", "cause.torn", "remedy.read_again"),
    "owner_swapped": ("what.owner_swapped", "cause.both_ledgers_written", "remedy.by_hand"),
    "adoption_replaced": ("what.adoption_replaced", "cause.late_fills", "remedy.given_back"),
    "agent_missing": ("what.agent_missing", "cause.document_lost", "remedy.by_hand"),
    "intent_settled": ("what.intent_open", "cause.answer_unseen", "remedy.settled"),
    "intent_never_arrived": ("what.intent_open", "cause.never_arrived", "remedy.settled"),
    "intent_forgotten": ("what.intent_open", "cause.forgotten", "remedy.settle_canceled"),
    "intent_unjudged": ("what.intent_open", "cause.unproven", "remedy.read_again"),
    "resting_unknown": ("what.resting_unknown", "cause.no_intent", "remedy.instrument_frozen"),
    "pos_mode": ("what.pos_mode", "cause.mode_changed", "remedy.by_hand"),
    "fill_unjudged": ("what.fill_unjudged", "cause.unproven", "remedy.read_again"),
    "funding_unbooked": ("what.funding", "cause.funding_shared", "remedy.cash_shared"),
    "funding_unassigned": ("what.funding", "cause.funding_unprovable", "remedy.cash_own"),
    "fee_differs": ("what.fee_differs", "cause.fee_billed", "remedy.fee_booked"),
    "penalty_unbooked": ("what.penalty", "cause.penalty", "remedy.cash_shared"),
    "transfer_unbooked": ("what.transfer", "cause.transfer", "remedy.cash_own"),
    "interest_unbooked": ("what.interest", "cause.interest", "remedy.cash_own"),
    "foreign_trade_unbooked": ("what.foreign_trade", "cause.foreign_trade", "remedy.cash_own"),
    "other_unbooked": ("what.other_cash", "cause.other_cash", "remedy.cash_own"),
    "bill_without_fill": ("what.bill_without_fill", "cause.fills_behind", "remedy.read_again"),
    "bills_do_not_add_up": ("what.bills_gap", "cause.bills_gap", "remedy.cash_offered"),
    "money_unexplained": ("what.money_unexplained", "cause.no_bill", "remedy.cash_offered"),
    "unexplained_returned": ("what.money_returned", "cause.explained_since", "remedy.cash_own"),
    "money_adopted": ("what.money_unexplained", "cause.adopted", "remedy.cash_offered"),
}


def finding(
    kind: str,
    case: Case,
    resolution: Resolution,
    *,
    agent_id: str | None = None,
    key: PositionKey | None = None,
    params: Mapping[str, str] | None = None,
    evidence: Iterable[Evidence] = (),
    corrections: Callable[[str], tuple[Correction, ...]] = lambda _: (),
) -> Finding:
    """One finding; ``corrections`` is given the finding's id."""
    what, cause, remedy = WORDS[kind]
    proofs = tuple(sorted(set_of(evidence), key=lambda row: (row.kind, row.ref)))
    said = {
        "kind": kind,
        "case": case.value,
        "resolution": resolution.value,
        "agent_id": agent_id,
        "key": None if key is None else list(key),
        "params": dict(params or {}),
        "evidence": [[row.kind, row.ref, dict(row.fields)] for row in proofs],
    }
    finding_id = f"{case.value}-{hashlib.sha256(dumps(said)).hexdigest()[:ID_HEX_CHARS]}"
    return Finding(
        finding_id=finding_id,
        case=case,
        resolution=resolution,
        agent_id=agent_id,
        key=key,
        what=what,
        cause=cause,
        remedy=remedy,
        params=dict(params or {}),
        evidence=proofs,
        corrections=corrections(finding_id),
    )


def set_of(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Every row once, by kind and reference."""
    return tuple({(row.kind, row.ref): row for row in evidence}.values())


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of a report: by case, agent, key, id; every id once."""
    found = {one.finding_id: one for one in findings}
    return tuple(
        sorted(
            found.values(),
            key=lambda one: (
                one.case.value,
                one.agent_id or "",
                str(one.key or ""),
                one.finding_id,
            ),
        )
    )
