"""An outage from its beginning to its judgement.

Build the stage, let the trader die and the hours pass, raise the exchange's limits, and start a
fresh process: its time is counted from its start to its report. Judged is what it left on the disk:

- it decided to go on; whether it did so within the bound is judged apart (``late``);
- every owner's contracts are what the exchange's own executions give him, by arithmetic of our own
  (``oracle.shares``), in both ledgers; owners and nobody add up to the exchange's positions;
- every execution of the exchange is booked exactly once, to its owner and to no other;
- the exchange was only read, and has the orders that it had;
- a second restart corrects nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from chaos.digest import JsonObject
from chaos.oracle.exchange import NOBODY, owners, venue_net
from chaos.oracle.shares import FORCED, booked_contracts, held_contracts
from chaos.outage import crowd, nine_hours
from chaos.outage.stage import OutageStage
from chaos.sweeps.outage_fixture import differences
from prometheus_persist.recovery import restore
from prometheus_persist.storage.fs import LocalFs

CHILD_S_MAX: Final = 300.0
PROBLEMS_MAX: Final = 10
GOOD: Final = ("go", "go_restricted")


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage: how many agents, how much, and how quickly it has to be over."""

    name: str
    agents: int
    amount: int
    quick_agents: int
    quick_amount: int
    bound_s: float
    build: Callable[[OutageStage, int], None]


@dataclass(slots=True)
class OutageResult:
    """What came of it. Times in seconds; ``problems`` empty where all is well."""

    outage: Outage
    quick: bool
    trades: int = 0
    executions: int = 0
    events: int = 0
    asked: dict[str, int] = field(default_factory=dict)
    decision: str = ""
    total_s: float = 0.0
    cpu_s: float = 0.0
    times_s: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def late(self) -> bool:
        """Whether it took longer than it may."""
        return self.total_s > self.outage.bound_s

    def to_json(self) -> JsonObject:
        """Plain data."""
        return {
            "outage": self.outage.name,
            "quick": self.quick,
            "trades_before": self.trades,
            "executions_while_down": self.executions,
            "events": self.events,
            "asked": self.asked,
            "decision": self.decision,
            "bound_s": self.outage.bound_s,
            "start_to_report_s": round(self.total_s, 3),
            "late": self.late,
            "cpu_s": round(self.cpu_s, 3),
            "times_s": self.times_s,
            "problems": self.problems,
        }


OUTAGES: Final = {
    each.name: each
    for each in (
        Outage(
            "nine-hours",
            nine_hours.AGENTS,
            nine_hours.TRADES,
            nine_hours.AGENTS,
            nine_hours.QUICK_TRADES,
            5.0,
            nine_hours.build,
        ),
        Outage(
            "crowd",
            crowd.AGENTS,
            crowd.FILLS,
            crowd.QUICK_AGENTS,
            crowd.QUICK_FILLS,
            30.0,
            crowd.build,
        ),
    )
}


def run_outage(outage: Outage, seed: int, *, quick: bool) -> OutageResult:
    """Build it, suffer it, recover from it, judge it."""
    result = OutageResult(outage, quick)
    with tempfile.TemporaryDirectory(prefix="chaos-outage-") as home:
        stage = OutageStage.open(Path(home), seed, outage.quick_agents if quick else outage.agents)
        try:
            outage.build(stage, outage.quick_amount if quick else outage.amount)
            stage.raise_limits()
            before, truth = _restored(stage), stage.truth()
            result.trades = len(before["streams"].get("public_trades", []))
            result.executions = len(truth["fills"]) - result.trades
            result.events = len(stage.happened)
            _revive(stage, result)
            _judge(stage, result, truth)
        finally:
            stage.close()
    return result


def _revive(stage: OutageStage, result: OutageResult) -> None:
    began = time.perf_counter()
    told = _child(stage)
    result.total_s = told["at"] - began
    result.cpu_s = told["cpu_s"]
    result.decision, result.asked = told["decision"], told["asked"]
    result.times_s = {name: ms / 1000 for name, ms in told["times_ms"].items()}
    result.times_s["start"] = round(result.total_s - sum(result.times_s.values()), 3)
    if told["decision"] not in GOOD:
        result.problems.append(f"decided {told['decision']}: {told['problem']} {told['unread']}")
        result.problems += told["human"][:PROBLEMS_MAX]
    if told["writes"]:
        result.problems.append(f"the exchange was written to: {told['writes'][0]}")
    books = _restored(stage)
    again = _child(stage)
    if again["decision"] != told["decision"] or differences(_restored(stage), books):
        result.problems.append("a second restart changes something")


