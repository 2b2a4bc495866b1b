"""The recovery report's own sentences in Chinese and English; its structure is in ``text.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REPORT: Final[Mapping[str, tuple[str, str]]] = {
    "report.title": ("🔄 宕机恢复报告", "🔄 Crash recovery report"),
    "report.restored": ("恢复时间: {time}", "Restored:  {time}"),
    "report.last_save": ("上次保存: {time} ({ago}前)", "Last save: {time} ({ago} ago)"),
    "report.fresh": (
        "未发现恢复数据，执行全新启动",
        "Nothing to restore: this is a first start",
    ),
    "report.days": ("{n}天", "{n} d "),
    "report.hours": ("{n}小时", "{n} h "),
    "report.minutes": ("{n}分钟", "{n} min"),
    "report.seconds": ("{n}秒", "{n} s"),
    "report.system": ("【系统状态】", "[System]"),
    "report.public": ("✅ 公共账簿: {n}条记录", "✅ Public ledger: {n} records"),
    "report.private": ("✅ 私有账簿: {n}个Agent", "✅ Private ledgers: {n} agents"),
    "report.agents": (
        "✅ Agent恢复: {n}个 ({alive}个存活, {dead}个死亡)",
        "✅ Agents: {n} ({alive} alive, {dead} dead)",
    ),
    "report.heroes": ("✅ 英灵殿: {n}位英雄", "✅ Valhalla: {n} heroes"),
    "report.cycles": ("✅ 运行周期: {n}个周期", "✅ Cycles: {n}"),
    "report.runtime": ("✅ 总运行时长: {n}小时", "✅ Runtime: {n} hours"),
    "report.intents": ("⚠️  未结订单: {n}张", "⚠️  Open orders: {n}"),
    "report.damage": (
        "⚠️  {place}: {problem} ({outcome})",
        "⚠️  {place}: {problem} ({outcome})",
    ),
    "report.warning": ("⚠️  {text}", "⚠️  {text}"),
    "report.repaired": ("已修复", "repaired"),
    "report.ignored": ("已忽略，有更新的完好数据", "ignored: something newer is whole"),
    "report.lost": ("已丢失", "lost"),
    "report.agent_section": ("【Agent详情】", "[Agents]"),
    "report.alive": (
        "  {agent}: 存活, 资金={capital}, PnL={pnl}, 持仓={positions}",
        "  {agent}: alive, capital={capital}, PnL={pnl}, positions={positions}",
    ),
    "report.dead": ("  {agent}: 死亡, 原因={reason}", "  {agent}: dead, reason={reason}"),
    "report.dead_holding": (
        "  {agent}: 死亡, 原因={reason}, 持仓={positions}",
        "  {agent}: dead, reason={reason}, positions={positions}",
    ),
    "report.three": ("【三方对账】", "[Three-book reconciliation]"),
    "report.compared": ("🔍 对账项目: {n}个Agent", "🔍 Compared: {n} agents"),
    "report.consistent": ("   ✅ 一致: {n}个", "   ✅ consistent: {n}"),
    "report.differing": ("   ⚠️  不一致: {n}个 ({fate})", "   ⚠️  differing: {n} ({fate})"),
    "report.unknown": (
        "   ⚠️  无法判断: {n}个 (不视为一致，也不视为空仓)",
        "   ⚠️  not judged: {n} (called neither consistent nor flat)",
    ),
    "report.keys_match": (
        "   ✅ 与OKX核对持仓: {n}项, 全部相符",
        "   ✅ positions compared with OKX: {n}, all match",
    ),
    "report.keys_differ": (
        "   ⚠️  与OKX核对持仓: {n}项, 相符{match}项, 按方案纠正后{after}项",
        "   ⚠️  positions compared with OKX: {n}, {match} match, {after} after the corrections",
    ),
    "report.keys_unknown": (
        "   ⚠️  与OKX核对持仓: {n}项, 均无法判断",
        "   ⚠️  positions compared with OKX: {n}, none could be judged",
    ),
    "report.fate_applied": ("已自动纠正", "corrected automatically"),
    "report.fate_approved": ("已按人工批准纠正", "corrected as approved"),
    "report.fate_human": ("等待人工审批，未作改动", "waiting for a human, nothing was changed"),
    "report.fate_open": ("未作改动", "nothing was changed"),
    "report.venue_problem": (
        "   ⚠️  未能读取交易所: {text}",
        "   ⚠️  the exchange was not read: {text}",
    ),
    "report.source_problem": ("   ⚠️  数据不完整: {text}", "   ⚠️  incomplete: {text}"),
    "report.not_flat": (
        "   ⚠️  没有任何持仓因此被视为已平仓",
        "   ⚠️  nothing is called flat because of that",
    ),
    "report.details": ("【不一致详情】", "[Deviations]"),
    "report.account": ("账户", "Account"),
    "report.what": ("    - 问题: {text}", "    - found: {text}"),
    "report.cause": ("    - 原因: {text}", "    - cause: {text}"),
    "report.done": ("    - 纠正: {text}", "    - correction: {text}"),
    "report.proposed": ("    - 拟纠正: {text}", "    - proposed: {text}"),
    "report.evidence": ("    - 证据: {text}", "    - evidence: {text}"),
    "report.more": ("等{n}条", "{n} rows in all"),
    "report.human_section": ("【人工审批】", "[For a human]"),
    "report.human_row": (
        "  {id}  情况{case}  {subject}  {steps}",
        "  {id}  case {case}  {subject}  {steps}",
    ),
    "report.no_steps": ("无可证明的纠正", "no correction can be proven"),
    "report.step_book_fill": ("补记{n}笔成交", "book {n} fill(s)"),
    "report.step_book_orphan": ("{n}笔成交记为无归属", "book {n} fill(s) to nobody"),
    "report.step_rebuild_ledger": ("重建{n}本账簿", "rebuild {n} ledger(s)"),
    "report.step_settle_intent": ("结清{n}张订单", "settle {n} order(s)"),
    "report.step_freeze_instrument": ("冻结{n}个合约", "freeze {n} instrument(s)"),
    "report.how_plan": (
        "  审阅: prometheus-persist reconcile --plan plan.json",
        "  read:    prometheus-persist reconcile --plan plan.json",
    ),
    "report.how_apply": (
        "  批准: prometheus-persist reconcile --apply plan.json",
        "  approve: prometheus-persist reconcile --apply plan.json",
    ),
    "report.hash": ("  方案: {hash}", "  plan:    {hash}"),
    "report.decision": ("【启动决策】", "[Start decision]"),
    "report.go": ("✅ 系统状态正常，可以继续交易", "✅ The system is in order, trading may go on"),
    "report.go_clean": ("✅ 所有数据已恢复且一致", "✅ Everything was restored and is consistent"),
    "report.go_corrected": (
        "✅ 所有数据已恢复，不一致已按证据纠正",
        "✅ Everything was restored, what differed was corrected by evidence",
    ),
    "report.go_restricted": (
        "⚠️  可以继续交易，但有限制",
        "⚠️  Trading may go on, with restrictions",
    ),
    "report.frozen": (
        "⚠️  冻结新开仓: {text}",
        "⚠️  No new entries on: {text}",
    ),
    "report.frozen_all": ("⚠️  全部冻结: {text}", "⚠️  Everything is frozen: {text}"),
    "report.human": (
        "⚠️  需要人工处理，交易保持关闭",
        "⚠️  A human must decide, trading stays shut",
    ),
    "report.human_unchanged": (
        "⚠️  未作任何改动；批准前账簿保持原样",
        "⚠️  Nothing was changed; the books stay as they are until a plan is approved",
    ),
    "report.incomplete": (
        "⚠️  交易所未能完整读取，交易保持关闭",
        "⚠️  The exchange could not be read in full, trading stays shut",
    ),
    "report.incomplete_not_flat": (
        "⚠️  没有任何持仓被视为已平仓，未作任何改动",
        "⚠️  Nothing is called flat, and nothing was changed",
    ),
    "item.size": ("持仓量", "size"),
    "item.direction": ("方向", "direction"),
    "item.entry_px": ("入场价格", "entry price"),
    "item.holding_time": ("持仓时间", "holding time"),
    "item.capital": ("资金", "capital"),
    "item.owner": ("归属", "owner"),
    "death.NATURAL_DEATH": ("自然死亡", "natural death"),
    "death.BANKRUPTCY": ("破产", "bankruptcy"),
    "death.ELIMINATED": ("被淘汰", "eliminated"),
    "death.SUICIDE": ("自杀", "suicide"),
    "death.UNKNOWN": ("未知", "unknown"),
}
