"""What a command line is told when it was asked wrongly, by its English, in Chinese: ours, and
those of the library that parses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, str]] = {
    "there is no store at {path}; name it with --dir": "{path} 里没有存储；用 --dir 指明",
    "there is no store at {path}; it is a part of the store at {around}": (
        "{path} 不是存储，而是 {around} 那个存储的一部分"
    ),
    "there is no store at {path}; it is a second copy: copy it to NEWDIR/mirror, and restore with "
    "--dir NEWDIR": (
        "{path} 不是存储，而是第二份副本：把它复制为 NEWDIR/mirror，再用 --dir NEWDIR 恢复"
    ),
    "{path} is a directory; name a file": "{path} 是目录；请写文件名",
    "{path} cannot be written: there is no directory {parent}": (
        "{path} 无法写入：没有目录 {parent}"
    ),
    "nothing was ever saved at {path}": "{path} 里从未保存过任何内容",
    "{word}: say POSITION=AGENT, or POSITION=CONTRACTS@AGENT for a part": (
        "{word}：应写作 POSITION=AGENT，只给一部分则写 POSITION=CONTRACTS@AGENT"
    ),
    "{word}: {position} is given twice": "{word}：{position} 写了两次",
    "{path} cannot be written: {problem}": "{path} 无法写入：{problem}",
    "the demo needs {names}: pip install 'prometheus-persist[all]'": (
        "演示需要 {names}：pip install 'prometheus-persist[all]'"
    ),
    "the HTML report needs jinja2: pip install 'prometheus-persist[report]'": (
        "HTML 报告需要 jinja2：pip install 'prometheus-persist[report]'"
    ),
    "telling people needs apprise: pip install 'prometheus-persist[tell]'": (
        "通知到人需要 apprise：pip install 'prometheus-persist[tell]'"
    ),
    "a webhook is an http or https address, not {url}": (
        "webhook 须为 http 或 https 地址，而不是 {url}"
    ),
    "apprise does not know this kind of address": "apprise 不认识这种地址",
    "an earlier moment needs --into NEWDIR, or --dry-run to look only": (
        "恢复到更早的时刻须用 --into NEWDIR，只看则用 --dry-run"
    ),
    "--agents-only leaves ledgers out, so it needs --into NEWDIR": (
        "--agents-only 不含账簿，因此须用 --into NEWDIR"
    ),
    "{one} and {other} exclude each other": "{one} 与 {other} 不能同时使用",
    "--sizes is a table of its own: without --full, --seconds and --html": (
        "--sizes 是单独的表：不能与 --full、--seconds、--html 同用"
    ),
    "name an instrument, or say --all": "写明合约，或用 --all",
    'say why: --reason "…"': '写明理由：--reason "…"',
    "{text} is not a time; write 2026-01-31T12:00:00Z": (
        "{text} 不是时间；应写作 2026-01-31T12:00:00Z"
    ),
    "--transcript belongs to --sandbox": "--transcript 只能与 --sandbox 同用",
    "--policy {policy}: there are {names}": "没有 --policy {policy}；可用的有 {names}",
    "--apply carries out a plan as it is; it does not go with {option}": (
        "--apply 按方案原样执行，不能与 {option} 同用"
    ),
    "--choose goes with --apply plan.json": "--choose 须与 --apply plan.json 同用",
    "--adopt-account is a word of its own; only --yes goes with it": (
        "--adopt-account 须单独使用，只能加 --yes"
    ),
    "--plan only looks; it does not go with flatten": "--plan 只查看，不能与 flatten 同用",
    "--account goes with --policy flatten --live": "--account 须与 --policy flatten --live 同用",
    "--sandbox is a check of its own; it takes --exchange and --transcript": (
        "--sandbox 是单独的检查，只能加 --exchange 与 --transcript"
    ),
    "set {names} in the environment": "请设置环境变量 {names}",
    "{what} hides the package `chaos` of prometheus-persist ({path}): run this where no other "
    "package or module has that name": (
        "{what} 遮住了 prometheus-persist 的 `chaos` 包（{path}）：请在没有同名包或模块的目录里运行"
    ),
    "something": "某个模块",
    "{lang} is neither zh nor en": "{lang} 既不是 zh 也不是 en",
    # of prometheus-chaos gate
    "not what prometheus-chaos run writes": "不是 prometheus-chaos run 写下的",
    "{name} is no scenario": "{name} 不是场景",
    "no scenarios": "没有场景",
    # the parser's own (typer, click, argparse)
    "No such option: {name}": "没有选项 {name}",
    "No such option: {name} Did you mean {meant}?": "没有选项 {name}。是否指 {meant}？",
    "No such option: {name} (Possible options: {meant})": "没有选项 {name}（可能是：{meant}）",
    "No such command {name}.": "没有命令 {name}。",
    "No such command {name}. Did you mean {meant}?": "没有命令 {name}。是否指 {meant}？",
    "Missing command.": "缺少命令。",
    "Missing argument {name}.": "缺少参数 {name}。",
    "Missing option {name}.": "缺少选项 {name}。",
    "Missing parameter: {name}": "缺少参数：{name}",
    "Option {name} requires an argument.": "选项 {name} 需要一个值。",
    "Option {name} requires {n} arguments.": "选项 {name} 需要 {n} 个值。",
    "Option {name} does not take a value.": "选项 {name} 不带值。",
    "Got unexpected extra argument(s) ({words})": "多余的参数（{words}）",
    "Argument {name} takes {n} values.": "参数 {name} 需要 {n} 个值。",
    "Got unexpected extra argument ({words})": "多余的参数（{words}）",
    "Got unexpected extra arguments ({words})": "多余的参数（{words}）",
    "Invalid value: {problem}": "值有误：{problem}",
    "Invalid value for {name}: {problem}": "{name} 的值有误：{problem}",
    "{value} is not a valid {kind}.": "{value} 不是有效的{kind}。",
    "integer": "整数",
    "integer range": "整数",
    "int range": "整数",
    "float": "数字",
    "boolean": "布尔值",
    "{value} is not one of {names}.": "{value} 不在 {names} 之中。",
    "{value} is not in the range {range}.": "{value} 不在范围 {range} 之内。",
    "Path {path} does not exist.": "路径 {path} 不存在。",
    "File {path} does not exist.": "文件 {path} 不存在。",
    "Directory {path} does not exist.": "目录 {path} 不存在。",
    "the following arguments are required: {names}": "缺少参数：{names}",
    "unrecognized arguments: {names}": "不认识的参数：{names}",
    "argument {name}: {problem}": "参数 {name}：{problem}",
    "invalid choice: {value} (choose from {names})": "没有 {value}（可用的有 {names}）",
    "invalid choice: {value}; did you mean {meant}?": "没有 {value}；是否指 {meant}？",
    "invalid {kind} value: {value}": "值 {value} 有误（{kind}）",
    "expected one argument": "需要一个值",
    "expected at least one argument": "至少需要一个值",
    "ambiguous option: {name} could match {names}": "选项 {name} 不明确，可能是 {names}",
    "at least one": "至少为一",
}
