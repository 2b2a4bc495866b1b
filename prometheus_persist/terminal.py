"""The console that everything of this project is printed through: what it is given is data.

Text has no markup, no names of emoji and no control characters in it, neither in a line nor in a
cell of a table. Colour comes from ``rich.text.Text`` that the program itself made.

``WorkLine`` is the one way to show how far something is. It is there for who sits at a terminal and
waits, and is nothing else anywhere: no byte of it goes into a pipe, a file or a terminal that
cannot go back in a line. What it left is gone when the work is over. The cursor stays as it is, so
a process that is killed leaves none that is hidden.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, Final, Self

from rich.console import Console
from rich.text import Text

from prometheus_persist.shown import shown, shown_lines

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

AFTER_S: Final = 0.4
"""What takes no longer than this shows nothing."""
DRAWS_S: Final = 0.15
BAR_CELLS: Final = 24


class Terminal(Console):
    """rich's console with text shown, not obeyed."""

    def __init__(
        self,
        *,
        stderr: bool = False,
        file: IO[str] | None = None,
        width: int | None = None,
        soft_wrap: bool = False,
        force_terminal: bool | None = None,
    ) -> None:
        super().__init__(
            stderr=stderr,
            file=file,
            width=width,
            soft_wrap=soft_wrap,
            force_terminal=force_terminal,
            markup=False,
            emoji=False,
            highlight=False,
            color_system="auto" if file is None or force_terminal else None,
        )

    def render_str(self, text: str, **how: Any) -> Text:
        """Every text that is printed, and every cell, comes through here."""
        return super().render_str(shown_lines(text), **how)

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002 of rich's signature
        """The cursor is left alone."""
        return False


class WorkLine:
    """One line on stderr about work that takes long: what, how far, for how long, at what.

    ``says`` is called as often as there is something to say, by the thread that made the line; what
    other threads say is not heard. ``hide`` takes the line away, for something is to be printed; it
    comes again with what is said later. ``ticks``: a thread draws it, also while nothing is said,
    and not before the work has taken a while; without, for programs that fork, ``says`` does.
    """

    def __init__(self, *, wanted: bool = True, ticks: bool = True) -> None:
        file = sys.stderr
        self._is_on = wanted and file is not None and file.isatty()
        if self._is_on:
            self._console = Terminal(stderr=True)
            self._is_on = not self._console.is_dumb_terminal
        self._ticks = ticks
        self._owner = (os.getpid(), threading.get_ident())
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._live: Live | None = None
        self._began_s = self._since_s = self._drawn_s = 0.0
        self._said: tuple[str, str, float | None] = ("", "", None)

    def __enter__(self) -> Self:
        """The work begins."""
        return self

    def __exit__(self, *_: object) -> None:
        """It is over, one way or the other."""
        self.close()

    def __bool__(self) -> bool:
        """Whether anybody will ever see it."""
        return self._is_on

    def says(self, what: str, note: str = "", done: float | None = None) -> None:
        """The work, what exactly, and the part of it that is done (0 to 1) where it is known."""
        if not self._is_on or self._owner != (os.getpid(), threading.get_ident()):
            return
        self._said = (what, note, done)
        now_s = time.monotonic()
        if not self._began_s:
            self._began_s = now_s
        if self._live is not None:
            if not self._ticks and now_s - self._drawn_s >= DRAWS_S:
                self._drawn_s = now_s
                self._live.refresh()
        elif not self._ticks or now_s - self._began_s >= AFTER_S:
            self._appear()
        elif self._timer is None:
            self._timer = threading.Timer(AFTER_S, self._appear)
            self._timer.daemon = True
            _without_signals(self._timer.start)

    def hide(self) -> None:
        """Take it away until something is said again, some time from now."""
        if self._owner != (os.getpid(), threading.get_ident()):
            return
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            live, self._live, self._timer, self._began_s = self._live, None, None, 0.0
        if live is not None:
            live.stop()

    def close(self) -> None:
        """Take it away for good."""
        self.hide()
        self._is_on = False

    def _appear(self) -> None:
        from rich.live import Live  # what is quick needs none

        with self._lock:
            if self._live is not None or not self._began_s:
                return  # it was hidden before it was there
            self._since_s = self._began_s
            self._live = live = Live(
                get_renderable=self._drawn,
                console=self._console,
                transient=True,
                auto_refresh=self._ticks,
                refresh_per_second=1 / DRAWS_S,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            _without_signals(lambda: live.start(refresh=True))

    def _drawn(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        what, note, done = self._said
        line = Table.grid(padding=(0, 1), expand=True)
        for name in ("what", "bar", "percent", "time"):
            line.add_column(name, no_wrap=True)
        line.add_column("note", no_wrap=True, overflow="ellipsis", ratio=1)
        bar = ProgressBar(1.0, done or 0.0, BAR_CELLS, pulse=done is None)
        minutes, seconds = divmod(int(time.monotonic() - self._since_s), 60)
        percent = "" if done is None else f"{done:4.0%}"
        line.add_row(what, bar, percent, f"{minutes}:{seconds:02}", Text(shown(note), style="dim"))
        return line


def _without_signals(start: Callable[[], object]) -> None:
    """Start a thread that takes no signal: one that the kernel gave to it would not wake the main
    thread, which alone handles signals, from what it waits for."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
