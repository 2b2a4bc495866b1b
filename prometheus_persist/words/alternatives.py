"""What a human may choose from, in Chinese and English: pairs with the same placeholders.

``alt.NAME`` says what it does, ``.pro`` what speaks for it, ``.contra`` what against it, and
``.leaves`` what it leaves open. ``{agent}`` is the agent that it names, ``{inst_id}`` the contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GRADE: Final[Mapping[str, tuple[str, str]]] = {
    "grade.proven": ("有证据", "proven"),
    "grade.declared": ("按既定规则", "by a declared rule"),
    "grade.assumed": ("凭人工认定", "on your word"),
    "grade.open": ("暂不认定", "left open"),
}

ALTERNATIVES: Final[Mapping[str, tuple[str, str]]] = {
    "alt.close_all": (
        "全部平掉：每个持有者都按全部平仓入账，超出的部分记为无归属",
        "everything was closed: each holder is closed whole, what went beyond is nobody's",
    ),
    "alt.close_all.pro": (
        "OKX上已经没有了，谁都不可能还持有",
        "it is gone at OKX, so nobody can hold any of it any more",
    ),
    "alt.close_all.contra": (
        "前提是此前的账簿无误；若有Agent互为对手方，合计不能证明各自的情况",
        "it rests on the books of before; where agents stood against each other the sum proves "
        "neither of them",
    ),
    "alt.close_all.leaves": (
        "仅超出的部分（如有）：无归属并冻结",
        "only what went beyond, if anything: nobody's, and frozen",
    ),
    "alt.pro_rata": (
        "按当时各自持仓比例分摊，取整张；有订单号的先由其Agent承担",
        "each holder bears the share that it held, in whole lots; an order's own agent goes first",
    ),
    "alt.pro_rata.pro": (
        "规则事先写明，对谁都一样，合计等于OKX的持仓",
        "a rule that was there before, the same for everyone; the sum is what OKX holds",
    ),
    "alt.pro_rata.contra": (
        "不能证明平掉的就是这些张，盈亏可能在Agent之间错位",
        "nothing says that these were the contracts: PnL may land with the wrong agent",
    ),
    "alt.pro_rata.leaves": ("没有未决的持仓", "no position is left open"),
    "alt.agent": ("全部归{agent}", "all of it to {agent}"),
    "alt.agent.pro": (
        "若您知道当时针对的就是{agent}，这是正确的",
        "right if you know that {agent} was meant",
    ),
    "alt.agent.contra": (
        "OKX上没有任何依据；盈亏全由{agent}承担",
        "nothing at OKX says so, and {agent} alone bears the PnL",
    ),
    "alt.agent.leaves": (
        "若超出{agent}的持有，超出部分与其他Agent互为对手",
        "nothing, unless it is more than {agent} held: that stands against the others then",
    ),
    "alt.nobody": (
        "记为无归属并冻结{inst_id}的新开仓，各Agent的账簿不变",
        "to nobody, in sight; {inst_id} takes no new entries, the agents keep what their books say",
    ),
    "alt.nobody.pro": (
        "不把无法证明的事算在任何Agent头上",
        "no agent is charged with what cannot be proven",
    ),
    "alt.nobody.contra": (
        "Agent账面上的持仓可能已不在OKX上，平仓时平掉的是无归属的部分",
        "an agent may keep in its books what is gone at OKX; closing it meets nobody's position",
    ),
    "alt.nobody.leaves": (
        "无归属的持仓和{inst_id}的冻结，日后须平掉并解除",
        "nobody's position and the freeze of {inst_id}, to be closed and lifted later",
    ),
    "alt.as_booked": (
        "以已入账的成交为准，改写账簿",
        "each agent holds what its booked executions add up to; the ledgers are rewritten",
    ),
    "alt.as_booked.pro": (
        "成交记录如此，合计等于OKX的持仓",
        "the executions say so, and they add up to what OKX holds",
    ),
    "alt.as_booked.contra": (
        "若账簿是有意改写的，这一改动会丢失",
        "a change of the ledgers that somebody meant is lost",
    ),
    "alt.as_booked.leaves": ("没有未决的持仓", "no position is left open"),
    "alt.as_written": (
        "以现在的账簿为准，成交记录随之更正",
        "the ledgers stay as they are, and the record of executions follows them",
    ),
    "alt.as_written.pro": (
        "若持仓是有意转移的，这是正确的",
        "right if the position was moved on purpose",
    ),
    "alt.as_written.contra": (
        "与每一笔成交记录矛盾",
        "every execution that was booked says otherwise",
    ),
    "alt.as_written.leaves": (
        "以往的盈亏仍在原Agent名下",
        "the PnL of the past stays with the agent it was booked to",
    ),
    "alt.as_shown": (
        "以OKX现在的持仓为准，无法判断的成交搁置",
        "take what OKX shows now for true; executions that cannot be judged are set aside",
    ),
    "alt.as_shown.pro": (
        "能交易的只有OKX上的持仓",
        "what OKX holds is what can be traded",
    ),
    "alt.as_shown.contra": (
        "其间的成交不入账，盈亏不归任何Agent",
        "what happened is not booked, and its PnL is no agent's",
    ),
    "alt.as_shown.leaves": (
        "可能有一笔无法解释的资金，下次对账时再问",
        "maybe money that nothing explains; the next look asks about it",
    ),
    "alt.mode_closed": (
        "旧持仓模式下的持仓全部按已平仓入账",
        "everything held in the old position mode is closed in the books",
    ),
    "alt.mode_closed.pro": (
        "OKX只允许空仓账户切换持仓模式",
        "OKX changes the mode of a flat account only",
    ),
    "alt.mode_closed.contra": (
        "平仓的成交没有入账，盈亏不归任何Agent",
        "the executions that closed it are not booked, their PnL is no agent's",
    ),
    "alt.mode_closed.leaves": (
        "这些盈亏记为账户自身的资金",
        "that PnL, as money of the account",
    ),
    "alt.expired": (
        "各方在该合约上的持仓全部注销",
        "everything held in this contract ends in the books",
    ),
    "alt.expired.pro": (
        "合约已不存在，各方合计为零，与OKX一致",
        "the contract is gone, and together they hold what OKX shows: nothing",
    ),
    "alt.expired.contra": (
        "交割价未知，各方彼此的盈亏不计入任何Agent",
        "the price of the delivery is not told: what one gained of the other is no agent's",
    ),
    "alt.expired.leaves": (
        "已实现的差额记为账户自身的资金",
        "what the account realised of it, as money of the account",
    ),
    "alt.rescale": (
        "持仓与挂单的张数按面值之比换算，资金不变",
        "every holding and open order by the ratio of the sizes; no money moves",
    ),
    "alt.rescale.pro": (
        "面值取自OKX现在的合约规格",
        "the sizes are those of the executions and of OKX's present specification",
    ),
    "alt.rescale.contra": (
        "若换算后与OKX仍不相等，说明另有变化",
        "where it does not come out at OKX's figure, something else happened, too",
    ),
    "alt.rescale.leaves": (
        "仍有差额时，下次对账会指出",
        "a rest, if there is one, is told by the next look",
    ),
    "alt.moved": (
        "持仓移到另一种保证金模式，归属与开仓价不变",
        "the contracts move to the other margin mode, with their owners and entry prices",
    ),
    "alt.moved.pro": (
        "张数与方向完全相同，只有保证金模式不同",
        "the same contracts on the same side, under the other margin mode",
    ),
    "alt.moved.contra": (
        "依据的是数字，没有成交或账单说明",
        "it rests on the figures; no execution or bill tells of it",
    ),
    "alt.moved.leaves": ("没有未决的持仓", "no position is left open"),
    "alt.in_contracts": (
        "账簿改用OKX的单位（张）",
        "write the books in OKX's unit, contracts",
    ),
    "alt.in_contracts.pro": (
        "相差正好是合约面值",
        "the figures differ by exactly the contract's size",
    ),
    "alt.in_contracts.contra": (
        "也可能是巧合",
        "the same figures may come from something else",
    ),
    "alt.in_contracts.leaves": (
        "查明是什么把币的数量写进了账簿",
        "what wrote base currency into the books is still to be found",
    ),
    "alt.restore": (
        "用尚存的账簿补写缺失的文档，Agent继续存活",
        "write what is missing anew from what is left; the agent lives on",
    ),
    "alt.restore.pro": (
        "持仓与资金可由尚存的账簿得出",
        "what is left of its books tells positions and capital",
    ),
    "alt.restore.contra": (
        "丢失的内容（性格、战绩）不会回来",
        "what was lost (character, record) does not come back",
    ),
    "alt.restore.leaves": (
        "这些字段保持默认值",
        "those fields stand at their defaults",
    ),
    "alt.restore_dead": (
        "同样补写，但登记为死亡：持仓只能平掉",
        "the same, as dead: its positions can only be closed",
    ),
    "alt.restore_dead.pro": (
        "不让残缺的Agent继续交易",
        "nobody trades on half an agent",
    ),
    "alt.restore_dead.contra": (
        "一个本来存活的Agent就此退场",
        "an agent that lived is retired",
    ),
    "alt.restore_dead.leaves": ("它的持仓，须平掉", "its positions, to be closed"),
    "alt.private_ledger": (
        "以私有账簿为准，重建公共账簿",
        "the private ledger counts, the public one is rebuilt from it",
    ),
    "alt.private_ledger.pro": (
        "它是Agent自己的账簿",
        "it is the agent's own book",
    ),
    "alt.private_ledger.contra": (
        "版本相同，不能证明它是对的一本",
        "at equal versions nothing proves that it is the right one",
    ),
    "alt.private_ledger.leaves": (
        "与OKX的差额（如有），下次对账会指出",
        "a difference from OKX, if there is one, is told by the next look",
    ),
    "alt.public_ledger": (
        "以公共账簿为准，重建私有账簿",
        "the public ledger counts, the private one is rebuilt from it",
    ),
    "alt.public_ledger.pro": (
        "它由监督者记录",
        "it is the supervisor's book",
    ),
    "alt.public_ledger.contra": (
        "版本相同，不能证明它是对的一本",
        "at equal versions nothing proves that it is the right one",
    ),
    "alt.public_ledger.leaves": (
        "与OKX的差额（如有），下次对账会指出",
        "a difference from OKX, if there is one, is told by the next look",
    ),
    "alt.host_left": (
        "宿主保持不变，以本库的账簿为准",
        "leave the host as it is; the books here are the ones of record",
    ),
    "alt.host_left.pro": (
        "不写入宿主的任何对象",
        "nothing of the host is written",
    ),
    "alt.host_left.contra": (
        "它会按自己的数字继续决策",
        "it goes on deciding by its own number",
    ),
    "alt.host_left.leaves": (
        "差额保持；数字变化时会再次指出",
        "the difference; it is told again once the numbers change",
    ),
    "alt.canceled": (
        "订单记为已撤销",
        "the order is settled as canceled",
    ),
    "alt.canceled.pro": (
        "它不在挂单中，也没有成交",
        "it does not rest, and nothing of it was executed",
    ),
    "alt.canceled.contra": (
        "它是否到达过，OKX已无记录",
        "whether it ever arrived OKX no longer tells",
    ),
    "alt.canceled.leaves": (
        "没有；若日后出现，会归还给它的Agent",
        "nothing; should it show up all the same, it is taken back to its agent",
    ),
    "alt.account": (
        "记入账户自身的科目，不分给任何Agent",
        "book it to the account's own entry, to no agent",
    ),
    "alt.account.pro": (
        "不把没有依据的钱算在任何Agent头上",
        "no agent is charged with what nothing explains",
    ),
    "alt.account.contra": (
        "原因仍不清楚，也可能属于某个Agent",
        "its reason is not known, and it may be an agent's",
    ),
    "alt.account.leaves": (
        "若其账单在六小时内、或其成交在三天内出现，会自动冲回；更晚则留在该科目，总额仍相符",
        "should its bill turn up within six hours, or its execution within three days, it is given "
        "back by itself; what comes later leaves it there, and the sums hold",
    ),
    "alt.accept": (
        "接受更早的历史无从得知，以OKX仍有的数据为准",
        "what came before is not known; what OKX still keeps is taken for the whole",
    ),
    "alt.accept.pro": (
        "OKX已不提供，等待也不会有变化",
        "it cannot be read any more, and waiting changes nothing",
    ),
    "alt.accept.contra": (
        "那段时间的成交不会入账",
        "executions of that time are never booked",
    ),
    "alt.accept.leaves": (
        "由此产生的差额，会逐项指出",
        "the differences that come of it are told, one by one",
    ),
}
