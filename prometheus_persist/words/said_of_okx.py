"""What goes wrong between us and OKX, by the English that says it, in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OKX: Final[Mapping[str, str]] = {
    "{url} is no address of an exchange: write https://HOST or https://HOST:PORT, with no user "
    "name, backslash, question mark or blank in it": (
        "{url} 不是交易所地址：应写作 https://HOST 或 https://HOST:PORT，其中不得有用户名、反斜杠、问号或空格"
    ),
    "{url} would send the API key over the wire unencrypted: http is for an exchange on this "
    "machine (127.0.0.1, ::1, localhost), anything else takes https": (
        "{url} 会把API密钥不加密地发出：http 只用于本机上的交易所（127.0.0.1、::1、localhost），"
        "其余须用 https"
    ),
    "it answers {code}, a redirect to {url}, which is not followed: keys are sent to no other "
    "address": "它答复 {code}，要求转到 {url}；不予跟随：密钥不发往其他地址",
    "{name} is no reader of an exchange: give OkxReader(okx), okx from ccxt": (
        "{name} 不能读取交易所：请给 OkxReader(okx)，okx 为 ccxt 的客户端"
    ),
    "reading OKX needs an API key, its secret and its passphrase": (
        "读取OKX需要API密钥、密钥的 secret 与口令（passphrase）"
    ),
    "reading OKX needs ccxt: pip install 'prometheus-persist[okx]'": (
        "读取OKX需要 ccxt：pip install 'prometheus-persist[okx]'"
    ),
    "OKX does not answer: {problem}": "OKX没有应答：{problem}",
    "expTime is {value}, Unix milliseconds are due": "expTime 为 {value}，应为 Unix 毫秒",
    "{inst_id}: an order to cancel has an ordId or a clOrdId": (
        "{inst_id}：要撤的单须有 ordId 或 clOrdId"
    ),
    "the answer holds no row": "答复里没有内容",
    "the answer holds no list of rows": "答复里没有列表",
    "the answer is empty": "答复为空",
    "the answer is about another order": "答复的是另一张订单",
    "two executions are called alike": "两笔成交编号相同",
    "no two answers agree": "两次答复不一致",
    "more than {pages} pages": "超过 {pages} 页",
    "empty, and was not before": "现在为空，先前却有内容",
    "paging does not advance": "翻页没有前进",
    "not one of the reads": "不属于只读接口",
    "not read": "没有读取",
    "not read within {seconds} s": "{seconds} 秒内没有读到",
    "answered as if an order had been asked for": "答复像是被问了一张订单",
    "{number} orders older than the window": "{number} 张订单早于查询范围",
    "not stable while it was read": "读取期间一直在变",
    "the window starts before what the exchange keeps": "查询范围的起点早于交易所保留的数据",
    "contradicting rows: {names}": "互相矛盾的行：{names}",
    "no exchange was given": "没有给出交易所",
    "put off: {number} order(s) on their way: {names}": "推迟：{number} 张订单在途：{names}",
    "new ones": "新的订单",
    "what needs a human was not seen twice alike": "需要人工的事项两次所见不同",
    # orders that are looked for
    "it may still be on its way, or not be shown yet": "可能仍在途中，或尚未显示",
    "it may still arrive": "仍可能到达",
    "older than what the exchange keeps of orders without a fill": (
        "早于交易所对未成交订单的保留期"
    ),
    "the clock was set back: its age is not known": "时钟被调回：不知道它有多久",
    "the exchange lists this contract no more, and answers for none of its orders": (
        "交易所已下架该合约，不再答复它的订单"
    ),
    "no such order": "没有这张订单",
    # a row's fields
    "field {name} is {kind}, text is due": "字段 {name} 是 {kind}，应为文本",
    "field {name} is empty": "字段 {name} 为空",
    "field {name} is {value}, Unix milliseconds are due": "字段 {name} 为 {value}，应为 Unix 毫秒",
    "field {name} is {value}, a number is due": "字段 {name} 为 {value}，应为数字",
    "field {name} is {value}": "字段 {name} 为 {value}",
    "field {name} is missing": "缺少字段 {name}",
    "field ctVal or ctMult is not positive": "字段 ctVal 或 ctMult 不是正数",
    "field {name} is negative": "字段 {name} 为负",
    "field {name} is not positive": "字段 {name} 不是正数",
    "field {name} is negative under posSide {side}": "posSide 为 {side} 而字段 {name} 为负",
    "field details is not a list of currencies": "字段 details 不是币种列表",
    "two balances in {ccy}": "{ccy} 有两个余额",
    "two positions are called {name}": "两个持仓都叫 {name}",
    "{what} (OKX {code})": "{what}（OKX {code}）",
    # ccxt's and the network's own
    "RequestTimeout": "请求超时",
    "timed out": "超时",
    "NetworkError": "网络错误",
    "{name} GET {url}": "{name} GET {url}",
}
