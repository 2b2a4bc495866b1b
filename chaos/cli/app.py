"""``prometheus-chaos``: break the system on purpose and say exactly what survived.

prometheus-chaos list                          the scenarios
prometheus-chaos run                           all of them, then the five criteria
prometheus-chaos run sigkill-mid-save --seed 7 one of them, repeatably
prometheus-chaos gate RUN_DIR                  judge a saved run again
prometheus-chaos sweep files                   each file of a small store harmed, restored
prometheus-chaos sweep all --full              every bit, operation and error, unsampled
prometheus-chaos detect                        each kind of discrepancy 200 times: recall
prometheus-chaos detect stop-fired --seed 7    one kind, repeatably
prometheus-chaos ways-out                      3,000 random histories: safe, and a way out
prometheus-chaos outage                        nine hours; ten thousand executions: how long
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import sys
import tempfile
import textwrap
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chaos import gate
from chaos.arguments import Parser, Wide
from chaos.detect import ways_out
from chaos.detect.kinds import BY_NAME as KIND_BY_NAME
from chaos.detect.kinds import KINDS
from chaos.detect.run import INSTANCES, Score, total
from chaos.detect.run import run as run_detection
from chaos.detect.table import show as show_detection
from chaos.detect.table import show_ways_out
from chaos.detect.ways_out import COMMANDS, HISTORIES
from chaos.outage import OUTAGES, all_well, run_outage
from chaos.outage import show as show_outages
from chaos.report.lines import to_json
from chaos.report.table import show
from chaos.report.words import Lang, default_lang, word
from chaos.runner import Effort, run, saved
from chaos.saboteurs import SABOTEURS
from chaos.saboteurs.deciders import DECIDERS, misled
from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import SHARED, SWEPT, planted
from chaos.saboteurs.reconcilers import RECONCILERS, sabotaged
from chaos.scenarios.table import BY_NAME, SCENARIOS
from chaos.sweeps.catalogue import (
    ALL,
    IN_PARTS,
    SWEEPS,
    outcome_of,
    remarks,
    run_sweeps,
    samples_table,
    sweeps_table,
)
from chaos.sweeps.tally import Tally, watched
from chaos.verdict import RunVerdict
from prometheus_persist.cli.ending import documented, write_document
from prometheus_persist.language import asked_language
from prometheus_persist.shown import shown, tell
from prometheus_persist.terminal import Terminal

TOLD_EVERY_S = 10.0
QUICK = Effort(sweep_stride=12, day_cycles=72, moments=10)


def parser(lang: str = "en") -> Parser:
    """The command line, in a language."""
    zh = lang == "zh"
    spoken = type("Spoken", (Parser,), {"lang": lang})
    shared = spoken(add_help=False)
    shared.add_argument("--json", action="store_true", help="data on stdout, talk on stderr")
    shared.add_argument("--lang", choices=("zh", "en"), help="default: by locale")
    found: Parser = spoken(
        prog="prometheus-chaos",
        description=(__doc__ or "").replace("``", ""),
        epilog=gate.exits_in_a_line(lang) if zh else textwrap.fill(gate.exits_in_a_line(), 96),
        formatter_class=Wide if zh else argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument(
        "--version", action="version", version=f"prometheus-chaos {version('prometheus-persist')}"
    )
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", parents=[shared], help="the scenarios and what each is for")
    playing = commands.add_parser("run", parents=[shared], help="play scenarios and judge them")
    playing.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="default: all of them")
    playing.add_argument("--seed", type=int, default=1, help="one seed, one course of events")
    playing.add_argument("--out", type=Path, help="where records are kept; default: a new one")
    playing.add_argument("--quick", action="store_true", help="every 12th operation, a short day")
    playing.add_argument("--saboteur", choices=SABOTEURS, help="break the library on purpose")
    judging = commands.add_parser("gate", parents=[shared], help="judge a saved run again")
    judging.add_argument("run_dir", type=Path, metavar="RUN_DIR")
    sweeping = commands.add_parser(
        "sweep", parents=[shared], help="strike everywhere in a small store, and count"
    )
    sweeping.add_argument("sweep", nargs="?", choices=(*SWEEPS, ALL), default=ALL)
    sweeping.add_argument("--full", action="store_true", help="without sampling")
    sweeping.add_argument(
        "--only", action="append", default=[], metavar="CALL",
        help=f"only this call, again for more; of {' and '.join(IN_PARTS)}",
    )  # fmt: skip
    sweeping.add_argument(
        "--saboteur",
        choices=(*RECONCILERS, *SWEPT, *SHARED, *HOSTED),
        help="break the library on purpose",
    )
    sweeping.add_argument("--seed", type=int, default=1, help="one seed, one course of events")
    detecting = commands.add_parser(
        "detect", parents=[shared], help="inject discrepancies at random; was each one seen?"
    )
    detecting.add_argument("kinds", nargs="*", metavar="KIND", help="default: all of them")
    detecting.add_argument(
        "--instances", type=_positive, default=INSTANCES, help=f"of each kind; {INSTANCES}"
    )
    detecting.add_argument("--seed", type=int, default=1, help="one seed, one course of events")
    detecting.add_argument("--jobs", type=_positive, default=1, help="processes; 1")
    _add_ways_out(commands, shared)
    lasting = commands.add_parser(
        "outage", parents=[shared], help="recover from a long outage, timed, against the goals"
    )
    lasting.add_argument("outages", nargs="*", metavar="OUTAGE", help="default: all of them")
    lasting.add_argument("--quick", action="store_true", help="a tenth of the trades")
    lasting.add_argument("--seed", type=int, default=1, help="one seed, one course of events")
    return found


def _add_ways_out(commands: Any, shared: argparse.ArgumentParser) -> None:
    leading = commands.add_parser(
        "ways-out",
        parents=[shared],
        help="random histories: never open on wrong books, and what the report names leads out",
        description="Several discrepancies of `detect` strike at once, in random histories. After "
        "the restart, and after every step that the report names, new entries pass only where the "
        "books are the exchange's; and the steps lead back to trading, or it is a dead end. Of "
        "--commands histories the steps are commands, run as printed by a shell against a store on "
        "disk and an exchange behind a port.",
    )
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
    leading.add_argument("--jobs", type=_positive, default=1, help="processes; 1")
    leading.add_argument("--saboteur", choices=DECIDERS, help="break the library on purpose")


def _aside(line: str) -> None:
    """Talk, whatever stdout is: one line of it."""
    tell(shown(line), sys.stderr)


def _say(key: str, lang: Lang, **values: object) -> None:
    _aside(f"prometheus-chaos: {word(key, lang).format(**values)}")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one")
    return number


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns the exit code. Where JSON was asked for, stdout is JSON in any case."""
    return documented(_main, argv, gate.EXITS)


