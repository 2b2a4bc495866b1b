"""Facts of four recoveries that reports are made of."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from reconcile_world import BTC, ETH, World

from prometheus_persist.reconcile import Plan, reconcile
from prometheus_persist.reconcile.decision import WithheldFacts
from prometheus_persist.reconcile.plan import Resolution
from prometheus_persist.recovery.facts import Damage, RecoveryFacts, RestoreFacts
from prometheus_persist.state.system_facts import AgentFacts, SystemFacts, system_facts

SAVED_MS = 1_764_724_364_000  # 2025-12-03 01:12:44 UTC
RESTORED_MS = 1_764_757_800_000  # 2025-12-03 10:30:00 UTC

RESTORE = RestoreFacts(
    fresh=False,
    restored_ms=RESTORED_MS,
    last_save_ms=SAVED_MS,
    seq=9,
    epoch=2,
    base="checkpoint",
    frames_replayed=3,
    duration_ms=40,
)
SYSTEM = SystemFacts(
    public_records=3450,
    private_ledgers=3,
    agents=(
        AgentFacts("LiveAgent_01", True, "", "12500", "2500", 1),
        AgentFacts("LiveAgent_02", True, "", "11200.5", "-1200.25", 0),
        AgentFacts("LiveAgent_03", False, "NATURAL_DEATH", "0", "0", 0),
    ),
    heroes=5,
    cycles=156,
    runtime_hours=52.0,
    open_intents=0,
)


def facts(plan: Plan | None, decision: str, **fields: object) -> RecoveryFacts:
    """``applied``: the whole plan was."""
    base = RecoveryFacts(
        restore=RESTORE,
        system=SYSTEM,
        plan=plan,
        applied=False,
        decision=decision,
        options="--dir store",
    )
    if plan is not None and fields.get("applied"):
        fields = {"applied_ids": frozenset(one.finding_id for one in plan.findings), **fields}
    return dataclasses.replace(base, **fields)


def agents() -> World:
    return World("LiveAgent_01", "LiveAgent_02", "LiveAgent_03")


def seed_like() -> RecoveryFacts:
    """One stop that fired while we were away, one ledger saved later than the other."""
    world = agents()
    world.trade("LiveAgent_01", "buy", 100, px=200)
    world.trade("LiveAgent_01", "sell", 100, px=50, by="algo", booked=False)
    world.edit("LiveAgent_02", "public", version=4, capital=Decimal(11_200))
    return facts(reconcile(world.books(), world.view()), "go", applied=True)


def needs_human() -> RecoveryFacts:
    """Two owners, somebody's hand, a stranger's position, and a damaged tail."""
    world = agents()
    world.trade("LiveAgent_01", "buy", 5)
    world.trade("LiveAgent_02", "buy", 5)
    world.trade(None, "sell", 3, booked=False)
    world.trade(None, "buy", 2, booked=False, inst=ETH)
    damage = Damage("journal/000001.wal", 4096, "torn tail of 17 bytes", "repaired")
    plan = reconcile(world.books(), world.view())
    human = next(one.finding_id for one in plan.findings if one.resolution is Resolution.HUMAN)
    orphan = {one.finding_id for one in plan.findings} - {human}
    return facts(
        plan,
        "human",
        applied=True,
        applied_ids=frozenset(orphan),
        may_trade=True,
        withheld=(WithheldFacts(BTC, "", "human", (human,)),),
        unanswered=("s0ido1",),
        offset_ms=-1500,
        restore=dataclasses.replace(RESTORE, damages=(damage,)),
        frozen_instruments=(ETH,),
    )


def unread() -> RecoveryFacts:
    world = agents()
    world.trade("LiveAgent_01", "buy", 5)
    world.fail("positions", "account/positions: RequestTimeout")
    return facts(reconcile(world.books(), world.view()), "incomplete")


def first_start() -> RecoveryFacts:
    return facts(
        None,
        "incomplete",
        restore=dataclasses.replace(RESTORE, fresh=True),
        venue_problem="OKX does not answer",
        system=system_facts(World().state, 0),
    )
