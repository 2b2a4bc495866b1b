"""The program ``fakeokx``: ``serve`` runs the exchange, ``ctl`` steers one, ``coverage`` lists it.

Each is imported when it is called. The exit codes are in ``cli/exits.py``.
"""

import os
import sys
from typing import Annotated, Final

import typer

from fakeokx.cli.ending import end_document, raise_if_stopped
from fakeokx.cli.exits import EXIT_INTERNAL, EXIT_REFUSED, exits_in_a_line
from fakeokx.cli.helping import (
    asked_language,
    speaking,
    spoken,
    usage_error,
    without_language,
)
from fakeokx.cli.stepping import LazyGroup

COMMANDS: Final = {
    "serve": ("fakeokx.cli.serving:serve", "Serve until Ctrl+C or SIGTERM."),
    "coverage": (
        "fakeokx.cli.serving:coverage",
        "Every endpoint, channel and operation that is served.",
    ),
    "ctl": ("fakeokx.cli.ctl:ctl", "Steer a running fakeokx."),
}


class _Program(LazyGroup):
    table = COMMANDS


app = typer.Typer(
    cls=_Program,
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=exits_in_a_line(),
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"fakeokx {version('prometheus-persist')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say which, and leave."),
    ] = False,
    _lang: Annotated[
        str, typer.Option("--lang", help="zh or en; default by locale.", show_default=False)
    ] = "",
) -> None:
    """An OKX v5 exchange on your own machine: REST, orders, positions, stops, faults."""


_ADVICE: Final = {
    "LedgerBusy": "Stop it, or use another directory.",
    "LedgerDamaged": "Restore the file, or start a new one.",
    "PortInUse": "Choose another port, or 0 for any free one.",
}


def run() -> int:
    """Parse and run; the exit code."""
    argv = sys.argv[1:]
    lang = asked_language(argv, os.environ)
    code: int | None
    try:
        with speaking(lang):
            return int(app(without_language(argv), standalone_mode=False) or 0)
    except typer.Abort:
        return EXIT_REFUSED
    except Exception as error:
        from fakeokx.cli.ctl import exit_code
        from fakeokx.cli.ctl_kit import shown, tell

        raise_if_stopped()
        if hasattr(error, "show") and hasattr(error, "format_message"):
            if type(error).__name__ != "NoArgsIsHelpError":  # that one is a help of many lines
                vars(error)["message"] = shown(str(getattr(error, "message", "")))
            if lang == "zh":
                typer.echo(usage_error(error), err=True, nl=False)
            else:
                error.show()  # what typer says about wrong usage, whichever version it is
            detail, code = str(error.format_message()), EXIT_REFUSED
        else:
            advice = _ADVICE.get(type(error).__name__, "")
            detail = f"{str(error).rstrip('.')}. {advice}".rstrip()
            code = int(getattr(error, "exit_code", 0)) or exit_code(error)
            refused = isinstance(error, ConnectionRefusedError)
            if refused:
                detail = (
                    f"no exchange answers there ({error}); start one with fakeokx serve, or name "
                    f"another with --url"
                )
            if code is not None:
                told = spoken(detail if refused else str(error)) if lang == "zh" else detail
                if lang == "zh" and advice and not refused:
                    told = f"{told}。{spoken(advice)}"
                tell(f"fakeokx: {told}", err=True)
        end_document(code or EXIT_INTERNAL, type(error).__name__, detail, argv)
        if code is None:
            raise
        return code
