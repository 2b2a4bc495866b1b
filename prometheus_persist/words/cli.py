"""What the commands say, in Chinese and English: pairs with the same placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CLI: Final[Mapping[str, tuple[str, str]]] = {
    "cli.error": ("错误:", "error:"),
    "cli.colon": ("：", ": "),
    "cli.next": ("下一步:", "next:"),
    "cli.internal": ("内部错误:", "internal error:"),
    "cli.work.reads": ("读取", "reading"),
    "cli.work.replays": ("重放提交", "replaying commit"),
    "cli.work.writes": ("写入", "writing"),
    "cli.work.asks": ("查询交易所", "asking the exchange"),
    "cli.status": ("存储状态", "Store"),
    "cli.status.sound": (
        "✅ 所读部分完好（全面检查用verify）",
        "✅ sound, as far as was read (verify reads everything)",
    ),
    "cli.status.open": ("✅ 正在运行", "✅ open"),
    "cli.status.damaged": (
        "⚠️  有{n}处损坏，没有丢失数据；repair可修复",
        "⚠️  {n} damage(s), nothing is lost; repair mends them",
    ),
    "cli.status.lost": ("❌ 有{n}处数据丢失", "❌ {n} loss(es) of data"),
    "cli.status.all_frozen": ("⚠️  全部冻结", "⚠️  everything is frozen"),
    "cli.status.agents": ("{n}个（{alive}存活，{dead}死亡）", "{n} ({alive} alive, {dead} dead)"),
    "cli.status.cycles": ("{n}（共{hours}小时）", "{n} ({hours} h in all)"),
    "cli.status.saved": (
        "{time}，提交{seq}，第{epoch}次启动",
        "{time}, commit {seq}, epoch {epoch}",
    ),
    "cli.status.saved_ago": (
        "{ago}前（{time}），提交{seq}，第{epoch}次启动",
        "{ago} ago ({time}), commit {seq}, epoch {epoch}",
    ),
    "cli.status.equity": (
        "{equity}（存活者；未实现{unrealised}；全部累计盈亏{pnl}）",
        "{equity} (of the living; unrealised {unrealised}; PnL of all {pnl})",
    ),
    "cli.status.settled": ("{amount}（{time}对账时）", "{amount} (when reconciled, {time})"),
    "cli.status.snapshots": ("{n}个，最新 {newest}", "{n}, the newest {newest}"),
    "cli.status.watched": (
        "每{s}秒刷新，按Ctrl+C结束",
        "looked at every {s} s; Ctrl+C ends it",
    ),
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
    "cli.verified_lost": (
        "❌ 无法修复的丢失{losses}处（损坏共{damages}处）；可恢复到序号{seq}：文档{documents}个，"
        "流水记录{records}条",
        "❌ {losses} loss(es) beyond repair, {damages} damage(s) in all; a restore reaches "
        "sequence {seq}: {documents} documents, {records} stream records",
    ),
    "cli.nothing_lost": (
        "这里没有丢失任何数据，无需接受损失：去掉 --accept-loss 再运行 repair",
        "nothing is lost here, so there is no loss to accept: run repair without --accept-loss",
    ),
    "cli.verified_damaged": (
        "⚠️  损坏{damages}处，仍可完整恢复到序号{seq}：文档{documents}个，流水记录{records}条",
        "⚠️  {damages} damage(s); a restore reaches sequence {seq}: {documents} documents, "
        "{records} stream records",
    ),
    "cli.row.directory": ("目录", "directory"),
    "cli.row.health": ("状况", "health"),
    "cli.row.equity": ("权益", "equity"),
    "cli.row.settled": ("OKX资金", "at OKX"),
    "cli.row.positions": ("持仓", "positions"),
    "session.stopped": (
        "收到 {signal}，已停止；全部已保存（提交 {seq}）",
        "stopped by {signal}; everything is saved (commit {seq})",
    ),
    "cli.row.last_save": ("上次保存", "last save"),
    "cli.row.cycles": ("运行周期", "cycles"),
    "cli.row.agents": ("Agent", "agents"),
    "cli.row.records": ("公共账簿记录", "public records"),
    "cli.row.open_intents": ("未结订单", "open orders"),
    "cli.row.frozen": ("已冻结", "frozen"),
    "cli.row.snapshots": ("快照", "snapshots"),
    "cli.row.damages": ("所见损坏（全面检查用verify）", "damages seen (verify looks for all)"),
    "cli.confirm": ("执行以上纠正？", "make these corrections?"),
    "cli.confirm_flatten": (
        "执行以上纠正，并以市价只减仓平掉全部持仓？",
        "make these corrections, then close every position at market, reduce-only?",
    ),
    "cli.confirm_flatten_live": (
        "真实账户{uid}：执行以上纠正，并以市价只减仓平掉全部持仓。输入该账户的UID以确认",
        "REAL account {uid}: make these corrections, then close every position at market, "
        "reduce-only. Type the account's uid to go ahead",
    ),
    "cli.flatten_unnamed": (
        "平掉真实账户的全部持仓，须指明账户：在 --yes 之外写 --account UID",
        "this closes every position of a real account: name it, with --account UID beside --yes",
    ),
    "cli.flatten_unknown": (
        "OKX没有告知这些密钥属于哪个账户；未作任何改动",
        "OKX did not say which account these keys are of; nothing was changed",
    ),
    "cli.flatten_other": (
        "指明的是账户{named}，而这些密钥属于账户{uid}；未作任何改动",
        "account {named} was named, and these keys are of account {uid}; nothing was changed",
    ),
    "cli.not_applied": ("未作任何改动", "nothing was changed"),
    "cli.other_account": (
        "账簿属于账户{account}（{environment}），这些密钥属于账户{uid}（{shown}）；未作任何改动",
        "the books are kept for account {account} ({environment}), these keys are of account {uid} "
        "({shown}); nothing was changed",
    ),
    "cli.orders.none": ("没有未结订单", "no order is open"),
    "cli.orders.title": ("未结订单: {n}张", "Open orders: {n}"),
    "cli.orders.line": (
        "{order}  {outcome}, {age}前, {agent} {inst_id} {side} {contracts}张 ({kind})",
        "{order}  {outcome}, {age} old, {agent} {inst_id} {side} {contracts} contracts ({kind})",
    ),
    "cli.orders.booked": ("已入账{n}张", "{n} contracts booked"),
    "cli.orders.ord_id": ("OKX订单{id}", "OKX order {id}"),
    "cli.orders.child": ("已触发为订单{id}", "it fired as order {id}"),
    "cli.orders.parent": ("附在订单{id}上", "attached to order {id}"),
    "cli.orders.valid": ("有效期至{time}", "valid until {time}"),
    "cli.orders.alone": (
        "⚠️  没有可平的持仓：一旦触发，平掉的是别人的持仓",
        "⚠️  no position that it could close: if it fires it closes what others hold",
    ),
    "cli.orders.kind.order": ("普通订单", "regular"),
    "cli.orders.kind.algo": ("止盈止损单", "stop"),
    "cli.orders.settled": (
        "{order}: {outcome}, 共{contracts}张, 已入账{booked}张",
        "{order}: {outcome}, {booked} of {contracts} contracts booked",
    ),
    "cli.orders.unanswered": (
        "{order}: 仍无结果；至多再过{s}秒即可判定",
        "{order}: still without an answer; in {s} s at most it can be told",
    ),
    "cli.orders.given_up": ("{order}: 已放弃 ({reason})", "{order}: given up ({reason})"),
    "cli.orders.cancel_sent": ("{order}: OKX已受理撤单", "{order}: OKX took the cancel"),
    "cli.orders.cancel_refused": (
        "{order}: OKX没有撤销它 ({problem})",
        "{order}: OKX did not cancel it ({problem})",
    ),
    "cli.orders.which": (
        "写明订单号；账簿中没有的订单，写 --inst 与 --ord-id",
        "name a clOrdId; for an order that is not open in the books, --inst and --ord-id",
    ),
    "cli.orders.unknown": (
        "账簿中没有未结订单{order}；未结的有: {there}",
        "no open order {order}; open are: {there}",
    ),
    "cli.orders.reason": ('写明理由: --reason "…"', 'say why: --reason "…"'),
    "cli.orders.attached": (
        "{order} 还不单独存在：它随订单{parent}一起撤销",
        "{order} does not exist by itself yet: it goes with order {parent}",
    ),
    "cli.plan.none": (
        "{path} 不是 --plan 写出的方案: {problem}",
        "{path} is not a plan written by --plan: {problem}",
    ),
    "cli.plan.changed": (
        "{path} 写出之后被改动过，与它自己的哈希不符；请用 --plan 重新生成",
        "{path} was changed since it was written: its content is not what its hash says; make a "
        "new one with --plan",
    ),
    "cli.plan.store": (
        "{path} 是另一个存储的方案，不是 {directory} 的",
        "{path} is the plan of another store, not of {directory}",
    ),
    "cli.plan.environment": (
        "{path} 是{made}的方案，而本命令针对{given}",
        "{path} is a plan for {made}, and this command is for {given}",
    ),
    "cli.plan.account": (
        "{path} 是账户{account}的方案，而这些密钥属于账户{uid}",
        "{path} is a plan for account {account}, and these keys are of account {uid}",
    ),
    "cli.plan.stale": (
        "{path} 已过时：账簿或OKX此后有变化，现在的方案与它不同",
        "{path} is stale: the books or OKX have moved since, and the plan of now is another one "
        "than was approved",
    ),
    "cli.choose.form": (
        "--choose {text}: 应写作 编号=选项，如 B-0123456789ab=close_all",
        "--choose {text}: write FINDING=ALTERNATIVE, like B-0123456789ab=close_all",
    ),
    "cli.choose.finding": (
        "--choose: 方案中没有可选择的 {finding}；有: {there}",
        "--choose: the plan has nothing to choose for {finding}; it has: {there}",
    ),
    "cli.choose.way": (
        "--choose: {finding} 没有选项 {name}；有: {there}",
        "--choose: {finding} has no alternative {name}; it has: {there}",
    ),
    "cli.choose.twice": (
        "--choose: {finding} 被选择了两次，且不相同",
        "--choose: {finding} was chosen twice, and differently",
    ),
    "cli.everything": ("全部", "everything"),
    "cli.adopted": (
        "已记入 {agent} 的两本账簿：{key}，{contracts} 张，开仓价 {px}",
        "in both ledgers of {agent}: {key}, {contracts} contracts, entry price {px}",
    ),
    "cli.init_classes": ("类（属性个数）：", "classes (attributes):"),
    "cli.init_growing": ("只增不减的列表：", "lists that only grow:"),
    "cli.init_clients": ("交易所客户端（不保存）：", "clients, never saved:"),
    "cli.init_refused": ("无法保存，已跳过：", "cannot be saved, skipped:"),
    "cli.init_senders": ("发送订单之处，及属于谁：", "where orders are sent, and whose:"),
    "cli.init_unseen": ("仅看源码无法判断：", "what a look at the source cannot tell:"),
    "cli.init_written": (
        "已写入 {out}，其中 {asks} 处待您回答（# ?）。运行：prometheus-persist wrap {out} -- "
        "{script}",
        "{out} is written; {asks} lines of it ask you (# ?). Run it by: prometheus-persist wrap "
        "{out} -- {script}",
    ),
    "cli.wrap_new": (
        "已接入，从头开始；数据目录：{directory}",
        "attached, from the beginning; saved in {directory}",
    ),
    "cli.wrap_cut": (
        "上一个周期被打断，从头开始：已行动 {acted}；尚未决定 {undecided}",
        "a cycle was cut, and begins again: {acted} had acted; {undecided} had not decided",
    ),
    "cli.wrap_restored": (
        "已接入，从第 {cycle} 周期之后继续；数据目录：{directory}",
        "attached, goes on after cycle {cycle}; saved in {directory}",
    ),
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
