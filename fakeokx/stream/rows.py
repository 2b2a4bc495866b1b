"""Rows as they are pushed, where they differ from those that are asked for over REST.

An order push describes an update: its fill fields are those of this update's fill and say
nothing when there was none, while over REST the same names mean the last fill there ever was.
Everything else is the REST row with a few fields more or less.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from fakeokx.engine.decimals import exact, ratio
from fakeokx.engine.events import AlgoChanged, OrderChanged
from fakeokx.engine.instruments import INSTRUMENTS, SPOT
from fakeokx.engine.market import PublicTrade
from fakeokx.engine.model import Fill, Position
from fakeokx.engine.venue import Venue
from fakeokx.wire.render_account import balance_row, position_row, signed_pos
from fakeokx.wire.render_orders import algo_row, order_row, text
from fakeokx.wire.variants import as_position

Row = dict[str, Any]
TRAILING: Final = "move_order_stop"
_ADVANCED_ONLY: Final = (
    "activePx",
    "callbackRatio",
    "callbackSpread",
    "moveTriggerPx",
    "pxLimit",
    "pxSpread",
    "pxVar",
    "szLimit",
    "timeInterval",
)
_CL_ORD_ID_MAX: Final = 2**63


def order_push(venue: Venue, event: OrderChanged) -> Row:
    """One update of an order (OKX: WebSocket, order channel)."""
    order, fill = event.order, event.fill
    instrument = venue.instrument(order.inst_id)
    last = venue.prices[order.inst_id]
    row = order_row(order)
    del row["cancelSourceReason"]
    if instrument.inst_type != SPOT and venue.switches["order.ws_ccy"] == "":
        row["ccy"] = ""
    row["avgPx"] = row["avgPx"] or venue.switches["order.ws_avgpx_none"]
    row |= _of_fill(venue, fill)
    with exact():
        at = last if order.px_quote is None else order.px_quote
        notional = instrument.notional_quote(order.qty_contracts, at)
    return row | {
        "amendResult": event.amend_result,
        "amendSource": event.amend_source,
        "code": "0",
        "lastPx": text(last),
        "msg": "",
        "notionalUsd": text(notional),
        "reqId": event.req_id,
    }


def _of_fill(venue: Venue, fill: Fill | None) -> Row:
    if fill is None:
        return {
            "execType": "",
            "fillFee": "0",
            "fillFeeCcy": "",
            "fillFwdPx": "",
            "fillIdxPx": "",
            "fillMarkPx": "",
            "fillMarkVol": "",
            "fillNotionalUsd": "",
            "fillPnl": "0",
            "fillPx": "",
            "fillPxUsd": "",
            "fillPxVol": "",
            "fillSz": "0",
            "fillTime": "",
            "tradeId": "",
        }
    with exact():
        notional = venue.instrument(fill.inst_id).notional_quote(fill.qty_contracts, fill.px_quote)
    return {
        "execType": fill.exec_type,
        "fillFee": text(fill.fee),
        "fillFeeCcy": fill.fee_ccy,
        "fillFwdPx": "",
        "fillIdxPx": text(fill.mark_px_quote),
        "fillMarkPx": text(fill.mark_px_quote),
        "fillMarkVol": "",
        "fillNotionalUsd": text(notional),
        "fillPnl": text(fill.pnl),
        "fillPx": text(fill.px_quote),
        "fillPxUsd": "",
        "fillPxVol": "",
        "fillSz": text(fill.qty_contracts),
        "fillTime": str(fill.time_ms),
        "tradeId": "0" if fill.trade_id < 0 else str(fill.trade_id),
    }


def fills_push(fills: Sequence[Fill]) -> Row:
    """Executions of one taker at one price as one row (OKX: WebSocket, fills channel)."""
    first, last = fills[0], fills[-1]
    with exact():
        qty = sum((each.qty_contracts for each in fills[1:]), first.qty_contracts)
    is_number = first.cl_ord_id.isascii() and first.cl_ord_id.isdigit()
    is_shown = is_number and 0 < int(first.cl_ord_id) < _CL_ORD_ID_MAX
    return {
        "instId": first.inst_id,
        "fillSz": text(qty),
        "fillPx": text(first.px_quote),
        "side": first.side,
        "ts": str(last.time_ms),
        "ordId": str(first.ord_id),
        "clOrdId": first.cl_ord_id if is_shown else "0",
        "tradeId": str(last.trade_id),
        "execType": first.exec_type,
        "count": str(len(fills)),
    }


def algo_push(venue: Venue, event: AlgoChanged) -> Row:
    """One update of a stop or trigger order (OKX: WebSocket, algo orders channel)."""
    row = _algo(venue, event)
    for name in _ADVANCED_ONLY:
        row.pop(name, None)
    return row


def advance_push(venue: Venue, event: AlgoChanged, now_ms: int) -> Row:
    """One update of a trailing order (OKX: WebSocket, advance algo orders channel)."""
    return _algo(venue, event) | {
        "count": "1",
        "isTradeBorrowMode": False,
        "pTime": str(now_ms),
    }


def _algo(venue: Venue, event: AlgoChanged) -> Row:
    algo = event.algo
    notional = ""
    if algo.qty_contracts is not None:
        with exact():
            last = venue.prices[algo.inst_id]
            value = venue.instrument(algo.inst_id).notional_quote(algo.qty_contracts, last)
            notional = text(value)
    return algo_row(algo) | {
        "amendResult": event.amend_result,
        "notionalUsd": notional,
        "reqId": event.req_id,
    }


def account_push(venue: Venue, account: str) -> Row:
    """The account (OKX: WebSocket, account channel)."""
    row = balance_row(venue, account=account)
    row["details"] = [_account_detail(each) for each in row["details"]]
    return row


def _account_detail(row: Row) -> Row:
    equity = Decimal(row["eq"])
    price = text(ratio(Decimal(row["eqUsd"]), equity)) if equity else ""
    detail = {**row, "coinUsdPrice": price, "maxSpotInUseAmt": row["maxSpotInUse"]}
    del detail["maxSpotInUse"]
    return dict(sorted(detail.items()))


def position_push(venue: Venue, position: Position, now_ms: int) -> Row:
    """One position (OKX: WebSocket, positions channel)."""
    row = as_position(venue.switches, position_row(venue, position))
    return row | {"pTime": str(now_ms)}


def balance_data(account_row: Row, ccys: Sequence[str] | None = None) -> list[Row]:
    """``balData`` of balance_and_position, from the row of the account channel."""
    return [
        {"ccy": each["ccy"], "cashBal": each["cashBal"], "uTime": each["uTime"]}
        for each in account_row["details"]
        if ccys is None or each["ccy"] in ccys
    ]


def position_data(position: Position) -> Row:
    """One element of ``posData`` of balance_and_position."""
    is_open = position.qty_contracts != 0
    return {
        "posId": str(position.pos_id),
        "tradeId": position.trade_id,
        "instId": position.key.inst_id,
        "instType": INSTRUMENTS[position.key.inst_id].inst_type,
        "mgnMode": position.key.mgn_mode,
        "posSide": position.key.pos_side,
        "pos": signed_pos(position),
        "ccy": position.ccy,
        "posCcy": "",
        "avgPx": text(position.avg_px_quote) if is_open else "",
        "nonSettleAvgPx": text(position.entry_px_quote or position.avg_px_quote) if is_open else "",
        "settledPnl": text(position.settled_pnl),
        "uTime": str(position.u_time_ms),
    }


def trade_push(trades: Sequence[PublicTrade], seq_id: int) -> Row:
    """Trades of one taker at one price as one row (OKX: WebSocket, trades channel)."""
    last = trades[-1]
    with exact():
        qty = sum((each.qty_contracts for each in trades[1:]), trades[0].qty_contracts)
    return {
        "instId": last.inst_id,
        "tradeId": str(last.trade_id),
        "px": text(last.px_quote),
        "sz": text(qty),
        "side": last.side,
        "ts": str(last.time_ms),
        "count": str(len(trades)),
        "source": "0",
        "seqId": seq_id,
    }
