"""Rows of the products that the books do not keep, in OKX's own shapes; every value is invented."""

from __future__ import annotations

from typing import Any

from exchange_script import NOW

Row = dict[str, Any]

_POSITION_KEYS = (
    "adl availPos avgPx baseBal baseBorrowed baseInterest bePx bizRefId bizRefType cTime ccy "
    "clSpotInUseAmt closeOrderAlgo deltaBS deltaPA fee fundingFee gammaBS gammaPA hedgedPos idxPx "
    "imr instId instType interest last lever liab liabCcy liqPenalty liqPx margin markPx "
    "maxSpotInUseAmt mgnMode mgnRatio mmr nonSettleAvgPx notionalUsd optVal "
    "pendingCloseOrdLiabVal pnl pos posCcy posId posSide quoteBal quoteBorrowed quoteInterest "
    "realizedPnl settledPnl spotInUseAmt spotInUseCcy thetaBS thetaPA tradeId uTime upl uplLastPx "
    "uplRatio uplRatioLastPx usdPx vegaBS vegaPA"
)
_LIFE_KEYS = (
    "cTime ccy closeAvgPx closeTotalPos direction fee fundingFee instId instType lever liqPenalty "
    "mgnMode nonSettleAvgPx openAvgPx openMaxPos pnl pnlRatio posId posSide realizedPnl "
    "settledPnl triggerPx type uTime uly"
)
_FILL_KEYS = (
    "side fillSz fillPx fillPxVol fillFwdPx fee fillPnl ordId feeRate instType fillPxUsd instId "
    "clOrdId posSide billId subType fillMarkVol tag fillTime execType fillIdxPx tradeId "
    "fillMarkPx feeCcy ts tradeQuoteCcy"
)
_ORDER_KEYS = (
    "accFillSz algoClOrdId algoId attachAlgoClOrdId avgPx cTime cancelSource cancelSourceReason "
    "category ccy clOrdId fee feeCcy fillPx fillSz fillTime instId instType isTpLimit lever ordId "
    "ordType pnl posSide px pxType pxUsd pxVol quickMgnType rebate rebateCcy reduceOnly side "
    "slOrdPx slTriggerPx slTriggerPxType source state stpId stpMode sz tag tdMode tgtCcy tpOrdPx "
    "tpTriggerPx tpTriggerPxType tradeId tradeQuoteCcy uTime"
)
_BILL_KEYS = (
    "bal balChg billId ccy clOrdId earnAmt earnApr execType fee fillFwdPx fillIdxPx fillMarkPx "
    "fillMarkVol fillPxUsd fillPxVol fillTime from instId instType interest mgnMode notes ordId "
    "pnl posBal posBalChg px subType sz tag to tradeId ts type"
)
_INSTRUMENT_KEYS = (
    "alias auctionEndTime baseCcy category contTdSwTime ctMult ctType ctVal ctValCcy expTime "
    "groupId instCategory instFamily instId instType lever listTime lotSz maxIcebergSz maxLmtAmt "
    "maxLmtSz maxMktAmt maxMktSz maxPlatOILmt maxStopSz maxTriggerSz maxTwapSz minSz openType "
    "optType posLmtAmt posLmtPct preMktSwTime quoteCcy ruleType settleCcy state stk tickSz uly"
)


def _row(keys: str, **values: Any) -> Row:
    return dict.fromkeys(keys.split(), "") | values


def position(inst_type: str, inst_id: str, **values: str) -> Row:
    now = {"cTime": str(NOW - 9), "uTime": str(NOW - 5), "closeOrderAlgo": []}
    return _row(_POSITION_KEYS, instType=inst_type, instId=inst_id, **now) | values


def life(inst_type: str, inst_id: str, **values: str) -> Row:
    now = {"cTime": str(NOW - 9), "uTime": str(NOW - 5)}
    return _row(_LIFE_KEYS, instType=inst_type, instId=inst_id, **now) | values


def fill(inst_type: str, inst_id: str, number: str, **values: str) -> Row:
    now = {"ts": str(NOW - 5), "fillTime": str(NOW - 6), "billId": number, "tradeId": number}
    return _row(_FILL_KEYS, instType=inst_type, instId=inst_id, ordId=number, **now) | values


