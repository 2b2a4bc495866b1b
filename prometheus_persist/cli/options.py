"""What the commands share: options, the output they ask for, and the store that must be there.

The list of commands needs the options alone: whatever else is imported where it is used.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prometheus_persist.cli.ending import LANGUAGES, default_language
from prometheus_persist.errors import NoStore
from prometheus_persist.words.exits import exits_in_a_line

if TYPE_CHECKING:
    from prometheus_persist.cli.output import Output
    from prometheus_persist.recovery.facts import RestoreFacts

EPILOG = exits_in_a_line()
Dir = Annotated[
    Path, typer.Option("--dir", "-d", envvar="PERSIST_DIR", help="The store's directory.")
]
Exchange = Annotated[
    str,
    typer.Option(
        "--exchange",
        envvar="PERSIST_OKX_URL",
        help="Base URL of the exchange; empty for OKX itself. Keys come from OKX_API_KEY, "
        "OKX_API_SECRET and OKX_API_PASSPHRASE.",
    ),
]
Demo = Annotated[bool, typer.Option("--demo/--live", help="OKX demo trading, or real.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, talk on stderr.")]
Lang = Annotated[
    str, typer.Option("--lang", help="zh or en; default by locale.", show_default=False)
]
DEFAULT_DIR = Path("persistence")


def output_of(
    as_json: bool,
    lang: str,
    directory: Path | None = None,
    exchange: str = "",
    *,
    demo: bool = True,
) -> Output:
    """Where this command writes, and in which language; raises a usage error.

    The others are what is in force: a command that is printed to be pasted has the same.
    """
    if lang and lang not in LANGUAGES:
        raise typer.BadParameter(f"{lang!r} is neither zh nor en", param_hint="--lang")
    from prometheus_persist.cli.output import Output
    from prometheus_persist.commands import options_for

    options = options_for(directory, exchange, live=not demo)
    return Output(as_json, lang or default_language(os.environ), options)


def guard(output: Output) -> Any:
    """Errors become their two lines and their exit code."""
    from prometheus_persist.cli.output import errors_as_exit_codes

    return errors_as_exit_codes(output, lambda code: typer.Exit(code))


def refuse_missing(directory: Path) -> None:
    """Raise NoStore where nothing of a store lies: an unmounted disk is an empty directory."""
    from prometheus_persist.recovery.in_short import holds_anything
    from prometheus_persist.session.settings_sources import visited

    if not directory.is_dir() or not holds_anything(visited(directory)):
        raise _no_store(directory)


def _no_store(directory: Path) -> NoStore:
    """With what was probably meant: the store around it, or what a second copy brings back."""
    from prometheus_persist.recovery.in_short import holds_anything
    from prometheus_persist.session.settings_sources import visited
    from prometheus_persist.storage.layout import INCREMENTAL, JOURNAL, segment_start

    place = directory.absolute()
    depth = 2 if place.match(JOURNAL) or place.parent.name == INCREMENTAL else 1
    around = place.parents[depth - 1]
    if directory.is_dir() and around.is_dir() and holds_anything(visited(around)):
        return NoStore(f"there is no store at {directory}; it is a part of the store at {around}")
    if directory.is_dir() and any(segment_start(path.name) for path in directory.iterdir()):
        return NoStore(
            f"there is no store at {directory}; it is a second copy: copy it to NEWDIR/mirror, and "
            f"restore with --dir NEWDIR"
        )
    return NoStore(f"there is no store at {directory}; name it with --dir")


def refuse_fresh(directory: Path, facts: RestoreFacts) -> None:
    """Raise NoStore where a store was begun, and nothing was ever saved in it."""
    if facts.fresh:
        raise NoStore(f"nothing was ever saved at {directory}")
