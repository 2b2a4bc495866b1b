"""Rows of the account: config, balance, positions, positions-history, leverage.

Position rows never name an order or a tag: in net mode every agent of the account shares one
row. Fields of risk that are not modelled (liqPx, greeks, borrowing) are ``""``.
"""

from decimal import Decimal
from typing import Any, Final

from fakeokx.engine.account import (
    Wealth,
    initial_margin_quote,
    maintenance_margin_quote,
    wealth,
)
from fakeokx.engine.decimals import ONE, ZERO, exact, plain, ratio
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.model import CROSS, NET, Algo, Position, PositionKey
from fakeokx.engine.venue import SETTLE_CCY, TAKER_RATE, Venue, upl_quote
from fakeokx.wire.render_orders import text

Row = dict[str, Any]
UID: Final = "44705892343619584"


def config_row(venue: Venue, label: str, *, may_trade: bool) -> Row:
    """The account's configuration (OKX: Account, GET config)."""
    return {
        "acctLv": "2",
        "acctStpMode": "cancel_maker",
        "autoLoan": False,
        "ctIsoMode": "automatic",
        "enableSpotBorrow": False,
        "greeksType": "PA",
        "feeType": "0",
        "ip": "",
        "type": "0",
        "kycLv": "3",
        "label": label,
        "level": "Lv1",
        "levelTmp": "",
        "liquidationGear": "-1",
        "mainUid": UID,
        "mgnIsoMode": "automatic",
        "opAuth": "0",
        "perm": "read_only,trade" if may_trade else "read_only",
        "posMode": venue.pos_mode,
        "roleType": "0",
        "spotBorrowAutoRepay": False,
        "spotOffsetType": "",
        "spotRoleType": "0",
        "spotTraderInsts": [],
        "stgyType": "0",
        "traderInsts": [],
        "uid": UID,
        "settleCcy": SETTLE_CCY,
        "settleCcyList": [SETTLE_CCY],
    }


def balance_row(venue: Venue, ccys: tuple[str, ...] = ()) -> Row:
    """The account's balance (OKX: Account, GET balance); ``ccys`` empty means all."""
    with exact():
        money = wealth(venue)
        details = [_detail(venue, money)] if not ccys or SETTLE_CCY in ccys else []
        return {
            "adjEq": "",
            "availEq": "",
            "borrowFroz": "",
            "delta": "",
            "deltaLever": "",
            "deltaNeutralStatus": "",
            "details": details,
            "imr": "",
            "isoEq": text(money.isolated_equity),
            "mgnRatio": "",
            "mmr": "",
            "notionalUsd": "",
            "notionalUsdForBorrow": "",
            "notionalUsdForFutures": "",
            "notionalUsdForOption": "",
            "notionalUsdForSwap": "",
            "ordFroz": "",
            "totalEq": text(money.equity),
            "uTime": str(venue.cash_time_ms),
            "upl": "",
        }


def _detail(venue: Venue, money: Wealth) -> Row:
    available = max(money.available, ZERO)
    in_danger = money.maintenance_margin
    return {
        "accAvgPx": "",
        "autoLendMtAmt": "0",
        "autoLendStatus": "unsupported",
        "availBal": text(available),
        "availEq": text(available),
        "borrowFroz": "",
        "cashBal": text(money.cash),
        "ccy": SETTLE_CCY,
        "clSpotInUseAmt": "",
        "colBorrAutoConversion": "0",
        "colRes": "0",
        "collateralEnabled": False,
        "collateralRestrict": False,
        "crossLiab": "",
        "disEq": text(money.equity),
        "eq": text(money.equity),
        "eqUsd": text(money.equity),
        "fixedBal": "0",
        "frozenBal": text(money.equity - available),
        "frpType": "0",
        "imr": text(money.initial_margin),
        "interest": "",
        "isoEq": text(money.isolated_equity),
        "isoLiab": "",
        "isoUpl": text(money.isolated_upl),
        "liab": "",
        "maxLoan": "",
        "maxSpotInUse": "",
        "mgnRatio": text(ratio(money.equity, in_danger)) if in_danger else "",
        "mmr": text(in_danger),
        "notionalLever": "0",
        "openAvgPx": "",
        "ordFrozen": text(money.order_margin),
        "rewardBal": "0",
        "smtSyncEq": "0",
        "spotBal": "",
        "spotCopyTradingEq": "0",
        "spotInUseAmt": "",
        "spotIsoBal": "0",
        "spotUpl": "",
        "spotUplRatio": "",
        "stgyEq": "0",
        "totalPnl": "",
        "totalPnlRatio": "",
        "twap": "0",
        "uTime": str(venue.cash_time_ms),
        "upl": text(money.upl),
        "uplLiab": "",
    }


def position_row(venue: Venue, position: Position) -> Row:
    """One position (OKX: Account, GET positions); a flat one has pos 0 and no margin."""
    with exact():
        return _position_row(venue, position)


