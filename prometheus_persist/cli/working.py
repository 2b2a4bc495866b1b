"""How far a command is, for who waits at a terminal: which file, which question, how much is done.

The line is ``terminal.WorkLine``'s, what it says is heard from the store's files and from the
questions to the exchange (``storage.heard``), so no command has to think of it. A file counts as
done when the next one is begun: unpacking it takes longer than reading it. How much there is to
read is known where a command reads everything (``expect``); elsewhere, and while commits are
replayed, the bar only moves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_persist.journal.projection import FOLDERS
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.heard import Work
from prometheus_persist.storage.layout import COPIES, HISTORY, INCREMENTAL, SNAPSHOTS
from prometheus_persist.terminal import WorkLine

PACKED: Final = 10
"""What is packed is about so many times as much work as its bytes say."""
BASES: Final = (SNAPSHOTS, HISTORY)
EVERYTHING: Final = (
    *COPIES,
    *BASES,
    INCREMENTAL,
    *(f"{INCREMENTAL}/{each}" for each in FOLDERS),
)


class Working:
    """What the line of one command says; ``say`` has the word for a kind of work."""

    def __init__(self, line: WorkLine, say: Callable[[str], str]) -> None:
        self.line = line
        self._say = say
        self._total = self._done = self._begun = 0
        self._written = self._questions = 0

    def expect(self, fs: Fs, *, only: tuple[str, ...] = EVERYTHING) -> None:
        """All that lies in these folders is going to be read."""
        if not self.line:
            return
        paths = (f"{folder}/{name}" for folder in only for name in fs.list_dir(folder))
        self._total = sum(_effort(path, fs.size(path) or 0) for path in paths)

    def hear(self, work: Work, what: str, size: int) -> None:
        """A piece of work begins."""
        done = None
        if work == "reads":
            self._done += self._begun
            self._begun = _effort(what, size)
            if self._done < self._total:  # beyond, it is read once more, and nobody knows how much
                done = self._done / self._total
        elif work == "writes":
            self._written += size
            what = f"{self._written / 1e6:,.1f} MB  {what}"
        elif work == "asks":
            self._questions += 1
            what = f"{what} ({self._questions})"
        self.line.says(self._say(f"cli.work.{work}"), what, done)


def _effort(path: str, size: int) -> int:
    return size * PACKED if path.endswith(".zip") else size
