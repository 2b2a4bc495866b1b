"""What ``orders`` does with an order: cancel it, ask what became of it, and say so."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_persist.cli.order_lines import is_open
from prometheus_persist.cli.output import Output
from prometheus_persist.cli.venue import refuse_other_account
from prometheus_persist.clock import SystemClock
from prometheus_persist.errors import BadConfig, VenueRefused
from prometheus_persist.recovery import restore
from prometheus_persist.saving.gate import UNANSWERED
from prometheus_persist.session import Session
from prometheus_persist.session.settings_sources import visited
from prometheus_persist.state import OrderIntent, state_from

SEEN_AGAIN = 5
SEEN_AGAIN_S = 0.3
"""How often, and how long after each other, a canceled order is asked for until its end shows."""


def cancel_by(one: OrderIntent, output: Output) -> tuple[str, str, str, bool]:
    """Instrument, OKX's id, ours, and whether it is an algo order: a fired one is its child."""
    if one.child_ord_id:
        return one.inst_id, one.child_ord_id, "", False
    if one.parent and not one.ord_id:
        told = output.say("cli.orders.attached", order=one.cl_ord_id, parent=one.parent)
        raise BadConfig(told)
    return one.inst_id, one.ord_id, one.cl_ord_id, one.kind == "algo"


def cancel(sender: Any, inst_id: str, ord_id: str, name: str, algo: bool, output: Output) -> None:
    """Ask for it; a refusal is told: it may have ended by itself, which settling shows."""
    try:
        sender.cancel(inst_id, ord_id=ord_id, cl_ord_id="" if ord_id else name, algo=algo)
    except VenueRefused as problem:
        if not name:
            raise
        refused = output.say("cli.orders.cancel_refused", order=name, problem=problem.detail)
        output.text(refused)
        return
    output.text(output.say("cli.orders.cancel_sent", order=name or ord_id))


def seen_ended(session: Session, reader: Any, name: str, output: Output) -> OrderIntent:
    """The order once its end shows, or what is known when it does not; booked."""
    found = session.settle(reader, name)
    for _ in range(SEEN_AGAIN):
        if not is_open(found):
            break
        SystemClock().sleep(SEEN_AGAIN_S)
        found = session.settle(reader, name)
    _say(found, session, output)
    return found


def settled(
    session: Session, reader: Any, names: Iterable[str], output: Output
) -> list[OrderIntent]:
    """What became of these orders, or of all that are open; booked, and said."""
    asked = list(dict.fromkeys(names)) or sorted(session.state.intents)
    _refuse_unknown(asked, session.state.intents, output)
    if not asked:
        output.text(output.say("cli.orders.none"))
    found = []
    for name in asked:
        if name in session.state.intents:  # one may have ended with the order before it
            found.append(session.settle(reader, name))
            _say(found[-1], session, output)
    return found


def _say(one: OrderIntent, session: Session, output: Output) -> None:
    if one.outcome in UNANSWERED:
        wait_ms = session.settings.in_flight_ms + session.settings.index_lag_ms
        waits = output.say("cli.orders.unanswered", order=one.cl_ord_id, s=-(-wait_ms // 1000))
        output.text(waits)
        return
    told = {
        "order": one.cl_ord_id,
        "outcome": output.say(f"outcome.{one.outcome}"),
        "booked": one.booked_contracts,
        "contracts": one.qty_contracts,
    }
    output.text(output.say("cli.orders.settled", **told))


@contextmanager
def opened(directory: Path, exchange: str, demo: bool, output: Output) -> Iterator[Session]:
    """A visit to a store whose account these keys are of; found out before anything is opened."""
    identity = state_from(restore(visited(directory)).documents).account_cash.identity
    refuse_other_account(identity, exchange, sandbox=demo, environ=os.environ, say=output.say)
    session = Session.open(directory, visit=True)
    try:
        yield session
    finally:
        session.close(save=False)


def known(directory: Path, names: Iterable[str], output: Output) -> None:
    """Raise BadConfig for a name that no open order of the store has."""
    _refuse_unknown(names, state_from(restore(visited(directory)).documents).intents, output)


def _refuse_unknown(names: Iterable[str], there: Iterable[str], output: Output) -> None:
    known = sorted(there)
    for name in names:
        if name not in known:
            told = ", ".join(known) or "-"
            raise BadConfig(output.say("cli.orders.unknown", order=name, there=told))


def told(one: OrderIntent) -> dict[str, Any]:
    """An order, as JSON."""
    return one.model_dump(mode="json")
