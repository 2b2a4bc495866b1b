"""Rows of how an account is set up: configuration and leverage."""

from hashlib import sha256
from typing import Any, Final

from fakeokx.engine.model import MAIN, PositionKey
from fakeokx.engine.venue import SETTLE_CCY, Venue
from fakeokx.wire.render_orders import text

Row = dict[str, Any]
DEMO: Final = "demo"
UID: Final = "44705892343619584"


def uid_of(venue: Venue, account: str) -> str:
    """The uid of an account, by its name and the venue's seed."""
    own = 0 if account == MAIN else 1 + int(sha256(account.encode()).hexdigest()[:8], 16)
    return str(int(UID) + venue.seed * 10**10 + own)


def config_row(
    venue: Venue,
    label: str,
    *,
    may_trade: bool,
    account: str = MAIN,
    ips: tuple[str, ...] = (),
) -> Row:
    """The account's configuration (OKX: Account, GET config); but for the first and the demo
    account all are sub-accounts.
    """
    main = account if account in (MAIN, DEMO) else MAIN
    return {
        "acctLv": "2",
        "acctStpMode": "cancel_maker",
        "autoLoan": False,
        "ctIsoMode": "automatic",
        "enableSpotBorrow": False,
        "greeksType": "PA",
        "feeType": "0",
        "ip": ",".join(ips),
        "type": "0" if account == main else "1",
        "kycLv": "3",
        "label": label,
        "level": "Lv1",
        "levelTmp": "",
        "liquidationGear": "-1",
        "mainUid": uid_of(venue, main),
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
