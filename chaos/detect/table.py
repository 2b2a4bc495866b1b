"""The tables of detection and of ways out: on a terminal with a frame, elsewhere as plain lines."""

from __future__ import annotations

from rich.table import Table

from chaos.detect.kinds import KINDS
from chaos.detect.run import FAULTS, SHARES, Score, total
from chaos.detect.ways_out import WaysOutVerdict
from chaos.report.words import Lang, word
from chaos.verdict import Outcome
from prometheus_persist.terminal import Terminal

_COLUMNS = (
    "kind", "instances", "found", "recall", "false corrections", "gate open on wrong books",
    "dead ends", "shut beside", "classified", "resolved", "proposed", "left",
)  # fmt: skip
_STYLE = {Outcome.PASSED: "", Outcome.FAILED: "bold red", Outcome.VOID: "bold yellow"}


def show(scores: list[Score], seed: int, console: Terminal, lang: Lang) -> None:
    """Every kind, all together, and what went wrong."""
    whole = total(scores)
    if console.is_terminal:
        table = Table(title=word("detection", lang), title_justify="left")
        for number, name in enumerate(_COLUMNS):
            table.add_column(word(name, lang), justify="right" if number else "left")
        for each in scores:
            table.add_row(*cells(each, lang), style=_STYLE[each.outcome])
        table.add_section()
        table.add_row(*cells(whole, lang), style=_STYLE[whole.outcome] or "green")
        console.print(table)
    else:
        for line in plain(scores, lang):
            console.print(line, soft_wrap=True)
    for problem in whole.problems:
        console.print(problem, soft_wrap=True)
    outcome = word(f"outcome.{whole.outcome.value}", lang)
    console.print(f"{outcome} · {word('seed', lang)} {seed}")


def plain(scores: list[Score], lang: Lang) -> list[str]:
    """One line per kind and one for all, without a frame."""
    heads = [word(name, lang) for name in _COLUMNS[1:]]
    lines = []
    for each in (*scores, total(scores)):
        name, *figures = cells(each, lang)
        told = ", ".join(f"{head} {figure}" for head, figure in zip(heads, figures, strict=True))
        lines.append(f"{name}: {told}")
    return lines


def cells(score: Score, lang: Lang) -> list[str]:
    """One row."""
    return [
        score.kind.zh if lang == "zh" else score.kind.en,
        f"{score.instances:,}",
        f"{score.counts['detected']:,}",
        _percent(score.counts["detected"], score.instances),
        *(f"{score.counts[name]:,}" for name in FAULTS),
        *(_percent(score.counts[name], score.instances) for name in SHARES),
    ]


def _percent(part: int, whole: int) -> str:
    """Rounded down, so that 100 % means all of them."""
    return f"{part * 1000 // whole / 10:.1f} %" if whole else "–"


_WAYS = ("histories", "open at once", "steps", "wrong gates", "shut beside", "dead ends", "void")
_WORDS = {"wrong gates": "gate open on wrong books"}


def show_ways_out(verdict: WaysOutVerdict, console: Terminal, lang: Lang) -> None:
    """Every kind that struck, all histories together, and what went wrong."""
    names = {kind.name: kind.zh if lang == "zh" else kind.en for kind in KINDS}
    rows = [(names[name], counts) for name, counts in sorted(verdict.by_kind.items())]
    rows.append((word("total", lang), verdict.counts))
    heads = [word(_WORDS.get(name, name), lang) for name in _WAYS]
    if console.is_terminal:
        table = Table(title=word("ways out", lang), title_justify="left")
        for number, head in enumerate((word("kind", lang), *heads)):
            table.add_column(head, justify="right" if number else "left")
        for name, counts in rows:
            table.add_row(name, *(f"{counts[each]:,}" for each in _WAYS))
        console.print(table)
    else:
        for name, counts in rows:
            told = ", ".join(
                f"{head} {counts[each]:,}" for head, each in zip(heads, _WAYS, strict=True)
            )
            console.print(f"{name}: {told}", soft_wrap=True)
    run = f"{word('by command', lang)} {verdict.counts['by command']:,}"
    run += f", {word('commands', lang)} {verdict.counts['commands']:,}"
    console.print(run)
    for problem in verdict.problems:
        console.print(problem, soft_wrap=True)
    outcome = word(f"outcome.{verdict.outcome.value}", lang)
    console.print(f"{outcome} · {word('seed', lang)} {verdict.seed}")
