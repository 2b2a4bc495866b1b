"""``python -m chaos.demo``: see the package. Signals are caught before the rest is imported."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from chaos.arguments import Parser, Wide
from chaos.arguments.helps import DEMO
from prometheus_persist.cli.ending import documented, ends_on_signals
from prometheus_persist.language import asked_language
from prometheus_persist.shown import shown, tell

EPILOG = """\
The demo starts an exchange that survives crashes (fakeokx), lets ten agents trade on it, kills the
trading system with SIGKILL in the middle of a save while an order is in flight, lets stops fire and
somebody trade by hand while it is dead, starts it again, and checks what came back against the
exchange's own ledger. Exit code 0 only if every check holds; 1: something was wrong; 3: the demo's
own assumptions failed; 7: the disk takes no writes.

With --keep-running the trading system is this very process. Kill it with kill -9 from another
terminal, run the same command again, and read the recovery report. Ctrl+C saves and leaves with
130. Exit code 3: a human has to decide, nothing was touched."""


def parser(argv: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The command line."""
    lang = asked_language(sys.argv[1:] if argv is None else argv, os.environ)
    found = Parser(
        lang=lang,
        prog="prometheus-persist demo",
        description="Kill a multi-agent trading system in the worst moment and watch it come back.",
        epilog=DEMO if lang == "zh" else EPILOG,
        formatter_class=Wide if lang == "zh" else argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument(
        "--dir",
        type=Path,
        default=Path("prometheus-demo"),
        help="where everything is kept (default: ./prometheus-demo)",
    )
    found.add_argument("--seed", type=int, default=1, help="one seed, one course of events")
    found.add_argument("--lang", choices=("zh", "en"), help="default: by locale")
    found.add_argument(
        "--keep-running", action="store_true", help="trade in this process until a signal comes"
    )
    found.add_argument("--json", action="store_true", help="data on stdout, talk on stderr")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """The demo; returns the exit code."""
    from chaos.gate import EXITS
    from prometheus_persist.errors import EXIT_DISK

    return documented(_main, argv, {**EXITS, EXIT_DISK: "the disk takes no writes"})


def _main(argv: Sequence[str]) -> int:
    from chaos.report.words import Lang, default_lang

    command_line = parser(argv)
    args = command_line.parse_args(argv)
    lang: Lang = args.lang or default_lang()
    try:
        args.dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=args.dir):
            pass  # it can be written to
    except OSError as problem:
        if problem.errno in (errno.EROFS, errno.ENOSPC):
            return _refused(args.dir, problem, lang)
        command_line.error(f"--dir {args.dir} cannot be made: {problem.strerror}")
    if args.keep_running:
        from chaos.demo.running import keep_running

        return keep_running(args.dir, args.seed, lang, as_json=args.json)
    from chaos.demo.story import play

    return play(args.dir, args.seed, lang, as_json=args.json)


def _refused(directory: Path, problem: OSError, lang: str) -> int:
    """Say that the disk takes no writes; the code."""
    from prometheus_persist.errors import EXIT_DISK

    why = str(problem.strerror)
    if lang == "zh":
        from prometheus_persist.report.in_chinese import in_chinese

        why = in_chinese(why)
    line = f"{_told(EXIT_DISK, lang)} ({directory}: {why})"
    tell(shown(line), sys.stderr)
    return EXIT_DISK


def _told(code: int, lang: str) -> str:
    from prometheus_persist.words.exits import EXITS

    zh, en = EXITS[code]
    return f"prometheus-persist demo: {zh if lang == 'zh' else en}"


def console() -> None:
    """The demo as a program of its own."""
    ends_on_signals(main, _told)


if __name__ == "__main__":
    console()
