"""What ``fakeokx`` says to people, in Chinese by its English (of ``--help``: ``helps``).

The English stands where it is said. A test holds that every help and every sentence of the command
line has its Chinese here. OKX's own messages (``sMsg``) are data and stay as OKX sends them.
"""

import re
from collections.abc import Mapping
from typing import Final

from fakeokx.cli.exits import EXITS

EXITS_ZH: Final[Mapping[int, str]] = {
    0: "完成",
    1: "内部错误",
    2: "用法有误、端口或目录被占用，或交易所拒绝",
    4: "账本损坏",
    5: "该地址没有交易所应答",
    130: "被 Ctrl+C 停止；每个答复都在账本里",
    143: "被 SIGTERM 停止；每个答复都在账本里",
}

SENTENCES: Final[Mapping[str, str]] = {
    **{EXITS[code]: zh for code, zh in EXITS_ZH.items()},
    "fakeokx serves {url} (pid {pid}, ledger in {dir})": (
        "fakeokx 运行于 {url}（pid {pid}，账本在 {dir}）"
    ),
    "fakeokx serves {url} (pid {pid}, ledger in {dir}); its control API asks for {name}={token}": (
        "fakeokx 运行于 {url}（pid {pid}，账本在 {dir}）；其控制接口需要 {name}={token}"
    ),
    "; its control API asks for {name}={token}": "；其控制接口需要 {name}={token}",
    "cut a torn write of {size} bytes off {path}": "已从 {path} 截去中断的写入 {size} 字节",
    "--balance is a plain number such as 1000000 or 0.5": (
        "--balance 须为普通数字，如 1000000 或 0.5"
    ),
    "--set {text}: choose from {names}": "--set {text}：可选 {names}",
    "--dir {path} cannot be made: {problem}": "--dir {path} 无法建立：{problem}",
    "--pos-mode is {one} or {other}": "--pos-mode 须为 {one} 或 {other}",
    "--keys {path}, line {number}: {problem}": "--keys {path} 第 {number} 行：{problem}",
    "--keys {path}: {problem}": "--keys {path}：{problem}",
    "a key is written {form}": "密钥应写作 {form}",
    "a level is PX:SZ, not {word}": "档位应写作 PX:SZ，而不是 {word}",
    "give --url http://127.0.0.1:PORT, or set FAKEOKX_URL": (
        "请用 --url http://127.0.0.1:PORT，或设置 FAKEOKX_URL"
    ),
    "there is no {what}": "没有 {what}",
    "rules must be a list": "rules 须为列表",
    "no such command: {name}": "没有命令 {name}",
    "command {name} does not have these fields: {fields}": "命令 {name} 没有这些字段：{fields}",
    "seed must lie between 0 and {most}, not {value}": "seed 须在 0 与 {most} 之间，而不是 {value}",
    "a rule is an object, not {value}": "规则须为对象，而不是 {value}",
    "a rule has no field {name}": "规则没有字段 {name}",
    "{name} must be text, not {value}": "{name} 须为文本，而不是 {value}",
    "{name} must be one of {names}, not {value}": "{name} 须为 {names} 之一，而不是 {value}",
    "{name} must be a number, not {value}": "{name} 须为数字，而不是 {value}",
    "{name} must lie between 0 and 1, not {value}": "{name} 须在 0 与 1 之间，而不是 {value}",
    "{name} must be a whole number, not {value}": "{name} 须为整数，而不是 {value}",
    "{name} must be at least 0, not {value}": "{name} 至少为 0，而不是 {value}",
    "{name} must be at most {most}": "{name} 最多为 {most}",
    "a script has at most {most} rules": "脚本最多有 {most} 条规则",
    "cannot listen on {host}:{port} ({problem})": "无法监听 {host}:{port}（{problem}）",
    "Host {host} is not this exchange; serve with --allow-host to answer to it": (
        "主机名 {host} 不是本交易所；要应答它，请在 serve 时加 --allow-host"
    ),
    "say Authorization: Bearer TOKEN; the token was printed when it started": (
        "请带 Authorization: Bearer TOKEN；令牌在启动时显示过"
    ),
    "{path} is held by another process": "{path} 被另一个进程占用",
    "Stop it, or use another directory.": "请停止它，或换一个目录",
    "Restore the file, or start a new one.": "请恢复该文件，或另起一个",
    "Choose another port, or 0 for any free one.": "请换一个端口，或用 0 取任意空闲端口",
    "{path}: only {some} of {all} bytes were written": "{path}：{all} 字节只写入了 {some}",
    "{path}: what it leads to is wrong ({problem})": "{path}：由它得出的状态有误（{problem}）",
    "{path}, line {number}: it cannot be replayed ({problem})": (
        "{path} 第 {number} 行：无法重放（{problem}）"
    ),
    "{path}, line 1: not an opening of format {format}": "{path} 第 1 行：不是格式 {format} 的开头",
    "{path}, line 1: lived by rules {rules}, and this venue's are {ours}; take the version that "
    "wrote it, or begin in a new directory": (
        "{path} 第 1 行：按规则 {rules} 写成，而本程序是 {ours}；请用写它的版本，或换一个新目录"
    ),
    "no exchange answers there ({problem}); start one with fakeokx serve, or name another with "
    "--url": "那里没有交易所应答（{problem}）；请用 fakeokx serve 启动一个，或用 --url 指定另一个",
    "its checksum does not match": "校验和不符",
    "it says that it is line {number}": "它自称是第 {number} 行",
    "[Errno {number}] {what}": "[Errno {number}] {what}",
    "Connection refused": "连接被拒绝",
    "Address already in use": "地址已被占用",
    "Permission denied": "没有权限",
    "Not a directory": "不是目录",
    "No such file or directory": "没有这个文件或目录",
    # the parser's own
    "No such option: {name}": "没有选项 {name}",
    "No such option: {name} Did you mean {meant}?": "没有选项 {name}。是否指 {meant}？",
    "No such option: {name} (Possible options: {meant})": "没有选项 {name}（可能是：{meant}）",
    "No such command {name}.": "没有命令 {name}。",
    "No such command {name}. Did you mean {meant}?": "没有命令 {name}。是否指 {meant}？",
    "Missing command.": "缺少命令。",
    "Missing argument {name}.": "缺少参数 {name}。",
    "Option {name} requires an argument.": "选项 {name} 需要一个值。",
    "Got unexpected extra argument(s) ({words})": "多余的参数（{words}）",
    "Got unexpected extra argument ({words})": "多余的参数（{words}）",
    "Invalid value: {problem}": "值有误：{problem}",
    "Invalid value for {name}: {problem}": "{name} 的值有误：{problem}",
    "Input should be a valid {kind}, {problem}": "应为有效的{kind}（{problem}）",
    "Input should be {what}": "应为{what}",
    "unable to parse string as an integer": "不是整数",
    "integer": "整数",
    "number": "数字",
    "greater than or equal to {n}": "不小于 {n}",
    "less than or equal to {n}": "不大于 {n}",
    "{value} is not in the range {range}.": "{value} 不在范围 {range} 之内。",
    "{value} is not a valid {kind}.": "{value} 不是有效的{kind}。",
}

_GAP: Final = re.compile(r"\{(\w+)\}")


def in_chinese(text: str) -> str:
    """The text in Chinese, as far as it is one of ``SENTENCES``, or begins with one."""
    if text in SENTENCES:
        return SENTENCES[text]
    for en in sorted(SENTENCES, key=lambda each: -len(_GAP.sub("", each))):
        parts = _GAP.split(en)
        fixed = [re.escape(part) for part in parts[::2]]
        gaps = [f"(?P<{name}>.+?)" for name in parts[1::2]]
        pattern = "".join(a + b for a, b in zip(fixed, [*gaps, ""], strict=True))
        found = re.fullmatch(pattern, text, re.DOTALL)
        if found:
            values = {name: in_chinese(value) for name, value in found.groupdict().items()}
            return _GAP.sub(lambda gap, values=values: values[gap[1]], SENTENCES[en])  # type: ignore[misc]
    for cut, zh in ((": ", "："), (". ", "。")):
        head, mark, tail = text.partition(cut)
        if mark and (told := (in_chinese(head), in_chinese(tail))) != (head, tail):
            return zh.join(told)
    return text