def _main(argv: Sequence[str]) -> int:
    args = parser(asked_language(argv, os.environ)).parse_args(argv)
    lang: Lang = args.lang or default_lang()
    if args.command == "list":
        return _list(lang, as_json=args.json)
    if args.command == "run":
        return _run(args, lang)
    if args.command == "sweep":
        return _sweep(args, lang)
    if args.command == "detect":
        return _detect(args, lang)
    if args.command == "ways-out":
        return _ways_out(args, lang)
    if args.command == "outage":
        return _outage(args, lang)
    return _gate(args.run_dir, lang, as_json=args.json)


def _list(lang: Lang, *, as_json: bool) -> int:
    told = {each.name: each.what_zh if lang == "zh" else each.what for each in SCENARIOS}
    if as_json:
        write_document(told)
    else:
        width = max(map(len, told))
        for name, what in told.items():
            tell(f"{name:<{width}}  {what}")
    return gate.EXIT_MET


def _run(args: argparse.Namespace, lang: Lang) -> int:
    names = args.scenarios or list(BY_NAME)
    if _unknown("scenario", names, BY_NAME, lang, word("see list", lang)):
        return gate.EXIT_USAGE
    out = args.out or Path(tempfile.mkdtemp(prefix="prometheus-chaos-"))
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()  # it may be there, and read-only
    except OSError as problem:
        _say("unwritable", lang, out=out, problem=problem.strerror)
        return gate.EXIT_USAGE

    def told(verdict: RunVerdict) -> None:
        outcome = word(verdict.outcome.value, lang)
        _aside(f"{verdict.scenario}: {outcome} ({verdict.seconds:.1f} s)")

    effort = QUICK if args.quick else Effort()
    verdicts = run(names, out, args.seed, effort=effort, saboteur=args.saboteur, told=told)
    _aside(f"{out}")
    return _tell(verdicts, out, lang, as_json=args.json)


