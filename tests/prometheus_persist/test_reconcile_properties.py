"""The reconciler's promises over random histories of several agents, strangers and crashes.

P1  after applying, a second reconcile finds nothing
P2  applying twice is refused, and recovering twice is recovering once
P3  conservation: owners + unattributed = exchange for every key, before nobody asked and after
P4  what went in is untouched
P5  shuffled, repeated and re-paged rows change nothing
P6  a clean run is left alone
"""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reconcile_world import BTC, ETH, World, replaced

from prometheus_persist.errors import PlanStale
from prometheus_persist.reconcile import Verdict, apply_plan, plan_to_json, reconcile
from prometheus_persist.reconcile.plan import BookFill
from prometheus_persist.state import PositionKey
from prometheus_persist.state.documents import to_documents
from prometheus_persist.state.exactjson import dumps

AGENTS = ("A", "B_1", "B1")


@dataclass(frozen=True)
class Deal:
    """One order of somebody (None: by hand)."""

    owner: str | None
    side: str
    qty: int
    px: int
    inst: str
    mgn: str
    by: str


owners = st.sampled_from([*AGENTS, *AGENTS, None])
deals = st.builds(
    Deal,
    owner=owners,
    side=st.sampled_from(["buy", "sell"]),
    qty=st.integers(1, 9),
    px=st.integers(50, 150),
    inst=st.sampled_from([BTC, ETH]),
    mgn=st.sampled_from(["cross", "cross", "isolated"]),
    by=st.sampled_from(["cl_ord_id", "tag", "algo"]),
)
histories = st.lists(deals, max_size=12)


def happen(world: World, deal: Deal, *, booked: bool) -> None:
    world.trade(
        deal.owner, deal.side, deal.qty, px=deal.px, inst=deal.inst, mgn=deal.mgn, by=deal.by,
        booked=booked,
    )  # fmt: skip


def crashed(history: list[Deal], seen: int) -> World:
    """A world in which the books know the first ``seen`` deals."""
    world = World(*AGENTS)
    for number, deal in enumerate(history):
        happen(world, deal, booked=number < seen)
    return world


def frozen_bytes(world: World) -> bytes:
    return dumps(to_documents(world.state))


@settings(max_examples=300, deadline=None)
@given(histories, st.integers(0, 12))
def test_p1_p3_p4_a_crash_anywhere_is_brought_back_and_stays_back(
    history: list[Deal], seen: int
) -> None:
    world = crashed(history, seen)
    books, view = world.books(), world.view()
    before = copy.deepcopy(books)
    plan = reconcile(books, view)
    assert books == before
    assert not plan.incomplete
    assert all(balance.after == balance.venue for balance in plan.balances)
    assert plan.fills_seen_ms == max((f.ts_ms for f in view.fills), default=0)
    world.adopt(plan)  # where a human is needed, the human says yes
    held: dict[PositionKey, Decimal] = {}
    for ledger in world.state.private_ledgers.values():
        for p in ledger.positions:
            held[p.key] = held.get(p.key, Decimal(0)) + p.qty_contracts.value
    for p in world.state.unattributed.positions:
        held[p.key] = held.get(p.key, Decimal(0)) + p.qty_contracts.value
    venue = {p.key: p.qty_contracts.value for p in view.positions}
    assert {k: v for k, v in held.items() if v} == venue
    again = reconcile(world.books(), world.view())
    assert again.clean, again.findings


@settings(max_examples=150, deadline=None)
@given(histories, st.integers(0, 12))
def test_p2_recovering_twice_is_recovering_once(history: list[Deal], seen: int) -> None:
    world = crashed(history, seen)
    plan = reconcile(world.books(), world.view())
    world.adopt(plan)
    once = frozen_bytes(world)
    world.adopt(reconcile(world.books(), world.view()))
    assert frozen_bytes(world) == once
    if any(isinstance(step, BookFill) for step in plan.corrections):
        with pytest.raises(PlanStale):
            apply_plan(world.books(), plan, world.now_ms)


