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
prometheus-chaos bot python my_bot.py          your own bot, killed while it trades, judged
"""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from chaos import gate
from chaos.arguments import Parser, Wide
from chaos.report.words import Lang, default_lang
from prometheus_persist.cli.ending import documented
from prometheus_persist.language import asked_language
from prometheus_persist.shown import tell

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "list": ("playing", "the scenarios and what each is for"),
    "run": ("playing", "play scenarios and judge them"),
    "gate": ("playing", "judge a saved run again"),
    "sweep": ("sweeping", "strike everywhere in a small store, and count"),
    "detect": ("detecting", "inject discrepancies at random; was each one seen?"),
    "ways-out": (
        "detecting",
        "random histories: never open on wrong books, and what the report names leads out",
    ),
    "outage": ("lasting", "recover from a long outage, timed, against the goals"),
    "bot": ("botting", "kill a bot of your own while it trades, and judge what came back"),
}
"""Each command's module, imported when the command is called, and what it is for."""


class _Version(argparse.Action):
    """``--version``; the distribution is asked when somebody does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        tell(f"prometheus-chaos {version('prometheus-persist')}")
        parser.exit()


def parser(lang: str = "en", argv: Sequence[str] | None = None) -> Parser:
    """The command line, in a language; of ``argv``, the words of the command that it names."""
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
        "--version", action=_Version, nargs=0, help="show program's version number and exit"
    )
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, purpose) in COMMANDS.items():
        one = commands.add_parser(name, parents=[shared], help=purpose)
        if argv is None or name in argv:
            _of(name, "add_")(one)
    return found


def _of(name: str, what: str = "") -> Any:
    """A function of a command's module, which is imported now."""
    module = import_module(f"chaos.cli.{COMMANDS[name][0]}")
    return getattr(module, what + name.replace("-", "_"))


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns the exit code. Where JSON was asked for, stdout is JSON in any case."""
    return documented(_main, argv, gate.EXITS)


def _main(argv: Sequence[str]) -> int:
    args = parser(asked_language(argv, os.environ), argv).parse_args(argv)
    lang: Lang = args.lang or default_lang()
    code: int = _of(args.command, "do_")(args, lang)
    return code
