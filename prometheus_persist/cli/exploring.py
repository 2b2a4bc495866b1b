"""``prometheus-persist explore``: the kept past of a store as one page that needs nothing else."""

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
    refuse_missing,
)
from prometheus_persist.errors import EXIT_DAMAGED, EXIT_OK, NoStore

DEFAULT_OUT = Path("history.html")


def explore(
    place: Annotated[
        Path | None, typer.Argument(metavar="DIRECTORY", help="The store; like --dir.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML file to write.")] = DEFAULT_OUT,
    directory: Dir = DEFAULT_DIR,
    as_json: Json = False,
    lang: Lang = "",
) -> None:
    """Draw the history that is kept, as one HTML page.

    Equity and positions of every agent, what each commit changed on a click, and where the system
    was killed and recovered. Reads only, takes no lock: the store may be in use. Of a damaged store
    the page says what cannot be shown (exit 4). Bounded, however long the history is; fetches
    nothing; shows values of the library's own fields only.
    """
    directory = place or directory
    output = output_of(as_json, lang, directory)
    with guard(output):
        from prometheus_persist.cli.output import refuse_unwritable, write_private
        from prometheus_persist.recovery.past import kept_past
        from prometheus_persist.report.pages.past_page import past_page
        from prometheus_persist.session.settings_sources import visited

        refuse_unwritable(out)
        refuse_missing(directory)
        facts = kept_past(visited(directory))
        if not facts.last_seq and not facts.unshown:
            raise NoStore(f"nothing was ever saved at {directory}")
        page = past_page(facts, str(directory), output.lang)
        write_private(out, page)
        size = {"first": facts.first_seq, "last": facts.last_seq, "kib": len(page.encode()) >> 10}
        output.text(output.say("past.written", path=out, **size))
        if not facts.is_whole:
            output.text(f"⚠️  {output.say('past.unshown')}")
        output.data(
            {
                "page": str(out),
                "first": facts.first_seq,
                "last": facts.last_seq,
                "commits": facts.commits_ever,
                "agents": facts.agents_ever,
                "unshown": [[one.first, one.last] for one in facts.unshown],
                "problems": list(facts.problems),
            }
        )
    raise typer.Exit(EXIT_OK if facts.is_whole else EXIT_DAMAGED)
