"""Orders of ours that the books lack: attached stops, a lost past, what arrived after all."""

from __future__ import annotations

import pytest
from reconcile_world import BTC, World, replaced

from prometheus_persist.reconcile import Plan, Resolution, VenueAlgoOrder, VenueView, reconcile
from prometheus_persist.reconcile.plan import Case
from prometheus_persist.state import OrderIntent, PositionKey, contracts
from prometheus_persist.state.registry import EPOCH_MAX

STOP = "slOfA1"


def plan_of(world: World, view: VenueView | None = None) -> Plan:
    return reconcile(world.books(), view or world.view())


def found(plan: Plan) -> list[tuple[str, str, str | None]]:
    return [(one.what, one.resolution.value, one.agent_id) for one in plan.findings]


# attached -------------------------------------------------------------------------------------


def entered(qty: int = 5, filled: int = 5, state: str = "filled") -> World:
    """A's entry with a stop attached under an id that somebody else chose."""
    world = World("A", "B")
    world.trade("A", "buy", filled)
    parent = replaced(
        world.orders[-1],
        state=state,
        qty_contracts=contracts(qty),
        attached=(STOP,),
    )
    world.orders[-1] = parent
    return world


def stop(world: World, state: str = "live", ord_id: str = "", size: int = 5) -> None:
    world.algos.append(
        VenueAlgoOrder(
            BTC, "algo9", STOP, "", "sell", "net", "cross", "conditional", state, ord_id,
            contracts(size), None, world.now_ms, reduce_only=True,
        )
    )  # fmt: skip


def test_an_attached_stop_belongs_to_its_orders_agent_whoever_named_it() -> None:
    world = entered()
    stop(world)
    assert found(plan_of(world)) == [("what.attached", "AUTO", "A")]
    world.adopt(plan_of(world))
    kept = world.state.intents[STOP]
    assert (kept.agent_id, kept.kind, kept.outcome, kept.ord_id) == (
        "A",
        "algo",
        "ACCEPTED",
        "algo9",
    )
    assert kept.parent == world.orders[0].cl_ord_id
    world.answer(STOP, True, state="live", ord_id="algo9")
    assert plan_of(world).clean


@pytest.mark.parametrize("known", [True, False])
def test_an_attached_stop_that_fired_closes_its_agent_and_nobody_else(known: bool) -> None:
    world = entered()
    world.trade("B", "buy", 2)
    if known:
        stop(world)
        world.adopt(plan_of(world))
        world.algos.clear()
    execution = world.trade(None, "sell", 5, px=90, booked=False)
    world.orders[-1] = replaced(world.orders[-1], algo_id="algo9", algo_cl_ord_id=STOP)
    stop(world, "effective", execution.ord_id)
    if known:
        child = {"child_ord_id": execution.ord_id, "child_state": "filled"}
        world.answer(
            STOP, True, state="effective", ord_id="algo9", filled_contracts=contracts(5), **child
        )
    plan = plan_of(world)
    assert not plan.needs_human
    world.adopt(plan)
    assert (world.position("A"), world.position("B")) == (0, 2)
    assert STOP not in world.state.intents
    assert plan_of(world).clean


def attached(world: World, outcome: str = "PENDING") -> OrderIntent:
    """The same, made by ``order_intent(attached=...)``: the books have it from the start."""
    parent = world.orders[-1].cl_ord_id
    name = world.intent("A", "sell", 5, outcome, kind="algo", parent=parent, reduce_only=True)
    world.orders[-1] = replaced(world.orders[-1], attached=(name,))
    world.answer(name, False)
    return world.state.intents[name]


@pytest.mark.parametrize("answer", [False, None])
def test_a_stop_waits_with_the_order_that_it_is_attached_to(answer: bool | None) -> None:
    world = World("A")
    parent = world.rest("A", "buy", 5)
    world.answer(parent, True, state="live", ord_id=world.orders[-1].ord_id)
    waiting = attached(world)
    world.answer(waiting.cl_ord_id, answer)
    assert plan_of(world).clean


def test_a_stop_ends_with_an_order_that_ended_without_an_execution() -> None:
    world = World("A")
    name = world.intent("A", "buy", 5, "UNKNOWN")
    world.answer(name, False)
    child = world.intent("A", "sell", 5, "PENDING", kind="algo", parent=name, reduce_only=True)
    world.answer(child, False)
    plan = plan_of(world)
    assert {one.params["outcome"] for one in plan.findings} == {"REJECTED", "CANCELED"}
    world.adopt(plan)
    assert world.state.intents == {}
    assert plan_of(world).clean


# a past that this copy lacks --------------------------------------------------------------------


def test_an_older_copy_is_told_its_orders_are_taken_back_and_no_epoch_is_used_again() -> None:
    world = World("A", "B")
    registry = world.state.registry
    for number, state in ((1, "filled"), (2, "live")):
        name = registry.cl_ord_id("A", 7, number)
        world.rest(None, "buy", 2, cl_ord_id=name)
        if state == "filled":
            lost = world.orders.pop()
            world.trade(None, "buy", 2, booked=False)
            world.fills[-1] = replaced(world.fills[-1], cl_ord_id=name)
            world.orders[-1] = replaced(world.orders[-1], cl_ord_id=lost.cl_ord_id)
    plan = plan_of(world)
    told = next(one for one in plan.findings if one.what == "what.older_copy")
    assert (told.case, told.resolution) == (Case.I, Resolution.AUTO)
    assert (told.params["orders"], told.params["resting"], told.params["commits"]) == (
        "2",
        "1",
        "4",
    )
    world.adopt(plan)
    assert world.position("A") == 2, "booked to its owner"
    assert [one.outcome for one in world.state.intents.values()] == ["ACCEPTED"]
    epoch = world.books().epoch
    assert epoch + world.state.registry.epoch_ahead > 7
    fresh = world.state.registry.cl_ord_id("A", epoch, 1)
    assert fresh not in {row.cl_ord_id for row in world.orders}
    world.answer(registry.cl_ord_id("A", 7, 2), True, state="live", ord_id=world.orders[0].ord_id)
    again = plan_of(world)
    assert "what.older_copy" not in [one.what for one in again.findings]


