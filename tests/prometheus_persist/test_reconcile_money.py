"""R4: every cent of the account is explained by what was booked, and case K books what was not.

``World`` keeps the account's money by OKX's own arithmetic (average prices, bills), so nothing here
computes the expected sum the way the code under test does.
"""

from __future__ import annotations

import copy
import dataclasses
from decimal import Decimal

import pytest
from reconcile_money_kit import cash_findings, flows, judged, kinds, settled_down, unreconciled
from reconcile_world import BTC, CAPITAL, DEPOSIT, ETH, START_MS, World, replaced

from prometheus_persist.errors import PlanStale
from prometheus_persist.reconcile import apply_plan, reconcile
from prometheus_persist.reconcile.plan import BookCash, BookFill, Verdict
from prometheus_persist.state import AccountCash, Contracts, PositionKey

NET = PositionKey(BTC, "cross", "net")
D = Decimal


# the basis ------------------------------------------------------------------------------------


def test_two_agents_on_opposite_sides_of_one_position() -> None:
    """A: 3 at 100; B: -2 at 110. The account realised 2 x 0.01 x 10, nobody booked that."""
    world = World("A", "B")
    world.trade("A", "buy", 3, px=100)
    world.trade("B", "sell", 2, px=110)
    plan = judged(world)
    assert plan.clean
    assert plan.money is not None
    assert plan.money.basis == D("0.2")
    assert plan.money.booked == D("-0.1")  # two fees
    assert plan.money.settled == DEPOSIT + D("0.1")
    assert plan.money.residual == 0


def test_seven_agents_with_offsetting_longs_and_shorts_leave_no_row_and_no_cent() -> None:
    world = World(*(f"A{n}" for n in range(7)))
    trades = ((0, "buy", 5, 100), (1, "sell", 3, 111), (2, "sell", 9, 97), (3, "buy", 2, 120),
              (4, "buy", 8, 88), (5, "sell", 4, 104), (6, "buy", 1, 99))  # fmt: skip
    for n, side, qty, px in trades:
        world.trade(f"A{n}", side, qty, px=px)
    assert world.view().positions == ()
    plan = judged(world)
    assert plan.clean
    assert plan.money is not None
    # Nothing is held at the exchange: all of it is realised there, none of it here.
    entries = sum(D(q * px if side == "buy" else -q * px) for _, side, q, px in trades)
    assert plan.money.basis == -entries * D("0.01")
    assert plan.money.residual == 0
    for n in (2, 4, 0, 6, 1, 3, 5):  # and they all go home at one price
        held = world.position(f"A{n}")
        world.trade(f"A{n}", "sell" if held > 0 else "buy", abs(int(held)), px=93)
    plan = judged(world)
    assert plan.clean
    assert plan.money is not None
    assert (plan.money.basis, plan.money.residual) == (0, 0)


def test_under_long_and_short_the_short_leg_counts_the_other_way() -> None:
    world = World("A", "B", hedged=True)
    world.trade("A", "sell", 4, px=100, pos_side="short")
    world.trade("B", "sell", 4, px=110, pos_side="short")
    world.trade("A", "buy", 4, px=90, pos_side="short")  # A closes at its own entry, 0.01 x 4 x 10
    plan = judged(world)
    assert plan.clean
    assert plan.money is not None
    # The exchange realised at 105, A at 100: 0.01 x 4 x 5 more there, and B's 110 are 105 there.
    assert plan.money.basis == D("0.2")
    assert plan.money.residual == 0


def test_a_cent_too_much_is_found_and_a_hundredth_of_it_is_not() -> None:
    for extra, clean in (("0.0099", True), ("0.01", False)):
        world = World("A")
        world.trade("A", "buy", 3)
        world.money["A"]["pnl"] += D(extra)  # the books say more than there is
        plan = judged(world)
        assert plan.clean is clean
        assert plan.money is not None
        assert plan.money.residual == -D(extra)
        assert kinds(plan) == ([] if clean else ["money_unexplained"])


# the first reconciliation ---------------------------------------------------------------------


def test_the_first_reconciliation_sets_the_reserve_and_finds_nothing() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 3, px=100)
    world.trade("B", "sell", 2, px=110)
    world.fund("0.001")  # before: the account's own past
    unreconciled(world)
    plan = judged(world)
    assert plan.clean
    assert plan.money is not None
    assert plan.money.first
    assert plan.money.residual == 0
    world.adopt(plan)
    cash = world.state.account_cash
    assert cash.baseline_ms == world.now_ms
    assert cash.settled == world.cash
    assert cash.reserve == world.cash - D("-0.1") - D("0.2")
    assert cash.bill_seen == max(bill.number for bill in world.bills)
    assert judged(world).clean
    world.trade("B", "buy", 2, px=105, booked=False)
    world.fund("0.001")
    assert kinds(settled_down(world)) == ["funding"]


def test_a_first_reconciliation_after_a_crash_books_the_fills_and_explains_the_rest() -> None:
    world = unreconciled(World("A", "B"))
    world.trade("A", "buy", 3, px=100)
    world.trade("B", "sell", 2, px=110, booked=False)
    world.trade(None, "buy", 1, px=95, booked=False)
    plan = settled_down(world)
    assert cash_findings(plan) == []


