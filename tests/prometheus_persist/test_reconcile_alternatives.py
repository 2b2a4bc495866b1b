"""Every way that is offered to a human leads somewhere: to books that are the exchange's.

Over every row of the case tables: each finding that needs a human offers something; each of its
alternatives, chosen, applied and looked at again, leaves no difference that is not recorded,
nobody's and frozen, and nothing that the same human would be asked again.
"""

from __future__ import annotations

import copy
from decimal import Decimal

import pytest
import test_reconcile_cases
import test_reconcile_shared_cases
from hypothesis import assume, given
from hypothesis import strategies as st
from reconcile_acts import OPEN5, Row, steps, trade, unbooked
from reconcile_world import BTC, World, replaced
from storekit import execution

from prometheus_persist.reconcile import Plan, Resolution, Verdict, reconcile
from prometheus_persist.reconcile.findings.alternatives import of_gap
from prometheus_persist.reconcile.match.replay import Holdings
from prometheus_persist.reconcile.match.split import NOBODY
from prometheus_persist.reconcile.plan import (
    AdoptDifference,
    Alternative,
    Finding,
    Grade,
    SetQuantity,
)
from prometheus_persist.reconcile.plan_json import hash_of_json, plan_to_json
from prometheus_persist.state import Contracts, Execution, PositionKey, contracts

ROWS = {
    f"{table}: {row.name}": row
    for table, rows in (
        ("cases", test_reconcile_cases.ROWS),
        ("shared", test_reconcile_shared_cases.ROWS),
    )
    for row in rows
    if any(how in ("HUMAN", "UNKNOWN") for _, how, _ in row.findings)
}
HAND = {"net": ("sell", None), "hedge": ("sell", "long")}


def made(row: Row) -> World:
    world = World(*row.agents.split(), hedged=row.hedged)
    row.happen(world)
    return world


def plan_of(world: World, **choices: str) -> Plan:
    return reconcile(world.books(), world.view(), choices)


def offered(plan: Plan) -> list[tuple[Finding, Alternative]]:
    return [(one, way) for one in plan.findings for way in one.alternatives]


def agrees(world: World) -> bool:
    """R1 and R2, by hand: both ledgers alike, and with nobody's the exchange's."""
    state, total = world.state, {}
    books = [*state.private_ledgers.values(), state.unattributed]
    for book in books:
        for one in book.positions:
            total[one.key] = total.get(one.key, Decimal(0)) + one.qty_contracts.value
    shown = {key: rows[0].qty_contracts.value for key, rows in world.held.items() if rows}
    alike = all(
        sorted(map(repr, ledger.positions))
        == sorted(map(repr, state.public_accounts[name].positions))
        for name, ledger in state.private_ledgers.items()
    )
    return alike and {key: size for key, size in total.items() if size} == shown


@pytest.mark.parametrize("name", ROWS)
def test_every_alternative_of_every_case_leads_to_the_exchanges_books(name: str) -> None:
    world = made(ROWS[name])
    plan = plan_of(world)
    for one in plan.findings:
        assert one.resolution is not Resolution.HUMAN or one.alternatives, one
        assert bool(one.chosen) is (one.resolution is Resolution.HUMAN), one
        names = [way.name for way in one.alternatives]
        assert len(set(names)) == len(names)
    for one, way in offered(plan):
        twin = copy.deepcopy(world)
        chosen = plan_of(twin, **{one.finding_id: way.name})
        mine = next(each for each in chosen.findings if each.finding_id == one.finding_id)
        assert (mine.chosen, mine.corrections) == (way.name, way.corrections)
        if way.name != one.chosen:
            assert chosen.plan_hash != plan.plan_hash, "the hash covers the choice"
        if chosen.incomplete:
            continue  # something else of it cannot be judged; nothing is applied there
        twin.adopt(chosen)
        again = plan_of(twin)
        asked = {each.finding_id for each in again.findings if each.resolution is Resolution.HUMAN}
        assert one.finding_id not in asked, (name, way.name)
        assert agrees(twin), (name, way.name)
        assert again.money is None or again.money.verdict is not Verdict.UNKNOWN


