"""What applying a plan writes, and what the verdicts beside it say."""

from __future__ import annotations

from decimal import Decimal

import pytest
from reconcile_world import BTC, CAPITAL, ETH, World

from prometheus_persist.errors import PlanStale
from prometheus_persist.reconcile import Item, Plan, Resolution, Verdict, apply_plan, reconcile
from prometheus_persist.reconcile.apply import apply_corrections
from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    BookFill,
    RebuildLedger,
    RestoreAgent,
)
from prometheus_persist.state import PositionKey
from prometheus_persist.state.booking import record_of


def plan_of(world: World) -> Plan:
    return reconcile(world.books(), world.view())


def verdict(plan: Plan, agent: str, item: Item) -> tuple[Verdict, str]:
    return next((v.verdict, v.note) for v in plan.items if (v.agent_id, v.item) == (agent, item))


def test_one_commit_moves_both_ledgers_the_agent_the_streams_and_the_watermark() -> None:
    world = World("A")
    world.trade("A", "buy", 5)
    last = world.trade("A", "sell", 5, px=110, booked=False)
    records = world.adopt(plan_of(world))
    private, public = world.state.private_ledgers["A"], world.state.public_accounts["A"]
    assert private.version == public.version == 2
    assert private.capital == public.capital == world.state.agents["A"].current_capital
    assert [row["fill_id"] for row in records["public_trades"]] == [last.fill_id]
    assert records["private_trades/A"] == records["public_trades"]
    assert records["public_trades"][0]["source"] == "reconcile"
    assert world.state.watermark.fills_ms == last.ts_ms


def test_executions_are_booked_in_the_order_in_which_they_happened() -> None:
    """Entry and PnL depend on it; findings are grouped otherwise."""
    world = World("A", "B")
    for owner, side, qty, px in (
        ("B", "buy", 1, 100), ("A", "buy", 2, 100), ("A", "sell", 3, 120), ("B", "sell", 1, 90),
        ("A", "buy", 1, 110),
    ):  # fmt: skip
        world.trade(owner, side, qty, px=px, booked=False)
    plan = plan_of(world)
    times = [s.execution.ts_ms for s in plan.corrections if isinstance(s, BookFill)]
    assert times == sorted(times)
    world.adopt(plan)
    assert world.capital("A") == CAPITAL + Decimal("0.4") + Decimal("0.1") - Decimal("0.15")


def test_fills_of_one_moment_are_booked_by_trade_number_not_by_text() -> None:
    world = World("A")
    for number in range(9):
        world.trade("A", "buy", 1, px=100 + number, booked=False, at_ms=world.now_ms)
    moment = world.now_ms
    world.trade(
        "A", "sell", 9, px=100, booked=False, at_ms=moment
    )  # trade 10: after 9, not after 1
    world.fills[:] = [type(f)(**{n: getattr(f, n) for n in f.__slots__} | {"ts_ms": moment})
                      for f in world.fills]  # fmt: skip
    plan = plan_of(world)
    ids = [s.execution.trade_id for s in plan.corrections if isinstance(s, BookFill)]
    assert ids == [str(n) for n in range(1, 11)]


def test_a_part_that_is_booked_counts_for_its_open_intent() -> None:
    world = World("A")
    execution = world.trade("A", "buy", 2, booked=False, intent="ACCEPTED")
    world.answer(execution.cl_ord_id, True, state="partially_filled", ord_id=execution.ord_id)
    world.orders.clear()
    world.adopt(plan_of(world))
    intent = world.state.intents[execution.cl_ord_id]
    assert intent.booked_contracts.value == 2
    assert intent.outcome == "ACCEPTED"


def test_an_ended_intent_goes_to_the_log_with_its_reason() -> None:
    world = World("A")
    name = world.intent("A", "buy", 1, "PENDING")
    world.answer(name, False)
    (row,) = world.adopt(plan_of(world))["intent_log"]
    assert (row["cl_ord_id"], row["outcome"], row["reason"]) == (name, "REJECTED", "never arrived")


def test_a_plan_is_refused_by_books_it_was_not_made_from() -> None:
    world = World("A")
    world.trade("A", "buy", 5, booked=False)
    plan = plan_of(world)
    world.adopt(plan)
    with pytest.raises(PlanStale, match="booked already"):
        apply_plan(world.books(), plan, world.now_ms)
    world.booked.clear()
    del world.state.agents["A"]
    with pytest.raises(PlanStale, match="lacks a book"):
        apply_plan(world.books(), plan, world.now_ms)


def test_a_settled_intent_cannot_be_settled_again() -> None:
    world = World("A")
    world.answer(world.intent("A", "buy", 1, "PENDING"), False)
    plan = plan_of(world)
    world.adopt(plan)
    with pytest.raises(PlanStale, match="is not open"):
        apply_plan(world.books(), plan, world.now_ms)


