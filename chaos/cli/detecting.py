"""``detect`` and ``ways-out``: discrepancies at random; was each seen, and is there a way out?"""

from __future__ import annotations

import argparse
import contextlib
from typing import TYPE_CHECKING

from chaos import gate
from chaos.arguments import in_language
from chaos.cli.kit import aside, at_work, positive, unknown
from chaos.detect import COMMANDS, HISTORIES, INSTANCES
from chaos.report.words import Lang, word
from chaos.saboteurs import DECIDERS
from prometheus_persist.cli.ending import write_document

if TYPE_CHECKING:
    from chaos.detect.run import Score
    from chaos.detect.ways_out import WaysOutVerdict

_WAYS_OUT = (
    "Several discrepancies of `detect` strike at once, in random histories. After "
    "the restart, and after every step that the report names, new entries pass only where the "
    "books are the exchange's; and the steps lead back to trading, or it is a dead end. Of "
    "--commands histories the steps are commands, run as printed by a shell against a store on "
    "disk and an exchange behind a port."
)


def add_detect(detecting: argparse.ArgumentParser) -> None:
    """The words of ``detect``."""
    detecting.add_argument("kinds", nargs="*", metavar="KIND", help="default: all of them")
    detecting.add_argument(
        "--instances", type=positive, default=INSTANCES, help=f"of each kind; {INSTANCES}"
    )
    detecting.add_argument("--seed", type=int, default=1, help="one seed, one course of events")
    detecting.add_argument("--jobs", type=positive, default=1, help="processes; 1")


def add_ways_out(leading: argparse.ArgumentParser) -> None:
    """The words of ``ways-out``."""
    leading.description = in_language(_WAYS_OUT, getattr(leading, "lang", "en"))
    leading.add_argument(
        "kinds", nargs="*", metavar="KIND", help="just these in every history; default: at random"
    )
    leading.add_argument(
        "--histories", type=int, default=HISTORIES, help=f"in this process; {HISTORIES}"
    )
    leading.add_argument(
        "--commands", type=int, default=COMMANDS, help=f"by commands, as printed; {COMMANDS}"
    )
    leading.add_argument("--number", type=int, default=0, help="of the first history; 0")
    leading.add_argument("--seed", type=int, default=1, help="one seed, the same histories")
    leading.add_argument("--jobs", type=positive, default=1, help="processes; 1")
    leading.add_argument("--saboteur", choices=DECIDERS, help="break the library on purpose")


def do_detect(args: argparse.Namespace, lang: Lang) -> int:
    """The command; returns the exit code."""
    from chaos.detect.kinds import BY_NAME, KINDS
    from chaos.detect.run import run, total
    from chaos.detect.table import show
    from prometheus_persist.terminal import Terminal

    names = args.kinds or list(BY_NAME)
    if unknown("kind", names, BY_NAME, lang):
        return gate.EXIT_USAGE

    kinds, done = [kind for kind in KINDS if kind.name in names], 0

    def told(score: Score) -> None:
        nonlocal done
        done += 1
        found = score.counts["detected"]
        aside(f"{score.kind.name}: {found}/{score.instances}", work)
        work.says(args.command, f"{done}/{len(kinds)}", done / len(kinds))

    with at_work(args) as work:
        scores = run(kinds, args.instances, args.seed, told, args.jobs)
    whole = total(scores)
    if args.json:
        data = {
            "seed": args.seed,
            "kinds": [each.to_json() for each in scores],
            "total": whole.to_json(),
        }
        write_document(data)
    else:
        show(scores, args.seed, Terminal(), lang)
    return gate.EXIT_OF_OUTCOME[whole.outcome]


def do_ways_out(args: argparse.Namespace, lang: Lang) -> int:
    """The command; returns the exit code."""
    from chaos.detect.kinds import BY_NAME
    from chaos.detect.table import show_ways_out
    from chaos.detect.ways_out import run
    from chaos.saboteurs.deciders import misled
    from prometheus_persist.terminal import Terminal

    if unknown("kind", args.kinds, BY_NAME, lang):
        return gate.EXIT_USAGE
    all_of_them = args.histories + args.commands

    def told(done: int, so_far: WaysOutVerdict) -> None:
        wrong, dead = so_far.counts["wrong gates"], so_far.counts["dead ends"]
        line = word("so far", lang).format(n=f"{done}/{all_of_them}", wrong=wrong, dead=dead)
        work.says(args.command, line, done / all_of_them)
        if not work and (done % 50 == 0 or done == all_of_them):
            aside(line)

    kinds = [BY_NAME[name] for name in args.kinds] or None
    broken = misled(args.saboteur) if args.saboteur else contextlib.nullcontext()
    jobs = 1 if args.saboteur else args.jobs
    with broken, at_work(args) as work:
        verdict = run(
            args.histories, args.commands, args.seed, jobs,
            first=args.number, kinds=kinds, told=told,
        )  # fmt: skip
    if args.json:
        write_document(verdict.to_json())
    else:
        show_ways_out(verdict, Terminal(), lang)
    return gate.EXIT_OF_OUTCOME[verdict.outcome]
