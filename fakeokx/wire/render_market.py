"""Rows of public data: instruments, tickers, mark prices.

There is one price per instrument and no history of it: bid, ask, last, open, high and low
are that price, and volumes are zero. A client that needs a market must bring its own.
"""

from typing import Any, Final

from fakeokx.engine.decimals import plain
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.venue import Venue
from fakeokx.wire.render_orders import text

Row = dict[str, Any]
_LISTED_MS: Final = "1611916828000"


def instrument_row(instrument: Instrument) -> Row:
    """One instrument (OKX: Public data, GET instruments)."""
    is_swap = not instrument.is_spot
    limit_max, market_max = text(instrument.limit_sz_max), text(instrument.market_sz_max)
    return {
        "alias": "",
        "auctionEndTime": "",
        "baseCcy": "" if is_swap else instrument.base_ccy,
        "category": "1",
        "contTdSwTime": "",
        "ctMult": "1" if is_swap else "",
        "ctType": ("inverse" if instrument.is_inverse else "linear") if is_swap else "",
        "ctVal": text(instrument.ct_val_base) if is_swap else "",
        "ctValCcy": instrument.base_ccy if is_swap else "",
        "expTime": text(instrument.exp_ms),
        "futureSettlement": False,
        "groupId": "1",
        "instCategory": "1",
        "instFamily": instrument.uly if is_swap else "",
        "instId": instrument.inst_id,
        "instIdCode": instrument.inst_id_code,
        "instType": instrument.inst_type,
        "lever": text(instrument.lever_max),
        "listTime": _LISTED_MS,
        "lotSz": text(instrument.lot_sz),
        "maxIcebergSz": limit_max,
        "maxLmtAmt": "20000000",
        "maxLmtSz": limit_max,
        "maxMktAmt": "" if is_swap else "1000000",
        "maxMktSz": market_max,
        "maxPlatOILmt": "",
        "maxStopSz": market_max,
        "maxTriggerSz": limit_max,
        "maxTwapSz": limit_max,
        "minSz": text(instrument.min_sz),
        "openType": "",
        "optType": "",
        "posLmtAmt": "",
        "posLmtPct": "",
        "preMktSwTime": "",
        "quoteCcy": "" if is_swap else instrument.quote_ccy,
        "ruleType": "normal",
        "settleCcy": instrument.settle_ccy,
        "state": "live",
        "stk": "",
        "tickSz": text(instrument.tick_sz),
        "tradeQuoteCcyList": [] if is_swap else [instrument.quote_ccy],
        "uly": instrument.uly if is_swap else "",
        "upcChg": [],
    }


def ticker_row(venue: Venue, instrument: Instrument, now_ms: int) -> Row:
    """One ticker (OKX: Market data, GET ticker)."""
    px = plain(venue.prices[instrument.inst_id])
    minimum = text(instrument.min_sz)
    return {
        "instType": instrument.inst_type,
        "instId": instrument.inst_id,
        "last": px,
        "lastSz": minimum,
        "askPx": px,
        "askSz": minimum,
        "bidPx": px,
        "bidSz": minimum,
        "open24h": px,
        "high24h": px,
        "low24h": px,
        "volCcy24h": "0",
        "vol24h": "0",
        "sodUtc0": px,
        "sodUtc8": px,
        "ts": str(now_ms),
    }


def mark_price_row(venue: Venue, instrument: Instrument, now_ms: int) -> Row:
    """One mark price (OKX: Public data, GET mark-price)."""
    return {
        "instType": instrument.inst_type,
        "instId": instrument.inst_id,
        "markPx": plain(venue.marks[instrument.inst_id]),
        "ts": str(now_ms),
    }
