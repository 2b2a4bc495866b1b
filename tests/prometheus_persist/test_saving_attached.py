"""Stops that come with an order, how long an order is valid, and whose answer an answer is."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakekit import BTC, sender_of
from storekit import HookFs, StillClock, founding, open_store

from prometheus_persist.errors import BadValue, Frozen, StoreFailed
from prometheus_persist.recovery import restore
from prometheus_persist.saving import Admission, Attached, IntentGate, Saver
from prometheus_persist.state import OrderIntent, contracts, state_from
from prometheus_persist.testing.memory_fs import MemoryFs

A = "LiveAgent_01"
TWO = contracts("2.00")
STOP = Attached(sl_trigger_px="90000")
BOTH = Attached("90000", "89900.5", 110000, trigger_px_type="mark")


class Desk:
    """A gate that is open, on a store in memory."""

    def __init__(self, hook: Any = None, **gate: Any) -> None:
        self.disk, self.clock = MemoryFs(), StillClock()
        store = open_store(HookFs(self.disk, hook) if hook else self.disk, self.clock)
        store.commit(founding())
        self.saver = Saver(store, state_from(store.image.documents))
        self.intents = self.saver.state.intents
        self.gate = IntentGate(self.saver, self.clock, **gate)
        self.gate.open()

    def entry(self, *attached: Any, **more: Any) -> Any:
        order = {"side": "buy", "quantity": TWO, **more}
        return self.gate.order_intent(A, BTC, **order, attached=attached)

    def stops(self, handle: Any) -> list[OrderIntent]:
        return [each for each in self.intents.values() if each.parent == handle.cl_ord_id]

    def restored(self) -> Any:
        return restore(self.disk.after_power_cut(), clock=self.clock)

    @property
    def seq(self) -> int:
        return self.saver.store.tip.seq


def test_attached_stops_are_intents_of_their_own_durable_with_their_order() -> None:
    """One commit, before anything leaves: the order, and each stop under an id of its own."""
    desk = Desk()
    before = desk.seq
    handle = desk.entry(STOP, BOTH)
    assert desk.seq == before + 1
    assert desk.gate.issued == 3
    found = desk.restored().documents
    assert {name for name in found if name.startswith("intents/")} == {
        f"intents/{name}" for name in desk.intents
    }
    stop, both = desk.stops(handle)
    assert len({handle.cl_ord_id, stop.cl_ord_id, both.cl_ord_id}) == 3
    for each in (stop, both):
        assert desk.saver.state.registry.issued_by(each.cl_ord_id) is not None
        assert (each.kind, each.side, each.pos_side, each.reduce_only) == (
            "algo", "sell", "net", True
        )  # fmt: skip
        assert each.qty_contracts == TWO
        assert (each.agent_id, each.inst_id, each.mgn_mode) == (A, BTC, "cross")
        assert (each.tag, each.epoch, each.created_ms, each.outcome) == (
            handle.intent.tag, handle.intent.epoch, handle.intent.created_ms, "PENDING"
        )  # fmt: skip
    assert (stop.ord_type, stop.trigger_px, stop.px) == ("conditional", 90000, None)
    assert (both.ord_type, both.trigger_px, both.px) == ("oco", 90000, Decimal("89900.5"))
    assert handle.intent.parent == ""
    assert handle.params["attachAlgoOrds"] == [
        {
            "attachAlgoClOrdId": stop.cl_ord_id,
            "slTriggerPx": "90000",
            "slOrdPx": "-1",
            "slTriggerPxType": "last",
        },
        {
            "attachAlgoClOrdId": both.cl_ord_id,
            "slTriggerPx": "90000",
            "slOrdPx": "89900.5",
            "slTriggerPxType": "mark",
            "tpTriggerPx": "110000",
            "tpOrdPx": "-1",
            "tpTriggerPxType": "mark",
        },
    ]
    assert handle.attached == (stop.cl_ord_id, both.cl_ord_id)
    assert "attachAlgoOrds" not in desk.entry().params


@pytest.mark.parametrize(
    ("side", "pos_side", "closing", "reduce_only"),
    [
        ("buy", "net", "sell", True),
        ("sell", "net", "buy", True),
        ("buy", "long", "sell", False),
        ("sell", "short", "buy", False),
    ],
)
def test_attached_a_stop_closes_what_its_order_opens(
    side: str, pos_side: str, closing: str, reduce_only: bool
) -> None:
    """On the other side under the same posSide; reduce-only only where OKX knows the flag."""
    desk = Desk()
    take = Attached(tp_trigger_px=Decimal("1E+5"), tp_px=100000.5)
    handle = desk.entry(take, side=side, pos_side=pos_side, mgn_mode="isolated")
    (stop,) = desk.stops(handle)
    assert (stop.side, stop.pos_side, stop.reduce_only) == (closing, pos_side, reduce_only)
    assert (stop.mgn_mode, stop.trigger_px, stop.px) == ("isolated", 100000, Decimal("100000.5"))
    (row,) = handle.params["attachAlgoOrds"]
    assert row == {
        "attachAlgoClOrdId": stop.cl_ord_id,
        "tpTriggerPx": "100000",
        "tpOrdPx": "100000.5",
        "tpTriggerPxType": "last",
    }


WRONG: list[dict[str, Any]] = [
    {"reduce_only": True},
    {"side": "sell", "pos_side": "long"},
    {"side": "buy", "pos_side": "short"},
    {"kind": "algo", "trigger_px": "1"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_attached_a_stop_cannot_be_on_an_order_that_closes(wrong: dict[str, Any]) -> None:
    """OKX refuses it with 51100; it is refused here, and no intent stays."""
    desk = Desk()
    with pytest.raises(BadValue, match="stop"):
        desk.entry(STOP, **wrong)
    with pytest.raises(BadValue, match="Attached"):
        desk.entry({"sl_trigger_px": "1"})
    assert desk.intents == {}


JUNK: list[dict[str, Any]] = [
    {},
    {"sl_trigger_px": "x"},
    {"sl_trigger_px": 0},
    {"sl_trigger_px": float("nan")},
    {"sl_trigger_px": "-1"},
    {"sl_trigger_px": 1, "sl_px": "-2"},
    {"sl_trigger_px": 1, "sl_px": None},
    {"tp_trigger_px": 1, "tp_px": 0},
    {"tp_trigger_px": 1, "sl_px": 5},
    {"sl_trigger_px": 1, "trigger_px_type": "LAST"},
]


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_attached_a_stop_that_cannot_be_meant(junk: dict[str, Any]) -> None:
    """Without a trigger, with a price that is none, or of a price type that OKX does not have."""
    with pytest.raises(BadValue):
        Attached(**junk)


@pytest.mark.parametrize("how", ["reject", "frozen"])
def test_attached_stops_of_a_refused_order_end_with_it(how: str) -> None:
    """In the same commit; another order's stops stay."""
    desk = Desk()
    other = desk.entry(STOP)
    handle = desk.entry(STOP, BOTH)
    names = [handle.cl_ord_id, *handle.attached]
    before = desk.seq
    with handle as intent:
        if how == "reject":
            assert intent.params
            assert intent.reject("51008 margin") == "REJECTED"
        else:
            desk.gate.shut("for this test")
            with pytest.raises(Frozen):
                intent.params  # noqa: B018 asking is the moment of sending
    assert desk.seq == before + 1
    found = desk.restored()
    ended = found.streams["intent_log"]
    assert [(each["cl_ord_id"], each["outcome"]) for each in ended] == [
        (name, "REJECTED") for name in names
    ]
    assert all("51008" in each["reason"] or "not sent" in each["reason"] for each in ended)
    assert set(desk.intents) == {other.cl_ord_id, *other.attached}


