"""The running system, cycle by cycle: live events, the periodic reconciliation, other threads."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
from sessionkit import IN_FLIGHT_MS, Asked, cycling, killed, ledger_bytes, lost, opened, trading
from storekit import BTC, StillClock

from prometheus_persist.errors import StoreFailed, VenueUnreachable
from prometheus_persist.saving import IntentHandle
from prometheus_persist.session import reconciling
from prometheus_persist.session.context import SessionContext
from prometheus_persist.session.inbox import Hearing
from prometheus_persist.state import contracts

# -- live events


def test_runtime_events_wait_for_the_gate_and_each_order_is_asked_for_once(tmp_path: Path) -> None:
    """Heard before the recovery, twice, from a feed's thread; settled once, once trading is on."""
    venue, clock = Asked(), StillClock(step_ms=1)
    session = trading(tmp_path, venue, clock)
    with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
        venue.execute(intent.intent, "1")
        intent.ack({"id": "7001"})
    killed(session)
    session = opened(tmp_path, clock)
    venue.orders_asked.clear()
    row = {"clOrdId": intent.cl_ord_id, "state": "partially_filled"}
    feed = threading.Thread(target=lambda: [session.hear(row) for _ in range(50)])
    feed.start()
    feed.join()
    assert session.work_off(venue) == ()
    assert venue.orders_asked == [], "the gate is shut"
    assert session.recover(venue).decision == "go"
    assert venue.orders_asked == [intent.cl_ord_id]
    venue.execute(session.state.intents[intent.cl_ord_id], "1")
    venue.orders[intent.cl_ord_id] = dataclasses.replace(
        venue.orders[intent.cl_ord_id], ord_id="7001", state="filled",
        filled_contracts=contracts("2"),
    )  # fmt: skip
    venue.fills[-1] = dataclasses.replace(venue.fills[-1], ord_id="7001")
    session.hear({"arg": {"channel": "orders"}, "data": [row, {"clOrdId": "", "algoClOrdId": ""}]})
    (ended,) = session.work_off(venue)
    assert ended.outcome == "FILLED"
    session.hear(row)
    assert session.work_off(venue) == (), "it has ended: late news"
    assert session.state.private_ledgers["A"].positions[0].qty_contracts == contracts("2")
    session.close()


def test_runtime_an_event_that_cannot_be_looked_into_stays_due(tmp_path: Path) -> None:
    venue = Asked()
    session = trading(tmp_path, venue)
    names = [lost(session, venue), lost(session, venue, "B")]
    for name in names:
        session.hear({"algoClOrdId": name, "clOrdId": ""})
    venue.down = True
    with pytest.raises(VenueUnreachable):
        session.work_off(venue)
    venue.down, venue.deaf = False, ("fills",)
    assert [each.outcome for each in session.work_off(venue)] == ["UNKNOWN", "UNKNOWN"]
    venue.deaf = ()
    assert [each.outcome for each in session.work_off(venue)] == ["FILLED", "FILLED"]
    session.close()


def test_runtime_more_events_than_can_be_kept_make_everything_due(tmp_path: Path) -> None:
    venue = Asked()
    session = trading(tmp_path, venue)
    session._context.hearing = Hearing(session.latches, names_max=3)
    name = lost(session, venue)
    for number in range(4):
        session.hear({"clOrdId": f"x{number}"})
    assert [each.cl_ord_id for each in session.work_off(venue)] == [name]
    assert session.work_off(venue) == ()
    session.close()


# -- the periodic reconciliation


def test_runtime_cycles_reconcile_when_it_is_due(tmp_path: Path) -> None:
    venue = Asked()
    session, clock = cycling(tmp_path, venue, every=3)
    asked = len(venue.asked)
    read = []
    for cycle in range(1, 10):
        session.on_cycle(cycle, venue)
        read.append(len(venue.asked) - asked)
    assert read == [0, 0, 1, 1, 1, 2, 2, 2, 3]
    session.on_cycle(12)
    assert len(venue.asked) - asked == 3, "without a reader it only saves"
    assert clock.slept == []
    session.close()
    off = trading(tmp_path / "off", venue)
    asked = len(venue.asked)
    assert off.sync_due(5, venue) is None
    assert len(venue.asked) == asked
    off.close()


def test_runtime_an_unanswered_order_is_asked_for_in_every_cycle(tmp_path: Path) -> None:
    venue = Asked()
    session, _ = cycling(tmp_path, venue, every=1000)
    name = lost(session)
    session.on_cycle(1, venue)
    assert session.state.intents[name].outcome == "UNKNOWN"
    venue.execute(session.state.intents[name])
    session.on_cycle(2, venue)
    assert session.state.intents == {}
    assert session.state.private_ledgers["A"].positions[0].qty_contracts == contracts("2")
    session.close()