def strange_order(world: World, cl_ord_id: str) -> None:
    """An execution under an id of an agent that the books do not know."""
    world.trade(None, "buy", 2, booked=False)
    world.fills[-1] = replaced(world.fills[-1], cl_ord_id=cl_ord_id)
    world.orders[-1] = replaced(world.orders[-1], cl_ord_id=cl_ord_id)


def test_ids_of_an_agent_that_this_copy_does_not_know_use_up_their_epoch_as_well() -> None:
    """An older copy from before Z was entered: Z's orders are nobody's, their epoch is not."""
    world = World("A")
    later = world.state.registry.assign("Z")
    name = later.cl_ord_id("Z", 7, 1)
    strange_order(world, name)
    plan = plan_of(world)
    told = next(one for one in plan.findings if one.what == "what.older_copy")
    assert (told.params["orders"], told.params["agents"], told.params["first"]) == ("1", "Z", name)
    world.adopt(plan)
    epoch = world.books().epoch + world.state.registry.epoch_ahead
    assert epoch > 7
    assert "what.older_copy" not in [one.what for one in plan_of(world).findings]


def test_no_id_raises_the_epoch_so_far_that_none_is_left() -> None:
    world = World("A")
    last = world.state.registry.assign("Z").cl_ord_id("Z", 36**5 - 1, 1)
    strange_order(world, last)
    world.adopt(plan_of(world))
    epoch = world.books().epoch + world.state.registry.epoch_ahead
    assert EPOCH_MAX < epoch < 36**5 - 36**3
    assert "what.older_copy" not in [one.what for one in plan_of(world).findings]


def test_another_stores_order_is_foreign_though_its_tag_is_our_agents() -> None:
    """Two stores on one account, with the same agent names."""
    world = World("A")
    world.trade("A", "buy", 5)
    tag = world.state.registry.rows["A"].tag
    world.trade(None, "buy", 2, booked=False)
    theirs = {"cl_ord_id": "Aelse000010000001", "tag": tag}
    world.fills[-1] = replaced(world.fills[-1], **theirs)
    world.orders[-1] = replaced(world.orders[-1], **theirs)
    plan = plan_of(world)
    assert [(one.case, one.resolution) for one in plan.findings] == [(Case.J, Resolution.ORPHAN)]
    world.adopt(plan)
    assert world.position("A") == 5


# what arrived after all -------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["resting", "executed"])
@pytest.mark.parametrize("outcome", ["REJECTED", "CANCELED"])
def test_an_order_that_ended_without_the_exchanges_word_is_taken_back(
    how: str, outcome: str
) -> None:
    """Settled as never arrived, or given up; and then it is there."""
    world = World("A")
    execution = world.trade("A", "buy", 2, booked=False)
    name = execution.cl_ord_id
    ended = world.ended[name].model_copy(
        update={"outcome": outcome, "ord_id": "", "booked_contracts": contracts(0)}
    )
    world.ended[name] = ended
    if how == "resting":
        world.fills.clear()
        world.bills.clear()
        world.held.clear()
        world.cash = world.state.account_cash.settled
        nothing = {"state": "live", "filled_contracts": contracts(0)}
        world.orders[-1] = replaced(world.orders[-1], **nothing)
    plan = plan_of(world)
    assert not plan.needs_human
    assert "what.taken_back" in [one.what for one in plan.findings]
    world.adopt(plan)
    if how == "resting":
        assert world.state.intents[name].outcome == "ACCEPTED"
        world.answer(name, True, state="live", ord_id=execution.ord_id)
    else:
        assert world.position("A") == 2
        assert world.ended[name].outcome == "FILLED"
    assert plan_of(world).clean


def test_an_order_that_the_exchange_refused_is_no_news() -> None:
    world = World("A")
    world.trade("A", "buy", 2)
    assert plan_of(world).clean


# a stop without its position ---------------------------------------------------------------------


@pytest.mark.parametrize("hedged", [False, True])
def test_a_stop_that_rests_without_its_position_is_told_once(hedged: bool) -> None:
    world = World("A", hedged=hedged)
    side = {"pos_side": "long"} if hedged else {"reduce_only": True}
    name = world.intent("A", "sell", 5, "ACCEPTED", kind="algo", ord_id="algo9", **side)
    world.answer(name, True, state="live", ord_id="algo9")
    world.algos.append(
        VenueAlgoOrder(
            BTC, "algo9", name, "", "sell", "long" if hedged else "net", "cross", "conditional",
            "live", "", contracts(5), None, world.now_ms, reduce_only=not hedged,
        )
    )  # fmt: skip
    plan = plan_of(world)
    assert found(plan) == [("what.stop_alone", "AUTO", "A")]
    world.adopt(plan)
    assert BTC not in world.state.freeze.instruments
    assert plan_of(world).clean
    key = PositionKey(BTC, "cross", "long" if hedged else "net")
    world.trade("A", "buy", 5, pos_side=key.pos_side)
    assert plan_of(world).clean
