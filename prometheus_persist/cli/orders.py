"""``orders``: the open orders of a store, and the three ways to end one.

1. ``orders`` lists them from the books alone: no lock, no exchange, not a byte is written. It works
   beside a running host.
2. ``orders settle`` asks the exchange what became of them, and books that; ``orders give-up`` ends
   one without the exchange's word, with a reason, in the audit; ``orders cancel`` cancels one at
   the exchange and settles it. These open the store, which must not be in use.
3. What asks the exchange asks first whose keys they are: another account's answer proves nothing.
4. An order that no open intent knows is canceled by instrument and exchange id; nothing is booked.
5. All take the same options, so that those of a report fit behind each of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prometheus_persist.cli.options import (
    DEFAULT_DIR,
    EPILOG,
    Demo,
    Dir,
    Exchange,
    Json,
    Lang,
    guard,
    output_of,
    refuse_missing,
)
from prometheus_persist.cli.order_lines import is_open, order_lines, order_row
from prometheus_persist.cli.output import Output
from prometheus_persist.cli.venue import refuse_other_account, venue_reader, venue_sender
from prometheus_persist.clock import SystemClock
from prometheus_persist.errors import EXIT_OK, EXIT_VENUE, BadConfig, VenueRefused
from prometheus_persist.recovery import restore
from prometheus_persist.saving.gate import UNANSWERED
from prometheus_persist.session import Session
from prometheus_persist.session.settings_sources import visited
from prometheus_persist.state import OrderIntent, state_from

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEN_AGAIN = 5
SEEN_AGAIN_S = 0.3
"""How often, and how long after each other, a canceled order is asked for until its end shows."""

orders = typer.Typer(
    epilog=EPILOG,
    add_completion=False,
    rich_markup_mode=None,
    invoke_without_command=True,
)


@orders.callback(invoke_without_command=True, epilog=EPILOG)
def list_orders(
    context: typer.Context,
    directory: Dir = DEFAULT_DIR,
    exchange: Exchange = "",
    demo: Demo = True,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """List the open orders; settle, give up or cancel one.

    The list has age, agent, what is known, and stops that have no position. It reads the books
    only, also beside a running host.
    """
    if context.invoked_subcommand is not None:
        return
    output = output_of(as_json, lang, directory, exchange, demo=demo)
    with guard(output):
        refuse_missing(directory)
        state = state_from(restore(visited(directory)).documents)
        rows = [order_row(state, one, SystemClock().now_ms()) for one in state.intents.values()]
        rows.sort(key=lambda row: (row["created_ms"], row["cl_ord_id"]))
        title = output.say("cli.orders.title", n=len(rows))
        output.text(title if rows else output.say("cli.orders.none"))
        for row in rows:
            for line in order_lines(row, output):
                output.text(line)
        output.data({"orders": rows})


@orders.command(epilog=EPILOG)
def settle(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[CLORDID]…", help="Default: all that are open.")
    ] = None,
    directory: Dir = DEFAULT_DIR,
    exchange: Exchange = "",
    demo: Demo = True,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Ask the exchange what became of open orders, and book it.

    Exit 5 where one is still without an answer: it may be on its way; ask again.
    """
    output = output_of(as_json, lang, directory, exchange, demo=demo)
    code = EXIT_OK
    with guard(output):
        refuse_missing(directory)
        reader = venue_reader(exchange, sandbox=demo, environ=os.environ)
        with _opened(directory, exchange, demo, output) as session:
            found = _settled(session, reader, names or (), output)
            session.checkpoint()
        if any(one.outcome in UNANSWERED for one in found):
            code = EXIT_VENUE
        output.data({"orders": [_told(one) for one in found]})
    raise typer.Exit(code)


