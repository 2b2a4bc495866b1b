"""How the command line speaks: language, tables, JSON, and errors as exit codes.

- With ``--json`` stdout is one JSON document and nothing else, errors included, and talk goes to
  stderr. It is printed when the command has ended, so that an error on the last metres is in it.
- Language: ``--lang``, else ``PERSIST_LANG``, else Chinese where the locale is, else English.
- Colour only on a terminal (rich decides; ``NO_COLOR`` is honoured). Who waits at one sees how far
  a command is (``working``); that line goes before anything is printed.
- Every ``PersistError`` becomes two lines on stderr, what and what next, and its own exit code.
  Anything else is an internal error: exit 1, the traceback only with ``PERSIST_DEBUG=1``.
- What came from outside is data: ``terminal`` and ``shown`` see to it, in JSON as well.
- What is written into a file that a person names is for its owner alone.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from prometheus_persist.cli.ending import Stopped, stdout_refuses, stopped_by, write_document
from prometheus_persist.cli.working import Working
from prometheus_persist.commands import ASK_EXCHANGE, command, of_store
from prometheus_persist.errors import (
    EXIT_DISK,
    EXIT_INTERNAL,
    BadConfig,
    DiskError,
    PersistError,
    VenueRefused,
)
from prometheus_persist.recovery.facts import RestoreFacts
from prometheus_persist.report.in_chinese import in_chinese
from prometheus_persist.report.messages import message
from prometheus_persist.session.settings_sources import visiting
from prometheus_persist.shown import shown
from prometheus_persist.storage.fs import FILE_MODE
from prometheus_persist.storage.heard import hearing
from prometheus_persist.storage.layout import MIRROR
from prometheus_persist.terminal import Terminal, WorkLine
from prometheus_persist.words import okx_refusals


@dataclass
class Output:
    """Where a command writes. ``data`` is printed as JSON, ``text`` only without ``--json``.

    ``options``: those of this command that say which store and which account. ``as_lines``: the
    command prints its JSON itself, an object a line.
    """

    as_json: bool
    lang: str
    options: str = ""
    as_lines: bool = False
    out: Terminal = field(default_factory=lambda: Terminal(soft_wrap=True))
    talk: Terminal = field(default_factory=lambda: Terminal(stderr=True, soft_wrap=True))
    _result: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.working = Working(WorkLine(wanted=not self.as_json), self.say)

    def say(self, message_id: str, **params: object) -> str:
        """A message in the user's language."""
        return message(message_id, self.lang, **{key: str(value) for key, value in params.items()})

    def said(self, sentence: str) -> str:
        """A sentence of the library's, in the user's language."""
        return in_chinese(sentence) if self.lang == "zh" else sentence

    def text(self, text: str) -> None:
        """A line for people; kept off stdout when stdout is data."""
        self.people.print(shown(text))

    def report(self, text: str) -> None:
        """Many lines for people, each of which was shown when it was made (``report.text``)."""
        self.people.print(text)

    def aside(self, text: str) -> None:
        """A line for people on stderr, whatever stdout is."""
        self.working.line.hide()
        self.talk.print(shown(text))

    @property
    def people(self) -> Terminal:
        """Where people read; what is printed there comes in the place of how far it is."""
        self.working.line.hide()
        return self.talk if self.as_json else self.out

    def table(self, title: str, rows: list[tuple[str, str]]) -> None:
        """Two columns for people."""
        table = Table(title=title, title_justify="left", show_header=False, box=None)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(name, shown(value))
        self.people.print(table)

    def damage(self, row: Mapping[str, Any], *, done: bool = False) -> str:
        """One damage in words; ``done`` where it has been repaired, not only could be."""
        place = f" @ {row['offset']}" if row["offset"] is not None else ""
        fate = self.say(f"cli.damage.{row['outcome']}{'_done' if done else ''}")
        return f"{row['file']}{place}: {self.said(row['problem'])} → {fate}"

    def data(self, value: dict[str, Any]) -> None:
        """The command's result, where JSON was asked for; printed once the command has ended."""
        self._result = value

    def end(self) -> None:
        """Print the result."""
        if self.as_json and self._result is not None:
            write_document(self._result)

    def command(self, *words: str, options: str = "") -> str:
        """A command of ours as it can be pasted, about the same store and account, or those of
        ``options``."""
        options, asks_okx = options or self.options, words[0] in ASK_EXCHANGE
        return command(words, options if asks_okx else of_store(options))

    def fail(self, detail: str, step: str, name: str, code: int, *, head: str = "cli.error") -> int:
        """The two lines of an error, and its document; the exit code."""
        self.working.line.close()
        self.talk.print(Text(self.say(head), style="red"), shown(detail))
        self.aside(f"{self.say('cli.next')} {step}")
        if self.as_json:
            found = {"error": name, "detail": detail, "next_step": step, "exit_code": code}
            more = {} if self._result is None else {"result": self._result}
            write_document({**found, **more}, indent=None if self.as_lines else 2)
        return code


