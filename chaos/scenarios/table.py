"""The catalogue. The first five are the user's own words; order is the order of the report."""

from __future__ import annotations

from typing import Final

from chaos.scenarios.model import (
    HandTrade,
    Scenario,
    Spoil,
    StopOut,
    Strike,
    Trade,
    VenueDown,
    VenueUp,
)

_WARM: Final = Trade(cycles=4)
_AFTER: Final = Trade(cycles=2)
_JOURNAL: Final = "incremental/journal/*.wal"


SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(
        "sigkill-mid-save",
        "SIGKILL around saves, with orders accepted by the exchange and frames torn",
        "保存中途 SIGKILL：订单已被交易所接受，日志帧写了一半",
        (
            Trade(cycles=6, due="killed", strike=Strike("kill", after_order=(4, 9))),
            Trade(cycles=6, due="killed", strike=Strike("tear", after_order=(3, 9))),
            Trade(cycles=6, due="killed", strike=Strike("kill", at_op=(60, 260))),
            Trade(cycles=6, due="killed", strike=Strike("tear", at_op=(80, 320))),
            Trade(cycles=6, due="killed", strike=Strike("tear", at_op=(5, 40))),
            Trade(cycles=3),
        ),
    ),
    Scenario(
        "sigkill-sweep",
        "SIGKILL, a torn write, and a failing disk at every single operation",
        "在每一个磁盘操作前 SIGKILL、写一半、以及让磁盘报错",
        course="sweep",
    ),
    Scenario(
        "corrupt-journal",
        "flipped bits in the middle and at the end of the journal, and half of it gone",
        "日志中部与末尾的比特翻转，以及日志被截断一半",
        (
            _WARM,
            Spoil(_JOURNAL, "digit", (300, 600)),
            _AFTER,
            Spoil(_JOURNAL, "digit", (985, 990)),
            _AFTER,
            Spoil(_JOURNAL, "flip"),
            _AFTER,
            Spoil(_JOURNAL, "truncate"),
            _AFTER,
            Spoil("mirror/*.wal", "zero"),
            _AFTER,
        ),
    ),
    Scenario(
        "corrupt-snapshot",
        "flipped bits in the newest snapshot, and half of it gone",
        "最新快照的比特翻转与截断",
        (
            Trade(cycles=8),
            Spoil("snapshots/*.zip", "flip"),
            _AFTER,
            Spoil("snapshots/*.zip", "truncate"),
            _AFTER,
        ),
    ),
    Scenario(
        "corrupt-projection",
        "the readable files scribbled over, emptied and deleted",
        "可读 JSON 文件被乱写、清零",
        (
            Trade(cycles=5),
            Spoil("incremental/checkpoint_latest.json", "scribble"),
            _AFTER,
            Spoil("incremental/agents/*.json", "zero"),
            Spoil("incremental/public_ledger.json", "truncate"),
            _AFTER,
            Spoil("incremental/private_ledgers/*.json", "digit", (0, 999)),
            _AFTER,
        ),
    ),
    Scenario(
        "stop-out-while-down",
        "stops fire while the trader is dead",
        "宕机期间止损被触发",
        (
            Trade(cycles=6, due="killed", strike=Strike("kill", after_order=(14, 22))),
            StopOut(),
            StopOut(),
            Trade(cycles=3),
        ),
    ),
    Scenario(
        "manual-trade-while-down",
        "somebody trades by hand in the account's direction while the trader is dead",
        "宕机期间有人手动交易（与净持仓同向）",
        (
            Trade(cycles=4),
            HandTrade("with"),
            Trade(cycles=6),
        ),
    ),
    Scenario(
        "direction-flip-while-down",
        "somebody reverses the account's position by hand: nothing moves until a human approves",
        "宕机期间净持仓方向被手动反转：人工批准之前不做任何改动",
        (
            Trade(cycles=4),
            HandTrade("flip"),
            Trade(due=3),
            Trade(due=3),
            Trade(cycles=2, approve=True),
        ),
    ),
    Scenario(
        "clean-restart",
        "stopped and started again: nothing to correct, nothing changed",
        "正常停止再启动：无需任何纠正",
        (Trade(cycles=5), Trade(cycles=2), Trade(cycles=1)),
        clean=True,
    ),
    Scenario(
        "ctrl-c",
        "SIGINT in the middle of trading: a completed save, exit 130",
        "交易中按 Ctrl+C：保存完成后以 130 退出",
        (Trade(cycles=0, interrupt_after=3, due=130), Trade(cycles=2)),
        clean=True,
    ),
    Scenario(
        "exchange-unreachable",
        "the exchange does not answer at the restart: state restored, nothing called flat",
        "重启时交易所无法连接：恢复状态，但不把任何仓位当作已平",
        (
            Trade(cycles=4),
            VenueDown(),
            Trade(due=5),
            VenueUp(),
            Trade(cycles=2),
        ),
        clean=True,
    ),
    Scenario(
        "two-writers",
        "a second process on the same store is refused at once",
        "第二个进程立即被拒绝",
        (Trade(cycles=6, rival=6), Trade(cycles=1)),
        clean=True,
    ),
    Scenario(
        "any-moment",
        "a day of 24 hours on a wound clock: sampled moments restored exactly, saves stay fast",
        "24 小时历史中的任意时刻可精确恢复；保存不随历史变慢",
        course="day",
    ),
)
BY_NAME: Final = {scenario.name: scenario for scenario in SCENARIOS}
