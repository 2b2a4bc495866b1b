"""Commands that are the harness's work behind the library's name: ``demo`` and ``bench``."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from prometheus_persist.cli.options import Json, Lang, guard, output_of
from prometheus_persist.errors import EXIT_INTERNAL, EXIT_OK, BadConfig
from prometheus_persist.harness import harness

demo = typer.Typer(add_completion=False, rich_markup_mode=None)


@demo.command(
    name="demo",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def demo_command(context: typer.Context) -> None:
    """Watch a trading system die and come back.

    It is killed with orders in flight, restored, reconciled, and run again: about ten seconds.
    """
    output = output_of(False, "")
    with guard(output):
        missing = [
            name
            for name in ("chaos", "fakeokx", "ccxt", "starlette", "uvicorn")
            if importlib.util.find_spec(name) is None
        ]
        if missing:
            raise BadConfig(
                f"the demo needs {', '.join(missing)}: pip install 'prometheus-persist[all]'"
            )
    os.execv(  # noqa: S606 the demo takes this process over, so a kill hits the demo itself
        sys.executable, [sys.executable, "-m", "chaos.demo", *context.args]
    )


def bench_command(
    directory: Annotated[
        Path,
        typer.Option("--dir", "-d", help="Measure on the disk of this directory; left as it was."),
    ] = Path(),
    full: Annotated[
        bool, typer.Option("--full", help="With 10,000 agents and 1,000,000 records: minutes.")
    ] = False,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", help="For each contestant; default 1, with --full 5."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write it as one HTML page, too.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where a bar is missed.")] = False,
    sizes: Annotated[
        bool, typer.Option("--sizes", help="Seconds and memory of each command on a large store.")
    ] = False,
    agents: Annotated[int, typer.Option("--agents", help="With --sizes.")] = 10_000,
    trades: Annotated[int, typer.Option("--trades", help="With --sizes.")] = 1_000_000,
    rounds: Annotated[int, typer.Option("--rounds", help="With --sizes: medians of so many.")] = 1,
    against: Annotated[
        Path | None,
        typer.Option("--against", help="Beside it, in turns, another version checked out there."),
    ] = None,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Measure how fast saving and restoring are here.

    Beside raw writes, SQLite, LMDB and rewritten files: in one process, on one disk, in turns.

    Prints median, p99, p99.9 and the longest, and each ratio beside the bar it has to reach. A
    minute or two without --full. A missed bar is reported; the exit code is 0 unless --check. A bar
    that is nearer than the rounds are to each other is neither missed nor met. With --sizes every
    command runs on one large store, in a process of its own: seconds, and the peak of memory beside
    what the store holds.
    """
    output = output_of(as_json, lang)
    console = output.talk if as_json else output.out
    told: dict[str, Any] = {
        "tell": output.aside,
        "lang": output.lang,
    }
    with guard(output):
        from prometheus_persist.cli.output import refuse_unwritable

        refuse_unwritable(html)
        bench = harness("bench.command")
        if sizes and (full or html is not None or seconds is not None):
            raise BadConfig("--sizes is a table of its own: without --full, --seconds and --html")
        if sizes:
            numbers = {"agents": agents, "trades": trades, "rounds": rounds}
            table = bench.sized(directory, **numbers, against=against, **told)
            bench.show_sizes(table, output.lang, console)
            output.data(table.to_json())
            missed = table.missed
        else:
            report = bench.measured(directory, full=full, seconds=seconds, against=against, **told)
            bench.show(report, output.lang, console)
            output.data(report.to_json())
            missed = report.missed
            if html is not None:
                bench.write_page(report, output.lang, html)
    raise typer.Exit(EXIT_INTERNAL if check and missed else EXIT_OK)
