"""``fakeokx ctl``: steer a running exchange from a shell, one request per command.

Where it is comes from ``--url`` or ``FAKEOKX_URL``. Each command prints its answer as JSON.
"""

import errno
from typing import Annotated

import typer

from fakeokx.cli import ctl_venue
from fakeokx.cli.ctl_kit import (
    AccountName,
    Inst,
    MgnMode,
    PosSide,
    Px,
    Sz,
    ctl,
    say,
)
from fakeokx.cli.exits import EXIT_INTERNAL, EXIT_REFUSED, EXIT_UNREACHABLE
from fakeokx.control.client import MAIN, ControlRefused

__all__ = ["ctl", "ctl_venue", "exit_code"]


@ctl.command()
def price(ctx: typer.Context, inst_id: Inst, px: Px) -> None:
    """Move the price; says what that set off."""
    say(ctx.obj.price(inst_id, px))


@ctl.command()
def mark(ctx: typer.Context, inst_id: Inst, px: Px) -> None:
    """Move the mark price alone."""
    say(ctx.obj.mark(inst_id, px))


@ctl.command()
def book(
    ctx: typer.Context,
    inst_id: Inst,
    bid: Annotated[list[str] | None, typer.Option(help="PX:SZ, repeatable.")] = None,
    ask: Annotated[list[str] | None, typer.Option(help="PX:SZ, repeatable.")] = None,
) -> None:
    """Seed the book; without a level there is none."""
    ctx.obj.book(inst_id, _levels(bid), _levels(ask))
    say({"instId": inst_id})


def _levels(words: list[str] | None) -> list[tuple[str, str]]:
    found = []
    for word in words or ():
        px, colon, sz = word.partition(":")
        if not colon:
            raise typer.BadParameter(f"a level is PX:SZ, not {word!r}")
        found.append((px, sz))
    return found


@ctl.command()
def script(
    ctx: typer.Context,
    inst_id: Inst,
    prices: Annotated[list[str] | None, typer.Argument(help="Prices; none ends it.")] = None,
    every_ms: Annotated[int, typer.Option(min=1, help="Milliseconds between two.")] = 1000,
    loop: Annotated[bool, typer.Option("--loop", help="Over and over.")] = False,
) -> None:
    """Let the price go through a list by itself."""
    ctx.obj.script(inst_id, prices or (), every_ms, loop=loop)
    say(ctx.obj.scripts())


@ctl.command()
def trade(
    ctx: typer.Context,
    inst_id: Inst,
    side: Annotated[str, typer.Argument(help="buy or sell.")],
    sz: Sz,
    pos_side: PosSide = "",
    account: AccountName = MAIN,
) -> None:
    """Trade by hand, as another user of an account."""
    say({"ordId": ctx.obj.trade_by_hand(inst_id, side, sz, pos_side, account=account)})


@ctl.command()
def partial(ctx: typer.Context, inst_id: Inst, sz: Sz) -> None:
    """Let the next execution stop after that many contracts."""
    ctx.obj.partial(inst_id, sz)
    say({"instId": inst_id, "sz": sz})


@ctl.command()
def liquidate(
    ctx: typer.Context,
    inst_id: Inst,
    pos_side: PosSide = "",
    mgn_mode: MgnMode = "cross",
    account: AccountName = MAIN,
) -> None:
    """Take a position over and close it at the mark price."""
    say({"ordId": ctx.obj.liquidate(inst_id, pos_side, mgn_mode, account=account)})


@ctl.command()
def adl(
    ctx: typer.Context,
    inst_id: Inst,
    sz: Annotated[str, typer.Argument(help="Contracts; all of it without.")] = "",
    pos_side: PosSide = "",
    mgn_mode: MgnMode = "cross",
    account: AccountName = MAIN,
) -> None:
    """Auto-deleverage a position."""
    say({"ordId": ctx.obj.adl(inst_id, sz, pos_side, mgn_mode, account=account)})


@ctl.command("funding-rate")
def funding_rate(
    ctx: typer.Context, inst_id: Inst, rate: Annotated[str, typer.Argument(help="Rate.")]
) -> None:
    """Set the rate that the next fundings charge (write a negative one after --)."""
    ctx.obj.set_funding_rate(inst_id, rate)
    say({"instId": inst_id, "rate": rate})


@ctl.command()
def fund(
    ctx: typer.Context,
    inst_id: Inst,
    rate: Annotated[str, typer.Argument(help="Rate; the one in force without.")] = "",
) -> None:
    """Settle a funding now."""
    say(ctx.obj.fund(inst_id, rate))


@ctl.command()
def deliver(
    ctx: typer.Context,
    inst_id: Inst,
    px: Annotated[str, typer.Argument(help="Price; the mark price without.")] = "",
) -> None:
    """End a contract: a future is delivered, a swap delisted."""
    say(ctx.obj.deliver(inst_id, px))


@ctl.command()
def settle(
    ctx: typer.Context,
    inst_id: Inst,
    px: Annotated[str, typer.Argument(help="Price; the mark price without.")] = "",
) -> None:
    """Settle a futures contract for the day."""
    say(ctx.obj.settle(inst_id, px))


@ctl.command()
def rescale(
    ctx: typer.Context,
    inst_id: Inst,
    factor: Annotated[str, typer.Argument(help="Contracts that one becomes.")],
    history: Annotated[bool, typer.Option(help="In what was, too.")] = True,
) -> None:
    """Change the size of a contract."""
    say(ctx.obj.rescale(inst_id, factor, history=history))


@ctl.command()
def deposit(
    ctx: typer.Context,
    ccy: Annotated[str, typer.Argument(help="Currency.")],
    amt: Annotated[str, typer.Argument(help="Amount.")],
    account: AccountName = MAIN,
    out: Annotated[bool, typer.Option("--out", help="It leaves instead.")] = False,
) -> None:
    """Let money arrive in an account."""
    say(ctx.obj.deposit(ccy, amt, account=account, out=out))


@ctl.command()
def instrument(
    ctx: typer.Context,
    inst_id: Inst,
    state: Annotated[str, typer.Option(help="live, suspend or preopen.")] = "",
    buy_max: Annotated[str, typer.Option(help="Highest buying price.")] = "",
    sell_min: Annotated[str, typer.Option(help="Lowest selling price.")] = "",
    no_limits: Annotated[bool, typer.Option("--no-limits", help="Lift the limits.")] = False,
) -> None:
    """Suspend an instrument, or limit its prices."""
    ctx.obj.instrument(
        inst_id, state=state, buyPxMax=buy_max, sellPxMin=sell_min, noPxLimits=no_limits
    )
    say({"instId": inst_id})


@ctl.command()
def advance(
    ctx: typer.Context, ms: Annotated[int, typer.Argument(min=0, help="Milliseconds.")]
) -> None:
    """Run the exchange's clock ahead."""
    say({"now_ms": ctx.obj.advance(ms)})


def exit_code(error: Exception) -> int | None:
    """The exit code of what a command may raise, None for anything else."""
    if isinstance(error, ControlRefused):
        return EXIT_REFUSED
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return EXIT_INTERNAL  # what stdout is told does not fit: no word about the exchange
    return EXIT_UNREACHABLE if isinstance(error, OSError) else None
