"""What the commands say, in Chinese and English: pairs with the same placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
