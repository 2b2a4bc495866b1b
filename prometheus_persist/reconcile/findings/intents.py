"""Case F: order intents whose end is not in the books. Only the exchange's word moves them on.

1. What the exchange said is its answer to the question by clOrdId, or an order row that carries it;
   of the two, the one that has seen the order end.
2. Found: the state names the outcome (tables below). A terminal one is taken only when every
   contract that the exchange executed is booked; otherwise the reading is behind, no proof.
3. An algo order that fired is what its child is: open while that is, ended as that ended. A child
   that the exchange has no row of any more neither rests nor was executed beyond its fills.
4. A stop that is attached to an order waits with it, and ends with it where that ended without an
   execution. After one it exists by itself, and is judged like any other.
5. Not found, never answered before, and without any trace: it never arrived (REJECTED).
6. Not found, and so old that the exchange may have forgotten it: it neither rests nor was executed,
   but whether it ever arrived cannot be told any more. A human may close it (CANCELED). Where the
   exchange answers for the contract no more (delivered), nothing can rest there: it has ended.
7. Anything else is UNKNOWN. An order that may be on its way, or whose question was not answered,
   keeps nothing shut but itself. An accepted order that still rests is no finding.
8. Case G: an order resting at the exchange under one of our ids that no open intent knows freezes
   its instrument. A stop of ours that rests without the position it was for is told, once.
9. Case I: a clOrdId of ours on more than one order freezes its instruments. The intent is settled
   by the genuine one (``attribute.namesakes``), never by what the others did.
10. What a standing freeze names, or a human has lifted a freeze for, is no news (``is_known``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import cast

from prometheus_persist.reconcile.canonical import ALGO_OPEN_STATES, ORDER_OPEN_STATES
from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.match.attribute import (
    Namesakes,
    algo_evidence,
    genuine_of,
    known_intent,
    order_evidence,
)
from prometheus_persist.reconcile.outcome import ProjectedBooks as After
from prometheus_persist.reconcile.plan import (
    Alternative,
    Case,
    Evidence,
    Finding,
    FreezeInstrument,
    Grade,
    NoteFinding,
    Resolution,
    SettleIntent,
)
from prometheus_persist.reconcile.views import Books, VenueAlgoOrder, VenueOrder, VenueView
from prometheus_persist.state import (
    NO_CONTRACTS,
    Contracts,
    FreezeState,
    OrderIntent,
    PositionKey,
)
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
    "canceled": "CANCELED",
    "order_failed": "CANCELED",
    "partially_failed": "CANCELED",
}
OUTCOMES = {"order": ORDER_OUTCOMES, "algo": ALGO_OUTCOMES}
FIRED = "effective"
ON_ITS_WAY = "why.on_its_way"
OTHERS_WAIT = frozenset({"why.contradiction", "why.fills_behind", "why.state_unknown"})
"""What says that something is missing in the books: its instrument waits, too."""


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
    unlisted: bool = False
    wait_ms: int = 0
    child_ord_id: str = ""
    child_state: str = ""


def intent_findings(
    books: Books, view: VenueView, booked: Mapping[str, Contracts], twins: Namesakes
) -> tuple[Finding, ...]:
    """One finding per open intent not as the books say; ``booked`` is what the plan adds to it."""
    genuine = genuine_of(twins)
    lookups = _lookups(view, genuine)
    rows = _rows(view, genuine)
    traces = {fill.cl_ord_id for fill in view.fills} | rows.keys()
    found: dict[str, Finding] = {}
    ends: dict[str, Outcome] = {}
    own_first = sorted(books.state.intents.items(), key=lambda each: (each[1].parent, each[0]))
    for name, intent in own_first:
        seen = _seen(lookups.get(name), rows.get(name))
        done = intent.booked_contracts + booked.get(name, NO_CONTRACTS)
        waits = bool(intent.parent) and seen.found is not True
        one = (
            _judge_attached(books, intent, seen, ends, booked)
            if waits
            else _judge(intent, seen, done, name in traces)
        )
        if one is not None:
            found[name] = one
            ends |= {
                step.cl_ord_id: cast(Outcome, step.outcome)
                for step in one.corrections
                if isinstance(step, SettleIntent)
            }
    return tuple(found[name] for name in sorted(found))


def _judge_attached(
    books: Books,
    intent: OrderIntent,
    seen: _Seen,
    ends: Mapping[str, Outcome],
    booked: Mapping[str, Contracts],
) -> Finding | None:
    """A stop that does not exist by itself, beside the order that it is attached to."""
    parent = known_intent(books, intent.parent)
    outcome = ends.get(intent.parent, parent.outcome if parent is not None else "CANCELED")
    if outcome not in TERMINAL:
        return None
    filled = booked.get(intent.parent, NO_CONTRACTS)
    if parent is not None:
        filled += parent.booked_contracts
    if filled and (seen.found is None and not seen.unlisted):
        return _unjudged(intent, seen.why, seen.detail)
    reason = "the exchange made none of it" if filled else "its order ended without an execution"
    return _settled("intent_ended", intent, "CANCELED", intent.ord_id, reason)


def _lookups(view: VenueView, genuine: Mapping[str, str]) -> dict[str, _Seen]:
    """The answers that are about the genuine order: a clOrdId is answered with its latest."""
    return {
        row.cl_ord_id: _Seen(
            row.found,
            row.state,
            row.ord_id,
            row.filled_contracts,
            "" if row.found is not None else ON_ITS_WAY if row.wait_ms else "why.not_answered",
            row.forgotten,
            row.problem,
            row.unlisted,
            row.wait_ms,
            row.child_ord_id,
            row.child_state,
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
    children = {(row.inst_id, row.ord_id): row for row in view.orders}
    algos = {
        row.algo_cl_ord_id: _algo_seen(row, children.get((row.inst_id, row.ord_id)))
        for row in sorted(view.algo_orders, key=lambda row: row.created_ms)
        if row.algo_cl_ord_id
    }
    return orders | algos


def _algo_seen(row: VenueAlgoOrder, child: VenueOrder | None) -> _Seen:
    if row.state != FIRED:
        return _Seen(True, row.state, row.algo_id)
    filled = None if child is None else child.filled_contracts
    state = "" if child is None else child.state
    return _Seen(True, row.state, row.algo_id, filled, child_ord_id=row.ord_id, child_state=state)


def _seen(lookup: _Seen | None, row: _Seen | None) -> _Seen:
    if row is None:
        return lookup or _Seen(None, why="why.not_asked")
    if lookup is None or lookup.found is not True:
        return row
    return row if _is_open(lookup) and not _is_open(row) else lookup


def _is_open(seen: _Seen) -> bool:
    """Whether it rests: by itself, or as the child that it became."""
    state = seen.child_state if seen.state == FIRED else seen.state
    return state in ORDER_OPEN_STATES | ALGO_OPEN_STATES


def _judge(intent: OrderIntent, seen: _Seen, booked: Contracts, traced: bool) -> Finding | None:
    if seen.found is True:
        return _judge_found(intent, seen, booked)
    if (traced or booked) and not seen.unlisted:
        return _unjudged(intent, "why.contradiction", seen.detail)
    absent = never_arrived(intent, seen.found)
    if absent is not None:
        return _settled("intent_never_arrived", intent, "REJECTED", "", absent.reason)
    if seen.unlisted:
        return _settled("intent_ended", intent, "CANCELED", intent.ord_id, "its contract is gone")
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
    outcome = outcome_of(intent, seen.state, seen.child_ord_id, seen.child_state, booked)
    if outcome is None:
        return _unjudged(intent, "why.state_unknown", f"{seen.state} {seen.child_state}".strip())
    if outcome in TERMINAL and (intent.kind == "order" or seen.state == FIRED):
        known = intent.kind == "algo" or outcome != "FILLED"
        whole = booked if known else intent.qty_contracts
        filled = seen.filled if seen.filled is not None else whole
        if filled != booked:
            return _unjudged(intent, "why.fills_behind", f"{filled} executed, {booked} booked")
    same_child = seen.child_ord_id in ("", intent.child_ord_id)
    if outcome == intent.outcome and (intent.ord_id or not seen.ord_id) and same_child:
        return None
    ord_id, reason = seen.ord_id or intent.ord_id, seen.child_state or seen.state
    return _settled("intent_settled", intent, outcome, ord_id, reason, seen.child_ord_id)


def outcome_of(
    intent: OrderIntent, state: str, child_ord_id: str, child_state: str, booked: Contracts
) -> Outcome | None:
    """What a state at the exchange comes to (rules 2 and 3); None for one that is not known."""
    if intent.kind == "order" or state != FIRED:
        return OUTCOMES[intent.kind].get(state)
    if child_state:
        return ORDER_OUTCOMES.get(child_state)
    return "CANCELED" if not child_ord_id or booked < intent.qty_contracts else "FILLED"


def _settled(
    kind: str, intent: OrderIntent, outcome: Outcome, ord_id: str, reason: str, child: str = ""
) -> Finding:
    step = SettleIntent(intent.cl_ord_id, outcome, ord_id, reason, child or intent.child_ord_id)
    human = kind == "intent_forgotten"
    way = Alternative("canceled", Grade.PROVEN, (), (step,))
    return finding(
        kind,
        Case.F,
        Resolution.HUMAN if human else Resolution.AUTO,
        agent_id=intent.agent_id,
        params=_params(intent) | {"outcome": outcome},
        evidence=[_lookup_evidence(intent, outcome, ord_id)],
        corrections=lambda _: (step,),
        alternatives=lambda _: (way,) if human else (),
        about=() if human else None,
    )


def _unjudged(intent: OrderIntent, why: str, detail: str) -> Finding:
    return finding(
        "intent_unjudged",
        Case.F,
        Resolution.UNKNOWN,
        agent_id=intent.agent_id,
        params=_params(intent) | {"why": why, "detail": detail},
        evidence=[_lookup_evidence(intent, "", intent.ord_id)],
        about=None if why in OTHERS_WAIT else (),
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


def duplicate_findings(books: Books, view: VenueView, twins: Namesakes) -> tuple[Finding, ...]:
    """Case I: one finding per clOrdId of ours that several orders carry."""
    rows = {row.ord_id: row for row in view.orders}
    found = []
    for name, ord_ids in twins.items():
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
        identity={"cl_ord_id": name, "inst_id": inst_id},
        evidence=[order_evidence(row) for row in orders],
        corrections=lambda finding_id: (FreezeInstrument(inst_id, reason, finding_id),),
    )


def _stray(books: Books, cl_ord_id: str, row: VenueOrder | VenueAlgoOrder) -> bool:
    """Whether an order is ours and no open intent knows it. ``books`` are the recognised ones."""
    known = known_intent(books, cl_ord_id)
    if cl_ord_id in books.state.intents or (known is not None and known.outcome not in TERMINAL):
        return False
    if isinstance(row, VenueOrder) and row.algo_cl_ord_id in books.order_owners:
        return False
    by_tag = not cl_ord_id and books.state.registry.owner_of_tag(row.tag) is not None
    return cl_ord_id in books.order_owners or by_tag


def stops_alone(
    books: Books,
    view: VenueView,
    after: After,
    settled: Iterable[str],
    asked: AbstractSet[PositionKey | None],
) -> tuple[Finding, ...]:
    """One finding per stop of ours that rests without a position that it could close.

    A stop of an agent that has an order open on the key may be waiting for that one's execution.
    Whether there is a position is not known where somebody is ``asked`` about it.
    """
    ended = frozenset(settled)
    open_intents = [one for name, one in sorted(books.state.intents.items()) if name not in ended]
    entering = {
        (one.agent_id, PositionKey(one.inst_id, one.mgn_mode, one.pos_side))
        for one in open_intents
        if one.kind == "order"
    }
    resting = {row.algo_cl_ord_id for row in view.algo_orders if row.state in ALGO_OPEN_STATES}
    found = []
    for one in open_intents:
        key = PositionKey(one.inst_id, one.mgn_mode, one.pos_side)
        closes = one.reduce_only or (one.pos_side, one.side) in (("long", "sell"), ("short", "buy"))
        if one.kind != "algo" or not closes or one.cl_ord_id not in resting or key in asked:
            continue
        against = 1 if one.pos_side != "net" or one.side == "sell" else -1
        if after.held(one.agent_id, key).sign != against and (one.agent_id, key) not in entering:
            found.append(_alone(one))
    return tuple(one for one in found if one.finding_id not in books.state.freeze.lifted)


def _alone(intent: OrderIntent) -> Finding:
    return finding(
        "stop_alone",
        Case.G,
        Resolution.AUTO,
        agent_id=intent.agent_id,
        params=_params(intent) | {"ord_id": intent.ord_id},
        evidence=[_lookup_evidence(intent, intent.outcome, intent.ord_id)],
        corrections=lambda finding_id: (NoteFinding(finding_id, "a stop without its position"),),
    )


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
    standing = entry is not None and one.finding_id in entry.finding_ids
    return standing or one.finding_id in freeze.lifted