def test_attached_stops_share_no_other_fate() -> None:
    """Accepted, or not answered: the order is, and its stops wait for it; none is on its way."""
    desk = Desk()
    taken, lost = desk.entry(STOP), desk.entry(STOP)
    with taken as intent:
        intent.ack({"id": "1"})
    with lost as intent:
        assert intent.reject(TimeoutError("slow")) == "UNKNOWN"
    assert [each.outcome for each in desk.stops(taken) + desk.stops(lost)] == ["PENDING"] * 2
    assert set(desk.gate.on_their_way(desk.clock.ms, 3_000)) == {lost.cl_ord_id}
    later = IntentGate(desk.saver, desk.clock)
    assert set(later.on_their_way(desk.clock.ms, 3_000)) == {lost.cl_ord_id}


def test_attached_stops_that_were_seen_outlive_an_order_that_is_given_up() -> None:
    """The others end with it: nothing else would ever end them."""
    desk = Desk()
    handle = desk.entry(STOP, BOTH)
    seen, unseen = handle.attached
    desk.intents[seen] = desk.intents[seen].model_copy(update={"outcome": "ACCEPTED"})
    desk.gate.give_up(handle.cl_ord_id, "gone")
    assert set(desk.intents) == {seen}
    ended = desk.restored().streams["intent_log"]
    assert [(each["cl_ord_id"], each["outcome"]) for each in ended] == [
        (handle.cl_ord_id, "CANCELED"),
        (unseen, "CANCELED"),
    ]
    desk.gate.give_up(seen, "gone too")
    assert desk.intents == {}


