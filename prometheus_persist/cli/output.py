"""How the command line speaks: language, tables, JSON, and errors as exit codes.

- With ``--json`` stdout is one JSON document and nothing else; talk goes to stderr.
- Language: ``--lang``, else ``PERSIST_LANG``, else Chinese where the locale is, else English.
- Colour and progress only on a terminal (rich decides; ``NO_COLOR`` is honoured).
- Every ``PersistError`` becomes two lines on stderr, what and what next, and its own exit code.
  Anything else is an internal error: exit 1, the traceback only with ``PERSIST_DEBUG=1``.
- What is written into a file that a person names is for its owner alone.
"""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from prometheus_persist.cli.venuewords import in_language
from prometheus_persist.errors import (
    EXIT_DISK,
    EXIT_INTERNAL,
    BadConfig,
    PersistError,
    VenueRefused,
)
from prometheus_persist.exchange import okxwords
from prometheus_persist.report.facts import RestoreFacts
from prometheus_persist.report.messages import message
from prometheus_persist.session.configured import visiting
from prometheus_persist.storage.fs import FILE_MODE
from prometheus_persist.storage.layout import MIRROR

LANGUAGES = ("zh", "en")


def default_language(environ: dict[str, str] | os._Environ[str]) -> str:
    """``zh`` where the locale is Chinese, else ``en``."""
    asked = environ.get("PERSIST_LANG", "")
    if asked in LANGUAGES:
        return asked
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


@dataclass
class Output:
    """Where a command writes. ``data`` is printed as JSON, ``text`` only without ``--json``."""

    as_json: bool
    lang: str
    out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    talk: Console = field(
        default_factory=lambda: Console(stderr=True, highlight=False, soft_wrap=True)
    )

    def say(self, message_id: str, **params: object) -> str:
        """A message in the user's language."""
        return message(message_id, self.lang, **{key: str(value) for key, value in params.items()})

    def text(self, text: str) -> None:
        """A line for people; kept off stdout when stdout is data."""
        (self.talk if self.as_json else self.out).print(text, markup=False)

    def table(self, title: str, rows: list[tuple[str, str]]) -> None:
        """Two columns for people."""
        table = Table(title=title, title_justify="left", show_header=False, box=None)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(name, value)
        (self.talk if self.as_json else self.out).print(table)

    def damage(self, row: Mapping[str, Any], *, done: bool = False) -> str:
        """One damage in words; ``done`` where it has been repaired, not only could be."""
        place = f" @ {row['offset']}" if row["offset"] is not None else ""
        fate = self.say(f"cli.damage.{row['outcome']}{'_done' if done else ''}")
        return f"{row['file']}{place}: {row['problem']} → {fate}"

    def data(self, value: dict[str, Any]) -> None:
        """The command's result, where JSON was asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def errors_as_exit_codes(output: Output, leave: Callable[[int], Exception]) -> Iterator[None]:
    """Turn an error into its two lines and ``leave(code)``, which is raised."""
    try:
        yield
    except PersistError as problem:
        told = isinstance(problem, VenueRefused) and problem.code in okxwords.WORDS
        step = output.say("next.as_told" if told else problem.next_step)
        detail = in_language(str(problem) or problem.detail, output.lang)
        output.talk.print(f"[red]{output.say('cli.error')}[/red] ", end="")
        output.talk.print(detail, markup=False)
        output.talk.print(f"{output.say('cli.next')} {step}", markup=False)
        output.data(
            {
                "error": type(problem).__name__,
                "detail": str(problem),
                "next_step": step,
                "exit_code": problem.exit_code,
            }
        )
        raise leave(problem.exit_code) from None
    except OSError as problem:
        output.talk.print(f"{output.say('cli.error')} {problem}", markup=False)
        output.talk.print(f"{output.say('cli.next')} {output.say('next.check_disk')}", markup=False)
        raise leave(EXIT_DISK) from None
    except Exception as problem:
        if os.environ.get("PERSIST_DEBUG"):
            raise
        name = type(problem).__name__
        output.talk.print(f"{output.say('cli.internal')} {name}: {problem}", markup=False)
        output.talk.print(output.say("next.report_bug"), markup=False)
        raise leave(EXIT_INTERNAL) from None


def utc(ms: int) -> str:
    """Unix ms as text; a dash for never."""
    if ms <= 0:
        return "-"
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def unix_ms(text: str) -> int:
    """ISO 8601 as Unix ms, UTC unless it says otherwise; raises BadConfig."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise BadConfig(f"{text!r} is not a time; write 2026-01-31T12:00:00Z") from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


def damage_rows(facts: RestoreFacts, directory: Path) -> list[dict[str, Any]]:
    """The damages of a restore, as JSON; a mirror with a directory of its own is named by it."""
    mirror_dir = visiting(directory).mirror_dir
    rows = [dataclasses.asdict(damage) for damage in facts.damages]
    for row in rows:
        if mirror_dir and row["file"].startswith(f"{MIRROR}/"):
            row["file"] = mirror_dir.rstrip("/") + row["file"].removeprefix(MIRROR)
    return rows


def cell(value: object) -> str:
    """A table cell."""
    return ", ".join(map(str, value)) or "-" if isinstance(value, list) else str(value)


def write_private(path: Path, text: str) -> None:
    """Write a file that tells of the books: for its owner alone, whatever the umask."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, FILE_MODE)
        file.write(text)
