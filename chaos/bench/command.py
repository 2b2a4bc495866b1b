"""``prometheus-persist bench``: run, print, write. Bars decide the exit code only when asked to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from chaos.bench.context import FULL, QUICK, Options
from chaos.bench.page import render_page
from chaos.bench.run import run_bench
from chaos.bench.sizes import Sizes, run_sizes, sizes_table
from chaos.bench.table import Report
from chaos.bench.text import remarks, tables
from chaos.bench.words import LINES, TALK, say

QUICK_SECONDS = 1.0
FULL_SECONDS = 5.0


def measured(
    folder: Path,
    *,
    full: bool,
    seconds: float | None,
    against: Path | None,
    tell: Callable[[str], None],
    lang: str,
) -> Report:
    """The report of one run, ``against`` another tree; ``tell`` hears which row is being measured.
    Raises BadConfig."""
    options = Options(
        folder,
        seconds if seconds is not None else FULL_SECONDS if full else QUICK_SECONDS,
        FULL if full else QUICK,
        tell=lambda row: tell(say(TALK, "measuring", lang, row=row)),
    )
    return run_bench(options, against)


def sized(
    folder: Path,
    *,
    agents: int,
    trades: int,
    rounds: int,
    against: Path | None,
    tell: Callable[[str], None],
    lang: str,
) -> Sizes:
    """The table of sizes, ``against`` another tree; ``tell`` hears what is being measured. Raises
    BadConfig."""

    def told(name: str) -> None:
        tell(say(TALK, "measuring", lang, row=say(LINES, name, lang)))

    return run_sizes(Options(folder, QUICK_SECONDS, tell=told), agents, trades, rounds, against)


def show_sizes(sizes: Sizes, lang: str, console: Console) -> None:
    """Print the table of sizes."""
    console.print(sizes_table(sizes, lang))
    if sizes.machine_busy:
        console.print(say(TALK, "busy", lang))


def show(report: Report, lang: str, console: Console) -> None:
    """Print the table."""
    for table in tables(report, lang):
        console.print(table)
    for text in remarks(report, lang):
        console.print(text)


def write_page(report: Report, lang: str, path: Path) -> None:
    """Write the HTML page."""
    path.write_text(render_page(report, lang), encoding="utf-8")
