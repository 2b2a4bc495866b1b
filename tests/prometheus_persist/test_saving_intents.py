"""Order intents: durable before the block, settled after it, never read as what they are not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from storekit import BTC, HookFs, StillClock, founding, open_store

from prometheus_persist.errors import BadValue, Frozen, IllegalTransition, StoreFailed
from prometheus_persist.recovery import restore
from prometheus_persist.saving import IntentGate, Saver
from prometheus_persist.state import (
    Contracts,
    FreezeEntry,
    FreezeState,
    Position,
    contracts,
    state_from,
)
from prometheus_persist.state.registry import SYSTEM_OWNER
from prometheus_persist.testing.memory_fs import MemoryFs

A = "LiveAgent_01"
CLOCK = StillClock()


class Desk:
    """A gate on a store in memory, and what the disk holds at this moment."""

    def __init__(self, disk: MemoryFs | None = None, hook: Any = None, **gate: Any) -> None:
        self.disk = disk or MemoryFs()
        store = open_store(HookFs(self.disk, hook) if hook else self.disk, CLOCK)
        if not store.image.documents:
            store.commit(founding())
        self.saver = Saver(store, state_from(store.image.documents))
        self.gate = IntentGate(self.saver, CLOCK, **gate)
        self.gate.open()

    def on_disk(self, cl_ord_id: str) -> dict[str, Any] | None:
        """The intent as a restore after a power cut at this moment would find it."""
        return restore(self.disk.after_power_cut(), clock=CLOCK).documents.get(
            f"intents/{cl_ord_id}"
        )

    def ended(self) -> list[Any]:
        return restore(self.disk.after_power_cut(), clock=CLOCK).streams.get("intent_log", [])


def test_intents_durable_before_and_after() -> None:
    """Before the block runs the intent is on the disk; after ack so is its outcome."""
    desk = Desk()
    with desk.gate.order_intent(A, BTC, "buy", contracts("1.50"), px=0.1) as intent:
        found = desk.on_disk(intent.cl_ord_id)
        assert found is not None
        assert (found["outcome"], found["qty_contracts"], found["px"]) == ("PENDING", "1.50", "0.1")
        intent.ack({"id": "77"})
        found = desk.on_disk(intent.cl_ord_id)
        assert found is not None
        assert (found["outcome"], found["ord_id"]) == ("ACCEPTED", "77")
    assert desk.saver.state.intents[intent.cl_ord_id].outcome == "ACCEPTED"


@pytest.mark.parametrize("key", ["id", "ordId", "algoId"])
def test_intents_ack_takes_every_answer_with_an_id(key: str) -> None:
    """ccxt's order and OKX's rows acknowledge; an answer without an id acknowledges nothing."""
    desk = Desk()
    with desk.gate.order_intent(A, BTC, "buy", contracts("1")) as intent:
        for empty in ({}, {key: ""}, {key: None}):
            with pytest.raises(BadValue, match="without an order id"):
                intent.ack(empty)
        intent.ack({key: 5})
    assert intent.intent.ord_id == "5"


@pytest.mark.parametrize("problem", [TimeoutError("slow"), KeyboardInterrupt(), SystemExit(1)])
def test_intents_an_exception_is_unknown_and_goes_on(problem: BaseException) -> None:
    """A timeout, Ctrl+C or anything else in the block: UNKNOWN, durable, and on it flies."""
    desk = Desk()
    handle = desk.gate.order_intent(A, BTC, "sell", contracts("1"))
    with pytest.raises(type(problem)), handle:
        raise problem
    found = desk.on_disk(handle.cl_ord_id)
    assert found is not None
    assert found["outcome"] == "UNKNOWN"
    assert type(problem).__name__ in found["reason"]


def test_intents_a_block_without_ack_is_unknown() -> None:
    """Falling out of the block says nothing about the order."""
    desk = Desk()
    with desk.gate.order_intent(A, BTC, "sell", contracts("1")) as intent:
        pass
    found = desk.on_disk(intent.cl_ord_id)
    assert found is not None
    assert (found["outcome"], found["reason"]) == (
        "UNKNOWN",
        "no ack; intent.params was never taken",
    )


def test_intents_an_exception_after_ack_changes_nothing() -> None:
    """What the exchange has said stands, whatever the block does afterwards."""
    desk = Desk()
    handle = desk.gate.order_intent(A, BTC, "sell", contracts("1"))

    def block() -> None:
        with handle:
            handle.ack({"id": "1"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert desk.on_disk(handle.cl_ord_id)["outcome"] == "ACCEPTED"  # type: ignore[index]


def test_intents_a_refusal_ends_it() -> None:
    """A refused order leaves the open ones and enters the log; a second word is a contradiction."""
    desk = Desk()
    with desk.gate.order_intent(A, BTC, "sell", contracts("1")) as intent:
        intent.reject("51008 insufficient \ud800 margin")
    assert desk.on_disk(intent.cl_ord_id) is None
    (record,) = desk.ended()
    assert (record["outcome"], record["cl_ord_id"]) == ("REJECTED", intent.cl_ord_id)
    assert "51008" in record["reason"]
    for again in (lambda: intent.ack({"id": "1"}), lambda: intent.reject("again")):
        with pytest.raises(IllegalTransition):
            again()
    assert len(desk.ended()) == 1


def test_intents_an_accepted_order_cannot_be_refused() -> None:
    """Illegal steps raise and leave memory and disk as they were."""
    desk = Desk()
    with desk.gate.order_intent(A, BTC, "sell", contracts("1")) as intent:
        intent.ack({"id": "1"})
        with pytest.raises(IllegalTransition):
            intent.reject("no")
    assert desk.on_disk(intent.cl_ord_id)["outcome"] == "ACCEPTED"  # type: ignore[index]


@pytest.mark.parametrize("seen", ["ended", "booked in part"])
def test_intents_the_books_word_stands(seen: str) -> None:
    """What a settlement found out while the block ran is not written over when the block ends."""
    desk = Desk()
    state = desk.saver.state
    with desk.gate.order_intent(A, BTC, "buy", contracts("2")) as intent:
        if seen == "ended":
            del state.intents[intent.cl_ord_id]
        else:
            state.intents[intent.cl_ord_id] = intent.intent.model_copy(
                update={"outcome": "ACCEPTED", "ord_id": "9", "booked_contracts": contracts("1")}
            )
        desk.saver.save("settled")
        intent.ack({"id": "9"})
    if seen == "ended":
        assert intent.cl_ord_id not in state.intents
        assert desk.on_disk(intent.cl_ord_id) is None
        with pytest.raises(IllegalTransition):
            intent.reject("late")
    else:
        assert state.intents[intent.cl_ord_id].booked_contracts == contracts("1")
        assert desk.on_disk(intent.cl_ord_id)["booked_contracts"] == "1"  # type: ignore[index]


def test_intents_the_gate_is_shut_until_opened() -> None:
    """A new gate lets nothing pass, reductions included; neither does one that was shut again."""
    desk = Desk()
    for gate in (IntentGate(desk.saver, CLOCK), desk.gate):
        gate.shut("for this test") if gate is desk.gate else None
        assert not gate.is_open
        for reduce_only in (False, True):
            with pytest.raises(Frozen):
                gate.order_intent(A, BTC, "buy", contracts("1"), reduce_only=reduce_only)
    assert desk.saver.state.intents == {}
    desk.gate.open()
    assert desk.gate.is_open


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


WRONG: list[dict[str, Any]] = [
    {"quantity": contracts("0")},
    {"quantity": contracts("-1")},
    {"quantity": Decimal(1)},
    {"quantity": "1"},
    {"agent_id": "nobody"},
    {"side": "BUY"},
    {"mgn_mode": "crossed"},
    {"pos_side": "both"},
    {"kind": "magic"},
    {"px": float("nan")},
    {"trigger_px": "x"},
    {"inst_id": "\ud800"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: next(iter(wrong)))
def test_intents_a_wrong_order_leaves_no_trace(wrong: dict[str, Any]) -> None:
    """An order that cannot be meant is BadValue; no intent stays, and the next order goes out."""
    desk = Desk()
    order = {"agent_id": A, "inst_id": BTC, "side": "buy", "quantity": contracts("1"), **wrong}
    with pytest.raises(BadValue):
        desk.gate.order_intent(**order)
    assert desk.saver.state.intents == {}
    assert desk.gate.order_intent(A, BTC, "buy", contracts("1")).intent.outcome == "PENDING"


def test_intents_not_durable_means_not_sent() -> None:
    """Where the intent cannot be saved, the block never runs and no intent is left in memory."""
    armed = [False]

    def fail(op: str, path: str, data: bytes) -> None:
        if armed[0] and op == "fsync":
            raise OSError(5, "input/output error")

    desk = Desk(hook=fail)
    armed[0] = True
    with pytest.raises(StoreFailed), desk.gate.order_intent(A, BTC, "buy", contracts("1")):
        pytest.fail("the order was sent")
    assert desk.saver.state.intents == {}


def test_intents_params_are_what_the_exchange_takes() -> None:
    """Ids, tag, margin mode and flags; nothing that was not said."""
    gate = Desk().gate
    plain = gate.order_intent(A, BTC, "buy", contracts("1"))
    assert plain.params == {
        "clOrdId": plain.cl_ord_id,
        "tag": "LiveAgent01t3st",
        "tdMode": "cross",
    }
    algo = gate.order_intent(
        A, BTC, "sell", contracts("1"), kind="algo", pos_side="long", mgn_mode="isolated",
        reduce_only=True,
    )  # fmt: skip
    assert algo.params == {
        "clOrdId": algo.cl_ord_id,
        "algoClOrdId": algo.cl_ord_id,
        "tag": "LiveAgent01t3st",
        "tdMode": "isolated",
        "posSide": "long",
        "reduceOnly": True,
    }
    assert type(algo.intent.qty_contracts) is Contracts


def test_intents_ids_never_repeat_over_restarts() -> None:
    """Every life of the store issues ids of its own, also after lives that ended in a crash."""
    disk, ids = MemoryFs(), []
    for life in range(6):
        desk = Desk(disk)
        for _ in range(3):
            ids.append(desk.gate.order_intent(A, BTC, "buy", contracts("1")).cl_ord_id)
        if life % 2:
            desk.saver.store.close()
        else:
            disk = disk.after_power_cut()
    assert len(set(ids)) == len(ids) == 18
    assert all(len(one) <= 32 and one.isalnum() and one.isascii() for one in ids)


def test_intents_two_lives_of_one_copy_issue_different_ids() -> None:
    """The same directory, opened twice from the same backup: the same epoch, another lane."""
    disk = MemoryFs()
    Desk(disk).saver.store.close()
    lives = [Desk(disk.after_power_cut(), lane=lane) for lane in (0, 1, 36**4 - 1)]
    assert len({life.saver.store.epoch for life in lives}) == 1
    ids = [
        life.gate.order_intent(A, BTC, "buy", contracts("1")).cl_ord_id
        for life in lives
        for _ in range(3)
    ]
    assert len(set(ids)) == 9
    assert [one[-7:] for one in ids[::3]] == ["0000001", "0001001", "zzzz001"]
    assert [life.gate.issued for life in lives] == [3, 3, 3]
    for one in ids:
        found = lives[0].saver.state.registry.issued_by(one)
        assert found is not None
        assert found[:2] == (A, lives[0].saver.store.epoch)


def test_intents_the_last_lane_ends_in_the_first() -> None:
    """A life that goes on beyond the last number does not stop there."""
    desk = Desk(lane=36**4 - 1)
    desk.gate._number = 36**3 - 1
    ids = [desk.gate.order_intent(A, BTC, "buy", contracts("1")).cl_ord_id for _ in range(2)]
    assert [one[-7:] for one in ids] == ["0000000", "0000001"]
    for wrong in (-1, 36**4):
        with pytest.raises(BadValue, match="lane"):
            IntentGate(desk.saver, CLOCK, wrong)


def test_intents_the_epoch_ahead_is_in_the_ids() -> None:
    """Raised while the gate is open, it counts from the next order on; the intent's own epoch is
    the writer's."""
    desk = Desk()
    state = desk.saver.state
    state.registry = state.registry.model_copy(update={"epoch_ahead": 1000})
    intent = desk.gate.order_intent(A, BTC, "buy", contracts("1")).intent
    epoch = desk.saver.store.epoch
    assert state.registry.issued_by(intent.cl_ord_id) == (A, epoch + 1000, 1)
    assert intent.epoch == epoch


