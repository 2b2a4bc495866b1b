"""The recovery report, word for word, in both languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from report_kit import first_start, needs_human, seed_like, unread

from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.text import render_text

SEED_ZH = """\
======================================================================
🔄 宕机恢复报告
======================================================================

恢复时间: 2025-12-03 10:30:00 UTC
上次保存: 2025-12-03 01:12:44 UTC (9小时17分钟前)
用时: 恢复40毫秒, 对账0毫秒

【系统状态】
✅ 公共账簿: 3,450条记录
✅ 私有账簿: 3个Agent
✅ Agent恢复: 3个 (2个存活, 1个死亡)
✅ 英灵殿: 5位英雄
✅ 运行周期: 156个周期
✅ 总运行时长: 52.0小时

【Agent详情】
  LiveAgent_01: 存活, 资金=$12,500, PnL=+$2,500, 持仓=1
  LiveAgent_02: 存活, 资金=$11,200.50, PnL=-$1,200.25, 持仓=0
  LiveAgent_03: 死亡, 原因=自然死亡

【三方对账】
🔍 对账项目: 3个Agent
   ✅ 一致: 1个
   ⚠️  不一致: 2个 (已自动纠正)
   ⚠️  P0: 9项, 一致7, 不一致2, 无法判断0
   ⚠️  P1: 6项, 一致5, 不一致1, 无法判断0
   ✅ P2: 3项, 一致3, 不一致0, 无法判断0
   ⚠️  与OKX核对持仓: 1项, 相符0项, 按方案纠正后1项

【不一致详情】
  LiveAgent_01:
    - 问题: 账簿记录持仓1笔，OKX实际无持仓（BTC-USDT-SWAP cross net，账簿100张）
    - 原因: 已被止损平仓
    - 纠正: 更新账簿为已平仓，计算盈亏=-$150（系统外平仓，手续费=-$0.05）
    - 证据: 策略委托 algo2, 成交 BTC-USDT-SWAP:2, 订单 5002

  LiveAgent_02:
    - 问题: 公共账簿与私有账簿资金不一致（私有版本0，公共版本4）
    - 原因: 保存时间差（私有账簿较旧）
    - 纠正: 同步到最新状态（以公共账簿为准，重建另一本）
    - 证据: 账簿 private/LiveAgent_02, 账簿 public/LiveAgent_02

【资金核对】 (USDT)
   OKX资金(不含未实现盈亏): $999,849.90
   账簿可解释: 基线$1,000,000, 已入账-$150.10, 入场均价之差$0
   ✅ 差额: $0

【启动决策】
✅ 系统状态正常，可以继续交易
✅ 所有数据已恢复且一致（不一致已按证据纠正）

======================================================================
"""

SEED_EN = """\
======================================================================
🔄 Crash recovery report
======================================================================

Restored:  2025-12-03 10:30:00 UTC
Last save: 2025-12-03 01:12:44 UTC (9 h 17 min ago)
Took:      restore 40 ms, reconciliation 0 ms

[System]
✅ Public ledger: 3,450 records
✅ Private ledgers: 3 agents
✅ Agents: 3 (2 alive, 1 dead)
✅ Valhalla: 5 heroes
✅ Cycles: 156
✅ Runtime: 52.0 hours

[Agents]
  LiveAgent_01: alive, capital=$12,500, PnL=+$2,500, positions=1
  LiveAgent_02: alive, capital=$11,200.50, PnL=-$1,200.25, positions=0
  LiveAgent_03: dead, reason=natural death

[Three-book reconciliation]
🔍 Compared: 3 agents
   ✅ consistent: 1
   ⚠️  differing: 2 (corrected automatically)
   ⚠️  P0: 9 items, 7 match, 2 differ, 0 not judged
   ⚠️  P1: 6 items, 5 match, 1 differ, 0 not judged
   ✅ P2: 3 items, 3 match, 0 differ, 0 not judged
   ⚠️  positions compared with OKX: 1, 0 match, 1 after the corrections

