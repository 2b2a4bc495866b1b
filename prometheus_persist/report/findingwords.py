"""What a finding says, in Chinese and English: ``what`` was found, its ``cause``, the ``remedy``.

``why`` says why something could not be judged. Pairs (zh, en) with the same placeholders in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WHAT: Final[Mapping[str, tuple[str, str]]] = {
    "what.fill_unrecorded": (
        "OKX有成交{fills}笔（{key}，{side} {contracts}张，订单{ord_id}），账簿无记录",
        "OKX has {fills} fill(s) of {key}, {side} {contracts} contracts, order {ord_id}, "
        "that the books do not have",
    ),
    "what.close_unrecorded": (
        "账簿记录的{key}持仓有{contracts}张已在OKX平仓，账簿未更新",
        "{contracts} contracts of {key} were closed at OKX and are still open in the books",
    ),
    "what.close_whole": (
        "账簿记录持仓1笔，OKX实际无持仓（{key}，账簿{held}张）",
        "the books hold 1 position, OKX holds none ({key}, books {held} contracts)",
    ),
    "what.close_own_part": (
        "账簿记录持仓1笔，该Agent的部分在OKX已全部平仓（{key}，账簿{held}张，OKX账户合计{venue}张）",
        "the books hold 1 position, this agent's part was closed whole at OKX ({key}, "
        "books {held}, the account in all {venue} contracts)",
    ),
    "what.close_never_seen": (
        "{key}有{contracts}张在停机期间开仓并平仓，账簿均无记录",
        "{contracts} contracts of {key} were opened and closed while the system was down; "
        "the books have neither",
    ),
    "what.fill_partial": (
        "OKX部分成交{fills}笔（{key}，{side} {contracts}张，订单{ord_id}），账簿无记录",
        "OKX has {fills} fill(s) of {key}, {side} {contracts} contracts, a part of order {ord_id}, "
        "that the books do not have",
    ),
    "what.duplicate_id": (
        "本系统的订单号{cl_ord_id}（{inst_id}）在OKX上不止一张订单：{ord_id}，另有{others}",
        "clOrdId {cl_ord_id} of this system ({inst_id}) stands on several orders at OKX: {ord_id}, "
        "and {others}",
    ),
    "what.duplicate_fills": (
        "{key}有{fills}笔成交（{side}，净{contracts}张）来自重复使用订单号{cl_ord_id}的另一张订单",
        "{fills} fill(s) of {key} ({side}, net {contracts} contracts) come from another order "
        "under clOrdId {cl_ord_id}",
    ),
    "what.dead_holder": (
        "已死亡的Agent仍持有{key} {contracts}张，且没有未结的平仓订单",
        "a dead agent still holds {contracts} contracts of {key}, and no order of its own is open",
    ),
    "what.units": (
        "{key}：账簿{books}，OKX {venue}张，相差正好是合约面值{factor}",
        "{key}: books {books}, OKX {venue} contracts; they differ by exactly the contract's size "
        "{factor}",
    ),
    "what.mgn_mode": (
        "{inst_id}：账簿按{books_mode}记录{contracts}张，OKX显示为{venue_mode}",
        "{inst_id}: the books hold {contracts} contracts as {books_mode}, OKX shows them as "
        "{venue_mode}",
    ),
    "what.orphan": (
        "OKX有{fills}笔成交（{key}，{side}，净{contracts}张）不属于任何Agent",
        "OKX has {fills} fill(s) of {key}, {side}, net {contracts} contracts, of no agent",
    ),
    "what.shared_close": (
        "{key}被系统外的{fills}笔成交减少{contracts}张，持有者：{holders}",
        "{fills} fill(s) from outside moved {key} by {contracts} contracts; holders: {holders}",
    ),
    "what.owner_gone": (
        "{key}的{fills}笔成交（{contracts}张）属于一个没有账簿的Agent",
        "{fills} fill(s) of {key} ({contracts} contracts) belong to an agent without ledgers",
    ),
    "what.impossible": (
        "{key}的{fills}笔成交（{contracts}张）平掉的比持有者拥有的更多",
        "{fills} fill(s) of {key} ({contracts} contracts) close more than their owner holds",
    ),
    "what.direction": (
        "{key}方向不一致：账簿{books}张，OKX {venue}张",
        "{key} points the other way: books {books}, OKX {venue} contracts",
    ),
    "what.owner_swapped": (
        "{key}：两本账簿均记录{held}张，但已入账的成交合计为{booked}张（涉及{others}）",
        "{key}: both ledgers hold {held} contracts, the executions booked to it add up to "
        "{booked} (also off: {others})",
    ),
    "what.adoption_replaced": (
        "{key}：此前无成交依据而认领的{contracts}张，现已找到{fills}笔成交",
        "{key}: {contracts} contracts that were adopted without an execution, and now {fills} "
        "execution(s) for them",
    ),
    "what.venue_more": (
        "{key}：OKX持仓{venue}张，多于账簿的{books}张",
        "{key}: OKX holds {venue} contracts, more than the {books} in the books",
    ),
    "what.books_more": (
        "{key}：账簿记录{books}张，多于OKX的{venue}张",
        "{key}: the books hold {books} contracts, more than the {venue} at OKX",
    ),
    "what.ledgers_differ": (
        "公共账簿与私有账簿{items}不一致（私有版本{private_version}，公共版本{public_version}）",
        "public and private ledger differ in {items} (private version {private_version}, "
        "public version {public_version})",
    ),
    "what.agent_missing": (
        "Agent的文档不完整（私有版本{private_version}，公共版本{public_version}）",
        "the agent's documents are not complete (private version {private_version}, "
        "public version {public_version})",
    ),
    "what.intent_open": (
        "订单{cl_ord_id}（{inst_id} {side} {contracts}张）在账簿中停在{before}",
        "order {cl_ord_id} ({inst_id} {side} {contracts} contracts) stands at {before} "
        "in the books",
    ),
    "what.resting_unknown": (
        "OKX上有{orders}张带有我方标识的挂单（{inst_id}），账簿中没有对应的未结订单",
        "{orders} order(s) with our ids rest at OKX on {inst_id} and no open order in the books "
        "knows them",
    ),
    "what.pos_mode": (
        "账户持仓模式是{pos_mode}，账簿按另一种模式记录：{keys}",
        "the account is in {pos_mode}, the books were kept in the other mode: {keys}",
    ),
    "what.fill_unjudged": (
        "{inst_id}有{fills}笔未记账成交无法判断：{why} {detail}",
        "{fills} unbooked fill(s) of {inst_id} cannot be judged: {why} {detail}",
    ),
    "what.funding": (
        "{key}有{bills}笔资金费未入账，共{amount} {ccy}",
        "{bills} funding fee(s) of {key} are not booked, {amount} {ccy} in all",
    ),
    "what.fee_differs": (
        "成交{fill}的手续费记为{booked}，账单为{billed} {ccy}",
        "fill {fill} is booked with a fee of {booked}, its bill says {billed} {ccy}",
    ),
    "what.penalty": (
        "{key}的强平罚金{amount} {ccy}未入账",
        "a liquidation penalty of {amount} {ccy} on {key} is not booked",
    ),
    "what.transfer": (
        "{bills}笔资金划转未入账，净额{amount} {ccy}",
        "{bills} transfer(s) are not booked, net {amount} {ccy}",
    ),
    "what.interest": (
        "{bills}笔利息未入账，共{amount} {ccy}",
        "{bills} interest charge(s) are not booked, {amount} {ccy} in all",
    ),
    "what.foreign_trade": (
        "账簿未管理的品种有{bills}笔成交账单，净额{amount} {ccy}",
        "{bills} bill(s) of trades in instruments that the books do not keep, net {amount} {ccy}",
    ),
    "what.other_cash": (
        "{bills}笔其他资金变动未入账，净额{amount} {ccy}",
        "{bills} other movement(s) of money are not booked, net {amount} {ccy}",
    ),
    "what.money_returned": (
        "曾记为无法解释的{flows}笔资金如今有了依据，冲回{amount} {ccy}",
        "{flows} flow(s) once booked as unexplained are explained now; {amount} {ccy} go back",
    ),
    "what.bill_without_fill": (
        "有{bills}笔成交账单（{inst_ids}）还看不到对应的成交",
        "{bills} bill(s) of trades ({inst_ids}) have no fill yet",
    ),
    "what.bills_gap": (
        "账单合计与账户余额相差{gap} {ccy}（已结算余额{settled}，账簿无法解释{amount}）",
        "the bills miss the account's balance by {gap} {ccy} (settled {settled}, "
        "unexplained by the books {amount})",
    ),
    "what.money_unexplained": (
        "账簿无法解释账户中的{amount} {ccy}（已结算余额{settled}）",
        "the books do not explain {amount} {ccy} of the account (settled {settled})",
    ),
}

CAUSE: Final[Mapping[str, tuple[str, str]]] = {
    "cause.not_saved": (
        "订单由本系统发出，成交在宕机前未及入账",
        "an order of this system; its fill was not booked before the crash",
    ),
    "cause.stop": ("已被止盈止损单平仓", "closed by its stop or take-profit order"),
    "cause.stop_loss": ("已被止损平仓", "closed by its stop"),
    "cause.manual": ("已被系统外手动平仓", "closed by hand, outside the system"),
    "cause.liquidation": ("已被强制平仓", "closed by liquidation"),
    "cause.adl": ("已被自动减仓（ADL）", "closed by auto-deleveraging (ADL)"),
    "cause.split_liquidation": (
        "共有持仓被强制平仓；按规则分摊：按当时各自持仓比例，取整张，余数归编号最小者",
        "a shared position was liquidated; borne by the declared rule: pro rata to what each held "
        "at that moment, in whole lots, the remainder by the lowest id",
    ),
    "cause.split_adl": (
        "共有持仓被自动减仓（ADL）；按规则分摊：按当时各自持仓比例，取整张，余数归编号最小者",
        "a shared position was deleveraged (ADL); borne by the declared rule: pro rata to what "
        "each held at that moment, in whole lots, the remainder by the lowest id",
    ),
    "cause.sent_again": (
        "同一订单号被再次发出（重试，或其他程序）；只有其中一张是本系统的订单",
        "one clOrdId was sent again (a retry, or another program); only one of them is this "
        "system's order",
    ),
    "cause.agent_dead": ("持有者已死亡，无人管理", "its owner is dead, nobody manages it"),
    "cause.units": (
        "账簿按币计数，OKX按张计数",
        "the books count base currency where OKX counts contracts",
    ),
    "cause.mgn_mode_changed": (
        "保证金模式已被更改",
        "the position's margin mode was changed",
    ),
    "cause.no_owner": (
        "手动交易或其他程序；没有订单号或标签能证明归属",
        "traded by hand or by another program; no order id or tag proves an owner",
    ),
    "cause.owner_unprovable": (
        "无法证明平掉的是谁的持仓",
        "whose contracts were closed cannot be proven",
    ),
    "cause.owner_without_ledger": (
        "归属明确，但该Agent的账簿不存在",
        "the owner is known, its ledgers are not there",
    ),
    "cause.closes_too_much": (
        "账簿缺少更早的成交，或订单平了别人的持仓",
        "an earlier fill is missing, or the order closed somebody else's contracts",
    ),
    "cause.flip": (
        "系统外的成交把持仓翻到了另一侧",
        "fills from outside turned the position over",
    ),
    "cause.both_ledgers_written": (
        "持仓在两本账簿中被移到了另一个Agent名下",
        "the position was moved to another agent in both ledgers",
    ),
    "cause.late_fills": (
        "交易所当时尚未列出这些成交",
        "the exchange did not list the executions at the time",
    ),
    "cause.no_evidence": (
        "没有任何成交能解释这一差异",
        "no fill explains the difference",
    ),
    "cause.funding_shared": (
        "账单上没有Agent：按结算时各自的持仓分摊（{owners}）",
        "no agent is on its bill: shared by what each held when it was charged ({owners})",
    ),
    "cause.funding_unprovable": (
        "结算时各Agent的持仓与账单数量不符或无法证明，不作猜测",
        "what the agents held when it was charged is not the bill's size or cannot be proven",
    ),
    "cause.fee_billed": (
        "交易所实际收取的手续费与成交记录不同",
        "the exchange charged another fee than its fill said",
    ),
    "cause.penalty": (
        "强制平仓的罚金不在成交里：按被强平的张数分摊（{owners}）",
        "no fill has the penalty of a liquidation: shared by the contracts liquidated ({owners})",
    ),
    "cause.transfer": (
        "资金转入或转出账户，不属于任何Agent",
        "money was moved into the account or out of it; it is no agent's",
    ),
    "cause.interest": ("交易所向账户收取利息", "the exchange charged the account interest"),
    "cause.foreign_trade": (
        "系统外的交易，不涉及任何Agent的持仓",
        "traded outside the system, in what no agent holds",
    ),
    "cause.other_cash": (
        "交易所的账单，类型与任何Agent无关",
        "a bill of the exchange of a type that concerns no agent",
    ),
    "cause.fills_behind": (
        "账单已到，成交数据尚未跟上",
        "the bills have arrived, the fills have not caught up",
    ),
    "cause.bills_gap": (
        "账单尚未齐全，或余额与账单不是同一时刻",
        "bills are missing so far, or were read at another moment than the balance",
    ),
    "cause.no_bill": (
        "没有任何账单或成交能解释这一差额",
        "neither a bill nor a fill explains the difference",
    ),
    "cause.explained_since": (
        "当时缺少的账单或成交后来出现了，金额分文不差",
        "the bill or the executions that were missing then have turned up, to the cent",
    ),
    "cause.adopted": (
        "随同没有成交依据而认领的持仓差额：其盈亏没有成交可记",
        "it belongs to positions adopted without executions, whose PnL no execution books",
    ),
    "cause.torn": (
        "保存时间差（{older}账簿较旧）",
        "not saved at one time: the {older} ledger is the older one",
    ),
    "cause.same_version": (
        "两本账簿版本相同而内容不同，无法判断谁对",
        "equal versions with different content: nothing tells which one is right",
    ),
    "cause.document_lost": (
        "Agent文档或两本账簿缺失",
        "the agent's own document or both of its ledgers are missing",
    ),
    "cause.answer_unseen": (
        "订单的结果在宕机前未收到",
        "the order's outcome had not been seen before the crash",
    ),
    "cause.never_arrived": (
        "交易所没有这张订单：它从未到达",
        "the exchange has no such order: it never arrived",
    ),
    "cause.forgotten": (
        "既不在挂单中，也没有成交；是否曾到达，交易所已无记录",
        "it neither rests nor was executed; whether it ever arrived the exchange no longer tells",
    ),
    "cause.unproven": (
        "交易所的数据不足以证明",
        "what was read from the exchange does not prove it",
    ),
    "cause.no_intent": (
        "订单由本系统的标识发出，但不在未结订单中",
        "sent under an id of this system, and not among its open orders",
    ),
    "cause.mode_changed": (
        "账户的持仓模式已被更改",
        "the account's position mode was changed",
    ),
}

REMEDY: Final[Mapping[str, tuple[str, str]]] = {
    "remedy.booked": (
        "补记成交到公共账簿与私有账簿，手续费={fee}",
        "book the fill into both ledgers, fee={fee}",
    ),
    "remedy.closed": (
        "更新账簿为已平仓，计算盈亏={pnl}（手续费={fee}）",
        "mark it as closed in the books, PnL={pnl} (fee={fee})",
    ),
    "remedy.closed_outside": (
        "更新账簿为已平仓，计算盈亏={pnl}（系统外平仓，手续费={fee}）",
        "mark it as closed in the books, PnL={pnl} (closed outside the system, fee={fee})",
    ),
    "remedy.reduced": (
        "更新账簿：平仓{contracts}张，剩余{left}张，计算盈亏={pnl}（手续费={fee}）",
        "book the close of {contracts} contracts, {left} are left, PnL={pnl} (fee={fee})",
    ),
    "remedy.duplicate_frozen": (
        "{inst_id}冻结新开仓；查明是谁重复发单",
        "{inst_id} takes no new entries; find out who sent it again",
    ),
    "remedy.dead_frozen": (
        "归属不变；{inst_id}冻结新开仓，请以只减仓订单平掉",
        "the owner stays; {inst_id} takes no new entries, close it by a reduce-only order",
    ),
    "remedy.units": (
        "需人工确认。建议：把账簿改为OKX的单位（张）",
        "a human decides. Suggested: write the books in OKX's unit, contracts",
    ),
    "remedy.orphaned": (
        "记为孤儿成交（无归属），{inst_id}冻结新开仓",
        "recorded as orphan, owned by nobody; {inst_id} takes no new entries",
    ),
    "remedy.exchange_wins": (
        "需人工确认。建议：以OKX实际为准，成交记为无归属，{inst_id}冻结新开仓",
        "a human decides. Suggested: the exchange wins, the fills go to nobody, {inst_id} takes "
        "no new entries",
    ),
    "remedy.ledger_offered": (
        "需人工确认。建议：以{source}账簿为准，重建另一本",
        "a human decides. Suggested: the {source} ledger wins, the other is rebuilt from it",
    ),
    "remedy.given_back": (
        "撤销认领（{adopted}），按实际成交入账",
        "the adoption ({adopted}) is taken back, the executions are booked in its place",
    ),
    "remedy.adopt": (
        "需人工确认。建议：以OKX实际为准，差额记为无归属，{inst_id}冻结新开仓",
        "a human decides. Suggested: the exchange wins, the difference is owned by nobody, "
        "{inst_id} takes no new entries",
    ),
    "remedy.cash_shared": (
        "记入各自的账簿，共{amount} {ccy}",
        "book each share into its owner's ledgers, {amount} {ccy} in all",
    ),
    "remedy.cash_own": (
        "记入账户自身的科目，{amount} {ccy}，不分给任何Agent",
        "book {amount} {ccy} to the account's own entry, to no agent",
    ),
    "remedy.fee_booked": (
        "补记差额{amount} {ccy}",
        "book the difference of {amount} {ccy}",
    ),
    "remedy.cash_offered": (
        "需人工确认。建议：把{amount} {ccy}记入账户自身的科目，不分给任何Agent",
        "a human decides. Suggested: book {amount} {ccy} to the account's own entry, to no agent",
    ),
    "remedy.by_hand": (
        "需人工处理：没有可以证明的自动纠正",
        "a human decides: no correction can be proven",
    ),
    "remedy.rebuilt": (
        "同步到最新状态（以{source}账簿为准，重建另一本）",
        "brought to the latest state (the {source} ledger wins, the other is rebuilt from it)",
    ),
    "remedy.settled": ("订单结果记为{outcome}", "the order is settled as {outcome}"),
    "remedy.settle_canceled": (
        "需人工确认。建议：订单结果记为{outcome}",
        "a human decides. Suggested: settle the order as {outcome}",
    ),
    "remedy.instrument_frozen": (
        "{inst_id}冻结新开仓，请撤销或确认这些挂单",
        "{inst_id} takes no new entries; cancel these orders or clear them up",
    ),
    "remedy.read_again": (
        "不作任何改动；重新读取交易所后再判断",
        "nothing is changed; read the exchange again",
    ),
}

WHY: Final[Mapping[str, tuple[str, str]]] = {
    "why.no_instrument": ("没有该合约的规格", "the contract's specification is not known"),
    "why.row_makes_no_sense": ("成交记录自相矛盾", "the fill's row makes no sense"),
    "why.no_margin_mode": ("保证金模式无从证明", "its margin mode cannot be proven"),
    "why.not_answered": ("交易所没有回答", "the exchange did not answer"),
    "why.not_asked": ("没有查询该订单", "the order was not asked for"),
    "why.contradiction": ("交易所的回答前后矛盾", "the exchange contradicts itself"),
    "why.state_unknown": ("未知的订单状态", "an order state that is not known"),
    "why.fills_behind": ("成交数据尚未跟上", "the fills have not caught up"),
    "why.money_unread": (
        "账单、余额或持仓历史未完整读取",
        "bills, balance or the positions' history were not read in full",
    ),
    "why.money_positions": (
        "持仓尚不一致，资金无法单独判断",
        "the positions do not agree, so the money cannot be judged by itself",
    ),
    "why.money_other_ccy": (
        "有以其他币种结算的合约",
        "an instrument settles in another currency",
    ),
}
