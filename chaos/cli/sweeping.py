"""``sweep``: strike everywhere in a small store, and count."""

from __future__ import annotations

import argparse
import contextlib
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from chaos import gate
from chaos.cli.kit import aside, at_work, say, unknown
from chaos.report.words import Lang
from chaos.saboteurs import CAUGHT_BY_SWEEP, RECONCILERS
from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import SHARED, SWEPT, planted
from chaos.sweeps.catalogue import (
    ALL,
    IN_PARTS,
    SWEEPS,
    outcome_of,
    parts_of,
    remarks,
    run_sweeps,
    samples_table,
    sweeps_table,
)
from prometheus_persist.cli.ending import write_document

if TYPE_CHECKING:
    from chaos.sweeps.tally import Tally

TOLD_EVERY_S = 10.0
_WIDTH = 78


def add_sweep(sweeping: argparse.ArgumentParser) -> None:
    """The words of ``sweep``; the names that can be chosen stand below them."""
    if sweeping.formatter_class is argparse.HelpFormatter:
        sweeping.formatter_class = argparse.RawDescriptionHelpFormatter
    sweeping.epilog = "\n".join(_names())
    sweeping.add_argument(
        "sweep", nargs="?", choices=(*SWEEPS, ALL), default=ALL, metavar="SWEEP",
        help="default: all",
    )  # fmt: skip
    sweeping.add_argument("--full", action="store_true", help="without sampling")
    sweeping.add_argument(
        "--only", action="append", default=[], metavar="CALL",
        help=f"only this call, again for more; of {' and '.join(IN_PARTS)}",
    )  # fmt: skip
    sweeping.add_argument(
        "--saboteur", choices=(*RECONCILERS, *SWEPT, *SHARED, *HOSTED), metavar="NAME",
        help="break the library on purpose",
    )  # fmt: skip
    sweeping.add_argument("--seed", type=int, default=1, help="one seed, one course of events")


def _names() -> Iterator[str]:
    """The sweeps; then the saboteurs, each with the sweep that has to catch it."""
    by_sweep: dict[str, list[str]] = {}
    for name, sweep in (
        *CAUGHT_BY_SWEEP.items(),
        *((name, "meanwhile") for name in SWEPT),
        *((name, mistake.scene) for name, mistake in SHARED.items()),
        *((name, "attach") for name in HOSTED),
    ):
        by_sweep.setdefault(sweep, []).append(name)
    yield "sweeps:"
    yield from _listed("", SWEEPS)
    yield "saboteurs, by the sweep that has to catch them:"
    for sweep, names in by_sweep.items():
        yield from _listed(sweep, names)


def _listed(head: str, names: Iterable[str]) -> list[str]:
    first = f"  {head:11}" if head else "  "
    return textwrap.wrap(
        ", ".join(names), _WIDTH, initial_indent=first, subsequent_indent=" " * len(first),
        break_on_hyphens=False,
    )  # fmt: skip


def do_sweep(args: argparse.Namespace, lang: Lang) -> int:
    """The command; returns the exit code."""
    from chaos.saboteurs.reconcilers import sabotaged
    from chaos.sweeps.tally import watched
    from prometheus_persist.terminal import Terminal

    done = 0.0

    def told(tally: Tally) -> None:
        nonlocal done
        done += 1 / len(SWEEPS)
        aside(f"{tally.name}: {tally.fired:,} ({tally.seconds:.1f} s)", work)

    def at(line: str) -> None:
        work.says(args.command, line, done if args.sweep == ALL else None)

    if args.only and args.sweep not in IN_PARTS:
        say("only", lang, names=", ".join(IN_PARTS))
        return gate.EXIT_USAGE
    if unknown("call", args.only, parts_of(args.sweep), lang):
        return gate.EXIT_USAGE
    name = args.saboteur
    mistake = {**SWEPT, **SHARED, **HOSTED}.get(name)
    broken = planted(mistake) if mistake else sabotaged(name) if name else None
    with (
        at_work(args) as work,
        broken or contextlib.nullcontext(),
        watched(lambda line: aside(line, work), TOLD_EVERY_S, at if work else None),
    ):
        tallies = run_sweeps(args.sweep, args.seed, full=args.full, told=told, only=args.only)
    outcome = outcome_of(tallies)
    if args.json:
        write_document([each.to_json() for each in tallies])
    else:
        console = Terminal()
        console.print(sweeps_table(tallies, lang))
        for tally in tallies:
            if tally.rows:
                console.print(samples_table(tally))
            for line in remarks(tally):
                console.print(line, soft_wrap=True)
    return gate.EXIT_OF_OUTCOME[outcome] if outcome else gate.EXIT_NOTHING