[Deviations]
  LiveAgent_01:
    - found: the books hold 1 position, OKX holds none (BTC-USDT-SWAP cross net, books 100 contracts)
    - cause: closed by its stop
    - correction: mark it as closed in the books, PnL=-$150 (closed outside the system, fee=-$0.05)
    - evidence: algo algo2, fill BTC-USDT-SWAP:2, order 5002

  LiveAgent_02:
    - found: public and private ledger differ in capital (private version 0, public version 4)
    - cause: not saved at one time: the private ledger is the older one
    - correction: brought to the latest state (the public ledger wins, the other is rebuilt from it)
    - evidence: ledger private/LiveAgent_02, ledger public/LiveAgent_02

[Money] (USDT)
   at OKX, without unrealised PnL: $999,849.90
   explained by the books: reserve $1,000,000, booked -$150.10, entry price basis $0
   ✅ difference: $0

[Start decision]
✅ The system is in order, trading may go on
✅ Everything was restored and is consistent (what differed was corrected by evidence)

======================================================================
"""  # noqa: E501

HUMAN_ZH = """\
======================================================================
🔄 宕机恢复报告
======================================================================

恢复时间: 2025-12-03 10:30:00 UTC
上次保存: 2025-12-03 01:12:44 UTC (9小时17分钟前)
用时: 恢复40毫秒, 对账0毫秒
⚠️  本机时钟比OKX快1.5秒，请校时

【系统状态】
✅ 公共账簿: 3,450条记录
✅ 私有账簿: 3个Agent
✅ Agent恢复: 3个 (2个存活, 1个死亡)
✅ 英灵殿: 5位英雄
✅ 运行周期: 156个周期
✅ 总运行时长: 52.0小时
⚠️  journal/000001.wal @ 4096: torn tail of 17 bytes (已修复)

【Agent详情】
  LiveAgent_01: 存活, 资金=$12,500, PnL=+$2,500, 持仓=1
  LiveAgent_02: 存活, 资金=$11,200.50, PnL=-$1,200.25, 持仓=0
  LiveAgent_03: 死亡, 原因=自然死亡

【三方对账】
🔍 对账项目: 3个Agent
   ✅ 一致: 1个
   ⚠️  不一致: 2个 (有证据的已纠正，其余等待处理)
   ⚠️  P0: 9项, 一致5, 不一致4, 无法判断0
   ✅ P1: 6项, 一致6, 不一致0, 无法判断0
   ✅ P2: 3项, 一致3, 不一致0, 无法判断0
   ⚠️  与OKX核对持仓: 2项, 相符0项, 按方案纠正后2项

【不一致详情】
  账户:
    - 问题: BTC-USDT-SWAP cross net被系统外的1笔成交减少3张，持有者：LiveAgent_01, LiveAgent_02
    - 原因: 无法证明平掉的是谁的持仓
    - 拟纠正: 需人工选择（见【人工审批】）；选定之前不作任何改动
    - 证据: 成交 BTC-USDT-SWAP:3, 订单 5003, 持仓 BTC-USDT-SWAP cross net
    - 问题: OKX有1笔成交（ETH-USDT-SWAP cross net，buy，净2张）不属于任何Agent
    - 原因: 手动交易或其他程序；没有订单号或标签能证明归属
    - 纠正: 记为孤儿成交（无归属），ETH-USDT-SWAP冻结新开仓
    - 证据: 成交 ETH-USDT-SWAP:4, 订单 5004

【资金核对】 (USDT)
   OKX资金(不含未实现盈亏): $999,999.80
   账簿可解释: 基线$1,000,000, 已入账-$0.20, 入场均价之差$0
   ✅ 差额: $0

【暂不接受新开仓】
  ⚠️  BTC-USDT-SWAP: 等待人工选择 (<FINDING>)
  其余照常交易；只减少持仓的订单仍可通过

