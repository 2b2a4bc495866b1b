"""The same as Markdown, for a pull request or a step summary."""

from __future__ import annotations

from chaos.report.lines import Judged
from chaos.report.said import said
from chaos.report.table import came_to, troubles
from chaos.report.words import Lang, word
from prometheus_persist.shown import shown


def markdown(run: Judged, lang: Lang) -> str:
    """Criteria, scenarios, and what went wrong."""
    head = ("#", "criterion", "due", "measured", "samples", "result")
    lines = [f"## {word('criteria', lang)}: {came_to(run, lang)}", ""]
    lines.append("| " + " | ".join(k if k == "#" else word(k, lang) for k in head) + " |")
    lines.append("|" + "---|" * len(head))
    lines += [
        f"| {row.number} | {word(f'row.{row.number}', lang)} | {said(row.due, lang)} "
        f"| {said(row.figure, lang)} | {row.samples:,} | {word(row.met.value, lang)} |"
        for row in run.rows
    ]
    lines += ["", f"| {word('scenario', lang)} | {word('result', lang)} | {word('checks', lang)} |"]
    lines.append("|---|---|---|")
    lines += [
        f"| {verdict.scenario} | {word(verdict.outcome.value, lang)} | {len(verdict.checks)} |"
        for verdict in run.verdicts
    ]
    lines += ["", *(f"- {shown(line)}" for line in troubles(run, lang))]
    return "\n".join(lines).rstrip() + "\n"
