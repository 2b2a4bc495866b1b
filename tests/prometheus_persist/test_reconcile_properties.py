"""The reconciler's promises over random histories of several agents, strangers and crashes.

P1  after applying, a second reconcile finds nothing
P2  applying twice is refused, and recovering twice is recovering once
P3  conservation: owners + unattributed = exchange for every key, before nobody asked and after
P4  what went in is untouched
P5  shuffled, repeated and re-paged rows change nothing
P6  a clean run is left alone
P7  whoever reads can do nothing else: every question is a GET of the list of reads
P8  an execution that turns up late replaces what stood in for it, once

The last test counts the examples of all of them.
"""

from __future__ import annotations

import copy
import random
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from reconcile_world import BTC, ETH, World, replaced

from chaos.chance import generator
from chaos.detect.kinds import KINDS
from chaos.detect.world import World as Account
from chaos.workload.in_process import InProcessClock
from prometheus_persist.errors import PlanStale
from prometheus_persist.exchange import OkxReader
from prometheus_persist.exchange.okx.query import READS
from prometheus_persist.reconcile import Verdict, apply_plan, plan_to_json, reconcile
from prometheus_persist.reconcile.plan import BookFill, Plan, Resolution, SetQuantity
from prometheus_persist.session.planning import read
from prometheus_persist.session.settings import Settings
from prometheus_persist.state import NO_CONTRACTS, Contracts, PositionKey
from prometheus_persist.state.documents import to_documents
from prometheus_persist.state.exact_json import dumps

AGENTS = ("A", "B_1", "B1")
EXAMPLES_MIN = 2_000


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


def owned(world: World) -> dict[PositionKey, Decimal]:
    """Σ agents + what is nobody's, by key."""
    held: dict[PositionKey, Decimal] = {}
    ledgers = world.state.private_ledgers.values()
    rows = [row for ledger in ledgers for row in ledger.positions]
    for row in (*rows, *world.state.unattributed.positions):
        held[row.key] = held.get(row.key, Decimal(0)) + row.qty_contracts.value
    return {key: quantity for key, quantity in held.items() if quantity}


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
    assert owned(world) == {p.key: p.qty_contracts.value for p in view.positions}
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


def of_agent(
    world: World, plan: Plan, foreign: set[str], agent_id: str, key: PositionKey
) -> tuple[Contracts, Contracts]:
    """What an agent holds with its own executions, and what with those of strangers as well."""
    rows = world.state.private_ledgers[agent_id].positions
    before = sum((row.qty_contracts for row in rows if row.key == key), NO_CONTRACTS)
    after = before
    for step in plan.corrections:
        if isinstance(step, BookFill) and (step.agent_id, step.execution.key) == (agent_id, key):
            after += step.execution.signed
            if step.execution.fill_id not in foreign:
                before += step.execution.signed
    return before, after


SOLD_BY_HAND = [
    Deal(owner, side, qty, 50, BTC, "cross", "cl_ord_id")
    for owner, side, qty in (("A", "buy", 6), ("B_1", "buy", 1), (None, "sell", 7))
]


@settings(max_examples=200, deadline=None)
@given(histories, st.integers(0, 12))
@example(SOLD_BY_HAND, 2)
def test_a_strangers_fill_never_moves_an_agent_that_did_not_hold_the_position_alone(
    history: list[Deal], seen: int
) -> None:
    """Without asking: where it closed all that was held, shares of it are proposed."""
    world = crashed(history, seen)
    plan = reconcile(world.books(), world.view())
    foreign = {f.fill_id for f in world.fills if not (f.cl_ord_id or f.tag)} - {
        f"{one.inst_id}:{f.trade_id}"
        for one in world.algos
        for f in world.fills
        if f.ord_id == one.ord_id
    }
    for found, step in ((each, step) for each in plan.findings for step in each.corrections):
        if isinstance(step, BookFill) and step.execution.fill_id in foreign:
            key = step.execution.key
            if found.resolution is Resolution.HUMAN:
                before, after = of_agent(world, plan, foreign, step.agent_id, key)
                assert before.sign * after.sign >= 0  # it turns nobody's position around
                continue
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


@dataclass(frozen=True)
class Forced:
    """Something that no agent and no hand did: a liquidation, an ADL, a funding, a death."""

    what: str
    inst: str
    share: int


