"""Rows of other people: lines of an account's lists about what is not traded here.

They are shown as they were given, at the endpoint that they name, with three exceptions, so that
they stand among the others: ``$now`` and ``$now-5000`` are the venue's time, ``$`` and a name is an
id (the same one for the same name of one command), and a bill moves the account's cash and says
what it is afterwards. ``clear`` forgets all rows of the account but bills: money that moved has
moved. The rows of ``public/instruments`` are everybody's.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from fakeokx.engine import checks
from fakeokx.engine.accounts import Account
from fakeokx.engine.commands import PutForeign
from fakeokx.engine.decimals import ZERO, parse, whole
from fakeokx.engine.events import Billed
from fakeokx.engine.model import Bill
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

BILLS: Final = "account/bills"
INSTRUMENTS: Final = "public/instruments"
# What a row of the endpoint is paged by, and so has to have.
ENDPOINTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "account/positions": ("cTime",),
        "account/positions-history": ("uTime",),
        "trade/fills": ("billId", "ts"),
        BILLS: ("billId", "ts"),
        "trade/orders-pending": ("ordId", "cTime"),
        "trade/orders-history": ("ordId", "cTime"),
        "trade/orders-algo-pending": ("algoId", "cTime"),
        INSTRUMENTS: (),
    }
)
_TOKEN: Final = re.compile(r"\$([a-z]+)(?:-([0-9]{1,13}))?", re.ASCII)


def put_foreign(venue: Venue, command: PutForeign) -> None:
    """Show these rows too; 51000 for what no list could show."""
    holder = venue.account(command.account)
    if checks.flag("clear", command.clear):
        venue.put_foreign(holder.name, [])
        return
    _read(_TOKEN.sub("1", command.rows))
    names = dict.fromkeys(name for name, _ in _TOKEN.findall(command.rows) if name != "now")
    ids = {name: str(venue.next_id()) for name in names}

    def filled(token: re.Match[str]) -> str:
        is_time = token[1] == "now"
        return str(venue.now_ms - int(token[2] or 0)) if is_time else ids[token[1]]

    shown = list(holder.foreign)
    for endpoint, row in _read(_TOKEN.sub(filled, command.rows)):
        if endpoint == BILLS:
            bill = _bill(venue, holder, row)
            venue.put_bill(bill, Billed(bill))
        else:
            shown.append((endpoint, row))
    venue.put_foreign(holder.name, shown)


def _read(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Endpoint and row of each; 51000 names what is wrong."""
    found = []
    for endpoint, row in json.loads(text):
        if not isinstance(endpoint, str) or endpoint not in ENDPOINTS:
            raise Refusal("51000", "endpoint")
        if not isinstance(row, dict) or not {"instId", "instType"} <= row.keys():
            raise Refusal("51000", "rows")
        if not (isinstance(row["instId"], str) and isinstance(row["instType"], str)):
            raise Refusal("51000", "instId")
        for name in ENDPOINTS[endpoint]:
            if not isinstance(row.get(name), str) or whole(row[name]) is None:
                raise Refusal("51000", name)
        if endpoint == BILLS and _signed(row.get("balChg")) is None:
            raise Refusal("51000", "balChg")
        if endpoint == BILLS and not (isinstance(row.get("ccy"), str) and row["ccy"]):
            raise Refusal("51000", "ccy")
        found.append((endpoint, row))
    return found


def _signed(text: Any) -> Decimal | None:
    number = parse(str(text).removeprefix("-"))
    return None if number is None else number * (-1 if str(text).startswith("-") else 1)


def _bill(venue: Venue, holder: Account, row: dict[str, Any]) -> Bill:
    ccy, change = row["ccy"], _signed(row["balChg"])
    assert change is not None, "it was read before"
    cash = holder.balance(ccy) + change
    return Bill(
        bill_id=int(row["billId"]),
        type=str(row.get("type", "")),
        sub_type=str(row.get("subType", "")),
        cash=cash,
        cash_change=change,
        margin=ZERO,
        margin_change=ZERO,
        time_ms=venue.now_ms,
        account=holder.name,
        ccy=ccy,
        pnl=change,
        qty_contracts=abs(change),
        row=json.dumps(row),
    )
