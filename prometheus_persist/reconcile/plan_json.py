"""A plan as JSON, and the hash that a human approves.

1. The hash covers everything the plan says and does, and not when the exchange was read: an
   approval reads the exchange again, plans again, and compares.
2. Equal plans are equal bytes (canonical JSON); the hash is their sha256. It covers what was chosen
   and what the plan is bound to.
3. A plan that was written down is approved by its content: ``hash_of_json`` works the hash out
   anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    Alternative,
    BookCash,
    BookFill,
    BookOrphan,
    Correction,
    Finding,
    FollowLedgers,
    ForgetBefore,
    FreezeInstrument,
    MoneyCheck,
    NoteFinding,
    Plan,
    RaiseEpoch,
    RebuildLedger,
    Rescale,
    RestoreAgent,
    SetAside,
    SetQuantity,
    SettleIntent,
    TakeBack,
    TellHost,
)
from prometheus_persist.state import Execution, OrderIntent, PositionKey
from prometheus_persist.state.documents import document
from prometheus_persist.state.exact_json import JsonObject, dumps

KINDS: dict[type[Correction], str] = {
    BookFill: "book_fill",
    BookOrphan: "book_orphan",
    RebuildLedger: "rebuild_ledger",
    SettleIntent: "settle_intent",
    FreezeInstrument: "freeze_instrument",
    AdoptDifference: "adopt_difference",
    BookCash: "book_cash",
    SetQuantity: "set_quantity",
    TakeBack: "take_back",
    RaiseEpoch: "raise_epoch",
    Rescale: "rescale",
    SetAside: "set_aside",
    NoteFinding: "note_finding",
    ForgetBefore: "forget_before",
    RestoreAgent: "restore_agent",
    FollowLedgers: "follow_ledgers",
    TellHost: "tell_host",
}
_BESIDE = ("plan_hash", "read_ms")  # stand beside what is hashed


def hashed(plan: Plan) -> Plan:
    """``plan`` under its own hash."""
    digest = hashlib.sha256(dumps(_body(plan))).hexdigest()
    return dataclasses.replace(plan, plan_hash=digest)


def plan_to_json(plan: Plan) -> JsonObject:
    """The whole plan; ``plan_hash`` and ``read_ms`` stand beside what is hashed."""
    return {"plan_hash": plan.plan_hash, "read_ms": plan.read_ms, **_body(plan)}


def hash_of_json(plan: JsonObject) -> str:
    """The hash of a plan as it was written down, from its content; raises BadValue."""
    body = {name: value for name, value in plan.items() if name not in _BESIDE}
    return hashlib.sha256(dumps(body)).hexdigest()


def _body(plan: Plan) -> JsonObject:
    return {
        "items": [
            {
                "agent_id": one.agent_id,
                "item": one.item.value,
                "verdict": one.verdict.value,
                "note": one.note,
            }
            for one in plan.items
        ],
        "balances": [
            {
                "key": _key(one.key),
                "owners": one.owners,
                "unattributed": one.unattributed,
                "venue": one.venue,
                "after": one.after,
                "verdict": one.verdict.value,
            }
            for one in plan.balances
        ],
        "findings": [_finding(one) for one in plan.findings],
        "source_problems": list(plan.source_problems),
        "fills_seen_ms": plan.fills_seen_ms,
        "money": None if plan.money is None else _money(plan.money),
        **({"unmanaged": [_fields(one) for one in plan.unmanaged]} if plan.unmanaged else {}),
        **({"bound": dict(plan.bound)} if plan.bound else {}),
        **({"host_items": [_fields(one) for one in plan.host_items]} if plan.host_items else {}),
    }


def _money(money: MoneyCheck) -> JsonObject:
    return {
        field.name: None if (value := getattr(money, field.name)) is None else _plain(value)
        for field in dataclasses.fields(money)
    }


def _finding(one: Finding) -> JsonObject:
    asked: JsonObject = {}
    if one.alternatives:
        asked = {
            "alternatives": [_alternative(each) for each in one.alternatives],
            "chosen": one.chosen,
        }
    if one.about:
        asked["about"] = list(one.about)
    return {
        "finding_id": one.finding_id,
        "case": one.case.value,
        "resolution": one.resolution.value,
        "agent_id": one.agent_id,
        "key": None if one.key is None else _key(one.key),
        "what": one.what,
        "cause": one.cause,
        "remedy": one.remedy,
        "params": dict(one.params),
        "evidence": [
            {"kind": row.kind, "ref": row.ref, "fields": dict(row.fields)} for row in one.evidence
        ],
        "corrections": [_correction(step) for step in one.corrections],
        **asked,
    }


def _alternative(one: Alternative) -> JsonObject:
    return {
        "name": one.name,
        "grade": one.grade.value,
        "effects": [_fields(each) for each in one.effects],
        "corrections": [_correction(step) for step in one.corrections],
    }


def _correction(step: Correction) -> JsonObject:
    return {"do": KINDS[type(step)], **_fields(step)}


def _fields(value: Any) -> JsonObject:
    return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}


def _plain(value: object) -> object:
    if isinstance(value, Execution):
        return _fields(value)
    if isinstance(value, PositionKey):
        return _key(value)
    if isinstance(value, OrderIntent):
        return document(value)
    return value if isinstance(value, int) else str(value)


def _key(key: PositionKey) -> JsonObject:
    return key._asdict()
