"""OKX rows of money: bills and balances.

- ``sz`` of a bill is contracts on derivatives only; elsewhere it is an amount, and left out.
- A bill of a SWAP or FUTURES contract that makes no sense is ``BadRow``; of anything else what is
  empty is zero.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_persist.exchange.okx.fields import (
    BadRow,
    Row,
    moment,
    number,
    required,
    said,
    text,
    whole,
)
from prometheus_persist.exchange.okx.listed import MANAGED
from prometheus_persist.reconcile.views import VenueBalance, VenueBill
from prometheus_persist.state import Contracts, contracts
from prometheus_persist.state.money import ZERO


def bill(row: Row) -> VenueBill:
    """OKX: account/bills and account/bills-archive. Of other products much may be empty."""
    managed = said(row, "instType") in MANAGED
    whole(row, "billId")
    return VenueBill(
        bill_id=required(row, "billId"),
        type=required(row, "type"),
        sub_type=text(row, "subType", ""),
        inst_type=text(row, "instType", ""),
        inst_id=text(row, "instId", ""),
        mgn_mode=text(row, "mgnMode", ""),
        ccy=required(row, "ccy"),
        bal_chg=number(row, "balChg", None if managed else ZERO),
        pos_bal_chg=number(row, "posBalChg", ZERO),
        pnl=number(row, "pnl", ZERO),
        fee=number(row, "fee", ZERO),
        qty_contracts=_billed_contracts(row),
        trade_id=text(row, "tradeId", ""),
        ord_id=text(row, "ordId", ""),
        ts_ms=moment(row, "ts"),
    )


def _billed_contracts(row: Row) -> Contracts | None:
    kind = said(row, "instType")
    if text(row, "sz", "") == "" or kind not in MANAGED | {"OPTION"}:
        return None
    size = number(row, "sz")
    if size < ZERO and kind in MANAGED:
        raise BadRow("field sz is negative")
    return None if size < ZERO else contracts(size)


def balances(row: Row, settling: Iterable[str] | None = None) -> dict[str, VenueBalance]:
    """OKX: account/balance, details. A currency without an equity is left out, unless contracts
    settle in it (``settling``; None: in any)."""
    details = row.get("details")
    if not isinstance(details, list) or not all(isinstance(each, dict) for each in details):
        raise BadRow("field details is not a list of currencies")
    due = None if settling is None else frozenset(settling)
    found: dict[str, VenueBalance] = {}
    for each in details:
        if due is not None and not said(each, "eq") and said(each, "ccy") not in due:
            continue
        held = VenueBalance(required(each, "ccy"), number(each, "eq"), number(each, "upl", ZERO))
        if found.setdefault(held.ccy, held) != held:
            raise BadRow(f"two balances in {held.ccy}")
    return found
