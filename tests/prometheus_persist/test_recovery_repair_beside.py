"""A repair that is stopped, and goes on when the store was taken over: S6 holds for it as well."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from prometheus_persist.cli.app import app
from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.chain import scan
from prometheus_persist.journal.frame import COMMIT
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs

STRIDE = 4  # of the operations; each costs two openings


def opened(store: Path, *, take_over: bool = False) -> Session:
    return Session.open(store, settings=Settings(background=False), take_over=take_over)


@pytest.mark.parametrize("lost", [False, True], ids=["whole", "a loss accepted"])
def test_a_repair_that_was_taken_over_from_changes_nothing_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    """Stopped before any operation on the disk, it goes on when the store is somebody else's: what
    that one acknowledged is there, and it can go on."""
    template = tmp_path / "template"
    session = opened(template)
    session.add_agents([Agent(agent_id="A")])
    session.state.agents["A"].trade_count = 1
    session.on_trade("A")
    session.close()
    (copy,) = (template / "mirror").glob("*.wal")
    hurt = copy.read_bytes()
    (placed, *_) = [one for one in scan("", hurt).frames[::-1] if one.frame.kind == COMMIT]
    for each in [copy, template / "incremental/journal" / copy.name] if lost else [copy]:
        each.write_bytes(hurt[: placed.offset + 40] + b"!" + hurt[placed.offset + 41 :])
    words = ["--accept-loss", str(placed.frame.seq - 1)] if lost else []

    def repaired(number: int) -> tuple[int, bool]:
        """A repair that is stopped before this operation; how many there were, and whether the
        store was taken over."""
        store, seen, others = tmp_path / f"store {number}", [0], list[Session]()
        shutil.copytree(template, store)

        def watched(method: Any) -> Any:
            def before(*args: Any) -> Any:
                seen[0] += 1
                if seen[0] == number:
                    seen[0] += 10**6
                    with contextlib.suppress(StoreDamaged):  # before the loss is given up
                        others.append(opened(store, take_over=True))
                        others[0].add_agent(Agent(agent_id="B"))
                return method(*args)

            return before

        with monkeypatch.context() as stopping:
            for name in ("make_dir", "create", "rename", "unlink", "fsync_dir"):
                stopping.setattr(LocalFs, name, watched(getattr(LocalFs, name)))
            done = CliRunner().invoke(app, ["repair", "--dir", str(store), *words])
        for other in others:
            other.add_agent(Agent(agent_id="C"))
            other.close()
            found = restore(LocalFs(store), thorough=True)
            assert {"agents/A", "agents/B", "agents/C"} <= found.documents.keys(), number
            assert [each for each in found.facts.damages if each.outcome == "lost"] == [], number
        if others:
            assert done.exit_code == 7 or seen[0] > 10**6 + 1
        return seen[0], bool(others)

    operations, _ = repaired(0)
    assert [repaired(number)[1] for number in range(2, operations + 1, STRIDE)].count(True) > 5
