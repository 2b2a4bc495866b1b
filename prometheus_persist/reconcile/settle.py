"""Case F: order intents whose end is not in the books. Only the exchange's word moves them on.

1. What the exchange said is its answer to the question by clOrdId, or an order row that carries it;
   of the two, the one that has seen the order end.
2. Found: the state names the outcome (tables below). A terminal one is taken only when every
   contract that the exchange executed is booked; otherwise the reading is behind, no proof.
3. Not found, never answered before, and without any trace: it never arrived (REJECTED).
4. Not found, and so old that the exchange may have forgotten it: it neither rests nor was executed,
   but whether it ever arrived cannot be told any more. A human may close it (CANCELED).
5. Anything else is UNKNOWN. An accepted order that still rests is no finding.
6. Case G: an order resting at the exchange under one of our ids that no open intent knows freezes
   its instrument.
7. Case I: a clOrdId of ours on more than one order freezes its instruments. The intent is settled
   by the genuine one (``attribute.namesakes``), never by what the others did.
8. What a standing freeze names, or a human has lifted a freeze for, is no news (``is_known``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_persist.reconcile.attribute import algo_evidence, namesakes, order_evidence
from prometheus_persist.reconcile.canonical import ALGO_OPEN_STATES, ORDER_OPEN_STATES
from prometheus_persist.reconcile.findings import finding
from prometheus_persist.reconcile.plan import (
    Case,
    Evidence,
    Finding,
    FreezeInstrument,
    Resolution,
    SettleIntent,
)
from prometheus_persist.reconcile.views import Books, VenueAlgoOrder, VenueOrder, VenueView
from prometheus_persist.state import NO_CONTRACTS, Contracts, FreezeState, OrderIntent, Registry
from prometheus_persist.state.intents import TERMINAL
from prometheus_persist.state.models import Outcome

ORDER_OUTCOMES: Mapping[str, Outcome] = {
    "live": "ACCEPTED",
    "partially_filled": "ACCEPTED",
    "filled": "FILLED",
    "canceled": "CANCELED",
    "mmp_canceled": "CANCELED",
}
ALGO_OUTCOMES: Mapping[str, Outcome] = {
    "live": "ACCEPTED",
    "pause": "ACCEPTED",
    "partially_effective": "ACCEPTED",
    "effective": "FILLED",
    "canceled": "CANCELED",
    "order_failed": "CANCELED",
    "partially_failed": "CANCELED",
}
OUTCOMES = {"order": ORDER_OUTCOMES, "algo": ALGO_OUTCOMES}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the exchange says of one intent. ``found`` as in IntentLookup; ``why`` a message id."""

    found: bool | None
    state: str = ""
    ord_id: str = ""
    filled: Contracts | None = None
    why: str = ""
    forgotten: bool = False
    detail: str = ""


def intent_findings(
    books: Books, view: VenueView, booked: Mapping[str, Contracts]
) -> tuple[Finding, ...]:
    """One finding per open intent not as the books say; ``booked`` is what the plan adds to it."""
    genuine = {name: ord_ids[0] for name, ord_ids in namesakes(books, view).items()}
    lookups = _lookups(view, genuine)
    rows = _rows(view, genuine)
    traces = {fill.cl_ord_id for fill in view.fills} | rows.keys()
    judged = (
        _judge(
            intent,
            _seen(lookups.get(name), rows.get(name)),
            intent.booked_contracts + booked.get(name, NO_CONTRACTS),
            name in traces,
        )
        for name, intent in sorted(books.state.intents.items())
    )
    return tuple(one for one in judged if one is not None)


def _lookups(view: VenueView, genuine: Mapping[str, str]) -> dict[str, _Seen]:
    """The answers that are about the genuine order: a clOrdId is answered with its latest."""
    return {
        row.cl_ord_id: _Seen(
            row.found,
            row.state,
            row.ord_id,
            row.filled_contracts,
            "" if row.found is not None else "why.not_answered",
            row.forgotten,
            row.problem,
        )
        for row in view.lookups
        if row.found is not True or row.ord_id == genuine.get(row.cl_ord_id, row.ord_id)
    }


