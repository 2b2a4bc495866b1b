"""The commands of ``prometheus-persist``. Each one opens, asks, prints, and leaves with a code.

What each code means is said in ``report.words.exits``, and nowhere else.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from prometheus_persist.cli.adopting import adopt
from prometheus_persist.cli.exploring import explore
from prometheus_persist.cli.freezing import freeze, unfreeze
from prometheus_persist.cli.group import Commands
from prometheus_persist.cli.options import (
    DEFAULT_DIR,
    EPILOG,
    Dir,
    Json,
    Lang,
    guard,
    output_of,
    refuse_fresh,
    refuse_missing,
)
from prometheus_persist.cli.orders import orders
from prometheus_persist.cli.output import damage_rows, unix_ms, utc
from prometheus_persist.cli.past import repair_command, snapshots, tail
from prometheus_persist.cli.reconciling import reconcile
from prometheus_persist.cli.status import status
from prometheus_persist.clock import SystemClock
from prometheus_persist.errors import EXIT_DAMAGED, EXIT_INTERNAL, EXIT_OK, BadConfig
from prometheus_persist.harness import harness
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.restore_into import agents_only, write_into
from prometheus_persist.session import Session
from prometheus_persist.session.settings_sources import visited

app = typer.Typer(
    name="prometheus-persist",
    cls=Commands,
    help="Save everything, come back from any crash, agree with the exchange.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
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


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def demo(context: typer.Context) -> None:
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


@app.command(name="verify", epilog=EPILOG)
def verify_command(directory: Dir = DEFAULT_DIR, as_json: Json = False, lang: Lang = "") -> None:
    """Read everything, say what is damaged.

    Changes nothing. Exit 0 where all that was saved comes back: what is damaged is named, and
    repair mends it. Exit 4 where something is lost, 2 where no store is (a disk not mounted).
    """
    output = output_of(as_json, lang, directory)
    with guard(output):
        refuse_missing(directory)
        found = verify(visited(directory))
        refuse_fresh(directory, found.facts)
        losses = found.facts.losses
        for item in damage_rows(found.facts, directory):
            output.text(f"⚠️  {output.damage(item)}")
        output.text(
            output.say(
                "cli.verified_lost"
                if losses
                else "cli.verified"
                if found.sound
                else "cli.verified_damaged",
                seq=found.facts.seq,
                documents=len(found.restored.documents),
                records=found.records,
                damages=len(found.facts.damages),
                losses=len(losses),
            )
        )
        output.data(
            {
                "sound": found.sound,
                "fresh": found.facts.fresh,
                "sequence": found.facts.seq,
                "base": found.facts.base,
                "documents": len(found.restored.documents),
                "records": found.records,
                "snapshots": len(found.snapshots),
                "digest": found.digest,
                "damages": damage_rows(found.facts, directory),
                "warnings": list(found.facts.warnings),
            }
        )
    raise typer.Exit(EXIT_DAMAGED if losses else EXIT_OK)


@app.command(epilog=EPILOG)
def save(directory: Dir = DEFAULT_DIR, as_json: Json = False, lang: Lang = "") -> None:
    """Take a full snapshot now.

    Refreshes the readable files as well. The store must not be in use.
    """
    output = output_of(as_json, lang, directory)
    with guard(output):
        refuse_missing(directory)
        session = Session.open(directory, visit=True)
        try:
            path = session.snapshot()  # first: a long tail would ask for one of its own
            session.checkpoint()
        finally:
            session.close(save=False)
        output.text(output.say("cli.saved", seq=session.seq, path=directory / path))
        output.data({"sequence": session.seq, "snapshot": str(directory / path)})


@app.command(name="restore", epilog=EPILOG)
def restore_command(
    directory: Dir = DEFAULT_DIR,
    seq: Annotated[int | None, typer.Option("--seq", help="The state after this commit.")] = None,
    at: Annotated[
        str, typer.Option("--at", help="The state at this time (ISO 8601; UTC unless it says).")
    ] = "",
    into: Annotated[
        Path | None, typer.Option("--into", help="Write it as a new store into this directory.")
    ] = None,
    only_agents: Annotated[
        bool,
        typer.Option("--agents-only", help="Agents, registry and Valhalla; needs --into."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing at all.")] = False,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Bring back the state, of now or earlier.

    Without --seq, --at or --dry-run the store itself is repaired and left ready. An earlier moment
    goes into a store of its own (--into), so that nothing newer is lost. With --agents-only every
    agent comes back with empty books of its capital; records, positions and open orders stay out.
    """
    output = output_of(as_json, lang, directory)
    with guard(output):
        if (seq is not None or at) and into is None and not dry_run:
            raise BadConfig("an earlier moment needs --into NEWDIR, or --dry-run to look only")
        if only_agents and into is None:
            raise BadConfig("--agents-only leaves ledgers out, so it needs --into NEWDIR")
        if seq is not None and at:
            raise BadConfig("--seq and --at exclude each other")
        refuse_missing(directory)
        clock = SystemClock()
        written = into is None and not dry_run
        if written:
            session = Session.open(directory, visit=True)
            facts, digest = session.restored, session.digest()
            session.checkpoint()
            session.close(save=False)
        else:
            found = restore(visited(directory), seq=seq, at_ms=unix_ms(at) if at else None)
            if only_agents:
                intents = sum(key.startswith("intents/") for key in found.documents)
                found = agents_only(found)
                agents = sum(key.startswith("agents/") for key in found.documents)
                output.text(output.say("cli.agents_only", agents=agents, intents=intents))
            facts, digest = found.facts, found.image.digest()
            refuse_fresh(directory, facts)
            if into is not None and not dry_run:
                write_into(found, into, clock)
        for item in damage_rows(facts, directory):
            output.text(f"⚠️  {output.damage(item, done=written)}")
        output.text(
            output.say(
                "cli.restored", seq=facts.seq, time=utc(facts.last_save_ms), ms=facts.duration_ms
            )
        )
        output.data(
            {
                "sequence": facts.seq,
                "time_ms": facts.last_save_ms,
                "base": facts.base,
                "digest": digest,
                "into": str(into) if into else None,
                "agents_only": only_agents,
                "damages": damage_rows(facts, directory),
            }
        )
    raise typer.Exit(EXIT_DAMAGED if facts.losses and seq is None and not at else EXIT_OK)


