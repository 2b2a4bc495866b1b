"""What goes wrong with a call or a value, by the English that says it, in Chinese: agents, orders,
positions, amounts, freezes, settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BOOKS: Final[Mapping[str, str]] = {
    # orders that may not leave
    "order of {agent} on {inst_id} refused: {why}": "{agent} 在 {inst_id} 的订单被拒绝：{why}",
    "order of {agent}: {why}": "{agent} 的订单：{why}",
    "everything is frozen: {why}": "已全部冻结：{why}",
    "{inst_id} is frozen for new entries: {why}": "{inst_id} 已冻结，不接受新开仓：{why}",
    "{what} is withheld from new entries: {why}; {lifted}": (
        "{what}等待中，暂不接受新开仓：{why}；{lifted}"
    ),
    "a reconciliation that finds no such reason any more lifts this": (
        "再次对账不再有此原因时自动解除"
    ),
    "every instrument": "全部合约",
    "agent {agent}": "智能体 {agent}",
    "a human has to decide": "须由人决定",
    "a human has to decide: {ids}": "须由人决定：{ids}",
    "it cannot be judged yet": "尚无法判定",
    "it cannot be judged yet: {ids}": "尚无法判定：{ids}",
    "the books have not been reconciled since the start": "启动以来尚未对账",
    "the last reconciliation only observed": "上一次对账只作观察",
    "the last reconciliation ended in {decision}": "上一次对账的结果是 {decision}",
    "{inst_id} cannot be traded with these books: {why}": "本账簿不能交易 {inst_id}：{why}",
    "the exchange lists no {inst_id}": "交易所没有 {inst_id}",
    "the exchange lists no {inst_id}; did you mean {meant}?": (
        "交易所没有 {inst_id}；是否指 {meant}？"
    ),
    "{inst_id} is no contract's name at OKX; write it like {like}": (
        "{inst_id} 不是OKX的合约名称；请写成 {like} 这样"
    ),
    "it settles in {ccy}, the books in {mine}": "它以 {ccy} 结算，账簿以 {mine} 结算",
    "the books keep linear contracts only": "账簿只记录正向合约",
    "agent {agent} is not in the registry; add_agent it first": (
        "智能体 {agent} 未登记；请先 add_agent"
    ),
    "agent {agent} is not in the registry": "智能体 {agent} 未登记",
    "{who} can only be reduced (reduce_only=True)": "{who}只能减仓（reduce_only=True）",
    "nobody's positions": "无归属的持仓",
    "agent {agent} is dead: its own": "智能体 {agent} 已死亡：它的持仓",
    "an order needs Contracts, not {value}: contracts('1') are made of text": (
        "订单数量须为 Contracts，而不是 {value}：用 contracts('1') 由文本生成"
    ),
    "an order needs a positive number of Contracts, not {value}": (
        "订单的张数须为正的 Contracts，而不是 {value}"
    ),
    "a lane is a number from 0 to below {most}, not {value}": (
        "lane 是 0 到 {most}（不含）之间的数，而不是 {value}"
    ),
    "valid_ms is a number of milliseconds, 0 for ever, not {value}": (
        "valid_ms 是毫秒数，0 表示不限，而不是 {value}"
    ),
    "valid_ms: OKX has no expTime for stop and trigger orders": (
        "valid_ms：OKX的止盈止损单与计划委托没有 expTime"
    ),
    "giving up an order needs a reason": "放弃订单须写明理由",
    "given up: {why}": "已放弃：{why}",
    "{key} was changed by another thread meanwhile": "{key} 在此期间被另一线程改动",
    "no open order {order}": "没有未结订单 {order}",
    "order {order} given up: {why}": "订单 {order} 已放弃：{why}",
    "order {order} was answered or given up; a clOrdId is sent once, take a new intent": (
        "订单 {order} 已有答复或已放弃；一个 clOrdId 只发一次，请取新的订单意图"
    ),
    "order {order} has ended; it is not {outcome} now": "订单 {order} 已结束；现在不是 {outcome}",
    "an order intent cannot go from {now} to {then}": "订单意图不能从 {now} 变为 {then}",
    "the answer is that to order {other}, not to {order}": (
        "这是订单 {other} 的答复，不是 {order} 的"
    ),
    "{said}: it was sent without intent.params, as order {order} of no agent; cancel it, or give "
    "its agent what it does (adopt)": (
        "{said}：它发出时没有带 intent.params，成了不属于任何智能体的订单 {order}；请撤销它，或用"
        " adopt 把它的"
        "结果记给智能体"
    ),
    "an acknowledgement is the exchange's answer (ccxt's order, or OKX's row), not {value}": (
        "ack 要的是交易所的应答（ccxt 的订单或 OKX 的一行），而不是 {value}"
    ),
    "an acknowledgement without an order id acknowledges nothing": "没有订单号的应答什么也没有确认",
    "not sent: {problem}": "没有发出：{problem}",
    "no answer seen: {problem}": "没有看到应答：{problem}",
    "no ack": "没有 ack",
    "intent.params was never taken": "没有取用 intent.params",
    "with its order: {why}": "随其订单：{why}",
    "a stop cannot carry another stop; attach it to the order that opens": (
        "止损单不能再附带止损；请附在开仓的订单上"
    ),
    "an order that only closes cannot carry a stop (OKX: 51100)": (
        "只平仓的订单不能附带止损（OKX：51100）"
    ),
    "trigger_px_type is {value}: {names}": "trigger_px_type 为 {value}：应为 {names}",
    "an attached stop needs sl_trigger_px or tp_trigger_px": (
        "附带的止损须有 sl_trigger_px 或 tp_trigger_px"
    ),
    "attached takes Attached(...), not {value}": "attached 应为 Attached(...)，而不是 {value}",
    "{name}_px is a price, or -1 for at market, not {value}": (
        "{name}_px 是价格，或 -1 表示市价，而不是 {value}"
    ),
    "{name}_trigger_px is a price, not {value}": "{name}_trigger_px 是价格，而不是 {value}",
    "{name}_px without {name2}_trigger_px": "有 {name}_px 却没有 {name2}_trigger_px",
    "attached to {order}": "附在 {order} 上",
    # agents, freezes, approvals
    "{name} is the name of what no agent owns; take another": (
        "{name} 是无归属部分的名字；请换一个"
    ),
    "agent {agent} is there already": "智能体 {agent} 已存在",
    "an instrument has a name; None freezes everything": "合约须有名称；None 表示冻结全部",
    "{what} is not frozen": "{what} 没有冻结",
    "everything": "全部",
    "{doing} needs a reason": "{doing}须写明理由",
    "a freeze": "冻结",
    "freezing": "冻结",
    "lifting a freeze": "解除冻结",
    "nothing is closed while the gate is shut; recover first": (
        "闸门关闭时不会平仓；请先对账（recover）"
    ),
    "held against each other in the books, flat at the exchange": (
        "账簿里互相对冲，在交易所是零持仓"
    ),
    "policy flatten needs a way to send orders: recover(..., send=...)": (
        "用 flatten 须给出下单的途径：recover(..., send=...)"
    ),
    "policy {name}: there are {names}": "没有 policy {name}；可用的有 {names}",
    "approved {approved}…, the present view gives {now}…": (
        "批准的是 {approved}…，按当前情况应为 {now}…"
    ),
    "{finding}: the plan has no such finding": "{finding}：方案里没有这一项",
    "{finding} has no alternative {name}; there are: {names}": (
        "{finding} 没有选项 {name}；可选：{names}"
    ),
    "nothing to choose from": "没有可选的",
    "cash flow {ref} is booked already": "流水 {ref} 已入账",
    "execution {fill} is booked already": "成交 {fill} 已入账",
    "the adoption of {what} is given back already": "对 {what} 的认领已退回",
    "order intent {order} is not open": "订单意图 {order} 已不是未结",
    "order intent {order} is open": "订单意图 {order} 未结",
    "agent {agent} lacks a book that the plan moves": "智能体 {agent} 缺少方案要改动的账簿",
    "its document was lost": "其文档已丢失",
    # what made a finding, in an intent's or a freeze's own words
    "another level or mode": "账户等级或持仓模式不同",
    "the exchange holds what no agent owns": "交易所持有不属于任何智能体的持仓",
    "a dead agent holds a position": "已死亡的智能体仍有持仓",
    "the exchange made none of it": "交易所没有成交其任何部分",
    "its order ended without an execution": "其订单已结束，没有成交",
    "its contract is gone": "该合约已下架",
    "neither resting nor executed; the exchange no longer keeps more": (
        "既不在挂单中也没有成交；交易所没有保留更多"
    ),
    "never arrived": "从未到达",
    "{filled} executed, {booked} booked": "成交 {filled}，已入账 {booked}",
    "several orders carry one clOrdId of ours": "多张订单用了我们的同一个 clOrdId",
    "a stop without its position": "没有对应持仓的止损单",
    "an order of ours rests that no book knows": "我们的一张挂单，账簿里都没有",
    "of a past that this copy of the store lacks": "属于本存储副本所没有的过去",
    "arrived after all": "后来到达了",
    "their epoch is left behind": "其纪元已过去",
    "a product that the books do not keep": "账簿不记录的产品",
    "the exchange was not fully read": "交易所没有读取完整",
    "cleared up by hand": "已人工查清",
    # positions that exist already
    "a position is a row of OKX's, or ccxt's with one in info, not {value}": (
        "持仓应为OKX的一行，或 info 里带有它的 ccxt 持仓，而不是 {value}"
    ),
    "{name}: these books keep no {product}; it stays in sight, and nobody's": (
        "{name}：账簿不记录 {product}；它会一直列出，且不属于任何人"
    ),
    "{name} is OKX's own text, not {value}": "{name} 须为OKX的原文，而不是 {value}",
    "posId {pos}, {contracts} contracts at {px}, uTime {ms}": (
        "posId {pos}，{contracts} 张，均价 {px}，uTime {ms}"
    ),
    "adopted {key} for {agent}: now {contracts} contracts [{id}: {row}]": (
        "已把 {key} 认领给 {agent}：现为 {contracts} 张 [{id}：{row}]"
    ),
    "position of {name}: its {field} is missing": "{name} 的持仓：缺少 {field}",
    "position of {name}: {problem}": "{name} 的持仓：{problem}",
    "no owner is named; there are: {names}": "没有写明归属；可用的有：{names}",
    "{key}: agents hold all of its {contracts} contracts already": (
        "{key}：它的 {contracts} 张已全部有归属"
    ),
    "{key}: the parts add up to {sum} contracts, and {rest} are nobody's yet": (
        "{key}：各部分合计 {sum} 张，而尚无归属的是 {rest} 张"
    ),
    "{key}: no agent is called {agent}; add_agent it first (there: {names})": (
        "{key}：没有叫 {agent} 的智能体；请先 add_agent（现有：{names}）"
    ),
    "{key}: agent {agent} is dead, and can be given nothing": (
        "{key}：智能体 {agent} 已死亡，不能再记给它"
    ),
    "no one position is called {name}; there are: {names}": (
        "没有唯一叫 {name} 的持仓；现有：{names}"
    ),
    "none": "无",
    "{key} has two owners named": "{key} 写了两个归属",
    "{key}: {agent} cannot be given {part} contracts": "{key}：不能记 {part} 张给 {agent}",
    "{key}: order {order} is open, and may be part of it; settle it first": (
        "{key}：订单 {order} 未结，可能是其中一部分；请先 settle"
    ),
    "{execution} closes more of {key} than is open": "{execution} 对 {key} 的平仓超过现有持仓",
    "{execution} closes {key}, which is not open": "{execution} 平仓 {key}，而它没有持仓",
    # values
    "{value} is not finite": "{value} 不是有限数",
    "{value} is not a number": "{value} 不是数字",
    "{value} is not a decimal number": "{value} 不是十进制数",
    "a number of {size} characters is refused (at most {most})": (
        "{size} 个字符的数字不予接受（最多 {most}）"
    ),
    "a number of {size} bits is refused": "{size} 位的数字不予接受",
    "a number of {size} digits, exponent {exponent}, is out of range": (
        "{size} 位数字、指数 {exponent}，超出范围"
    ),
    "an integer of {size} digits": "{size} 位的整数",
    "division by zero": "除以零",
    "no exact result: {kind}": "没有精确的结果：{kind}",
    "{one} and {other} do not mix": "{one} 与 {other} 不能混用",
    "no free name left after {head}": "{head} 之后没有可用的名字了",
    "{number} does not fit into {width} base-36 digits": "{number} 超出 {width} 位三十六进制",
    "an agent id has 1 to {most} characters, not {size}": (
        "智能体编号为 1 到 {most} 个字符，而不是 {size} 个"
    ),
    "agent id {agent} holds a lone surrogate": "智能体编号 {agent} 含孤立的代理字符",
    "two agents share one {name}": "两个智能体共用一个 {name}",
    "a row stands under another agent's id": "有一行记在了另一个智能体名下",
    "cannot be saved: {problem}": "无法保存：{problem}",
    "{what} is no model": "{what} 不是模型",
    "{what} would come back as another value or type": "{what} 取回时会变成别的值或类型",
    "would not come back as it is; give a plain one: float(…), str(…), dict(…), list(…)": (
        "取回时不会是原样；请给普通的值：float(…)、str(…)、dict(…)、list(…)"
    ),
    "{what} would not come back as it is; give a plain one: float(…), str(…), dict(…), list(…)": (
        "{what} 取回时不会是原样；请给普通的值：float(…)、str(…)、dict(…)、list(…)"
    ),
    "cannot be written exactly: {problem}": "无法精确写出：{problem}",
    "nested deeper than {most}": "嵌套超过 {most} 层",
    "a key that is not text": "键不是文本",
    "over {most} digits": "超过 {most} 位",
    "{what} would be copied, and later changes to it lost; assign {due}": (
        "{what} 会被复制，之后的改动就丢失了；请赋值 {due}"
    ),
    "what is due, made of it": "由它做成的应有类型",
    "{where} is not saved, and would be lost; a field of its own needs another name": (
        "{where} 不会被保存，会丢失；自己的字段请换一个名字"
    ),
    "{what} would become {kind} {value}": "{what} 会变成 {kind} {value}",
    "an entry of a history is a dict itself, not a {kind}": (
        "History 的每一项须是 dict 本身，而不是 {kind}"
    ),
    "a history is a list of objects, not a {kind}": "History 是对象的列表，而不是 {kind}",
    "a history keeps no {count} entries": "History 不能保留 {count} 项",
    "a history: entry{place}": "History：第{place}项",
    "state.{name}: no document is called so, and it would be lost; a field of its own may stand in "
    "any document: state.supervisor.{name2} = … (JSON values)": (
        "state.{name}：没有叫这个名字的文档，会丢失；自己的字段可放进任何文档："
        "state.supervisor.{name2} = …"
        "（JSON 值）"
    ),
    "{what}: {kind} is due, itself": "{what}：须为 {kind} 本身",
    "{key}: contracts are never negative under {side}": "{key}：{side} 之下张数不会为负",
    "no document is called {name}; there are {names}": "没有叫 {name} 的文档；可用的有 {names}",
    "this session belongs to process {pid}; a forked child opens its own or leaves saving to the "
    "parent": "本会话属于进程 {pid}；子进程请自行打开，或把保存交给父进程",
    "signals=True belongs into the main thread: Python gives signals to no other": (
        "signals=True 只能用在主线程：Python 不把信号交给其他线程"
    ),
    "unable to parse string as an integer": "不是整数",
    "unable to parse string as a number": "不是数字",
    "number": "数字",
    "string": "文本",
    "greater than {n}": "大于 {n}",
    "greater than or equal to {n}": "不小于 {n}",
    "less than {n}": "小于 {n}",
    "less than or equal to {n}": "不大于 {n}",
    "Field required": "缺少该字段",
    "Extra inputs are not permitted": "不允许多余的字段",
    "Input should be a valid {what}": "应为有效的{what}",
    "Input should be {what}": "应为 {what}",
    "Input should be a valid {what}, {problem}": "应为有效的{what}（{problem}）",
    "String should have at least {n} character": "至少应有 {n} 个字符",
    "String should have at most {n} characters": "最多 {n} 个字符",
    "Value error, {problem}": "值有误：{problem}",
    # settings
    "{name} is {value}; it has to be {words}": "{name} 为 {value}；应为{words}",
    "{where}: there is no setting {name}; {hint}": "{where}：没有设置项 {name}；{hint}",
    "{name}: there is no such setting; did you mean {meant}?": (
        "{name}：没有这个设置项；是否指 {meant}？"
    ),
    "did you mean {meant}?": "是否指 {meant}？",
    "there are {names}": "可用的有 {names}",
    "the environment (PERSIST_…)": "环境变量（PERSIST_…）",
    "{path} cannot be read: {problem}": "{path} 无法读取：{problem}",
    "{path}: [tool.{table}] is no table": "{path}：[tool.{table}] 不是表",
    "{path} is not read for settings: {why}": "不从 {path} 读取设置：{why}",
    "{path} belongs to user {uid}": "{path} 属于用户 {uid}",
    "others may write to {path}": "其他用户可以写入 {path}",
    "one of {names}": "其中之一：{names}",
    "a whole number, at least {n}": "整数，至少 {n}",
    "a whole number, 0 for never": "整数，0 表示从不",
    "a number of seconds above {n}": "大于 {n} 的秒数",
    "a number of hours from 0 to below {most}": "0 到 {most}（不含）之间的小时数",
    "a whole number of milliseconds, 0 or more": "毫秒数（整数），0 或以上",
    "a whole number of milliseconds, at least 1": "毫秒数（整数），至少 1",
    "a whole number of milliseconds, 0 for no expTime": "毫秒数（整数），0 表示不带 expTime",
    "a whole number of bytes, 0 or more": "字节数（整数），0 或以上",
    "a whole number of bytes, at least 1": "字节数（整数），至少 1",
    'an absolute path, or "" for the store\'s own directory': '绝对路径，或 "" 表示存储自己的目录',
    "true or false": "true 或 false",
}
