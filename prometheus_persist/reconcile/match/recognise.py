"""Orders of ours that the books do not have, known by exact ids.

1. A stop that is attached to an order of ours is listed on that order's row by its
   attachAlgoClOrdId, whoever chose that id: it is that order's agent's.
2. A clOrdId of this store's own form that it never issued: the directory is an older copy of
   itself, and the order is of the past that the copy lacks. Its agent is the one whose tag it
   begins with. No clOrdId is issued any more in an epoch that the exchange knows.
3. An order that had ended in the books as never arrived, or was given up, and is there after all:
   it is open again, or its end is written anew.

Each is taken back to its owner (``TakeBack``), resting or executed, without a human: what rests is
an open order of ours again, and executions are booked like any other. ``recognised`` gives the
books as if they had known these orders, for all that is judged after it.
"""

from __future__ import annotations

import dataclasses
from collections import ChainMap
from collections.abc import Mapping
from typing import TypeVar, cast, get_args

from prometheus_persist.reconcile.canonical import ALGO_OPEN_STATES, ORDER_OPEN_STATES
from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.match.attribute import (
    algo_evidence,
    fill_evidence,
    order_evidence,
)
from prometheus_persist.reconcile.plan import (
    Case,
    Evidence,
    Finding,
    NoteFinding,
    RaiseEpoch,
    Resolution,
    TakeBack,
)
from prometheus_persist.reconcile.views import (
    Books,
    VenueAlgoOrder,
    VenueFill,
    VenueOrder,
    VenueView,
)
from prometheus_persist.state import NO_CONTRACTS, Contracts, OrderIntent
from prometheus_persist.state.intents import TERMINAL
from prometheus_persist.state.models import MgnMode, Outcome, PosSide, Side
from prometheus_persist.state.registry import UNIQUE_CHARS

Row = VenueOrder | VenueAlgoOrder
Value = TypeVar("Value")
LOST_PAST = "of a past that this copy of the store lacks"
COMMITS_AN_ORDER = 2  # the intent before it leaves, the answer after it


def recognised(books: Books, view: VenueView) -> tuple[Books, list[Finding]]:
    """The books with those orders in them, and what is told of them."""
    rows = _Rows(books, view)
    found: dict[str, OrderIntent] = {}
    findings = []
    lost = {
        name: issued.agent_id
        for name in rows.strange
        if (issued := books.state.registry.issued_by(name)) is not None
    }
    intents = [_taken(rows, name, owner, "", LOST_PAST) for name, owner in sorted(lost.items())]
    kept = [one for one in intents if one is not None]
    found |= {one.cl_ord_id: one for one in kept}
    if lost:
        findings.append(_older_copy(books, rows, lost, kept))
    unknown = _of_unknown_agents(books, rows)
    if unknown is not None and unknown.finding_id not in books.state.freeze.lifted:
        findings.append(unknown)
    for name, (owner, parent) in _attached(books, rows, lost).items():
        one = _taken(rows, name, owner, parent.cl_ord_id, f"attached to {parent.cl_ord_id}")
        if one is not None:
            found[name] = one
            findings.append(_told("attached_known", rows, one, parent))
    for name in sorted(rows.names & books.ended.keys() - books.state.intents.keys()):
        ended = books.ended[name]
        back = _revived(rows, ended)
        if back is not None:
            found[name] = back
            findings.append(_told("taken_back", rows, back, None))
    if not found:
        return books, findings
    owners = {name: one.agent_id for name, one in found.items()}
    return dataclasses.replace(
        books,
        order_owners=_over(owners, books.order_owners),
        ended=_over({name: one for name, one in found.items() if one.ord_type}, books.ended),
    ), findings


def _over(new: dict[str, Value], known: Mapping[str, Value]) -> Mapping[str, Value]:
    """Both, at a cost that does not grow with what is known."""
    return ChainMap(new, cast("dict[str, Value]", known))


