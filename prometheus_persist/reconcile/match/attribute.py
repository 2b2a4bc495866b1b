"""R3: whose is a fill? By exact ids only, never by symbol, size or time.

1. Its clOrdId (or its order row's) is one that was issued: the agent it was issued to.
2. Its order is the child of an algo order whose algoClOrdId was issued: that agent, as a stop.
3. It has no clOrdId, and its tag is an agent's tag, exactly. A clOrdId that was never issued here
   is somebody else's, whatever tag it comes with: another store may have agents of the same names.
4. One clOrdId that names several orders is exact for one of them only: the one whose answer the
   intent holds, else the first (lowest ordId). The others' fills are nobody's by any id
   (``duplicate``).
5. Nobody's otherwise. What the exchange did by itself (liquidation, ADL, delivery) is told by the
   order's category, the fill's subtype or a negative tradeId; everything else without an owner is
   somebody's hand.
6. An order ``reduces`` if it is reduce-only, or closes by its sides: it is not meant to do more
   than close what its owner holds.

A fill carries no margin mode. It comes from the order row, else from the intent, else from the only
position on that instrument and side; a fill that fits nowhere or into several is not judged.
A fill without an order row and without an owner is judged only if it fits that way too.

Unowned fills from before the store was made are history, not findings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast, get_args

from prometheus_persist.reconcile.plan import Evidence, trade_number
from prometheus_persist.reconcile.views import (
    Books,
    VenueAlgoOrder,
    VenueFill,
    VenueOrder,
    VenueView,
)
from prometheus_persist.state import Execution, OrderIntent, PositionKey
from prometheus_persist.state.models import MgnMode, PosSide, Side
from prometheus_persist.state.money import ZERO, plain

NORMAL, STOP, MANUAL, LIQUIDATION, ADL = "normal", "stop", "manual", "liquidation", "adl"
DELIVERY = "delivery"
FORCED = frozenset({LIQUIDATION, ADL})
_FORCED_CATEGORY: Mapping[str, str] = {
    "full_liquidation": LIQUIDATION,
    "partial_liquidation": LIQUIDATION,
    "adl": ADL,
    "delivery": DELIVERY,
}
_DELIVERY_SUB_TYPES = frozenset({"112", "113"})
_ADL_SUB_TYPES = frozenset({"125", "126", "127", "128"})

Namesakes = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Claim:
    """One fill that the books do not hold, and what its ids say.

    ``owner`` is None where no id names one. ``execution`` is None where it cannot be judged, and
    ``problem`` (a message id) says why. ``duplicate`` is the clOrdId that another order has, too;
    ``partial`` says that its order was not executed whole. ``lot_sz`` is the instrument's.
    ``reduces``: see the module. ``named`` is the agent whose clOrdId a duplicate carries.
    """

    fill: VenueFill
    owner: str | None
    category: str
    execution: Execution | None
    problem: str
    evidence: tuple[Evidence, ...]
    duplicate: str = ""
    partial: bool = False
    lot_sz: Decimal = ZERO
    reduces: bool = False
    named: str = ""


@dataclass(frozen=True, slots=True)
class _Index:
    """The rows that fills are traced through, by the ids they are traced by."""

    orders: Mapping[tuple[str, str], VenueOrder]
    parents: Mapping[tuple[str, str], VenueAlgoOrder]
    algos: Mapping[str, VenueAlgoOrder]
    genuine: Mapping[str, str]
    mgn_modes: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)


def claims(
    books: Books,
    view: VenueView,
    keys: frozenset[PositionKey],
    old_sizes: Mapping[str, tuple[Decimal, Decimal]],
    twins: Namesakes,
) -> tuple[Claim, ...]:
    """Every fill of a canonical view that is not booked, in booking order.

    ``old_sizes``: of contracts whose executions are told in the size before the present one.
    """
    told = {
        name: dataclasses.replace(view.instruments[name], ct_val=ct_val, ct_mult=ct_mult)
        for name, (ct_val, ct_mult) in old_sizes.items()
    }
    view = dataclasses.replace(view, instruments={**view.instruments, **told})
    index = _indexed(view, keys, twins)
    found = (
        _claim(books, view, index, fill)
        for fill in view.fills
        if fill.fill_id not in books.booked_fills
    )
    since_ms = books.state.watermark.since_ms
    return tuple(c for c in found if c.owner is not None or c.fill.ts_ms >= since_ms)


def known_intent(books: Books, cl_ord_id: str) -> OrderIntent | None:
    """The intent under this clOrdId, open or ended."""
    return books.state.intents.get(cl_ord_id) or books.ended.get(cl_ord_id)


def fill_evidence(fill: VenueFill) -> Evidence:
    """A fill as a row that proves something."""
    return Evidence(
        "fill",
        fill.fill_id,
        {
            "side": fill.side,
            "contracts": str(fill.qty_contracts),
            "px": plain(fill.px),
            "fee": plain(fill.fee),
            "ts_ms": str(fill.ts_ms),
            "ord_id": fill.ord_id,
            "cl_ord_id": fill.cl_ord_id,
            "tag": fill.tag,
        },
    )


def order_evidence(order: VenueOrder) -> Evidence:
    """An order row as a row that proves something; only what does not move is told."""
    return Evidence(
        "order",
        order.ord_id,
        {"cl_ord_id": order.cl_ord_id, "tag": order.tag, "category": order.category},
    )


def algo_evidence(algo: VenueAlgoOrder) -> Evidence:
    """An algo order row as a row that proves something."""
    return Evidence(
        "algo",
        algo.algo_id,
        {"algo_cl_ord_id": algo.algo_cl_ord_id, "tag": algo.tag, "ord_type": algo.ord_type},
    )


def namesakes(books: Books, view: VenueView) -> Namesakes:
    """Every clOrdId of ours that more than one order carries: their ordIds, the genuine one first.

    Executions count as well: a row may have left the lists. What the books hold of an order that
    has long ended is known by the ordId in its intent.
    """
    carried: dict[str, set[str]] = {}
    told = [(row.cl_ord_id, row.ord_id) for row in view.orders]
    told += [(row.cl_ord_id, row.ord_id) for row in view.fills]
    for name, ord_id in told:
        if name in books.order_owners:
            carried.setdefault(name, set()).add(ord_id)
    found = {}
    for name, ord_ids in carried.items():
        intent = known_intent(books, name)
        known = intent.ord_id if intent is not None and intent.kind == "order" else ""
        every = ord_ids | {known} if known else ord_ids
        if len(every) > 1:
            found[name] = tuple(
                sorted(every, key=lambda one: (one != known, trade_number(one), one))
            )
    return dict(sorted(found.items()))


def genuine_of(twins: Namesakes) -> dict[str, str]:
    """Of each such clOrdId the ordId that is our order's."""
    return {name: ord_ids[0] for name, ord_ids in twins.items()}


