"""What a freeze lets through, and who may trade: the living, the known, who closes its own."""

from __future__ import annotations

from typing import Any

import pytest
from intentkit import CLOCK, A, Desk
from storekit import BTC

from prometheus_persist.errors import BadValue, Frozen
from prometheus_persist.recovery import restore
from prometheus_persist.state import FreezeEntry, FreezeState, Position, contracts
from prometheus_persist.state.registry import SYSTEM_OWNER

ENTRY = FreezeEntry(reason="orphan", since_ms=1)
ONE = FreezeState(instruments={BTC: ENTRY})
ALL = FreezeState(everything=ENTRY)
FREEZES = [
    ("entry on a frozen instrument", ONE, BTC, {}, False),
    ("reduce-only on it", ONE, BTC, {"reduce_only": True}, True),
    ("opening long", ONE, BTC, {"pos_side": "long", "side": "buy"}, False),
    ("closing long", ONE, BTC, {"pos_side": "long", "side": "sell"}, True),
    ("opening short", ONE, BTC, {"pos_side": "short", "side": "sell"}, False),
    ("closing short", ONE, BTC, {"pos_side": "short", "side": "buy"}, True),
    ("net sell may open", ONE, BTC, {"side": "sell"}, False),
    ("another instrument", ONE, "ETH-USDT-SWAP", {}, True),
    ("everything frozen", ALL, BTC, {}, False),
    ("everything, reduce-only", ALL, BTC, {"reduce_only": True}, False),
    ("nothing frozen", FreezeState(), BTC, {}, True),
]


@pytest.mark.parametrize("row", FREEZES, ids=lambda row: row[0])
def test_intents_freezes(row: Any) -> None:
    """A freeze refuses new entries, lets reductions pass, and a general one lets nothing pass."""
    _, freeze, inst, order, passes = row
    desk = Desk()
    desk.saver.state.freeze = freeze
    order = {"side": "buy", **order}
    side = order.pop("side")
    if passes:
        desk.gate.order_intent(A, inst, side, contracts("1"), **order)
    else:
        with pytest.raises(Frozen, match="orphan"):
            desk.gate.order_intent(A, inst, side, contracts("1"), **order)
        assert desk.saver.state.intents == {}


@pytest.mark.parametrize("how", ["frozen", "frozen one", "shut", "died"])
def test_intents_what_was_issued_before_a_freeze_does_not_leave_after_it(how: str) -> None:
    """The gate is asked again at the moment of sending; an order refused then never left."""
    desk = Desk()
    state = desk.saver.state
    opening = desk.gate.order_intent(A, BTC, "buy", contracts("1"))
    closing = desk.gate.order_intent(A, BTC, "sell", contracts("1"), reduce_only=True)
    if how == "frozen":
        state.freeze = ALL
    elif how == "frozen one":
        state.freeze = ONE
    elif how == "shut":
        desk.gate.shut("the last reconciliation ended in incomplete")
    else:
        state.agents[A] = state.agents[A].model_copy(update={"state": "DEAD"})
    with pytest.raises(BadValue if how == "died" else Frozen), opening as intent:
        pytest.fail(f"sent: {intent.params}")
    assert desk.on_disk(opening.cl_ord_id) is None
    (record,) = desk.ended()
    assert (record["outcome"], record["reason"][:9]) == ("REJECTED", "not sent:")
    if how in ("frozen one", "died"):
        assert closing.params["reduceOnly"] is True
    else:
        with pytest.raises(Frozen):
            closing.params  # noqa: B018 asking is the moment of sending


def test_intents_what_may_have_left_is_not_called_refused_by_a_freeze() -> None:
    """Params were handed out before: the order may have left, whatever the gate says now."""
    desk = Desk()
    handle = desk.gate.order_intent(A, BTC, "buy", contracts("1"))

    def send() -> None:
        with handle as intent:
            assert intent.params
            desk.saver.state.freeze = ALL
            assert intent.params

    with pytest.raises(Frozen):
        send()
    assert desk.on_disk(handle.cl_ord_id)["outcome"] == "UNKNOWN"  # type: ignore[index]