@pytest.mark.parametrize("mode", HAND)
@pytest.mark.parametrize(
    ("sold", "names", "flat"),
    [
        (7, ["close_all", "nobody"], True),  # close all: proven; nobody could not be closed
        (3, ["nobody", "pro_rata", "agent:A"], False),
        (9, ["close_all", "nobody"], True),  # a flip: everything was closed, the rest is nobody's
    ],
)
def test_a_hand_on_a_shared_position(mode: str, sold: int, names: list[str], flat: bool) -> None:
    hedged = mode == "hedge"
    if hedged and sold > 7:
        pytest.skip("long and short: a hand cannot sell more than is held")
    pos_side = "long" if hedged else "net"
    world = World("A", "B", "C", hedged=hedged)
    world.trade("A", "buy", 5, px=100, pos_side=pos_side)
    world.trade("B", "buy", 2, px=120, pos_side=pos_side)
    world.trade(None, "sell", sold, px=130, pos_side=pos_side, booked=False)
    (one,) = [each for each in plan_of(world).findings if each.alternatives]
    shown = [way.name for way in one.alternatives]
    nobody_can = not hedged and sold != 7
    expected = [name for name in names if name != "nobody" or nobody_can]
    assert [name for name in shown if name in expected] == expected
    assert ("nobody" in shown) is nobody_can
    assert (one.alternatives[0].grade is Grade.PROVEN) is flat
    assert all(way.effects for way in one.alternatives)
    world.adopt(plan_of(world, **{one.finding_id: "close_all" if flat else "pro_rata"}))
    key = PositionKey(BTC, "cross", pos_side)
    held = world.position("A", key), world.position("B", key)
    assert held == ((0, 0) if flat else (Decimal("2.85"), Decimal("1.15"))), held
    assert plan_of(world).clean
    assert agrees(world)


def test_close_all_is_not_proven_where_agents_stand_against_each_other() -> None:
    """The account is flat, and A +1 against B −1 would be flat as well."""
    world = World("A", "B")
    world.trade("A", "buy", 3)
    world.trade("B", "sell", 1)
    world.trade(None, "sell", 2, booked=False)
    (one,) = [each for each in plan_of(world).findings if each.alternatives]
    assert Grade.PROVEN not in {way.grade for way in one.alternatives}


@pytest.mark.parametrize("sides", [("sell", "buy"), ("buy", "sell")])
@pytest.mark.parametrize("shown", [True, False])
def test_what_only_closes_what_is_nobodys_may_be_nobodys_in_a_flat_account(
    sides: tuple[str, str], shown: bool
) -> None:
    """A hand stands against an agent and takes a part back; the account is flat by that."""
    world = World("A")
    opened, against = sides
    world.trade(None, opened, 6)
    world.trade("A", against, 5)
    world.trade(None, against, 1, booked=False)
    if not shown:
        world.hidden.add(world.fills[-1].ord_id)
    (one,) = [each for each in plan_of(world).findings if each.alternatives and each.key]
    assert "nobody" in {way.name for way in one.alternatives}
    world.adopt(plan_of(world, **{one.finding_id: "nobody"}))
    assert abs(world.position("A")) == 5
    assert agrees(world)
    assert not plan_of(world).needs_human
    world.trade("A", opened, 5)  # what it held can be closed, and taken back whole
    world.trade(None, against, 5, booked=False)
    world.adopt(plan_of(world))
    assert agrees(world)
    assert plan_of(world).clean


def test_what_each_alternative_does_to_whom_is_what_it_then_does() -> None:
    world = made(Row("", steps(OPEN5, trade("B", "buy", 2, px=120), unbooked(None, "sell", 3))))
    plan = plan_of(world)
    for one, way in offered(plan):
        twin = copy.deepcopy(world)
        twin.adopt(plan_of(twin, **{one.finding_id: way.name}))
        for effect in way.effects:
            if not effect.owner:
                continue
            moved = twin.position(effect.owner) - world.position(effect.owner)
            paid = twin.capital(effect.owner) - world.capital(effect.owner)
            assert (moved, paid) == (Decimal(effect.contracts), Decimal(effect.money)), way.name


def test_a_choice_that_is_not_offered_changes_nothing() -> None:
    world = made(Row("", steps(OPEN5, trade("B", "buy", 2), unbooked(None, "sell", 3))))
    plan = plan_of(world)
    (one,) = [each for each in plan.findings if each.alternatives]
    assert plan_of(world, **{one.finding_id: "agent:Z"}) == plan
    assert plan_of(world, **{"B-000000000000": "nobody"}) == plan


def test_a_written_plan_is_known_by_its_content() -> None:
    plan = plan_of(made(Row("", steps(OPEN5, trade("B", "buy", 2), unbooked(None, "sell", 3)))))
    told = plan_to_json(plan)
    assert hash_of_json(told) == plan.plan_hash
    assert hash_of_json({**told, "findings": []}) != plan.plan_hash
    assert hash_of_json({**told, "bound": {"uid": "1"}}) != plan.plan_hash
    assert hash_of_json({**told, "read_ms": 1}) == plan.plan_hash


