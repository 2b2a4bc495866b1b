"""What is worked out on a copy takes the place of what it was made from, and of nothing else.

``sweep meanwhile`` has another thread act at every line; here is each place that was mended, once:
the program acts between working out what an order did and making it so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sessionkit import Venue, lost, trading

from prometheus_persist.errors import BooksMoved
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, live_booking
from prometheus_persist.state import Agent, to_documents
from prometheus_persist.storage.fs import LocalFs


def settled_with(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Session], object],
    times: int = 1,
) -> Session:
    """A session that settled an order of A; ``act`` came in between, so many times."""
    venue = Venue()
    session = trading(tmp_path, venue)
    name = lost(session, venue)
    honest, left = live_booking.apply_corrections, [times]

    def interrupted(*args: Any) -> Any:
        moved = honest(*args)
        if left[0]:
            left[0] -= 1
            act(session)
        return moved

    monkeypatch.setattr(live_booking, "apply_corrections", interrupted)
    assert session.settle(venue, name).outcome == "FILLED"
    return session


def is_on_the_disk(session: Session, tmp_path: Path) -> None:
    session.save("check")
    found = restore(LocalFs(tmp_path))
    assert found.documents == to_documents(session.state)
    fills = [row["fill_id"] for row in found.streams["public_trades"]]
    assert len(fills) == len(set(fills)) == 1


def test_an_agent_that_joins_while_an_order_is_booked_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was acknowledged; the booking put the dict of before in its place."""
    session = settled_with(
        tmp_path, monkeypatch, lambda session: session.add_agent(Agent(agent_id="new"))
    )
    assert "new" in session.state.agents
    assert "new" in session.state.registry.rows
    is_on_the_disk(session, tmp_path)
    session.close()


def test_a_member_that_is_replaced_while_an_order_is_booked_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(session: Session) -> None:
        session.state.supervisor = session.state.supervisor.model_copy()
        session.state.supervisor.system_cycle_count = 77
        session.freeze("ETH-USDT-SWAP", "by hand")

    session = settled_with(tmp_path, monkeypatch, replace)
    assert session.state.supervisor.system_cycle_count == 77
    assert "ETH-USDT-SWAP" in session.state.freeze.instruments
    is_on_the_disk(session, tmp_path)
    session.close()


@pytest.mark.parametrize("how", ["a field", "a field of its own", "another object"])
def test_the_agent_whose_order_is_booked_keeps_what_the_program_changes_meanwhile(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worked out again, from what it is by now."""

    def change(session: Session) -> None:
        if how == "another object":
            session.state.agents["A"] = session.state.agents["A"].model_copy()
        agent: Any = session.state.agents["A"]
        if how == "a field of its own":
            agent.mood = "calm"
        else:
            agent.generation = 9
        session.on_trade("A")

    session = settled_with(tmp_path, monkeypatch, change)
    agent: Any = session.state.agents["A"]
    assert agent.mood == "calm" if how == "a field of its own" else agent.generation == 9
    assert session.state.private_ledgers["A"].positions
    is_on_the_disk(session, tmp_path)
    session.close()


def test_what_changes_every_time_is_told_and_nothing_is_booked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(session: Session) -> None:
        session.state.agents["A"].trade_count += 1

    before: list[dict[str, Any]] = []

    def first(session: Session) -> None:
        before[:] = [dict(session.state.private_ledgers), dict(session.state.intents)]
        change(session)

    sessions: list[Session] = []
    with pytest.raises(BooksMoved, match="agents/A was changed by another thread"):
        settled_with(tmp_path, monkeypatch, lambda s: (first(s), sessions.append(s)), times=9)
    session = sessions[0]
    assert len(sessions) == 3
    assert [dict(session.state.private_ledgers), dict(session.state.intents)] == before
    session.save("goes on")
    session.close()
