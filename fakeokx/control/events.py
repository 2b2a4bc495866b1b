"""Events of the exchange as JSON data, for whoever steers it and for whoever watches."""

from collections.abc import Iterable
from typing import Any

from fakeokx.engine.decimals import plain
from fakeokx.engine.events import (
    AlgoChanged,
    Billed,
    Delivered,
    Event,
    Filled,
    FundingPaid,
    FundingSettled,
    MarkMoved,
    OrderChanged,
    PositionChanged,
    PriceMoved,
    Rescaled,
    SettingChanged,
)
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.wire.render_account import position_row
from fakeokx.wire.render_orders import algo_row, bill_row, fill_row, order_row

Row = dict[str, Any]


def rendered(runtime: ExchangeRuntime, events: Iterable[Event]) -> list[Row]:
    """What a step set off, in order: ``{"event", "row"}`` each."""
    rows = (_row(runtime, event) for event in events)
    return [{"event": name, "row": row} for name, row in rows if name]


def recent(runtime: ExchangeRuntime) -> list[Row]:
    """The newest events, newest first, with a number that counts up and the time of each."""
    found: list[Row] = []
    for number, at_ms, event in reversed(runtime.recent):
        name, row = _row(runtime, event)
        if name:
            found.append({"n": number, "ts": str(at_ms), "event": name, "row": row})
    return found


def _row(runtime: ExchangeRuntime, event: Event) -> tuple[str, Row]:
    """Name and row of an event; no name for those that say nothing new."""
    match event:
        case OrderChanged(order):
            return "order", order_row(order)
        case AlgoChanged(algo):
            return "algo", algo_row(algo)
        case Filled(fill, _):
            return "fill", fill_row(fill)
        case Billed(bill):
            return "bill", bill_row(bill)
        case FundingPaid(bill):
            return "funding", bill_row(bill)
        case PositionChanged(position):
            return "position", position_row(runtime.exchange.venue, position)
        case PriceMoved(inst_id, px):
            return "price", {"instId": inst_id, "px": plain(px)}
        case MarkMoved(inst_id, px):
            return "mark", {"instId": inst_id, "px": plain(px)}
        case FundingSettled(point):
            row = {"instId": point.inst_id, "rate": plain(point.rate)}
            return "funding_settled", row | {"markPx": plain(point.mark_px_quote)}
        case Delivered(inst_id, px):
            return "delivered", {"instId": inst_id, "px": plain(px)}
        case Rescaled(inst_id, factor):
            return "rescaled", {"instId": inst_id, "factor": plain(factor)}
        case SettingChanged(name, value, account):
            return "setting", {"name": name, "value": value, "account": account}
        case _:
            return "", {}