def test_runtime_orders_on_their_way_hold_up_nothing_and_shut_nothing(tmp_path: Path) -> None:
    """They are asked for, not waited for; what is not found keeps nothing shut but itself."""
    venue = Asked()
    session, clock = cycling(tmp_path, venue)
    name = lost(session)
    before = ledger_bytes(tmp_path)
    facts = session.sync_due(2, venue)
    assert facts is not None
    assert (facts.postponed, facts.unanswered) == ((), (name,))
    assert (facts.decision, session.may_trade_on(BTC)) == ("go_restricted", True)
    assert (clock.slept, facts.applied) == ([], False)
    assert session.state.intents[name].outcome == "UNKNOWN"
    assert ledger_bytes(tmp_path) == before
    clock.ms += IN_FLIGHT_MS
    facts = session.sync_due(4, venue)
    assert facts is not None
    assert (facts.postponed, facts.decision) == ((), "go")
    assert session.state.intents == {}
    assert session.sync_due(5, venue) is None
    session.close()


def test_runtime_one_that_ends_incomplete_shuts_the_gate_until_one_succeeds(tmp_path: Path) -> None:
    venue = Asked()
    session, _ = cycling(tmp_path, venue)
    venue.deaf = ("positions",)
    session.on_cycle(2, venue)
    assert session.last_sync is not None
    assert (session.last_sync.decision, session.may_trade) == ("incomplete", False)
    session.on_cycle(3, venue)
    assert not session.may_trade
    venue.deaf, venue.down = (), True
    session.on_cycle(5, venue)
    assert not session.may_trade
    venue.down = False
    session.on_cycle(7, venue)
    assert session.may_trade
    session.close()


def test_runtime_what_no_order_explains_makes_it_due(tmp_path: Path) -> None:
    """A liquidation, a hand: heard of in the account's feed, looked into in the next cycle."""
    venue = Asked()
    session, _ = cycling(tmp_path, venue, every=1000)
    assert session.sync_due(1, venue) is None
    session.hear({"clOrdId": "", "algoClOrdId": "", "category": "full_liquidation"})
    assert session.sync_due(2, venue) is not None
    assert session.sync_due(3, venue) is None
    session.hear({"clOrdId": "nobody1"})
    assert session.sync_due(4, venue) is not None
    session.close()


def test_runtime_nothing_leaves_after_the_end(tmp_path: Path) -> None:
    """A handle that outlives its session sends nothing."""
    session = trading(tmp_path)
    handle = session.order_intent("A", BTC, "buy", contracts("1"))
    session.close()
    assert not session.may_trade
    with pytest.raises(StoreFailed):
        handle.params  # noqa: B018 asking is the moment of sending
    for call in (
        lambda: session.order_intent("A", BTC, "buy", contracts("1")),
        lambda: session.settle_unknown(Asked()),
        session.wait,
    ):
        with pytest.raises(StoreFailed, match="closed"):
            call()


def test_runtime_orders_of_other_threads_and_the_sync_do_not_lose_one_another(
    tmp_path: Path,
) -> None:
    """Threads trade while the running system is reconciled: every order is booked once, none is
    forgotten, and no reading in between is taken for a finding."""
    venue = Asked()
    session, _ = cycling(tmp_path, venue, every=1)
    guard, problems = threading.Lock(), []

    def trade(agent: str) -> None:
        try:
            for _ in range(15):
                with session.order_intent(agent, BTC, "buy", contracts("1")) as intent:
                    with guard:
                        venue.execute(intent.intent)
                    intent.ack({"id": venue.orders[intent.cl_ord_id].ord_id})
        except BaseException as problem:
            problems.append(problem)
            raise

    threads = [threading.Thread(target=trade, args=(name,)) for name in ("A", "B")]
    for thread in threads:
        thread.start()
    for cycle in range(1, 10):
        with guard:
            facts = session.sync_due(cycle, venue)
        assert facts is not None
        assert facts.decision == "go", facts
    for thread in threads:
        thread.join()
    assert problems == []
    assert session.sync(venue).decision == "go"
    held = [book.positions[0].qty_contracts for book in session.state.private_ledgers.values()]
    assert held == [contracts("15"), contracts("15")]
    assert session.state.intents == {}
    session.close()


@pytest.mark.parametrize("begun", [False, True], ids=["given out", "its block begun"])
def test_runtime_an_order_that_comes_as_a_reading_begins_puts_it_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    """Issued by another thread at the last moment: nothing is read beside it, nothing is found.
    Nobody's handle holds readings up for ever: in time it counts as any order without an answer."""
    venue = Asked()
    session, clock = cycling(tmp_path, venue, every=1)
    handles: list[IntentHandle] = []
    real = reconciling._mark

    def marked(context: SessionContext) -> tuple[int, ...]:
        if not handles:
            handles.append(session.order_intent("A", BTC, "buy", contracts("1")))
            if begun:
                handles[0].__enter__()
        return real(context)

    monkeypatch.setattr(reconciling, "_mark", marked)
    facts = session.sync_due(1, venue)
    assert facts is not None
    assert (facts.decision, facts.postponed) == ("go", (handles[0].cl_ord_id,))
    if begun:
        handles.pop().reject("51008")
    else:
        monkeypatch.setattr(reconciling, "_mark", real)
        clock.sleep(IN_FLIGHT_MS / 1000)
        facts = session.sync_due(2, venue)
        assert facts is not None
        assert not facts.postponed
    session.close()
