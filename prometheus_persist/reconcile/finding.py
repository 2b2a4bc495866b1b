"""Making findings: their words, and ids that are hashes of what they say.

1. A finding's kind fixes its three message ids: what was found, its cause, what is done about it.
2. Its id is the case letter and a hash of everything it says except its corrections, so the same
   deviation has the same id in every reading, and a correction can name the finding it came from.
3. What it keeps shut while it is not settled (``about``) is the instrument it is about, unless it
   says otherwise.
4. ``chosen_by`` carries out a human's choices: an alternative by name for a finding by id.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping

from prometheus_persist.reconcile.plan import (
    Alternative,
    Case,
    Correction,
    Evidence,
    Finding,
    Item,
    Resolution,
)
from prometheus_persist.state import PositionKey
from prometheus_persist.state.exact_json import dumps

ID_HEX_CHARS = 12
EVERYTHING = ("",)
Choices = Mapping[str, str]

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
    "duplicate_fills": ("what.duplicate_fills", "cause.sent_again", "remedy.choose"),
    "dead_holder": ("what.dead_holder", "cause.agent_dead", "remedy.dead_frozen"),
    "units": ("what.units", "cause.units", "remedy.choose"),
    "mgn_mode": ("what.mgn_mode", "cause.mgn_mode_changed", "remedy.choose"),
    "orphan": ("what.orphan", "cause.no_owner", "remedy.orphaned"),
    "shared_close": ("what.shared_close", "cause.owner_unprovable", "remedy.choose"),
    "owner_gone": ("what.owner_gone", "cause.owner_without_ledger", "remedy.choose"),
    "impossible": ("what.impossible", "cause.closes_too_much", "remedy.choose"),
    "closes_beyond": ("what.closes_beyond", "cause.closes_others", "remedy.choose"),
    "direction": ("what.direction", "cause.flip", "remedy.choose"),
    "direction_unexplained": ("what.direction", "cause.no_evidence", "remedy.choose"),
    "venue_more": ("what.venue_more", "cause.no_evidence", "remedy.choose"),
    "books_more": ("what.books_more", "cause.no_evidence", "remedy.choose"),
    "books_more_closed": ("what.books_more", "cause.life_closed", "remedy.choose"),
    "books_written": ("what.books_more", "cause.books_written", "remedy.choose"),
    "reading_behind": ("what.venue_differs", "cause.fills_behind", "remedy.read_again"),
    "not_believed": ("what.not_believed", "cause.nothing_explains", "remedy.read_again"),
    "expired_offset": ("what.expired_offset", "cause.contract_gone", "remedy.choose"),
    "rescaled": ("what.rescaled", "cause.rescaled", "remedy.choose"),
    "unmanaged": ("what.unmanaged", "cause.unmanaged", "remedy.instrument_frozen"),
    "split_delivery": ("what.close_unrecorded", "cause.delivery", "remedy.closed_outside"),
    "older_copy": ("what.older_copy", "cause.older_copy", "remedy.taken_back"),
    "taken_back": ("what.taken_back", "cause.arrived_late", "remedy.taken_back"),
    "attached_known": ("what.attached", "cause.attached", "remedy.attached"),
    "stop_alone": ("what.stop_alone", "cause.stop_alone", "remedy.cancel_it"),
    "other_account": ("what.other_account", "cause.other_account", "remedy.adopt_account"),
    "account_changed": ("what.account_changed", "cause.account_changed", "remedy.noted"),
    "history_lost": ("what.history_lost", "cause.history_lost", "remedy.accept_history"),
    "position_unjudged": ("what.position_unjudged", "cause.unproven", "remedy.read_again"),
    "ledger_older": ("what.ledgers_differ", "cause.torn", "remedy.rebuilt"),
    "ledger_conflict": ("what.ledgers_differ", "cause.same_version", "remedy.choose"),
    "agent_strays": ("what.agent_strays", "cause.copy_edited", "remedy.follows_ledgers"),
    "ledger_withheld": ("what.ledgers_differ", "cause.torn", "remedy.read_again"),
    "owner_swapped": ("what.owner_swapped", "cause.both_ledgers_written", "remedy.choose"),
    "adoption_replaced": ("what.adoption_replaced", "cause.late_fills", "remedy.given_back"),
    "agent_missing": ("what.agent_missing", "cause.document_lost", "remedy.choose"),
    "intent_settled": ("what.intent_open", "cause.answer_unseen", "remedy.settled"),
    "intent_never_arrived": ("what.intent_open", "cause.never_arrived", "remedy.settled"),
    "intent_forgotten": ("what.intent_open", "cause.forgotten", "remedy.choose"),
    "intent_ended": ("what.intent_open", "cause.order_ended", "remedy.settled"),
    "intent_unjudged": ("what.intent_open", "cause.unproven", "remedy.read_again"),
    "resting_unknown": ("what.resting_unknown", "cause.no_intent", "remedy.instrument_frozen"),
    "pos_mode": ("what.pos_mode", "cause.mode_changed", "remedy.choose"),
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
    "bills_do_not_add_up": ("what.bills_gap", "cause.bills_gap", "remedy.choose"),
    "money_unexplained": ("what.money_unexplained", "cause.no_bill", "remedy.choose"),
    "unexplained_returned": ("what.money_returned", "cause.explained_since", "remedy.cash_own"),
    "host_lacks": ("what.host_differs", "cause.host_lacks", "remedy.host_told"),
    "host_lacks_by_hand": ("what.host_differs", "cause.host_lacks", "remedy.host_by_hand"),
    "host_twice": ("what.host_differs", "cause.host_twice", "remedy.host_told"),
    "host_twice_by_hand": ("what.host_differs", "cause.host_twice", "remedy.host_by_hand"),
    "host_door_failed": ("what.host_differs", "cause.host_door_failed", "remedy.host_by_hand"),
    "host_differs": ("what.host_differs", "cause.host_unexplained", "remedy.host_by_hand"),
    "host_turned": ("what.host_turned", "cause.host_unexplained", "remedy.host_by_hand"),
    "host_owner": ("what.host_differs", "cause.host_owner", "remedy.host_pair"),
    "host_key": ("what.host_differs", "cause.host_key", "remedy.host_pair"),
    "host_px": ("what.host_px", "cause.host_item", "remedy.host_px"),
    "host_since": ("what.host_since", "cause.host_item", "remedy.host_since"),
    "host_unread": ("what.host_unread", "cause.host_view", "remedy.host_view"),
    "money_adopted": ("what.money_unexplained", "cause.adopted", "remedy.choose"),
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
    alternatives: Callable[[str], tuple[Alternative, ...]] = lambda _: (),
    about: tuple[str, ...] | None = None,
    items: tuple[Item, ...] = (),
    identity: Mapping[str, str] | None = None,
) -> Finding:
    """One finding; ``corrections`` and ``alternatives`` are given the finding's id.

    Of a HUMAN one the first alternative is chosen. ``about`` None: the instrument of ``key``, or of
    ``params``, else everything. ``identity`` is what it is known by where its rows leave the window
    one by one, or move by themselves: its id is then of these, and not of params and evidence (nor
    of its kind, if it names another ``kind``).
    """
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
    if identity is not None:
        told = identity.get("kind", kind)
        said |= {"kind": told, "params": dict(identity), "evidence": []}
    finding_id = f"{case.value}-{hashlib.sha256(dumps(said)).hexdigest()[:ID_HEX_CHARS]}"
    ways = alternatives(finding_id)
    first = ways[0] if ways and resolution is Resolution.HUMAN else None
    settled = resolution in (Resolution.AUTO, Resolution.ORPHAN)
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
        corrections=corrections(finding_id) if first is None else first.corrections,
        alternatives=ways,
        chosen="" if first is None else first.name,
        about=() if settled else _about(key, params or {}) if about is None else about,
        items=items,
    )


def _about(key: PositionKey | None, params: Mapping[str, str]) -> tuple[str, ...]:
    inst_id = params.get("inst_id", "") if key is None else key.inst_id
    return (inst_id,)


def chosen_by(choices: Choices, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with what a human chose; a choice that none of them offers is passed over.

    What was UNKNOWN is decided by a human then.
    """
    return tuple(_chosen(one, choices.get(one.finding_id, "")) for one in findings)


def _chosen(one: Finding, name: str) -> Finding:
    way = next((each for each in one.alternatives if each.name == name), None)
    if way is None:
        return one
    return dataclasses.replace(
        one, resolution=Resolution.HUMAN, corrections=way.corrections, chosen=name
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
