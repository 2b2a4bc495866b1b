"""The sentences of the page of the kept past, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PAST_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "past.title": ("历史浏览", "History"),
    "past.span": (
        "提交{first}–{last}，共{n}次保存",
        "commits {first}–{last}, {n} saves",
    ),
    "past.total": (
        "全部Agent的权益，含已死亡（USDT）",
        "Equity of all agents, the dead included (USDT)",
    ),
    "past.marks": ("启动、中断与恢复", "Starts, interruptions, recoveries"),
    "past.when": ("时间", "time"),
    "past.what": ("事件", "event"),
    "past.commit": ("提交", "commit"),
    "past.about": ("对象", "about"),
    "past.epoch": ("启动", "epoch"),
    "past.opened": ("第{epoch}次启动", "opened, epoch {epoch}"),
    "past.opened_word": ("启动", "opened"),
    "past.ended": (
        "结束时没有收尾保存：被杀死、单条命令，或已无可保存",
        "ended without a closing save: killed, a single command, or nothing left to save",
    ),
    "past.ended_word": ("没有收尾保存（如被杀死）", "no closing save (killed, say)"),
    "past.closed": ("正常关闭", "closed"),
    "past.recovered": ("恢复后首次对账纠正", "recovered: reconciled after the start"),
    "past.reconcile": ("对账纠正", "reconciliation applied"),
    "past.death": ("Agent死亡", "an agent died"),
    "past.frozen": ("冻结", "frozen"),
    "past.unfrozen": ("解除冻结", "no longer frozen"),
    "past.down": ("停机", "not running"),
    "past.long": ("多头（张）", "long (contracts)"),
    "past.short": ("空头（张）", "short (contracts)"),
    "past.held_now": ("{key}：现有{contracts}张", "{key}: {contracts} contracts now"),
    "past.unshown": ("有无法显示的部分", "A part cannot be shown"),
    "past.gap": (
        "提交{first}–{last}（{since} 至 {until}）：{why}",
        "commits {first}–{last} ({since} to {until}): {why}",
    ),
    "past.problem": ("{text}", "{text}"),
    "past.is_new": ("新增", "new"),
    "past.is_gone": ("删除", "removed"),
    "past.differs": ("已变化（不显示内容）", "changed (its value is not shown)"),
    "past.records": ("条记录", "record(s)"),
    "past.more_fields": ("另有{n}个字段", "{n} more field(s)"),
    "past.no_script": (
        "点击查看每次提交的变化需要启用脚本",
        "A click shows what a commit changed where scripts are allowed",
    ),
    "past.some_agents": (
        "图中为{of}个Agent中的{n}个：先列有持仓的，再列权益变动最大的",
        "{n} of {of} agents are drawn: those that held positions first, then those whose equity "
        "moved most",
    ),
    "past.some_commits": (
        "{of}次提交中列出{n}次的内容：启动、对账、冻结、死亡与关闭，最新的，以及较早的每隔若干次",
        "{n} of {of} commits can be opened: starts, recoveries, freezes, deaths and closings, the "
        "newest, and every so many of the older",
    ),
    "past.missing": (
        "该段没有完好的副本",
        "no sound copy of what was written there is left",
    ),
    "past.written": (
        "✅ 已写入 {path}：提交{first}–{last}，{kib} KiB",
        "✅ written to {path}: commits {first}–{last}, {kib} KiB",
    ),
    "past.some_marks": (
        "只列最新的{n}个事件，共{of}个",
        "the newest {n} of {of} events are listed",
    ),
    "past.thinned": (
        "每条曲线至多约{n}个点：每段时间保留最先、最后、最低与最高",
        "a curve has some {n} points: of each stretch of time the first, last, lowest and highest",
    ),
    "past.values": (
        "只显示本库定义的字段的内容；宿主自己的字段只显示名称",
        "values are shown of the library's own fields; of a host's own fields only their names",
    ),
    "past.why.trade": ("成交", "trade"),
    "past.why.death": ("死亡", "death"),
    "past.why.birth": ("新增Agent", "birth"),
    "past.why.cycle": ("周期", "cycle"),
    "past.why.reconcile": ("对账纠正", "reconciliation"),
    "past.why.exit": ("关闭", "exit"),
    "past.why.manual": ("手动", "manual"),
    "past.why.intent": ("订单意图", "order intent"),
    "past.why.outcome": ("订单结果", "order outcome"),
    "past.why.frozen": ("冻结", "frozen"),
    "past.why.unfrozen": ("解除冻结", "unfrozen"),
    "past.why.created": ("创建", "created"),
}
