"""The page for people on ``/``: one file without anything from elsewhere, fed by the control API.

``overview`` is what it looks at once a second; whatever it changes goes through the same control
requests as everybody's.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from fakeokx.control.events import recent
from fakeokx.engine import history
from fakeokx.engine.checks import listed
from fakeokx.engine.decimals import plain
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.faults import actions
from fakeokx.runtime import checkpoints
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.wire import requests
from fakeokx.wire.candles import candles
from fakeokx.wire.endpoints import OPERATIONS
from fakeokx.wire.envelopes import HTML, Answer
from fakeokx.wire.render_account import balance_row, position_row
from fakeokx.wire.render_orders import algo_row, order_row

PATH: Final = "/"
ROWS_MAX: Final = 100
EVENTS_MAX: Final = 60
CANDLES_SHOWN: Final = 90
_FILE: Final = Path(__file__).resolve().parent.parent / "page" / "index.html"
Handler = Callable[[ExchangeRuntime, bytes], Any]


def page() -> Answer:
    """The page itself; it is read each time, so that who works on it needs no restart."""
    return Answer(200, _FILE.read_bytes(), f"{HTML}; charset=utf-8")


def _overview(runtime: ExchangeRuntime, body: bytes) -> Any:
    """Everything the page shows; ``instId`` is the instrument whose candles it draws.

    No request of the page goes through the REST endpoints, where a fault might strike it and
    would count it.
    """
    venue = runtime.exchange.venue
    shown = requests.body_object(body, "overview").get("instId") or next(iter(INSTRUMENTS))
    return {
        "candles": _candles(runtime, listed(venue, shown).inst_id),
        "now_ms": str(runtime.exchange.now_ms()),
        "instruments": [
            {
                "instId": each.inst_id,
                "instType": each.inst_type,
                "tickSz": plain(each.tick_sz),
                "last": plain(venue.prices[each.inst_id]),
                "mark": plain(venue.marks[each.inst_id]),
                "state": venue.markets[each.inst_id].state,
            }
            for each in venue.listed()
        ],
        "accounts": [_account(runtime, name) for name in venue.accounts],
        "events": recent(runtime)[:EVENTS_MAX],
        "faults": runtime.script.report(),
        "actions": [name for name, each in actions.ACTIONS.items() if each.reach != "push"],
        "operations": sorted(OPERATIONS),
        "checkpoints": checkpoints.saved(runtime),
        "connections": 0 if runtime.streams is None else len(runtime.streams.connections()),
    }


def _candles(runtime: ExchangeRuntime, inst_id: str) -> list[list[str]]:
    venue = runtime.exchange.venue
    bars = list(venue.markets[inst_id].tape.last_bars)
    every = candles(bars, "1m", venue.prices[inst_id], runtime.exchange.now_ms())
    return [each.row(has_volume=True) for each in islice(every, CANDLES_SHOWN)]


def _account(runtime: ExchangeRuntime, name: str) -> dict[str, Any]:
    venue, now_ms = runtime.exchange.venue, runtime.exchange.now_ms()
    held = history.positions(venue, now_ms, with_flat=False, account=name)
    return {
        "account": name,
        "posMode": venue.account(name).pos_mode,
        "balance": balance_row(venue, account=name)["details"],
        "positions": [position_row(venue, each) for each in held[:ROWS_MAX]],
        "orders": [
            order_row(each) for each in islice(history.orders_pending(venue, name), ROWS_MAX)
        ],
        "algos": [algo_row(each) for each in islice(history.algos_pending(venue, name), ROWS_MAX)],
    }


HANDLERS: Final[Mapping[tuple[str, str], Handler]] = {("POST", "overview"): _overview}