def _child(stage: OutageStage) -> JsonObject:
    """One restart in a process of its own; ``at`` is when its report was there."""
    command = [sys.executable, "-m", "chaos.outage.reviver", str(stage.store), stage.venue.url]
    command += ["--ahead-ms", str(stage.ahead_ms)]
    log = stage.directory / "reviver.log"
    with log.open("wb") as complaints:
        child = subprocess.Popen(  # noqa: S603 our own module, no shell
            command, stdout=subprocess.PIPE, stderr=complaints, start_new_session=True
        )
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            at = time.perf_counter()
            child.communicate(timeout=CHILD_S_MAX)
        finally:
            child.kill()
    if not line or child.returncode:
        raise RuntimeError(log.read_text(errors="replace")[-2000:])
    return {**json.loads(line), "at": at}


def _restored(stage: OutageStage) -> JsonObject:
    found = restore(LocalFs(stage.store))
    return {"documents": found.documents, "streams": found.streams}


def _judge(stage: OutageStage, result: OutageResult, truth: JsonObject) -> None:
    books, now = _restored(stage), stage.truth()
    result.problems += [f"orders: {each}" for each in _moved(truth, now)]
    held = held_contracts(stage.said, now)
    for family in ("private_ledgers", "public_accounts"):
        booked = booked_contracts(books["documents"], family)
        for owner in sorted({*held, *booked}):
            due, found = held.get(owner, {}), booked.get(owner, {})
            if due != found:
                told = f"{_told(found)}, not {_told(due)}"
                result.problems.append(f"{family}: {owner or 'nobody'} has {told}")
    total: dict[str, Fraction] = defaultdict(Fraction)
    for book in booked_contracts(books["documents"], "private_ledgers").values():
        for inst_id, contracts in book.items():
            total[inst_id] += contracts
    if {name: size for name, size in total.items() if size} != venue_net(now):
        result.problems.append("owners and nobody do not add up to the exchange's positions")
    result.problems += _bookings(stage, books["streams"], now)[:PROBLEMS_MAX]


def _moved(before: JsonObject, after: JsonObject) -> list[str]:
    return [
        f"{name} changed during the recovery"
        for name in ("orders", "algos", "fills")
        if before[name] != after[name]
    ]


def _bookings(
    stage: OutageStage, streams: dict[str, list[JsonObject]], truth: JsonObject
) -> list[str]:
    """Each execution once, and to whom it belongs; those that are shared out, in full."""
    by_order = owners(stage.said, truth)
    forced = {row["ordId"] for row in truth["orders"] if row["category"] in FORCED}
    due: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for fill in truth["fills"]:
        owner = "*" if fill["ordId"] in forced else by_order.get(fill["ordId"], NOBODY)
        due[owner, f"{fill['instId']}:{fill['tradeId']}"] += Fraction(fill["fillSz"])
    shared = {name for owner, name in due if owner == "*"}
    found: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for record in [*streams.get("public_trades", []), *streams.get("orphan_fills", [])]:
        name = record["fill_id"]
        owner = "*" if name in shared else record.get("agent_id", NOBODY)
        found[owner, name] += Fraction(record["qty_contracts"])
    wrong = sorted({key for key in {*due, *found} if due[key] != found[key]})
    return [
        f"{name} of {owner or 'nobody'}: {found[owner, name]} booked, {due[owner, name]} executed"
        for owner, name in wrong
    ]


def _told(held: dict[str, Fraction]) -> str:
    return ", ".join(f"{float(size):g} {name}" for name, size in sorted(held.items())) or "nothing"


def all_well(results: Iterable[OutageResult]) -> bool:
    """Whether every one is as it should be."""
    return all(not result.problems and not result.late for result in results)
