"""A take-over that is stopped within its opening, and goes on when the store is somebody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prometheus_persist.errors import StoreFailed
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings, opening
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import Handle, LocalFs


def opened(store: Path, *, take_over: bool = False) -> Session:
    return Session.open(store, settings=Settings(background=False), take_over=take_over)


class Once:
    """A fence that lets one write through, and not its acknowledgement."""

    asked = 0

    def __call__(self) -> None:
        self.asked += 1
        if self.asked > 1:
            raise StoreFailed("this writer is fenced off")


@pytest.mark.parametrize("stopped", ["before it heals", "before it renames"])
def test_an_opening_that_was_taken_over_from_puts_no_older_segment_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    """The writer was stopped within a write; the first take-over read before that write came down,
    the second one after it, and built on it. When the first one goes on, its segment is the past.
    """
    store = tmp_path / "store"
    writer = opened(store)
    writer.add_agents([Agent(agent_id="A")])
    others: list[Session] = []
    real_heal, real_create = opening.heal, LocalFs.create

    def meanwhile() -> None:
        monkeypatch.setattr(opening, "heal", real_heal)
        monkeypatch.setattr(LocalFs, "create", real_create)
        monkeypatch.setattr(writer._store._committer, "_fence", Once())
        writer.state.agents["A"].trade_count = 1
        with pytest.raises(StoreFailed):
            writer.save("it came down, and nobody was told")
        others.append(opened(store, take_over=True))
        assert others[0].state.agents["A"].trade_count == 1
        others[0].state.agents["A"].trade_count = 2
        others[0].save("acknowledged")

    def healed(*args: Any, **how: Any) -> list[str]:
        meanwhile()
        return real_heal(*args, **how)

    def created(fs: LocalFs, path: str) -> Handle:
        handle = real_create(fs, path)
        if ".wal" in path and path.endswith(".tmp"):
            meanwhile()
        return handle

    if stopped == "before it heals":
        monkeypatch.setattr(opening, "heal", healed)
    else:
        monkeypatch.setattr(LocalFs, "create", created)
    with pytest.raises(StoreFailed, match="fenced off"):
        opened(store, take_over=True)
    others[0].save("still ours")
    others[0].close(save=False)
    restored = restore(LocalFs(store))
    assert restored.documents["agents/A"]["trade_count"] == 2
    assert not [one for one in restored.facts.damages if one.outcome != "ignored"]
