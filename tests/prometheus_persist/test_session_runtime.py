"""The running system: unanswered orders, live events, the periodic reconciliation, freezes."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sessionkit import Venue, killed, ledger_bytes, opened, trading
from storekit import BTC, START_MS, StillClock

from prometheus_persist.errors import BadValue, Frozen, PlanStale, StoreFailed, VenueUnreachable
from prometheus_persist.exchange.reader import OrderSeen, ViewRequest
from prometheus_persist.reconcile.views import IntentLookup, VenueView
from prometheus_persist.recovery import restore
from prometheus_persist.saving import IntentHandle
from prometheus_persist.session import Session, Settings, reconciling
from prometheus_persist.session.context import SessionContext
from prometheus_persist.session.inbox import Hearing
from prometheus_persist.state import Agent, FreezeEntry, FreezeState, OrderIntent, contracts
from prometheus_persist.storage.audit_log import check_audit
from prometheus_persist.storage.fs import LocalFs

IN_FLIGHT_MS = Settings().in_flight_ms
ETH = "ETH-USDT-SWAP"


class Asked(Venue):
    """Counts the questions about single orders; a reading may be scripted."""

    def __init__(self) -> None:
        super().__init__()
        self.orders_asked: list[str] = []
        self.shows: list[Callable[[VenueView], VenueView]] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def read_order(self, intent: OrderIntent, now_ms: int) -> OrderSeen:
        self.orders_asked.append(intent.cl_ord_id)
        return super().read_order(intent, now_ms)

    def read_view(self, request: ViewRequest) -> VenueView:
        view = super().read_view(request)
        self.meanwhile()
        return self.shows.pop(0)(view) if self.shows else view


def lost(session: Session, venue: Venue | None = None, agent: str = "A") -> str:
    """An order whose answer was never seen; executed if a venue is given."""
    handle = session.order_intent(agent, BTC, "buy", contracts("2"))
    with handle as intent:
        if venue is not None:
            venue.execute(intent.intent)
    return handle.cl_ord_id


def cycling(root: Path, venue: Venue, every: int = 2) -> tuple[Session, StillClock]:
    clock = StillClock(step_ms=1)
    settings = Settings(reconcile_every_cycles=every, index_lag_ms=0)
    session = opened(root, clock, settings=settings)
    for name in ("A", "B"):
        session.add_agent(Agent(agent_id=name, current_capital=10_000))
    assert session.recover(venue).decision == "go"
    session.wait()
    clock.slept.clear()
    return session, clock


# -- unanswered orders


def test_runtime_an_unanswered_order_that_was_executed_is_booked_once(tmp_path: Path) -> None:
    venue = Asked()
    session = trading(tmp_path, venue)
    name = lost(session, venue)
    assert session.state.intents[name].outcome == "UNKNOWN"
    (settled,) = session.settle_unknown(venue)
    assert (settled.cl_ord_id, settled.outcome) == (name, "FILLED")
    assert session.settle_unknown(venue) == ()
    assert session.state.private_ledgers["A"].positions[0].qty_contracts == contracts("2")
    assert venue.orders_asked == [name]
    assert session.sync(venue).plan.clean  # type: ignore[union-attr]
    session.close()


def test_runtime_not_found_proves_nothing_while_it_may_be_on_its_way(tmp_path: Path) -> None:
    """Younger than in_flight_ms: UNKNOWN. Older: it never arrived. And it may arrive in between."""
    venue, clock = Asked(), StillClock(step_ms=1)
    session = trading(tmp_path, venue, clock)
    late, never = lost(session), lost(session, agent="B")
    for waited in (0, 1_000, IN_FLIGHT_MS - 1_200):
        clock.ms += waited
        found = session.settle_unknown(venue)
        assert [each.outcome for each in found] == ["UNKNOWN", "UNKNOWN"], waited
    venue.execute(session.state.intents[late])
    clock.ms += 1_000
    outcomes = {each.cl_ord_id: each.outcome for each in session.settle_unknown(venue)}
    assert outcomes == {late: "FILLED", never: "REJECTED"}
    assert session.state.intents == {}
    ended = restore(LocalFs(tmp_path)).streams["intent_log"]
    assert {row["cl_ord_id"]: row["reason"] for row in ended} == {
        late: "filled",
        never: "never arrived",
    }
    session.close()


@pytest.mark.parametrize("why", ["forgotten", "not answered", "half", "down", "accepted"])
def test_runtime_what_proves_nothing_ends_nothing(tmp_path: Path, why: str) -> None:
    venue, clock = Asked(), StillClock(step_ms=1)
    session = trading(tmp_path, venue, clock)
    name = lost(session)
    clock.ms += IN_FLIGHT_MS
    if why in ("forgotten", "not answered"):
        venue.lookup = lambda intent: IntentLookup(  # type: ignore[method-assign]
            intent.cl_ord_id, None, forgotten=why == "forgotten"
        )
    elif why == "half":
        venue.deaf = ("fills",)
    elif why == "accepted":
        session.state.intents[name] = session.state.intents[name].model_copy(
            update={"outcome": "ACCEPTED", "ord_id": "7"}
        )
        assert session.settle(venue, name).outcome == "ACCEPTED", "it was there: a contradiction"
        session.close()
        return
    before = ledger_bytes(tmp_path)
    if why == "down":
        venue.down = True
        with pytest.raises(VenueUnreachable):
            session.settle_unknown(venue)
    else:
        assert [each.outcome for each in session.settle_unknown(venue)] == ["UNKNOWN"]
    assert ledger_bytes(tmp_path) == before
    session.close()


def test_runtime_a_block_that_is_running_is_not_judged(tmp_path: Path) -> None:
    """However old the intent: it may be sent this very moment."""
    venue, clock = Asked(), StillClock(step_ms=1)
    session = trading(tmp_path, venue, clock)
    with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
        clock.ms += 10 * IN_FLIGHT_MS
        assert [each.outcome for each in session.settle_unknown(venue)] == ["PENDING"]
        facts = session.sync(venue)
        assert facts.postponed == (intent.cl_ord_id,)
        assert (facts.decision, facts.plan, session.may_trade) == ("go", None, True)
        venue.execute(intent.intent)
        intent.ack({"id": "7001"})
    assert session.sync(venue).decision == "go"
    assert session.state.private_ledgers["A"].positions[0].qty_contracts == contracts("2")
    session.close()


def test_runtime_a_restart_waits_for_what_the_dead_may_have_sent_last(tmp_path: Path) -> None:
    """The intent is old; the process lived until its last commit, and may have sent it then."""
    venue, clock = Venue(), StillClock(step_ms=1)
    session = trading(tmp_path, venue, clock)
    session.order_intent("A", BTC, "buy", contracts("2"))
    clock.ms += 10 * IN_FLIGHT_MS
    session.state.supervisor.system_cycle_count = 5
    session.save("cycle")
    killed(session)
    clock.slept.clear()
    again = opened(tmp_path, clock)
    assert again.recover(venue).decision == "go"
    assert 2.9 < sum(clock.slept) <= 3.0
    again.close()


# -- what a reading may show


def stranger(view: VenueView) -> VenueView:
    """A reading in which the position has grown by somebody's hand, and no fill tells of it."""
    (held,) = view.positions
    more = dataclasses.replace(held, qty_contracts=contracts("5"), updated_ms=START_MS + 99_000)
    return dataclasses.replace(view, positions=(more,))


