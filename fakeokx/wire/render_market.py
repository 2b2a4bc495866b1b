"""Rows of public data: instruments, tickers, mark prices, and the depth that they show."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import takewhile
from typing import Any, Final

from fakeokx.engine.decimals import ZERO, exact, plain
from fakeokx.engine.instruments import FUTURES, LIVE, Instrument
from fakeokx.engine.market import Bar
from fakeokx.engine.markets import Depth
from fakeokx.engine.venue import Venue
from fakeokx.wire.render_orders import text

Row = dict[str, Any]
DAY_MS: Final = 86_400_000
CHINA_MS: Final = 8 * 3_600_000
_LISTED_MS: Final = "1611916828000"


def instrument_row(instrument: Instrument, state: str = LIVE) -> Row:
    """One instrument (OKX: Public data, GET instruments)."""
    is_swap = not instrument.is_spot
    ct_val_ccy = instrument.quote_ccy if instrument.is_inverse else instrument.base_ccy
    limit_max, market_max = text(instrument.limit_sz_max), text(instrument.market_sz_max)
    return {
        "alias": "next_quarter" if instrument.inst_type == FUTURES else "",
        "auctionEndTime": "",
        "baseCcy": "" if is_swap else instrument.base_ccy,
        "category": "1",
        "contTdSwTime": "",
        "ctMult": "1" if is_swap else "",
        "ctType": ("inverse" if instrument.is_inverse else "linear") if is_swap else "",
        "ctVal": text(instrument.ct_val_base) if is_swap else "",
        "ctValCcy": ct_val_ccy if is_swap else "",
        "expTime": text(instrument.exp_ms),
        "futureSettlement": instrument.future_settlement,
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
        "state": state,
        "stk": "",
        "tickSz": text(instrument.tick_sz),
        "tradeQuoteCcyList": [] if is_swap else [instrument.quote_ccy],
        "uly": instrument.uly if is_swap else "",
        "upcChg": [],
    }


def ticker_row(venue: Venue, instrument: Instrument, now_ms: int) -> Row:
    """One ticker (OKX: Market data, GET ticker)."""
    market = venue.markets[instrument.inst_id]
    px = venue.prices[instrument.inst_id]
    bids, asks = depth(venue, instrument)
    ask_px, ask_sz = _best(asks)
    bid_px, bid_sz = _best(bids)
    day = _day(market.tape.last_bars, px, now_ms)
    last_sz = market.tape.trades[-1].qty_contracts if market.tape.trades else instrument.min_sz
    return {
        "instType": instrument.inst_type,
        "instId": instrument.inst_id,
        "last": plain(px),
        "lastSz": plain(last_sz),
        "askPx": ask_px,
        "askSz": ask_sz,
        "bidPx": bid_px,
        "bidSz": bid_sz,
        "open24h": plain(day.open),
        "high24h": plain(day.high),
        "low24h": plain(day.low),
        "volCcy24h": plain(day.quote if instrument.is_spot else day.base),
        "vol24h": plain(day.base if instrument.is_spot else day.contracts),
        "sodUtc0": plain(_price_at(market.tape.last_bars, px, now_ms - now_ms % DAY_MS)),
        "sodUtc8": plain(
            _price_at(market.tape.last_bars, px, now_ms - (now_ms + CHINA_MS) % DAY_MS)
        ),
        "ts": str(now_ms),
    }


def depth(venue: Venue, instrument: Instrument) -> tuple[Depth, Depth]:
    """Bids and asks, best first.

    Without a seeded book the last price is as deep as asked; it stands on both sides with the
    smallest size, before whatever rests farther away.
    """
    bids, asks = venue.depth(instrument.inst_id)
    if venue.markets[instrument.inst_id].book is None:
        last = venue.prices[instrument.inst_id]
        level = (last, instrument.min_sz, 1)
        bids = [level, *(each for each in bids if each[0] < last)]
        asks = [level, *(each for each in asks if each[0] > last)]
    return bids, asks


def _best(side: Depth) -> tuple[str, str]:
    return (plain(side[0][0]), plain(side[0][1])) if side else ("", "")


def _day(bars: Sequence[Bar], px: Decimal, now_ms: int) -> Bar:
    """One bar over the last 24 hours, which is flat at the price now if nothing moved."""
    found = list(takewhile(lambda each: each.start_ms > now_ms - DAY_MS, reversed(bars)))
    if not found:
        return Bar(start_ms=now_ms, open=px, high=px, low=px, close=px)
    with exact():
        return Bar(
            start_ms=found[-1].start_ms,
            open=found[-1].open,
            high=max(each.high for each in found),
            low=min(each.low for each in found),
            close=found[0].close,
            contracts=sum((each.contracts for each in found), ZERO),
            base=sum((each.base for each in found), ZERO),
            quote=sum((each.quote for each in found), ZERO),
        )


def _price_at(bars: Sequence[Bar], px: Decimal, at_ms: int) -> Decimal:
    """The price at that moment, as far back as the bars go."""
    for each in reversed(bars):
        if each.start_ms < at_ms:
            return each.close
        px = each.open
    return px


def mark_price_row(venue: Venue, instrument: Instrument, now_ms: int) -> Row:
    """One mark price (OKX: Public data, GET mark-price)."""
    return {
        "instType": instrument.inst_type,
        "instId": instrument.inst_id,
        "markPx": plain(venue.marks[instrument.inst_id]),
        "ts": str(now_ms),
    }
