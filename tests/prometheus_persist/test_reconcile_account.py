"""Whose account it is, what the books keep of it, and what the exchange no longer tells."""

from __future__ import annotations

import copy
import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from reconcile_world import BTC, ETH, START_MS, World, replaced

from prometheus_persist.reconcile import Plan, Resolution, VenueView, reconcile
from prometheus_persist.reconcile.account import for_another
from prometheus_persist.reconcile.plan import Case, Grade, Rescale
from prometheus_persist.reconcile.views import Instrument, UnmanagedPosition, VenuePosition
from prometheus_persist.state import AccountIdentity, PositionKey, contracts

FUT = "BTC-USDT-301227"
NET = PositionKey(BTC, "cross", "net")
USDC = Instrument("BTC-USDC-SWAP", Decimal("0.01"), Decimal(1), Decimal(1), Decimal(1), "USDC")
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def told(world: World, **more: Any) -> VenueView:
    return replaced(world.view(), uid="1001", demo=False, acct_lv="3", **more)


def plan_of(world: World, view: VenueView | None = None, **choices: str) -> Plan:
    return reconcile(world.books(), view or world.view(), choices)


def kinds(plan: Plan) -> list[tuple[str, str]]:
    return [(one.what, one.resolution.value) for one in plan.findings]


# identity -------------------------------------------------------------------------------------


def test_the_account_is_kept_with_the_first_plan_that_is_applied() -> None:
    world = World("A")
    world.trade("A", "buy", 1)
    plan = plan_of(world, told(world))
    assert plan.clean
    assert plan.bound["store_id"] == world.state.registry.store_id
    world.adopt(plan)
    kept = AccountIdentity(uid="1001", demo=False, acct_lv="3", pos_mode="net_mode")
    assert world.state.account_cash.identity == kept


@pytest.mark.parametrize("change", [{"uid": "1002"}, {"demo": True}])
def test_another_account_or_environment_is_told_and_nothing_else_is_judged(
    change: dict[str, Any],
) -> None:
    world = World("A", "B")
    world.trade("A", "buy", 3)
    world.adopt(plan_of(world, told(world)))
    world.trade(None, "sell", 3, booked=False)
    plan = plan_of(world, replaced(told(world), **change))
    assert kinds(plan) == [("what.other_account", "HUMAN")]
    assert plan.corrections == ()
    assert plan.findings[0].alternatives == ()
    before = copy.deepcopy(world.state)
    world.adopt(plan)  # an approval of it does nothing
    identity = world.state.account_cash.identity
    assert world.state.private_ledgers == before.private_ledgers
    assert identity == before.account_cash.identity


def test_another_level_of_the_same_account_is_told_once_and_stops_nobody() -> None:
    world = World("A")
    world.trade("A", "buy", 3)
    world.adopt(plan_of(world, told(world)))
    risen = replaced(told(world), acct_lv="4")
    plan = plan_of(world, risen)
    assert kinds(plan) == [("what.account_changed", "AUTO")]
    world.adopt(plan)
    assert plan_of(world, risen).clean


def test_an_older_reader_that_tells_no_account_is_judged_as_ever() -> None:
    world = World("A")
    world.trade("A", "buy", 3)
    world.adopt(plan_of(world, told(world)))
    assert plan_of(world).clean


def test_for_another_account_its_money_and_history_begin_anew() -> None:
    world = World("A")
    world.trade("A", "buy", 3)
    world.adopt(plan_of(world, told(world)))
    view = replaced(told(world), uid="1002", positions=())
    books = for_another(world.books(), view)
    cash = books.state.account_cash
    assert cash.identity == AccountIdentity(
        uid="1002", demo=False, acct_lv="3", pos_mode="net_mode", adopted=True
    )
    assert (cash.baseline_ms, cash.bill_seen) == (0, 0)
    assert books.state.watermark.since_ms == world.now_ms
    plan = reconcile(books, view)
    (one,) = plan.findings  # what was held in the other account is not held here: no riddle
    assert (one.resolution, one.chosen) == (Resolution.HUMAN, "close_all")
    world.state = books.state
    world.adopt(plan)
    identity = world.state.account_cash.identity
    assert identity is not None
    assert not identity.adopted


# scope ----------------------------------------------------------------------------------------


def foreign(inst_id: str, why: str = "why.option", **fields: str) -> UnmanagedPosition:
    shown = {"mgn_mode": "cross", "pos_side": "net", "ccy": "BTC", "quantity": "1"}
    shown |= {"avg_px": "0.05", "pos_id": "7"}
    return UnmanagedPosition(inst_id=inst_id, inst_type="OPTION", why=why, **(shown | fields))


