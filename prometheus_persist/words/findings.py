"""What a finding says was found, and why something could not be judged: Chinese and English.

Pairs (zh, en) with the same placeholders in both. Causes and remedies: ``causes.py``.
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
    "what.host_differs": (
        "宿主的{ledger}账簿中，{agent}的{key}为{held}张，应为{contracts}张",
        "the host's {ledger} ledger has {held} contracts of {key} for {agent}; {contracts} are due",
    ),
    "what.host_turned": (
        "方向不符：宿主的{ledger}账簿中，{agent}的{key}为{held}张，应为{contracts}张",
        "the other side: the host's {ledger} ledger has {held} contracts of {key} for {agent}; "
        "{contracts} are due",
    ),
    "what.host_px": (
        "宿主的{ledger}账簿中，{agent}的{key}入场价为{px}，应为{due_px}",
        "the host's {ledger} ledger has {key} of {agent} at {px}; {due_px} is due",
    ),
    "what.host_since": (
        "宿主的{ledger}账簿中，{agent}的{key}开仓时间为{since_ms}，应为{due_ms}",
        "the host's {ledger} ledger has {key} of {agent} since {since_ms}; {due_ms} is due",
    ),
    "what.host_unread": (
        "宿主自己的账簿没有看到：{problem}",
        "the host's own books were not seen: {problem}",
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
    "what.agent_strays": (
        "Agent文档中的资金为{said}，两本账簿均为{capital}",
        "the agent's own document says a capital of {said}, both its ledgers say {capital}",
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
    "what.closes_beyond": (
        "{key}有{fills}笔成交（{side}，净{contracts}张，订单{ord_id}）平掉的比该订单的Agent持有的更多；"
        "持有者：{holders}",
        "{fills} fill(s) of {key} ({side}, net {contracts} contracts, order {ord_id}) closed more "
        "than the order's agent holds; holders: {holders}",
    ),
    "what.venue_differs": (
        "{key}：账簿{books}张，OKX {venue}张，而OKX自身还有未显示的成交",
        "{key}: books {books}, OKX {venue} contracts, and OKX itself tells of executions that it "
        "does not show yet",
    ),
    "what.account_changed": (
        "账户{account}的层级与持仓模式由{before}变为{now}",
        "account {account} changed its level and position mode from {before} to {now}",
    ),
    "what.expired_offset": (
        "{key}：{holders}彼此对冲的持仓仍在账簿中，而合约已交割或下架",
        "{key}: {holders} still hold positions against each other in a contract that is delivered "
        "or delisted",
    ),
    "what.not_believed": (
        "{key}：OKX只显示{venue}张，账簿记录{books}张，没有任何记录说明少掉的部分去了哪里",
        "{key}: OKX shows only {venue} contracts, the books hold {books}, and no row tells where "
        "the rest went",
    ),
    "what.rescaled": (
        "{inst_id}每张的面值由{before}变为{now}，账簿仍按旧面值记录：{keys}",
        "one contract of {inst_id} was {before} and is {now} now; the books still count the old "
        "ones: {keys}",
    ),
    "what.unmanaged": (
        "账户持有{inst_id}（{inst_type}），本系统的账簿不管理它：{why}",
        "the account has {inst_id} ({inst_type}), which these books do not keep: {why}",
    ),
    "what.older_copy": (
        "本目录是较早的副本：缺少已发出的订单{orders}张（至少{commits}次提交），其中{resting}张仍在挂单；"
        "涉及{agents}；首张{first}",
        "this directory is an older copy: {orders} order(s) that it issued are missing (at least "
        "{commits} commits), {resting} of them still rest; agents: {agents}; first: {first}",
    ),
    "what.taken_back": (
        "订单{cl_ord_id}（{inst_id} {side} {contracts}张）在账簿中已结束，"
        "而OKX上有这张订单（{outcome}）",
        "order {cl_ord_id} ({inst_id} {side} {contracts} contracts) had ended in the books, and "
        "OKX has it ({outcome})",
    ),
    "what.attached": (
        "附在订单{parent}上的止盈止损单{cl_ord_id}（{inst_id} {side} {contracts}张）在OKX上，"
        "账簿没有",
        "stop {cl_ord_id} ({inst_id} {side} {contracts} contracts), attached to order {parent}, "
        "is at OKX and not in the books",
    ),
    "what.stop_alone": (
        "止盈止损单{cl_ord_id}（{inst_id} {side} {contracts}张，OKX委托{ord_id}）仍在挂单，"
        "而它的Agent没有可平的持仓",
        "stop {cl_ord_id} ({inst_id} {side} {contracts} contracts, OKX algo order {ord_id}) rests, "
        "and its agent has no position that it could close",
    ),
    "what.other_account": (
        "账簿属于账户{account}（{environment}），OKX回答的却是账户{uid}（{shown}）",
        "the books are kept for account {account} ({environment}), and OKX answered for account "
        "{uid} ({shown})",
    ),
    "what.history_lost": (
        "停机时间超过OKX的保留期：{sources}查不到{since}",
        "the system was down for longer than OKX keeps: {sources} do not reach back to {since}",
    ),
    "what.position_unjudged": (
        "{inst_id}的持仓无法判断：{why} {detail}",
        "the position of {inst_id} cannot be judged: {why} {detail}",
    ),
}

WHY: Final[Mapping[str, tuple[str, str]]] = {
    "why.host_no_px": ("宿主不记录入场价", "the host keeps no entry price"),
    "why.host_no_since": ("宿主不记录持仓时间", "the host keeps no holding time"),
    "why.host_time_twice": (
        "该时区中这个钟点出现两次或不存在",
        "its zone has that clock time twice, or not at all",
    ),
    "why.host_rounded": (
        "相差不到一个最小变动价位：无法区分是取整还是另一个价格",
        "within a tick: rounded, or another price",
    ),
    "why.host_no_tick": (
        "该合约已无最小变动价位可依",
        "the contract has no tick any more to compare by",
    ),
    "why.host_several": ("同一持仓有多行", "several rows for one position"),
    "why.host_other_size": ("张数不同，未作比较", "not compared beside another size"),
    "why.host_unread": ("该账簿的视图无法读取", "the view of that ledger could not be read"),
    "why.host_unfit": ("数量不是整数倍的合约张数", "its quantity is no number of contracts"),
    "why.host_asked": ("另有一项差异正在处理此持仓", "another finding asks about that position"),
    "why.host_left": ("按人工决定保持不变", "stays as it is, as a human said"),
    "why.door_raised": ("入口抛出了异常", "the door raised an exception"),
    "why.door_silent": ("视图没有显示这笔成交", "the view did not show them"),
    "why.door_other": ("它还改动了别的持仓", "it moved another position, too"),
    "why.door_undone": (
        "当时已记入，现在又不见了",
        "the view showed them then, and does not any more",
    ),
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
    "why.not_listed": (
        "OKX没有列出该合约，账簿也没有它的记录",
        "OKX does not list it, and no book knows it",
    ),
    "why.other_ccy": ("以其他币种结算", "it settles in another currency"),
    "why.inverse": ("币本位（反向）合约", "it is an inverse contract"),
    "why.not_linear": ("不是线性合约", "it is not a linear contract"),
    "why.no_size": ("OKX没有给出合约面值", "OKX gives no size for it"),
    "why.option": ("期权", "an option"),
    "why.margin": ("币币杠杆", "spot on margin"),
    "why.spot": ("现货", "spot"),
    "why.other_product": ("其他产品", "another product"),
    "why.on_its_way": (
        "可能还在途中，或OKX还没有显示",
        "it may still be on its way, or not be shown yet",
    ),
    "why.other_mode": (
        "OKX的持仓与账户的持仓模式不符",
        "OKX shows it in another position mode than the account's",
    ),
    "why.positions_stale": (
        "持仓数据落后于成交",
        "the position's row is older than its executions",
    ),
    "why.contradicting_rows": (
        "OKX的记录前后矛盾",
        "rows of OKX contradict each other",
    ),
}
