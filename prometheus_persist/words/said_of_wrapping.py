"""What is said of a host that is wrapped, and of a look at its source, in Chinese.

``report.in_chinese`` says how a sentence is found again. Placeholders may stand in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WRAPPING: Final[Mapping[str, str]] = {
    # the file and its places
    "{out} is there already": "{out} 已存在",
    "name another by --out": "请用 --out 另取文件名",
    "there is no file {source}, and no module of that name below this directory": (
        "没有文件 {source}，此目录下也没有同名模块"
    ),
    "there is no file {path}": "没有文件 {path}",
    "there is no file {path}; prometheus-persist init writes one": (
        "没有文件 {path}；prometheus-persist init 会写一个"
    ),
    "{path} names no root: root('__main__:Bot.__init__')": (
        "{path} 没有写明根对象：root('__main__:Bot.__init__')"
    ),
    "there is one root: {one}, or {other}": "根对象只有一个：{one}，还是 {other}",
    "root({place}): a root is an instance; name a method of its class": (
        "root({place})：根对象是类的实例；请写它的类的方法"
    ),
    "wrap({place}): say whose orders, by agent= or by named=": (
        "wrap({place})：请用 agent= 或 named= 写明订单属于谁"
    ),
    "after({place}, {event}): there are {events}": "after({place}, {event})：可用的有 {events}",
    "{what}() is said in a file that prometheus-persist wrap is given": (
        "{what}() 要写在交给 prometheus-persist wrap 的文件里"
    ),
    "{text} is no place: write module:Class.method, or module:function": (
        "{text} 不是位置：请写 module:Class.method 或 module:function"
    ),
    "{place} is a {kind}, not a function": "{place} 是 {kind}，不是函数",
    "{place} is not there; {what} has {names}": "{place} 不存在；{what} 有 {names}",
    "{place} is not there: {script} defines no {name}; where it imports it, name the module": (
        "{place} 不存在：{script} 没有定义 {name}；若是导入的，请写它的模块"
    ),
    "there is no parameter {name} among {names}": "参数 {names} 中没有 {name}",
    "{place} has no variable {name}; it has {names}": "{place} 没有变量 {name}；有 {names}",
    "{name} is no create_order of ccxt's OKX": "{name} 不是 ccxt 的 OKX 的 create_order",
    # while it runs
    "{name} is a {kind}, no plain value": "{name} 是 {kind}，不是普通数值",
    "{place}: the root is a {cls}; name that": "{place}：根对象是 {cls}；请写它",
    "a second {cls}: a store holds one root": "第二个 {cls}：一个数据目录只保存一个根对象",
    "{place}: agent={path} is {kind}, the id is a text": (
        "{place}：agent={path} 的类型是 {kind}，智能体 id 应为文本"
    ),
    "{order} was not sent: nobody knows whose it is; name the agent by wrap(...)": (
        "{order} 未发出：不知道属于谁；请用 wrap(...) 写明智能体"
    ),
    "nothing is sent or saved before the root is attached ({place})": (
        "根对象（{place}）接入之前，不发送也不保存任何内容"
    ),
    "{path} was not sent: only create_order sends an agent's orders": (
        "{path} 未发出：智能体的订单只能由 create_order 发出"
    ),
    "the order has a {name} of its own; leave it out, the answer's clientOrderId has it": (
        "订单自带 {name}；请去掉，应答的 clientOrderId 里有它"
    ),
    "an order of type {kind} with these stops is not kept in the books": (
        "账簿不记录带有此类止盈止损的 {kind} 订单"
    ),
    "an order without a size; say how many contracts": "订单没有数量；请写明张数",
    "two stops of one order with triggers of two kinds": "同一订单的两个止盈止损触发价类型不同",
    # what a look at the source finds
    "a lock or thread": "锁或线程",
    "a file": "文件",
    "a socket": "套接字",
    "a part of an event loop": "事件循环的一部分",
    "a queue": "队列",
    "a database": "数据库",
    "a process": "进程",
    "a pool": "线程池或进程池",
    "a connection": "连接",
    "a function": "函数",
    "a generator": "生成器",
    "{what}, made by {called}": "{what}，由{called}创建",
    "a class made inside a function": "定义在函数内部的类",
    "{where}: a relative import": "{where}：相对导入",
    "{where}: {called}(), attributes set by name": "{where}：{called}()，按名称设置的属性",
    "{where}: a {called}, of a module that was not read": "{where}：{called}，所在模块没有读取",
    "{where}, line {line}: a variable of the module is not saved": (
        "{where}，第 {line} 行：模块变量不保存"
    ),
    "{where}, line {line}: a global is not saved": "{where}，第 {line} 行：全局变量不保存",
    # what the file asks
    'no client was seen below the root: add exchange="path.to.client"': (
        '根对象之下没有看到客户端：请加上 exchange="path.to.client"'
    ),
    "no order was seen: orders(...), and wrap(..., agent=...) for whose": (
        "没有看到订单：请写 orders(...)，并用 wrap(..., agent=...) 写明属于谁"
    ),
    "no class of it holds the others: root({place})": "没有一个类包含其他各类：root({place})",
    "no main loop was seen: loop(..., at=..., locals=[...])": (
        "没有看到主循环：loop(..., at=..., locals=[...])"
    ),
    "what does {place} call once in each pass? loop(..., at=...)": (
        "{place} 每个周期调用一次的是什么？loop(..., at=...)"
    ),
    "{place} sets {names} as it begins, over what was restored": (
        "{place} 开始时设置 {names}，会覆盖恢复的内容"
    ),
    "whose orders are these?": "这些订单属于谁？",
}
