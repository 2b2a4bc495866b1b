"""The gate: what a reconciliation withholds, what the exchange lists, how long orders are waited
for, and what a human gives up."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from storekit import BTC, HookFs, StillClock, founding, open_store

from prometheus_persist.errors import BadValue, Frozen, IllegalTransition, StoreFailed
from prometheus_persist.recovery import restore
from prometheus_persist.saving import Admission, IntentGate, Saver
from prometheus_persist.state import FreezeEntry, FreezeState, Position, contracts, state_from
from prometheus_persist.testing.memory_fs import MemoryFs

A, B = "LiveAgent_01", "代理/二"
ETH = "ETH-USDT-SWAP"
ONE = contracts("1")
HOUR_MS = 3_600_000


class Desk:
    """A gate that is open, on a store in memory."""

    def __init__(self, disk: MemoryFs | None = None, hook: Any = None, **gate: Any) -> None:
        self.disk, self.clock = disk or MemoryFs(), StillClock()
        store = open_store(HookFs(self.disk, hook) if hook else self.disk, self.clock)
        if not store.image.documents:
            store.commit(founding())
        self.saver = Saver(store, state_from(store.image.documents))
        self.state = self.saver.state
        self.gate = IntentGate(self.saver, self.clock, **gate)
        self.gate.open()

    def way(self, in_flight_ms: int = 3_000, lived_ms: int = 0) -> dict[str, int]:
        return self.gate.on_their_way(self.clock.ms, in_flight_ms, lived_ms)

    def pass_ms(self, ms: int) -> None:
        self.clock.ms += ms
        self.clock.mono += ms / 1000

    def restored(self) -> Any:
        return restore(self.disk.after_power_cut(), clock=self.clock)


def hold(desk: Desk, agent: str, quantity: str) -> None:
    position = {"inst_id": BTC, "mgn_mode": "cross", "pos_side": "net", "qty_contracts": quantity,
                "entry_px": "100", "opened_ms": 1, "updated_ms": 1}  # fmt: skip
    ledger = desk.state.private_ledgers[agent]
    desk.state.private_ledgers[agent] = ledger.model_copy(
        update={"positions": [Position.model_validate(position)]}
    )


# -- withheld

UNREAD = Admission(withheld={BTC: "two books differ"})
WITHHELD: list[tuple[str, Admission, str, str, dict[str, Any], bool]] = [
    ("an entry on it", UNREAD, A, BTC, {}, False),
    ("reduce-only", UNREAD, A, BTC, {"reduce_only": True}, True),
    ("closing long", UNREAD, A, BTC, {"side": "sell", "pos_side": "long"}, True),
    ("opening long", UNREAD, A, BTC, {"side": "buy", "pos_side": "long"}, False),
    ("another instrument", UNREAD, A, ETH, {}, True),
    ("every instrument", Admission(withheld={"": "two books differ"}), B, ETH, {}, False),
    ("every one, reducing", Admission(withheld={"": "x"}), B, ETH, {"reduce_only": True}, True),
    ("an agent", Admission(agents={A: "two books differ"}), A, ETH, {}, False),
    ("an agent, reducing", Admission(agents={A: "x"}), A, ETH, {"reduce_only": True}, True),
    ("another agent", Admission(agents={A: "two books differ"}), B, ETH, {}, True),
    ("nothing", Admission(), A, BTC, {}, True),
]


@pytest.mark.parametrize("row", WITHHELD, ids=lambda row: row[0])
def test_gate_what_is_withheld_only_reduces(row: Any) -> None:
    """New entries wait for a reconciliation; why, and that it lifts it, is said."""
    _, admission, agent, inst_id, order, passes = row
    desk = Desk()
    desk.gate.open(admission)
    order = {"side": "buy", **order}
    side = order.pop("side")
    if passes:
        assert desk.gate.order_intent(agent, inst_id, side, ONE, **order).params
        return
    with pytest.raises(Frozen, match=r"two books differ; a reconciliation .* lifts"):
        desk.gate.order_intent(agent, inst_id, side, ONE, **order)
    assert desk.state.intents == {}


def test_gate_an_agent_closes_its_own_on_a_withheld_instrument() -> None:
    """As far as its own position goes: the account may stand on the other side."""
    desk = Desk()
    hold(desk, A, "3")
    desk.gate.open(UNREAD)
    assert desk.gate.order_intent(A, BTC, "sell", contracts("3")).params
    with pytest.raises(Frozen):
        desk.gate.order_intent(A, BTC, "sell", ONE)
    with pytest.raises(Frozen):
        desk.gate.order_intent(A, BTC, "buy", ONE)


def test_gate_what_was_issued_before_it_was_withheld_does_not_leave() -> None:
    """The moment of sending counts; the next reconciliation opens it again."""
    desk = Desk()
    handle = desk.gate.order_intent(A, BTC, "buy", ONE)
    desk.gate.open(UNREAD)
    with pytest.raises(Frozen):
        handle.params  # noqa: B018 asking is the moment of sending
    assert handle.intent.outcome == "REJECTED"
    desk.gate.open()
    assert desk.gate.order_intent(A, BTC, "buy", ONE).params


def test_gate_says_what_may_trade() -> None:
    """Open, not frozen, not withheld, tradable: then new entries pass."""
    desk = Desk()
    listed = {BTC: "", ETH: "", "BTC-USD-SWAP": "settled in BTC"}
    desk.gate.open(Admission(withheld={BTC: "x"}, contracts=listed))
    assert desk.gate.withheld == {BTC: "x"}
    found = [desk.gate.may_trade_on(name) for name in (BTC, ETH, "BTC-USD-SWAP", "nothing")]
    assert found == [False, True, False, False]
    desk.state.freeze = FreezeState(instruments={ETH: FreezeEntry(reason="x", since_ms=1)})
    assert not desk.gate.may_trade_on(ETH)
    desk.state.freeze = FreezeState()
    desk.gate.open(Admission(withheld={"": "x"}))
    assert not desk.gate.may_trade_on(ETH)
    desk.gate.open()
    assert desk.gate.withheld == {}
    assert desk.gate.may_trade_on("nothing"), "what the exchange lists is not known"
    desk.gate.shut("x")
    assert not desk.gate.may_trade_on(ETH)


# -- contracts

LISTED = {
    BTC: "",
    ETH: "",
    "BTC-USDT-301227": "",
    "BTC-USDC-SWAP": "",
    "BTC-USD-SWAP": "settled in BTC",
    "BTC-USDT": "spot",
    "SOL-USDT": "spot",
}
MEANT = [
    ("BTC/USDT:USDT", BTC),
    ("BTC/USDT:USDT-301227", "BTC-USDT-301227"),
    ("BTC/USDC:USDC", "BTC-USDC-SWAP"),
    ("btc-usdt-swap", BTC),
    ("BTC_USDT_SWAP", BTC),
    ("BTC/USDT", BTC),
    ("BTCUSDT", BTC),
    ("ETH-USDT-SWP", ETH),
    (" ETH-USDT-SWAP", ETH),
    ("SOL/USDT", "SOL-USDT"),
]


@pytest.mark.parametrize(("said", "meant"), MEANT)
def test_gate_an_instrument_that_is_not_listed_is_named_as_it_should_be(
    said: str, meant: str
) -> None:
    """ccxt's symbols, another case, a slip of the keyboard: refused, with the right name."""
    desk = Desk()
    desk.gate.open(Admission(contracts=LISTED))
    with pytest.raises(BadValue, match=rf"lists no .*did you mean {meant}\b(?!-)"):
        desk.gate.order_intent(A, said, "buy", ONE)
    assert desk.state.intents == {}


