"""The sentences of the demo-trading check in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_persist.language import in_language

SANDBOX: Final[Mapping[str, tuple[str, str]]] = {
    "sandbox.skipped": (
        "已跳过模拟盘检查：请在环境变量中设置{names}（OKX模拟盘的API Key）",
        "skipped the demo-trading check: set {names} in the environment (an API key of OKX demo "
        "trading)",
    ),
    "sandbox.title": (
        "OKX模拟盘检查：{place}，逐步与fakeokx的记录比较",
        "OKX demo trading check: {place}, compared step by step with the transcript of fakeokx",
    ),
    "sandbox.stopping": (
        "收到停止信号：正在撤回本次检查所下的单",
        "asked to stop: taking back what this check has placed",
    ),
    "sandbox.tidied": ("已撤回：{what}", "taken back: {what}"),
    "sandbox.left": (
        "⚠️  未能确认已撤回，请在OKX模拟盘上查看：{what}",
        "⚠️  not sure to be taken back, look at OKX demo trading: {what}",
    ),
    "sandbox.missing_step": ("缺少这一步", "this step is missing"),
    "sandbox.extra_step": ("fakeokx没有这一步", "fakeokx has no such step"),
    "sandbox.missing": (
        "{place}：缺少，fakeokx有{expected}",
        "{place}: missing, fakeokx has {expected}",
    ),
    "sandbox.extra": ("{place}：{found}，fakeokx没有", "{place}: {found}, which fakeokx has not"),
    "sandbox.code": (
        "{place}：代码{found}，fakeokx为{expected}",
        "{place}: code {found}, fakeokx answers {expected}",
    ),
    "sandbox.class": (
        "{place}：{found}，fakeokx为{expected}",
        "{place}: {found}, fakeokx has {expected}",
    ),
    "sandbox.known": (
        "≈ 已知且无害的差异，{count}处（方括号内为okx-live.md的出处）：",
        "≈ {count} known and harmless difference(s), each with its row of okx-live.md:",
    ),
    "sandbox.same_but_known": (
        "✅ {steps}步，除{known}处已知的无害差异外与fakeokx一致",
        "✅ {steps} steps, the same as fakeokx but for {known} known, harmless difference(s)",
    ),
    "sandbox.same": (
        "✅ {steps}步，与fakeokx一致",
        "✅ {steps} steps, the same as fakeokx",
    ),
    "sandbox.differs": (
        "❌ {steps}步，与fakeokx有{count}处不同",
        "❌ {steps} steps, {count} difference(s) from fakeokx",
    ),
}


def say(key: str, lang: str, **params: object) -> str:
    """The sentence in the language."""
    return in_language(SANDBOX[key], lang, **params)
