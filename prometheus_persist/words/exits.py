"""The exit codes of ``prometheus-persist``: the one table, in Chinese and English.

Pure. ``--help`` is made of it; the README's table and the codes of ``errors`` are compared with it
by a test. Every error has its code in ``errors``; what a code means is said here alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_persist.errors import (
    EXIT_DAMAGED,
    EXIT_DISK,
    EXIT_HUMAN,
    EXIT_INTERNAL,
    EXIT_LOCKED,
    EXIT_OK,
    EXIT_SIGINT,
    EXIT_SIGTERM,
    EXIT_SKIPPED,
    EXIT_USAGE,
    EXIT_VENUE,
)

EXITS: Final[Mapping[int, tuple[str, str]]] = {
    EXIT_OK: ("一致，或已凭证据纠正", "consistent, or corrected with proof"),
    EXIT_INTERNAL: (
        "内部错误（请报告）；或 bench --check 未达标",
        "internal error (please report), or a bar missed by bench --check",
    ),
    EXIT_USAGE: (
        "用法有误：命令行、不适用的方案，或该目录没有存储",
        "usage: the command line, a plan that is not for this, or no store there",
    ),
    EXIT_HUMAN: (
        "须由人决定：有差异未纠正，或方案已过时",
        "a human must decide: what differs is not corrected, or the plan is stale",
    ),
    EXIT_DAMAGED: (
        "数据损坏或丢失，无法完全恢复",
        "data damaged or lost beyond the promise",
    ),
    EXIT_VENUE: (
        "交易所无法访问、拒绝请求，或读取不完整",
        "exchange unreachable, refusing, or view incomplete",
    ),
    EXIT_LOCKED: ("另一个进程占用该存储", "another writer holds the store"),
    EXIT_DISK: (
        "磁盘拒绝读写（只读、已满或故障）：不等于数据损坏",
        "the disk refuses (read-only, full, failing): that is no damage",
    ),
    EXIT_SKIPPED: (
        "未作检查：reconcile --sandbox 没有密钥",
        "nothing was checked: reconcile --sandbox without keys",
    ),
    EXIT_SIGINT: (
        "被 Ctrl+C 停止；已确认的都在",
        "stopped by Ctrl+C; what was acknowledged is there",
    ),
    EXIT_SIGTERM: (
        "被 SIGTERM 停止；已确认的都在",
        "stopped by SIGTERM; what was acknowledged is there",
    ),
}

UNWRITTEN: Final = (
    "错误: 标准输出写不进去（{why}）：结果没有说完；已做的照样算数\n"
    "下一步: 换一个地方接收输出，再问一次",
    "error: standard output takes no more ({why}): the answer is not whole; what was done is done\n"
    "next: let the output go elsewhere, and ask again",
)


def exits_in_a_line(lang: str = "en") -> str:
    """What ``--help`` ends with."""
    if lang == "zh":
        return "退出码：" + " · ".join(f"{code} {zh}" for code, (zh, _) in EXITS.items())
    return "Exit codes: " + " · ".join(f"{code} {en}" for code, (_, en) in EXITS.items())
