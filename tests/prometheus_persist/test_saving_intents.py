"""Order intents: durable before the block, settled after it, never read as what they are not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from intentkit import CLOCK, A, Desk
from storekit import BTC, StillClock

from prometheus_persist.errors import BadValue, Frozen, IllegalTransition, StoreFailed
from prometheus_persist.saving import IntentGate
from prometheus_persist.state import Contracts, contracts
from prometheus_persist.testing.memory_fs import MemoryFs


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
        for no_answer in ("5", None, 5):
            with pytest.raises(BadValue, match="an acknowledgement is the exchange's answer"):
                intent.ack(no_answer)  # type: ignore[arg-type]
        intent.ack({key: 5})
    assert intent.intent.ord_id == "5"


@pytest.mark.parametrize("quantity", [0.1, 1, "0.1", None])
def test_intents_a_quantity_that_is_no_contracts_is_told_how_they_are_made(
    quantity: object,
) -> None:
    """Coins, floats and text are no number of contracts."""
    with pytest.raises(BadValue, match=r"needs Contracts, not .*: contracts\('1'\) are made"):
        Desk().gate.order_intent(A, BTC, "buy", quantity)  # type: ignore[arg-type]


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
