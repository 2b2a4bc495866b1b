"""``fakeokx serve``: run the exchange until Ctrl+C.

stdout is data (the ready line, JSON with ``--json``), stderr is talk. Exit codes:
0 stopped as asked · 1 internal error · 2 wrong usage, port or directory in use ·
4 the ledger is damaged.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from fakeokx.engine.decimals import parse
from fakeokx.engine.model import LONG_SHORT_MODE, NET_MODE
from fakeokx.engine.venue import SEED_MAX
from fakeokx.server.defaults import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET
from fakeokx.wire.auth import ApiKey

_READ_ONLY: Final = "read_only"
_KEY_PARTS: Final = 3
_EPILOG: Final = (
    "Point ccxt at it: ccxt.okx({'apiKey': 'fakeokx-key', 'secret': 'fakeokx-secret', "
    "'password': 'fakeokx-pass', 'urls': {'api': {'rest': URL}, 'test': {'rest': URL}}}). "
    "Point python-okx at it: okx.Trade.TradeAPI('fakeokx-key', 'fakeokx-secret', "
    "'fakeokx-pass', domain=URL). Move the market: curl -X POST URL/control/price -d "
    '\'{"instId": "BTC-USDT-SWAP", "px": "51000"}\'.'
)

app = typer.Typer(add_completion=True, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def _root() -> None:
    """An OKX v5 exchange on your own machine: REST, orders, positions, stops, faults."""


def _key(text: str) -> ApiKey:
    parts = text.split(":")
    may_trade = parts[_KEY_PARTS:] != [_READ_ONLY]
    if not all(parts[:_KEY_PARTS]) or len(parts) != (_KEY_PARTS if may_trade else _KEY_PARTS + 1):
        raise typer.BadParameter(f"--key is NAME:SECRET:PASSPHRASE[:{_READ_ONLY}], not {text!r}")
    name, secret, passphrase = parts[:_KEY_PARTS]
    return ApiKey(name, secret, passphrase, may_trade=may_trade)


@app.command(epilog=_EPILOG)
def serve(
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
    key: Annotated[
        list[str] | None,
        typer.Option(help="API key NAME:SECRET:PASSPHRASE[:read_only]; repeatable."),
    ] = None,
    rate_limits: Annotated[
        bool, typer.Option("--rate-limits", help="Answer 50011 as OKX would.")
    ] = False,
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve https and wss with a test CA of its own.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON line when ready.")
    ] = False,
) -> None:
    """Serve until Ctrl+C or SIGTERM. An existing ledger wins over --seed, --pos-mode, --balance."""
    if pos_mode not in (NET_MODE, LONG_SHORT_MODE):
        raise typer.BadParameter(f"--pos-mode is {NET_MODE} or {LONG_SHORT_MODE}")
    cash = parse(balance)
    if cash is None:
        raise typer.BadParameter("--balance is a plain number such as 1000000 or 0.5")
    default = ApiKey(DEFAULT_KEY, DEFAULT_SECRET, DEFAULT_PASSPHRASE)
    keys = {each.name: each for each in (default, *map(_key, key or ()))}
    home = directory or Path(tempfile.mkdtemp(prefix="fakeokx-"))
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise typer.BadParameter(f"--dir {home} cannot be made: {problem.strerror}") from None

    from fakeokx.server.desk import Desk
    from fakeokx.server.exchange import Exchange, machine_ms
    from fakeokx.server.serve import bind
    from fakeokx.server.serve import serve as run
    from fakeokx.wire.ratelimits import Limiter

    listener = bind(host, port)
    exchange = Exchange(home, seed=seed, pos_mode=pos_mode, first_cash_quote=cash)
    if exchange.ledger.torn_bytes:
        typer.echo(
            f"cut a torn write of {exchange.ledger.torn_bytes} bytes off {exchange.ledger.path}",
            err=True,
        )
    desk = Desk(exchange=exchange, keys=keys, limiter=Limiter() if rate_limits else None)
    shown = None
    if tls:
        from fakeokx.server.tls import certificate

        shown = certificate(home / "tls", host, machine_ms())
    url = f"{'https' if tls else 'http'}://{host}:{listener.getsockname()[1]}"
    ready = {
        "url": url,
        "pid": os.getpid(),
        "dir": str(home),
        "key": DEFAULT_KEY,
        "secret": DEFAULT_SECRET,
        "passphrase": DEFAULT_PASSPHRASE,
    }
    if shown is not None:
        ready["ca"] = str(shown.ca)
    run(desk, listener, lambda: _announce(ready, as_json=as_json), shown)
    exchange.close()


def _announce(ready: dict[str, Any], *, as_json: bool) -> None:
    human = f"fakeokx serves {ready['url']} (pid {ready['pid']}, ledger in {ready['dir']})"
    if as_json:
        typer.echo(human, err=True)
        typer.echo(json.dumps(ready))
    else:
        typer.echo(human)


def main() -> None:
    """Console entry point."""
    try:
        app()
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if code is None:
            raise
        typer.echo(f"fakeokx: {error}. {type(error).__doc__}", err=True)
        sys.exit(code)


if __name__ == "__main__":
    main()