def _rows(view: VenueView, genuine: Mapping[str, str]) -> dict[str, _Seen]:
    orders = {
        row.cl_ord_id: _Seen(True, row.state, row.ord_id, row.filled_contracts)
        for row in sorted(view.orders, key=lambda row: row.updated_ms)
        if row.cl_ord_id and row.ord_id == genuine.get(row.cl_ord_id, row.ord_id)
    }
    algos = {
        row.algo_cl_ord_id: _Seen(True, row.state, row.algo_id)
        for row in sorted(view.algo_orders, key=lambda row: row.created_ms)
        if row.algo_cl_ord_id
    }
    return orders | algos


def _seen(lookup: _Seen | None, row: _Seen | None) -> _Seen:
    if row is None:
        return lookup or _Seen(None, why="why.not_asked")
    if lookup is None or lookup.found is not True:
        return row
    open_states = ORDER_OPEN_STATES | ALGO_OPEN_STATES
    return row if lookup.state in open_states and row.state not in open_states else lookup


def _judge(intent: OrderIntent, seen: _Seen, booked: Contracts, traced: bool) -> Finding | None:
    if seen.found is True:
        return _judge_found(intent, seen, booked)
    if traced or booked:
        return _unjudged(intent, "why.contradiction", seen.detail)
    absent = never_arrived(intent, seen.found)
    if absent is not None:
        return _settled("intent_never_arrived", intent, "REJECTED", "", absent.reason)
    if seen.found is False:
        return _unjudged(intent, "why.contradiction", seen.detail)
    if seen.forgotten:
        reason = "neither resting nor executed; the exchange no longer keeps more"
        return _settled("intent_forgotten", intent, "CANCELED", intent.ord_id, reason)
    return _unjudged(intent, seen.why, seen.detail)


def never_arrived(intent: OrderIntent, found: bool | None) -> SettleIntent | None:
    """Rule 3, for an order that left no trace; ``found`` as in IntentLookup."""
    if found is not False or intent.outcome == "ACCEPTED" or intent.booked_contracts:
        return None
    return SettleIntent(intent.cl_ord_id, "REJECTED", "", "never arrived")


def _judge_found(intent: OrderIntent, seen: _Seen, booked: Contracts) -> Finding | None:
    outcome = OUTCOMES[intent.kind].get(seen.state)
    if outcome is None:
        return _unjudged(intent, "why.state_unknown", seen.state)
    if intent.kind == "order" and outcome in TERMINAL:
        whole = intent.qty_contracts if outcome == "FILLED" else booked
        filled = seen.filled if seen.filled is not None else whole
        if filled != booked:
            return _unjudged(intent, "why.fills_behind", f"{filled} executed, {booked} booked")
    if outcome == intent.outcome and (intent.ord_id or not seen.ord_id):
        return None
    return _settled("intent_settled", intent, outcome, seen.ord_id or intent.ord_id, seen.state)


def _settled(kind: str, intent: OrderIntent, outcome: Outcome, ord_id: str, reason: str) -> Finding:
    step = SettleIntent(intent.cl_ord_id, outcome, ord_id, reason)
    human = kind == "intent_forgotten"
    return finding(
        kind,
        Case.F,
        Resolution.HUMAN if human else Resolution.AUTO,
        agent_id=intent.agent_id,
        params=_params(intent) | {"outcome": outcome},
        evidence=[_lookup_evidence(intent, outcome, ord_id)],
        corrections=lambda _: (step,),
    )


def _unjudged(intent: OrderIntent, why: str, detail: str) -> Finding:
    return finding(
        "intent_unjudged",
        Case.F,
        Resolution.UNKNOWN,
        agent_id=intent.agent_id,
        params=_params(intent) | {"why": why, "detail": detail},
        evidence=[_lookup_evidence(intent, "", intent.ord_id)],
    )


def _params(intent: OrderIntent) -> dict[str, str]:
    return {
        "cl_ord_id": intent.cl_ord_id,
        "inst_id": intent.inst_id,
        "side": intent.side,
        "contracts": str(intent.qty_contracts),
        "before": intent.outcome,
    }