def as_it_is(view: VenueView) -> VenueView:
    return view


@pytest.mark.parametrize(
    ("shows", "decision"),
    [
        ([stranger], "go"),
        ([stranger, as_it_is], "go"),
        ([stranger, stranger], "human"),
        ([as_it_is], "go"),
    ],
)
def test_runtime_nobody_is_stopped_by_one_reading(
    tmp_path: Path, shows: list[Any], decision: str
) -> None:
    """A reading that was behind is read again; what two in a row show alike needs a human."""
    venue = Asked()
    session = trading(tmp_path, venue)
    lost(session, venue)
    session.settle_unknown(venue)
    venue.shows = shows
    facts = session.sync(venue)
    assert (facts.decision, session.may_trade_on(BTC)) == (decision, decision == "go")
    assert session.may_trade_on(ETH), "a finding shuts what it is about"
    assert venue.shows == []
    session.close()


def test_runtime_a_finding_that_is_another_one_every_time_stops_nobody_for_a_human(
    tmp_path: Path,
) -> None:
    venue = Asked()
    session = trading(tmp_path, venue)
    lost(session, venue)
    session.settle_unknown(venue)

    def grown(size: int) -> Callable[[VenueView], VenueView]:
        def show(view: VenueView) -> VenueView:
            more = dataclasses.replace(view.positions[0], qty_contracts=contracts(size))
            return dataclasses.replace(view, positions=(more,))

        return show

    venue.shows = [grown(size) for size in range(5, 9)]
    before = ledger_bytes(tmp_path)
    facts = session.sync(venue)
    assert (facts.decision, session.may_trade_on(BTC)) == ("incomplete", False)
    assert "twice alike" in facts.venue_problem
    assert ledger_bytes(tmp_path) == before
    assert session.sync(venue).decision == "go"
    session.close()