@pytest.mark.parametrize("older", ["private", "public"])
def test_rebuilding_takes_money_positions_and_version_from_the_newer_ledger(older: str) -> None:
    world = World("A")
    world.trade("A", "buy", 5)
    state, was = world.state, world.state.private_ledgers["A"]
    world.edit("A", older, version=0, positions=[], capital=Decimal(1))
    state.agents["A"] = state.agents["A"].model_copy(update={"current_capital": Decimal(1)})
    world.adopt(plan_of(world))
    private, public = world.state.private_ledgers["A"], world.state.public_accounts["A"]
    assert (private.version, private.capital) == (public.version, public.capital)
    assert (private.version, private.capital) == (was.version, was.capital)
    assert private.positions == public.positions == was.positions
    assert world.state.agents["A"].current_capital == public.capital


@pytest.mark.parametrize("wins", ["private", "public"])
def test_of_two_equal_versions_the_one_the_agent_agrees_with_is_offered(wins: str) -> None:
    world = World("A")
    world.edit("A", "public" if wins == "private" else "private", capital=Decimal(1))
    plan = plan_of(world)
    assert plan.needs_human
    assert plan.findings[0].params["source"] == wins
    world.adopt(plan)
    assert world.capital("A") == world.state.public_accounts["A"].capital == CAPITAL
    assert plan_of(world).clean


def test_a_freeze_names_every_finding_and_keeps_its_first_reason_and_time() -> None:
    world = World("A")
    world.trade(None, "buy", 1, booked=False)
    world.adopt(plan_of(world))
    first = world.state.freeze.instruments[BTC]
    world.trade(None, "buy", 1, booked=False)
    world.adopt(plan_of(world))
    second = world.state.freeze.instruments[BTC]
    assert (second.since_ms, second.reason) == (first.since_ms, first.reason)
    assert second.finding_id.startswith(first.finding_id + ",")
    assert ETH not in world.state.freeze.instruments


def chosen(world: World, name: str) -> Plan | None:
    """The plan with that alternative for its one finding about a position; None without it."""
    one = next(each for each in plan_of(world).findings if each.alternatives)
    if name not in [way.name for way in one.alternatives]:
        return None
    return reconcile(world.books(), world.view(), {one.finding_id: name})


@pytest.mark.parametrize(("held", "shift"), [(0, 4), (5, 2), (5, -2), (5, -9), (-3, 3)])
def test_an_adopted_difference_makes_the_exchange_win_and_leaves_agents_alone(
    held: int, shift: int
) -> None:
    """A position older than the store, a liquidation without a trace: the way out, on approval."""
    world = World("A")
    if held:
        world.trade("A", "buy" if held > 0 else "sell", abs(held))
    world.shift(shift)
    plan = chosen(world, "nobody")
    if plan is None:  # the account is flat: nobody's part could never be closed
        assert held + shift == 0
        return
    assert plan.needs_human
    assert sum(isinstance(step, AdoptDifference) for step in plan.corrections) == 1
    world.adopt(plan)
    assert world.position("A") == held
    assert world.state.unattributed.positions[0].qty_contracts.value == shift
    assert BTC in world.state.freeze.instruments
    assert plan_of(world).clean
    world.shift(-shift)  # it goes as it came: the next reading says so again
    assert plan_of(world).needs_human
    world.adopt(chosen(world, "nobody") or plan_of(world))
    assert world.state.unattributed.positions == []
    assert plan_of(world).clean


def test_a_human_finding_alone_is_what_adopts() -> None:
    world = World("A")
    world.trade("A", "buy", 1)
    world.shift(1)
    for one in plan_of(world).findings:
        if any(isinstance(step, AdoptDifference) for step in one.corrections):
            assert one.resolution is Resolution.HUMAN


def test_verdicts_name_the_finding_and_the_items_it_touches() -> None:
    world = World("A", "B", "C")
    world.trade("A", "buy", 5)
    world.trade("A", "sell", 5, booked=False)
    world.edit("B", "public", capital=Decimal(1), version=7)
    world.trade(None, "buy", 1, inst=ETH, booked=False)
    world.trade("C", "buy", 1, inst=ETH)
    plan = plan_of(world)
    of = {one.agent_id: one.finding_id for one in plan.findings if one.agent_id}
    assert verdict(plan, "A", Item.SIZE) == (Verdict.MISMATCH, of["A"])
    assert verdict(plan, "A", Item.OWNER) == (Verdict.MISMATCH, of["A"])
    assert verdict(plan, "A", Item.DIRECTION) == (Verdict.MATCH, "")
    assert verdict(plan, "B", Item.CAPITAL) == (Verdict.MISMATCH, of["B"])
    assert verdict(plan, "B", Item.SIZE) == (Verdict.MATCH, "")
    assert all(v.verdict is Verdict.MATCH for v in plan.items if v.agent_id == "C")


def test_a_contested_key_touches_its_holders_and_nobody_else() -> None:
    world = World("A", "B", "C")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 5)
    world.trade("C", "buy", 5, inst=ETH)
    world.trade(None, "sell", 12, booked=False)
    plan = plan_of(world)
    assert verdict(plan, "A", Item.DIRECTION)[0] is Verdict.MISMATCH
    assert verdict(plan, "B", Item.SIZE)[0] is Verdict.MISMATCH
    assert verdict(plan, "C", Item.SIZE)[0] is Verdict.MATCH


