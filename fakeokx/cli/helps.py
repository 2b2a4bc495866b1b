"""What the ``--help`` of ``fakeokx`` says, in Chinese by its English, and its examples."""

from collections.abc import Mapping
from typing import Final

Example = tuple[tuple[str, str], str]

HELPS: Final[Mapping[str, str]] = {
    # what the parser says by itself
    "Usage": "用法",
    "Options": "选项",
    "Arguments": "参数",
    "Commands": "命令",
    "Examples": "示例",
    "Show this message and exit.": "显示本帮助。",
    "Install completion for the current shell.": "为当前 shell 安装命令补全。",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "显示当前 shell 的补全脚本，供复制或自行安装。"
    ),
    # the program
    "An OKX v5 exchange on your own machine: REST, orders, positions, stops, faults.": (
        "本机上的 OKX v5 交易所：REST、订单、持仓、止损、故障。"
    ),
    "Say which, and leave.": "显示版本号。",
    "zh or en; default by locale.": "zh 或 en；默认按系统语言。",
    # serve
    "Serve until Ctrl+C or SIGTERM. An existing ledger wins over --seed, --pos-mode, --balance.": (
        "运行到 Ctrl+C 或 SIGTERM 为止。已有账本时，--seed、--pos-mode、--balance 不起作用。"
    ),
    "On an address that other machines can reach, the control API asks for a token, which is "
    "printed.": "监听其他机器能访问的地址时，控制接口需要令牌，启动时会显示。",
    "Address to listen on.": "监听的地址。",
    "Port; 0 takes any free one.": "端口；0 表示任一空闲端口。",
    "Where the ledger is kept; default: a temporary directory.": "账本所在目录；默认为临时目录。",
    "Base of the ids of a new venue.": "新交易所编号的起点。",
    "Position mode of a new venue: net_mode or long_short_mode.": (
        "新交易所的持仓模式：net_mode 或 long_short_mode。"
    ),
    "USDT of a new venue.": "新交易所的 USDT 余额。",
    "File of API keys, a line each, - for stdin: "
    "NAME:SECRET:PASSPHRASE[:read_only|trade[:ACCOUNT]].": (
        "API 密钥文件，每行一个，- 表示标准输入：NAME:SECRET:PASSPHRASE[:read_only|trade[:ACCOUNT"
        "]]。"
    ),
    "A further account, empty; repeatable.": "另开一个空账户；可重复。",
    "NAME=VALUE of a switch (see the README); repeatable.": (
        "开关 NAME=VALUE（见 README）；可重复。"
    ),
    "Answer 50011 as OKX would.": "像OKX一样限频，超出答复 50011。",
    "Serve https and wss with a test CA of its own.": "用自带的测试证书提供 https 和 wss。",
    "Another host name that requests may ask for; repeatable.": "请求中还可使用的主机名；可重复。",
    "No token for the control API, whoever reaches it.": "控制接口不要令牌，谁都可以访问。",
    "Print one JSON line when ready.": "就绪时打印一行 JSON。",
    # coverage
    "Every endpoint, channel and operation that is served.": "支持的全部接口、频道与操作。",
    "As JSON.": "输出 JSON。",
    # ctl
    "Steer a running fakeokx.": "操纵运行中的 fakeokx。",
    "Address of the running exchange.": "运行中的交易所地址。",
    "Its certificate authority, if it is an https one.": "其证书颁发机构的文件（https 时）。",
    "Choose the position mode of an account.": "设置账户的持仓模式。",
    "net_mode or long_short_mode.": "net_mode 或 long_short_mode。",
    "Account.": "账户。",
    "Choose where sources about OKX disagree, or show the choices.": (
        "关于OKX的资料说法不一之处，选定一种；不带参数则列出。"
    ),
    "Switch; all of them without.": "开关名；不写则列出全部。",
    "Its new value.": "新的取值。",
    "Open an account, or show them.": "开一个账户，或列出账户。",
    "A further account; without, shows all.": "另开的账户；不写则列出全部。",
    "Add an API key, or show them.": "添加 API 密钥，或列出密钥。",
    "Add NAME:SECRET:PASSPHRASE, asked for, or from stdin.": (
        "添加 NAME:SECRET:PASSPHRASE，由您输入，或取自标准输入。"
    ),
    "trade or read_only.": "trade 或 read_only。",
    "live, demo or any.": "live、demo 或 any。",
    "Of a demo account.": "属于模拟账户。",
    "Allowed address, repeatable.": "允许的地址，可重复。",
    "Remove an API key.": "删除 API 密钥。",
    "Key.": "密钥。",
    "Let an account hold what is not traded here.": "让账户持有这里不交易的产品。",
    "Kind; without, forgets what there is.": "种类；不写则清除已有的。",
    "Let an endpoint show these rows too.": "让某个接口另外返回这些行。",
    "Such as account/positions.": "如 account/positions。",
    "JSON list, or - for stdin.": "JSON 列表，或 - 表示标准输入。",
    "Replace the fault script, or show it with its counts.": "替换故障脚本，或显示它与触发次数。",
    "JSON list, or - for stdin; shows without.": "JSON 列表，或 - 表示标准输入；不写则显示。",
    "Remember where the exchange is, or show what is remembered.": (
        "记下交易所此刻的状态，或列出记下的。"
    ),
    "Its name; shows all without.": "名称；不写则列出全部。",
    "Be again what the checkpoint was.": "回到检查点的状态。",
    "Checkpoint.": "检查点。",
    "Announce to every WebSocket that it will be closed, and close it then.": (
        "通知每个 WebSocket 即将关闭，然后关闭。"
    ),
    "Milliseconds.": "毫秒。",
    "The newest events, newest first.": "最新的事件，新的在前。",
    "Everything the exchange knows.": "交易所知道的一切。",
    "Move the price; says what that set off.": "移动价格；显示由此触发了什么。",
    "Instrument, such as BTC-USDT-SWAP.": "合约，如 BTC-USDT-SWAP。",
    "Price.": "价格。",
    "Move the mark price alone.": "只移动标记价格。",
    "Seed the book; without a level there is none.": "设置盘口；不写档位则没有盘口。",
    "PX:SZ, repeatable.": "PX:SZ，可重复。",
    "Let the price go through a list by itself.": "让价格自动依次走过一列。",
    "Prices; none ends it.": "各个价格；不写则停止。",
    "Milliseconds between two.": "两个价格之间的毫秒数。",
    "Over and over.": "循环往复。",
    "Trade by hand, as another user of an account.": "手动交易，如同账户的另一个使用者。",
    "buy or sell.": "buy 或 sell。",
    "Contracts; base currency on spot.": "张数；现货为基础币数量。",
    "long or short; nothing in net mode.": "long 或 short；买卖模式（net）不写。",
    "Let the next execution stop after that many contracts.": "让下一次成交只成交这么多张。",
    "Take a position over and close it at the mark price.": "接管持仓，以标记价格强平。",
    "cross or isolated.": "cross 或 isolated。",
    "Auto-deleverage a position.": "对持仓自动减仓。",
    "Contracts; all of it without.": "张数；不写则为全部。",
    "Set the rate that the next fundings charge (write a negative one after --).": (
        "设定此后各次资金费的费率（负数写在 -- 之后）。"
    ),
    "Rate.": "费率。",
    "Settle a funding now.": "立即结算一次资金费。",
    "Rate; the one in force without.": "费率；不写则用现行的。",
    "End a contract: a future is delivered, a swap delisted.": (
        "终止合约：交割合约交割，永续合约下架。"
    ),
    "Price; the mark price without.": "价格；不写则用标记价格。",
    "Settle a futures contract for the day.": "对交割合约做当日结算。",
    "Change the size of a contract.": "改变合约面值。",
    "Contracts that one becomes.": "一张变成几张。",
    "In what was, too.": "过去的记录也一并改变。",
    "Let money arrive in an account.": "让资金进入账户。",
    "Currency.": "币种。",
    "Amount.": "数量。",
    "It leaves instead.": "改为转出。",
    "Suspend an instrument, or limit its prices.": "暂停合约，或限制其价格。",
    "live, suspend or preopen.": "live、suspend 或 preopen。",
    "Highest buying price.": "最高买入价。",
    "Lowest selling price.": "最低卖出价。",
    "Lift the limits.": "取消限制。",
    "Set the leverage of an account on an instrument.": "设置账户在某合约上的杠杆。",
    "Leverage.": "杠杆倍数。",
    "Let every account have at most so many waiting orders.": "每个账户最多可有这么多挂单。",
    "0 for any number.": "0 表示不限。",
    "Replace the notices that system/status shows.": "替换 system/status 显示的公告。",
    "Who is connected by WebSocket, and how long things take there.": (
        "谁经 WebSocket 连接，以及各项需要多久。"
    ),
    "Setting; all of them without.": "设置项；不写则列出全部。",
    "Run the exchange's clock ahead.": "把交易所的时钟拨快。",
    "Point ccxt at it: ccxt.okx({'apiKey': 'fakeokx-key', 'secret': 'fakeokx-secret', "
    "'password': 'fakeokx-pass', 'urls': {'api': {'rest': URL}, 'test': {'rest': URL}}}). Point "
    "python-okx at it: okx.Trade.TradeAPI('fakeokx-key', 'fakeokx-secret', 'fakeokx-pass', "
    "domain=URL). Move the market: fakeokx ctl --url URL price BTC-USDT-SWAP 51000.": (
        "让 ccxt 连接它：ccxt.okx({'apiKey': 'fakeokx-key', 'secret': 'fakeokx-secret', 'password"
        "': "
        "'fakeokx-pass', 'urls': {'api': {'rest': URL}, 'test': {'rest': URL}}})。让 python-okx "
        "连接它：okx.Trade.TradeAPI('fakeokx-key', 'fakeokx-secret', 'fakeokx-pass', domain=URL)。"
        "移动行情：fakeokx ctl --url URL price BTC-USDT-SWAP 51000。"
    ),
}

