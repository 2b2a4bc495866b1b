"""R4 after random histories and crashes: whatever happened, every cent is explained."""

from __future__ import annotations

import random
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from reconcile_money_kit import cash_findings, judged, settled_down
from reconcile_world import BTC, ETH, World, replaced

from prometheus_persist.reconcile import plan_to_json, reconcile
from prometheus_persist.reconcile.plan import Resolution
from prometheus_persist.state import PositionKey

CENT = Decimal("0.01")
D = Decimal

AGENTS = ("A", "B_1", "B1")
Act = tuple[str, dict[str, object]]
owners = st.sampled_from([*AGENTS, *AGENTS, None])
places = st.sampled_from([(BTC, "cross"), (BTC, "isolated"), (ETH, "cross")])
deals = st.builds(
    lambda owner, side, qty, px, place, by: (
        "trade",
        {"owner": owner, "side": side, "qty": qty, "px": px, "inst": place[0], "mgn": place[1],
         "by": by},
    ),
    owners, st.sampled_from(["buy", "sell"]), st.integers(1, 9), st.integers(50, 150), places,
    st.sampled_from(["cl_ord_id", "tag", "algo"]),
)  # fmt: skip
fundings = st.builds(
    lambda rate, px, inst: ("fund", {"rate": f"{rate}e-6", "px": px, "inst": inst}),
    st.integers(-900, 900), st.integers(50, 150), st.sampled_from([BTC, ETH]),
)  # fmt: skip
transfers = st.builds(
    lambda cents, kind: ("deposit", {"amount": str(D(cents) / 100), "kind": kind}),
    st.integers(-9_999, 9_999).filter(bool), st.sampled_from(["1", "7", "10"]),
)  # fmt: skip
liquidations = st.builds(
    lambda share, px, cost, place: (
        "liquidate", {"share": share, "px": px, "cost": cost, "place": place}
    ),
    st.integers(1, 4), st.integers(50, 150), st.integers(0, 500), places,
)  # fmt: skip
histories = st.lists(st.one_of(deals, deals, deals, fundings, transfers, liquidations), max_size=14)


