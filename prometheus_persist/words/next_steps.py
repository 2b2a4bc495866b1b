"""What to do next, in Chinese and English: pairs with the same placeholders.

``next.*`` after an error, ``step.*`` after a reconciliation (``steps.py``), a command behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NEXT: Final[Mapping[str, tuple[str, str]]] = {
    "next.report_bug": (
        "这是本程序的缺陷：保留数据目录，附上完整输出报告问题",
        "this is a defect of this program: keep the data directory and report the full output",
    ),
    "next.fix_call": ("更正调用；重试不会改变结果", "correct the call; a retry changes nothing"),
    "next.fix_value": ("更正这个值", "correct this value"),
    "next.fix_config": ("更正配置或命令行参数", "correct the setting or the command line"),
    "next.no_store": (
        "检查路径，以及该磁盘是否已挂载；新的存储由您的程序以 Session.open 建立",
        "check the path, and whether its disk is mounted; a new store is made by your program, "
        "with Session.open",
    ),
    "next.mirror_of_another": (
        "给这份副本单独的镜像目录：设置 mirror_dir，或环境变量 PERSIST_MIRROR_DIR=（留空表示放在"
        "数据目录内）；仅当原目录不再使用时，才删除镜像目录中的 owner.json，本目录随后成为其主人",
        "give the copy a mirror of its own: mirror_dir in its settings, or PERSIST_MIRROR_DIR= in "
        "the environment (empty: inside the directory); only if the other directory is never used "
        "again, delete owner.json in the mirror, and this directory becomes its owner",
    ),
    "next.forked_child": (
        "子进程自行打开另一个目录，或把保存交给父进程",
        "have the child open a store of its own, or leave saving to the parent",
    ),
    "next.plan_again": (
        "重新生成并审阅方案",
        "make and read a new plan",
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
    "next.as_told": ("照此处理后重试", "do so, then try again"),
    "next.confirm": (
        "审阅以上方案；在终端确认，或执行",
        "read the plan above; confirm it on a terminal, or run",
    ),
    "next.check_disk": (
        "检查磁盘空间与硬件；未确认的写入不算已保存",
        "check the disk's space and health; what was not acknowledged is not saved",
    ),
    "next.log_unread": (
        "检查磁盘后重试；若这份日志确已无法读取，可将其移入 damaged/ 后继续，恢复不需要它",
        "check the disk, then try again; where this log is gone for good, have it set aside and go "
        "on, no restore needs it",
    ),
    "next.read_only": (
        "该文件系统是只读的：以可写方式重新挂载后重试；其中的数据没有损坏",
        "the file system is read-only: mount it for writing, and try again; nothing on it is "
        "damaged by that",
    ),
    "next.no_rights": (
        "没有权限：以该目录所有者的身份运行，或更正权限；数据没有损坏",
        "no permission: run it as the owner of the directory, or correct the rights; nothing is "
        "damaged by that",
    ),
    "next.store_damaged": (
        "不要修改文件；先备份目录，再运行",
        "do not edit the files; copy the directory, then run",
    ),
    "next.store_newer": (
        "该目录由更新的版本写入；请升级 prometheus-persist 后重试，不要修改文件",
        "a newer version wrote this; upgrade prometheus-persist, do not edit the files",
    ),
    "next.store_locked": (
        "另一个进程正在使用该目录；先停止它",
        "another process uses this directory; stop it first",
    ),
    "next.sandbox_keys": (
        "在OKX网页切换到模拟交易，在“模拟盘API”创建有交易权限的Key，并设置OKX_API_KEY、"
        "OKX_API_SECRET、OKX_API_PASSPHRASE；实盘Key在这里不会被使用",
        "switch OKX to demo trading, create a key with trade permission under its demo trading "
        "API, and set OKX_API_KEY, OKX_API_SECRET, OKX_API_PASSPHRASE; keys of the real account "
        "are not used here",
    ),
    "next.sandbox_mode": (
        "在OKX模拟盘把账户模式改为合约模式",
        "set the demo account to futures mode at OKX",
    ),
    "next.sandbox_free": (
        "在模拟盘平掉其中一个合约的持仓并撤销其挂单，或使用另一个模拟账户",
        "close the position and cancel the orders on one of them, or use another demo account",
    ),
}

STEP: Final[Mapping[str, tuple[str, str]]] = {
    "step.reason": ("已人工查清", "cleared up by hand"),
    "step.go_on": ("无需处理，可以交易", "nothing is left to do: trading may go on"),
    "step.correct": (
        "差异都有证据：执行纠正，之后即可交易",
        "what differs is proven: have it corrected, then trading may go on",
    ),
    "step.correct_rest": (
        "有证据的部分可先纠正，其余合约随即可以交易",
        "have what is proven corrected: the other instruments may trade then",
    ),
    "step.observed": (
        "本次只观察，未开放交易：不带 --policy observe 再对账一次",
        "this run only observed and opened nothing: reconcile without --policy observe",
    ),
    "step.read_again": (
        "网络与API密钥正常后重新对账；读取完整之前保持关闭",
        "reconcile again once network and API key are well; it stays shut until the exchange was "
        "read in full",
    ),
    "step.read_again_soon": (
        "数据尚未跟上：稍候重新对账（通常几秒）",
        "the exchange's data is behind: reconcile again in a few seconds",
    ),
    "step.postponed": (
        "途中的订单会在几秒内得到答复或被判定：随后重新对账",
        "orders on their way are answered or judged within seconds: reconcile again then",
    ),
    "step.adopt": (
        "{key}：账簿里没有。若属于某个智能体，把 AGENT 换成它的名字（CONTRACTS@AGENT 只给一部分）；"
        "不属于任何智能体的，从命令里去掉",
        "{key}: not in the books. Where it is an agent's, put its name for AGENT (CONTRACTS@AGENT "
        "gives a part); take out what is no agent's",
    ),
    "step.write_plan": (
        "1. 生成方案并审阅",
        "1. write the plan and read it",
    ),
    "step.apply_plan": (
        "2. 批准：每项按标★的建议执行",
        "2. approve it, with the alternatives marked ★",
    ),
    "step.host_books": (
        "宿主自己的账簿：在它的进程里按上面所写改正，再执行 p.recover()；或用 p.approve() 保持不变",
        "the host's own books: in its process set what is due, as said above, then p.recover(); or "
        "p.approve() leaves them as they are",
    ),
    "step.host_doors": (
        "宿主自己的账簿：在它的进程里执行 p.recover()，由宿主的入口更正",
        "the host's own books: p.recover() in its process has its doors put them right",
    ),
    "step.host_view": (
        "修正宿主的视图，再在它的进程里执行 p.recover()",
        "mend the host's view, then p.recover() in its process",
    ),
    "step.if_true": (
        "若{finding}所述确属实情：先用 --plan 生成方案，再明确选择",
        "if what {finding} says is true after all: write a plan first, then choose it by name",
    ),
    "step.accept_history": (
        "2. 接受更早的历史无从得知，以OKX仍有的数据为准",
        "2. accept that what came before is not known, and take what OKX still keeps for the whole",
    ),
    "step.orders": (
        "{n}张订单结果未知，只妨碍它们自己：查看",
        "{n} order(s) without an answer, which hold up nothing but themselves: look at them",
    ),
    "step.settle_orders": (
        "   向OKX查询并入账",
        "   ask OKX for them, and book what they did",
    ),
    "step.give_up_order": (
        "   查不到而必须了结时，写明理由放弃{order}",
        "   where OKX will never tell, give {order} up with a reason",
    ),
    "step.cancel_stop": (
        "撤销没有持仓可平的止盈止损单{order}",
        "cancel stop {order}, which has no position to close",
    ),
    "step.cancel_stray": (
        "撤销不应存在的挂单{order}",
        "cancel order {order}, which should not rest",
    ),
    "step.unfreeze": (
        "查清之后解除{inst_id}的冻结（只减仓的订单一直可以通过）",
        "lift the freeze of {inst_id} once it is cleared up (what only reduces passes all along)",
    ),
    "step.unfreeze_all": (
        "查清之后解除全部冻结",
        "lift the general freeze once it is cleared up",
    ),
    "step.right_keys": (
        "换用账户{account}（{environment}）的API密钥后重新对账",
        "set the API key of account {account} ({environment}) and reconcile again",
    ),
    "step.adopt_account": (
        "或者：今后改为账户{uid}（{shown}）记账",
        "or keep the books for account {uid} ({shown}) from now on",
    ),
    "step.flatten_again": (
        "还有持仓没有平掉：再执行一次",
        "positions are left: close them by another run",
    ),
}
