"""Saves that do not wait: copied on the caller's thread, made by whoever writes next, in order."""

from __future__ import annotations

import copy
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from storekit import HookFs
from test_saving_capture import BAD, CHANGES

from prometheus_persist.errors import BadValue, StoreFailed
from prometheus_persist.saving.saver import TAKEN_MAX, Saver
from prometheus_persist.session import Session
from prometheus_persist.state import Agent, PrivateLedger, PublicAccount, SystemState, contracts
from prometheus_persist.state.documents import documents_of
from prometheus_persist.state.exact_json import dumps
from prometheus_persist.state.models import Position
from prometheus_persist.storage.tickets import Ticket
from prometheus_persist.testing.memory_fs import MemoryFs

NAME = "a"
FAMILIES = ("agents", "private_ledgers", "public_accounts")
KEYS = (f"agents/{NAME}", f"private_ledgers/{NAME}", f"public_accounts/{NAME}")
SETTLED = {"fills": [{"fill_id": "1"}]}


def a_position() -> Position:
    return Position(
        inst_id="BTC-USDT-SWAP",
        mgn_mode="cross",
        pos_side="net",
        qty_contracts=contracts("1"),
        entry_px="90000.1",
        opened_ms=1,
        updated_ms=1,
    )


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """One agent with a position, saved once by ``save_soon``; its writer thread makes nothing."""
    session = Session.open(tmp_path / "store")
    begin(session)
    yield session
    session.close(save=False)


def begin(session: Session) -> Saver:
    state, saver = session.state, session._saver
    state.agents[NAME] = Agent(agent_id=NAME, gene={"g": 1.5}, medals=["m"], current_capital="10")
    state.private_ledgers[NAME] = PrivateLedger(agent_id=NAME, positions=[a_position()])
    state.public_accounts[NAME] = PublicAccount(agent_id=NAME, positions=[a_position()])
    saver.save_soon("x", keys=KEYS)
    saver.store.flush()
    saver.store.write_soon = lambda: None  # type: ignore[method-assign]
    return saver


def soon(session: Session, records: Any = None) -> Ticket:
    """A save that is promised and not made."""
    before = len(session._store.waiting)
    ticket = session._saver.save_soon("x", keys=KEYS, records=records)
    assert ticket is not None
    assert len(session._store.waiting) == before + 1
    assert (ticket.seq, ticket.done) == (0, False)
    return ticket


def trade(state: SystemState, number: int) -> None:
    """As a booking does it: models and lists that are others."""
    state.agents[NAME] = state.agents[NAME].model_copy(update={"trade_count": number})
    for held in (state.private_ledgers, state.public_accounts):
        ledger: Any = held[NAME]
        moved = ledger.positions[0].model_copy(update={"updated_ms": number})
        held[NAME] = ledger.model_copy(update={"version": number, "positions": [moved]})


def again(session: Session) -> dict[str, Any]:
    """The agent's documents as a restore finds them."""
    at = session.directory
    session.close(save=False)
    with Session.open(at) as restored:
        return {key: restored._store.image.documents[key] for key in KEYS}


def test_what_is_changed_afterwards_is_not_in_it(session: Session) -> None:
    state = session.state
    trade(state, 7)
    due = copy.deepcopy(documents_of(state, KEYS))
    ticket = soon(session)
    agent, ledger = state.agents[NAME], state.private_ledgers[NAME]
    agent.gene["g"] = 2.5
    agent.medals.append("later")
    agent.emotional_state.fear = 0.9
    agent.trade_count = 8
    ledger.positions[0].updated_ms = 9
    ledger.positions.append(a_position())
    state.public_accounts[NAME].positions.clear()
    assert ticket.wait() == session.seq
    assert again(session) == due


def test_saves_of_all_kinds_are_in_the_order_in_which_they_were_called(session: Session) -> None:
    state = session.state
    tickets = []
    for number in range(1, 4):
        trade(state, number)
        tickets.append(soon(session))
    trade(state, 4)
    seq = session._saver.save("x", keys=KEYS)
    assert [each.seq for each in tickets] == [seq - 3, seq - 2, seq - 1]
    assert all(each.done and not each.failed for each in tickets)
    due = documents_of(state, KEYS)
    assert again(session) == due


WAITS: dict[str, Any] = {
    "a save of nothing new": lambda s: s._saver.save("x", keys=KEYS),
    "a flush": lambda s: s._store.flush(),
    "a checkpoint": lambda s: s.checkpoint(),
    "a snapshot": lambda s: s.snapshot(),
    "close": lambda s: s.close(save=False),
    "its ticket": lambda s: None,
}


@pytest.mark.parametrize("name", WAITS)
def test_whoever_asks_for_all_that_was_saved_has_it_made_first(name: str, session: Session) -> None:
    trade(session.state, 5)
    ticket, due = soon(session, SETTLED), documents_of(session.state, KEYS)
    WAITS[name](session)
    assert ticket.wait() == ticket.seq > 0
    assert ticket.done
    assert again(session) == due


def test_what_is_read_of_the_store_has_it(session: Session) -> None:
    before = session.digest()
    trade(session.state, 5)
    soon(session, SETTLED)
    assert session._store.image.documents[KEYS[0]]["trade_count"] == 5
    assert session._store.image.streams["fills"] == SETTLED["fills"]
    assert session.digest() != before


def test_nothing_new_is_no_commit(session: Session) -> None:
    seq = session._store.flush()
    agent = session.state.agents[NAME]
    session.state.agents[NAME] = agent.model_copy(
        update={"current_capital": +agent.current_capital}
    )
    assert session._saver.save_soon("x", keys=KEYS) is None
    for number in (5, 6):
        trade(session.state, number)
        soon(session)
    assert session._saver.save_soon("x", keys=KEYS) is None
    assert session._store.flush() == seq + 2