def test_a_quiet_account_does_not_fall_behind_what_the_exchange_keeps() -> None:
    """Nothing happens for a hundred days: the watermarks follow, by days, a week behind."""
    world = World("A")
    world.trade("A", "buy", 5)
    world.adopt(reconcile(world.books(), world.view()))
    day_ms = 24 * 3_600_000
    world.now_ms += 100 * day_ms
    plan = reconcile(world.books(), world.view())
    assert plan.clean
    world.adopt(plan)
    mark, cash = world.state.watermark, world.state.account_cash
    assert mark.fills_ms == cash.bills_ms == (world.now_ms - 7 * day_ms) // day_ms * day_ms
    world.now_ms += 60_000
    world.adopt(reconcile(world.books(), world.view()))
    assert world.state.watermark == mark  # once a day, not at every reading


@pytest.mark.parametrize("source", ["bills", "fills"])
def test_a_reading_that_is_not_whole_moves_no_watermark(source: str) -> None:
    world = World("A")
    world.trade("A", "buy", 5)
    world.adopt(reconcile(world.books(), world.view()))
    mark, cash = world.state.watermark, world.state.account_cash
    world.now_ms += 100 * 24 * 3_600_000
    world.fail(source)
    world.adopt(reconcile(world.books(), world.view()))
    assert (world.state.watermark, world.state.account_cash) == (mark, cash)


def test_an_execution_that_its_owner_cannot_have_made_is_not_passed_by() -> None:
    """B closes three of A's: whoever is chosen to bear it, the execution is booked once."""
    world = World("A", "B", hedged=True)
    world.trade("A", "buy", 5)
    world.trade("B", "sell", 3, pos_side="long", booked=False)
    plan = reconcile(world.books(), world.view())
    (one,) = [each for each in plan.findings if each.alternatives]
    assert (one.what, one.chosen) == ("what.closes_beyond", "pro_rata")
    world.adopt(plan)
    assert world.position("A", PositionKey(BTC, "cross", "long")) == 2
    assert reconcile(world.books(), world.view()).clean


def test_a_new_store_does_not_look_at_what_was_before_it() -> None:
    """A watermark a week behind would lie before the store's own beginning."""
    world = World("A")
    world.adopt(reconcile(world.books(), world.view()))
    assert (world.state.watermark.fills_ms, world.state.account_cash.bills_ms) == (0, 0)


# The record of an agent's trades -----------------------------------------------------------------


def traded() -> World:
    """A and what its three documents keep of a position opened and closed."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("A", "sell", 5, px=110)
    return world


def record(world: World) -> tuple[object, ...]:
    agent, account = world.state.agents["A"], world.state.public_accounts["A"]
    assert record_of(agent) == record_of(account)
    return agent.current_capital, agent.initial_capital, *record_of(agent).values()


@pytest.mark.parametrize("source", ["private", "public"])
@pytest.mark.parametrize("lost", [False, True])
def test_a_ledger_that_is_rebuilt_has_the_record_of_the_same_moment(
    source: str, lost: bool
) -> None:
    """What a capital was made of comes with it: either ledger the newer, the other old or lost."""
    world, old = traded(), traded()
    agents, private, public = old.state.agents, old.state.private_ledgers, old.state.public_accounts
    before = agents["A"], private["A"], public["A"]
    world.trade("A", "buy", 1)
    world.trade("A", "sell", 1, px=90)
    due = record(world)
    if source == "private":
        world.state.public_accounts["A"] = before[2]
        if lost:
            del world.state.public_accounts["A"]
    else:
        world.state.agents["A"], world.state.private_ledgers["A"] = before[:2]
        if lost:
            del world.state.private_ledgers["A"]
    plan = reconcile(world.books(), world.view())
    assert {type(step) for step in plan.corrections} == {RebuildLedger}
    world.adopt(plan)
    assert record(world) == due


def test_an_agent_that_is_restored_has_the_record_that_its_account_kept() -> None:
    """With what it began with: the capital less what it gained."""
    world = traded()
    due = record(world)
    del world.state.agents["A"]
    steps = (RestoreAgent("A", alive=True),)
    state = apply_corrections(world.books(), steps, world.now_ms).state
    agent = state.agents["A"]
    assert agent.current_capital == due[0]
    assert record_of(agent) == record_of(state.public_accounts["A"])
    assert agent.current_capital - agent.initial_capital == agent.total_pnl != 0


def test_an_account_that_is_restored_has_the_record_of_its_agent() -> None:
    world = traded()
    due = record(world)
    del world.state.public_accounts["A"]
    del world.state.private_ledgers["A"]
    steps = (RestoreAgent("A", alive=True),)
    world.state = apply_corrections(world.books(), steps, world.now_ms).state
    assert record(world) == due
