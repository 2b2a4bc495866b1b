"""The rules that requests share: enums, ids, numbers, sides. Each either returns or refuses.

Ids: clOrdId and algoClOrdId are 1 to 32 ASCII letters and digits, a tag 1 to 16. Underscore
and hyphen belong to neither, so ``LiveAgent_01`` is refused and ``LiveAgent01`` is not.
"""

import re
from collections.abc import Container
from decimal import Decimal
from typing import Final

from fakeokx.engine.accounts import Account
from fakeokx.engine.decimals import is_multiple, parse
from fakeokx.engine.instruments import EXPIRED, LIVE, Instrument
from fakeokx.engine.model import BUY, CASH, CROSS, ISOLATED, LONG, NET, NET_MODE, SELL, SHORT
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}", re.ASCII)
_TAG: Final = re.compile(r"[A-Za-z0-9]{1,16}", re.ASCII)
_SIDES: Final = (BUY, SELL)
_MARGIN_MODES: Final = (CROSS, ISOLATED)
_STATE_CODES: Final = {"preopen": "51021", "suspend": "51022", EXPIRED: "51001"}


def client_id(name: str, text: str) -> str:
    """A clOrdId or algoClOrdId, possibly empty; 51000 otherwise."""
    if text and _CLIENT_ID.fullmatch(text) is None:
        raise Refusal("51000", name)
    return text


def tag(venue: Venue, text: str) -> str:
    """A tag, possibly empty; 51000 otherwise, unless the switch lets every tag pass."""
    if venue.switches["id.tag_charset"] == "off":
        return text
    if text and _TAG.fullmatch(text) is None:
        raise Refusal("51000", "tag")
    return text


def one_of(name: str, text: str, allowed: Container[str]) -> str:
    """One of the allowed words; 51000 otherwise."""
    if text not in allowed:
        raise Refusal("51000", name)
    return text


def flag(name: str, text: str) -> bool:
    """``true``, ``false`` or empty for false; 51000 otherwise."""
    return one_of(name, text, ("true", "false", "")) == "true"


def side(text: str) -> str:
    """``buy`` or ``sell``."""
    return one_of("side", text, _SIDES)


def listed(venue: Venue, inst_id: str) -> Instrument:
    """The instrument of any type, ended or not; 51001 if there never was one."""
    market = venue.markets.get(inst_id)
    if market is None:
        raise Refusal("51001")
    return market.instrument


def tradable(
    venue: Venue, inst_id: str, margin_mode: str, name: str = "tdMode", *, spot: bool = False
) -> Instrument:
    """The instrument that may be traded in that margin mode: SPOT for cash, contracts else.

    51010 for the wrong mode, and for SPOT where the caller has no use for it.
    """
    instrument = listed(venue, inst_id)
    market = venue.markets[inst_id]
    if market.state != LIVE:
        raise Refusal(_STATE_CODES[market.state])
    if instrument.is_spot:
        if margin_mode != CASH or not spot:
            raise Refusal("51010")
        return instrument
    if margin_mode == CASH:
        raise Refusal("51010")
    one_of(name, margin_mode, _MARGIN_MODES)
    return instrument


def pos_side(holder: Account, text: str) -> str:
    """``net`` in net mode, ``long`` or ``short`` in long_short mode; 51000 otherwise."""
    if holder.pos_mode == NET_MODE:
        one_of("posSide", text, ("", NET))
        return NET
    return one_of("posSide", text, (LONG, SHORT))


def number(name: str, text: str) -> Decimal:
    """A positive number; 51000 otherwise."""
    found = parse(text)
    if found is None or found <= 0:
        raise Refusal("51000", name)
    return found


def price(name: str, text: str, instrument: Instrument) -> Decimal:
    """A positive price on the tick grid; 51000 otherwise."""
    found = number(name, text)
    if not is_multiple(found, instrument.tick_sz):
        raise Refusal("51000", name)
    return found


def size(name: str, text: str, instrument: Instrument, *, at_market: bool) -> Decimal:
    """A positive size on the lot grid within the instrument's bounds."""
    found = number(name, text)
    if found < instrument.min_sz:
        raise Refusal("51020")
    if not is_multiple(found, instrument.lot_sz):
        raise Refusal("51121")
    if found > (instrument.market_sz_max if at_market else instrument.limit_sz_max):
        raise Refusal("51202" if at_market else "51101")
    return found
