"""Views that are not whole, what a hash covers, the same plan in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from reconcile_world import ETH, World, replaced
from test_reconcile_cases import ROWS

from prometheus_persist.reconcile import Item, Resolution, Verdict, reconcile
from prometheus_persist.reconcile.views import SOURCES


def test_the_plan_is_the_same_in_every_process() -> None:
    """String hashes differ per process; nothing in a plan may follow them."""
    script = (
        "from reconcile_world import World\n"
        "from test_reconcile_cases import ROWS\n"
        "from prometheus_persist.reconcile import reconcile\n"
        "for row in ROWS:\n"
        "    world = World(*row.agents.split(), hedged=row.hedged)\n"
        "    row.happen(world)\n"
        "    print(reconcile(world.books(), world.view()).plan_hash)\n"
    )
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parents[1])])
    hashes = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(hashes) == 1
    assert hashes.pop().count("\n") == len(ROWS)


MONEY = ("balance", "bills", "positions_history")
CORE = tuple(name for name in SOURCES if name not in (*MONEY, "intent_lookups"))


@pytest.mark.parametrize("source", CORE)
def test_nothing_is_corrected_or_called_flat_from_a_view_that_is_not_whole(source: str) -> None:
    """Without any of them: no correction, no pass, no new watermark."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("A", "sell", 5, booked=False)
    world.trade(None, "buy", 1, booked=False)
    world.intent("B", "buy", 1, "PENDING")
    world.edit("B", "public", version=9)
    world.fail(source)
    plan = reconcile(world.books(), world.view())
    assert plan.corrections == ()
    assert plan.incomplete
    assert not plan.clean
    assert plan.source_problems == (f"{source}: timed out",)
    assert plan.fills_seen_ms == world.state.watermark.fills_ms
    for one in plan.items:
        if one.item in (Item.SIZE, Item.DIRECTION, Item.OWNER):
            assert one.verdict is Verdict.UNKNOWN
    assert all(balance.venue is None for balance in plan.balances)


@pytest.mark.parametrize("source", ["balance", "intent_lookups"])
def test_a_lesser_source_that_fails_leaves_the_plan_incomplete(source: str) -> None:
    world = World("A")
    world.trade("A", "buy", 5)
    world.fail(source)
    assert reconcile(world.books(), world.view()).incomplete


def test_a_source_that_was_never_read_is_not_complete() -> None:
    world = World("A")
    view = world.view()
    sources = {name: status for name, status in view.sources.items() if name != "fills"}
    plan = reconcile(world.books(), replaced(view, sources=sources))  # type: ignore[arg-type]
    assert plan.source_problems == ("fills: not read",)
    assert plan.incomplete


def test_two_different_fills_under_one_id_make_the_source_doubtful() -> None:
    world = World("A")
    world.trade("A", "buy", 5, booked=False)
    twin = replaced(world.fills[0], px=Decimal(1))  # type: ignore[arg-type]
    world.fills.append(twin)  # type: ignore[arg-type]
    plan = reconcile(world.books(), world.view())
    assert plan.incomplete
    assert plan.corrections == ()


def test_the_hash_covers_what_is_done_and_not_when_it_was_read() -> None:
    world = World("A")
    world.trade("A", "buy", 5, booked=False)
    plan = reconcile(world.books(), world.view())
    later = reconcile(world.books(), replaced(world.view(), read_ms=9))  # type: ignore[arg-type]
    world.trade("A", "buy", 1, booked=False)
    other = reconcile(world.books(), world.view())
    assert plan.plan_hash == later.plan_hash != other.plan_hash


def test_the_watermark_passes_only_fills_that_are_booked() -> None:
    world = World("A", "B", hedged=True)
    world.trade("A", "buy", 5)
    world.trade("B", "sell", 2, pos_side="long", booked=False)
    assert reconcile(world.books(), world.view()).fills_seen_ms == 0


def test_a_human_finding_keeps_its_suggestion_beside_what_is_certain() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 5)
    world.trade(None, "sell", 3, booked=False)
    world.trade("A", "buy", 1, inst=ETH, booked=False)
    plan = reconcile(world.books(), world.view())
    shared = next(f for f in plan.findings if f.resolution is Resolution.HUMAN)
    assert [type(step).__name__ for step in shared.corrections] == [
        "BookOrphan",
        "FreezeInstrument",
    ]
    world.adopt(plan)
    assert world.position("A") == world.position("B") == 5
    assert world.state.unattributed.positions[0].qty_contracts.value == -3
