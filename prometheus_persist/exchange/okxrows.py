"""OKX rows ↔ the values of a view. Exact text in, exact numbers out; anything else is ``BadRow``.

Rules (OKX API v5)
- Every value is text; "" means "does not apply". posSide "" is ``net``.
- ``pos`` is signed under posSide net and never negative under long and short.
- A fee is negative when it is a charge. ``cTime``, ``uTime`` and ``ts`` are Unix ms.
- Only linear contracts are known: an instrument of another kind is left out, and what depends on it
  cannot be judged.
- ``sz`` of a bill is contracts on derivatives only; elsewhere it is an amount, and left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from prometheus_persist.errors import BadValue
from prometheus_persist.reconcile.views import (
    Instrument,
    VenueAlgoOrder,
    VenueBalance,
    VenueBill,
    VenueFill,
    VenueLife,
    VenueOrder,
    VenuePosition,
)
from prometheus_persist.state import Contracts, PositionKey, contracts, exact
from prometheus_persist.state.money import ZERO

Row = Mapping[str, Any]

TIME_DIGITS_MAX = 16
ID_DIGITS_MAX = 24
_SPOT = "SPOT"
_SIDES = frozenset({"buy", "sell"})
_POS_SIDES = frozenset({"net", "long", "short"})
_MGN_MODES = frozenset({"cross", "isolated", "cash"})
_IN_CONTRACTS = frozenset({"SWAP", "FUTURES", "OPTION"})
_DIRECTIONS = frozenset({"long", "short"})
_LIFE_KINDS = frozenset({"1", "2", "3", "4", "5", "6"})


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


def whole(row: Row, name: str) -> int:
    """An id that counts up."""
    value = required(row, name)
    if not (value.isascii() and value.isdigit()) or len(value) > ID_DIGITS_MAX:
        raise BadRow(f"field {name} is {value[:40]!r}, a number is due")
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
        realized_pnl=number(row, "realizedPnl"),
        liq_penalty=number(row, "liqPenalty", ZERO),
        opened_ms=moment(row, "cTime"),
        updated_ms=moment(row, "uTime"),
    )


def bill(row: Row) -> VenueBill:
    """OKX: account/bills and account/bills-archive."""
    size = number(row, "sz", ZERO)
    if size < ZERO:
        raise BadRow("field sz is negative")
    counted = text(row, "instType", "") in _IN_CONTRACTS and text(row, "sz", "") != ""
    whole(row, "billId")
    return VenueBill(
        bill_id=required(row, "billId"),
        type=required(row, "type"),
        sub_type=text(row, "subType", ""),
        inst_type=text(row, "instType", ""),
        inst_id=text(row, "instId", ""),
        mgn_mode=text(row, "mgnMode", ""),
        ccy=required(row, "ccy"),
        bal_chg=number(row, "balChg"),
        pos_bal_chg=number(row, "posBalChg", ZERO),
        pnl=number(row, "pnl", ZERO),
        fee=number(row, "fee", ZERO),
        qty_contracts=contracts(size) if counted else None,
        trade_id=text(row, "tradeId", ""),
        ord_id=text(row, "ordId", ""),
        ts_ms=moment(row, "ts"),
    )


def balances(row: Row) -> dict[str, VenueBalance]:
    """OKX: account/balance, details."""
    details = row.get("details")
    if not isinstance(details, list) or not all(isinstance(each, dict) for each in details):
        raise BadRow("field details is not a list of currencies")
    found: dict[str, VenueBalance] = {}
    for each in details:
        held = VenueBalance(required(each, "ccy"), number(each, "eq"), number(each, "upl", ZERO))
        if found.setdefault(held.ccy, held) != held:
            raise BadRow(f"two balances in {held.ccy}")
    return found


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


def fills(rows: Iterable[Row]) -> list[VenueFill]:
    """Executions of contracts, oldest first; a spot trade is money and no position.

    Raises BadRow where one tradeId stands for two executions.
    """
    found: dict[str, VenueFill] = {}
    for row in rows:
        if not is_spot(row):
            one = fill(row)
            if found.setdefault(one.fill_id, one) != one:
                raise BadRow(f"two executions are called {one.fill_id}")
    return sorted(found.values(), key=lambda one: (one.ts_ms, int(one.bill_id), one.fill_id))


def is_spot(row: Row) -> bool:
    """Whether a row is about money changing hands, and no contract."""
    return text(row, "instType", "") == _SPOT


def inst_type(inst_id: str) -> str:
    """SWAP or FUTURES, by the name of the contract."""
    return "SWAP" if inst_id.endswith("-SWAP") else "FUTURES"


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