def test_what_was_written_for_agents_is_given_back_to_each_once_its_executions_show() -> None:
    """P8, for quantities: a lagging index hid both closes; on approval both were written flat."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 2)
    for name, size in (("A", 5), ("B", 2)):
        world.trade(name, "sell", size, px=110, booked=False)
        world.hidden.add(world.fills[-1].ord_id)
    (one,) = [each for each in plan_of(world).findings if each.key is not None]
    world.adopt(plan_of(world, **{one.finding_id: "close_all"}))
    assert (world.position("A"), world.position("B")) == (0, 0)
    assert plan_of(world).clean
    world.hidden.clear()
    plan = plan_of(world)
    assert not plan.needs_human
    world.adopt(plan)
    assert (world.position("A"), world.position("B")) == (0, 0)
    assert plan_of(world).clean
    assert [name for name, one in world.state.agents.items() if one.trade_count] == ["A", "B"]


@pytest.mark.parametrize("hedged", [False, True])
def test_a_hand_that_shows_late_replaces_what_was_written_for_both(hedged: bool) -> None:
    """P8: written flat on a human's word, given back, and asked with the fill that tells of it."""
    pos_side = "long" if hedged else "net"
    world = World("A", "B", hedged=hedged)
    world.trade("A", "buy", 3, pos_side=pos_side)
    world.trade("B", "buy", 2, pos_side=pos_side)
    world.trade(None, "sell", 5, px=110, pos_side=pos_side, booked=False)
    world.hidden.add(world.fills[-1].ord_id)
    world.adopt(plan_of(world))
    assert plan_of(world).clean
    world.hidden.clear()
    plan = plan_of(world)
    told = {one.what: one.chosen for one in plan.findings}
    assert told["what.shared_close"] == "close_all"
    assert "what.adoption_replaced" in told
    world.adopt(plan)
    key = PositionKey(BTC, "cross", pos_side)
    assert (world.position("A", key), world.position("B", key)) == (0, 0)
    assert plan_of(world).clean
    assert world.money[""].get("unexplained", 0) == 0


def test_lost_ledgers_are_restored_with_what_was_booked_to_their_agent() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 3)
    del world.state.private_ledgers["A"], world.state.public_accounts["A"]
    plan = plan_of(world)
    chosen = {one.what: one.chosen for one in plan.findings}
    assert chosen["what.venue_more"] == "as_booked"
    assert chosen["what.agent_missing"] == "restore"
    world.adopt(plan)
    assert world.position("A") == 3
    assert plan_of(world).clean
    assert agrees(world)


POS_SIDES = st.sampled_from(["net", "long", "short"])
SIZES = st.integers(-5, 5).map(lambda size: contracts(str(size)))


def opening(key: PositionKey, size: Contracts) -> Execution:
    """So much taken on at once; a short's contracts are sold."""
    bought = (size.sign > 0) != (key.pos_side == "short")
    return execution(
        1,
        mgn_mode=key.mgn_mode,
        pos_side=key.pos_side,
        side="buy" if bought else "sell",
        qty_contracts=abs(size),
    )


@given(POS_SIDES, SIZES, *[st.dictionaries(st.sampled_from("ABC"), SIZES)] * 2, st.booleans())
def test_what_no_book_can_hold_is_not_offered(
    pos_side: str,
    venue: Contracts,
    held: dict[str, Contracts],
    recorded: dict[str, Contracts],
    settled: bool,
) -> None:
    """A ledger refuses a negative long: an alternative that writes one would lead nowhere. There
    is always one that can be chosen."""
    key = PositionKey(BTC, "cross", pos_side)
    assume(all(map(key.allows, (venue, *held.values()))))
    books = Holdings("ABC")
    for name, size in held.items():
        if size:
            books.book(name, opening(key, size))
    found = of_gap(
        books, key, venue, None, recorded, Decimal("0.01"), "B-1", owners_settled=settled
    )
    assert found or venue == books.total(key)
    for step in (step for one in found for step in one.corrections):
        if isinstance(step, SetQuantity):
            assert key.allows(step.qty_contracts), found
        if isinstance(step, AdoptDifference):
            assert key.allows(books.held(NOBODY, key) + step.qty_contracts), found


def test_an_empty_positions_list_is_not_a_flat_account() -> None:
    """Nothing says that anything was closed: UNKNOWN there, and only there."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    view = replaced(world.view(), positions=())
    plan = reconcile(world.books(), view)
    (one,) = plan.findings
    assert (one.what, one.resolution, one.about) == (
        "what.not_believed",
        Resolution.UNKNOWN,
        (BTC,),
    )
    assert one.corrections == ()
    world.shift(-5)  # a life of the position says so
    (told,) = [each for each in plan_of(world).findings if each.key is not None]
    assert (told.resolution, told.cause) == (Resolution.HUMAN, "cause.life_closed")
