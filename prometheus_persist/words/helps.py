"""What ``--help`` says, in Chinese by its English: of each command its paragraphs, of each option
its line. The English stands at the command itself; a test holds that each has its Chinese here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HELPS: Final[Mapping[str, str]] = {
    # what the parser says by itself
    "Usage": "用法",
    "Options": "选项",
    "Arguments": "参数",
    "Commands": "命令",
    "Examples": "示例",
    "Exit codes": "退出码",
    "Show this message and exit.": "显示本帮助。",
    "Install completion for the current shell.": "为当前 shell 安装命令补全。",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "显示当前 shell 的补全脚本，供复制或自行安装。"
    ),
    # all commands
    "Save everything, come back from any crash, agree with the exchange.": (
        "保存一切，任何崩溃之后都能恢复，并与交易所对账一致。"
    ),
    "Say which, and leave.": "显示版本号。",
    "The store's directory.": "数据目录。",
    "Print JSON on stdout, talk on stderr.": "标准输出只有 JSON，提示写到标准错误。",
    "zh or en; default by locale.": "zh 或 en；默认按系统语言。",
    "Base URL of the exchange; empty for OKX itself. Keys come from OKX_API_KEY, OKX_API_SECRET "
    "and OKX_API_PASSPHRASE.": (
        "交易所地址；留空即OKX。密钥取自 OKX_API_KEY、OKX_API_SECRET 和 OKX_API_PASSPHRASE。"
    ),
    "OKX demo trading, or real.": "OKX模拟盘，或实盘。",
    # demo
    "Watch a trading system die and come back.": "看一个交易系统死去，再回来。",
    "It is killed with orders in flight, restored, reconciled, and run again: about ten seconds.": (
        "订单在途时被杀死，随后恢复、对账、继续运行：约十秒。"
    ),
    # status
    "Say what a store holds.": "显示数据目录里有什么。",
    "Health, last save, equity, agents, positions, freezes. Reads no more than it shows: damage is "
    "named where it came across it. Verify reads everything. The store may be in use.": (
        "健康状况、上次保存、权益、智能体、持仓、冻结。只读取要显示的部分：遇到的损坏会写明。全面"
        "检查用 "
        "verify。数据目录可以正在使用。"
    ),
    "Look again and again, until Ctrl+C (exit 130).": "不断刷新，直到 Ctrl+C（退出码 130）。",
    "With --watch: seconds between two looks.": "与 --watch 同用：两次刷新之间的秒数。",
    # init, wrap
    "Look at a bot, and write what wrap runs it by.": "查看一个机器人，写出供 wrap 使用的文件。",
    "Nothing of it is run: its source is read, and that of modules beside it. Lists its classes, "
    "lists that only grow, clients, what could not be saved, where it sends orders, and what a "
    "look at the source cannot tell. Lines of the file that a human has to answer are marked.": (
        "不运行其中任何代码：只读它与旁边模块的源码。列出类、只增不减的列表、客户端、无法保存的对象、"
        "发送订单之处，以及仅看源码无法判断的地方。文件中需要人回答的行有标记。"
    ),
    "A file, or a module by its name.": "文件，或模块名。",
    "The file to write; never one that is there.": "要写入的文件；已有的从不覆盖。",
    "Run a bot crash-safe, without an edit of it.": "不改一行代码，让机器人不怕崩溃地运行。",
    "The file says which places of its code to wrap: where its root is made, where orders are sent "
    "and whose they are, where to save. As it starts, everything is restored into it and "
    "reconciled; until that is well, its orders are refused. A place that is not there is an error "
    "before anything runs. Exit codes are the script's own, but for errors of ours.": (
        "该文件说明要包装代码中的哪些位置：根对象在哪里创建，订单从哪里发出、属于谁，何时保存。启动时恢复"
        "一切并对账；一致之前，它的订单被拒绝。位置不存在，在运行任何代码之前就报错。除本库的错误外，退出码"
        "是脚本自己的。"
    ),
    "What to wrap; init writes one.": "要包装什么；由 init 写出。",
    "What to run, behind a --.": "要运行什么，写在 -- 之后。",
    # explore
    "Draw the history that is kept, as one HTML page.": "把保留的历史画成一个网页。",
    "Equity and positions of every agent, what each commit changed on a click, and where the "
    "system was killed and recovered. Reads only, takes no lock: the store may be in use. Of a "
    "damaged store the page says what cannot be shown (exit 4). Bounded, however long the history "
    "is; fetches nothing; shows values of the library's own fields only.": (
        "每个智能体的权益与持仓，点击查看每次提交改了什么，并标出被杀死与恢复之处。只读，不加锁：数据目录"
        "可以正在使用。数据损坏时，页面说明哪些无法显示（退出码 4）。历史再长，页面也有界；不联网；"
        "只显示本库自己的字段。"
    ),
    "The store; like --dir.": "数据目录；同 --dir。",
    "The HTML file to write.": "要写入的 HTML 文件。",
    # verify
    "Read everything, say what is damaged.": "全部读一遍，写明哪里损坏。",
    "Changes nothing. Exit 0 where all that was saved comes back: what is damaged is named, and "
    "repair mends it. Exit 4 where something is lost, 2 where no store is (a disk not mounted).": (
        "不作任何改动。保存过的都能恢复则退出码为 0：损坏之处会写明，由 repair 修复。有丢失为 4，"
        "没有存储"
        "（磁盘未挂载）为 2。"
    ),
    # save
    "Take a full snapshot now.": "立即生成完整快照。",
    "Refreshes the readable files as well. The store must not be in use.": (
        "同时更新可读文件。数据目录不能正在使用。"
    ),
    # restore
    "Bring back the state, of now or earlier.": "恢复状态，现在的或更早的。",
    "Without --seq, --at or --dry-run the store itself is repaired and left ready. An earlier "
    "moment goes into a store of its own (--into), so that nothing newer is lost. With "
    "--agents-only every agent comes back with empty books of its capital; records, positions and "
    "open orders stay out.": (
        "不带 --seq、--at、--dry-run 时，修复数据目录本身，使其可用。更早的时刻写入新的目录（"
        "--into），"
        "不会丢失更新的内容。带 --agents-only 时，每个智能体以其资金和空账簿恢复；流水、持仓与未"
        "结订单不恢复。"
    ),
    "The state after this commit.": "这次提交之后的状态。",
    "The state at this time (ISO 8601; UTC unless it says).": (
        "这一时刻的状态（ISO 8601；未写明则为 UTC）。"
    ),
    "Write it as a new store into this directory.": "写成新的存储，放进这个目录。",
    "Agents, registry and Valhalla; needs --into.": (
        "只恢复智能体、登记表和英灵殿；须与 --into 同用。"
    ),
    "Write nothing at all.": "不写入任何内容。",
    # bench
    "Measure how fast saving and restoring are here.": "测量在这块磁盘上保存与恢复的速度。",
    "Beside raw writes, SQLite, LMDB and rewritten files: in one process, on one disk, in turns.": (
        "与直接写入、SQLite、LMDB、重写文件并列：同一进程、同一磁盘、轮流进行。"
    ),
    "Prints median, p99, p99.9 and the longest, and each ratio beside the bar it has to reach. "
    "A minute or two without --full. A missed bar is reported; the exit code is 0 unless --check. "
    "A bar that is nearer than the rounds are to each other is neither missed nor met. With "
    "--sizes every command runs on one large store, in a process of its own: seconds, and the peak "
    "of memory beside what the store holds.": (
        "显示中位数、p99、p99.9、最长值，以及每个比值和须达到的标准。不带 --full 时一两分钟。未"
        "达标会写明，"
        "除非用 --check，退出码为 0。各轮之间的差异大于离标准的距离时，既不算未达标也不算达标。带"
        " --sizes 时，每个命令在一个大存储上以单独的进程运行：用时"
        "，以及内存峰值"
        "与存储内容之比。"
    ),
    "Measure on the disk of this directory; left as it was.": (
        "测量这个目录所在的磁盘；目录保持原样。"
    ),
    "With 10,000 agents and 1,000,000 records: minutes.": (
        "用 10,000 个智能体和 1,000,000 条记录：数分钟。"
    ),
    "For each contestant; default 1, with --full 5.": "每种方式的秒数；默认 1，带 --full 为 5。",
    "Write it as one HTML page, too.": "另写成一个 HTML 页面。",
    "Exit 1 where a bar is missed.": "有未达标则退出码为 1。",
    "Seconds and memory of each command on a large store.": "每个命令在大存储上的用时与内存。",
    "With --sizes.": "与 --sizes 同用。",
    "Beside it, in turns, another version checked out there.": (
        "与签出在那里的另一个版本并列，轮流测量。"
    ),
    "With --sizes: medians of so many.": "与 --sizes 同用：取多少次的中位数。",
    # reconcile
    "Make the three books agree, with evidence.": "三方对账，有证据才纠正。",
    "Compares public ledger, private ledgers and exchange, and corrects what is proven. On a "
    "terminal it asks first; scripts say --yes. Without either, or with --plan or --policy "
    "observe, corrections are shown, not made: exit 3.": (
        "比较公共账簿、私有账簿与交易所，纠正有证据的差异。在终端会先询问；脚本用 --yes。两者都没"
        "有，或用了 "
        "--plan、--policy observe，则只显示纠正而不执行：退出码 3。"
    ),
    "What needs a human is left as it is, and the rest goes on: write it down with --plan "
    "plan.json, read it, approve it with --apply plan.json. Each question has its alternatives; "
    "the suggested one is taken unless --choose names another. An approval holds for this plan, "
    "store and account.": (
        "须由人决定的保持原样，其余照常：用 --plan plan.json 写出方案，审阅，再用 --apply "
        "plan.json 批准。每个"
        "问题都有选项；除非用 --choose 另选，按建议执行。批准只对这份方案、这个存储和这个账户有效。"
    ),
    "Only look: write the plan here, change nothing.": "只看：把方案写到这里，不作改动。",
    "Apply this plan, if it still holds.": "执行这份方案，前提是它仍然成立。",
    "With --apply: settle this finding another way than suggested. May be repeated.": (
        "与 --apply 同用：这一项不按建议，另选做法。可重复。"
    ),
    "Keep the books for this account from now on.": "今后改为这个账户记账。",
    "With --policy flatten --live: the real account whose positions are closed.": (
        "与 --policy flatten --live 同用：要平仓的真实账户。"
    ),
    "Apply what is proven without asking.": "有证据的直接纠正，不询问。",
    "adopt: correct what is proven. observe: only look. flatten: adopt, then close every position "
    "at market, reduce-only.": (
        "adopt：纠正有证据的。observe：只看。flatten：先 adopt，再以市价只减仓平掉全部持仓。"
    ),
    "Write the report as one HTML page, too.": "另把报告写成一个 HTML 页面。",
    "Check OKX demo trading step by step instead; needs no store.": (
        "改为逐步检查OKX模拟盘；不需要存储。"
    ),
    "With --sandbox: write its steps here.": "与 --sandbox 同用：把步骤写到这里。",
    # adopt
    "Put positions that exist already into both ledgers of the agents you name.": (
        "把已有持仓记入您指定的智能体的两本账簿。"
    ),
    "What the exchange shows and no agent holds yet, in exact contracts, with the row that proves "
    "it. No owner is guessed: what you do not name stays as it is. The store must not be in use; a "
    "running host calls Session.adopt.": (
        "指交易所有而尚无智能体持有的持仓，张数确切，并记下作为证据的那一行。不猜测归属：没有写明的保持原样。"
        "数据目录不能正在使用；运行中的程序用 Session.adopt。"
    ),
    "By instId, or 'BTC-USDT-SWAP cross net' where it has several positions; a part of one is "
    "POSITION=CONTRACTS@AGENT.": (
        "写 instId；同一合约有多个持仓时写 'BTC-USDT-SWAP cross net'；只给一部分则写 "
        "POSITION=CONTRACTS@AGENT。"
    ),
    # freeze, unfreeze
    "Refuse new entries on an instrument, or with --all every order.": (
        "不再接受某个合约的新开仓；用 --all 则拒绝一切订单。"
    ),
    "Orders that only reduce may pass an instrument's freeze. It survives restarts, until unfreeze "
    "lifts it. The store must not be in use; a running host calls Session.freeze.": (
        "合约冻结时，只减仓的订单仍可通过。重启后依然有效，直到 unfreeze 解除。数据目录不能正在使"
        "用；运行中的程序"
        "用 Session.freeze。"
    ),
    "The instrument, like BTC-USDT-SWAP.": "合约，如 BTC-USDT-SWAP。",
    "Every order of every agent.": "所有智能体的一切订单。",
    "Why; it goes into the audit.": "理由；写入审计。",
    "Lift the freeze of an instrument, or with --all the general one.": (
        "解除某个合约的冻结；用 --all 则解除全部冻结。"
    ),
    "The findings it stood for are remembered as seen, and do not freeze again. The store must not "
    "be in use; a running host calls Session.unfreeze.": (
        "它所对应的发现记为已看过，不会再次冻结。数据目录不能正在使用；运行中的程序用 "
        "Session.unfreeze。"
    ),
    # snapshots, tail, repair
    "List every image that a restore can start from.": "列出恢复可以从哪些快照和基准开始。",
    "Time, commit and size of each, whether it is sound, and where it lies; oldest first. Changes "
    "nothing.": "每个的时间、提交、大小、是否完好、所在位置；最早的在前。不作任何改动。",
    "Follow the commits as they are written.": "跟踪正在写入的提交。",
    "Each with its number, time, reason and the documents and streams it touches. Reads only, "
    "takes no lock: another process may be writing. Stop it with Ctrl+C.": (
        "每次提交的编号、时间、缘由，以及涉及的文档与流水。只读，不加锁：另一个进程可以正在写入。"
        "按 Ctrl+C 停止。"
    ),
    "Begin this many back.": "从最近多少次开始。",
    "Do not wait for more.": "不等待新的。",
    "One JSON object a line.": "每行一个 JSON 对象。",
    "Make damaged files what they ought to be, from what is good.": (
        "用完好的部分修复损坏的文件。"
    ),
    "What is overwritten is kept under damaged/ first. What cannot be made exactly what it was is "
    "refused with exit 4 and nothing is changed, unless --accept-loss names the last commit to "
    "keep. Where nothing is lost there is nothing to accept: exit 2.": (
        "被覆盖的内容先存入 damaged/。不能精确复原的，以退出码 4 拒绝，不作任何改动，除非用 "
        "--accept-loss 写明"
        "要保留到哪次提交。没有丢失就无需接受：退出码 2。"
    ),
    "Say it, do nothing.": "只说明，不执行。",
    "The last commit to keep; the rest is moved aside.": "要保留的最后一次提交；其余移开。",
    # orders
    "List the open orders; settle, give up or cancel one.": "列出未结订单；查询、放弃或撤销。",
    "The list has age, agent, what is known, and stops that have no position. It reads the books "
    "only, also beside a running host.": (
        "列出时间、智能体、已知情况，以及没有对应持仓的止损单。只读账簿，也可在程序运行时使用。"
    ),
    "Ask the exchange what became of open orders, and book it.": "向OKX查询未结订单的结果并入账。",
    "Exit 5 where one is still without an answer: it may be on its way; ask again.": (
        "仍有查不到的则退出码为 5：可能还在途中，请再查。"
    ),
    "Default: all that are open.": "默认：全部未结订单。",
    "End an open order without the exchange's word.": "没有OKX的答复，也了结一张未结订单。",
    "Should it show up there all the same, the next reconciliation takes it back to its agent.": (
        "若它日后还是出现在OKX，下一次对账会把它记回原来的智能体。"
    ),
    "Cancel an order at the exchange, and settle it.": "在OKX撤销一张订单并了结。",
    "What it had executed before is booked. Exit 5 where its end does not show yet.": (
        "此前已成交的部分会入账。尚未显示其结束则退出码为 5。"
    ),
    "An open order.": "未结订单。",
    "With --ord-id: its instrument.": "与 --ord-id 同用：它的合约。",
    "An order that is not open in the books, by OKX's id.": "账簿里没有的订单，用OKX的编号。",
    "With --ord-id: it is an algo id.": "与 --ord-id 同用：这是策略委托的编号（algoId）。",
}

DETAILS: Final[Mapping[str, str]] = {
    "default": "默认",
    "env var": "环境变量",
    "required": "必填",
}
"""What stands in brackets behind an option."""

KINDS: Final[Mapping[str, str]] = {
    "<path>": "<路径>",
    "<str>": "<文本>",
    "<int>": "<整数>",
    "<int range>": "<整数>",
    "<float>": "<数字>",
    "<float range>": "<数字>",
    "TEXT": "<文本>",
    "PATH": "<路径>",
    "INTEGER": "<整数>",
    "FLOAT": "<数字>",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 [参数]...",
}
"""What an option takes."""
