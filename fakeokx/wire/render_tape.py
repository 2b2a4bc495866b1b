"""Rows of what happens in public: book, trades, funding."""

from typing import Any, Final

from fakeokx.engine.decimals import plain
from fakeokx.engine.funding import FUNDING_MS, RATE_MAX, next_funding_ms
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.market import FundingPoint, PublicTrade
from fakeokx.engine.venue import Venue
from fakeokx.wire.render_market import depth
from fakeokx.wire.render_orders import text

Row = dict[str, Any]
_RATE_MAX: Final = plain(RATE_MAX)


def depth_rows(venue: Venue, instrument: Instrument, most: int) -> tuple[list[Any], list[Any]]:
    """Bids and asks as OKX shows them: price, size, "0", number of orders; best first."""
    bids, asks = (
        [[plain(px), plain(qty), "0", str(count)] for px, qty, count in side[:most]]
        for side in depth(venue, instrument)
    )
    return bids, asks


def book_row(venue: Venue, instrument: Instrument, most: int, now_ms: int, seq_id: int) -> Row:
    """One order book (OKX: Market data, GET books)."""
    bids, asks = depth_rows(venue, instrument, most)
    return {"asks": asks, "bids": bids, "ts": str(now_ms), "seqId": seq_id}


def public_trade_row(trade: PublicTrade) -> Row:
    """One public trade (OKX: Market data, GET trades)."""
    return {
        "instId": trade.inst_id,
        "side": trade.side,
        "sz": text(trade.qty_contracts),
        "source": "0",
        "px": text(trade.px_quote),
        "tradeId": str(trade.trade_id),
        "ts": str(trade.time_ms),
    }


def funding_row(venue: Venue, instrument: Instrument, now_ms: int) -> Row:
    """The funding that comes next (OKX: Public data, GET funding rate)."""
    market = venue.markets[instrument.inst_id]
    next_ms = market.next_funding_ms
    if next_ms is None or next_ms <= now_ms:
        next_ms = next_funding_ms(now_ms)
    settled = market.fundings[-1].rate if market.fundings else None
    return {
        "formulaType": "noRate",
        "fundingRate": text(market.funding_rate),
        "fundingTime": str(next_ms),
        "impactValue": "",
        "instId": instrument.inst_id,
        "instType": instrument.inst_type,
        "interestRate": "",
        "maxFundingRate": _RATE_MAX,
        "method": "current_period",
        "minFundingRate": f"-{_RATE_MAX}",
        "nextFundingRate": "",
        "nextFundingTime": str(next_ms + FUNDING_MS),
        "premium": "",
        "settFundingRate": text(settled),
        "settState": "settled",
        "ts": str(now_ms),
    }


def funding_history_row(point: FundingPoint, inst_type: str) -> Row:
    """One funding that was charged (OKX: Public data, GET funding rate history)."""
    return {
        "formulaType": "noRate",
        "fundingRate": text(point.rate),
        "fundingTime": str(point.time_ms),
        "instId": point.inst_id,
        "instType": inst_type,
        "method": "current_period",
        "realizedRate": text(point.rate),
    }
