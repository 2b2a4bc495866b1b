"""``init``: look at a script or module, and write a ``persist_host.py`` to start from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prometheus_persist.cli.options import Json, Lang, guard, output_of
from prometheus_persist.errors import BadConfig

if TYPE_CHECKING:
    from prometheus_persist.wrapping.looking import SourceLook

Source = Annotated[str, typer.Argument(metavar="SCRIPT", help="A file, or a module by its name.")]
Out = Annotated[Path, typer.Option("--out", help="The file to write; never one that is there.")]


def init(
    source: Source, out: Out = Path("persist_host.py"), as_json: Json = False, lang: Lang = ""
) -> None:
    """Look at a bot, and write what wrap runs it by.

    Nothing of it is run: its source is read, and that of modules beside it. Lists its classes,
    lists that only grow, clients, what could not be saved, where it sends orders, and what a look
    at the source cannot tell. Lines of the file that a human has to answer are marked.
    """
    output = output_of(as_json, lang)
    with guard(output):
        from prometheus_persist.wrapping.draft import draft, open_questions
        from prometheus_persist.wrapping.looking import looked

        path, module = _source(source)
        try:
            look = looked(path, module)
        except (OSError, SyntaxError, ValueError) as problem:
            raise BadConfig(f"{path}: {problem}") from None
        text = draft(look, path.name, output.said)
        _write(out, text)
        found = _found(look)
        for name, rows in found.items():
            if rows:
                output.text(output.say(f"cli.init_{name}"))
                for row in rows:
                    output.text(f"  {output.said(row)}")
        asks = open_questions(text)
        output.text(output.say("cli.init_written", out=out, asks=asks, script=path))
        output.data({"written": str(out), "questions": asks, **found})


def _write(out: Path, text: str) -> None:
    """Whole, or not at all: half of it would be refused as a file that is there."""
    from prometheus_persist.cli.output import named_well

    try:
        with named_well(out):
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        raise BadConfig(f"{out} is there already; name another by --out") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _source(source: str) -> tuple[Path, str]:
    """The file, and how its module is called when it runs."""
    from prometheus_persist.wrapping.places import MAIN

    path = Path(source)
    if path.is_file():
        return path, MAIN
    below = Path(*source.split("."))
    for found in (below.with_suffix(".py"), below / "__init__.py"):
        if found.is_file():
            return found, source
    raise BadConfig(f"there is no file {source}, and no module of that name below this directory")


def _found(look: SourceLook) -> dict[str, list[str]]:
    return {
        "classes": [
            f"{cls.place} ({len(cls.attributes)})" for _, cls in sorted(look.classes.items())
        ],
        "growing": look.growing,
        "clients": list(look.clients),
        "refused": [f"{where}: {what}" for where, what in look.refused.items()],
        "senders": [f"{one.place}: {one.agent or '?'}" for one in look.senders],
        "unseen": list(dict.fromkeys(look.unseen)),
    }