@contextmanager
def errors_as_exit_codes(output: Output, leave: Callable[[int], Exception]) -> Iterator[None]:
    """Print the result; an error becomes its two lines and ``leave(code)``, which is raised."""
    try:
        try:
            with hearing(output.working.hear):
                yield
        finally:
            output.working.line.close()
        output.end()
    except Exception as problem:
        if stopped_by():
            raise Stopped(stopped_by()) from None  # what the signal's exception brought about
        if isinstance(problem, BrokenPipeError) or stdout_refuses():
            raise  # nobody reads on, or nobody can: the program's own matter
        code = _told(output, problem)
        if code is None:
            raise
        raise leave(code) from None


def _told(output: Output, problem: Exception) -> int | None:
    """Tell of an error; its code, None for one that is to be raised."""
    name = type(problem).__name__
    if isinstance(problem, PersistError):
        known = isinstance(problem, VenueRefused) and problem.code in okx_refusals.WORDS
        step = "next.as_told" if known else _refused_by_disk(problem) or problem.next_step
        detail = output.said(str(problem) or problem.detail)
        told = output.say(step)
        if problem.command and step == problem.next_step:
            helps = output.command(*problem.command, options=problem.options)
            told = f"{told}{output.say('cli.colon')}{helps}"
        return output.fail(detail, told, name, problem.exit_code)
    if isinstance(problem, OSError):
        step = _refused_by_disk(problem) or "next.check_disk"
        return output.fail(output.said(str(problem)), output.say(step), name, EXIT_DISK)
    if os.environ.get("PERSIST_DEBUG"):
        return None
    step = output.say("next.report_bug")
    detail = f"{name}: {problem}"
    return output.fail(detail, step, name, EXIT_INTERNAL, head="cli.internal")


def _refused_by_disk(problem: BaseException | None) -> str:
    """What to do about a file system that takes no writes; "" where that is not what it is."""
    if not isinstance(problem, (DiskError, OSError)):
        return ""
    while problem is not None:
        if isinstance(problem, OSError):
            return _REFUSALS.get(problem.errno or 0, "")
        problem = problem.__cause__ or problem.__context__
    return ""


_REFUSALS = {
    errno.EROFS: "next.read_only",
    errno.EACCES: "next.no_rights",
    errno.EPERM: "next.no_rights",
}


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


def refuse_unwritable(*paths: Path | None) -> None:
    """Raise BadConfig, before anything is done, for a file that no directory is there for."""
    for path in paths:
        if path is not None and path.is_dir():
            raise BadConfig(f"{path} is a directory; name a file")
        if path is not None and not path.parent.is_dir():
            raise BadConfig(f"{path} cannot be written: there is no directory {path.parent}")


def write_private(path: Path, text: str) -> None:
    """Write a file that tells of the books: for its owner alone, whatever the umask."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with named_well(path):
        descriptor = os.open(path, flags, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, FILE_MODE)
        file.write(text)


@contextmanager
def named_well(path: Path) -> Iterator[None]:
    """Open a file that a person names: a name that leads to no file is theirs to correct, and says
    nothing of the disk. Raises BadConfig for that."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in _NO_SUCH_FILE:
            raise
        raise BadConfig(f"{path} cannot be written: {problem.strerror}") from None


_NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)