def test_foreign_products_are_nobodys_in_sight_frozen_and_stop_nothing() -> None:
    world = World("A")
    world.trade("A", "buy", 3)
    rows = (
        foreign("BTC-USD-301227-90000-C"),
        foreign("BTC-USDT", "why.margin", ccy="BTC", pos_id="8"),
        foreign("BTC-USDT", "why.margin", ccy="USDT", pos_id="9"),  # two rows under one instId
    )
    plan = plan_of(world, replaced(world.view(), unmanaged=rows))
    assert [(one.case, one.resolution) for one in plan.findings] == [
        (Case.J, Resolution.ORPHAN),
        (Case.J, Resolution.ORPHAN),
    ]
    assert not plan.incomplete
    assert len(plan.unmanaged) == len(rows)
    world.adopt(plan)
    assert set(world.state.freeze.instruments) == {"BTC-USD-301227-90000-C", "BTC-USDT"}
    moved = replaced(world.view(), unmanaged=(replaced(rows[0], quantity="2"), *rows[1:]))
    assert plan_of(world, moved).clean, "somebody else's trades there are no news"


@pytest.mark.parametrize("what", ["inverse", "usdc", "not listed"])
def test_a_contract_that_the_books_cannot_keep_is_out_of_every_judgement(what: str) -> None:
    world = World("A")
    world.trade("A", "buy", 3)
    inst_id = {"inverse": "BTC-USD-SWAP", "usdc": USDC.inst_id, "not listed": FUT}[what]
    world.trade(None, "buy", 2, inst=inst_id, booked=False)
    view = world.view()
    if what == "usdc":
        view = replaced(view, instruments={**view.instruments, USDC.inst_id: USDC})
    if what == "inverse":
        view = replaced(view, unfit={inst_id: "why.inverse"})
    plan = plan_of(world, view)
    (one, *money) = plan.findings
    assert (one.what, one.params["inst_id"]) == ("what.unmanaged", inst_id)
    assert {each.case for each in money} <= {Case.K}
    assert not plan.incomplete
    assert [each.inst_id for each in plan.unmanaged] == [inst_id]
    assert inst_id not in {balance.key.inst_id for balance in plan.balances}


def test_ours_on_a_contract_without_a_size_is_unknown_there_and_nowhere_else() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 3)
    world.trade("B", "buy", 2, inst=FUT, booked=False)
    plan = plan_of(world)
    unknown = [one for one in plan.findings if one.resolution is Resolution.UNKNOWN]
    assert [(one.params["why"], one.about) for one in unknown] == [
        ("why.no_instrument", (FUT,)),
    ]
    assert [way.name for way in unknown[0].alternatives] == ["as_shown"]
    assert unknown[0].chosen == ""


# delivery, settlement, size -------------------------------------------------------------------


def delivered(world: World, size: int, px: int = 110) -> VenueView:
    """The exchange delivers the contract, and lists it no more."""
    side = "sell" if size > 0 else "buy"
    world.trade(None, side, abs(size), px=px, category="delivery", sub_type="112", booked=False)
    listed = {name: one for name, one in world.instruments.items() if name != BTC}
    return replaced(world.view(), instruments=listed)


@pytest.mark.parametrize(
    "held", [{"A": 3}, {"A": 3, "B": 2}, {"A": 3, "B": -1}, {"A": -2, "B": -1}, {"A": 2, "": 1}]
)
def test_a_delivery_closes_everybody_whole_by_its_fill_and_the_size_in_the_books(
    held: dict[str, int],
) -> None:
    world = World("A", "B")
    for name, size in held.items():
        world.trade(name or None, "buy" if size > 0 else "sell", abs(size), px=100)
    view = delivered(world, sum(held.values()))
    books = dataclasses.replace(world.books(), sizes={BTC: (Decimal("0.01"), Decimal(1))})
    plan = reconcile(books, view)
    assert {one.resolution for one in plan.findings} == {Resolution.AUTO}
    assert not plan.incomplete
    world.adopt(plan)
    for name, size in held.items():
        if name:
            assert world.position(name) == 0
            assert world.capital(name) - 10_000 > Decimal("-1"), size
    assert world.state.unattributed.positions == []
    again = dataclasses.replace(world.books(), sizes=books.sizes)
    assert reconcile(again, view).clean


