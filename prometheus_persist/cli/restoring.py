"""Commands about all that is kept: whether it is whole, a full snapshot of it, its coming back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prometheus_persist.cli.options import (
    DEFAULT_DIR,
    Dir,
    Json,
    Lang,
    guard,
    output_of,
    refuse_fresh,
    refuse_missing,
)
from prometheus_persist.clock import SystemClock
from prometheus_persist.errors import EXIT_DAMAGED, EXIT_OK, BadConfig


def verify_command(directory: Dir = DEFAULT_DIR, as_json: Json = False, lang: Lang = "") -> None:
    """Read everything, say what is damaged.

    Changes nothing. Exit 0 where all that was saved comes back: what is damaged is named, and
    repair mends it. Exit 4 where something is lost, 2 where no store is (a disk not mounted).
    """
    output = output_of(as_json, lang, directory)
    with guard(output):
        from prometheus_persist.cli.output import damage_rows
        from prometheus_persist.recovery import verify
        from prometheus_persist.session.settings_sources import visited

        refuse_missing(directory)
        fs = visited(directory)
        output.working.expect(fs)
        found = verify(fs, alone=True)  # the line's own thread has nothing that a fork needs
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


def save(directory: Dir = DEFAULT_DIR, as_json: Json = False, lang: Lang = "") -> None:
    """Take a full snapshot now.

    Refreshes the readable files as well. The store must not be in use.
    """
    output = output_of(as_json, lang, directory)
    with guard(output):
        from prometheus_persist.session import Session

        refuse_missing(directory)
        session = Session.open(directory, visit=True)
        try:
            path = session.snapshot()  # first: a long tail would ask for one of its own
            session.checkpoint()
        finally:
            session.close(save=False)
        output.text(output.say("cli.saved", seq=session.seq, path=directory / path))
        output.data({"sequence": session.seq, "snapshot": str(directory / path)})


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
        from prometheus_persist.cli.output import damage_rows, unix_ms, utc
        from prometheus_persist.recovery import restore
        from prometheus_persist.recovery.restore_into import agents_only, write_into
        from prometheus_persist.session import Session
        from prometheus_persist.session.settings_sources import visited

        _refuse_unfit(seq, at, into, only_agents=only_agents, dry_run=dry_run)
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


def _refuse_unfit(
    seq: int | None, at: str, into: Path | None, *, only_agents: bool, dry_run: bool
) -> None:
    if (seq is not None or at) and into is None and not dry_run:
        raise BadConfig("an earlier moment needs --into NEWDIR, or --dry-run to look only")
    if only_agents and into is None:
        raise BadConfig("--agents-only leaves ledgers out, so it needs --into NEWDIR")
    if seq is not None and at:
        raise BadConfig("--seq and --at exclude each other")