DETAILS: Final[Mapping[str, str]] = {"default": "默认", "env var": "环境变量", "required": "必填"}

KINDS: Final[Mapping[str, str]] = {
    "<path>": "<路径>",
    "<str>": "<文本>",
    "<int>": "<整数>",
    "<int range>": "<整数>",
    "<float>": "<数字>",
    "<list[str]>": "<文本，可重复>",
    "TEXT": "<文本>",
    "PATH": "<路径>",
    "INTEGER": "<整数>",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 [参数]...",
}

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "": (
        (("在本机启动", "start one here"), "serve --port 8765"),
        (
            ("移动价格", "move the price"),
            "ctl --url http://127.0.0.1:8765 price BTC-USDT-SWAP 51000",
        ),
        (("支持什么", "what it serves"), "coverage"),
    ),
    "serve": (
        (("任一空闲端口", "any free port"), "serve"),
        (("保留账本，下次接着用", "keep the ledger"), "serve --port 8765 --dir venue"),
        (("给测试程序读取", "for a test to read"), "serve --json"),
    ),
    "coverage": ((("给程序读取", "for a program"), "coverage --json"),),
    "ctl": (
        (("止损会触发吗", "does the stop fire?"), "ctl price BTC-USDT-SWAP 48000"),
        (("手动平掉一部分", "close a part by hand"), "ctl trade BTC-USDT-SWAP sell 2"),
        (("执行下一张订单，但不给应答", "drop the answer to the next order"),
         'ctl faults \'[{"action": "drop_answer", "operation": "place"}]\''),
        (("交易所知道的一切", "all that is true"), "ctl truth"),
    ),
}  # fmt: skip
