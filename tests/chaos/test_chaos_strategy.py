"""Decisions depend on seed, cycle and state, and on nothing else."""

from decimal import Decimal

import pytest

from chaos.chance import generator
from chaos.workload.population import AGENTS, death_reason, newborn
from chaos.workload.strategy import (
    Enter,
    Hold,
    Leave,
    Protect,
    Unprotect,
    agent_id,
    closing_side,
    decide,
    direction,
    holding,
    instrument_of,
    stop_px,
)
from prometheus_persist.state import Contracts, OrderIntent, Position

BTC = "BTC-USDT-SWAP"


def position(sz="2"):
    return Position(
        inst_id=BTC,
        mgn_mode="cross",
        pos_side="net",
        qty_contracts=Contracts(Decimal(sz)),
        entry_px=Decimal(50000),
        opened_ms=1,
        updated_ms=1,
    )


def intent(kind="algo", outcome="ACCEPTED"):
    return OrderIntent(
        cl_ord_id="x",
        agent_id="A",
        inst_id=BTC,
        mgn_mode="cross",
        pos_side="net",
        side="sell",
        qty_contracts=Contracts(Decimal(2)),
        kind=kind,
        outcome=outcome,
    )


def step(positions, intents, *, dying=False, seed=1, cycle=1):
    agent = newborn(seed, 1, 0)
    held = holding(positions, intents)
    return decide(generator(seed, cycle), seed, agent, BTC, held, dying)


def test_the_same_words_draw_the_same_numbers():
    assert generator(1, 2, "a").random() == generator(1, 2, "a").random()
    assert generator(1, 2, "a").random() != generator(1, 2, "b").random()


@pytest.mark.parametrize("outcome", ["PENDING", "UNKNOWN"])
def test_an_unanswered_order_stops_its_agent(outcome):
    assert step([], [intent("order", outcome)]) == Hold("unanswered")
    assert step([position()], [intent("algo", outcome)], dying=True) == Hold("unanswered")


def test_a_stop_without_a_position_is_taken_away():
    assert isinstance(step([], [intent()]), Unprotect)


def test_the_dying_leave_and_never_enter():
    assert isinstance(step([position()], [intent()], dying=True), Leave)
    assert {type(step([], [], dying=True, cycle=n)) for n in range(50)} == {Hold}


def test_over_many_cycles_an_agent_enters_leaves_protects_and_waits():
    flat = {type(step([], [], cycle=n)) for n in range(50)}
    held = {type(step([position()], [], cycle=n)) for n in range(50)}
    assert flat == {Enter, Hold}
    assert held == {Leave, Protect}


@pytest.mark.parametrize(("sz", "side", "below"), [("2", "sell", True), ("-2", "buy", False)])
def test_a_stop_stands_on_the_losing_side(sz, side, below):
    agent, held = newborn(1, 1, 0), position(sz)
    assert closing_side(held) == side
    assert (stop_px(agent, held) < held.entry_px) is below


def test_two_agents_share_an_instrument_and_its_one_direction():
    shared = [instrument_of(number) for number in range(1, AGENTS + 1)]
    assert all(shared.count(name) == 2 for name in shared)
    assert {direction(seed, BTC) for seed in range(30)} == {"buy", "sell"}


def test_births_repeat_and_some_lives_are_short():
    assert newborn(5, 3, 7) == newborn(5, 3, 7)
    assert newborn(5, 3, 7).agent_id == agent_id(3)
    reasons = [death_reason(newborn(5, number, 7), 12) for number in range(1, AGENTS + 1)]
    assert reasons.count("NATURAL_DEATH") == 2
    broke = newborn(5, 1, 7).model_copy(update={"current_capital": Decimal(1)})
    assert death_reason(broke, 1) == "BANKRUPTCY"