ANSWERS = [
    ('okx {"code":"1","data":[{"clOrdId":"x","sCode":"51008","sMsg":"margin"}]}', "REJECTED"),
    ("51000 Parameter sz error", "REJECTED"),
    (
        'okx {"code":"1","data":[{"sCode":"51016","sMsg":"Client order ID already exists."}]}',
        "OPEN",
    ),
    ("51065 algoClOrdId already exists", "OPEN"),
    (
        '{"sCode":"51068","sMsg":"x already exists within algoClOrdId and attachAlgoClOrdId."}',
        "OPEN",
    ),
    ('okx {"code":"50004","msg":"API endpoint request timeout"}', "OPEN"),
    ('{"code":"50001"}', "OPEN"),
    ('{"code":"50013"}', "OPEN"),
    ('{"code":"50026"}', "OPEN"),
    ('{"code":"1","data":[{"sCode":"51149","sMsg":"Order timed out"}]}', "OPEN"),
    ('{"code":"1","data":[{"sCode":"51054"}]}', "OPEN"),
    ('okx {"code":"50036","msg":"expTime can\'t be earlier than the current system time"}', "OPEN"),
    ('{"code":"50037"}', "OPEN"),
    ("order 510160 and id a51016b refused: 51020", "REJECTED"),
    ('okx {"code":503,"msg":"Service Unavailable"}', "OPEN"),
    ('okx {"code": "GATEWAY", "msg": "x"}', "OPEN"),
    ("okx 500 <HTML><body>no</body>", "OPEN"),
    ("<!DOCTYPE html>", "OPEN"),
    ('okx {"code": "51000", "msg": "Parameter sz error"}', "REJECTED"),
    (TimeoutError("no"), "OPEN"),
    (ConnectionResetError("reset"), "OPEN"),
    (ValueError("51008"), "REJECTED"),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda row: str(row[0])[:30])
