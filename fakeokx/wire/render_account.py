"""Rows of the account: balance, positions, positions-history.

Position rows never name an order or a tag: in net mode every agent of the account shares one
row. Fields that are not modelled (greeks, borrowing) are ``""``. A coin is worth its mark price
against USDT, and one USDT or USDC is one dollar.
"""

from decimal import Decimal
from typing import Any, Final

from fakeokx.engine.account import (
    Wealth,
    closable,
    initial_margin_quote,
    isolated_ratio,
    liquidation_px,
    maintenance_margin_quote,
    wealth,
)
from fakeokx.engine.decimals import ONE, ZERO, exact, plain, ratio
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.model import CROSS, MAIN, NET, Algo, Position
from fakeokx.engine.venue import SETTLE_CCY, Venue, upl_quote
from fakeokx.wire.render_orders import text
from fakeokx.wire.render_settings import UID as UID
from fakeokx.wire.render_settings import uid_of as uid_of

Row = dict[str, Any]


def balance_row(venue: Venue, ccys: tuple[str, ...] = (), account: str = MAIN) -> Row:
    """The account's balance (OKX: Account, GET balance).

    ``ccys`` empty means every currency that is not nothing; one that is asked for by name is
    shown in any case.
    """
    holder = venue.account(account)
    with exact():
        held = {ccy: wealth(venue, account, ccy) for ccy in _currencies(venue, account, ccys)}
        if not ccys:
            held = {ccy: money for ccy, money in held.items() if money.cash or money.equity}
        usd = {ccy: money.equity * coin_px(venue, ccy) for ccy, money in held.items()}
        iso = sum((held[ccy].isolated_equity * coin_px(venue, ccy) for ccy in held), ZERO)
        details = [
            _detail(ccy, money, usd[ccy], holder.cash_time_ms.get(ccy, 0))
            for ccy, money in held.items()
        ]
        row: Row = dict.fromkeys(_BALANCE_FIELDS, "")
        return row | {
            "details": details,
            "isoEq": text(iso),
            "totalEq": text(sum(usd.values(), ZERO)),
            "uTime": str(max(holder.cash_time_ms.values(), default=0)),
        }


def _currencies(venue: Venue, account: str, ccys: tuple[str, ...]) -> list[str]:
    holder = venue.account(account)
    known = {**holder.cash, **{each.ccy: None for each in holder.open_positions.values()}}
    if ccys:
        coins = {name for each in INSTRUMENTS.values() for name in (each.base_ccy, each.quote_ccy)}
        return [ccy for ccy in dict.fromkeys(ccys) if ccy in known or ccy in coins]
    return list(known)


def coin_px(venue: Venue, ccy: str) -> Decimal:
    """What one coin is worth in dollars; nothing if nobody trades it here."""
    if ccy in (SETTLE_CCY, "USDC"):
        return ONE
    for inst_id in (f"{ccy}-{SETTLE_CCY}", f"{ccy}-{SETTLE_CCY}-SWAP"):
        if inst_id in venue.marks:
            return venue.marks[inst_id]
    return ZERO


def _detail(ccy: str, money: Wealth, usd: Decimal, u_time_ms: int) -> Row:
    available = max(money.available, ZERO)
    margin_ratio = money.margin_ratio
    return {
        "accAvgPx": "",
        "autoLendMtAmt": "0",
        "autoLendStatus": "unsupported",
        "availBal": text(available),
        "availEq": text(available),
        "borrowFroz": "",
        "cashBal": text(money.cash),
        "ccy": ccy,
        "clSpotInUseAmt": "",
        "colBorrAutoConversion": "0",
        "colRes": "0",
        "collateralEnabled": False,
        "collateralRestrict": False,
        "crossLiab": "",
        "disEq": text(usd),
        "eq": text(money.equity),
        "eqUsd": text(usd),
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
        "mgnRatio": text(margin_ratio),
        "mmr": text(money.maintenance_margin),
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
        "uTime": str(u_time_ms),
        "upl": text(money.upl),
        "uplLiab": "",
    }


def position_row(venue: Venue, position: Position) -> Row:
    """One position (OKX: Account, GET positions); a flat one has pos 0 and no margin."""
    with exact():
        return _position_row(venue, position)