def _indexed(view: VenueView, keys: frozenset[PositionKey], twins: Namesakes) -> _Index:
    modes: dict[tuple[str, str], frozenset[str]] = {}
    for key in keys:
        place = (key.inst_id, key.pos_side)
        modes[place] = modes.get(place, frozenset()) | {key.mgn_mode}
    return _Index(
        orders={(row.inst_id, row.ord_id): row for row in view.orders},
        parents={(row.inst_id, row.ord_id): row for row in view.algo_orders if row.ord_id},
        algos={row.algo_id: row for row in view.algo_orders},
        genuine=genuine_of(twins),
        mgn_modes=modes,
    )


def _claim(books: Books, view: VenueView, index: _Index, fill: VenueFill) -> Claim:
    order = index.orders.get((fill.inst_id, fill.ord_id))
    parent = index.parents.get((fill.inst_id, fill.ord_id))
    if parent is None and order is not None:
        parent = index.algos.get(order.algo_id)
    owner, cl_ord_id, stop = _owner(books, fill, order, parent)
    duplicate = cl_ord_id if index.genuine.get(cl_ord_id, fill.ord_id) != fill.ord_id else ""
    if duplicate:
        owner, cl_ord_id = None, ""
    category = (STOP if stop else NORMAL) if owner is not None else _unowned_category(fill, order)
    evidence = [fill_evidence(fill)]
    evidence += [order_evidence(order)] if order is not None else []
    evidence += [algo_evidence(parent)] if parent is not None else []
    execution, problem = _execution(books, view, index, fill, order, cl_ord_id, category)
    instrument = view.instruments.get(fill.inst_id)
    return Claim(
        fill,
        owner,
        category,
        execution,
        problem,
        tuple(evidence),
        duplicate=duplicate,
        partial=order is not None and order.filled_contracts < order.qty_contracts,
        lot_sz=ZERO if instrument is None else instrument.lot_sz,
        reduces=_reduces(fill, order, parent, known_intent(books, cl_ord_id)),
        named=books.order_owners.get(duplicate, ""),
    )


