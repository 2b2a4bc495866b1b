"""What the commands of ``fakeokx ctl`` share: where the exchange is, and the words for it."""

import json
import os
import unicodedata
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from fakeokx.cli.exits import exits_in_a_line
from fakeokx.cli.stepping import Steps

MARKS_MAX: Final = 4
URL_VARIABLE: Final = "FAKEOKX_URL"
Inst = Annotated[str, typer.Argument(help="Instrument, such as BTC-USDT-SWAP.")]
Px = Annotated[str, typer.Argument(help="Price.")]
Sz = Annotated[str, typer.Argument(help="Contracts; base currency on spot.")]
AccountName = Annotated[str, typer.Option(help="Account.")]
PosSide = Annotated[str, typer.Option(help="long or short; nothing in net mode.")]
MgnMode = Annotated[str, typer.Option(help="cross or isolated.")]
ctl = typer.Typer(
    cls=Steps,
    no_args_is_help=True,
    help="Steer a running fakeokx.",
    epilog=exits_in_a_line(),
    add_completion=False,
    rich_markup_mode=None,
)


@ctl.callback()
def _at(
    ctx: typer.Context,
    url: Annotated[
        str, typer.Option(envvar=URL_VARIABLE, help="Address of the running exchange.")
    ] = "",
    ca: Annotated[
        Path | None, typer.Option(help="Its certificate authority, if it is an https one.")
    ] = None,
) -> None:
    ctx.obj = _Steered(url or os.environ.get(URL_VARIABLE, ""), ca)


class _Steered:
    """The exchange's ``Control``, once a command asks it for something: help needs no exchange."""

    def __init__(self, url: str, ca: Path | None) -> None:
        self._url, self._ca = url, ca

    def __getattr__(self, name: str) -> Any:
        from fakeokx.control.client import Control

        if not self._url.startswith(("http://", "https://")):
            raise typer.BadParameter("give --url http://127.0.0.1:PORT, or set FAKEOKX_URL")
        return getattr(Control(self._url, ca=self._ca), name)


def say(answer: Any) -> None:
    """Print an answer as JSON; in ASCII, so that no name in it moves a cursor or turns a line."""
    typer.echo(json.dumps(answer, indent=1))


def tell(text: str, *, err: bool = False) -> None:
    """Print a line for people, ``shown``."""
    typer.echo(shown(text), err=err)


def shown(text: str) -> str:
    """What has no glyph in it is escaped as in JSON, and so are too many marks on one letter."""
    seen, marks = [], 0
    for one in text:
        marks = marks + 1 if unicodedata.category(one) in ("Mn", "Me") else 0
        seen.append(one if one.isprintable() and marks <= MARKS_MAX else json.dumps(one)[1:-1])
    return "".join(seen)
