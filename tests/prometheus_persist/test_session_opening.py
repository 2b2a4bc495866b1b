"""A session's two ends: what an opening refuses or repairs, and what a failing disk leaves."""

from __future__ import annotations

import contextlib
import errno
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sessionkit import Venue, opened
from storekit import BTC, START_MS, HookFs, tree

from chaos.faults.deaths import deaths, every
from prometheus_persist.errors import BadConfig, Frozen, StoreDamaged, StoreFailed, StoreLocked
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore
from prometheus_persist.session import Settings
from prometheus_persist.state import Agent, contracts
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.testing.memory_fs import MemoryFs


def open_files(root: Path) -> int:
    """How many descriptors of this process are under ``root``; 0 where the system does not tell.

    Others come and go while a test runs: what earlier tests left is collected when it suits Python.
    """
    told, found = Path("/proc/self/fd"), 0
    for descriptor in told.iterdir() if told.exists() else ():
        with contextlib.suppress(OSError):
            found += descriptor.readlink().is_relative_to(root)
    return found


def test_session_first_opening_is_fresh_and_shut(tmp_path: Path) -> None:
    """A fresh store gets its id and its beginning; the gate is shut until a recovery opens it."""
    session = opened(tmp_path / "new")
    assert session.fresh
    assert session.state.registry.store_id == "t3st"
    assert session.state.watermark.since_ms > START_MS
    session.add_agent(Agent(agent_id="A"))
    with pytest.raises(Frozen, match="not been reconciled"):
        session.order_intent("A", BTC, "buy", contracts("1"))
    assert session.recover(Venue()).decision == "go"
    assert session.may_trade
    session.close()
    again = opened(tmp_path / "new")
    assert not again.fresh
    assert not again.may_trade
    assert again.epoch == session.epoch + 1
    again.close()


def test_session_a_first_opening_cut_short_is_still_fresh(tmp_path: Path) -> None:
    """Killed before the first commit, at any operation: the next opening is a whole first one."""
    roots = (tmp_path / str(number) for number in count())

    def fresh() -> tuple[MemoryFs, Path]:
        root = next(roots)
        root.mkdir()
        return MemoryFs(), root

    for one in deaths(
        every(reads=True), fresh, lambda fs, root: opened(root, fs=fs).close(save=False)
    ):
        session = opened(one.seen, fs=one.disk)
        assert session.state.registry.store_id == "t3st"
        assert session.state.watermark.since_ms > 0
        session.close()
    assert one.switch.at > 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"save_every_cycles": 0},
        {"snapshots_kept": 0},
        {"snapshot_every_s": 0.0},
        {"in_flight_ms": -1},
    ],
)
def test_session_settings_that_cannot_be_carried_out(wrong: dict[str, Any]) -> None:
    """A setting without a meaning is refused before anything is opened."""
    with pytest.raises(BadConfig):
        Settings(**wrong)


def test_session_two_writers(tmp_path: Path) -> None:
    """S6: the second is refused at once, and free to come when the first is gone."""
    session = opened(tmp_path)
    with pytest.raises(StoreLocked):
        opened(tmp_path)
    session.close()
    opened(tmp_path).close()


def test_session_that_cannot_be_opened_writes_nothing_and_frees_the_lock(tmp_path: Path) -> None:
    """A state that does not fit its types is refused before anything is written."""
    session = opened(tmp_path)
    session._store.commit(Change("x", put={"agents/A": {"agent_id": "A", "medals": [5]}}))
    session.close(save=False)
    before = tree(tmp_path)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="medals"):
            opened(tmp_path)
    assert {n: d for n, (d, _) in tree(tmp_path).items()} == {n: d for n, (d, _) in before.items()}


@pytest.mark.parametrize("op", ["make_dir", "create", "write", "fsync", "fsync_dir", "append"])
def test_session_opening_on_a_failing_disk(tmp_path: Path, op: str) -> None:
    """Any error of the disk while opening is StoreFailed; the lock is free, and so is the way."""
    opened(tmp_path).close()
    disk = LocalFs(tmp_path)
    disk.held()
    descriptors = open_files(tmp_path)

    def fail(name: str, path: str, data: bytes) -> None:
        if name == op:
            raise OSError(errno.ENOSPC, "no space left on device")

    with pytest.raises(StoreFailed) as held:  # held: nothing is freed by being forgotten
        opened(tmp_path, fs=HookFs(disk, fail))
    assert open_files(tmp_path) == descriptors
    opened(tmp_path).close()
    assert held.value.exit_code == 7


def test_session_closing_on_a_failing_disk_frees_the_lock(tmp_path: Path) -> None:
    """Even where the last save fails, the lock is given back, and what was acknowledged there."""
    armed = [False]

    def fail(name: str, path: str, data: bytes) -> None:
        if armed[0] and name == "fsync":
            raise OSError(errno.EIO, "input/output error")

    session = opened(tmp_path, fs=HookFs(LocalFs(tmp_path), fail))
    session.add_agent(Agent(agent_id="A"))
    session.state.agents["A"].trade_count = 7
    armed[0] = True
    with pytest.raises(StoreFailed):
        session.close()
    again = opened(tmp_path)
    assert "A" in again.state.agents
    again.close()


def test_session_repairs_and_says_so(tmp_path: Path) -> None:
    """Damage to a copy or a readable file is put right on opening, and stands in the log."""
    session = opened(tmp_path)
    session.add_agent(Agent(agent_id="A"))
    session.checkpoint()
    session.close()
    (tmp_path / "incremental/agents/A_state.json").write_bytes(b"rubbish")
    segment = next((tmp_path / "mirror").iterdir())
    segment.write_bytes(segment.read_bytes()[:-5])
    again = opened(tmp_path)
    assert len(again.restored.damages) == 2
    again.close(save=False)
    log = (tmp_path / "recovery_log.txt").read_text()
    assert "repaired: incremental/agents/A_state.json" in log
    assert f"repaired: mirror/{segment.name}" in log
    assert restore(LocalFs(tmp_path)).facts.damages == ()