def _position_row(venue: Venue, position: Position) -> Row:
    key = position.key
    last, mark = venue.prices[key.inst_id], venue.marks[key.inst_id]
    is_open = position.qty_contracts != 0
    is_cross = key.mgn_mode == CROSS
    row: Row = dict.fromkeys(_POSITION_FIELDS, "")
    row |= {
        "adl": "0",
        "cTime": str(position.c_time_ms),
        "ccy": position.ccy,
        "closeOrderAlgo": [_close_order(each) for each in _whole_closers(venue, position)],
        "fee": text(position.fee),
        "fundingFee": text(position.funding_fee),
        "hedgedPos": "",
        "idxPx": text(mark),
        "instId": key.inst_id,
        "instType": INSTRUMENTS[key.inst_id].inst_type,
        "interest": "",
        "last": text(last),
        "liqPenalty": text(position.liq_penalty),
        "markPx": text(mark),
        "mgnMode": key.mgn_mode,
        "pnl": text(position.pnl),
        "pos": signed_pos(position),
        "posId": str(position.pos_id),
        "posSide": key.pos_side,
        "realizedPnl": text(position.realized_pnl),
        "settledPnl": text(position.settled_pnl),
        "tradeId": position.trade_id,
        "uTime": str(position.u_time_ms),
        "usdPx": text(coin_px(venue, position.ccy)) if key.pos_side == NET else "",
    }
    if is_open:
        upl, upl_last = upl_quote(venue, position, mark), upl_quote(venue, position, last)
        row |= {
            "availPos": "" if key.pos_side == NET else text(closable(venue, key, position.account)),
            "avgPx": text(position.avg_px_quote),
            "bePx": text(_break_even(venue, position)),
            "imr": text(initial_margin_quote(venue, position, mark)) if is_cross else "",
            "lever": text(position.lever),
            "liqPx": text(_tick(venue, position, liquidation_px(venue, position))),
            "margin": "" if is_cross else text(position.margin),
            "mgnRatio": text(
                wealth(venue, position.account, position.ccy).margin_ratio
                if is_cross
                else isolated_ratio(venue, position, mark)
            ),
            "mmr": text(maintenance_margin_quote(venue, position, mark)),
            "nonSettleAvgPx": text(position.entry_px_quote or position.avg_px_quote),
            "notionalUsd": text(_notional(venue, position, mark)),
            "upl": text(upl),
            "uplLastPx": text(upl_last),
            "uplRatio": text(_return(venue, position, upl)),
            "uplRatioLastPx": text(_return(venue, position, upl_last)),
        }
    return row


def signed_pos(position: Position) -> str:
    """``pos``: signed in net mode, never negative in long_short mode."""
    qty = position.qty_contracts
    return plain(qty if position.key.pos_side == NET else abs(qty))


def position_history_row(venue: Venue, position: Position) -> Row:
    """One life of a position (OKX: Account, GET positions-history)."""
    with exact():
        return _position_history_row(venue, position)


def _position_history_row(venue: Venue, position: Position) -> Row:
    instrument = venue.instrument(position.key.inst_id)
    open_avg = ratio(position.opened_px_sum, position.opened_contracts)
    value = instrument.value(position.open_contracts_max * position.scale, open_avg)
    realized = position.realized_pnl
    return {
        "cTime": str(position.c_time_ms),
        "ccy": position.ccy,
        "closeAvgPx": text(ratio(position.closed_px_sum, position.closed_contracts)),
        "closeTotalPos": text(position.closed_contracts),
        "direction": "long" if position.was_long else "short",
        "fee": text(position.fee),
        "fundingFee": text(position.funding_fee),
        "instId": position.key.inst_id,
        "instType": instrument.inst_type,
        "lever": text(position.lever),
        "liqPenalty": text(position.liq_penalty),
        "mgnMode": position.key.mgn_mode,
        "nonSettleAvgPx": text(open_avg),
        "openAvgPx": text(position.avg_px_quote if position.entry_px_quote else open_avg),
        "openMaxPos": text(position.open_contracts_max),
        "pnl": text(position.pnl),
        "pnlRatio": text(ratio(realized, ratio(value, position.lever))),
        "posId": str(position.pos_id),
        "posSide": position.key.pos_side,
        "realizedPnl": text(realized),
        "settledPnl": text(position.settled_pnl),
        "triggerPx": text(position.close_mark_px_quote),
        "type": position.close_kind,
        "uTime": str(position.u_time_ms),
        "uly": instrument.uly,
    }


def _notional(venue: Venue, position: Position, px: Decimal) -> Decimal:
    return venue.instrument(position.key.inst_id).notional_quote(abs(position.qty_contracts), px)


def _return(venue: Venue, position: Position, upl: Decimal) -> Decimal:
    instrument = venue.instrument(position.key.inst_id)
    value = instrument.value(abs(position.qty_contracts), position.avg_px_quote)
    return ratio(upl * position.lever, value)


def _break_even(venue: Venue, position: Position) -> Decimal:
    taker_rate = venue.instrument(position.key.inst_id).taker_rate
    rate = taker_rate if position.qty_contracts > 0 else -taker_rate
    return ratio(position.avg_px_quote * (ONE + rate), ONE - rate)


def _tick(venue: Venue, position: Position, px: Decimal | None) -> Decimal | None:
    """The price on the instrument's grid that is next to it."""
    if px is None:
        return None
    step = venue.instrument(position.key.inst_id).tick_sz
    return ratio(px, step).to_integral_value() * step


def _whole_closers(venue: Venue, position: Position) -> list[Algo]:
    waiting = venue.account(position.account).open_algos
    return [
        algo
        for algo in waiting.values()
        if algo.qty_contracts is None
        and (algo.inst_id, algo.td_mode, algo.pos_side) == tuple(position.key)
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


_BALANCE_FIELD_WORDS: Final = """
    adjEq availEq borrowFroz delta deltaLever deltaNeutralStatus details imr isoEq mgnRatio mmr
    notionalUsd notionalUsdForBorrow notionalUsdForFutures notionalUsdForOption
    notionalUsdForSwap ordFroz totalEq uTime upl
"""
_BALANCE_FIELDS: Final = tuple(_BALANCE_FIELD_WORDS.split())
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
