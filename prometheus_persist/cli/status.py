"""``prometheus-persist status``: what a store holds, as a page that a person likes to read.

With ``--watch`` it is looked at again and again, until Ctrl+C (exit 130): on a terminal the page
stays in its place; elsewhere, and as JSON (a line each), it comes again only when something has
been saved. What was not saved since is not read again: a follower of the journal says whether
something was. Takes no lock, writes nothing. How it is looked at and shown is in ``glance.py``.
"""

from __future__ import annotations

from typing import Annotated

import typer

from prometheus_persist.cli.options import (
    DEFAULT_DIR,
    Dir,
    Json,
    Lang,
    guard,
    output_of,
    refuse_missing,
)
from prometheus_persist.errors import EXIT_DAMAGED, EXIT_OK

WATCH_S = 2.0


def status(
    directory: Dir = DEFAULT_DIR,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Look again and again, until Ctrl+C (exit 130).")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", min=0.1, help="With --watch: seconds between two looks.")
    ] = WATCH_S,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Say what a store holds.

    Health, last save, equity, agents, positions, freezes. Reads no more than it shows: damage is
    named where it came across it. Verify reads everything. The store may be in use.
    """
    output = output_of(as_json, lang, directory)
    output.as_lines = watch
    with guard(output):
        from prometheus_persist.cli import glance

        refuse_missing(directory)
        if watch:
            glance.watch(directory, output, every)
        found = glance.shown_once(directory, output)
    raise typer.Exit(EXIT_DAMAGED if found.facts.losses else EXIT_OK)