def _reduces(
    fill: VenueFill,
    order: VenueOrder | None,
    parent: VenueAlgoOrder | None,
    intent: OrderIntent | None,
) -> bool:
    closes = (fill.pos_side, fill.side) in (("long", "sell"), ("short", "buy"))
    told = [row.reduce_only for row in (order, parent, intent) if row is not None]
    return closes or any(told) or (parent is not None and parent.close_fraction)


def _owner(
    books: Books, fill: VenueFill, order: VenueOrder | None, parent: VenueAlgoOrder | None
) -> tuple[str | None, str, bool]:
    """The owner, the clOrdId of the intent it came from, and whether that was an algo order."""
    own_ids = (fill.cl_ord_id, order.cl_ord_id if order is not None else "")
    algo_ids = (
        order.algo_cl_ord_id if order is not None else "",
        parent.algo_cl_ord_id if parent is not None else "",
    )
    for is_algo, names in ((False, own_ids), (True, algo_ids)):
        for name in names:
            if name and name in books.order_owners:
                intent = known_intent(books, name)
                stop = is_algo or (intent is not None and intent.kind == "algo")
                return books.order_owners[name], name, stop
    if any(own_ids):
        return None, "", False
    tags = (fill.tag, order.tag if order is not None else "")
    owner = next((found for tag in tags if tag and (found := _by_tag(books, tag))), None)
    child = parent is not None or (order is not None and bool(order.algo_id))
    return owner, fill.cl_ord_id, child


def _by_tag(books: Books, tag: str) -> str | None:
    return books.state.registry.owner_of_tag(tag)


def _unowned_category(fill: VenueFill, order: VenueOrder | None) -> str:
    if order is not None and order.category in _FORCED_CATEGORY:
        return _FORCED_CATEGORY[order.category]
    if fill.sub_type in _DELIVERY_SUB_TYPES:
        return DELIVERY
    if trade_number(fill.trade_id) < 0:
        return ADL if fill.sub_type in _ADL_SUB_TYPES else LIQUIDATION
    return MANUAL


def _execution(
    books: Books,
    view: VenueView,
    index: _Index,
    fill: VenueFill,
    order: VenueOrder | None,
    cl_ord_id: str,
    category: str,
) -> tuple[Execution | None, str]:
    instrument = view.instruments.get(fill.inst_id)
    if instrument is None:
        return None, "why.no_instrument"
    if (
        fill.side not in get_args(Side)
        or fill.pos_side not in get_args(PosSide)
        or fill.qty_contracts.sign <= 0
    ):
        return None, "why.row_makes_no_sense"
    mgn_mode = _mgn_mode(books, index, fill, order, cl_ord_id)
    if mgn_mode is None:
        return None, "why.no_margin_mode"
    execution = Execution(
        inst_id=fill.inst_id,
        mgn_mode=mgn_mode,
        pos_side=cast(PosSide, fill.pos_side),
        side=cast(Side, fill.side),
        qty_contracts=fill.qty_contracts,
        px=fill.px,
        fee=fill.fee,
        trade_id=fill.trade_id,
        ord_id=fill.ord_id,
        cl_ord_id=cl_ord_id,
        ts_ms=fill.ts_ms,
        ct_val=instrument.ct_val,
        ct_mult=instrument.ct_mult,
        category=category,
        source="reconcile",
    )
    return execution, ""


def _mgn_mode(
    books: Books, index: _Index, fill: VenueFill, order: VenueOrder | None, cl_ord_id: str
) -> MgnMode | None:
    intent = known_intent(books, cl_ord_id)
    told = order.mgn_mode if order is not None else intent.mgn_mode if intent is not None else ""
    if not told:
        fitting = index.mgn_modes.get((fill.inst_id, fill.pos_side), frozenset())
        told = next(iter(fitting)) if len(fitting) == 1 else ""
    return cast(MgnMode, told) if told in get_args(MgnMode) else None
