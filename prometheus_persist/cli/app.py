"""The program ``prometheus-persist``: its commands, each of which is imported when it is called.

What the commands are and how the list of them says each is here; a test holds that list to what
each says of itself. What each exit code means is said in ``words.exits``.
"""

from __future__ import annotations

from typing import Annotated

import typer

from prometheus_persist.cli.group import Commands
from prometheus_persist.cli.options import EPILOG, Lang

_CLI = "prometheus_persist.cli"
COMMANDS = {
    "demo": (f"{_CLI}.harnessed:demo", "Watch a trading system die and come back."),
    "verify": (f"{_CLI}.restoring:verify_command", "Read everything, say what is damaged."),
    "save": (f"{_CLI}.restoring:save", "Take a full snapshot now."),
    "restore": (f"{_CLI}.restoring:restore_command", "Bring back the state, of now or earlier."),
    "bench": (f"{_CLI}.harnessed:bench_command", "Measure how fast saving and restoring are here."),
    "status": (f"{_CLI}.status:status", "Say what a store holds."),
    "explore": (f"{_CLI}.exploring:explore", "Draw the history that is kept, as one HTML page."),
    "reconcile": (f"{_CLI}.reconciling:reconcile", "Make the three books agree, with evidence."),
    "adopt": (
        f"{_CLI}.adopting:adopt",
        "Put positions that exist already into both ledgers of the agents you name.",
    ),
    "freeze": (
        f"{_CLI}.freezing:freeze",
        "Refuse new entries on an instrument, or with --all every order.",
    ),
    "unfreeze": (
        f"{_CLI}.freezing:unfreeze",
        "Lift the freeze of an instrument, or with --all the general one.",
    ),
    "snapshots": (f"{_CLI}.past:snapshots", "List every image that a restore can start from."),
    "tail": (f"{_CLI}.past:tail", "Follow the commits as they are written."),
    "repair": (
        f"{_CLI}.past:repair_command",
        "Make damaged files what they ought to be, from what is good.",
    ),
    "init": (f"{_CLI}.initing:init", "Look at a bot, and write what wrap runs it by."),
    "wrap": (f"{_CLI}.wrapping:wrap", "Run a bot crash-safe, without an edit of it."),
    "orders": (f"{_CLI}.orders:orders", "List the open orders; settle, give up or cancel one."),
}


class _Program(Commands):
    table = COMMANDS


app = typer.Typer(
    name="prometheus-persist",
    cls=_Program,
    help="Save everything, come back from any crash, agree with the exchange.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"prometheus-persist {version('prometheus-persist')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say which, and leave."),
    ] = False,
    _lang: Lang = "",
) -> None:
    """Save everything, come back from any crash, agree with the exchange."""
