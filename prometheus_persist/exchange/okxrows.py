"""OKX rows ↔ the values of a view. Exact text in, exact numbers out; anything else is ``BadRow``.

Rules (OKX API v5)
- Every value is text; "" means "does not apply". posSide "" is ``net``.
- ``pos`` is signed under posSide net and never negative under long and short.
- A fee is negative when it is a charge. ``cTime``, ``uTime`` and ``ts`` are Unix ms.
- Only linear contracts are known: an instrument of another kind is left out, and what depends on it
  cannot be judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from prometheus_persist.errors import BadValue
from prometheus_persist.reconcile.views import (
    Instrument,
    VenueAlgoOrder,
    VenueFill,
    VenueOrder,
    VenuePosition,
)
from prometheus_persist.state import Contracts, PositionKey, contracts, exact
from prometheus_persist.state.money import ZERO

Row = Mapping[str, Any]

TIME_DIGITS_MAX = 16
_SIDES = frozenset({"buy", "sell"})
_POS_SIDES = frozenset({"net", "long", "short"})
_MGN_MODES = frozenset({"cross", "isolated", "cash"})


class BadRow(Exception):
    """A row that is not what the exchange documents; says which field."""


def text(row: Row, name: str, default: str | None = None) -> str:
    """A text field; ``default`` stands in for a field that is absent, not for an empty one."""
    value = row.get(name, default)
    if not isinstance(value, str):
        raise BadRow(f"field {name} is {type(value).__name__}, text is due")
    return value


def required(row: Row, name: str) -> str:
    """A text field that must say something."""
    value = text(row, name)
    if not value:
        raise BadRow(f"field {name} is empty")
    return value


def number(row: Row, name: str, default: Decimal | None = None) -> Decimal:
    """A decimal field; ``default`` stands in for an empty or absent one."""
    value = text(row, name, "" if default is not None else None)
    if value == "" and default is not None:
        return default
    try:
        return exact(value)
    except BadValue as problem:
        raise BadRow(f"field {name}: {problem.detail}") from None


def moment(row: Row, name: str) -> int:
    """A Unix time in milliseconds."""
    value = required(row, name)
    if not (value.isascii() and value.isdigit()) or len(value) > TIME_DIGITS_MAX:
        raise BadRow(f"field {name} is {value[:40]!r}, Unix milliseconds are due")
    return int(value)


def one_of(row: Row, name: str, allowed: Iterable[str], default: str = "") -> str:
    """A text field out of a closed set."""
    value = text(row, name, default) or default
    if value not in allowed:
        raise BadRow(f"field {name} is {value[:40]!r}")
    return value


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
    return VenuePosition(key, quantity, avg_px, moment(row, "uTime"))


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
    )


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
    )


def child_ord_id(row: Row) -> str:
    """The order that an effective algo order became; "" before that."""
    listed = row.get("ordIdList") or [""]
    first = listed[0] if isinstance(listed, list) and isinstance(listed[0], str) else ""
    return text(row, "ordId", "") or first


def instruments(rows: Iterable[Row]) -> dict[str, Instrument]:
    """OKX: public/instruments. Rows that are not linear or not complete are left out."""
    found = {}
    for row in rows:
        try:
            if text(row, "ctType") == "linear":
                one = _instrument(row)
                found[one.inst_id] = one
        except BadRow:  # a contract in preparation has no numbers yet
            continue
    return found


def _instrument(row: Row) -> Instrument:
    one = Instrument(
        inst_id=required(row, "instId"),
        ct_val=number(row, "ctVal"),
        ct_mult=number(row, "ctMult", Decimal(1)),
        lot_sz=number(row, "lotSz"),
        tick_sz=number(row, "tickSz"),
        settle_ccy=text(row, "settleCcy", ""),
    )
    if one.ct_val <= ZERO or one.ct_mult <= ZERO:
        raise BadRow("field ctVal or ctMult is not positive")
    return one


def filled_contracts(row: Row) -> Contracts | None:
    """How much of an order was executed; None where the row does not say."""
    return contracts(number(row, "accFillSz")) if text(row, "accFillSz", "") else None