def test_a_settlement_moves_the_average_price_and_needs_nobody() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 3, px=100)
    world.trade("B", "buy", 1, px=120)
    held = world.held[NET][0]
    base = held.qty_contracts.value * Decimal("0.01")
    paid = (Decimal(150) - held.entry_px) * base
    world._bill("34", paid, key=NET, size=4)
    world.held[NET][0] = held.model_copy(update={"entry_px": Decimal(150)})
    plan = plan_of(world)
    assert plan.clean, plan.findings
    world.adopt(plan)
    world.trade("A", "sell", 3, px=160, booked=False)
    world.adopt(plan_of(world))
    assert world.capital("A") - 10_000 == Decimal("1.70"), "3 × 0.01 × 60, less two fees"
    assert plan_of(world).clean


@pytest.mark.parametrize("factor", ["10", "0.1"])
@pytest.mark.parametrize("nobody", [False, True])
def test_a_contract_of_another_size_is_rescaled_for_everybody_and_no_money_moves(
    factor: str, nobody: bool
) -> None:
    world = World("A", "B")
    world.trade("A", "buy", 30)
    world.trade(None if nobody else "B", "buy", 20)
    name = world.intent("A", "sell", 30, "ACCEPTED", kind="algo", reduce_only=True)
    world.answer(name, True, state="live", ord_id="1")
    old = world.instruments[BTC]
    world.instruments[BTC] = replaced(old, ct_val=old.ct_val / Decimal(factor))
    held = world.held[NET][0]
    more = contracts(held.qty_contracts.value * Decimal(factor))
    world.held[NET][0] = held.model_copy(update={"qty_contracts": more})
    sizes = {BTC: (old.ct_val, old.ct_mult)}
    books = dataclasses.replace(world.books(), sizes=sizes)
    plan = reconcile(books, world.view())
    (one,) = plan.findings
    assert (one.case, one.resolution, one.chosen) == (Case.E, Resolution.HUMAN, "rescale")
    assert one.alternatives[0].grade is Grade.PROVEN
    assert (one.params["before"], one.params["factor"]) == ("0.01", factor)
    assert [type(step) for step in one.corrections] == [Rescale]
    money = {agent: world.capital(agent) for agent in ("A", "B")}
    world.adopt(plan)
    assert world.position("A") == 30 * Decimal(factor)
    assert {agent: world.capital(agent) for agent in ("A", "B")} == money
    assert world.state.intents[name].qty_contracts.value == 30 * Decimal(factor)
    size = {BTC: (world.instruments[BTC].ct_val, Decimal(1))}
    assert reconcile(dataclasses.replace(world.books(), sizes=size), world.view()).clean


@pytest.mark.parametrize("history", ["new", "old", "neither"])
@pytest.mark.parametrize("hedged", [False, True])
def test_executions_beside_a_change_of_size_are_booked_once_in_their_own_size(
    history: str, hedged: bool
) -> None:
    """OKX rescales its history, or does not: what adds up to the position is the proven reading."""
    world = World("A", "B", hedged=hedged)
    side = {"pos_side": "long"} if hedged else {}
    world.trade("A", "buy", 3, **side)
    world.trade("B", "buy", 1, **side)
    old = world.instruments[BTC]
    world.trade("A", "buy", 2, booked=False, **side)
    world.instruments[BTC] = replaced(old, ct_val=old.ct_val / 10)
    if history == "new":
        world.fills[-1] = replaced(world.fills[-1], qty_contracts=contracts(20))
        size = {"qty_contracts": contracts(20), "filled_contracts": contracts(20)}
        world.orders[-1] = replaced(world.orders[-1], **size)
    key = next(key for key, rows in world.held.items() if rows)
    shown = contracts(60 if history != "neither" else 61)
    world.held[key][0] = world.held[key][0].model_copy(update={"qty_contracts": shown})
    sizes = {BTC: (old.ct_val, old.ct_mult)}
    plan = reconcile(dataclasses.replace(world.books(), sizes=sizes), world.view())
    one = next(each for each in plan.findings if each.case is Case.E)
    proven = history != "neither"
    assert one.alternatives[0].grade is (Grade.PROVEN if proven else Grade.DECLARED)
    assert {each.owner: each.contracts for each in one.alternatives[0].effects} == {
        "A": "45" if history == "old" else "27",
        "B": "9",
    }
    world.adopt(plan)
    if proven:
        assert (world.position("A", key), world.position("B", key)) == (50, 10)
        now = {BTC: (world.instruments[BTC].ct_val, Decimal(1))}
        assert reconcile(dataclasses.replace(world.books(), sizes=now), world.view()).clean


