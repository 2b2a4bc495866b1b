"""The results of outages as a table, in Chinese or in English."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.table import Table

from chaos.outage.course import OutageResult
from chaos.report.words import Lang
from prometheus_persist.terminal import Terminal

_ROWS: Final = {
    "trades": ("宕机前成交", "trades before"),
    "executions": ("宕机期间成交", "executions while down"),
    "events": ("宕机期间事件", "events while down"),
    "decision": ("决定", "decision"),
    "requests": ("请求数", "requests"),
    "total": ("进程启动到报告", "process start to report"),
    "cpu": ("　其中处理器时间", "  of this on the processor"),
    "bound": ("上限", "bound"),
    "start": ("　其中 启动", "  start of Python"),
    "open": ("　其中 打开存储", "  opening the store"),
    "reading": ("　其中 读取交易所", "  reading the exchange"),
    "reconcile": ("　其中 对账", "  reconcile"),
    "apply": ("　其中 应用", "  apply"),
    "rest": ("　其中 提交与报告", "  commit and report"),
    "result": ("结果", "result"),
}
_PARTS: Final = ("start", "open", "reading", "reconcile", "apply", "rest")


def show(results: Iterable[OutageResult], console: Terminal, lang: Lang) -> None:
    """One column an outage, then what is wrong, line by line."""
    results = list(results)
    place = 0 if lang == "zh" else 1
    table = Table()
    table.add_column("")
    for result in results:
        name = result.outage.name + (" --quick" if result.quick else "")
        table.add_column(name, justify="right")
    columns = [_column(result) for result in results]
    for row, words in _ROWS.items():
        table.add_row(words[place], *(column[row] for column in columns))
    console.print(table)
    for result in results:
        for problem in result.problems:
            line = f"{result.outage.name}: {problem}"
            console.print(line, soft_wrap=True)


def _column(result: OutageResult) -> dict[str, str]:
    found = {
        "trades": f"{result.trades:,}",
        "executions": f"{result.executions:,}",
        "events": f"{result.events:,}",
        "decision": result.decision,
        "requests": f"{sum(result.asked.values()):,}",
        "total": f"{result.total_s:.2f} s",
        "cpu": f"{result.cpu_s:.2f} s",
        "bound": f"{result.outage.bound_s:g} s",
        "result": "failed" if result.problems else "too late" if result.late else "passed",
    }
    return found | {part: f"{result.times_s.get(part, 0.0):.2f} s" for part in _PARTS}