def test_intents_only_the_living_open_and_only_the_known_trade() -> None:
    """The registry decides who is known; the dead, and nobody, only reduce."""
    desk = Desk()
    state = desk.saver.state
    with pytest.raises(BadValue, match="add_agent it first"):
        desk.gate.order_intent("nobody", BTC, "buy", contracts("1"), reduce_only=True)
    state.agents[A] = state.agents[A].model_copy(update={"state": "DEAD"})
    with pytest.raises(BadValue, match="dead"):
        desk.gate.order_intent(A, BTC, "buy", contracts("1"))
    with pytest.raises(BadValue, match="dead"):
        desk.gate.order_intent(A, BTC, "sell", contracts("1"), pos_side="short")
    desk.gate.order_intent(A, BTC, "buy", contracts("1"), reduce_only=True)
    desk.gate.order_intent(A, BTC, "sell", contracts("1"), pos_side="long")
    with pytest.raises(BadValue, match="reduce"):
        desk.gate.order_intent(SYSTEM_OWNER, BTC, "buy", contracts("1"))
    assert SYSTEM_OWNER not in state.registry.rows
    closing = desk.gate.order_intent(SYSTEM_OWNER, BTC, "sell", contracts("1"), reduce_only=True)
    assert closing.params["tag"] == SYSTEM_OWNER + "t3st"
    found = restore(desk.disk.after_power_cut(), clock=CLOCK).documents
    assert SYSTEM_OWNER in found["registry"]["rows"], "the id's owner is as durable as the intent"


def _holding(quantity: str, *, mgn_mode: str = "cross") -> Desk:
    """A desk whose agent holds that much, on an instrument that takes no new entries."""
    desk = Desk()
    state = desk.saver.state
    position = Position.model_validate(
        {
            "inst_id": BTC,
            "mgn_mode": mgn_mode,
            "pos_side": "net",
            "qty_contracts": quantity,
            "entry_px": "100",
            "opened_ms": 1,
            "updated_ms": 1,
        }
    )
    ledger = state.private_ledgers[A]
    state.private_ledgers[A] = ledger.model_copy(update={"positions": [position]})
    frozen = {BTC: FreezeEntry(reason="an orphan", since_ms=1)}
    state.freeze = FreezeState(instruments=frozen)
    return desk


@pytest.mark.parametrize(
    ("held", "side", "quantity", "passes"),
    [
        ("3", "sell", "3", True),
        ("3", "sell", "1", True),
        ("3", "sell", "3.01", False),
        ("3", "buy", "1", False),
        ("-3", "buy", "3", True),
        ("-3", "buy", "4", False),
        ("-3", "sell", "1", False),
    ],
)
def test_intents_what_an_agent_holds_it_may_close_on_a_frozen_instrument(
    held: str, side: Any, quantity: str, passes: bool
) -> None:
    """The account may stand on the other side: its exchange then takes no reduce-only order."""
    desk = _holding(held)
    if passes:
        assert desk.gate.order_intent(A, BTC, side, contracts(quantity)).params
    else:
        with pytest.raises(Frozen):
            desk.gate.order_intent(A, BTC, side, contracts(quantity))


def test_intents_a_position_is_closed_once_on_a_frozen_instrument() -> None:
    """What open orders of the agent will close is not there to be closed again."""
    desk = _holding("3")
    first = desk.gate.order_intent(A, BTC, "sell", contracts(2))
    assert first.params
    with pytest.raises(Frozen):
        desk.gate.order_intent(A, BTC, "sell", contracts(2))
    assert desk.gate.order_intent(A, BTC, "sell", contracts(1)).params
    booked = desk.saver.state.intents[first.cl_ord_id].model_copy(
        update={"booked_contracts": contracts(1)}
    )
    desk.saver.state.intents[first.cl_ord_id] = booked
    assert desk.gate.order_intent(A, BTC, "sell", contracts(1)).params


def test_intents_a_reduce_only_stop_leaves_the_position_to_be_closed() -> None:
    desk = _holding("3")
    stop = desk.gate.order_intent(
        A, BTC, "sell", contracts(3), kind="algo", reduce_only=True, trigger_px="90"
    )
    assert stop.params
    assert desk.gate.order_intent(A, BTC, "sell", contracts(3)).params
    with pytest.raises(Frozen):  # a stop that is not reduce-only would open what it finds closed
        desk.gate.order_intent(A, BTC, "sell", contracts(1), kind="algo", trigger_px="90")


@pytest.mark.parametrize("fields", [{"mgn_mode": "isolated"}, {"pos_side": "short"}])
def test_intents_another_position_is_no_cover(fields: Any) -> None:
    """Another margin mode, another side: a new entry."""
    desk = _holding("3")
    with pytest.raises(Frozen):
        desk.gate.order_intent(A, BTC, "sell", contracts(1), **fields)


def test_intents_a_dead_agent_closes_its_own_position() -> None:
    desk = _holding("3")
    state = desk.saver.state
    state.freeze = FreezeState()
    state.agents[A] = state.agents[A].model_copy(update={"state": "DEAD"})
    assert desk.gate.order_intent(A, BTC, "sell", contracts(3)).params
    with pytest.raises(BadValue, match="dead"):
        desk.gate.order_intent(A, BTC, "sell", contracts(1))
