"""The commands of ``fakeokx ctl`` that are about the exchange itself rather than the market."""

import json
import sys
from typing import Annotated, Any

import typer

from fakeokx.cli.ctl_kit import AccountName, Inst, MgnMode, PosSide, ctl, say
from fakeokx.control.client import MAIN


@ctl.command("position-mode")
def position_mode(
    ctx: typer.Context,
    pos_mode: Annotated[str, typer.Argument(help="net_mode or long_short_mode.")],
    account: AccountName = MAIN,
) -> None:
    """Choose the position mode of an account."""
    ctx.obj.set_position_mode(pos_mode, account=account)
    say({"posMode": pos_mode})


@ctl.command()
def leverage(
    ctx: typer.Context,
    inst_id: Inst,
    lever: Annotated[str, typer.Argument(help="Leverage.")],
    mgn_mode: MgnMode = "cross",
    pos_side: PosSide = "",
    account: AccountName = MAIN,
) -> None:
    """Set the leverage of an account on an instrument."""
    ctx.obj.set_leverage(inst_id, lever, mgn_mode, pos_side, account=account)
    say({"instId": inst_id, "lever": lever})


@ctl.command("pending-max")
def pending_max(
    ctx: typer.Context, count: Annotated[int, typer.Argument(min=0, help="0 for any number.")]
) -> None:
    """Let every account have at most so many waiting orders."""
    ctx.obj.pending_max(count)
    say({"count": count})


@ctl.command("switch")
def switch(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Switch; all of them without.")] = "",
    value: Annotated[str, typer.Argument(help="Its new value.")] = "",
) -> None:
    """Choose where sources about OKX disagree, or show the choices."""
    if name:
        ctx.obj.set_switch(name, value)
    say(ctx.obj.switches())


@ctl.command()
def account(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A further account; without, shows all.")] = "",
) -> None:
    """Open an account, or show them."""
    if name:
        ctx.obj.open_account(name)
    say(ctx.obj.accounts())


@ctl.command()
def key(
    ctx: typer.Context,
    add: Annotated[
        bool, typer.Option("--add", help="Add NAME:SECRET:PASSPHRASE, asked for, or from stdin.")
    ] = False,
    perm: Annotated[str, typer.Option(help="trade or read_only.")] = "trade",
    account: AccountName = MAIN,
    environment: Annotated[str, typer.Option(help="live, demo or any.")] = "any",
    demo: Annotated[bool, typer.Option("--demo", help="Of a demo account.")] = False,
    ip: Annotated[list[str] | None, typer.Option(help="Allowed address, repeatable.")] = None,
) -> None:
    """Add an API key, or show them."""
    if add:
        name, secret, passphrase = (*_asked().split(":", 2), "", "")[:3]
        ctx.obj.add_key(
            name,
            secret,
            passphrase,
            perm=perm,
            account=account,
            environment=environment,
            ips=ip or (),
            demo=demo,
        )
    say(ctx.obj.api_keys())


def _asked() -> str:
    """A key from whoever types or pipes it; arguments are seen by everybody on the machine."""
    if sys.stdin.isatty():
        return str(typer.prompt("NAME:SECRET:PASSPHRASE", hide_input=True))
    return sys.stdin.readline().strip()


@ctl.command("drop-key")
def drop_key(ctx: typer.Context, name: Annotated[str, typer.Argument(help="Key.")]) -> None:
    """Remove an API key."""
    ctx.obj.drop_key(name)
    say(ctx.obj.api_keys())


@ctl.command()
def foreign(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(help="Kind; without, forgets what there is.")] = "",
    account: AccountName = MAIN,
) -> None:
    """Let an account hold what is not traded here."""
    if kind:
        ctx.obj.foreign(kind, account=account)
    else:
        ctx.obj.foreign_clear(account=account)
    say(ctx.obj.truth()["foreign"])


@ctl.command("foreign-rows")
def foreign_rows(
    ctx: typer.Context,
    endpoint: Annotated[str, typer.Argument(help="Such as account/positions.")],
    rows: Annotated[str, typer.Argument(help="JSON list, or - for stdin.")],
    account: AccountName = MAIN,
) -> None:
    """Let an endpoint show these rows too."""
    ctx.obj.foreign_rows(endpoint, _json(rows), account=account)
    say(ctx.obj.truth()["foreign"])


def _json(text: str) -> Any:
    try:
        return json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as problem:
        raise typer.BadParameter(f"not JSON: {problem}") from None


@ctl.command()
def faults(
    ctx: typer.Context,
    rules: Annotated[str, typer.Argument(help="JSON list, or - for stdin; shows without.")] = "",
) -> None:
    """Replace the fault script, or show it with its counts."""
    if rules:
        ctx.obj.set_faults(_json(rules))
    say(ctx.obj.faults())


@ctl.command()
def checkpoint(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Its name; shows all without.")] = "",
) -> None:
    """Remember where the exchange is, or show what is remembered."""
    if name:
        ctx.obj.checkpoint(name)
    say(ctx.obj.checkpoints())


@ctl.command()
def rewind(ctx: typer.Context, name: Annotated[str, typer.Argument(help="Checkpoint.")]) -> None:
    """Be again what the checkpoint was."""
    say({"now_ms": ctx.obj.rewind(name)})


@ctl.command()
def status(
    ctx: typer.Context,
    rows: Annotated[str, typer.Argument(help="JSON list, or - for stdin.")],
) -> None:
    """Replace the notices that system/status shows."""
    notices = _json(rows)
    ctx.obj.set_status(notices)
    say({"rows": notices})


@ctl.command()
def streams(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Setting; all of them without.")] = "",
    value: Annotated[str, typer.Argument(help="Its new value.")] = "",
) -> None:
    """Who is connected by WebSocket, and how long things take there."""
    say(ctx.obj.streams(**({name: value} if name else {})))


@ctl.command()
def notice(
    ctx: typer.Context,
    close_after_ms: Annotated[int, typer.Argument(min=0, help="Milliseconds.")] = 60_000,
) -> None:
    """Announce to every WebSocket that it will be closed, and close it then."""
    say({"connections": ctx.obj.notice(close_after_ms)})


@ctl.command()
def events(ctx: typer.Context) -> None:
    """The newest events, newest first."""
    say(ctx.obj.events())


@ctl.command()
def truth(ctx: typer.Context) -> None:
    """Everything the exchange knows."""
    say(ctx.obj.truth())