def test_a_disputed_execution_beside_a_change_of_size_is_settled_with_it() -> None:
    """A stop of A's closed more than A holds, in contracts of the new size."""
    world = World("A", "B", hedged=True)
    world.trade("A", "buy", 3, pos_side="long")
    world.trade("B", "buy", 2, pos_side="long")
    old = world.instruments[BTC]
    world.trade("A", "sell", 5, pos_side="long", booked=False)
    world.instruments[BTC] = replaced(old, ct_val=old.ct_val / 10)
    size = {"qty_contracts": contracts(50), "filled_contracts": contracts(50)}
    world.fills[-1] = replaced(world.fills[-1], qty_contracts=contracts(50))
    world.orders[-1] = replaced(world.orders[-1], **size)
    plan = reconcile(
        dataclasses.replace(world.books(), sizes={BTC: (old.ct_val, old.ct_mult)}), world.view()
    )
    asked = sorted(one.what for one in plan.findings if one.resolution is Resolution.HUMAN)
    assert asked == ["what.closes_beyond", "what.rescaled"]
    world.adopt(plan)
    now = {BTC: (world.instruments[BTC].ct_val, Decimal(1))}
    assert reconcile(dataclasses.replace(world.books(), sizes=now), world.view()).clean


def test_agents_against_each_other_in_a_delivered_contract_are_told() -> None:
    """The account was flat: there is no fill, and none of them can ever close."""
    world = World("A", "B")
    world.trade("A", "buy", 3, px=100)
    world.trade("B", "sell", 3, px=110)
    view = replaced(world.view(), instruments={ETH: world.instruments[ETH]})
    sizes = {BTC: (Decimal("0.01"), Decimal(1))}
    plan = reconcile(dataclasses.replace(world.books(), sizes=sizes), view)
    (one, *money) = plan.findings
    assert (one.what, one.resolution, one.chosen) == (
        "what.expired_offset",
        Resolution.HUMAN,
        "expired",
    )
    assert {each.case for each in money} <= {Case.K}
    world.adopt(plan)
    assert (world.position("A"), world.position("B")) == (0, 0)
    assert reconcile(dataclasses.replace(world.books(), sizes=sizes), view).clean


# the past that is kept no longer --------------------------------------------------------------


def cut(world: World, names: tuple[str, ...] = ("fills", "bills")) -> VenueView:
    view = world.view()
    gone = {
        name: replaced(
            view.sources[name], complete=False, cut=True, problem="old", window_from_ms=START_MS,
            kept_from_ms=START_MS + HOUR_MS,
        )
        for name in names
    }  # fmt: skip
    return replaced(view, sources={**view.sources, **gone})


def test_a_past_that_is_kept_no_longer_is_unknown_until_a_human_accepts_that() -> None:
    world = World("A")
    world.trade("A", "buy", 5)
    world.shift(-2)
    plan = plan_of(world, cut(world))
    assert kinds(plan) == [("what.history_lost", "UNKNOWN")]
    assert (plan.corrections, plan.incomplete) == ((), True)
    (lost,) = plan.findings
    accepted = plan_of(world, cut(world), **{lost.finding_id: "accept"})
    assert accepted.source_problems == ()
    assert "what.books_more" in [one.what for one in accepted.findings]
    world.adopt(accepted)
    mark = world.state.watermark.fills_ms
    assert mark > START_MS + HOUR_MS + DAY_MS
    assert mark == world.state.account_cash.bills_ms
    assert plan_of(world).clean


def test_a_source_that_failed_is_no_past_that_is_kept_no_longer() -> None:
    world = World("A")
    world.trade("A", "buy", 5)
    view = cut(world)
    failed = replaced(view.sources["positions"], complete=False, problem="timed out")
    plan = plan_of(world, replaced(view, sources={**view.sources, "positions": failed}))
    assert kinds(plan) == []
    assert plan.source_problems


def test_a_position_row_of_another_instrument_is_not_touched_by_a_doubt_about_one() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 5, inst=ETH)
    world.trade("B", "buy", 1, inst=ETH, booked=False)
    view = world.view()
    twin = next(row for row in view.positions if row.key.inst_id == BTC)
    other = replaced(twin, qty_contracts=contracts("6"))
    assert isinstance(other, VenuePosition)
    plan = plan_of(world, replaced(view, positions=(*view.positions, other)))
    found = {(one.resolution, one.params.get("why", "")) for one in plan.findings}
    assert (Resolution.UNKNOWN, "why.contradicting_rows") in found
    booked = [one for one in plan.findings if one.resolution is Resolution.AUTO]
    assert [one.key and one.key.inst_id for one in booked] == [ETH]