def test_intents_an_answer_that_does_not_refuse_is_no_refusal(answer: Any) -> None:
    """51016 on a second sending says that the first arrived; a timeout says nothing at all."""
    said, meaning = answer
    desk = Desk()
    with desk.gate.order_intent(A, BTC, "buy", contracts("1")) as intent:
        outcome = intent.reject(said)
    found = desk.on_disk(intent.cl_ord_id)
    if meaning == "REJECTED":
        assert (outcome, found, len(desk.ended())) == ("REJECTED", None, 1)
    else:
        assert outcome == "UNKNOWN"
        assert found is not None
        assert found["outcome"] == "UNKNOWN"
        assert desk.ended() == []


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


@pytest.mark.parametrize("end", ["ack", "reject", "unknown", "settled"])
def test_intents_a_client_order_id_is_sent_once(end: str) -> None:
    """After an answer, or without one, the same id is not handed out for another sending: the
    exchange would take it for a new order once the first has ended."""
    desk = Desk()
    with desk.gate.order_intent(A, BTC, "buy", contracts("1")) as intent:
        assert intent.params == intent.params
        if end == "ack":
            intent.ack({"id": "1"})
        elif end == "reject":
            intent.reject("51008")
        elif end == "settled":
            del desk.saver.state.intents[intent.cl_ord_id]
    with pytest.raises(IllegalTransition, match="sent once"):
        intent.params  # noqa: B018 asking is the moment of sending


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


