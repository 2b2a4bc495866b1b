"""Rows of rules and states that are the same for everybody: fees, tiers, index, status.

Every field of OKX's lists is there; what does not apply is ``""``.
"""

from typing import Any, Final

from fakeokx.engine.account import MAINTENANCE_RATE
from fakeokx.engine.decimals import ONE, plain, ratio
from fakeokx.engine.instruments import SPOT, Instrument
from fakeokx.engine.venue import MAKER_RATE, TAKER_RATE, Venue
from fakeokx.wire.render_market import instrument_row
from fakeokx.wire.render_orders import text

Row = dict[str, Any]
STATUS_STATES: Final = ("scheduled", "ongoing", "pre_open", "completed", "canceled")
STATUS_SHOWN: Final = STATUS_STATES[:3]
_STATUS_FIELDS: Final = (
    "begin",
    "end",
    "env",
    "href",
    "maintType",
    "preOpenBegin",
    "scheDesc",
    "serviceType",
    "state",
    "system",
    "title",
)
_FEE_GROUP: Final = {SPOT: "1"}
_FEE_GROUP_DERIVATIVES: Final = "4"


def account_instrument_row(instrument: Instrument) -> Row:
    """One instrument as the account sees it (OKX: Account, GET instruments)."""
    row: Row = {}
    for name, value in instrument_row(instrument).items():
        if name == "expTime":
            row["elp"] = "0"
        if name not in ("alias", "category"):
            row[name] = value
    return row


def trade_fee_row(inst_type: str, now_ms: int) -> Row:
    """The account's rates for an instType, negative because they are charges."""
    maker, taker = text(-MAKER_RATE), text(-TAKER_RATE)
    group = _FEE_GROUP.get(inst_type, _FEE_GROUP_DERIVATIVES)
    return {
        "category": "1",
        "delivery": taker if inst_type == "FUTURES" else "",
        "exercise": taker if inst_type == "OPTION" else "",
        "feeGroup": [{"groupId": group, "maker": maker, "taker": taker}],
        "fiat": [],
        "instType": inst_type,
        "level": "Lv1",
        "maker": maker,
        "makerU": "" if inst_type == SPOT else maker,
        "makerUSDC": maker,
        "ruleType": "normal",
        "taker": taker,
        "takerU": "" if inst_type == SPOT else taker,
        "takerUSDC": taker,
        "ts": str(now_ms),
    }


def tier_row(instrument: Instrument) -> Row:
    """The one position tier of an instrument (OKX: Public data, GET position tiers)."""
    is_spot = instrument.inst_type == SPOT
    return {
        "baseMaxLoan": "",
        "imr": text(ratio(ONE, instrument.lever_max)),
        "instFamily": "" if is_spot else instrument.uly,
        "instId": instrument.inst_id if is_spot else "",
        "maxLever": text(instrument.lever_max),
        "maxSz": text(instrument.limit_sz_max),
        "minSz": "0",
        "mmr": text(MAINTENANCE_RATE),
        "optMgnFactor": "0",
        "quoteMaxLoan": "",
        "tier": "1",
        "uly": "" if is_spot else instrument.uly,
    }


def index_row(venue: Venue, instrument: Instrument, now_ms: int) -> Row:
    """The index of an underlying, which is its last price here."""
    px = plain(venue.prices[instrument.inst_id])
    return {
        "instId": instrument.uly,
        "idxPx": px,
        "high24h": px,
        "sodUtc0": px,
        "open24h": px,
        "low24h": px,
        "sodUtc8": px,
        "ts": str(now_ms),
    }


def status_row(given: Row) -> Row:
    """One maintenance notice, from whatever part of it was given."""
    row: Row = dict.fromkeys(_STATUS_FIELDS, "")
    row |= {"env": "1", "maintType": "1", "serviceType": "5", "system": "unified"}
    return row | {name: str(value) for name, value in given.items() if name in _STATUS_FIELDS}