【结果未知的订单】
  ⚠️  s0ido1 (下次对账时再查询，不妨碍其他)

【人工审批】
  <FINDING>  情况B 系统外平仓  BTC-USDT-SWAP cross net
    ★ nobody [暂不认定] 记为无归属并冻结BTC-USDT-SWAP的新开仓，各Agent的账簿不变
        影响: 无归属 -3张, 盈亏含手续费-$0.05 (BTC-USDT-SWAP cross net)
        依据: 不把无法证明的事算在任何Agent头上
        风险: Agent账面上的持仓可能已不在OKX上，平仓时平掉的是无归属的部分
        遗留: 无归属的持仓和BTC-USDT-SWAP的冻结，日后须平掉并解除
        选择: prometheus-persist reconcile --apply plan.json --choose <FINDING>=nobody --dir store
    · pro_rata [按既定规则] 按当时各自持仓比例分摊，取整张；有订单号的先由其Agent承担
        影响: LiveAgent_01 -1.5张, 盈亏含手续费-$0.02 (BTC-USDT-SWAP cross net)
        影响: LiveAgent_02 -1.5张, 盈亏含手续费-$0.02 (BTC-USDT-SWAP cross net)
        依据: 规则事先写明，对谁都一样，合计等于OKX的持仓
        风险: 不能证明平掉的就是这些张，盈亏可能在Agent之间错位
        遗留: 没有未决的持仓
        选择: prometheus-persist reconcile --apply plan.json --choose <FINDING>=pro_rata --dir store
    · agent:LiveAgent_01 [凭人工认定] 全部归LiveAgent_01
        影响: LiveAgent_01 -3张, 盈亏含手续费-$0.05 (BTC-USDT-SWAP cross net)
        依据: 若您知道当时针对的就是LiveAgent_01，这是正确的
        风险: OKX上没有任何依据；盈亏全由LiveAgent_01承担
        遗留: 若超出LiveAgent_01的持有，超出部分与其他Agent互为对手
        选择: prometheus-persist reconcile --apply plan.json --choose <FINDING>=agent:LiveAgent_01 --dir store
    · agent:LiveAgent_02 [凭人工认定] 全部归LiveAgent_02
        影响: LiveAgent_02 -3张, 盈亏含手续费-$0.05 (BTC-USDT-SWAP cross net)
        依据: 若您知道当时针对的就是LiveAgent_02，这是正确的
        风险: OKX上没有任何依据；盈亏全由LiveAgent_02承担
        遗留: 若超出LiveAgent_02的持有，超出部分与其他Agent互为对手
        选择: prometheus-persist reconcile --apply plan.json --choose <FINDING>=agent:LiveAgent_02 --dir store

【启动决策】
⚠️  BTC-USDT-SWAP需要人工处理，不接受新开仓；其余可以继续交易
⚠️  未决的部分保持原样
⚠️  冻结新开仓: ETH-USDT-SWAP

【下一步】
  1. 生成方案并审阅
      prometheus-persist reconcile --plan plan.json --dir store
  2. 批准：每项按标★的建议执行
      prometheus-persist reconcile --apply plan.json --dir store
  1张订单结果未知，只妨碍它们自己：查看
      prometheus-persist orders --dir store
     向OKX查询并入账
      prometheus-persist orders settle --dir store
     查不到而必须了结时，写明理由放弃s0ido1
      prometheus-persist orders give-up s0ido1 --reason '已人工查清' --dir store
  查清之后解除ETH-USDT-SWAP的冻结（只减仓的订单一直可以通过）
      prometheus-persist unfreeze ETH-USDT-SWAP --reason '已人工查清' --dir store

======================================================================
"""  # noqa: E501

HUMAN_EN = """\
======================================================================
🔄 Crash recovery report
======================================================================

