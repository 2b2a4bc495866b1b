"""``freeze`` and ``unfreeze``: the freeze of a store that no process is using.

A host that is running freezes through ``Session.freeze``: it holds the store's lock, and a command
would leave with 6.
"""

from __future__ import annotations

from typing import Annotated

import typer

from prometheus_persist.cli.options import (
    DEFAULT_DIR,
    Dir,
    Json,
    Lang,
    guard,
    output_of,
    refuse_missing,
)
from prometheus_persist.errors import BadConfig

Inst = Annotated[str, typer.Argument(help="The instrument, like BTC-USDT-SWAP.")]
All = Annotated[bool, typer.Option("--all", help="Every order of every agent.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the audit.")]


def freeze(
    inst_id: Inst = "",
    everything: All = False,
    reason: Reason = "",
    directory: Dir = DEFAULT_DIR,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Refuse new entries on an instrument, or with --all every order.

    Orders that only reduce may pass an instrument's freeze. It survives restarts, until unfreeze
    lifts it. The store must not be in use; a running host calls Session.freeze.
    """
    _change("frozen", inst_id, everything, reason, directory, as_json, lang)


def unfreeze(
    inst_id: Inst = "",
    everything: All = False,
    reason: Reason = "",
    directory: Dir = DEFAULT_DIR,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Lift the freeze of an instrument, or with --all the general one.

    The findings it stood for are remembered as seen, and do not freeze again. The store must not be
    in use; a running host calls Session.unfreeze.
    """
    _change("unfrozen", inst_id, everything, reason, directory, as_json, lang)


def _change(
    what: str, inst_id: str, everything: bool, reason: str, directory: Dir, as_json: bool, lang: str
) -> None:
    output = output_of(as_json, lang, directory)
    with guard(output):
        from prometheus_persist.session import Session

        if bool(inst_id) == everything:
            raise BadConfig("name an instrument, or say --all")
        if not reason.strip():
            raise BadConfig('say why: --reason "…"')
        refuse_missing(directory)
        session = Session.open(directory, visit=True)
        try:
            change = session.freeze if what == "frozen" else session.unfreeze
            seq = change(inst_id or None, reason)
            session.checkpoint()
            freeze = session.state.freeze.model_dump(mode="json")
        finally:
            session.close(save=False)
        name = inst_id or output.say("cli.everything")
        output.text(output.say(f"cli.{what}", name=name, reason=reason))
        output.data({"sequence": seq, **freeze})
