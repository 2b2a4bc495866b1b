"""What the harness says of a run that it judged: what was looked at, what it takes for granted,
what was wrong, and the figures of the criteria. In English where it comes up and in every file that
machines read; here in Chinese, for people. ``test_chaos_languages`` finds each sentence in the
source and holds that it is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chaos.report.words import Lang
from prometheus_persist.report.in_chinese import SENTENCES, translator

JUDGES: Final[Mapping[str, str]] = {
    # where it was looked at
    "at the end": "结束时",
    "life {n}": "第 {n} 次运行",
    "after child {n}": "子进程 {n} 之后",
    "after damage {n}": "第 {n} 处损坏之后",
    "nobody": "无归属",
    "flat": "空仓",
    # the books
    "{rule} {label}: private and public ledger agree": "{rule} {label}：私有账本与公共账本一致",
    "{rule} {label}: agents plus unattributed are what the exchange holds": (
        "{rule} {label}：各 Agent 加无归属等于交易所的持仓"
    ),
    "{inst_id}: books {ours}, exchange {theirs}": "{inst_id}：账面 {ours}，交易所 {theirs}",
    "{rule} {label}: every owner holds what its own orders bought": (
        "{rule} {label}：每个持有者所持等于自己订单的成交"
    ),
    "{owner}: books {found}, own orders {bought}": "{owner}：账面 {found}，自己的订单 {bought}",
    "{rule} {label}: capital is what it was plus profit and fees": (
        "{rule} {label}：资金等于期初加盈亏与手续费"
    ),
    "{agent}: books {has}, own fills {ought}": "{agent}：账面 {has}，自己的成交 {ought}",
    "{label}: every copy of an agent's money agrees": "{label}：Agent 资金的每一份都一致",
    "{name} has no ledger": "{name} 没有账本",
    "{name}: document, private and public capital are {values}": (
        "{name}：文档、私有与公共账本的资金分别为 {values}"
    ),
    "{name}: total profit {own}, public {public}": "{name}：总盈亏 {own}，公共账本 {public}",
    "{name}: gained {gained}, the streams say {due}": "{name}：增加了 {gained}，流水为 {due}",
    "a stopped start leaves every ledger file as it was, byte for byte": (
        "启动中止时，每个账本文件逐字节不变"
    ),
    "child {n} changed {name}": "子进程 {n} 改动了 {name}",
    # what becomes of orders
    "{label}: every order at the exchange is known to the books exactly once": (
        "{label}：交易所的每个订单在账本中恰好一次"
    ),
    "{mark} known {times} times": "{mark} 在账本中 {times} 次",
    "{label}: no order was sent twice": "{label}：没有订单重复发送",
    "{mark} sent {times} times": "{mark} 发送了 {times} 次",
    "{label}: every fill is booked exactly once, to its owner": (
        "{label}：每笔成交恰好入账一次，记在其所有者名下"
    ),
    "{fill} of {owner} booked {public} and {private} times": (
        "{owner} 的成交 {fill}：公共账本入账 {public} 次，私有账本 {private} 次"
    ),
    "{extra} is booked and is no fill at the exchange": "{extra} 已入账，交易所却没有这笔成交",
    "{label}: every order at the exchange was written down before it left": (
        "{label}：交易所的每个订单在发出之前都已写下"
    ),
    "{mark} is at the exchange and in no book": "{mark} 在交易所，却不在任何账本中",
    "nothing frozen was sent ({refusals} attempts refused)": (
        "冻结的没有发出订单（拒绝了 {refusals} 次）"
    ),
    "child {run} sent {mark} on {inst_id}": "子进程 {run} 在 {inst_id} 上发出了 {mark}",
    # what came back
    "every acknowledged commit is there": "每个已确认的提交都在",
    "{n} acknowledged commits lost": "丢失了 {n} 个已确认的提交",
    "the restored state is the one said before commit R was written, exactly": (
        "恢复的状态与写入提交 R 之前所述完全一致"
    ),
    "{label} at {seq}: {differences}": "{label}，提交 {seq}：{differences}",
    "at most one commit ahead of the last acknowledged one": "至多比最后一个已确认的提交多一个",
    "{label}: {n} ahead": "{label}：多 {n} 个",
    "what the child held when a save returned is what was saved": (
        "保存返回时子进程所持有的，就是所保存的"
    ),
    "commit {seq}: {keys}": "提交 {seq}：{keys}",
    "damage is repaired and named by file": "损坏已修复，并按文件指明",
    "{path} ({kind}) was not named": "{path}（{kind}）没有指明",
    "{path}: nobody looked after it": "{path}：其后没有检查",
    "a second reconciliation finds nothing": "再次对账没有任何发现",
    "child {n}: {what}": "子进程 {n}：{what}",
    "the last acknowledged commit is there": "最后一个已确认的提交还在",
    "the restored state is one the program had": "恢复的状态是程序曾有过的",
    "killed while reopening, then reopened in peace: the same state each time": (
        "重新打开时被杀，再平静地打开：每次状态相同"
    ),
    "an operation that failed raised, with an error that has a name": (
        "失败的操作都抛出了有名称的错误"
    ),
    "nothing was raised": "没有抛出错误",
    "{kind} at operation {number} ({operation})": "{kind}，第 {number} 个操作（{operation}）",
    "{point}: acknowledged {acked}, restored {restored}": (
        "{point}：已确认 {acked}，恢复到 {restored}"
    ),
    "{point}: state of commit {seq} was never said": "{point}：提交 {seq} 的状态从未有过",
    "{point}: {n} commits ahead": "{point}：多 {n} 个提交",
    "any sampled moment of 24 hours is restored exactly, by number and by time": (
        "24 小时内任一抽样时刻，按编号与按时间都精确恢复"
    ),
    "{how} {asked}: {found}, due {due}": "{how} {asked}：{found}，应为 {due}",
    # reconciliation
    "no false correction": "没有错误的更正",
    "{step} where nothing was injected": "没有注入任何差异，却有 {step}",
    "{step} of a fill that does not exist: {mark}": "{step}：不存在的成交 {mark}",
    "{mark} belongs to {owner}, booked to {agent}": "{mark} 属于 {owner}，却记在 {agent} 名下",
    "ledger of {agent} rebuilt, nobody touched it": "{agent} 的账本被重建，而没有人动过它",
    "every injected deviation was found": "每个注入的差异都被发现",
    "stop {mark} fired": "止损 {mark} 触发",
    "order {mark} in flight": "在途订单 {mark}",
    "an approved plan was applied, and trading went on": "批准的方案已执行，交易得以继续",
    "every child left with the exit code that is due": "每个子进程都以应有的退出码结束",
    "child {n}: {code} instead of {due}": "子进程 {n}：退出码 {code}，应为 {due}",
    # somebody's own bot
    "after kill {life} it trades again": "第 {life} 次被杀之后恢复交易",
    "it placed no order, {see}": "没有下单，{see}",
    "it placed an order": "下过单",
    "see {path}": "见 {path}",
    "{what}, see {path}": "{what}，见 {path}",
    "life {life} was killed while it ran": "第 {life} 次运行是在运行中被杀的",
    "it had left with {code}, {see}": "它已自行退出，退出码 {code}，{see}",
    "the bot kept a store in PERSIST_DIR": "机器人的存储在 PERSIST_DIR 里",
    "nothing that was acknowledged was found there": "那里没有任何已确认的内容",
    "every acknowledged commit is there after each kill": "每次被杀之后，已确认的提交都在",
    "{acked} was acknowledged, {seq} is restored": "已确认到 {acked}，恢复到 {seq}",
    "a reconciliation at the end settles all of it, and leaves nothing to a human": (
        "最后一次对账解决了全部，没有留给人工的"
    ),
    "it traded what the judge can count": "交易的都是评判者能核算的合约",
    "what it left can be read": "它留下的可以读取",
    "its exchange ran to the end": "它的交易所一直在运行",
    "every order has an agent's tag (intent.params)": (
        "每个订单都有某个 Agent 的标签（intent.params）"
    ),
    "order {ord_id} has none": "订单 {ord_id} 没有",
    # what the harness takes for granted
    "the scenario was played to its end": "场景演完了",
    "orders were sent": "发送过订单",
    "child {n}: {fault} struck, and killed it": "子进程 {n}：{fault} 命中并使其终止",
    "struck {times} times, exit {code}": "命中 {times} 次，退出码 {code}",
    "child {n} ended by itself": "子进程 {n} 自行结束",
    "put down": "被强行终止",
    "the record is whole": "记录完整",
    "{n} torn": "{n} 行残缺",
    "a stop fired at the exchange": "交易所触发了止损",
    "the exchange was down": "交易所曾停机",
    "{path} was changed": "{path} 被改动",
    "every store was looked at": "每个存储都检查过",
    "the exchange's books were taken": "取得了交易所的账目",
    "oracle and exchange count the same orders": "核算与交易所的订单数一致",
    "exchange {there}, answered {answered}, strangers {strangers}": (
        "交易所 {there}，已应答 {answered}，外来 {strangers}"
    ),
    "every start that was not killed was timed": "每次未被杀的启动都计了时",
    "every kind was swept to its end": "每一类都扫描完了",
    "{kind}: struck exactly once at every point, and the child ended as it should": (
        "{kind}：每处恰好命中一次，子进程如期结束"
    ),
    "{n} points": "{n} 处",
    "reopenings were killed as well": "重新打开时也被杀过",
    "the child lived its day and was killed": "子进程过完了一天并被杀",
    "the moments were gone through to the end": "各时刻都检查完了",
    "moments were sampled both ways": "时刻按两种方式抽样",
    "saves were timed in a fresh store and in one that is a day old": (
        "在新存储与用了一天的存储中都为保存计了时"
    ),
    "its record was finished": "记录已写完",
    "its record is there": "记录在",
    "its record is the one that was written": "记录就是当时写下的",
    # the five criteria
    "exact": "精确",
    "{exact} agents in {states} restored states exact": (
        "{exact} 个 Agent、{states} 个恢复的状态精确"
    ),
    "{kills} kill points": "{kills} 个杀死点",
    "{share} of items settled": "{share} 的项目已解决",
    "found {found} deviations": "发现差异 {found}",
    "{wrong} false corrections": "错误更正 {wrong}",
    "{waiting} items rightly waited for a human": "{waiting} 项理应等待人工",
    "worst {worst} s, median {median} s": "最长 {worst} s，中位 {median} s",
    "{age}: median {median}, p99 {p99}, max {most} ms": (
        "{age}：中位 {median}，p99 {p99}，最长 {most} ms"
    ),
    "fresh": "新存储",
    "{hours} h old": "用了 {hours} 小时",
    "with readable files: max {most} ms": "含可读文件：最长 {most} ms",
    "{share} moments exact, over {lived} h": "{share} 个时刻精确，历时 {lived} 小时",
}
_in_chinese = translator({**SENTENCES, **JUDGES})


def said(text: str, lang: Lang) -> str:
    """One of those sentences, or several with semicolons between them, in a language."""
    if lang == "en":
        return text
    return "；".join(map(_in_chinese, text.split("; ")))
