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
from typing import Annotated

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
from prometheus_persist.cli.stepping import Steps
from prometheus_persist.errors import EXIT_OK, EXIT_VENUE, BadConfig

orders = typer.Typer(
    cls=Steps,
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
        from prometheus_persist.cli.order_lines import order_lines, order_row
        from prometheus_persist.clock import SystemClock
        from prometheus_persist.recovery import restore
        from prometheus_persist.session.settings_sources import visited
        from prometheus_persist.state import state_from

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
        from prometheus_persist.cli import order_deeds as deeds
        from prometheus_persist.cli.venue import venue_reader
        from prometheus_persist.saving.gate import UNANSWERED

        refuse_missing(directory)
        reader = venue_reader(exchange, sandbox=demo, environ=os.environ)
        with deeds.opened(directory, exchange, demo, output) as session:
            found = deeds.settled(session, reader, names or (), output)
            session.checkpoint()
        if any(one.outcome in UNANSWERED for one in found):
            code = EXIT_VENUE
        output.data({"orders": [deeds.told(one) for one in found]})
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
        from prometheus_persist.cli import order_deeds as deeds
        from prometheus_persist.session import Session

        if not reason.strip():
            raise BadConfig(output.say("cli.orders.reason"))
        refuse_missing(directory)
        deeds.known(directory, [name], output)
        session = Session.open(directory, visit=True)
        try:
            ended = session.give_up(name, reason)
            session.checkpoint()
        finally:
            session.close(save=False)
        output.text(output.say("cli.orders.given_up", order=name, reason=reason.strip()))
        output.data({"orders": [deeds.told(ended)]})


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
        from prometheus_persist.cli import order_deeds as deeds
        from prometheus_persist.cli.order_lines import is_open
        from prometheus_persist.cli.venue import venue_reader, venue_sender

        if bool(name) == bool(inst_id and ord_id) or (name and (inst_id or ord_id or algo)):
            raise BadConfig(output.say("cli.orders.which"))
        refuse_missing(directory)
        if name:
            deeds.known(directory, [name], output)
        reader = venue_reader(exchange, sandbox=demo, environ=os.environ)
        sender = venue_sender(exchange, sandbox=demo, environ=os.environ)
        with deeds.opened(directory, exchange, demo, output) as session:
            if not name:
                deeds.cancel(sender, inst_id, ord_id, "", algo, output)
                output.data({"canceled": ord_id})
                return
            before = session.state.intents[name]
            deeds.cancel(sender, *deeds.cancel_by(before, output), output)
            ended = deeds.seen_ended(session, reader, name, output)
            session.checkpoint()
        code = EXIT_VENUE if is_open(ended) else EXIT_OK
        output.data({"orders": [deeds.told(ended)]})
    raise typer.Exit(code)
