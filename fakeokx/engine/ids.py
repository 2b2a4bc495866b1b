"""Ids that are not counted: made of what they name, so that every replay gives the same."""

import hashlib
from typing import Final

from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.model import MAIN, PositionKey

_POS_ID_DIGITS: Final = 18


def position_id(key: PositionKey, account: str = MAIN) -> int:
    """The posId of a position: 18 digits that depend on nothing but whose and what it is."""
    named = () if account == MAIN else (account,)
    text = ":".join((*named, *key, INSTRUMENTS[key.inst_id].settle_ccy)).encode()
    digest = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
    first: int = 10 ** (_POS_ID_DIGITS - 1)
    return first + digest % (9 * first)