@app.command(name="bench", epilog=EPILOG)
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
        typer.Option("--seconds", help="For each contestant; default 1, with --full 10."),
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
        typer.Option(
            "--against", help="With --sizes: beside it, another version checked out there."
        ),
    ] = None,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Measure how fast saving and restoring are here.

    Beside raw writes, SQLite, LMDB and rewritten files: in one process, on one disk, in turns.

    Prints median, p99, p99.9 and the longest, and each ratio beside the bar it has to reach. Under
    a minute without --full. A missed bar is reported; the exit code is 0 unless --check. With
    --sizes every command runs on one large store, in a process of its own: seconds, and the peak of
    memory beside what the store holds.
    """
    output = output_of(as_json, lang)
    console = output.talk if as_json else output.out
    told: dict[str, Any] = {
        "tell": output.aside,
        "lang": output.lang,
    }
    with guard(output):
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
            report = bench.measured(directory, full=full, seconds=seconds, **told)
            bench.show(report, output.lang, console)
            output.data(report.to_json())
            missed = report.missed
            if html is not None:
                bench.write_page(report, output.lang, html)
    raise typer.Exit(EXIT_INTERNAL if check and missed else EXIT_OK)


app.command(epilog=EPILOG)(status)
app.command(epilog=EPILOG)(explore)
app.command(epilog=EPILOG)(reconcile)
app.command(epilog=EPILOG)(adopt)
app.command(epilog=EPILOG)(freeze)
app.command(epilog=EPILOG)(unfreeze)
app.command(epilog=EPILOG)(snapshots)
app.command(epilog=EPILOG)(tail)
app.command(name="repair", epilog=EPILOG)(repair_command)
app.add_typer(orders, name="orders")
