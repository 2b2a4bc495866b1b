"""Rows have every field of OKX's lists, in their order, and every value is text."""

from typing import Any

import pytest
from fakeokx_tools import BTC, T0, held, move, new_venue, place, place_algo

from fakeokx.engine.commands import SetPartial
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.step import step
from fakeokx.wire import render_account, render_market, render_orders, render_settings

FIELDS = {
    "order": """accFillSz algoClOrdId algoId attachAlgoClOrdId attachAlgoOrds avgPx cTime
        cancelSource cancelSourceReason category ccy clOrdId fee feeCcy fillPx fillSz fillTime
        instId instType isTpLimit lever linkedAlgoOrd ordId ordType pnl posSide px pxType pxUsd
        pxVol quickMgnType rebate rebateCcy reduceOnly side slOrdPx slTriggerPx slTriggerPxType
        source state stpId stpMode sz tag tdMode tgtCcy tpOrdPx tpTriggerPx tpTriggerPxType
        tradeId tradeQuoteCcy uTime""",
    "algo": """activePx actualPx actualSide actualSz algoClOrdId algoId amendPxOnTriggerType
        attachAlgoOrds cTime callbackRatio callbackSpread ccy chaseType chaseVal clOrdId
        closeFraction failCode instId instType isTradeBorrowMode last lever linkedOrd
        maxChaseType maxChaseVal moveTriggerPx ordId ordIdList ordPx ordType posSide pxLimit
        pxSpread pxVar quickMgnType reduceOnly side slOrdPx slTriggerPx slTriggerPxType state sz
        szLimit tag tdMode tgtCcy timeInterval tpOrdPx tpTriggerPx tpTriggerPxType tradeQuoteCcy
        triggerPx triggerPxType triggerTime uTime""",
    "fill": """side fillSz fillPx fillPxVol fillFwdPx fee fillPnl ordId feeRate instType
        fillPxUsd instId clOrdId posSide billId subType fillMarkVol tag fillTime execType
        fillIdxPx tradeId fillMarkPx feeCcy ts tradeQuoteCcy""",
    "bill": """bal balChg billId ccy clOrdId earnAmt earnApr execType fee fillFwdPx fillIdxPx
        fillMarkPx fillMarkVol fillPxUsd fillPxVol fillTime from instId instType interest
        mgnMode notes ordId pnl posBal posBalChg px subType sz tag to tradeId ts type""",
    "position": """adl availPos avgPx baseBal baseBorrowed baseInterest bePx bizRefId bizRefType
        cTime ccy clSpotInUseAmt closeOrderAlgo deltaBS deltaPA fee fundingFee gammaBS gammaPA
        hedgedPos idxPx imr instId instType interest last lever liab liabCcy liqPenalty liqPx
        margin markPx maxSpotInUseAmt mgnMode mgnRatio mmr nonSettleAvgPx notionalUsd optVal
        pendingCloseOrdLiabVal pnl pos posCcy posId posSide quoteBal quoteBorrowed quoteInterest
        realizedPnl settledPnl spotInUseAmt spotInUseCcy thetaBS thetaPA tradeId uTime upl
        uplLastPx uplRatio uplRatioLastPx usdPx vegaBS vegaPA""",
    "life": """cTime ccy closeAvgPx closeTotalPos direction fee fundingFee instId instType lever
        liqPenalty mgnMode nonSettleAvgPx openAvgPx openMaxPos pnl pnlRatio posId posSide
        realizedPnl settledPnl triggerPx type uTime uly""",
    "config": """acctLv acctStpMode autoLoan ctIsoMode enableSpotBorrow greeksType feeType ip
        type kycLv label level levelTmp liquidationGear mainUid mgnIsoMode opAuth perm posMode
        roleType spotBorrowAutoRepay spotOffsetType spotRoleType spotTraderInsts stgyType
        traderInsts uid settleCcy settleCcyList""",
    "balance": """adjEq availEq borrowFroz delta deltaLever deltaNeutralStatus details imr isoEq
        mgnRatio mmr notionalUsd notionalUsdForBorrow notionalUsdForFutures
        notionalUsdForOption notionalUsdForSwap ordFroz totalEq uTime upl""",
    "detail": """accAvgPx autoLendMtAmt autoLendStatus availBal availEq borrowFroz cashBal ccy
        clSpotInUseAmt colBorrAutoConversion colRes collateralEnabled collateralRestrict
        crossLiab disEq eq eqUsd fixedBal frozenBal frpType imr interest isoEq isoLiab isoUpl
        liab maxLoan maxSpotInUse mgnRatio mmr notionalLever openAvgPx ordFrozen rewardBal
        smtSyncEq spotBal spotCopyTradingEq spotInUseAmt spotIsoBal spotUpl spotUplRatio stgyEq
        totalPnl totalPnlRatio twap uTime upl uplLiab""",
    "swap": """alias auctionEndTime baseCcy category contTdSwTime ctMult ctType ctVal ctValCcy
        expTime futureSettlement groupId instCategory instFamily instId instIdCode instType
        lever listTime lotSz maxIcebergSz maxLmtAmt maxLmtSz maxMktAmt maxMktSz maxPlatOILmt
        maxStopSz maxTriggerSz maxTwapSz minSz openType optType posLmtAmt posLmtPct preMktSwTime
        quoteCcy ruleType settleCcy state stk tickSz tradeQuoteCcyList uly upcChg""",
    "ticker": """instType instId last lastSz askPx askSz bidPx bidSz open24h high24h low24h
        volCcy24h vol24h sodUtc0 sodUtc8 ts""",
    "mark": "instType instId markPx ts",
    "leverage": "ccy instId mgnMode posSide lever",
}
NOT_TEXT = {
    "attachAlgoOrds",
    "linkedAlgoOrd",
    "linkedOrd",
    "ordIdList",
    "closeOrderAlgo",
    "details",
    "autoLoan",
    "enableSpotBorrow",
    "spotBorrowAutoRepay",
    "spotTraderInsts",
    "traderInsts",
    "settleCcyList",
    "collateralEnabled",
    "collateralRestrict",
    "futureSettlement",
    "instIdCode",
    "tradeQuoteCcyList",
    "upcChg",
}


