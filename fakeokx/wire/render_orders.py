"""Rows of orders, algo orders, fills and bills: every field present, every value text.

``""`` stands for what does not apply. The key order is fixed, as the field lists of OKX give
it. A number is written without trailing zeros.
"""

import json
from decimal import Decimal
from typing import Any, Final

from fakeokx.engine.decimals import plain
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.model import Algo, Attached, Bill, Exit, Fill, Leg, Order

Row = dict[str, Any]


def text(number: Decimal | int | None) -> str:
    """A number, or ``""`` for none."""
    if number is None:
        return ""
    return plain(number) if isinstance(number, Decimal) else str(number)


def yes_no(value: bool) -> str:
    """A flag as OKX writes it in most rows."""
    return "true" if value else "false"


def order_row(order: Order) -> Row:
    """One row of the order lists (OKX: Trade, GET order).

    What is attached is a list; if it is one, it also has its place among the order's own fields.
    """
    instrument = INSTRUMENTS[order.inst_id]
    only = order.attached[0] if len(order.attached) == 1 else None
    sl_trigger, sl_px, sl_type = _exit_words(only.sl if only else None)
    tp_trigger, tp_px, tp_type = _exit_words(only.tp if only else None)
    return {
        "accFillSz": text(order.filled_contracts),
        "algoClOrdId": order.algo_cl_ord_id,
        "algoId": text(order.algo_id),
        "attachAlgoClOrdId": only.attach_algo_cl_ord_id if only else "",
        "attachAlgoOrds": [_attached(each) for each in order.attached],
        "avgPx": text(order.avg_px_quote),
        "cTime": str(order.c_time_ms),
        "cancelSource": order.cancel_source,
        "cancelSourceReason": "",
        "category": order.category,
        "ccy": instrument.settle_ccy,
        "clOrdId": order.cl_ord_id,
        "fee": text(order.fee),
        "feeCcy": order.fee_ccy,
        "fillPx": text(order.last_px_quote),
        "fillSz": text(order.last_contracts),
        "fillTime": text(order.last_time_ms),
        "instId": order.inst_id,
        "instType": instrument.inst_type,
        "isTpLimit": "false",
        "lever": "" if instrument.is_spot else text(order.lever),
        "linkedAlgoOrd": {"algoId": ""},
        "ordId": str(order.ord_id),
        "ordType": order.ord_type,
        "pnl": text(order.pnl),
        "posSide": order.pos_side,
        "px": text(order.px_quote),
        "pxType": "",
        "pxUsd": "",
        "pxVol": "",
        "quickMgnType": "",
        "rebate": "0",
        "rebateCcy": order.fee_ccy,
        "reduceOnly": yes_no(order.reduce_only),
        "side": order.side,
        "slOrdPx": sl_px,
        "slTriggerPx": sl_trigger,
        "slTriggerPxType": sl_type,
        "source": order.source,
        "state": str(order.state),
        "stpId": "",
        "stpMode": order.stp_mode,
        "sz": text(order.qty_contracts if order.quote_sz is None else order.quote_sz),
        "tag": order.tag,
        "tdMode": order.td_mode,
        "tgtCcy": order.tgt_ccy,
        "tpOrdPx": tp_px,
        "tpTriggerPx": tp_trigger,
        "tpTriggerPxType": tp_type,
        "tradeId": order.last_trade_id,
        "tradeQuoteCcy": instrument.quote_ccy,
        "uTime": str(order.u_time_ms),
    }


def _exit_words(given: Exit | None) -> tuple[str, str, str]:
    """Trigger price, order price and trigger type of an attached take-profit or stop."""
    if given is None:
        return _NO_LEG
    trigger_px, px_type, order_px = given
    return text(trigger_px), _AT_MARKET if order_px is None else text(order_px), px_type


def _attached(each: Attached) -> Row:
    """One element of attachAlgoOrds."""
    sl_trigger, sl_px, sl_type = _exit_words(each.sl)
    tp_trigger, tp_px, tp_type = _exit_words(each.tp)
    return {
        "activePx": text(each.active_px_quote),
        "amendPxOnTriggerType": "0",
        "attachAlgoClOrdId": each.attach_algo_cl_ord_id,
        "attachAlgoId": str(each.attach_algo_id),
        "callbackRatio": text(each.callback_ratio),
        "callbackSpread": text(each.callback_spread),
        "failCode": "",
        "failReason": "",
        "slOrdPx": sl_px,
        "slTriggerPx": sl_trigger,
        "slTriggerPxType": sl_type,
        "slTriggerRatio": "",
        "sz": text(each.qty_contracts),
        "tpOrdKind": "condition" if each.tp else "",
        "tpOrdPx": tp_px,
        "tpTriggerPx": tp_trigger,
        "tpTriggerPxType": tp_type,
        "tpTriggerRatio": "",
    }


_NO_LEG: Final = ("", "", "")
_AT_MARKET: Final = "-1"


def _leg_words(leg: Leg | None) -> tuple[str, str, str]:
    if leg is None:
        return _NO_LEG
    order_px = _AT_MARKET if leg.ord_px_quote is None else text(leg.ord_px_quote)
    return text(leg.trigger_px_quote), order_px, leg.trigger_px_type