class _Rows:
    """The exchange's rows by our names."""

    def __init__(self, books: Books, view: VenueView) -> None:
        self.orders: dict[str, VenueOrder] = {}
        for row in sorted(view.orders, key=lambda each: each.updated_ms):
            self.orders[row.cl_ord_id] = row
        self.algos = {row.algo_cl_ord_id: row for row in view.algo_orders}
        self.children = {(row.inst_id, row.ord_id): row for row in view.orders}
        self.fills: dict[str, list[VenueFill]] = {}
        for fill in view.fills:
            self.fills.setdefault(fill.cl_ord_id, []).append(fill)
        self.names = (self.orders.keys() | self.algos.keys() | self.fills.keys()) - {""}
        self.strange = sorted(name for name in self.names if name not in books.order_owners)

    def filled(self, name: str) -> Contracts:
        """What executions of this name add up to."""
        return sum((each.qty_contracts for each in self.fills.get(name, ())), NO_CONTRACTS)

    def evidence(self, name: str) -> list[Evidence]:
        """Every row of this name."""
        found = [order_evidence(self.orders[name])] if name in self.orders else []
        found += [algo_evidence(self.algos[name])] if name in self.algos else []
        return found + [fill_evidence(each) for each in self.fills.get(name, ())]


def _attached(
    books: Books, rows: _Rows, lost: Mapping[str, str]
) -> dict[str, tuple[str, VenueOrder]]:
    """attachAlgoClOrdId → owner and parent, for what no table knows."""
    owners = _over(dict(lost), books.order_owners)
    return {
        name: (owners[parent.cl_ord_id], parent)
        for parent in sorted(rows.orders.values(), key=lambda row: row.ord_id)
        if parent.cl_ord_id in owners
        for name in parent.attached
        if name not in owners
    }


def _taken(rows: _Rows, name: str, owner: str, parent: str, reason: str) -> OrderIntent | None:
    """The intent that an order's rows tell of; None where they do not say enough."""
    algo, order = rows.algos.get(name), rows.orders.get(name)
    if algo is not None:
        outcome, child = _algo_outcome(rows, algo)
        ended = rows.children.get((algo.inst_id, child)) if outcome in TERMINAL else None
        booked = NO_CONTRACTS if ended is None else ended.filled_contracts
        made = _made(algo, name, owner, outcome, algo.algo_id, "algo")
        return made and made.model_copy(
            update={"child_ord_id": child, "parent": parent, "reason": reason,
                    "trigger_px": algo.trigger_px, "reduce_only": algo.reduce_only,
                    "booked_contracts": booked}
        )  # fmt: skip
    if order is not None and not parent:
        outcome = _ORDER_END.get(order.state, "CANCELED")
        made = _made(order, name, owner, outcome, order.ord_id, "order")
        booked = NO_CONTRACTS if outcome == "ACCEPTED" else order.filled_contracts
        return made and made.model_copy(
            update={"reason": reason, "px": order.px, "reduce_only": order.reduce_only,
                    "booked_contracts": booked}
        )  # fmt: skip
    if parent:
        return _waiting(rows, name, owner, parent, reason)
    return _of_fill(rows.fills[name], name, owner, reason) if name in rows.fills else None


_ORDER_END: Mapping[str, Outcome] = {
    "live": "ACCEPTED",
    "partially_filled": "ACCEPTED",
    "filled": "FILLED",
}


def _algo_outcome(rows: _Rows, algo: VenueAlgoOrder) -> tuple[Outcome, str]:
    if algo.state in ALGO_OPEN_STATES:
        return "ACCEPTED", ""
    if algo.state != "effective":
        return "CANCELED", ""
    child = rows.children.get((algo.inst_id, algo.ord_id))
    if child is None:
        return "CANCELED", algo.ord_id
    return _ORDER_END.get(child.state, "CANCELED"), algo.ord_id


def _waiting(rows: _Rows, name: str, owner: str, parent: str, reason: str) -> OrderIntent | None:
    """A stop that does not exist by itself yet; None once its order has ended without one."""
    order = rows.orders[parent]
    if order.state not in ORDER_OPEN_STATES:
        return None
    made = _made(order, name, owner, "ACCEPTED", "", "algo")
    side: Side = "sell" if order.side == "buy" else "buy"
    return made and made.model_copy(
        update={"side": side, "ord_type": "conditional", "parent": parent, "reason": reason,
                "reduce_only": order.pos_side == "net", "booked_contracts": NO_CONTRACTS}
    )  # fmt: skip


def _made(
    row: Row, name: str, owner: str, outcome: Outcome, ord_id: str, kind: str
) -> OrderIntent | None:
    if row.pos_side not in get_args(PosSide) or row.mgn_mode not in get_args(MgnMode):
        return None
    return OrderIntent(
        cl_ord_id=name,
        agent_id=owner,
        inst_id=row.inst_id,
        mgn_mode=cast(MgnMode, row.mgn_mode),
        pos_side=cast(PosSide, row.pos_side),
        side=cast(Side, row.side),
        qty_contracts=row.qty_contracts,
        kind="algo" if kind == "algo" else "order",
        ord_type=row.ord_type,
        tag=row.tag,
        created_ms=row.created_ms,
        outcome=outcome,
        ord_id=ord_id,
    )