forced = st.builds(
    Forced,
    what=st.sampled_from(["full_liquidation", "adl", "funding", "death"]),
    inst=st.sampled_from([BTC, ETH]),
    share=st.integers(1, 4),
)


def befall(world: World, act: Forced, *, booked: bool) -> None:
    """Forced executions are never booked live; a death is the system's own."""
    if act.what == "funding":
        world.fund("0.0001", inst=act.inst)
    elif act.what == "death":
        name = AGENTS[act.share % len(AGENTS)]
        if booked:
            world.state.agents[name] = world.state.agents[name].model_copy(update={"state": "DEAD"})
    else:
        key = PositionKey(act.inst, "cross", "net")
        held = world.held.get(key) or []
        if held:
            quantity = held[0].qty_contracts.value
            part = abs(quantity) if act.what == "full_liquidation" else Decimal(1)
            side = "sell" if quantity > 0 else "buy"
            world.trade(None, side, str(part), inst=act.inst, booked=False, category=act.what)


@settings(max_examples=250, deadline=None)
@given(st.lists(st.one_of(deals, deals, forced), max_size=12), st.integers(0, 12))
def test_p1_p3_p4_hold_with_liquidations_deleveraging_funding_and_deaths(
    history: list[Deal | Forced], seen: int
) -> None:
    world = World(*AGENTS)
    for number, act in enumerate(history):
        if isinstance(act, Forced):
            befall(world, act, booked=number < seen)
        else:
            happen(world, act, booked=number < seen)
    books, view = world.books(), world.view()
    before = copy.deepcopy(books)
    plan = reconcile(books, view)
    assert books == before
    assert all(balance.after == balance.venue for balance in plan.balances)
    if plan.incomplete:
        return  # money that waits for a row; told, and nothing is touched
    world.adopt(plan)
    again = reconcile(world.books(), view)
    assert again.clean, again.findings


# P7 ----------------------------------------------------------------------------------------------


class Spied:
    """A ccxt client of which every method that is used is written down."""

    def __init__(self, client: object, used: list[str]) -> None:
        self._client = client
        self._used = used

    def __getattr__(self, name: str) -> object:
        found = getattr(self._client, name)
        if callable(found):
            self._used.append(name)
        return found


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(KINDS))
def test_p7_reading_asks_only_what_only_reads(seed: int, kind: Any) -> None:
    """Random accounts on a real exchange, with something wrong, read through ccxt."""
    rng = generator("p7", seed)
    account = Account(rng, hedged=bool(kind.hedged))
    account.honest(rng.randint(0, 6))
    list(kind.course(account))
    before, used = account.venue.venue.now_ms, []
    orders, fills = account.venue.orders(), account.venue.fills()
    reader = OkxReader(Spied(account.venue.client(), used), InProcessClock(account.venue))
    read(account.books(), reader, InProcessClock(account.venue), Settings())
    assert used
    assert set(used) <= set(READS.values())
    assert all("Get" in name and "Post" not in name for name in used)
    assert len(account.venue.requests) >= len(READS) / 2
    assert {method for method, _ in account.venue.requests} == {"GET"}
    assert (account.venue.orders(), account.venue.fills()) == (orders, fills)
    assert account.venue.venue.now_ms == before, "nothing happened at the exchange"


# P8 ----------------------------------------------------------------------------------------------


def holdings(world: World) -> dict[str, object]:
    """Both ledgers and every agent, and how much is nobody's."""
    nobody = {p.key: p.qty_contracts for p in world.state.unattributed.positions}
    state = world.state
    return {
        "private": state.private_ledgers,
        "public": state.public_accounts,
        "agents": state.agents,
        "nobody": nobody,
    }


def settled(world: World) -> None:
    """Reconcile until nothing is found, a human saying yes.

    Examples in which a human would have to write by hand, or is offered a change of units, are not
    about late executions.
    """
    for _ in range(4):
        plan = reconcile(world.books(), world.view())
        if plan.clean:
            return
        assume(not any(isinstance(step, SetQuantity) for step in plan.corrections))
        assume(all(one.corrections for one in plan.findings))
        assume(not plan.incomplete)
        world.adopt(plan)
        shown = {p.key: p.qty_contracts.value for p in world.view().positions}
        assert owned(world) == shown, "P3 holds after every correction"
    assert reconcile(world.books(), world.view()).clean


