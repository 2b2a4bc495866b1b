"""A bill as a row that proves something."""

from __future__ import annotations

from prometheus_persist.reconcile.plan import Evidence
from prometheus_persist.reconcile.views import VenueBill
from prometheus_persist.state.money import plain


def bill_evidence(bill: VenueBill) -> Evidence:
    """One line of the account, with what matters of it."""
    fields = {
        "type": bill.type,
        "sub_type": bill.sub_type,
        "inst_id": bill.inst_id,
        "change": plain(bill.change),
        "fee": plain(bill.fee),
        "contracts": "" if bill.qty_contracts is None else str(bill.qty_contracts),
        "trade_id": bill.trade_id,
        "ts_ms": str(bill.ts_ms),
    }
    return Evidence("bill", bill.bill_id, {name: text for name, text in fields.items() if text})
