"""Rows as the switches want them, where the rows of ``render_*`` show the default.

Each function takes the switches, and either leaves things as they are or makes the one change
that its switch stands for. Rows are changed in place: they were made for this answer.
"""

from collections.abc import Iterable
from typing import Any, Final

from fakeokx.engine import history
from fakeokx.engine.commands import OrderRef
from fakeokx.engine.model import Fill, Order
from fakeokx.engine.orders import find as find_order
from fakeokx.engine.switches import Switches
from fakeokx.engine.venue import Venue

Row = dict[str, Any]
_BY_FORCE: Final = ("full_liquidation", "partial_liquidation", "adl")
_IDLE_FAIL_CODES: Final = {"live": "0", "effective": "1"}


def as_order(switches: Switches, row: Row) -> Row:
    """An order row as REST shows it."""
    if row["instType"] != "SPOT" and switches["order.rest_ccy"] == "":
        row["ccy"] = ""
    return row


def as_algo(switches: Switches, row: Row) -> Row:
    """An algo order row."""
    if row["failCode"] == "" and switches["algo.fail_code_idle"] == "0_1":
        row["failCode"] = _IDLE_FAIL_CODES.get(row["state"], "")
    return row


def as_position(switches: Switches, row: Row) -> Row:
    """A position row."""
    if switches["position.availpos_hedge"] == "":
        row["availPos"] = ""
    return row


def is_visible(switches: Switches, order: Order) -> bool:
    """Whether the order may be shown: ``silent`` hides what the venue did by force."""
    return order.category not in _BY_FORCE or switches["liquidation.visible_as"] == "orders"


def visible_orders(switches: Switches, orders: Iterable[Order]) -> Iterable[Order]:
    """The orders that lists show."""
    return (each for each in orders if is_visible(switches, each))


def visible_fills(switches: Switches, fills: Iterable[Fill]) -> Iterable[Fill]:
    """The executions that lists show; those by force have a negative tradeId."""
    shows_all = switches["liquidation.visible_as"] == "orders"
    return (each for each in fills if shows_all or each.trade_id >= 0)


def looked_up(venue: Venue, ref: OrderRef, now_ms: int, account: str) -> Order | None:
    """The order of that name, as GET order sees it."""
    found = history.order(venue, ref, now_ms, account)
    if found is None and venue.switches["order.get_after_2h"] == "found":
        found = find_order(venue, ref, account)
        if found is not None and found.inst_id != ref.inst_id:
            return None
    if found is not None and not is_visible(venue.switches, found):
        return None
    return found
