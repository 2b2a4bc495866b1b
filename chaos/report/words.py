"""The words, in Chinese and in English. A missing word is an error, not a blank."""

from __future__ import annotations

import os
from typing import Final, Literal

from prometheus_persist.language import default_language, in_language

Lang = Literal["zh", "en"]

WORDS: Final[dict[str, tuple[str, str]]] = {
    "unwritable": (
        "--out {out} 无法写入：{problem}",
        "--out {out} cannot be written to: {problem}",
    ),
    "out in use": (
        "{out} 里正有另一次运行；请用另一个 --out，或等它结束",
        "another run is under way in {out}; name another --out, or wait for it",
    ),
    "no scenario": ("没有场景 {name}；{hint}", "no scenario {name}; {hint}"),
    "no kind": ("没有差异类型 {name}；{hint}", "no kind {name}; {hint}"),
    "no outage": ("没有停机场景 {name}；{hint}", "no outage {name}; {hint}"),
    "no call": ("没有调用 {name}；{hint}", "no call {name}; {hint}"),
    "only": ("--only 只用于扫描 {names}", "--only is for the sweeps {names}"),
    "no run": ("没有可评判的运行：{problem}", "no saved run: {problem}"),
    "not kept": (
        "结论没有写到磁盘：{problem}",
        "the verdict is not kept on the disk: {problem}",
    ),
    "strikes nothing": (
        "--saboteur {saboteur} 在场景 {names} 中什么也破坏不了",
        "--saboteur {saboteur} can break nothing in {names}",
    ),
    "no bot": (
        "缺少机器人的命令，例如：prometheus-chaos bot python my_bot.py",
        "the bot's command is missing, as in: prometheus-chaos bot python my_bot.py",
    ),
    "bot was here": (
        "{out} 里已有一次运行；请用另一个 --out",
        "{out} holds a run already; name another --out",
    ),
    "bot cannot": ("{what}：{problem}", "{what}: {problem}"),
    "bot.passed": (
        "全部成立：已确认的都在，没有丢单，没有重复发送",
        "all of it holds: nothing acknowledged is gone, no order is lost, none was sent twice",
    ),
    "bot.failed": ("有一项不成立", "something does not hold"),
    "bot.void": (
        "结果无效：没有按计划发生，什么也不证明",
        "void: it did not go as planned, and proves nothing",
    ),
    "see list": ("请看 prometheus-chaos list", "see: prometheus-chaos list"),
    "there are": ("可用的有：{names}", "there are: {names}"),
    "meant": ("是否指 {name}？", "did you mean {name}?"),
    "so far": (
        "{n}：错误放行 {wrong}，死路 {dead}",
        "{n}: gates {wrong}, dead ends {dead}",
    ),
    "criteria": ("五项成功标准", "The five criteria"),
    "criterion": ("标准", "criterion"),
    "due": ("要求", "due"),
    "measured": ("实测", "measured"),
    "samples": ("样本数", "samples"),
    "result": ("结果", "result"),
    "scenario": ("场景", "scenario"),
    "scenarios": ("场景", "Scenarios"),
    "checks": ("检查", "checks"),
    "looked": ("检查次数", "looked at"),
    "seconds": ("秒", "seconds"),
    "seed": ("种子", "seed"),
    "met": ("达标", "met"),
    "failed": ("未达标", "failed"),
    "not judged": ("未测量", "not judged"),
    "passed": ("通过", "passed"),
    "void": ("无效", "void"),
    "outcome.passed": ("全部达标", "all met"),
    "outcome.passed in part": (
        "已测量的标准达标；未测量：{rows}（不是所有场景都运行了）",
        "what was judged is met; not judged: {rows} (not every scenario was played)",
    ),
    "outcome.failed": ("有未达标项", "something failed"),
    "outcome.void": (
        "结果无效：测试本身的前提不成立",
        "void: the harness's own assumptions failed",
    ),
    "assumption": ("前提不成立", "assumption does not hold"),
    "wrong": ("错误", "wrong"),
    "repeat": ("重现命令", "repeat with"),
    "detection": ("注入故障检出", "Detection on injected faults"),
    "kind": ("差异类型", "discrepancy"),
    "instances": ("样本", "instances"),
    "found": ("检出", "detected"),
    "recall": ("召回率", "recall"),
    "false corrections": ("错误修正", "false corrections"),
    "classified": ("已分类", "classified"),
    "gate open on wrong books": ("账错而放行", "gate open on wrong books"),
    "dead ends": ("死路", "dead ends"),
    "shut beside": ("连累停止", "shut beside"),
    "resolved": ("自动处理", "resolved"),
    "proposed": ("有方案待选", "proposed"),
    "left": ("待重读", "left"),
    "ways out": ("随机历史：安全与出路", "Random histories: safe, and a way out"),
    "histories": ("历史", "histories"),
    "open at once": ("立即放行", "open at once"),
    "steps": ("步骤", "steps"),
    "by command": ("按打印的命令执行的历史", "histories by commands as printed"),
    "commands": ("命令", "commands"),
    "total": ("合计", "total"),
    "row.1": ("恢复全部 Agent 状态", "all agent state restored"),
    "row.2": ("三方对账", "three-book reconciliation"),
    "row.3": ("恢复时间（10 个 Agent，从启动到报告）", "restore, 10 agents, start to report"),
    "row.4": ("持久保存", "durable save"),
    "row.5": ("24 小时内任意时间点", "any moment within 24 h"),
}


def word(key: str, lang: Lang) -> str:
    """One word or phrase."""
    return in_language(WORDS[key], lang)


def default_lang() -> Lang:
    """As everywhere: PERSIST_LANG, else Chinese where the locale is."""
    return "zh" if default_language(os.environ) == "zh" else "en"
