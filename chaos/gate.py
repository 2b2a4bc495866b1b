"""The gate: tells a judged run to people and machines, and turns it into an exit code.

``EXITS`` is the one table of them: ``--help`` is made of it, the READMEs are compared with it. For
its sake what judges and tells is imported where it is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chaos.report.words import Lang
from chaos.verdict import Outcome, RunVerdict
from prometheus_persist.errors import EXIT_DISK

if TYPE_CHECKING:
    from chaos.report.lines import Judged

EXIT_MET = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_VOID = 3
EXIT_NOTHING = 5
EXIT_SIGINT = 130
EXIT_SIGTERM = 143
EXITS: Final[Mapping[int, str]] = {
    EXIT_MET: "all criteria met",
    EXIT_FAILED: "a criterion or an invariant failed, or an internal error",
    EXIT_USAGE: "usage",
    EXIT_VOID: "void: the harness's own assumptions failed, the result proves nothing",
    EXIT_NOTHING: "nothing ran",
    EXIT_DISK: "standard output takes no more: what was to be said is not all there",
    EXIT_SIGINT: "stopped by Ctrl+C; nothing is judged",
    EXIT_SIGTERM: "stopped by SIGTERM; nothing is judged",
}
EXITS_ZH: Final[Mapping[int, str]] = {
    EXIT_MET: "全部达标",
    EXIT_FAILED: "有标准或不变量未达标，或内部错误",
    EXIT_USAGE: "用法有误",
    EXIT_VOID: "无效：测试自身的前提不成立，结果什么也不证明",
    EXIT_NOTHING: "什么也没有运行",
    EXIT_DISK: "标准输出写不进去：结果没有说完",
    EXIT_SIGINT: "被 Ctrl+C 停止；没有评判",
    EXIT_SIGTERM: "被 SIGTERM 停止；没有评判",
}
EXIT_OF_OUTCOME = {
    Outcome.PASSED: EXIT_MET,
    Outcome.FAILED: EXIT_FAILED,
    Outcome.VOID: EXIT_VOID,
}
VERDICT_FILE = "verdict.json"
SUMMARY_FILE = "summary.md"
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def exits_in_a_line(lang: str = "en") -> str:
    """What ``--help`` ends with."""
    if lang == "zh":
        return "退出码：" + " · ".join(f"{code} {EXITS_ZH[code]}" for code in EXITS)
    return "Exit codes: " + " · ".join(f"{code} {words}" for code, words in EXITS.items())


def add_up(verdicts: list[RunVerdict]) -> Judged:
    """All verdicts as one judged run."""
    from chaos.report.lines import judged
    from chaos.runner import is_complete

    return judged(verdicts, complete=is_complete(verdicts))


def exit_code(run: Judged) -> int:
    """What the process leaves with."""
    return EXIT_OF_OUTCOME[run.outcome] if run.verdicts else EXIT_NOTHING


def keep(run: Judged, out: Path, lang: Lang) -> None:
    """Write verdict and summary beside the records, and into GitHub's step summary."""
    from chaos.report.lines import to_json
    from chaos.report.markdown import markdown

    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(to_json(run), ensure_ascii=False, indent=2)
    (out / VERDICT_FILE).write_text(text + "\n", encoding="utf-8")
    page = markdown(run, lang)
    (out / SUMMARY_FILE).write_text(page, encoding="utf-8")
    step_summary = os.environ.get(STEP_SUMMARY)
    if step_summary:
        with Path(step_summary).open("a", encoding="utf-8") as summary:
            summary.write(page)
