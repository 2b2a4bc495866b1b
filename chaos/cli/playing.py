"""``list``, ``run`` and ``gate``: the scenarios, playing them, and judging what was played."""

from __future__ import annotations

import argparse
import errno
import tempfile
from pathlib import Path
from typing import Final

from chaos import gate
from chaos.cli.kit import aside, at_work, say, unknown
from chaos.report.words import Lang, word
from chaos.saboteurs import SABOTEURS, strikes
from chaos.verdict import RunVerdict
from prometheus_persist.cli.ending import write_document
from prometheus_persist.shown import tell

DISK_ENDS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def add_list(_: argparse.ArgumentParser) -> None:
    """It asks for nothing."""


def add_run(playing: argparse.ArgumentParser) -> None:
    """The words of ``run``."""
    playing.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="default: all of them")
    playing.add_argument("--seed", type=int, default=1, help="one seed, one course of events")
    playing.add_argument("--out", type=Path, help="where records are kept; default: a new one")
    playing.add_argument("--quick", action="store_true", help="every 12th operation, a short day")
    playing.add_argument("--saboteur", choices=SABOTEURS, help="break the library on purpose")


def add_gate(judging: argparse.ArgumentParser) -> None:
    """The words of ``gate``."""
    judging.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="what run left in --out")


def do_list(args: argparse.Namespace, lang: Lang) -> int:
    """The command; returns the exit code."""
    from chaos.scenarios.table import SCENARIOS

    told = {each.name: each.what_zh if lang == "zh" else each.what for each in SCENARIOS}
    if args.json:
        write_document(told)
    else:
        width = max(map(len, told))
        for name, what in told.items():
            tell(f"{name:<{width}}  {what}")
    return gate.EXIT_MET


def do_run(args: argparse.Namespace, lang: Lang) -> int:
    """The command; returns the exit code."""
    from chaos.runner import GATE, QUICK, run
    from chaos.scenarios.table import BY_NAME

    names = list(dict.fromkeys(args.scenarios or BY_NAME))
    if unknown("scenario", names, BY_NAME, lang, word("see list", lang)):
        return gate.EXIT_USAGE
    if args.saboteur:
        struck = [name for name in names if strikes(args.saboteur, BY_NAME[name].course)]
        if args.scenarios and struck != names:
            beyond = ", ".join(name for name in names if name not in struck)
            say("strikes nothing", lang, saboteur=args.saboteur, names=beyond)
            return gate.EXIT_USAGE
        names = struck
    out = args.out or Path(tempfile.mkdtemp(prefix="prometheus-chaos-"))
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()  # it may be there, and read-only
    except OSError as problem:
        say("unwritable", lang, out=out, problem=problem.strerror)
        return gate.EXIT_USAGE

    def told(verdict: RunVerdict) -> None:
        outcome = word(verdict.outcome.value, lang)
        aside(f"{verdict.scenario}: {outcome} ({verdict.seconds:.1f} s)", work)
        due.pop(0)
        if due:
            work.says(args.command, due[0], 1 - len(due) / len(names))

    effort, due = QUICK if args.quick else GATE, list(names)
    try:
        with at_work(args) as work:
            work.says(args.command, due[0], 0.0)
            verdicts = run(names, out, args.seed, effort=effort, saboteur=args.saboteur, told=told)
    except BlockingIOError:
        say("out in use", lang, out=out)
        return gate.EXIT_USAGE
    except OSError as problem:
        if problem.errno not in DISK_ENDS:
            raise
        say("unwritable", lang, out=out, problem=problem.strerror)
        return gate.EXIT_USAGE
    aside(f"{out}")
    return _tell(verdicts, out, lang, as_json=args.json)


def do_gate(args: argparse.Namespace, lang: Lang) -> int:
    """The command; returns the exit code."""
    from chaos.runner import NoRun, saved
    from prometheus_persist.report.in_chinese import in_chinese

    try:
        verdicts = saved(args.run_dir)
    except NoRun as problem:
        file, why = problem.args
        say("no run", lang, problem=f"{file}: {in_chinese(why) if lang == 'zh' else why}")
        return gate.EXIT_NOTHING
    return _tell(verdicts, args.run_dir, lang, as_json=args.json)


def _tell(verdicts: list[RunVerdict], out: Path, lang: Lang, *, as_json: bool) -> int:
    from chaos.report.lines import to_json
    from chaos.report.table import show
    from prometheus_persist.terminal import Terminal

    judged = gate.add_up(verdicts)
    try:
        gate.keep(judged, out, lang)
    except OSError as problem:  # a saved run may lie where nobody writes; it is judged all the same
        say("not kept", lang, problem=problem)
    if as_json:
        write_document(to_json(judged))
    else:
        show(judged, Terminal(), lang)
    return gate.exit_code(judged)