def _lookup_evidence(intent: OrderIntent, outcome: str, ord_id: str) -> Evidence:
    return Evidence("lookup", intent.cl_ord_id, {"ord_id": ord_id, "outcome": outcome})


def resting_findings(books: Books, view: VenueView) -> tuple[Finding, ...]:
    """Case G: one finding per instrument with resting orders of ours that no open intent knows."""
    strays: dict[str, list[Evidence]] = {}
    for order in view.orders:
        if order.state in ORDER_OPEN_STATES and _stray(books, order.cl_ord_id, order):
            strays.setdefault(order.inst_id, []).append(order_evidence(order))
    for algo in view.algo_orders:
        if algo.state in ALGO_OPEN_STATES and _stray(books, algo.algo_cl_ord_id, algo):
            strays.setdefault(algo.inst_id, []).append(algo_evidence(algo))
    found = (_resting(inst_id, rows) for inst_id, rows in sorted(strays.items()))
    return tuple(one for one in found if not is_known(books.state.freeze, one))


def duplicate_findings(books: Books, view: VenueView) -> tuple[Finding, ...]:
    """Case I: one finding per clOrdId of ours that several orders carry."""
    rows = {row.ord_id: row for row in view.orders}
    found = []
    for name, ord_ids in namesakes(books, view).items():
        orders = [rows[ord_id] for ord_id in ord_ids if ord_id in rows]
        filled = {row.inst_id for row in view.fills if row.cl_ord_id == name}
        places = sorted(filled | {row.inst_id for row in orders})
        found += [_duplicate(books, name, ord_ids, inst_id, orders) for inst_id in places]
    return tuple(one for one in found if not is_known(books.state.freeze, one))


def _duplicate(
    books: Books, name: str, ord_ids: tuple[str, ...], inst_id: str, orders: list[VenueOrder]
) -> Finding:
    reason = "several orders carry one clOrdId of ours"
    return finding(
        "duplicate_id",
        Case.I,
        Resolution.ORPHAN,
        agent_id=books.order_owners[name],
        params={
            "cl_ord_id": name,
            "inst_id": inst_id,
            "ord_id": ord_ids[0],
            "others": ", ".join(ord_ids[1:]),
        },
        evidence=[order_evidence(row) for row in orders],
        corrections=lambda finding_id: (FreezeInstrument(inst_id, reason, finding_id),),
    )


def _stray(books: Books, cl_ord_id: str, row: VenueOrder | VenueAlgoOrder) -> bool:
    if cl_ord_id in books.state.intents:
        return False
    if isinstance(row, VenueOrder) and row.algo_cl_ord_id in books.order_owners:
        return False
    return (
        cl_ord_id in books.order_owners
        or books.state.registry.owner_of_tag(row.tag) is not None
        or _looks_ours(books.state.registry, cl_ord_id)
    )


def _looks_ours(registry: Registry, cl_ord_id: str) -> bool:
    """Whether it is a clOrdId as this store makes them: tag, store id, epoch and number."""
    match = re.fullmatch(rf"(\w{{1,16}}){registry.store_id}[a-z0-9]{{12}}", cl_ord_id, re.ASCII)
    return match is not None and registry.owner_of_tag(match.group(1)) is not None


def _resting(inst_id: str, rows: list[Evidence]) -> Finding:
    return finding(
        "resting_unknown",
        Case.G,
        Resolution.ORPHAN,
        params={"inst_id": inst_id, "orders": str(len(rows))},
        evidence=rows,
        corrections=lambda finding_id: (
            FreezeInstrument(inst_id, "an order of ours rests that no book knows", finding_id),
        ),
    )


def is_known(freeze: FreezeState, one: Finding) -> bool:
    """Whether a standing freeze names this finding, or a human has lifted the one that did."""
    entry = freeze.instruments.get(one.params["inst_id"])
    standing = entry is not None and one.finding_id in entry.finding_id.split(",")
    return standing or one.finding_id in freeze.lifted