def _position_row(venue: Venue, position: Position) -> Row:
    key = position.key
    px = venue.prices[key.inst_id]
    is_open = position.qty_contracts != 0
    is_cross = key.mgn_mode == CROSS
    initial = initial_margin_quote(position, px)
    upl = upl_quote(position, px)
    row: Row = dict.fromkeys(_POSITION_FIELDS, "")
    row |= {
        "adl": "0",
        "cTime": str(position.c_time_ms),
        "ccy": SETTLE_CCY,
        "closeOrderAlgo": [_close_order(each) for each in _whole_closers(venue, key)],
        "fee": text(position.fee),
        "fundingFee": "0",
        "hedgedPos": "",
        "idxPx": text(px),
        "instId": key.inst_id,
        "instType": INSTRUMENTS[key.inst_id].inst_type,
        "interest": "",
        "last": text(px),
        "liqPenalty": "0",
        "markPx": text(px),
        "mgnMode": key.mgn_mode,
        "pnl": text(position.pnl),
        "pos": signed_pos(position),
        "posId": str(position.pos_id),
        "posSide": key.pos_side,
        "realizedPnl": text(position.pnl + position.fee),
        "settledPnl": "0",
        "tradeId": position.trade_id,
        "uTime": str(position.u_time_ms),
        "usdPx": "1",
    }
    if is_open:
        row |= {
            "avgPx": text(position.avg_px_quote),
            "bePx": text(_break_even(position)),
            "imr": text(initial) if is_cross else "",
            "lever": text(position.lever),
            "margin": "" if is_cross else text(position.margin),
            "mmr": text(maintenance_margin_quote(position, px)),
            "nonSettleAvgPx": text(position.avg_px_quote),
            "notionalUsd": text(_notional(position, px)),
            "upl": text(upl),
            "uplLastPx": text(upl),
            "uplRatio": text(_return(position, upl)),
            "uplRatioLastPx": text(_return(position, upl)),
        }
    return row


def signed_pos(position: Position) -> str:
    """``pos``: signed in net mode, never negative in long_short mode."""
    qty = position.qty_contracts
    return plain(qty if position.key.pos_side == NET else abs(qty))


def position_history_row(position: Position) -> Row:
    """One life of a position (OKX: Account, GET positions-history)."""
    with exact():
        return _position_history_row(position)


def _position_history_row(position: Position) -> Row:
    instrument = INSTRUMENTS[position.key.inst_id]
    open_avg = ratio(position.opened_px_sum, position.opened_contracts)
    value = instrument.notional_quote(position.open_contracts_max, open_avg)
    realized = position.pnl + position.fee
    return {
        "cTime": str(position.c_time_ms),
        "ccy": SETTLE_CCY,
        "closeAvgPx": text(ratio(position.closed_px_sum, position.closed_contracts)),
        "closeTotalPos": text(position.closed_contracts),
        "direction": "long" if position.was_long else "short",
        "fee": text(position.fee),
        "fundingFee": "0",
        "instId": position.key.inst_id,
        "instType": instrument.inst_type,
        "lever": text(position.lever),
        "liqPenalty": "0",
        "mgnMode": position.key.mgn_mode,
        "nonSettleAvgPx": text(open_avg),
        "openAvgPx": text(open_avg),
        "openMaxPos": text(position.open_contracts_max),
        "pnl": text(position.pnl),
        "pnlRatio": text(ratio(realized, ratio(value, position.lever))),
        "posId": str(position.pos_id),
        "posSide": position.key.pos_side,
        "realizedPnl": text(realized),
        "settledPnl": "0",
        "triggerPx": text(position.close_mark_px_quote),
        "type": position.close_kind,
        "uTime": str(position.u_time_ms),
        "uly": instrument.uly,
    }


def leverage_row(venue: Venue, key: PositionKey) -> Row:
    """One row of leverage-info."""
    return {
        "ccy": "",
        "instId": key.inst_id,
        "mgnMode": key.mgn_mode,
        "posSide": key.pos_side,
        "lever": text(venue.lever(key)),
    }


def _notional(position: Position, px: Decimal) -> Decimal:
    return INSTRUMENTS[position.key.inst_id].notional_quote(abs(position.qty_contracts), px)


def _return(position: Position, upl: Decimal) -> Decimal:
    return ratio(upl * position.lever, _notional(position, position.avg_px_quote))


def _break_even(position: Position) -> Decimal:
    rate = TAKER_RATE if position.qty_contracts > 0 else -TAKER_RATE
    return ratio(position.avg_px_quote * (ONE + rate), ONE - rate)


def _whole_closers(venue: Venue, key: PositionKey) -> list[Algo]:
    return [
        algo
        for algo in venue.open_algos.values()
        if algo.qty_contracts is None and (algo.inst_id, algo.td_mode, algo.pos_side) == tuple(key)
    ]


def _close_order(algo: Algo) -> Row:
    sl, tp = algo.leg("sl"), algo.leg("tp")
    return {
        "algoId": str(algo.algo_id),
        "slTriggerPx": text(sl.trigger_px_quote) if sl else "",
        "slTriggerPxType": sl.trigger_px_type if sl else "",
        "tpTriggerPx": text(tp.trigger_px_quote) if tp else "",
        "tpTriggerPxType": tp.trigger_px_type if tp else "",
        "closeFraction": "1",
    }


_POSITION_FIELD_WORDS: Final = """
    adl availPos avgPx baseBal baseBorrowed baseInterest bePx bizRefId bizRefType cTime ccy
    clSpotInUseAmt closeOrderAlgo deltaBS deltaPA fee fundingFee gammaBS gammaPA hedgedPos
    idxPx imr instId instType interest last lever liab liabCcy liqPenalty liqPx margin
    markPx maxSpotInUseAmt mgnMode mgnRatio mmr nonSettleAvgPx notionalUsd optVal
    pendingCloseOrdLiabVal pnl pos posCcy posId posSide quoteBal quoteBorrowed
    quoteInterest realizedPnl settledPnl spotInUseAmt spotInUseCcy thetaBS thetaPA tradeId
    uTime upl uplLastPx uplRatio uplRatioLastPx usdPx vegaBS vegaPA
"""
_POSITION_FIELDS: Final = tuple(_POSITION_FIELD_WORDS.split())
