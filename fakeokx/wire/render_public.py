"""Rows of rules and states that are the same for everybody: fees, tiers, index, status.

Every field of OKX's lists is there; what does not apply is ``""``.
"""

from typing import Any, Final

from fakeokx.engine.decimals import ZERO, plain
from fakeokx.engine.instruments import INSTRUMENTS, SPOT, Instrument
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
_FEE_GROUP_SPOT: Final = "1"
_FEE_GROUP_DERIVATIVES: Final = "4"


def account_instrument_row(instrument: Instrument, state: str) -> Row:
    """One instrument as the account sees it (OKX: Account, GET instruments)."""
    return as_account_sees(instrument_row(instrument, state))


def as_account_sees(public: Row) -> Row:
    """The row of public/instruments as that of account/instruments."""
    row: Row = {}
    for name, value in public.items():
        if name == "expTime":
            row["elp"] = "0"
        if name not in ("alias", "category"):
            row[name] = value
    return row


def trade_fee_row(inst_type: str, now_ms: int) -> Row:
    """The account's rates for an instType, negative because they are charges."""
    of_type = next((each for each in INSTRUMENTS.values() if each.inst_type == inst_type), None)
    maker = text(-(of_type.maker_rate if of_type else MAKER_RATE))
    taker = text(-(of_type.taker_rate if of_type else TAKER_RATE))
    is_spot = inst_type == SPOT
    return {
        "category": "1",
        "delivery": taker if inst_type == "FUTURES" else "",
        "exercise": taker if inst_type == "OPTION" else "",
        "feeGroup": [
            {
                "groupId": _FEE_GROUP_SPOT if is_spot else _FEE_GROUP_DERIVATIVES,
                "maker": maker,
                "taker": taker,
            }
        ],
        "fiat": [],
        "instType": inst_type,
        "level": "Lv1",
        "maker": maker,
        "makerU": "" if is_spot else maker,
        "makerUSDC": maker,
        "ruleType": "normal",
        "taker": taker,
        "takerU": "" if is_spot else taker,
        "takerUSDC": taker,
        "ts": str(now_ms),
    }


def tier_rows(instrument: Instrument) -> list[Row]:
    """The position tiers of an instrument (OKX: Public data, GET position tiers)."""
    rows: list[Row] = []
    above = ZERO
    for tier in instrument.tiers:
        rows.append(
            {
                "baseMaxLoan": "",
                "imr": text(tier.initial_rate),
                "instFamily": instrument.uly,
                "instId": "",
                "maxLever": text(tier.lever_max),
                "maxSz": text(tier.contracts_max),
                "minSz": text(above),
                "mmr": text(tier.maintenance_rate),
                "optMgnFactor": "0",
                "quoteMaxLoan": "",
                "tier": str(tier.number),
                "uly": instrument.uly,
            }
        )
        above = tier.contracts_max
    return rows


def index_row(venue: Venue, instrument: Instrument, now_ms: int) -> Row:
    """The index of an underlying, which is its mark price here."""
    px = plain(venue.marks[instrument.inst_id])
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
