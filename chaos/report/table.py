"""The tables: on a terminal, as text for a log, or as plain lines for a pipe."""

from __future__ import annotations

import io

from rich.table import Table
from rich.text import Text

from chaos.criteria import Met
from chaos.report.lines import Judged, again, trouble
from chaos.report.said import said
from chaos.report.words import Lang, word
from chaos.verdict import Outcome, RunVerdict
from prometheus_persist.terminal import Terminal

_STYLE = {
    Met.MET.value: "green",
    Met.FAILED.value: "bold red",
    Met.NOT_JUDGED.value: "yellow",
    Outcome.PASSED.value: "green",
    Outcome.VOID.value: "bold yellow",
}


def _styled(key: str, lang: Lang) -> Text:
    return Text(word(key, lang), style=_STYLE.get(key, ""))


def scenarios_table(run: Judged, lang: Lang) -> Table:
    """One line per scenario."""
    table = Table(title=word("scenarios", lang), title_justify="left")
    table.add_column(word("scenario", lang))
    table.add_column(word("result", lang))
    table.add_column(word("checks", lang), justify="right")
    table.add_column(word("looked", lang), justify="right")
    table.add_column(word("seconds", lang), justify="right")
    table.add_column(word("seed", lang), justify="right")
    for verdict in run.verdicts:
        table.add_row(
            verdict.scenario,
            _styled(verdict.outcome.value, lang),
            str(len(verdict.checks)),
            f"{sum(each.count for each in verdict.checks):,}",
            f"{verdict.seconds:.1f}",
            str(verdict.seed),
        )
    return table


def criteria_table(run: Judged, lang: Lang) -> Table:
    """The five rows."""
    table = Table(title=word("criteria", lang), title_justify="left")
    table.add_column("#", justify="right")
    table.add_column(word("criterion", lang))
    table.add_column(word("due", lang))
    table.add_column(word("measured", lang), overflow="fold")
    table.add_column(word("samples", lang), justify="right")
    table.add_column(word("result", lang))
    for row in run.rows:
        table.add_row(
            str(row.number),
            word(f"row.{row.number}", lang),
            said(row.due, lang),
            said(row.figure, lang),
            f"{row.samples:,}",
            _styled(row.met.value, lang),
        )
    return table


def show(run: Judged, console: Terminal, lang: Lang) -> None:
    """Tables on a terminal, one plain line per row elsewhere; then what went wrong."""
    if console.is_terminal:
        console.print(scenarios_table(run, lang), criteria_table(run, lang), sep="\n")
    else:
        for line in plain(run, lang):
            console.print(line, soft_wrap=True)
    for line in troubles(run, lang):
        console.print(line, soft_wrap=True)
    console.print(
        Text(came_to(run, lang), style=_STYLE.get(run.outcome.value, "red")), soft_wrap=True
    )


def came_to(run: Judged, lang: Lang) -> str:
    """What it comes to, in a sentence: also what nobody judged, and how it was played."""
    unjudged = ", ".join(str(row.number) for row in run.rows if row.met is Met.NOT_JUDGED)
    options = " ".join(dict.fromkeys(word for one in run.verdicts for word in one.options))
    in_part = " in part" if unjudged and run.outcome is Outcome.PASSED else ""
    told = word(f"outcome.{run.outcome.value}{in_part}", lang).format(rows=unjudged)
    return f"{told} [{options}]" if options else told


def framed(run: Judged, lang: Lang, width: int) -> list[str]:
    """Both tables as lines of text without colour, for a log that is read by people."""
    page = io.StringIO()
    console = Terminal(file=page, width=width)
    console.print(scenarios_table(run, lang), criteria_table(run, lang), sep="\n")
    return [line.rstrip() for line in page.getvalue().splitlines()]


def plain(run: Judged, lang: Lang) -> list[str]:
    """The same without a frame, for logs and pipes."""
    lines = [
        f"{verdict.scenario}: {word(verdict.outcome.value, lang)} "
        f"({len(verdict.checks)} {word('checks', lang)}, {verdict.seconds:.1f} s)"
        for verdict in run.verdicts
    ]
    return lines + [
        f"{row.number} {word(f'row.{row.number}', lang)} [{said(row.due, lang)}]: "
        f"{said(row.figure, lang)} "
        f"(n={row.samples:,}) — {word(row.met.value, lang)}"
        for row in run.rows
    ]


def troubles(run: Judged, lang: Lang) -> list[str]:
    """What did not hold, and how to repeat it."""
    lines = []
    for verdict in run.verdicts:
        if verdict.outcome is not Outcome.PASSED:
            lines += [
                f"{verdict.scenario}: {word(kind, lang)}: {text}"
                for kind, text in trouble(verdict, lang)
            ]
            lines.append(f"{verdict.scenario}: {word('repeat', lang)}: {again(verdict)}")
    return lines


def checked(verdict: RunVerdict, lang: Lang) -> list[str]:
    """A bot's verdict: what was looked at and how often, what was wrong, and what it comes to."""
    told = [
        f"{'✅' if each.ok else '❌'} {each.invariant} {said(each.what, lang)}: {each.count}"
        for each in verdict.checks
    ]
    told += [f"⚠️  {word(kind, lang)}: {text}" for kind, text in trouble(verdict, lang)]
    return [*told, word(f"bot.{verdict.outcome.value}", lang)]
