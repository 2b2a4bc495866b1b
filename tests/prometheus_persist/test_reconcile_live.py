"""The live path: what one order of ours did, as the same corrections as after a crash."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from reconcile_world import BTC, World

from prometheus_persist.errors import PlanStale
from prometheus_persist.reconcile import IntentLookup, VenueFill, reconcile
from prometheus_persist.reconcile.apply import apply_corrections
from prometheus_persist.reconcile.live import live_steps
from prometheus_persist.reconcile.plan import BookFill, BookOrphan, SettleIntent
from prometheus_persist.state import Execution, OrderIntent, contracts
from prometheus_persist.state.registry import SYSTEM_OWNER

NAME = "As0id0000100000001"
INSTRUMENT = World("A").instruments[BTC]


def intent(**fields: Any) -> OrderIntent:
    given = {
        "cl_ord_id": NAME, "agent_id": "A", "inst_id": BTC, "mgn_mode": "isolated",
        "pos_side": "net", "side": "buy", "qty_contracts": "5", "outcome": "PENDING",
    }  # fmt: skip
    return OrderIntent.model_validate(given | fields)


def fill(number: int, quantity: str, *, ts_ms: int = 7_000, **fields: Any) -> VenueFill:
    made = VenueFill(
        BTC, str(number), "77", NAME, "A", "buy", "net", contracts(quantity), Decimal(100 + number),
        Decimal("-0.05"), ts_ms, str(9_000 + number),
    )  # fmt: skip
    return dataclasses.replace(made, **fields)


def found(state: str, filled: str | None = None, ord_id: str = "77") -> IntentLookup:
    return IntentLookup(NAME, True, state, ord_id, None if filled is None else contracts(filled))


def steps(order: OrderIntent, lookup: IntentLookup, *fills: VenueFill, **more: Any) -> list[Any]:
    return list(
        live_steps(more.pop("booked", frozenset()), order, lookup, fills, INSTRUMENT, **more)
    )


def test_executions_are_booked_in_order_and_the_order_is_settled() -> None:
    early, late = fill(2, "2", ts_ms=6_000), fill(1, "3", ts_ms=7_000)
    got = steps(intent(), found("filled", "5"), late, early, late)
    assert got[:2] == [
        BookFill(
            "A",
            Execution(
                inst_id=BTC, mgn_mode="isolated", pos_side="net", side="buy",
                qty_contracts=one.qty_contracts, px=one.px, fee=one.fee, trade_id=one.trade_id,
                ord_id="77", cl_ord_id=NAME, ts_ms=one.ts_ms, ct_val=INSTRUMENT.ct_val,
                ct_mult=INSTRUMENT.ct_mult,
            ),
        )
        for one in (early, late)
    ]  # fmt: skip
    assert got[2:] == [SettleIntent(NAME, "FILLED", "77", "filled")]


def test_executions_of_one_moment_are_booked_by_trade_number() -> None:
    got = steps(intent(), found("partially_filled", "2"), fill(10, "1"), fill(9, "1"))
    assert [step.execution.trade_id for step in got[:2]] == ["9", "10"]


def test_what_is_booked_already_is_left_out_and_counts() -> None:
    order = intent(booked_contracts="3", outcome="ACCEPTED", ord_id="77")
    known = fill(1, "3")
    got = steps(order, found("filled", "5"), known, fill(2, "2"), booked={known.fill_id})
    assert [type(step) for step in got] == [BookFill, SettleIntent]
    assert got[0].execution.trade_id == "2"


@pytest.mark.parametrize(
    ("state", "filled", "booked_now", "settled"),
    [
        ("filled", "5", "5", "FILLED"),
        ("filled", None, "5", "FILLED"),
        ("filled", "5", "4", None),
        ("canceled", "4", "4", "CANCELED"),
        ("canceled", "4", "3", None),
        ("live", "0", "0", "ACCEPTED"),
        ("partially_filled", "4", "3", "ACCEPTED"),
        ("something new", "5", "5", None),
    ],
)
def test_an_end_is_taken_only_with_every_contract(
    state: str, filled: str | None, booked_now: str, settled: str | None
) -> None:
    fills = [fill(1, booked_now)] if Decimal(booked_now) else []
    got = [
        one
        for one in steps(intent(), found(state, filled), *fills)
        if isinstance(one, SettleIntent)
    ]
    assert [one.outcome for one in got] == ([settled] if settled else [])


def test_an_order_that_stands_as_the_books_say_is_no_news() -> None:
    assert steps(intent(outcome="ACCEPTED", ord_id="77"), found("live", "0")) == []
    (named,) = steps(intent(outcome="ACCEPTED", ord_id=""), found("live", "0"))
    assert named == SettleIntent(NAME, "ACCEPTED", "77", "live")


@pytest.mark.parametrize(
    ("child_state", "filled", "outcome"),
    [
        ("live", 0, "ACCEPTED"),
        ("partially_filled", 0, "ACCEPTED"),
        ("filled", 9, None),  # its fills are behind
        ("canceled", 0, "CANCELED"),
        ("", 0, "CANCELED"),  # the exchange has no row of it any more, and nothing was executed
    ],
)
def test_a_stop_that_fired_is_what_its_child_is(
    child_state: str, filled: int, outcome: str | None
) -> None:
    order = intent(kind="algo", outcome="ACCEPTED", ord_id="algo1")
    child = {"child_ord_id": "77", "child_state": child_state}
    lookup = IntentLookup(NAME, True, "effective", "algo1", contracts(filled), **child)  # type: ignore[arg-type]
    reason = child_state or "effective"
    expected = [] if outcome is None else [SettleIntent(NAME, outcome, "algo1", reason, "77")]
    assert steps(order, lookup) == expected


def test_an_answer_about_another_order_proves_nothing() -> None:
    order = intent(outcome="ACCEPTED", ord_id="76")
    assert steps(order, found("filled", "5"), fill(1, "5")) == []


@pytest.mark.parametrize("answer", [False, None])
@pytest.mark.parametrize("arrived_by_now", [False, True])
def test_no_such_order_counts_once_it_cannot_be_on_its_way(
    answer: bool | None, arrived_by_now: bool
) -> None:
    got = steps(intent(), IntentLookup(NAME, answer), arrived_by_now=arrived_by_now)
    due = [SettleIntent(NAME, "REJECTED", "", "never arrived")]
    assert got == (due if answer is False and arrived_by_now else [])
    accepted = intent(outcome="ACCEPTED", ord_id="77")
    assert steps(accepted, IntentLookup(NAME, answer), arrived_by_now=arrived_by_now) == []


def test_without_the_instrument_nothing_is_booked_and_nothing_settled() -> None:
    assert live_steps(frozenset(), intent(), found("filled", "5"), [fill(1, "5")], None) == ()
    (settled,) = live_steps(frozenset(), intent(), found("canceled", "0"), [], None)
    assert settled == SettleIntent(NAME, "CANCELED", "77", "canceled")


def test_what_the_system_closes_for_nobody_is_booked_to_nobody() -> None:
    got = steps(intent(agent_id=SYSTEM_OWNER), found("filled", "5"), fill(1, "5"))
    assert [type(step) for step in got] == [BookOrphan, SettleIntent]


def test_a_fill_without_a_side_of_the_position_takes_the_orders() -> None:
    order = intent(pos_side="long")
    (booked, _) = steps(order, found("filled", "5"), fill(1, "5", pos_side=""))
    assert booked.execution.pos_side == "long"


def test_steps_are_applied_like_a_plan_and_once() -> None:
    world = World("A")
    order = intent(cl_ord_id=NAME, mgn_mode="cross")
    world.state.intents[NAME] = order
    world.owners[NAME] = "A"
    got = live_steps(world.booked, order, found("filled", "5"), [fill(1, "5")], INSTRUMENT)
    mark = world.state.watermark
    done = apply_corrections(world.books(), got, 8_000)
    assert done.state.private_ledgers["A"].positions[0].qty_contracts == contracts(5)
    assert done.state.intents == {}
    assert list(done.records) == ["public_trades", "private_trades/A", "intent_log"]
    assert done.state.watermark == mark  # nothing was read up to any moment
    assert done.state.account_cash == world.state.account_cash
    world.booked |= {f"{BTC}:1"}
    with pytest.raises(PlanStale):
        apply_corrections(world.books(), got, 8_000)


def test_of_two_rows_of_one_order_the_later_one_stands() -> None:
    """Time of change, then how much is filled, then whether it has ended; in any order of rows."""
    for earlier, later in (
        ({"updated_ms": 1, "state": "filled"}, {"updated_ms": 2, "state": "live"}),
        ({"filled_contracts": contracts(1)}, {"filled_contracts": contracts(2)}),
        ({"state": "live"}, {"state": "canceled"}),
    ):
        world = World("A")
        name = world.rest("A", "buy", 2)
        row = world.orders[-1]
        base = dataclasses.replace(row, updated_ms=5)
        pair = [dataclasses.replace(base, **earlier), dataclasses.replace(base, **later)]  # type: ignore[arg-type]
        plans = []
        for rows in (pair, pair[::-1]):
            world.orders[-1:] = rows
            plans.append(reconcile(world.books(), world.view()))
            world.orders[-2:] = [row]
        assert plans[0].plan_hash == plans[1].plan_hash
        world.orders[-1:] = [pair[1]]
        assert reconcile(world.books(), world.view()).plan_hash == plans[0].plan_hash, name


def test_of_two_answers_about_one_order_the_one_that_found_it_stands() -> None:
    for better, worse in (
        (found("live", "0", "5001"), IntentLookup(NAME, None, problem="no answer")),
        (found("live", "0", "5001"), IntentLookup(NAME, False)),
        (IntentLookup(NAME, None, problem="no answer"), IntentLookup(NAME, False)),
        (found("canceled", "2", "5001"), found("canceled", "1", "5001")),
        (found("canceled", "0", "5001"), found("canceled", None, "5001")),
    ):
        hashes = set()
        for lookups in ((better,), (better, worse), (worse, better)):
            world = World("A")
            world.state.intents[NAME] = intent()
            world.owners[NAME] = "A"
            view = dataclasses.replace(world.view(), lookups=lookups)
            hashes.add(reconcile(world.books(), view).plan_hash)
        assert len(hashes) == 1


def test_of_two_rows_of_one_stop_the_one_that_ended_stands() -> None:
    for better, worse in (
        ({"state": "effective"}, {"state": "live"}),
        ({"state": "effective", "ord_id": "5001"}, {"state": "effective", "ord_id": ""}),
    ):
        hashes = set()
        for rows in ((better,), (better, worse), (worse, better)):
            world = World("A")
            world.trade("A", "buy", 5)
            world.trade("A", "sell", 5, booked=False, by="algo", px=90)
            world.orders.pop()
            row = dataclasses.replace(world.algos[-1], ord_id="5002")
            given = [
                dataclasses.replace(
                    row, **({"ord_id": "5002"} | each if each.get("ord_id") else each)
                )  # type: ignore[arg-type]
                for each in rows
            ]
            hashes.add(
                reconcile(
                    world.books(), dataclasses.replace(world.view(), algo_orders=tuple(given))
                ).plan_hash
            )
        assert len(hashes) == 1