@orders.command(name="give-up", epilog=EPILOG)
def give_up(
    name: Annotated[str, typer.Argument(metavar="CLORDID", help="An open order.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the audit.")] = "",
    directory: Dir = DEFAULT_DIR,
    exchange: Exchange = "",
    demo: Demo = True,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """End an open order without the exchange's word.

    Should it show up there all the same, the next reconciliation takes it back to its agent.
    """
    output = output_of(as_json, lang, directory, exchange, demo=demo)
    with guard(output):
        if not reason.strip():
            raise BadConfig(output.say("cli.orders.reason"))
        refuse_missing(directory)
        _known(directory, [name], output)
        session = Session.open(directory, visit=True)
        try:
            ended = session.give_up(name, reason)
            session.checkpoint()
        finally:
            session.close(save=False)
        output.text(output.say("cli.orders.given_up", order=name, reason=reason.strip()))
        output.data({"orders": [_told(ended)]})


@orders.command(epilog=EPILOG)
def cancel(
    name: Annotated[str, typer.Argument(metavar="[CLORDID]", help="An open order.")] = "",
    inst_id: Annotated[str, typer.Option("--inst", help="With --ord-id: its instrument.")] = "",
    ord_id: Annotated[
        str, typer.Option("--ord-id", help="An order that is not open in the books, by OKX's id.")
    ] = "",
    algo: Annotated[bool, typer.Option("--algo", help="With --ord-id: it is an algo id.")] = False,
    directory: Dir = DEFAULT_DIR,
    exchange: Exchange = "",
    demo: Demo = True,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Cancel an order at the exchange, and settle it.

    What it had executed before is booked. Exit 5 where its end does not show yet.
    """
    output = output_of(as_json, lang, directory, exchange, demo=demo)
    code = EXIT_OK
    with guard(output):
        if bool(name) == bool(inst_id and ord_id) or (name and (inst_id or ord_id or algo)):
            raise BadConfig(output.say("cli.orders.which"))
        refuse_missing(directory)
        if name:
            _known(directory, [name], output)
        reader = venue_reader(exchange, sandbox=demo, environ=os.environ)
        sender = venue_sender(exchange, sandbox=demo, environ=os.environ)
        with _opened(directory, exchange, demo, output) as session:
            if not name:
                _cancel(sender, inst_id, ord_id, "", algo, output)
                output.data({"canceled": ord_id})
                return
            before = session.state.intents[name]
            _cancel(sender, *_cancel_by(before, output), output)
            ended = _seen_ended(session, reader, name, output)
            session.checkpoint()
        code = EXIT_VENUE if is_open(ended) else EXIT_OK
        output.data({"orders": [_told(ended)]})
    raise typer.Exit(code)


def _cancel_by(one: OrderIntent, output: Output) -> tuple[str, str, str, bool]:
    """Instrument, OKX's id, ours, and whether it is an algo order: a fired one is its child."""
    if one.child_ord_id:
        return one.inst_id, one.child_ord_id, "", False
    if one.parent and not one.ord_id:
        told = output.say("cli.orders.attached", order=one.cl_ord_id, parent=one.parent)
        raise BadConfig(told)
    return one.inst_id, one.ord_id, one.cl_ord_id, one.kind == "algo"


def _cancel(sender: Any, inst_id: str, ord_id: str, name: str, algo: bool, output: Output) -> None:
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


def _seen_ended(session: Session, reader: Any, name: str, output: Output) -> OrderIntent:
    found = session.settle(reader, name)
    for _ in range(SEEN_AGAIN):
        if not is_open(found):
            break
        SystemClock().sleep(SEEN_AGAIN_S)
        found = session.settle(reader, name)
    _say(found, session, output)
    return found


def _settled(
    session: Session, reader: Any, names: Iterable[str], output: Output
) -> list[OrderIntent]:
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
def _opened(directory: Path, exchange: str, demo: bool, output: Output) -> Iterator[Session]:
    """A visit to a store whose account these keys are of; found out before anything is opened."""
    identity = state_from(restore(visited(directory)).documents).account_cash.identity
    refuse_other_account(identity, exchange, sandbox=demo, environ=os.environ, say=output.say)
    session = Session.open(directory, visit=True)
    try:
        yield session
    finally:
        session.close(save=False)


def _known(directory: Path, names: Iterable[str], output: Output) -> None:
    _refuse_unknown(names, state_from(restore(visited(directory)).documents).intents, output)


def _refuse_unknown(names: Iterable[str], there: Iterable[str], output: Output) -> None:
    known = sorted(there)
    for name in names:
        if name not in known:
            told = ", ".join(known) or "-"
            raise BadConfig(output.say("cli.orders.unknown", order=name, there=told))


def _told(one: OrderIntent) -> dict[str, Any]:
    return one.model_dump(mode="json")