@settings(max_examples=150, deadline=None)
@given(histories, st.integers(0, 12), st.integers(0, 2**32))
def test_p5_the_order_and_repetition_of_rows_change_nothing(
    history: list[Deal], seen: int, seed: int
) -> None:
    world = crashed(history, seen)
    view = world.view()
    plan = reconcile(world.books(), view)
    rng = random.Random(seed)
    fields: dict[str, object] = {"read_ms": seed}
    for name in ("positions", "fills", "orders", "algo_orders"):
        rows = [row for row in getattr(view, name) for _ in range(rng.randint(1, 3))]
        rng.shuffle(rows)
        fields[name] = tuple(rows)
    other = reconcile(world.books(), replaced(view, **fields))  # type: ignore[arg-type]
    assert plan_to_json(other) | {"read_ms": 0} == plan_to_json(plan) | {"read_ms": 0}


@settings(max_examples=150, deadline=None)
@given(histories)
def test_p6_a_clean_run_is_left_alone(history: list[Deal]) -> None:
    world = crashed(history, len(history))
    plan = reconcile(world.books(), world.view())
    assert plan.clean
    assert plan.corrections == ()
    assert {item.verdict for item in plan.items} == {Verdict.MATCH}
    assert all(balance.verdict is Verdict.MATCH for balance in plan.balances)


@settings(max_examples=150, deadline=None)
@given(st.lists(deals.filter(lambda deal: deal.owner is not None), max_size=12), st.integers(0, 12))
def test_what_a_crash_lost_is_booked_exactly_as_if_it_had_never_happened(
    history: list[Deal], seen: int
) -> None:
    """Own fills only: ledgers, agents and money end as those of a run without the crash."""
    world = crashed(history, seen)
    plan = reconcile(world.books(), world.view())
    assert not plan.needs_human
    world.adopt(plan)
    unbroken = crashed(history, len(history))
    for mine, theirs in (
        (world.state.agents, unbroken.state.agents),
        (world.state.private_ledgers, unbroken.state.private_ledgers),
        (world.state.public_accounts, unbroken.state.public_accounts),
    ):
        assert mine == theirs


@settings(max_examples=200, deadline=None)
@given(histories, st.integers(0, 12))
def test_a_strangers_fill_never_moves_an_agent_that_did_not_hold_the_position_alone(
    history: list[Deal], seen: int
) -> None:
    world = crashed(history, seen)
    plan = reconcile(world.books(), world.view())
    foreign = {f.fill_id for f in world.fills if not (f.cl_ord_id or f.tag)} - {
        f"{one.inst_id}:{f.trade_id}"
        for one in world.algos
        for f in world.fills
        if f.ord_id == one.ord_id
    }
    for step in plan.corrections:
        if isinstance(step, BookFill) and step.execution.fill_id in foreign:
            key = step.execution.key
            others = [
                name
                for name, ledger in world.state.private_ledgers.items()
                if name != step.agent_id and any(p.key == key for p in ledger.positions)
            ]
            lost = [f for f in world.fills if f.fill_id not in world.booked]
            moved = {f.fill_id for f in lost if f.inst_id == key.inst_id} - foreign
            assert not others or moved  # only their own unbooked fills can have taken them out


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(owners, st.integers(1, 9), st.booleans(), st.sampled_from(["long", "short"]))
    ),
    st.integers(0, 12),
)
def test_p1_p3_hold_in_long_short_mode(
    acts: list[tuple[str | None, int, bool, str]], seen: int
) -> None:
    """Everybody opens, or closes what is their own."""
    world = World(*AGENTS, hedged=True)
    own: dict[tuple[str | None, str], int] = {}
    for number, (owner, qty, closes, pos_side) in enumerate(acts[:12]):
        closes = closes and own.get((owner, pos_side), 0) >= qty
        own[owner, pos_side] = own.get((owner, pos_side), 0) + (-qty if closes else qty)
        side = "sell" if closes == (pos_side == "long") else "buy"
        world.trade(owner, side, qty, pos_side=pos_side, booked=number < seen)
    plan = reconcile(world.books(), world.view())
    assert all(balance.after == balance.venue for balance in plan.balances)
    world.adopt(plan)
    again = reconcile(world.books(), world.view())
    assert again.clean, again.findings