def _unknown(
    what: str, names: Sequence[str], known: Collection[str], lang: Lang, hint: str = ""
) -> bool:
    """Whether a name is none of the known ones; says so, with the nearest one."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            there = hint or word("there are", lang).format(names=", ".join(known))
            told = word("meant", lang).format(name=near[0]) if near else there
            _say(f"no {what}", lang, name=repr(name), hint=told)
            return True
    return False


def _detect(args: argparse.Namespace, lang: Lang) -> int:
    names = args.kinds or list(KIND_BY_NAME)
    if _unknown("kind", names, KIND_BY_NAME, lang):
        return gate.EXIT_USAGE

    def told(score: Score) -> None:
        found = score.counts["detected"]
        _aside(f"{score.kind.name}: {found}/{score.instances}")

    kinds = [kind for kind in KINDS if kind.name in names]
    scores = run_detection(kinds, args.instances, args.seed, told, args.jobs)
    whole = total(scores)
    if args.json:
        data = {
            "seed": args.seed,
            "kinds": [each.to_json() for each in scores],
            "total": whole.to_json(),
        }
        write_document(data)
    else:
        show_detection(scores, args.seed, Terminal(), lang)
    return gate.EXIT_OF_OUTCOME[whole.outcome]


def _ways_out(args: argparse.Namespace, lang: Lang) -> int:
    if _unknown("kind", args.kinds, KIND_BY_NAME, lang):
        return gate.EXIT_USAGE
    all_of_them = args.histories + args.commands

    def told(done: int, so_far: ways_out.WaysOutVerdict) -> None:
        if done % 50 == 0 or done == all_of_them:
            wrong, dead = so_far.counts["wrong gates"], so_far.counts["dead ends"]
            _aside(word("so far", lang).format(n=f"{done}/{all_of_them}", wrong=wrong, dead=dead))

    kinds = [KIND_BY_NAME[name] for name in args.kinds] or None
    broken = misled(args.saboteur) if args.saboteur else contextlib.nullcontext()
    jobs = 1 if args.saboteur else args.jobs
    with broken:
        verdict = ways_out.run(
            args.histories, args.commands, args.seed, jobs,
            first=args.number, kinds=kinds, told=told,
        )  # fmt: skip
    if args.json:
        write_document(verdict.to_json())
    else:
        show_ways_out(verdict, Terminal(), lang)
    return gate.EXIT_OF_OUTCOME[verdict.outcome]


def _outage(args: argparse.Namespace, lang: Lang) -> int:
    names = args.outages or list(OUTAGES)
    if _unknown("outage", names, OUTAGES, lang):
        return gate.EXIT_USAGE
    results = []
    for name in names:
        _aside(f"{name} …")
        results.append(run_outage(OUTAGES[name], args.seed, quick=args.quick))
    if args.json:
        write_document([each.to_json() for each in results])
    else:
        show_outages(results, Terminal(), lang)
    return gate.EXIT_MET if all_well(results) else gate.EXIT_FAILED


def _sweep(args: argparse.Namespace, lang: Lang) -> int:
    def told(tally: Tally) -> None:
        _aside(f"{tally.name}: {tally.fired:,} ({tally.seconds:.1f} s)")

    if args.only and args.sweep not in IN_PARTS:
        _say("only", lang, names=", ".join(IN_PARTS))
        return gate.EXIT_USAGE
    if _unknown("call", args.only, IN_PARTS.get(args.sweep, ()), lang):
        return gate.EXIT_USAGE
    name = args.saboteur
    mistake = {**SWEPT, **SHARED, **HOSTED}.get(name)
    broken = planted(mistake) if mistake else sabotaged(name) if name else None
    with broken or contextlib.nullcontext(), watched(_aside, TOLD_EVERY_S):
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


def _gate(directory: Path, lang: Lang, *, as_json: bool) -> int:
    try:
        verdicts = saved(directory)
    except FileNotFoundError:
        _say("no run", lang, directory=directory)
        return gate.EXIT_NOTHING
    return _tell(verdicts, directory, lang, as_json=as_json)


def _tell(verdicts: list[RunVerdict], out: Path, lang: Lang, *, as_json: bool) -> int:
    judged = gate.add_up(verdicts)
    gate.keep(judged, out, lang)
    if as_json:
        write_document(to_json(judged))
    else:
        show(judged, Terminal(), lang)
    return gate.exit_code(judged)
