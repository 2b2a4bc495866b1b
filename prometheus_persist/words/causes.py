"""A finding's ``cause`` and ``remedy`` in Chinese and English: pairs with the same placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CAUSE: Final[Mapping[str, tuple[str, str]]] = {
    "cause.not_saved": (
        "订单由本系统发出，成交在宕机前未及入账",
        "an order of this system; its fill was not booked before the crash",
    ),
    "cause.host_lacks": (
        "宿主没有记入{fills}笔已入账的成交",
        "the host has not booked {fills} fill(s) that are booked here",
    ),
    "cause.host_twice": (
        "宿主把{fills}笔成交记了两遍",
        "the host has booked {fills} fill(s) twice",
    ),
    "cause.host_door_failed": (
        "成交已经交给宿主的入口，它的账簿仍然不同：{why}",
        "the fills went through the host's door, and its books still differ: {why}",
    ),
    "cause.host_unexplained": (
        "近期成交都解释不了这一差额",
        "no recent executions prove where the difference comes from",
    ),
    "cause.host_owner": (
        "同样的张数记在了另一个Agent名下：{beside}为{beside_held}张，应为{beside_contracts}张",
        "as many stand under another agent: {beside} has {beside_held}, {beside_contracts} are due",
    ),
    "cause.host_key": (
        "同样的张数记在了另一处：{beside}为{beside_held}张，应为{beside_contracts}张",
        "as many stand under another key: {beside} has {beside_held}, {beside_contracts} are due",
    ),
    "cause.host_item": (
        "张数一致，这一项不一致",
        "the size agrees, this item does not",
    ),
    "cause.host_view": (
        "宿主给出的视图无法使用",
        "the view that the host gives could not be used",
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
    "cause.account_changed": (
        "账户设置在OKX被更改",
        "the account's settings were changed at OKX",
    ),
    "cause.contract_gone": (
        "合约已不存在，谁也无法再平仓",
        "the contract is gone, and nobody can close it any more",
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
    "cause.copy_edited": (
        "资金以账簿为准，Agent文档只是副本，被账簿之外改写",
        "the ledgers keep the capital, the document's is a copy that something else has written",
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
    "cause.closes_others": (
        "只减仓订单（或closeFraction）平的是整个账户的持仓，超出的部分属于别人",
        "a reduce-only order (or closeFraction) closes what the account holds; what went beyond "
        "was somebody else's",
    ),
    "cause.life_closed": (
        "OKX的历史持仓显示已平仓，但查不到成交",
        "OKX's position history says that it was closed, and lists no fill of it",
    ),
    "cause.books_written": (
        "账簿被直接改写过：已入账成交的合计正是OKX的张数",
        "the ledgers were written to: the executions booked add up to what OKX holds",
    ),
    "cause.nothing_explains": (
        "没有成交、账单或历史持仓能解释：OKX返回的持仓列表可能不完整",
        "no fill, bill or closed position explains it: OKX's list of positions may be short",
    ),
    "cause.rescaled": ("OKX调整了合约面值", "OKX changed the contract's size"),
    "cause.unmanaged": ("在系统外交易", "traded outside the system"),
    "cause.delivery": (
        "合约到期交割，按当时各自的持仓入账",
        "the contract expired and was delivered; each holder's part is booked",
    ),
    "cause.older_copy": (
        "从较早的备份恢复，或复制了目录；此后保存的其他内容（资金、记录、Agent的变化）也不在其中",
        "restored from an older backup, or copied; whatever else was saved since (capital, "
        "records, changes of agents) is missing, too",
    ),
    "cause.arrived_late": (
        "曾被认定未到达或已放弃，后来还是到达了",
        "it was taken for never arrived, or given up, and arrived all the same",
    ),
    "cause.attached": (
        "随订单一起发出，编号没有登记",
        "it was sent along with its order, under an id that was not registered",
    ),
    "cause.stop_alone": (
        "它所保护的持仓已平；一旦触发，平掉的是账户中别人的持仓",
        "the position it was for is closed; if it fires it closes what others hold",
    ),
    "cause.other_account": (
        "API密钥或 --demo/--live 属于另一个账户",
        "the API key, or --demo/--live, is that of another account",
    ),
    "cause.history_lost": ("OKX不再保留更早的记录", "OKX does not keep what is older"),
    "cause.order_ended": (
        "它所依附的订单已结束，或合约已下架",
        "the order that it was attached to has ended, or its contract is listed no more",
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
    "remedy.orphaned": (
        "记为孤儿成交（无归属），{inst_id}冻结新开仓",
        "recorded as orphan, owned by nobody; {inst_id} takes no new entries",
    ),
    "remedy.given_back": (
        "撤销认领（{adopted}），按实际成交入账",
        "the adoption ({adopted}) is taken back, the executions are booked in its place",
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
    "remedy.rebuilt": (
        "同步到最新状态（以{source}账簿为准，重建另一本）",
        "brought to the latest state (the {source} ledger wins, the other is rebuilt from it)",
    ),
    "remedy.follows_ledgers": (
        "Agent文档的资金改为账簿所记",
        "the document takes the capital that the ledgers keep",
    ),
    "remedy.settled": ("订单结果记为{outcome}", "the order is settled as {outcome}"),
    "remedy.instrument_frozen": (
        "{inst_id}冻结新开仓，请撤销或确认这些挂单",
        "{inst_id} takes no new entries; cancel these orders or clear them up",
    ),
    "remedy.noted": (
        "记下新的设置；Agent的下单参数须与之一致",
        "kept from now on; the agents' orders have to fit it",
    ),
    "remedy.read_again": (
        "不作任何改动；重新读取交易所后再判断",
        "nothing is changed; read the exchange again",
    ),
    "remedy.unlisted": (
        "不作任何改动；OKX已不再列出该合约，再读也无用：由人工决定是否以所示为准（命令见下）",
        "nothing is changed; OKX lists the contract no more, and reading again does not help: a "
        "human takes what OKX shows for true, or not (the command is below)",
    ),
    "remedy.choose": (
        "需人工选择（见【人工审批】）；选定之前不作任何改动",
        "a human chooses (see below); nothing of it is changed before",
    ),
    "remedy.host_told": (
        "由宿主自己的入口记账，与本次提交一起保存，再经由视图核对",
        "booked by the host's own door, saved with this commit, and looked at again by its view",
    ),
    "remedy.host_by_hand": (
        "不改动宿主；请在它的{ledger}账簿中把{agent}的{key}改为{contracts}张，或确认保持不变",
        "nothing of the host is changed; set {key} of {agent} to {contracts} contracts in its "
        "{ledger} ledger, or say that it stays as it is",
    ),
    "remedy.host_pair": (
        "不改动宿主；请在它的{ledger}账簿中把{agent}的{key}改为{contracts}张，把{beside}改为"
        "{beside_contracts}张，或确认保持不变",
        "nothing of the host is changed; in its {ledger} ledger set {key} of {agent} to "
        "{contracts} contracts and {beside} to {beside_contracts}, or say that they stay as they "
        "are",
    ),
    "remedy.host_px": (
        "不改动宿主；请在它的{ledger}账簿中把{agent}的{key}入场价改为{due_px}，或确认保持不变",
        "nothing of the host is changed; set the entry price of {key} of {agent} to {due_px} in "
        "its {ledger} ledger, or say that it stays as it is",
    ),
    "remedy.host_since": (
        "不改动宿主；请在它的{ledger}账簿中把{agent}的{key}开仓时间改为{due_ms}，或确认保持不变",
        "nothing of the host is changed; set the time of {key} of {agent} to {due_ms} in its "
        "{ledger} ledger, or say that it stays as it is",
    ),
    "remedy.host_view": (
        "修正该视图，再对账一次；在此之前宿主的账簿不作比较",
        "mend the view and reconcile again; until then the host's books are not compared",
    ),
    "remedy.unmanaged": (
        "列为无人管理，{inst_id}冻结新开仓，其余照常",
        "kept in sight as nobody's; {inst_id} takes no new entries, everything else goes on",
    ),
    "remedy.taken_back": (
        "归还给原来的Agent：成交入账，仍在挂单的重新列为未结订单",
        "taken back to its agent: what was executed is booked, what rests is an open order again",
    ),
    "remedy.attached": (
        "登记到该订单的Agent名下（{outcome}）",
        "registered to the order's agent ({outcome})",
    ),
    "remedy.cancel_it": ("不妨碍交易；请撤销它", "nothing waits for it; cancel it"),
    "remedy.adopt_account": (
        "不作任何对账与改动；请改用账户{account}（{environment}）的密钥，或声明改为账户{uid}记账",
        "nothing was judged or changed; use the keys of account {account} ({environment}), or say "
        "that the books are for account {uid} from now on",
    ),
    "remedy.accept_history": (
        "不作任何改动；可声明更早的历史无从得知，以OKX仍有的数据为准再逐项对账",
        "nothing is changed; a human may accept that what came before is not known, and have what "
        "OKX still keeps taken for the whole",
    ),
}
