"""``outage``: recover from a long outage, timed, against the goals."""

from __future__ import annotations

import argparse

from chaos import gate
from chaos.cli.kit import aside, at_work, unknown
from chaos.report.words import Lang
from prometheus_persist.cli.ending import write_document


def add_outage(lasting: argparse.ArgumentParser) -> None:
    """The words of ``outage``."""
    lasting.add_argument("outages", nargs="*", metavar="OUTAGE", help="default: all of them")
    lasting.add_argument("--quick", action="store_true", help="a tenth of the trades")
    lasting.add_argument("--seed", type=int, default=1, help="one seed, one course of events")


def do_outage(args: argparse.Namespace, lang: Lang) -> int:
    """The command; returns the exit code."""
    from chaos.outage import OUTAGES, all_well, run_outage, show
    from prometheus_persist.terminal import Terminal

    names = args.outages or list(OUTAGES)
    if unknown("outage", names, OUTAGES, lang):
        return gate.EXIT_USAGE
    results = []
    with at_work(args) as work:
        for number, name in enumerate(names):
            work.says(args.command, name, number / len(names))
            if not work:
                aside(f"{name} …")
            results.append(run_outage(OUTAGES[name], args.seed, quick=args.quick))
    if args.json:
        write_document([each.to_json() for each in results])
    else:
        show(results, Terminal(), lang)
    return gate.EXIT_MET if all_well(results) else gate.EXIT_FAILED
