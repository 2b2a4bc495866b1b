"""Every page that this project makes, with something in each of its places, in either language."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal

from report_kit import (
    RESTORED_MS,
    SAVED_MS,
    first_start,
    needs_human,
    seed_like,
    unread,
)

from chaos.bench.page import render_page as bench_page
from chaos.bench.table import BenchRow, Report, RequiredBar, TableLine, timed_line
from prometheus_persist.reconcile.plan import Evidence, MoneyCheck, Verdict
from prometheus_persist.report.facts import (
    AgentFacts,
    FrozenFacts,
    MoneyRow,
    RecoveryFacts,
    SourceFacts,
    StandingFacts,
)
from prometheus_persist.report.pages.recovery_page import render_page

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
    return dataclasses.replace(
        facts,
        system=dataclasses.replace(
            facts.system,
            frozen=(
                FrozenFacts("", "stopped by Wang", SAVED_MS),
                FrozenFacts("ETH-USDT-SWAP", "x", SAVED_MS, "J-0123456789ab"),
            ),
            standing=(agent,),
        ),
    )


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
    rows = (
        BenchRow("save", lines=lines, checks=bars, notes=["gc:2:13.5"], base="raw_given"),
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