def _of_fill(fills: list[VenueFill], name: str, owner: str, reason: str) -> OrderIntent | None:
    """An ended order of which only executions are left. They do not tell its margin mode: without
    an ``ord_type`` it is for the record, and proves nothing."""
    first = fills[0]
    filled = sum((each.qty_contracts for each in fills), NO_CONTRACTS)
    return OrderIntent(
        cl_ord_id=name, agent_id=owner, inst_id=first.inst_id, mgn_mode="cross",
        pos_side=cast(PosSide, first.pos_side), side=cast(Side, first.side),
        qty_contracts=filled, ord_type="", tag=first.tag, created_ms=first.ts_ms, outcome="FILLED",
        ord_id=first.ord_id, booked_contracts=filled, reason=reason,
    )  # fmt: skip


def _revived(rows: _Rows, ended: OrderIntent) -> OrderIntent | None:
    """An order that ended without the exchange's word, as the exchange tells it now."""
    given_up = ended.outcome == "CANCELED" and not ended.ord_id
    if ended.outcome != "REJECTED" and not given_up:
        return None
    told = _taken(rows, ended.cl_ord_id, ended.agent_id, ended.parent, "arrived after all")
    if told is None or (given_up and told.outcome == "CANCELED"):
        return None
    update = {
        "outcome": told.outcome,
        "ord_id": told.ord_id,
        "child_ord_id": told.child_ord_id,
        "booked_contracts": told.booked_contracts,
        "reason": told.reason,
    }
    return ended.model_copy(update=update)


def _of_unknown_agents(books: Books, rows: _Rows) -> Finding | None:
    """Ids of this store's form that are no agent's here: told once, with their newest epoch. Whose
    they were this copy cannot tell; what they moved is nobody's."""
    registry = books.state.registry
    heads = {
        name: name[:-UNIQUE_CHARS]
        for name in rows.strange
        if registry.epoch_of(name) is not None and registry.issued_by(name) is None
    }
    if not heads:
        return None
    newest = max(registry.epoch_of(name) or 0 for name in heads)
    return _told_older(
        rows,
        heads,
        [],
        newest,
        identity={"lost": "agents", "epoch": str(newest)},
        note="their epoch is left behind",
    )


def _older_copy(
    books: Books, rows: _Rows, lost: Mapping[str, str], kept: list[OrderIntent]
) -> Finding:
    """``lost``: id → owner of what this copy lacks, ``kept`` what its rows tell."""
    epoch_of = books.state.registry.epoch_of
    return _told_older(rows, lost, kept, max(epoch_of(name) or 0 for name in lost))


def _told_older(
    rows: _Rows,
    heads: Mapping[str, str],
    kept: list[OrderIntent],
    newest: int,
    *,
    identity: Mapping[str, str] | None = None,
    note: str = "",
) -> Finding:
    return finding(
        "older_copy",
        Case.I,
        Resolution.AUTO,
        params={
            "orders": str(len(heads)),
            "commits": str(COMMITS_AN_ORDER * len(heads)),
            "resting": str(sum(one.outcome not in TERMINAL for one in kept)),
            "agents": ", ".join(sorted(set(heads.values()))),
            "first": min(heads),
            "lost": "past",
        },
        evidence=[proof for one in kept for proof in rows.evidence(one.cl_ord_id)],
        corrections=lambda finding_id: (
            RaiseEpoch(newest),
            *(TakeBack(one) for one in kept),
            *([NoteFinding(finding_id, note)] if note else []),
        ),
        identity=identity,
    )


def _told(kind: str, rows: _Rows, one: OrderIntent, parent: VenueOrder | None) -> Finding:
    params = {
        "cl_ord_id": one.cl_ord_id,
        "inst_id": one.inst_id,
        "side": one.side,
        "contracts": str(one.qty_contracts),
        "outcome": one.outcome,
        "parent": one.parent,
    }
    evidence = rows.evidence(one.cl_ord_id) + ([] if parent is None else [order_evidence(parent)])
    return finding(
        kind,
        Case.F,
        Resolution.AUTO,
        agent_id=one.agent_id,
        params=params,
        evidence=evidence,
        corrections=lambda _: (TakeBack(one),),
    )