def test_gate_an_instrument_like_no_other_is_only_refused() -> None:
    """Nothing is proposed where nothing is near; and nothing is known of an empty list."""
    desk = Desk()
    desk.gate.open(Admission(contracts=LISTED))
    with pytest.raises(BadValue) as caught:
        desk.gate.order_intent(A, "代理/二" * 100, "buy", ONE)
    assert "did you mean" not in caught.value.detail
    assert len(caught.value.detail) < 300
    desk.gate.open()
    assert desk.gate.order_intent(A, "BTC/USDT:USDT", "buy", ONE).params


def test_gate_a_contract_that_the_books_cannot_hold_is_refused() -> None:
    """With the reason, reducing orders too: their executions could not be booked."""
    desk = Desk()
    desk.gate.open(Admission(contracts=LISTED))
    for reduce_only in (False, True):
        with pytest.raises(BadValue, match=r"BTC-USD-SWAP .*: settled in BTC"):
            desk.gate.order_intent(A, "BTC-USD-SWAP", "buy", ONE, reduce_only=reduce_only)
    assert desk.gate.order_intent(A, BTC, "buy", ONE).params


# -- on their way


@pytest.mark.parametrize("wrong_ms", [26 * HOUR_MS, -26 * HOUR_MS, HOUR_MS, 0])
@pytest.mark.parametrize("sent", [True, False])
def test_gate_a_wrong_wall_clock_puts_nothing_off(wrong_ms: int, sent: bool) -> None:
    """The clock was wrong when the order was sent, and is right now: three seconds, no more."""
    desk = Desk()
    right = desk.clock.ms
    desk.clock.ms += wrong_ms
    handle = desk.gate.order_intent(A, BTC, "buy", ONE)
    if sent:
        with handle as intent:
            assert intent.params
            desk.clock.mono += 10
            assert desk.way() == {handle.cl_ord_id: 3_000}, "its block is running"
    desk.clock.ms = right
    left = desk.way().get(handle.cl_ord_id, 0)
    assert left <= 3_000
    desk.pass_ms(2_000)
    assert desk.way().get(handle.cl_ord_id, 0) <= 1_000
    desk.pass_ms(1_000)
    assert desk.way() == {}
    assert (desk.way(33_000) != {}) == (wrong_ms >= 0), "index_lag_ms counts from the same moment"
    desk.pass_ms(30_000)
    assert desk.way(33_000) == {}