def test_no_baseline_where_the_positions_do_not_agree_after_the_plan() -> None:
    world = unreconciled(World("A", hedged=True))
    world.trade("A", "buy", 3, pos_side="long")
    held = world.held[PositionKey(BTC, "cross", "long")]
    world.held[PositionKey(BTC, "cross", "long")] = []  # the list is not believed
    plan = judged(world)
    assert plan.incomplete
    world.held[PositionKey(BTC, "cross", "long")] = held
    assert plan.money is not None
    assert (plan.money.settled, plan.money.residual) == (None, None)
    assert plan.money.problem == "why.money_positions"
    world.adopt(plan)
    assert world.state.account_cash == AccountCash()


# what cannot be judged ------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["bills", "balance", "positions"])
def test_what_was_not_read_is_unknown_and_books_nothing(source: str) -> None:
    world = World("A")
    world.trade("A", "buy", 4)
    world.fund("0.001")
    world.deposit("5")
    world.fail(source)
    plan = judged(world)
    assert plan.money is not None
    assert plan.money.verdict is Verdict.UNKNOWN
    assert plan.money.settled is None
    assert plan.money.problem == "why.money_unread"
    assert plan.incomplete
    assert cash_findings(plan) == []


def test_no_row_of_the_currency_means_none_of_it_and_only_where_the_balance_was_read() -> None:
    world = World("A")
    plan = reconcile(world.books(), replaced(world.view(), balances={}))
    assert plan.money is not None
    assert plan.money.settled == 0
    assert plan.money.residual == -DEPOSIT
    assert plan.needs_human


def test_an_instrument_that_settles_in_another_currency_is_unknown() -> None:
    world = World("A")
    world.trade("A", "buy", 4, inst=ETH)
    assert judged(world).clean
    world.instruments[ETH] = dataclasses.replace(world.instruments[ETH], settle_ccy="USDC")
    plan = judged(world)
    assert plan.money is not None
    assert (plan.money.verdict, plan.money.problem) == (Verdict.UNKNOWN, "why.money_other_ccy")
    world = World("A")  # near miss: listed, and neither held nor traded
    world.instruments[ETH] = dataclasses.replace(world.instruments[ETH], settle_ccy="USDC")
    world.trade("A", "buy", 4)
    assert judged(world).clean


# applying -------------------------------------------------------------------------------------


def test_a_flow_is_booked_into_both_ledgers_and_the_agent_at_once_and_only_once() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.fund("0.001")
    plan = judged(world)
    before = copy.deepcopy(world.state)
    old = world.books()
    records = world.adopt(plan)
    agent, private = world.state.agents["A"], world.state.private_ledgers["A"]
    account = world.state.public_accounts["A"]
    assert agent.current_capital == private.capital == account.capital == CAPITAL - D("0.055")
    assert agent.total_pnl == account.total_pnl == D("-0.055")
    assert private.version == account.version == before.private_ledgers["A"].version + 1
    assert (account.trade_count, account.close_count) == (1, 0)
    assert private.positions == before.private_ledgers["A"].positions
    (row,) = records["cash_flows"]
    assert (row["agent_id"], row["kind"], row["amount"]) == ("A", "funding", "-0.005")
    assert row["ref"] == f"{world.bills[-1].bill_id}:A"
    with pytest.raises(PlanStale):
        apply_plan(world.books(), plan, world.now_ms)
    assert apply_plan(old, plan, world.now_ms).state == world.state
    assert world.state.account_cash.settled == world.cash
    assert world.state.account_cash.bill_seen == world.bills[-1].number


def test_the_share_of_an_owner_without_books_is_the_accounts_own() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 5)
    del world.state.agents["B"]  # its ledgers are there, the agent is not
    world.fund("0.001")
    plan = judged(world)
    assert flows(plan) == {"A": D("-0.005"), "": D("-0.005")}
    assert len({step.ref for step in plan.corrections if isinstance(step, BookCash)}) == 2


def test_the_accounts_own_entry_moves_no_ledger() -> None:
    world = World("A")
    world.deposit("5")
    before = copy.deepcopy(world.state)
    world.adopt(judged(world))
    assert world.state.private_ledgers == before.private_ledgers
    assert world.state.agents == before.agents


# own fills and equal figures -------------------------------------------------------------------


def test_own_fills_are_never_held_back_by_money() -> None:
    """Case K beside cases A and B: one plan, no human."""
    world = World("A", "B")
    world.trade("A", "buy", 5, booked=False)
    world.fund("0.001")
    world.trade("A", "sell", 2, px=105, booked=False)
    world.deposit("17")
    plan = settled_down(world)
    assert not plan.needs_human
    assert sum(isinstance(step, BookFill) for step in plan.corrections) == 2
    assert flows(plan) == {"A": D("-0.005"), "": D(17)}
    assert world.position("A") == 3
    assert START_MS < world.state.account_cash.bills_ms <= world.now_ms
    assert Contracts(D(3)) == world.held[NET][0].qty_contracts


def test_the_same_figures_once_more_are_another_flow() -> None:
    """Executions that turn up one by one can leave the very amount that was booked before."""
    world = World("A")
    for _ in range(5):
        world.trade("A", "buy", 1, px=50, booked=False)
    every = [row.ord_id for row in world.orders]
    for shown in ((), (1,), (1, 0), (1, 0, 3), (1, 0, 3, 2), (1, 0, 3, 2, 4)):
        world.hidden = {ord_id for place, ord_id in enumerate(every) if place not in shown}
        settled_down(world)
    world = World("A")
    world.trade("A", "buy", 3)
    for amount in (5, -5, 5, -5):  # twice the same figures
        world.money["A"]["pnl"] += D(amount)
        world.adopt(judged(world))
    assert judged(world).clean