def test_runtime_an_order_issued_while_it_was_read_makes_it_read_again(tmp_path: Path) -> None:
    """Its execution is in the view, and it was not asked for: nothing is judged from that."""
    venue = Asked()
    session = trading(tmp_path, venue)

    def trade() -> None:
        venue.meanwhile = lambda: None
        with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
            venue.execute(intent.intent)
            intent.ack({"id": "7001"})

    venue.meanwhile = trade
    asked = len(venue.asked)
    facts = session.sync(venue)
    assert facts.decision == "go"
    assert len(venue.asked) - asked > 1
    assert session.state.intents == {}
    assert session.state.private_ledgers["A"].positions[0].qty_contracts == contracts("2")
    session.close()


def test_runtime_the_request_says_from_where_money_is_read_and_how_long(tmp_path: Path) -> None:
    venue, clock = Venue(), StillClock(step_ms=1)
    session = opened(tmp_path, clock, settings=Settings(recovery_budget_s=7.5))
    session.recover(venue)
    assert (venue.asked[0].bills_since_ms, venue.asked[0].budget_s) == (None, 7.5)
    session.state.account_cash = session.state.account_cash.model_copy(
        update={"bills_ms": 9_000_000}
    )
    session.sync(venue)
    assert venue.asked[-1].bills_since_ms == 9_000_000 - 60_000
    session.close()


# -- policies and a human's word


def test_runtime_observe_plans_and_applies_nothing(tmp_path: Path) -> None:
    venue = Venue()
    session = trading(tmp_path, venue)
    lost(session, venue)
    before = ledger_bytes(tmp_path)
    facts = session.recover(venue, policy="observe")
    assert facts.plan is not None
    assert facts.plan.corrections
    assert (facts.applied, session.may_trade, facts.policy) == (False, False, "observe")
    assert ledger_bytes(tmp_path) == before
    with pytest.raises(Frozen, match="observed"):
        session.order_intent("A", BTC, "buy", contracts("1"))
    with pytest.raises(BadValue, match="adopt, observe, flatten"):
        session.recover(venue, policy="guess")
    with pytest.raises(BadValue, match="send"):
        session.recover(venue, policy="flatten")
    assert session.recover(venue).applied
    session.close()


def test_runtime_a_human_is_asked_before_anything_is_corrected_and_only_then(
    tmp_path: Path,
) -> None:
    venue = Asked()
    session = trading(tmp_path, venue)
    asked: list[Any] = []

    def no(facts: Any) -> bool:
        asked.append(facts)
        return False

    assert session.recover(venue, confirm=no).decision == "go"
    assert asked == [], "nothing to apply, nobody is asked"
    lost(session, venue)
    before = ledger_bytes(tmp_path)
    facts = session.recover(venue, confirm=no)
    assert (facts.decision, facts.applied, session.may_trade) == ("human", False, False)
    assert ledger_bytes(tmp_path) == before
    assert [each.applied for each in asked] == [False]

    def changed(facts: Any) -> bool:
        venue.execute(OrderIntent(
            cl_ord_id="", agent_id="", inst_id=BTC, mgn_mode="cross", pos_side="net", side="buy",
            qty_contracts=contracts("1"), created_ms=session._clock.now_ms(),
        ))  # fmt: skip
        return True

    with pytest.raises(PlanStale):
        session.recover(venue, confirm=changed)
    assert ledger_bytes(tmp_path) == before
    assert not session.may_trade
    readings = len(venue.asked)
    facts = session.recover(venue, confirm=lambda facts: True)
    assert (facts.applied, len(venue.asked) - readings) == (True, 2)
    session.close()