def all_rows() -> dict[str, list[dict[str, Any]]]:
    venue = new_venue()
    place(venue, sz="2", cl_ord_id="a", tag="t")
    place(venue, ord_type="limit", px="40000")
    place(venue, td_mode="isolated", sz="1")
    place_algo(venue, sl_trigger_px="49000", sl_ord_px="-1", reduce_only="true")
    place_algo(
        venue,
        close_fraction="1",
        sz="",
        ord_type="oco",
        sl_trigger_px="30000",
        sl_ord_px="-1",
        tp_trigger_px="90000",
        tp_ord_px="-1",
        reduce_only="true",
    )
    step(venue, SetPartial(inst_id=BTC, sz="0.5"), T0)
    move(venue, "48000")
    swap = INSTRUMENTS[BTC]
    return {
        "order": [render_orders.order_row(each) for each in venue.orders.values()],
        "algo": [render_orders.algo_row(each) for each in venue.algos.values()],
        "fill": [render_orders.fill_row(each) for each in venue.fills],
        "bill": [render_orders.bill_row(each) for each in venue.bills],
        "position": [
            render_account.position_row(venue, each) for each in venue.main.positions.values()
        ]
        + [render_account.position_row(venue, held(venue, inst_id="ETH-USDT-SWAP"))],
        "life": [
            render_account.position_history_row(venue, each) for each in venue.main.lives.values()
        ],
        "config": [render_settings.config_row(venue, "k", may_trade=True)],
        "balance": [render_account.balance_row(venue)],
        "detail": render_account.balance_row(venue)["details"],
        "swap": [render_market.instrument_row(each) for each in INSTRUMENTS.values()],
        "ticker": [render_market.ticker_row(venue, swap, T0)],
        "mark": [render_market.mark_price_row(venue, swap, T0)],
        "leverage": [render_settings.leverage_row(venue, held(venue).key)],
    }


ROWS = all_rows()


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_fields_and_their_order(kind: str) -> None:
    assert ROWS[kind], "a kind without a row tests nothing"
    for row in ROWS[kind]:
        assert list(row) == FIELDS[kind].split()


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_values_are_text_and_never_null(kind: str) -> None:
    for row in ROWS[kind]:
        wrong = {
            name: v for name, v in row.items() if not isinstance(v, str) and name not in NOT_TEXT
        }
        assert wrong == {}


