"""What a session does beside the trading loop: never in its way, never silent when it fails."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from storekit import BTC, HookFs, Ids, StillClock

from prometheus_persist.errors import StoreFailed
from prometheus_persist.journal.archive import unpack
from prometheus_persist.recovery import restore
from prometheus_persist.saving.triggers import SaveAction
from prometheus_persist.session import Session, Settings
from prometheus_persist.session.background import Beside
from prometheus_persist.state import Agent, contracts
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.interrupts import Latches

LONG_S = 20.0


class Gate:
    """A disk on which what ``holds`` names waits until it is let through."""

    def __init__(self, root: Path) -> None:
        self.fs = HookFs(LocalFs(root), self.before)
        self.holds: Callable[[str, str], bool] = lambda op, path: False
        self.fails: Callable[[str, str], bool] = lambda op, path: False
        self.reached, self.open = threading.Event(), threading.Event()
        self.seen: list[tuple[str, str]] = []

    def before(self, op: str, path: str, data: bytes) -> None:
        self.seen.append((op, path))
        if self.holds(op, path):
            self.reached.set()
            assert self.open.wait(LONG_S)
        if self.fails(op, path):
            raise OSError(errno.EIO, "input/output error", path)


def opened(root: Path, gate: Gate | None = None, clock: Any = None, **settings: Any) -> Session:
    return Session.open(
        root,
        fs=gate.fs if gate else None,
        clock=clock or StillClock(step_ms=1),
        ids=Ids(),
        settings=Settings(save_every_cycles=1, **settings),
    )


def zips(op: str, path: str) -> bool:
    return op == "create" and path.startswith("snapshots/")


def readable(op: str, path: str) -> bool:
    return op == "create" and "checkpoint_latest.json" in path


def count(session: Session, number: int) -> None:
    session.state.supervisor.system_cycle_count = number


def test_beside_a_snapshot_stands_in_nobodys_way(tmp_path: Path) -> None:
    """While the disk holds a snapshot up, cycles and saves go on; it holds the state of its cut."""
    gate, clock = Gate(tmp_path), StillClock(step_ms=1)
    session = opened(tmp_path, gate, clock, snapshot_every_s=10.0)
    gate.holds = lambda op, path: (op, path) == ("list_dir", "snapshots")
    clock.mono = 10.0
    count(session, 1)
    cut = session.on_cycle(1)
    assert gate.reached.wait(LONG_S)
    for cycle in (2, 3, 4):
        count(session, cycle)
        clock.mono += 11.0
        assert session.on_cycle(cycle) == cut + cycle - 1
    session.add_agent(Agent(agent_id="A"))
    session._saver.save("x", records={PUBLIC_TRADES: [{"fill_id": "late"}]})
    assert not list((tmp_path / "snapshots").iterdir())
    gate.open.set()
    session.wait()
    (taken,) = (tmp_path / "snapshots").iterdir()
    image, tip = unpack(taken.read_bytes(), "s")
    assert (image.seq, tip.seq, image.documents["supervisor"]["system_cycle_count"]) == (
        cut,
        cut,
        1,
    )
    assert "agents/A" not in image.documents
    assert image.streams == {}
    session.close()
    found = restore(LocalFs(tmp_path), clock=clock, thorough=True)
    assert found.documents["supervisor"]["system_cycle_count"] == 4
    assert found.facts.damages == ()


def test_beside_readable_files_are_coalesced_and_end_up_current(tmp_path: Path) -> None:
    """Cycles that come while the files are being written are one more refresh, not one each."""
    gate = Gate(tmp_path)
    session = opened(tmp_path, gate)
    gate.holds = readable
    for cycle in range(1, 6):
        count(session, cycle)
        session.on_cycle(cycle)
        assert gate.reached.wait(LONG_S)
    gate.open.set()
    session.wait()
    assert sum(readable(*seen) for seen in gate.seen) == 2
    text = (tmp_path / "incremental/supervisor_state.json").read_text()
    assert '"system_cycle_count": 5' in text.replace('":5', '": 5')
    session.close(save=False)
    assert restore(LocalFs(tmp_path), thorough=True).facts.damages == ()


CALLS: dict[str, tuple[bool, Callable[[Session], object]]] = {
    "save": (True, lambda s: s.save("x")),
    "on_trade": (True, lambda s: s.on_trade("A")),
    "on_cycle": (True, lambda s: s.on_cycle(2)),
    "on_agent_death": (True, lambda s: s.on_agent_death("A")),
    "snapshot": (False, lambda s: s.snapshot()),
    "checkpoint": (False, lambda s: s.checkpoint()),
    "save_soon": (False, lambda s: s.save_soon("x")),
    "add_agent": (False, lambda s: s.add_agent(Agent(agent_id="B"))),
    "order_intent": (False, lambda s: s.order_intent("A", BTC, "buy", contracts("1"))),
    "recover": (False, lambda s: s.recover(None)),
    "unfreeze": (False, lambda s: s.unfreeze(BTC, "checked")),
    "wait": (False, lambda s: s.wait()),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("what", ["checkpoint", "snapshot"])
def test_beside_a_failure_is_raised_by_the_next_call_and_once(
    tmp_path: Path, name: str, what: str
) -> None:
    """Whatever the next call is. One that saves has saved; any other has not begun."""
    gate, clock = Gate(tmp_path), StillClock(step_ms=1)
    session = opened(tmp_path, gate, clock, snapshot_every_s=10.0)
    session.add_agent(Agent(agent_id="A"))
    clock.mono = 10.0 if what == "snapshot" else 0.0
    gate.fails = gate.holds = zips if what == "snapshot" else readable
    session.on_cycle(1)  # which must not be the next call itself, however quick the other thread is
    gate.open.set()
    session._upkeep.beside.wait()
    gate.fails = lambda op, path: False
    session.state.agents["A"].trade_count = 7
    saves, call = CALLS[name]
    before = session.seq
    with pytest.raises(StoreFailed, match=what) as raised:
        call(session)
    assert any(f"{what} beside the loop" in note for note in raised.value.__notes__)
    assert session.seq == before + saves
    session.save("again")
    session.wait()
    session.close()
    assert restore(LocalFs(tmp_path)).documents["agents/A"]["trade_count"] == 7


@pytest.mark.parametrize("save", [True, False])
def test_beside_close_waits_and_raises_what_failed_last(tmp_path: Path, save: bool) -> None:
    """Nothing is left running, the lock is free, and the failure comes out of close itself."""
    gate, clock = Gate(tmp_path), StillClock(step_ms=1)
    session = opened(tmp_path, gate, clock, snapshot_every_s=10.0)
    clock.mono = 10.0
    gate.holds = zips
    session.on_cycle(1)
    assert gate.reached.wait(LONG_S)
    gate.fails = lambda op, path: op == "rename" and path.startswith("snapshots/")
    threading.Timer(0.1, gate.open.set).start()
    with pytest.raises(StoreFailed, match="snapshot"):
        session.close(save=save)
    assert not [each for each in threading.enumerate() if each.name == "persist-beside"]
    opened(tmp_path).close()


def test_beside_two_failures_are_both_told(tmp_path: Path) -> None:
    """A failed save in close does not hide what failed beside the loop, nor one another."""
    gate = Gate(tmp_path)
    session = opened(tmp_path, gate)
    gate.fails = readable
    session.on_cycle(1)
    session._upkeep.beside.wait()
    count(session, 2)
    gate.fails = lambda op, path: True
    with pytest.raises(StoreFailed, match="journal") as raised:
        session.close()
    assert any("checkpoint" in note for note in raised.value.__notes__)

    def fail(word: str) -> Callable[[], None]:
        def act() -> None:
            raise StoreFailed(word)

        return act

    work = {SaveAction.CHECKPOINT: fail("one"), SaveAction.SNAPSHOT: fail("two")}
    beside = Beside(work, Latches(), inline=False)
    beside.ask(SaveAction.CHECKPOINT)
    beside.ask(SaveAction.SNAPSHOT)
    beside.wait()
    with pytest.raises(StoreFailed, match="one") as both:
        beside.raise_failed()
    assert any("two" in note for note in both.value.__notes__)
    beside.raise_failed()


def test_beside_inline_does_everything_on_the_callers_thread(tmp_path: Path) -> None:
    """``background`` off: done when the call returns, and raised by the call itself."""
    gate, clock = Gate(tmp_path), StillClock(step_ms=1)
    session = opened(tmp_path, gate, clock, snapshot_every_s=10.0, background=False)
    clock.mono = 10.0
    session.on_cycle(1)
    assert len(list((tmp_path / "snapshots").iterdir())) == 1
    gate.fails = readable
    count(session, 2)
    with pytest.raises(StoreFailed, match="checkpoint"):
        session.on_cycle(2)
    gate.fails = lambda op, path: False
    session.close()


@pytest.mark.parametrize("bound", [{"tail_commits_max": 20}, {"tail_bytes_max": 2 * 2**20}])
def test_beside_a_long_tail_gets_a_base(tmp_path: Path, bound: dict[str, int]) -> None:
    """Commits without a cycle, in one life or in many short ones: what a restore has to replay
    stays within the bound and what was committed while a snapshot was made."""
    clock = StillClock(step_ms=1)
    session = opened(tmp_path, clock=clock, **bound)
    session.add_agent(Agent(agent_id="A"))
    for number in range(100):
        session.state.agents["A"].trade_count = number
        if "tail_bytes_max" in bound:
            session.state.agents["A"].gene["much"] = str(number % 10) * 100_000
        session.on_trade("A")
        session._upkeep.beside.wait()
        if number % 30 == 29:
            session.close(save=False)
            session = opened(tmp_path, clock=clock, **bound)
    session.close()
    facts = restore(LocalFs(tmp_path)).facts
    assert facts.base.startswith("snapshots/")
    assert facts.frames_replayed <= 30


def test_beside_an_unfinished_clean_up_is_finished_by_the_next_opening(tmp_path: Path) -> None:
    """A crash in the middle of a clean-up leaves nothing that only the next snapshot takes away."""
    gate, clock = Gate(tmp_path), StillClock(step_ms=1)
    session = opened(tmp_path, gate, clock, snapshots_kept=1, history_hours=0)
    for cycle in range(3):
        count(session, cycle)
        session.snapshot()
        session.close()
        session = opened(tmp_path, gate, clock, snapshots_kept=1, history_hours=0)
    gate.fails = lambda op, path: op in ("rename", "unlink") and not path.endswith(".zip")
    session.wait()
    count(session, 9)
    session.save("x")
    with pytest.raises(StoreFailed):
        session.snapshot()
    left = sorted(path.name for path in (tmp_path / "incremental/journal").iterdir())
    gate.fails = lambda op, path: False
    session.close(save=False)
    session = opened(tmp_path, clock=clock, snapshots_kept=1, history_hours=0)
    session.wait()
    now = sorted(path.name for path in (tmp_path / "incremental/journal").iterdir())
    assert set(left) - set(now)
    assert len(list((tmp_path / "snapshots").iterdir())) == 1
    assert now == sorted(path.name for path in (tmp_path / "mirror").iterdir())
    session.close()
    assert restore(LocalFs(tmp_path), thorough=True).facts.damages == ()