def algo_row(algo: Algo) -> Row:
    """One row of the algo order lists (OKX: Algo trading, GET algo order)."""
    sl_trigger, sl_px, sl_type = _leg_words(algo.leg("sl"))
    tp_trigger, tp_px, tp_type = _leg_words(algo.leg("tp"))
    trigger, order_px, trigger_type = _leg_words(algo.leg("trigger"))
    instrument = INSTRUMENTS[algo.inst_id]
    child = text(algo.child_ord_id)
    actual_px = text(algo.actual_px_quote)
    if child and not actual_px:
        actual_px = _AT_MARKET
    return {
        "activePx": text(algo.active_px_quote),
        "actualPx": actual_px,
        "actualSide": algo.fired_leg if algo.fired_leg in ("sl", "tp") else "",
        "actualSz": text(algo.actual_contracts),
        "algoClOrdId": algo.algo_cl_ord_id,
        "algoId": str(algo.algo_id),
        "amendPxOnTriggerType": "0",
        "attachAlgoOrds": [_attached(each) for each in algo.attached],
        "cTime": str(algo.c_time_ms),
        "callbackRatio": text(algo.callback_ratio),
        "callbackSpread": text(algo.callback_spread),
        "ccy": "",
        "chaseType": "",
        "chaseVal": "",
        "clOrdId": algo.cl_ord_id,
        "closeFraction": "1" if algo.qty_contracts is None else "",
        "failCode": algo.fail_code,
        "instId": algo.inst_id,
        "instType": instrument.inst_type,
        "isTradeBorrowMode": "",
        "last": text(algo.last_px_quote),
        "lever": "" if instrument.is_spot else text(algo.lever),
        "linkedOrd": {"ordId": text(algo.linked_ord_id)},
        "maxChaseType": "",
        "maxChaseVal": "",
        "moveTriggerPx": text(algo.move_trigger_px_quote),
        "ordId": child,
        "ordIdList": [child] if child else [],
        "ordPx": order_px,
        "ordType": algo.ord_type,
        "posSide": algo.pos_side,
        "pxLimit": "",
        "pxSpread": "",
        "pxVar": "",
        "quickMgnType": "",
        "reduceOnly": yes_no(algo.reduce_only),
        "side": algo.side,
        "slOrdPx": sl_px,
        "slTriggerPx": sl_trigger,
        "slTriggerPxType": sl_type,
        "state": str(algo.state),
        "sz": text(algo.qty_contracts),
        "szLimit": "",
        "tag": algo.tag,
        "tdMode": algo.td_mode,
        "tgtCcy": algo.tgt_ccy,
        "timeInterval": "",
        "tpOrdPx": tp_px,
        "tpTriggerPx": tp_trigger,
        "tpTriggerPxType": tp_type,
        "tradeQuoteCcy": instrument.quote_ccy,
        "triggerPx": trigger,
        "triggerPxType": trigger_type,
        "triggerTime": text(algo.trigger_time_ms),
        "uTime": str(algo.u_time_ms),
    }


def fill_row(fill: Fill) -> Row:
    """One row of the fill lists (OKX: Trade, GET transaction details)."""
    instrument = INSTRUMENTS[fill.inst_id]
    return {
        "side": fill.side,
        "fillSz": text(fill.qty_contracts),
        "fillPx": text(fill.px_quote),
        "fillPxVol": "",
        "fillFwdPx": "",
        "fee": text(fill.fee),
        "fillPnl": text(fill.pnl),
        "ordId": str(fill.ord_id),
        "feeRate": text(fill.fee_rate) if instrument.is_spot else "",
        "instType": instrument.inst_type,
        "fillPxUsd": "",
        "instId": fill.inst_id,
        "clOrdId": fill.cl_ord_id,
        "posSide": fill.pos_side,
        "billId": str(fill.bill_id),
        "subType": fill.sub_type,
        "fillMarkVol": "",
        "tag": fill.tag,
        "fillTime": str(fill.time_ms),
        "execType": fill.exec_type,
        "fillIdxPx": text(fill.mark_px_quote),
        "tradeId": str(fill.trade_id),
        "fillMarkPx": text(fill.mark_px_quote),
        "feeCcy": fill.fee_ccy,
        "ts": str(fill.time_ms),
        "tradeQuoteCcy": instrument.quote_ccy,
    }


def bill_row(bill: Bill) -> Row:
    """One line of the account (OKX: Account, GET bills); bare where it has no fill."""
    if bill.row:
        return {**json.loads(bill.row), "bal": text(bill.cash)}
    fill = bill.fill
    inst_type = INSTRUMENTS[bill.inst_id].inst_type if bill.inst_id else ""
    mark = "" if fill is None else text(fill.mark_px_quote)
    return {
        "bal": text(bill.cash),
        "balChg": text(bill.cash_change),
        "billId": str(bill.bill_id),
        "ccy": bill.ccy,
        "clOrdId": "" if fill is None else fill.cl_ord_id,
        "earnAmt": "",
        "earnApr": "",
        "execType": "" if fill is None else fill.exec_type,
        "fee": text(bill.fee),
        "fillFwdPx": "",
        "fillIdxPx": mark,
        "fillMarkPx": mark,
        "fillMarkVol": "",
        "fillPxUsd": "",
        "fillPxVol": "",
        "fillTime": str(bill.time_ms if fill is None else fill.time_ms),
        "from": bill.sender,
        "instId": bill.inst_id,
        "instType": inst_type,
        "interest": "0",
        "mgnMode": bill.mgn_mode,
        "notes": "",
        "ordId": str(fill.ord_id) if fill is not None and bill.type in _WITH_ORD_ID else "",
        "pnl": text(bill.pnl),
        "posBal": text(bill.margin),
        "posBalChg": text(bill.margin_change),
        "px": text(bill.px_quote),
        "subType": bill.sub_type,
        "sz": text(bill.qty_contracts),
        "tag": "" if fill is None else fill.tag,
        "to": bill.receiver,
        "tradeId": "0" if fill is None else str(fill.trade_id),
        "ts": str(bill.time_ms),
        "type": bill.type,
    }


_WITH_ORD_ID: Final = ("2", "5", "9")