def happen(world: World, act: Act, *, booked: bool) -> None:
    what, how = act
    if what == "fund":
        world.fund(how["rate"], px=how["px"], inst=how["inst"])  # type: ignore[arg-type]
    elif what == "deposit":
        world.deposit(how["amount"], kind=how["kind"])  # type: ignore[arg-type]
    elif what == "liquidate":
        inst, mgn = how["place"]  # type: ignore[misc]
        rows = world.held.get(PositionKey(inst, mgn, "net"))
        if rows:  # forced executions are never told live: nobody sends them
            held = rows[0].qty_contracts
            part = max(1, abs(int(held.value)) * int(how["share"]) // 4)  # type: ignore[call-overload]
            whole = part == abs(held.value)
            world.trade(
                None, "sell" if held.sign > 0 else "buy", part, px=how["px"], inst=inst, mgn=mgn,
                category="full_liquidation" if whole else "partial_liquidation",
                penalty=str(-D(how["cost"]) / 100), booked=False,  # type: ignore[arg-type]
            )  # fmt: skip
    else:
        world.trade(**how, booked=booked)  # type: ignore[arg-type]


def crashed(history: list[Act], seen: int) -> World:
    """A world whose system lived through the first ``seen`` acts, and reconciled there."""
    world = World(*AGENTS)
    for act in history[:seen]:
        happen(world, act, booked=True)
    world.adopt(judged(world))
    for act in history[seen:]:
        happen(world, act, booked=False)
    return world


@settings(max_examples=200, deadline=None)
@given(histories, st.integers(0, 14))
def test_after_any_history_and_crash_every_cent_is_explained(history: list[Act], seen: int) -> None:
    world = crashed(history, seen)
    plan = judged(world)
    assert not plan.incomplete
    assert plan.money is not None
    assert plan.money.residual is not None
    assert abs(plan.money.residual) < CENT
    assert all(one.resolution is Resolution.AUTO for one in cash_findings(plan))
    settled_down(world)
    assert abs(world.state.account_cash.settled - world.cash) <= D("1e-8")


@settings(max_examples=100, deadline=None)
@given(histories, st.integers(0, 14))
def test_the_live_system_and_the_recovered_one_share_the_same_fundings(
    history: list[Act], seen: int
) -> None:
    """Own trades and fundings only: who owes what does not depend on where the crash was."""
    history = [a for a in history if a[0] == "fund" or (a[0] == "trade" and a[1]["owner"])]
    world, unbroken = crashed(history, seen), crashed(history, len(history))
    world.adopt(judged(world))
    for name in AGENTS:
        assert world.capital(name) == unbroken.capital(name)
    assert world.money == unbroken.money


@settings(max_examples=100, deadline=None)
@given(histories, st.integers(0, 14), st.integers(0, 2**32))
def test_the_order_and_repetition_of_bills_and_lives_change_nothing(
    history: list[Act], seen: int, seed: int
) -> None:
    world = crashed(history, seen)
    view = world.view()
    plan = reconcile(world.books(), view)
    rng = random.Random(seed)
    fields: dict[str, object] = {"read_ms": seed}
    for name in ("positions", "fills", "orders", "bills", "lives"):
        rows = [row for row in getattr(view, name) for _ in range(rng.randint(1, 3))]
        rng.shuffle(rows)
        fields[name] = tuple(rows)
    other = reconcile(world.books(), replaced(view, **fields))
    assert plan_to_json(other) | {"read_ms": 0} == plan_to_json(plan) | {"read_ms": 0}


@settings(max_examples=100, deadline=None)
@given(histories, st.integers(0, 14), st.integers(-999, 999).filter(lambda cents: abs(cents) != 1))
def test_money_that_moved_without_a_trace_is_always_found(
    history: list[Act], seen: int, cents: int
) -> None:
    """But for one cent, which is the bound: what was rounded elsewhere puts it on either side."""
    world = crashed(history, seen)
    world.cash += D(cents) / 100
    plan = judged(world)
    human = [one for one in cash_findings(plan) if one.resolution is Resolution.HUMAN]
    assert bool(human) == bool(cents)
    settled_down(world)


@settings(max_examples=100, deadline=None)
@given(histories, st.integers(0, 14), st.integers(-5, 5).filter(bool), st.integers(60, 140))
def test_an_adopted_difference_at_any_price_leaves_nothing_behind(
    history: list[Act], seen: int, qty: int, px: int
) -> None:
    world = crashed(history, seen)
    world.shift(qty, px=px)
    plan = judged(world)
    assert plan.needs_human
    settled_down(world)


@settings(max_examples=100, deadline=None)
@given(histories, st.lists(st.booleans(), min_size=14, max_size=14))
def test_whichever_executions_the_books_missed_every_cent_is_explained(
    history: list[Act], told: list[bool]
) -> None:
    """Not a crash but holes: what is booked late is booked after what came later."""
    world = World(*AGENTS)
    for act, booked in zip(history, told, strict=False):
        happen(world, act, booked=booked)
    plan = judged(world)
    assert plan.money is not None
    assert plan.money.residual is not None
    assert abs(plan.money.residual) < CENT
    settled_down(world)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*AGENTS, None]), st.integers(1, 9), st.booleans(),
            st.sampled_from(["long", "short"]), st.integers(50, 150), st.integers(-900, 900),
        )
    ),
    st.integers(0, 12),
)  # fmt: skip
def test_every_cent_is_explained_in_long_short_mode(
    acts: list[tuple[str | None, int, bool, str, int, int]], seen: int
) -> None:
    """Everybody opens, or closes what is their own; now and then the exchange charges funding."""
    world = World(*AGENTS, hedged=True)
    own: dict[tuple[str | None, str], int] = {}
    for number, (owner, qty, closes, pos_side, px, rate) in enumerate(acts[:12]):
        closes = closes and own.get((owner, pos_side), 0) >= qty
        own[owner, pos_side] = own.get((owner, pos_side), 0) + (-qty if closes else qty)
        side = "sell" if closes == (pos_side == "long") else "buy"
        world.trade(owner, side, qty, px=px, pos_side=pos_side, booked=number < seen)
        if rate % 3 == 0:
            world.fund(f"{rate}e-6", px=px)
    plan = judged(world)
    assert plan.money is not None
    assert plan.money.residual is not None
    assert abs(plan.money.residual) < CENT
    settled_down(world)