@pytest.mark.parametrize("created_ms", [0, 26 * HOUR_MS])
@pytest.mark.parametrize("lived_ms", [0, 26 * HOUR_MS])
def test_gate_an_earlier_writers_wrong_clock_puts_nothing_off(
    created_ms: int, lived_ms: int
) -> None:
    """From the moment this gate was made, in_flight_ms at most; whatever the books say."""
    first = Desk()
    name = first.gate.order_intent(A, BTC, "buy", ONE).cl_ord_id
    desk = Desk(first.disk.after_power_cut())
    now = desk.clock.ms
    desk.state.intents[name].created_ms = now + created_ms
    assert desk.way(lived_ms=now + lived_ms) == {name: 3_000}
    desk.pass_ms(2_999)
    assert desk.way(lived_ms=now + lived_ms) == {name: 1}
    desk.pass_ms(1)
    assert desk.way(lived_ms=now + lived_ms) == {}


def test_gate_a_clock_that_goes_back_an_hour_puts_nothing_off() -> None:
    """An hour behind from now on: the wait is what it was."""
    desk = Desk()
    with desk.gate.order_intent(A, BTC, "buy", ONE) as intent:
        assert intent.params
    desk.pass_ms(1_000)
    desk.clock.ms -= HOUR_MS
    assert desk.way() == {intent.cl_ord_id: 2_000}
    desk.pass_ms(2_000)
    assert desk.way() == {}


# -- given up


@pytest.mark.parametrize("before", ["PENDING", "UNKNOWN", "ACCEPTED"])
def test_gate_a_human_gives_an_order_up(before: Any) -> None:
    """Durable in one commit, with the reason; it is not sent any more."""
    desk = Desk()
    handle = desk.gate.order_intent(A, BTC, "buy", ONE)
    name = handle.cl_ord_id
    desk.state.intents[name] = handle.intent.model_copy(update={"outcome": before})
    ended = desk.gate.give_up(name, "the account was closed")
    assert (ended.outcome, ended.reason) == ("CANCELED", "given up: the account was closed")
    assert name not in desk.state.intents
    found = desk.restored()
    assert f"intents/{name}" not in found.documents
    (record,) = found.streams["intent_log"]
    assert (record["cl_ord_id"], record["outcome"], record["reason"]) == (
        name, "CANCELED", "given up: the account was closed"
    )  # fmt: skip
    with pytest.raises(IllegalTransition, match="sent once"):
        handle.params  # noqa: B018 asking is the moment of sending


def test_gate_giving_up_takes_a_reason_and_an_open_order() -> None:
    """Nothing changes without either."""
    desk = Desk()
    name = desk.gate.order_intent(A, BTC, "buy", ONE).cl_ord_id
    for reason in ("", " \n"):
        with pytest.raises(BadValue, match="reason"):
            desk.gate.give_up(name, reason)
    with pytest.raises(BadValue, match="no open order"):
        desk.gate.give_up(name + "x", "gone")
    assert list(desk.state.intents) == [name]
    desk.gate.give_up(name, "gone")
    with pytest.raises(BadValue, match="no open order"):
        desk.gate.give_up(name, "gone")


def test_gate_what_could_not_be_saved_was_not_given_up() -> None:
    """The disk refuses: the order is open as before."""
    broken = itertools.count()

    def fail(op: str, path: str, data: bytes) -> None:
        if armed and op == "fsync" and next(broken) >= 0:
            raise OSError(5, "input/output error")

    armed: list[int] = []
    desk = Desk(hook=fail)
    name = desk.gate.order_intent(A, BTC, "buy", ONE).cl_ord_id
    armed.append(1)
    with pytest.raises(StoreFailed):
        desk.gate.give_up(name, "gone")
    assert desk.state.intents[name].outcome == "PENDING"
