"""Every sentence this library says to people, by message id, in Chinese and in English.

1. A message is a pair (zh, en) with the same placeholders in both; a test holds that.
2. What findings say is in ``findingwords.py``, the report's own sentences are in ``wording.py``,
   those of the demo-trading check in ``sandboxwords.py``. ``next.*``: what to do after an error.
3. Placeholders are filled with text. ``message`` never fails for a missing value at night: an
   unknown placeholder stays visible as ``{name}``; an unknown id is shown as itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_persist.report.findingwords import CAUSE, REMEDY, WHAT, WHY
from prometheus_persist.report.sandboxwords import SANDBOX
from prometheus_persist.report.terms import TERMS
from prometheus_persist.report.wording import PAGE, REPORT

LANGUAGES: Final = ("zh", "en")

NEXT: Final[Mapping[str, tuple[str, str]]] = {
    "next.report_bug": (
        "这是本程序的缺陷：保留数据目录，附上完整输出报告问题",
        "this is a defect of this program: keep the data directory and report the full output",
    ),
    "next.fix_call": ("更正调用；重试不会改变结果", "correct the call; a retry changes nothing"),
    "next.fix_value": ("更正这个值", "correct this value"),
    "next.fix_config": ("更正配置或命令行参数", "correct the setting or the command line"),
    "next.plan_again": (
        "重新生成并审阅方案：prometheus-persist reconcile --plan plan.json",
        "make and read a new plan: prometheus-persist reconcile --plan plan.json",
    ),
    "next.unfreeze": (
        "先查清原因，再写明理由解除冻结",
        "find out why, then lift the freeze with a reason",
    ),
    "next.retry_venue": (
        "检查网络与API密钥后重试；在此之前没有任何持仓被视为已平仓",
        "check the network and the API key, then try again; until then nothing is called flat",
    ),
    "next.check_venue_answer": (
        "查看交易所的错误码，处理后重试",
        "look up the exchange's error code, then try again",
    ),
    "next.confirm": (
        "审阅以上方案；在终端确认，或以 --yes 执行",
        "read the plan above; confirm it on a terminal, or run again with --yes",
    ),
    "next.check_disk": (
        "检查磁盘空间与硬件；未确认的写入不算已保存",
        "check the disk's space and health; what was not acknowledged is not saved",
    ),
    "next.store_damaged": (
        "不要修改文件；先备份目录，再运行 prometheus-persist verify",
        "do not edit the files; copy the directory, then run prometheus-persist verify",
    ),
    "next.store_newer": (
        "该目录由更新的版本写入；请升级 prometheus-persist 后重试，不要修改文件",
        "a newer version wrote this; upgrade prometheus-persist, do not edit the files",
    ),
    "next.store_locked": (
        "另一个进程正在使用该目录；先停止它",
        "another process uses this directory; stop it first",
    ),
}

CLI: Final[Mapping[str, tuple[str, str]]] = {
    "cli.error": ("错误:", "error:"),
    "cli.next": ("下一步:", "next:"),
    "cli.internal": ("内部错误:", "internal error:"),
    "cli.fresh": ("{directory} 中没有恢复数据", "{directory} holds nothing to restore"),
    "cli.status": ("存储状态", "Store"),
    "cli.saved": ("已保存：序号{seq}，快照 {path}", "saved: sequence {seq}, snapshot {path}"),
    "cli.restored": (
        "已恢复到序号{seq}（{time}），用时{ms}毫秒",
        "restored to sequence {seq} ({time}) in {ms} ms",
    ),
    "cli.snapshots": ("快照与历史基点", "Snapshots and history"),
    "cli.repaired": (
        "✅ 修复完成：处理文件{files}个，保留到序号{seq}",
        "✅ repaired: {files} file(s), everything up to sequence {seq} is kept",
    ),
    "cli.repair_due": (
        "需修复文件{files}个，可保留到序号{seq}；未作任何改动",
        "{files} file(s) to repair, everything up to sequence {seq} is kept; nothing was changed",
    ),
    "cli.agents_only": (
        "仅恢复Agent：{agents}个；未恢复：账簿、持仓、流水、未结订单{intents}个",
        "agents only: {agents}; left out: ledgers, positions, records, {intents} open order(s)",
    ),
    "cli.verified": (
        "✅ 完好：序号{seq}，文档{documents}个，流水记录{records}条",
        "✅ sound: sequence {seq}, {documents} documents, {records} stream records",
    ),
    "cli.verified_damaged": (
        "⚠️  损坏{damages}处，仍可完整恢复到序号{seq}：文档{documents}个，流水记录{records}条",
        "⚠️  {damages} damage(s); a restore reaches sequence {seq}: {documents} documents, "
        "{records} stream records",
    ),
    "cli.row.directory": ("目录", "directory"),
    "cli.row.fresh": ("全新", "fresh"),
    "cli.row.last_save": ("上次保存", "last save"),
    "cli.row.sequence": ("序号", "sequence"),
    "cli.row.epoch": ("启动次数", "epoch"),
    "cli.row.cycles": ("运行周期", "cycles"),
    "cli.row.agents": ("Agent", "agents"),
    "cli.row.records": ("公共账簿记录", "public records"),
    "cli.row.open_intents": ("未结订单", "open orders"),
    "cli.row.frozen": ("已冻结", "frozen"),
    "cli.row.snapshots": ("快照", "snapshots"),
    "cli.row.damages": ("损坏", "damages"),
    "cli.row.digest": ("摘要", "digest"),
    "cli.confirm": ("执行以上纠正？", "make these corrections?"),
    "cli.confirm_flatten": (
        "执行以上纠正，并以市价只减仓平掉全部持仓？",
        "make these corrections, then close every position at market, reduce-only?",
    ),
    "cli.not_applied": ("未作任何改动", "nothing was changed"),
    "cli.everything": ("全部", "everything"),
    "cli.frozen": ("已冻结{name}：{reason}", "frozen: {name} ({reason})"),
    "cli.unfrozen": ("已解除{name}的冻结：{reason}", "no longer frozen: {name} ({reason})"),
    "cli.damage.repaired": ("可修复", "can be repaired, nothing is lost"),
    "cli.damage.repaired_done": ("已修复", "repaired, nothing was lost"),
    "cli.damage.ignored": ("无影响", "harmless, not needed"),
    "cli.damage.ignored_done": ("无影响", "harmless, not needed"),
    "cli.damage.altered": (
        "审计链在此断开：此行之前的记录可信；恢复不需要它",
        "the audit's chain breaks here: the lines before it are proven; no restore needs them",
    ),
    "cli.damage.lost": (
        "无法修复；若此处曾有已确认的提交，则已丢失",
        "beyond repair; if an acknowledged commit stood there, it is lost",
    ),
    "cli.damage.lost_done": (
        "无法修复；若此处曾有已确认的提交，则已丢失",
        "beyond repair; if an acknowledged commit stood there, it is lost",
    ),
}

MESSAGES: Final[Mapping[str, tuple[str, str]]] = {
    **WHAT,
    **CAUSE,
    **REMEDY,
    **WHY,
    **NEXT,
    **CLI,
    **REPORT,
    **PAGE,
    **TERMS,
    **SANDBOX,
}


class _Visible(dict[str, str]):
    """Placeholders that nobody filled stay visible."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def message(message_id: str, lang: str, **params: str) -> str:
    """The sentence in ``lang`` (``zh``, else English), filled in."""
    pair = MESSAGES.get(message_id)
    if pair is None:
        return message_id
    return (pair[0] if lang == "zh" else pair[1]).format_map(_Visible(params))
