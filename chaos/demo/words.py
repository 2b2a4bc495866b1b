"""What the demo says, in Chinese and in English. ``{}`` fields are filled in by name."""

from __future__ import annotations

from typing import Final

from chaos.report.words import Lang
from prometheus_persist.language import in_language

WORDS: Final[dict[str, tuple[str, str]]] = {
    "again": (
        "{old} 中已有上次演示的数据，本次在 {new} 重新开始",
        "{old} holds an earlier demo; this one starts over in {new}",
    ),
    "start": (
        "① 启动：模拟交易所 fakeokx，10 个 Agent 开始交易（种子 {seed}，数据在 {directory}）",
        "1. Start: the exchange fakeokx and ten agents (seed {seed}, data in {directory})",
    ),
    "cycle": (
        "   周期 {number}：累计成交 {trades} 笔，持仓 {positions} 个，已持久保存到第 {seq} 号",
        "   cycle {number}: {trades} executions so far, {positions} positions, durable up to {seq}",
    ),
    "fired": (
        "② 宕机：订单 {order} 已被交易所接受，保存它的应答时日志帧只写了一半——SIGKILL",
        "2. Crash: the exchange has just accepted order {order}; the save of its answer is torn in "
        "the middle of a frame — SIGKILL",
    ),
    "dead": (
        "   进程已死（信号 9）。最后确认的保存：第 {seq} 号",
        "   The process is dead (signal 9). Last acknowledged save: {seq}",
    ),
    "stop_out": (
        "③ 宕机期间：价格移动到 {px}，{count} 个止损单在交易所成交：{stops}",
        "3. Meanwhile: the price moves to {px}, and {count} stop(s) fire at the exchange: {stops}",
    ),
    "hand": (
        "   宕机期间：有人手动 {side} 了 {sz} 张 {inst_id}，没有任何 Agent 的标记",
        "   Meanwhile: somebody trades by hand: {side} {sz} of {inst_id}, without any agent's mark",
    ),
    "restart": (
        "④ 重启：恢复状态、询问交易所、三方对账。恢复报告：",
        "4. Restart: restore, ask the exchange, reconcile the three books. The recovery report:",
    ),
    "recovered": (
        "   从进程启动到报告：{seconds:.2f} 秒",
        "   From process start to report: {seconds:.2f} s",
    ),
    "frozen": (
        "   {inst_id} 已冻结，{agent_id} 的新开仓被拒绝（其余照常交易）",
        "   {inst_id} is frozen: a new entry of {agent_id} is refused, everything else goes on",
    ),
    "unanswered": (
        "   交易所没有应答：{what}（下个周期再问）",
        "   no answer from the exchange: {what} (asked again in the next cycle)",
    ),
    "again_clean": (
        "⑤ 再对账一次：没有发现任何差异",
        "5. A second reconciliation finds nothing",
    ),
    "again_dirty": (
        "⑤ 再对账一次：仍有差异：{what}",
        "5. A second reconciliation still finds: {what}",
    ),
    "check": (
        "⑥ 与交易所自己的账逐条核对：",
        "6. Checked against the exchange's own ledger:",
    ),
    "check.restored": (
        "每个已确认的保存都恢复了，逐字节相同（查看 {count} 次）",
        "every acknowledged save came back, exactly (looked {count} times)",
    ),
    "check.lost": (
        "没有订单丢失，没有订单重复发送：交易所 {orders} 个订单，账上各有且只有一次",
        "no order lost, none sent twice: {orders} orders at the exchange, each in the books once",
    ),
    "check.booked": (
        "{fills} 笔成交各记账一次，各归其主；所有 Agent 持仓加无主持仓等于交易所持仓",
        "{fills} fills booked once, to their owners; agents plus unattributed equal the exchange",
    ),
    "good": ("✅ 全部成立", "✅ All of it holds"),
    "bad": ("❌ 有一项不成立", "❌ Something does not hold"),
    "keep.found": (
        "交易所仍在运行（pid {pid}），继续使用",
        "The exchange still runs (pid {pid}); going on with it",
    ),
    "keep.revived": (
        "交易所进程已不在，用同一份账本重新启动（pid {pid}）",
        "The exchange was gone; started again on the same ledger (pid {pid})",
    ),
    "keep.new": ("交易所已启动（pid {pid}）", "The exchange is up (pid {pid})"),
    "keep.how": (
        "交易系统就是本进程（pid {pid}）。另开终端执行 kill -9 {pid}，再运行同一命令即可看到恢复；"
        "Ctrl+C 保存后退出",
        "The trading system is this very process (pid {pid}). Kill it from another terminal: "
        "kill -9 {pid}\nThen run the same command again and watch it come back. Ctrl+C saves, and "
        "leaves.",
    ),
    "keep.saved": (
        "已保存并退出；交易所与行情进程已停止",
        "Saved and left; exchange and market are stopped",
    ),
    "keep.human": (
        "需要人工决定，未改动任何账目。交易所仍在 {url}（pid {pid}）",
        "A human has to decide; no ledger was touched. The exchange still listens at {url} "
        "(pid {pid})",
    ),
}


def say(key: str, lang: Lang, **fields: object) -> str:
    """One line."""
    return in_language(WORDS[key], lang, **fields)
