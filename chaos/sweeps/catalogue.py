"""The sweeps by name, how to run them, and how their results become a table and an exit code."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import Final, Protocol

from rich.table import Table

from chaos.report.words import Lang
from chaos.sweeps import interrupt_sweep, meanwhile_sweep
from chaos.sweeps.attach_sweep import sweep_attach
from chaos.sweeps.bits import sweep_bits
from chaos.sweeps.copies_sweep import sweep_copies
from chaos.sweeps.errors import sweep_errors
from chaos.sweeps.exchange_fault_sweep import sweep_venue_faults
from chaos.sweeps.files import sweep_files
from chaos.sweeps.fork_sweep import sweep_fork
from chaos.sweeps.fsync import sweep_fsync
from chaos.sweeps.hostile import sweep_hostile
from chaos.sweeps.interrupt_sweep import sweep_interrupt
from chaos.sweeps.kills import sweep_kills
from chaos.sweeps.lock_sweep import sweep_lock
from chaos.sweeps.meanwhile_sweep import sweep_meanwhile
from chaos.sweeps.power import sweep_power
from chaos.sweeps.recovery_sweep import sweep_recovery
from chaos.sweeps.repair_sweep import sweep_repair
from chaos.sweeps.soak import sweep_soak
from chaos.sweeps.strace_sweep import sweep_strace
from chaos.sweeps.tally import PROBLEMS_SHOWN_MAX, Tally
from chaos.verdict import Outcome

ALL = "all"
_HEADS: Final = {
    "zh": ("扫描", "结果", "击中次数", "各项计数", "秒", "种子"),
    "en": ("sweep", "result", "fired", "counts", "seconds", "seed"),
}


class Sweep(Protocol):
    """Strikes, looks, counts."""

    def __call__(self, seed: int, *, full: bool) -> Tally:
        """One run."""
        ...


SWEEPS: Final[dict[str, Sweep]] = {
    "bits": sweep_bits,
    "files": sweep_files,
    "kills": sweep_kills,
    "power": sweep_power,
    "errors": sweep_errors,
    "interrupt": sweep_interrupt,
    "fsync": sweep_fsync,
    "repair": sweep_repair,
    "strace": sweep_strace,
    "soak": sweep_soak,
    "recovery": sweep_recovery,
    "exchange": sweep_venue_faults,
    "meanwhile": sweep_meanwhile,
    "lock": sweep_lock,
    "fork": sweep_fork,
    "copies": sweep_copies,
    "hostile": sweep_hostile,
    "attach": sweep_attach,
}


IN_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "interrupt": interrupt_sweep.PARTS,
    "meanwhile": meanwhile_sweep.PARTS,
}
"""The calls that a sweep goes through, where it can be told to take some of them only."""


def run_sweep(name: str, seed: int, *, full: bool, only: Collection[str] = ()) -> Tally:
    """One sweep, with the time it took; ``only`` these of its parts."""
    began = time.monotonic()
    if only:
        parts = {"interrupt": sweep_interrupt, "meanwhile": sweep_meanwhile}
        tally = parts[name](seed, full=full, only=only)
        tally.notes.append(f"of its parts only: {', '.join(only)}")
    else:
        tally = SWEEPS[name](seed, full=full)
    tally.seconds = time.monotonic() - began
    return tally


def run_sweeps(
    name: str,
    seed: int,
    *,
    full: bool,
    told: Callable[[Tally], None],
    only: Collection[str] = (),
) -> list[Tally]:
    """One sweep or all of them; ``told`` after each."""
    tallies = []
    for each in SWEEPS if name == ALL else (name,):
        tallies.append(run_sweep(each, seed, full=full, only=only))
        told(tallies[-1])
    return tallies


def outcome_of(tallies: Iterable[Tally]) -> Outcome | None:
    """The worst outcome of those that were not skipped; None where all were."""
    found = {tally.outcome for tally in tallies if not tally.skipped}
    worst = (Outcome.FAILED, Outcome.VOID, Outcome.PASSED)
    return next((each for each in worst if each in found), None)


def sweeps_table(tallies: Iterable[Tally], lang: Lang) -> Table:
    """One line a sweep."""
    table = Table()
    for number, head in enumerate(_HEADS[lang]):
        table.add_column(head, justify="right" if number in (2, 4, 5) else "left", overflow="fold")
    for tally in tallies:
        counts = "\n".join(f"{count:>9,}  {what}" for what, count in sorted(tally.counts.items()))
        result = "skipped" if tally.skipped else tally.outcome.value
        table.add_row(
            tally.name + (" --full" if tally.full else ""),
            result,
            f"{tally.fired:,}",
            counts,
            f"{tally.seconds:.1f}",
            str(tally.seed),
        )
    return table


def samples_table(tally: Tally) -> Table:
    """The samples of a sweep that takes any."""
    table = Table(title=tally.name, title_justify="left")
    for name in tally.rows[0]:
        table.add_column(name, justify="right")
    for row in tally.rows:
        table.add_row(*(f"{value:,.10g}" for value in row.values()))
    return table


def remarks(tally: Tally) -> list[str]:
    """Problems, notes and the reason for a skip, as lines."""
    lines = [f"{tally.name}: {problem}" for problem in tally.problems[:PROBLEMS_SHOWN_MAX]]
    if len(tally.problems) > PROBLEMS_SHOWN_MAX:
        lines.append(f"{tally.name}: … and {len(tally.problems) - PROBLEMS_SHOWN_MAX} more")
    if tally.outcome is Outcome.VOID and not tally.skipped:
        lines.append(f"{tally.name}: void, no fault struck")
    if tally.skipped:
        lines.append(f"{tally.name}: skipped, {tally.skipped}")
    return lines + [f"{tally.name}: {note}" for note in tally.notes]
