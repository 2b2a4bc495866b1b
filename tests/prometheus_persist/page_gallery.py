"""Every page that this project makes, with something in each of its places, in either language."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from report_kit import (
    RESTORED_MS,
    SAVED_MS,
    first_start,
    needs_human,
    seed_like,
    unread,
)

from chaos.bench.page import render_page as bench_page
from chaos.bench.table import (
    BenchRow,
    Report,
    RequiredBar,
    TableLine,
    beside,
    merged,
    timed_line,
)
from prometheus_persist.journal.past_facts import PastCollector, PastFacts, ToldCommit, told_changes
from prometheus_persist.reconcile.facts import MoneyRow, SourceFacts
from prometheus_persist.reconcile.plan import Evidence, HostItem, Item, MoneyCheck, Verdict
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.pages.past_page import past_page
from prometheus_persist.report.pages.recovery_page import render_page
from prometheus_persist.report.pages.store_page import StoreGlance, store_page
from prometheus_persist.state import PositionKey
from prometheus_persist.state.store_facts import store_facts
from prometheus_persist.state.system_facts import AgentFacts, FrozenFacts, StandingFacts

HOUR_MS = 3_600_000


def a_night() -> RecoveryFacts:
    """Nine hours: a stop fires with all that comes of it at one moment, funding thrice, a trade."""
    facts = seed_like()
    assert facts.plan is not None
    one, other = facts.plan.findings[:2]
    stop = SAVED_MS + 9 * HOUR_MS // 2
    fired = (
        Evidence("algo", "s0kq1", {"ts_ms": str(stop)}),
        Evidence("order", "2718281828", {"ts_ms": str(stop + 4)}),
        *(Evidence("fill", f"SOL:9{n}", {"ts_ms": str(stop + 5 + n)}) for n in range(12)),
    )
    funding = tuple(
        Evidence("bill", f"77{n}", {"ts_ms": str(SAVED_MS + (3 * n + 1) * HOUR_MS)})
        for n in range(3)
    )
    last = (Evidence("fill", "BTC:1001", {"ts_ms": str(RESTORED_MS - 40_000)}),)
    check = MoneyCheck(
        "USDT", Verdict.MATCH, False, Decimal("24210.65"), Decimal("23700"), Decimal("512.9"),
        Decimal("-2.25"), Decimal(0), 991, RESTORED_MS,
    )  # fmt: skip
    findings = (
        dataclasses.replace(one, evidence=(*fired, *funding)),
        dataclasses.replace(other, evidence=last),
        *facts.plan.findings[2:],
    )
    return dataclasses.replace(
        facts,
        plan=dataclasses.replace(facts.plan, findings=findings, money=check),
        before=(
            AgentFacts(
                "LiveAgent_01", True, "", "14000", "4000", 1, ("SOL-USDT-SWAP cross net 100",)
            ),
            AgentFacts("LiveAgent_02", True, "", "11000", "-1400.75", 0),
        ),
        money_rows=(
            MoneyRow("LiveAgent_01", {"pnl": "640.5", "fee": "-31", "funding": "-4.1"}, "605.4"),
            MoneyRow("LiveAgent_02", {"pnl": "-1220", "fee": "-29", "funding": "1.5"}, "-1247.5"),
            MoneyRow("", {"transfer": "1155"}, "1155"),
        ),
        sources=(
            SourceFacts("fills", True, RESTORED_MS, 14, SAVED_MS - HOUR_MS, 0, ""),
            SourceFacts("positions", True, RESTORED_MS, 3, 0, 0, ""),
        ),
        mode="full",
        policy="adopt",
        duration_ms=1234,
    )


def somebody_decides() -> RecoveryFacts:
    """Everything at once that somebody has to look at."""
    facts = needs_human()
    agent = StandingFacts("LiveAgent_03", "SOL-USDT-SWAP cross net", "-5", "0.10123", SAVED_MS)
    assert facts.plan is not None
    return dataclasses.replace(
        facts,
        plan=dataclasses.replace(facts.plan, host_items=tuple(host_books())),
        system=dataclasses.replace(
            facts.system,
            frozen=(
                FrozenFacts("", "stopped by Wang", SAVED_MS),
                FrozenFacts("ETH-USDT-SWAP", "x", SAVED_MS, "J-0123456789ab"),
            ),
            standing=(agent,),
        ),
    )


def host_books() -> Iterator[HostItem]:
    """Two ledgers of a host: one that agrees as far as it goes, one that does not."""
    key = PositionKey("SOL-USDT-SWAP", "cross", "net")
    match, off, unknown = Verdict.MATCH, Verdict.MISMATCH, Verdict.UNKNOWN
    later = str(SAVED_MS + HOUR_MS)
    for ledger, item, verdict, shown, due, note in (
        ("private", Item.SIZE, match, "100", "100", ""),
        ("private", Item.DIRECTION, match, "long", "long", ""),
        ("private", Item.ENTRY_PX, match, "0.101", "0.10104", ""),
        ("private", Item.HOLDING_TIME, unknown, "", str(SAVED_MS), "why.host_no_since"),
        ("public", Item.SIZE, match, "100", "100", ""),
        ("public", Item.DIRECTION, off, "short", "long", "N-0123456789ab"),
        ("public", Item.ENTRY_PX, off, "0.112", "0.10104", "N-0123456789ab"),
        ("public", Item.HOLDING_TIME, off, later, str(SAVED_MS), "N-0123456789ab"),
    ):
        yield HostItem(ledger, "LiveAgent_01", key, item, verdict, shown, due, note)


def measured() -> Report:
    """Latencies of every contestant, a bar that is met and one that is not."""
    names = ("trade_off", "trade_behind", "trade_ack", "raw_given", "sqlite", "lmdb")
    lines: list[TableLine] = []
    for place, name in enumerate(names):
        samples = [
            (140_000 + 60_000 * place) * (100 + (n * 37) % 61) // 100 + 4_000_000 * (n % 97 == 0)
            for n in range(2000)
        ]
        lines.append(timed_line(name, samples))
    bars = [
        RequiredBar("to_raw", 1.31, "<=", 1.25, "x"),
        RequiredBar("tail_ms", 3.0, "<", 100.0, "ms"),
    ]
    saved = BenchRow("save", lines=lines, checks=bars, notes=["gc:2:13.5"], base="raw_given")
    settled = merged([
        BenchRow("settle", lines=[timed_line("settled", [each * 1_000_000])],
                 checks=[RequiredBar("requests", each, "<=", 2.0, "")])
        for each in (2, 3)
    ])  # fmt: skip
    rows = (
        saved,
        beside(settled, settled),
        beside(saved, BenchRow("save", why_not="failed:it lacks that")),
        BenchRow("restart", params={"agents": "10", "records": "3"}, why_not="failed:it broke"),
    )
    machine = {"processor": "AMD EPYC 7763", "cores": "2", "file_system": "ext4", "python": "3.11"}
    return Report(machine, {"full": False}, rows, 41.0)


PAGES: dict[str, Callable[[str], str]] = {
    "recovery": lambda lang: render_page(a_night(), lang),
    "recovery_human": lambda lang: render_page(somebody_decides(), lang),
    "recovery_unread": lambda lang: render_page(unread(), lang),
    "recovery_first": lambda lang: render_page(first_start(), lang),
    "bench": lambda lang: bench_page(measured(), lang),
}


def a_past() -> PastFacts:
    """Two days of seven agents: a kill and nine hours down, a death, a freeze, a part that is
    lost."""
    rng, collector, seq, at = random.Random(7), PastCollector(), 0, SAVED_MS - 40 * HOUR_MS
    documents: dict[str, dict[str, Any]] = {}
    names = [f"LiveAgent_{n:02}" for n in range(1, 8)]

    def save(why: str, epoch: int, **docs: dict[str, Any]) -> None:
        nonlocal seq
        seq += 1
        found = {key.replace("__", "/"): doc for key, doc in docs.items()}
        before = {key: documents.get(key) for key in found}
        documents.update(found)
        changes, more = told_changes(before, documents)
        added = (("public_trades", 1),) if why == "trade" else ()
        told = ToldCommit(seq, at, epoch, why, changes, added, more)
        collector.commit(told, list(found), documents)

    def agent(name: str, capital: str, held: int, **more: Any) -> dict[str, dict[str, Any]]:
        key = {"inst_id": "BTC-USDT-SWAP", "mgn_mode": "cross", "pos_side": "net"}
        held_ = [{**key, "qty_contracts": str(held), "entry_px": "50000"}] if held else []
        return {
            f"agents__{name}": {"state": "MATURE", "current_capital": capital, **more},
            f"private_ledgers__{name}": {"capital": capital, "positions": held_},
        }

    collector.opened(seq := seq + 1, 1, at)
    worth = dict.fromkeys(names, Decimal(10_000))
    epoch = 1
    for cycle in range(900):
        at += 3 * 60_000
        if cycle == 560:
            at += 9 * HOUR_MS
            epoch = 2
            collector.opened(seq := seq + 1, epoch, at)
            save("reconcile", epoch, **agent(names[3], "8800.5", 0))
            worth[names[3]] = Decimal("8800.5")
            continue
        if cycle == 300:
            save("death", epoch, **agent(names[2], "0", 0, state="DEAD"))
            names = [name for name in names if name != names[2]]
            continue
        if cycle == 700:
            entry = {"reason": "stopped by Wang", "since_ms": at}
            save("frozen", epoch, freeze={"instruments": {"ETH-USDT-SWAP": entry}})
            continue
        name = rng.choice(names)
        worth[name] += rng.randint(-60, 63)
        held = rng.choice((0, 0, 3, 5, -4)) if name != names[0] else rng.randint(1, 9)
        save("trade", epoch, **agent(name, str(worth[name]), held, mood=rng.random()))
    seq += 40
    at += HOUR_MS
    collector.base(documents, seq, at, 2, "past.missing")
    save("exit", 2, supervisor={"system_cycle_count": 156, "bulletin": "x"})
    return collector.facts(("mirror/2_1.wal: frame fails its checksum",))


PAGES["history"] = lambda lang: past_page(a_past(), "persistence", lang)
PAGES["store"] = lambda lang: store_page(a_store(), lang)


def a_store() -> StoreGlance:
    """As it stands after some hours, with something frozen and something damaged."""
    documents: dict[str, dict[str, Any]] = {
        "freeze": {"instruments": {"ETH-USDT-SWAP": {"reason": "by Wang", "since_ms": SAVED_MS}}},
        "supervisor": {"system_cycle_count": 156, "total_runtime_hours": 52.0},
        "account_cash": {"settled": "13700.5", "baseline_ms": SAVED_MS, "bills_ms": SAVED_MS},
    }
    key = {"inst_id": "BTC-USDT-SWAP", "mgn_mode": "cross", "pos_side": "net"}
    for n in range(1, 14):
        state = {"state": "DEAD" if n == 3 else "MATURE", "total_pnl": f"{n * 40 - 100}.25"}
        held = [{**key, "qty_contracts": str(n)}] if n < 5 else []
        documents[f"agents/LiveAgent_{n:02}"] = state
        documents[f"private_ledgers/LiveAgent_{n:02}"] = {
            "capital": f"{9000 + n * 101}.5",
            "positions": held,
        }
    damage = "mirror/000001.wal @ 4096: torn write"
    return StoreGlance(
        "persistence", store_facts(documents), 812, 2, SAVED_MS, 3450,
        ("20251203T011244.zip",), (damage,), now_ms=RESTORED_MS,
    )  # fmt: skip
