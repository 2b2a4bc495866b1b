"""What the pytest plugin does once it is used; its face is ``prometheus_persist.pytest_plugin``.

Every process of a session writes into one directory. A file in it marks the session's beginning:
records that are older belong to another one. pytest-randomly may shuffle the tests, the table does
not care.
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from chaos import gate
from chaos.report.table import came_to, checked, framed, troubles
from chaos.report.words import default_lang, word
from chaos.runner import GATE, Effort, judged_in, play
from chaos.scenarios.table import BY_NAME
from chaos.verdict import RunVerdict

LOG_COLUMNS: Final = 118
_STAMP: Final = "session.stamp"
_STAMPED: Final = "records older than this file are not of this session\n"


def temporary() -> Path:
    """A directory of this session's own."""
    return Path(tempfile.mkdtemp(prefix="prometheus-chaos-"))


def begin(out: Path, *, anew: bool = False) -> None:
    """Make the directory, for its owner alone, and mark the beginning; ``anew`` moves it to now."""
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError), (out / _STAMP).open("w" if anew else "x") as file:
        file.write(_STAMPED)


def played(name: str, out: Path, seed: int, effort: Effort = GATE) -> RunVerdict:
    """Play a scenario of the catalogue, and judge it; raises LookupError for any other name."""
    if name not in BY_NAME:
        near = difflib.get_close_matches(name, BY_NAME, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(BY_NAME)}"
        raise LookupError(f"no scenario {name!r}; {hint}")
    return play(BY_NAME[name], out, seed, effort=effort)


def bot(command: Sequence[str], out: Path, seed: int, **plan: Any) -> tuple[RunVerdict, list[str]]:
    """Kill a bot while it trades, in a new directory; the verdict, and what is to be said of it."""
    from chaos.bot import BotPlan, play  # the exchange and its client come with it

    verdict = play(BotPlan(tuple(command), out, seed=seed, **plan))
    return verdict, checked(verdict, default_lang())


def summed_up(out: Path, seed: int) -> tuple[str, list[str]]:
    """A title and the table over all that was played; no lines where nothing was."""
    lang = default_lang()
    verdicts = judged_in(out, seed, since=out / _STAMP)
    if not verdicts:
        return "", []
    run = gate.add_up(verdicts)
    gate.keep(run, out, lang)
    last = f"{came_to(run, lang)} · {out}"
    return word("criteria", lang), [*framed(run, lang, LOG_COLUMNS), *troubles(run, lang), last]
