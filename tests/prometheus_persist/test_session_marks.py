"""What a host says it changed is saved without looking at anything else; nothing is ever lost."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from storekit import HookFs, Ids, StillClock

from prometheus_persist.errors import BadValue, StoreFailed
from prometheus_persist.recovery import restore
from prometheus_persist.saving.capture import Capture
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs

MARKED = Settings(detect="marked", save_every_cycles=1)


def opened(root: Path, **more: Any) -> Session:
    given = {"settings": MARKED, **more}
    return Session.open(root, clock=StillClock(step_ms=1), ids=Ids(), **given)


def peopled(root: Path, count: int, **more: Any) -> Session:
    session = opened(root, **more)
    session.add_agents(Agent(agent_id=f"A{number}") for number in range(count))
    return session


def test_marks_a_save_takes_what_was_marked_and_nothing_else(tmp_path: Path) -> None:
    """Unmarked changes wait; marked ones are in, agents with both ledgers, documents by key."""
    session = peopled(tmp_path, 3)
    for name in ("A0", "A1"):
        session.state.agents[name].trade_count = 5
    session.state.public_accounts["A0"].trade_count = 5
    session.state.supervisor.system_cycle_count = 9
    seq = session.seq
    assert session.save("nothing marked") == seq
    session.mark("A0", documents=["supervisor"])
    session.mark("A0")
    assert session.save("marked") == seq + 1
    found = restore(LocalFs(tmp_path)).documents
    assert [found[f"agents/A{n}"]["trade_count"] for n in range(3)] == [5, 0, 0]
    assert found["public_accounts/A0"]["trade_count"] == 5
    assert found["supervisor"]["system_cycle_count"] == 9
    assert session.save("again") == seq + 1
    session.mark("A1")
    assert session.on_cycle(1) == seq + 2
    session.close()


def test_marks_what_nobody_marked_is_in_when_the_session_ends(tmp_path: Path) -> None:
    """A forgotten mark costs a crash's worth of that document, never more."""
    session = peopled(tmp_path, 2)
    session.state.agents["A1"].trade_count = 5
    session.save("x")
    session.close()
    assert restore(LocalFs(tmp_path)).documents["agents/A1"]["trade_count"] == 5


def test_marks_by_default_everything_is_looked_at(tmp_path: Path) -> None:
    """Marks are for hosts that promise to make them; without the promise they change nothing."""
    session = peopled(tmp_path, 2, settings=Settings())
    session.state.agents["A1"].trade_count = 5
    session.mark("A0")
    session.save("x")
    assert restore(LocalFs(tmp_path)).documents["agents/A1"]["trade_count"] == 5
    session.close()


@pytest.mark.parametrize("key", ["supervisors", "agents/", "agents", "", "streams/x", "intent/1"])
def test_marks_for_what_does_not_exist_are_refused(tmp_path: Path, key: str) -> None:
    """A misspelt key would never be saved: it is refused, with the keys there are."""
    session = peopled(tmp_path, 1)
    with pytest.raises(BadValue, match=r"supervisor.*agents/<id>"):
        session.mark(documents=[key])
    session.close()


def test_marks_stay_until_a_save_took_them(tmp_path: Path) -> None:
    """A save that raises leaves the marks; a mark for somebody who is gone removes him."""
    session = peopled(tmp_path, 2)
    session.state.agents["A0"].gene["x"] = float("nan")
    session.state.agents["A1"].trade_count = 5
    session.mark("A0", "A1")
    with pytest.raises(BadValue):
        session.save("x")
    session.state.agents["A0"].gene["x"] = 1
    session.save("x")
    found = restore(LocalFs(tmp_path)).documents
    assert (found["agents/A0"]["gene"], found["agents/A1"]["trade_count"]) == ({"x": 1}, 5)
    del session.state.agents["A1"]
    session.mark(documents=["agents/A1"])
    session.save("x")
    assert "agents/A1" not in restore(LocalFs(tmp_path)).documents
    session.close()


def test_marks_make_the_cost_independent_of_how_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One marked agent of 300: three documents are looked at, not nine hundred."""
    looked: list[str] = []
    real = Capture.of

    def of(self: Capture, key: str, *rest: Any) -> Any:
        looked.append(key)
        return real(self, key, *rest)

    session = peopled(tmp_path, 300)
    monkeypatch.setattr(Capture, "of", of)
    session.state.agents["A7"].trade_count = 1
    session.mark("A7")
    session.save("x")
    assert looked == ["agents/A7", "private_ledgers/A7", "public_accounts/A7"]
    looked.clear()
    session.close()
    assert len(looked) > 900


def test_marks_many_agents_are_one_commit_all_or_none(tmp_path: Path) -> None:
    """Ids are assigned as if one by one; one that cannot be saved takes all of them back."""
    one = opened(tmp_path / "one")
    names = ["Agent_1", "Agent1", "agent1", "a" * 40, "a" * 41, "代理"] + [
        "x" * 20 + str(n) for n in range(40)
    ]
    for name in names:
        one.add_agent(Agent(agent_id=name))
    many = opened(tmp_path / "many")
    seq = many.seq
    many.add_agents(Agent(agent_id=name) for name in names)
    assert many.seq == seq + 1
    assert many.state.registry == one.state.registry
    assert many.state.agents == one.state.agents
    with pytest.raises(BadValue, match="already"):
        many.add_agents([Agent(agent_id="B"), Agent(agent_id="B")])
    before = many.digest()
    with pytest.raises(BadValue):
        many.add_agents([Agent(agent_id="B"), Agent(agent_id="C", gene={"x": 10**70})])
    assert not {"B", "C"} & (many.state.agents.keys() | many.state.registry.rows.keys())
    many.save("x")
    assert many.digest() == before
    one.close()
    many.close()


def test_marks_a_disk_that_fails_gives_the_marks_back(tmp_path: Path) -> None:
    """The store is shut then; whoever asks what was not saved still finds it marked."""
    armed = [False]

    def fail(op: str, path: str, data: bytes) -> None:
        if armed[0] and path.endswith(".wal"):
            raise OSError(errno.EIO, "input/output error")

    session = peopled(tmp_path, 1, fs=HookFs(LocalFs(tmp_path), fail))
    armed[0] = True
    session.state.agents["A0"].trade_count = 1
    session.mark("A0")
    with pytest.raises(StoreFailed):
        session.save("x")
    assert tuple(session._marks.made()) == ("agents/A0", "private_ledgers/A0", "public_accounts/A0")
    with pytest.raises(StoreFailed):
        session.close()