def order(inst_type: str, inst_id: str, number: str, **values: str) -> Row:
    now = {"cTime": str(NOW - 9), "uTime": str(NOW - 5), "attachAlgoOrds": [],
           "linkedAlgoOrd": {"algoId": ""}}  # fmt: skip
    return _row(_ORDER_KEYS, instType=inst_type, instId=inst_id, ordId=number, **now) | values


def bill(inst_type: str, inst_id: str, number: str, **values: str) -> Row:
    row = _row(_BILL_KEYS, instType=inst_type, instId=inst_id, billId=number, ts=str(NOW - 5))
    return row | {"ccy": "USDT", "type": "2", "subType": "1"} | values


def instrument(inst_type: str, inst_id: str, **values: Any) -> Row:
    odd = {"instIdCode": 1, "futureSettlement": False, "tradeQuoteCcyList": [], "upcChg": []}
    return _row(_INSTRUMENT_KEYS, instType=inst_type, instId=inst_id, **odd) | values


LINEAR = {"ctType": "linear", "ctMult": "1", "state": "live"}
INSTRUMENTS = {
    "SWAP": [
        instrument("SWAP", "BTC-USDT-SWAP", ctVal="0.01", lotSz="0.01", tickSz="0.1",
                   settleCcy="USDT", **LINEAR),
        instrument("SWAP", "BTC-USDC-SWAP", ctVal="0.0001", lotSz="1", tickSz="0.1",
                   settleCcy="USDC", **LINEAR),
        instrument("SWAP", "BTC-USD-SWAP", ctType="inverse", ctVal="100", ctMult="1", lotSz="1",
                   tickSz="0.1", settleCcy="BTC", state="live"),
        instrument("SWAP", "NEW-USDT-SWAP", ctType="linear", state="preopen", settleCcy="USDT"),
    ],
    "FUTURES": [
        instrument("FUTURES", "BTC-USD-240329", ctType="inverse", ctVal="100", ctMult="1",
                   lotSz="1", tickSz="0.1", settleCcy="BTC", state="live"),
    ],
}  # fmt: skip
POSITIONS = [
    position("OPTION", "BTC-USD-240329-60000-C", mgnMode="cross", posSide="net", pos="-2",
             posId="11", ccy="BTC", avgPx="0.034", optVal="-0.06", upl="0.001"),
    position("MARGIN", "ETH-USDT", mgnMode="cross", posSide="net", pos="0.5", posId="12",
             ccy="USDT", posCcy="ETH", avgPx="2500", liab="-1250.1", liabCcy="USDT"),
    position("MARGIN", "ETH-USDT", mgnMode="cross", posSide="net", pos="0.7", posId="13",
             ccy="ETH", posCcy="ETH", avgPx="", liab="-1750", liabCcy="USDT"),
    position("SWAP", "BTC-USD-SWAP", mgnMode="cross", posSide="net", pos="40", posId="14",
             ccy="BTC", avgPx="51234.5", liqPenalty="0"),
    position("SWAP", "BTC-USDC-SWAP", mgnMode="isolated", posSide="net", pos="-7", posId="15",
             ccy="USDC", avgPx="51234.5", liqPenalty="0"),
    position("SWAP", "BTC-USDT-SWAP", mgnMode="cross", posSide="net", pos="3", posId="16",
             ccy="USDT", avgPx="51200", liqPenalty="0"),
]  # fmt: skip
LIVES = [
    life("MARGIN", "ETH-USDT", mgnMode="cross", posId="21", type="2", direction="long",
         closeTotalPos="", ccy="USDT"),
    life("OPTION", "BTC-USD-240329-50000-P", mgnMode="cross", posSide="net", posId="22",
         type="2", direction="", closeTotalPos="1"),
    life("SWAP", "BTC-USD-SWAP", mgnMode="cross", posSide="net", posId="23", type="",
         direction="long", closeTotalPos="4"),
    life("SWAP", "BTC-USDT-SWAP", mgnMode="cross", posSide="net", posId="24", type="2",
         direction="long", closeTotalPos="1"),
    life("FUTURES", "BTC-USDT-231229", mgnMode="cross", posSide="net", posId="25", type="2",
         direction="long", closeTotalPos="2", pnl="1.5", realizedPnl="1.4", liqPenalty="0"),
]  # fmt: skip
FILLS = [
    fill("OPTION", "BTC-USD-240329-60000-C", "31", side="sell", posSide="net", fillSz="2",
         fillPx="0.034", fillPxUsd="1700", fee="-0.0006", feeCcy="BTC", subType="2"),
    fill("MARGIN", "ETH-USDT", "32", side="buy", posSide="net", fillSz="0.5", fillPx="2500",
         fee="-0.0005", feeCcy="ETH", feeRate="-0.001", subType="1"),
    fill("SPOT", "ETH-USDT", "33", side="buy", fillSz="0.1", fillPx="2500", fee="-0.0001",
         feeCcy="ETH", feeRate="-0.001", subType="1"),
    fill("SWAP", "BTC-USD-SWAP", "34", side="buy", posSide="net", fillSz="40", fillPx="51234.5",
         fee="-0.00004", feeCcy="BTC", subType="1"),
    fill("SWAP", "BTC-USDT-SWAP", "35", side="buy", posSide="net", fillSz="3", fillPx="51200",
         fee="-0.75", feeCcy="USDT", subType="1"),
    fill("FUTURES", "BTC-USDT-231229", "36", side="sell", posSide="net", fillSz="2",
         fillPx="50000", fee="0", feeCcy="USDT", subType="112"),
]  # fmt: skip
ORDERS = [
    order("OPTION", "BTC-USD-240329-60000-C", "41", side="sell", posSide="net", tdMode="cross",
          ordType="limit", state="filled", px="0.034", sz="2", accFillSz="2"),
    order("MARGIN", "ETH-USDT", "42", side="buy", posSide="net", tdMode="cross",
          ordType="market", state="filled", sz="1250", tgtCcy="quote_ccy", accFillSz="0.5"),
    order("MARGIN", "ETH-USDT", "43", side="buy", tdMode="spot_isolated", state="canceled", sz=""),
    order("SWAP", "BTC-USD-SWAP", "44", side="buy", posSide="net", tdMode="cross",
          ordType="elp", state="live", px="50000", sz="40", accFillSz="0"),
    order("SWAP", "BTC-USDT-SWAP", "45", side="buy", posSide="net", tdMode="cross",
          ordType="limit", state="filled", px="51200", sz="3", accFillSz="3", reduceOnly="false",
          category="normal"),
]  # fmt: skip
BILLS = [
    bill("MARGIN", "ETH-USDT", "51", balChg="", posBalChg="0.5", sz="-0.5", ccy="ETH"),
    bill("OPTION", "BTC-USD-240329-60000-C", "52", balChg="0.067", sz="-2", ccy="BTC"),
    bill("SPOT", "ETH-USDT", "53", balChg="-250", sz="0.1"),
    bill("", "", "54", balChg="", ccy="XRP", type="7", subType="9"),
    bill("SWAP", "BTC-USDT-SWAP", "55", balChg="-0.75", posBalChg="0", pnl="0", fee="-0.75",
         sz="3"),
]  # fmt: skip
BALANCE = {
    "totalEq": "2000", "uTime": str(NOW), "details": [
        {"ccy": "USDT", "eq": "1000.5", "upl": "0.5", "cashBal": "1000"},
        {"ccy": "USDC", "eq": "700", "upl": "", "cashBal": "700"},
        {"ccy": "GIFT", "eq": "", "upl": "", "cashBal": ""},
    ],
}  # fmt: skip
ALGOS = [
    {"instType": "MARGIN", "instId": "ETH-USDT", "algoId": "61", "algoClOrdId": "", "state": "live",
     "tdMode": "cross", "side": "sell", "posSide": "net", "ordType": "conditional", "sz": "",
     "closeFraction": "", "slTriggerPx": "2000", "cTime": str(NOW - 9)},
]  # fmt: skip


def used() -> dict[str, Any]:
    """What ``served`` answers for an account that has all of it."""
    return {
        "public/instruments": lambda asked: INSTRUMENTS[asked["instType"]],
        "account/config": [{"uid": "7001", "mainUid": "7001", "acctLv": "3",
                            "posMode": "net_mode", "perm": "read_only,trade", "ip": ""}],
        "account/positions": POSITIONS,
        "account/positions-history": LIVES,
        "account/balance": [BALANCE],
        "account/bills": BILLS,
        "trade/fills": FILLS,
        "trade/orders-pending": ORDERS[3:4],
        "trade/orders-history": lambda asked: [
            row for row in reversed(ORDERS[:3] + ORDERS[4:])
            if int(row["ordId"]) < int(asked.get("after", "999"))
        ],
        "trade/orders-algo-pending": ALGOS,
    }  # fmt: skip