@pytest.mark.parametrize("instrument", sorted(INSTRUMENTS))
def test_swaps_and_spots_fill_opposite_fields(instrument: str) -> None:
    row = render_market.instrument_row(INSTRUMENTS[instrument])
    is_swap = row["instType"] != "SPOT"
    assert bool(row["ctVal"] and row["settleCcy"] and row["uly"]) == is_swap
    assert bool(row["baseCcy"] and row["quoteCcy"]) != is_swap


def test_a_whole_position_closer_is_listed_with_its_position() -> None:
    row = next(row for row in ROWS["position"] if row["mgnMode"] == "cross" and row["pos"] != "0")
    (closer,) = row["closeOrderAlgo"]
    assert (closer["slTriggerPx"], closer["tpTriggerPx"]) == ("30000", "90000")


def test_margin_and_imr_exclude_each_other() -> None:
    for row in ROWS["position"]:
        if row["pos"] != "0":
            assert bool(row["imr"]) == (row["mgnMode"] == "cross")
            assert bool(row["margin"]) == (row["mgnMode"] == "isolated")


def filled_in(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value not in ("", [])}


def test_the_whole_story_of_one_closing_trade_in_order_fill_and_bill() -> None:
    """2 contracts bought at 50000 (fee 0.5), 1 sold at 51000: pnl 10, fee 0.255."""
    venue = new_venue()
    place(venue, sz="2")
    move(venue, "51000", T0 + 1)
    order = place(venue, T0 + 2, side="sell", sz="1", cl_ord_id="bye", tag="LiveAgent01")
    ids = {"ordId": str(order.ord_id), "tradeId": "2", "clOrdId": "bye", "tag": "LiveAgent01"}
    at = {"instId": BTC, "instType": "SWAP", "fillTime": str(T0 + 2)}
    marks = {"fillIdxPx": "51000", "fillMarkPx": "51000"}
    bill_id = str(venue.bills[-1].bill_id)
    done = venue.orders[order.ord_id]
    assert filled_in(render_orders.order_row(done)) == ids | at | {
        "accFillSz": "1", "avgPx": "51000", "cTime": str(T0 + 2), "category": "normal",
        "ccy": "USDT", "fee": "-0.255", "feeCcy": "USDT", "fillPx": "51000", "fillSz": "1",
        "isTpLimit": "false", "lever": "10", "linkedAlgoOrd": {"algoId": ""},
        "ordType": "market", "pnl": "10", "posSide": "net", "rebate": "0", "rebateCcy": "USDT",
        "reduceOnly": "false", "side": "sell", "state": "filled", "stpMode": "cancel_maker",
        "sz": "1", "tdMode": "cross", "tradeQuoteCcy": "USDT", "uTime": str(T0 + 2),
    }  # fmt: skip
    assert filled_in(render_orders.fill_row(venue.fills[-1])) == ids | at | marks | {
        "side": "sell", "fillSz": "1", "fillPx": "51000", "fee": "-0.255", "fillPnl": "10",
        "posSide": "net", "billId": bill_id, "subType": "2", "execType": "T",
        "feeCcy": "USDT", "ts": str(T0 + 2), "tradeQuoteCcy": "USDT",
    }  # fmt: skip
    assert filled_in(render_orders.bill_row(venue.bills[-1])) == ids | at | marks | {
        "bal": "1000009.245", "balChg": "9.745", "billId": bill_id, "ccy": "USDT",
        "execType": "T", "fee": "-0.255", "interest": "0", "mgnMode": "cross", "pnl": "10",
        "posBal": "0", "posBalChg": "0", "px": "51000", "subType": "2", "sz": "1",
        "ts": str(T0 + 2), "type": "2",
    }  # fmt: skip
    assert filled_in(render_account.position_row(venue, held(venue))).items() >= {
        "avgPx": "50000", "pos": "1", "pnl": "10", "fee": "-0.755", "realizedPnl": "9.245",
        "upl": "10", "imr": "51", "notionalUsd": "510", "markPx": "51000", "tradeId": "2",
        "cTime": str(T0), "uTime": str(T0 + 2), "uplRatio": "0.2", "mgnMode": "cross",
    }.items()  # fmt: skip
