"""The examples that ``--help`` ends with: by command, what each is for (zh, en) and its words.

A test parses every one of them, so none names a command or an option that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Example = tuple[tuple[str, str], str]

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "": (
        (("看一遍全过程", "watch all of it"), "demo"),
        (("数据目录里有什么", "what a store holds"), "status --dir persistence"),
        (("与OKX实盘对账", "reconcile with OKX, the real account"), "reconcile --live"),
    ),
    "demo": (
        (("报告用中文", "the report in Chinese"), "demo --lang zh"),
        (("一直交易，由您来杀死", "keep trading; the kill is yours"), "demo --keep-running"),
    ),
    "status": (
        (("默认目录", "the default directory"), "status"),
        (("一直看着", "keep looking"), "status --watch --every 5"),
        (("给程序读取", "for a program"), "status --dir persistence --json"),
    ),
    "explore": (
        (("保留的历史，一个网页", "the kept history, as a page"), "explore --out history.html"),
    ),
    "verify": ((("定时任务", "in a cron job"), "verify --dir persistence --json"),),
    "save": ((("升级或备份之前", "before an upgrade or a backup"), "save --dir persistence"),),
    "restore": (
        (("只看能恢复到哪里", "only see how far it comes back"), "restore --dry-run"),
        (
            ("某一时刻，写进新目录", "a moment of today, into a new directory"),
            "restore --at 2026-01-31T12:00:00Z --into before-noon",
        ),
        (("某次提交", "a commit by its number"), "restore --seq 1200 --into commit-1200"),
    ),
    "bench": (
        (("这里有多快", "how fast it is here"), "bench --html bench.html"),
        (("用于持续集成", "as a gate"), "bench --check --json"),
    ),
    "reconcile": (
        (("模拟盘，纠正前先询问", "demo trading; it asks before it corrects"), "reconcile"),
        (("写出方案，审阅", "write a plan, and read it"), "reconcile --live --plan plan.json"),
        (("批准它", "approve it"), "reconcile --live --apply plan.json"),
        (
            ("另选做法", "settle one finding another way"),
            "reconcile --live --apply plan.json --choose B-0123456789ab=nobody",
        ),
        (("只看，不改", "only look"), "reconcile --policy observe --html report.html"),
    ),
    "init": ((("看一看您的机器人", "look at a bot of yours"), "init bot.py"),),
    "wrap": (
        (
            ("不改一行代码，让它不怕崩溃", "run it crash-safe, without an edit"),
            "wrap persist_host.py -- bot.py --fast",
        ),
    ),
    "adopt": (
        (("整个持仓", "a whole position"), "adopt BTC-USDT-SWAP=LiveAgent_01 --live"),
        (
            ("分给两个智能体", "shared by two agents"),
            "adopt BTC-USDT-SWAP=2@LiveAgent_01 BTC-USDT-SWAP=1@LiveAgent_02 --live",
        ),
    ),
    "freeze": (
        (("一个合约", "one instrument"), "freeze BTC-USDT-SWAP --reason news"),
        (("全部", "everything"), "freeze --all --reason maintenance"),
    ),
    "unfreeze": (
        (("查清之后", "once it is cleared up"), "unfreeze BTC-USDT-SWAP --reason checked"),
    ),
    "snapshots": ((("可以回到哪里", "where a restore can begin"), "snapshots --dir persistence"),),
    "tail": (
        (("跟随运行中的系统", "beside a running system"), "tail --dir persistence"),
        (("最近一百次", "the last hundred"), "tail --last 100 --once --json"),
    ),
    "repair": (
        (("先看要修什么", "first see what it would do"), "repair --dry-run"),
        (("修复", "mend it"), "repair --dir persistence"),
    ),
    "orders": (
        (("未结订单", "what is open"), "orders --dir persistence"),
        (("向OKX查询", "ask OKX for all of them"), "orders settle --live"),
    ),
    "orders settle": (
        (("全部未结订单", "all that are open"), "orders settle --live"),
        (("其中一张", "one of them"), "orders settle LiveAgent01aaa2x00001g5hb00u --live"),
    ),
    "orders give-up": (
        (
            ("OKX不再保留它", "OKX keeps it no more"),
            "orders give-up LiveAgent01aaa2x00001g5hb00u --reason answered-by-support",
        ),
    ),
    "orders cancel": (
        (("一张未结订单", "an open order"), "orders cancel LiveAgent01aaa2x00001g5hb00u --live"),
        (
            ("账簿里没有的止损单", "a stop that no book knows"),
            "orders cancel --inst BTC-USDT-SWAP --ord-id 2510789768709120 --algo --live",
        ),
    ),
}
