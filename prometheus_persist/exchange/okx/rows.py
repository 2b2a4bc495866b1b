"""OKX rows ↔ the values of a view. Exact text in, exact numbers out; anything else is ``BadRow``.

Rules (OKX API v5)
- posSide "" is ``net``. ``pos`` is signed under net and never negative under long and short.
- A fee is negative when it is a charge. ``cTime``, ``uTime`` and ``ts`` are Unix ms.
- What is read and what is left out: ``listed``. A position of another product, or a row of an
  unfit contract that makes no sense, is told as text.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_persist.exchange.okx.fields import (
    BadRow,
    Row,
    moment,
    number,
    one_of,
    required,
    said,
    text,
)
from prometheus_persist.exchange.okx.listed import NONE_UNFIT, Unfit, is_contract, readable
from prometheus_persist.reconcile.views import (
    UnmanagedPosition,
    VenueAlgoOrder,
    VenueFill,
    VenueLife,
    VenueOrder,
    VenuePosition,
)
from prometheus_persist.state import Contracts, PositionKey, contracts
from prometheus_persist.state.money import ZERO

_SIDES = frozenset({"buy", "sell"})
_POS_SIDES = frozenset({"net", "long", "short"})
_MGN_MODES = frozenset({"cross", "isolated", "cash"})
_DIRECTIONS = frozenset({"long", "short"})
_LIFE_KINDS = frozenset({"1", "2", "3", "4", "5", "6"})
_WHY = {"OPTION": "why.option", "MARGIN": "why.margin", "SPOT": "why.spot"}
_WHY_OTHER = "why.other_product"


def positions(
    rows: Iterable[Row], unfit: Unfit = NONE_UNFIT
) -> tuple[list[VenuePosition], list[UnmanagedPosition]]:
    """Every open position, those of contracts in the order of their keys, and all others."""
    found: dict[PositionKey, VenuePosition] = {}
    others: dict[UnmanagedPosition, None] = {}
    for row in sorted(rows, key=lambda each: (said(each, "instId"), said(each, "posId"))):
        if not is_contract(row):
            others[_unmanaged(row, _WHY.get(said(row, "instType"), _WHY_OTHER))] = None
            continue
        try:
            one = position(row)
            if found.setdefault(one.key, one) != one:
                raise BadRow(f"two positions are called {one.key.inst_id}")
        except BadRow:
            why = unfit.get(said(row, "instId"))
            if why is None:
                raise
            others[_unmanaged(row, why)] = None
    return [found[key] for key in sorted(found)], list(others)


def _unmanaged(row: Row, why: str) -> UnmanagedPosition:
    return UnmanagedPosition(
        inst_id=said(row, "instId"),
        inst_type=said(row, "instType"),
        mgn_mode=said(row, "mgnMode"),
        pos_side=said(row, "posSide"),
        ccy=said(row, "ccy"),
        quantity=said(row, "pos"),
        avg_px=said(row, "avgPx"),
        pos_id=said(row, "posId"),
        why=why,
    )


def position(row: Row) -> VenuePosition:
    """OKX: account/positions."""
    key = PositionKey(
        required(row, "instId"),
        one_of(row, "mgnMode", _MGN_MODES),
        one_of(row, "posSide", _POS_SIDES, "net"),
    )
    quantity = contracts(number(row, "pos"))
    if key.pos_side != "net" and quantity.sign < 0:
        raise BadRow(f"field pos is negative under posSide {key.pos_side}")
    avg_px = number(row, "avgPx") if quantity else ZERO
    return VenuePosition(
        key,
        quantity,
        avg_px,
        moment(row, "uTime"),
        pos_id=required(row, "posId"),
        opened_ms=moment(row, "cTime"),
        liq_penalty=number(row, "liqPenalty", ZERO),
    )


def life(row: Row) -> VenueLife:
    """OKX: account/positions-history."""
    return VenueLife(
        key=PositionKey(
            required(row, "instId"),
            one_of(row, "mgnMode", _MGN_MODES),
            one_of(row, "posSide", _POS_SIDES, "net"),
        ),
        pos_id=required(row, "posId"),
        kind=one_of(row, "type", _LIFE_KINDS),
        direction=one_of(row, "direction", _DIRECTIONS),
        closed_contracts=contracts(number(row, "closeTotalPos", ZERO)),
        realized_pnl=number(row, "realizedPnl", ZERO),
        liq_penalty=number(row, "liqPenalty", ZERO),
        opened_ms=moment(row, "cTime"),
        updated_ms=moment(row, "uTime"),
    )


def fill(row: Row) -> VenueFill:
    """OKX: trade/fills and trade/fills-history."""
    quantity = contracts(number(row, "fillSz"))
    if quantity.sign <= 0:
        raise BadRow("field fillSz is not positive")
    return VenueFill(
        inst_id=required(row, "instId"),
        trade_id=required(row, "tradeId"),
        ord_id=required(row, "ordId"),
        cl_ord_id=text(row, "clOrdId", ""),
        tag=text(row, "tag", ""),
        side=one_of(row, "side", _SIDES),
        pos_side=one_of(row, "posSide", _POS_SIDES, "net"),
        qty_contracts=quantity,
        px=number(row, "fillPx"),
        fee=number(row, "fee", ZERO),
        ts_ms=moment(row, "ts"),
        bill_id=required(row, "billId"),
        sub_type=text(row, "subType", ""),
    )


def fills(rows: Iterable[Row], unfit: Unfit = NONE_UNFIT) -> list[VenueFill]:
    """Executions of contracts, each row once, oldest first. Of one tradeId there may be two that
    contradict each other: that is a matter of their contract (``reconcile.canonical``)."""
    found = dict.fromkeys(readable(rows, fill, unfit))
    return sorted(found, key=lambda one: (one.ts_ms, int(one.bill_id), one.fill_id))


def order(row: Row) -> VenueOrder:
    """OKX: trade/order and the order lists."""
    return VenueOrder(
        inst_id=required(row, "instId"),
        ord_id=required(row, "ordId"),
        cl_ord_id=text(row, "clOrdId", ""),
        algo_id=text(row, "algoId", ""),
        algo_cl_ord_id=text(row, "algoClOrdId", ""),
        tag=text(row, "tag", ""),
        side=one_of(row, "side", _SIDES),
        pos_side=one_of(row, "posSide", _POS_SIDES, "net"),
        mgn_mode=one_of(row, "tdMode", _MGN_MODES),
        ord_type=text(row, "ordType", ""),
        state=required(row, "state"),
        category=text(row, "category", ""),
        source=text(row, "source", ""),
        qty_contracts=contracts(number(row, "sz")),
        filled_contracts=contracts(number(row, "accFillSz", ZERO)),
        created_ms=moment(row, "cTime"),
        updated_ms=moment(row, "uTime"),
        attached=_attached(row),
        reduce_only=said(row, "reduceOnly") == "true",
        px=number(row, "px") if text(row, "px", "") else None,
    )


def _attached(row: Row) -> tuple[str, ...]:
    """The ids of an order's own stops, in OKX's order; a stop may have none."""
    stops = row.get("attachAlgoOrds")
    rows = [each for each in stops if isinstance(each, dict)] if isinstance(stops, list) else []
    return tuple(name for each in rows if (name := said(each, "attachAlgoClOrdId")))


def algo_order(row: Row) -> VenueAlgoOrder:
    """OKX: trade/order-algo and the algo lists. A legacy row names itself by clOrdId only."""
    trigger = next(
        (
            number(row, name)
            for name in ("triggerPx", "slTriggerPx", "tpTriggerPx", "moveTriggerPx")
            if text(row, name, "")
        ),
        None,
    )
    return VenueAlgoOrder(
        inst_id=required(row, "instId"),
        algo_id=required(row, "algoId"),
        algo_cl_ord_id=text(row, "algoClOrdId", "") or text(row, "clOrdId", ""),
        tag=text(row, "tag", ""),
        side=one_of(row, "side", _SIDES),
        pos_side=one_of(row, "posSide", _POS_SIDES, "net"),
        mgn_mode=one_of(row, "tdMode", _MGN_MODES),
        ord_type=text(row, "ordType", ""),
        state=required(row, "state"),
        ord_id=child_ord_id(row),
        qty_contracts=contracts(number(row, "sz", ZERO)),
        trigger_px=trigger,
        created_ms=moment(row, "cTime"),
        reduce_only=said(row, "reduceOnly") == "true",
        close_fraction=number(row, "closeFraction", ZERO) > ZERO,
    )


def child_ord_ids(row: Row) -> tuple[str, ...]:
    """The orders that an effective algo order became, in OKX's order: one too large was split."""
    listed = row.get("ordIdList")
    names = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    return tuple(name for name in dict.fromkeys((text(row, "ordId", ""), *names)) if name)


def child_ord_id(row: Row) -> str:
    """The first of them; "" before there are any."""
    return next(iter(child_ord_ids(row)), "")


def filled_contracts(row: Row) -> Contracts | None:
    """How much of an order was executed; None where the row does not say."""
    return contracts(number(row, "accFillSz")) if text(row, "accFillSz", "") else None
