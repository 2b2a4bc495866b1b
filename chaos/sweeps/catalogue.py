"""The sweeps by name, how to run them, and how their results become a table and an exit code.

A sweep is imported when it is run: a help needs its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol

from chaos.report.words import Lang
from chaos.verdict import Outcome

if TYPE_CHECKING:
    from rich.table import Table

    from chaos.sweeps.tally import Tally

ALL = "all"
_HEADS: Final = {
    "zh": ("扫描", "结果", "击中次数", "各项计数", "秒", "种子"),
    "en": ("sweep", "result", "fired", "counts", "seconds", "seed"),
}


class Sweep(Protocol):
    """Strikes, looks, counts."""

    def __call__(self, seed: int, *, full: bool, **only: Collection[str]) -> Tally:
        """One run; ``only`` some of its parts, of ``IN_PARTS``."""
        ...


@dataclass(frozen=True, slots=True)
class _Imported:
    """A sweep by ``module:function``."""

    place: str

    def __call__(self, seed: int, *, full: bool, **only: Collection[str]) -> Tally:
        """One run."""
        module, _, name = self.place.partition(":")
        found: Any = getattr(import_module(f"chaos.sweeps.{module}"), name)
        tally: Tally = found(seed, full=full, **only)
        return tally


SWEEPS: Final[dict[str, Sweep]] = {
    "bits": _Imported("bits:sweep_bits"),
    "files": _Imported("files:sweep_files"),
    "kills": _Imported("kills:sweep_kills"),
    "power": _Imported("power:sweep_power"),
    "errors": _Imported("errors:sweep_errors"),
    "interrupt": _Imported("interrupt_sweep:sweep_interrupt"),
    "fsync": _Imported("fsync:sweep_fsync"),
    "repair": _Imported("repair_sweep:sweep_repair"),
    "strace": _Imported("strace_sweep:sweep_strace"),
    "soak": _Imported("soak:sweep_soak"),
    "recovery": _Imported("recovery_sweep:sweep_recovery"),
    "exchange": _Imported("exchange_fault_sweep:sweep_venue_faults"),
    "meanwhile": _Imported("meanwhile_sweep:sweep_meanwhile"),
    "lock": _Imported("lock_sweep:sweep_lock"),
    "fork": _Imported("fork_sweep:sweep_fork"),
    "copies": _Imported("copies_sweep:sweep_copies"),
    "hostile": _Imported("hostile:sweep_hostile"),
    "attach": _Imported("attach_sweep:sweep_attach"),
}
IN_PARTS: Final = ("interrupt", "meanwhile")
"""Sweeps that can be told to take some of the calls only that they go through."""


def parts_of(name: str) -> tuple[str, ...]:
    """Those calls; none for any other sweep."""
    if name not in IN_PARTS:
        return ()
    parts: tuple[str, ...] = import_module(f"chaos.sweeps.{name}_sweep").PARTS
    return parts


def run_sweep(name: str, seed: int, *, full: bool, only: Collection[str] = ()) -> Tally:
    """One sweep, with the time it took; ``only`` these of its parts."""
    began = time.monotonic()
    if only:
        tally = SWEEPS[name](seed, full=full, only=only)
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
    from rich.table import Table

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
    from rich.table import Table

    table = Table(title=tally.name, title_justify="left")
    for name in tally.rows[0]:
        table.add_column(name, justify="right")
    for row in tally.rows:
        table.add_row(*(f"{value:,.10g}" for value in row.values()))
    return table


def remarks(tally: Tally) -> list[str]:
    """Problems, notes and the reason for a skip, as lines."""
    from chaos.sweeps.tally import PROBLEMS_SHOWN_MAX

    lines = [f"{tally.name}: {problem}" for problem in tally.problems[:PROBLEMS_SHOWN_MAX]]
    if len(tally.problems) > PROBLEMS_SHOWN_MAX:
        lines.append(f"{tally.name}: … and {len(tally.problems) - PROBLEMS_SHOWN_MAX} more")
    if tally.outcome is Outcome.VOID and not tally.skipped:
        lines.append(f"{tally.name}: void, no fault struck")
    if tally.skipped:
        lines.append(f"{tally.name}: skipped, {tally.skipped}")
    return lines + [f"{tally.name}: {note}" for note in tally.notes]
