"""``fakeokx serve`` runs the exchange until Ctrl+C, ``coverage`` lists what it serves.

Their words alone: what is made of them is imported when they are called.
"""

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from fakeokx.cli.ending import say
from fakeokx.cli.exits import exits_in_a_line
from fakeokx.engine.names import NET_MODE, SEED_MAX
from fakeokx.runtime.defaults import KEY_FORM

_EPILOG: Final = (
    "Point ccxt at it: ccxt.okx({'apiKey': 'fakeokx-key', 'secret': 'fakeokx-secret', "
    "'password': 'fakeokx-pass', 'urls': {'api': {'rest': URL}, 'test': {'rest': URL}}}). "
    "Point python-okx at it: okx.Trade.TradeAPI('fakeokx-key', 'fakeokx-secret', "
    "'fakeokx-pass', domain=URL). Move the market: fakeokx ctl --url URL "
    "price BTC-USDT-SWAP 51000. " + exits_in_a_line()
)

serve = typer.Typer(add_completion=False, rich_markup_mode=None)


@serve.command(name="serve", epilog=_EPILOG)
def serve_command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes any free one.")] = 0,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Where the ledger is kept; default: a temporary directory."),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=SEED_MAX, help="Base of the ids of a new venue.")
    ] = 0,
    pos_mode: Annotated[
        str, typer.Option(help="Position mode of a new venue: net_mode or long_short_mode.")
    ] = NET_MODE,
    balance: Annotated[str, typer.Option(help="USDT of a new venue.")] = "1000000",
    key_file: Annotated[
        str,
        typer.Option("--keys", help=f"File of API keys, a line each, - for stdin: {KEY_FORM}."),
    ] = "",
    account: Annotated[
        list[str] | None, typer.Option(help="A further account, empty; repeatable.")
    ] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE of a switch (see the README); repeatable."),
    ] = None,
    rate_limits: Annotated[
        bool, typer.Option("--rate-limits", help="Answer 50011 as OKX would.")
    ] = False,
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve https and wss with a test CA of its own.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Another host name that requests may ask for; repeatable."),
    ] = None,
    open_control: Annotated[
        bool,
        typer.Option("--open-control", help="No token for the control API, whoever reaches it."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line when ready.")
    ] = False,
) -> None:
    """Serve until Ctrl+C or SIGTERM. An existing ledger wins over --seed, --pos-mode, --balance.

    On an address that other machines can reach, the control API asks for a token, which is printed.
    """
    from fakeokx.cli.served import run

    run(
        host,
        port,
        directory,
        seed=seed,
        pos_mode=pos_mode,
        balance=balance,
        key_file=key_file,
        accounts=account or (),
        switches=switch or (),
        rate_limits=rate_limits,
        tls=tls,
        allow_hosts=allow_host or (),
        open_control=open_control,
        as_json=as_json,
    )


def coverage(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Every endpoint, channel and operation that is served."""
    from fakeokx.process.coverage import everything, markdown

    say(json.dumps(everything(), indent=1) if as_json else markdown())
