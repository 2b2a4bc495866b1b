"""The control API: move the market, act as somebody else, plan faults, read the truth.

Unsigned and meant for tests only, which is why the server listens on 127.0.0.1, and ``access``
keeps pages of others out. A path here is ``/control/...``; bodies and answers are JSON. A refusal
is HTTP 400 with ``{"error": {"code", "msg"}}`` and changes nothing.

``truth`` shows everything, including what OKX's own lists have forgotten. Some of it ends with
the process and is no part of the ledger: fault script, notices, price scripts, request counts.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakeokx.control import foreign as control_foreign
from fakeokx.control import market as control_market
from fakeokx.control import page as control_page
from fakeokx.control import streams as control_streams
from fakeokx.control import venue as control_venue
from fakeokx.control.events import recent
from fakeokx.engine.decimals import plain
from fakeokx.engine.model import MAIN
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue
from fakeokx.faults import BadScript, Script
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.runtime.snapshot import Past
from fakeokx.wire import envelopes, requests
from fakeokx.wire.envelopes import Answer
from fakeokx.wire.errors import top_message
from fakeokx.wire.render_account import balance_row, position_row
from fakeokx.wire.render_orders import algo_row, bill_row, fill_row, order_row

PREFIX: Final = "/control/"
Handler = Callable[[ExchangeRuntime, bytes], Any]


def refused(why: str) -> Answer:
    """The answer to a request that is not looked at."""
    return _error(400, "not_let_in", why)


def handle(runtime: ExchangeRuntime, method: str, path: str, body: bytes) -> Answer:
    """Answer one control request; ``path`` is what follows the prefix."""
    handler = HANDLERS.get((method, path))
    if handler is None:
        return _error(404, "404", f"there is no {method} {PREFIX}{path}")
    try:
        runtime.exchange.wake()
        return envelopes.answer(handler(runtime, body))
    except Refusal as refusal:
        return _error(400, refusal.reason.code, top_message(refusal.reason))
    except BadScript as error:
        return _error(400, "bad_script", str(error))


def _error(status: int, code: str, msg: str) -> Answer:
    return envelopes.answer({"error": {"code": code, "msg": msg}}, status)


def _health(_runtime: ExchangeRuntime, _body: bytes) -> Any:
    return {"ok": True}


def _set_faults(runtime: ExchangeRuntime, body: bytes) -> Any:
    try:
        rules = requests.text_json(body)["rules"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BadScript('expected {"rules": [...]}') from None
    if not isinstance(rules, list):
        raise BadScript("rules must be a list")
    runtime.script = Script(rules)
    runtime.past = Past(runtime.exchange) if runtime.script.needs_past else None
    runtime.follow(runtime.script.lags_ms)
    return {"rules": runtime.script.report()}


def _faults(runtime: ExchangeRuntime, _body: bytes) -> Any:
    return {"rules": runtime.script.report()}


def _truth(runtime: ExchangeRuntime, _body: bytes) -> Any:
    venue = runtime.exchange.venue
    return {
        "now_ms": runtime.exchange.now_ms(),
        "orders": [order_row(each) for each in venue.orders.values()],
        "algos": [algo_row(each) for each in venue.algos.values()],
        "fills": [fill_row(each) | {"mgnMode": each.mgn_mode} for each in venue.fills],
        "positions": [
            position_row(venue, each)
            for holder in venue.accounts.values()
            for _, each in sorted(holder.positions.items())
            if each.qty_contracts
        ],
        "bills": [bill_row(each) for each in venue.bills],
        "foreign": {name: each.foreign for name, each in venue.accounts.items() if each.foreign},
        "balance": balance_row(venue),
        "owners": _owners(venue),
        "balances": {name: balance_row(venue, account=name) for name in venue.accounts},
        "prices": {inst_id: plain(px) for inst_id, px in sorted(venue.prices.items())},
        "marks": {inst_id: plain(px) for inst_id, px in sorted(venue.marks.items())},
        "switches": dict(venue.switches),
        "requests": dict(sorted(runtime.requests.items())),
    }


def _owners(venue: Venue) -> dict[str, str]:
    """Account by ordId, algoId, billId and posId, for whatever is not the first account's."""
    found: dict[str, str] = {}
    for name, holder in venue.accounts.items():
        if name != MAIN:
            ids: list[int] = [*holder.open_orders, *holder.done_orders]
            ids += [*holder.open_algos, *holder.done_algos]
            ids += [each.bill_id for each in holder.bills]
            ids += [each.pos_id for each in holder.positions.values()]
            found |= dict.fromkeys(map(str, ids), name)
    return found


def _events(runtime: ExchangeRuntime, _body: bytes) -> Any:
    return {"events": recent(runtime)}


HANDLERS: Final[Mapping[tuple[str, str], Handler]] = {
    ("GET", "health"): _health,
    **control_market.HANDLERS,
    **control_venue.HANDLERS,
    **control_foreign.HANDLERS,
    **control_streams.HANDLERS,
    ("POST", "faults"): _set_faults,
    ("GET", "faults"): _faults,
    **control_page.HANDLERS,
    ("GET", "events"): _events,
    ("GET", "truth"): _truth,
}