Restored:  2025-12-03 10:30:00 UTC
Last save: 2025-12-03 01:12:44 UTC (9 h 17 min ago)
Took:      restore 40 ms, reconciliation 0 ms
⚠️  this machine's clock is 1.5 s ahead of OKX's; set it right

[System]
✅ Public ledger: 3,450 records
✅ Private ledgers: 3 agents
✅ Agents: 3 (2 alive, 1 dead)
✅ Valhalla: 5 heroes
✅ Cycles: 156
✅ Runtime: 52.0 hours
⚠️  journal/000001.wal @ 4096: torn tail of 17 bytes (repaired)

[Agents]
  LiveAgent_01: alive, capital=$12,500, PnL=+$2,500, positions=1
  LiveAgent_02: alive, capital=$11,200.50, PnL=-$1,200.25, positions=0
  LiveAgent_03: dead, reason=natural death

[Three-book reconciliation]
🔍 Compared: 3 agents
   ✅ consistent: 1
   ⚠️  differing: 2 (what is proven was corrected, the rest waits)
   ⚠️  P0: 9 items, 5 match, 4 differ, 0 not judged
   ✅ P1: 6 items, 6 match, 0 differ, 0 not judged
   ✅ P2: 3 items, 3 match, 0 differ, 0 not judged
   ⚠️  positions compared with OKX: 2, 0 match, 2 after the corrections

[Deviations]
  Account:
    - found: 1 fill(s) from outside moved BTC-USDT-SWAP cross net by 3 contracts; holders: LiveAgent_01, LiveAgent_02
    - cause: whose contracts were closed cannot be proven
    - proposed: a human chooses (see below); nothing of it is changed before
    - evidence: fill BTC-USDT-SWAP:3, order 5003, position BTC-USDT-SWAP cross net
    - found: OKX has 1 fill(s) of ETH-USDT-SWAP cross net, buy, net 2 contracts, of no agent
    - cause: traded by hand or by another program; no order id or tag proves an owner
    - correction: recorded as orphan, owned by nobody; ETH-USDT-SWAP takes no new entries
    - evidence: fill ETH-USDT-SWAP:4, order 5004

[Money] (USDT)
   at OKX, without unrealised PnL: $999,999.80
   explained by the books: reserve $1,000,000, booked -$0.20, entry price basis $0
   ✅ difference: $0

[No new entries for now]
  ⚠️  BTC-USDT-SWAP: until a human has chosen (<FINDING>)
  everything else trades; orders that reduce a position pass everywhere

[Orders without an answer]
  ⚠️  s0ido1 (asked for again at the next reconciliation; nothing else waits for it)

[For a human]
  <FINDING>  case B closed outside the system  BTC-USDT-SWAP cross net
    ★ nobody [left open] to nobody, in sight; BTC-USDT-SWAP takes no new entries, the agents keep what their books say
        effect:  nobody -3 contracts, -$0.05 PnL and fee (BTC-USDT-SWAP cross net)
        for:     no agent is charged with what cannot be proven
        against: an agent may keep in its books what is gone at OKX; closing it meets nobody's position
        leaves:  nobody's position and the freeze of BTC-USDT-SWAP, to be closed and lifted later
        choose:  prometheus-persist reconcile --apply plan.json --choose <FINDING>=nobody --dir store
    · pro_rata [by a declared rule] each holder bears the share that it held, in whole lots; an order's own agent goes first
        effect:  LiveAgent_01 -1.5 contracts, -$0.02 PnL and fee (BTC-USDT-SWAP cross net)
        effect:  LiveAgent_02 -1.5 contracts, -$0.02 PnL and fee (BTC-USDT-SWAP cross net)
        for:     a rule that was there before, the same for everyone; the sum is what OKX holds
        against: nothing says that these were the contracts: PnL may land with the wrong agent
        leaves:  no position is left open
        choose:  prometheus-persist reconcile --apply plan.json --choose <FINDING>=pro_rata --dir store
    · agent:LiveAgent_01 [on your word] all of it to LiveAgent_01
        effect:  LiveAgent_01 -3 contracts, -$0.05 PnL and fee (BTC-USDT-SWAP cross net)
        for:     right if you know that LiveAgent_01 was meant
        against: nothing at OKX says so, and LiveAgent_01 alone bears the PnL
        leaves:  nothing, unless it is more than LiveAgent_01 held: that stands against the others then
        choose:  prometheus-persist reconcile --apply plan.json --choose <FINDING>=agent:LiveAgent_01 --dir store
    · agent:LiveAgent_02 [on your word] all of it to LiveAgent_02
        effect:  LiveAgent_02 -3 contracts, -$0.05 PnL and fee (BTC-USDT-SWAP cross net)
        for:     right if you know that LiveAgent_02 was meant
        against: nothing at OKX says so, and LiveAgent_02 alone bears the PnL
        leaves:  nothing, unless it is more than LiveAgent_02 held: that stands against the others then
        choose:  prometheus-persist reconcile --apply plan.json --choose <FINDING>=agent:LiveAgent_02 --dir store

