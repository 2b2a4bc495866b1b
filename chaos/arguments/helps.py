"""What the harness's ``--help`` says, in Chinese by its English, which stands at the arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HEADINGS: Final[Mapping[str, str]] = {
    "usage: ": "用法：",
    "positional arguments:": "参数：",
    "options:": "选项：",
    "sweeps:": "扫描：",
    "saboteurs, by the sweep that has to catch them:": "故意的破坏，按应当发现它的扫描分列：",
    "optional arguments:": "选项：",
}

HELPS: Final[Mapping[str, str]] = {
    "show this help message and exit": "显示本帮助",
    "show program's version number and exit": "显示版本号",
    "data on stdout, talk on stderr": "标准输出只有数据，提示写到标准错误",
    "default: by locale": "默认按系统语言",
    # prometheus-chaos
    "`prometheus-chaos`: break the system on purpose and say exactly what survived.": (
        "`prometheus-chaos`：故意破坏系统，并准确说明什么留了下来。"
    ),
    "prometheus-chaos: break the system on purpose and say exactly what survived.": (
        "prometheus-chaos：故意破坏系统，并准确说明什么留了下来。"
    ),
    "the scenarios": "列出场景",
    "all of them, then the five criteria": "全部运行，然后给出五项标准",
    "one of them, repeatably": "其中一个，可重现",
    "judge a saved run again": "对保存的一次运行重新评判",
    "each file of a small store harmed, restored": "小存储的每个文件逐一损坏并恢复",
    "every bit, operation and error, unsampled": "每一位、每个操作、每种错误，不抽样",
    "each kind of discrepancy 200 times: recall": "每种差异 200 次：召回率",
    "one kind, repeatably": "其中一种，可重现",
    "3,000 random histories: safe, and a way out": "3,000 段随机历史：安全，且有出路",
    "nine hours; ten thousand executions: how long": "停机九小时、一万笔成交：需要多久",
    "the scenarios and what each is for": "列出场景，以及各自检验什么",
    "play scenarios and judge them": "运行场景并评判",
    "default: all": "默认：全部",
    "what run left in --out": "run 写入 --out 的目录",
    "default: all of them": "默认：全部",
    "one seed, one course of events": "同一个种子，同样的过程",
    "where records are kept; default: a new one": "记录保存的目录；默认新建一个",
    "every 12th operation, a short day": "每 12 个操作取一个，缩短的一天",
    "break the library on purpose": "故意破坏被测的库",
    "strike everywhere in a small store, and count": "在小存储的每一处施加故障并计数",
    "without sampling": "不抽样",
    "only this call, again for more; of interrupt and meanwhile": (
        "只打断这个调用，可重复；用于 interrupt 与 meanwhile"
    ),
    "inject discrepancies at random; was each one seen?": "随机注入差异；每一个都看到了吗？",
    "of each kind; 200": "每种的次数；200",
    "processes; 1": "进程数；1",
    "random histories: never open on wrong books, and what the report names leads out": (
        "随机历史：账错时决不放行，报告给出的步骤能走出去"
    ),
    "Several discrepancies of `detect` strike at once, in random histories. After the restart, and "
    "after every step that the report names, new entries pass only where the books are the "
    "exchange's; and the steps lead back to trading, or it is a dead end. Of --commands histories "
    "the steps are commands, run as printed by a shell against a store on disk and an exchange "
    "behind a port.": (
        "在随机历史里同时发生 `detect` 的多种差异。重启之后，以及报告给出的每一步之后，只有账簿与"
        "交易所一致的部分才能开新仓；这些步骤能回到交易，否则就是死路。其中 --commands 段历史的步骤"
        "是命令，按打印的原样由 shell 执行，面对磁盘上的存储和端口后面的交易所。"
    ),
    "just these in every history; default: at random": "每段历史只用这些；默认随机",
    "in this process; 3000": "在本进程内的段数；3000",
    "by commands, as printed; 300": "按打印的命令执行的段数；300",
    "of the first history; 0": "第一段历史的编号；0",
    "one seed, the same histories": "同一个种子，同样的历史",
    "recover from a long outage, timed, against the goals": "从长时间停机恢复并计时，与目标比较",
    "a tenth of the trades": "只用十分之一的成交",
    "your own bot, killed while it trades, judged": "您自己的机器人：交易时被杀，然后评判",
    "kill a bot of your own while it trades, and judge what came back": (
        "在您自己的机器人交易时杀死它，并评判恢复了什么"
    ),
    "The command is run on a fakeokx of its own, which it finds in PERSIST_OKX_URL with "
    "OKX_API_KEY, OKX_API_SECRET and OKX_API_PASSPHRASE; it keeps its store in PERSIST_DIR. "
    "It is killed while it trades, again and again, and judged by the exchange's own ledger.": (
        "命令在专用的 fakeokx 上运行：地址在 PERSIST_OKX_URL，账户在 OKX_API_KEY、"
        "OKX_API_SECRET 与 OKX_API_PASSPHRASE；数据目录在 PERSIST_DIR。"
        "它会在交易时被反复杀死，并以交易所自己的账本评判。"
    ),
    "how often; 5": "次数；5",
    "one seed, the same moments": "同一个种子，同样的时刻",
    "seconds for an order; 60": "等待一张订单的秒数；60",
    "where all of it is kept; default: a new one": "一切保存的目录；默认新建一个",
    "of the bot, with its arguments": "机器人的命令及其参数",
    # prometheus-persist demo
    "Kill a multi-agent trading system in the worst moment and watch it come back.": (
        "在最坏的时刻杀死一个多智能体交易系统，看它回来。"
    ),
    "where everything is kept (default: ./prometheus-demo)": (
        "一切所在的目录（默认：./prometheus-demo）"
    ),
    "trade in this process until a signal comes": "在本进程中一直交易，直到收到信号",
}
"""Longer texts are under their words joined by single blanks."""

DEMO: Final = """\
演示会启动一个崩溃后仍在的交易所（fakeokx），让十个智能体在上面交易，在一次保存的中途、订单在途时
用 SIGKILL 杀死交易系统；它死去期间止损被触发，有人手动交易；随后重新启动，并用交易所自己的账本核对
恢复的一切。每项核对都成立才以 0 退出；1：有错误；3：演示自身的前提不成立；7：磁盘不接受写入。

带 --keep-running 时，交易系统就是这个进程。在另一个终端用 kill -9 杀死它，再运行同一命令，阅读恢复
报告。Ctrl+C 会保存并以 130 退出。退出码 3：须由人决定，没有作任何改动。"""
