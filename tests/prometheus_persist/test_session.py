"""A session: nothing trades before the books agree, nothing is saved twice, nothing forgotten."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from decimal import Decimal
from inspect import getdoc
from pathlib import Path
from typing import Any

import pytest
from sessionkit import Venue, killed, ledger_bytes, opened, trading
from storekit import BTC, StillClock, tree

from prometheus_persist.errors import BadValue, Frozen, PlanStale
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings, reconciling
from prometheus_persist.state import (
    Agent,
    FreezeEntry,
    FreezeState,
    Hero,
    VirtualPosition,
    contracts,
    to_documents,
)
from prometheus_persist.state.system_facts import system_facts
from prometheus_persist.storage.fs import LocalFs


def reached(session: Any) -> tuple[int, object]:
    """Cycles and hours, as a report counts them."""
    facts = system_facts(session.state, 0)
    return facts.cycles, facts.runtime_hours


def test_session_says_what_it_offers_in_groups(tmp_path: Path) -> None:
    """Every public name (``edges`` ask for ``latches``) is in the class, in short lines."""
    session = opened(tmp_path)
    names = {name for name in dir(session) if name[0] != "_"} - {"latches"}
    session.close()
    lines = re.findall(r"^ {4}\w[\w ]{10} (\w.*)$", getdoc(Session) or "", re.MULTILINE)
    groups = [line.split() for line in lines]
    assert sorted(name for group in groups for name in group) == sorted(names)
    assert len(groups) <= 7
    assert max(map(len, groups)) <= 8


def test_session_close_and_reopen_give_the_same_state(tmp_path: Path) -> None:
    """The whole typed state, field by field, is what it was; closing again adds no commit."""
    venue = Venue()
    session = trading(tmp_path, venue)
    with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
        venue.execute(intent.intent)
        intent.ack({"id": "7001"})
    session.settle(venue, intent.cl_ord_id)
    session.state.agents["A"].gene["α"] = [1, 1.0, True, None, "x"]
    session.state.agents["A"].birth_time = datetime(2025, 1, 1, tzinfo=UTC)
    session.state.supervisor.system_cycle_count = 156
    session.state.valhalla.heroes.append(Hero(agent_id="Z", legacy="传奇"))
    session.state.private_ledgers["B"].virtual_positions.append(
        VirtualPosition(
            symbol="BTC",
            side="long",
            amount="1.0",
            entry_price="2",
            timestamp=datetime(2025, 1, 1),  # noqa: DTZ001
        )
    )
    session.save("manual")
    kept, seq = session.state, session.seq
    session.close()
    assert session.seq == seq
    again = opened(tmp_path)
    assert again.state == kept
    assert to_documents(again.state) == to_documents(kept)
    assert again.digest() == session.digest()
    again.close()


def test_session_saves_what_changed_and_nothing_else(tmp_path: Path) -> None:
    """One changed agent is one document in one commit; nothing changed is no commit at all."""
    seen: list[Any] = []

    class Watch:
        def begin(self, seq: int, change: dict[str, Any]) -> None:
            seen.append(change)

        def durable(self, seq: int, elapsed_s: float) -> None:
            pass

    session = opened(tmp_path, observer=Watch())
    for name in ("A", "B"):
        session.add_agent(Agent(agent_id=name))
    seen.clear()
    seq = session.seq
    assert session.save("x") == seq
    assert seen == []
    session.state.agents["A"].gene["n"] = 1
    session.save("x")
    session.state.agents["A"].gene["n"] = 1.0
    session.save("x")
    session.state.agents["A"].gene["n"] = True
    session.on_trade("B")
    session.on_trade("A")
    assert [list(change["put"]) for change in seen] == [["agents/A"]] * 3
    assert session.seq == seq + 3
    session.close()


def test_session_captures_before_save_returns(tmp_path: Path) -> None:
    """What is changed after a save is not in it: live objects and saved ones share nothing."""
    session = opened(tmp_path)
    session.add_agent(Agent(agent_id="A", gene={"list": [1]}, extra={"deep": [1]}))
    before = session.digest()
    session.state.agents["A"].gene["list"].append(2)  # type: ignore[union-attr]
    session.state.agents["A"].extra["deep"].append(2)  # type: ignore[attr-defined]
    assert session.digest() == before
    assert restore(LocalFs(tmp_path)).image.digest() == before
    session.close(save=False)


UNSAVEABLE: list[Any] = [
    float("nan"),
    10**70,
    "\ud800",
    datetime(2025, 1, 1, tzinfo=UTC),
    Decimal("1.5"),
    (1, 2),
    {1: 2},
    object(),
]


@pytest.mark.parametrize("value", UNSAVEABLE, ids=lambda value: type(value).__name__)
def test_session_refuses_to_save_what_would_not_come_back(tmp_path: Path, value: Any) -> None:
    """A value put in behind the model's back, which a restore would refuse or change, stops the
    save; nothing is written, and saving works again once it is gone."""
    session = opened(tmp_path)
    session.add_agent(Agent(agent_id="A"))
    session.wait()
    before = ledger_bytes(tmp_path)
    session.state.agents["A"].gene["x"] = value
    with pytest.raises(BadValue):
        session.save("x")
    session.state.agents["A"].gene.clear()
    session.state.agents["A"].medals.append(5)  # type: ignore[arg-type]
    with pytest.raises(BadValue, match="medals"):
        session.on_trade("A")
    session.state.agents["A"].medals.clear()
    session.state.agents["B"] = Agent(agent_id="other")
    with pytest.raises(BadValue, match="agents/B"):
        session.save("x")
    del session.state.agents["B"]
    assert ledger_bytes(tmp_path) == before
    session.state.agents["A"].gene["x"] = 1
    session.save("x")
    session.close()
    assert opened(tmp_path).state.agents["A"].gene == {"x": 1}


def test_session_add_agent_takes_over_its_record_and_is_all_or_nothing(tmp_path: Path) -> None:
    """The public account starts from the record the agent brings; a failed birth leaves none."""
    session = opened(tmp_path)
    veteran = Agent(
        agent_id="A",
        current_capital="12500.5",
        total_pnl="2500.5",
        trade_count=45,
        win_rate=0.65,
        consecutive_wins=3,
    )
    session.add_agent(veteran)
    account = session.state.public_accounts["A"]
    assert (account.total_pnl, account.trade_count, account.consecutive_wins) == (
        Decimal("2500.5"),
        45,
        3,
    )
    assert account.capital == session.state.private_ledgers["A"].capital == Decimal("12500.5")
    with pytest.raises(BadValue, match="already"):
        session.add_agent(Agent(agent_id="A"))
    seq = session.seq
    with pytest.raises(BadValue):
        session.add_agent(Agent(agent_id="B", gene={"x": 10**70}))
    assert "B" not in session.state.agents
    assert "B" not in session.state.registry.rows
    assert (session.save("x"), "B" in session.state.private_ledgers) == (seq, False)
    session.close()


def test_session_trade_is_one_commit_for_agent_ledgers_and_intent(tmp_path: Path) -> None:
    """A settled fill moves the agent, both ledgers, the streams and the intent together."""
    venue = Venue()
    session = trading(tmp_path, venue)
    with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
        venue.execute(intent.intent)
        intent.ack({"id": "7001"})
    session.state.agents["B"].trade_count = 9
    seq = session.seq
    done = session.settle(venue, intent.cl_ord_id)
    assert (done.outcome, session.seq) == ("FILLED", seq + 1)
    private, account = session.state.private_ledgers["A"], session.state.public_accounts["A"]
    assert private.positions == account.positions
    assert private.positions[0].qty_contracts == contracts("2")
    assert private.capital == account.capital == Decimal("9999.95")
    assert session.state.intents == {}
    before = restore(LocalFs(tmp_path), seq=seq)
    assert before.documents["private_ledgers/A"]["positions"] == []
    after = restore(LocalFs(tmp_path), seq=seq + 1)
    assert after.documents["agents/B"]["trade_count"] == 0, "not of this trade: waits for its save"
    assert "public_trades" not in before.streams
    with pytest.raises(BadValue, match="no open order"):
        session.settle(venue, intent.cl_ord_id)
    assert session.sync(venue).decision == "go"
    session.close()


def test_session_incomplete_answers_change_nothing(tmp_path: Path) -> None:
    """A half-read order settles nothing; once it can be read, it is booked exactly once."""
    venue = Venue()
    session = trading(tmp_path, venue)
    with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
        venue.execute(intent.intent, "1")
        intent.ack({"id": "7001"})
    venue.deaf = ("fills",)
    before = ledger_bytes(tmp_path)
    assert session.settle(venue, intent.cl_ord_id).outcome == "ACCEPTED"
    assert ledger_bytes(tmp_path) == before
    venue.deaf = ()
    for _ in range(2):
        assert session.settle(venue, intent.cl_ord_id).booked_contracts == contracts("1")
    assert session.state.private_ledgers["A"].version == 1
    session.close()


@pytest.mark.parametrize("trouble", ["down", "half", "none"])
def test_session_without_the_exchange_nothing_is_touched(tmp_path: Path, trouble: str) -> None:
    """The exchange cannot be asked: incomplete, gate shut, not one ledger byte changed; what it
    did meanwhile is found once it answers again."""
    venue, clock = Venue(), StillClock(step_ms=1)
    session = trading(tmp_path, venue, clock)
    with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
        venue.execute(intent.intent)
    venue.down, venue.deaf = trouble == "down", ("positions",) if trouble == "half" else ()
    before = ledger_bytes(tmp_path)
    facts = session.recover(None if trouble == "none" else venue)
    assert (facts.decision, facts.applied, session.may_trade) == ("incomplete", False, False)
    assert ledger_bytes(tmp_path) == before
    with pytest.raises(Frozen, match="incomplete"):
        session.order_intent("A", BTC, "buy", contracts("1"))
    assert "incomplete" in (tmp_path / "recovery_log.txt").read_text()
    venue.down, venue.deaf = False, ()
    assert session.sync(venue).decision == "go"
    assert session.state.private_ledgers["A"].positions[0].qty_contracts == contracts("2")
    session.close()


def test_session_after_a_crash_the_unanswered_order_is_settled(tmp_path: Path) -> None:
    """Killed between sending and hearing: the intent is there, is asked for once it had time to
    arrive, and is booked once to its agent; one that never arrived is refused."""
    venue, clock = Venue(), StillClock(step_ms=1)
    session = trading(tmp_path, venue, clock)
    sent = session.order_intent("A", BTC, "buy", contracts("2"))
    venue.execute(sent.intent)
    lost = session.order_intent("B", BTC, "sell", contracts("1"))
    killed(session)
    clock.slept.clear()
    again = opened(tmp_path, clock)
    assert set(again.state.intents) == {sent.cl_ord_id, lost.cl_ord_id}
    facts = again.recover(venue)
    assert clock.slept
    assert 2.9 < sum(clock.slept) <= 3.0
    assert (facts.decision, facts.applied, again.state.intents) == ("go", True, {})
    assert [len(x.positions) for x in again.state.private_ledgers.values()] == [1, 0]
    again.close()
    third = opened(tmp_path, clock)
    assert third.recover(venue).plan.clean  # type: ignore[union-attr]
    third.close()


def test_session_a_human_must_approve_the_very_plan(tmp_path: Path) -> None:
    """A plan that needs a human changes nothing and keeps the gate shut; a stale approval is
    refused."""
    venue = Venue()
    session = trading(tmp_path, venue)
    with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
        venue.execute(intent.intent)
        intent.ack({"id": "7001"})
    session.settle(venue, intent.cl_ord_id)
    venue.net = contracts("-3")
    before = ledger_bytes(tmp_path)
    facts = session.sync(venue)
    assert facts.decision in ("human", "incomplete")
    assert not session.may_trade
    assert ledger_bytes(tmp_path) == before
    with pytest.raises(PlanStale):
        session.approve(venue, "0" * 64)
    assert ledger_bytes(tmp_path) == before
    assert facts.plan is not None
    venue.deaf = ("positions",)
    unread = session.approve(venue, facts.plan.plan_hash)
    assert (unread.decision, unread.applied) == ("incomplete", False), "no stale plan: ask again"
    assert ledger_bytes(tmp_path) == before
    session.close()


def test_session_killed_behind_a_correction_has_written_down_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is there, and what the log is told after it is not: finding, evidence and step
    stand in it already. Where nothing is corrected, nothing is about to be."""
    venue = Venue()
    session = trading(tmp_path, venue)
    with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
        venue.execute(intent.intent)
    seq = session.seq

    def dies(*_: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(reconciling, "audit_lines", dies)
    with pytest.raises(KeyboardInterrupt):
        session.recover(venue)
    monkeypatch.undo()
    killed(session)
    session = opened(tmp_path)
    (position,) = session.state.private_ledgers["A"].positions
    assert str(position.qty_contracts) == "2"
    log = (tmp_path / "recovery_log.txt").read_text()
    head = f" seq={seq} about to correct findings=2 corrections=2"
    assert log.count(head) == 1
    due = [line for line in log.splitlines() if " due " in line and f" seq={seq} " in line]
    assert any(f'evidence=[fill:"{BTC}:1"' in line for line in due)
    assert any("BookFill(" in line for line in due)
    assert log.splitlines()[-1].find(f"restored commit {seq + 1} ") > 0
    assert session.recover(venue).decision == "go"
    assert (tmp_path / "recovery_log.txt").read_text().count("about to correct") == 1
    session.close()


def test_session_freeze_and_unfreeze(tmp_path: Path) -> None:
    """Lifting a freeze needs a reason, is durable, and stands in the log on one line."""
    session = trading(tmp_path)
    session.state.freeze = FreezeState(instruments={BTC: FreezeEntry(reason="orphan", since_ms=1)})
    session.save("x")
    assert session.recover(Venue()).decision == "go_restricted"
    with pytest.raises(Frozen, match="orphan"):
        session.order_intent("A", BTC, "buy", contracts("1"))
    session.order_intent("A", BTC, "buy", contracts("1"), reduce_only=True)
    for inst, reason in ((BTC, " "), ("ETH", "why")):
        with pytest.raises(BadValue):
            session.unfreeze(inst, reason)
    session.unfreeze(BTC, "checked\nforged line")
    session.order_intent("A", BTC, "buy", contracts("1"))
    log = (tmp_path / "recovery_log.txt").read_text()
    assert log.splitlines()[-1].rpartition(" #")[0].endswith("checked\\nforged line")
    session.close()
    assert opened(tmp_path).state.freeze == FreezeState()


def test_session_cycles_and_hours_reached_are_those_that_come_back(tmp_path: Path) -> None:
    """Killed between two saves of everything: the report says how far the loop had come, whether
    the host counts or leaves it to the number it gives; never back, and its own hours stay."""
    clock, settings = StillClock(step_ms=1), Settings(snapshot_every_s=1e9)
    session = opened(tmp_path, clock, settings=settings)
    session.add_agent(Agent(agent_id="A"))
    for cycle in (1, 2):
        clock.mono += 5400.0
        session.state.agents["A"].trade_count = cycle
        assert session.on_cycle(cycle) is None
    killed(session)
    session = opened(tmp_path, clock)
    assert reached(session) == (2, 3.0)
    assert session.state.agents["A"].trade_count == 0
    clock.mono += 3600.0
    session.on_cycle(1)
    killed(session)
    session = opened(tmp_path, clock)
    assert reached(session) == (2, 4.0)
    for cycle, hours in ((3, 52.0), (4, 53.0)):
        clock.mono += 60.0
        session.state.supervisor.system_cycle_count = cycle
        session.state.supervisor.total_runtime_hours = hours
        session.on_cycle(cycle)
    clock.mono += 60.0
    session.on_cycle(5)
    killed(session)
    session = opened(tmp_path, clock)
    assert reached(session) == (5, 53.0)
    session.close()


def test_session_cycles_death_and_hours(tmp_path: Path) -> None:
    """Every N cycles a save, a snapshot when an hour has passed, a death at once."""
    clock = StillClock(step_ms=1)
    session = opened(tmp_path, clock, settings=Settings(save_every_cycles=3))
    session.add_agent(Agent(agent_id="A"))
    saved = []
    for cycle in range(1, 8):
        session.state.supervisor.system_cycle_count = cycle
        if session.on_cycle(cycle) is not None:
            saved.append(cycle)
    assert saved == [3, 6]
    assert restore(LocalFs(tmp_path)).documents["supervisor"]["system_cycle_count"] == 7
    assert not list((tmp_path / "snapshots").iterdir())
    clock.mono += 3599.0
    assert session.on_cycle(8) is None
    clock.mono += 1.0
    assert session.on_cycle(8) is not None
    session.wait()
    assert len(list((tmp_path / "snapshots").iterdir())) == 1
    assert session.on_cycle(10) is None
    session.state.agents["A"].state = "DEAD"
    seq = session.on_agent_death("A")
    session.wait()
    assert restore(LocalFs(tmp_path), seq=seq).documents["agents/A"]["state"] == "DEAD"
    assert "DEAD" in (tmp_path / "incremental/agents/A_state.json").read_text()
    session.close()


def test_session_no_secret_reaches_a_file(tmp_path: Path) -> None:
    """S11: what is in the environment, in the venue or around the session is in no file."""
    secret = "sEcReT-0451-passphrase"
    venue = Venue()
    venue.secret = secret  # type: ignore[attr-defined]
    os.environ["OKX_PASSPHRASE"] = secret
    try:
        session = trading(tmp_path, venue)
        with session.order_intent("A", BTC, "buy", contracts("2")) as intent:
            venue.execute(intent.intent)
            intent.ack({"id": "7001", "info": {"passphrase": secret}})
        session.settle(venue, intent.cl_ord_id)
        session.snapshot()
        session.close()
    finally:
        del os.environ["OKX_PASSPHRASE"]
    for name, (data, _) in tree(tmp_path).items():
        assert secret.encode() not in data, name


def test_session_restarts_do_not_put_off_the_hourly_snapshot(tmp_path: Path) -> None:
    """The hour is counted from the newest snapshot on disk, not from the start of the process."""
    clock = StillClock(step_ms=1)
    session = opened(tmp_path, clock)
    session.snapshot()
    session.close()
    for minutes, due in ((50, 1), (20, 2)):  # 50 minutes, then 70 in all
        clock.ms += minutes * 60_000
        session = opened(tmp_path, clock)
        session.on_cycle(1)
        session.close()
        assert len(list((tmp_path / "snapshots").iterdir())) == due
