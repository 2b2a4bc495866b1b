"""Every kind of P0 discrepancy (position size, direction, owner), by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chaos.detect import inside, outside, own
from chaos.detect.stage import Kind

KINDS: Final = (
    Kind("own-fill", "自己的成交未入账", "own fill not booked", own.own_fill),
    Kind("own-close", "自己的平仓未入账", "own close not booked", own.own_close),
    Kind("own-flip", "自己的反手未入账", "own reversal not booked", own.own_flip, False),
    Kind("own-partial", "部分成交未入账", "partial fill not booked", own.own_partial),
    Kind(
        "offsetting",
        "两个 Agent 相互抵消的成交",
        "two agents' fills cancel out",
        own.offsetting,
        False,
    ),
    Kind("intent-lost", "订单结果丢失", "outcome of an order lost", own.intent_lost),
    Kind("id-twice", "clOrdId 重复", "clOrdId used twice", own.id_twice),
    Kind("resting-unknown", "挂单不在账本", "own order rests unknown", own.resting_unknown),
    Kind("stop-fired", "止损触发", "stop fired", outside.stop_fired),
    Kind("take-profit", "止盈触发", "take-profit fired", outside.take_profit_fired),
    Kind("liquidation", "强平（独占持仓）", "liquidation, one holder", outside.liquidation_sole),
    Kind(
        "liquidation-shared", "强平（共享持仓）", "liquidation, shared", outside.liquidation_shared
    ),
    Kind("adl", "自动减仓（独占持仓）", "ADL, one holder", outside.adl_sole),
    Kind("adl-shared", "自动减仓（共享持仓）", "ADL, shared", outside.adl_shared),
    Kind("manual-open", "手动开仓", "opened by hand", outside.manual_open),
    Kind("manual-add", "手动加仓", "added to by hand", outside.manual_add),
    Kind(
        "manual-close",
        "手动平仓（独占持仓）",
        "closed by hand, one holder",
        outside.manual_close_sole,
    ),
    Kind(
        "manual-close-shared",
        "手动平仓（共享持仓）",
        "closed by hand, shared",
        outside.manual_close_shared,
    ),
    Kind("manual-flip", "手动反向", "turned over by hand", outside.manual_flip, False),
    Kind(
        "manual-flip-hedged",
        "手动反向（双向持仓）",
        "turned over by hand, hedged",
        outside.manual_flip_hedged,
        True,
    ),
    Kind("moved", "持仓变动无痕迹", "position moved without trace", outside.moved_without_trace),
    Kind("appeared", "无来源的持仓", "position without origin", outside.appeared_without_trace),
    Kind("margin-mode", "保证金模式改变", "margin mode changed", outside.mgn_mode_changed),
    Kind("position-mode", "持仓模式改变", "position mode changed", outside.pos_mode_changed),
    Kind("private-behind", "私账落后", "private ledger behind", inside.private_behind),
    Kind("public-behind", "公账落后", "public ledger behind", inside.public_behind),
    Kind(
        "conflict",
        "公私账冲突（版本相同）",
        "ledgers conflict, equal version",
        inside.conflict,
    ),
    Kind("size-edited", "两账数量被改", "size edited in both ledgers", inside.size_edited),
    Kind("removed", "两账持仓被删", "position removed from both", inside.removed),
    Kind("direction-edited", "两账方向被改", "direction edited in both", inside.direction_edited),
    Kind(
        "units-multiplied", "单位错误（× ctVal）", "unit mismatch, × ctVal", inside.units_multiplied
    ),
    Kind("units-divided", "单位错误（÷ ctVal）", "unit mismatch, ÷ ctVal", inside.units_divided),
    Kind("units-shared", "单位错误（共享持仓）", "unit mismatch, shared", inside.units_shared),
    Kind("owner-swapped", "两账归属被调换", "owner swapped in both ledgers", inside.owner_swapped),
    Kind("agent-lost", "Agent 文档丢失", "agent's document lost", inside.agent_lost),
    Kind("holder-dead", "持仓者已死亡", "holder is dead", inside.holder_dead),
)
BY_NAME: Final[Mapping[str, Kind]] = {kind.name: kind for kind in KINDS}
