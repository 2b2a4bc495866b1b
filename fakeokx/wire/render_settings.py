"""Rows of how an account is set up: configuration and leverage."""

from typing import Any, Final

from fakeokx.engine.model import MAIN, PositionKey
from fakeokx.engine.venue import SETTLE_CCY, Venue
from fakeokx.wire.render_orders import text

Row = dict[str, Any]
UID: Final = "44705892343619584"


def uid_of(venue: Venue, account: str) -> str:
    """The uid of an account: the first one's, and then one more for each."""
    return str(int(UID) + list(venue.accounts).index(account))


def config_row(venue: Venue, label: str, *, may_trade: bool, account: str = MAIN) -> Row:
    """The account's configuration (OKX: Account, GET config)."""
    return {
        "acctLv": "2",
        "acctStpMode": "cancel_maker",
        "autoLoan": False,
        "ctIsoMode": "automatic",
        "enableSpotBorrow": False,
        "greeksType": "PA",
        "feeType": "0",
        "ip": "",
        "type": "0" if account == MAIN else "1",
        "kycLv": "3",
        "label": label,
        "level": "Lv1",
        "levelTmp": "",
        "liquidationGear": "-1",
        "mainUid": UID,
        "mgnIsoMode": "automatic",
        "opAuth": "0",
        "perm": "read_only,trade" if may_trade else "read_only",
        "posMode": venue.account(account).pos_mode,
        "roleType": "0",
        "spotBorrowAutoRepay": False,
        "spotOffsetType": "",
        "spotRoleType": "0",
        "spotTraderInsts": [],
        "stgyType": "0",
        "traderInsts": [],
        "uid": uid_of(venue, account),
        "settleCcy": SETTLE_CCY,
        "settleCcyList": [SETTLE_CCY],
    }


def leverage_row(venue: Venue, key: PositionKey, account: str = MAIN) -> Row:
    """One row of leverage-info."""
    return {
        "ccy": "",
        "instId": key.inst_id,
        "mgnMode": key.mgn_mode,
        "posSide": key.pos_side,
        "lever": text(venue.lever(key, account)),
    }
