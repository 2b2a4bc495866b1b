"""``bot``: somebody's own bot, killed while it trades, and judged."""

from __future__ import annotations

import argparse
import shlex
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from chaos import gate
from chaos.arguments import in_language
from chaos.cli.kit import aside, at_work, positive, say
from chaos.report.words import Lang
from prometheus_persist.cli.ending import write_document
from prometheus_persist.shown import shown, tell

if TYPE_CHECKING:
    from chaos.verdict import RunVerdict

_BOT = (
    "The command is run on a fakeokx of its own, which it finds in PERSIST_OKX_URL with "
    "OKX_API_KEY, OKX_API_SECRET and OKX_API_PASSPHRASE; it keeps its store in PERSIST_DIR. "
    "It is killed while it trades, again and again, and judged by the exchange's own ledger."
)


def add_bot(killing: argparse.ArgumentParser) -> None:
    """The words of ``bot``."""
    killing.description = in_language(_BOT, getattr(killing, "lang", "en"))
    killing.add_argument("--kills", type=positive, default=5, help="how often; 5")
    killing.add_argument("--seed", type=int, default=1, help="one seed, the same moments")
    killing.add_argument("--patience", type=positive, default=60, help="seconds for an order; 60")
    killing.add_argument("--out", type=Path, help="where all of it is kept; default: a new one")
    killing.add_argument(
        "bot", nargs=argparse.REMAINDER, metavar="COMMAND", help="of the bot, with its arguments"
    )


def do_bot(args: argparse.Namespace, lang: Lang) -> int:
    """The command; returns the exit code."""
    from chaos.bot import BotPlan, play

    bot = tuple(args.bot[1:] if args.bot[:1] == ["--"] else args.bot)
    if not bot:
        say("no bot", lang)
        return gate.EXIT_USAGE
    out = args.out or Path(tempfile.mkdtemp(prefix="prometheus-bot-"))
    plan = BotPlan(bot, out, args.kills, args.seed, args.patience)
    try:
        with at_work(args) as work:
            verdict = play(plan, lambda life: work.says(args.command, out.name, life / args.kills))
    except FileExistsError:
        say("bot was here", lang, out=out)
        return gate.EXIT_USAGE
    except OSError as problem:
        say("bot cannot", lang, what=problem.filename or out, problem=problem.strerror)
        return gate.EXIT_USAGE
    aside(f"{out}")
    if args.json:
        write_document(_document(verdict, bot))
    else:
        from chaos.report.table import checked

        for line in checked(verdict, lang):
            tell(shown(line))
    return gate.EXIT_OF_OUTCOME[verdict.outcome]


def _document(verdict: RunVerdict, bot: tuple[str, ...]) -> dict[str, object]:
    return {
        "outcome": verdict.outcome.value,
        "bot": shlex.join(bot),
        "seed": verdict.seed,
        "out": verdict.record,
        "seconds": round(verdict.seconds, 2),
        "checks": [asdict(each) for each in verdict.checks],
        "assumptions": [asdict(each) for each in verdict.assumptions],
    }