def test_so_many_wait_and_no_more(session: Session) -> None:
    for number in range(TAKEN_MAX):
        trade(session.state, number + 1)
        soon(session)
    trade(session.state, 99)
    ticket = session._saver.save_soon("x", keys=KEYS)
    assert ticket is not None
    assert ticket.seq > 0
    assert not session._store.waiting


OF_AGENTS = [
    name
    for name in CHANGES
    if name
    in {
        *("a field", "digits behind the point", "a float that was equal", "an entry of a dict"),
        *("an int for a float", "a true for a one", "a new key", "an item more", "an inner model"),
        *("positions", "no position", "text beyond ASCII", "a field of the host's", "a none"),
        "another model of the same",
    }
]


def others(state: SystemState) -> list[str]:
    """Two more agents, of the names that the tables change; the keys of all."""
    for held in (state.agents, state.private_ledgers, state.public_accounts):
        for name in ("LiveAgent_01", "a/b"):
            model: Any = held[NAME].model_copy(update={"agent_id": name}, deep=True)
            held[name] = model
    return [f"{family}/{name}" for family in FAMILIES for name in (NAME, "LiveAgent_01", "a/b")]


@pytest.mark.parametrize("name", OF_AGENTS)
def test_a_change_of_each_kind_comes_back(name: str, session: Session) -> None:
    """Together with one for which a copy does, whether a copy does for this one or not."""
    state = session.state
    keys = others(state)
    session._saver.save("x")
    for _ in range(2):
        CHANGES[name](state)
        for agent in state.agents.values():
            agent.trade_count += 1
        due = documents_of(state, keys)
        assert session._saver.save_soon("x", keys=keys, records=SETTLED)
        held = session._store.image.documents
        assert {key: dumps(held[key]) for key in due} == {k: dumps(each) for k, each in due.items()}


LATE = {"NaN for a float", "a NaN of money", "a giant of money"}
"""Of the right type, and past the model's own checks: only encoding can tell."""


@pytest.mark.parametrize("name", [each for each in BAD if "side" not in each])
def test_what_would_not_come_back_is_refused_and_never_written(name: str, session: Session) -> None:
    """On the caller's thread, but for what only encoding can tell: that shuts the store."""
    state = session.state
    others(state)
    session._saver.save("x")
    keys = ["agents/a/b", "private_ledgers/a/b"]
    due = session._store.image.documents.copy()
    BAD[name](state)
    if name not in LATE:
        with pytest.raises(BadValue, match="cannot be"):
            session._saver.save_soon("x", keys=keys)
        session.state.agents[NAME].trade_count += 1
        assert session._saver.save("x", keys=KEYS)
        return
    ticket = session._saver.save_soon("x", keys=keys)
    session.state.agents[NAME].trade_count += 1
    behind = soon(session)
    assert ticket is not None
    for each in (ticket, behind):
        with pytest.raises(StoreFailed, match=r"cannot be saved: agents/a/b"):
            each.wait()
    with pytest.raises(StoreFailed, match=r"cannot be saved: agents/a/b"):
        session._saver.save("x", keys=KEYS)
    with pytest.raises((StoreFailed, BadValue)):
        session.close()
    with Session.open(session.directory) as restored:
        assert restored._store.image.documents == due


def test_records_that_cannot_be_written_are_the_callers(session: Session) -> None:
    trade(session.state, 5)
    for bad in ({"n": float("nan")}, {"t": "\ud800"}, {"n": 10**60}):
        with pytest.raises(BadValue):
            session._saver.save_soon("x", keys=KEYS, records={"fills": [bad]})
    soon(session, SETTLED)


def test_a_store_that_is_shut_fails_what_waits_for_being_made(tmp_path: Path) -> None:
    """Also for whoever only looks whether his ticket is done."""
    failing = False

    def fail(operation: str, path: str, _data: object) -> None:
        if failing and operation == "fsync" and path.startswith("incremental"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    session = Session.open(tmp_path / "store", fs=HookFs(MemoryFs(), fail))
    begin(session)
    trade(session.state, 5)
    first = soon(session)
    session._store.settle()
    trade(session.state, 6)
    second = soon(session)
    failing = True
    with pytest.raises(StoreFailed):
        session._store._committer.flush()
    assert (first.done, second.done) == (True, True)
    assert first.failed
    assert second.failed
    trade(session.state, 7)  # what the second was about may be in the image: the thread made it
    with pytest.raises(StoreFailed):
        session._saver.save_soon("x", keys=KEYS)
    with pytest.raises(StoreFailed):
        session.close()


def test_the_writer_thread_makes_it_by_itself(tmp_path: Path) -> None:
    with Session.open(tmp_path / "store") as session:
        begin(session)
        del session._store.write_soon
        trade(session.state, 5)
        ticket = session.save_soon("x", agents=[NAME])
        assert ticket is not None
        until_s = time.monotonic() + 60
        while not ticket.done and time.monotonic() < until_s:
            time.sleep(0.001)
        assert ticket.done
        assert ticket.durable() == session.seq


def test_a_position_of_another_type_is_refused_on_the_callers_thread(session: Session) -> None:
    trade(session.state, 5)
    session.state.private_ledgers[NAME].positions[0].__dict__["updated_ms"] = "5"
    with pytest.raises(BadValue, match="cannot be saved"):
        session._saver.save_soon("x", keys=KEYS, records=SETTLED)
    trade(session.state, 6)
    soon(session, SETTLED)