# -- freezes


@pytest.mark.parametrize("inst_id", [BTC, None])
def test_runtime_a_freeze_survives_restarts_and_nothing_passes(
    tmp_path: Path, inst_id: str | None
) -> None:
    """Killed, opened, recovered: still frozen, until somebody says why it is lifted."""
    venue, clock = Venue(), StillClock(step_ms=1)
    session = trading(tmp_path, venue, clock)
    held = session.order_intent("A", BTC, "buy", contracts("1"))
    with pytest.raises(BadValue, match="reason"):
        session.freeze(inst_id, " ")
    session.freeze(inst_id, "looks odd")
    session.freeze(inst_id, "odder")
    with pytest.raises(Frozen, match="looks odd; odder"):
        held.params  # noqa: B018 asking is the moment of sending
    for _ in range(2):
        killed(session)
        session = opened(tmp_path, clock)
        assert session.recover(venue).decision == "go_restricted"
        with pytest.raises(Frozen, match="looks odd"):
            session.order_intent("A", BTC, "buy", contracts("1"))
        if inst_id is None:
            with pytest.raises(Frozen):
                session.order_intent("A", ETH, "buy", contracts("1"), reduce_only=True)
        else:
            session.order_intent("A", ETH, "buy", contracts("1"))
    session.unfreeze(inst_id, "looked into it")
    assert session.order_intent("A", BTC, "buy", contracts("1")).params
    with pytest.raises(BadValue, match="not frozen"):
        session.unfreeze(inst_id, "again")
    log = (tmp_path / "recovery_log.txt").read_text()
    name = inst_id or "everything"
    for line in (f"frozen {name}: looks odd", f"unfrozen {name}: looked into it"):
        assert log.count(line) == 1
    session.close()


def test_runtime_what_was_lifted_is_remembered_by_its_findings(tmp_path: Path) -> None:
    session = trading(tmp_path)
    entry = FreezeEntry(reason="orphan", since_ms=1, finding_id="f1,f2")
    session.state.freeze = FreezeState(instruments={BTC: entry}, lifted={"f0": "old"})
    session.save("x")
    session.freeze(BTC, "more")
    assert session.state.freeze.instruments[BTC].finding_id == "f1,f2"
    session.unfreeze(BTC, "seen")
    assert session.state.freeze.lifted == {"f0": "old", "f1": "seen", "f2": "seen"}
    session.close()
    assert opened(tmp_path).state.freeze.lifted == {"f0": "old", "f1": "seen", "f2": "seen"}


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


DYING = """
import os, signal, sys
from prometheus_persist import Agent, Session
session = Session.open(sys.argv[1])
session.add_agent(Agent(agent_id="A"))
session.freeze(None if sys.argv[2] == "all" else sys.argv[2], "before the end")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("what", ["all", BTC])
def test_runtime_a_freeze_survives_a_process_that_is_killed(tmp_path: Path, what: str) -> None:
    """Acknowledged, then SIGKILL: the next process refuses every order that it concerns."""
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(tmp_path), what], capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    venue = Venue()
    with contextlib.closing(Session.open(tmp_path, clock=StillClock(step_ms=1))) as session:
        assert session.recover(venue).decision == "go_restricted"
        with pytest.raises(Frozen, match="before the end"):
            session.order_intent("A", BTC, "buy", contracts("1"))
        assert session.state.intents == {}
    assert check_audit((tmp_path / "recovery_log.txt").read_bytes()) is None


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