[Start decision]
⚠️  A human must decide about BTC-USDT-SWAP: no new entries there; the rest may trade
⚠️  What is undecided was left as it is
⚠️  No new entries on: ETH-USDT-SWAP

[Next]
  1. write the plan and read it
      prometheus-persist reconcile --plan plan.json --dir store
  2. approve it, with the alternatives marked ★
      prometheus-persist reconcile --apply plan.json --dir store
  1 order(s) without an answer, which hold up nothing but themselves: look at them
      prometheus-persist orders --dir store
     ask OKX for them, and book what they did
      prometheus-persist orders settle --dir store
     where OKX will never tell, give s0ido1 up with a reason
      prometheus-persist orders give-up s0ido1 --reason 'cleared up by hand' --dir store
  lift the freeze of ETH-USDT-SWAP once it is cleared up (what only reduces passes all along)
      prometheus-persist unfreeze ETH-USDT-SWAP --reason 'cleared up by hand' --dir store

======================================================================
"""  # noqa: E501

UNREAD_ZH = """\
======================================================================
🔄 宕机恢复报告
======================================================================

恢复时间: 2025-12-03 10:30:00 UTC
上次保存: 2025-12-03 01:12:44 UTC (9小时17分钟前)
用时: 恢复40毫秒, 对账0毫秒

【系统状态】
✅ 公共账簿: 3,450条记录
✅ 私有账簿: 3个Agent
✅ Agent恢复: 3个 (2个存活, 1个死亡)
✅ 英灵殿: 5位英雄
✅ 运行周期: 156个周期
✅ 总运行时长: 52.0小时

【Agent详情】
  LiveAgent_01: 存活, 资金=$12,500, PnL=+$2,500, 持仓=1
  LiveAgent_02: 存活, 资金=$11,200.50, PnL=-$1,200.25, 持仓=0
  LiveAgent_03: 死亡, 原因=自然死亡

【三方对账】
🔍 对账项目: 3个Agent
   ✅ 一致: 0个
   ⚠️  无法判断: 3个 (不视为一致，也不视为空仓)
   ⚠️  P0: 9项, 一致0, 不一致0, 无法判断9
   ✅ P1: 6项, 一致6, 不一致0, 无法判断0
   ✅ P2: 3项, 一致3, 不一致0, 无法判断0
   ⚠️  与OKX核对持仓: 1项, 均无法判断
   ⚠️  数据不完整: 持仓：account/positions：请求超时
   ⚠️  没有任何持仓因此被视为已平仓

【资金核对】 (USDT)
   OKX资金(不含未实现盈亏): ?
   账簿可解释: 基线$1,000,000, 已入账$0, 入场均价之差$0
   ⚠️  无法核对: 账单、余额或持仓历史未完整读取

【启动决策】
⚠️  交易所未能完整读取，交易保持关闭
⚠️  没有任何持仓被视为已平仓，未作任何改动

