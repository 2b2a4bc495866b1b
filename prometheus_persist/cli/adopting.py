"""``adopt``: positions that exist already, given to the agents that are named, in both ledgers.

    prometheus-persist adopt BTC-USDT-SWAP=LiveAgent_01 ETH-USDT-SWAP=0.3@LiveAgent_02 …

The positions are read from the exchange, by the keys of the account that the books are kept for;
everything else is ``Session.adopt``. The report of a reconciliation prints the command. The store
must not be in use.
"""

from __future__ import annotations

import os
import re
from typing import Annotated

import typer

from prometheus_persist.cli.options import (
    DEFAULT_DIR,
    Demo,
    Dir,
    Exchange,
    Json,
    Lang,
    guard,
    output_of,
    refuse_missing,
)
from prometheus_persist.errors import BadConfig

_PART = re.compile(r"([+-]?[0-9.]+)@(.+)", re.DOTALL)
Given = Annotated[
    list[str],
    typer.Argument(
        metavar="POSITION=AGENT…",
        help="By instId, or 'BTC-USDT-SWAP cross net' where it has several positions; a part of "
        "one is POSITION=CONTRACTS@AGENT.",
    ),
]


def adopt(
    owners: Given,
    directory: Dir = DEFAULT_DIR,
    exchange: Exchange = "",
    demo: Demo = True,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Put positions that exist already into both ledgers of the agents you name.

    What the exchange shows and no agent holds yet, in exact contracts, with the row that proves it.
    No owner is guessed: what you do not name stays as it is. The store must not be in use; a
    running host calls Session.adopt.
    """
    output = output_of(as_json, lang, directory, exchange, demo=demo)
    with guard(output):
        from prometheus_persist.cli.venue import refuse_other_account, venue_positions
        from prometheus_persist.recovery import restore
        from prometheus_persist.session import Session
        from prometheus_persist.session.settings_sources import visited
        from prometheus_persist.state import state_from

        asked = owners_of(owners)
        refuse_missing(directory)
        identity = state_from(restore(visited(directory)).documents).account_cash.identity
        where = {"sandbox": demo, "environ": os.environ}
        refuse_other_account(identity, exchange, **where, say=output.say)  # type: ignore[arg-type]
        rows = venue_positions(exchange, sandbox=demo, environ=os.environ)
        session = Session.open(directory, visit=True)
        try:
            books = session.state.private_ledgers
            before = {name: list(book.positions) for name, book in books.items()}
            seq = session.adopt(rows, asked)
            session.checkpoint()
            new = [
                {"agent_id": name, **position.model_dump(mode="json")}
                for name, book in sorted(session.state.private_ledgers.items())
                for position in book.positions
                if position not in before.get(name, [])
            ]
        finally:
            session.close(save=False)
        for one in new:
            told = {"agent": one["agent_id"], "contracts": one["qty_contracts"]}
            key = f"{one['inst_id']} {one['mgn_mode']} {one['pos_side']}"
            output.text(output.say("cli.adopted", key=key, px=one["entry_px"], **told))
        output.data({"sequence": seq, "adopted": new})


def owners_of(words: list[str]) -> dict[str, str | dict[str, object]]:
    """Owners by position; raises BadConfig."""
    found: dict[str, str | dict[str, object]] = {}
    for word in words:
        position, sign, owner = word.partition("=")
        if not (position and sign and owner):
            raise BadConfig(f"{word!r}: say POSITION=AGENT, or POSITION=CONTRACTS@AGENT for a part")
        part = _PART.fullmatch(owner)
        before = found.get(position)
        parts = before if isinstance(before, dict) else {}
        if (before is not None and not (part and parts)) or (part and part[2] in parts):
            raise BadConfig(f"{word!r}: {position} is given twice")
        found[position] = {**parts, part[2]: part[1]} if part else owner
    return found