def test_attached_what_is_not_durable_leaves_no_trace() -> None:
    """The disk refuses: neither the order nor its stops are there; so too for an outcome."""
    armed = [False]

    def fail(op: str, path: str, data: bytes) -> None:
        if armed[0] and op == "fsync":
            raise OSError(5, "input/output error")

    desk = Desk(hook=fail)
    handle = desk.entry(STOP)
    before = dict(desk.intents)
    armed[0] = True
    with pytest.raises(StoreFailed):
        desk.entry(STOP)
    with pytest.raises(StoreFailed):
        handle.reject("51008")
    assert desk.intents == before


def test_attached_travel_with_an_order_of_ccxt(tmp_path: Path) -> None:
    """ccxt's create_order passes them through; the stop that then stands has our id."""
    fakeokx = pytest.importorskip("fakeokx")
    desk = Desk()
    with fakeokx.launch(tmp_path / "venue") as venue:
        client = sender_of(venue)._client
        client.load_markets()
        last = Decimal(str(client.fetch_ticker("BTC/USDT:USDT")["last"]))
        sl, tp = round(last * 9 / 10), round(last * 11 / 10)
        desk.clock.ms = client.fetch_time()
        handle = desk.entry(Attached(sl, tp_trigger_px=tp), valid_ms=60_000)
        with handle as intent:
            answer = client.create_order("BTC/USDT:USDT", "market", "buy", 2, params=intent.params)
            intent.ack(answer)
        (order,) = venue.truth()["orders"]
        (stop,) = (row for row in venue.truth()["algos"] if row["state"] == "live")
    assert (order["clOrdId"], order["state"]) == (handle.cl_ord_id, "filled")
    assert stop["algoClOrdId"] == handle.attached[0]
    assert (Decimal(stop["slTriggerPx"]), Decimal(stop["tpTriggerPx"])) == (sl, tp)
    meant = desk.intents[handle.attached[0]]
    assert (stop["side"], stop["ordType"], stop["reduceOnly"]) == (
        meant.side, meant.ord_type, json.dumps(meant.reduce_only)
    )  # fmt: skip
    assert Decimal(stop["sz"]) == meant.qty_contracts.value


# -- how long an order is valid


def test_valid_an_order_says_until_when_it_may_arrive() -> None:
    """By the exchange's clock, durable before it leaves."""
    desk = Desk(order_valid_ms=5_000)
    born = desk.clock.ms
    desk.gate.open(Admission(offset_ms=-700))
    desk.gate.open()
    plain = desk.entry()
    assert (plain.params["expTime"], plain.intent.valid_until_ms) == (
        str(born + 4_300), born + 4_300
    )  # fmt: skip
    assert desk.restored().documents[f"intents/{plain.cl_ord_id}"]["valid_until_ms"] == born + 4_300
    desk.gate.offset_ms = 50
    own = desk.entry(STOP, valid_ms=100)
    assert own.params["expTime"] == str(born + 150)
    assert [each.valid_until_ms for each in desk.stops(own)] == [0]
    desk.clock.ms += 60
    assert own.params["expTime"] == str(born + 150), "from when it was issued"
    never = desk.entry(valid_ms=0)
    assert ("expTime" in never.params, never.intent.valid_until_ms) == (False, 0)


