"""What cannot be kept of a host's own objects, or not made again, in Chinese.

``report.in_chinese`` says how a sentence is found again. Placeholders may stand in another order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HOSTS: Final[Mapping[str, str]] = {
    # options
    "detect is {detect}: {one} or {other}": "detect 为 {detect}：应为 {one} 或 {other}",
    "{option} is a list of names, not one name": "{option} 应为名称的列表，而不是一个名称",
    "{option} is a list of names, not {given}": "{option} 应为名称的列表，而不是 {given}",
    "{option} is a list of names, and {item} is none": (
        "{option} 应为名称的列表，而 {item} 不是名称"
    ),
    "{option} is a list of classes, not {given}": "{option} 应为类的列表，而不是 {given}",
    "{option} is a list of classes, and {item} is none": "{option} 应为类的列表，而 {item} 不是类",
    "{option} is a dict, not {given}": "{option} 应为字典，而不是 {given}",
    "rename has {old}: {new}": "rename 中有 {old}: {new}",
    "write 'module:Old': 'module:New', or 'Class.old': 'new'": (
        "请写 'module:Old': 'module:New'，或 'Class.old': 'new'"
    ),
    "rebind has {where}: {path}": "rebind 中有 {where}: {path}",
    "write 'Class.attribute': 'place'": "请写 'Class.attribute': 'place'",
    "upcast has {name}: {step}": "upcast 中有 {name}: {step}",
    "write 'module:Class': step": "请写 'module:Class': step",
    "views are a HostViews(), not {given}": "views 应为 HostViews()，而不是 {given}",
    "exchange is a ccxt client of OKX, or where the root has one; not a {kind}": (
        "exchange 应为 OKX 的 ccxt 客户端，或它在根对象中的位置，而不是 {kind}"
    ),
    "adapters has {cls}: {pair}": "adapters 中有 {cls}: {pair}",
    "write type: (to_plain, from_plain)": "请写 type: (to_plain, from_plain)",
    "the host's random state cannot be made again": "宿主的随机状态无法重建",
    # its own books
    "ledger {name}: there are {names}": "账簿 {name}：可用的有 {names}",
    "door {name}: there are {names}": "入口 {name}：可用的有 {names}",
    "a view yields {kind}, not {other}": "视图应给出 {kind}，而不是 {other}",
    "{quantity} has no unit: write contracts(...) or coins(...)": (
        "{quantity} 没有单位：请写 contracts(...) 或 coins(...)"
    ),
    "{text} is no text": "{text} 不是文本",
    "{text}: there are {names}": "{text}：可用的有 {names}",
    "{since} is no datetime: since is when the position was opened": (
        "{since} 不是 datetime：since 是开仓的时刻"
    ),
    "{since} has no zone: give tz as well, or a time with its zone": (
        "{since} 没有时区：请同时给出 tz，或给出带时区的时间"
    ),
    "{tz} is no time zone that this machine knows": "{tz} 不是本机所知的时区",
    "nothing was reconciled: {call} first": "尚未对账：请先执行 {call}",
    "the host keeps its own number": "宿主保留自己的数字",
    # classes
    "class {name} is in no registered module": "类 {name} 不在任何已登记的模块中",
    "class {name} was made inside a function": "类 {name} 定义在函数内部",
    "class {name} is not what its module has under that name": (
        "类 {name} 与其模块中同名的对象不是同一个"
    ),
    "the host's objects name class {number}, which is not listed": (
        "宿主对象引用了编号为 {number} 的类，而类表中没有"
    ),
    "class {name} of the host is in no registered module": "宿主的类 {name} 不在任何已登记的模块中",
    "class {name} of the host": "宿主的类 {name}",
    "import {module} before attaching": "请先导入 {module}，再接入",
    "class {name} of the host is not there any more": "宿主的类 {name} 已不存在",
    # what cannot be kept
    "cannot be attached": "无法接入",
    "cannot be saved": "无法保存",
    "a {kind} of {size} bytes as it is written": "一个 {kind}，写出来有 {size} 字节",
    "at most {most} are kept of one object": "单个对象最多 {most} 字节",
    "split it into several, or leave it out by skip": "请拆成几个，或用 skip 略过",
    "bound anew": "重新绑定",
    "skip it or bind it anew": "请跳过它，或重新绑定",
    "skip it or give an adapter": "请跳过它，或提供适配器",
    "skip it, bind it anew or give an adapter": "请跳过它，或重新绑定，或提供适配器",
    "add {module} to modules, skip it or bind it anew": (
        "请把 {module} 加入 modules，或跳过它，或重新绑定"
    ),
    "give an adapter": "请提供适配器",
    "skip it": "请跳过它",
    "copy it": "请复制一份",
    "use a class of yours, list, dict, int, …": "请使用自己的类，或 list、dict、int 等",
    "{path} (and {more} more)": "{path}（另有 {more} 处）",
    "{cls} is a kind of {base}, which holds more than attributes": (
        "{cls} 继承自 {base}，其内容不止于属性"
    ),
    "is a kind of {base}, which holds more than attributes": "继承自 {base}，其内容不止于属性",
    "{cls} has its own {name}": "{cls} 自带 {name}",
    "has its own {name}": "自带 {name}",
    "{cls} has an attribute {name} beside what it holds": "{cls} 除其内容外还带有属性 {name}",
    "keep it in an object of yours": "请放到自己的对象里",
    "a defaultdict whose factory is a {kind}": "defaultdict 的工厂是 {kind}",
    "a bit generator {name}": "随机数发生器 {name}",
    "a generator that was seeded by a {name}": "以 {name} 播种的随机数发生器",
    "{cls} is no instance of a class": "{cls} 不是类的实例",
    "{cls} is bound anew, and stands in no list or set": ("{cls} 要重新绑定，不能放在列表或集合里"),
    "text with a password in an address, in a list, set or key": (
        "列表、集合或字典键中的文本，其网址里带有密码"
    ),
    "the key {name} has a password in it": "字典键 {name} 里带有密码",
    "an array that shares its memory with another": "与另一个数组共用内存的数组",
    "the order of this set is another in every process, unless PYTHONHASHSEED is fixed": (
        "此集合的顺序在每个进程中都不同，除非固定 PYTHONHASHSEED"
    ),
    "a time zone of type {name}": "类型为 {name} 的时区",
    "a numpy dtype {dtype}": "numpy 的 dtype {dtype}",
    "a numpy scalar of type {name}": "类型为 {name} 的 numpy 标量",
    "{cls} has no member {name}": "{cls} 没有成员 {name}",
    "a logger {name} that logging does not know": "logging 中没有日志器 {name}",
    "{cls} has the field {name}, which is called a secret": "{cls} 的字段 {name} 的名称属于机密",
    "skip it, or name the field in public if it is none": (
        "请跳过它；若并非机密，请在 public 中写明该字段"
    ),
    "is called a secret and never saved": "名称属于机密，从不保存",
    "{name} is called a secret": "{name} 的名称属于机密",
    "if it is none, say public={names}": "若并非机密，请写 public={names}",
    "if it is none, name it in public": "若并非机密，请在 public 中写明",
    "an adapter gave more than {number} values inside one another": (
        "适配器给出的值嵌套超过 {number} 层"
    ),
    "an adapter gave a dict with the key {key}": "适配器给出的字典含有键 {key}",
    "give keys of text": "请用文本作键",
    "an adapter gave {name}, which is called a secret": "适配器给出了 {name}，其名称属于机密",
    "leave it out": "请不要给出",
    "an adapter gave a {kind}": "适配器给出了 {kind}",
    "give lists, tuples, dicts by text, arrays of numpy and plain values": (
        "请给出列表、元组、以文本为键的字典、numpy 数组或普通值"
    ),
    # what cannot be made again
    "what an adapter gave of the host": "适配器曾为宿主给出的内容",
    "a {kind} of the host cannot be made again": "宿主的 {kind} 无法重建",
    "{name} of the host has no adapter any more": "宿主的 {name} 已没有适配器",
    "the host's generator {name} is none of numpy's": "宿主的随机数发生器 {name} 不是 numpy 的",
    "rebind {where}": "重新绑定 {where}",
    "exchange is {told}, and {kind} has no attribute {name}": (
        "exchange 为 {told}，而 {kind} 没有属性 {name}"
    ),
    "the fresh host has no {path}": "新建的宿主没有 {path}",
    "the host's root was a {cls}, not what is attached": "宿主的根对象原为 {cls}，与现在接入的不符",
    "the host's object {oid} is named and not there": "宿主的对象 {oid} 被引用，却不存在",
    "the host's object {oid} holds itself, and never changes": (
        "宿主对象 {oid} 不可变，却包含它自己"
    ),
    "the host's objects have a kind {kind}, which nothing is": "宿主对象的种类 {kind} 无法识别",
    "say its new name in rename, or leave it out by a step in upcast": (
        "请在 rename 中写明新名称，或由 upcast 的步骤去掉它"
    ),
    "a cycle is a whole number, 0 or more, not {cycle}": "周期应为 0 或以上的整数，而非 {cycle}",
    "settings are a Settings(save_every_cycles=1, …), not {settings}": (
        "settings 应为 Settings(save_every_cycles=1, …)，而不是 {settings}"
    ),
    "upcast of {cls} returned a {kind}, no dict of attributes by name": (
        "{cls} 的 upcast 返回了 {kind}，而不是以名称为键的属性字典"
    ),
    "{name} of the host's object {oid} has no slot any more": (
        "宿主对象 {oid} 的 {name} 已没有对应的 slot"
    ),
    "the host's objects need {module}": "宿主对象需要 {module}",
    "import it before attaching": "请先导入它，再接入",
    "a time zone {told} of the host": "宿主的时区 {told}",
    "{cls} of the host has no member {name}": "宿主的 {cls} 没有成员 {name}",
    "a value {told} of the host": "宿主的值 {told}",
}
