"""The running system: unanswered orders, what a reading may show, a human's word, freezes."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sessionkit import IN_FLIGHT_MS, Asked, Venue, killed, ledger_bytes, lost, opened, trading
from storekit import BTC, START_MS, StillClock

from prometheus_persist.errors import BadValue, Frozen, PlanStale, VenueUnreachable
from prometheus_persist.reconcile.views import IntentLookup, VenueView
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import FreezeEntry, FreezeState, OrderIntent, contracts
from prometheus_persist.storage.audit_log import check_audit
from prometheus_persist.storage.fs import LocalFs

ETH = "ETH-USDT-SWAP"


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