【下一步】
  网络与API密钥正常后重新对账；读取完整之前保持关闭
      prometheus-persist reconcile --dir store

======================================================================
"""

UNREAD_EN = """\
======================================================================
🔄 Crash recovery report
======================================================================

Restored:  2025-12-03 10:30:00 UTC
Last save: 2025-12-03 01:12:44 UTC (9 h 17 min ago)
Took:      restore 40 ms, reconciliation 0 ms

[System]
✅ Public ledger: 3,450 records
✅ Private ledgers: 3 agents
✅ Agents: 3 (2 alive, 1 dead)
✅ Valhalla: 5 heroes
✅ Cycles: 156
✅ Runtime: 52.0 hours

[Agents]
  LiveAgent_01: alive, capital=$12,500, PnL=+$2,500, positions=1
  LiveAgent_02: alive, capital=$11,200.50, PnL=-$1,200.25, positions=0
  LiveAgent_03: dead, reason=natural death

[Three-book reconciliation]
🔍 Compared: 3 agents
   ✅ consistent: 0
   ⚠️  not judged: 3 (called neither consistent nor flat)
   ⚠️  P0: 9 items, 0 match, 0 differ, 9 not judged
   ✅ P1: 6 items, 6 match, 0 differ, 0 not judged
   ✅ P2: 3 items, 3 match, 0 differ, 0 not judged
   ⚠️  positions compared with OKX: 1, none could be judged
   ⚠️  incomplete: positions: account/positions: RequestTimeout
   ⚠️  nothing is called flat because of that

[Money] (USDT)
   at OKX, without unrealised PnL: ?
   explained by the books: reserve $1,000,000, booked $0, entry price basis $0
   ⚠️  cannot be judged: bills, balance or the positions' history were not read in full

[Start decision]
⚠️  The exchange could not be read in full, trading stays shut
⚠️  Nothing is called flat, and nothing was changed

[Next]
  reconcile again once network and API key are well; it stays shut until the exchange was read in full
      prometheus-persist reconcile --dir store

======================================================================
"""  # noqa: E501

FIRST_ZH = """\
======================================================================
🔄 宕机恢复报告
======================================================================

恢复时间: 2025-12-03 10:30:00 UTC
未发现恢复数据，执行全新启动

【系统状态】
✅ 公共账簿: 0条记录
✅ 私有账簿: 0个Agent
✅ Agent恢复: 0个 (0个存活, 0个死亡)
✅ 英灵殿: 0位英雄
✅ 运行周期: 0个周期
✅ 总运行时长: 0.0小时

【三方对账】
   ⚠️  未能读取交易所: OKX does not answer
   ⚠️  没有任何持仓因此被视为已平仓

【启动决策】
⚠️  交易所未能完整读取，交易保持关闭
⚠️  没有任何持仓被视为已平仓，未作任何改动

【下一步】
  网络与API密钥正常后重新对账；读取完整之前保持关闭
      prometheus-persist reconcile --dir store

======================================================================
"""


@pytest.mark.parametrize(
    ("make", "lang", "expected"),
    [
        (seed_like, "zh", SEED_ZH),
        (seed_like, "en", SEED_EN),
        (needs_human, "zh", HUMAN_ZH),
        (needs_human, "en", HUMAN_EN),
        (unread, "zh", UNREAD_ZH),
        (unread, "en", UNREAD_EN),
        (first_start, "zh", FIRST_ZH),
    ],
    ids=lambda value: getattr(value, "__name__", None) or (value if len(str(value)) < 4 else ""),
)
def test_the_report_reads_exactly_so(
    make: Callable[[], RecoveryFacts], lang: str, expected: str
) -> None:
    made = make()
    if made.plan is not None:
        human = [one.finding_id for one in made.plan.findings if one.resolution == "HUMAN"]
        expected = expected.replace("<FINDING>", human[0] if human else "")
    assert render_text(made, lang) == expected
