"""What the commands of ``prometheus-chaos`` share: how they talk, and names that may be wrong.

What plays, strikes and judges is imported when a command is called: its help needs names alone.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from chaos.report.words import Lang, word
from prometheus_persist.shown import shown, tell

if TYPE_CHECKING:
    from prometheus_persist.terminal import WorkLine


def aside(line: str, work: WorkLine | None = None) -> None:
    """Talk, whatever stdout is: one line of it, in the place of the one that says how far it is."""
    if work is not None:
        work.hide()
    tell(shown(line), sys.stderr)


def at_work(args: argparse.Namespace) -> WorkLine:
    """How far it is, for who waits at a terminal."""
    from prometheus_persist.terminal import WorkLine

    return WorkLine(wanted=not args.json, ticks=False)


def say(key: str, lang: Lang, **values: object) -> None:
    """A sentence of the catalogue, as talk."""
    aside(f"prometheus-chaos: {word(key, lang).format(**values)}")


def positive(text: str) -> int:
    """A number of at least one, of a command line."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one")
    return number


def unknown(
    what: str, names: Sequence[str], known: Collection[str], lang: Lang, hint: str = ""
) -> bool:
    """Whether a name is none of the known ones; says so, with the nearest one."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            there = hint or word("there are", lang).format(names=", ".join(known))
            told = word("meant", lang).format(name=near[0]) if near else there
            say(f"no {what}", lang, name=repr(name), hint=told)
            return True
    return False