def test_intents_a_writer_that_was_taken_over_sends_nothing() -> None:
    """Neither a new intent, nor one that it had before."""
    taken = [False]

    def fence() -> None:
        if taken[0]:
            raise StoreFailed("another process has taken over; this writer is fenced off")

    desk = Desk()
    desk.saver.store._committer._fence = fence
    handle = desk.gate.order_intent(A, BTC, "buy", contracts("1"))
    taken[0] = True
    with pytest.raises(StoreFailed, match="fenced off"):
        handle.params  # noqa: B018 asking is the moment of sending
    with pytest.raises(StoreFailed):
        desk.gate.order_intent(A, BTC, "buy", contracts("1"))
    assert desk.on_disk(handle.cl_ord_id)["outcome"] == "PENDING"  # type: ignore[index]


def test_intents_how_long_an_order_may_still_arrive() -> None:
    """As long as its block runs, and that long after; an earlier writer's, after its last sign."""
    desk, clock = Desk(), StillClock()
    gate = IntentGate(desk.saver, clock)
    gate.open()
    handle = gate.order_intent(A, BTC, "buy", contracts("1"))
    name = handle.cl_ord_id
    assert gate.on_their_way(clock.ms, 3_000) == {name: 3_000}
    assert gate.on_their_way(clock.ms + 2_999, 3_000) == {name: 1}
    assert gate.on_their_way(clock.ms + 3_000, 3_000) == {}
    with handle:
        clock.ms += 60_000
        assert gate.on_their_way(clock.ms, 3_000) == {name: 3_000}
    assert gate.on_their_way(clock.ms + 2_000, 3_000) == {name: 1_000}
    assert gate.on_their_way(clock.ms + 3_000, 3_000) == {}
    born = handle.intent.created_ms
    later = IntentGate(Desk(desk.disk).saver, clock)
    assert later.on_their_way(born + 3_000, 3_000) == {}
    assert later.on_their_way(born + 3_000, 3_000, born + 2_000) == {name: 2_000}
    assert later.on_their_way(born, 3_000, born + 9_000) == {name: 3_000}
    accepted = gate.order_intent(A, BTC, "buy", contracts("1"))
    accepted.ack({"id": "1"})
    assert accepted.cl_ord_id not in gate.on_their_way(clock.ms, 3_000)


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
