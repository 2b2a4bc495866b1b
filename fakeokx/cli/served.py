"""What ``fakeokx serve`` makes of its words: keys, accounts, the exchange and its ready line.

stdout is data (the ready line, JSON with ``--json``), stderr is talk.
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fakeokx.cli.ctl_kit import tell
from fakeokx.cli.ending import Stopped, catch_signals, say
from fakeokx.cli.helping import spoken
from fakeokx.control.connection import TOKEN_VARIABLE
from fakeokx.engine.commands import Command, OpenAccount, SetSwitch
from fakeokx.engine.decimals import parse
from fakeokx.engine.names import LONG_SHORT_MODE, MAIN, NET_MODE
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.switches import SWITCHES
from fakeokx.runtime import keys
from fakeokx.runtime.access import Access, is_loopback
from fakeokx.runtime.defaults import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET
from fakeokx.wire.auth import ApiKey

if TYPE_CHECKING:
    from fakeokx.process.tls import Certificate
    from fakeokx.runtime.context import ExchangeRuntime
    from fakeokx.runtime.exchange import Exchange


def run(
    host: str,
    port: int,
    directory: Path | None,
    *,
    seed: int,
    pos_mode: str,
    balance: str,
    key_file: str,
    accounts: Sequence[str],
    switches: Sequence[str],
    rate_limits: bool,
    tls: bool,
    allow_hosts: Sequence[str],
    open_control: bool,
    as_json: bool,
) -> None:
    """Serve until a signal; raises a usage error for words that do not fit."""
    if pos_mode not in (NET_MODE, LONG_SHORT_MODE):
        raise typer.BadParameter(f"--pos-mode is {NET_MODE} or {LONG_SHORT_MODE}")
    cash, asked_keys = _cash(balance), _keys(key_file) if key_file else []
    owners = [each.account for each in asked_keys if each.account != MAIN]
    opened = [OpenAccount(account=each) for each in (*accounts, *owners)]
    changes: list[Command] = [*opened, *map(_switch, switches)]

    from fakeokx.process.serve import bind, serve
    from fakeokx.runtime.exchange import Exchange

    home, listener = _home(directory), bind(host, port)
    exchange = Exchange(home, seed=seed, pos_mode=pos_mode, first_cash_quote=cash)
    runtime = _runtime(exchange, asked_keys, changes, rate_limits=rate_limits)
    runtime.access = _access((host, *allow_hosts), open_control=open_control)
    chain = _certificate(home, host) if tls else None
    url = f"{'https' if tls else 'http'}://{host}:{listener.getsockname()[1]}"
    ready = _ready(url, home, runtime.access.token, None if chain is None else chain.ca)
    ended_by = serve(runtime, listener, lambda: _announce(ready, as_json=as_json), chain)
    runtime.exchange.close()
    if ended_by:
        catch_signals()  # the loop has put back what it found
        raise Stopped(ended_by)


def _keys(path: str) -> list[ApiKey]:
    """The keys of a file, or of stdin; no key is ever an argument, which anybody could list."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise typer.BadParameter(f"--keys {path}: {problem}") from None
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                found.append(keys.parse(line.strip()))
            except ValueError as problem:
                raise typer.BadParameter(f"--keys {path}, line {number}: {problem}") from None
    return found


def _cash(text: str) -> Decimal:
    cash = parse(text)
    if cash is None:
        raise typer.BadParameter("--balance is a plain number such as 1000000 or 0.5")
    return cash


def _switch(text: str) -> SetSwitch:
    """The command of ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if name not in SWITCHES or not equals or value not in SWITCHES[name].values:
        known = SWITCHES[name].values if name in SWITCHES else sorted(SWITCHES)
        raise typer.BadParameter(f"--set {text!r}: choose from {', '.join(map(repr, known))}")
    return SetSwitch(name=name, value=value)


def _ready(url: str, home: Path, token: str, ca: Path | None) -> dict[str, Any]:
    """What a program is told once requests are taken."""
    ready: dict[str, Any] = {
        "url": url,
        "pid": os.getpid(),
        "dir": str(home),
        "key": DEFAULT_KEY,
        "secret": DEFAULT_SECRET,
        "passphrase": DEFAULT_PASSPHRASE,
    }
    return ready | ({"ca": str(ca)} if ca else {}) | ({"token": token} if token else {})


def _access(hosts: tuple[str, ...], *, open_control: bool) -> Access:
    """Who is let in; the control API asks for nothing where only this machine can ask."""
    names = tuple(name.lower() for name in hosts)
    if open_control or is_loopback(hosts[0]):
        return Access(names)
    found = os.environ.get(TOKEN_VARIABLE)
    return Access(names, found or os.urandom(24).hex())  # noqa: TID251 -- a secret


def _home(directory: Path | None) -> Path:
    home = directory or Path(tempfile.mkdtemp(prefix="fakeokx-"))
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise typer.BadParameter(f"--dir {home} cannot be made: {problem.strerror}") from None
    return home


def _runtime(
    exchange: "Exchange", asked: list[ApiKey], changes: list[Command], *, rate_limits: bool
) -> "ExchangeRuntime":
    """The runtime of an exchange, after what the command line wants to be different."""
    from fakeokx.runtime.context import ExchangeRuntime
    from fakeokx.wire.rate_limits import Limiter

    ledger = exchange.ledger
    if ledger.torn_bytes:
        torn = f"cut a torn write of {ledger.torn_bytes} bytes off {ledger.path}"
        tell(spoken(torn), err=True)
    try:
        for change in changes:
            exchange.do(change)
    except Refusal as refusal:
        raise typer.BadParameter(f"{changes}: {refusal}") from None
    default = ApiKey(DEFAULT_KEY, DEFAULT_SECRET, DEFAULT_PASSPHRASE)
    found = {default.name: default, **keys.load(ledger.path.parent)}
    found |= {each.name: each for each in asked}
    return ExchangeRuntime(
        exchange=exchange, keys=found, limiter=Limiter() if rate_limits else None
    )


def _certificate(home: Path, host: str) -> "Certificate":
    from fakeokx.process.tls import certificate
    from fakeokx.runtime.exchange import machine_ms

    return certificate(home / "tls", host, machine_ms())


def _announce(ready: dict[str, Any], *, as_json: bool) -> None:
    human = f"fakeokx serves {ready['url']} (pid {ready['pid']}, ledger in {ready['dir']})"
    if "token" in ready:
        human += f"; its control API asks for {TOKEN_VARIABLE}={ready['token']}"
    tell(spoken(human), err=as_json)
    if as_json:
        say(json.dumps(ready))