def test_valid_a_stop_has_no_such_time() -> None:
    """The default leaves it alone; asking for one is refused, as is a time that is none."""
    desk = Desk(order_valid_ms=5_000)
    stop = desk.entry(kind="algo", trigger_px="1")
    assert ("expTime" in stop.params, stop.intent.valid_until_ms) == (False, 0)
    assert desk.entry(kind="algo", trigger_px="1", valid_ms=0).params
    count = len(desk.intents)
    wrong: list[dict[str, Any]] = [
        {"kind": "algo", "trigger_px": "1", "valid_ms": 1},
        {"valid_ms": -1},
        {"valid_ms": 1.5},
        {"valid_ms": True},
    ]
    for each in wrong:
        with pytest.raises(BadValue, match="valid_ms"):
            desk.entry(**each)
    assert len(desk.intents) == count
    assert "expTime" not in Desk().entry().params


# -- whose answer it is

OURS, OTHER = "ours", "someoneelse"
SAID: list[tuple[str, dict[str, Any], bool]] = [
    ("order", {"ordId": "1", "clOrdId": OURS}, True),
    ("order", {"ordId": "1", "clOrdId": ""}, True),
    ("order", {"ordId": "1"}, True),
    ("order", {"ordId": "1", "clOrdId": OTHER}, False),
    ("order", {"id": "1", "clientOrderId": OURS, "info": {"clOrdId": OURS}}, True),
    ("order", {"id": "1", "clientOrderId": None, "info": {}}, True),
    ("order", {"id": "1", "clientOrderId": OTHER, "info": {}}, False),
    ("order", {"id": "1", "clientOrderId": None, "info": {"clOrdId": OTHER}}, False),
    ("order", {"id": "1", "clientOrderId": OURS, "info": {"clOrdId": OTHER}}, False),
    ("order", {"id": "1", "info": [1]}, True),
    ("algo", {"algoId": "1", "algoClOrdId": OURS, "clOrdId": ""}, True),
    ("algo", {"algoId": "1", "algoClOrdId": "", "clOrdId": OURS}, True),
    ("algo", {"algoId": "1", "algoClOrdId": OTHER, "clOrdId": OURS}, True),
    ("algo", {"algoId": "1", "algoClOrdId": "", "clOrdId": ""}, True),
    ("algo", {"algoId": "1", "algoClOrdId": OTHER, "clOrdId": ""}, False),
    ("algo", {"id": "1", "clientOrderId": OTHER, "info": {"algoClOrdId": OURS}}, True),
    ("algo", {"id": "1", "clientOrderId": OTHER, "info": {}}, False),
]


@pytest.mark.parametrize(("kind", "said", "taken"), SAID, ids=str)
def test_an_answer_to_another_order_acknowledges_nothing(
    kind: str, said: dict[str, Any], taken: bool
) -> None:
    """The intent stays as it is; what says no name is taken as it always was."""
    desk = Desk()
    handle = desk.entry(kind=kind)
    answer = json.loads(json.dumps(said).replace(OURS, handle.cl_ord_id))
    if taken:
        handle.ack(answer)
        assert desk.intents[handle.cl_ord_id].ord_id == "1"
        return
    with pytest.raises(BadValue, match=OTHER):
        handle.ack(answer)
    assert desk.intents[handle.cl_ord_id].outcome == "PENDING"


# -- taken back


@pytest.mark.parametrize("back", ["ACCEPTED", "UNKNOWN"])
@pytest.mark.parametrize("end", ["reject", "books"])
def test_what_was_taken_back_is_open_and_is_not_sent_again(end: str, back: Any) -> None:
    """An order that ended as never arrived shows up: a new open intent under the same id."""
    desk = Desk()
    handle = desk.entry()
    assert handle.params
    if end == "reject":
        handle.reject("51008")
    else:
        del desk.intents[handle.cl_ord_id]
    again = handle.intent.model_copy(update={"outcome": back, "reason": ""})
    desk.intents[handle.cl_ord_id] = again
    desk.saver.save("reconcile")
    with pytest.raises(Exception, match="sent once"):
        handle.params  # noqa: B018 asking is the moment of sending
    handle.ack({"id": "5", "clOrdId": handle.cl_ord_id})
    assert desk.intents[handle.cl_ord_id].outcome == "ACCEPTED"
    assert handle.intent.ord_id == "5"
    desk.gate.give_up(handle.cl_ord_id, "enough")
    assert desk.intents == {}
