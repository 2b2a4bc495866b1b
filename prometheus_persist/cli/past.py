"""Commands about what is kept: the images to start from, the commits as they come, and repair."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from prometheus_persist.cli.ending import reader_gone, write_document
from prometheus_persist.cli.options import (
    DEFAULT_DIR,
    Dir,
    Json,
    Lang,
    guard,
    output_of,
    refuse_missing,
)
from prometheus_persist.clock import SystemClock
from prometheus_persist.errors import BadConfig

TAIL_POLL_S = 0.3


def snapshots(directory: Dir = DEFAULT_DIR, as_json: Json = False, lang: Lang = "") -> None:
    """List every image that a restore can start from.

    Time, commit and size of each, whether it is sound, and where it lies; oldest first. Changes
    nothing.
    """
    output = output_of(as_json, lang, directory)
    with guard(output):
        from prometheus_persist.cli.output import utc
        from prometheus_persist.cli.working import BASES
        from prometheus_persist.recovery.verifying import stored_images
        from prometheus_persist.session.settings_sources import visited

        refuse_missing(directory)
        fs = visited(directory)
        output.working.expect(fs, only=BASES)
        found = stored_images(fs)
        rows = []
        for image in found:
            mark = "✅" if image.sound else "❌"
            what = f"{mark} {image.seq:>10} {image.size_bytes:>12,} B  {image.path}"
            rows.append(
                (utc(image.time_ms), what + (f"  {image.problem}" if image.problem else ""))
            )
        output.table(output.say("cli.snapshots"), rows)
        output.data({"snapshots": [dataclasses.asdict(image) for image in found]})


def tail(
    directory: Dir = DEFAULT_DIR,
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="Begin this many back.")] = 10,
    once: Annotated[bool, typer.Option("--once", help="Do not wait for more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    lang: Lang = "",
) -> None:
    """Follow the commits as they are written.

    Each with its number, time, reason and the documents and streams it touches. Reads only, takes
    no lock: another process may be writing. Stop it with Ctrl+C.
    """
    output, clock = output_of(as_json, lang, directory), SystemClock()
    output.as_lines = True
    with guard(output):
        from prometheus_persist.cli.output import utc
        from prometheus_persist.recovery.follow import Follower
        from prometheus_persist.session.settings_sources import visited

        refuse_missing(directory)
        output.working.line.close()
        follower = Follower(visited(directory))
        seen = follower.next()
        seen = seen[len(seen) - min(last, len(seen)) :]
        while True:
            for one in seen:
                if as_json:
                    write_document(dataclasses.asdict(one), indent=None)
                else:
                    output.text(f"{one.seq:>8}  {utc(one.time_ms)}  {one.why:<12}  {one.summary}")
            if once or reader_gone():
                return
            clock.sleep(TAIL_POLL_S)
            seen = follower.next()


def repair_command(
    directory: Dir = DEFAULT_DIR,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say it, do nothing.")] = False,
    accept_loss: Annotated[
        int | None,
        typer.Option("--accept-loss", help="The last commit to keep; the rest is moved aside."),
    ] = None,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Make damaged files what they ought to be, from what is good.

    What is overwritten is kept under damaged/ first. What cannot be made exactly what it was is
    refused with exit 4 and nothing is changed, unless --accept-loss names the last commit to keep.
    Where nothing is lost there is nothing to accept: exit 2.
    """
    output = output_of(as_json, lang, directory)
    with guard(output):
        from prometheus_persist.recovery.repair import lossless, repair
        from prometheus_persist.session.locks import Locks
        from prometheus_persist.session.settings_sources import visited, visiting
        from prometheus_persist.storage.heard import heard

        refuse_missing(directory)
        settings, clock = visiting(directory), SystemClock()
        if accept_loss is not None and lossless(visited(directory), clock):
            raise BadConfig(output.say("cli.nothing_lost"))
        lock = None if dry_run else Locks(directory, settings.mirror_dir, take_over=False)
        try:
            fs = visited(directory) if lock is None else heard(lock.disk)
            if accept_loss is None:
                output.working.expect(fs)
            done = repair(
                fs,
                clock,
                accept_loss=accept_loss,
                dry_run=dry_run,
                options=settings.store,
                owner=lock,
            )
        finally:
            if lock is not None:
                lock.release()
        for step in done.steps:
            output.text(f"{step.action}  {step.path}: {step.why}")
        name = "cli.repair_due" if dry_run else "cli.repaired"
        output.text(output.say(name, files=len(done.steps), seq=done.seq))
        output.data(dataclasses.asdict(done))