def standing(world: World) -> dict[PositionKey, Decimal]:
    """What is still adopted under each key, all together."""
    found: dict[PositionKey, Decimal] = {}
    for one in world.index.adopted.values():
        found[one.key] = found.get(one.key, Decimal(0)) + one.qty_contracts.value
    return {key: quantity for key, quantity in found.items() if quantity}


@settings(max_examples=300, deadline=None)
@given(histories, st.integers(0, 12))
def test_p8_executions_that_turn_up_replace_the_differences_that_were_adopted(
    history: list[Deal], seen: int
) -> None:
    """The books end as if everything had been seen at once."""
    world = crashed(history, seen)
    world.hidden.update(row.ord_id for row in world.orders[seen:])
    settled(world)
    world.hidden.clear()
    settled(world)
    assert not standing(world)
    assert {row.fill_id for row in world.fills} <= world.booked
    atonce = crashed(history, seen)
    settled(atonce)
    assert holdings(world) == holdings(atonce)


@settings(max_examples=200, deadline=None)
@given(histories, st.integers(0, 12), st.randoms(use_true_random=False))
def test_p8_executions_that_turn_up_one_by_one_are_booked_once(
    history: list[Deal], seen: int, rng: random.Random
) -> None:
    world = crashed(history, seen)
    hidden = [row.ord_id for row in world.orders[seen:]]
    rng.shuffle(hidden)
    while hidden:
        world.hidden = set(hidden)
        settled(world)
        hidden = hidden[rng.randint(1, len(hidden)) :]
    world.hidden = set()
    settled(world)
    assert not standing(world)
    assert {row.fill_id for row in world.fills} <= world.booked
    held: dict[PositionKey, Decimal] = {}
    for move in world.moves:  # every execution and nothing else, once
        held[move.key] = held.get(move.key, Decimal(0)) + move.signed.value
    venue = {p.key: p.qty_contracts.value for p in world.view().positions}
    assert {key: quantity for key, quantity in held.items() if quantity} == venue


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.sampled_from(["long", "short"]))
def test_p8_holds_in_long_short_mode(sizes: list[int], pos_side: str) -> None:
    world, side = World(*AGENTS, hedged=True), "buy" if pos_side == "long" else "sell"
    for number, size in enumerate(sizes):
        world.trade(AGENTS[number % 3], side, size, pos_side=pos_side, booked=number == 0)
    world.hidden.update(row.ord_id for row in world.orders[1:])
    settled(world)
    world.hidden.clear()
    settled(world)
    assert not world.index.adopted
    assert not world.state.unattributed.positions
    assert world.position("A", PositionKey(BTC, "cross", pos_side)) == sum(sizes[::3])


@settings(max_examples=150, deadline=None)
@given(histories, deals.filter(lambda deal: deal.owner is not None and deal.by != "tag"))
def test_p8_an_order_that_never_arrived_and_did_is_booked_once(
    history: list[Deal], lost: Deal
) -> None:
    """Its intent was settled as rejected; the execution is still its agent's."""
    worlds = []
    for hides in (True, False):
        world = crashed(history, len(history))
        assert lost.owner is not None
        world.trade(
            lost.owner, lost.side, lost.qty, px=lost.px, inst=lost.inst, booked=False,
            intent="UNKNOWN",
        )  # fmt: skip
        name = next(iter(world.state.intents))
        if hides:
            world.hidden.add(world.orders[-1].ord_id)
            world.answer(name, found=False)
            settled(world)
            assert world.ended[name].outcome == "REJECTED"
            world.hidden.clear()
            world.lookups.clear()
        settled(world)
        worlds.append(world)
    assert holdings(worlds[0]) == holdings(worlds[1])
    assert not standing(worlds[0])


def test_there_are_enough_examples() -> None:
    """The figure that was asked for, read from the settings of the tests above."""
    each = {
        name: test._hypothesis_internal_use_settings.max_examples  # how hypothesis keeps them
        for name, test in vars(sys.modules[__name__]).items()
        if name.startswith("test_") and hasattr(test, "_hypothesis_internal_use_settings")
    }
    told = "\n".join(f"{count:5} {name}" for name, count in sorted(each.items()))
    print(f"{told}\n{sum(each.values()):5} examples in {len(each)} properties")
    assert sum(each.values()) >= EXAMPLES_MIN
    for promise in ("p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"):
        assert any(f"_{promise}_" in name for name in each), promise
